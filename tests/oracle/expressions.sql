## Every form of expression. A word in angle brackets stands for each entry of that list in expressions.lists.

## how operators bind without parentheses
a <binary> b <binary> c
<prefix> a <binary> b
a <binary> <prefix> b
<prefix> a <postfix>
a <binary> b <postfix>
a <postfix> <binary> b
a <postfix> <postfix>
(a <binary> b) <postfix>
a <binary> (b <binary> c)
a <comparison> <quantifier> (<query>)
a BETWEEN b <arithmetic> c AND d <arithmetic> e
a BETWEEN b AND c AND d <comparison> e
NOT a <comparison> b AND NOT c OR d
a NOT BETWEEN SYMMETRIC b AND c
a BETWEEN ASYMMETRIC b AND c

## values
<number>
-<number>
- <number>
+<number>
a + <number>
a = <number>
a-<number>
a/<number>
(<number>)
abs(<number>)
<string>
a = <string>
a || <string>
lower(<string>)
a LIKE <string>
<text_type> '1'
<text_type> '2020-01-02'
<text_type> '1.25'
<text_type> 'abc'
<text_type> ''
a = <text_type> '12:30'
TIMESTAMP '2020-01-02 03:04:05.<number>'
TIMESTAMP '2020-01-02 03:04:05.123456789 America/Los_Angeles'
TIME '01:02:03.456 +02:00'
TIMESTAMP '2020-01-01 00:00:00 UTC'
TIME '01:02'
timestamp '2020-01-01'
TIMESTAMP '2020-01-02 03:04:05.123456'
TIMESTAMP '2020-01-02T03:04:05Z'
TIMESTAMP WITH TIME ZONE '2020-01-01 00:00:00'
TIMESTAMP(3) '2020-01-01'
TIME WITH TIME ZONE '01:02'
INTERVAL '1-2' YEAR TO MONTH
INTERVAL '1' <unit>
INTERVAL -'1' <unit>
INTERVAL +'1' <unit>
INTERVAL '-1' <unit>
INTERVAL '1' <lower_unit>
INTERVAL '1-2' <unit> TO <unit>
a + INTERVAL '3' <unit>
a - INTERVAL '1.5' <unit>
INTERVAL 1 <unit>
INTERVAL '1 <lower_unit>'
INTERVAL '1' <lower_unit>s
- INTERVAL '1' <unit>
INTERVAL '2' WEEK
INTERVAL '2' QUARTER
INTERVAL x DAY
INTERVAL '1 02:03:04.567' DAY TO SECOND
INTERVAL '1' DAY * 2
2 * INTERVAL '1' HOUR
interval
interval + 1
INTERVAL '1'
INTERVAL '10' SECOND(3)
TRUE
false
NULL
null IS NULL
TRUE AND FALSE
a IS TRUE
a IS NOT FALSE
a IS UNKNOWN
<now>
<now> > a
date_trunc('day', <now>)

## names
<name>
t.<name>
<name>.b
abs(<name>)
a AS <name>
a <name>
<name>(a)
"F"(a)
cat.sch.tab.<name>
<name> + 1
(<name>)
<word>
t.<word>
a AS <word>
a <word>
<word> + 1
<word>(a)
<word>.b
-<word>
abs(<word>)
<word> = 'x'
a = <word>
CASE WHEN <word> THEN 1 END

