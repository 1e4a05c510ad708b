"""Odd values of every type that a function may take, and the query that calls a function on all of them.

The types are those that SHOW FUNCTIONS names. A lambda argument becomes a lambda that cannot fail by itself.
"""

from __future__ import annotations

import re

OF_TYPE_PARAMETERS = [("bigint", "varchar"), ("varchar", "bigint"), ("double", "double"), ("array(bigint)", "date")]
"""What type parameters such as T and U stand for, in turn."""


def _whole(name: str, bits: int) -> list[str]:
    limits = (f"DECIMAL '{-(2 ** (bits - 1))}'", f"DECIMAL '{2 ** (bits - 1) - 1}'")
    return [f"CAST({value} AS {name})" for value in ("NULL", "0", "1", "-1", "2", "7", *limits)]


def _null(name: str) -> str:
    return f"CAST(NULL AS {name})"


def _cast(name: str, *values: str) -> list[str]:
    return [_null(name), *(f"CAST({value} AS {name})" for value in values)]


def _arrays(name: str, values: list[str]) -> list[str]:
    return [
        _null(f"array({name})"),
        f"CAST(ARRAY[] AS array({name}))",
        f"ARRAY[{_null(name)}]",
        f"ARRAY[{', '.join(values)}]",
        f"ARRAY[{values[1]}]",
        f"ARRAY[{values[2]}, {values[2]}, {_null(name)}, {values[1]}]",
    ]


def _maps(key: str, value: str, keys: tuple[str, str], values: tuple[str, str]) -> list[str]:
    return [
        _null(f"map({key},{value})"),
        f"CAST(map() AS map({key},{value}))",
        f"map(ARRAY[{keys[0]}], ARRAY[{_null(value)}])",
        f"map(ARRAY[{', '.join(keys)}], ARRAY[{', '.join(values)}])",
    ]


_SHAPES = [
    "POINT EMPTY", "POINT (1 2)", "POINT (1e300 -1e300)", "LINESTRING EMPTY", "LINESTRING (0 0, 1 1, 2 0)",
    "LINESTRING (0 0, 1 1, 0 1, 0 0)", "POLYGON EMPTY", "POLYGON ((0 0, 0 1, 1 1, 1 0, 0 0))",
    "POLYGON ((0 0, 1 1, 0 1, 1 0, 0 0))", "MULTIPOINT EMPTY", "MULTIPOINT (0 0, 1 1)",
    "MULTILINESTRING ((0 0, 1 1), (2 2, 3 3))", "MULTIPOLYGON (((0 0, 0 1, 1 1, 1 0, 0 0)))",
    "GEOMETRYCOLLECTION EMPTY", "GEOMETRYCOLLECTION (POINT (0 0), LINESTRING (0 0, 1 1))",
]  # fmt: skip

