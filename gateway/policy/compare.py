"""Two sets of documents -> what the second releases that the first does not, and the other way round, exactly.

For each table z3 looks for a point (partner, purpose, moment, row) at which a column is seen in a form that says more:
the value itself, else a mask, else NULL, else no row. If it finds none, there is none; if it finds one, that is the
witness. Uses are compared one by one and together, limits and joins by asking again with only those agreements that
allow as much.

*Invariants*
- No change is reported without a point that shows it, and each point at which a column changes is behind a report.
- What is suspended, not yet or no longer in force gives nothing; days before `since` are left out.
- `release: statistics` gives nothing yet; limits that were used up already are not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, pairwise
from typing import Literal

import z3

from gateway.model import USES, Mask, Use
from gateway.policy.decide import Held, fits_port, is_labor
from gateway.policy.forms import says_at_least
from gateway.policy.language import Agreement, ColumnRule, Condition, Party, PortDocument, TableRule
from gateway.policy.space import Formula, Space, Witness, day_number, space_of

Documents = Mapping[str, PortDocument]
Types = Callable[[str, str], Mapping[str, str]]
"""Port, table as agreements name it -> column -> Trino type."""

Direction = Literal["gains", "loses", "changes"]
"""changes: one mask for another, of which neither can be worked out from the other."""
LimitKind = Literal["rows", "queries_a_day", "bytes_a_day"]
LIMIT_KINDS: tuple[LimitKind, ...] = ("rows", "queries_a_day", "bytes_a_day")


@dataclass(frozen=True, slots=True)
class Offer:
    """What one agreement says of one table."""

    port: str
    agreement: Agreement
    rule: TableRule


@dataclass(frozen=True, slots=True)
class JoinTarget:
    """One way in which a table may be joined with another."""

    table: str
    port: str
    on: tuple[str, str]
    """Own column, other column."""


@dataclass(frozen=True, slots=True)
class Lens:
    """Which agreements are looked at: all, or those that allow at least as much as is named."""

    limit: LimitKind | None = None
    at_least: int | None = None
    """The limit; None: only agreements without one."""
    is_join: bool = False
    join: JoinTarget | None = None
    """None, if joins are looked at: a join that no agreement lists."""
    hashed: bool = False
    """Whether a join in hashed form is enough."""

    def lets_through(self, offer: Offer) -> bool:
        """Whether the offer allows as much."""
        if self.limit is not None:
            limit: int | None = getattr(offer.agreement.limits, self.limit)
            return limit is None or (self.at_least is not None and limit >= self.at_least)
        return not self.is_join or offer.rule.joins is None or self._is_listed(offer)

    def _is_listed(self, offer: Offer) -> bool:
        return self.join is not None and any(
            rule.table == self.join.table
            and self.join.port in rule.ports
            and self.join.on in rule.on
            and (self.hashed or rule.values == "clear")
            for rule in offer.rule.joins or ()
        )


ALL = Lens()


@dataclass(frozen=True, slots=True)
class Span:
    """Days from `first` to the one before `end`."""

    first: str
    end: str


@dataclass(frozen=True, slots=True)
class Before:
    """What the same partners see through another agreement on the other side."""

    offer: Offer
    mask: Mask | None
    uses: frozenset[Use]


@dataclass(frozen=True, slots=True)
class Change:
    """What some partners see on one side and not on the other, by the agreement that gives it there."""

    direction: Direction
    port: str
    table: str
    columns: tuple[str, ...]
    """None, if only rows come or go."""
    uses: tuple[Use, ...]
    together: bool
    """The uses are new only together in one query."""
    offer: Offer
    mask: Mask | None
    purposes: tuple[str, ...]
    party: Party
    spans: tuple[Span, ...]
    before: tuple[Before, ...]
    """What these partners see of the columns on the other side."""
    lens: Lens
    witness: Witness

    @property
    def widens(self) -> bool:
        """Whether more is released than before, or something that cannot be compared."""
        return self.direction != "loses"


@dataclass(frozen=True, slots=True)
class Verdict:
    """At some points: whether a column is seen in a form that says more (or another), or less."""

    gains: bool
    loses: bool


class Side:
    """The offers of one set of documents over one table, as formulas."""

    def __init__(self, name: str, offers: tuple[Offer, ...], live: Callable[[Offer], Formula], space: Space) -> None:
        self.offers = offers
        self.live = [z3.Bool(f"{name} {place} is live") for place in range(len(offers))]
        self.admits = [z3.Bool(f"{name} {place} admits") for place in range(len(offers))]
        self.laws: list[Formula] = []
        for offer, is_live, admits in zip(offers, self.live, self.admits, strict=True):
            self.laws.append(is_live == live(offer))
            self.laws.append(admits == z3.And(is_live, space.admits(offer.rule)))

    def giving(self, column: str, uses: frozenset[Use], lens: Lens = ALL) -> Iterator[tuple[int, Mask | None]]:
        """The places of the offers that give the column in all of the uses."""
        for place, offer in enumerate(self.offers):
            given = offer.rule.columns.get(column)
            if given is not None and uses <= given.uses and lens.lets_through(offer):
                yield place, given.mask

    def through(self, place: int, column: str, uses: frozenset[Use], lens: Lens = ALL) -> Formula:
        """The column is seen in the form in which this offer gives it."""
        givers = list(self.giving(column, uses, lens))
        mine = dict(givers)[place]
        if mine is None:
            return self.admits[place]
        first = [self.admits[other] for other, mask in givers if mask is None or other < place]
        return z3.And(self.admits[place], z3.Not(z3.Or(first)))

    def at_least(self, form: Mask | None, column: str, uses: frozenset[Use], lens: Lens = ALL) -> Formula:
        """The column is seen in a form that says at least as much."""
        return z3.Or(
            [
                self.through(place, column, uses, lens)
                for place, mask in self.giving(column, uses, lens)
                if mask is None or (form is not None and says_at_least(mask, form))
            ]
        )

    def beside(self, form: Mask, column: str, uses: frozenset[Use], lens: Lens = ALL) -> Formula:
        """The column is seen under a mask that can be compared with this one in neither direction."""
        return z3.Or(
            [
                self.through(place, column, uses, lens)
                for place, mask in self.giving(column, uses, lens)
                if mask is not None
                and mask.kind != "null"
                and not says_at_least(mask, form)
                and not says_at_least(form, mask)
            ]
        )

    def present(self) -> Formula:
        """The row is there."""
        return z3.Or(self.admits)


@dataclass(frozen=True)
class Comparison:
    """What two sets of documents give of one table."""

    port: str
    table: str
    space: Space
    old: Side
    new: Side
    since: str | None

    @cached_property
    def _solver(self) -> z3.Solver:
        solver = z3.Solver()
        solver.add([*self.space.laws, *self.old.laws, *self.new.laws])
        if self.since is not None:
            solver.add(self.space.day >= day_number(self.since))
        return solver

    def point(self, *formulas: Formula) -> z3.ModelRef | None:
        """A point at which all of the formulas hold."""
        self._solver.push()
        try:
            self._solver.add(*formulas)
            found = self._solver.check()
            if found == z3.unknown:
                raise ArithmeticError(f"z3 cannot compare {self.port} {self.table}: {self._solver.reason_unknown()}")
            return self._solver.model() if found == z3.sat else None
        finally:
            self._solver.pop()

    def verdict(self, column: str, uses: frozenset[Use], *where: Formula, lens: Lens = ALL) -> Verdict:
        """Whether there are points among `where` at which the column gains or loses in these uses."""
        more = self.more(self.new, self.old, column, uses, lens)
        less = self.more(self.old, self.new, column, uses, lens)
        return Verdict(self.point(more, *where) is not None, self.point(less, *where) is not None)

    def rows_verdict(self, *where: Formula) -> Verdict:
        """Whether rows come or go among `where`."""
        came = self.point(self.new.present(), z3.Not(self.old.present()), *where)
        went = self.point(self.old.present(), z3.Not(self.new.present()), *where)
        return Verdict(came is not None, went is not None)

    def more(self, here: Side, there: Side, column: str, uses: frozenset[Use], lens: Lens = ALL) -> Formula:
        """The column is seen here in a form that there does not tell."""
        return z3.Or(
            [
                z3.And(here.through(place, column, uses, lens), z3.Not(there.at_least(mask, column, uses, lens)))
                for place, mask in here.giving(column, uses, lens)
                if mask is None or mask.kind != "null"
            ]
        )

    # --- all changes ------------------------------------------------------------------------------------------------

    def changes(self) -> Iterator[Change]:
        """Everything that changes, agreement by agreement."""
        if self.old.offers == self.new.offers and self.old.laws == self.new.laws:
            return
        for lens in (ALL, *_lenses((*self.new.offers, *self.old.offers))):
            yield from _Search(self, "gains", self.new, self.old, lens).changes()
            yield from _Search(self, "loses", self.old, self.new, lens).changes()


@dataclass
class _Find:
    """A formula that holds at a point, and the uses for which it is so."""

    formula: Formula
    model: z3.ModelRef
    uses: set[Use] = field(default_factory=set)


@dataclass
class _Search:
    """The search in one direction, with some of the agreements."""

    comparison: Comparison
    direction: Literal["gains", "loses"]
    here: Side
    there: Side
    lens: Lens
    moved: set[int] = field(default_factory=set)
    """The offers for which something was found."""

    def changes(self) -> Iterator[Change]:
        for columns in self._alike():
            for place, mask in self.here.giving(columns[0], frozenset(), self.lens):
                if mask is None or mask.kind != "null":
                    yield from self._of_offer(columns, place, mask)
        if self.lens == ALL:
            yield from self._rows()

    def _alike(self) -> list[tuple[str, ...]]:
        """Columns that every offer gives alike stand together: what is true of one is true of all."""
        groups: dict[object, list[str]] = {}
        offers = (*self.here.offers, *self.there.offers)
        for column in dict.fromkeys(column for offer in offers for column in offer.rule.columns):
            groups.setdefault(tuple(offer.rule.columns.get(column) for offer in offers), []).append(column)
        return [tuple(group) for group in groups.values()]

    def _of_offer(self, columns: tuple[str, ...], place: int, mask: Mask | None) -> Iterator[Change]:
        alone: dict[Direction, _Find] = {}
        together: dict[Direction, _Find] = {}
        for uses in self._use_sets(columns[0], place):
            for direction, formula in self._formulas(columns[0], place, mask, frozenset(uses[0])):
                found = alone if len(uses[0]) == 1 else together
                if found is together and (direction in alone or direction in together):
                    continue
                model = self._new_point(formula, columns[0], frozenset(uses[0]))
                if model is not None:
                    known = found.setdefault(direction, _Find(formula, model))
                    known.uses.update(use for one in uses if len(one) == len(uses[0]) for use in one)
        for is_together, finds in ((False, alone), (True, together)):
            for direction, find in finds.items():
                if not is_together or direction not in alone:
                    yield self._change(direction, columns, find, is_together, place, mask)

    def _use_sets(self, column: str, place: int) -> list[list[tuple[Use, ...]]]:
        """The sets of uses that a query may make, small ones first; those that every offer allows alike together."""
        allowed_here = self.here.offers[place].rule.columns[column].uses
        given = tuple(use for use in USES if use in allowed_here)
        rules = [offer.rule.columns.get(column) for offer in (*self.here.offers, *self.there.offers)]
        alike: dict[object, list[tuple[Use, ...]]] = {}
        for size in range(1, len(given) + 1):
            for uses in combinations(given, size):
                allowed = tuple(rule is not None and rule.uses.issuperset(uses) for rule in rules)
                alike.setdefault(allowed, []).append(uses)
        return list(alike.values())

    def _formulas(
        self, column: str, place: int, mask: Mask | None, uses: frozenset[Use]
    ) -> Iterator[tuple[Direction, Formula]]:
        seen = self.here.through(place, column, uses, self.lens)
        less = z3.Not(self.there.at_least(mask, column, uses, self.lens))
        if mask is None:
            yield self.direction, z3.And(seen, less)
            return
        beside = self.there.beside(mask, column, uses, self.lens)
        yield self.direction, z3.And(seen, less, z3.Not(beside))
        if self.direction == "gains":
            yield "changes", z3.And(seen, beside)

    def _new_point(self, formula: Formula, column: str, uses: frozenset[Use]) -> z3.ModelRef | None:
        """A point that shows a change; with a lens, one that does not show it without."""
        if self.lens == ALL:
            return self.comparison.point(formula)
        known = self.comparison.more(self.here, self.there, column, uses)
        return self.comparison.point(formula, z3.Not(known))

    def _rows(self) -> Iterator[Change]:
        """Rows that come without a column that comes with them."""
        for place in range(len(self.here.offers)):
            if place not in self.moved:
                formula = z3.And(self.here.admits[place], z3.Not(self.there.present()))
                model = self.comparison.point(formula)
                if model is not None:
                    yield self._change(self.direction, (), _Find(formula, model), False, place, None)

    # --- who, when, and what was there before -----------------------------------------------------------------------

    def _change(
        self, direction: Direction, columns: tuple[str, ...], find: _Find, together: bool, place: int, mask: Mask | None
    ) -> Change:
        self.moved.add(place)
        offer, formula = self.here.offers[place], find.formula
        before = tuple(self._before(columns, formula))
        purposes, party = offer.agreement.purposes, offer.agreement.party
        if any(self._is_met(self.here.live[place], other) for other in self.there.live):
            purposes = tuple(p for p in purposes if self._is_met(formula, self.comparison.space.is_purpose(p)))
            party = self._party(party, formula)
        return Change(
            direction, offer.port, self.comparison.table, columns, tuple(use for use in USES if use in find.uses),
            together, offer, mask, purposes, party, tuple(self._spans(offer.agreement, formula)), before, self.lens,
            self.comparison.space.told(find.model),
        )  # fmt: skip

    def _is_met(self, *formulas: Formula) -> bool:
        return self.comparison.point(*formulas) is not None

    def _before(self, columns: tuple[str, ...], formula: Formula) -> Iterator[Before]:
        """What those for whom the change holds have of the same columns on the other side."""
        for live, offer in zip(self.there.live, self.there.offers, strict=True):
            given = offer.rule.columns.get(columns[0]) if columns else None
            if (given or not columns) and self._is_met(formula, live):
                mask, uses = (given.mask, given.uses) if given else (None, frozenset())
                yield Before(offer, mask, uses)

    def _party(self, party: Party, formula: Formula) -> Party:
        """Those of the party's names for which the change holds."""
        space = self.comparison.space
        organisations = (name for name in party.organisations if self._is_met(formula, space.is_organisation(name)))
        classes = (name for name in party.organisation_classes if self._is_met(formula, space.is_class(name)))
        roles = (name for name in party.roles if self._is_met(formula, space.has_role(name)))
        return replace(
            party, organisations=tuple(organisations), organisation_classes=tuple(classes), roles=tuple(roles)
        )

    def _spans(self, agreement: Agreement, formula: Formula) -> Iterator[Span]:
        """The days on which the change holds: between two days that no agreement names, all are alike."""
        since = self.comparison.since or agreement.from_day
        offers = (*self.here.offers, *self.there.offers)
        named = {day for offer in offers for day in (offer.agreement.from_day, offer.agreement.until_day)} | {since}
        first = max(agreement.from_day, since)
        edges = sorted(day for day in named | {first, agreement.until_day} if first <= day <= agreement.until_day)
        start = ""
        for day, following in pairwise(edges):
            is_day = self.comparison.space.day == day_number(day)
            if self._is_met(formula, is_day):
                start = start or day
            elif start:
                yield Span(start, day)
                start = ""
            if start and following == edges[-1]:
                yield Span(start, following)


