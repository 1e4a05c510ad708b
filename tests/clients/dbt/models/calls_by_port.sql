-- Portgate is read-only: `dbt run` is told so
{{ config(materialized='table') }}
SELECT port_unlocode, count(*) AS calls
FROM {{ source('freight', 'vessel_calls') }}
GROUP BY port_unlocode
