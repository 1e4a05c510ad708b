"""The catalog as one partner sees it -> the rows of each metadata relation.

Every table is a `BASE TABLE`, the canonical ones too: most tools reflect tables and pass over views. A port's share of
a canonical table, `<port>.freight.<table>`, is listed where the port shares it with the partner, for it can be read.
What a reviewer must check: every name comes from `Seen.listed` or from `relations.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    Catalog,
    Column,
    Content,
    Grant,
    Partner,
    Table,
    TableName,
)
from gateway.session.relations import INFORMATION_SCHEMA, RELATIONS, SYSTEM, TRINO_VERSION, columns_of, relations_of
from gateway.session.types import FAMILIES, TYPES, jdbc_type


@dataclass(frozen=True, slots=True)
class RecentQuery:
    """One query of the partner's own, as `system.runtime.queries` tells of it."""

    id: str
    state: str
    user: str
    source: str
    text: str
    """As the partner wrote it."""
    created: str
    """`2026-11-22 16:45:06.123 UTC`, and `ended` too."""
    ended: str | None = None
    error: str | None = None


@dataclass(frozen=True, slots=True)
class ListedColumn:
    """One column of a listing."""

    table: TableName
    name: str
    type: str
    position: int
    about: tuple[Catalog, Column] | None = None
    """For a table's own, where it is defined; a metadata relation's columns are not."""

    @property
    def comment(self) -> str | None:
        """What the column means: definition, unit, standard, and who does not keep it."""
        if self.about is None:
            return None
        catalog, column = self.about
        term = catalog.terms.get(column.term)
        meaning = column.meaning or (term.meaning if term else "")
        unit = column.unit or (term.unit if term else "")
        standard = column.standard or (term.standard if term else "")
        said = [meaning.rstrip("."), unit and f"Unit: {unit}", standard and f"Standard: {standard}"]
        said += [f"Not kept by {port}: {reason.rstrip('.')}" for port, reason in self._not_kept(catalog)]
        return ". ".join(filter(None, said)) + "." if any(said) else None

    def _not_kept(self, catalog: Catalog) -> list[tuple[str, str]]:
        if self.table.schema != CANONICAL_SCHEMA:
            return []
        return [
            (port, mapping.not_kept[self.name])
            for port, mapping in sorted(catalog.mappings.get(self.table.table, {}).items())
            if self.name in mapping.not_kept and self.table.catalog in (CANONICAL_CATALOG, port)
        ]


@dataclass(frozen=True)
class Seen:
    """What there is for one partner: tables with their columns, and the partner's own last queries."""

    partner: Partner
    catalog: Catalog
    """Granted tables and columns only."""
    tables: Mapping[TableName, Table]
    """Each table by each name that it may be read by."""
    queries: tuple[RecentQuery, ...] = ()

    @cached_property
    def catalogs(self) -> list[str]:
        """The names of the catalogs, those without a table left out."""
        return sorted({CANONICAL_CATALOG, SYSTEM, *(name.catalog for name in self.tables)})

    @cached_property
    def listed(self) -> list[TableName]:
        """Every table that can be read, metadata relations among them."""
        relations = [name for catalog in self.catalogs for name, _ in relations_of(catalog)]
        return sorted([*self.tables, *relations])

    @cached_property
    def schemas(self) -> list[tuple[str, str]]:
        """Each schema with its catalog."""
        return sorted({(name.catalog, name.schema) for name in self.listed} | {(CANONICAL_CATALOG, CANONICAL_SCHEMA)})

    def columns(self, catalog: str = "") -> Iterable[ListedColumn]:
        """Every column of every listed table, of one catalog if one is named."""
        for name in self.listed:
            if catalog in ("", name.catalog):
                yield from self.columns_of(name)

    def columns_of(self, name: TableName) -> Iterable[ListedColumn]:
        """The columns of one listed table, in their order."""
        table = self.tables.get(name)
        if table is None:
            shown = RELATIONS[name.schema, name.table]
            for position, (column, type_) in enumerate(shown.items(), 1):
                yield ListedColumn(name, column, type_, position)
            return
        for position, of in enumerate(table.columns.values(), 1):
            yield ListedColumn(name, of.name, of.type, position, (self.catalog, of))

    def table_comment(self, name: TableName) -> str | None:
        """What a table holds, and whether its rows are made up."""
        table = self.tables.get(name)
        if table is None:
            return None
        said = [table.meaning.rstrip(".")]
        if name.schema == CANONICAL_SCHEMA and name.catalog != CANONICAL_CATALOG:
            said.append(f"Only what {name.catalog} gives of it")
        if table.synthetic:
            said.append("The rows are made up")
        return ". ".join(said) + "."