# --- the sides ------------------------------------------------------------------------------------------------------


def offers_of(documents: Documents, port: str, table: str) -> tuple[Offer, ...]:
    """What a port's agreements say of one table, as far as it can ever give anything."""
    document = documents.get(port)
    if document is None or document.suspended:
        return ()
    return tuple(
        Offer(port, agreement, rule)
        for agreement in document.agreements
        if not agreement.suspended and (rule := usable(agreement.tables.get(table))) is not None
    )


def usable(rule: TableRule | None) -> TableRule | None:
    """The rule without what the statutory floor takes away; None if nothing is left of it."""
    if rule is None or rule.release != "rows":
        return None
    columns = {name: given for name, given in rule.columns.items() if not is_labor(name)}
    rows = tuple(one for one in rule.rows if not any(is_labor(condition.column) for condition in one))
    if not columns or not rows or (rule.embargo is not None and is_labor(rule.embargo.column)):
        return None
    return replace(rule, columns=columns, rows=rows)


def comparison_of(
    old: Documents, new: Documents, port: str, table: str, types: Mapping[str, str], since: str | None = None,
    texts: Iterable[str] = (),
) -> Comparison:  # fmt: skip
    """Set out what two sets of documents give of one table; `texts` are further texts that partners may carry."""
    before, after = offers_of(old, port, table), offers_of(new, port, table)
    others = [party for documents in (old, new) for party in _parties(documents, table)]
    parties = [*(offer.agreement.party for offer in (*before, *after)), *others]
    rules = [offer.rule for offer in (*before, *after)]
    space = space_of(types, parties, rules, {*texts, *old, *new})
    sides = [
        Side(name, offers, lambda offer, documents=documents: _live(space, documents, table, offer), space)  # type: ignore[misc]
        for name, offers, documents in (("old", before, old), ("new", after, new))
    ]
    return Comparison(port, table, space, sides[0], sides[1], since)


