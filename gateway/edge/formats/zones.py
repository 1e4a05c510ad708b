"""Local times and the name of their zone -> instants.

*Invariants*
- A local time that came twice, when the clocks were put back, is an error: nothing says which of the two it was.
- Arrow's own reckoning is used only for the years in which it knows the rules of a zone: it has none after 2037.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.compute as pc

_OFFSET = re.compile(r"([+-])(\d\d):(\d\d)", re.ASCII)
_PER_SECOND = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}
_EPOCH = datetime(1970, 1, 1)
_YEAR_2 = int((datetime(2, 1, 1) - _EPOCH).total_seconds())
_YEAR_9998 = int((datetime(9998, 1, 1) - _EPOCH).total_seconds())
_FOUR_CENTURIES = 146_097 * 86_400
"""After so many seconds the calendar is the same again, weekdays too."""
_ARROW_KNOWS = (0, int((datetime(2037, 1, 1) - _EPOCH).total_seconds()))


class AmbiguousTime(ValueError):
    """A local time that came twice, without what tells the one from the other."""


def instants(times: pa.Array, zone: str) -> pa.Array:
    """Return local times of one zone as instants in UTC; raises AmbiguousTime, or ValueError for an unknown zone."""
    target = pa.timestamp(times.type.unit, "UTC")
    if zone == "UTC" or times.null_count == len(times):
        return times.cast(target)
    if not _arrow_knows(times):
        return _reckoned(times, zone).cast(target)
    try:
        return pc.assume_timezone(times, zone).cast(target)
    except pa.ArrowInvalid:  # which of its errors it is, only its words tell
        return _reckoned(times, zone).cast(target)


def _arrow_knows(times: pa.Array) -> bool:
    per_second = _PER_SECOND[times.type.unit]
    counts = pc.min_max(times.cast(pa.int64()))
    first, last = (count * per_second for count in _ARROW_KNOWS)
    return bool(first < counts["min"].as_py() and counts["max"].as_py() < last)


def _reckoned(times: pa.Array, zone: str) -> pa.Array:
    per_second = _PER_SECOND[times.type.unit]
    place = _place(zone)
    counts = [
        count if count is None else count - _offset(place, count // per_second) * per_second
        for count in times.cast(pa.int64()).to_pylist()
    ]
    return pa.array(counts, pa.int64()).cast(times.type)


@lru_cache(maxsize=1024)
def _place(zone: str) -> tzinfo:
    offset = _OFFSET.fullmatch(zone)
    if offset:
        ahead = timedelta(hours=int(offset[2]), minutes=int(offset[3]))
        return timezone(-ahead if offset[1] == "-" else ahead)
    try:
        return UTC if zone in ("UTC", "Z") else ZoneInfo(zone)
    except (KeyError, OSError) as fault:  # the name may hold what is no name of a file
        raise ValueError("a time zone is not known") from fault


def _offset(place: tzinfo, local_second: int) -> int:
    """How many seconds a zone is ahead of UTC at a local time, counted as if it were UTC."""
    second = max(local_second, _YEAR_2)
    if second > _YEAR_9998:
        second -= ((second - _YEAR_9998) // _FOUR_CENTURIES + 1) * _FOUR_CENTURIES
    local = (_EPOCH + timedelta(seconds=second)).replace(tzinfo=place)
    first, second_time = local.utcoffset(), local.replace(fold=1).utcoffset()
    if first is None or second_time is None:
        raise ValueError("a time zone has no offset")
    if first > second_time:
        raise AmbiguousTime("a local time came twice")
    return int(first.total_seconds())
