"""As tests/audit/test_disk.py, far longer."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tests.audit.drowning import drown


@pytest.mark.long
@pytest.mark.parametrize("seed", range(4))
def test_a_log_keeps_all_promises_on_bad_disks(tmp_path: Path, seed: int) -> None:
    assert drown(250, tmp_path, random.Random(seed)) > 1_000  # noqa: S311 - what goes wrong is no secret
