"""What we send means to Trino what the partner wrote: each open function and form, run as written and as emitted."""

from __future__ import annotations

from typing import Any

import pytest

from gateway.kernel.allowed import FUNCTIONS, NAMED_FUNCTIONS, emit
from gateway.kernel.parse import parse

pytestmark = pytest.mark.real

ROWS = " UNION ALL ".join(
    f"SELECT {i} AS i, {d} AS d, {s} AS s, {t} AS t, {b} AS b"
    for i, d, s, t, b in [
        (1, "1.5e0", "'Abc,de'", "TIMESTAMP '2025-03-09 10:30:05.123'", "true"),
        (2, "-2.5e0", "'x''y'", "TIMESTAMP '2025-11-02 08:30:00.000'", "false"),
        (3, "7e0", "CAST(NULL AS varchar)", "TIMESTAMP '2024-02-29 23:59:59.999'", "true"),
        (7, "100.25e0", "'  Pad '", "CAST(NULL AS timestamp(3))", "CAST(NULL AS boolean)"),
    ]
)
SCALARS = """
abs(d) ; ceil(d) ; ceiling(d) ; floor(d) ; round(d) ; round(d, 1) ; truncate(d) ; sign(d) ; sqrt(abs(d)) ; cbrt(d) ; pow(d, 2) ; power(d, 2)
exp(i) ; ln(abs(d)) ; log(2, abs(d)) ; log10(abs(d)) ; log2(abs(d)) ; mod(i, 2) ; i % 2 ; -i ; +i ; i / 2 ; d / 2 ; width_bucket(d, 0, 10, 4)
is_nan(d) ; nan() ; infinity() ; concat(s, 'x') ; s || 'x' ; length(s) ; lower(s) ; upper(s) ; trim(s) ; ltrim(s) ; rtrim(s)
trim(BOTH 'A' FROM s) ; trim(LEADING FROM s) ; substr(s, 2) ; substr(s, 2, 3) ; substring(s FROM 2 FOR 2) ; substring(s, 2)
replace(s, 'b', 'zz') ; replace(s, 'b') ; reverse(s) ; lpad(s, 9, '*') ; rpad(s, 9, '*') ; split_part(s, ',', 2) ; strpos(s, 'c')
position('c' IN s) ; starts_with(s, 'Ab') ; translate(s, 'ab', 'xy') ; regexp_like(s, '^A') ; regexp_extract(s, '[a-z]+')
regexp_extract(s, '(.)c', 1) ; regexp_replace(s, '[a-z]', 'q') ; regexp_replace(s, '[a-z]') ; s LIKE 'A%' ; s LIKE '!%' ESCAPE '!'
s NOT LIKE 'A%' ; s IN ('Abc,de', 'q') ; i NOT IN (1, 2) ; i BETWEEN 2 AND 3 ; i NOT BETWEEN 2 AND 3 ; s IS NULL ; s IS NOT NULL
s IS DISTINCT FROM 'q' ; s IS NOT DISTINCT FROM NULL ; NOT b ; b AND i > 1 ; b OR i > 1 ; b IS NULL ; i = 1 ; i <> 1 ; i != 1 ; i <= 2
CASE WHEN i = 1 THEN 'one' WHEN i = 2 THEN 'two' END ; CASE i WHEN 1 THEN 'one' ELSE 'many' END ; if(i = 1, 'one')
if(i = 1, 'one', 'more') ; coalesce(s, 'none') ; nullif(i, 1) ; greatest(i, 2) ; least(i, 2) ; CAST(i AS varchar) ; CAST(d AS bigint)
CAST(d AS decimal(10, 1)) ; CAST(i AS real) ; CAST(s AS char(3)) ; CAST(t AS date) ; CAST(t AS timestamp(0)) ; TRY_CAST(s AS integer)
TRY(1 / (i - 1)) ; CAST(i AS tinyint) ; CAST(i AS smallint) ; CAST(b AS varchar) ; CAST('12:30:00' AS time) ; 1e2 ; 1.50 ; .5 ; 5. ; 1E-3
DATE '2025-01-01' ; TIMESTAMP '2025-01-01 01:02:03' ; TIMESTAMP '2025-01-01 01:02:03.123456' ; TIME '01:02:03'
TIMESTAMP '2025-01-01 01:02:03 UTC' ; TIMESTAMP '2025-01-01 01:02:03.5 America/Los_Angeles' ; INTERVAL '5' DAY
INTERVAL '2' MONTH ; INTERVAL '1' YEAR ; t + INTERVAL '5' DAY ; t - INTERVAL '3' HOUR ; t + INTERVAL '2' MONTH
date_diff('hour', t, TIMESTAMP '2025-12-01 00:00:00') ; date_diff('day', DATE '2025-01-01', date(t))
date_diff('minute', TIMESTAMP '2025-03-01 00:00:30', t) ; date_add('day', 3, t) ; date_add('hour', -3, t)
date_add('month', 1, DATE '2025-01-31') ; date_trunc('hour', t) ; date_trunc('day', t) ; date_trunc('week', t)
date_trunc('month', t) ; date_trunc('quarter', t) ; date_trunc('year', t) ; date_trunc('month', DATE '2025-03-09') ; date(t)
extract(year FROM t) ; extract(month FROM t) ; extract(day FROM t) ; extract(hour FROM t) ; extract(minute FROM t)
extract(second FROM t) ; extract(week FROM t) ; extract(quarter FROM t) ; extract(dow FROM t) ; extract(doy FROM t)
extract(day_of_week FROM t) ; extract(year_of_week FROM t) ; extract(hour FROM t AT TIME ZONE 'America/Los_Angeles')
t AT TIME ZONE 'America/Los_Angeles' ; with_timezone(t, 'America/Los_Angeles')
at_timezone(with_timezone(t, 'UTC'), 'America/Los_Angeles') ; with_timezone(t, 'UTC') AT TIME ZONE 'America/Los_Angeles'
year(t) ; quarter(t) ; month(t) ; week(t) ; week_of_year(t) ; day(t) ; day_of_week(t) ; dow(t) ; day_of_year(t) ; doy(t) ; year_of_week(t)
hour(t) ; minute(t) ; second(t) ; last_day_of_month(t) ; last_day_of_month(date(t)) ; to_unixtime(t) ; from_unixtime(1.5e9)
from_unixtime(i) ; date_format(t, '%Y-%m-%d %H:%i:%s') ; date_format(t, '%W %M %e %y') ; date_format(t, '%k %l %p %j %f %T')
format_datetime(t, 'yyyy-MM EEE') ; to_iso8601(t) ; to_iso8601(date(t)) ; from_iso8601_timestamp('2025-03-09T10:30:05Z')
current_date ; (SELECT max(i) FROM r) ; EXISTS (SELECT 1 FROM r WHERE i > 5) ; i = ANY (SELECT i FROM r) ; i > ALL (SELECT 2)
i IN (SELECT i FROM r WHERE i > 1)
"""
AGGREGATES = """
count(*) ; count(s) ; count(DISTINCT s) ; count_if(b) ; sum(i) ; sum(DISTINCT i) ; avg(i) ; avg(d) ; min(s) ; max(t) ; min_by(s, i) ; max_by(s, i)
max(i, 2) ; approx_distinct(s) ; approx_percentile(d, 0.5) ; approx_percentile(i, 0.9) ; stddev(d) ; stddev_pop(d) ; stddev_samp(d)
variance(d) ; var_pop(d) ; var_samp(d) ; corr(i, d) ; covar_samp(i, d) ; bool_and(b) ; bool_or(b) ; every(b) ; any_value(i) > 0
arbitrary(i) > 0 ; geometric_mean(abs(d)) ; sum(i) FILTER (WHERE i > 1) ; count(*) FILTER (WHERE s IS NULL)
round(100e0 * sum(i) / count(*), 1)
"""
WINDOWS = """
row_number() OVER (ORDER BY i) ; rank() OVER (ORDER BY b) ; dense_rank() OVER (ORDER BY b DESC) ; ntile(2) OVER (ORDER BY i)
percent_rank() OVER (ORDER BY i) ; cume_dist() OVER (ORDER BY i) ; lag(s) OVER (ORDER BY i) ; lag(i, 2) OVER (ORDER BY i)
lag(i, 2, 99) OVER (ORDER BY i) ; lead(i) OVER (ORDER BY i) ; lead(s) IGNORE NULLS OVER (ORDER BY i)
first_value(s) OVER (ORDER BY i) ; first_value(s) IGNORE NULLS OVER (ORDER BY i DESC) ; last_value(i) OVER (ORDER BY i)
nth_value(i, 2) OVER (ORDER BY i) ; sum(i) OVER (PARTITION BY b ORDER BY i) ; sum(i) OVER () ; count(*) OVER (PARTITION BY b)
sum(i) OVER (ORDER BY i ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) ; sum(i) OVER (ORDER BY i ROWS 2 PRECEDING)
sum(i) OVER (ORDER BY i RANGE BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW) ; row_number() OVER (ORDER BY s NULLS FIRST, i)
sum(i) OVER (ORDER BY i GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) ; row_number() OVER (ORDER BY s DESC NULLS LAST, i)
"""
CLAUSES = """
SELECT i, count(*) FROM r GROUP BY i HAVING count(*) > 0 ORDER BY i DESC
SELECT b, i, sum(i), grouping(b, i) FROM r GROUP BY GROUPING SETS ((b), (b, i), ()) ORDER BY 1, 2, 3
SELECT b, i, sum(i) FROM r GROUP BY ROLLUP (b, i) ORDER BY 1, 2
SELECT b, i, sum(i) FROM r GROUP BY CUBE (b, i) ORDER BY 1 NULLS FIRST, 2
SELECT b, i % 2, sum(i) FROM r GROUP BY 1, 2 ORDER BY 1, 2
SELECT DISTINCT b FROM r ORDER BY b NULLS FIRST
SELECT i FROM r ORDER BY s, i LIMIT 2
SELECT i FROM r ORDER BY s DESC, i OFFSET 1 LIMIT 2
SELECT i FROM r ORDER BY i OFFSET 1 ROW FETCH NEXT 2 ROWS ONLY
SELECT b FROM r ORDER BY b FETCH FIRST 1 ROW WITH TIES
SELECT i FROM r UNION SELECT i + 1 FROM r ORDER BY 1
SELECT i FROM r UNION ALL SELECT i FROM r ORDER BY 1
SELECT i FROM r INTERSECT SELECT i + 1 FROM r ORDER BY 1
SELECT i FROM r EXCEPT SELECT i + 1 FROM r ORDER BY 1
SELECT i FROM r EXCEPT ALL SELECT i + 1 FROM r ORDER BY 1
SELECT i FROM r UNION ALL SELECT i FROM r EXCEPT SELECT 1 ORDER BY 1
SELECT i FROM r UNION SELECT i FROM r INTERSECT SELECT 1 ORDER BY 1
(SELECT i FROM r ORDER BY i LIMIT 1) UNION ALL (SELECT i FROM r ORDER BY i DESC LIMIT 1) ORDER BY 1
SELECT a.i, c.i FROM r a JOIN r c ON a.i < c.i ORDER BY 1, 2
SELECT a.i, c.i FROM r a LEFT JOIN r c ON a.i = c.i + 1 ORDER BY 1
SELECT a.i, c.i FROM r a RIGHT OUTER JOIN r c ON a.i = c.i + 1 ORDER BY 2
SELECT a.i, c.i FROM r a FULL JOIN r c ON a.i = c.i + 1 ORDER BY 1, 2
SELECT a.i, c.i FROM r a CROSS JOIN r c ORDER BY 1, 2
SELECT a.i, c.i FROM r a, r c WHERE a.i = c.i ORDER BY 1
SELECT i, a.s FROM r a JOIN r c USING (i) ORDER BY 1
SELECT * FROM r a JOIN r c USING (i, s) ORDER BY 1
SELECT a.* FROM r a ORDER BY i
SELECT x.m FROM (SELECT max(i) AS m FROM r) x
SELECT x.p, x.q FROM (SELECT i, s FROM r) AS x (p, q) ORDER BY p
SELECT i, (SELECT count(*) FROM r c WHERE c.i < a.i) AS n FROM r a ORDER BY 1
SELECT i AS "Odd Name", s AS "select" FROM r ORDER BY 1
SELECT sum(i) OVER w FROM r WINDOW w AS (ORDER BY i) ORDER BY 1
SELECT 'it''s', '', 'ümlaut', '漢字', 'a\\b', '%', '--', '/* */'
SELECT i FROM r WHERE s = 'Abc,de' -- a comment
"""


