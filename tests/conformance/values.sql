-- Statements whose columns and rows must be the same, read in Python's types and in Trino's own words: a name, then
-- its text, up to an empty line.

-- boolean
SELECT true AS t, false AS f, CAST(NULL AS boolean) AS n

-- tinyint
SELECT TINYINT '-128' AS low, TINYINT '127' AS high, CAST(NULL AS tinyint) AS n

-- smallint
SELECT SMALLINT '-32768' AS low, SMALLINT '32767' AS high

-- integer
SELECT -2147483648 AS low, 2147483647 AS high

-- bigint
SELECT BIGINT '-9223372036854775807' AS low, 9223372036854775807 AS high

-- bigint_lowest
SELECT CAST('-9223372036854775808' AS bigint) AS low

-- real
SELECT REAL '1.5' AS a, CAST(0.1 AS real) AS b, REAL '3.4028235E38' AS high

-- double
SELECT DOUBLE '0.1' AS a, 1e308 AS high, 5e-324 AS low, -0e0 AS minus_zero

-- double_special
SELECT nan() AS a, infinity() AS b, -infinity() AS c

-- real_special
SELECT CAST(nan() AS real) AS a, CAST(infinity() AS real) AS b, CAST(-infinity() AS real) AS c

-- decimal_short
SELECT DECIMAL '1.25' AS a, DECIMAL '-0.00' AS b, 12.50 AS c, CAST(NULL AS decimal(9, 3)) AS n

-- decimal_long
SELECT DECIMAL '12345678901234567890.123456789012345678' AS a

-- decimal_38
SELECT DECIMAL '99999999999999999999999999999999999999' AS high, CAST(-1 AS decimal(38, 37)) AS low

-- decimal_without_scale
SELECT CAST(7 AS decimal(18)) AS a, CAST(7 AS decimal) AS b

-- decimal_arithmetic
SELECT DECIMAL '10.00' / DECIMAL '3.00' AS q, DECIMAL '1.1' * DECIMAL '2.22' AS p

-- integer_division
SELECT 7 / 2 AS q, 7 % 3 AS r, -7 / 2 AS s

-- hexadecimal_and_separators
SELECT 0xFF AS h, 0b11 AS b, 0o17 AS o, 1_000_000 AS m

-- varchar
SELECT 'a' AS a, '' AS e, CAST('abc' AS varchar(10)) AS v, CAST(NULL AS varchar) AS n

-- varchar_unbounded
SELECT CAST('abc' AS varchar) AS v, 'a' || CAST('b' AS varchar) AS c

-- char
SELECT CHAR 'abc' AS a, CAST('ab' AS char(5)) AS padded

-- quotes
SELECT 'it''s' AS a, '"' AS b, '\' AS c, '%_?;--' AS d, '/* no */' AS e

-- unicode
SELECT 'Zoë' AS a, '港口' AS b, '🚢' AS c, 'é' AS d, '‏א' AS e

-- control_characters
SELECT chr(0) AS nul, chr(9) AS tab, chr(10) AS line, chr(127) AS del, chr(8232) AS ls

-- long_text
SELECT rpad('', 100000, 'x') AS t, length(rpad('', 100000, 'x')) AS n

-- varbinary
SELECT X'00FF10' AS a, X'' AS e, to_utf8('Zoë') AS u, CAST(NULL AS varbinary) AS n

-- json
SELECT JSON '{"a": [1, null, "x"]}' AS a, CAST(MAP(ARRAY['k'], ARRAY[1]) AS json) AS m

-- uuid
SELECT UUID '12151fd2-7586-11e9-8f9e-2a86e4085a59' AS u, CAST(NULL AS uuid) AS n

-- ipaddress
SELECT IPADDRESS '10.0.0.1' AS a, IPADDRESS '2001:db8::1' AS b

-- date
SELECT DATE '2026-11-22' AS a, DATE '0001-01-01' AS low, DATE '9999-12-31' AS high

-- date_before_python
SELECT DATE '-2001-08-22' AS a

-- date_after_python
SELECT DATE '12000-01-01' AS a

-- time_0
SELECT TIME '01:02:03' AS a

-- time_3
SELECT TIME '01:02:03.123' AS a

-- time_6
SELECT TIME '01:02:03.123456' AS a

-- time_9
SELECT TIME '01:02:03.123456789' AS a

-- time_12
SELECT TIME '01:02:03.123456789012' AS a

-- time_with_zone
SELECT TIME '01:02:03.456 -08:00' AS a, TIME '23:59:59.999999 +05:30' AS b

-- time_with_zone_12
SELECT TIME '01:02:03.123456789012 +14:00' AS a

-- timestamp_0
SELECT TIMESTAMP '2026-11-22 16:45:06' AS a

-- timestamp_1
SELECT TIMESTAMP '2026-11-22 16:45:06.1' AS a

-- timestamp_2
SELECT TIMESTAMP '2026-11-22 16:45:06.12' AS a

-- timestamp_3
SELECT TIMESTAMP '2026-11-22 16:45:06.123' AS a

