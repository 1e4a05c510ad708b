-- partner: twin-tester

-- largest name
SELECT max(vesselname) FROM long_beach.polbops.vesselcall

-- smallest name
SELECT min(vesselname) FROM long_beach.polbops.vesselcall

-- largest number
SELECT max(plannedboxes), min(plannedboxes) FROM long_beach.polbops.vesselcall

-- largest weight under the bound
SELECT min(wgt_kg), max(wgt_kg) FROM oakland.tos.unit

-- last arrival under embargo
SELECT max(ata_berth_utc) FROM los_angeles.freight.vessel_calls

-- last day under embargo
SELECT max(daylocal) FROM long_beach.polbops.portday

-- last event of a hidden row
SELECT max(in_utc), min(in_utc) FROM long_beach.freight.container_dwell

-- largest over all ports
SELECT max(ata_berth_utc), max(teu_capacity), min(call_id) FROM vessel_calls

-- top by order and limit
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY vesselname DESC, callno LIMIT 1 /* ordered */

-- top by fetch first
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY vesselname DESC, callno FETCH FIRST 2 ROWS ONLY /* ordered */

-- top with ties
SELECT vesselname FROM long_beach.polbops.vesselcall ORDER BY vesselname DESC FETCH FIRST 1 ROW WITH TIES

-- offset past the rows that are shown
SELECT callno FROM long_beach.polbops.vesselcall ORDER BY callno OFFSET 5 /* ordered */

-- max by a hidden column
SELECT max_by(callno, scac) FROM long_beach.polbops.vesselcall

-- max by over hidden rows
SELECT max_by(callno, vesselname || callno) FROM long_beach.polbops.vesselcall

-- greatest of a row and a subquery
SELECT greatest(1, (SELECT max(plannedboxes) FROM long_beach.polbops.vesselcall))

-- sum of hidden values
SELECT sum(wgt_kg), avg(CAST(wgt_kg AS double)) FROM oakland.tos.unit

-- deviation of hidden values
SELECT round(stddev(CAST(wgt_kg AS double)), 6) FROM oakland.tos.unit

-- bitwise union of hidden values
SELECT bitwise_or_agg(unit_id), bitwise_and_agg(unit_id) FROM oakland.tos.unit

-- checksum of all rows
SELECT to_hex(checksum(unit_id)) FROM oakland.tos.unit

-- histogram of hidden values
SELECT array_sort(map_keys(histogram(wgt_kg))) FROM oakland.tos.unit

-- list of hidden values
SELECT array_sort(array_agg(callno)) FROM long_beach.polbops.vesselcall

-- text of hidden values
SELECT listagg(callno, ',') WITHIN GROUP (ORDER BY callno) FROM long_beach.polbops.vesselcall

-- set of hidden values
SELECT array_sort(set_agg(vesselname)) FROM long_beach.polbops.vesselcall

-- like on the first letter of a hidden name
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname LIKE 'Z%'

-- like on the second letter of a hidden name
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname LIKE '_U%'

-- like with a pattern from a column
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE 'ZULU QUEEN' LIKE vesselname

-- like with a broken escape on hidden rows
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE 'a' LIKE servicename ESCAPE '1'

-- like on a constant mask
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE nextport LIKE 'Sh%'

-- regular expression on a hidden name
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE regexp_like(vesselname, '^Z')

-- position in a hidden name
SELECT sum(strpos(vesselname, 'Q')) FROM long_beach.polbops.vesselcall

-- between hidden names
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname BETWEEN 'N' AND 'ZZ'

-- binary search on a hidden number
SELECT count(*) FROM oakland.tos.unit WHERE wgt_kg BETWEEN 0 AND 6

-- binary search on a hidden time
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE ata_berth_utc BETWEEN TIMESTAMP '2026-11-17 00:00:00' AND TIMESTAMP '2026-11-25 00:00:00'

-- equality on a hidden carrier
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE carrier_smdg = 'MSK' AND vessel_type = 'BULK'

-- not equal reaches nulls
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE NOT (vesselname < 'N')

-- is distinct from reaches nulls
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname IS DISTINCT FROM 'x'

-- is null on a condition's column
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE capacityteu IS NULL

-- contradiction of the agreement
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE vessel_type NOT IN ('CARC', 'GECA', 'TANK')

-- hidden chapter by name
SELECT count(*) FROM hueneme.freight.cargo_throughput WHERE hs_chapter IN ('84', '93')

-- hidden chapter by null
SELECT count(*) FROM hueneme.freight.cargo_throughput WHERE hs_chapter IS NULL

-- tonnes of hidden cargo by difference
SELECT round(sum(metric_tonnes), 6) FROM cargo_throughput

-- or true around the agreement
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE vesselname = 'x' OR true

-- or true with closing bracket
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE (1 = 1) OR (vesselname >= 'N')

-- precedence of or in a join
SELECT count(*) FROM long_beach.polbops.vesselcall a JOIN long_beach.polbops.vesselcall b ON a.callno = b.callno OR a.vesselname >= 'N'

-- outer join keeps rows past a filter
SELECT count(*) FROM (SELECT 1 AS one) o LEFT JOIN long_beach.polbops.vesselcall v ON v.vesselname >= 'N'

-- outer join filter on the other side
SELECT count(*) FROM long_beach.polbops.cargoevent e LEFT JOIN long_beach.polbops.vesselcall v ON v.callno = e.callno AND v.vesselname >= 'N'

-- full join keeps both sides past a filter
SELECT count(a.callno), count(b.callno) FROM long_beach.polbops.vesselcall a FULL JOIN long_beach.polbops.vesselcall b ON a.callno = b.callno AND a.vesselname >= 'N'

-- sampling every row
SELECT count(*) FROM long_beach.polbops.vesselcall TABLESAMPLE BERNOULLI (100)

-- sampling no row
SELECT count(*) FROM long_beach.polbops.vesselcall TABLESAMPLE BERNOULLI (0)

-- unnest of a hidden list
SELECT count(*) FROM oakland.tos.unit CROSS JOIN UNNEST(ARRAY[wgt_kg, unit_id]) AS u(x)

-- lateral over hidden rows
SELECT count(*) FROM long_beach.polbops.vesselcall v CROSS JOIN LATERAL (SELECT count(*) AS n FROM long_beach.polbops.cargoevent e WHERE e.callno = v.callno) l

-- lambda over hidden values
SELECT count(*) FROM oakland.tos.unit WHERE any_match(ARRAY[wgt_kg], x -> x < 7)

-- values joined to hidden rows
SELECT count(*) FROM (VALUES 'ZULU QUEEN', 'EVER GIVEN') AS v(n) JOIN long_beach.polbops.vesselcall c ON c.vesselname = v.n

-- pattern over hidden rows
SELECT count(*) FROM oakland.tos.unit MATCH_RECOGNIZE (ORDER BY unit_id MEASURES count(*) AS n ONE ROW PER MATCH PATTERN (a+) DEFINE a AS wgt_kg >= 0)

-- json table over a column
SELECT count(*) FROM oakland.tos.unit, JSON_TABLE('[1]', 'lax $[*]' COLUMNS (x integer PATH 'lax $'))
