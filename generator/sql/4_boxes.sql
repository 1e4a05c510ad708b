-- The quay moves of whole calls, the sampled boxes with their way through the terminal, and the trucks and trains that carry them.
-- A piece is the part of a call's cargo work that lies in one month both in UTC and by local date, so both readings agree.
CREATE TABLE piece AS
WITH month AS (SELECT DISTINCT month, utc(month::TIMESTAMP) AS starts, month::TIMESTAMP + INTERVAL 1 MONTH AS ends
               FROM target WHERE month >= getvariable('first_day')),
cut_pieces AS (
  SELECT m.month, c.port, c.key, c.call_no, c.ship_no, c.terminal, c.pier, greatest(c.ops_start, m.starts) AS starts,
         least(c.ops_end, m.ends) AS ends, sqrt(greatest(s.teu, 2000)) AS size
  FROM call c JOIN ship s USING (ship_no) JOIN month m ON c.ops_start < m.ends AND c.ops_end > m.starts
  WHERE c.class = 'containership'),
weighed AS (SELECT *, size * date_diff('second', starts, ends) / 3600.0 AS weight FROM cut_pieces WHERE ends > starts)
SELECT *, round(weight / sum(weight) OVER (PARTITION BY port, month), 12) AS share,
       round(sum(weight) OVER (PARTITION BY port, month ORDER BY starts, key) / sum(weight) OVER (PARTITION BY port, month), 12) AS reaches
FROM weighed;

-- The month of the last day has only begun: its boxes are those of the days gone by, on the calls begun by then.
CREATE TABLE month_part AS
SELECT b.*, least(1.0, date_diff('second', utc(b.month::TIMESTAMP), getvariable('cut'))
                       / date_diff('second', utc(b.month::TIMESTAMP), b.month::TIMESTAMP + INTERVAL 1 MONTH)) AS elapsed
FROM month_boxes b WHERE b.month >= getvariable('first_day');

CREATE TABLE call_moves AS
SELECT p.key, round(sum(p.share * n), 3)::INTEGER AS moves, round(sum(p.share * n_in), 3)::INTEGER AS discharged
FROM piece p JOIN (SELECT port, month, sum(n20 + n40 + n45) AS n, sum(CASE WHEN is_inbound THEN n20 + n40 + n45 END) AS n_in
                   FROM month_boxes GROUP BY port, month) USING (port, month) GROUP BY p.key;

-- One box in `one_box`, with TEU rounded once for a month and not once for each of its parts.
CREATE TABLE sampled AS
WITH teu AS (SELECT m.port, m.month, m.part, m.is_inbound, m.is_laden,
                    (m.n20 + 2 * m.n40 + 2.25 * m.n45) * m.elapsed / getvariable('one_box') AS teu FROM month_part m),