def seen(partner: Partner, grant: Grant, queries: Iterable[RecentQuery] = ()) -> Seen:
    """Say what a partner may see, by a grant of all there is."""
    tables: dict[TableName, Table] = {}
    for name, table in grant.granted.tables.items():
        tables[name] = table
        if name.catalog == CANONICAL_CATALOG:
            for branch in grant.tables[name]:
                tables[TableName(branch.port, CANONICAL_SCHEMA, name.table)] = table
    return Seen(partner, grant.granted, tables, tuple(queries))


def contents(seen: Seen, needs: Mapping[TableName, frozenset[str]]) -> dict[TableName, Content]:
    """Fill the relations that a text needs, with the columns that it needs; one in no catalog of the partner's is left
    out, as if it were not there."""
    return {
        name: _content(seen, name, columns)
        for name, columns in needs.items()
        if name.catalog in seen.catalogs and columns_of(name) is not None
    }


def _content(seen: Seen, name: TableName, columns: Iterable[str]) -> Content:
    filling = _FILLINGS.get((name.schema, name.table))
    if filling is None:
        return Content(0)
    items, cells = filling
    rows = list(items(seen, name.catalog))
    wanted = {column: cells[column] for column in columns if column in cells}
    return Content(len(rows), {column: tuple(map(cell, rows)) for column, cell in wanted.items()})


# --- what stands in which column -----------------------------------------------------------------------------------

Filling = tuple[Callable[[Seen, str], Iterable[object]], Mapping[str, Callable[..., object]]]
"""What a relation has a row for, and the value of each column in it; a column that is not named is NULL."""


def _always(value: object) -> Callable[..., object]:
    return lambda _: value


def _tables(seen: Seen, catalog: str) -> Iterable[tuple[TableName, str | None]]:
    return [(name, seen.table_comment(name)) for name in seen.listed if catalog in ("", name.catalog)]


def _table_cells(catalog: str, schema: str, table: str) -> dict[str, Callable[..., object]]:
    return {catalog: lambda t: t[0].catalog, schema: lambda t: t[0].schema, table: lambda t: t[0].table}


def _column_cells(catalog: str, schema: str) -> dict[str, Callable[..., object]]:
    return {
        catalog: lambda c: c.table.catalog,
        schema: lambda c: c.table.schema,
        "table_name": lambda c: c.table.table,
        "column_name": lambda c: c.name,
        "ordinal_position": lambda c: c.position,
        "is_nullable": _always("YES"),
    }


def _type_rows(*_: object) -> list[tuple[str, int, int | None, int, int | None]]:
    rows: list[tuple[str, int, int | None, int, int | None]] = []
    rows += [(name, (of := jdbc_type(name)).code, of.size, 3, of.radix) for name in TYPES]
    rows += [(name, 2003 if name == "array" else 2000, None, 0, None) for name in FAMILIES]
    return sorted(rows, key=lambda row: (row[1], row[0]))


