"""What a client calls a time zone -> an IANA name or an offset, or nothing."""

from __future__ import annotations

import re
import zoneinfo
from functools import cache

_UTC = frozenset({"z", "ut", "utc", "uct", "zulu", "gmt", "greenwich", "universal"})
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?([0-5]\d))?", re.ASCII | re.IGNORECASE)
MOST_MINUTES = 14 * 60
_NOT_TRINOS = frozenset(
    {"America/Coyhaique", "EST", "Etc/Greenwich", "Etc/Zulu", "Factory", "HST", "MST", "ROC", "localtime", "posixrules"}
)
"""Names that Trino 476 does not know."""


def zone_of(value: str) -> str | None:
    """Say which zone is meant; Trino compares names without regard to capitals.

    >>> [zone_of(zone) for zone in ("america/los_angeles", "z", "GMT-8", "+0530", "Nowhere")]
    ['America/Los_Angeles', 'UTC', '-08:00', '+05:30', None]
    """
    said = value.strip().lower()
    if said in _UTC:
        return "UTC"
    offset = _OFFSET.fullmatch(said)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        return f"{offset[1]}{minutes // 60:02}:{minutes % 60:02}" if minutes <= MOST_MINUTES else None
    return _names().get(said)


@cache
def _names() -> dict[str, str]:
    return {name.lower(): name for name in zoneinfo.available_timezones() - _NOT_TRINOS}


def names() -> list[str]:
    """Every name that may be said."""
    return sorted(_names().values())