summed AS (SELECT *, sum(teu) OVER (PARTITION BY port, month ORDER BY part) AS upto FROM teu),
whole AS (SELECT *, (round(upto) - round(upto - teu))::BIGINT AS t FROM summed),
split AS (SELECT *, (floor(t * 0.03 / 9) * 4)::BIGINT AS n45, round(t * 0.0989)::BIGINT AS n FROM whole),
even AS (SELECT *, least(CASE WHEN (t - n45 * 9 // 4 - n) % 2 = 0 THEN n ELSE n + 1 END, t) AS n20 FROM split),
counted AS (SELECT *, (t - n45 * 9 // 4 - n20) // 2 AS n40 FROM even)
SELECT port, month, part, is_inbound, is_laden, n20, n40, n45,
       sum(n20 + n40 + n45) OVER (ORDER BY port, month, part) - (n20 + n40 + n45) AS before FROM counted;

CREATE TABLE drawn_box AS
SELECT before + i AS box, port, month, part, is_inbound, is_laden, CASE WHEN i < n20 THEN 20 WHEN i < n20 + n40 THEN 40 ELSE 45 END AS feet, u(before + i, 'piece') AS x
FROM (SELECT *, unnest(range(n20 + n40 + n45)) AS i FROM sampled WHERE list_contains(getvariable('chosen'), port));

-- Each box falls into the piece whose share of the month its number hits; in the month of the last day only pieces begun count.
CREATE TABLE placed_box AS
WITH pieces AS (SELECT port, month, key, call_no, ship_no, terminal, pier, starts, ends, coalesce(lag(reaches) OVER w, 0.0) / max(reaches) OVER (PARTITION BY port, month) AS since
                FROM piece WHERE starts <= getvariable('cut') WINDOW w AS (PARTITION BY port, month ORDER BY reaches))
SELECT d.*, p.key, p.call_no, p.ship_no, p.terminal, p.pier, p.starts + hours(u(d.box, 'at') * date_diff('second', p.starts, least(p.ends, getvariable('cut'))) / 3600.0) AS quay_at
FROM drawn_box d ASOF JOIN pieces p ON d.port = p.port AND d.month = p.month AND d.x >= p.since;

CREATE TABLE box AS
WITH routed AS (SELECT p.*, is_laden AND u(box, 'mode') < CASE WHEN port = 'USOAK' THEN 0.08 WHEN is_inbound THEN 0.28 ELSE 0.18 END AS by_rail,
                  CASE WHEN EXISTS (SELECT 1 FROM stress w WHERE quay_at BETWEEN w.starts AND w.ends) THEN 1.35 ELSE 1.0 END AS slow,
                  s.liner FROM placed_box p JOIN ship s USING (ship_no)),
-- Trucks come in two shifts by the local clock; a train of one railroad leaves each evening.
land AS (SELECT *, CASE WHEN is_inbound THEN quay_at + hours(8 + 24 * u(box, 'avail')) END AS available_at,
                CASE WHEN is_inbound THEN CASE WHEN by_rail THEN 20 + 62 * slow * logn(box, 'wait', 0.45) ELSE 2 + 38 * slow * logn(box, 'wait', 0.75) END
                     ELSE CASE WHEN is_laden THEN 40 + 60 * logn(box, 'wait', 0.5) ELSE 24 + 44 * logn(box, 'wait', 0.6) END END AS wait_h,
                CASE WHEN u(box, 'shift') < 0.72 THEN 7 + 10 * u(box, 'clock') ELSE 18 + 8 * u(box, 'clock') END AS gate_clock,
                pick(['BNSF', 'UP'], u(box, 'railroad')) AS railroad FROM routed),
landed AS (SELECT *, CASE WHEN is_inbound THEN available_at + hours(wait_h) ELSE quay_at - hours(wait_h) END AS wish,
                  CASE WHEN by_rail THEN CASE railroad WHEN 'BNSF' THEN 20.0 ELSE 22.5 END ELSE gate_clock END AS clock FROM land),
walled AS (SELECT *, date_trunc('day', local(wish)) + hours(clock) AS wall FROM landed),
timed AS (SELECT *, utc(CASE WHEN is_inbound AND wall < local(available_at) THEN wall + INTERVAL 1 DAY
                             WHEN NOT is_inbound AND wall > local(quay_at) - INTERVAL 6 HOUR THEN wall - INTERVAL 1 DAY ELSE wall END) AS land_at FROM walled)
SELECT box, port, key, call_no, ship_no, terminal, pier, liner, month, is_inbound, is_laden, feet, by_rail, railroad, quay_at, available_at, land_at,
       CASE WHEN is_inbound THEN quay_at ELSE land_at END AS in_at, CASE WHEN is_inbound THEN land_at ELSE quay_at END AS out_at,
       CASE WHEN by_rail THEN 'RAIL' ELSE 'TRUCK' END AS land_mode,
       pick(['Chicago', 'Dallas', 'Memphis', 'Kansas City'], u(box, 'region')) AS region, pick(['on dock', 'on dock', 'on dock', 'near dock'], u(box, 'region')) AS ramp
FROM timed;

-- ISO 6346: letters count 10 to 38 without 11, 22 and 33; places weigh 1, 2, 4 ...; the rest by 11 is the check digit.
CREATE MACRO letter(c) AS ascii(c) - 55 + CASE WHEN c >= 'V' THEN 3 WHEN c >= 'L' THEN 2 WHEN c >= 'B' THEN 1 ELSE 0 END;
CREATE MACRO owner_weight(owner) AS letter(owner[1]) + letter(owner[2]) * 2 + letter(owner[3]) * 4 + letter(owner[4]) * 8;
CREATE MACRO box_no(owner, weighted, serial) AS owner || lpad(serial::VARCHAR, 6, '0')
  || ((weighted + digit(serial, 100000) * 16 + digit(serial, 10000) * 32 + digit(serial, 1000) * 64 + digit(serial, 100) * 128
       + digit(serial, 10) * 256 + digit(serial, 1) * 512) % 11 % 10);

-- The hour that came twice in Long Beach: four boxes that came ashore in the two days after it are moved into it, two to each pass.
UPDATE box SET quay_at = o.at, in_at = o.at
FROM (SELECT box, TIMESTAMP '2025-11-02 08:20:00' + (row_number() OVER (ORDER BY quay_at, box) - 1) * INTERVAL 30 MINUTE AS at FROM box
      WHERE port = 'USLGB' AND is_inbound AND quay_at BETWEEN '2025-11-02 10:00:00' AND '2025-11-04 08:00:00' QUALIFY row_number() OVER (ORDER BY quay_at, box) <= 4) AS o
WHERE box.box = o.box;

-- What a box is and holds.
CREATE TABLE box_cargo AS
WITH base AS (SELECT b.box, b.liner, b.feet, b.is_laden, b.is_inbound, b.port, u(box, 'kind') AS k, (box * 7919 + 104729) % 1000000 AS serial,
                     u(box, 'kg') AS w, u(box, 'who') ^ 2 AS who, u(box, 'hs') ^ 1.5 AS h, u(box, 'imdg') AS d FROM box b),
letters AS (SELECT liner, liner || 'U' AS owner, owner_weight(liner || 'U') AS weighted FROM (SELECT DISTINCT liner FROM ship WHERE liner IS NOT NULL)),
kinds AS (SELECT *, CASE WHEN feet = 45 THEN 'L5G1' WHEN feet = 20 THEN CASE WHEN k < 0.92 OR NOT is_laden THEN '22G1' WHEN k < 0.97 THEN '22T1' ELSE '22U1' END
                         WHEN k < 0.11 AND is_laden THEN '45R1' WHEN k < 0.13 AND is_laden THEN '42R1' WHEN k < 0.68 THEN '45G1' WHEN k < 0.99 THEN '42G1' ELSE '42U1' END AS iso_type
          FROM base)
SELECT k.box, box_no(owner, weighted, serial) AS cntr, iso_type, iso_type[3] = 'R' AS is_reefer,
       round(CASE WHEN feet = 20 THEN 2250 ELSE 3900 END + CASE WHEN is_laden THEN 4000 + 18000 * sqrt(w) ELSE 0 END)::INTEGER AS gross_kg,
       CASE WHEN NOT is_laden THEN NULL WHEN iso_type[3] = 'R' THEN CASE WHEN is_inbound THEN pick(['08', '03', '07'], h) ELSE pick(['02', '08', '20'], h) END
            WHEN is_inbound THEN pick(['94', '85', '84', '95', '87', '39', '73', '64', '61', '62', '40', '63', '42', '83'], h)
            ELSE pick(['23', '12', '52', '47', '39', '44', '10', '28', '76', '41'], h) END AS hs2,
       CASE WHEN is_laden AND d < 0.03 THEN pick(['3', '8', '9', '2.1', '6.1'], d / 0.03) END AS imdg,
       CASE WHEN is_laden THEN pick(['Alder', 'Birch', 'Canyon', 'Delta', 'Eagle', 'Foothill', 'Granite', 'Harbor', 'Inland', 'Juniper', 'Keystone', 'Laguna', 'Mesa', 'Northgate', 'Orchard', 'Prairie'], who)
            || ' ' || pick(['Furnishings', 'Electronics', 'Home Goods', 'Tire', 'Apparel', 'Foods', 'Machinery', 'Toys', 'Plastics', 'Hardware'], u(box, 'firm')) || ' (invented)' END AS near_firm,
       CASE WHEN is_laden THEN pick(['Bright River', 'Nine Pines', 'Red Lake', 'Silver Gate', 'Long Field', 'East Cape', 'Blue Stone', 'High Cloud'], u(box, 'far'))
            || ' ' || pick(['Trading', 'Manufacturing', 'Export', 'Works', 'Mills'], u(box, 'far2')) || ' (invented)' END AS far_firm,
       CASE WHEN is_laden THEN 'Z' || k.liner || lpad((box * 31 % 1000000000)::VARCHAR, 9, '0') END AS bill,
       pick(['CNSHA', 'CNNGB', 'CNYTN', 'TWKHH', 'KRPUS', 'JPTYO', 'THLCH'], u(box, 'overseas')) AS overseas
FROM kinds k JOIN letters USING (liner);

-- One truck transaction for each box that a truck brings or takes, and some for a bare chassis.
CREATE TABLE truck AS
WITH visits AS (SELECT box, 0 AS extra, port, terminal, pier, land_at, is_inbound, is_laden, box * 2 AS gate FROM box WHERE NOT by_rail
                UNION ALL SELECT box, 1, port, terminal, pier, land_at + INTERVAL 35 MINUTE, is_inbound, is_laden, box * 2 + 1 FROM box WHERE NOT by_rail AND u(box, 'bare') < 0.05),
drawn AS (SELECT *, u(gate, 'dual') < 0.34 AS dual, floor(180 * u(gate, 'haulier') ^ 1.8)::INTEGER AS haulier, floor(60 * u(gate, 'truck'))::INTEGER AS t,
                 hour(local(land_at)) AS clock FROM visits),
spent AS (SELECT *, haulier * 60 + t AS truck, 44 * logn(gate, 'turn', 0.4) * CASE WHEN dual THEN 1.3 ELSE 1 END * CASE WHEN clock IN (10, 11, 14, 15) THEN 1.15 ELSE 0.97 END AS turn_min,
                 21 * logn(gate, 'queue', 0.7) * CASE WHEN clock IN (7, 8, 13, 18) THEN 1.6 ELSE 0.9 END AS queue_min FROM drawn),
passed AS (SELECT *, CASE WHEN is_inbound THEN land_at - hours(turn_min / 60) ELSE land_at END AS in_at,
                  CASE WHEN is_inbound THEN land_at ELSE land_at + hours(turn_min / 60) END AS out_at FROM spent)
SELECT gate, box, extra = 1 AS bare, port, terminal, pier, is_inbound, is_laden, dual, in_at, out_at, in_at - hours(queue_min / 60) AS queue_in, turn_min, queue_min,
       date_trunc('hour', in_at - hours(queue_min / 60 + 0.9 * u(gate, 'appt') - 0.5)) AS appt,
       'ZZ' || chr(65 + haulier // 26) || chr(65 + haulier % 26) AS scac, 'ZZ' || lpad((truck + 10000)::VARCHAR, 5, '0') AS plate, md5('driver ' || (truck * 2 + gate % 2))[:16] AS driver,
       pick([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 3, 4], u(truck, 'fuel')) AS fuel,
       pick(['ZPGZ', 'ZHBZ', 'ZGTZ'], u(gate, 'pool')) || lpad(floor(1000000 * u(gate, 'chassis'))::BIGINT::VARCHAR, 6, '0') AS chassis
FROM passed WHERE out_at <= getvariable('cut');

CREATE TABLE block AS
SELECT row_number() OVER (PARTITION BY port ORDER BY land_at, terminal, railroad, region, is_inbound) AS block, port, terminal, any_value(pier) AS pier, railroad, is_inbound, region, any_value(ramp) AS ramp,
       count(*)::INTEGER AS boxes, sum(feet) / 20.0 AS teu, count(CASE WHEN feet = 20 THEN 1 END)::INTEGER AS n20, count(CASE WHEN feet = 40 THEN 1 END)::INTEGER AS n40,
       count(CASE WHEN feet = 45 THEN 1 END)::INTEGER AS n45, land_at - hours(CASE WHEN is_inbound THEN 6 + 10 * u(hash(port, terminal, region), land_at::VARCHAR) ELSE 0.5 END) AS ready_at, land_at AS depart_at,
       avg(date_diff('minute', in_at, out_at)) / 60.0 AS dwell_h
FROM box WHERE by_rail AND land_at <= getvariable('cut') AND out_at IS NOT NULL
GROUP BY port, terminal, railroad, is_inbound, region, land_at;
