"""Serve the pipeline over a real log, whose disk breaks as soon as the process is sent SIGUSR1.

Arguments: the log's file, TLS port, plain port, the wall's port, certificate, key.
"""

from __future__ import annotations

import asyncio
import os
import random
import signal
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from gateway import process, wiring
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_store import AuditStore
from gateway.edge.results import Links
from gateway.pipeline import Gate
from gateway.settings import ListenSettings, TrinoClientSettings, WallSettings
from tests.audit.disk import Disk
from tests.audit.load import Remembering, SlowEngine
from tests.audit.logs import ORIGIN, PORTS, WRITER
from tests.simulator import AnyToken, Counters, FixedPolicy, Log, Ticking
from tests.world import CATALOG


class Running(wiring.Gateway):
    """A gateway among simulated parts, but for its log."""

    def __init__(self, file: Path, disk: Disk, settings: Any) -> None:
        self._audit = AuditStore(SqliteStorage(file, ORIGIN, PORTS, disk.name), WRITER)
        self.gate = Gate(
            CATALOG, Remembering(), AnyToken(), FixedPolicy(), SlowEngine(Log()), self._audit, Counters(), Ticking(),
            b"secret", "test build",
        )  # fmt: skip
        self.login = None
        self.links = Links(b"s" * 32)
        self.log_routes = ()
        self.receipts = cast(Any, None)
        self.executions = cast(Any, None)
        self.bundles = cast(Any, SimpleNamespace(served_after=None, status=lambda: {}))
        self.wall = cast(Any, SimpleNamespace(allows=None))
        self.trino_clients = wiring._trino_clients(settings, self.gate, None, b"s" * 32)

    async def start(self) -> None:
        """Nothing is to be started."""

    async def close(self) -> None:
        """Close the log."""
        await asyncio.to_thread(self._audit.close)


async def main() -> int:
    """Serve, and return the exit code."""
    file, tls_port, plain_port, wall_port, certificate, key = sys.argv[1:]
    disk = Disk("breaking", random.Random())  # noqa: S311 - no secret
    secret_file = Path(file).with_name("secret")
    secret_file.write_text("secret")
    settings = cast(
        Any,
        SimpleNamespace(
            listen=ListenSettings(
                tls_port=int(tls_port),
                plain_port=int(plain_port),
                certificate_file=Path(certificate),
                key_file=Path(key),
            ),
            wall=WallSettings(tcp_port=int(wall_port), secret_file=secret_file),
            policy=SimpleNamespace(secret_file=secret_file),
            trino_clients=TrinoClientSettings(),
            trino=SimpleNamespace(query_timeout_seconds=300.0),
        ),
    )
    signal.signal(signal.SIGUSR1, lambda *_: setattr(disk, "fails", "EIO on sync"))
    return await process.serve_gateway(Running(Path(file), disk, settings), settings)


if __name__ == "__main__":
    os._exit(asyncio.run(main()))
