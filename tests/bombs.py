"""Texts made to hang, crash or fill whoever reads them, and large honest ones that must not be taken for them.

Every bomb ends in a refusal; which one is the reader's business. The honest texts read one published table of the real
catalog, as a program for business reports would write them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

TABLE = "port_status"
NUMBER = "vessels_at_anchor"
KEY = "day_local"


def _select(expression: str) -> str:
    return f"SELECT {expression} FROM {TABLE}"


def nested(opening: str, inner: str, closing: str, times: int) -> str:
    """`times` brackets of one kind inside each other."""
    return opening * times + inner + closing * times


def repeated(part: str, joint: str, times: int) -> str:
    """One part `times` over."""
    return joint.join([part] * times)


def doubling_ctes(levels: int, body: str = "SELECT a.x FROM {before} a CROSS JOIN {before} b") -> str:
    """CTEs that each read the one before twice."""
    steps = [f"c{n} AS ({body.format(before=f'c{n - 1}')})" for n in range(1, levels)]
    first = f"c0 AS (SELECT {NUMBER} AS x FROM {TABLE})"
    return f"WITH {', '.join([first, *steps])} SELECT count(*) FROM c{levels - 1}"


def _numbered(template: str, joint: str, times: int) -> str:
    return joint.join(template.format(n=n) for n in range(times))


def _nests() -> Iterator[tuple[str, str]]:
    """Words and brackets that open, many times over, and close or do not."""
    for name, opening, inner, closing in (
        ("array", "ARRAY[", "1", "]"),
        ("array word", "ARRAY(", "1", ")"),
        ("map", "MAP(ARRAY[1],ARRAY[", "1", "])"),
        ("row", "ROW(", "1", ")"),
        ("parenthesis", "(", "1", ")"),
        ("tuple", "(1, ", "1", ")"),
        ("case", "CASE WHEN true THEN ", "1", " ELSE 0 END"),
        ("case condition", "CASE WHEN ", "true", " THEN true ELSE false END"),
        ("function", "abs(", NUMBER, ")"),
        ("coalesce", f"coalesce({NUMBER}, ", "1", ")"),
        ("unknown function", "f(", "1", ")"),
        ("date", "date(", "current_date", ")"),
        ("int", "int(", "1", ")"),
        ("varchar", "varchar(", "'a'", ")"),
        ("decimal", "decimal(", "1", ")"),
        ("timestamp", "timestamp(", "1", ")"),
        ("struct", "struct(", "1", ")"),
        ("cast", "CAST(", "1", " AS bigint)"),
        ("try cast", "TRY_CAST(", "1", " AS bigint)"),
        ("try", "TRY(", "1", ")"),
        ("subscript", "a[", "1", "]"),
        ("brace", "{", "1", "}"),
        ("lambda", "transform(ARRAY[1], x -> ", "ARRAY[1]", ")"),
        ("bare lambda", "(x -> ", "1", ")"),
        ("interval", "INTERVAL (", "'1'", ") DAY"),
        ("extract", "extract(year FROM ", "current_date", ")"),
        ("trim", "trim(BOTH ' ' FROM ", "'a'", ")"),
        ("exists", "EXISTS (SELECT ", "1", ")"),
        ("in", "1 IN (", "1", ")"),
        ("between", "1 BETWEEN 0 AND (", "1", ")"),
        ("not", "NOT ", "true", ""),
        ("not bracket", "NOT (", "true", ")"),
        ("minus", "- ", NUMBER, ""),
        ("plus minus", "+-", NUMBER, ""),
        ("window", f"sum({NUMBER}) OVER (ORDER BY ", KEY, ")"),
        ("scalar subquery", "(SELECT ", "1", ")"),
        ("at time zone", "(", "current_timestamp", " AT TIME ZONE 'UTC')"),
        ("json path", "json_query(", "'{}'", ", 'lax $')"),
        ("grouping", "grouping(", KEY, ")"),
        ("comment", "/* ", "1", " */"),
    ):
        yield f"{name} nested 25 times", _select(nested(opening, inner, closing, 25) + " AS x, nothing_of_the_kind")
        yield f"{name} nested 3,000 times", _select(nested(opening, inner, closing, 3_000))
        yield f"{name} opened 3,000 times", _select(opening * 3_000)


def _types() -> Iterator[tuple[str, str]]:
    """Types inside types."""
    for name, opening, inner, closing in (
        ("array", "array(", "bigint", ")"),
        ("array in angles", "array<", "bigint", ">"),
        ("map", "map(bigint, ", "bigint", ")"),
        ("row", "row(a ", "bigint", ")"),
        ("decimal", "decimal(", "1", ")"),
        ("array suffix", "", "bigint", " array"),
        ("array brackets", "", "bigint", "[]"),
    ):
        yield f"cast to {name} of 3,000 levels", _select(f"CAST(NULL AS {nested(opening, inner, closing, 3_000)})")


def _chains() -> Iterator[tuple[str, str]]:
    """Long chains of one operator, and long lists."""
    for name, part, joint in (
        ("or", f"{NUMBER} = 1", " OR "),
        ("and", f"{NUMBER} = 1", " AND "),
        ("concatenation", "'a'", " || "),
        ("sum", NUMBER, " + "),
        ("quotient", "1", " / "),
        ("interval sum", "INTERVAL '1' DAY", " + "),
        ("at time zone", "current_timestamp", " AT TIME ZONE "),
        ("comparison", "1", " = "),
        ("arrow", "x", " -> "),
        ("cast suffix", "1", "::"),
        ("is null", "1", " IS NULL IS NOT "),
        ("like", "'a'", " LIKE "),
        ("between", "1", " BETWEEN 1 AND "),
        ("collate", "'a'", " COLLATE "),
    ):
        yield f"{name} chain of 100,000", _select(repeated(part, joint, 100_000))
        yield f"{name} chain of 20,000", _select(repeated(part, joint, 20_000))
    yield "in list of 100,000", _select(f"1 FROM x WHERE {NUMBER} IN ({_numbered('{n}', ',', 100_000)})")
    yield "in list of 100,000 strings", _select(f"{KEY} IN ({_numbered(chr(39) + 'k{n}' + chr(39), ',', 100_000)})")
    yield "concat of 50,000", _select(f"concat({repeated(chr(39) + 'a' + chr(39), ',', 50_000)})")
    yield "values of 50,000", f"SELECT * FROM (VALUES {repeated('(1)', ',', 50_000)}) v"
    yield "array of 100,000", _select(f"ARRAY[{repeated('1', ',', 100_000)}]")
    yield "case of 20,000 arms", _select(f"CASE {repeated('WHEN true THEN 1', ' ', 20_000)} END")
    yield "group by of 50,000", f"{_select('1')} GROUP BY {repeated('1', ',', 50_000)}"
    yield "grouping sets of 20,000", f"{_select('1')} GROUP BY GROUPING SETS ({repeated('(1)', ',', 20_000)})"
    yield "order by of 50,000", f"{_select('1')} ORDER BY {repeated('1', ',', 50_000)}"
    yield "casts of 20,000", _select(repeated("CAST(1 AS bigint)", ", ", 20_000))
    yield "windows of 10,000", _select(repeated(f"sum({NUMBER}) OVER (ORDER BY {KEY})", ", ", 10_000))
    yield (
        "named windows of 10,000",
        f"{_select('1')} WINDOW {_numbered('w{n} AS (ORDER BY ' + KEY + ')', ', ', 10_000)}",
    )
    yield "columns of 50,000", _select(_numbered(f"{NUMBER} AS c{{n}}", ", ", 50_000))
    yield "stars of 50,000", _select(repeated("*", ", ", 50_000))


def _queries() -> Iterator[tuple[str, str]]:
    """Queries inside, beside and before queries."""
    yield "subqueries 2,000 deep", nested("SELECT * FROM (", f"SELECT 1 FROM {TABLE}", ") q", 2_000)
    yield "subqueries 10,000 deep", nested("SELECT * FROM (", f"SELECT 1 FROM {TABLE}", ") q", 10_000)
    yield "bracketed queries 5,000 deep", nested("(", _select("1"), ")", 5_000)
    yield "set operations 3,000 deep to the right", nested(_select("1") + " UNION (", _select("1"), ")", 3_000)
    yield "set operations 3,000 deep to the left", nested("(", _select("1"), ") UNION SELECT 1", 3_000)
    yield "unions of 5,000", repeated(_select("1"), " UNION ALL ", 5_000)
    yield "intersections of 5,000", repeated(_select("1"), " INTERSECT ", 5_000)
    yield "ctes inside each other", nested("WITH a AS (", _select("1"), ") SELECT * FROM a", 2_000)
    yield "ctes of 20,000", f"WITH {_numbered('c{n} AS (SELECT 1 AS x)', ', ', 20_000)} SELECT * FROM c0"
    yield "doubling ctes of 30 levels", doubling_ctes(30)
    yield "doubling ctes of 1,000 levels", doubling_ctes(1_000)
    yield "doubling unions of 30 levels", doubling_ctes(30, "SELECT x FROM {before} UNION ALL SELECT x FROM {before}")
    yield (
        "doubling subqueries of 30 levels",
        doubling_ctes(30, "SELECT x FROM {before} WHERE x IN (SELECT x FROM {before})"),
    )
    yield "doubling columns of 30 levels", doubling_ctes(30, "SELECT *, * FROM {before}")
    yield "doubling columns of 14 levels", doubling_ctes(14, "SELECT *, *, *, * FROM {before}")
    yield "joins of 5,000", f"{_select('1')} a{_numbered(f' JOIN {TABLE} b{{n}} ON true', '', 5_000)}"
    yield "commas of 5,000", f"SELECT 1 FROM {_numbered(f'{TABLE} b{{n}}', ', ', 5_000)}"
    yield "brackets around joins", f"SELECT 1 FROM {nested('(', TABLE, ')', 3_000)}"
    yield "joins to the right", f"SELECT 1 FROM {nested(f'({TABLE} JOIN ', TABLE, ' ON true)', 2_000)}"
    yield "laterals of 1,000", f"{_select('1')} a{_numbered(', LATERAL (SELECT 1) l{n}', '', 1_000)}"
    yield "unnests of 5,000", f"{_select('1')} a{_numbered(' CROSS JOIN UNNEST(ARRAY[1]) u{n}(x)', '', 5_000)}"
    yield "exists inside each other", _select(nested("EXISTS (SELECT 1 WHERE ", "true", ")", 2_000))


def _letters() -> Iterator[tuple[str, str]]:
    """Long words, long numbers, odd letters, and what never ends."""
    yield "a number of a million digits", _select("1" * 1_000_000)
    yield "a number of 90,000 digits", _select("1" * 90_000)
    yield "a decimal of 90,000 digits", _select("1." + "1" * 90_000 + "E5")
    yield "an exponent of 90,000 digits", _select("1E" + "9" * 90_000)
    yield "a string of a million letters", _select(f"'{'a' * 1_000_000}'")
    yield "a string of quotes", _select(f"'{chr(39) * 90_000}")
    yield "a name of 90,000 letters", _select("a" * 90_000)
    yield "a quoted name of 90,000 letters", _select(f'"{"a" * 90_000}"')
    yield "a name of 10,000 parts", _select(repeated("a", ".", 10_000))
    yield "a table of 10,000 parts", f"SELECT 1 FROM {repeated('a', '.', 10_000)}"
    yield "a star of 10,000 parts", f"SELECT {repeated('a', '.', 10_000)}.* FROM {TABLE}"
    yield "a string without end", _select("'" + "a" * 50_000)
    yield "a name without end", _select('"' + "a" * 50_000)
    yield "a comment without end", _select("1 /* " + "a" * 50_000)
    yield "comments without end", _select("1 " + "/*" * 40_000)
    yield "comments of 40,000 lines", "-- a\n" * 40_000 + "SELECT nothing_of_the_kind"
    yield "comments between all words", repeated("/**/", " SELECT /**/ ", 10_000)
    yield "semicolons of 90,000", ";" * 90_000
    yield "semicolons after a statement", _select("nothing_of_the_kind") + ";" * 90_000
    yield "statements of 10,000", "SELECT 1;" * 10_000
    yield "blanks of 90,000", " " * 90_000
    yield "blanks in the middle", _select(" " * 900_000 + "nothing_of_the_kind")
    yield "line ends in the middle", _select("\n" * 900_000 + "nothing_of_the_kind")
    yield "nothing", ""
    yield "zero bytes", _select("\0" * 50_000)
    yield "no-break spaces", _select("\u00a0" * 40_000 + "nothing_of_the_kind")
    yield "marks of direction", _select("\u202e" * 30_000)
    yield "combining marks", _select("a" + "\u0301" * 40_000)
    yield "zero-width joiners", _select("a\u200d" * 20_000)
    yield "letters outside the first plane", _select("\U0001f6a2" * 20_000)
    yield "full-width digits", _select("\uff11" * 20_000)
    yield "an unpaired surrogate", _select("'\ud800'")
    yield "byte order marks", "\ufeff" * 30_000 + "SELECT 1"
    yield "unicode escapes", _select("U&'" + "\\+01F6A2" * 10_000 + "'")
    yield "hexadecimal", _select("X'" + "0" * 90_001 + "'")
    yield "parameters of 40,000", _select(repeated("?", ", ", 40_000))
    yield "named parameters", _select(repeated(":a", ", ", 30_000))
    yield "at signs", _select("@" * 50_000)
    yield "dollars", _select("$" * 50_000)
    yield "backticks", _select("`" * 50_001)
    yield "a json path", _select(f"json_value('{{}}', 'lax ${'.a' * 40_000}') AS x, nothing_of_the_kind")
    yield "a regular expression", _select(f"regexp_like('a', '{'(a*)*' * 15_000}') AS x, nothing_of_the_kind")
    yield "select after select", "SELECT " * 15_000
    yield "with after with", "WITH " * 15_000
    yield "case after case", _select("CASE " * 15_000)
    yield "from after from", _select("1 FROM " * 15_000)
    yield "commas", _select("," * 90_000)
    yield "dots", _select("." * 90_000)
    yield "stars", _select("* " * 40_000)
    yield "arrows", _select("-> " * 30_000)
    yield "not a query 10,000 times", "EXPLAIN " * 10_000 + "SELECT 1"


_FAMILIES: tuple[Callable[[], Iterator[tuple[str, str]]], ...] = (_nests, _types, _chains, _queries, _letters)

BOMBS: dict[str, str] = {name: text for family in _FAMILIES for name, text in family()}
"""Name -> text; each must be refused, and soon."""


ONE_PORTS = "oakland.freight.port_status"
"""One port's share of the table: Trino bounds how many tables one plan may read, and five of each are many."""


