"""Each change of the rewriter's text that changes what is released is caught, with the rule it broke."""

from __future__ import annotations

import re

import pytest

from gateway.errors import VerificationFailed
from gateway.kernel.dialect import emit
from gateway.kernel.verify import verify
from tests.mutants import mutations
from tests.mutants.richer import Pair, pairs
from tests.mutants.trees import MAPPING, MUTATIONS, Mutation, mutants, read
from tests.mutants.twins import judge

PAIRS = pairs()
AT_LEAST = 100

assert mutations  # importing it enters the mutations


def _rule_broken(text: str, pair: Pair) -> int | None:
    """The number of the rule that a text breaks, -1 for one without a number; None if it is accepted."""
    try:
        verify(text, pair.grant)
    except VerificationFailed as fault:
        found = re.search(r"\((\d+)\)", str(fault))
        return int(found[1]) if found else -1
    return None


def _rules_met(mutation: Mutation, text: str) -> set[int]:
    """The rules that may be met first: with a mapping also that each port lists the same, and lists what is needed."""
    return {*mutation.rules, *((2, 3) if mutation.rules and MAPPING in text else ())}


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[mutation.name for mutation in MUTATIONS])
def test_a_change_of_the_text_is_caught_by_its_rule(mutation: Mutation) -> None:
    tried = 0
    for pair in PAIRS:
        for tree in mutants(read(pair.text), mutation):
            text = emit(tree)
            if text == pair.text:
                continue
            tried += 1
            rule = _rule_broken(text, pair)
            if rule is None:
                assert mutation.harmless, text
                assert judge(text, pair) != "releases more", text
            else:
                assert rule in _rules_met(mutation, text), text
    assert tried, "the mutation never applied, so it proves nothing"


def test_there_are_many_ways_to_spoil_a_text() -> None:
    assert len({mutation.name for mutation in MUTATIONS}) == len(MUTATIONS) >= AT_LEAST


@pytest.mark.parametrize(
    "sql",
    [
        "",
        "SELECT 1; SELECT 2",
        "SELECT 1 ",
        "SELECT 1 -- all of it",
        "select 1",
        "DELETE FROM x",
        "EXPLAIN SELECT 1",
        "SHOW TABLES",
        "SELECT (",
    ],
)
def test_what_is_not_one_query_in_our_own_spelling_breaks_the_first_rule(sql: str) -> None:
    assert _rule_broken(sql, PAIRS[0]) == 0
