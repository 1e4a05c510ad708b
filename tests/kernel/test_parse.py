"""What `parse` lets through, and what it refuses by name."""

from __future__ import annotations

import pytest

from gateway.errors import NotAllowed, NotParsed, Refused
from gateway.kernel.dialect import emit, read_text
from gateway.kernel.parse import MAX_DEPTH, parse

REFUSED = [
    ("DROP TABLE x", "DROP"),
    ("INSERT INTO t SELECT 1", "INSERT"),
    ("EXPLAIN SELECT 1", "EXPLAIN"),
    ("SHOW TABLES", "SHOW"),
    ("SHOW STATS FOR t", "SHOW"),
    ("CALL system.runtime.kill_query('x')", "CALL"),
    ("EXECUTE IMMEDIATE 'SELECT 1'", "EXECUTE"),
    ("SET SESSION a = 1", "SET"),
    ("WITH SESSION a = 1 SELECT 1", ""),
    ("WITH FUNCTION f() RETURNS bigint RETURN 1 SELECT f()", ""),
    ("SELECT 1; SELECT 2", "more than one statement"),
    ("SELECT 1;;", "more than one statement"),
    ("SELECT * FROM TABLE(a.system.query(query => 'x'))", "table functions"),
    ("SELECT * FROM TABLE(exclude_columns(input => TABLE(a.b.c), columns => DESCRIPTOR(x)))", ""),
    ("SELECT sequence FROM TABLE(sequence(1, 2), sequence(3, 4))", "table functions"),
    ("SELECT * FROM t FOR VERSION AS OF 3", ""),
    ("SELECT * FROM t FOR TIMESTAMP AS OF TIMESTAMP '2020-01-01 00:00:00'", ""),
    ('SELECT * FROM "t$files"', "hidden tables"),
    ('SELECT * FROM "t@1"', "hidden tables"),
    ('SELECT "$path" FROM t', "hidden columns"),
    ('SELECT "a"."$path" FROM t', "hidden columns"),
    ("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A) DEFINE A AS true) m", ""),
    ("WITH RECURSIVE t AS (SELECT 1) SELECT * FROM t", "names of its columns"),
    ("SELECT * FROM t NATURAL JOIN u", "NATURAL"),
    ("SELECT * FROM t JOIN u", "no condition"),
    ("SELECT * FROM t JOIN u CROSS JOIN v ON true", "no condition"),
    ("SELECT * EXCEPT (a) FROM t", ""),
    ("SELECT * REPLACE (1 AS a) FROM t", ""),
    ("SELECT DISTINCT ON (a) b FROM t", ""),
    ("SELECT FROM t", "without columns"),
    ("SELECT a, FROM t", "may not stand here"),
    ("SELECT f(a,) FROM t", "comma"),
    ("SELECT a AS 'b' FROM t", "no name"),
    ("SELECT a AS end FROM t", "may not stand here"),
    ("SELECT t.by FROM t", "may not stand here"),
    ("SELECT +a FROM t", "plus"),
    ("SELECT a IS TRUE FROM t", "IS"),
    ("SELECT a BETWEEN SYMMETRIC 1 AND 2 FROM t", ""),
    ("SELECT a FROM t GROUP BY AUTO", "AUTO"),
    ("SELECT a FROM t LIMIT 5, 10", ""),
    ("SELECT a FROM t LIMIT 1 + 1", ""),
    ("SELECT foo(1)", "no function foo"),
    ('SELECT "count"(1)', ""),
    ("SELECT system.builtin.count(1)", "dot"),
    ("SELECT fail('x')", "the function fail"),
    ("SELECT current_path", "may not stand here"),
    ("SELECT exclude_columns(a) FROM t", "exclude_columns"),
    ("SELECT sequence(1, 2) OVER () FROM TABLE(abs(1))", ""),
    ("SELECT abs(x -> 1 + (SELECT 1)) FROM t", "lambda"),
    ("SELECT count(a AS b) FROM t", "AS"),
    ("SELECT array_agg(a LIMIT 1) FROM t", "LIMIT"),
    ("SELECT abs(x => 1)", "by name"),
    ("SELECT array_agg(a) WITHIN GROUP (ORDER BY b) FROM t", "WITHIN GROUP"),
    ("SELECT extract(epoch FROM a) FROM t", "EXTRACT"),
    ("SELECT {d '2020-01-01'}", "{ is not open"),
    ("SELECT a::bigint FROM t", ":: is not open"),
    ("SELECT a & b FROM t", "& is not open"),
    ("SELECT a == b FROM t", "== is not open"),
    ("SELECT 'a' 'b'", "is not open"),
    ("SELECT ?", "? is not open"),
    ("SELECT :a", ""),
    ("SELECT $1", "is not open"),
    ("SELECT `a` FROM t", ""),
    ("SELECT CAST(a AS text) FROM t", "type text"),
    ("SELECT CAST(a AS struct(b bigint)) FROM t", "type struct"),
    ("SELECT U&'\\0041'", "is not open"),
    ("SELECT X'1F0'", "is not open"),
    ("SELECT 1_000_", "no number"),
    ("SELECT 0xG", "0xG is not open"),
    ("SELECT INTERVAL '1 day' DAY", "INTERVAL"),
    ("SELECT INTERVAL '1' WEEK", "INTERVAL"),
    ("SELECT a FROM t UNION CORRESPONDING SELECT a FROM u", ""),
    ("SELECT /* a /* b */ 1, 2 */", ""),
    ("SELECT\u00a01", "means nothing"),
    ("SELECT é FROM t", "is not open"),
    ("SELECT 'a\x00b'", "character that is none"),
    ("SELECT a FROM t WHERE b LIKE ANY ('x', 'y')", ""),
    ("SELECT " + "a + " * 3_000 + "1 FROM t", "nested too deeply"),
    ("SELECT a FROM t WHERE a IN (" + "1, " * 10_000 + "1)", "values in one list"),
    ("SELECT 1 FROM a" + " CROSS JOIN b" * 101, "joins"),
]