def held_comparison(
    port: str, table: str, types: Mapping[str, str], before: tuple[Held, ...], after: tuple[Held, ...]
) -> Comparison:
    """Set out what holds for one partner before and after: who asks, for what and when is settled."""
    sides = [tuple(_settled(port, held) for held in side) for side in (before, after)]
    space = space_of(types, (), [offer.rule for side in sides for offer in side])
    old, new = (
        Side(name, offers, lambda _offer: z3.BoolVal(True), space)
        for name, offers in zip(("old", "new"), sides, strict=True)
    )
    return Comparison(port, table, space, old, new, None)


def _settled(port: str, held: Held) -> Offer:
    """An offer that holds, its conditions with the partner's attributes filled in."""
    grant = held.grant
    columns = {c: ColumnRule(grant.uses.get(c, frozenset(USES)), mask) for c, mask in grant.columns.items()}
    rows = tuple(tuple(Condition(c.column, c.op, c.value) for c in one) for one in grant.rows)
    rule = TableRule("rows", grant.reason, columns, rows, held.embargo, grant.joins)
    agreement = Agreement(grant.id, Party(), (), "", "", grant.reason, {}, limits=grant.limits)
    return Offer(port, agreement, rule)


def compare(
    old: Documents, new: Documents, types: Types, since: str | None = None, ports: Collection[str] | None = None
) -> Iterator[Change]:
    """Everything that changes from `old` to `new`, port by port (or for some ports) and table by table."""
    for port in sorted({*old, *new} if ports is None else ports):
        for table in _tables(old, new, port):
            if _differ(old, new, port, table):
                yield from comparison_of(old, new, port, table, types(port, table), since).changes()


