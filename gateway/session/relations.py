"""The metadata relations of Trino 476: their names, their columns and the types of these. Data, and nothing else.

`information_schema` is in every catalog; the others are in the catalog `system`. What tells of the engine itself
(`system.runtime.tasks`, `.transactions`, `.optimizer_rule_stats`) is left out, and so is not there.
"""

from __future__ import annotations

from collections.abc import Mapping

from gateway.model import TableName

TRINO_VERSION = "476"
"""Whose SQL, types and relations these are: what `version()` answers."""
SYSTEM = "system"
INFORMATION_SCHEMA = "information_schema"

Columns = Mapping[str, str]
"""The columns of a relation in their order, each with its type."""

_PROPERTIES = "catalog_name property_name default_value type description"
_INFORMATION_SCHEMA = {
    "applicable_roles": "grantee grantee_type role_name is_grantable",
    "columns": (
        "table_catalog table_schema table_name column_name ordinal_position:bigint column_default is_nullable data_type"
    ),
    "enabled_roles": "role_name",
    "roles": "role_name",
    "schemata": "catalog_name schema_name",
    "table_privileges": (
        "grantor grantor_type grantee grantee_type table_catalog table_schema table_name privilege_type is_grantable "
        "with_hierarchy"
    ),
    "tables": "table_catalog table_schema table_name table_type",
    "views": "table_catalog table_schema table_name view_definition",
}
_JDBC = {
    "attributes": (
        "type_cat type_schem type_name attr_name data_type:bigint attr_type_name attr_size:bigint "
        "decimal_digits:bigint num_prec_radix:bigint nullable:bigint remarks attr_def sql_data_type:bigint "
        "sql_datetime_sub:bigint char_octet_length:bigint ordinal_position:bigint is_nullable scope_catalog "
        "scope_schema scope_table source_data_type:bigint"
    ),
    "catalogs": "table_cat",
    "columns": (
        "table_cat table_schem table_name column_name data_type:bigint type_name column_size:bigint "
        "buffer_length:bigint decimal_digits:bigint num_prec_radix:bigint nullable:bigint remarks column_def "
        "sql_data_type:bigint sql_datetime_sub:bigint char_octet_length:bigint ordinal_position:bigint is_nullable "
        "scope_catalog scope_schema scope_table source_data_type:bigint is_autoincrement is_generatedcolumn"
    ),
    "procedure_columns": (
        "procedure_cat procedure_schem procedure_name column_name column_type:bigint data_type:bigint type_name "
        "precision:bigint length:bigint scale:bigint radix:bigint nullable:bigint remarks column_def "
        "sql_data_type:bigint sql_datetime_sub:bigint char_octet_length:bigint ordinal_position:bigint is_nullable "
        "specific_name"
    ),
    "procedures": "procedure_cat procedure_schem procedure_name remarks procedure_type:bigint specific_name",
    "pseudo_columns": (
        "table_cat table_schem table_name column_name data_type:bigint column_size:bigint decimal_digits:bigint "
        "num_prec_radix:bigint column_usage remarks char_octet_length:bigint is_nullable:bigint"
    ),
    "schemas": "table_schem table_catalog",
    "super_tables": "table_cat table_schem table_name supertable_name",
    "super_types": "type_cat type_schem type_name supertype_cat supertype_schem supertype_name",
    "table_types": "table_type",
    "tables": (
        "table_cat table_schem table_name table_type remarks type_cat type_schem type_name self_referencing_col_name "
        "ref_generation"
    ),
    "types": (
        "type_name data_type:bigint precision:bigint literal_prefix literal_suffix create_params nullable:bigint "
        "case_sensitive:boolean searchable:bigint unsigned_attribute:boolean fixed_prec_scale:boolean "
        "auto_increment:boolean local_type_name minimum_scale:bigint maximum_scale:bigint sql_data_type:bigint "
        "sql_datetime_sub:bigint num_prec_radix:bigint"
    ),
    "udts": "type_cat type_schem type_name class_name data_type remarks base_type",
}
_METADATA = {
    "analyze_properties": _PROPERTIES,
    "catalogs": "catalog_name connector_id connector_name",
    "column_properties": _PROPERTIES,
    "materialized_view_properties": _PROPERTIES,
    "materialized_views": (
        "catalog_name schema_name name storage_catalog storage_schema storage_table freshness "
        "last_fresh_time:timestamp(9)_with_time_zone comment definition"
    ),
    "schema_properties": _PROPERTIES,
    "table_comments": "catalog_name schema_name table_name comment",
    "table_properties": _PROPERTIES,
}
_RUNTIME = {
    "nodes": "node_id http_uri node_version coordinator:boolean state",
    "queries": (
        "query_id state user source query resource_group_id:array(varchar) queued_time_ms:bigint "
        "analysis_time_ms:bigint planning_time_ms:bigint created:timestamp(3)_with_time_zone "
        "started:timestamp(3)_with_time_zone last_heartbeat:timestamp(3)_with_time_zone "
        "end:timestamp(3)_with_time_zone error_type error_code"
    ),
}


def _read(columns: str) -> Columns:
    pairs = (column.partition(":") for column in columns.split())
    return {name: type_.replace("_", " ") or "varchar" for name, _, type_ in pairs}


RELATIONS: Mapping[tuple[str, str], Columns] = {
    (schema, table): _read(columns)
    for schema, tables in {
        INFORMATION_SCHEMA: _INFORMATION_SCHEMA, "jdbc": _JDBC, "metadata": _METADATA, "runtime": _RUNTIME,
    }.items()
    for table, columns in tables.items()
}  # fmt: skip
"""Schema and table -> the columns that a star shows."""
HIDDEN: Mapping[tuple[str, str], Columns] = {
    (INFORMATION_SCHEMA, "columns"): {"comment": "varchar", "extra_info": "varchar"},
}
"""Columns that Trino finds by their name alone: no star shows them."""
SYSTEM_SCHEMAS = (INFORMATION_SCHEMA, "jdbc", "metadata", "runtime")


def columns_of(name: TableName) -> Columns | None:
    """All columns of a metadata relation, hidden ones last; None if the name is no such relation's.

    >>> list(columns_of(TableName("system", "jdbc", "catalogs")))
    ['table_cat']
    >>> columns_of(TableName("oakland", "jdbc", "catalogs"))
    """
    if name.schema != INFORMATION_SCHEMA and name.catalog != SYSTEM:
        return None
    key = (name.schema, name.table)
    found = RELATIONS.get(key)
    return None if found is None else {**found, **HIDDEN.get(key, {})}


def relations_of(catalog: str) -> list[tuple[TableName, Columns]]:
    """The metadata relations of one catalog, as listings show them."""
    return [
        (TableName(catalog, schema, table), columns)
        for (schema, table), columns in RELATIONS.items()
        if schema == INFORMATION_SCHEMA or catalog == SYSTEM
    ]
