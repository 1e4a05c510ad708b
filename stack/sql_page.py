"""The kernel's own tables -> docs/sql.md: what SQL is open, what is refused, with which code and in which words."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.errors import Refused
from gateway.kernel import parse as limits
from gateway.kernel.allowed import EXTRACT_FIELDS
from gateway.kernel.functions import TABLE, Function, read
from gateway.kernel.parse import parse
from gateway.kernel.words import LITERAL_TYPES, TYPE_NAMES
from stack.layout import CHECKOUT

PAGE = CHECKOUT / "docs" / "sql.md"

OPEN: dict[str, tuple[str, ...]] = {
    "Reading": (
        "SELECT DISTINCT port_unlocode FROM vessel_calls WHERE vessel_name LIKE 'EVER%' ORDER BY 1 LIMIT 10",
        "TABLE port_status",
        "VALUES (1, 'a'), (2, 'b')",
        "SELECT * FROM (VALUES (1, 'a')) AS v (number, letter)",
        "SELECT * FROM vessel_calls AS c (port, call)",
        "SELECT * FROM vessel_calls TABLESAMPLE BERNOULLI (10)",
        "SELECT * FROM TABLE(sequence(start => 1, stop => 12)) AS months (month)",
        "SELECT a FROM t ORDER BY a DESC NULLS LAST OFFSET 5 ROWS FETCH FIRST 3 ROWS WITH TIES",
    ),
    "Joining": (
        "SELECT 1 FROM a JOIN b ON a.x = b.x LEFT JOIN c USING (y) FULL JOIN d ON true CROSS JOIN e",
        "SELECT 1 FROM (a JOIN (b CROSS JOIN c) ON a.x = b.x) RIGHT JOIN d USING (x)",
        "SELECT t.a, u.item, u.place FROM t CROSS JOIN UNNEST(t.items) WITH ORDINALITY AS u (item, place)",
        "SELECT t.a, l.twice FROM t, LATERAL (SELECT 2 * t.a AS twice) AS l",
    ),
    "Queries in queries": (
        "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b",
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n",
        "SELECT a FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.a = t.a) AND b IN (SELECT b FROM v)",
        "SELECT a > ALL (SELECT b FROM u), a = ANY (VALUES 1, 2), (SELECT max(b) FROM u) FROM t",
        "(SELECT a FROM t UNION ALL SELECT a FROM u) EXCEPT SELECT a FROM v INTERSECT SELECT a FROM w",
    ),
    "Grouping and windows": (
        "SELECT a, b, count(*), grouping(a, b) FROM t GROUP BY GROUPING SETS ((a), (b), ()) HAVING count(*) > 3",
        "SELECT a, sum(b) FILTER (WHERE c > 0), count(DISTINCT d) FROM t GROUP BY ROLLUP (a), CUBE (e, f)",
        "SELECT sum(b) OVER (PARTITION BY a ORDER BY d ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) FROM t",
        "SELECT lag(b) IGNORE NULLS OVER w, rank() OVER w FROM t WINDOW w AS (PARTITION BY a ORDER BY d)",
        "SELECT listagg(a, ', ') WITHIN GROUP (ORDER BY a), array_agg(a ORDER BY b DESC) FROM t",
    ),
    "Values": (
        "SELECT CAST(a AS decimal(10, 2)), TRY_CAST(b AS date), TRY(c / d), coalesce(e, nullif(f, 0)) FROM t",
        "SELECT CASE a WHEN 1 THEN 'x' ELSE 'y' END, if(b > 1, 2, 3), a BETWEEN 1 AND 2, a IS DISTINCT FROM b FROM t",
        "SELECT d AT TIME ZONE 'America/Los_Angeles', d + INTERVAL '5' DAY, extract(hour FROM d) FROM t",
        "SELECT DATE '2026-11-22', DECIMAL '1.25', 1_000_000, 0xFF, X'CAFE', 1e-3",
        "SELECT ARRAY[1, 2][1], m['key'], ROW(1, 'a'), CAST(ROW(1) AS ROW(x bigint)).x FROM t",
        "SELECT transform(a, x -> x + 1), filter(a, x -> x > 0), reduce(a, 0, (s, x) -> s + x, s -> s) FROM t",
        "SELECT current_user, current_catalog, current_schema, version()",
        "SELECT json_value(j, 'lax $.a'), json_query(j, 'lax $.b'), json_object('k': a), json_extract(j, '$.c') FROM t",
    ),
}  # fmt: skip
"""What works, by example; a test sends each through the parser."""

CLOSED: tuple[str, ...] = (
    "INSERT INTO t SELECT 1",
    "EXPLAIN SELECT 1",
    "SHOW STATS FOR t",
    "PREPARE p FROM SELECT 1",
    "SET SESSION a = 1",
    "CALL system.runtime.kill_query('x')",
    "SELECT 1; SELECT 2",
    "WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT f()",
    "SELECT * FROM TABLE(oakland.system.query(query => 'SELECT 1'))",
    "SELECT * FROM TABLE(exclude_columns(input => TABLE(t), columns => DESCRIPTOR(a)))",
    'SELECT * FROM "t$files"',
    'SELECT "$path" FROM t',
    "SELECT * FROM t FOR VERSION AS OF 3",
    "SELECT * FROM t NATURAL JOIN u",
    "SELECT * FROM t JOIN u",
    "SELECT system.builtin.count(1)",
    "SELECT fail('x')",
    "SELECT current_path",
    "SELECT a > b IS NULL FROM t",
    "SELECT +a FROM t",
    "SELECT CAST(a AS text) FROM t",
    "SELECT a::bigint FROM t",
    "SELECT ?",
    "SELECT U&'\\0041'",
    "SELECT INTERVAL '1' WEEK",
    "SELECT transform(a, x -> (SELECT 1)) FROM t",
    "SELECT foo(1)",
)
"""What is refused, by example; the page shows what the gateway says of each."""

SAID = {"fallible": "can fail", "told": "told", "refused": "refused"}
"""A verdict on a function -> its word on the page."""
CODES = {
    "not_parsed": "the text is not one statement of Trino's SQL, or it is too long, too deep or too slow to read",
    "not_allowed": "a statement, function or clause that is not open",
    "unresolved": "a name that is not there, or that no agreement lets you read: the two look the same",
    "denied": "no agreement gives you a published table or column, in the ports' own words",
    "query_failed": "Trino failed the query on what you wrote; of data, the text says only that a value was the cause",
}


def page() -> str:
    """Write the whole page."""
    return "\n".join([*_top(), *_open(), *_closed(), *_functions()]) + "\n"


def _top() -> Iterator[str]:
    yield "# SQL: what is open, and what is refused"
    yield ""
    yield "<!-- written by `make docs` from the gateway's own tables; change those, not this page -->"
    yield ""
    yield "You write Trino's SQL. The gateway reads it, binds each name to what the agreements let you see, and sends"
    yield "Trino a text of its own. What it does not know is refused, never passed on; a refusal says where, why and"
    yield "what to write instead."
    yield ""
    yield "| code | what it means |"
    yield "| --- | --- |"
    yield from (f"| `{code}` | {meaning} |" for code, meaning in CODES.items())
    yield ""
    yield f"Limits: {limits.MAX_BYTES:,} bytes, {limits.MAX_TOKENS:,} words, {limits.MAX_DEPTH} brackets open at once,"
    yield f"{limits.MAX_LISTED:,} values in one list, {limits.MAX_JOINS} joins, {limits.MAX_QUERIES} queries in one"
    yield "statement, 2 seconds to read it."
    yield ""


def _open() -> Iterator[str]:
    yield "## What works"
    yield ""
    for title, examples in OPEN.items():
        yield from [f"### {title}", "", "```sql", *(f"{example};" for example in examples), "```", ""]
    yield f"Types in a `CAST`: {_list(TYPE_NAMES)}, with lengths, precisions, time zones, elements and fields."
    yield f"Types before a text: {_list(LITERAL_TYPES)}. Fields of `extract`: {_list(EXTRACT_FIELDS)}."
    yield ""


def _closed() -> Iterator[str]:
    yield "## What is refused, and what to write instead"
    yield ""
    yield "This is of queries. What explains, lists or changes a session is no query:"
    yield "[the page for analysts](analysts.md) says who may send `EXPLAIN`, `SHOW`, `PREPARE` and the like."
    yield ""
    yield "| you write | code | the gateway says |"
    yield "| --- | --- | --- |"
    for sql in CLOSED:
        error = _refusal(sql)
        yield f"| `{_cell(sql)}` | `{error.code}` | {_cell(f'{error.message}: {error.hint}')} |"
    yield ""
    yield "Several Trino clients add a semicolon; one at the end is taken kindly. Comments are dropped."
    yield ""


def _refusal(sql: str) -> Refused:
    try:
        parse(sql)
    except Refused as error:
        return error
    raise ValueError(f"this is not refused: {sql}")


def _functions() -> Iterator[str]:
    yield "## Functions"
    yield ""
    yield "All of Trino 476's, in three groups: *open*; *open, but can fail on data*, with what they fail on (guard"
    yield "them with `try(…)`, `try_cast` or `nullif`); and *refused*, with the reason."
    yield ""
    heading = ""
    for line in TABLE.splitlines():
        if line.startswith("# --- "):
            heading = line.removeprefix("# --- ")
            group = list(_group(heading))
            yield from [f"### {heading[0].upper()}{heading[1:]}", "", *_lists(group), ""]


def _group(heading: str) -> tuple[Function, ...]:
    after = TABLE.split(f"# --- {heading}\n", 1)[1]
    return read(after.split("# --- ", 1)[0])


def _lists(group: list[Function]) -> Iterator[str]:
    free = [f"`{f.name}`" for f in group if f.verdict == "allowed"]
    if free:
        yield "Open: " + " ".join(free)
    noted = [f for f in group if f.verdict != "allowed"]
    if free and noted:
        yield ""
    if noted:
        yield "| function | | |"
        yield "| --- | --- | --- |"
    for function in noted:
        yield f"| `{function.name}` | {SAID[function.verdict]} | {_cell(function.note)} |"


def _list(words: frozenset[str]) -> str:
    return ", ".join(f"`{word.lower()}`" for word in sorted(words))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def main(arguments: list[str], file: Path = PAGE) -> int:
    """Write the page, or with `--check` say whether it is as it should be."""
    if arguments == ["--check"]:
        return 0 if file.read_text() == page() else 1
    file.write_text(page())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
