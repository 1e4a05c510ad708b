"""Verified -> Plan: what is sent to Trino, what each port is asked for, and what the partner must be told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.kernel.authorise import asked_names
from gateway.kernel.reach import reach_of
from gateway.kernel.resolve import Resolved, TableUse
from gateway.kernel.verify import Verified
from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    AgreementGrant,
    Branch,
    Catalog,
    Condition,
    Decision,
    Grant,
    Limited,
    Limits,
    Notice,
    Reach,
    TableDecision,
    TableName,
)

_WORDS = {
    "eq": "is", "ne": "is not", "lt": "before or below", "le": "up to", "gt": "after or above", "ge": "from",
    "in": "is one of", "not_in": "is none of", "between": "lies between", "is_null": "is missing",
    "not_null": "is known", "starts_with": "starts with",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Share:
    """What one port is asked to give of one table."""

    port: str
    table: str
    """As the port's agreements name it: `freight.vessel_calls` or `pola.vessel_visit`."""
    columns: tuple[str, ...]
    masked: Mapping[str, str]
    """Column -> kind of mask, where every agreement masks it or some do."""
    partly: Mapping[str, str]
    """Column that is shown in some of the rows only -> in which, in words."""
    agreements: tuple[str, ...]
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    """The rows in words, one for each alternative; empty means all."""


@dataclass(frozen=True, slots=True)
class Plan:
    """One query for Trino, and what it takes from whom."""

    sql: str
    shares: tuple[Share, ...]
    ports: tuple[str, ...]
    physical: tuple[TableName, ...]
    reach: Reach
    """What the second wall lets Trino read for it."""
    notices: tuple[Notice, ...]
    limited: tuple[Limited, ...] = ()
    """The agreements with limits that take part."""


def plan(verified: Verified, resolved: Resolved, decision: Decision, grant: Grant, missing: frozenset[str]) -> Plan:
    """Say what is sent, what each port gives, and all that the partner must know about the answer."""
    columns = _columns_used(resolved)
    shares = tuple(
        _share(name, branch, columns[name])
        for name in sorted(columns)
        for branch in grant.tables[name]
        if (name, branch.port) in verified.guarded
    )
    absences = _absences(resolved, decision, grant, missing)
    notices = (*absences, *_from_shares(shares), *_synthetic(verified, grant.known))
    reach = reach_of(without(resolved, missing), grant)
    told = tuple(dict.fromkeys(notices))
    return Plan(
        verified.sql, shares, verified.ports, verified.physical, reach, told, _limited(verified, grant, columns)
    )


def _limited(verified: Verified, grant: Grant, used: Mapping[TableName, set[str]]) -> tuple[Limited, ...]:
    taking_part = [
        Limited(branch.port, agreement.id, agreement.limits)
        for name, port in sorted(verified.guarded)
        for branch in grant.tables[name]
        if branch.port == port
        for agreement in branch.agreements
        if agreement.limits != Limits() and _takes_part(agreement, branch, used[name])
    ]
    return tuple(dict.fromkeys(taking_part))


def _takes_part(agreement: AgreementGrant, branch: Branch, used: set[str]) -> bool:
    """Say whether an agreement gives a column, or rows that no other is sure to give as well."""
    sure = any(
        () in other.rows and (other.limits == Limits() or used & set(other.columns)) for other in branch.agreements
    )
    return bool(used & set(agreement.columns)) or not sure


def without(resolved: Resolved, missing: frozenset[str]) -> Resolved:
    """The same query with no row from the `missing` ports."""
    uses = tuple(
        TableUse(use.place, use.name, use.alias, use.ports - missing, set(use.columns)) for use in resolved.uses
    )
    return Resolved(resolved.statement, resolved.tree, uses)


def _columns_used(resolved: Resolved) -> dict[TableName, set[str]]:
    used: dict[TableName, set[str]] = {}
    for use in resolved.uses:
        used.setdefault(use.name, set()).update(use.columns)
    return used


