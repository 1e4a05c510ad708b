"""Audit logs for tests: a storage in a folder of the test's own, and a store over it."""

from __future__ import annotations

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_store import AuditStore, Writer
from gateway.audit.note import Signer

ORIGIN = "portgate.test/audit"
PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
SIGNER = Signer(ORIGIN, KEY)
WRITER = Writer("gateway-1", "test build", SIGNER)


def storage(file: Path) -> SqliteStorage:
    """Open the storage of a test's log."""
    return SqliteStorage(file, ORIGIN, PORTS)


def open_store(file: Path) -> AuditStore:
    """Open a test's log: a new one begins with two records, opened and started."""
    return AuditStore(storage(file), WRITER)