## functions with a grammar of their own
EXTRACT(<field> FROM a)
extract(<lower_unit> from a + INTERVAL '1' DAY)
date_trunc('<grain>', a)
date_add('<grain>', 1, a)
date_diff('<grain>', a, b)
date_trunc('<grain>', a AT TIME ZONE 'UTC')
date_part('<grain>', a)
CAST(a AS <type>)
TRY_CAST(a AS <type>)
CAST(NULL AS <type>)
CAST(CAST(a AS <type>) AS varchar)
CAST(a AS array(<type>))
a::<type>
CAST(a + 1 AS <type>) IS NULL
<type>(a)
TRY(a / b)
try(CAST(a AS integer))
IF(a, b)
IF(a > 1, b, c)
if(a is null, 1)
NULLIF(a, b)
coalesce(a, b)
COALESCE(a, b, c, 1)
coalesce(a)
CASE a WHEN 1 THEN 'x' END
CASE a WHEN 1 THEN 'x' WHEN 2 THEN 'y' ELSE 'z' END
CASE WHEN a THEN b END
CASE WHEN a > 1 THEN b WHEN a < 0 THEN c ELSE d END
CASE WHEN a THEN b ELSE NULL END
CASE a + 1 WHEN b - 1 THEN c * 2 END
CASE CASE WHEN a THEN b END WHEN 1 THEN 2 END
TRIM(a)
trim(' x ')
TRIM(<trim> FROM a)
TRIM(<trim> 'x' FROM a)
TRIM('x' FROM a)
TRIM(a, 'x')
trim(FROM a)
ltrim(a)
ltrim(a, 'x')
rtrim(a)
rtrim(a, 'x')
"trim"(a)
trim(<trim> b FROM a || c)
POSITION('x' IN a)
position(a || 'y' in b)
strpos(a, 'x')
strpos(a, 'x', 2)
POSITION('x', a)
SUBSTRING(a FROM 2)
SUBSTRING(a FROM 2 FOR 3)
substring(a, 2)
substring(a, 2, 3)
substr(a, -2)
substr(a, 2, 3)
substring(a FOR 3)
NORMALIZE(a)
normalize(a, <normal>)
normalize(a, 'NFC')
GROUPING(a)
grouping(a, b)
grouping(t.a)
format('%s', a)
format('%d %s', a, b)
FORMAT('x')
LISTAGG(a)
LISTAGG(a) WITHIN GROUP (ORDER BY a)
LISTAGG(a, ',') WITHIN GROUP (ORDER BY b)
listagg(DISTINCT a, ',') WITHIN GROUP (ORDER BY b<direction>)
listagg(a, ',' ON OVERFLOW ERROR) WITHIN GROUP (ORDER BY b)
listagg(a, ',' ON OVERFLOW TRUNCATE WITH COUNT) WITHIN GROUP (ORDER BY b)
listagg(a, ',' ON OVERFLOW TRUNCATE '..' WITHOUT COUNT) WITHIN GROUP (ORDER BY b)
listagg(a) WITHIN GROUP (ORDER BY b) FILTER (WHERE c)
listagg(a, ',') WITHIN GROUP (ORDER BY b) OVER (PARTITION BY c)
listagg(ALL a, '') WITHIN GROUP (ORDER BY b, c DESC)
string_agg(a, ',')
group_concat(a)

## aggregates
<agg>(a)
<agg>(*)
<agg>(DISTINCT a)
<agg>(ALL a)
<agg>(a) FILTER (WHERE b > 1)
<agg>(DISTINCT a) FILTER (WHERE b IS NOT NULL)
<agg>(a, b)
<agg>(a ORDER BY b<direction>)
<agg>(DISTINCT a ORDER BY a)
<agg>(a) OVER ()
<agg>(DISTINCT a, b)
<agg>()
<agg>(a) FILTER (WHERE b) OVER (PARTITION BY c)
COUNT(t.*)
count(1)
count(DISTINCT (a, b))
count(DISTINCT ROW(a, b))
max(a, 3)
min_by(a, b, 2)
max_by(a, b)
array_agg(a ORDER BY b DESC, c)
array_agg(a) IGNORE NULLS
approx_percentile(a, 0.5)
approx_percentile(a, ARRAY[0.1, 0.9])
approx_percentile(a, w, 0.5)
approx_distinct(a, 0.01)
map_agg(a, b)
multimap_agg(a, b)
histogram(a)
numeric_histogram(3, a)
bitwise_and_agg(a)
checksum(a)
reduce_agg(a, 0, (x, y) -> x + y, (x, y) -> x + y)
any_value(a)
arbitrary(a)
every(a)
geometric_mean(a)
kurtosis(a)
skewness(a)
regr_slope(a, b)
regr_intercept(a, b)
corr(a, b)
covar_pop(a, b)
covar_samp(a, b)
var_pop(a)
var_samp(a)
variance(a)
stddev_pop(a)
entropy(a)
merge(a)
approx_set(a)
approx_most_frequent(3, a, 10)
map_union(a)
count_if(a)
bool_or(a)
mode() WITHIN GROUP (ORDER BY a)
percentile_cont(0.5) WITHIN GROUP (ORDER BY a)

