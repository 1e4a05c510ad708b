"""Tables of an older version -> tables of the next one: each step is one transaction, and a copy is kept before it.

From 1 to 2: a list of lines becomes a tree. The new record 0 says that the log was opened; the old record N, counted
from 1, is the new record N. Its members are those that it had, and beside them what each record of version 2 has: its
`index`; as `logged` the moment of the migration, for from then on the tree proves that it was there, and before nothing
did but the file; and no port among `concerns`: nobody had promised the ports a view of it, and what was never hidden
by a salt cannot be shown to be complete. Without these three it is, byte by byte, the line that the copy of the file
holds; of a refusal, three members are left out besides, which no gateway has ever filled.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping

import orjson

from gateway.adapters.audit_storage import TABLES, OpenDecision, Run, Turn
from gateway.adapters.audit_writing import now, write
from gateway.audit.canonical import canonical
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
    logged, last = turn.logged, 0
    some = "SELECT idx, digest, line FROM old_records WHERE idx >= ? ORDER BY idx LIMIT ?"
    while found := run(some, turn.frontier.size, ROWS_AT_ONCE):
        for index, digest, line in found:
            if index != turn.frontier.size or hashlib.sha256(line).hexdigest() != digest:
                raise AuditUnavailable(
                    f"record {turn.frontier.size} of the log is damaged or missing, so it cannot be migrated",
                    hint="Keep the file, and let the gateway begin a new one.",
                )
            turn.append(_leaf(index, bytes(line), logged, ports), logged)
            last = index
    for index, query in run("SELECT idx, query FROM old_open_decisions ORDER BY idx"):
        turn.open_decision(OpenDecision(index, query, "portgate", ()))
    for name in ("records", "open_decisions"):
        run(f"DROP TABLE old_{name}")
    turn.put_meta("migrated", str(last))
    turn.put_head()


_NEVER_FILLED = {"tables", "revisions", "decision"}


def _leaf(index: int, line: bytes, logged: str, ports: tuple[str, ...]) -> Row:
    # version 1 wrote half a surrogate pair as JSON's escape; no text has it now
    plain = json.dumps(json.loads(line), ensure_ascii=False).encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    old = orjson.loads(plain)
    if old["kind"] == "refusal":
        old = {name: value for name, value in old.items() if name not in _NEVER_FILLED}
    members = {**old, "schema": 2, "index": index, "logged": logged, "concerns": []}
    new, seed = canonical(members), os.urandom(SEED_BYTES)
    return Row(index, seed, new, entry(seed, new, members, ports))


MIGRATIONS: Mapping[int, Migration] = {1: _lines_become_leaves}
"""Version -> what makes the next one of it."""
