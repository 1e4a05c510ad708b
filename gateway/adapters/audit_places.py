"""The audit section of the settings -> the storage that it names."""

from __future__ import annotations

import contextlib
from pathlib import Path

from gateway.adapters import audit_postgres, audit_sqlite
from gateway.adapters.audit_postgres import PostgresStorage
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_storage import Reader, Storage
from gateway.errors import AuditUnavailable
from gateway.settings import AuditSettings


def open_storage(chosen: AuditSettings, ports: tuple[str, ...], gateway: str = "") -> Storage:
    """Open the log to be written, or begin it; raises AuditUnavailable. `gateway` is the writer's name: the setting."""
    if chosen.postgres:
        conninfo = _conninfo(chosen.postgres.conninfo_file)
        return PostgresStorage(conninfo, chosen.origin, ports, gateway or chosen.gateway)
    return SqliteStorage(file_of(chosen), chosen.origin, ports)


def reading(chosen: AuditSettings) -> contextlib.AbstractContextManager[Reader]:
    """Open the log to be read, as it is now, beside running gateways; raises AuditUnavailable."""
    if chosen.postgres:
        return audit_postgres.reading(_conninfo(chosen.postgres.conninfo_file))
    return audit_sqlite.reading(file_of(chosen))


def file_of(chosen: AuditSettings) -> Path:
    """Return the log's file; raises AuditUnavailable if it is kept in a database."""
    if chosen.file is None:
        raise AuditUnavailable("the audit log is not in a file but in a database", hint="Ask the gateway for it.")
    return chosen.file


def _conninfo(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8").strip()
    except OSError as error:
        raise AuditUnavailable(f"audit.postgres.conninfo_file cannot be read: {error.strerror}") from error
