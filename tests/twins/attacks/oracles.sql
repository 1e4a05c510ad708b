-- partner: twin-tester

-- division on a hidden row in where
SELECT callno FROM long_beach.polbops.vesselcall WHERE 1 / plannedboxes >= 0

-- division on a hidden row beside a true condition
SELECT callno FROM long_beach.polbops.vesselcall WHERE vesselname < 'N' AND 1 / plannedboxes >= 0

-- division before a condition that repeats the agreement's
SELECT callno FROM long_beach.polbops.vesselcall WHERE 1 / plannedboxes >= 0 AND vesselname < 'N' AND capacityteu IS NOT NULL

-- division in an or
SELECT callno FROM long_beach.polbops.vesselcall WHERE vesselname = 'x' OR 1 / plannedboxes >= 0

-- division in a projection of a subquery that is filtered
SELECT callno FROM (SELECT callno, 1 / plannedboxes AS d FROM long_beach.polbops.vesselcall) WHERE d >= 0

-- division in an unused projection
SELECT callno FROM (SELECT callno, 1 / plannedboxes AS d FROM long_beach.polbops.vesselcall)

-- division in a cte read twice
WITH a AS (SELECT callno, 1 / plannedboxes AS d FROM long_beach.polbops.vesselcall) SELECT count(*) FROM a JOIN a AS b ON a.d = b.d

-- division in a join key
SELECT count(*) FROM long_beach.polbops.vesselcall v JOIN (SELECT 0 AS k) x ON 1 / v.plannedboxes = x.k

-- division in a left join condition
SELECT count(*) FROM (SELECT 1 AS k) x LEFT JOIN long_beach.polbops.vesselcall v ON 1 / v.plannedboxes = x.k

-- division in a full join
SELECT count(*) FROM long_beach.polbops.vesselcall a FULL JOIN long_beach.polbops.vesselcall b ON 1 / a.plannedboxes = 1 / b.plannedboxes

-- division across two guards
SELECT count(*) FROM long_beach.polbops.vesselcall a CROSS JOIN long_beach.polbops.vesselcall b WHERE 1 / (a.plannedboxes + b.plannedboxes) >= 0

-- division in a group key
SELECT 1 / plannedboxes, count(*) FROM long_beach.polbops.vesselcall GROUP BY 1

-- division in having
SELECT callno FROM long_beach.polbops.vesselcall GROUP BY callno HAVING 1 / min(plannedboxes) >= 0

-- division in order by
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY 1 / plannedboxes, callno /* ordered */

-- division in a window partition
SELECT count(*) OVER (PARTITION BY 1 / plannedboxes) FROM long_beach.polbops.vesselcall

-- division in a window order
SELECT rank() OVER (ORDER BY 1 / plannedboxes) FROM long_beach.polbops.vesselcall

-- division in an aggregate
SELECT sum(1 / plannedboxes) FROM long_beach.polbops.vesselcall

-- division in an aggregate filter
SELECT count(*) FILTER (WHERE 1 / plannedboxes >= 0) FROM long_beach.polbops.vesselcall

-- division in exists
SELECT 1 WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE 1 / plannedboxes >= 0)

-- division in not exists
SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE 1 / plannedboxes > 5)

-- division in an in subquery
SELECT 1 WHERE 0 IN (SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall)

-- division in any
SELECT 1 WHERE 0 = ANY (SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall)

-- division in all
SELECT 1 WHERE 5 > ALL (SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall)

-- division in a scalar subquery
SELECT (SELECT max(1 / plannedboxes) FROM long_beach.polbops.vesselcall)

-- division in a correlated subquery
SELECT e.eventid FROM long_beach.polbops.cargoevent e WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall v WHERE v.callno = e.callno AND 1 / v.plannedboxes >= 0)

-- division in case guarded by the agreement's column
SELECT CASE WHEN vesselname < 'N' THEN 1 / plannedboxes END FROM long_beach.polbops.vesselcall

-- division in case guarded against the agreement
SELECT CASE WHEN vesselname >= 'N' THEN 1 / plannedboxes ELSE 0 END FROM long_beach.polbops.vesselcall

-- division in if
SELECT if(capacityteu IS NULL, 1 / plannedboxes, 0) FROM long_beach.polbops.vesselcall

-- division in coalesce
SELECT coalesce(nullif(0, 0), 1 / plannedboxes) FROM long_beach.polbops.vesselcall

-- division in try is null for nobody
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE try(1 / plannedboxes) IS NULL

-- division in a union branch
SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall UNION ALL SELECT 0

-- division in an except branch
SELECT 0 EXCEPT SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall

-- division under limit zero
SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall LIMIT 0

-- division under a false condition
SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall WHERE false