-- timestamp_6
SELECT TIMESTAMP '2026-11-22 16:45:06.123456' AS a

-- timestamp_7
SELECT TIMESTAMP '2026-11-22 16:45:06.1234567' AS a

-- timestamp_9
SELECT TIMESTAMP '2026-11-22 16:45:06.123456789' AS a

-- timestamp_12
SELECT TIMESTAMP '2026-11-22 16:45:06.123456789012' AS a

-- timestamp_rounded_up
SELECT TIMESTAMP '2026-12-31 23:59:59.999999999' AS a

-- timestamp_before_1970
SELECT TIMESTAMP '1900-01-01 00:00:00.001' AS a, TIMESTAMP '0001-01-01 00:00:00' AS b

-- timestamp_after_python
SELECT TIMESTAMP '12000-01-01 00:00:00' AS a

-- timestamp_with_zone_0
SELECT TIMESTAMP '2026-11-22 16:45:06 America/Los_Angeles' AS a

-- timestamp_with_zone_3
SELECT TIMESTAMP '2026-11-22 16:45:06.123 America/Los_Angeles' AS a

-- timestamp_with_zone_6
SELECT TIMESTAMP '2026-11-22 16:45:06.123456 America/Los_Angeles' AS a

-- timestamp_with_zone_9
SELECT TIMESTAMP '2026-11-22 16:45:06.123456789 America/Los_Angeles' AS a

-- timestamp_with_zone_12
SELECT TIMESTAMP '2026-11-22 16:45:06.123456789012 America/Los_Angeles' AS a

-- timestamp_with_offset
SELECT TIMESTAMP '2026-11-22 16:45:06.1 -08:00' AS a, TIMESTAMP '2026-01-01 0:0:0 UTC' AS b

-- timestamp_in_the_double_hour
SELECT TIMESTAMP '2026-11-01 01:30:00 America/Los_Angeles' AS a, TIMESTAMP '2026-11-01 09:30:00 UTC' AT TIME ZONE 'America/Los_Angeles' AS b

-- intervals
SELECT INTERVAL '3' DAY AS d, INTERVAL '-90' MINUTE AS m, INTERVAL '14' MONTH AS y

-- interval_of_seconds
SELECT INTERVAL '2 03:04:05.678' DAY TO SECOND AS a, INTERVAL '1-2' YEAR TO MONTH AS b

-- interval_arithmetic
SELECT TIMESTAMP '2026-03-01 00:00:00' - TIMESTAMP '2026-02-01 12:00:00' AS d

-- array
SELECT ARRAY[1, 2, NULL] AS a, ARRAY[] AS e, CAST(NULL AS array(bigint)) AS n

-- array_of_decimals_and_times
SELECT ARRAY[DECIMAL '1.20', NULL] AS d, ARRAY[TIMESTAMP '2026-11-22 16:45:06.123'] AS t

-- array_of_doubles
SELECT ARRAY[nan(), infinity(), 1.5e0] AS a

-- array_of_arrays
SELECT ARRAY[ARRAY['a'], ARRAY[], NULL] AS a

-- map
SELECT MAP(ARRAY['a', 'b'], ARRAY[1, NULL]) AS m, MAP() AS e, CAST(NULL AS map(varchar, bigint)) AS n

-- map_with_integer_keys
SELECT MAP(ARRAY[1, 2], ARRAY['x', 'y']) AS m

-- map_with_date_keys
SELECT MAP(ARRAY[DATE '2026-11-22'], ARRAY[DECIMAL '1.5']) AS m

-- row
SELECT ROW(1, 'a', NULL) AS r

-- row_with_names
SELECT CAST(ROW(1, 'a') AS row(n bigint, letter varchar)) AS r

-- row_with_a_field_called_as_a_type_is
SELECT CAST(ROW(1, 'a', NULL) AS row(date bigint, number varchar, time time with time zone)) AS r

-- row_of_times
SELECT CAST(ROW(TIMESTAMP '2026-11-22 16:45:06', DATE '2026-01-01') AS row(t timestamp(0), d date)) AS r

-- row_in_rows
SELECT CAST(ROW(ROW(1, X'CAFE'), ARRAY[ROW('a')]) AS row(r row(x integer, y varbinary), a array(row(z varchar)))) AS r

-- map_of_rows
SELECT MAP(ARRAY['k'], ARRAY[CAST(ROW(1, DECIMAL '2.5') AS row(x bigint, y decimal(3, 1)))]) AS m

-- row_with_quoted_names
SELECT CAST(ROW(1, 2) AS row("Big Name" bigint, "select" bigint)) AS r

-- no_names
SELECT 1, 'a', 2 AS b

-- names_twice
SELECT 1 AS a, 2 AS a, 3 AS "A"

-- odd_names
SELECT 1 AS "Mixed Case", 2 AS "a.b", 3 AS "Zoë", 4 AS "x""y", 5 AS "select"

-- empty
SELECT 1 AS a, 'x' AS b WHERE false

