-- What is counted by the local day: berths, the port as a whole, chassis; and the emissions and tonnage by period.
CREATE TABLE berth AS SELECT port, grp, terminal, pier, unnest(berths) AS berth, len(berths) AS berths, length_m, depth_m FROM berth_group;

-- A berth name may serve two groups (project cargo and tankers at one wharf): then it is still one berth.
CREATE TABLE one_berth AS SELECT port, any_value(terminal) AS terminal, any_value(pier) AS pier, berth, max(length_m) AS length_m, max(depth_m) AS depth_m FROM berth GROUP BY port, berth;

CREATE TABLE berth_day AS
WITH stays AS (SELECT c.port, c.berth, c.key, c.first_line, least(c.last_line, getvariable('cut')) AS last_line, c.ops_start, c.ops_end, s.amp,
                      m.moves, m.moves / 26.0 * 60 AS crane_min
               FROM call c JOIN ship s USING (ship_no) LEFT JOIN call_moves m USING (key) WHERE c.first_line <= getvariable('cut')),
parts AS (SELECT s.port, s.berth, d.day, date_diff('minute', greatest(s.first_line, d.starts), least(s.last_line, d.ends)) AS minutes, s.amp,
                 greatest(0, date_diff('second', greatest(s.ops_start, d.starts), least(s.ops_end, d.ends, getvariable('cut'))))
                 / greatest(1, date_diff('second', s.ops_start, s.ops_end)) AS share, s.moves, s.crane_min
          FROM stays s JOIN day d ON s.first_line < d.ends AND s.last_line > d.starts),
summed AS (SELECT port, berth, day, sum(minutes) AS minutes, count(*) AS ships, round(sum(share * moves), 3) AS moves, round(sum(share * crane_min), 3) AS crane_min,
                  sum(CASE WHEN amp THEN minutes ELSE 0 END) AS amp_min FROM parts GROUP BY port, berth, day)
SELECT b.port, b.terminal, b.pier, b.berth, d.day, b.length_m, b.depth_m,
       least(coalesce(s.minutes, 0), CASE WHEN b.port = 'USOAK' THEN 4 ELSE 1 END * date_diff('minute', d.starts, d.ends))::INTEGER AS occupied_min,
       (CASE WHEN b.port = 'USOAK' THEN 4 ELSE 1 END * date_diff('minute', d.starts, d.ends))::INTEGER AS available_min, coalesce(s.ships, 0)::INTEGER AS ships,
       coalesce(s.moves, 0)::INTEGER AS moves, coalesce(s.crane_min, 0)::INTEGER AS crane_min, coalesce(s.amp_min, 0)::INTEGER AS amp_min
FROM one_berth b CROSS JOIN day d LEFT JOIN summed s ON s.port = b.port AND s.berth = b.berth AND s.day = d.day;

CREATE TABLE port_day AS
WITH counted AS (
  SELECT p.port, d.day, count(CASE WHEN d.noon BETWEEN c.first_line AND c.last_line THEN 1 END)::INTEGER AS at_berth,
         count(CASE WHEN d.noon BETWEEN c.anchor_down AND c.anchor_up THEN 1 END)::INTEGER AS at_anchor,
         count(CASE WHEN c.eta_first > d.noon AND c.eta_first <= d.noon + INTERVAL 7 DAY THEN 1 END)::INTEGER AS expected
  FROM day d CROSS JOIN (VALUES ('USLAX'), ('USLGB'), ('USOAK')) AS p(port)
  JOIN call c ON c.port = p.port AND c.eta_first < d.noon + INTERVAL 7 DAY AND c.last_line > d.noon - INTERVAL 1 DAY GROUP BY p.port, d.day)
SELECT c.*, round(least(99, 66 + 6 * sin(2 * pi() * dayofyear(c.day) / 365) + CASE WHEN w.starts IS NOT NULL THEN 23 ELSE 0 END + 4 * z(hash(c.port, c.day), 'yard')), 2) AS yard_pct,
       CASE dayofweek(c.day) WHEN 0 THEN 0 WHEN 6 THEN 10 ELSE 18.5 END AS gate_h,
       CASE WHEN w.starts IS NOT NULL AND u(hash(c.port, c.day), 'dis?') < 0.5 THEN 'YRD' WHEN u(hash(c.port, c.day), 'dis') < 0.015 THEN
            pick(['LAB', 'CRN', 'PTF', 'FTE'], u(hash(c.port, c.day), 'dis2')) END AS disruption
FROM counted c LEFT JOIN stress w ON c.day BETWEEN w.starts AND w.ends;

