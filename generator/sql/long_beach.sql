-- The tables of Long Beach: one event table, feet and pounds, the Pacific wall clock without a zone.
-- A clerk's typing errors: three boxes and one ship bear a time in the hour that never was, 9 March 2025 from 2 to 3.
CREATE TABLE lb_typo AS
SELECT box, TIMESTAMP '2025-03-09 02:10:00' + row_number() OVER (ORDER BY quay_at, box) * INTERVAL 11 MINUTE AS wall FROM box
WHERE port = 'USLGB' AND is_inbound AND quay_at BETWEEN '2025-03-09 10:00:00' AND '2025-03-11 09:00:00' QUALIFY row_number() OVER (ORDER BY quay_at, box) <= 3;

CREATE TABLE lb_late_sailing AS
SELECT key FROM call WHERE port = 'USLGB' AND last_line > '2025-03-09 10:00:00' AND first_line < '2025-03-09 06:00:00' ORDER BY last_line, key LIMIT 1;

CREATE TABLE lb_words AS
SELECT delay_reason_code AS code, CASE delay_reason_code WHEN 'OTV' THEN 'Other, see log' ELSE delay_reason_name END AS words, count(*) OVER (PARTITION BY delay_reason_name) AS uses
FROM read_csv(getvariable('data') || '/ref_delay_reasons.csv');

CREATE TABLE lb_port AS
SELECT unlocode, CASE unlocode WHEN 'USLAX' THEN 'Los Angeles, CA' WHEN 'USOAK' THEN 'Oakland, CA' ELSE name || ', ' || country_iso2 END AS name
FROM read_csv(getvariable('data') || '/ref_unlocode_ports.csv', types = {'country_iso2': 'VARCHAR'}, nullstr = '') WHERE unlocode IN (SELECT prev_port FROM call UNION SELECT next_port FROM call UNION SELECT prev_port FROM dropped UNION SELECT next_port FROM dropped);

CREATE TABLE lb_line AS SELECT smdg_liner_code AS smdg, scac, liner_name FROM read_csv(getvariable('data') || '/ref_liner_codes.csv') WHERE smdg_liner_code <> 'MLL';

CREATE TABLE lb_kind(class VARCHAR, words VARCHAR);
INSERT INTO lb_kind VALUES ('containership', 'Container'), ('tanker', 'Tanker'), ('bulk_carrier', 'Bulk'), ('general_cargo', 'General Cargo'), ('auto_carrier', 'Auto'), ('ro_ro', 'RoRo'), ('reefer', 'Reefer');

CREATE TABLE long_beach.VesselCall AS
SELECT 'LB' || lpad(call_no::VARCHAR, 6, '0') AS CallNo, 'IMO' || s.imo AS LloydsNo, s.name AS VesselName, k.words AS VesselKind, l.scac AS Scac, s.service AS ServiceName, c.pier AS PierCode, c.berth AS BerthNo,
       s.loa_m / 0.3048 AS LoaFt, s.teu AS CapacityTeu, p.name AS PriorPort, n.name AS NextPort, local(eta_first) AS EtaPublishedLocal, local(eta_latest) AS EtaLocal, local(past(anchor_down)) AS ArrivedAnchLocal,
       local(past(anchor_up)) AS LeftAnchLocal, local(past(first_line)) AS BerthedLocal, local(past(ops_start)) AS WorkStartLocal, CASE WHEN t.key IS NOT NULL THEN TIMESTAMP '2025-03-09 01:40:00' ELSE local(past(ops_end)) END AS WorkEndLocal, local(etd) AS EtdLocal,
       CASE WHEN t.key IS NOT NULL THEN TIMESTAMP '2025-03-09 02:20:00' ELSE local(past(last_line)) END AS SailedLocal, CASE WHEN first_line <= getvariable('cut') THEN w.words END AS HoldReason,
       CASE WHEN last_line <= getvariable('cut') THEN CASE special WHEN 'ADHO' THEN 'EXTRA' ELSE 'SAILED' END WHEN first_line <= getvariable('cut') THEN 'ALONGSIDE'
            WHEN anchor_down <= getvariable('cut') THEN 'ANCHORED' ELSE 'EXPECTED' END AS CallState,
       round(m.moves * (0.96 + 0.08 * u(c.key, 'plan'))) AS PlannedBoxes, CASE WHEN last_line <= getvariable('cut') THEN m.moves END AS HandledBoxes, s.amp::SMALLINT AS ShorePower,
       CASE WHEN s.amp AND last_line <= getvariable('cut') THEN round(date_diff('minute', first_line, last_line) * (0.8 + 0.15 * u(c.key, 'amp'))) END AS ShorePowerMin
