-- Which vessels were late at more than one port in the last 90 days?
-- purpose: freight_resilience
SELECT vessel_imo, max(vessel_name) AS vessel_name,
       count(DISTINCT port_unlocode) AS ports,
       round(avg(date_diff('minute', eta_berth_first_utc, ata_berth_utc)) / 60.0, 1) AS mean_delay_h
FROM vessel_calls
WHERE ata_berth_utc >= current_timestamp - INTERVAL '90' DAY
  AND date_diff('hour', eta_berth_first_utc, ata_berth_utc) > 12
GROUP BY vessel_imo
HAVING count(DISTINCT port_unlocode) > 1
ORDER BY mean_delay_h DESC
