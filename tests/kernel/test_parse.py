"""What `parse` lets through, and what it refuses by name."""

from __future__ import annotations

import pytest

from gateway.errors import NotAllowed, NotParsed, Refused
from gateway.kernel.allowed import DIALECT, emit
from gateway.kernel.parse import MAX_DEPTH, parse

REFUSED = [
    ("DROP TABLE x", "DROP"),
    ("INSERT INTO t SELECT 1", "INSERT"),
    ("EXPLAIN SELECT 1", "EXPLAIN"),
    ("SHOW TABLES", "SHOW"),
    ("CALL system.runtime.kill_query('x')", "CALL"),
    ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE"),
    ("SET SESSION a = 1", "SET"),
    ("VALUES 1", "VALUES"),
    ("TABLE t", "TABLE"),
    ("SELECT 1; SELECT 2", "more than one statement"),
    ("SELECT * FROM TABLE(a.system.query(query => 'x'))", "table functions"),
    ("SELECT * FROM TABLE(exclude_columns(input => TABLE(a.b.c), columns => DESCRIPTOR(x)))", "table functions"),
    ("SELECT * FROM t FOR VERSION AS OF 3", "version"),
    ("SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'", "version"),
    ('SELECT * FROM "t$files"', "hidden tables"),
    ('SELECT * FROM "t@1"', "hidden tables"),
    ('SELECT "$path" FROM t', "hidden columns"),
    ("SELECT * FROM t TABLESAMPLE BERNOULLI (10)", "sample"),
    ("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) m", "is not open"),
    ("WITH RECURSIVE t(n) AS (SELECT 1) SELECT * FROM t", "RECURSIVE"),
    ("SELECT * FROM (a JOIN b ON true)", "joins"),
    ("SELECT * FROM t NATURAL JOIN u", "form of JOIN"),
    ("SELECT * EXCEPT (a) FROM t", "EXCEPT"),
    ("SELECT * REPLACE (1 AS a) FROM t", "REPLACE"),
    ("SELECT DISTINCT ON (a) b FROM t", "DISTINCT"),
    ("SELECT count(DISTINCT a, b) FROM t", "DISTINCT"),
    ("SELECT a FROM t GROUP BY ALL", "GROUP BY"),
    ("SELECT foo(1)", "the function foo"),
    ("SELECT random()", "the function rand"),
    ("SELECT random(1, 2)", "the function rand"),
    ("SELECT uuid()", "the function uuid"),
    ("SELECT current_user", "is not open"),
    ("SELECT a.b.c.d.e FROM t", "DOT"),
    ("SELECT a[1] FROM t", "[ is not open"),
    ("SELECT {d '2020-01-01'}", "{ is not open"),
    ("SELECT ARRAY[1]", "is not open"),
    ("SELECT ROW(1, 2)", "ROW is not open"),
    ("SELECT CAST(a AS ARRAY(bigint))", "ARRAY is not open"),
    ("SELECT transform(a, x -> x + 1) FROM t", "is not open"),
    ("SELECT * FROM UNNEST(ARRAY[1]) u(x)", "is not open"),
    ("SELECT ?", "PLACEHOLDER"),
    # what sqlglot would change in silence (measured on Trino 476)
    ("SELECT DECIMAL '1.25'", "decimal without a length"),
    ("SELECT CHAR 'abc'", "char without a length"),
    ("SELECT 1_000_000", "not plain"),
    ("SELECT 0b11", "not plain"),
    ("SELECT 0o17", "not plain"),
    ("SELECT 0x1F", "is not open"),
    ("SELECT X'1F'", "is not open"),
    ("SELECT listagg(v, ',') WITHIN GROUP (ORDER BY v) FROM t", "is not open"),
    ("SELECT current_timestamp(9)", "precision"),
    ("SELECT log10(2)", "the function log"),  # becomes log(10, 2), another number in its last place
    ("SELECT TIME '01:00:00' AT TIME ZONE 'UTC'", "TIME"),
    ("SELECT U&'\\0041'", "is not open"),
    ("SELECT a FROM t UNION CORRESPONDING SELECT a FROM u", ""),
]


@pytest.mark.parametrize(("sql", "said"), REFUSED, ids=[sql[:50] for sql, _ in REFUSED])
def test_what_is_not_on_the_list_is_refused_by_name(sql: str, said: str) -> None:
    with pytest.raises(Refused) as refused:
        parse(sql)

    assert isinstance(refused.value, (NotAllowed, NotParsed))
    assert said in str(refused.value)
    assert refused.value.hint


