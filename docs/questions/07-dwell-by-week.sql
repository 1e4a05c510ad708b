-- Container dwell by port, week and way out
-- purpose: goods_movement_efficiency
SELECT port_unlocode, date_trunc('week', out_utc) AS week, mode_out,
       round(avg(dwell_days), 2) AS mean_days,
       round(approx_percentile(dwell_days, 0.9), 2) AS p90_days, count(*) AS boxes
FROM container_dwell
WHERE direction = 'IMPORT' AND empty_indicator = 'LADEN' AND out_utc IS NOT NULL
GROUP BY port_unlocode, date_trunc('week', out_utc), mode_out
ORDER BY week, port_unlocode, mode_out
