-- Berth utilisation and moves per berth hour by terminal and month
-- purpose: goods_movement_efficiency
SELECT port_unlocode, terminal_code, date_trunc('month', day_local) AS month,
       round(100e0 * sum(occupied_hours) / sum(available_hours), 1) AS utilisation_pct,
       round(sum(quay_moves) / nullif(sum(occupied_hours), 0), 1) AS moves_per_berth_hour
FROM berth_occupancy
GROUP BY port_unlocode, terminal_code, date_trunc('month', day_local)
ORDER BY month, port_unlocode
