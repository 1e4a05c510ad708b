"""Values of random Trino types: as Trino writes them in JSON, and as what they are.

What a value is, is reckoned apart from what the gateway does: moments are drawn as numbers and written by `datetime`.
"""

from __future__ import annotations

import base64
import ipaddress
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

Pair = tuple[Any, Any]
"""A value in Trino's JSON, and what it is; moments are picoseconds since 1970, or since midnight."""

PICOSECONDS = 10**12
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ZONES: dict[str, Any] = {
    "UTC": UTC,
    "+05:30": timezone(timedelta(hours=5, minutes=30)),
    "-08:00": timezone(-timedelta(hours=8)),
    **{name: ZoneInfo(name) for name in ("America/Los_Angeles", "Asia/Kolkata", "Australia/Lord_Howe")},
}


@dataclass(frozen=True)
class Drawn:
    """A type in Trino's words, and how to draw its values."""

    text: str
    signature: dict[str, Any]
    pairs: st.SearchStrategy[Pair]
    key: Callable[[Any], str] | None = None
    """How Trino writes a value as the key of a map, if values of the type are drawn as keys."""


def _signature(name: str, *numbers: int) -> dict[str, Any]:
    return {"rawType": name, "arguments": [{"kind": "LONG", "value": number} for number in numbers]}


def _plain(name: str, values: st.SearchStrategy[Any], key: Callable[[Any], str] | None = None) -> Drawn:
    return Drawn(name, _signature(name), values.map(lambda value: (value, value)), key)


def _whole(name: str, bits: int) -> Drawn:
    return _plain(name, st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1), str)


def _floats(name: str, width: Any) -> Drawn:
    words = {math.inf: "Infinity", -math.inf: "-Infinity"}

    def pair(value: float) -> Pair:
        return ("NaN" if math.isnan(value) else words.get(value, value), value)

    return Drawn(name, _signature(name), st.floats(width=width).map(pair))


def _text(name: str) -> Drawn:
    return _plain(name, st.text(st.characters(codec="utf-8"), max_size=8), str)


def _decimals(digits: int, scale: int) -> Drawn:
    def pair(number: int) -> Pair:
        value = Decimal(f"{number}e-{scale}")
        return f"{value:f}", value

    drawn = st.integers(-(10**digits) + 1, 10**digits - 1).map(pair)
    return Drawn(f"decimal({digits},{scale})", _signature("decimal", digits, scale), drawn, str)


def _bytes() -> Drawn:
    def pair(value: bytes) -> Pair:
        return base64.b64encode(value).decode(), value

    return Drawn("varbinary", _signature("varbinary"), st.binary(max_size=8).map(pair), str)


def _dates() -> Drawn:
    def pair(value: date) -> Pair:
        return value.isoformat(), (value - date(1970, 1, 1)).days * 86_400 * PICOSECONDS

    return Drawn("date", _signature("date"), st.dates().map(pair), str)


def _fraction(count: int, digits: int) -> str:
    return f".{count:0{digits}d}" if digits else ""


def _times(digits: int) -> Drawn:
    def pair(count: int) -> Pair:
        seconds, parts = divmod(count, 10**digits)
        written = (datetime(2000, 1, 1) + timedelta(seconds=seconds)).strftime("%H:%M:%S") + _fraction(parts, digits)
        return written, count * 10 ** (12 - digits)

    return Drawn(f"time({digits})", _signature("time", digits), st.integers(0, 86_400 * 10**digits - 1).map(pair), str)


def _seconds(digits: int) -> st.SearchStrategy[int]:
    """Seconds since 1970 of moments that have their place in what holds so many digits."""
    first, last = (date(1680, 1, 1), date(2260, 1, 1)) if digits > 6 else (date(1, 1, 3), date(9999, 12, 28))
    return st.integers(*((day - date(1970, 1, 1)).days * 86_400 for day in (first, last)))


