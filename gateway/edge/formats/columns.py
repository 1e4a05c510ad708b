"""One column's values, as Trino's JSON has them -> an Arrow array that holds exactly them.

*Invariants*
- No value is rounded, clipped or guessed: one that has no place in its Arrow type is an error.
- What Arrow or its readers have no type for stays the text that Trino gives: times with a zone, picoseconds, UUIDs,
  addresses, sketches, geometries, and the keys of maps that are themselves nested.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Iterable, Sequence

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from gateway.edge.formats.types import TrinoType, unique
from gateway.edge.formats.zones import instants

Values = Sequence[object]

DEFAULT_PRECISION = 3
TEXT = TrinoType("varchar")
NESTED = ("array", "map", "row")

_PLAIN = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "real": pa.float32(),
    "double": pa.float64(),
    "date": pa.date32(),
    "varbinary": pa.binary(),
    "unknown": pa.null(),
    "interval year to month": pa.int32(),
    "interval day to second": pa.duration("ms"),
}
"""Trino type -> Arrow type, where there are no parameters; years and months are counted in months."""

_MOMENT = re.compile(r"([+-]?\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,12}))?)?", re.ASCII)
_DAYS_AND_TIME = re.compile(r"(-?)(\d+) (\d\d):(\d\d):(\d\d)\.(\d{3})", re.ASCII)
_YEARS_AND_MONTHS = re.compile(r"(-?)(\d+)-(\d+)", re.ASCII)
_UNITS = ((0, "s"), (3, "ms"), (6, "us"), (9, "ns"))


def unit_of(precision: int) -> str | None:
    """Return the Arrow unit that holds so many digits of a second, or None if there is none.

    >>> [unit_of(digits) for digits in (0, 1, 6, 9, 10)]
    ['s', 'ms', 'us', 'ns', None]
    """
    return next((unit for most, unit in _UNITS if precision <= most), None)


def arrow_type(type_: TrinoType) -> pa.DataType:
    """Return the Arrow type that holds every value of a Trino type."""
    if type_.name in _PLAIN:
        return _PLAIN[type_.name]
    if type_.name == "decimal":
        return pa.decimal128(*type_.numbers)
    if type_.name in NESTED:
        return _nested_type(type_)
    return _moment_type(type_) or pa.string()


def _nested_type(type_: TrinoType) -> pa.DataType:
    parts = [arrow_type(part) for part in type_.parts]
    if type_.name == "array":
        return pa.list_(parts[0])
    if type_.name == "map":
        return pa.map_(arrow_type(_key_type(type_)), parts[1])
    return pa.struct([pa.field(name, part) for name, part in zip(unique(type_.fields), parts, strict=True)])


def _moment_type(type_: TrinoType) -> pa.DataType | None:
    unit = unit_of(_precision(type_))
    if unit is None:
        return None
    if type_.name == "timestamp":
        return pa.timestamp(unit)
    if type_.name == "timestamp with time zone":
        return pa.timestamp(unit, "UTC")
    if type_.name == "time":
        return pa.time32(unit) if unit in ("s", "ms") else pa.time64(unit)
    return None


def _precision(type_: TrinoType) -> int:
    return (*type_.numbers, DEFAULT_PRECISION)[0]


def arrow_array(values: Values, type_: TrinoType) -> pa.Array:
    """Return the values as an array of `arrow_type(type_)`; raises ValueError, OverflowError or Arrow's own error."""
    if type_.name in NESTED:
        return _NESTED_MAKERS[type_.name](values, type_)
    target = arrow_type(type_)
    if pa.types.is_string(target):
        return pa.array([_text(value) for value in values], target)
    make = _MAKERS.get(type_.name)
    return make(values, target) if make else pa.array(values, target)


# --- values without parts -------------------------------------------------------------------------------------------


def _text(value: object) -> str | None:
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _floats(values: Values, target: pa.DataType) -> pa.Array:
    """What is no number is a word in JSON: NaN, Infinity, -Infinity."""
    try:
        return pa.array(values, target)
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([float(value) if isinstance(value, str) else value for value in values], target)


def _decimals(values: Values, target: pa.DataType) -> pa.Array:
    return pa.array(values, pa.string()).cast(target)


def _bytes(values: Values, target: pa.DataType) -> pa.Array:
    return pa.array(
        [None if value is None else base64.b64decode(str(value), validate=True) for value in values], target
    )


def _months(values: Values, target: pa.DataType) -> pa.Array:
    return pa.array([None if value is None else _count_months(str(value)) for value in values], target)


def _count_months(text: str) -> int:
    sign, years, months = _matched(_YEARS_AND_MONTHS, text)
    return (int(years) * 12 + int(months)) * (-1 if sign else 1)


def _durations(values: Values, target: pa.DataType) -> pa.Array:
    return _counts((_count_milliseconds(str(value)) if value is not None else None for value in values), target)


def _count_milliseconds(text: str) -> int:
    sign, days, hours, minutes, seconds, thousandths = _matched(_DAYS_AND_TIME, text)
    whole = ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + int(seconds)
    return (whole * 1000 + int(thousandths)) * (-1 if sign else 1)


def _matched(pattern: re.Pattern[str], text: str) -> tuple[str, ...]:
    match = pattern.fullmatch(text)
    if match is None:
        raise ValueError("a value is not written as its type is")
    return match.groups(default="")


def _counts(counts: Iterable[int | None], target: pa.DataType) -> pa.Array:
    """Whole numbers -> what counts in them."""
    return pa.array(list(counts), pa.int32() if target == pa.date32() else pa.int64()).view(target)


