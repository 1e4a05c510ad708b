-- The tables of Los Angeles: normalised, one row per event, UTC, metres, SMDG codes.
CREATE TABLE los_angeles.vessel_visit AS
SELECT 100000 + call_no AS visit_id, s.imo::INTEGER AS imo, s.name AS ship_name, s.type AS ship_type, s.liner AS liner_smdg, s.service, c.terminal AS terminal_smdg,
       c.berth AS berth_no, s.loa_m, s.draft_m - 1.5 * u(key, 'draft') AS draft_arr_m, s.teu AS capacity_teu, prev_port, next_port, eta_first, eta_latest,
       past(anchor_down) AS anchor_down, past(anchor_up) AS anchor_up, past(first_line) AS first_line, past(ops_start) AS ops_start, past(ops_end) AS ops_end, etd, past(last_line) AS last_line,
       CASE WHEN first_line <= getvariable('cut') THEN reason END AS delay_reason,
       CASE WHEN last_line <= getvariable('cut') THEN CASE special WHEN 'ADHO' THEN 'ad hoc' ELSE 'completed' END WHEN first_line <= getvariable('cut') THEN 'alongside'
            WHEN anchor_down <= getvariable('cut') THEN 'at anchor' ELSE 'expected' END AS visit_status,
       round(m.moves * (0.96 + 0.08 * u(key, 'plan'))) AS planned_moves, CASE WHEN last_line <= getvariable('cut') THEN m.moves END AS actual_moves, s.amp AS amp_capable,
       CASE WHEN s.amp AND last_line <= getvariable('cut') THEN round(date_diff('minute', first_line, last_line) * (0.8 + 0.15 * u(key, 'amp'))) END AS amp_minutes
FROM call c JOIN ship s USING (ship_no) LEFT JOIN call_moves m USING (key) WHERE port = 'USLAX'
UNION ALL BY NAME
SELECT 900000 + drop_no AS visit_id, s.imo::INTEGER AS imo, s.name AS ship_name, s.type AS ship_type, s.liner AS liner_smdg, s.service, d.terminal AS terminal_smdg, s.loa_m, s.teu AS capacity_teu,
       prev_port, next_port, eta_first, eta_latest, CASE special WHEN 'OMIT' THEN 'omitted' ELSE 'blanked' END AS visit_status, s.amp AS amp_capable
FROM dropped d JOIN ship s USING (ship_no) WHERE port = 'USLAX' ORDER BY visit_id;

CREATE TABLE los_angeles.container_event AS
WITH events AS (
  SELECT box * 2 AS event_id, box, CASE WHEN is_inbound THEN 'DISC' ELSE 'LOAD' END AS event_code, 'ACT' AS classifier, quay_at AS event_at, 'VESSEL' AS carried_by FROM box WHERE port = 'USLAX'
  UNION ALL
  SELECT box * 2 + 1, box, CASE WHEN is_inbound THEN 'GTOT' ELSE 'GTIN' END, CASE WHEN land_at <= getvariable('cut') THEN 'ACT' ELSE 'PLN' END, land_at, land_mode FROM box WHERE port = 'USLAX')
SELECT e.event_id, 100000 + b.call_no AS visit_id, k.cntr, k.iso_type, b.is_laden, e.event_code, e.classifier, e.event_at, b.terminal AS terminal_smdg,
       CASE WHEN NOT b.is_laden THEN 'R' WHEN b.is_inbound THEN 'I' ELSE 'E' END AS trade, e.carried_by, CASE WHEN b.is_inbound THEN b.land_mode ELSE 'VESSEL' END AS out_mode,
       CASE WHEN b.is_inbound THEN k.overseas ELSE 'USLAX' END AS pol, CASE WHEN b.is_inbound THEN 'USLAX' ELSE k.overseas END AS pod, k.gross_kg, k.hs2, k.imdg AS imdg_class,
       CASE WHEN b.is_inbound THEN k.far_firm ELSE k.near_firm END AS shipper, CASE WHEN b.is_inbound THEN k.near_firm ELSE k.far_firm END AS consignee, k.bill AS mbl
FROM events e JOIN box b USING (box) JOIN box_cargo k USING (box) ORDER BY event_at, event_id;

