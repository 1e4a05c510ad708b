"""A gateway under load over a log in PostgreSQL, until it is killed.

Arguments: how to reach the database, the gateway's name, the file for what is said (as tests.audit.load says it).
"""

from __future__ import annotations

import asyncio
import sys

from gateway.adapters import audit_postgres, audit_store
from tests.adapters.audit_homes import InPostgres, open_store
from tests.audit.load import load, saying_into

LEASE_SECONDS = 1.5


def main() -> None:
    """Run the load."""
    conninfo, name, said = sys.argv[1:]
    audit_store.SIGN_SECONDS = 0.05
    audit_postgres.PostgresStorage.tends_seconds = audit_postgres.BEAT_SECONDS = LEASE_SECONDS / 4
    audit_postgres.LEASE_SECONDS = LEASE_SECONDS
    asyncio.run(load(open_store(InPostgres(conninfo), name), saying_into(said), 16))


if __name__ == "__main__":
    main()
