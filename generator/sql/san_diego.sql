-- The tables of San Diego: a cargo ledger and the days of each berth, tonnes and some kilograms, ISO 8601 with the local offset.
CREATE MACRO iso(ts) AS strftime(local(ts), '%Y-%m-%dT%H:%M:%S') || CASE date_diff('hour', ts, local(ts)) WHEN -7 THEN '-07:00' ELSE '-08:00' END;

CREATE TABLE sd_ship AS
SELECT *, CASE class WHEN 'auto_carrier' THEN pick(['Wallenius Wilhelmsen', 'Pasha Hawaii', 'Golden Stern Car Line'], u(ship_no, 'op')) WHEN 'banana' THEN 'Verde Fruit Line' WHEN 'naval' THEN 'Military Charter'
            WHEN 'cruise' THEN pick(['Sunset Cruises', 'Baja Cruises'], u(ship_no, 'op')) ELSE pick(['Swire Shipping', 'Mission Bulk', 'Cabrillo Project Lines'], u(ship_no, 'op')) END AS operator
FROM ship WHERE home = 'USSAN';

CREATE TABLE san_diego.ship_call AS
SELECT 'SD-' || lpad(call_no::VARCHAR, 5, '0') AS call_ref, c.terminal, c.berth, s.call_sign AS vessel_call_sign, s.name AS vessel_name,
       CASE c.class WHEN 'auto_carrier' THEN 'car carrier' WHEN 'banana' THEN 'reefer' WHEN 'bulk_carrier' THEN 'bulk' WHEN 'cruise' THEN 'cruise' WHEN 'naval' THEN 'naval' ELSE 'general cargo' END AS vessel_kind, s.operator, s.loa_m / 0.3048 AS length_ft,
       iso(eta_first) AS eta_first, iso(eta_latest) AS eta, iso(past(first_line)) AS arrived, iso(past(last_line)) AS departed, CASE WHEN first_line <= getvariable('cut') THEN reason END AS delay_reason,
       CASE WHEN s.amp AND last_line <= getvariable('cut') THEN round(date_diff('minute', first_line, last_line) * 0.8) END AS shore_power_minutes
FROM call c JOIN sd_ship s USING (ship_no) WHERE c.port = 'USSAN' ORDER BY call_no;

CREATE TABLE san_diego.cargo_ledger AS
WITH lines AS (SELECT *, unnest(range(lines)) AS line FROM lot WHERE port = 'USSAN'),
numbered AS (SELECT *, row_number() OVER (ORDER BY first_line, key, commodity, inbound, line) AS n, 0.5 + u(hash(key, commodity, inbound, line), 'line') AS w FROM lines),
parted AS (SELECT *, round(w / sum(w) OVER (PARTITION BY key, commodity, inbound), 12) AS part FROM numbered)
SELECT n AS ledger_id, 'SD-' || lpad(call_no::VARCHAR, 5, '0') AS call_ref, p.terminal, p.berth, iso(least(first_line + hours(1 + 12 * u(n, 'post')), getvariable('cut'))) AS posted_at, s.call_sign AS vessel_call_sign, s.name AS vessel_name, s.operator, commodity AS commodity_group,
       CASE commodity WHEN 'vehicles' THEN '8703' WHEN 'bananas' THEN '0803' WHEN 'cement' THEN '2523' WHEN 'fertilizer' THEN '3105' WHEN 'steel' THEN '7208' WHEN 'lumber' THEN '4407' WHEN 'project cargo (wind turbines)' THEN '8503' ELSE '9306' END AS hs4,
       inbound, CASE WHEN commodity <> 'bananas' THEN round(lot_tons * part, 3) END AS metric_tonnes, CASE WHEN commodity = 'bananas' THEN round(lot_tons * part * 1000, 1) END AS weight_kg, nullif(round(lot_vehicles * part), 0) AS vehicle_count,
       nullif(round(lot_20 * part), 0) AS boxes_20, nullif(round(lot_40 * part), 0) AS boxes_40, origin AS origin_country,
       CASE commodity WHEN 'bananas' THEN 'Verde Fruit Company (invented)' WHEN 'military cargo' THEN 'Military Sealift Charter (invented)'
            WHEN 'vehicles' THEN pick(['Balboa Motors', 'Otay Motor Imports', 'Coronado Autos'], u(n, 'customer')) || ' (invented)' WHEN 'cement' THEN 'Mission Cement (invented)'
            WHEN 'lumber' THEN pick(['Sweetwater Lumber', 'Julian Timber'], u(n, 'customer')) || ' (invented)' WHEN 'steel' THEN 'Cuyamaca Steel (invented)' ELSE 'Palomar Trading (invented)' END AS customer_name
FROM parted p JOIN sd_ship s USING (ship_no) ORDER BY n;

CREATE TABLE san_diego.berth_day AS
SELECT terminal, berth, day AS day_local, length_m / 0.3048 AS length_ft, depth_m / 0.3048 AS depth_ft_mllw, occupied_min AS occupied_minutes, ships AS vessel_count, round(amp_min / 60.0 * 0.8 * 2200, 1) AS shore_power_kwh
FROM berth_day WHERE port = 'USSAN' ORDER BY day, berth;

CREATE TABLE san_diego.air_quarter AS
SELECT make_date(year, q * 3 - 2, 1) AS quarter_start, ['ogv', 'harbor craft', 'cargo equipment', 'rail', 'trucks'][nth] AS source, upper(replace(pollutant, '.', '')) AS pollutant,
       round(short_tons * 907.18474 / 4 * (0.9 + 0.2 * u(hash(year, q, nth, pollutant), 'quarter')), 1) AS kilograms, CASE WHEN nth = 1 THEN 'meter' ELSE 'model' END AS method
FROM air, (VALUES (1), (2), (3), (4)) AS quarter(q) WHERE port = 'USSAN' ORDER BY 1, nth, 3;

CREATE TABLE san_diego.ref_ship AS SELECT call_sign AS vessel_call_sign, imo, mmsi::VARCHAR AS mmsi, name AS vessel_name, type AS dcsa_type FROM sd_ship ORDER BY 1;

CREATE TABLE san_diego.ref_operator(operator VARCHAR, smdg VARCHAR);
INSERT INTO san_diego.ref_operator VALUES ('Wallenius Wilhelmsen', 'WWL'), ('Pasha Hawaii', 'PAS'), ('Swire Shipping', 'SWI');

CREATE TABLE san_diego.ref_country AS
SELECT a3 AS alpha3, a2 AS alpha2 FROM (VALUES ('JPN', 'JP'), ('KOR', 'KR'), ('MEX', 'MX'), ('DEU', 'DE'), ('AUS', 'AU'), ('GTM', 'GT'), ('ECU', 'EC'), ('HND', 'HN'), ('TWN', 'TW'), ('VNM', 'VN'), ('NZL', 'NZ'), ('BRA', 'BR'), ('CAN', 'CA'),
  ('CHL', 'CL'), ('DNK', 'DK'), ('CHN', 'CN'), ('USA', 'US')) AS c(a3, a2);

CREATE TABLE san_diego.sample_note AS SELECT getvariable('seed') AS seed, getvariable('scale') AS scale, getvariable('first_day') AS first_day, getvariable('as_of') AS as_of;
