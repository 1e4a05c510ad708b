"""What depends on the time zone or the language of whoever asks fills no canonical column and chooses no row."""

from __future__ import annotations

import pytest

from gateway.adapters.mapping_sql import MappingFault, read_column, read_source
from gateway.adapters.mapping_zones import OFFSET_SAID, check_column, zones_of

TYPES = {
    "a.t": {
        "zoned": "timestamp(6) with time zone", "other": "timestamp(6) with time zone", "wall": "timestamp(3)",
        "day": "date", "text": "varchar", "ms": "bigint",
    }
}  # fmt: skip
SENSITIVITIES = {table: dict.fromkeys(columns, "public") for table, columns in TYPES.items()}
TAKEN = f"from_iso8601_timestamp(regexp_extract(t.text, '{OFFSET_SAID}'))"


def _check(text: str, type_: str = "timestamp(3)", source: str = "a.t AS t", where: str = "") -> None:
    read = read_source("oakland", (source, where, []), SENSITIVITIES)
    zoned = zones_of(read.select, TYPES)
    check_column(read_column(text, read, "public"), zoned, type_)


SAME_FOR_ALL = [
    ("t.wall", "timestamp(3)"),
    ("t.zoned", "timestamp(6) with time zone"),
    ("t.zoned AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("(try(t.zoned) AT TIME ZONE 'UTC')", "timestamp(3)"),
    ("with_timezone(t.wall, 'America/Los_Angeles') AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("with_timezone(t.day, 'America/Los_Angeles') AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("try(from_unixtime_nanos(t.ms * 1000000)) AT TIME ZONE 'UTC'", "timestamp(3)"),
    (f"try({TAKEN}) AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("coalesce(t.zoned, t.other, NULL) AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("CASE WHEN t.zoned < t.other THEN t.zoned ELSE NULL END AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("CASE t.day WHEN DATE '2026-01-01' THEN t.wall END", "timestamp(3)"),
    ("if(t.zoned IS NULL, t.wall, t.wall)", "timestamp(3)"),
    ("date_diff('second', t.zoned, t.other)", "bigint"),
    ("date_trunc('day', from_unixtime_nanos(t.ms) AT TIME ZONE 'UTC') AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("date_diff('day', t.day, t.wall)", "bigint"),
    ("date_add('day', 1, t.zoned) AT TIME ZONE 'UTC'", "timestamp(3)"),
    ("date_trunc('day', t.wall)", "timestamp(3)"),
    ("CAST(t.zoned AT TIME ZONE 'America/Los_Angeles' AT TIME ZONE 'UTC' AS date)", "date"),
    ("try(date_parse(t.text, '%m/%d/%Y %H:%i'))", "timestamp(3)"),
    ("TIMESTAMP '2026-01-01 00:00:00'", "timestamp(3)"),
    ("to_unixtime(t.zoned)", "double"),
    ("TRY_CAST(t.text AS date)", "date"),
    ("t.zoned BETWEEN t.other AND t.other", "boolean"),
]


@pytest.mark.parametrize(("text", "type_"), SAME_FOR_ALL)
def test_an_expression_that_means_the_same_for_everybody_is_taken(text: str, type_: str) -> None:
    _check(text, type_)


OTHER_FOR_OTHERS = [
    ("t.zoned", "timestamp(3)", "fills a column that has none"),
    ("t.zoned AT TIME ZONE 'America/Los_Angeles'", "timestamp(3)", "fills a column that has none"),
    ("t.wall", "timestamp(6) with time zone", "without a zone fills a column that has one"),
    ("t.wall AT TIME ZONE 'UTC'", "timestamp(3)", "AT TIME ZONE of a moment without a zone"),
    ("t.day AT TIME ZONE 'UTC'", "timestamp(3)", "AT TIME ZONE of a moment without a zone"),
    ("t.zoned AT TIME ZONE t.text", "timestamp(3)", "not written out"),
    ("with_timezone(t.wall, t.text) AT TIME ZONE 'UTC'", "timestamp(3)", "not written out"),
    ("with_timezone(t.zoned, 'UTC') AT TIME ZONE 'UTC'", "timestamp(3)", "where its wall clock is read"),
    ("with_timezone(t.wall) AT TIME ZONE 'UTC'", "timestamp(3)", "has 1 arguments"),
    ("CAST(t.wall AS timestamp(3) with time zone) AT TIME ZONE 'UTC'", "timestamp(3)", "a cast to a type with a zone"),
    ("TRY_CAST(t.text AS timestamp with time zone) AT TIME ZONE 'UTC'", "timestamp(3)", "a cast to a type with a zone"),
    ("CAST(t.zoned AS date)", "date", "where its wall clock is read"),
    ("date(t.zoned)", "date", "where its wall clock is read"),
    ("year(t.zoned)", "bigint", "where its wall clock is read"),
    ("from_iso8601_timestamp(t.text) AT TIME ZONE 'UTC'", "timestamp(3)", "a text without an offset"),
    ("from_iso8601_timestamp(regexp_extract(t.text, '.*')) AT TIME ZONE 'UTC'", "timestamp(3)", "without an offset"),
    ("date_trunc('day', from_unixtime_nanos(t.ms)) AT TIME ZONE 'UTC'", "timestamp(3)", "in the session's zone"),
    ("date_diff('day', from_unixtime_nanos(t.ms), t.zoned)", "bigint", "in the session's zone"),
    ("from_unixtime_nanos(t.ms)", "timestamp(6) with time zone", "in the session's zone"),
    ("coalesce(t.zoned, t.wall) AT TIME ZONE 'UTC'", "timestamp(3)", "side by side"),
    ("greatest(t.zoned, t.day) AT TIME ZONE 'UTC'", "timestamp(3)", "side by side"),
    ("CASE WHEN t.zoned < t.wall THEN 1 END", "bigint", "side by side"),
    ("CASE WHEN t.zoned IN (t.day) THEN 1 END", "bigint", "side by side"),
    ("CASE t.zoned WHEN TIMESTAMP '2026-01-01 00:00:00' THEN 1 END", "bigint", "side by side"),
    ("CASE WHEN t.ms = 1 THEN t.zoned ELSE t.wall END AT TIME ZONE 'UTC'", "timestamp(3)", "side by side"),
    ("t.zoned IS NOT DISTINCT FROM t.day", "boolean", "side by side"),
    ("t.zoned BETWEEN t.day AND t.day", "boolean", "side by side"),
    ("date_diff('hour', t.wall, t.zoned)", "bigint", "side by side"),
    ("TIMESTAMP '2026-01-01 00:00:00 America/Los_Angeles' AT TIME ZONE 'UTC'", "timestamp(3)", "a literal has a zone"),
    ("to_unixtime(t.wall)", "double", "to_unixtime of a moment without a zone"),
    ("t.text || t.zoned", "varchar", "where its wall clock is read"),
    ("date_parse(t.text, '%M %Y')", "timestamp(3)", "holds names"),
    ("date_parse(t.text, '%Y %p')", "timestamp(3)", "holds names"),
    ("date_parse(t.text, t.text)", "timestamp(3)", "not written out"),
    ("count(*) FILTER (WHERE t.zoned > t.wall)", "bigint", "side by side"),
    ("max_by(t.text, t.zoned < t.day)", "varchar", "side by side"),
]


@pytest.mark.parametrize(("text", "type_", "what"), OTHER_FOR_OTHERS)
def test_an_expression_that_a_session_would_change_is_refused(text: str, type_: str, what: str) -> None:
    with pytest.raises(MappingFault, match=what):
        _check(text, type_)


@pytest.mark.parametrize(
    ("source", "where"),
    [
        ("a.t AS t", "t.zoned > t.day"),
        ("a.t AS t JOIN a.t AS u ON t.zoned = u.wall", ""),
        ("(SELECT s.zoned AS x, s.wall AS y FROM a.t AS s WHERE s.zoned < s.wall) AS u CROSS JOIN a.t AS t", ""),
        ("(SELECT s.zoned AS x, s.wall AS y FROM a.t AS s) AS u JOIN a.t AS t ON u.x = t.wall", ""),
        ("a.t AS t CROSS JOIN UNNEST(ARRAY[t.zoned]) AS u (x)", ""),
    ],
)
def test_no_row_is_chosen_by_what_a_session_would_change(source: str, where: str) -> None:
    with pytest.raises(MappingFault, match="zone"):
        _check("t.wall", source=source, where=where)


def test_rows_are_chosen_by_moments_that_are_the_same_for_everybody() -> None:
    source = "(SELECT s.zoned AS x FROM a.t AS s WHERE s.zoned < s.other) AS u JOIN a.t AS t ON u.x = t.zoned"

    _check("t.wall", source=source, where="t.zoned > u.x")
