"""The catalog of the five ports, read once."""

from __future__ import annotations

from pathlib import Path

import pytest

from gateway.adapters.catalog_files import read_catalog
from gateway.model import Catalog
from gateway.settings import Settings


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    return read_catalog(Path(__file__).parents[2] / "catalog", Settings.model_fields["ports"].default)
