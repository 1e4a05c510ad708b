"""What is said of conditions holds for every value: compared with trying all values of a small world."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.model import Scalar
from gateway.policy.language import Condition, PartnerAttribute
from gateway.policy.ranges import implies, values_of
from gateway.policy.shadow import is_within

NUMBERS: Sequence[Scalar] = (1, 2, 3, 4)
TEXTS: Sequence[Scalar] = ("a", "ab", "b", "ba")
WORLD: Sequence[Scalar | None] = (None, 0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5)
WORDS: Sequence[Scalar | None] = (None, "", "a", "aa", "ab", "abc", "b", "ba", "c")


def conditions(values: Sequence[Scalar], *, column: str = "c") -> st.SearchStrategy[Condition]:
    of = st.sampled_from(values)
    texts = [st.builds(Condition, st.just(column), st.just("starts_with"), of)] if values is TEXTS else []
    return st.one_of(
        st.builds(Condition, st.just(column), st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), of),
        st.builds(
            Condition,
            st.just(column),
            st.sampled_from(("in", "not_in")),
            st.lists(of, min_size=1, max_size=3).map(tuple),
        ),
        st.builds(Condition, st.just(column), st.just("between"), st.tuples(of, of)),
        st.builds(Condition, st.just(column), st.sampled_from(("is_null", "not_null"))),
        *texts,
    )


def meets(value: Any, condition: Condition) -> bool:
    """Try one value, as SQL does: NULL meets `is_null` alone."""
    if condition.op == "is_null" or value is None:
        return condition.op == "is_null" and value is None
    wanted: Any = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    first, last = wanted[0], wanted[-1]
    tried: Mapping[str, Callable[[], bool]] = {
        "not_null": lambda: True,
        "eq": lambda: value == first,
        "ne": lambda: value != first,
        "lt": lambda: value < first,
        "le": lambda: value <= first,
        "gt": lambda: value > first,
        "ge": lambda: value >= first,
        "in": lambda: value in wanted,
        "not_in": lambda: value not in wanted,
        "between": lambda: first <= value <= last,
        "starts_with": lambda: str(value).startswith(str(first)),
    }
    return bool(tried[condition.op]())


def admitted(given_: Sequence[Condition], world: Sequence[Scalar | None]) -> set[Scalar | None]:
    return {value for value in world if all(meets(value, condition) for condition in given_)}


@settings(max_examples=200, deadline=None)
@given(given_=st.lists(conditions(NUMBERS), max_size=4))
def test_a_contradiction_of_numbers_admits_no_value_and_all_are_found(given_: list[Condition]) -> None:
    assert values_of(given_).is_empty == (not admitted(given_, WORLD))


@settings(max_examples=200, deadline=None)
@given(given_=st.lists(conditions(NUMBERS), max_size=4))
def test_of_whole_numbers_too(given_: list[Condition]) -> None:
    whole = [value for value in WORLD if value is None or value == int(value)]

    if values_of(given_, whole=True).is_empty:
        assert not admitted(given_, whole)


@settings(max_examples=200, deadline=None)
@given(given_=st.lists(conditions(TEXTS), max_size=4))
def test_a_contradiction_of_texts_admits_no_value(given_: list[Condition]) -> None:
    if values_of(given_).is_empty:
        assert not admitted(given_, WORDS)


@settings(max_examples=200, deadline=None)
@given(narrow=st.lists(conditions(NUMBERS), max_size=3), wide=conditions(NUMBERS))
def test_what_is_implied_holds_wherever_the_rest_holds(narrow: list[Condition], wide: Condition) -> None:
    if implies(narrow, wide):
        assert admitted(narrow, WORLD) <= admitted([wide], WORLD)


@settings(max_examples=200, deadline=None)
@given(
    narrow=st.lists(conditions(TEXTS), max_size=3).map(tuple), wide=st.lists(conditions(TEXTS), max_size=2).map(tuple)
)
def test_an_alternative_within_another_admits_no_more(
    narrow: tuple[Condition, ...], wide: tuple[Condition, ...]
) -> None:
    if is_within(narrow, wide):
        assert admitted(narrow, WORDS) <= admitted(wide, WORDS)


@pytest.mark.parametrize(
    ("given_", "wanted", "is_implied"),
    [
        (Condition("c", "eq", 3), Condition("c", "gt", 2), True),
        (Condition("c", "in", (3, 4)), Condition("c", "between", (3, 4)), True),
        (Condition("c", "gt", 2), Condition("c", "ge", 2), True),
        (Condition("c", "ge", 2), Condition("c", "gt", 2), False),
        (Condition("c", "between", (2, 3)), Condition("c", "not_in", (1, 4)), True),
        (Condition("c", "starts_with", "EVER G"), Condition("c", "starts_with", "EVER"), True),
        (Condition("c", "starts_with", "EVER"), Condition("c", "not_null"), True),
        (Condition("c", "eq", PartnerAttribute("a")), Condition("c", "eq", PartnerAttribute("a")), True),
        (Condition("c", "eq", PartnerAttribute("a")), Condition("c", "eq", "MSC"), False),
        (Condition("c", "eq", PartnerAttribute("a")), Condition("c", "not_null"), True),
        (Condition("d", "eq", 3), Condition("c", "gt", 2), False),
    ],
)
def test_what_is_implied_is_seen(given_: Condition, wanted: Condition, is_implied: bool) -> None:
    assert implies([given_], wanted) is is_implied