def _listed(block: str, separator: str = " ; ") -> list[str]:
    return [part.strip() for line in block.strip().splitlines() for part in line.split(separator)]


STATEMENTS = (
    [f"SELECT i, {e} AS x FROM r ORDER BY i" for e in _listed(SCALARS)]
    + [f"SELECT {e} AS x FROM r" for e in _listed(AGGREGATES)]
    + [f"SELECT i, {e} AS x FROM r ORDER BY i" for e in _listed(WINDOWS)]
    + _listed(CLAUSES, "\n")
)


def _with_rows(statement: str) -> str:
    return f"WITH r AS ({ROWS}) {statement}"


def _run(cursor: Any, sql: str) -> tuple[list[tuple[str, str]], list[Any]]:
    cursor.execute(sql)
    rows = cursor.fetchall()
    return [(column[0], column[1]) for column in cursor.description], rows


def test_every_statement_gives_the_same_columns_and_rows_as_written_and_as_sent(stack: Any) -> None:
    cursor = stack.trino().cursor(legacy_primitive_types=True)
    differences = []
    for statement in STATEMENTS:
        written = _with_rows(statement)
        sent = emit(parse(written).tree)
        if repr(_run(cursor, written)) != repr(_run(cursor, sent)):
            differences.append((statement, sent[sent.rindex("SELECT") :]))

    assert differences == []


def test_no_open_function_goes_untried() -> None:
    tried = {type(node) for s in STATEMENTS for node in parse(_with_rows(s)).tree.walk()}
    named = {
        node.name.lower()
        for s in STATEMENTS
        for node in parse(_with_rows(s)).tree.walk()
        if type(node).__name__ == "Anonymous"
    }
    moving = {"CurrentTimestamp", "Localtimestamp"}  # two readings differ

    assert {kind.__name__ for kind in FUNCTIONS - tried} == moving
    assert named == NAMED_FUNCTIONS
