"""How the tests speak of uses and links: one line for each column, and one for each pair that meets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.kernel.parse import parse
from gateway.kernel.resolve import Resolved, resolve, survey
from gateway.model import USES, Catalog
from tests.world import CATALOG


def said(sql: str) -> str:
    """All uses and links of a query over the whole small world, as the cases write them."""
    return "\n".join(_lines(resolve(parse(sql), CATALOG)))


def _lines(resolved: Resolved) -> Iterator[str]:
    for (table, column), uses in sorted(by_column(resolved).items()):
        yield f"  {table}.{column}: {' '.join(use for use in USES if use in uses) or 'nothing'}"
    yield from sorted(set(_meetings(resolved)))


def _meetings(resolved: Resolved) -> Iterator[str]:
    for link in resolved.links:
        sides = sorted(
            f"{resolved.uses[table].name.table}.{column}"
            for table, column in ((link.table, link.column), (link.other, link.other_column))
        )
        yield f"  {' = '.join(sides) if link.equal else ' ~ '.join(sides)}"


def by_column(resolved: Resolved) -> dict[tuple[str, str], set[str]]:
    """The uses of each column, over all places of its table."""
    found: dict[tuple[str, str], set[str]] = {}
    for use in resolved.uses:
        for column in use.columns:
            found.setdefault((use.name.table, column), set()).update(use.uses.get(column, ()))
    return found


def surveyed(sql: str, catalog: Catalog = CATALOG) -> Mapping[tuple[str, str], set[str]]:
    """What a survey finds."""
    return by_column(survey(parse(sql), catalog))
