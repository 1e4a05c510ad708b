"""The ports' documents + who is known -> who of one organisation class gets less of a table than another, and why.

Members of a class are compared as their tokens stand: organisation, roles, and which attributes they carry. What an
attribute is does not matter: that a carrier sees its own rows, and another carrier its own, is the same for both.
Beside those who are known, each class has one member whom no agreement names, with no role and every attribute.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from gateway.model import PURPOSES, AskedTable, Limits, Partner, Question, TableName
from gateway.policy.compare import LIMIT_KINDS, Documents, Types, held_comparison
from gateway.policy.decide import Decider, Held, is_in_force, is_with
from gateway.policy.language import Agreement, PartnerAttribute, Party
from gateway.policy.words import class_words, columns_words, listed, purpose_words, titled


@dataclass(frozen=True, slots=True)
class Member:
    """One organisation of a class, as agreements see it."""

    name: str
    organisation_class: str
    roles: frozenset[str]
    attributes: Mapping[str, str]

    def partner(self) -> Partner:
        """The member as a partner, with stand-ins for its attributes."""
        stand_ins = {name: value if name == "port" else f"\x7f{name}" for name, value in self.attributes.items()}
        return Partner("", self.name, self.organisation_class, tuple(sorted(self.roles)), (), stand_ins, "")


@dataclass(frozen=True, slots=True)
class Inequity:
    """Some of a class get less of a table than others of it, for want of one agreement."""

    port: str
    table: str
    organisation_class: str
    less: tuple[str, ...]
    more: tuple[str, ...]
    columns: tuple[str, ...]
    """Empty where a limit alone is lower."""
    purposes: tuple[str, ...]
    agreement: str
    why: str


def members_of(partners: Iterable[Partner], documents: Documents) -> tuple[Member, ...]:
    """Those who are known, by organisation, and for each class one whom no agreement names."""
    found: dict[tuple[str, str], Member] = {}
    for partner in partners:
        key = (partner.organisation, partner.organisation_class)
        known = found.get(key) or Member(*key, frozenset(), {})
        roles = known.roles | set(partner.roles)
        found[key] = replace(known, roles=roles, attributes={**known.attributes, **partner.attributes})
    agreements = [agreement for document in documents.values() for agreement in document.agreements]
    for agreement in agreements:
        party = agreement.party
        if len(party.organisation_classes) == 1:
            for name in party.organisations:
                key = (name, party.organisation_classes[0])
                found.setdefault(key, Member(*key, frozenset(party.roles), {}))
    attributes = {name: "" for agreement in agreements for name in _attributes(agreement)}
    classes = sorted({member.organisation_class for member in found.values()})
    anyone = [Member(f"any other of the {class_words(name)}", name, frozenset(), attributes) for name in classes]
    return (*found.values(), *anyone)


def inequities(
    documents: Documents, members: Iterable[Member], types: Types, now: str, purposes: Iterable[str] = PURPOSES,
    ports: Iterable[str] | None = None,
) -> Iterator[Inequity]:  # fmt: skip
    """Who gets less, port by port and table by table; what is so for several purposes is said once.

    A port's own people are left out: what a port lets itself see is no matter of fairness.
    """
    known, decider, asked_for = tuple(members), Decider(documents), tuple(purposes)
    for port in sorted(documents if ports is None else ports):
        document = documents[port]
        guests = tuple(member for member in known if member.name != document.organisation)
        for table in sorted({name for agreement in document.agreements for name in agreement.tables}):
            of_table = _Table(documents, decider, port, table, types(port, table), now)
            found: dict[Inequity, list[str]] = {}
            for purpose in asked_for:
                for inequity in of_table.inequities(guests, purpose):
                    found.setdefault(inequity, []).append(purpose)
            yield from (replace(inequity, purposes=tuple(named)) for inequity, named in found.items())


@dataclass(frozen=True)
class _Table:
    documents: Documents
    decider: Decider
    port: str
    table: str
    types: Mapping[str, str]
    now: str

    def inequities(self, members: tuple[Member, ...], purpose: str) -> Iterator[Inequity]:
        """Who gets less for one purpose."""
        for class_ in sorted({member.organisation_class for member in members}):
            groups: dict[str, tuple[tuple[Held, ...], list[Member]]] = {}
            for member in members:
                if member.organisation_class == class_:
                    held = self._held(member, purpose)
                    groups.setdefault(repr(held), (held, []))[1].append(member)
            yield from self._between(tuple(groups.values()), purpose)

    def _held(self, member: Member, purpose: str) -> tuple[Held, ...]:
        agreements = self.documents[self.port].agreements
        columns = {
            c: None for a in agreements for c in (a.tables[self.table].columns if self.table in a.tables else ())
        }
        name = TableName(self.port, *self.table.split("."))
        asked = AskedTable(name, tuple(columns), dict.fromkeys(columns, frozenset()))
        return self.decider.held(Question(member.partner(), purpose, self.now, (asked,)))[name]

    def _between(self, groups: tuple[tuple[tuple[Held, ...], list[Member]], ...], purpose: str) -> Iterator[Inequity]:
        """Each group that gets less than another, agreement by agreement."""
        told: set[object] = set()
        for less, poorer in groups:
            for more, richer in groups:
                if less is more:
                    continue
                for inequity in self._compared(less, poorer, more, richer, purpose):
                    key = (inequity.less, inequity.agreement, inequity.why)
                    if key not in told:
                        told.add(key)
                        yield inequity

    def _compared(
        self, less: tuple[Held, ...], poorer: list[Member], more: tuple[Held, ...], richer: list[Member], purpose: str
    ) -> Iterator[Inequity]:
        comparison = held_comparison(self.port, self.table, self.types, less, more)
        mine = {held.grant.id: held for held in less}
        for held in more:
            other = mine.get(held.grant.id)
            if other is not None and other.grant.rows == held.grant.rows:
                continue
            columns = tuple(c for c in held.grant.columns if comparison.verdict(c, frozenset()).gains)
            lower = not columns and _is_lower(less, held.grant.limits)
            if columns or lower:
                agreement = next(a for a in self.documents[self.port].agreements if a.id == held.grant.id)
                yield Inequity(
                    self.port, self.table, poorer[0].organisation_class, tuple(m.name for m in poorer),
                    tuple(m.name for m in richer), columns, (), agreement.id,
                    self._why(agreement, poorer[0], purpose) + (" Its limits are wider." if lower else ""),
                )  # fmt: skip

    def _why(self, agreement: Agreement, member: Member, purpose: str) -> str:
        """What keeps an agreement from a member."""
        party, partner = agreement.party, member.partner()
        wanting = []
        if party.organisations and not is_with(Party(organisations=party.organisations), partner):
            wanting.append(f"it is for {listed(party.organisations)} alone")
        if party.roles and not is_with(Party(roles=party.roles), partner):
            wanting.append(f"it asks for the role {listed(party.roles, 'or')}")
        lacking = sorted(set(_attributes(agreement, self.table)) - set(member.attributes))
        if lacking:
            wanting.append(f"its rows are those of the partner's own {listed(lacking)}, which is not known")
        if agreement.reciprocal:
            wanting.append("it is for partners of ports that share the same alone")
        if not is_in_force(agreement, purpose, self.now[:10]):
            wanting.append("it is not in force")
        return f"{titled(listed(wanting))}." if wanting else "It does not fit."


def _is_lower(held: tuple[Held, ...], limits: Limits) -> bool:
    """Whether every agreement that is there allows less than these limits, in some way."""
    for kind in LIMIT_KINDS:
        most: int | None = getattr(limits, kind)
        mine: list[int | None] = [getattr(one.grant.limits, kind) for one in held]
        if mine and all(limit is not None and (most is None or limit < most) for limit in mine):
            return True
    return False


def _attributes(agreement: Agreement, table: str = "") -> Iterator[str]:
    """The attributes that an agreement's rows refer to."""
    for name, rule in agreement.tables.items():
        for condition in (c for one in rule.rows for c in one if table in ("", name)):
            values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
            yield from (value.name for value in values if isinstance(value, PartnerAttribute))


def sentence(inequity: Inequity) -> str:
    """Say one inequity."""
    what = columns_words(inequity.columns) if inequity.columns else "as much"
    verb = "does not get" if len(inequity.less) == 1 else "do not get"
    get = "gets" if len(inequity.more) == 1 else "get"
    return (
        f"{listed(inequity.less)} {verb} {what} of {inequity.table} that {listed(inequity.more)} {get} under "
        f"{inequity.agreement}, for {purpose_words(inequity.purposes)}. {inequity.why}"
    )


def lines(found: Iterable[Inequity]) -> Iterator[str]:
    """Yield what a reader of the MOU reads: by port, table and class."""
    head: tuple[str, ...] = ()
    for inequity in found:
        this = (inequity.port, inequity.table, inequity.organisation_class)
        if this != head:
            head = this
            yield f"{inequity.port} · {inequity.table} · {class_words(inequity.organisation_class)}"
        yield f"  {sentence(inequity)}"
    if not head:
        yield "All members of each class get the same."
