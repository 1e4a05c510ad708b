-- Which reasons cause the most lost berth hours?
-- purpose: freight_resilience
SELECT port_unlocode, delay_reason_code, count(*) AS calls,
       sum(date_diff('hour', eta_berth_utc, ata_berth_utc)) AS lost_hours
FROM vessel_calls
WHERE delay_reason_code IS NOT NULL AND ata_berth_utc > eta_berth_utc
GROUP BY port_unlocode, delay_reason_code
ORDER BY lost_hours DESC LIMIT 20