_TABLE_TYPES = ("TABLE", "VIEW")
_FILLINGS: Mapping[tuple[str, str], Filling] = {
    (INFORMATION_SCHEMA, "schemata"): (
        lambda seen, catalog: [pair for pair in seen.schemas if pair[0] == catalog],
        {"catalog_name": lambda s: s[0], "schema_name": lambda s: s[1]},
    ),
    (INFORMATION_SCHEMA, "tables"): (
        _tables,
        {**_table_cells("table_catalog", "table_schema", "table_name"), "table_type": _always("BASE TABLE")},
    ),
    (INFORMATION_SCHEMA, "columns"): (
        lambda seen, catalog: seen.columns(catalog),
        {
            **_column_cells("table_catalog", "table_schema"),
            "data_type": lambda c: c.type,
            "comment": lambda c: c.comment,
        },
    ),
    (INFORMATION_SCHEMA, "table_privileges"): (
        lambda seen, catalog: [(name, seen.partner.id) for name in seen.tables if name.catalog == catalog],
        {
            **_table_cells("table_catalog", "table_schema", "table_name"),
            "grantee": lambda t: t[1],
            "grantee_type": _always("USER"),
            "privilege_type": _always("SELECT"),
            "is_grantable": _always("NO"),
        },
    ),
    ("jdbc", "catalogs"): (lambda seen, _: seen.catalogs, {"table_cat": lambda name: name}),
    ("jdbc", "schemas"): (
        lambda seen, _: seen.schemas,
        {"table_schem": lambda s: s[1], "table_catalog": lambda s: s[0]},
    ),
    ("jdbc", "table_types"): (lambda *_: _TABLE_TYPES, {"table_type": lambda name: name}),
    ("jdbc", "tables"): (
        lambda seen, _: _tables(seen, ""),
        {
            **_table_cells("table_cat", "table_schem", "table_name"),
            "table_type": _always("TABLE"),
            "remarks": lambda t: t[1],
        },
    ),
    ("jdbc", "columns"): (
        lambda seen, _: seen.columns(),
        {
            **_column_cells("table_cat", "table_schem"),
            "data_type": lambda c: jdbc_type(c.type).code,
            "type_name": lambda c: c.type,
            "column_size": lambda c: jdbc_type(c.type).size,
            "buffer_length": _always(0),
            "decimal_digits": lambda c: jdbc_type(c.type).digits,
            "num_prec_radix": lambda c: jdbc_type(c.type).radix,
            "nullable": _always(1),
            "remarks": lambda c: c.comment,
            "char_octet_length": lambda c: jdbc_type(c.type).octets,
        },
    ),
    ("jdbc", "types"): (
        _type_rows,
        {
            "type_name": lambda t: t[0],
            "data_type": lambda t: t[1],
            "precision": lambda t: t[2],
            "nullable": _always(1),
            "case_sensitive": _always(False),
            "searchable": lambda t: t[3],
            "fixed_prec_scale": _always(False),
            "minimum_scale": _always(0),
            "maximum_scale": _always(0),
            "num_prec_radix": lambda t: t[4],
        },
    ),
    ("metadata", "catalogs"): (
        lambda seen, _: seen.catalogs,
        {
            "catalog_name": lambda name: name,
            "connector_id": lambda name: name,
            "connector_name": lambda name: name if name == SYSTEM else "portgate",
        },
    ),
    ("metadata", "table_comments"): (
        lambda seen, _: _tables(seen, ""),
        {**_table_cells("catalog_name", "schema_name", "table_name"), "comment": lambda t: t[1]},
    ),
    ("runtime", "nodes"): (
        lambda *_: ["portgate"],
        {
            "node_id": lambda name: name,
            "node_version": _always(TRINO_VERSION),
            "coordinator": _always(True),
            "state": _always("active"),
        },
    ),
    ("runtime", "queries"): (
        lambda seen, _: seen.queries,
        {
            "query_id": lambda q: q.id,
            "state": lambda q: q.state,
            "user": lambda q: q.user,
            "source": lambda q: q.source,
            "query": lambda q: q.text,
            "created": lambda q: q.created,
            "started": lambda q: q.created,
            "end": lambda q: q.ended,
            "error_code": lambda q: q.error,
        },
    ),
}
"""Relations with rows; the others have none."""
