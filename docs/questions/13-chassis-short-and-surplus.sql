-- Chassis short at a terminal while another port has a surplus
-- purpose: goods_movement_efficiency
WITH s AS (
  SELECT port_unlocode, day_local, size_ft, sum(available) AS avail,
         sum(available + on_street + out_of_service) AS fleet
  FROM chassis_status GROUP BY port_unlocode, day_local, size_ft)
SELECT a.day_local, a.size_ft, a.port_unlocode AS short_port, b.port_unlocode AS surplus_port,
       a.avail AS short_units, b.avail AS surplus_units
FROM s a JOIN s b ON a.day_local = b.day_local AND a.size_ft = b.size_ft
WHERE a.avail < 0.05 * a.fleet AND b.avail > 0.25 * b.fleet
ORDER BY a.day_local