def _tables(old: Documents, new: Documents, port: str) -> list[str]:
    documents = [one[port] for one in (old, new) if port in one]
    return sorted({table for document in documents for agreement in document.agreements for table in agreement.tables})


def _differ(old: Documents, new: Documents, port: str, table: str) -> bool:
    """Whether anything that could matter to the table is not the same; if nothing is, z3 need not look."""
    before, after = offers_of(old, port, table), offers_of(new, port, table)
    if [_terms(offer) for offer in before] != [_terms(offer) for offer in after]:
        return True
    return any(offer.agreement.reciprocal for offer in before) and _reciprocal_facts(old, table) != _reciprocal_facts(
        new, table
    )


def _terms(offer: Offer) -> object:
    """What of an offer decides about what is released: words do not."""
    agreement, rule = offer.agreement, replace(offer.rule, reason="")
    return replace(agreement, tables={}, reason="", contact="", citation="", id=""), rule


def _reciprocal_facts(documents: Documents, table: str) -> object:
    facts = {port: [_terms(offer) for offer in offers_of(documents, port, table)] for port in documents}
    return facts, {port: document.organisation for port, document in documents.items()}


def _parties(documents: Documents, table: str) -> Iterator[Party]:
    for document in documents.values():
        for agreement in document.agreements:
            if table in agreement.tables:
                yield agreement.party


