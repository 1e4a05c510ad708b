"""Which of a port's own columns each column of a shared table comes from, read off the catalog's mappings.

The second world may change a value only where nothing that the partner sees comes from it; this says what does.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlglot import exp

from gateway.model import PortMapping, TableName
from tests.twins.tables import aliases_of

Place = tuple[str, str]
"""Alias and column of a mapping's FROM."""


@dataclass(frozen=True)
class Lineage:
    """One mapping, seen from its sources."""

    mapping: PortMapping
    aliases: dict[str, TableName]
    base: str
    """The alias whose rows make the rows of the shared table."""
    grouped: bool
    feeds: dict[Place, frozenset[str]]
    """Source column -> the shared columns that its value can change."""
    decides: frozenset[Place]
    """Source columns that decide whether there is a row at all, or in which group."""
    keys: frozenset[Place]
    """Columns by which another table's rows are found; the second world leaves them alone."""
    buried: frozenset[TableName]
    """Tables inside a derived table; the second world leaves them alone."""
    plain: dict[str, Place]
    """Shared columns that are a source column as it is."""


def lineage_of(mapping: PortMapping) -> Lineage:
    """Trace every column of a mapping back to where it comes from."""
    source = mapping.source
    aliases = dict(aliases_of(source))
    joins = {join.this.alias_or_name: join for join in source.args.get("joins") or ()}
    tracer = _Tracer(set(aliases), joins)
    feeds: dict[Place, set[str]] = {}
    for name, value in mapping.columns.items():
        for place in tracer.behind(value):
            feeds.setdefault(place, set()).add(name)
    deciding = [source.args[clause] for clause in ("where", "group") if source.args.get(clause)]
    keys = {
        place for alias, join in joins.items() for place in _places(join.args.get("on")) if place[0] == alias in aliases
    }
    buried = {
        TableName(table.catalog, table.db, table.name)
        for subquery in source.find_all(exp.Subquery)
        for table in subquery.find_all(exp.Table)
    }
    return Lineage(
        mapping,
        aliases,
        source.args["from_"].this.alias_or_name,
        bool(source.args.get("group")),
        {place: frozenset(names) for place, names in feeds.items()},
        frozenset(place for clause in deciding for place in tracer.behind(clause)),
        frozenset(keys),
        frozenset(buried),
        {name: plain for name, value in mapping.columns.items() if (plain := _plain(value))},
    )


class _Tracer:
    """Follows columns through derived tables and through the joins that found a row."""

    def __init__(self, known: set[str], joins: dict[str, exp.Join]) -> None:
        self._known, self._joins = known, joins

    def behind(self, tree: exp.Expr) -> set[Place]:
        """Every source column that the value of `tree` depends on."""
        found: set[Place] = set()
        waiting = list(_places(tree))
        while waiting:
            place = waiting.pop()
            if place not in found:
                found.add(place)
                waiting += self._one_back(place)
        return {place for place in found if place[0] in self._known}

    def _one_back(self, place: Place) -> list[Place]:
        join = self._joins.get(place[0])
        if join is None:
            return []
        on = [other for other in _places(join.args.get("on")) if other[0] != place[0]]
        return on if place[0] in self._known else [*on, *_places(join.this)]


def _places(tree: exp.Expr | None) -> Iterator[Place]:
    for column in tree.find_all(exp.Column) if tree is not None else ():
        yield column.table, column.name


def _plain(value: exp.Expr) -> Place | None:
    inner = value.this if isinstance(value, exp.Cast) else value
    return (inner.table, inner.name) if isinstance(inner, exp.Column) else None
