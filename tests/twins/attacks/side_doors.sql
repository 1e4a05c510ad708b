-- partner: twin-tester

-- time travel by version
SELECT count(*) FROM los_angeles.pola.gate_visit FOR VERSION AS OF 1

-- time travel by time
SELECT count(*) FROM los_angeles.pola.gate_visit FOR TIMESTAMP AS OF TIMESTAMP '2026-01-01 00:00:00 UTC'

-- time travel on a delta table
SELECT count(*) FROM san_diego.cargo.cargo_ledger FOR VERSION AS OF 0

-- files of a table
SELECT * FROM los_angeles.pola."gate_visit$files"

-- snapshots of a table
SELECT * FROM los_angeles.pola."gate_visit$snapshots"

-- history of a table
SELECT * FROM los_angeles.pola."gate_visit$history"

-- partitions of a table
SELECT * FROM los_angeles.pola."gate_visit$partitions"

-- manifests of a table
SELECT * FROM los_angeles.pola."gate_visit$manifests"

-- refs of a table
SELECT * FROM los_angeles.pola."gate_visit$refs"

-- properties of a table
SELECT * FROM los_angeles.pola."gate_visit$properties"

-- delta history
SELECT * FROM san_diego.cargo."cargo_ledger$history"

-- hive partitions
SELECT * FROM hueneme.exports."truck_scale$partitions"

-- snapshot by at sign
SELECT * FROM los_angeles.pola."gate_visit@1"

-- hidden column of the path
SELECT "$path" FROM los_angeles.pola.gate_visit

-- hidden column of the file size
SELECT "$file_size" FROM hueneme.exports.truck_scale

-- hidden column of the change time
SELECT "$file_modified_time" FROM san_diego.cargo.cargo_ledger

-- hidden column through a star and a name
SELECT count("$path") FROM (SELECT * FROM los_angeles.pola.gate_visit)

-- catalogs by information schema
SELECT * FROM los_angeles.information_schema.tables

-- columns by information schema
SELECT column_name FROM long_beach.information_schema.columns

-- schemata by information schema
SELECT * FROM oakland.information_schema.schemata

-- views by information schema
SELECT * FROM hueneme.information_schema.views

-- unqualified information schema
SELECT * FROM information_schema.tables

-- running queries
SELECT query FROM system.runtime.queries

-- tasks
SELECT * FROM system.runtime.tasks

-- nodes
SELECT * FROM system.runtime.nodes

-- transactions
SELECT * FROM system.runtime.transactions

-- catalogs
SELECT * FROM system.metadata.catalogs

-- comments
SELECT * FROM system.metadata.table_comments

-- materialized views
SELECT * FROM system.metadata.materialized_views

-- table properties
SELECT * FROM system.metadata.table_properties

-- jdbc columns
SELECT * FROM system.jdbc.columns

-- jdbc tables
SELECT * FROM system.jdbc.tables

-- postgres catalog
SELECT * FROM long_beach.pg_catalog.pg_class

-- postgres statistics
SELECT most_common_vals FROM long_beach.pg_catalog.pg_stats

-- duckdb internals
SELECT * FROM oakland.main.duckdb_tables

-- raw query at the port
SELECT * FROM TABLE(long_beach.system.query(query => 'SELECT * FROM polbops.vesselcall'))

-- raw query at oakland
SELECT * FROM TABLE(oakland.system.query(query => 'SELECT * FROM tos.unit'))

-- raw query with the name in quotes
SELECT * FROM TABLE("long_beach"."system"."query"(query => 'SELECT 1'))

-- table through exclude columns
SELECT * FROM TABLE(exclude_columns(input => TABLE(long_beach.polbops.vesselcall), columns => DESCRIPTOR(callno)))

-- hidden table through exclude columns
SELECT count(*) FROM TABLE(exclude_columns(input => TABLE(oakland.tos.gate_daily), columns => DESCRIPTOR(hr)))

-- qualified exclude columns
SELECT count(*) FROM TABLE(system.builtin.exclude_columns(input => TABLE(oakland.tos.gate_daily), columns => DESCRIPTOR(hr)))

-- sequence as a table function
SELECT * FROM TABLE(sequence(start => 1, stop => 3))

-- changes of a delta table
SELECT * FROM TABLE(san_diego.system.table_changes(schema_name => 'cargo', table_name => 'cargo_ledger'))

-- changes of an iceberg table
SELECT * FROM TABLE(los_angeles.system.table_changes('pola', 'gate_visit', 1, 2))

-- inline function
WITH FUNCTION f(x integer) RETURNS integer RETURN x + 1 SELECT f(1)

-- session in the query
WITH SESSION long_beach.complex_expression_pushdown = true SELECT count(*) FROM long_beach.polbops.vesselcall

-- explain
EXPLAIN SELECT count(*) FROM long_beach.polbops.vesselcall

-- explain analyze
EXPLAIN ANALYZE SELECT count(*) FROM long_beach.polbops.vesselcall

-- explain io
EXPLAIN (TYPE IO, FORMAT JSON) SELECT count(*) FROM long_beach.polbops.vesselcall

-- explain validate
EXPLAIN (TYPE VALIDATE) SELECT scac FROM long_beach.polbops.vesselcall

