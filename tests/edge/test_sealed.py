"""Sealed addresses: whoever may open one opens it, and everybody else sees noise."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest

from gateway.conversation import Position
from gateway.edge.sealed import Seal, Ticket
from gateway.model import Limited, Limits
from tests.edge.stand_in import ANALYST, PLANNER

SEAL = Seal(b"a secret")
POSITION = Position(
    "q-1", "gobiz", "gobiz-analyst", "gobiz-analyst#7", 7, "2026-11-27T10:00:00Z", 3,
    "/v1/statement/executing/20261127_1_x/yab-1/2", 10, 1000, ("oakland",), {"oakland": ("a", "b")}, "2026-11-27",
    (Limited("oakland", "a", Limits(rows=5)),),
)  # fmt: skip
TICKET = Ticket("page", "q-1", 3, 1_790_000_000, POSITION, b"[]")


def test_what_was_sealed_for_a_partner_opens_for_that_partner_alone() -> None:
    token = SEAL.seal(ANALYST, TICKET)

    assert Seal(b"a secret").open(ANALYST, token) == TICKET
    assert SEAL.open(PLANNER, token) is None
    assert SEAL.open(replace(ANALYST, organisation="other"), token) is None
    assert Seal(b"another secret").open(ANALYST, token) is None


def test_no_part_of_it_is_readable_and_no_two_are_alike() -> None:
    one, two = SEAL.seal(ANALYST, TICKET), SEAL.seal(ANALYST, TICKET)

    assert one != two
    assert len(one) < 1000


def test_a_thousand_changed_ones_open_for_nobody() -> None:
    token, chance = SEAL.seal(ANALYST, TICKET), random.Random(7)  # noqa: S311 - it draws tests
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for _ in range(1000):
        place = chance.randrange(len(token))
        changed = token[:place] + chance.choice(letters.replace(token[place], "")) + token[place + 1 :]
        assert SEAL.open(ANALYST, changed) is None


@pytest.mark.parametrize("token", ["", "A", "A" * 20, "A" * 9000, "a/b", "a=b", "é" * 50, "../info", "A" * 17])
def test_what_was_never_sealed_does_not_open(token: str) -> None:
    assert SEAL.open(ANALYST, token) is None


def test_one_token_has_one_spelling() -> None:
    token = SEAL.seal(ANALYST, TICKET)

    assert all(SEAL.open(ANALYST, token + more) is None for more in ("=", "==", "A", "\n"))
