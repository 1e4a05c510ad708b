"""A stack's folder of its own for each test, swept afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import processes
from stack.layout import Home


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """An empty stack's folder; whatever a test leaves running in it is ended."""
    made = Home(tmp_path / "home")
    made.make()
    yield made
    processes.sweep(made)
