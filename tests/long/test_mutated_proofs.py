"""A million changed proofs, checkpoints and notes."""

from __future__ import annotations

import pytest

from tests.audit.mutating import false_accepts


@pytest.mark.long
@pytest.mark.parametrize("seed", range(100, 120))
def test_a_million_changed_ones_are_not_taken_for_true(seed: int) -> None:
    assert false_accepts(50_000, seed) == []