## windows
<ranking> OVER (ORDER BY a<direction>)
<ranking> OVER (PARTITION BY a, b ORDER BY c DESC)
<valued><nulls> OVER (PARTITION BY b ORDER BY c)
<valued><nulls> OVER w
<ranking> OVER w
sum(a) OVER (w ORDER BY b)
sum(a) OVER (ORDER BY b <frame> <bound>)
sum(a) OVER (ORDER BY b <frame> BETWEEN <bound> AND <bound>)
sum(a) OVER (PARTITION BY c ORDER BY b <frame> BETWEEN 1 PRECEDING AND 1 FOLLOWING<exclude>)
first_value(a IGNORE NULLS) OVER (ORDER BY b)
first_value(a) OVER (ORDER BY b) IGNORE NULLS
sum(a) OVER (PARTITION BY b + 1, lower(c) ORDER BY d, e DESC)
sum(sum(a)) OVER (ORDER BY sum(b))
count(*) FILTER (WHERE a) OVER (w ROWS 2 PRECEDING)
sum(a) OVER
nth_value(a, 2) FROM FIRST OVER w
nth_value(a, 2) FROM LAST IGNORE NULLS OVER w
rank() OVER (ORDER BY (SELECT max(x) FROM u))

## subqueries
(<query>)
EXISTS (<query>)
NOT EXISTS (<query>)
a IN (<query>)
a NOT IN (<query>)
(a, b) IN (SELECT x, y FROM u)
(a, b) = (1, 2)
ROW(a, b) IN ((1, 2), (3, 4))
(a, b) IN ((1, 2))
a = (SELECT max(x) FROM u WHERE u.y = t.b)
ARRAY(SELECT 1)
a IN (1)
a IN ()
a IN b
a IN ((1))
a IN (b, c + 1, (SELECT 1))
NOT a IN (1, 2)
a NOT IN (1) AND b
a IN UNNEST(b)
EXISTS (SELECT 1 FROM u WHERE u.x = t.a) OR a > 1
coalesce((<query>), 0)
abs((SELECT max(x) FROM u))
sum((SELECT 1))
concat((SELECT 'x'), (SELECT 'y'))
if((SELECT true), (SELECT 1), (SELECT 2))
-(SELECT 1)
(SELECT 1) || 'x'
CAST((SELECT 1) AS varchar)
CASE (SELECT 1) WHEN (SELECT 2) THEN (SELECT 3) END
(SELECT 1) BETWEEN (SELECT 2) AND (SELECT 3)
(SELECT 1) IN ((SELECT 2), (SELECT 3))
ARRAY[(SELECT 1)]
ROW((SELECT 1), 2)
((SELECT 1), 2)
a[(SELECT 1)]
((SELECT 1))
count(*) FILTER (WHERE a > (SELECT 1))
max((SELECT 1)) OVER (PARTITION BY (SELECT 2) ORDER BY (SELECT 3))

