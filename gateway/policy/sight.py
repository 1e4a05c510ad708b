"""The documents + one partner, purpose and moment -> what that partner sees of one port, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from gateway.model import USES, AgreementGrant, AskedTable, Limits, Partner, Question, TableName
from gateway.policy.compare import Documents
from gateway.policy.decide import Decider, Held
from gateway.policy.words import embargo_words, listed, mask_words, uses_words
from gateway.wording import in_words


@dataclass(frozen=True, slots=True)
class Given:
    """What one agreement gives of one table."""

    agreement: str
    reason: str
    contact: str
    citation: str
    clear: tuple[str, ...]
    masked: Mapping[str, str]
    """Column -> how it is shown."""
    uses: Mapping[str, str]
    """Column that may not be used in all ways -> what it may be used for."""
    rows: str
    limits: tuple[str, ...]
    joins: tuple[str, ...] | None
    """The tables it may be joined with; None: any."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What a partner sees of one table."""

    port: str
    table: str
    given: tuple[Given, ...]
    withheld: Mapping[str, str]
    """Column -> the port's words."""


def sights(
    documents: Documents, partner: Partner, purpose: str, now: str, tables: Iterable[AskedTable]
) -> Iterator[Sight]:
    """Say what a partner sees of each of these tables."""
    decider, asked = Decider(documents), tuple(tables)
    question = Question(partner, purpose, now, asked)
    decision, held = decider.decide(question), decider.held(question)
    for table in asked:
        document = documents.get(table.name.catalog)
        contact = document.contact if document else ""
        given = tuple(_given(one, contact) for one in held[table.name])
        yield Sight(
            table.name.catalog, f"{table.name.schema}.{table.name.table}", given, decision.tables[table.name].withheld
        )


def asked_of(port: str, table: str, columns: Iterable[str]) -> AskedTable:
    """Ask for columns in no use: whether they are given at all."""
    names = tuple(columns)
    return AskedTable(TableName(port, *table.split(".")), names, dict.fromkeys(names, frozenset()))


def _given(held: Held, contact: str) -> Given:
    grant = held.grant
    return Given(
        grant.id,
        grant.reason,
        grant.contact or contact,
        grant.citation,
        tuple(column for column, mask in grant.columns.items() if mask is None and column not in grant.uses),
        {column: mask_words(mask) for column, mask in grant.columns.items() if mask is not None},
        {column: uses_words(uses) for column, uses in grant.uses.items() if len(uses) < len(USES)},
        _rows(held),
        tuple(limit_words(grant.limits)),
        _joins(grant),
    )


def _rows(held: Held) -> str:
    late = f" {embargo_words(held.embargo)}" if held.embargo else ""
    if () in held.grant.rows:
        return f"all rows{late}"
    alternatives = [" and ".join(map(in_words, alternative)) for alternative in held.grant.rows]
    return f"rows where {', or '.join(alternatives)}{late}"


def limit_words(limits: Limits) -> Iterator[str]:
    """Say each limit.

    >>> list(limit_words(Limits(rows=10_000)))
    ['10,000 rows an answer']
    """
    for value, words in (
        (limits.rows, "rows an answer"),
        (limits.queries_a_day, "queries a day"),
        (limits.bytes_a_day, "bytes a day"),
    ):
        if value is not None:
            yield f"{value:,} {words}"


def _joins(grant: AgreementGrant) -> tuple[str, ...] | None:
    if grant.joins is None:
        return None
    return tuple(
        f"{join.table} of {listed(sorted(join.ports))} on "
        f"{listed([own if own == other else f'{own} = {other}' for own, other in join.on], 'or')}"
        f"{', hashed' if join.values == 'hashed' else ''}"
        for join in grant.joins
    )


# --- text -----------------------------------------------------------------------------------------------------------


def lines(found: Iterable[Sight]) -> Iterator[str]:
    """Yield what a steward reads: table by table, agreement by agreement; what gives nothing at the end."""
    nothing: list[Sight] = []
    for sight in found:
        if not sight.given:
            nothing.append(sight)
            continue
        yield f"{sight.port} · {sight.table}"
        for given in sight.given:
            yield from _given_lines(given)
        yield from _members("withheld", (f"{column}: {words}" for column, words in sight.withheld.items()))
        yield ""
    for sight in nothing:
        why = listed(sorted(set(sight.withheld.values()))) or "no agreement"
        yield f"{sight.port} · {sight.table}: nothing. {why}"


def _given_lines(given: Given) -> Iterator[str]:
    source = " · ".join(filter(None, (given.contact, given.citation)))
    yield f"  {given.agreement}: {given.reason} ({source})"
    yield from _members("in clear", [", ".join(given.clear)])
    shown = {**{column: "in clear" for column in given.uses}, **given.masked}
    told = (
        f"{column} {how}{f', {given.uses[column]}' if column in given.uses else ''}" for column, how in shown.items()
    )
    yield from _members("otherwise", told)
    yield from _members("rows", [given.rows])
    yield from _members("limits", [", ".join(given.limits)])
    if given.joins is not None:
        yield from _members("joins", given.joins or ["with no table"])


def _members(title: str, values: Iterable[str]) -> Iterator[str]:
    for place, value in enumerate(filter(None, values)):
        yield f"    {title if place == 0 else '':<10} {value}"