def _joins(count: int) -> str:
    joined = _numbered(f" LEFT JOIN {ONE_PORTS} t{{n}} ON a.{KEY} = t{{n}}.{KEY}", "", count)
    return f"SELECT count(*) AS found FROM {ONE_PORTS} a{joined}"


def _ctes(count: int) -> str:
    steps = _numbered(
        f"c{{n}} AS (SELECT {KEY}, {NUMBER} + {{n}} AS x FROM {TABLE} WHERE {NUMBER} > {{n}})", ", ", count
    )
    return f"WITH {steps} SELECT count(*) AS found FROM c0 JOIN c{count - 1} ON c0.{KEY} = c{count - 1}.{KEY}"


HONEST: dict[str, str] = {
    "300 nested parentheses": _select(nested("(", NUMBER, ")", 300) + " AS x"),
    "an IN list of 10,000 numbers": _select("count(*)") + f" WHERE {NUMBER} IN ({_numbered('{n}', ', ', 10_000)})",
    "an IN list of 10,000 strings": (
        _select("count(*)") + f" WHERE port_unlocode IN ({_numbered(chr(39) + 'US{n:05}' + chr(39), ', ', 10_000)})"
    ),
    "60 joins": _joins(60),
    "200 CTEs": _ctes(200),
    "500 columns": _select(_numbered(f"{NUMBER} + {{n}} AS c{{n}}", ", ", 500)),
    "a filter of 200 alternatives": _select("count(*)")
    + f" WHERE {_numbered(f'({NUMBER} = {{n}} AND yard_utilization_pct > {{n}})', ' OR ', 200)}",
    "a CASE of 200 arms": _select(f"CASE {_numbered(f'WHEN {NUMBER} = {{n}} THEN {{n}}', ' ', 200)} ELSE 0 END AS x"),
    "20 nested subqueries": nested("SELECT x FROM (", _select(f"{NUMBER} AS x"), ") q", 20),
    "a union of 100": repeated(f"SELECT {NUMBER} AS x FROM {ONE_PORTS}", " UNION ALL ", 100),
}
"""Name -> text; each is a query that reports and their programs really send, and works."""