@pytest.mark.parametrize(("sql", "said"), REFUSED, ids=[ascii(sql[:50]) for sql, _ in REFUSED])
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
    "VALUES (1, 'a'), (2, 'b')",
    "TABLE t",
    "SELECT * FROM (VALUES (1, 'a')) AS v (n, s) CROSS JOIN (VALUES 2)",
    "SELECT * FROM t TABLESAMPLE BERNOULLI (10) JOIN u AS x TABLESAMPLE SYSTEM (5) ON t.a = x.a",
    "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 9) SELECT n FROM r",
    "SELECT * FROM (a JOIN (b CROSS JOIN c) ON true) LEFT JOIN d USING (x, y)",
    "SELECT count(DISTINCT a), max_by(DISTINCT a, b), count(*) FROM t GROUP BY DISTINCT ROLLUP (a), CUBE (b, c)",
    "SELECT random(1, 2), log10(2), uuid(), date_trunc('day', a), listagg(v) WITHIN GROUP (ORDER BY v) FROM t",
    "SELECT a[1], ARRAY[1, 2][1], m['x'], r.f, (ROW(1, 2)).field0, CAST(ROW(1) AS ROW(x bigint)).x FROM t",
    "SELECT transform(a, x -> x + 1), reduce(a, 0, (s, x) -> s + x, s -> s), filter(a, x -> x > 1) FROM t",
    "SELECT * FROM t CROSS JOIN UNNEST(a, b) WITH ORDINALITY AS u (x, y, n), LATERAL (SELECT t.a) AS l",
    "SELECT * FROM TABLE(sequence(start => 1, stop => 10)) AS s (n)",
    "SELECT a > ALL (SELECT 1), a = SOME (VALUES 1, 2), a IN (TABLE u), EXISTS (TABLE u) FROM t",
    "SELECT DECIMAL '1.25', CHAR 'abc', 1_000_000, 0b11, 0o17, 0x1F, X'1F', TIME '01:00' AT TIME ZONE 'UTC'",
    "SELECT current_timestamp(9), localtime(3), current_date, INTERVAL -'1' DAY, INTERVAL '1-2' YEAR TO MONTH",
    "SELECT json_value(j, 'lax $.a'), json_query(j, 'lax $.a' WITH WRAPPER), json_object('a': 1) FROM t",
    "SELECT trim(LEADING 'x' FROM a), substring(a FROM 2 FOR 3), position('a' IN b), normalize(a, NFC) FROM t",
    'SELECT date, year, "row", t.first, count FROM t semi JOIN u asof ON true',
    "SELECT sum(a) over FROM t",
    "SELECT a, first, rows AS offset FROM t ORDER BY a, range",
    "SELECT a IN (" + ", ".join(map(str, range(10_000))) + ") FROM t",
    "SELECT " + "(" * 300 + "1" + ")" * 300,
    "SELECT 1 FROM t0" + "".join(f" JOIN t{n} ON t{n}.a = t0.a" for n in range(1, 61)),
    "WITH c0 AS (SELECT 1 AS a)"
    + "".join(f", c{n} AS (SELECT a FROM c{n - 1})" for n in range(1, 200))
    + " SELECT a FROM c199",
]


