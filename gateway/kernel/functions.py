"""Every function and function-like form of Trino 476: what kind it is, whether a partner may call it, and why not.

A reviewer checks: nothing that is *allowed* or *fallible* reads a table, a session, a login or the engine, and nothing
whose only use of an odd number is to ask for immense memory is open. What is not listed here is refused.

*allowed*: gives a value for every input of its types. *fallible*: may be called, but fails on the data named beside
it (`try` gives NULL for most of these failures, not for those that Trino calls internal errors). *told*: may be
called, and the gateway writes the value in its place, so that Trino never sees the call. *refused*: may not be called;
the reason is written for partners, with what to write instead. Limits of memory and time apply to all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

TABLE = """
# --- conditions and casts (Trino's grammar reads most of these by itself)
if                             form       allowed
coalesce                       form       allowed
nullif                         form       allowed
try                            form       allowed   gives NULL where its argument fails on data
cast                           form       fallible  a value that the type cannot hold
try_cast                       form       allowed   gives NULL where cast would fail
typeof                         scalar     allowed
row                            form       allowed
array                          form       allowed   written ARRAY[…]
greatest                       scalar     fallible  arrays or rows that hold NULL
least                          scalar     fallible  arrays or rows that hold NULL

# --- numbers
abs                            scalar     fallible  the smallest number of a whole type
cbrt                           scalar     allowed
ceil                           scalar     allowed
ceiling                        scalar     allowed
degrees                        scalar     allowed
e                              scalar     allowed
exp                            scalar     allowed
floor                          scalar     allowed
from_base                      scalar     fallible  text that is no number in this base; a base outside 2 to 36
infinity                       scalar     allowed
is_finite                      scalar     allowed
is_infinite                    scalar     allowed
is_nan                         scalar     allowed
ln                             scalar     allowed
log                            scalar     allowed
log10                          scalar     allowed
log2                           scalar     allowed
mod                            scalar     fallible  a divisor of 0, which try does not catch; write x % y
nan                            scalar     allowed
pi                             scalar     allowed
pow                            scalar     allowed
power                          scalar     allowed
radians                        scalar     allowed
rand                           scalar     fallible  bounds that hold no number; changes from run to run
random                         scalar     fallible  bounds that hold no number; changes from run to run
round                          scalar     fallible  a result that the type cannot hold
sign                           scalar     allowed
sqrt                           scalar     allowed
to_base                        scalar     fallible  a base outside 2 to 36
truncate                       scalar     allowed
width_bucket                   scalar     fallible  equal or infinite bounds, unsorted bins, a count below 1

# --- trigonometry and probability
acos                           scalar     allowed
asin                           scalar     allowed
atan                           scalar     allowed
atan2                          scalar     allowed
cos                            scalar     allowed
cosh                           scalar     allowed
sin                            scalar     allowed
sinh                           scalar     allowed
tan                            scalar     allowed
tanh                           scalar     allowed
beta_cdf                       scalar     fallible  a parameter that is not positive, a value outside 0 to 1
inverse_beta_cdf               scalar     fallible  a parameter that is not positive, a probability outside 0 to 1
inverse_normal_cdf             scalar     fallible  a deviation that is not positive, a probability outside 0 to 1
normal_cdf                     scalar     fallible  a deviation that is not positive
t_cdf                          scalar     fallible  degrees of freedom that are not positive
t_pdf                          scalar     fallible  degrees of freedom that are not positive
wilson_interval_lower          scalar     fallible  no trials, more successes than trials, a negative score
wilson_interval_upper          scalar     fallible  no trials, more successes than trials, a negative score

# --- bits
bit_count                      scalar     fallible  a number that does not fit the bits
bitwise_and                    scalar     allowed
bitwise_left_shift             scalar     allowed
bitwise_not                    scalar     allowed
bitwise_or                     scalar     allowed
bitwise_right_shift            scalar     fallible  a negative number of a type below bigint, moved by 0
bitwise_right_shift_arithmetic scalar     allowed
bitwise_xor                    scalar     allowed

