"""`SHOW …` and `DESCRIBE` + what a partner may see -> the query that answers it, in Trino's words for the columns.

The query goes the way of every other one. Whether what it names is there at all is said here: a list of nothing would
be no answer. A name that is not there and one that the partner may not see end in the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from gateway.errors import NotAllowed, Unresolved
from gateway.kernel.dialect import emit
from gateway.kernel.functions import FUNCTIONS, Function
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Content, Place, TableName
from gateway.session.commands import Show
from gateway.session.literals import query_of, text_cast
from gateway.session.metadata import Seen
from gateway.session.relations import INFORMATION_SCHEMA, SYSTEM

_FUNCTION_COLUMNS = {
    "Function": "varchar",
    "Return Type": "varchar",
    "Argument Types": "varchar",
    "Function Type": "varchar",
    "Deterministic": "boolean",
    "Description": "varchar",
}
_HINT = "`portgate catalog` lists what you may read"


def shown(show: Show, place: Place, seen: Seen) -> str:
    """Write the query that answers a SHOW or DESCRIBE; raise `Unresolved` for what is not there for this partner."""
    return emit(_QUERIES[show.kind](show, place, seen))


def _catalogs(show: Show, place: Place, seen: Seen) -> exp.Select:
    return _listing(show, TableName(SYSTEM, "jdbc", "catalogs"), {"Catalog": "table_cat"}, {})


def _schemas(show: Show, place: Place, seen: Seen) -> exp.Select:
    catalog = show.name[0] if show.name else place.full("", "", "").catalog
    _demand(catalog in seen.catalogs, f"there is no catalog {catalog}", "CATALOG_NOT_FOUND")
    return _listing(show, TableName(catalog, INFORMATION_SCHEMA, "schemata"), {"Schema": "schema_name"}, {})


def _tables(show: Show, place: Place, seen: Seen) -> exp.Select:
    catalog, schema, _ = place.full(show.name[0] if len(show.name) > 1 else "", show.name[-1] if show.name else "", "")
    _demand((catalog, schema) in seen.schemas, f"there is no schema {catalog}.{schema}", "SCHEMA_NOT_FOUND")
    relation = TableName(catalog, INFORMATION_SCHEMA, "tables")
    return _listing(show, relation, {"Table": "table_name"}, {"table_schema": schema})


def _columns(show: Show, place: Place, seen: Seen) -> exp.Select:
    name = _table(show, place, seen)
    said = {"Column": "column_name", "Type": "data_type", "Extra": "extra_info", "Comment": "comment"}
    where = {"table_schema": name.schema, "table_name": name.table}
    return _listing(show, TableName(name.catalog, INFORMATION_SCHEMA, "columns"), said, where, "ordinal_position")


def _functions(show: Show, place: Place, seen: Seen) -> exp.Select:
    """Every open function of Trino's own; no schema has others."""
    functions = [] if show.name else [each for each in FUNCTIONS.values() if _is_shown(each)]
    content = Content(
        len(functions),
        {
            "Function": tuple(each.name for each in functions),
            "Return Type": ("",) * len(functions),
            "Argument Types": ("",) * len(functions),
            "Function Type": tuple(each.kind for each in functions),
            "Deterministic": tuple("from run to run" not in each.note for each in functions),
            "Description": tuple(_described(each) for each in functions),
        },
    )
    inner = query_of(content, _FUNCTION_COLUMNS).subquery("functions", copy=False)
    query = exp.Select(expressions=[exp.Star()]).from_(inner, copy=False)
    return _like(query, "Function", show).order_by(exp.column("Function", quoted=True), copy=False)


def _is_shown(function: Function) -> bool:
    return function.verdict != "refused" and function.kind in ("scalar", "aggregate", "window")


def _described(function: Function) -> str:
    return f"can fail on: {function.note}" if function.verdict == "fallible" else function.note