-- Chassis run short in San Pedro Bay in turn: at Los Angeles in the first week of a stress, at Long Beach two weeks after it,
-- while the other of the two has plenty.
CREATE TABLE chassis_day AS
WITH state AS (SELECT d.day, w.starts IS NOT NULL AS la_short, v.starts IS NOT NULL AS lb_short FROM day d
               LEFT JOIN stress w ON d.day BETWEEN w.starts AND w.starts + 6 LEFT JOIN stress v ON d.day BETWEEN v.starts + 21 AND v.starts + 27),
pools AS (SELECT g.port, g.grp AS terminal, g.pier, p.pool, f.feet, 60 + 20 * len(g.berths) AS base, f.part, p.share
          FROM berth_group g, (VALUES ('Harborlink Pool', 0.5), ('Tidewater Pool', 0.3), ('Greenwheel Pool', 0.2)) AS p(pool, share),
               (VALUES (20, 0.15), (40, 0.75), (45, 0.10)) AS f(feet, part)
          WHERE g.port IN ('USLAX', 'USLGB') AND g.terminal IS NOT NULL AND g.pier = CASE g.port WHEN 'USLAX' THEN '' ELSE g.pier END),
fleet AS (SELECT *, round(base * 30 * part * share)::INTEGER AS units FROM pools),
ratio AS (SELECT f.*, s.day, u(hash(port, terminal, pool, feet, s.day), 'ready') AS r, u(hash(port, terminal, pool, feet, s.day), 'bad') AS b,
                 CASE WHEN (la_short AND port = 'USLAX') OR (lb_short AND port = 'USLGB') THEN CASE feet WHEN 40 THEN 0.03 ELSE 0.08 END
                      WHEN la_short OR lb_short THEN 0.31 ELSE 0.17 END AS ready_part FROM fleet f CROSS JOIN state s)
SELECT port, terminal, pier, pool, feet, day, round(units * ready_part * (0.9 + 0.2 * r))::INTEGER AS ready, round(units * (0.03 + 0.03 * b))::INTEGER AS bad_order,
       units - round(units * ready_part * (0.9 + 0.2 * r))::INTEGER - round(units * (0.03 + 0.03 * b))::INTEGER AS on_street, round(3.6 + 4 * (0.17 - ready_part) + 1.2 * r, 2) AS street_days
FROM ratio;

-- Emissions: ships in 2018 as published; the other sources in shares of them and the later years by a steady decline, both assumed.
CREATE TABLE air AS
WITH ogv AS (SELECT port_unlocode AS port, pollutant, CASE unit WHEN 'metric_tonnes' THEN amount / 0.90718474 ELSE amount END AS short_tons
             FROM read_csv(getvariable('data') || '/emissions_ogv_spb_2018.csv')),
small AS (SELECT 'USSAN' AS port, pollutant, short_tons * 0.06 AS short_tons FROM ogv WHERE port = 'USLAX'),
sources(source, nth, part) AS (VALUES ('ogv', 1, 1.0), ('harbor craft', 2, 0.24), ('cargo equipment', 3, 0.30), ('rail', 4, 0.26), ('trucks', 5, 0.55)),
years AS (SELECT unnest(generate_series(2018, year(getvariable('as_of')) - 1)) AS y)
SELECT port, y AS year, source, nth, pollutant, y > 2018 OR nth > 1 OR port = 'USSAN' AS is_synthetic,
       short_tons * CASE WHEN nth = 1 THEN 1 ELSE part * (0.7 + 0.6 * u(port || source || pollutant, 'air')) END * CASE pollutant WHEN 'CO2e' THEN 0.99 ELSE 0.955 END ^ (y - 2018) AS short_tons
FROM (SELECT * FROM ogv UNION ALL SELECT * FROM small) CROSS JOIN sources CROSS JOIN years;

