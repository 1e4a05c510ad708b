-- How long do container ships wait at anchor, by port and week?
-- purpose: freight_resilience
SELECT port_unlocode, date_trunc('week', ata_berth_utc) AS week,
       count(*) AS calls,
       round(avg(date_diff('minute', ata_anchorage_utc, atd_anchorage_utc)) / 60.0, 1) AS mean_anchor_h,
       sum(CASE WHEN ata_anchorage_utc IS NOT NULL THEN 1 ELSE 0 END) AS calls_with_anchor
FROM vessel_calls
WHERE vessel_type = 'CONT' AND ata_berth_utc IS NOT NULL
GROUP BY port_unlocode, date_trunc('week', ata_berth_utc)
ORDER BY week, port_unlocode
