"""Tables of an older version -> tables of the next one: each step is one transaction, and a copy is kept before it.

From 1 to 2: a list of lines becomes a tree. The new record 0 says that the log was opened; the old record N, counted
from 1, is the new record N, its line as it was, byte by byte, with `"schema":1` in it and neither `index` nor `logged`.
Its entry holds the line for those who may read everything, and nothing for any port: nobody had promised the ports a
view of it, and what was never hidden by a salt cannot be shown to be complete. The tree proves such records from the
day of the migration on; before it, nothing did but the file.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping

from gateway.adapters.audit_storage import TABLES, OpenDecision, Run, Turn
from gateway.adapters.audit_writing import now, write
from gateway.audit.growth import Row
from gateway.audit.record import ServiceRecord
from gateway.audit.views import SEED_BYTES, entry
from gateway.errors import AuditUnavailable

ROWS_AT_ONCE = 500
Migration = Callable[[Run, str, tuple[str, ...]], None]
"""(run, the log's origin, its ports): makes one version the next."""


def tables_made(run: Run, origin: str, ports: tuple[str, ...]) -> Turn:
    """Make the tables of an empty log."""
    for text in TABLES.split(";"):
        if text.strip():
            run(text)
    run("INSERT INTO head (size, peaks, logged) VALUES (0, ?, '')", b"")
    turn = Turn(run)
    turn.put_meta("origin", origin)
    turn.put_meta("ports", ",".join(ports))
    return turn


def _lines_become_leaves(run: Run, origin: str, ports: tuple[str, ...]) -> None:
    """From version 1 to version 2."""
    for name in ("records_by_query", "records_by_partner"):
        run(f"DROP INDEX {name}")
    run("DROP TABLE probes")
    for name in ("records", "open_decisions"):
        run(f"ALTER TABLE {name} RENAME TO old_{name}")
    turn = tables_made(run, origin, ports)
    write(turn, ServiceRecord("", now(), "opened", "portgate", "migrated from schema 1", ports, origin), "portgate")
    logged = turn.logged
    some = "SELECT idx, digest, line FROM old_records WHERE idx >= ? ORDER BY idx LIMIT ?"
    while found := run(some, turn.frontier.size, ROWS_AT_ONCE):
        for index, digest, line in found:
            if index != turn.frontier.size or hashlib.sha256(line).hexdigest() != digest:
                raise AuditUnavailable(
                    f"record {turn.frontier.size} of the log is damaged or missing, so it cannot be migrated",
                    hint="Keep the file, and let the gateway begin a new one.",
                )
            seed = os.urandom(SEED_BYTES)
            turn.append(Row(index, seed, bytes(line), entry(seed, bytes(line), {}, ports)), logged)
    for index, query in run("SELECT idx, query FROM old_open_decisions ORDER BY idx"):
        turn.open_decision(OpenDecision(index, query, "portgate", ()))
    for name in ("records", "open_decisions"):
        run(f"DROP TABLE old_{name}")
    turn.put_head()


MIGRATIONS: Mapping[int, Migration] = {1: _lines_become_leaves}
"""Version -> what makes the next one of it."""
