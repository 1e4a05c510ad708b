"""The ports' documents + one question -> the decision that the Rego library gives, without OPA.

What a reviewer must check here: the gateway never asks it. It serves the tools that try an edit before it goes live
(`diff`, `simulate`, `explain`, `equity`), and a differential test holds it to `policies/gateway/access`, which alone
decides. An agreement that holds is found once for each kind of question; what the moment adds is filled in after.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache

from gateway.model import (
    USES,
    AgreementGrant,
    AskedTable,
    Condition,
    Decision,
    Partner,
    Question,
    Scalar,
    Spent,
    TableDecision,
    TableName,
    Use,
)
from gateway.policy import language
from gateway.policy.language import Agreement, Embargo, PartnerAttribute, Party, PortDocument, TableRule

NO_DOCUMENT = "none"
"""The revision of a port that nobody loaded."""

_LABOR_NAMES = frozenset({"driver_id", "twic_hash", "driverbadge"})
_LABOR = re.compile(
    "driver|twic|worker|employee|longshore|stevedore|foreman|badge|payroll"
    "|(^|[^a-z0-9])(gangs?|shifts?|crews?|labou?r)([^a-z0-9]|$)"
)
FLOOR = "State law forbids any system of this partnership to track labor (Cal. Gov. Code 12100.131(b)(3))."
SUSPENDED = "The port has suspended all its agreements for the time being."
STATISTICS = "This comes as statistics only, which are not open yet."
USED_UP = "Your organisation has used up today's share under {}; it opens again at 00:00 UTC."
NO_AGREEMENT = "No agreement of this port lets you read this for this purpose today."
_PORT_CLASS = "port_authority"


@lru_cache(maxsize=10_000)
def is_labor(column: str) -> bool:
    """Whether a column identifies a worker or what a worker did: no agreement can release it."""
    return column.lower() in _LABOR_NAMES or _LABOR.search(column.lower()) is not None


# --- who, for what, when --------------------------------------------------------------------------------------------


def is_with(party: Party, partner: Partner) -> bool:
    """Whether each key that the party gives names the partner; a party that gives none names nobody."""
    keys = (
        (party.organisations, partner.organisation in party.organisations),
        (party.organisation_classes, partner.organisation_class in party.organisation_classes),
        (party.roles, not set(party.roles).isdisjoint(partner.roles)),
    )
    given = [is_met for names, is_met in keys if names]
    return bool(given) and all(given)


def is_in_force(agreement: Agreement, purpose: str, day: str) -> bool:
    """Whether an agreement speaks of this purpose and day, and is not suspended."""
    return not agreement.suspended and purpose in agreement.purposes and agreement.from_day <= day < agreement.until_day


def is_used_up(agreement: Agreement, spent: Mapping[str, Spent]) -> bool:
    """Whether an organisation has had today all that the agreement's limits allow."""
    limits, had = agreement.limits, spent.get(agreement.id, Spent())
    asked = limits.queries_a_day is not None and had.queries >= limits.queries_a_day
    return asked or (limits.bytes_a_day is not None and had.bytes >= limits.bytes_a_day)


def gives_back(
    documents: Mapping[str, PortDocument], table: str, port: str, purpose: str, day: str, giver: str
) -> bool:
    """Whether `giver` has an agreement over the same shared table that fits `port`'s organisation, and is reciprocal
    to nothing itself."""
    document, organisation = documents.get(giver), documents[port].organisation
    if document is None or document.suspended or not table.startswith("freight."):
        return False
    return any(
        is_in_force(agreement, purpose, day)
        and not agreement.reciprocal
        and table in agreement.tables
        and agreement.tables[table].release == "rows"
        and fits_port(agreement.party, organisation)
        for agreement in document.agreements
    )


def fits_port(party: Party, organisation: str) -> bool:
    """Whether a port's own organisation is meant; whom it sends is its own affair, so roles are taken as met."""
    return (not party.organisations or organisation in party.organisations) and (
        not party.organisation_classes or _PORT_CLASS in party.organisation_classes
    )


@dataclass(frozen=True, slots=True)
class Asker:
    """All of a partner that an agreement may look at."""

    organisation: str
    organisation_class: str
    roles: tuple[str, ...]
    attributes: tuple[tuple[str, str], ...]

    @staticmethod
    def of(partner: Partner) -> Asker:
        """The partner without names that no agreement knows."""
        attributes = tuple(sorted(partner.attributes.items()))
        return Asker(partner.organisation, partner.organisation_class, partner.roles, attributes)

    def partner(self) -> Partner:
        """A partner that agreements take for the same."""
        return Partner("", self.organisation, self.organisation_class, self.roles, (), dict(self.attributes), "")