## arrays, maps, rows, lambdas
ARRAY[]
ARRAY[1, 2, 3]
array[a, b]
ARRAY[ARRAY[1], ARRAY[2]]
ARRAY[1, 2][1]
a[1]
a[b + 1]
a[1][2]
a['k']
a[-1]
a[1].f
a.b[1].c
abs(a)[1]
(a)[1]
MAP(ARRAY['a'], ARRAY[1])
MAP()
map(a, b)['k']
MAP {'a': 1}
MAP['a', 1]
{'a': 1}
element_at(a, 1)
a[1:2]
\u{5b}1, 2]
\u{5b}a]
ROW(1)
ROW(1, 'a')
row(a, b).f
(1, 2)
(1, 2, (3, 4))
ROW(1, 2)[1]
CAST(ROW(1, 2) AS ROW(x integer, y integer)).x
ROW(1 AS x)
()
ROW()
(ROW(1, 2))
((1))
(((a)))
(a.b).c
(a).b
t.a.b.c
abs(a).b
(SELECT ROW(1, 2)).x
transform(a, x -> x + 1)
transform(a, (x) -> x + 1)
filter(a, x -> x > 1 AND x < 3)
reduce(a, 0, (s, x) -> s + x, s -> s)
zip_with(a, b, (x, y) -> (x, y))
map_filter(a, (k, v) -> v > 1)
transform_values(a, (k, v) -> v * 2)
any_match(a, x -> x IS NULL)
transform(a, x -> transform(x, y -> y + x))
transform(a, X -> x + b)
transform(a, "x" -> "X")
transform(a, x -> x -> 1)
filter(a, x -> x IN (SELECT y FROM u))
transform(a, x -> IF(x > 0, x, -x))
transform(a, () -> 1)
abs(x -> x)
transform(a, x -> x.f)
transform(a, x -> a[x])
a -> 1
transform(a, x -> CAST(x AS varchar))
transform(a, x -> -x)
array_sort(a, (x, y) -> IF(x < y, 1, IF(x = y, 0, -1)))
all_match(a, x -> NOT x)
transform(a, year -> year + 1)
transform(a, t -> t.x)

## JSON
JSON '{"a": 1}'
json_parse(a)
json_format(a)
json_extract(a, '$.b')
json_extract_scalar(a, '$.b[0]')
json_array_length(a)
json_size(a, '$')
CAST(a AS json)
is_json_scalar(a)
json_array_get(a, 1)
a -> 'b'
a ->> 'b'
a:b
a #> 'b'
a @> b
json_exists(a, 'lax $.b')
json_exists(a, 'strict $.b' TRUE ON ERROR)
JSON_EXISTS(a FORMAT JSON, 'lax $.b' UNKNOWN ON ERROR)
json_value(a, 'lax $.b')
json_value(a, 'lax $.b' RETURNING integer)
json_value(a, 'lax $.b' RETURNING varchar(3) NULL ON EMPTY)
json_value(a, 'lax $.b' DEFAULT 1 ON EMPTY ERROR ON ERROR)
json_value(a, 'lax $.b' NULL ON EMPTY NULL ON ERROR)
json_value(a, 'lax $.b[$i]' PASSING 1 AS "i")
json_value(a, 'lax $.b' PASSING b FORMAT JSON AS "x", c AS y)
json_query(a, 'lax $.b')
json_query(a, 'lax $.b' WITH WRAPPER)
json_query(a, 'lax $.b' WITH CONDITIONAL ARRAY WRAPPER)
json_query(a, 'lax $.b' WITHOUT WRAPPER)
json_query(a, 'lax $.b' RETURNING varchar FORMAT JSON)
json_query(a, 'lax $.b' OMIT QUOTES)
json_query(a, 'lax $.b' KEEP QUOTES ON SCALAR STRING)
json_query(a, 'lax $.b' EMPTY ARRAY ON EMPTY EMPTY OBJECT ON ERROR)
json_query(a, 'lax $.b' WITH UNCONDITIONAL WRAPPER ERROR ON ERROR)
json_array()
json_array(a, b)
json_array(a, NULL NULL ON NULL)
json_array(a ABSENT ON NULL)
json_array(a FORMAT JSON, b)
json_array(a RETURNING varchar)
json_object()
json_object('a' : 1)
json_object('a' VALUE 1)
json_object(KEY 'a' VALUE b)
json_object('a' : b, 'c' : d NULL ON NULL)
json_object('a' : b ABSENT ON NULL WITH UNIQUE KEYS)
json_object('a' : b WITHOUT UNIQUE KEYS RETURNING varchar(10))
json_object('a' : b FORMAT JSON)
json_object('a', 1)

