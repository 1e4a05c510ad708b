-- Rail share and rail dwell of import boxes by port
-- purpose: goods_movement_efficiency
SELECT d.port_unlocode,
       round(100e0 * sum(CASE WHEN d.mode_out = 'RAIL' THEN d.teu ELSE 0 END) / sum(d.teu), 1) AS rail_share_pct,
       (SELECT round(avg(r.rail_dwell_days), 2) FROM rail_moves r
        WHERE r.port_unlocode = d.port_unlocode AND r.direction = 'EASTBOUND') AS rail_dwell_days
FROM container_dwell d
WHERE d.direction = 'IMPORT'
GROUP BY d.port_unlocode
