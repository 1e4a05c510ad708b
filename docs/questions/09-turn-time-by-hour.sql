-- Truck turn time by terminal and hour of the day, local time
-- purpose: goods_movement_efficiency
SELECT port_unlocode, terminal_code,
       extract(hour FROM gate_in_utc AT TIME ZONE 'America/Los_Angeles') AS hour_local,
       round(avg(turn_minutes), 1) AS turn_min, round(avg(queue_minutes), 1) AS queue_min,
       count(*) AS visits
FROM gate_transactions
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3