-- nothing_but_nulls
SELECT NULL AS n, NULL AS m

-- values
VALUES (1, 'a'), (2, 'b'), (3, NULL)

-- values_one_column
VALUES 1, 2, 3

-- table_of_values
SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS v (number, letter) ORDER BY number DESC

-- unnest
SELECT n, l FROM UNNEST(ARRAY[3, 1, 2], ARRAY['c', 'a']) AS u (n, l) ORDER BY n

-- unnest_with_ordinality
SELECT * FROM UNNEST(ARRAY['x', 'y']) WITH ORDINALITY AS u (v, place) ORDER BY place

-- unnest_map
SELECT * FROM UNNEST(MAP(ARRAY['a', 'b'], ARRAY[1, 2])) AS u (k, v) ORDER BY k

-- sequence_table
SELECT month FROM TABLE(sequence(start => 1, stop => 12)) AS m (month) ORDER BY 1

-- sequence_of_dates
SELECT sequence(DATE '2026-01-01', DATE '2026-01-04') AS days

-- several_pages
SELECT n, rpad('', 100, 'x') AS t FROM TABLE(sequence(1, 20000)) AS s (n) ORDER BY n

-- one_wide_row
SELECT repeat('x', 5000) AS a

-- with
WITH a AS (SELECT 1 AS x), b AS (SELECT x + 1 AS y FROM a) SELECT x, y FROM a CROSS JOIN b

-- with_recursive
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 9) SELECT i FROM n ORDER BY i

-- union
SELECT 1 AS a UNION SELECT 2 UNION SELECT 1 ORDER BY a

-- except_and_intersect
(VALUES 1, 2, 3 EXCEPT VALUES 2) INTERSECT VALUES 3, 4

-- group_by
SELECT k, count(*) AS n, sum(v) AS s, avg(v) AS m FROM (VALUES ('a', 1), ('b', 2), ('a', 4)) AS t (k, v) GROUP BY k ORDER BY k

-- rollup
SELECT k, grouping(k) AS g, sum(v) AS s FROM (VALUES ('a', 1), ('b', 2)) AS t (k, v) GROUP BY ROLLUP (k) ORDER BY 2, 1

-- window
SELECT v, row_number() OVER (ORDER BY v) AS r, sum(v) OVER (ORDER BY v) AS s FROM (VALUES 3, 1, 2) AS t (v) ORDER BY v

-- join
SELECT a.k, b.w FROM (VALUES 1, 2) AS a (k) LEFT JOIN (VALUES (2, 'x')) AS b (k, w) ON a.k = b.k ORDER BY a.k

-- exists
SELECT v FROM (VALUES 1, 2, 3) AS t (v) WHERE EXISTS (SELECT 1 FROM (VALUES 2) AS u (w) WHERE w = v)

-- lambda
SELECT transform(ARRAY[1, 2], x -> x * 10) AS a, reduce(ARRAY[1, 2], 0, (s, x) -> s + x, s -> s) AS r

-- case
SELECT CASE v WHEN 1 THEN 'one' ELSE 'other' END AS w FROM (VALUES 1, 2) AS t (v) ORDER BY w

-- limit_and_offset
SELECT v FROM (VALUES 1, 2, 3, 4) AS t (v) ORDER BY v OFFSET 1 ROWS FETCH FIRST 2 ROWS ONLY

-- limit_0
SELECT v FROM (VALUES 1, 2) AS t (v) LIMIT 0

-- aggregates_as_arrays
SELECT array_agg(v ORDER BY v DESC) AS a, map_agg(v, v * 2) AS m FROM (VALUES 1, 2) AS t (v)

-- listagg
SELECT listagg(v, ', ') WITHIN GROUP (ORDER BY v) AS t FROM (VALUES 'b', 'a') AS t (v)

-- approximate
SELECT approx_distinct(v) AS n, approx_percentile(v, 0.5) AS p FROM (VALUES 1, 2, 3) AS t (v)

-- extract
SELECT extract(hour FROM TIMESTAMP '2026-11-22 16:45:06') AS h, year(DATE '2026-11-22') AS y

-- date_functions
SELECT date_trunc('month', DATE '2026-11-22') AS m, date_add('day', 3, DATE '2026-11-22') AS d

-- json_functions
SELECT json_extract('{"a": {"b": 1}}', '$.a') AS a, json_extract_scalar('{"a": 7}', '$.a') AS b

-- like_with_escape
SELECT 'a_b' LIKE 'a\_b' ESCAPE '\' AS y, 'axb' LIKE 'a\_b' ESCAPE '\' AS n

-- try
SELECT TRY(1 / 0) AS a, TRY_CAST('x' AS bigint) AS b, coalesce(nullif(1, 1), 2) AS c

-- comments
SELECT /* a comment */ 1 AS a -- and one more

-- type_names
SELECT typeof(1) AS a, typeof(ARRAY[DECIMAL '1.2']) AS b, typeof(TIMESTAMP '2026-01-01 00:00:00.12') AS c
