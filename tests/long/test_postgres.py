"""A PostgreSQL server crashes under load, again and again: the log in it keeps what was acknowledged."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tests.adapters.audit_homes import InPostgres, look_through, open_store
from tests.adapters.crashing import appending, holds_what_was_told
from tests.adapters.pg_server import PgServer
from tests.conftest import free_tcp_ports


@pytest.mark.long
def test_a_server_that_crashes_under_load_keeps_what_was_acknowledged(tmp_path: Path) -> None:
    server = PgServer(tmp_path, free_tcp_ports(1)[0])
    server.start()
    home = InPostgres(server.new_database())

    def crash() -> None:
        server.stop("immediate")
        server.start()

    try:
        kept, sent = asyncio.run(appending(open_store(home), 16, crash, 10))
        holds_what_was_told(look_through(home), kept, sent)
    finally:
        server.stop("immediate")
