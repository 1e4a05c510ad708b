"""As tests/audit/test_kill.py, far longer, and with an eye on how long a gateway takes to come back."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.audit.killing import lives

RESTART_SECONDS = 2.0


@pytest.mark.long
def test_two_hundred_gateways_are_killed_and_come_back_within_two_seconds(tmp_path: Path) -> None:
    told = lives(200, tmp_path, random.Random(8))  # noqa: S311 - when to strike is no secret

    print(f"{told.acknowledged} records promised, {told.whole} answers whole, {told.interrupted} queries interrupted,")
    print(f"the slowest restart took {max(told.restarts):.3f} s")
    assert told.acknowledged > 1_000
    assert max(told.restarts) <= RESTART_SECONDS