CREATE TABLE los_angeles.container_stay AS
SELECT box AS stay_id, 100000 + call_no AS visit_id, cntr, iso_type, is_laden, liner AS liner_smdg, terminal AS terminal_smdg, CASE WHEN NOT is_laden THEN 'R' WHEN is_inbound THEN 'I' ELSE 'E' END AS trade,
       CASE WHEN is_inbound THEN 'VESSEL' ELSE land_mode END AS in_mode, in_at, past(available_at) AS available_at,
       CASE WHEN out_at <= getvariable('cut') THEN CASE WHEN is_inbound THEN land_mode ELSE 'VESSEL' END END AS out_mode, past(out_at) AS out_at
FROM box JOIN box_cargo USING (box) WHERE port = 'USLAX' ORDER BY in_at, stay_id;

CREATE TABLE los_angeles.gate_visit AS
SELECT gate AS gate_id, terminal AS terminal_smdg, scac, plate, driver AS twic_hash, appt, queue_in, in_at, out_at,
       CASE WHEN bare THEN 'bare chassis' WHEN is_inbound AND is_laden THEN 'import pickup' WHEN is_inbound THEN 'empty pickup' WHEN is_laden THEN 'export drop' ELSE 'empty return' END AS move_kind,
       dual, ['diesel', 'cng', 'battery', 'hydrogen'][fuel] AS fuel, CASE WHEN NOT bare THEN cntr END AS cntr, chassis
FROM truck JOIN box_cargo USING (box) WHERE port = 'USLAX' ORDER BY in_at, gate_id;

CREATE TABLE los_angeles.monthly_teu AS
SELECT year(month + INTERVAL 6 MONTH) AS fiscal_year, month(month + INTERVAL 6 MONTH) AS month_no, any_value(CASE part WHEN 1 THEN teu END) AS loaded_in, any_value(CASE part WHEN 2 THEN teu END) AS empty_in,
       any_value(CASE part WHEN 3 THEN teu END) AS loaded_out, any_value(CASE part WHEN 4 THEN teu END) AS empty_out, any_value(is_synthetic) AS is_synthetic
FROM target WHERE port = 'USLAX' AND month < date_trunc('month', getvariable('as_of')) GROUP BY month ORDER BY month;

CREATE TABLE los_angeles.air_inventory AS
SELECT year AS cal_year, ['ocean-going vessels', 'harbor craft', 'cargo handling equipment', 'locomotives', 'heavy-duty vehicles'][nth] AS source, pollutant, short_tons, is_synthetic
FROM air WHERE port = 'USLAX' ORDER BY year, nth, pollutant;

CREATE TABLE los_angeles.berth_day AS
SELECT day AS day_local, terminal AS terminal_smdg, berth AS berth_no, length_m, depth_m, occupied_min, available_min, ships AS calls, crane_min, moves AS quay_moves
FROM berth_day WHERE port = 'USLAX' ORDER BY day, berth;

CREATE TABLE los_angeles.rail_departure AS
SELECT block AS block_id, terminal AS terminal_smdg, ramp, railroad, is_inbound AS eastbound, region, boxes, teu, ready_at, depart_at, dwell_h AS mean_dwell_h
FROM block WHERE port = 'USLAX' ORDER BY block;

CREATE TABLE los_angeles.chassis_day AS
SELECT day AS day_local, terminal AS terminal_smdg, pool, feet AS size_ft, ready, on_street, bad_order, street_days FROM chassis_day WHERE port = 'USLAX' ORDER BY ALL;

CREATE TABLE los_angeles.port_day AS
SELECT day AS day_local, at_berth, at_anchor, expected AS expected_7d, yard_pct, gate_h AS gate_hours, disruption FROM port_day WHERE port = 'USLAX' ORDER BY day;

CREATE TABLE los_angeles.ref_terminal AS
SELECT terminal_code AS terminal_smdg, terminal_name, operator FROM read_csv(getvariable('data') || '/ref_terminals_california.csv') WHERE port_unlocode = 'USLAX' ORDER BY 1;

CREATE TABLE los_angeles.ref_liner AS
SELECT smdg_liner_code AS liner_smdg, liner_name, scac FROM read_csv(getvariable('data') || '/ref_liner_codes.csv') ORDER BY 1;

CREATE TABLE los_angeles.sample_note AS
SELECT getvariable('seed') AS seed, getvariable('scale') AS scale, getvariable('one_box') AS one_box_stands_for, getvariable('first_day') AS first_day, getvariable('as_of') AS as_of;
