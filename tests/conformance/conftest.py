"""The two sides of each case, on the stack that all tests share."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest

from stack.layout import Home
from stack.settings import remembered
from stack.trino_access import LOADER, token
from tests.conformance.sides import Side
from tests.conftest import Stack

PARTNER = "gobiz-analyst"


@pytest.fixture(scope="session")
def direct(stack: Stack) -> Side:
    """Trino itself, as the user who loads its data."""
    home = Home(stack.home)
    settings = remembered(home)
    assert settings is not None
    return Side("direct", settings.tcp.trino, LOADER, token(home, LOADER), home.ca_file)


@pytest.fixture(scope="session")
def portgate(stack: Stack) -> Side:
    """Portgate, as a partner."""
    tcp_port = urlsplit(stack.url).port
    assert tcp_port is not None
    return Side("portgate", tcp_port, PARTNER, stack.token(PARTNER), Home(stack.home).ca_file)