-- division under a null condition
SELECT 1 / plannedboxes FROM long_beach.polbops.vesselcall WHERE CAST(NULL AS boolean)

-- snowflake's probe
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE 1 / if(vesselname = 'ZULU QUEEN', 0, 1) = 1

-- snowflake's probe on a number
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE 1 / if(capacityteu IS NULL, 0, 1) = 1

-- probe by range of a hidden text
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE 1 / if(vesselname >= 'N', 0, 1) = 1

-- probe through the shared table
SELECT count(*) FROM long_beach.freight.vessel_calls WHERE 1 / if(vessel_name >= 'N' AND teu_capacity IS NULL, 0, 1) = 1

-- probe through the shared table of all ports
SELECT count(*) FROM vessel_calls WHERE 1 / if(vessel_type = 'NAVY', 0, 1) = 1

-- probe for a naval ship
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE 1 / if(vessel_type = 'NAVY', 0, 1) = 1

-- probe for a naval ship at san diego
SELECT count(*) FROM san_diego.freight.vessel_calls WHERE 1 / if(vessel_type = 'NAVY', 0, 1) = 1

-- probe for naval cargo
SELECT count(*) FROM hueneme.freight.cargo_throughput WHERE 1 / if(hs_chapter = '93', 0, 1) = 1

-- probe for military cargo
SELECT count(*) FROM san_diego.cargo.cargo_ledger WHERE 1 / if(commodity_group = 'military cargo' AND vehicle_count > 100, 0, 1) = 1

-- probe for an embargoed call
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE 1 / if(ata_berth_utc > TIMESTAMP '2026-11-16 00:00:00', 0, 1) = 1

-- probe for an embargoed day
SELECT count(*) FROM long_beach.polbops.portday WHERE 1 / if(daylocal > DATE '2026-11-20', 0, 1) = 1

-- probe for another carrier
SELECT count(*) FROM long_beach.freight.container_dwell WHERE 1 / if(in_utc > TIMESTAMP '2026-10-30 00:00:00', 0, 1) = 1

-- probe for another haulier
SELECT count(*) FROM los_angeles.pola.gate_visit WHERE 1 / if(scac = 'ZZBB' AND terminal_smdg IS NOT NULL, 0, 1) = 1

-- probe for a light box
SELECT count(*) FROM oakland.tos.unit WHERE 1 / if(wgt_kg < 7, 0, 1) = 1

-- probe for a null weight
SELECT count(*) FROM oakland.tos.unit WHERE 1 / if(wgt_kg IS NULL, 0, 1) = 1

-- probe for a block of seven
SELECT count(*) FROM oakland.tos.rail_block WHERE 1 / if(units IN (7, 13), 0, 1) = 1

-- probe for a truck going out
SELECT count(*) FROM hueneme.exports.truck_scale WHERE 1 / if(commodity = 'Naval stores', 0, 1) >= 0

-- cast of a hidden text
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE CAST(servicename AS integer) > 0

-- cast of a hidden text in a join
SELECT count(*) FROM long_beach.polbops.vesselcall v JOIN (SELECT 1212 AS k) x ON CAST(v.servicename AS integer) = x.k

-- cast of a hidden text to a date
SELECT CAST(servicename || '-01-01' AS date) FROM long_beach.polbops.vesselcall

-- pattern from a hidden text
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE regexp_like('1212', servicename)

-- subscript by a hidden number
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE ARRAY[1, 2, 3, 4][plannedboxes] = 4

-- overflow by a hidden number
SELECT sum(plannedboxes * 500000000) FROM long_beach.polbops.vesselcall

-- overflow of a sum of hidden numbers
SELECT CAST(sum(plannedboxes) AS smallint) FROM long_beach.polbops.vesselcall

-- scalar subquery with more than one row
SELECT (SELECT callno FROM long_beach.polbops.vesselcall WHERE vesselname >= 'N')

-- scalar subquery with no hidden row
SELECT (SELECT callno FROM long_beach.polbops.vesselcall WHERE vesselname >= 'ZZ')

-- memory by a hidden number
SELECT sum(length(rpad('x', plannedboxes, 'y'))) FROM long_beach.polbops.vesselcall

-- fail on a hidden row
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE if(vesselname > 'N', fail('seen'), true)

-- division at oakland
SELECT count(*) FROM oakland.tos.rail_block WHERE 1 / CAST(dwell_hr AS integer) >= 0

-- cast at oakland
SELECT count(*) FROM oakland.tos.rail_block WHERE CAST(dest AS integer) > 0

-- division at los angeles
SELECT count(*) FROM los_angeles.pola.rail_departure WHERE 1 / nullif(boxes, 0) < 5 AND 1 / (teu + 1) >= 0