## time zones
a AT TIME ZONE 'UTC'
a AT TIME ZONE b
a AT TIME ZONE INTERVAL '-08:00' HOUR TO MINUTE
a AT TIME ZONE INTERVAL '2' HOUR
TIMESTAMP '2020-01-01 00:00:00' AT TIME ZONE 'UTC'
TIME '01:02:03' AT TIME ZONE 'UTC'
a AT TIME ZONE 'UTC' AT TIME ZONE 'Asia/Tokyo'
a + INTERVAL '1' DAY AT TIME ZONE 'UTC'
-a AT TIME ZONE 'UTC'
a || b AT TIME ZONE 'UTC'
CAST(a AS time) AT TIME ZONE 'UTC'
current_timestamp AT TIME ZONE 'UTC'
at_timezone(a, 'UTC')
with_timezone(a, 'UTC')
a AT LOCAL
(a AT TIME ZONE 'UTC') - b
CAST(a AS timestamp) AT TIME ZONE 'UTC'
time AT TIME ZONE 'UTC'
a AT TIME ZONE CAST(b AS varchar)
a AT TIME ZONE concat('U', 'TC')
a AT TIME ZONE ('UTC')
a AT TIME ZONE (SELECT 'UTC')

## predicates
a LIKE b
a LIKE b ESCAPE c
a NOT LIKE 'x' ESCAPE '\'
a LIKE 'x' || 'y'
a ILIKE 'x'
a SIMILAR TO 'x'
a RLIKE 'x'
a REGEXP 'x'
a ~ 'x'
a GLOB 'x'
NOT a LIKE 'x'
a LIKE ANY ('x', 'y')
a IS DISTINCT FROM NULL
a IS NOT DISTINCT FROM b + 1
NOT a IS NULL
a ISNULL
a NOTNULL
a == b
a <=> b
a ^= b
a DIV b
a MOD b
a ^ b
a & b
a | b
a << 2
~a
!a
a ** b
a // b
a XOR b
a AND (b OR c) AND d
a AND b AND c OR d AND e OR f
(a OR b) AND c
a OR (b OR c)
a AND (b AND c)
a - (b - c)
a - b - c
a / (b / c)
a / b / c
a * (b + c)
(a * b) + c
-(-a)
- -a
--a\u{a}
-(a + b)
-a.b
-a[1]
+a
+ +a
- 1
-1
-(1)
a - -1
a - - 1
a--1\u{a}
a -1
a+-1
a*-1
- a * b
-a * -b
-2 * 3
- (2 * 3)
2 - -2
-1.5
-1e3
-9223372036854775808
- 9223372036854775808
a % b * c
a || b || c
a || (b || c)
a || b + c
a + b || c
a || b = c
NOT (a = b)
NOT a = b
(NOT a) = b
NOT a AND b
NOT (a AND b)
NOT a BETWEEN b AND c
(a = b) = c
a = b = c
(a > b) IS NULL
a > b IS NULL
(a IS NULL) = b
(a IN (1)) = b
a IN (1) = b
(a LIKE b) LIKE c
(a BETWEEN 1 AND 2) BETWEEN b AND c
a = (b > c)
a + (b IS NULL)
(a AND b) IS NULL
a AND b IS NULL
a = -b
a=-1
a<-1
a>-b
a<>-1
a!=b
a^b
a OPERATOR(=) b
a OVERLAPS b
a COLLATE b
a.b.c.d.e
a MEMBER OF b
UNIQUE (SELECT 1)
a MATCH b
PRIOR a
VALUES 1
DEFAULT
a IS JSON
a IS OF (x)
a OR b || c AND d
NOT EXISTS (SELECT 1) AND a
CASE WHEN NOT a THEN 1 END = b
a = CASE WHEN b THEN c END + 1
a BETWEEN (b) AND (c OR d)
a BETWEEN b AND c OR d
a BETWEEN -1 AND +1
a BETWEEN b AND NOT c
a BETWEEN (SELECT 1) AND (SELECT 2)
(SELECT 1) + (SELECT 2)
(SELECT 1) = ALL (SELECT 2)
a = ANY (ARRAY[1])
a = ALL (VALUES 1)
a = SOME (b)
a > ALL(1, 2)
any(a)
all(a)
some(a)
