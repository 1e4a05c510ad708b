-- partner: twin-tester

-- hidden column in select
SELECT scac FROM long_beach.polbops.vesselcall

-- hidden column in where
SELECT callno FROM long_beach.polbops.vesselcall WHERE scac = 'MSCU'

-- hidden column in group by
SELECT count(*) FROM long_beach.polbops.vesselcall GROUP BY scac

-- hidden column in having
SELECT count(*) FROM long_beach.polbops.vesselcall HAVING max(scac) > 'A'

-- hidden column in order by
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY scac

-- hidden column in a window
SELECT rank() OVER (ORDER BY scac) FROM long_beach.polbops.vesselcall

-- hidden column in a named window
SELECT rank() OVER w FROM long_beach.polbops.vesselcall WINDOW w AS (ORDER BY scac)

-- hidden column in a filter
SELECT count(*) FILTER (WHERE scac IS NULL) FROM long_beach.polbops.vesselcall

-- hidden column in a join
SELECT 1 FROM long_beach.polbops.vesselcall a JOIN long_beach.polbops.vesselcall b ON a.scac = b.scac

-- hidden column in a case
SELECT CASE scac WHEN 'MSCU' THEN 1 END FROM long_beach.polbops.vesselcall

-- hidden column in a lambda
SELECT filter(ARRAY[1], x -> scac = 'MSCU') FROM long_beach.polbops.vesselcall

-- hidden column in an array
SELECT ARRAY[scac] FROM long_beach.polbops.vesselcall

-- hidden column in unnest
SELECT x FROM long_beach.polbops.vesselcall CROSS JOIN UNNEST(ARRAY[scac]) AS u(x)

-- hidden column in a lateral query
SELECT l.x FROM long_beach.polbops.vesselcall v CROSS JOIN LATERAL (SELECT v.scac AS x) l

-- hidden column in values
SELECT * FROM long_beach.polbops.vesselcall v WHERE v.callno IN (VALUES v.scac)

-- hidden column in a limit
SELECT callno FROM long_beach.polbops.vesselcall LIMIT (SELECT count(scac) FROM long_beach.polbops.vesselcall)

-- hidden column in a set operation
SELECT callno FROM long_beach.polbops.vesselcall UNION SELECT scac FROM long_beach.polbops.vesselcall

-- hidden column in an exists
SELECT 1 WHERE EXISTS (SELECT scac FROM long_beach.polbops.vesselcall)

-- hidden column in a comparison of rows
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE (callno, scac) = ('x', 'y')

-- hidden column in grouping
SELECT grouping(scac) FROM long_beach.polbops.vesselcall GROUP BY ROLLUP (scac)

-- hidden column in a type
SELECT CAST(callno AS scac) FROM long_beach.polbops.vesselcall

-- hidden column in an interval
SELECT DATE '2026-01-01' + INTERVAL scac DAY FROM long_beach.polbops.vesselcall

-- hidden column in at time zone
SELECT TIMESTAMP '2026-01-01 00:00:00' AT TIME ZONE scac FROM long_beach.polbops.vesselcall

-- hidden column in extract
SELECT extract(year FROM etalocal) FROM long_beach.polbops.vesselcall

-- hidden column in a trim
SELECT trim(LEADING scac FROM callno) FROM long_beach.polbops.vesselcall

-- hidden column in a listagg
SELECT listagg(callno, ',') WITHIN GROUP (ORDER BY scac) FROM long_beach.polbops.vesselcall

-- hidden column in an aggregate's order
SELECT array_agg(callno ORDER BY scac) FROM long_beach.polbops.vesselcall

-- hidden column in a json path
SELECT json_query('{}', 'lax $' PASSING scac AS x) FROM long_beach.polbops.vesselcall

-- hidden shared column
SELECT consignee_name FROM container_moves

-- hidden shared column of one port
SELECT bill_of_lading FROM long_beach.freight.container_moves

-- hidden shared column in a condition
SELECT count(*) FROM container_moves WHERE shipper_name LIKE 'A%' AND bill_of_lading IS NULL

-- labor in select
SELECT driver_id FROM gate_transactions

-- labor in a count
SELECT count(driverbadge) FROM long_beach.polbops.truckvisit

-- labor at los angeles
SELECT twic_hash FROM los_angeles.pola.gate_visit

-- hidden table
SELECT 1 FROM oakland.tos.gate_daily

-- hidden table in a join
SELECT 1 FROM oakland.tos.unit u JOIN oakland.tos.gate_daily g ON true

-- hidden table in a cte that is not read
WITH x AS (SELECT * FROM oakland.tos.gate_daily) SELECT 1

-- hidden table in a union
SELECT unit_id FROM oakland.tos.unit UNION ALL SELECT txns FROM oakland.tos.gate_daily

-- hidden table under limit zero
SELECT * FROM oakland.tos.gate_daily LIMIT 0

-- hidden table under false
SELECT 1 FROM oakland.tos.gate_daily WHERE false

-- hidden look-up table behind a mapping
SELECT * FROM long_beach.polbops.reflinecode

-- hidden shared table
SELECT count(*) FROM emissions

-- shared table of a port that shares nothing
SELECT count(*) FROM hueneme.freight.container_dwell

-- shared table that the port does not fill
SELECT count(*) FROM hueneme.freight.emissions

-- schema that does not exist
SELECT 1 FROM oakland.nothing.unit

-- catalog that does not exist
SELECT 1 FROM nothing.tos.unit

-- the other world's schema
SELECT count(*) FROM oakland.tos_twin_a.unit

-- the other world's schema of the second world
SELECT count(*) FROM oakland.tos_twin_b.unit

-- the row number that only the tables have
SELECT twin_row FROM oakland.tos.unit