def _create_table(show: Show, place: Place, seen: Seen) -> exp.Select:
    name = _table(show, place, seen)
    lines = [f"   {_name(c.name)} {c.type}{_comment(' COMMENT ', c.comment)}" for c in seen.columns_of(name)]
    listed = ",\n".join(lines)
    return _told(
        "Create Table",
        f"CREATE TABLE {_full(name)} (\n{listed}\n){_comment(chr(10) + 'COMMENT ', seen.table_comment(name))}",
    )


def _create_view(show: Show, place: Place, seen: Seen) -> exp.Select:
    """A canonical table is what its ports give of it, which can be read one by one."""
    name = _table(show, place, seen)
    if name.catalog != CANONICAL_CATALOG or name.schema != CANONICAL_SCHEMA:
        raise NotAllowed(f"{name} is a table, not a view", hint="write SHOW CREATE TABLE")
    columns = ", ".join(_name(column.name) for column in seen.columns_of(name))
    ports = sorted(each for each in seen.tables if each[1:] == name[1:] and each != name)
    union = "\nUNION ALL\n".join(f"SELECT {columns}\nFROM {_full(port)}" for port in ports)
    return _told(
        "Create View", f"CREATE VIEW {_full(name)}{_comment(' COMMENT ', seen.table_comment(name))} AS\n{union}"
    )


_QUERIES: Mapping[str, Callable[[Show, Place, Seen], exp.Select]] = {
    "catalogs": _catalogs,
    "schemas": _schemas,
    "tables": _tables,
    "columns": _columns,
    "functions": _functions,
    "create table": _create_table,
    "create view": _create_view,
}


def _table(show: Show, place: Place, seen: Seen) -> TableName:
    """The table that is named, which must be listed."""
    name = place.full(*["", "", *show.name][-3:])
    _demand(name in seen.listed, f"there is no table {'.'.join(show.name)}", "TABLE_NOT_FOUND")
    return name


def _demand(there: bool, message: str, trino_name: str) -> None:
    if not there:
        raise Unresolved(f"{message}, or no agreement lets you read it", hint=_HINT).named(trino_name)


def _listing(
    show: Show, relation: TableName, said: Mapping[str, str], where: Mapping[str, str], order: str = ""
) -> exp.Select:
    """Ask a relation for columns by their shown names; NULL reads as an empty text, as Trino shows it."""
    first, source = next(iter(said.items()))
    items = [_as(_or_empty(column) if title != first else _column(column), title) for title, column in said.items()]
    query = exp.Select(expressions=items).from_(
        exp.table_(relation.table, relation.schema, relation.catalog), copy=False
    )
    for column, value in where.items():
        query = query.where(exp.EQ(this=_column(column), expression=exp.Literal.string(value)), copy=False)
    return _like(query, source, show).order_by(_column(order or source), copy=False)


def _like(query: exp.Select, column: str, show: Show) -> exp.Select:
    if show.like is None:
        return query
    like: exp.Expr = exp.Like(this=_column(column), expression=exp.Literal.string(show.like))
    if show.escape is not None:
        like = exp.Escape(this=like, expression=exp.Literal.string(show.escape))
    return query.where(like, copy=False)


def _told(title: str, text: str) -> exp.Select:
    return exp.Select(expressions=[_as(text_cast(text), title)])


def _as(value: exp.Expr, title: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(title, quoted=True))


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _or_empty(column: str) -> exp.Anonymous:
    return exp.Anonymous(this="coalesce", expressions=[_column(column), exp.Literal.string("")])


def _full(name: Iterable[str]) -> str:
    return ".".join(map(_name, name))


def _name(name: str) -> str:
    """A name as Trino writes it: in quotes only where it needs them."""
    plain = name.isascii() and name.isidentifier() and name == name.lower()
    return name if plain else '"' + name.replace('"', '""') + '"'


def _comment(before: str, comment: str | None) -> str:
    return "" if not comment else before + "'" + comment.replace("'", "''") + "'"
