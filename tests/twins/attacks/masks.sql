-- partner: twin-tester

-- hash in a predicate against a raw value
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE vessel_name = 'EVER GIVEN'

-- hash in an in list of raw values
SELECT call_id FROM los_angeles.freight.vessel_calls WHERE vessel_name IN ('EVER GIVEN', 'MSC ANNA', 'ALPHA STAR')

-- hash by like prefix
SELECT count(*) FROM los_angeles.freight.container_moves WHERE container_no LIKE 'MSKU%'

-- hash in order by
SELECT move_id FROM los_angeles.freight.container_moves ORDER BY container_no, move_id /* ordered */

-- hash order with a limit
SELECT container_no FROM los_angeles.freight.container_moves ORDER BY container_no LIMIT 3 /* ordered */

-- least hash
SELECT min(container_no), max(container_no) FROM los_angeles.freight.container_moves

-- hash in group by
SELECT container_no, count(*) FROM oakland.freight.container_moves GROUP BY container_no

-- hash joined to the raw column of another table
SELECT count(*) FROM los_angeles.freight.container_moves a JOIN long_beach.freight.container_dwell b ON a.container_no = b.container_no

-- hash joined over two ports
SELECT count(*) FROM los_angeles.freight.container_moves a JOIN oakland.freight.container_moves b USING (container_no)

-- hash joined to a literal list
SELECT count(*) FROM los_angeles.freight.vessel_calls v JOIN (SELECT 'EVER GIVEN' AS n UNION ALL SELECT 'MSC ANNA') x ON v.vessel_name = x.n

-- hash of a guess made by the partner
SELECT count(*) FROM oakland.tos.unit WHERE unit_no = to_hex(sha256(to_utf8('MSKU1234565')))

-- hash with a key of the partner's own
SELECT to_hex(hmac_sha256(to_utf8(unit_no), to_utf8('k'))) FROM oakland.tos.unit

-- length of a hashed text
SELECT length(unit_no), count(*) FROM oakland.tos.unit GROUP BY 1

-- emptiness of a hashed text
SELECT count(*) FROM oakland.tos.unit WHERE unit_no = ''

-- hash tells nulls only
SELECT count(*) FROM oakland.tos.unit WHERE unit_no IS NULL

-- own rows show raw beside hashed rows
SELECT vessel_name, carrier_smdg FROM los_angeles.freight.vessel_calls

-- own rows compared with others' hashes
SELECT count(*) FROM los_angeles.freight.vessel_calls a JOIN los_angeles.freight.vessel_calls b ON a.vessel_name = b.vessel_name

-- constant mask in a predicate
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE berth_code <> 'BERTH'

-- constant mask in order by
SELECT call_id FROM los_angeles.freight.vessel_calls ORDER BY berth_code, call_id /* ordered */

-- constant mask summed
SELECT sum(planned_moves) FROM los_angeles.freight.vessel_calls

-- constant mask as a divisor
SELECT call_id FROM los_angeles.freight.vessel_calls WHERE 1 / (planned_moves + 1) > 0

-- constant mask in a window
SELECT rank() OVER (ORDER BY planned_moves) FROM los_angeles.freight.vessel_calls

-- constant mask distinct
SELECT count(DISTINCT nextport) FROM long_beach.polbops.vesselcall

-- constant mask cast
SELECT CAST(nextport AS integer) FROM long_beach.polbops.vesselcall

-- null mask in coalesce
SELECT coalesce(shpr, 'none') FROM oakland.tos.unit

-- null mask in count
SELECT count(shpr) FROM oakland.tos.unit

-- null mask is null everywhere
SELECT count(*) FROM oakland.tos.unit WHERE shpr IS NOT NULL

-- null mask in a join
SELECT count(*) FROM oakland.tos.unit a JOIN oakland.tos.unit b ON a.shpr IS NOT DISTINCT FROM b.shpr

-- null mask in a case
SELECT sum(CASE WHEN shpr LIKE 'Alder%' THEN 1 ELSE 0 END) FROM oakland.tos.unit

-- null masked flag in a predicate
SELECT count(*) FROM los_angeles.freight.container_moves WHERE is_dangerous

-- masked column in having
SELECT cnee FROM oakland.tos.unit GROUP BY cnee HAVING max(unit_no) > '8'

-- masked column in a filter
SELECT count(*) FILTER (WHERE cnee = 'Alder Furnishings (invented)') FROM oakland.tos.unit

-- masked column partitions a window
SELECT count(*) OVER (PARTITION BY unit_no) FROM oakland.tos.unit

-- masked column in grouping sets
SELECT unit_no, count(*) FROM oakland.tos.unit GROUP BY GROUPING SETS ((unit_no), ())

-- masked column in a set operation
SELECT unit_no FROM oakland.tos.unit EXCEPT SELECT 'MSKU1234565'

-- masked column by intersect with guesses
SELECT unit_no FROM oakland.tos.unit INTERSECT SELECT 'MSKU1234565'

-- masked column through a cte under another name
WITH a AS (SELECT unit_no AS x FROM oakland.tos.unit) SELECT x FROM a WHERE x LIKE 'M%'

-- masked column in a correlated subquery
SELECT (SELECT max(b.unit_no) FROM oakland.tos.unit b WHERE b.unit_id = a.unit_id) FROM oakland.tos.unit a

-- masked column of a port in a union of ports
SELECT container_no FROM container_moves WHERE container_no LIKE 'MSC%'

-- column that is given in own rows only, as a predicate
SELECT call_id FROM los_angeles.freight.vessel_calls WHERE actual_moves > 0

-- column that is given in own rows only, in order by
SELECT call_id FROM los_angeles.freight.vessel_calls ORDER BY actual_moves, call_id /* ordered */

-- column that is given in own rows only, averaged
SELECT avg(CAST(actual_moves AS double)), count(actual_moves) FROM los_angeles.freight.vessel_calls

-- column that is given in own rows only, as a divisor
SELECT call_id FROM los_angeles.freight.vessel_calls WHERE 1 / coalesce(nullif(actual_moves, 0), 1) < 5