# --- text
chr                            scalar     fallible  a number that is no Unicode code point
codepoint                      scalar     fallible  text that is not one character
concat                         scalar     fallible  a result that is too long
concat_ws                      scalar     fallible  a result that is too long
format                         form       refused   can use up the engine's memory; write cast, lpad, format_number
format_number                  scalar     allowed
hamming_distance               scalar     fallible  texts of different length
length                         scalar     allowed
levenshtein_distance           scalar     fallible  texts that are too long
lower                          scalar     allowed
lpad                           scalar     fallible  a length below 0 or immense, an empty filler
ltrim                          scalar     allowed
luhn_check                     scalar     fallible  text that holds anything but digits
normalize                      scalar     allowed
position                       form       allowed   written position(x IN y)
replace                        scalar     allowed
reverse                        scalar     fallible  a char(n) that begins or ends with blanks
rpad                           scalar     fallible  a length below 0 or immense, an empty filler
rtrim                          scalar     allowed
soundex                        scalar     fallible  letters outside English
split                          scalar     fallible  an empty delimiter, a limit below 1
split_part                     scalar     fallible  an index below 1
split_to_map                   scalar     fallible  an entry without a value, a key that comes twice
split_to_multimap              scalar     fallible  an entry without a value
starts_with                    scalar     allowed
strpos                         scalar     fallible  a count of 0
substr                         scalar     fallible  a negative start with an immense length
substring                      scalar     fallible  a negative start with an immense length; also FROM n FOR m
translate                      scalar     allowed
trim                           scalar     allowed   also written trim(LEADING x FROM y)
upper                          scalar     allowed
word_stem                      scalar     fallible  a language it does not know
bar                            scalar     refused   can use up the engine's memory; write rpad('', n, '#')
color                          scalar     fallible  text that is no colour
render                         scalar     allowed
rgb                            scalar     fallible  a part outside 0 to 255

# --- regular expressions
regexp_count                   scalar     fallible  a pattern that is none
regexp_extract                 scalar     fallible  a pattern that is none, a group that it does not have
regexp_extract_all             scalar     fallible  a pattern that is none, a group that it does not have
regexp_like                    scalar     fallible  a pattern that is none
regexp_position                scalar     fallible  a pattern that is none, a start or a count below 1
regexp_replace                 scalar     fallible  a pattern that is none, a group that it does not have
regexp_split                   scalar     fallible  a pattern that is none

# --- bytes, hashes, web addresses
crc32                          scalar     allowed
from_base32                    scalar     fallible  text that is not base32
from_base64                    scalar     fallible  text that is not base64
from_base64url                 scalar     fallible  text that is not base64
from_big_endian_32             scalar     fallible  bytes that are not 4
from_big_endian_64             scalar     fallible  bytes that are not 8
from_hex                       scalar     fallible  text that is not hexadecimal
from_ieee754_32                scalar     fallible  bytes that are not 4
from_ieee754_64                scalar     fallible  bytes that are not 8
from_utf8                      scalar     fallible  a replacement of more than one character
hmac_md5                       scalar     fallible  an empty key
hmac_sha1                      scalar     fallible  an empty key
hmac_sha256                    scalar     fallible  an empty key
hmac_sha512                    scalar     fallible  an empty key
md5                            scalar     allowed
murmur3                        scalar     allowed
sha1                           scalar     allowed
sha256                         scalar     allowed
sha512                         scalar     allowed
spooky_hash_v2_32              scalar     allowed
spooky_hash_v2_64              scalar     allowed
to_base32                      scalar     allowed
to_base64                      scalar     allowed
to_base64url                   scalar     allowed
to_big_endian_32               scalar     allowed
to_big_endian_64               scalar     allowed
to_hex                         scalar     allowed
to_ieee754_32                  scalar     allowed
to_ieee754_64                  scalar     allowed
to_utf8                        scalar     allowed
url_decode                     scalar     fallible  a % without two hexadecimal digits
url_encode                     scalar     allowed
url_extract_fragment           scalar     allowed
url_extract_host               scalar     allowed
url_extract_parameter          scalar     allowed
url_extract_path               scalar     allowed
url_extract_port               scalar     allowed
url_extract_protocol           scalar     allowed
url_extract_query              scalar     allowed
uuid                           scalar     allowed   changes from run to run
xxhash64                       scalar     allowed

