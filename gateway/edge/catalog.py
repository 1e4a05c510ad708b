"""The catalog as one partner sees it -> what the interface tells of it, with definitions and units."""

from __future__ import annotations

from gateway.errors import Unresolved
from gateway.model import CANONICAL_CATALOG, Catalog, Column, PortMapping, TableName

Members = dict[str, object]


def describe(catalog: Catalog, purpose: str, wanted: str = "") -> Members:
    """Return the list of tables, or one table with its columns if one is wanted.

    A table may be named in full or by its last parts; one that is not visible raises Unresolved, as one that is not.
    """
    if wanted:
        names = _find(catalog, wanted)
        return {"purpose": purpose, "tables": [_table(catalog, name, with_columns=True) for name in names]}
    ports = [
        {"id": port.id, "title": port.title, "unlocode": port.unlocode, "contact": port.contact}
        for port in catalog.ports.values()
    ]
    tables = [_table(catalog, name, with_columns=False) for name in sorted(catalog.tables, key=_order)]
    return {"purpose": purpose, "revision": catalog.revision, "ports": ports, "tables": tables}


def _order(name: TableName) -> tuple[bool, TableName]:
    return name.catalog != CANONICAL_CATALOG, name


def _find(catalog: Catalog, wanted: str) -> list[TableName]:
    parts = tuple(wanted.lower().split("."))
    names = [name for name in sorted(catalog.tables, key=_order) if tuple(name)[-len(parts) :] == parts]
    if not names:
        hint = "List them with: portgate catalog"
        raise Unresolved(f"there is no table {wanted[:120]} that you may see", hint=hint).named("TABLE_NOT_FOUND")
    return names


def _table(catalog: Catalog, name: TableName, *, with_columns: bool) -> Members:
    table = catalog.tables[name]
    members: Members = {
        "name": str(name),
        "meaning": table.meaning,
        "synthetic": table.synthetic,
        "freshness": table.freshness,
        "ports": _ports(catalog, name),
    }
    if with_columns:
        members["columns"] = [_column(catalog, name, column) for column in table.columns.values()]
    else:
        members["column_count"] = len(table.columns)
    return members


def _ports(catalog: Catalog, name: TableName) -> list[str]:
    if name.catalog != CANONICAL_CATALOG:
        return [name.catalog]
    return sorted(catalog.mappings.get(name.table, {}))


def _column(catalog: Catalog, name: TableName, column: Column) -> Members:
    term = catalog.terms.get(column.term)
    return {
        "name": column.name,
        "type": column.type,
        "unit": column.unit or (term.unit if term else ""),
        "meaning": column.meaning or (term.meaning if term else ""),
        "standard": column.standard or (term.standard if term else ""),
        "term": column.term,
        "sensitivity": column.sensitivity,
        "not_kept": {
            port: mapping.not_kept[column.name]
            for port, mapping in sorted(_mappings(catalog, name).items())
            if column.name in mapping.not_kept
        },
    }


def _mappings(catalog: Catalog, name: TableName) -> dict[str, PortMapping]:
    return dict(catalog.mappings.get(name.table, {})) if name.catalog == CANONICAL_CATALOG else {}
