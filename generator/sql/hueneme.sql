-- The tables of Hueneme: spreadsheet exports, every cell a text, local dates and times, short tons, names for all codes.
CREATE MACRO us_day(wall) AS coalesce(strftime(wall, '%m/%d/%Y'), '');
CREATE MACRO hhmm(wall) AS coalesce(strftime(wall, '%H:%M'), '');
CREATE MACRO commas(x) AS CASE WHEN x IS NULL OR x = 0 THEN '' ELSE format('{:,.1f}', x) END;
CREATE MACRO whole(x) AS CASE WHEN coalesce(round(x), 0) = 0 THEN '' ELSE round(x)::BIGINT::VARCHAR END;
SET VARIABLE one_row = 20 / greatest(0.1, getvariable('scale'));

-- Arrivals moved into the hour that never was (a typing error) and into the hour that came twice.
CREATE TABLE hue_call AS
WITH calls AS (SELECT c.*, s.name, s.loa_m, row_number() OVER (PARTITION BY first_line > '2025-03-09 10:30:00', first_line > '2025-11-02 08:30:00' ORDER BY first_line, key) AS n
               FROM call c JOIN ship s USING (ship_no) WHERE port = 'USNTD' AND first_line <= getvariable('cut'))
SELECT *, CASE WHEN n = 1 AND first_line BETWEEN '2025-03-09 10:30:00' AND '2025-11-02 08:30:00' THEN TIMESTAMP '2025-03-09 02:30:00'
               WHEN n = 1 AND first_line > '2025-11-02 08:30:00' THEN TIMESTAMP '2025-11-02 01:30:00' WHEN n = 2 AND first_line > '2025-11-02 08:30:00' THEN TIMESTAMP '2025-11-02 01:50:00'
               ELSE local(first_line) END AS arrived, local(past(last_line)) AS sailed, round(loa_m / 0.0254)::INTEGER AS inches FROM calls;

