-- The window, its odd times, and the TEU that every month has to reach.
CREATE MACRO u(key, salt) AS (hash(key, salt, getvariable('seed')) >> 11)::DOUBLE / 9007199254740992.0;
CREATE MACRO z(key, salt) AS sqrt(-2 * ln(1 - u(key, salt || '/r'))) * cos(2 * pi() * u(key, salt || '/a'));
CREATE MACRO local(ts) AS timezone('America/Los_Angeles', timezone('UTC', ts));
CREATE MACRO utc(wall) AS timezone('UTC', timezone('America/Los_Angeles', wall));
CREATE MACRO hours(h) AS to_microseconds(CAST(h * 3600 AS BIGINT) * 1000000);
CREATE MACRO past(ts) AS CASE WHEN ts <= getvariable('cut') THEN ts END;
CREATE MACRO pick(list, x) AS list[1 + CAST(floor(x * len(list)) AS INTEGER)];
CREATE MACRO check_weighted(d1, d2, d3, d4, d5) AS (d1 * 6 + d2 * 5 + d3 * 4 + d4 * 3 + d5 * 2) % 10;
CREATE MACRO digit(n, place) AS (n // place) % 10;

-- The last instant that is known: noon UTC of the last day, so that a run of today holds no future.
SET VARIABLE cut = getvariable('as_of')::TIMESTAMP + INTERVAL 12 HOUR;

CREATE TABLE day AS
SELECT CAST(d AS DATE) AS day, utc(d) AS starts, utc(d + INTERVAL 1 DAY) AS ends, utc(d + INTERVAL 12 HOUR) AS noon
FROM (SELECT unnest(generate_series(getvariable('first_day')::TIMESTAMP, getvariable('as_of')::TIMESTAMP, INTERVAL 1 DAY)) AS d);

-- Weeks in which yards and anchorages are full at every container port, in each year.
CREATE TABLE stress AS
SELECT make_date(y, m, a) AS starts, make_date(y, m, b) AS ends
FROM (SELECT unnest(generate_series(year(getvariable('first_day')), year(getvariable('as_of')))) AS y),
     (VALUES (2, 10, 21), (7, 14, 27), (10, 20, 31)) AS w(m, a, b);

CREATE TABLE published AS
SELECT port_unlocode AS port, CAST(year_month || '-01' AS DATE) AS month,
       loaded_import_teu AS li, empty_import_teu AS ei, loaded_export_teu AS lo, empty_export_teu AS eo, total_teu AS total
FROM read_csv(getvariable('data') || '/teu_monthly.csv', header = true, types = {'year_month': 'VARCHAR'});

-- Oakland named only some months and parts; the year 2025 is known, so its unnamed months share what is left of it.
CREATE TABLE oakland_month AS
WITH months AS (SELECT CAST(unnest(generate_series(DATE '2025-01-01', DATE '2025-12-01', INTERVAL 1 MONTH)) AS DATE) AS month),
named AS (SELECT m.month, p.li, p.ei, p.lo, p.eo, p.total FROM months m
          LEFT JOIN published p ON p.port = 'USOAK' AND p.month = m.month),
year_total AS (SELECT total_teu FROM read_csv(getvariable('data') || '/teu_annual.csv')
               WHERE port_unlocode = 'USOAK' AND year = 2025),
filled AS (SELECT month, li, ei, lo, eo, total IS NULL AS is_synthetic,
                  coalesce(total, ((SELECT total_teu FROM year_total) - sum(total) OVER ())
                                  / sum(CASE WHEN total IS NULL THEN 1 END) OVER ()) AS total FROM named),
loads AS (SELECT *, coalesce(li, total * 0.43) AS li2, coalesce(lo, total * 0.345) AS lo2 FROM filled)
SELECT 'USOAK' AS port, month, li2 AS li, coalesce(ei, (total - li2 - lo2) * 0.3) AS ei, lo2 AS lo,
       coalesce(eo, (total - li2 - lo2) * 0.7) AS eo, is_synthetic FROM loads;

CREATE TABLE known_month AS
SELECT port, month, li, ei, lo, eo, false AS is_synthetic FROM published
WHERE port IN ('USLAX', 'USLGB') AND month >= '2021-01-01' AND li IS NOT NULL AND ei IS NOT NULL AND eo IS NOT NULL
UNION ALL SELECT * FROM oakland_month;

-- A month without a figure takes that of the same month in the latest year that has one.
CREATE TABLE target AS
WITH months AS (SELECT port, CAST(unnest(generate_series(min(month), date_trunc('month', getvariable('as_of')::DATE)::DATE,
                INTERVAL 1 MONTH)) AS DATE) AS month FROM known_month GROUP BY port),
chosen AS (SELECT m.port, m.month, k.li, k.ei, k.lo, k.eo, k.is_synthetic OR k.month <> m.month AS is_synthetic,
                  row_number() OVER (PARTITION BY m.port, m.month ORDER BY k.month DESC) AS n
           FROM months m JOIN known_month k ON k.port = m.port AND month(k.month) = month(m.month) AND k.month <= m.month)
SELECT port, month, part, is_inbound, is_laden, teu, is_synthetic
FROM (SELECT *, unnest([{'part': 1, 'is_inbound': true, 'is_laden': true, 'teu': li},
                        {'part': 2, 'is_inbound': true, 'is_laden': false, 'teu': ei},
                        {'part': 3, 'is_inbound': false, 'is_laden': true, 'teu': lo},
                        {'part': 4, 'is_inbound': false, 'is_laden': false, 'teu': eo}], recursive := true)
      FROM chosen WHERE n = 1);

-- Whole boxes by length for each part of a month: 45 ft in fours (9 TEU), so that TEU stay whole.
CREATE TABLE month_boxes AS
WITH parts AS (SELECT *, round(teu)::BIGINT AS whole, (floor(teu * 0.03 / 9) * 4)::BIGINT AS n45 FROM target),
twenties AS (SELECT *, round(whole * 0.0989)::BIGINT AS n FROM parts),
even AS (SELECT *, CASE WHEN (whole - n45 * 9 // 4 - n) % 2 = 0 THEN n ELSE n + 1 END AS n20 FROM twenties)
SELECT port, month, part, is_inbound, is_laden, is_synthetic, n20, (whole - n45 * 9 // 4 - n20) // 2 AS n40, n45 FROM even;