FROM call c JOIN ship s USING (ship_no) JOIN lb_kind k ON k.class = c.class LEFT JOIN call_moves m ON m.key = c.key LEFT JOIN lb_line l ON l.smdg = s.liner LEFT JOIN lb_words w ON w.code = c.reason
LEFT JOIN lb_port p ON p.unlocode = prev_port LEFT JOIN lb_port n ON n.unlocode = next_port LEFT JOIN lb_late_sailing t ON t.key = c.key WHERE c.port = 'USLGB'
UNION ALL BY NAME
SELECT 'LX' || lpad(drop_no::VARCHAR, 6, '0') AS CallNo, 'IMO' || s.imo AS LloydsNo, s.name AS VesselName, 'Container' AS VesselKind, l.scac AS Scac, s.service AS ServiceName, g.pier AS PierCode, s.loa_m / 0.3048 AS LoaFt,
       s.teu AS CapacityTeu, p.name AS PriorPort, n.name AS NextPort, local(eta_first) AS EtaPublishedLocal, local(eta_latest) AS EtaLocal, CASE special WHEN 'OMIT' THEN 'OMITTED' ELSE 'BLANKED' END AS CallState, s.amp::SMALLINT AS ShorePower
FROM dropped d JOIN ship s USING (ship_no) JOIN berth_group g ON g.port = d.port AND g.grp = d.terminal LEFT JOIN lb_line l ON l.smdg = s.liner
LEFT JOIN lb_port p ON p.unlocode = prev_port LEFT JOIN lb_port n ON n.unlocode = next_port WHERE d.port = 'USLGB' ORDER BY CallNo;

CREATE TABLE lb_box AS
SELECT b.*, k.*, 'LB' || lpad(call_no::VARCHAR, 6, '0') AS CallNo, coalesce(t.wall, local(quay_at)) AS quay_wall, local(land_at) AS land_wall, CASE WHEN is_laden THEN 'F' ELSE 'E' END AS FE,
       CASE WHEN is_inbound THEN 'Inbound' ELSE 'Outbound' END AS Direction, CASE land_mode WHEN 'RAIL' THEN 'Rail' ELSE 'Truck' END AS land_word
FROM box b JOIN (SELECT * RENAME (box AS cargo_box) FROM box_cargo) k ON k.cargo_box = b.box LEFT JOIN lb_typo t ON t.box = b.box WHERE b.port = 'USLGB';

CREATE TABLE long_beach.CargoEvent AS
WITH events AS (
  SELECT b.box * 2 AS EventId, CASE WHEN is_inbound THEN 'Discharge' ELSE 'Load' END AS EventKind, quay_wall AS EventLocal, b.*, NULL AS TruckPlate, NULL AS TruckerScac, NULL AS TruckIsZE, NULL AS RailroadCode FROM lb_box b
  UNION ALL
  SELECT b.box * 2 + 1, CASE WHEN by_rail THEN 'Rail' ELSE 'Gate' END || CASE WHEN b.is_inbound THEN 'Out' ELSE 'In' END, land_wall, b.*, t.plate, t.scac, (t.fuel IN (3, 4))::SMALLINT, CASE WHEN by_rail THEN railroad END
  FROM lb_box b LEFT JOIN truck t ON t.gate = b.box * 2 AND t.port = 'USLGB' WHERE land_at <= getvariable('cut'))
SELECT EventId, CallNo, EventKind, EventLocal, cntr AS ContainerNo, feet AS LengthFt, CASE WHEN iso_type[2] = '5' THEN 9.5 ELSE 8.5 END AS HeightFt, FE, Direction, is_reefer::SMALLINT AS Reefer, (imdg IS NOT NULL)::SMALLINT AS Hazmat,
       pier AS PierCode, gross_kg / 0.45359237 AS WeightLb, hs2 AS HsChapter, CASE WHEN is_inbound THEN near_firm ELSE far_firm END AS ConsigneeName, CASE WHEN is_inbound THEN far_firm ELSE near_firm END AS ShipperName,
       bill AS BolNo, TruckPlate, TruckerScac, TruckIsZE, RailroadCode
FROM events ORDER BY EventLocal, EventId;

CREATE TABLE long_beach.YardStay AS
SELECT box AS StayNo, CallNo, cntr AS ContainerNo, feet AS LengthFt, FE, Direction, l.scac AS Scac, pier AS PierCode, CASE WHEN is_inbound THEN 'Vessel' ELSE land_word END AS InMode,
       CASE WHEN is_inbound THEN quay_wall ELSE land_wall END AS InLocal, local(past(available_at)) AS AvailableLocal,
       CASE WHEN out_at <= getvariable('cut') THEN CASE WHEN is_inbound THEN land_word ELSE 'Vessel' END END AS OutMode, CASE WHEN out_at <= getvariable('cut') THEN CASE WHEN is_inbound THEN land_wall ELSE quay_wall END END AS OutLocal
FROM lb_box LEFT JOIN lb_line l ON l.smdg = liner ORDER BY InLocal, StayNo;

