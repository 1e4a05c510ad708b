"""The power is cut, the disk breaks or is full: what was acknowledged is in the log, and nothing stays open."""

from __future__ import annotations

import random
from pathlib import Path

from tests.audit.drowning import drown


def test_a_log_keeps_all_promises_on_a_disk_that_breaks_fills_up_and_loses_its_power(tmp_path: Path) -> None:
    promised = drown(100, tmp_path, random.Random(11))  # noqa: S311 - what goes wrong is no secret

    assert promised > 1_000
