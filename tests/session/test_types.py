"""Types are told to JDBC as a Trino 476 told them: each line was read from its `system.jdbc.columns`."""

from __future__ import annotations

import pytest

from gateway.session.types import LONGEST, JdbcType, jdbc_type


@pytest.mark.parametrize(
    ("name", "code", "size", "digits", "radix", "octets"),
    [
        ("boolean", 16, None, None, None, None),
        ("tinyint", -6, 3, None, 10, None),
        ("smallint", 5, 5, None, 10, None),
        ("integer", 4, 10, None, 10, None),
        ("bigint", -5, 19, None, 10, None),
        ("real", 7, 24, None, 2, None),
        ("double", 8, 53, None, 2, None),
        ("decimal(38,0)", 3, 38, 0, 10, None),
        ("decimal(10,2)", 3, 10, 2, 10, None),
        ("varchar", 12, LONGEST, None, None, LONGEST),
        ("varchar(20)", 12, 20, None, None, 20),
        ("char(5)", 1, 5, None, None, 5),
        ("varbinary", -3, LONGEST, None, None, LONGEST),
        ("date", 91, 14, None, None, None),
        ("time(3)", 92, 12, 3, None, None),
        ("time(6) with time zone", 2013, 21, 6, None, None),
        ("timestamp(3)", 93, 25, 3, None, None),
        ("timestamp(0)", 93, 21, 0, None, None),
        ("timestamp(6) with time zone", 2014, 62, 6, None, None),
        ("array(varchar)", 2003, None, None, None, None),
        ("map(varchar, bigint)", 2000, None, None, None, None),
        ("row(x bigint, y varchar(3))", 2000, None, None, None, None),
        ("json", 2000, None, None, None, None),
        ("uuid", 2000, None, None, None, None),
        ("interval day to second", 2000, None, None, None, None),
    ],
)
def test_a_type_has_trinos_code_and_measures(
    name: str, code: int, size: int | None, digits: int | None, radix: int | None, octets: int | None
) -> None:
    assert jdbc_type(name) == JdbcType(code, size, digits, radix, octets)
