-- The tables of Oakland: codes of a terminal system, epoch milliseconds, berth ranges, lifts.
CREATE MACRO ms(ts) AS epoch_ms(ts);

CREATE TABLE oak_line(code VARCHAR, words VARCHAR);
INSERT INTO oak_line VALUES ('MSC', 'MSC'), ('MSK', 'MAERSK'), ('HSD', 'HAMBURG SUD'), ('CMA', 'CMA CGM'), ('COS', 'COSCO SHPG'), ('OOL', 'OOCL'), ('ONE', 'ONE LINE'), ('EMC', 'EVERGREEN'), ('YML', 'YANG MING'),
  ('HLC', 'HAPAG LLOYD'), ('WHL', 'WAN HAI'), ('MAT', 'MATSON'), ('ZIM', 'ZIM'), ('HMM', 'HMM'), ('SIT', 'SITC'), ('SLC', 'SM LINE'), ('PIL', 'PIL');

CREATE TABLE oak_range AS SELECT terminal, berths[1] AS rng FROM berth_group WHERE port = 'USOAK';

-- Two calls in a hundred have the line in a spelling that no list knows.
CREATE TABLE oak_call AS
SELECT c.*, s.mmsi, s.name, s.service, s.loa_m, s.amp, m.moves, m.discharged, CASE WHEN u(c.key, 'spelling') < 0.02 THEN l.words || ' (AGT)' ELSE l.words END AS line_nm, r.rng
FROM call c JOIN ship s USING (ship_no) LEFT JOIN call_moves m ON m.key = c.key JOIN oak_line l ON l.code = s.liner JOIN oak_range r ON r.terminal = c.terminal WHERE c.port = 'USOAK';

CREATE TABLE oakland.VSL_CALL AS
SELECT 'VC' || lpad(call_no::VARCHAR, 5, '0') AS VC_ID, mmsi AS MMSI, name AS VSL_NM, line_nm AS LINE_NM, service AS SVC_CD, rng AS BERTH_RNG, loa_m AS LEN_M, prev_port AS PRV_PORT, next_port AS NXT_PORT, ms(eta_first) AS ETA1_MS,
       ms(eta_latest) AS ETA_MS, ms(past(anchor_down)) AS ANC_IN_MS, ms(past(anchor_up)) AS ANC_OUT_MS, ms(past(first_line)) AS ATA_MS, ms(etd) AS ETD_MS, ms(past(last_line)) AS ATD_MS, round(moves * (0.96 + 0.08 * u(key, 'plan'))) AS PLAN_LIFTS,
       CASE WHEN last_line <= getvariable('cut') THEN discharged END AS DISC_LIFTS, CASE WHEN last_line <= getvariable('cut') THEN moves - discharged END AS LOAD_LIFTS,
       CASE WHEN last_line <= getvariable('cut') THEN round(moves * 0.06 * u(key, 'restow')) END AS RESTOW_LIFTS, CASE WHEN last_line <= getvariable('cut') THEN round(moves / 26.0 * 60) END AS CRANE_MIN,
       CASE WHEN amp AND last_line <= getvariable('cut') THEN round(date_diff('minute', first_line, last_line) * (0.75 + 0.2 * u(key, 'amp'))) END AS SHORE_PWR_MIN, CASE WHEN first_line <= getvariable('cut') THEN reason END AS DLY_CD,
       CASE WHEN last_line <= getvariable('cut') THEN CASE special WHEN 'ADHO' THEN 'ADH' ELSE 'CMP' END WHEN first_line <= getvariable('cut') THEN 'BRT' WHEN anchor_down <= getvariable('cut') THEN 'ANC' ELSE 'EXP' END AS STATUS
FROM oak_call
UNION ALL BY NAME
SELECT 'VX' || lpad(drop_no::VARCHAR, 5, '0') AS VC_ID, s.mmsi AS MMSI, s.name AS VSL_NM, l.words AS LINE_NM, s.service AS SVC_CD, r.rng AS BERTH_RNG, s.loa_m AS LEN_M, prev_port AS PRV_PORT, next_port AS NXT_PORT, ms(eta_first) AS ETA1_MS, ms(eta_latest) AS ETA_MS,
       CASE special WHEN 'OMIT' THEN 'OMT' ELSE 'BLK' END AS STATUS
FROM dropped d JOIN ship s USING (ship_no) JOIN oak_line l ON l.code = s.liner JOIN oak_range r ON r.terminal = d.terminal WHERE d.port = 'USOAK' ORDER BY VC_ID;

