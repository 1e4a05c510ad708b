"""Verified -> Plan: what is sent to Trino, what each port is asked for, and what the partner must be told of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from gateway.kernel.authorise import asked_names
from gateway.kernel.narrow import lost, needs_of
from gateway.kernel.reach import reach_of
from gateway.kernel.resolve import Resolved
from gateway.kernel.scope import TableUse
from gateway.kernel.verify import Verified
from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    AgreementGrant,
    Branch,
    Catalog,
    Decision,
    Grant,
    Limited,
    Limits,
    Mask,
    Notice,
    Reach,
    Table,
    TableDecision,
    TableName,
    Use,
)
from gateway.wording import in_words


@dataclass(frozen=True, slots=True)
class Share:
    """What one port is asked to give of one table."""

    port: str
    table: str
    """As the port's agreements name it: `freight.vessel_calls` or `pola.vessel_visit`."""
    columns: tuple[str, ...]
    masked: Mapping[str, str]
    """Column -> kind of mask, where every agreement masks it or some do."""
    shown: Mapping[str, str]
    """Masked column -> what is shown of it, in words."""
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
        _share(name, branch, columns[name], grant.known.tables[name])
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
        for name in sorted(used)
        for branch in grant.tables[name]
        if (name, branch.port) in verified.guarded
        for agreement in branch.agreements
        if agreement.limits != Limits() and _takes_part(agreement, branch, used[name])
    ]
    return tuple(dict.fromkeys(taking_part))


def _takes_part(agreement: AgreementGrant, branch: Branch, used: set[str]) -> bool:
    """Say whether an agreement gives a column, or rows that no other is sure to give as well."""
    sure = any(() in a.rows and (a.limits == Limits() or used & set(a.columns)) for a in branch.agreements)
    return bool(used & set(agreement.columns)) or not sure


def without(resolved: Resolved, missing: frozenset[str]) -> Resolved:
    """The same query with no row from the `missing` ports."""
    uses = tuple(
        TableUse(use.place, use.name, use.alias, use.ports - missing, set(use.columns), use.uses)
        for use in resolved.uses
    )
    return Resolved(resolved.statement, resolved.tree, uses, resolved.links)


def _columns_used(resolved: Resolved) -> dict[TableName, set[str]]:
    used: dict[TableName, set[str]] = {}
    for use in resolved.uses:
        used.setdefault(use.name, set()).update(use.columns)
    return used


def _share(name: TableName, branch: Branch, used: set[str], table: Table) -> Share:
    given = [column for column in sorted(used) if any(column in a.columns for a in branch.agreements)]
    kept = [column for column in given if branch.mapping is None or column in branch.mapping.columns]
    masks = {column: mask for column in kept for a in branch.agreements if (mask := a.columns.get(column)) is not None}
    partly = {column: words for column in kept if (words := _where_shown(column, branch))}
    return Share(
        branch.port,
        f"{name.schema}.{name.table}",
        tuple(kept),
        {column: mask.kind for column, mask in masks.items()},
        {column: mask_in_words(mask, table.columns[column].unit) for column, mask in masks.items()},
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


def mask_in_words(mask: Mask, unit: str = "") -> str:
    """Say what a mask shows of a value.

    >>> mask_in_words(Mask("band", 50), "m"), mask_in_words(Mask("time_grain", "day"))
    ('bands of 50 m', 'the day')
    """
    if mask.kind == "truncate":
        return f"the first {mask.value} characters" if mask.value else "its length" if mask.fill else "nothing"
    if mask.kind == "time_grain":
        return f"the {mask.value}"
    if mask.kind == "band":
        return f"bands of {mask.value} {unit}".rstrip()
    return f"a grid of {mask.value} degrees" if mask.kind == "geo_grid" else mask.kind.replace("_", " ")


def _from_shares(shares: tuple[Share, ...]) -> Iterator[Notice]:
    for share in shares:
        for column, words in share.shown.items():
            yield Notice("column_masked", f"shown masked ({words})", share.port, share.table, column)
        for column, words in share.partly.items():
            yield Notice("column_partly_shown", f"shown where {words}", share.port, share.table, column)
        if share.rows:
            yield Notice("rows_filtered", " ".join(dict.fromkeys(share.reasons)), share.port, share.table)


def _absences(resolved: Resolved, decision: Decision, grant: Grant, missing: frozenset[str]) -> Iterator[Notice]:
    """Name each port and column of a canonical table that the answer is without, and why."""
    needs = needs_of(resolved)
    for use in resolved.uses:
        if use.name.catalog != CANONICAL_CATALOG:
            continue
        sharing = {branch.port: branch for branch in grant.tables[use.name]}
        for port in sorted(use.ports):
            table = f"{CANONICAL_SCHEMA}.{use.name.table}"
            if port in missing:
                yield Notice("port_missing", "its database does not answer; the answer is without it", port, table)
                continue
            answer = decision.tables.get(TableName(port, CANONICAL_SCHEMA, use.name.table))
            if port in sharing and answer:
                yield from _columns_absent(use, sharing[port], answer, needs[use.name], table)
            elif answer and answer.agreements:
                reasons = " ".join(dict.fromkeys(agreement.reason for agreement in answer.agreements))
                yield Notice("port_not_sharing", f"lets nobody join it in this way: {reasons}", port, table)
            else:
                yield _port_absent(use, port, table, grant.known)


def _port_absent(use: TableUse, port: str, table: str, catalog: Catalog) -> Notice:
    if not asked_names(use.name, (port,), catalog):
        reason = catalog.ports[port].not_part.get(use.name.table, "the port keeps no such data")
        return Notice("port_not_in_table", reason, port, table)
    contact = catalog.ports[port].contact
    return Notice("port_not_sharing", f"shares nothing of it with you for this purpose; ask {contact}", port, table)


def _columns_absent(
    use: TableUse, branch: Branch, answer: TableDecision, needs: Mapping[str, frozenset[Use]], table: str
) -> Iterator[Notice]:
    mapping = branch.mapping
    if mapping is None:
        return
    counting = {agreement.id for agreement in branch.agreements}
    for column in sorted(use.columns):
        if column not in mapping.columns:
            reason = mapping.not_kept.get(column, "the port does not keep it")
            yield Notice("column_not_kept", reason, branch.port, table, column)
        elif not any(column in agreement.columns for agreement in branch.agreements):
            given = [agreement for agreement in answer.agreements if column in agreement.columns]
            words = [lost(a, column, needs[column], counts=a.id in counting) for a in given]
            reason = "; ".join(words) or answer.withheld.get(column, "no agreement gives it to you")
            yield Notice("column_withheld", reason, branch.port, table, column)


def _synthetic(verified: Verified, catalog: Catalog) -> Iterator[Notice]:
    for port in verified.ports:
        read = [table for table in verified.physical if table.catalog == port and catalog.tables[table].synthetic]
        if read:
            yield Notice("synthetic", "rows are generated for demonstration, calibrated to published totals", port)
