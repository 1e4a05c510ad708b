-- How much of the import dwell is after the box was available?
-- purpose: goods_movement_efficiency
SELECT port_unlocode, terminal_code,
       round(avg(date_diff('hour', in_utc, available_utc)) / 24.0, 2) AS days_to_available,
       round(avg(date_diff('hour', available_utc, out_utc)) / 24.0, 2) AS days_waiting_pickup
FROM container_dwell
WHERE direction = 'IMPORT' AND available_utc IS NOT NULL AND out_utc IS NOT NULL
GROUP BY port_unlocode, terminal_code
