"""Grant + a query's table uses -> Reach: the columns of the ports' own tables that Trino may resolve for this query.

It is made from what the policy granted and how the catalog maps it, never from the SQL that is sent: so it still holds
when a guard is lost on the way, and the second wall refuses what the guard would have hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp

from gateway.kernel.resolve import Resolved
from gateway.model import Branch, Catalog, Grant, Mask, PortMapping, Reach, TableName

Read = tuple[TableName, str]


def reach_of(resolved: Resolved, grant: Grant) -> Reach:
    """Say which columns of which of the ports' own tables the query needs, as far as the grant goes.

    Invariants
    - A table is in it only if a branch of the grant reads it; one that is read without columns, as by `count(*)`, is
      there with none.
    - A column is in it only if an agreement shows it (as it is, or hashed), a row condition looks at it, or the
      port's mapping needs it to do so.
    """
    reach: dict[TableName, set[str]] = {}
    for use in resolved.uses:
        for branch in grant.tables[use.name]:
            if branch.port in use.ports:
                shown = {column for column in use.columns & set(grant.granted.tables[use.name].columns)}
                _add(reach, use.name, branch, {c for c in shown if _is_read(c, branch)} | _looked_at(branch), grant)
    return {table: frozenset(columns) for table, columns in reach.items()}


def _is_read(column: str, branch: Branch) -> bool:
    """Whether an agreement needs the value itself; a null or constant mask does not."""
    masks = [agreement.columns[column] for agreement in branch.agreements if column in agreement.columns]
    return any(_takes_value(mask) for mask in masks)


def _takes_value(mask: Mask | None) -> bool:
    return mask is None or mask.kind not in ("null", "constant")


def _looked_at(branch: Branch) -> set[str]:
    return {condition.column for agreement in branch.agreements for rule in agreement.rows for condition in rule}


def _add(reach: dict[TableName, set[str]], name: TableName, branch: Branch, columns: set[str], grant: Grant) -> None:
    if branch.mapping is None:
        reach.setdefault(name, set()).update(columns)
        return
    reads = _reads_of(_Known.of(branch.mapping, grant.known))
    for table, needed in reads.source.items():
        reach.setdefault(table, set()).update(needed)
    for column in columns & reads.columns.keys():
        for table, needed_column in reads.columns[column]:
            reach.setdefault(table, set()).add(needed_column)


# --- what a mapping reads -------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Reads:
    """What one port's mapping reads: always, and for each canonical column that it fills."""

    source: Mapping[TableName, frozenset[str]]
    columns: Mapping[str, frozenset[Read]]


class _Known:
    """A mapping that a cache knows by the catalog it came from."""

    def __init__(self, key: tuple[str, str, str], mapping: PortMapping) -> None:
        self.key, self.mapping = key, mapping

    @staticmethod
    def of(mapping: PortMapping, catalog: Catalog) -> _Known:
        """The mapping of this catalog."""
        return _Known((catalog.revision, mapping.port, mapping.table), mapping)

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self.key == other.key


@lru_cache(maxsize=512)
def _reads_of(known: _Known) -> _Reads:
    mapping = known.mapping
    source: dict[TableName, set[str]] = {}
    for table, column in _source_reads(mapping.source):
        source.setdefault(table, set()).update({column} if column else ())
    tables = _tables(mapping.source)
    columns = {
        name: frozenset((tables[c.table], c.name) for c in value.find_all(exp.Column) if c.table in tables)
        for name, value in mapping.columns.items()
    }
    return _Reads({table: frozenset(needed) for table, needed in source.items()}, columns)


def _source_reads(select: exp.Select) -> Iterator[tuple[TableName, str]]:
    """Each table of a SELECT with each column that it names, in its subqueries too; a table alone with no column."""
    tables = _tables(select)
    for table in tables.values():
        yield table, ""
    for node in select.walk(prune=lambda node: isinstance(node, exp.Subquery)):
        if isinstance(node, exp.Subquery):
            yield from _source_reads(node.this)
        elif isinstance(node, exp.Column) and node.table in tables:
            yield tables[node.table], node.name


def _tables(select: exp.Select) -> dict[str, TableName]:
    """The tables that a SELECT reads itself, by the names it gives them."""
    clauses = [select.args["from_"], *(select.args.get("joins") or ())]
    sources = [clause.this for clause in clauses if isinstance(clause.this, exp.Table)]
    return {table.alias_or_name: TableName(table.catalog, table.db, table.name) for table in sources}