-- explain of a shared table
EXPLAIN SELECT consignee_name, count(*) FROM container_moves WHERE teu > 1 GROUP BY 1

-- explain as an object
EXPLAIN (FORMAT JSON) SELECT * FROM vessel_calls WHERE carrier_smdg = 'MSC'

-- explain io of a shared table
EXPLAIN (TYPE IO) SELECT c.call_id FROM vessel_calls c JOIN container_moves m ON c.call_id = m.call_id

-- validate a shared table
EXPLAIN (TYPE VALIDATE) SELECT max(event_utc) FROM container_moves WHERE 1 / (teu - 1) > 0

-- execute immediate over a shared table
EXECUTE IMMEDIATE 'SELECT count(*), max(event_utc) FROM container_moves WHERE event_utc > ?' USING current_timestamp

-- execute immediate with a moment of no zone
EXECUTE IMMEDIATE 'SELECT count(*) FROM los_angeles.pola.gate_visit WHERE in_at > ?' USING TIMESTAMP '2025-11-01 00:00:00'

-- use a port
USE long_beach.polbops

-- use nothing
USE nowhere.polbops

-- statistics of a table
SHOW STATS FOR long_beach.polbops.vesselcall

-- statistics of a query
SHOW STATS FOR (SELECT * FROM long_beach.polbops.vesselcall)

-- show create
SHOW CREATE TABLE long_beach.polbops.vesselcall

-- show columns
SHOW COLUMNS FROM long_beach.polbops.vesselcall

-- show tables
SHOW TABLES FROM long_beach.polbops

-- show schemas
SHOW SCHEMAS FROM long_beach

-- show catalogs
SHOW CATALOGS

-- show functions
SHOW FUNCTIONS

-- show session
SHOW SESSION

-- show roles
SHOW ROLES

-- describe
DESCRIBE long_beach.polbops.vesselcall

-- desc
DESC oakland.tos.gate_daily

-- describe input
DESCRIBE INPUT p

-- describe output
DESCRIBE OUTPUT p

-- prepare
PREPARE p FROM SELECT count(*) FROM oakland.tos.gate_daily

-- execute
EXECUTE p

-- execute immediate
EXECUTE IMMEDIATE 'SELECT count(*) FROM oakland.tos.gate_daily'

-- execute immediate with a value
EXECUTE IMMEDIATE 'SELECT ?' USING 1

-- deallocate
DEALLOCATE PREPARE p

-- set session
SET SESSION long_beach.complex_expression_pushdown = true

-- set session of the engine
SET SESSION query_max_run_time = '1h'

-- reset session
RESET SESSION query_max_run_time

-- set role
SET ROLE ALL

-- set path
SET PATH long_beach.system

-- set user
SET SESSION AUTHORIZATION 'portgate-loader'

-- use
USE long_beach.polbops

-- start of a transaction
START TRANSACTION ISOLATION LEVEL READ UNCOMMITTED

-- commit
COMMIT

-- call of a procedure
CALL long_beach.system.execute('DROP TABLE polbops.vesselcall')

-- kill of a query
CALL system.runtime.kill_query(query_id => 'x', message => 'x')

-- flush of a cache
CALL long_beach.system.flush_metadata_cache()

-- analyze
ANALYZE los_angeles.pola.gate_visit

-- create table as
CREATE TABLE los_angeles.pola.x AS SELECT * FROM long_beach.polbops.vesselcall

-- create view
CREATE VIEW hueneme.exports.x AS SELECT * FROM hueneme.exports.truck_scale

-- insert
INSERT INTO los_angeles.pola.gate_visit SELECT * FROM los_angeles.pola.gate_visit

-- insert from a table statement
INSERT INTO hueneme.exports.truck_scale TABLE hueneme.exports.truck_scale

-- delete
DELETE FROM los_angeles.pola.gate_visit WHERE true

-- update
UPDATE los_angeles.pola.gate_visit SET plate = 'x'

-- merge
MERGE INTO los_angeles.pola.gate_visit t USING los_angeles.pola.gate_visit s ON t.gate_id = s.gate_id WHEN MATCHED THEN DELETE

-- truncate
TRUNCATE TABLE long_beach.polbops.vesselcall

-- drop
DROP TABLE long_beach.polbops.vesselcall

-- alter execute
ALTER TABLE los_angeles.pola.gate_visit EXECUTE rollback_to_snapshot(1)

-- comment on
COMMENT ON TABLE los_angeles.pola.gate_visit IS 'x'

-- grant
GRANT SELECT ON long_beach.polbops.vesselcall TO USER x

-- refresh
REFRESH MATERIALIZED VIEW hueneme.exports.x

-- parameter
SELECT count(*) FROM long_beach.polbops.vesselcall WHERE callno = ?

-- select into
SELECT * INTO x FROM long_beach.polbops.vesselcall

-- for update
SELECT callno FROM long_beach.polbops.vesselcall FOR UPDATE

-- user of the session
SELECT current_user

-- catalog of the session
SELECT current_catalog

-- schema of the session
SELECT current_schema

-- version of the engine
SELECT version()

-- path of the session
SELECT current_path