def _share(name: TableName, branch: Branch, used: set[str]) -> Share:
    given = [column for column in sorted(used) if any(column in a.columns for a in branch.agreements)]
    kept = [column for column in given if branch.mapping is None or column in branch.mapping.columns]
    masked = {
        column: mask.kind for column in kept for a in branch.agreements if (mask := a.columns.get(column)) is not None
    }
    partly = {column: words for column in kept if (words := _where_shown(column, branch))}
    return Share(
        branch.port,
        f"{name.schema}.{name.table}",
        tuple(kept),
        masked,
        partly,
        tuple(agreement.id for agreement in branch.agreements),
        tuple(agreement.reason for agreement in branch.agreements),
        _rows_in_words(branch.agreements),
    )


def _where_shown(column: str, branch: Branch) -> str:
    """Say in which rows a column is shown as it is, when that is not every row that comes."""
    showing = tuple(a for a in branch.agreements if column in a.columns and a.columns[column] is None)
    shown = {rule for agreement in showing for rule in agreement.rows}
    coming = {rule for agreement in branch.agreements for rule in agreement.rows}
    return " or ".join(_rows_in_words(showing)) if showing and not coming <= shown else ""


def _rows_in_words(agreements: tuple[AgreementGrant, ...]) -> tuple[str, ...]:
    """The rows that agreements admit, one sentence for each alternative; nothing for all rows."""
    rows = [rule for agreement in agreements for rule in agreement.rows]
    return () if () in rows else tuple(" and ".join(map(in_words, rule)) for rule in rows) or ("none",)


def in_words(condition: Condition) -> str:
    """Say one row condition in words.

    >>> in_words(Condition("carrier_smdg", "eq", "MSC"))
    'carrier_smdg is MSC'
    """
    value = condition.value
    between = " and " if condition.op == "between" else ", "
    said = between.join(map(str, value)) if isinstance(value, tuple) else "" if value is None else str(value)
    return f"{condition.column} {_WORDS[condition.op]} {said}".rstrip()


def _from_shares(shares: tuple[Share, ...]) -> Iterator[Notice]:
    for share in shares:
        for column, kind in share.masked.items():
            yield Notice("column_masked", f"shown masked ({kind.replace('_', ' ')})", share.port, share.table, column)
        for column, words in share.partly.items():
            yield Notice("column_partly_shown", f"shown where {words}", share.port, share.table, column)
        if share.rows:
            yield Notice("rows_filtered", " ".join(dict.fromkeys(share.reasons)), share.port, share.table)


def _absences(resolved: Resolved, decision: Decision, grant: Grant, missing: frozenset[str]) -> Iterator[Notice]:
    """Name each port and column of a canonical table that the answer is without, and why."""
    for use in resolved.uses:
        if use.name.catalog != CANONICAL_CATALOG:
            continue
        sharing = {branch.port: branch for branch in grant.tables[use.name]}
        for port in sorted(use.ports):
            table = f"{CANONICAL_SCHEMA}.{use.name.table}"
            if port in missing:
                yield Notice("port_missing", "its database does not answer; the answer is without it", port, table)
            elif port in sharing:
                answer = decision.tables[TableName(port, CANONICAL_SCHEMA, use.name.table)]
                yield from _columns_absent(use, sharing[port], answer, table)
            else:
                yield _port_absent(use, port, table, grant.known)


def _port_absent(use: TableUse, port: str, table: str, catalog: Catalog) -> Notice:
    if not asked_names(use.name, (port,), catalog):
        reason = catalog.ports[port].not_part.get(use.name.table, "the port keeps no such data")
        return Notice("port_not_in_table", reason, port, table)
    contact = catalog.ports[port].contact
    return Notice("port_not_sharing", f"shares nothing of it with you for this purpose; ask {contact}", port, table)


def _columns_absent(use: TableUse, branch: Branch, answer: TableDecision, table: str) -> Iterator[Notice]:
    mapping = branch.mapping
    if mapping is None:
        return
    for column in sorted(use.columns):
        if column not in mapping.columns:
            reason = mapping.not_kept.get(column, "the port does not keep it")
            yield Notice("column_not_kept", reason, branch.port, table, column)
        elif not any(column in agreement.columns for agreement in branch.agreements):
            reason = answer.withheld.get(column, "no agreement gives it to you")
            yield Notice("column_withheld", reason, branch.port, table, column)


def _synthetic(verified: Verified, catalog: Catalog) -> Iterator[Notice]:
    for port in verified.ports:
        read = [table for table in verified.physical if table.catalog == port and catalog.tables[table].synthetic]
        if read:
            yield Notice("synthetic", "rows are generated for demonstration, calibrated to published totals", port)
