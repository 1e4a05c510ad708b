"""What is hard to write exactly, and what cannot be written at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
import pyarrow as pa
import pytest

from gateway.edge.formats.columns import arrow_array, arrow_type
from gateway.edge.formats.types import read_type
from gateway.errors import Failed
from tests.edge.formats.reading import read_arrow, values, written
from tests.edge.stand_in import StandInAnswer

DAY = 86_400 * 10**12


def answer(type_: str, *cells: object) -> StandInAnswer:
    return StandInAnswer([[[cell] for cell in cells]], columns=(("x", type_),))


@pytest.mark.parametrize(
    ("type_", "text", "picoseconds"),
    [
        ("date", "+10000-01-01", 2_932_897 * DAY),
        ("date", "+10000-02-29", 2_932_956 * DAY),
        ("date", "-0004-02-29", -720_930 * DAY),
        ("date", "-0001-12-31", -719_529 * DAY),
        ("timestamp(0)", "+10000-01-01 00:00:01", 2_932_897 * DAY + 10**12),
        ("timestamp(6)", "-0001-12-31 23:59:59.999999", -719_528 * DAY - 10**6),
        ("timestamp(2)", "+12345-03-01 00:00:00.25", 3_789_450 * DAY + 25 * 10**10),
        (
            "timestamp(3) with time zone",
            "+10000-07-01 12:00:00.000 America/Los_Angeles",
            2_933_079 * DAY + 19 * DAY // 24,
        ),
        ("timestamp(3) with time zone", "2040-07-01 12:00:00.000 America/Los_Angeles", 25_749 * DAY + 19 * DAY // 24),
        ("timestamp(3) with time zone", "2040-01-01 12:00:00.000 America/Los_Angeles", 25_567 * DAY + 20 * DAY // 24),
        ("timestamp(0) with time zone", "-0001-12-31 12:00:00 America/Los_Angeles", -719_529 * DAY + 71_578 * 10**12),
        ("timestamp(0) with time zone", "2040-01-01 12:00:00 +05:30", 25_567 * DAY + 13 * DAY // 48),
    ],
)
def test_moments_far_away_are_exact(type_: str, text: str, picoseconds: int) -> None:
    assert values(arrow_array([text, None], read_type(type_))) == [picoseconds, None]


def test_the_far_moments_above_are_reckoned_right() -> None:
    def days(*day: int) -> int:
        return (datetime(*day, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)).days  # type: ignore[arg-type,misc]

    assert days(9999, 12, 31) + 1 == 2_932_897
    assert (days(2040, 7, 1), days(2040, 1, 1)) == (25_749, 25_567)
    assert days(2000, 2, 29) + 146_097 * 20 == 2_932_956, "the calendar is the same after 400 years"
    assert days(1996, 2, 29) - 146_097 * 5 == -720_930
    assert 12 * 3600 + 7 * 3600 + 52 * 60 + 58 == 71_578, "before there were zones, Los Angeles had its own time"
    assert days(1, 1, 1) - 366 == -719_528, "the year 0 is a leap year"
    assert days(2345, 3, 1) + 146_097 * 25 == 3_789_450, "the calendar is the same after 400 years"


AMBIGUOUS = "2026-11-01 01:30:00 America/Los_Angeles"


@pytest.mark.parametrize(
    ("type_", "bad", "good"),
    [
        ("timestamp(0) with time zone", AMBIGUOUS, "2026-11-01 02:00:00 America/Los_Angeles"),
        ("timestamp(0) with time zone", AMBIGUOUS.replace("2026-11-01", "2040-11-04"), "2040-11-04 09:30:00 UTC"),
        ("timestamp(0) with time zone", "2026-11-01 01:30:00 Nowhere/At_All", "2026-11-01 01:30:00 Europe/Berlin"),
        ("timestamp(9)", "1600-01-01 00:00:00.000000000", "1700-01-01 00:00:00.000000000"),
        ("timestamp(9)", "2300-01-01 00:00:00.000000000", "2200-01-01 00:00:00.000000000"),
        ("tinyint", 128, 127),
        ("decimal(3,1)", "100.0", "99.9"),
        ("varbinary", "?", "YQ=="),
        ("bigint", "one", 1),
        ("interval day to second", "1 day", "1 00:00:00.000"),
    ],
)
@pytest.mark.parametrize("name", ["arrow", "parquet"])
def test_a_value_without_a_place_fails_the_answer_and_names_its_column(
    name: str, type_: str, bad: object, good: object
) -> None:
    assert written(answer(type_, good), name)

    with pytest.raises(Failed, match="column x") as failed:
        written(answer(type_, bad), name)

    assert str(bad) not in failed.value.message, "a value is nobody's business but the partner's"
    assert failed.value.hint


def test_a_time_that_came_twice_says_how_to_ask_for_it() -> None:
    with pytest.raises(Failed) as failed:
        written(answer("timestamp(0) with time zone", AMBIGUOUS), "arrow")

    assert "AT TIME ZONE 'UTC'" in failed.value.hint


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("timestamp(12)", "2001-08-22 03:04:05.321123456789"),
        ("timestamp(10) with time zone", "2001-08-22 03:04:05.3211234567 UTC"),
        ("time(12)", "03:04:05.321123456789"),
        ("time(3) with time zone", "03:04:05.321-08:00"),
        ("uuid", "12151fd2-7586-11e9-8f9e-2a86e4085a59"),
        ("ipaddress", "2001:db8::1"),
        ("json", '{"a": [1, 2.50]}'),
        ("char(5)", "ab   "),
        ("qdigest(bigint)", "AAAA"),
        ("a type of tomorrow(3)", "x"),
    ],
)
def test_what_arrow_has_no_type_for_stays_trinos_text(type_: str, text: str) -> None:
    column = read_arrow(written(answer(type_, text, None), "arrow")).column("x")

    assert (column.type, column.to_pylist()) == (pa.string(), [text, None])


def test_what_is_neither_text_nor_known_is_written_as_json() -> None:
    assert arrow_array([{"x": 1}, [2], 3.5], read_type("BingTile")).to_pylist() == ['{"x":1}', "[2]", "3.5"]


@pytest.mark.parametrize(
    ("type_", "arrow"),
    [
        ("decimal(38,10)", pa.decimal128(38, 10)),
        ("timestamp(0)", pa.timestamp("s")),
        ("timestamp", pa.timestamp("ms")),
        ("timestamp(4) with time zone", pa.timestamp("us", "UTC")),
        ("timestamp(7)", pa.timestamp("ns")),
        ("time(3)", pa.time32("ms")),
        ("time(6)", pa.time64("us")),
        ("unknown", pa.null()),
        ("map(varchar(3),array(real))", pa.map_(pa.string(), pa.list_(pa.float32()))),
        ("map(row(a bigint),integer)", pa.map_(pa.string(), pa.int32())),
        ("row(a bigint,varchar)", pa.struct([("a", pa.int64()), ("field1", pa.string())])),
        ("row(a bigint,a bigint)", pa.struct([("a", pa.int64()), ("a_1", pa.int64())])),
    ],
)
def test_each_type_has_its_arrow_type(type_: str, arrow: Any) -> None:
    assert arrow_type(read_type(type_)) == arrow


def test_keys_of_maps_are_read_from_their_text() -> None:
    def keys(type_: str, *names: str) -> list[Any]:
        column = arrow_array([dict.fromkeys(names, 1)], read_type(f"map({type_},integer)"))
        return [key for key, _ in column.to_pylist()[0]]

    assert keys("bigint", "-7") == [-7]
    assert keys("double", "1.0E10", "-Infinity") == [1e10, float("-inf")]
    assert keys("boolean", "true", "false") == [True, False]
    assert keys("varbinary", "YWL/") == [b"ab\xff"]
    assert keys("array(integer)", "[1, 2]") == ["[1, 2]"]


def test_names_given_anew_are_told_apart_from_those_that_come_later() -> None:
    given = StandInAnswer([[[1, 2, 3]]], columns=(("a", "bigint"), ("a", "bigint"), ("a_1", "bigint")))

    assert read_arrow(written(given, "arrow")).schema.names == ["a", "a_2", "a_1"]


def test_a_name_that_comes_twice_is_told_apart_and_its_own_is_kept() -> None:
    given = StandInAnswer([[[1, 2, 3]]], columns=(("a", "bigint"), ("a_1", "bigint"), ("a", "bigint")))

    schema = read_arrow(written(given, "arrow")).schema

    assert schema.names == ["a", "a_1", "a_2"]
    assert schema.field("a_2").metadata == {b"trino.type": b"bigint", b"trino.name": b"a"}


@pytest.mark.parametrize("name", ["arrow", "parquet"])
def test_the_notices_travel_with_the_schema(name: str) -> None:
    body = written(answer("bigint", 1), name)
    schema = read_arrow(body).schema if name == "arrow" else pa.parquet.read_schema(pa.BufferReader(body))

    assert schema.metadata[b"portgate.query"] == b"q-1"
    notices = orjson.loads(schema.metadata[b"portgate.notices"])
    assert [notice["code"] for notice in notices] == ["column_masked", "port_not_sharing"]