# --- dates and times
at_timezone                    scalar     fallible  a time zone it does not know
current_date                   scalar     allowed   changes from day to day; written without ()
current_time                   form       allowed   changes from run to run; written without (), or with a precision
current_timestamp              form       allowed   changes from run to run; written without (), or with a precision
current_timezone               scalar     allowed   the time zone that your own client set
date                           scalar     fallible  text that is no date
date_add                       scalar     fallible  a unit it does not know, a result out of range
date_diff                      scalar     fallible  a unit it does not know
date_format                    scalar     fallible  a pattern it does not know
date_parse                     scalar     fallible  text that does not fit the pattern
date_trunc                     scalar     fallible  a unit it does not know
day                            scalar     allowed
day_of_month                   scalar     allowed
day_of_week                    scalar     allowed
day_of_year                    scalar     allowed
dow                            scalar     allowed
doy                            scalar     allowed
extract                        form       allowed   written extract(YEAR FROM x)
format_datetime                scalar     fallible  a pattern it does not know
from_iso8601_date              scalar     fallible  text that is no ISO 8601 date
from_iso8601_timestamp         scalar     fallible  text that is no ISO 8601 time
from_iso8601_timestamp_nanos   scalar     fallible  text that is no ISO 8601 time
from_unixtime                  scalar     fallible  a number that is out of range, a time zone it does not know
from_unixtime_nanos            scalar     fallible  a number that is out of range
hour                           scalar     allowed
human_readable_seconds         scalar     fallible  a number that is not finite
last_day_of_month              scalar     fallible  the last month of the calendar (year 5881580)
localtime                      form       allowed   changes from run to run; written without (), or with a precision
localtimestamp                 form       allowed   changes from run to run; written without (), or with a precision
millisecond                    scalar     allowed
minute                         scalar     allowed
month                          scalar     allowed
now                            scalar     allowed   changes from run to run
parse_data_size                scalar     fallible  text that is no size
parse_datetime                 scalar     fallible  text that does not fit the pattern
parse_duration                 scalar     fallible  text that is no duration
parse_presto_data_size         scalar     fallible  text that is no size
quarter                        scalar     allowed
second                         scalar     allowed
timezone                       scalar     allowed
timezone_hour                  scalar     allowed
timezone_minute                scalar     allowed
to_iso8601                     scalar     allowed
to_milliseconds                scalar     allowed
to_unixtime                    scalar     allowed
week                           scalar     allowed
week_of_year                   scalar     allowed
with_timezone                  scalar     fallible  a time zone it does not know
year                           scalar     allowed
year_of_week                   scalar     allowed
yow                            scalar     allowed

# --- JSON
is_json_scalar                 scalar     fallible  text that is no JSON
json_array                     form       allowed   grammar of its own
json_array_contains            scalar     allowed
json_array_get                 scalar     fallible  an element that is null, counted from the end
json_array_length              scalar     allowed
json_exists                    form       fallible  with ERROR ON ERROR: text that is no JSON; grammar of its own
json_extract                   scalar     fallible  a path that is none
json_extract_scalar            scalar     fallible  a path that is none
json_format                    scalar     allowed
json_object                    form       fallible  a key that is NULL or comes twice; grammar of its own
json_parse                     scalar     fallible  text that is no JSON
json_query                     form       fallible  with ERROR ON ERROR: text that is no JSON; grammar of its own
json_size                      scalar     fallible  a path that is none
json_table                     form       refused   not open; write UNNEST(CAST(json_parse(x) AS array(…)))
json_value                     form       fallible  with ERROR ON ERROR: text that is no JSON; grammar of its own

