-- partner: twin-tester

-- count of all rows
SELECT count(*) FROM long_beach.polbops.vesselcall

-- count of rows without a column
SELECT count(1) FROM long_beach.polbops.cargoevent

-- count of a literal over all ports
SELECT count('x') FROM vessel_calls

-- number of rows by a literal
SELECT 1 FROM oakland.tos.unit

-- rows of a table with only hidden use
SELECT true FROM hueneme.exports.truck_scale

-- count in a scalar subquery
SELECT (SELECT count(*) FROM oakland.tos.unit) - (SELECT count(wgt_kg) FROM oakland.tos.unit)

-- all rows less those that are shown
SELECT count(*) - count_if(vesselname < 'N') FROM long_beach.polbops.vesselcall

-- count by difference of two grants
SELECT (SELECT count(*) FROM long_beach.freight.vessel_calls) - (SELECT count(*) FROM long_beach.polbops.vesselcall)

-- count of embargoed days
SELECT count(*) FROM long_beach.polbops.portday WHERE daylocal >= DATE '2026-11-21'

-- count of other carriers
SELECT carrier_smdg, count(*) FROM los_angeles.freight.vessel_calls GROUP BY 1

-- count over a window
SELECT count(*) OVER () FROM oakland.tos.unit

-- row number reaches hidden rows
SELECT max(n) FROM (SELECT row_number() OVER (ORDER BY unit_id) AS n FROM oakland.tos.unit)

-- rank with gaps for hidden rows
SELECT unit_id, rank() OVER (ORDER BY wgt_kg) FROM oakland.tos.unit

-- ntile over hidden rows
SELECT unit_id, ntile(4) OVER (ORDER BY unit_id) FROM oakland.tos.unit

-- percent rank over hidden rows
SELECT unit_id, percent_rank() OVER (ORDER BY wgt_kg) FROM oakland.tos.unit

-- cume dist over hidden rows
SELECT unit_id, cume_dist() OVER (ORDER BY wgt_kg) FROM oakland.tos.unit

-- lag over hidden rows
SELECT unit_id, lag(unit_id) OVER (ORDER BY unit_id) FROM oakland.tos.unit

-- lead over hidden rows
SELECT unit_id, lead(wgt_kg, 1, -7) OVER (ORDER BY unit_id) FROM oakland.tos.unit

-- first value over hidden rows
SELECT first_value(unit_id) OVER (ORDER BY unit_id) FROM oakland.tos.unit

-- nth value over hidden rows
SELECT nth_value(unit_id, 2) OVER (ORDER BY unit_id) FROM oakland.tos.unit

-- running sum over hidden rows
SELECT unit_id, sum(wgt_kg) OVER (ORDER BY unit_id ROWS BETWEEN 2 PRECEDING AND CURRENT ROW) FROM oakland.tos.unit

-- range frame over hidden rows
SELECT unit_id, count(*) OVER (ORDER BY unit_id RANGE BETWEEN 5 PRECEDING AND 5 FOLLOWING) FROM oakland.tos.unit

-- groups frame over hidden rows
SELECT unit_id, count(*) OVER (ORDER BY unit_id GROUPS BETWEEN 1 PRECEDING AND 1 FOLLOWING) FROM oakland.tos.unit

-- approximate count
SELECT approx_distinct(unit_id) FROM oakland.tos.unit

-- approximate quantile of hidden values
SELECT approx_percentile(wgt_kg, 0.5) FROM oakland.tos.unit

-- grand total of a rollup
SELECT sts, count(*) FROM oakland.tos.unit GROUP BY ROLLUP (sts)

-- grand total of a cube
SELECT sts, catg, count(*), grouping(sts, catg) FROM oakland.tos.unit GROUP BY CUBE (sts, catg)

-- empty grouping set
SELECT count(*) FROM oakland.tos.unit GROUP BY GROUPING SETS ((), ())

-- count distinct of a hidden key
SELECT count(DISTINCT unit_id), count(unit_id) FROM oakland.tos.unit

-- outer join to find what is missing
SELECT count(*) FROM long_beach.polbops.cargoevent e LEFT JOIN long_beach.polbops.vesselcall v ON v.callno = e.callno WHERE v.callno IS NULL

-- right join to hidden partners
SELECT count(*), count(v.callno) FROM long_beach.polbops.vesselcall v RIGHT JOIN long_beach.polbops.cargoevent e ON v.callno = e.callno

-- full join of a grant with itself
SELECT count(*) FROM oakland.tos.unit a FULL JOIN oakland.freight.container_moves b ON b.move_id = 'USOAK-' || CAST(a.unit_id AS varchar) || '-IN'

-- cross join counts the product
SELECT count(*) FROM oakland.tos.unit a CROSS JOIN oakland.tos.rail_block b

-- anti join by not in
SELECT count(*) FROM long_beach.polbops.cargoevent WHERE callno NOT IN (SELECT callno FROM long_beach.polbops.vesselcall)

-- anti join by not exists
SELECT count(*) FROM long_beach.polbops.cargoevent e WHERE NOT EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall v WHERE v.callno = e.callno)

-- semi join by in
SELECT count(*) FROM long_beach.polbops.cargoevent WHERE callno IN (SELECT callno FROM long_beach.polbops.vesselcall)

-- exists over a hidden key
SELECT 1 WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE callno = 'K102')

-- exists over every guess
SELECT g.k, EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall v WHERE v.callno = g.k) FROM (SELECT 'K101' AS k UNION ALL SELECT 'K102' UNION ALL SELECT 'K103' UNION ALL SELECT 'K104' UNION ALL SELECT 'N1') g

-- exists with a hidden condition
SELECT 1 WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE vesselname = 'ZULU QUEEN')

-- exists without from
SELECT 1 WHERE EXISTS (SELECT 1)

-- exists inside a case
SELECT CASE WHEN EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE vesselname >= 'N') THEN 'yes' ELSE 'no' END

-- exists inside having
SELECT count(*) FROM oakland.tos.unit HAVING EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE vesselname >= 'N')

-- exists inside order by
SELECT unit_id FROM oakland.tos.unit ORDER BY EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE vesselname >= 'N'), unit_id /* ordered */

-- exists inside a join condition
SELECT count(*) FROM oakland.tos.unit a JOIN oakland.tos.rail_block b ON EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall WHERE vesselname >= 'N')

-- exists inside an aggregate filter
SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM long_beach.polbops.vesselcall v WHERE v.vesselname >= 'N')) FROM oakland.tos.unit

-- exists over a table that is not granted
SELECT 1 WHERE EXISTS (SELECT 1 FROM oakland.tos.gate_daily)

-- any over hidden rows
SELECT 'ZULU QUEEN' = ANY (SELECT vesselname FROM long_beach.polbops.vesselcall)

-- all over hidden rows
SELECT 'N' > ALL (SELECT vesselname FROM long_beach.polbops.vesselcall)

-- in with nulls among hidden rows
SELECT 'none' NOT IN (SELECT vesselname FROM long_beach.polbops.vesselcall)

-- scalar subquery of a hidden row
SELECT (SELECT loaft FROM long_beach.polbops.vesselcall WHERE callno = 'K103' LIMIT 1)
