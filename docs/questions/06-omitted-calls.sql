-- Which calls were omitted or blanked, and which port took the next call of the same ship?
-- purpose: freight_resilience
SELECT o.port_unlocode AS omitted_port, n.port_unlocode AS next_port, count(*) AS calls
FROM vessel_calls o
JOIN vessel_calls n ON n.vessel_imo = o.vessel_imo
 AND n.ata_berth_utc BETWEEN o.eta_berth_utc AND o.eta_berth_utc + INTERVAL '7' DAY
WHERE o.call_status IN ('OMIT', 'BLNK')
GROUP BY o.port_unlocode, n.port_unlocode
ORDER BY calls DESC
