"""A Trino type -> how many bytes a value of it takes, as DESCRIBE OUTPUT says it; 0 where that is not fixed."""

from __future__ import annotations

import re

_FIXED = {
    "boolean": 1, "tinyint": 1, "smallint": 2, "integer": 4, "bigint": 8, "real": 4, "double": 8, "date": 4,
    "uuid": 16, "ipaddress": 16, "interval day to second": 8, "interval year to month": 4, "unknown": 1,
}  # fmt: skip
_SHORT = {"decimal": 18, "timestamp": 6, "timestamp with time zone": 3, "time with time zone": 9}
"""Up to which precision a value takes 8 bytes."""
_LONG = {"decimal": 16, "timestamp": 12, "timestamp with time zone": 12, "time with time zone": 12}
_TYPE = re.compile(r"([a-z ]+?)(?:\((\d+)(?:,\s*\d+)?\))?( with time zone)?")


def size_of(type_: str) -> int:
    """Say how many bytes a value takes.

    >>> [size_of(each) for each in ("bigint", "varchar(3)", "decimal(38,0)", "timestamp(3) with time zone")]
    [8, 0, 16, 8]
    """
    found = _TYPE.fullmatch(type_)
    name = f"{found[1]}{found[3] or ''}" if found else ""
    if found and name in _SHORT:
        return 8 if int(found[2] or 3) <= _SHORT[name] else _LONG[name]
    return 8 if name == "time" else _FIXED.get(name, 0)