# --- dates and times ------------------------------------------------------------------------------------------------


def _dates(values: Values, target: pa.DataType) -> pa.Array:
    return _moments(values, target, lambda text: _count_since_1970(text, 0) // 86_400)


def _timestamps(values: Values, target: pa.DataType) -> pa.Array:
    digits = next(most for most, unit in _UNITS if unit == target.unit)
    return _moments(values, target, lambda text: _count_since_1970(text, digits))


def _moments(values: Values, target: pa.DataType, count: Callable[[str], int]) -> pa.Array:
    """Arrow's reader knows the years 0 to 9999; Trino has more of them."""
    try:
        return pa.array(values, pa.string()).cast(target)
    except pa.ArrowInvalid:
        return _counts((None if value is None else count(str(value)) for value in values), target)


def _count_since_1970(text: str, digits: int) -> int:
    """Count seconds, or their parts of so many digits, by the proleptic Gregorian calendar.

    >>> _count_since_1970("1969-12-31 23:59:59.5", 3), _count_since_1970("+10000-01-01", 0) // 86400
    (-500, 2932897)
    """
    year, month, day, hours, minutes, seconds, fraction = _matched(_MOMENT, text)
    of_day = (int(hours or 0) * 60 + int(minutes or 0)) * 60 + int(seconds or 0)
    if fraction[digits:].strip("0"):
        raise ValueError("a time has more digits than its type")
    parts = int(fraction[:digits].ljust(digits, "0") or 0)
    return (_days(int(year), int(month), int(day)) * 86_400 + of_day) * int(10**digits) + parts


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; a year begins in March here, so that the leap day is its last."""
    year -= month < 3
    era, of_era = divmod(year, 400)
    of_year = (153 * ((month + 9) % 12) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


def _times(values: Values, target: pa.DataType) -> pa.Array:
    """Arrow reads times as parts of a day only."""
    moments = ["1970-01-01 " + str(value) if value is not None else None for value in values]
    return pa.array(moments, pa.string()).cast(pa.timestamp(target.unit)).cast(target)


def _instants(values: Values, target: pa.DataType) -> pa.Array:
    """Local times, each with the name of its zone -> instants."""
    local: list[str | None] = []
    places: dict[str, list[int]] = {}
    for position, value in enumerate(values):
        time, _, zone = ("", "", "UTC") if value is None else str(value).rpartition(" ")
        local.append(time if value is not None else None)
        places.setdefault(zone, []).append(position)
    times = _timestamps(local, pa.timestamp(target.unit))
    if len(places) <= 1:
        return instants(times, next(iter(places), "UTC"))
    pieces = [instants(times.take(pa.array(found)), zone) for zone, found in places.items()]
    order = pa.array(list(itertools.chain.from_iterable(places.values())))
    return pa.concat_arrays(pieces).take(pc.sort_indices(order))


_MAKERS: dict[str, Callable[[Values, pa.DataType], pa.Array]] = {
    "real": _floats,
    "double": _floats,
    "decimal": _decimals,
    "varbinary": _bytes,
    "date": _dates,
    "time": _times,
    "timestamp": _timestamps,
    "timestamp with time zone": _instants,
    "interval year to month": _months,
    "interval day to second": _durations,
}


# --- values with parts ----------------------------------------------------------------------------------------------


def _lists(values: Values, type_: TrinoType) -> pa.Array:
    present = [value if isinstance(value, list) else () for value in values]
    children = arrow_array(list(itertools.chain.from_iterable(present)), type_.parts[0])
    return pa.ListArray.from_arrays(_offsets(present), children, type=arrow_type(type_), mask=_absent(values))


def _maps(values: Values, type_: TrinoType) -> pa.Array:
    present = [value if isinstance(value, dict) else {} for value in values]
    of_key = _key_type(type_)
    read = _KEYS.get(of_key.name)
    names = list(itertools.chain.from_iterable(present))
    keys = arrow_array([read(name) for name in names] if read else names, of_key)
    items = arrow_array(list(itertools.chain.from_iterable(one.values() for one in present)), type_.parts[1])
    return pa.MapArray.from_arrays(_offsets(present), keys, items, type=arrow_type(type_), mask=_absent(values))


def _rows(values: Values, type_: TrinoType) -> pa.Array:
    nothing = (None,) * len(type_.parts)
    present = [value if isinstance(value, list) else nothing for value in values]
    columns = list(zip(*present, strict=True)) if present else [()] * len(type_.parts)
    children = [arrow_array(column, part) for column, part in zip(columns, type_.parts, strict=True)]
    return pa.StructArray.from_arrays(children, fields=list(arrow_type(type_)), mask=_absent(values))


_NESTED_MAKERS: dict[str, Callable[[Values, TrinoType], pa.Array]] = {"array": _lists, "map": _maps, "row": _rows}


def _offsets(present: Iterable[Sequence[object] | dict[str, object]]) -> pa.Array:
    return pa.array([0, *itertools.accumulate(map(len, present))], pa.int32())


def _absent(values: Values) -> pa.Array:
    return pa.array([value is None for value in values], pa.bool_())


def _key_type(type_: TrinoType) -> TrinoType:
    """The type of a map's keys: Trino writes the keys of its JSON maps as text, nested ones for people to read."""
    key = type_.parts[0]
    return TEXT if key.name in NESTED else key


_KEYS: dict[str, Callable[[str], object]] = {
    "boolean": lambda text: text == "true",
    "tinyint": int,
    "smallint": int,
    "integer": int,
    "bigint": int,
    "real": float,
    "double": float,
}
"""Type of a map's key -> how to read it from the text that it is in JSON."""