def _timestamps(digits: int) -> Drawn:
    def pair(drawn: tuple[int, int]) -> Pair:
        seconds, parts = drawn
        local = (_EPOCH + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(" ")
        return local + _fraction(parts, digits), seconds * PICOSECONDS + parts * 10 ** (12 - digits)

    drawn = st.tuples(_seconds(digits), st.integers(0, 10**digits - 1)).map(pair)
    return Drawn(f"timestamp({digits})", _signature("timestamp", digits), drawn, str)


def _instants(digits: int) -> Drawn:
    def once(drawn: tuple[int, int, str]) -> bool:
        local = (_EPOCH + timedelta(seconds=drawn[0])).astimezone(_ZONES[drawn[2]])
        return local.utcoffset() == local.replace(fold=1 - local.fold).utcoffset()

    def pair(drawn: tuple[int, int, str]) -> Pair:
        seconds, parts, zone = drawn
        local = (_EPOCH + timedelta(seconds=seconds)).astimezone(_ZONES[zone]).replace(tzinfo=None)
        written = local.isoformat(" ") + _fraction(parts, digits)
        return f"{written} {zone}", seconds * PICOSECONDS + parts * 10 ** (12 - digits)

    parts = st.integers(0, 10**digits - 1)
    drawn = st.tuples(_seconds(digits), parts, st.sampled_from(sorted(_ZONES))).filter(once).map(pair)
    name = "timestamp with time zone"
    return Drawn(f"timestamp({digits}) with time zone", _signature(name, digits), drawn)


def _months() -> Drawn:
    def pair(count: int) -> Pair:
        years, months = divmod(abs(count), 12)
        return f"{'-' if count < 0 else ''}{years}-{months}", count

    return Drawn(
        "interval year to month", _signature("interval year to month"), st.integers(-(2**31), 2**31 - 1).map(pair)
    )


def _milliseconds() -> Drawn:
    def pair(count: int) -> Pair:
        seconds, parts = divmod(abs(count), 1000)
        days, of_day = divmod(seconds, 86_400)
        clock = (datetime(2000, 1, 1) + timedelta(seconds=of_day)).strftime("%H:%M:%S")
        return f"{'-' if count < 0 else ''}{days} {clock}.{parts:03d}", count * 10**9

    name = "interval day to second"
    return Drawn(name, _signature(name), st.integers(-(10**15), 10**15).map(pair))


LEAVES = st.one_of(
    st.just(_plain("boolean", st.booleans(), lambda value: str(value).lower())),
    st.sampled_from([_whole("tinyint", 8), _whole("smallint", 16), _whole("integer", 32), _whole("bigint", 64)]),
    st.sampled_from([_floats("real", 32), _floats("double", 64)]),
    st.sampled_from([_text(name) for name in ("varchar", "varchar(8)", "char(8)", "json", "Geometry")]),
    st.sampled_from([_plain(name, st.uuids().map(str), str) for name in ("uuid",)]),
    st.just(_plain("ipaddress", st.ip_addresses().map(lambda value: str(ipaddress.ip_address(value))), str)),
    st.just(_plain("HyperLogLog", st.binary(max_size=8).map(lambda value: base64.b64encode(value).decode()))),
    st.just(_plain("time(3) with time zone", st.just("01:02:03.000+05:30"))),
    st.just(_plain("timestamp(12)", st.just("2001-08-22 03:04:05.321123456789"))),
    st.just(Drawn("unknown", _signature("unknown"), st.just((None, None)))),
    st.builds(lambda pair: _decimals(max(pair), min(pair)), st.tuples(st.integers(1, 38), st.integers(0, 38))),
    st.just(_bytes()),
    st.just(_dates()),
    st.builds(_times, st.integers(0, 9)),
    st.builds(_timestamps, st.integers(0, 9)),
    st.builds(_instants, st.integers(0, 9)),
    st.sampled_from([_months(), _milliseconds()]),
)


def _or_null(pairs: st.SearchStrategy[Pair]) -> st.SearchStrategy[Pair]:
    return st.one_of(pairs, pairs, st.just((None, None)))


def _array(of: Drawn) -> Drawn:
    pairs = st.lists(_or_null(of.pairs), max_size=3).map(lambda drawn: ([a for a, _ in drawn], [b for _, b in drawn]))
    signature = {"rawType": "array", "arguments": [{"kind": "TYPE", "value": of.signature}]}
    return Drawn(f"array({of.text})", signature, pairs)


def _map(drawn: tuple[Drawn, Drawn]) -> Drawn:
    key, value = drawn
    write = key.key or str

    def pair(entries: list[tuple[Pair, Pair]]) -> Pair:
        return (
            {write(one[0]): other[0] for one, other in entries},
            [(one[1], other[1]) for one, other in entries],
        )

    entries = st.tuples(key.pairs, _or_null(value.pairs))
    pairs = st.lists(entries, max_size=3, unique_by=lambda entry: write(entry[0][0])).map(pair)
    arguments = [{"kind": "TYPE", "value": one.signature} for one in drawn]
    return Drawn(f"map({key.text},{value.text})", {"rawType": "map", "arguments": arguments}, pairs)


def _row(parts: list[Drawn]) -> Drawn:
    def pair(drawn: tuple[Pair, ...]) -> Pair:
        return [a for a, _ in drawn], {f"f {position}": b for position, (_, b) in enumerate(drawn)}

    text = ",".join(f'"f {position}" {part.text}' for position, part in enumerate(parts))
    arguments = [
        {"kind": "NAMED_TYPE", "value": {"fieldName": {"name": f"f {position}"}, "typeSignature": part.signature}}
        for position, part in enumerate(parts)
    ]
    pairs = st.tuples(*(_or_null(part.pairs) for part in parts)).map(pair)
    return Drawn(f"row({text})", {"rawType": "row", "arguments": arguments}, pairs)


def _around(inner: st.SearchStrategy[Drawn]) -> st.SearchStrategy[Drawn]:
    keys = LEAVES.filter(lambda drawn: drawn.key is not None and drawn.text != "unknown")
    return st.one_of(
        inner.map(_array), st.tuples(keys, inner).map(_map), st.lists(inner, min_size=1, max_size=3).map(_row)
    )


TYPES = st.recursive(LEAVES, _around, max_leaves=4)


@st.composite
def answers(draw: st.DrawFn) -> tuple[list[Drawn], list[list[list[Pair]]]]:
    """Draw the columns of an answer, and its pages of rows."""
    columns = draw(st.lists(TYPES, min_size=1, max_size=3))
    row = st.tuples(*(_or_null(column.pairs) for column in columns)).map(list)
    return columns, draw(st.lists(st.lists(row, max_size=4), max_size=3))
