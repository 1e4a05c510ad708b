"""The places where an audit log can be kept, for tests that hold for all of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from gateway.adapters import audit_postgres, audit_sqlite
from gateway.adapters.audit_postgres import PostgresStorage
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_storage import Reader, Storage
from gateway.adapters.audit_store import AuditStore
from tests.audit.logs import ORIGIN, PORTS, WRITER
from tests.audit.soundness import Sound, sound


class LogHome(Protocol):
    """A place for one log."""

    def storage(self, gateway: str = "gateway-1") -> Storage:
        """Open it to be written."""

    def reading(self) -> contextlib.AbstractContextManager[Reader]:
        """Open it to be read."""


@dataclass(frozen=True)
class InFile:
    """A file."""

    file: Path

    def storage(self, gateway: str = "gateway-1") -> Storage:
        """Open it to be written."""
        return SqliteStorage(self.file, ORIGIN, PORTS)

    def reading(self) -> contextlib.AbstractContextManager[Reader]:
        """Open it to be read."""
        return audit_sqlite.reading(self.file)


@dataclass(frozen=True)
class InPostgres:
    """A database."""

    conninfo: str

    def storage(self, gateway: str = "gateway-1") -> PostgresStorage:
        """Open it to be written."""
        return PostgresStorage(self.conninfo, ORIGIN, PORTS, gateway)

    def reading(self) -> contextlib.AbstractContextManager[Reader]:
        """Open it to be read."""
        return audit_postgres.reading(self.conninfo)


def open_store(home: LogHome, gateway: str = "gateway-1", retention_days: int | None = None) -> AuditStore:
    """Start a gateway's writer."""
    return AuditStore(home.storage(gateway), replace(WRITER, gateway=gateway, retention_days=retention_days))


def look_through(home: LogHome) -> Sound:
    """Check the whole log, and return it."""
    with home.reading() as reader:
        return sound(reader)