# --- arrays
array_distinct                 scalar     allowed
array_except                   scalar     allowed
array_histogram                scalar     allowed
array_intersect                scalar     allowed
array_join                     scalar     allowed
array_max                      scalar     fallible  elements that hold NULL inside
array_min                      scalar     fallible  elements that hold NULL inside
array_position                 scalar     fallible  elements that hold NULL inside
array_remove                   scalar     fallible  elements that hold NULL inside
array_sort                     scalar     fallible  elements that hold NULL inside, an order beside -1, 0, 1
array_union                    scalar     allowed
arrays_overlap                 scalar     allowed
cardinality                    scalar     allowed
combinations                   scalar     fallible  more than 5 elements at a time, or too many results
contains                       scalar     fallible  elements that hold NULL inside
contains_sequence              scalar     allowed
cosine_distance                scalar     fallible  vectors of different length
cosine_similarity              scalar     fallible  vectors of different length
dot_product                    scalar     fallible  vectors of different length
element_at                     scalar     fallible  an index of 0
euclidean_distance             scalar     fallible  vectors of different length
flatten                        scalar     allowed
ngrams                         scalar     fallible  a length below 1
repeat                         scalar     fallible  a count below 0 or above 10,000
sequence                       scalar     fallible  a step of 0 or in the wrong direction, more than 10,000 entries
shuffle                        scalar     allowed   changes from run to run
slice                          scalar     fallible  a start of 0, a length below 0
trim_array                     scalar     fallible  a count below 0 or above the length
zip                            scalar     allowed

# --- maps
map                            scalar     fallible  a key that is NULL or comes twice, too few or many values
map_concat                     scalar     allowed
map_entries                    scalar     allowed
map_from_entries               scalar     fallible  a key that is NULL or comes twice
map_keys                       scalar     allowed
map_values                     scalar     allowed
multimap_from_entries          scalar     fallible  a key that is NULL

# --- functions that take a lambda (they fail wherever the lambda does)
all_match                      scalar     allowed
any_match                      scalar     allowed
filter                         scalar     allowed
map_filter                     scalar     allowed
map_zip_with                   scalar     allowed
none_match                     scalar     allowed
reduce                         scalar     allowed
transform                      scalar     allowed
transform_keys                 scalar     fallible  a key that is NULL or comes twice
transform_values               scalar     allowed
zip_with                       scalar     allowed

# --- sketches: small summaries of many values
empty_approx_set               scalar     allowed
hash_counts                    scalar     allowed
intersection_cardinality       scalar     allowed
jaccard_index                  scalar     allowed
quantile_at_value              scalar     allowed
value_at_quantile              scalar     fallible  a quantile outside 0 to 1
values_at_quantiles            scalar     fallible  a quantile outside 0 to 1, or quantiles that are not sorted

