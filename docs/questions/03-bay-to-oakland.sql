-- Which ships go from San Pedro Bay to Oakland, and does a late departure carry on?
-- purpose: freight_resilience
SELECT a.vessel_name, a.port_unlocode AS from_port, a.atd_berth_utc,
       date_diff('hour', a.etd_berth_utc, a.atd_berth_utc) AS late_out_h,
       date_diff('hour', b.eta_berth_first_utc, b.ata_berth_utc) AS late_in_h
FROM vessel_calls a
JOIN vessel_calls b ON b.vessel_imo = a.vessel_imo AND b.port_unlocode = 'USOAK'
 AND b.ata_berth_utc > a.atd_berth_utc
 AND b.ata_berth_utc < a.atd_berth_utc + INTERVAL '5' DAY
WHERE a.port_unlocode IN ('USLAX', 'USLGB')
ORDER BY late_in_h DESC