CREATE TABLE oakland.UNIT AS
SELECT b.box AS UNIT_ID, k.cntr AS UNIT_NO, 'VC' || lpad(b.call_no::VARCHAR, 5, '0') AS VC_ID, k.iso_type AS ISO_TYP, CASE WHEN b.is_laden THEN 'FULL' ELSE 'MTY' END AS STS, CASE WHEN NOT b.is_laden THEN 'STRGE' WHEN b.is_inbound THEN 'IMPRT' ELSE 'EXPRT' END AS CATG,
       ms(b.in_at) AS IN_MS, ms(past(b.available_at)) AS AVL_MS, ms(past(b.out_at)) AS OUT_MS, CASE WHEN b.is_inbound THEN 'V' ELSE b.land_mode[1] END AS IN_MODE,
       CASE WHEN b.out_at <= getvariable('cut') THEN CASE WHEN b.is_inbound THEN b.land_mode[1] ELSE 'V' END END AS OUT_MODE, c.line_nm AS LINE_NM, c.rng AS BERTH_RNG, CASE WHEN b.is_inbound THEN k.overseas ELSE 'USOAK' END AS POL,
       CASE WHEN b.is_inbound THEN 'USOAK' ELSE k.overseas END AS POD, k.gross_kg AS WGT_KG, k.hs2 AS HS2, k.imdg IS NOT NULL AS HAZ, k.is_reefer AS RFR, CASE WHEN b.is_inbound THEN k.far_firm ELSE k.near_firm END AS SHPR,
       CASE WHEN b.is_inbound THEN k.near_firm ELSE k.far_firm END AS CNEE
FROM box b JOIN box_cargo k USING (box) JOIN oak_call c ON c.key = b.key WHERE b.port = 'USOAK' ORDER BY IN_MS, UNIT_ID;

CREATE TABLE oakland.GATE_DAILY AS
SELECT t.in_at::DATE AS DAY_UTC, r.rng AS BERTH_RNG, hour(t.in_at) AS HR, count(*) AS TXNS, sum(round(turn_min * 60)) AS SUM_TURN_SEC, sum(round(queue_min * 60)) AS SUM_QUEUE_SEC, count(CASE WHEN fuel IN (3, 4) THEN 1 END) AS ZE_TXNS
FROM truck t JOIN oak_range r USING (terminal) WHERE t.port = 'USOAK' GROUP BY 1, 2, 3 ORDER BY 1, 2, 3;

CREATE TABLE oakland.RAIL_BLOCK AS
SELECT 'RB' || lpad(block::VARCHAR, 7, '0') AS BLK_ID, r.rng AS BERTH_RNG, railroad AS RR, CASE WHEN is_inbound THEN 'E' ELSE 'W' END AS DIR, region AS DEST, boxes AS UNITS, teu AS TEU, ms(ready_at) AS RDY_MS, ms(depart_at) AS DEP_MS, dwell_h AS DWELL_HR
FROM block JOIN oak_range r USING (terminal) WHERE port = 'USOAK' ORDER BY block;

CREATE TABLE oakland.BERTH_DAY AS
SELECT day AS DAY_LCL, berth AS BERTH_RNG, occupied_min AS OCC_MIN, available_min AS AVL_MIN, ships AS VSL_CNT, crane_min AS CRANE_MIN, moves + round(moves * 0.03) AS LIFTS, round(moves * 0.03) AS RESTOWS FROM berth_day WHERE port = 'USOAK' ORDER BY day, berth;

CREATE TABLE oakland.MTH_LIFTS AS
SELECT year(month) AS YR, month(month) AS MTH, CASE WHEN is_inbound THEN 'I' ELSE 'O' END AS DIR, CASE WHEN is_laden THEN 'FULL' ELSE 'MTY' END AS STS, n20 AS LIFTS_20, n40 AS LIFTS_40, n45 AS LIFTS_45, round(0.03 * (n20 + n40 + n45)) AS RESTOWS, is_synthetic AS SYN
FROM month_boxes WHERE port = 'USOAK' AND month < date_trunc('month', getvariable('as_of')) ORDER BY month, part;

CREATE TABLE oakland.DAY_STATUS AS
SELECT day AS DAY_LCL, at_berth AS VSL_BERTH, at_anchor AS VSL_ANCH, expected AS VSL_EXP7, yard_pct AS YARD_PCT, gate_h AS GATE_HRS, disruption AS DISR_CD FROM port_day WHERE port = 'USOAK' ORDER BY day;

CREATE TABLE oakland.REF_SHIP AS
SELECT mmsi AS MMSI, imo AS IMO, call_sign AS CALL_SIGN, name AS VSL_NM, type AS VSL_TYP, teu AS TEU_CAP FROM ship
WHERE type = 'CONT' AND ship_no % 97 <> 5 AND ship_no IN (SELECT ship_no FROM call WHERE port = 'USOAK' UNION SELECT ship_no FROM dropped WHERE port = 'USOAK') ORDER BY mmsi;

CREATE TABLE oakland.REF_LINE AS SELECT words AS LINE_NM, code AS SMDG FROM oak_line ORDER BY 1;

CREATE TABLE oakland.REF_BERTH AS SELECT berths[1] AS BERTH_RNG, terminal AS TERM_CD, 4 AS BERTHS, length_m AS LEN_M, depth_m AS DEPTH_M FROM berth_group WHERE port = 'USOAK' ORDER BY 1;

CREATE TABLE oakland.SAMPLE_NOTE AS
SELECT getvariable('seed') AS SEED, getvariable('scale') AS SCALE, getvariable('one_box') AS ONE_BOX_STANDS_FOR, getvariable('first_day') AS FIRST_DAY, getvariable('as_of') AS AS_OF;
