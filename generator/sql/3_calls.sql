-- Every call of every ship at every port, with all its times in UTC and unclipped.
-- Sums of fractions are rounded everywhere: two threads may add them in another order, and the rows must not show it.
-- Slots lie evenly over the year, so each year has exactly the arrivals of its stream; a fleet sails round in turn.
CREATE TABLE slot AS
WITH slots AS (SELECT s.*, y, unnest(range(per_year)) AS n FROM stream s,
               (SELECT unnest(generate_series(year(getvariable('first_day')), year(getvariable('as_of') + 8))) AS y)),
timed AS (SELECT stream, port, class, berth_h, anchor_share, anchor_h, ((y - 2025) * per_year + n) % ships AS i,
                 (stream * 1000 + y) * 10000 + n AS key, n,
                 make_timestamp(y, 1, 1, 8, 0, 0) + hours((n + 0.1 + 0.8 * u((stream * 1000 + y) * 10000 + n, 't')) * 8760.0 / per_year) AS eta_first
          FROM slots)
SELECT * FROM timed WHERE eta_first < getvariable('as_of')::TIMESTAMP + INTERVAL 8 DAY;

CREATE MACRO lateness(key) AS CASE
  WHEN u(key, 'late?') < 0.66 THEN greatest(-6, 2.5 * z(key, 'early'))
  WHEN u(key, 'late?') < 0.90 THEN 6 + 18 * u(key, 'late')
  ELSE least(120, 24 - 30 * ln(1 - u(key, 'late'))) END;
CREATE MACRO logn(key, salt, sigma) AS exp(sigma * z(key, salt) - sigma * sigma / 2);

-- One ro-ro ship of Long Beach lies there for months (the published hours show it): every 13th call is such a stay.
CREATE TABLE first_leg AS
WITH drawn AS (
  SELECT s.*, p.ship_no, lateness(key) + CASE WHEN s.class = 'containership' AND EXISTS (SELECT 1 FROM stress w
                WHERE eta_first BETWEEN w.starts AND w.ends) THEN 12 * u(key, 'stress') ELSE 0 END AS late_h,
         u(key, 'anchor') < anchor_share AS anchors, logn(key, 'anchor_h', 0.7) AS anchor_w,
         CASE WHEN s.class = 'ro_ro' AND n % 13 = 0 THEN 110 ELSE logn(key, 'stay', 0.35) END AS stay_w
  FROM slot s JOIN ship p ON p.stream = s.stream AND p.i = s.i),
scaled AS (
  SELECT *, CASE WHEN anchors THEN anchor_h * anchor_share * count(*) OVER w / count(CASE WHEN anchors THEN 1 END) OVER w
                      * anchor_w / round(avg(CASE WHEN anchors THEN anchor_w END) OVER w, 9) END AS anchored_h,
         berth_h * stay_w / round(avg(stay_w) OVER w, 9) AS stay_h
  FROM drawn WINDOW w AS (PARTITION BY stream))
SELECT key, port, class, ship_no, eta_first, eta_first + hours(round(late_h * 0.6 * 4) / 4) AS eta_latest, late_h,
       CASE WHEN anchors THEN eta_first + hours(late_h) END AS anchor_down,
       CASE WHEN anchors THEN eta_first + hours(late_h + anchored_h) END AS anchor_up,
       eta_first + hours(late_h + coalesce(anchored_h + 1.5, 0)) AS first_line, stay_h, berth_h
FROM scaled;

-- A fifth of the San Pedro Bay fleets go on to Oakland, and carry their lateness there.
CREATE TABLE second_leg AS
WITH onward AS (SELECT f.*, f.key + 500000000000 AS key2, 31 * logn(f.key, 'stay2', 0.35) AS stay2,
                       26 + 6 * u(f.key, 'sail') + 6 * u(f.key, 'wait') ^ 3 AS sail_h, u(f.key, 'anchor2') < 0.06 AS anchors2
                FROM first_leg f JOIN ship p USING (ship_no) WHERE f.class = 'containership' AND p.home <> 'USOAK' AND p.i % 5 = 2)
SELECT key2 AS key, 'USOAK' AS port, class, ship_no, eta_first + hours(berth_h + 36) AS eta_first,
       first_line + hours(stay_h + 28) AS eta_latest, 0.0 AS late_h,
       CASE WHEN anchors2 THEN first_line + hours(stay_h + sail_h) END AS anchor_down,
       CASE WHEN anchors2 THEN first_line + hours(stay_h + sail_h + 22 * logn(key, 'anchor2_h', 0.5)) END AS anchor_up,
       first_line + hours(stay_h + sail_h + CASE WHEN anchors2 THEN 1.5 + 22 * logn(key, 'anchor2_h', 0.5) ELSE 0 END) AS first_line,
       stay2 AS stay_h, 31.0 AS berth_h, port AS came_from
FROM onward;

CREATE TABLE call AS
WITH legs AS (SELECT *, NULL AS came_from FROM first_leg UNION ALL BY NAME SELECT * FROM second_leg),
placed AS (
  SELECT l.*, p.liner, p.type, p.home, p.i, CASE WHEN l.class <> 'containership' THEN l.class
              ELSE coalesce(h.terminal, CASE l.port WHEN 'USOAK' THEN 'B58' WHEN 'USLAX' THEN 'APMT' ELSE 'TTI' END) END AS grp
  FROM legs l JOIN ship p USING (ship_no) LEFT JOIN line_home h ON h.port = l.port AND h.liner = p.liner),