# --- places on a map
bing_tile                      scalar     fallible  a zoom or a place that no tile has
bing_tile_at                   scalar     fallible  a zoom or a place that no tile has
bing_tile_coordinates          scalar     allowed
bing_tile_polygon              scalar     allowed
bing_tile_quadkey              scalar     allowed
bing_tile_zoom_level           scalar     allowed
bing_tiles_around              scalar     fallible  a zoom or a place that no tile has, too many tiles
from_encoded_polyline          scalar     fallible  text that is no polyline
from_geojson_geometry          scalar     fallible  text that is no GeoJSON
geometry_from_hadoop_shape     scalar     fallible  bytes that are no shape
geometry_invalid_reason        scalar     allowed
geometry_nearest_points        scalar     fallible  a shape that is not valid
geometry_to_bing_tiles         scalar     fallible  a zoom or a place that no tile has, too many tiles
geometry_union                 scalar     allowed
great_circle_distance          scalar     fallible  a latitude or a longitude out of range
line_interpolate_point         scalar     fallible  a shape that is no line, a fraction outside 0 to 1
line_interpolate_points        scalar     refused   can use up the engine's memory; write line_interpolate_point
line_locate_point              scalar     fallible  shapes that are no line and no point
simplify_geometry              scalar     fallible  a tolerance below 0
st_area                        scalar     fallible  a spherical shape that is no polygon
st_asbinary                    scalar     fallible  a shape that is not valid
st_astext                      scalar     fallible  a shape that is not valid
st_boundary                    scalar     fallible  a shape of mixed kinds
st_buffer                      scalar     fallible  a distance below 0 or not finite
st_centroid                    scalar     fallible  a shape of mixed kinds
st_contains                    scalar     allowed
st_convexhull                  scalar     allowed
st_coorddim                    scalar     allowed
st_crosses                     scalar     fallible  a shape of mixed kinds
st_difference                  scalar     allowed
st_dimension                   scalar     allowed
st_disjoint                    scalar     allowed
st_distance                    scalar     fallible  a spherical shape that is no point
st_endpoint                    scalar     fallible  a shape that is no line
st_envelope                    scalar     allowed
st_envelopeaspts               scalar     allowed
st_equals                      scalar     allowed
st_exteriorring                scalar     fallible  a shape that is no polygon
st_geometries                  scalar     allowed
st_geometryfromtext            scalar     fallible  text that is no WKT
st_geometryn                   scalar     allowed
st_geometrytype                scalar     allowed
st_geomfrombinary              scalar     fallible  bytes that are no WKB
st_geomfromkml                 scalar     fallible  text that is no KML
st_interiorringn               scalar     fallible  a shape that is no polygon
st_interiorrings               scalar     fallible  a shape that is no polygon
st_intersection                scalar     allowed
st_intersects                  scalar     allowed
st_isclosed                    scalar     fallible  a shape that is no line
st_isempty                     scalar     allowed
st_isring                      scalar     fallible  a shape that is no line
st_issimple                    scalar     allowed
st_isvalid                     scalar     allowed
st_length                      scalar     fallible  a shape that is no line
st_linefromtext                scalar     fallible  text that is no WKT of a line
st_linestring                  scalar     fallible  an element that is no point or empty
st_multipoint                  scalar     fallible  an element that is no point or empty
st_numgeometries               scalar     allowed
st_numinteriorring             scalar     fallible  a shape that is no polygon
st_numpoints                   scalar     allowed
st_overlaps                    scalar     fallible  a shape of mixed kinds
st_point                       scalar     allowed
st_pointn                      scalar     fallible  a shape that is no line
st_points                      scalar     fallible  a shape that is not valid
st_polygon                     scalar     fallible  text that is no WKT of a polygon
st_relate                      scalar     fallible  a relation that is none
st_startpoint                  scalar     fallible  a shape that is no line
st_symdifference               scalar     fallible  a shape of mixed kinds
st_touches                     scalar     fallible  a shape of mixed kinds
st_union                       scalar     allowed
st_within                      scalar     allowed
st_x                           scalar     fallible  a shape that is no point
st_xmax                        scalar     allowed
st_xmin                        scalar     allowed
st_y                           scalar     fallible  a shape that is no point
st_ymax                        scalar     allowed
st_ymin                        scalar     allowed
to_encoded_polyline            scalar     fallible  a shape that is no line
to_geojson_geometry            scalar     fallible  a shape that is not valid
to_geometry                    scalar     allowed
to_spherical_geography         scalar     fallible  a longitude or a latitude out of range

