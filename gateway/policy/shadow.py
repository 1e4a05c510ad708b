"""Agreements that give nothing of their own: all that one gives, others of the same port give as well."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from gateway.model import JoinRule
from gateway.policy.language import (
    NO_LIMITS,
    ORGANISATION_CLASSES,
    PARTY_KEYS,
    Agreement,
    ColumnRule,
    Condition,
    Embargo,
    Party,
    TableRule,
)
from gateway.policy.ranges import implies

_Parties = tuple[frozenset[str] | None, ...]
"""Per key of `with`: whom it names; None: everyone."""


@dataclass(frozen=True, slots=True)
class _Scope:
    """For whom, for what and when an agreement holds, ready to be compared."""

    place: int
    agreement: Agreement
    parties: _Parties
    purposes: frozenset[str]


_Givers = dict[str, dict[_Parties, list[_Scope]]]
"""Table -> whom -> the agreements that give it them."""


def shadowed(agreements: Sequence[Agreement], today: str) -> Iterator[tuple[int, tuple[int, ...]]]:
    """Find the agreements that others make needless: the place of each, and the places of those others.

    Of two that give the same, the later one is needless. One that is suspended or over gives nothing, so it is neither
    needless nor makes another so.
    """
    scopes = [_scope(place, one) for place, one in enumerate(agreements) if _counts(one, today)]
    givers: _Givers = {}
    for scope in scopes:
        if scope.agreement.limits == NO_LIMITS:  # one with a limit cannot stand for one without, nor for its own limit
            for table in scope.agreement.tables:
                givers.setdefault(table, {}).setdefault(scope.parties, []).append(scope)
    needless: set[int] = set()
    for scope in reversed(scopes):
        others = _covering(scope, givers, needless)
        if others:
            needless.add(scope.place)
            yield scope.place, others


def _counts(agreement: Agreement, today: str) -> bool:
    return not agreement.suspended and today < agreement.until_day and agreement.from_day < agreement.until_day


def _scope(place: int, agreement: Agreement) -> _Scope:
    return _Scope(place, agreement, tuple(_parties(agreement.party)), frozenset(agreement.purposes))


def _parties(party: Party) -> Iterator[frozenset[str] | None]:
    for key in PARTY_KEYS:
        named = frozenset(getattr(party, key))
        everyone = not named or (key == "organisation_classes" and named == frozenset(ORGANISATION_CLASSES))
        yield None if everyone else named


def _covering(scope: _Scope, givers: _Givers, needless: set[int]) -> tuple[int, ...]:
    """Return the agreements that together give all that one gives; none where they do not."""
    found: set[int] = set()
    for table, rule in scope.agreement.tables.items():
        wider = (
            other.place
            for parties, others in givers.get(table, {}).items()
            if _names_all(parties, scope.parties)
            for other in others
            if other is not scope and other.place not in needless and _is_wider(other, scope)
            if _gives_all(other.agreement.tables[table], rule)
        )
        other = next(wider, None)
        if other is None:
            return ()
        found.add(other)
    return tuple(sorted(found))


def _names_all(wide: _Parties, narrow: _Parties) -> bool:
    return all(named is None or (mine is not None and mine <= named) for named, mine in zip(wide, narrow, strict=True))


def _is_wider(wide: _Scope, narrow: _Scope) -> bool:
    one, other = wide.agreement, narrow.agreement
    return (
        one.from_day <= other.from_day
        and other.until_day <= one.until_day
        and narrow.purposes <= wide.purposes
        and (other.reciprocal or not one.reciprocal)
    )


def _gives_all(wide: TableRule, narrow: TableRule) -> bool:
    return (
        wide.release == narrow.release == "rows"
        and narrow.columns.keys() <= wide.columns.keys()
        and all(_column_gives(wide.columns[name], rule) for name, rule in narrow.columns.items())
        and _no_later(wide.embargo, narrow.embargo)
        and _joins_all(wide.joins, narrow.joins)
        and _admits_all(wide.rows, narrow.rows)
    )


def _column_gives(wide: ColumnRule, narrow: ColumnRule) -> bool:
    return narrow.uses <= wide.uses and (wide.mask is None or wide.mask == narrow.mask)


def _no_later(wide: Embargo | None, narrow: Embargo | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    return (wide.column, wide.grain) == (narrow.column, narrow.grain) and wide.age_hours <= narrow.age_hours


def _joins_all(wide: tuple[JoinRule, ...] | None, narrow: tuple[JoinRule, ...] | None) -> bool:
    if wide is None or narrow is None:
        return wide is None
    return set(narrow) <= set(wide)


def _admits_all(wide: tuple[tuple[Condition, ...], ...], narrow: tuple[tuple[Condition, ...], ...]) -> bool:
    return all(any(is_within(alternative, other) for other in wide) for alternative in narrow)


def is_within(narrow: tuple[Condition, ...], wide: tuple[Condition, ...]) -> bool:
    """Say whether every row of one alternative is a row of another; false where it cannot be told."""
    return all(implies(narrow, condition) for condition in wide)
