-- partner: twin-tester

-- cte named as a real table reads the cte
WITH vesselcall AS (SELECT 1 AS callno) SELECT callno FROM vesselcall

-- cte named as a shared table hides the table
WITH vessel_calls AS (SELECT 'x' AS call_id) SELECT * FROM vessel_calls

-- cte shadows and reads the table it shadows
WITH vessel_calls AS (SELECT call_id FROM vessel_calls WHERE port_unlocode = 'USLGB') SELECT count(*) FROM vessel_calls

-- cte shadows and a qualified name goes past it
WITH vesselcall AS (SELECT 1 AS callno) SELECT count(*) FROM long_beach.polbops.vesselcall

-- forward reference to a later cte reads the real table
WITH a AS (SELECT count(*) AS n FROM vessel_calls), vessel_calls AS (SELECT 1 AS x) SELECT n FROM a

-- cte inside a subquery does not leak out
SELECT (SELECT count(*) FROM (WITH vessel_calls AS (SELECT 1 AS x) SELECT * FROM vessel_calls)), count(*) FROM vessel_calls

-- cte name in capitals
WITH VESSEL_CALLS AS (SELECT 1 AS x) SELECT count(*) FROM vessel_calls

-- quoted cte name in capitals
WITH "VESSEL_CALLS" AS (SELECT 1 AS x) SELECT count(*) FROM vessel_calls

-- cte named as a hidden table of the port
WITH gate_daily AS (SELECT 1 AS txns) SELECT txns FROM gate_daily

-- cte over a hidden table
WITH gate_daily AS (SELECT * FROM oakland.tos.gate_daily) SELECT * FROM gate_daily

-- nested with over a real table
WITH a AS (WITH b AS (SELECT callno FROM long_beach.polbops.vesselcall) SELECT * FROM b) SELECT count(*) FROM a

-- two ctes of one name
WITH a AS (SELECT 1 AS x), a AS (SELECT 2 AS x) SELECT * FROM a

-- cte renames a column to a hidden one
WITH a (containerno) AS (SELECT callno FROM long_beach.polbops.cargoevent) SELECT max(containerno) FROM a

-- subquery alias equal to a hidden table
SELECT gate_daily.x FROM (SELECT 1 AS x) AS gate_daily

-- subquery alias equal to a table it reads
SELECT count(*) FROM (SELECT * FROM long_beach.polbops.vesselcall) AS vesselcall

-- table alias equal to another table
SELECT count(*) FROM long_beach.polbops.vesselcall AS cargoevent

-- alias of the outer query used inside as a table
SELECT 1 FROM long_beach.polbops.vesselcall v WHERE EXISTS (SELECT 1 FROM v)

-- correlated name of a hidden column
SELECT 1 FROM long_beach.polbops.vesselcall v WHERE EXISTS (SELECT 1 FROM long_beach.polbops.cargoevent e WHERE e.callno = v.scac)

-- column of the outer table hidden by the inner one
SELECT count(*) FROM long_beach.polbops.cargoevent e WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall v WHERE v.callno = containerno)

-- same table under two aliases
SELECT count(*) FROM long_beach.polbops.vesselcall a JOIN long_beach.polbops.vesselcall b ON a.callno = b.callno

-- self join without aliases
SELECT count(*) FROM long_beach.polbops.vesselcall JOIN long_beach.polbops.vesselcall ON true

-- column by its whole name
SELECT max(long_beach.polbops.vesselcall.callno) FROM long_beach.polbops.vesselcall

-- hidden column by its whole name
SELECT max(long_beach.polbops.vesselcall.scac) FROM long_beach.polbops.vesselcall

-- column of the mapping's inside alias
SELECT v.lloydsno FROM long_beach.freight.vessel_calls

-- alias named as the mapping's
SELECT count(*) FROM long_beach.freight.vessel_calls AS "portgate mapping"

-- the gate's own name for a mapping
SELECT "portgate mapping".scac FROM long_beach.freight.vessel_calls

-- the gate's own name for no column
SELECT _ FROM long_beach.polbops.vesselcall

-- the gate's own quoted name for no column
SELECT "_" FROM (SELECT count(*) AS "_" FROM long_beach.polbops.vesselcall)

-- star over a table with hidden columns
SELECT * FROM long_beach.polbops.vesselcall

-- star of an alias
SELECT v.* FROM long_beach.polbops.vesselcall v

-- star through a subquery
SELECT * FROM (SELECT * FROM long_beach.polbops.cargoevent)

-- star through a cte and a join
WITH a AS (SELECT * FROM long_beach.polbops.vesselcall) SELECT a.* FROM a JOIN long_beach.polbops.cargoevent e ON a.callno = e.callno

-- natural join takes hidden columns
SELECT count(*) FROM long_beach.polbops.vesselcall NATURAL JOIN long_beach.polbops.cargoevent

-- using a hidden column
SELECT count(*) FROM long_beach.polbops.vesselcall JOIN long_beach.polbops.yardstay USING (scac)

-- using a column of both
SELECT count(*) FROM long_beach.polbops.vesselcall JOIN long_beach.polbops.cargoevent USING (callno)

-- ordinal that points at a hidden column
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY 2

-- alias in order by named as a hidden column
SELECT callno AS scac FROM long_beach.polbops.vesselcall ORDER BY scac

-- hidden column behind an alias in order by
SELECT callno AS x FROM long_beach.polbops.vesselcall ORDER BY scac

-- recursive cte over a real table
WITH RECURSIVE r (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < (SELECT count(*) FROM long_beach.polbops.vesselcall)) SELECT count(*) FROM r

-- table statement
TABLE long_beach.polbops.vesselcall

-- table statement of a hidden table
TABLE oakland.tos.gate_daily

-- parenthesised table statement in an exists
SELECT 1 WHERE EXISTS (TABLE oakland.tos.gate_daily)
