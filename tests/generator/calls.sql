-- The calls of the three container ports in one form, enough to ask for the stories that the data must tell.
CREATE MACRO from_pacific(wall) AS timezone('America/Los_Angeles', wall::TIMESTAMP);
CREATE MACRO from_ms(ms) AS timezone('UTC', epoch_ms(ms)::TIMESTAMP);
CREATE TABLE calls AS
SELECT 'USLAX' AS port, lpad(imo::VARCHAR, 7, '0') AS imo, ship_type AS type, eta_first, eta_latest, anchor_down, anchor_up, first_line AS ata, etd, last_line AS atd, delay_reason AS reason, visit_status AS status FROM los_angeles.vessel_visit
UNION ALL
SELECT 'USLGB', LloydsNo[4:], CASE VesselKind WHEN 'Container' THEN 'CONT' ELSE VesselKind END, from_pacific(EtaPublishedLocal), from_pacific(EtaLocal), from_pacific(ArrivedAnchLocal), from_pacific(LeftAnchLocal), from_pacific(BerthedLocal),
       from_pacific(EtdLocal), from_pacific(SailedLocal), HoldReason, lower(CallState) FROM long_beach.VesselCall
UNION ALL
SELECT 'USOAK', IMO, 'CONT', from_ms(ETA1_MS), from_ms(ETA_MS), from_ms(ANC_IN_MS), from_ms(ANC_OUT_MS), from_ms(ATA_MS), from_ms(ETD_MS),
       from_ms(ATD_MS), DLY_CD, CASE STATUS WHEN 'OMT' THEN 'omitted' WHEN 'BLK' THEN 'blanked' ELSE STATUS END FROM oakland.VSL_CALL LEFT JOIN oakland.REF_SHIP USING (MMSI);
