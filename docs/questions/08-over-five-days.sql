-- Share of import boxes that stay more than five days (the PMSA measure)
-- purpose: goods_movement_efficiency
SELECT port_unlocode, mode_out,
       round(100e0 * sum(CASE WHEN dwell_days > 5 THEN 1 ELSE 0 END) / count(*), 1) AS pct_over_5_days
FROM container_dwell
WHERE direction = 'IMPORT' AND out_utc >= current_timestamp - INTERVAL '30' DAY
GROUP BY port_unlocode, mode_out
