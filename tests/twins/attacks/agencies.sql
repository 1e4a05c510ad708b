-- partner: gobiz-analyst

-- keyed hash of boxes at two ports joined
SELECT count(*) FROM los_angeles.freight.container_moves a JOIN oakland.freight.container_moves b ON a.container_no = b.container_no

-- keyed hash of boxes against stays
SELECT count(*) FROM oakland.freight.container_moves a JOIN oakland.freight.container_dwell b ON a.container_no = b.container_no

-- keyed hash of a shipper guessed
SELECT count(*) FROM oakland.freight.container_moves WHERE shipper_name = 'Alder Furnishings (invented)'

-- keyed hash of a shipper grouped
SELECT shipper_name, count(*) FROM oakland.freight.container_moves GROUP BY 1

-- shipper equal to consignee
SELECT count(*) FROM oakland.freight.container_moves WHERE shipper_name = consignee_name

-- hashed boxes in order
SELECT container_no FROM los_angeles.freight.container_dwell ORDER BY container_no /* ordered */

-- yard use under embargo
SELECT max(yard_utilization_pct) FROM long_beach.freight.port_status

-- yard use of the last day
SELECT day_local, yard_utilization_pct FROM port_status WHERE day_local > DATE '2026-11-19'

-- yard use by division
SELECT day_local FROM long_beach.freight.port_status WHERE 1 / if(yard_utilization_pct IS NULL, 1, 1) = 1

-- next port under embargo
SELECT next_port_unlocode, count(*) FROM long_beach.freight.vessel_calls GROUP BY 1

-- next port under embargo by order
SELECT call_id FROM long_beach.freight.vessel_calls ORDER BY next_port_unlocode, call_id /* ordered */

-- service under embargo
SELECT service_code, max(ata_berth_utc) FROM los_angeles.freight.vessel_calls GROUP BY 1

-- service under embargo by length
SELECT sum(length(service_code)) FROM los_angeles.freight.vessel_calls

-- service cast on hidden cells
SELECT count(*) FROM long_beach.freight.vessel_calls WHERE CAST(service_code AS integer) = 1212

-- weight behind a denied column
SELECT sum(gross_mass_kg) FROM long_beach.freight.container_moves

-- naval ship by name
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE vessel_name = 'ZULU QUEEN'

-- naval cargo by chapter
SELECT count(*) FROM hueneme.freight.cargo_throughput WHERE hs_chapter = '93'

-- all naval rows by difference of ports
SELECT port_unlocode, count(*) FROM vessel_calls GROUP BY ROLLUP (port_unlocode)