@pytest.mark.parametrize("sql", PASSES, ids=[sql[:60] for sql in PASSES])
def test_what_is_on_the_list_is_read_and_written_to_a_fixpoint(sql: str) -> None:
    once = emit(parse(sql).tree)

    assert emit(read_text(once)) == once


MEANT = [
    ("SELECT DECIMAL '1.25'", "SELECT DECIMAL '1.25'"),
    ("SELECT CHAR 'abc'", "SELECT CHAR 'abc'"),
    ("SELECT 1_000_000, 0b11, 0o17, 0x1F", "SELECT 1000000, 3, 15, 31"),
    ("SELECT random(5, 6)", "SELECT random(5, 6)"),
    ("SELECT listagg(v) WITHIN GROUP (ORDER BY v)", 'SELECT listagg("v") WITHIN GROUP (ORDER BY "v")'),
    ("SELECT current_timestamp(9)", "SELECT current_timestamp(9)"),
    ("SELECT TIME '01:00' AT TIME ZONE 'UTC'", "SELECT TIME '01:00' AT TIME ZONE 'UTC'"),
    ("SELECT log10(2)", "SELECT log10(2)"),
    ("SELECT position('a' IN b) FROM t", 'SELECT STRPOS("b", \'a\') FROM "t"'),
    ("SELECT Count(*) AS N, Ship FROM T", 'SELECT Count(*) AS "N", "ship" AS "Ship" FROM "t"'),
    ('SELECT X."A" FROM "T" X', 'SELECT "x"."a" AS "A" FROM "t" AS "x"'),
    ("SELECT 1 FROM t semi JOIN u ON true", 'SELECT 1 FROM "t" AS "semi" JOIN "u" ON TRUE'),
]


@pytest.mark.parametrize(("written", "sent"), MEANT)
def test_what_sqlglot_would_change_in_silence_is_sent_as_it_was_meant(written: str, sent: str) -> None:
    assert emit(parse(written).tree) == sent


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
    [
        "",
        " ; ",
        "SELECT 'abc",
        "SELECT a FROM",
        "SELECT " + "(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1),
        "SELECT " + "1," * 60_000 + "1",
    ],
    ids=["empty", "semicolons", "open quote", "half", "deep", "long"],
)
def test_text_that_no_parser_should_see_is_refused(sql: str) -> None:
    with pytest.raises(NotParsed):
        parse(sql)
