"""A Trino type's name -> what `system.jdbc` says of it, as Trino does: JDBC's number for it, sizes, digits, radix."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

LONGEST = 2_147_483_647
_OTHER = 2000
_CODES = {
    "boolean": 16, "tinyint": -6, "smallint": 5, "integer": 4, "bigint": -5, "real": 7, "double": 8, "decimal": 3,
    "varchar": 12, "char": 1, "varbinary": -3, "date": 91, "time": 92, "time with time zone": 2013, "timestamp": 93,
    "timestamp with time zone": 2014, "array": 2003,
}  # fmt: skip
"""`java.sql.Types`; everything else is OTHER, called JAVA_OBJECT there."""
_SIZES = {"tinyint": 3, "smallint": 5, "integer": 10, "bigint": 19, "real": 24, "double": 53, "date": 14}
_TIMES = {"time": 8, "time with time zone": 14, "timestamp": 21, "timestamp with time zone": 55}
"""How many characters one may take without a fraction of a second."""
_RADIX = {"tinyint": 10, "smallint": 10, "integer": 10, "bigint": 10, "decimal": 10, "real": 2, "double": 2}
_PARTS = re.compile(r"([a-z][a-z ]*?)(?:\((\d+)(?:, ?(\d+))?\))?( with time zone)?")


@dataclass(frozen=True, slots=True)
class JdbcType:
    """What JDBC wants to know of a type; None where it does not apply."""

    code: int
    size: int | None
    digits: int | None
    radix: int | None
    octets: int | None


@lru_cache(maxsize=1024)
def jdbc_type(name: str) -> JdbcType:
    """Say what Trino 476 tells JDBC of a type.

    >>> jdbc_type("decimal(10,2)")
    JdbcType(code=3, size=10, digits=2, radix=10, octets=None)
    >>> jdbc_type("timestamp(3)").size, jdbc_type("array(varchar)").code, jdbc_type("row(x bigint)").code
    (25, 2003, 2000)
    """
    if name.startswith("array("):
        return JdbcType(_CODES["array"], None, None, None, None)
    found = _PARTS.fullmatch(name)
    if not found:
        return JdbcType(_OTHER, None, None, None, None)
    family = found[1] + (found[4] or "")
    first = None if found[2] is None else int(found[2])
    size, digits = _measured(family, first, int(found[3] or 0))
    octets = size if family in ("varchar", "char", "varbinary") else None
    return JdbcType(_CODES.get(family, _OTHER), size, digits, _RADIX.get(family), octets)


def _measured(family: str, first: int | None, second: int) -> tuple[int | None, int | None]:
    """The size and the digits of a type, from the numbers in its brackets."""
    if family in _TIMES:
        precision = 3 if first is None else first
        return _TIMES[family] + (precision + 1 if precision else 0), precision
    if family == "decimal":
        return (38 if first is None else first), second
    if family in ("varchar", "varbinary"):
        return (LONGEST if first is None else first), None
    if family == "char":
        return (1 if first is None else first), None
    return _SIZES.get(family), None


TYPES = (
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "varbinary", "date", "json", "uuid",
    "ipaddress", "interval day to second", "interval year to month", "unknown",
)  # fmt: skip
"""Types without numbers in their names; Trino says of them what it says of columns."""
FAMILIES = ("array", "char", "decimal", "map", "row", "time", "time with time zone", "timestamp",
            "timestamp with time zone", "varchar")  # fmt: skip
"""Types that have a number or another type in their names, of which Trino says next to nothing."""
