"""A gateway is killed under load, again and again: whatever was promised is in the log, and nothing is left open."""

from __future__ import annotations

import random
from pathlib import Path

from tests.audit.killing import lives


def test_twenty_gateways_are_killed_at_a_random_moment_and_the_log_keeps_all_promises(tmp_path: Path) -> None:
    told = lives(20, tmp_path, random.Random(7))  # noqa: S311 - when to strike is no secret

    assert told.acknowledged > 100
    assert told.whole > 10
    assert told.interrupted > 0