CREATE TABLE long_beach.TruckVisit AS
SELECT gate AS VisitNo, pier AS PierCode, local(appt) AS ApptLocal, local(queue_in) AS QueueLocal, local(in_at) AS InLocal, local(out_at) AS OutLocal,
       CASE WHEN bare THEN 'Chassis Only' WHEN is_inbound AND is_laden THEN 'Pick Up Load' WHEN is_inbound THEN 'Pick Up Empty' WHEN is_laden THEN 'Drop Load' ELSE 'Drop Empty' END AS MoveKind, scac AS TruckerScac, plate AS TruckPlate,
       driver AS DriverBadge, ['Diesel', 'CNG', 'Electric', 'Hydrogen'][fuel] AS FuelKind, dual::SMALLINT AS DualMove, CASE WHEN NOT bare THEN cntr END AS ContainerNo, chassis AS ChassisNo
FROM truck JOIN box_cargo USING (box) WHERE port = 'USLGB' ORDER BY gate;

CREATE TABLE long_beach.BoxCountMonthly AS
SELECT year(month + INTERVAL 3 MONTH) AS FiscalYear, strftime(month, '%B') AS MonthName, LenFt, CASE WHEN is_laden THEN 'F' ELSE 'E' END AS FE, CASE WHEN is_inbound THEN 'Inbound' ELSE 'Outbound' END AS Direction, Boxes, is_synthetic::SMALLINT AS IsSynthetic
FROM (SELECT *, unnest([{'LenFt': 20, 'Boxes': n20}, {'LenFt': 40, 'Boxes': n40}, {'LenFt': 45, 'Boxes': n45}], recursive := true) FROM month_boxes)
WHERE port = 'USLGB' AND month < date_trunc('month', getvariable('as_of')) ORDER BY month, part, LenFt;

CREATE TABLE long_beach.ChassisDaily AS
SELECT day AS DayLocal, pier AS PierCode, pool AS Pool, feet AS LenFt, ready AS Ready, on_street AS OnStreet, bad_order AS BadOrder, street_days AS StreetDays FROM chassis_day WHERE port = 'USLGB' ORDER BY ALL;

CREATE TABLE long_beach.BerthDay AS
SELECT day AS DayLocal, pier AS PierCode, berth AS BerthNo, length_m / 0.3048 AS LengthFt, depth_m / 0.3048 AS DepthFt, occupied_min / 60.0 AS OccupiedHrs, available_min / 60.0 AS AvailableHrs, ships AS Calls, crane_min / 60.0 AS CraneHrs, moves AS Moves
FROM berth_day WHERE port = 'USLGB' ORDER BY day, berth;

CREATE TABLE long_beach.RailBlock AS
SELECT block AS BlockNo, pier AS PierCode, CASE ramp WHEN 'on dock' THEN 'On-dock' ELSE 'Near-dock' END AS RampKind, railroad AS RailroadCode, CASE WHEN is_inbound THEN 'EB' ELSE 'WB' END AS Heading, region AS Region, n20 AS Boxes20, n40 AS Boxes40, n45 AS Boxes45,
       local(ready_at) AS ReadyLocal, local(depart_at) AS DepartedLocal, dwell_h AS DwellHrs FROM block WHERE port = 'USLGB' ORDER BY block;

CREATE TABLE long_beach.PortDay AS
SELECT day AS DayLocal, at_berth AS AtBerth, at_anchor AS AtAnchor, expected AS Expected7d, yard_pct AS YardPct, gate_h AS GateHrs, w.words AS Disruption FROM port_day LEFT JOIN lb_words w ON w.code = disruption WHERE port = 'USLGB' ORDER BY day;

CREATE TABLE long_beach.AirInventory AS
SELECT year AS InvYear, ['Ocean Going Vessels', 'Harbor Craft', 'Cargo Handling', 'Rail', 'Trucks'][nth] AS SourceName, pollutant AS Pollutant, short_tons * 2000 AS Pounds, is_synthetic::SMALLINT AS IsSynthetic
FROM air WHERE port = 'USLGB' ORDER BY year, nth, pollutant;

CREATE TABLE long_beach.RefPier AS
SELECT pier AS PierCode, terminal AS SmdgCode, terminal_name AS TerminalName FROM (SELECT DISTINCT pier, terminal FROM berth_group WHERE port = 'USLGB' AND terminal IS NOT NULL)
JOIN read_csv(getvariable('data') || '/ref_terminals_california.csv') t ON t.terminal_code = terminal AND t.port_unlocode = 'USLGB' ORDER BY 1;

CREATE TABLE long_beach.RefLineCode AS SELECT scac AS Scac, smdg AS SmdgCode, liner_name AS LineName FROM lb_line WHERE scac IS NOT NULL ORDER BY 1;

CREATE TABLE long_beach.RefHoldReason AS SELECT words AS HoldReason, code AS SmdgCode FROM lb_words WHERE uses = 1 AND code <> 'OTV' ORDER BY 1;

CREATE TABLE long_beach.RefPort AS SELECT name AS PortName, unlocode AS Unlocode FROM lb_port ORDER BY 2;

CREATE TABLE long_beach.SampleNote AS
SELECT getvariable('seed') AS Seed, getvariable('scale') AS Scale, getvariable('one_box') AS OneBoxStandsFor, getvariable('first_day') AS FirstDay, getvariable('as_of') AS AsOf;
