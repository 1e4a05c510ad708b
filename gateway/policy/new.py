"""Answers to a few questions, and the catalog -> a port's first file: valid, with comments, and nothing wide in it.

Shown are the columns that the catalog calls public; the others stand there as comments, each with what it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, Column, TableName
from gateway.policy import floor


@dataclass(frozen=True, slots=True)
class Answers:
    """What the steward answered."""

    port: str
    organisation: str
    contact: str
    id: str
    classes: tuple[str, ...]
    purposes: tuple[str, ...]
    from_day: str
    until_day: str
    reason: str
    tables: tuple[str, ...]


def tables_to_share(port: str, catalog: Catalog) -> tuple[str, ...]:
    """Name the shared tables that a port fills and that have a public column, then the port's own that have one."""
    shared = [f"{CANONICAL_SCHEMA}.{table}" for table, ports in catalog.mappings.items() if port in ports]
    own = [f"{name.schema}.{name.table}" for name in catalog.tables if name.catalog == port]
    return tuple(name for name in (*sorted(shared), *sorted(own)) if any(_shown(port, name, catalog)))


def write(answers: Answers, catalog: Catalog) -> str:
    """Write the file."""
    return "\n".join([*_top(answers), *_agreement(answers, catalog), *_bottom(answers)]) + "\n"


def _top(answers: Answers) -> Iterator[str]:
    yield "# yaml-language-server: $schema=../../schemas/agreements.json"
    yield f"# What {answers.port} lets its partners read. What is not granted here is denied: leave out what you are"
    yield "# not sure of. docs/stewards.md shows how to work with this file, docs/agreements.md explains every key."
    yield "version: 1"
    yield f"port: {answers.port}"
    yield f"organisation: {answers.organisation}   # who the port itself is, as a partner of the others"
    yield f"contact: {_quoted(answers.contact)}   # where partners ask for an agreement"
    yield "suspended: false   # true stops everything at once"
    yield ""
    yield "# Each agreement stands alone: a partner sees what any of them shows."
    yield "agreements:"


def _agreement(answers: Answers, catalog: Catalog) -> Iterator[str]:
    yield f"  - id: {answers.id}   # once in this file; it stands in the audit log"
    yield "    with:   # each key given must match the partner; others are organisations: [...] and roles: [...]"
    yield f"      organisation_classes: [{', '.join(answers.classes)}]"
    yield f"    purposes: [{', '.join(answers.purposes)}]"
    yield f"    from: {_quoted(answers.from_day)}   # the first day, UTC"
    yield f"    until: {_quoted(answers.until_day)}   # the first day on which it no longer holds"
    yield f"    reason: {_quoted(answers.reason)}   # partners read this"
    yield "    # limits: {rows: 10000, queries_a_day: 200, bytes_a_day: 50 MB}"
    yield "    tables:"
    for name in answers.tables:
        yield from _table(name, answers.port, catalog)


def _table(name: str, port: str, catalog: Catalog) -> Iterator[str]:
    shown = tuple(_shown(port, name, catalog))
    yield f"      {name}:"
    yield "        release: rows"
    yield "        columns:   # `show` is the value itself; a mask stands in its place, such as {mask: null}"
    yield from (f"          {_key(column.name)}: show" for column in shown)
    hidden = [column for column in _columns(port, name, catalog) if column not in shown]
    for column in hidden:
        if not (floor.is_labor(column.name) or column.sensitivity == "labor"):
            yield f"          # {_key(column.name)}: show   # {column.sensitivity}: {_short(column.meaning)}"
    yield "        rows: all   # or alternatives: [{column: {eq: value}}]"


def _bottom(answers: Answers) -> Iterator[str]:
    yield ""
    yield "# What a partner reads where no agreement shows a column; it takes nothing away."
    yield "withheld:"
    for name in answers.tables:
        yield f"  {name}:"
        yield f'    "*": {_quoted("Ask us about the rest of this table.")}'


def _shown(port: str, name: str, catalog: Catalog) -> Iterator[Column]:
    not_kept = _not_kept(port, name, catalog)
    for column in _columns(port, name, catalog):
        if column.sensitivity == "public" and column.name not in not_kept and not floor.is_labor(column.name):
            yield column


def _columns(port: str, name: str, catalog: Catalog) -> tuple[Column, ...]:
    schema, _, table = name.partition(".")
    place = CANONICAL_CATALOG if schema == CANONICAL_SCHEMA else port
    return tuple(catalog.tables[TableName(place, schema, table)].columns.values())


def _not_kept(port: str, name: str, catalog: Catalog) -> frozenset[str]:
    schema, _, table = name.partition(".")
    mapping = catalog.mappings.get(table, {}).get(port) if schema == CANONICAL_SCHEMA else None
    return frozenset(mapping.not_kept) if mapping else frozenset()


def _key(name: str) -> str:
    return name if name.replace("_", "a").isalnum() and name[0].isalpha() else _quoted(name)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 70 else f"{line[:69]}…"
