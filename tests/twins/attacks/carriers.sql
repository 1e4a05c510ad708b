-- partner: msc-planner

-- another carrier's calls
SELECT carrier_smdg, count(*) FROM vessel_calls WHERE port_unlocode = 'USLAX' GROUP BY 1

-- another carrier by inequality
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE carrier_smdg <> 'MSC'

-- another carrier by null
SELECT count(*), count(carrier_smdg) FROM los_angeles.freight.vessel_calls

-- another carrier's moves
SELECT call_id, actual_moves FROM long_beach.freight.vessel_calls WHERE actual_moves IS NOT NULL

-- another carrier's moves by division
SELECT call_id FROM los_angeles.freight.vessel_calls WHERE 1 / if(carrier_smdg = 'MSK', 0, 1) = 1

-- another carrier's next port
SELECT next_port_unlocode, count(*) FROM oakland.freight.vessel_calls GROUP BY 1

-- another carrier's next port in order by
SELECT call_id FROM oakland.freight.vessel_calls ORDER BY next_port_unlocode, call_id /* ordered */

-- another carrier's boxes
SELECT move_id, carrier_smdg FROM los_angeles.freight.container_moves WHERE carrier_smdg IS NOT NULL

-- another carrier's boxes by window
SELECT rank() OVER (ORDER BY carrier_smdg) FROM oakland.freight.container_moves

-- another carrier's stays
SELECT carrier_smdg, sum(teu) FROM container_dwell WHERE port_unlocode = 'USOAK' GROUP BY 1

-- another carrier by join on the carrier
SELECT count(*) FROM los_angeles.freight.vessel_calls a JOIN oakland.freight.vessel_calls b ON a.carrier_smdg = b.carrier_smdg

-- another carrier by correlated count
SELECT v.call_id, (SELECT count(*) FROM los_angeles.freight.container_moves m WHERE m.call_id = v.call_id) FROM los_angeles.freight.vessel_calls v

-- own calls still under embargo
SELECT call_id, service_code FROM long_beach.freight.vessel_calls WHERE carrier_smdg = 'MSC'

-- own calls under embargo by their time
SELECT call_id FROM long_beach.freight.vessel_calls WHERE ata_berth_utc > TIMESTAMP '2026-10-25 00:00:00' AND carrier_smdg IS NOT NULL

-- calls' times of others
SELECT cargo_start_utc, cargo_end_utc FROM los_angeles.freight.vessel_calls

-- spread of others' moves
SELECT min(planned_moves), max(planned_moves), sum(planned_moves) FROM oakland.freight.vessel_calls

-- others' delay reasons
SELECT delay_reason_code, count(*) FROM los_angeles.freight.vessel_calls GROUP BY 1

-- share of all moves
SELECT carrier_smdg, round(100e0 * count(*) / sum(count(*)) OVER (), 3) FROM oakland.freight.container_dwell GROUP BY 1

-- naval call at hueneme
SELECT vessel_type, count(*) FROM hueneme.freight.vessel_calls GROUP BY 1

-- naval cargo at san diego
SELECT hs_chapter, count(*) FROM san_diego.freight.cargo_throughput GROUP BY 1
