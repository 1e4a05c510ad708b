-- Monthly TEU by port with the share of the five ports
-- purpose: economic_competitiveness
WITH m AS (
  SELECT month_start, port_unlocode, sum(teu) AS teu
  FROM cargo_throughput WHERE cargo_class = 'CONTAINER'
  GROUP BY month_start, port_unlocode)
SELECT month_start, port_unlocode, teu,
       round(100e0 * teu / sum(teu) OVER (PARTITION BY month_start), 1) AS share_pct
FROM m ORDER BY month_start, teu DESC
