"""A bound query + its grant -> the grant for this query: what allows each use and each join that the query makes.

(1) an agreement counts only if it allows each join of its table that the query makes, with the ports that may answer
(2) an agreement gives a column only if it allows every use made of it, over all places where its table stands
(3) where a join is agreed in hashed values, its column is shown as the hash that all ports make alike
(4) a column or a table of the query that nobody gives any more is refused, with what is allowed and what is missing
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NoReturn

from sqlglot import exp

from gateway.errors import Denied
from gateway.kernel.parse import place
from gateway.kernel.resolve import Resolved
from gateway.kernel.scope import TableUse
from gateway.model import USES, AgreementGrant, Branch, Grant, JoinRule, Mask, Table, TableName, Use

Needs = Mapping[TableName, Mapping[str, frozenset[Use]]]
Tables = dict[TableName, tuple[Branch, ...]]


@dataclass(frozen=True, slots=True)
class _Meeting:
    """A link of the query, seen from one of its two tables."""

    own: TableUse
    column: str
    other: TableUse
    other_column: str

    def turned(self) -> _Meeting:
        """The same link seen from the other table."""
        return _Meeting(self.other, self.other_column, self.own, self.column)


def needs_of(resolved: Resolved) -> Needs:
    """All that the query does with each column, over all places of its table."""
    needs: dict[TableName, dict[str, frozenset[Use]]] = {}
    for use in resolved.uses:
        table = needs.setdefault(use.name, {})
        for column in use.columns:
            table[column] = table.get(column, frozenset()) | use.uses.get(column, set())
    return needs


def narrow(resolved: Resolved, grant: Grant, narrowed: Callable[[Table, tuple[Branch, ...]], Table]) -> Grant:
    """Take from the grant what does not allow this query; raise `Denied` if that leaves nothing of what it names.

    `narrowed` leaves of a table the columns that branches give.
    """
    needs = needs_of(resolved)
    at = resolved.uses
    links = [_Meeting(at[link.table], link.column, at[link.other], link.other_column) for link in resolved.links]
    meetings = [*links, *(meeting.turned() for meeting in links)]
    joined = _joined(grant, needs, meetings)
    tables = dict(grant.tables)
    for name in needs:
        tables[name] = tuple(
            _for_uses(branch, needs[name], joined, _of(meetings, name, branch)) for branch in joined[name]
        )
    left = replace(grant, tables=tables)
    for use in resolved.uses:
        _check(use, resolved, grant, left, joined)
    seen = {name: narrowed(grant.known.tables[name], tables[name]) for name in needs}
    return replace(left, granted=replace(grant.granted, tables={**grant.granted.tables, **seen}))


# --- (1) joins ------------------------------------------------------------------------------------------------------


def _joined(grant: Grant, names: Iterable[TableName], meetings: list[_Meeting]) -> Tables:
    """The agreements that allow the query's joins; one that falls may take one on the other side with it."""
    tables: Tables = {name: grant.tables[name] for name in names}
    while True:
        kept = {name: tuple(_allowing(branches, meetings, name, tables, grant)) for name, branches in tables.items()}
        if _count(kept) == _count(tables):
            return kept
        tables = kept


def _count(tables: Tables) -> int:
    return sum(len(branch.agreements) for branches in tables.values() for branch in branches)


def _allowing(
    branches: tuple[Branch, ...], meetings: list[_Meeting], name: TableName, tables: Tables, grant: Grant
) -> Iterator[Branch]:
    for branch in branches:
        mine = _of(meetings, name, branch)
        kept = tuple(
            agreement
            for agreement in branch.agreements
            if agreement.joins is None or all(_allows(agreement, meeting, tables, grant) for meeting in mine)
        )
        if kept:
            yield replace(branch, agreements=kept)


def _of(meetings: list[_Meeting], name: TableName, branch: Branch) -> list[_Meeting]:
    """The meetings of a table where the branch's rows can come."""
    return [meeting for meeting in meetings if meeting.own.name == name and branch.port in meeting.own.ports]


def _allows(agreement: AgreementGrant, meeting: _Meeting, tables: Tables, grant: Grant) -> bool:
    rule = _rule(agreement, meeting, tables)
    if rule is None or rule.values == "clear":
        return rule is not None
    is_text = grant.known.tables[meeting.own.name].columns[meeting.column].type == "varchar"
    return is_text and any(
        answer is not None and answer.values == "hashed"
        for branch in tables[meeting.other.name]
        if branch.port in meeting.other.ports
        for answer in (_rule(other, meeting.turned(), tables) for other in branch.agreements)
    )


