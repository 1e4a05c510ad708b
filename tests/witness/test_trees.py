"""The witness's own definitions of trees and proofs agree with the gateway's, and nothing else passes."""

from __future__ import annotations

import hashlib
import random

import pytest

from gateway.audit.tree import Frontier, consistency_proof
from tests.witness.logs import TestLog
from witness.tree import EMPTY, Growing, is_beginning, prove_beginning, spans_of

SIZES = [*range(1, 40), 63, 64, 65, 255, 256, 257, 300, 511, 513]


@pytest.fixture(scope="module")
def log() -> TestLog:
    return TestLog().grown(520)


def test_the_roots_are_those_of_the_gateway(log: TestLog) -> None:
    growing, frontier = Growing(), Frontier()
    assert growing.root() == EMPTY == frontier.root()

    for row in log.rows:
        growing.add(row.leaf)
        frontier = frontier.add(row.leaf)
        assert growing.root() == frontier.root()


def test_a_list_goes_on_from_its_slots(log: TestLog) -> None:
    first = Growing()
    for row in log.rows[:300]:
        first.add(row.leaf)
    second = Growing(first.size, first.slots)
    for row in log.rows[300:]:
        second.add(row.leaf)

    assert second.root() == log.root(520)


@pytest.mark.parametrize("size", SIZES)
def test_proofs_by_tiles_are_the_gateways_and_hold(log: TestLog, size: int) -> None:
    log.shown = size
    for old in {1, 2, 3, size // 3, size // 2, size - 1, size} - {0}:
        if old > size:
            continue
        proof = prove_beginning(old, size, spans_of(size, log.tile))

        assert proof == log.proof(old, size)
        assert is_beginning(old, log.root(old), size, log.root(size), proof)


def test_of_proofs_that_were_changed_none_holds(log: TestLog) -> None:
    chance = random.Random(7)  # noqa: S311
    for _ in range(1_000):
        size = chance.randrange(2, 300)
        old = chance.randrange(1, size)
        proof = list(consistency_proof(old, size, log._subtree))
        roots = [log_root(log, old), log_root(log, size)]
        kind = chance.randrange(5)
        if kind == 0:
            roots[chance.randrange(2)] = hashlib.sha256(chance.randbytes(8)).digest()
        elif kind == 1:
            proof.append(chance.randbytes(32))
        elif kind == 2 and proof:
            proof.pop(chance.randrange(len(proof)))
        elif kind == 3 and proof:
            proof[chance.randrange(len(proof))] = chance.randbytes(32)
        else:
            other = chance.randrange(1, size)
            if other == old:
                continue
            old = other
        assert not is_beginning(old, roots[0], size, roots[1], proof)


_roots: dict[int, bytes] = {}


def log_root(log: TestLog, size: int) -> bytes:
    if size not in _roots:
        _roots[size] = log.root(size)
    return _roots[size]


def test_the_empty_tree_is_the_beginning_of_each_without_any_proof(log: TestLog) -> None:
    assert is_beginning(0, EMPTY, 5, log.root(5), [])
    assert is_beginning(0, EMPTY, 0, EMPTY, [])
    assert not is_beginning(0, EMPTY, 0, log.root(1), [])
    assert not is_beginning(0, EMPTY, 5, log.root(5), [EMPTY])
    assert not is_beginning(0, log.root(1), 5, log.root(5), [])


def test_the_same_size_needs_the_same_root_and_no_proof(log: TestLog) -> None:
    assert is_beginning(5, log.root(5), 5, log.root(5), [])
    assert not is_beginning(5, log.root(5), 5, log.root(6), [])
    assert not is_beginning(5, log.root(5), 5, log.root(5), [EMPTY])
    assert not is_beginning(6, log.root(6), 5, log.root(5), [])