-- Hueneme and San Diego: yearly tonnage shared over months by season and over the calls of a month by chance.
CREATE TABLE yearly(port VARCHAR, class VARCHAR, commodity VARCHAR, inbound BOOLEAN, tons DOUBLE, vehicles DOUBLE, boxes20 DOUBLE, boxes40 DOUBLE, pallets DOUBLE, origins VARCHAR[], lines INTEGER);
INSERT INTO yearly VALUES
  ('USNTD', 'auto_carrier', 'Automobiles', true, 520000, 262000, 0, 0, 0, ['Japan', 'South Korea', 'Mexico', 'Germany'], 1),
  ('USNTD', 'auto_carrier', 'Automobiles', false, 120000, 58000, 0, 0, 0, ['Australia', 'South Korea', 'Japan'], 1),
  ('USNTD', 'banana', 'Bananas', true, 722000, 0, 2600, 28000, 412000, ['Guatemala', 'Ecuador'], 1),
  ('USNTD', 'banana', 'Fresh fruit', true, 408212, 0, 900, 15500, 230000, ['Guatemala', 'Costa Rica', 'Chile'], 1),
  ('USNTD', 'banana', 'Frozen food', true, 120000, 0, 300, 4600, 61000, ['Ecuador', 'Chile'], 1),
  ('USNTD', 'banana', 'General exports', false, 557819, 0, 5200, 21000, 120000, ['Guatemala', 'Ecuador', 'Costa Rica'], 1),
  ('USNTD', 'tanker', 'Liquid fertilizer', true, 400000, 0, 0, 0, 0, ['Canada', 'Trinidad and Tobago'], 1),
  ('USNTD', 'project', 'Project cargo', true, 180000, 0, 0, 0, 0, ['Germany', 'South Korea', 'Denmark'], 1),
  ('USNTD', 'project', 'Project cargo', false, 80000, 0, 0, 0, 0, ['Australia', 'Chile'], 1),
  ('USNTD', 'naval', 'Naval cargo', true, 20000, 0, 0, 0, 0, ['United States'], 1), ('USNTD', 'naval', 'Naval cargo', false, 30000, 0, 0, 0, 0, ['United States'], 1),
  ('USSAN', 'auto_carrier', 'vehicles', true, 540000, 348000, 0, 0, 0, ['JPN', 'KOR', 'MEX', 'DEU'], 3), ('USSAN', 'auto_carrier', 'vehicles', false, 80000, 52000, 0, 0, 0, ['AUS', 'KOR'], 2),
  ('USSAN', 'banana', 'bananas', true, 190000, 0, 1200, 8800, 0, ['GTM', 'ECU', 'HND'], 2), ('USSAN', 'bulk_carrier', 'cement', true, 520000, 0, 0, 0, 0, ['KOR', 'TWN', 'VNM'], 3),
  ('USSAN', 'bulk_carrier', 'fertilizer', false, 120000, 0, 0, 0, 0, ['AUS', 'NZL'], 2), ('USSAN', 'general_cargo', 'steel', true, 130000, 0, 0, 0, 0, ['KOR', 'JPN', 'BRA'], 3),
  ('USSAN', 'general_cargo', 'lumber', true, 260000, 0, 0, 0, 0, ['CAN', 'CHL'], 4), ('USSAN', 'project', 'project cargo (wind turbines)', true, 90000, 0, 0, 0, 0, ['DNK', 'KOR', 'CHN'], 2),
  ('USSAN', 'naval', 'military cargo', false, 12436, 0, 0, 0, 0, ['USA'], 1);

CREATE TABLE lot AS
WITH season AS (SELECT day, date_trunc('month', day)::DATE AS month, 1 + 0.12 * sin(2 * pi() * (month(day) - 3) / 12) AS weight FROM day),
year_days AS (SELECT year(month) AS y, month, weight / 12 AS part FROM (SELECT DISTINCT month, weight FROM season)),
calls AS (SELECT *, date_trunc('month', local(first_line))::DATE AS month, 0.6 + 0.8 * u(key, 'cargo') AS w FROM call WHERE port IN ('USNTD', 'USSAN') AND first_line <= getvariable('cut')),
elapsed AS (SELECT month, part * CASE WHEN month = date_trunc('month', getvariable('as_of')::DATE) THEN day(getvariable('as_of')::DATE) / day(last_day(month)) ELSE 1 END AS part FROM year_days),
shared AS (SELECT c.port, c.key, c.call_no, c.ship_no, c.terminal, c.berth, c.class, c.month, c.first_line, c.last_line, y.commodity, y.inbound, y.lines, y.origins,
                  round(e.part * w / sum(w) OVER (PARTITION BY c.port, c.class, c.month, y.commodity, y.inbound), 12) AS share, y.tons, y.vehicles, y.boxes20, y.boxes40, y.pallets
           FROM calls c JOIN yearly y ON y.port = c.port AND y.class = c.class JOIN elapsed e ON e.month = c.month)
SELECT *, share * tons AS lot_tons, share * vehicles AS lot_vehicles, share * boxes20 AS lot_20, share * boxes40 AS lot_40, share * pallets AS lot_pallets,
       pick(origins, u(key, commodity || 'origin')) AS origin FROM shared;
