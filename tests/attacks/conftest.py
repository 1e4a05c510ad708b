"""One gateway for all attacks of a module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.attacks.attacked import Attacked, attacked


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Attacked]:
    """A gateway that listens."""
    with attacked(tmp_path_factory.mktemp("attacked")) as it:
        yield it