VALUES: dict[str, list[str]] = {
    "tinyint": _whole("tinyint", 8),
    "smallint": _whole("smallint", 16),
    "integer": _whole("integer", 32),
    "bigint": _whole("bigint", 64),
    "double": [
        *_cast("double", "0", "1", "-1", "2", "0.5", "7.25"), "-0e0", "nan()", "infinity()", "-infinity()",
        "1.7976931348623157E308", "-1.7976931348623157E308", "4.9E-324",
    ],
    "real": _cast("real", "0", "-1", "1.5", "nan()", "infinity()", "3.4028235E38", "1.4E-45"),
    "decimal": _cast("decimal(38,0)", "0", "DECIMAL '99999999999999999999999999999999999999'", "DECIMAL '-1'"),
    "boolean": _cast("boolean", "true", "false"),
    "varchar": [
        "''", "' '", "'abc'", "'Ünï 🚢 ß İ'", "U&'\\0000'", "'12'", "'-1'", "'1,2=3;a'", "'%41%zz'", "'[1, null]'",
        """'{"a": 1}'""", "'2024-02-29'", "rpad('', 3000, 'long')", _null("varchar"),
    ],
    "char": _cast("char(3)", "''", "'ab'", "'Ü🚢'"),
    "varbinary": [
        _null("varbinary"), "X''", "X'00'", "X'FF'", "X'C328'", "X'01020304'", "X'0102030405060708'", "to_utf8('Ü')",
    ],
    "date": _cast("date", "'1970-01-01'", "'2024-02-29'", "'0001-01-01'", "'9999-12-31'", "'-5877641-06-23'",
                  "'5881580-07-11'"),
    "time": _cast("time(3)", "'00:00:00.000'", "'23:59:59.999'"),
    "time with time zone": _cast("time(3) with time zone", "'00:00:00.000 +14:00'", "'23:59:59.999 -14:00'"),
    "timestamp": _cast(
        "timestamp(3)", "'1970-01-01 00:00:00'", "'2024-02-29 23:59:59.999'", "'0001-01-01 00:00:00'",
        "'9999-12-31 23:59:59.999'", "'-0044-03-15 00:00:00'", "'+73326-09-11 20:14:45.247'",
    ),
    "timestamp with time zone": [
        *_cast(
            "timestamp(3) with time zone", "'2024-03-10 02:30:00 UTC'", "'2024-11-03 01:30:00 America/Los_Angeles'",
            "'0001-01-01 00:00:00 +14:00'", "'9999-12-31 23:59:59.999 -14:00'",
        ),
        "from_unixtime(71589311999)",
    ],
    "interval day to second": [_null("interval day to second"), "INTERVAL '0' DAY", "INTERVAL '-3' HOUR",
                               "INTERVAL '106751991' DAY"],
    "interval year to month": [_null("interval year to month"), "INTERVAL '-3' MONTH", "INTERVAL '100000' YEAR"],
    "json": [_null("json"), *(f"JSON '{x}'" for x in ("null", "[]", "{}", '[1,null,"a"]', '"x"', "1e400"))],
    "ipaddress": _cast("ipaddress", "'10.0.0.1'", "'::1'"),
    "color": [_null("color"), "rgb(0, 0, 0)", "rgb(255, 255, 255)"],
    "geometry": [_null("geometry"), *(f"ST_GeometryFromText('{shape}')" for shape in _SHAPES)],
    "sphericalgeography": [
        f"to_spherical_geography(ST_GeometryFromText('{shape}'))" for shape in _SHAPES if "1e300" not in shape
    ],
    "bingtile": [_null("bingtile"), "bing_tile(0, 0, 1)", "bing_tile('123')"],
    "hyperloglog": [_null("hyperloglog"), "empty_approx_set()"],
    "unknown": ["NULL"],
    "map(bigint,varchar)": _maps("bigint", "varchar", ("0", "-1"), ("''", "'x'")),
    "map(varchar,bigint)": _maps("varchar", "bigint", ("''", "'a'"), ("0", "-1")),
    "map(varchar,double)": _maps("varchar", "double", ("''", "'a'"), ("0e0", "nan()")),
    "map(double,double)": _maps("double", "double", ("0e0", "nan()"), ("0e0", "nan()")),
    "map(array(bigint),date)": _maps("array(bigint)", "date", ("ARRAY[1]", "ARRAY[]"), ("current_date", "NULL")),
    "array(row(bigint,varchar))": [
        _null("array(row(bigint,varchar))"), "ARRAY[ROW(1, 'a'), ROW(2, NULL)]", "ARRAY[ROW(1, 'a'), ROW(1, 'b')]",
        "ARRAY[CAST(NULL AS row(bigint,varchar))]", "ARRAY[ROW(CAST(NULL AS bigint), 'x')]",
    ],
    "array(geometry)": [
        _null("array(geometry)"), "CAST(ARRAY[] AS array(geometry))", "ARRAY[ST_Point(0, 0), ST_Point(1, 1)]",
        "ARRAY[ST_GeometryFromText('POLYGON EMPTY')]",
    ],
}  # fmt: skip
"""SQL of odd values, by type."""

for _name in ("bigint", "double", "real", "varchar", "boolean", "date"):
    VALUES[f"array({_name})"] = _arrays(_name, VALUES[_name])