PASSES = [
    "SELECT 1",
    "SELECT a, count(*) FROM t WHERE b > 1 GROUP BY a HAVING count(*) > 2 ORDER BY a NULLS FIRST LIMIT 3",
    "SELECT a FROM t GROUP BY GROUPING SETS ((a), ())",
    "SELECT a FROM t GROUP BY ROLLUP (a, b)",
    "WITH a AS (SELECT 1 AS x), b AS (SELECT x FROM a) SELECT * FROM b",
    "SELECT a FROM t UNION ALL SELECT a FROM u EXCEPT SELECT a FROM v",
    "SELECT x FROM t WHERE EXISTS (SELECT 1 FROM u WHERE u.y = t.y) AND x IN (SELECT z FROM v) AND x = ANY (SELECT 1)",
    "SELECT sum(x) OVER (PARTITION BY a ORDER BY b ROWS BETWEEN 3 PRECEDING AND CURRENT ROW) FROM t",
    "SELECT lag(x, 2, 0) OVER (ORDER BY b), sum(x) FILTER (WHERE x > 1) FROM t",
    "SELECT CAST(a AS decimal(10, 2)), TRY_CAST(b AS integer), TRY(a / b), 1e0, .5, -3 FROM t",
    "SELECT CASE WHEN a THEN 1 ELSE 2 END, coalesce(a, b), nullif(a, b), if(a, 1, 2) FROM t",
    "SELECT date_trunc('week', a), date_diff('hour', a, b), a + INTERVAL '5' DAY FROM t",
    "SELECT extract(hour FROM a AT TIME ZONE 'America/Los_Angeles'), DATE '2025-01-01' FROM t",
    "SELECT a FROM t OFFSET 3 ROWS FETCH FIRST 2 ROWS WITH TIES",
    "SELECT a IS DISTINCT FROM b, a LIKE 'x%' ESCAPE '!', a NOT IN (1, 2) FROM t",
    "SELECT approx_percentile(a, 0.9), approx_distinct(b), max_by(a, b) FROM t",
]


@pytest.mark.parametrize("sql", PASSES)
def test_what_is_on_the_list_is_read_and_written_to_a_fixpoint(sql: str) -> None:
    once = emit(parse(sql).tree)

    again = DIALECT.parse(once)[0]
    assert again is not None
    assert emit(again) == once


BOMBS = [
    "DATE(",
    "INT(",
    "VARCHAR(",
    "UNION(",
    "JSON(",
    "DOUBLE PRECISION(",
    "ARRAY[",
    "ROW(",
    "MAP(ARRAY[1],ARRAY[",
    "STRUCT(",
    "CASE WHEN ",
    "(SELECT ",
    "abs(",
    "CAST(",
    "x -> ",
    "NOT ",
]


@pytest.mark.parametrize("bomb", BOMBS)
@pytest.mark.timeout(20)
def test_short_texts_that_keep_a_parser_busy_for_hours_are_refused_before_it_sees_them(bomb: str) -> None:
    for depth in (14, 30, 59, 5_000):
        with pytest.raises(Refused):
            parse("SELECT " + bomb * depth)


def test_types_and_sets_may_be_nested_as_people_do() -> None:
    parse("SELECT date(CAST(CAST(coalesce(a, 'x') AS varchar(10)) AS date)) FROM t")
    parse("SELECT 1 UNION (SELECT 2 UNION (SELECT 3 UNION (SELECT 4)))")


def test_a_trailing_semicolon_is_taken_kindly() -> None:
    assert emit(parse("SELECT 1 ;").tree) == "SELECT 1"


def test_comments_and_hints_do_not_leave() -> None:
    assert emit(parse("SELECT /*+ x */ 1 -- nosy\n").tree) == "SELECT 1"


def test_a_refusal_points_into_the_text() -> None:
    with pytest.raises(NotAllowed) as refused:
        parse("SELECT 1,\n  foo(2)")

    assert (refused.value.line, refused.value.column) == (2, 3)


@pytest.mark.parametrize(
    "sql",
    ["", " ;; ", "SELECT 'abc", "SELECT a FROM", "SELECT " + "(" * (MAX_DEPTH + 1), "SELECT " + "1," * 60_000 + "1"],
    ids=["empty", "semicolons", "open quote", "half", "deep", "long"],
)
def test_text_that_no_parser_should_see_is_refused(sql: str) -> None:
    with pytest.raises(NotParsed):
        parse(sql)
