"""Two sets of documents compared by z3, held against every row of a small world looked at one by one."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import z3
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from gateway.model import AgreementGrant, Partner, Use
from gateway.policy.compare import (
    ALL,
    Change,
    Comparison,
    JoinTarget,
    Lens,
    Verdict,
    compare,
    comparison_of,
)
from gateway.policy.language import PortDocument
from gateway.policy.space import Witness, day_number
from tests.policy import small

Documents = dict[str, PortDocument]
_ATTRIBUTES = ("b", "bx", "c")
_HASHED = JoinTarget("freight.moves", "hueneme", ("line", "carrier"))
_LENSES: dict[str, tuple[Lens, Callable[[AgreementGrant], bool]]] = {
    "three queries": (Lens("queries_a_day", 3), lambda grant: True),
    "five queries": (Lens("queries_a_day", 5), lambda grant: grant.limits.queries_a_day is None),
    "no limit": (Lens("queries_a_day", None), lambda grant: grant.limits.queries_a_day is None),
    "any join": (Lens(is_join=True), lambda grant: grant.joins is None),
    "that join": (Lens(is_join=True, join=_HASHED), lambda grant: grant.joins is None),
    "hashed": (Lens(is_join=True, join=_HASHED, hashed=True), lambda grant: grant.joins != ()),
}
_points = st.tuples(
    st.sampled_from(list(small.partners())),
    st.sampled_from(small.PURPOSES),
    st.sampled_from(small.DAYS),
    st.sampled_from(small.COLUMNS),
    st.sets(st.sampled_from(["select", "group", "join", "order"]), min_size=1, max_size=2).map(frozenset),
)
_quick = settings(
    max_examples=60,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@_quick
@given(small.edits(), st.lists(_points, min_size=8, max_size=8))
def test_what_widens_or_narrows_for_one_partner_is_what_a_look_at_every_row_says(
    edit: tuple[Documents, Documents], points: list[tuple[Partner, str, str, str, frozenset[Use]]]
) -> None:
    old, new = edit
    comparison = comparison_of(old, new, "oakland", small.TABLE, small.TYPES, texts=_ATTRIBUTES)

    for partner, purpose, day, column, uses in points:
        expected = _by_rows(old, new, partner, purpose, day + small.NOON, column, uses)
        where = _where(comparison, partner, purpose, day + small.NOON)

        assert comparison.verdict(column, uses, *where) == expected, (partner, purpose, day, column, uses)


@_quick
@given(small.edits(), st.lists(_points, min_size=4, max_size=4))
def test_a_change_is_listed_exactly_if_some_partner_sees_it_in_some_row(
    edit: tuple[Documents, Documents], points: list[tuple[Partner, str, str, str, frozenset[Use]]]
) -> None:
    old, new = edit
    changes = [change for change in compare(old, new, lambda _port, _table: small.TYPES) if change.port == "oakland"]

    for change in changes:
        if change.lens == ALL and change.columns:
            assert _is_shown_by(change, change.witness, old, new), change
    for partner, purpose, day, column, uses in points:
        found = _by_rows(old, new, partner, purpose, day + small.NOON, column, uses)
        listed = [change for change in changes if column in change.columns and change.lens == ALL]
        assert not found.gains or any(change.widens for change in listed)
        assert not found.loses or any(change.direction != "gains" for change in listed)


@_quick
@given(small.edits(), st.lists(_points, min_size=4, max_size=4), st.sampled_from(sorted(_LENSES)))
def test_what_a_limit_or_a_join_leaves_is_compared_as_exactly(
    edit: tuple[Documents, Documents],
    points: list[tuple[Partner, str, str, str, frozenset[Use]]],
    kind: str,
) -> None:
    old, new = edit
    lens, is_let_through = _LENSES[kind]
    comparison = comparison_of(old, new, "oakland", small.TABLE, small.TYPES, texts=_ATTRIBUTES)

    for partner, purpose, day, column, uses in points:
        now = day + small.NOON
        expected = _by_rows(old, new, partner, purpose, now, column, uses, is_let_through)

        found = comparison.verdict(column, uses, *_where(comparison, partner, purpose, now), lens=lens)

        assert found == expected, (partner, purpose, day, column, uses)


@_quick
@given(small.documents())
def test_documents_do_not_differ_from_themselves(documents: Documents) -> None:
    comparison = comparison_of(documents, documents, "oakland", small.TABLE, small.TYPES)

    assert list(comparison.changes()) == []
    assert comparison.rows_verdict() == Verdict(False, False)


def _by_rows(
    old: Documents, new: Documents, partner: Partner, purpose: str, now: str, column: str, uses: frozenset[Use],
    is_let_through: Callable[[AgreementGrant], bool] = lambda grant: True,
) -> Verdict:  # fmt: skip
    before, after = (
        tuple(filter(is_let_through, small.grants(documents, partner, purpose, now))) for documents in (old, new)
    )
    pairs = {(small.seen(before, column, uses, row), small.seen(after, column, uses, row)) for row in small.rows(now)}
    return Verdict(
        any(then.rank > 1 and not was.tells_all_of(then) for was, then in pairs),
        any(was.rank > 1 and not then.tells_all_of(was) for was, then in pairs),
    )


def _where(comparison: Comparison, partner: Partner, purpose: str, now: str) -> list[Any]:
    """The partner, purpose and moment as formulas."""
    space = comparison.space
    facts = [space.is_purpose(purpose), space.day == day_number(now[:10]), space.now == _seconds(now)]
    facts.append(_named(space.organisation, space.organisations, partner.organisation))
    facts.append(_named(space.class_, space.classes, partner.organisation_class))
    facts += [role if name in partner.roles else z3.Not(role) for name, role in space.roles.items()]
    for name, found in list(space.attributes.items()):
        has = name in partner.attributes
        facts.append(space.attribute_is(name, partner.attributes[name]) if has else found.absent)
    return facts


def _named(variable: Any, names: tuple[str, ...], name: str) -> Any:
    return variable == (names.index(name) if name in names else len(names))


def _seconds(now: str) -> int:
    return int(datetime.fromisoformat(now).timestamp())


def _is_shown_by(change: Change, witness: Witness, old: Documents, new: Documents) -> bool:
    """Whether the partner and row that a change names see it."""
    partner = Partner("", witness.organisation, witness.organisation_class, witness.roles, (), witness.attributes, "")
    row: dict[str, Any] = {column: None for column in small.COLUMNS} | dict(witness.row)
    row["at"] = None if row["at"] is None else datetime.fromisoformat(row["at"])
    before, after = (small.grants(documents, partner, witness.purpose, witness.now) for documents in (old, new))
    sets = [frozenset(change.uses)] if change.together else [frozenset([use]) for use in change.uses]
    forms = [(small.seen(before, c, u, row), small.seen(after, c, u, row)) for c in change.columns for u in sets]
    if change.direction == "loses":
        return any(not then.tells_all_of(was) for was, then in forms)
    return any(not was.tells_all_of(then) for was, then in forms)