# --- deciding -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Held:
    """What one agreement gives of one table, before the moment is known."""

    grant: AgreementGrant
    embargo: Embargo | None


@dataclass(frozen=True, slots=True)
class _Live:
    """One agreement that holds for a partner, with what it says of one table."""

    agreement: Agreement
    rule: TableRule
    rows: tuple[tuple[Condition, ...], ...]
    """Empty if it gives nothing, whatever is asked."""


class Decider:
    """Decides questions over one set of documents; like questions are worked out once.

    *Invariants*
    - What is remembered depends on nothing but the documents and what the agreements may look at.
    """

    def __init__(self, documents: Mapping[str, PortDocument], revisions: Mapping[str, str] | None = None) -> None:
        self._documents = documents
        self._revisions = revisions or {}
        self._live_known: dict[object, tuple[_Live, ...]] = {}
        self._known: dict[object, tuple[Held, ...]] = {}
        agreements = [agreement for document in documents.values() for agreement in document.agreements]
        self._edges = sorted({day for one in agreements for day in (one.from_day, one.until_day)})

    def decide(self, question: Question) -> Decision:
        """Answer as the Rego library does."""
        held = self.held(question)
        tables = {asked.name: self._decided(question, asked, held[asked.name]) for asked in question.tables}
        ports = dict.fromkeys(asked.name.catalog for asked in question.tables)
        return Decision("", {port: self._revisions.get(port, NO_DOCUMENT) for port in ports}, tables)

    def alike(self, day: str) -> str:
        """The first day of those that are like this one: no agreement begins or ends between the two."""
        place = bisect_right(self._edges, day)
        return self._edges[place - 1] if place else ""

    def held(self, question: Question) -> Mapping[TableName, tuple[Held, ...]]:
        """What holds for the partner on that day, table by table, before embargoes are counted from the moment."""
        asker, day = Asker.of(question.partner), self.alike(question.now[:10])
        return {asked.name: self._held(asker, question, day, asked) for asked in question.tables}

    def _held(self, asker: Asker, question: Question, day: str, asked: AskedTable) -> tuple[Held, ...]:
        spent = question.spent.get(asked.name.catalog, {})
        had = tuple((name, one.queries, one.bytes) for name, one in spent.items()) if spent else ()
        uses = tuple(asked.uses.items()) if asked.uses else ()
        key = (asker, question.purpose, day, asked.name, asked.columns, uses, had)
        held = self._known.get(key)
        if held is None:
            live = self._live(asker, question.purpose, day, asked.name)
            open_ = (one for one in live if one.rows and not is_used_up(one.agreement, spent))
            held = self._known[key] = tuple(_given(one, asked) for one in open_)
        return held

    def _live(self, asker: Asker, purpose: str, day: str, name: TableName) -> tuple[_Live, ...]:
        """The agreements over a table that hold for a partner on a day."""
        key = (asker, purpose, day, name)
        live = self._live_known.get(key)
        if live is None:
            live = self._live_known[key] = tuple(self._found_live(asker.partner(), purpose, day, name))
        return live

    def _found_live(self, partner: Partner, purpose: str, day: str, name: TableName) -> Iterator[_Live]:
        document, table = self._documents.get(name.catalog), f"{name.schema}.{name.table}"
        if document is None or document.suspended:
            return
        giver = partner.attributes.get("port", "")
        for agreement in document.agreements:
            rule = agreement.tables.get(table)
            if rule is None or not is_in_force(agreement, purpose, day) or not is_with(agreement.party, partner):
                continue
            if not agreement.reciprocal or gives_back(self._documents, table, document.port, purpose, day, giver):
                yield _Live(agreement, rule, shown_rows(rule, partner) if _can_give(rule) else ())

    def _decided(self, question: Question, asked: AskedTable, held: tuple[Held, ...]) -> TableDecision:
        granted = {column for found in held for column in found.grant.columns}
        withheld = {c: self._why_not(question, asked, c) for c in asked.columns if c not in granted}
        if all(found.embargo is None for found in held):
            return TableDecision(tuple(found.grant for found in held), withheld)
        return TableDecision(tuple(_late(found, question.now) for found in held), withheld)

    def _why_not(self, question: Question, asked: AskedTable, column: str) -> str:
        name = asked.name
        document = self._documents.get(name.catalog)
        if is_labor(column) or document is None or document.suspended:
            return FLOOR if is_labor(column) else NO_AGREEMENT if document is None else SUSPENDED
        live = self._live(Asker.of(question.partner), question.purpose, self.alike(question.now[:10]), name)
        spent, uses = question.spent.get(name.catalog, {}), asked.uses.get(column, _ALL_USES)
        for one in live:
            if one.rows and gives(one.rule, column, uses) and is_used_up(one.agreement, spent):
                return USED_UP.format(one.agreement.id)
        words = document.withheld.get(f"{name.schema}.{name.table}", {})
        said = words.get(column) or words.get("*")
        is_figure = any(one.rule.release == "statistics" and column in one.rule.columns for one in live)
        return said or (STATISTICS if is_figure else NO_AGREEMENT)