# --- aggregates (each may also stand before OVER)
any_value                      aggregate  allowed   any one of the values; may change from run to run
approx_distinct                aggregate  fallible  an error outside 0.0040625 to 0.26
approx_most_frequent           aggregate  refused   can use up the engine's memory; write GROUP BY with ORDER BY
approx_percentile              aggregate  fallible  a value not finite, a weight below 1, a percentile above 1
approx_set                     aggregate  allowed
arbitrary                      aggregate  allowed   any one of the values; may change from run to run
array_agg                      aggregate  allowed
avg                            aggregate  allowed
bitwise_and_agg                aggregate  allowed
bitwise_or_agg                 aggregate  allowed
bitwise_xor_agg                aggregate  allowed
bool_and                       aggregate  allowed
bool_or                        aggregate  allowed
checksum                       aggregate  allowed
convex_hull_agg                aggregate  fallible  a shape of mixed kinds
corr                           aggregate  allowed
count                          aggregate  allowed   also written count(*)
count_if                       aggregate  allowed
covar_pop                      aggregate  allowed
covar_samp                     aggregate  allowed
every                          aggregate  allowed
geometric_mean                 aggregate  allowed
geometry_union_agg             aggregate  allowed
grouping                       form       allowed   takes names of columns only
histogram                      aggregate  allowed
kurtosis                       aggregate  allowed
listagg                        aggregate  fallible  a result that is too long; grammar of its own: WITHIN GROUP
make_set_digest                aggregate  allowed
map_agg                        aggregate  allowed
map_union                      aggregate  allowed
max                            aggregate  fallible  arrays or rows that hold NULL, a count below 1 or above 10,000
max_by                         aggregate  fallible  arrays or rows that hold NULL, a count below 1 or above 10,000
merge                          aggregate  allowed
merge_set_digest               aggregate  allowed
min                            aggregate  fallible  arrays or rows that hold NULL, a count below 1 or above 10,000
min_by                         aggregate  fallible  arrays or rows that hold NULL, a count below 1 or above 10,000
multimap_agg                   aggregate  allowed
numeric_histogram              aggregate  refused   can use up the engine's memory; write GROUP BY width_bucket(…)
qdigest_agg                    aggregate  fallible  a weight below 1, an error outside 0 to 1
reduce_agg                     aggregate  fallible  a state that is an array
regr_intercept                 aggregate  allowed
regr_slope                     aggregate  allowed
skewness                       aggregate  allowed
stddev                         aggregate  allowed
stddev_pop                     aggregate  allowed
stddev_samp                    aggregate  allowed
sum                            aggregate  fallible  a total that the type cannot hold
tdigest_agg                    aggregate  fallible  a value that is not finite, a weight that is not positive
var_pop                        aggregate  allowed
var_samp                       aggregate  allowed
variance                       aggregate  allowed

# --- windows (they stand before OVER)
cume_dist                      window     allowed
dense_rank                     window     allowed
first_value                    window     allowed
lag                            window     fallible  an offset below 0 or NULL
last_value                     window     allowed
lead                           window     fallible  an offset below 0 or NULL
nth_value                      window     fallible  an offset below 1
ntile                          window     fallible  a count below 1
percent_rank                   window     allowed
rank                           window     allowed
row_number                     window     allowed

# --- your own session
current_catalog                form       told      where your session looks for tables; written without ()
current_schema                 form       told      where your session looks for tables; written without ()
current_user                   form       told      your own name, as your token says it; written without ()
version                        scalar     told      the Trino whose SQL is spoken here

# --- what the engine knows about itself, about its session, or does for itself
current_groups                 scalar     refused   shows the gateway's own login; see `portgate token` for yours
current_path                   form       refused   shows the gateway's own session
fail                           scalar     refused   makes an error at will; write NULL, or CASE … END
spatial_partitioning           aggregate  refused   made for the engine's own joins; write the join itself
spatial_partitions             scalar     refused   made for the engine's own joins; write the join itself

# --- row patterns (parts of MATCH_RECOGNIZE)
classifier                     form       refused   MATCH_RECOGNIZE is not open; write window functions
first                          form       refused   MATCH_RECOGNIZE is not open; write first_value(…) OVER (…)
last                           form       refused   MATCH_RECOGNIZE is not open; write last_value(…) OVER (…)
match_number                   form       refused   MATCH_RECOGNIZE is not open; write window functions
next                           form       refused   MATCH_RECOGNIZE is not open; write lead(…) OVER (…)
prev                           form       refused   MATCH_RECOGNIZE is not open; write lag(…) OVER (…)

