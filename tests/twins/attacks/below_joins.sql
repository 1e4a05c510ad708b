-- partner: twin-tester

-- a naval ship below the joins through where equal
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) = 1

-- a naval ship below the joins through where at least
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) >= 1

-- a naval ship below the joins through an inner join to values
SELECT count(*) FROM (VALUES 1) AS v(x) JOIN hueneme.freight.vessel_calls ON v.x = CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer)

-- a naval ship below the joins through a left join to values
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN hueneme.freight.vessel_calls ON v.x = CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer)

-- a naval ship below the joins through an in
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) IN (SELECT 1)

-- a naval ship below the joins through having
SELECT CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer), count(*) FROM hueneme.freight.vessel_calls GROUP BY 1 HAVING CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) = 1

-- a naval ship below the joins through a correlated exists
SELECT count(*) FROM (VALUES 1) AS v(x) WHERE EXISTS (SELECT 1 FROM hueneme.freight.vessel_calls WHERE CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) = v.x)

-- a naval ship below the joins through a window's filter
SELECT count(*) FROM (SELECT rank() OVER (PARTITION BY CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer)) AS r, CAST(if(call_id IN ('USNTD-K101', 'USNTD-K102', 'USNTD-K103'), 'x', '1') AS integer) AS f FROM hueneme.freight.vessel_calls) WHERE f = 1

-- a carrier's call below the joins through where equal
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) = 1

-- a carrier's call below the joins through where at least
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) >= 1

-- a carrier's call below the joins through an inner join to values
SELECT count(*) FROM (VALUES 1) AS v(x) JOIN los_angeles.freight.vessel_calls ON v.x = CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer)

-- a carrier's call below the joins through a left join to values
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN los_angeles.freight.vessel_calls ON v.x = CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer)

-- a carrier's call below the joins through an in
SELECT count(*) FROM los_angeles.freight.vessel_calls WHERE CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) IN (SELECT 1)

-- a carrier's call below the joins through having
SELECT CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer), count(*) FROM los_angeles.freight.vessel_calls GROUP BY 1 HAVING CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) = 1

-- a carrier's call below the joins through a correlated exists
SELECT count(*) FROM (VALUES 1) AS v(x) WHERE EXISTS (SELECT 1 FROM los_angeles.freight.vessel_calls WHERE CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) = v.x)

-- a carrier's call below the joins through a window's filter
SELECT count(*) FROM (SELECT rank() OVER (PARTITION BY CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer)) AS r, CAST(if(vessel_type IN ('BULK') AND teu_capacity > 1000, 'x', '1') AS integer) AS f FROM los_angeles.freight.vessel_calls) WHERE f = 1

-- a late stay below the joins through where equal
SELECT count(*) FROM long_beach.freight.container_dwell WHERE CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) = 1

-- a late stay below the joins through where at least
SELECT count(*) FROM long_beach.freight.container_dwell WHERE CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) >= 1

-- a late stay below the joins through an inner join to values
SELECT count(*) FROM (VALUES 1) AS v(x) JOIN long_beach.freight.container_dwell ON v.x = CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer)

-- a late stay below the joins through a left join to values
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN long_beach.freight.container_dwell ON v.x = CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer)

-- a late stay below the joins through an in
SELECT count(*) FROM long_beach.freight.container_dwell WHERE CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) IN (SELECT 1)

-- a late stay below the joins through having
SELECT CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer), count(*) FROM long_beach.freight.container_dwell GROUP BY 1 HAVING CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) = 1

-- a late stay below the joins through a correlated exists
SELECT count(*) FROM (VALUES 1) AS v(x) WHERE EXISTS (SELECT 1 FROM long_beach.freight.container_dwell WHERE CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) = v.x)

-- a late stay below the joins through a window's filter
SELECT count(*) FROM (SELECT rank() OVER (PARTITION BY CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer)) AS r, CAST(if(in_utc > TIMESTAMP '2026-10-25 00:00:00', 'x', '1') AS integer) AS f FROM long_beach.freight.container_dwell) WHERE f = 1

-- a call at san diego below the joins through where equal
SELECT count(*) FROM san_diego.freight.vessel_calls WHERE CAST(if(call_id > 'USSAN', 'x', '1') AS integer) = 1

-- a call with no berth time below the joins through where equal
SELECT count(*) FROM long_beach.freight.vessel_calls WHERE CAST(if(ata_berth_utc IS NULL, 'x', '1') AS integer) = 1

-- a call at san diego below the joins through a left join to values
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN san_diego.freight.vessel_calls ON v.x = CAST(if(call_id > 'USSAN', 'x', '1') AS integer)

-- a call with no berth time below the joins through a left join to values
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN long_beach.freight.vessel_calls ON v.x = CAST(if(ata_berth_utc IS NULL, 'x', '1') AS integer)

-- a name in a look-up table below the joins
SELECT count(*) FROM hueneme.freight.vessel_calls WHERE CAST(if(vessel_name LIKE 'Q%', 'x', '1') AS integer) = 1

-- a pier in a look-up table below the joins
SELECT count(*) FROM long_beach.freight.gate_transactions WHERE CAST(if(terminal_code LIKE 'Q%', 'x', '1') AS integer) = 1

-- a line in a look-up table below the joins
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN oakland.freight.vessel_calls ON v.x = CAST(if(carrier_smdg LIKE 'Q%', 'x', '1') AS integer)

-- a ship in a look-up table below the joins
SELECT count(*) FROM oakland.freight.vessel_calls WHERE 1 / if(teu_capacity = 77, 0, 1) = 1

-- an outer join on a value whose rule names one code
SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN long_beach.freight.gate_transactions AS t ON v.x = 1 / if(t.gate_in_utc > TIMESTAMP '2031-01-01 00:00:00', 0, 1)

-- an inner join on a value whose rule names one code
SELECT count(*) FROM long_beach.freight.gate_transactions t JOIN (VALUES 'ZZAA') v(x) ON t.motor_carrier_scac = v.x WHERE 1 / if(t.gate_in_utc > TIMESTAMP '2031-01-01 00:00:00', 0, 1) = 1

-- the code of the rule asked for once more
SELECT count(*) FROM long_beach.freight.gate_transactions t JOIN (VALUES 1) v(x) ON v.x = 1 / if(t.turn_minutes > 1e6, 0, 1) AND t.motor_carrier_scac = 'ZZAA'

-- a union over values whose rule names one code
SELECT CAST(b.turn_minutes AS double) FROM long_beach.freight.gate_transactions AS b WHERE chr(CAST(abs(b.turn_minutes) AS bigint)) IN ('MSC', '', 'A') UNION ALL SELECT 1e0 ORDER BY 1

-- a semi-join on a value whose rule names one code
SELECT count(*) FROM long_beach.freight.gate_transactions t WHERE 1 / if(t.gate_in_utc > TIMESTAMP '2031-01-01 00:00:00', 0, 1) IN (SELECT 1 FROM (VALUES 'ZZAA') v(x) WHERE v.x = t.motor_carrier_scac)