def decide(documents: Mapping[str, PortDocument], question: Question) -> Decision:
    """Answer one question as the Rego library does."""
    return Decider(documents).decide(question)


def shown_rows(rule: TableRule, partner: Partner) -> tuple[tuple[Condition, ...], ...]:
    """The rule's alternatives with the partner's attributes in their places; one that lacks an attribute falls."""
    filled = (tuple(_filled(alternative, partner)) for alternative in rule.rows)
    return tuple(done for done, written in zip(filled, rule.rows, strict=True) if len(done) == len(written))


def gives(rule: TableRule, column: str, uses: frozenset[Use]) -> bool:
    """Whether a table's rule gives a column in at least one of the uses; for no use, whether it gives it at all."""
    given = rule.columns.get(column)
    return given is not None and not is_labor(column) and (not uses or not uses.isdisjoint(given.uses))


def _can_give(rule: TableRule) -> bool:
    """Whether a rule gives rows of anything at all."""
    late = rule.embargo is not None and is_labor(rule.embargo.column)
    return rule.release == "rows" and not late and any(not is_labor(column) for column in rule.columns)


def _given(live: _Live, asked: AskedTable) -> Held:
    """What an agreement gives of what was asked."""
    agreement, rule = live.agreement, live.rule
    columns = [c for c in asked.columns if gives(rule, c, asked.uses.get(c, _ALL_USES))]
    uses = {c: rule.columns[c].uses for c in columns if len(rule.columns[c].uses) < len(USES)}
    grant = AgreementGrant(
        agreement.id, {column: rule.columns[column].mask for column in columns}, live.rows, rule.reason, uses,
        rule.joins, agreement.limits, agreement.contact, agreement.citation,
    )  # fmt: skip
    return Held(grant, rule.embargo)


_ALL_USES = frozenset(USES)


def _filled(alternative: Iterable[language.Condition], partner: Partner) -> Iterator[Condition]:
    for condition in alternative:
        if is_labor(condition.column):
            return
        value = condition.value
        if isinstance(value, tuple):
            values = tuple(_literal(one, partner) for one in value)
            if None not in values and len({_type(one) for one in values}) == 1:
                yield Condition(condition.column, condition.op, tuple(v for v in values if v is not None))
        elif value is None:
            yield Condition(condition.column, condition.op)
        elif (literal := _literal(value, partner)) is not None:
            yield Condition(condition.column, condition.op, literal)


def _literal(value: Scalar | PartnerAttribute, partner: Partner) -> Scalar | None:
    if isinstance(value, PartnerAttribute):
        return partner.attributes.get(value.name) or None
    return value


def _type(value: Scalar | None) -> type:
    return float if type(value) is int else type(value)


def _late(found: Held, now: str) -> AgreementGrant:
    if found.embargo is None:
        return found.grant
    over, grant = is_over(found.embargo, now), found.grant
    rows = tuple((*alternative, over) for alternative in grant.rows)
    return AgreementGrant(
        grant.id, grant.columns, rows, grant.reason, grant.uses, grant.joins, grant.limits, grant.contact,
        grant.citation,
    )  # fmt: skip


def is_over(embargo: Embargo, now: str) -> Condition:
    """The condition that a row meets once its embargo is over."""
    moment = datetime.strptime(now, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC) - timedelta(hours=embargo.age_hours)
    if embargo.grain == "day":
        # a day is over in California at the latest eight hours after it is over in UTC
        return Condition(embargo.column, "lt", f"{moment - timedelta(hours=8):%Y-%m-%d}")
    return Condition(embargo.column, "le", f"{moment:%Y-%m-%d %H:%M:%S}.000")