berthed AS (
  SELECT p.*, g.terminal, g.pier, g.berths[1 + (row_number() OVER (PARTITION BY p.port, p.grp ORDER BY first_line, key)) % len(g.berths)] AS berth,
         first_line + hours(stay_h) AS last_line, CASE WHEN u(key, 'out?') < 0.7 THEN 1.5 * z(key, 'out') ELSE 3 + 15 * u(key, 'out') END AS out_late_h
  FROM placed p JOIN berth_group g ON g.port = p.port AND g.grp = p.grp)
SELECT row_number() OVER (PARTITION BY port ORDER BY eta_first, key) AS call_no, key, port, class, ship_no, terminal, pier, berth, grp,
       eta_first, eta_latest, anchor_down, anchor_up, first_line, first_line + hours(least(1.5, stay_h * 0.08)) AS ops_start,
       last_line - hours(least(1.5, stay_h * 0.08)) AS ops_end, last_line - hours(least(out_late_h, stay_h * 0.5)) AS etd, last_line,
       CASE WHEN date_diff('minute', eta_first, first_line) > 360 AND u(key, 'why?') < 0.85 THEN
            CASE WHEN anchor_down IS NOT NULL AND u(key, 'why') < 0.7 THEN pick(['CGS', 'PBC', 'YRD'], u(key, 'why2'))
                 ELSE pick(['DEV', 'DEV', 'CGS', 'ENG', 'CRN', 'YRD', 'LAB', 'PIT', 'MVX', 'PTF', 'OTV', 'STW', 'SPE'], u(key, 'why3')) END END AS reason,
       CASE WHEN u(key, 'extra') < 0.01 THEN 'ADHO' END AS special,
       CASE WHEN came_from IS NOT NULL THEN came_from WHEN port IN ('USLAX', 'USLGB') AND class = 'containership'
                 THEN pick(['CNSHA', 'CNNGB', 'CNYTN', 'TWKHH', 'KRPUS', 'JPYOK', 'CNTAO', 'THLCH'], u(ship_no, 'prev'))
            WHEN class = 'containership' THEN pick(['KRPUS', 'CNSHA', 'JPTYO', 'USSEA', 'USTIW', 'TWKHH'], u(ship_no, 'prev'))
            WHEN class = 'banana' THEN pick(['GTPRQ', 'ECGYE'], u(ship_no, 'prev')) WHEN class = 'auto_carrier' THEN pick(['JPNGO', 'KRUSN', 'MXZLO', 'JPYOK'], u(key, 'prev'))
            ELSE pick(['CLSAI', 'PABLB', 'KRPUS', 'CAVAN'], u(key, 'prev')) END AS prev_port,
       CASE WHEN class = 'containership' AND home <> 'USOAK' AND i % 5 = 2 AND port <> 'USOAK' THEN 'USOAK'
            WHEN class = 'containership' THEN pick(['CNSHA', 'CNNGB', 'KRPUS', 'JPYOK', 'TWKHH'], u(ship_no, 'next'))
            ELSE pick(['MXZLO', 'JPYOK', 'CAVAN', 'PABLB'], u(key, 'next')) END AS next_port
FROM berthed WHERE first_line < getvariable('as_of')::TIMESTAMP + INTERVAL 8 DAY OR eta_first < getvariable('as_of')::TIMESTAMP + INTERVAL 8 DAY;

-- Some ships drop a port and go straight to the next: a row at the port that was dropped.
CREATE TABLE dropped AS
WITH chosen AS (
  SELECT c.*, CASE port WHEN 'USLAX' THEN pick(['USLGB', 'USOAK'], u(key, 'drop2')) WHEN 'USLGB' THEN pick(['USLAX', 'USOAK'], u(key, 'drop2'))
                   ELSE pick(['USLAX', 'USLGB'], u(key, 'drop2')) END AS dropped_port
  FROM call c WHERE class = 'containership' AND first_line <= getvariable('cut') AND u(key, 'drop') < CASE WHEN EXISTS
       (SELECT 1 FROM stress w WHERE c.first_line BETWEEN w.starts AND w.ends) THEN 0.06 ELSE 0.018 END)
SELECT row_number() OVER (PARTITION BY dropped_port ORDER BY key) AS drop_no, key, dropped_port AS port, class, ship_no,
       first_line - hours(12 + 84 * u(key, 'drop3')) AS eta_latest, first_line - hours(20 + 100 * u(key, 'drop3')) AS eta_first,
       CASE WHEN u(key, 'drop4') < 0.65 THEN 'OMIT' ELSE 'BLNK' END AS special, prev_port, port AS next_port,
       coalesce((SELECT h.terminal FROM line_home h JOIN ship s ON s.liner = h.liner WHERE h.port = dropped_port AND s.ship_no = chosen.ship_no),
                CASE dropped_port WHEN 'USOAK' THEN 'B58' WHEN 'USLAX' THEN 'APMT' ELSE 'TTI' END) AS terminal
FROM chosen;