CREATE TABLE hueneme.vessel_log AS
SELECT 'H' || lpad(call_no::VARCHAR, 5, '0') AS "Call No", name AS "Vessel",
       CASE class WHEN 'auto_carrier' THEN pick(['Channel Coast Agency', 'Pacific Wharf Agents', 'Wallenius Agency West'], u(ship_no, 'agent')) WHEN 'banana' THEN CASE WHEN ship_no % 2 = 0 THEN 'Maersk Agency' ELSE 'Verde Fruit Agency' END
            WHEN 'naval' THEN 'Navy Port Services' ELSE pick(['Channel Coast Agency', 'Hapag Agency'], u(ship_no, 'agent')) END AS "Agent",
       berth AS "Wharf", us_day(arrived) AS "Arrival Date", hhmm(arrived) AS "Arrival Time", us_day(sailed) AS "Sail Date", hhmm(sailed) AS "Sail Time",
       (inches // 12)::VARCHAR || '-' || lpad((inches % 12)::VARCHAR, 2, '0') AS "LOA (ft-in)", CASE class WHEN 'naval' THEN 'NAVAL CHARTER' WHEN 'project' THEN 'PROJECT CARGO' ELSE '' END AS "Remarks"
FROM hue_call ORDER BY 1;

CREATE TABLE hueneme.cargo_log AS
SELECT 'FY' || year(month + INTERVAL 3 MONTH) AS "FY", strftime(month, '%b') AS "Month", s.name AS "Vessel", commodity AS "Commodity", CASE WHEN inbound THEN 'IN' ELSE 'OUT' END AS "In/Out", commas(round(sum(lot_tons), 6)) AS "Short Tons",
       whole(round(sum(lot_pallets), 6)) AS "Pallets", whole(round(sum(lot_vehicles), 6)) AS "Autos", whole(round(sum(lot_20), 6)) AS "20s", whole(round(sum(lot_40), 6)) AS "40s", origin AS "Origin"
FROM lot JOIN ship s USING (ship_no) WHERE port = 'USNTD' GROUP BY lot.month, s.name, commodity, inbound, origin ORDER BY lot.month, s.name, commodity, inbound, origin;

CREATE TABLE hueneme.reefer_yard AS
WITH stays AS (SELECT key, first_line, commodity, unnest(range((CASE WHEN inbound THEN lot_20 + lot_40 ELSE 0 END / getvariable('one_row') + u(key, commodity || 'n'))::INTEGER)) AS i FROM lot WHERE port = 'USNTD' AND class = 'banana'),
numbered AS (SELECT *, row_number() OVER (ORDER BY first_line, key, commodity, i) AS n FROM stays),
drawn AS (SELECT *, CASE WHEN u(n, 'line') < 0.5 THEN 'Verde Fruit Line' WHEN u(n, 'line') < 0.85 THEN 'Maersk' ELSE 'Hapag-Lloyd' END AS line, first_line + hours(2 + 24 * u(n, 'off')) AS in_at, 30 + 60 * logn(n, 'reefer', 0.5) AS stay_h, (n * 6151 + 3313) % 1000000 AS serial FROM numbered)
SELECT 'R' || lpad(n::VARCHAR, 6, '0') AS "Stay No", box_no(owner, owner_weight(owner), serial) AS "Container", line AS "Line", CASE WHEN u(n, 'len') < 0.07 THEN '20' ELSE '40' END AS "Length", us_day(local(in_at)) AS "Date In",
       us_day(local(past(in_at + hours(stay_h)))) AS "Date Out", CASE WHEN in_at + hours(stay_h) <= getvariable('cut') THEN format('{:.1f}', stay_h - 1) ELSE '' END AS "Plugged Hrs",
       CASE WHEN u(n, 'cnee') < 0.72 THEN 'Verde Fruit Company (invented)' ELSE pick(['Sunline Produce (invented)', 'Coastal Cold Foods (invented)', 'Ventura Fruit Brokers (invented)'], u(n, 'cnee2')) END AS "Consignee"
FROM (SELECT *, CASE line WHEN 'Verde Fruit Line' THEN 'ZVFU' WHEN 'Maersk' THEN 'MSKU' ELSE 'HLCU' END AS owner FROM drawn) WHERE in_at <= getvariable('cut') ORDER BY n;

CREATE TABLE hueneme.truck_scale AS
WITH trucks AS (SELECT key, first_line, commodity, inbound, unnest(range((lot_tons / 21 / getvariable('one_row') + u(key, commodity || 'trucks'))::INTEGER)) AS i FROM lot WHERE port = 'USNTD' AND class <> 'naval'),
numbered AS (SELECT *, row_number() OVER (ORDER BY first_line, key, commodity, inbound, i) AS n FROM trucks),
walls AS (SELECT *, date_trunc('day', local(first_line) + hours(6 + 96 * u(n, 'day'))) + hours(CASE WHEN u(n, 'shift') < 0.85 THEN 6 + 12 * u(n, 'clock') ELSE 18 + 5.9 * u(n, 'clock') END) AS wall, 18 + 24 * logn(n, 'scale', 0.5) AS minutes FROM numbered),
typed AS (SELECT n, wall, minutes, commodity, inbound FROM walls WHERE wall < local(getvariable('cut'))
          UNION ALL VALUES (900001, TIMESTAMP '2025-11-02 01:15:00', 20.0, 'Bananas', true), (900002, TIMESTAMP '2025-11-02 01:40:00', 35.0, 'Bananas', true), (900003, TIMESTAMP '2025-11-02 01:15:00', 22.0, 'Fresh fruit', true),
                 (900004, TIMESTAMP '2025-03-09 02:15:00', 25.0, 'Bananas', true))
SELECT 'T' || lpad(n::VARCHAR, 7, '0') AS "Ticket", us_day(wall) AS "Date", hhmm(wall) AS "Time In", hhmm(wall + hours(minutes / 60)) AS "Time Out", 'ZH' || lpad(floor(90000 * u(n, 'plate') ^ 2)::BIGINT::VARCHAR, 5, '0') AS "Plate",
       CASE WHEN u(n, 'empty') < 0.04 THEN '' ELSE format('{:,}', 20000 + floor(25000 * u(n, 'net'))::BIGINT) END AS "Net Lbs", CASE WHEN u(n, 'empty') < 0.04 THEN '' ELSE commodity END AS "Commodity", CASE WHEN inbound THEN 'OUT' ELSE 'IN' END AS "In/Out"
FROM typed ORDER BY wall, n;

CREATE TABLE hueneme.ref_ship AS SELECT name AS "Vessel", imo AS "IMO", type AS "Kind" FROM ship WHERE home = 'USNTD' ORDER BY imo;

CREATE TABLE hueneme.ref_agent("Agent" VARCHAR, "SMDG" VARCHAR);
INSERT INTO hueneme.ref_agent VALUES ('Maersk Agency', 'MSK'), ('Hapag Agency', 'HLC'), ('Wallenius Agency West', 'WWL');

CREATE TABLE hueneme.ref_line("Line" VARCHAR, "SMDG" VARCHAR);
INSERT INTO hueneme.ref_line VALUES ('Maersk', 'MSK'), ('Hapag-Lloyd', 'HLC');

CREATE TABLE hueneme.ref_wharf AS SELECT berth AS "Wharf", terminal AS "Terminal", round(length_m / 0.3048)::INTEGER::VARCHAR AS "Length (ft)", round(depth_m / 0.3048)::INTEGER::VARCHAR AS "Depth (ft)" FROM one_berth WHERE port = 'USNTD' ORDER BY 1;

CREATE TABLE hueneme.ref_commodity("Commodity" VARCHAR, "HS" VARCHAR, "Class" VARCHAR);
INSERT INTO hueneme.ref_commodity VALUES ('Automobiles', '87', 'RORO'), ('Bananas', '08', 'CONTAINER'), ('Fresh fruit', '08', 'CONTAINER'), ('Frozen food', '03', 'CONTAINER'), ('General exports', '47', 'CONTAINER'),
  ('Liquid fertilizer', '31', 'LIQUIDBULK'), ('Project cargo', '84', 'BREAKBULK'), ('Naval cargo', '93', 'BREAKBULK');

CREATE TABLE hueneme.ref_country AS
SELECT name AS "Origin", iso AS "ISO" FROM (VALUES ('Japan', 'JP'), ('South Korea', 'KR'), ('Mexico', 'MX'), ('Germany', 'DE'), ('Australia', 'AU'), ('Guatemala', 'GT'), ('Ecuador', 'EC'), ('Costa Rica', 'CR'), ('Chile', 'CL'),
  ('Canada', 'CA'), ('Trinidad and Tobago', 'TT'), ('Denmark', 'DK'), ('United States', 'US')) AS c(name, iso);

CREATE TABLE hueneme.sample_note AS
SELECT getvariable('seed')::VARCHAR AS "Seed", getvariable('scale')::VARCHAR AS "Scale", getvariable('one_row')::VARCHAR AS "One Row Stands For", us_day(getvariable('first_day')) AS "First Day", us_day(getvariable('as_of')) AS "As Of";
