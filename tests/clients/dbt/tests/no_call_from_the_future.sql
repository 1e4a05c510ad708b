SELECT port_unlocode
FROM {{ source('freight', 'vessel_calls') }}
WHERE ata_berth_utc > current_timestamp + INTERVAL '1' DAY