def _live(space: Space, documents: Documents, table: str, offer: Offer) -> Formula:
    agreement = offer.agreement
    facts = [_in_force(space, agreement), space.is_with(agreement.party)]
    if agreement.reciprocal:
        facts.append(_reciprocated(space, documents, table, offer.port))
    return z3.And(facts)


def _in_force(space: Space, agreement: Agreement) -> Formula:
    purposes = z3.Or([space.is_purpose(purpose) for purpose in agreement.purposes])
    return z3.And(purposes, space.is_between(agreement.from_day, agreement.until_day))


def _reciprocated(space: Space, documents: Documents, table: str, port: str) -> Formula:
    """The partner's own port shares the same table with this port."""
    if not table.startswith("freight."):
        return z3.BoolVal(False)
    organisation = documents[port].organisation
    ways = [
        z3.And(space.attribute_is("port", giver), _in_force(space, agreement))
        for giver, document in documents.items()
        if not document.suspended
        for agreement in document.agreements
        if not agreement.suspended
        and not agreement.reciprocal
        and table in agreement.tables
        and agreement.tables[table].release == "rows"
        and fits_port(agreement.party, organisation)
    ]
    return z3.Or(ways)


# --- lenses ---------------------------------------------------------------------------------------------------------


def _lenses(offers: tuple[Offer, ...]) -> Iterator[Lens]:
    """Every way to leave out agreements that allow less; none where all allow the same."""
    for kind in LIMIT_KINDS:
        limits = {getattr(offer.agreement.limits, kind) for offer in offers}
        if len(limits) > 1:
            yield from (Lens(limit=kind, at_least=limit) for limit in sorted(limits, key=lambda n: (n is None, n or 0)))
    if len({offer.rule.joins for offer in offers}) > 1:
        yield Lens(is_join=True)
        for target in sorted(_targets(offers), key=lambda t: (t.table, t.port, t.on)):
            yield Lens(is_join=True, join=target)
            yield Lens(is_join=True, join=target, hashed=True)


def _targets(offers: Iterable[Offer]) -> set[JoinTarget]:
    return {
        JoinTarget(rule.table, port, pair)
        for offer in offers
        for rule in offer.rule.joins or ()
        for port in rule.ports
        for pair in rule.on
    }