# --- tables made by functions, written FROM TABLE(…)
exclude_columns                table      refused   reads a table past your agreements; name the columns you want
query                          table      refused   sends other SQL to a port; write the query here
sequence                       table      fallible  a step of 0, more than 10,000 entries
table_changes                  table      refused   reads the history of a table past your agreements
"""
"""One function a line: name, kind, verdict, note. *form*: Trino's grammar reads it, SHOW FUNCTIONS does not list it."""

Kind = Literal["scalar", "aggregate", "window", "table", "form"]
Verdict = Literal["allowed", "fallible", "told", "refused"]

_KINDS: Mapping[str, Kind] = {
    "scalar": "scalar", "aggregate": "aggregate", "window": "window", "table": "table", "form": "form"
}  # fmt: skip
_VERDICTS: Mapping[str, Verdict] = {
    "allowed": "allowed", "fallible": "fallible", "told": "told", "refused": "refused"
}  # fmt: skip
_LINE = re.compile(r"(?P<name>[a-z][a-z0-9_]*) +(?P<kind>[a-z]+) +(?P<verdict>[a-z]+)(?: +(?P<note>\S.*))?")


@dataclass(frozen=True, slots=True)
class Function:
    """One line of the table; `note` says on what data it fails, what it tells, or why it is refused."""

    name: str
    kind: Kind
    verdict: Verdict
    note: str


def read(table: str) -> tuple[Function, ...]:
    """Turn the text of a table into its functions; a line that is malformed or comes twice raises `ValueError`.

    >>> read("chr   scalar   fallible   a number that is no Unicode code point")[0].verdict
    'fallible'
    """
    functions = tuple(_function(line) for line in table.splitlines() if line and not line.startswith("# --- "))
    seen: set[tuple[str, bool]] = set()
    for function in functions:
        key = (function.name, function.kind == "table")
        if key in seen:
            raise ValueError(f"{function.name} stands twice in the table of functions")
        seen.add(key)
    return functions


def _function(line: str) -> Function:
    found = _LINE.fullmatch(line)
    kind = _KINDS.get(found["kind"]) if found else None
    verdict = _VERDICTS.get(found["verdict"]) if found else None
    if found is None or kind is None or verdict is None:
        raise ValueError(f"not a line of the table of functions: {line!r}")
    note = found["note"] or ""
    if verdict != "allowed" and not note:
        raise ValueError(f"{found['name']} is {verdict} without saying why")
    return Function(found["name"], kind, verdict, note)


FUNCTIONS: Mapping[str, Function] = MappingProxyType({f.name: f for f in read(TABLE) if f.kind != "table"})
"""What may stand where a value stands, by name in lower case; a name that is not here is refused."""

TABLE_FUNCTIONS: Mapping[str, Function] = MappingProxyType({f.name: f for f in read(TABLE) if f.kind == "table"})
"""What may stand in FROM TABLE(…), by name in lower case: `sequence` is there and above, the others are refused."""

FIGURES = frozenset(
    (
        "count count_if approx_distinct sum avg geometric_mean stddev stddev_pop stddev_samp variance var_pop var_samp "
        "covar_pop covar_samp corr regr_intercept regr_slope skewness kurtosis"
    ).split()
)
"""Aggregates whose result is a number about many rows, and no value of one of them."""
PICKING = frozenset({"min", "max", "arbitrary", "any_value"})
"""Aggregates whose result is one of the values as it is."""
COARSENING = frozenset(
    (
        "date_trunc date year year_of_week yow quarter month week week_of_year day day_of_month day_of_week dow "
        "day_of_year doy hour minute second floor ceil ceiling round"
    ).split()
)
"""Scalar functions that only lessen what a value tells, the same way for all: they cannot ask for one value."""
