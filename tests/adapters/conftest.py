"""What tests of adapters share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.adapters.pg_server import PgServer
from tests.conftest import free_tcp_ports


@pytest.fixture(scope="session")
def pg_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PgServer]:
    """A PostgreSQL of the tests' own, started once."""
    server = PgServer(tmp_path_factory.mktemp("postgres"), free_tcp_ports(1)[0])
    server.start()
    yield server
    server.stop("immediate")
