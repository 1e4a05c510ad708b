-- On which days was the state under stress: three or more ports with yards over 85 percent or ships at anchor?
-- purpose: freight_resilience
SELECT day_local, count(*) AS stressed_ports, sum(vessels_at_anchor) AS at_anchor
FROM port_status
WHERE yard_utilization_pct > 85 OR vessels_at_anchor > 10
GROUP BY day_local
HAVING count(*) >= 3
ORDER BY day_local