def _rule(agreement: AgreementGrant, meeting: _Meeting, tables: Tables) -> JoinRule | None:
    """The rule of an agreement for a meeting, if it has one for all the ports whose rows may come to it."""
    other = f"{meeting.other.name.schema}.{meeting.other.name.table}"
    ports = {branch.port for branch in tables[meeting.other.name]} & meeting.other.ports
    for rule in agreement.joins or ():
        if rule.table == other and ports <= rule.ports and (meeting.column, meeting.other_column) in rule.on:
            return rule
    return None


# --- (2) uses, (3) hashed joins -------------------------------------------------------------------------------------


def _for_uses(branch: Branch, needs: Mapping[str, frozenset[Use]], tables: Tables, mine: list[_Meeting]) -> Branch:
    agreements = []
    for agreement in branch.agreements:
        rules = [(meeting.column, _rule(agreement, meeting, tables)) for meeting in mine]
        hashed = {column for column, rule in rules if rule and rule.values == "hashed"}
        columns = {
            column: _as_joined(mask) if column in hashed else mask
            for column, mask in agreement.columns.items()
            if needs.get(column, frozenset()) <= allowed(agreement, column)
        }
        agreements.append(replace(agreement, columns=columns))
    return replace(branch, agreements=tuple(agreements))


def _as_joined(mask: Mask | None) -> Mask:
    """A value, and a hash that no other port makes alike, become the joining hash; what shows less stays as it is."""
    return Mask("join_hash") if mask is None or mask.kind == "keyed_hash" else mask


def allowed(agreement: AgreementGrant, column: str) -> frozenset[Use]:
    """What an agreement lets the partner do with a column that it gives."""
    return agreement.uses.get(column, frozenset(USES))


# --- (4) what is left -----------------------------------------------------------------------------------------------


def _check(use: TableUse, resolved: Resolved, before: Grant, after: Grant, joined: Tables) -> None:
    """Refuse what the query names and nobody gives any more."""
    was, left = _answering(use, before.tables), _answering(use, after.tables)
    if was and not left:
        words = "; ".join(sorted({f"{b.port}: {a.reason.rstrip('.')}" for b in was for a in b.agreements}))
        _deny(f"no agreement lets you join {use.name} in this way ({words})", resolved, use.alias)
    for column in sorted(use.columns):
        if _gives(was, column) and not _gives(left, column):
            words = "; ".join(_lost_words(column, was, _answering(use, joined), needs_of(resolved)[use.name][column]))
            _deny(
                f"no agreement lets you use {column} in all the ways that this query does ({words})", resolved, column
            )


def _answering(use: TableUse, tables: Mapping[TableName, tuple[Branch, ...]]) -> list[Branch]:
    return [branch for branch in tables[use.name] if branch.port in use.ports]


def _gives(branches: Iterable[Branch], column: str) -> bool:
    return any(
        column in agreement.columns
        for branch in branches
        if branch.mapping is None or column in branch.mapping.columns
        for agreement in branch.agreements
    )


def _lost_words(column: str, was: list[Branch], joined: list[Branch], needed: frozenset[Use]) -> Iterator[str]:
    """What each port allows and what is missing, in its own words."""
    counting = {(branch.port, agreement.id) for branch in joined for agreement in branch.agreements}
    for branch in was:
        for agreement in branch.agreements:
            if column in agreement.columns:
                counts = (branch.port, agreement.id) in counting
                yield f"{branch.port}: {lost(agreement, column, needed, counts=counts)}"


def lost(agreement: AgreementGrant, column: str, needed: frozenset[Use], *, counts: bool) -> str:
    """Say why an agreement that gives a column does not give it to this query.

    >>> given = AgreementGrant("a", {"teu": None}, ((),), "Rates are ours.", {"teu": frozenset({"aggregate"})})
    >>> lost(given, "teu", frozenset({"select", "filter"}), counts=True)
    'it may aggregate, not select and filter: Rates are ours'
    """
    reason = agreement.reason.rstrip(".")
    if not counts:
        return f"it may not be joined in this way: {reason}"
    uses = allowed(agreement, column)
    return f"it may {in_words(uses)}, not {in_words(needed - uses)}: {reason}"


def in_words(uses: frozenset[Use]) -> str:
    """Uses as a list in words."""
    words = [use for use in USES if use in uses]
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def _deny(message: str, resolved: Resolved, name: str) -> NoReturn:
    statement = resolved.statement
    nodes = [node for node in statement.tree.find_all(exp.Column, exp.Table) if node.alias_or_name == name]
    where = place(statement.text, nodes[0] if nodes else statement.tree)
    raise Denied(message, hint="leave it out, or use it only as an agreement allows", **where)
