"""Resolved -> Question for the policy; Decision -> Grant, or Denied.

A grant is only ever a narrowing: tables and columns of the catalog, less all that no live agreement gives.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from sqlglot import exp

from gateway.errors import Denied
from gateway.kernel.narrow import allowed, narrow
from gateway.kernel.parse import Statement, place
from gateway.kernel.resolve import Resolved, UnresolvedName, resolve
from gateway.kernel.scope import TableUse
from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    USES,
    AgreementGrant,
    AskedTable,
    Branch,
    Catalog,
    Condition,
    Decision,
    Grant,
    Partner,
    Question,
    Scalar,
    Table,
    TableName,
    Use,
)


def ask(partner: Partner, purpose: str, now: str, surveyed: Resolved, catalog: Catalog) -> Question:
    """Put the one question to the policy: each table, port by port, with the columns that may be meant."""
    return Question(partner, purpose, now, tables_asked(surveyed, catalog))


def tables_asked(surveyed: Resolved, catalog: Catalog) -> tuple[AskedTable, ...]:
    """Say what the policy must be asked about: each table, port by port, with each column that may be meant and why."""
    wanted: dict[TableName, dict[str, frozenset[Use]]] = {}
    for use in surveyed.uses:
        for name in asked_names(use.name, use.ports, catalog):
            columns = wanted.setdefault(name, {})
            for column in use.columns:
                columns[column] = columns.get(column, frozenset()) | use.uses.get(column, set())
    return tuple(_asked(wanted))


def ask_all(partner: Partner, purpose: str, now: str, catalog: Catalog) -> Question:
    """Ask for everything there is: what this partner can see for this purpose."""
    wanted = {
        asked: dict.fromkeys(table.columns, frozenset(USES))
        for name, table in catalog.tables.items()
        for asked in asked_names(name, catalog.ports, catalog)
    }
    return Question(partner, purpose, now, tuple(_asked(wanted)))


def _asked(wanted: Mapping[TableName, Mapping[str, frozenset[Use]]]) -> Iterator[AskedTable]:
    for name in sorted(wanted):
        columns = tuple(sorted(wanted[name]))
        yield AskedTable(name, columns, {column: wanted[name][column] for column in columns})


def asked_names(name: TableName, ports: Iterable[str], catalog: Catalog) -> list[TableName]:
    """Name a table as the policy knows it: a canonical one once for each port that fills it."""
    if name.catalog != CANONICAL_CATALOG:
        return [name]
    mapped = catalog.mappings.get(name.table, {})
    return [TableName(port, CANONICAL_SCHEMA, name.table) for port in ports if port in mapped]


def grant_of(decision: Decision, catalog: Catalog, mask_keys: Mapping[str, str]) -> Grant:
    """Turn a decision into a grant: the branches that may be read, and the catalog narrowed to them."""
    branches = {name: tuple(_branches(name, decision, catalog)) for name in catalog.tables}
    branches = {name: found for name, found in branches.items() if found}
    tables = {name: _narrowed(catalog.tables[name], branches[name]) for name in branches}
    return Grant(branches, catalog, replace(catalog, tables=tables), mask_keys)


def _branches(name: TableName, decision: Decision, catalog: Catalog) -> Iterator[Branch]:
    for asked in asked_names(name, catalog.ports, catalog):
        answer = decision.tables.get(asked)
        if answer and answer.agreements:
            mapping = catalog.mappings[name.table][asked.catalog] if name.catalog == CANONICAL_CATALOG else None
            yield Branch(asked.catalog, tuple(_in_utc(a, catalog.tables[name]) for a in answer.agreements), mapping)


_ZONE_SAID = re.compile(r"(UTC|[-+]\d\d:\d\d)$")


def _in_utc(agreement: AgreementGrant, table: Table) -> AgreementGrant:
    """Write the zone after each moment that a rule sets against a column with a zone: UTC, where the port says none.

    Without it Trino would read the moment in the zone that the partner's client chose.
    """
    zoned = {name for name, column in table.columns.items() if column.type.endswith("with time zone")}
    if not any(condition.column in zoned for rule in agreement.rows for condition in rule):
        return agreement
    rows = tuple(tuple(_zone_said(c) if c.column in zoned else c for c in rule) for rule in agreement.rows)
    return replace(agreement, rows=rows)


def _zone_said(condition: Condition) -> Condition:
    def said(value: Scalar) -> Scalar:
        return f"{value} UTC" if isinstance(value, str) and not _ZONE_SAID.search(value) else value

    value = condition.value
    if value is None:
        return condition
    return replace(condition, value=tuple(map(said, value)) if isinstance(value, tuple) else said(value))


def _narrowed(table: Table, branches: tuple[Branch, ...]) -> Table:
    """Leave the columns that an agreement gives, and those that none of the sharing ports keeps (they read as NULL)."""
    agreements = [agreement for branch in branches for agreement in branch.agreements]
    kept = {}
    for name, column in table.columns.items():
        uses = [allowed(agreement, name) for agreement in agreements if name in agreement.columns]
        # never released, whatever an agreement says: Cal. Gov. Code §12100.131(b)(3)
        if uses and column.sensitivity != "labor":
            may = frozenset[Use]().union(*uses)
            kept[name] = column if may == column.uses else replace(column, uses=may)
        elif all(branch.mapping is not None and name not in branch.mapping.columns for branch in branches):
            kept[name] = column
    return replace(table, columns=kept)


def authorise(statement: Statement, surveyed: Resolved, decision: Decision, grant: Grant) -> tuple[Resolved, Grant]:
    """Bind the statement to what was granted, and leave of the grant what allows it; or say what is not and why.

    Raises `Denied` for a published (canonical) table or column that no port gives, with the ports' own words; for a
    column that is given, but not for what the query does with it, whoever's table it is: its partner knows of it; and
    `Unresolved` for a name of a port's own that is absent or forbidden: the two look the same.
    """
    for use in surveyed.uses:
        sharing = {branch.port for branch in grant.tables.get(use.name, ())}
        if use.name.catalog == CANONICAL_CATALOG and not sharing & use.ports:
            node = list(surveyed.tree.find_all(exp.Table))[use.place]
            hint = _why_table(use.name, use.ports, grant.granted)
            message = f"no agreement lets you read {use.name} here{_words_on_table(use, decision)}"
            raise Denied(message, hint=hint, **place(statement.text, node))
    resolved = _resolved(statement, surveyed, decision, grant)
    return resolved, narrow(resolved, grant, _narrowed)


def _resolved(statement: Statement, surveyed: Resolved, decision: Decision, grant: Grant) -> Resolved:
    try:
        return resolve(statement, grant.granted)
    except UnresolvedName as fault:
        reasons = dict(_why_column(fault.name, surveyed, decision))
        if not reasons:
            raise
        words = "; ".join(f"{port}: {reason.rstrip('.')}" for port, reason in sorted(reasons.items()))
        message = f"no agreement lets you use {fault.name}"
        raise Denied(f"{message} ({words})", hint="leave it out", line=fault.line, column=fault.column) from fault


def _words_on_table(use: TableUse, decision: Decision) -> str:
    """What ports say of a table as a whole: the one sentence that stands for all its columns, each sentence once."""
    sayers: dict[str, list[str]] = {}
    for name, answer in decision.tables.items():
        sentences = set(answer.withheld.values())
        if name[1:] == use.name[1:] and name.catalog in use.ports and len(sentences) == 1:
            sayers.setdefault(sentences.pop().rstrip("."), []).append(name.catalog)
    words = "; ".join(f"{', '.join(sorted(ports))}: {sentence}" for sentence, ports in sorted(sayers.items()))
    return f" ({words})" if words else ""


def _why_table(name: TableName, ports: Iterable[str], catalog: Catalog) -> str:
    """Say of each port why it gives nothing: it keeps no such data, or whom to ask."""
    known = [catalog.ports[port] for port in sorted(ports)]
    absent = [port.not_part[name.table] for port in known if name.table in port.not_part]
    asked = [f"{port.id} ({port.contact})" for port in known if name.table not in port.not_part]
    return " ".join([*absent, *([f"declare another purpose, or ask: {', '.join(asked)}"] if asked else [])])


def _why_column(column: str, surveyed: Resolved, decision: Decision) -> Iterator[tuple[str, str]]:
    for use in surveyed.uses:
        if use.name.catalog == CANONICAL_CATALOG and column in use.columns:
            for name, answer in decision.tables.items():
                if name[1:] == use.name[1:] and name.catalog in use.ports and column in answer.withheld:
                    yield name.catalog, answer.withheld[column]