for _name in ("bigint", "double", "varchar", "array(bigint)", "date"):
    VALUES[f"array(array({_name}))"] = _arrays(f"array({_name})", VALUES[f"array({_name})"])

SKETCHES: dict[str, list[str]] = {
    "tdigest": ["tdigest_agg(x) FROM (VALUES 1e0, 2e0) t(x)", "tdigest_agg(x) FROM (VALUES CAST(NULL AS double)) t(x)"],
    "setdigest": ["make_set_digest(x) FROM (VALUES 1, 2) t(x)"],
    **{
        f"qdigest({name})": [
            f"qdigest_agg(x) FROM (VALUES CAST(1 AS {name}), CAST(5 AS {name})) t(x)",
            f"qdigest_agg(x) FROM (VALUES CAST(NULL AS {name})) t(x)",
        ]
        for name in ("bigint", "double", "real")
    },
}
"""Values that only an aggregate makes, each after the word SELECT, by type."""

_PLAIN = {
    "jsonpath": "varchar", "joniregexp": "varchar", "codepoints": "varchar", "timestamp(p)": "timestamp",
    "timestamp(p) with time zone": "timestamp with time zone", "time(p)": "time",
    "time(p) with time zone": "time with time zone",
}  # fmt: skip
_PARAMETER = re.compile(r"[a-z]\d?")


def split_types(text: str) -> list[str]:
    """Split the argument types of a function at the commas that stand outside brackets.

    >>> split_types("array(t), function(t,boolean)")
    ['array(t)', 'function(t,boolean)']
    """
    parts, depth = [""], 0
    for letter in text:
        depth += {"(": 1, ")": -1}.get(letter, 0)
        if letter == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += letter
    return [part.strip() for part in parts if part.strip()]


def _concrete(name: str, chosen: tuple[str, str]) -> str:
    low = name.lower()
    if _PARAMETER.fullmatch(low):
        return chosen[0] if low[0] in "tek" else chosen[1]
    if low in _PLAIN:
        return _PLAIN[low]
    inner = re.fullmatch(r"(array|map|row)\((.*)\)", low)
    if inner:
        return f"{inner[1]}({','.join(_concrete(part, chosen) for part in split_types(inner[2]))})"
    return re.sub(r"\((x|y|z|\d+|\w+,\w+)\)$", "", low) if low.startswith(("varchar", "char", "decimal")) else low


def _lambda(name: str) -> str:
    *taken, given = split_types(name.removeprefix("function(").removesuffix(")"))
    names = [f"p{position}" for position in range(len(taken))]
    body = {"boolean": "p0 IS NOT NULL", "integer": "0"}.get(given, "p1" if len(taken) == 3 else "p0")
    return f"({', '.join(names)}) -> {body}"


def _rows(name: str) -> str:
    made = [f"SELECT {each}" for each in SKETCHES.get(name, [])]
    written = VALUES.get(name, [])
    if written:
        made.append(f"SELECT * FROM (VALUES {', '.join(f'ROW({each})' for each in written)})")
    return " UNION ALL ".join(made)


def calls(name: str, kind: str, arguments: str) -> list[str]:
    """Queries of one number each that call the function on all odd values, one for each choice of types.

    Nothing comes of a type that has no odd values here.
    """
    made = (_call(name, kind, split_types(arguments), chosen) for chosen in OF_TYPE_PARAMETERS)
    return list(dict.fromkeys(query for query in made if query))


def _call(name: str, kind: str, wanted: list[str], chosen: tuple[str, str]) -> str | None:
    passed, sources = [], []
    for position, each in enumerate(wanted):
        if each.startswith("function("):
            passed.append(_lambda(each))
            continue
        rows = _rows(_concrete(each, chosen))
        if not rows:
            return None
        passed.append(f"a{position}")
        sources.append(f"({rows}) t{position}(a{position})")
    source = " FROM " + " CROSS JOIN ".join(sources) if sources else ""
    value = f"{name}({', '.join(passed)})"
    return (
        f"SELECT count(x) FROM (SELECT {value} x{source})" if kind == "aggregate" else f"SELECT count({value}){source}"
    )
