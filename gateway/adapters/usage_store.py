"""What each organisation has had of agreements with limits, day by day -> rows of one SQLite file.

*Invariants*
- What was counted is on disk (WAL, synchronous=FULL) before `reserve` and `add_bytes` return: a crash forgets nothing.
- One transaction looks at the limits of all agreements and counts in all of them, or in none; of two queries before the
  last place one gets it, in two processes too.
- Days before yesterday are forgotten.
- A file that cannot be written, or is not the one that was opened, raises Unavailable; the next call opens it anew.
"""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
import stat
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from pathlib import Path
from typing import TypeVar

from gateway.adapters.durable_files import make_private, sync_directory
from gateway.errors import Unavailable
from gateway.model import Limited, Spent

T = TypeVar("T")

BUSY_TIMEOUT_SECONDS = 2.0

_TABLES = """
CREATE TABLE IF NOT EXISTS spent (
    day TEXT NOT NULL, organisation TEXT NOT NULL, port TEXT NOT NULL, agreement TEXT NOT NULL,
    queries INTEGER NOT NULL, bytes INTEGER NOT NULL,
    PRIMARY KEY (day, organisation, port, agreement)
) WITHOUT ROWID;
"""
_READ = "SELECT queries, bytes FROM spent WHERE (day, organisation, port, agreement) = (?, ?, ?, ?)"
_WRITE = """
INSERT INTO spent VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET queries = queries + excluded.queries, bytes = bytes + excluded.bytes
"""


class SqliteUsageStore:
    """The counters of one gateway; any number of tasks may ask, one thread works on the file."""

    def __init__(self, file: Path) -> None:
        """Open or make the file; raises Unavailable."""
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._opened = (0, 0)
        self._forgot_before = ""
        self._thread = ThreadPoolExecutor(1, "usage-writer")
        try:
            self._thread.submit(self._safely, lambda database: None).result()
        except Unavailable:
            self._thread.shutdown()
            raise

    async def spent(self, organisation: str, day: str) -> Mapping[str, Mapping[str, Spent]]:
        """Port -> agreement -> what was counted on `day`."""
        return await self._run(lambda database: _spent(database, organisation, day))

    async def reserve(self, organisation: str, day: str, limited: Sequence[Limited]) -> Limited | None:
        """Count one query in all of `limited`, or in none: then the one that is used up comes back."""
        return await self._run(lambda database: self._take(database, organisation, day, limited, Spent(1, 0)))

    async def add_bytes(self, organisation: str, day: str, limited: Sequence[Limited], size: int) -> Limited | None:
        """Count bytes in all of `limited`, or in none: then the one that has too few left comes back."""
        return await self._run(lambda database: self._take(database, organisation, day, limited, Spent(0, size)))

    async def probe(self) -> None:
        """Check that the file can be written; raises Unavailable."""
        await self._run(lambda database: None)

    def close(self) -> None:
        """Let go of the file."""
        self._thread.submit(self._let_go)
        self._thread.shutdown()

    # --- on the one thread ------------------------------------------------------------------------------------------

    async def _run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._safely, work)

    def _safely(self, work: Callable[[sqlite3.Connection], T]) -> T:
        try:
            return work(self._open())
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            hint = "Nothing is answered while usage cannot be counted; the gateway tries again by itself."
            raise Unavailable(f"{self._file.name} cannot be used: {told}", hint=hint) from error

    def _open(self) -> sqlite3.Connection:
        if self._database is None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            make_private(self._file)
            self._database = sqlite3.connect(
                self._file, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._opened = _identity(self._file)
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")
            self._database.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the disk's cache
            self._database.executescript(_TABLES)
            sync_directory(self._file.parent)
        if _identity(self._file) != self._opened:
            raise OSError(0, "it is no longer the file that was opened")
        return self._database

    def _let_go(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):  # it failed already, and that is what is reported
                self._database.close()
        self._database = None

    def _take(
        self, database: sqlite3.Connection, organisation: str, day: str, limited: Sequence[Limited], more: Spent
    ) -> Limited | None:
        database.execute("BEGIN IMMEDIATE")
        for one in limited:
            row = database.execute(_READ, (day, organisation, one.port, one.agreement)).fetchone()
            if _goes_beyond(one, Spent(*row) if row else Spent(), more):
                database.execute("ROLLBACK")
                return one
        keys = [(day, organisation, one.port, one.agreement, more.queries, more.bytes) for one in limited]
        database.executemany(_WRITE, keys)
        self._forget(database, day)
        database.execute("COMMIT")
        return None

    def _forget(self, database: sqlite3.Connection, day: str) -> None:
        yesterday = (date.fromisoformat(day) - timedelta(days=1)).isoformat()
        if yesterday > self._forgot_before:
            database.execute("DELETE FROM spent WHERE day < ?", (yesterday,))
            self._forgot_before = yesterday


def _spent(database: sqlite3.Connection, organisation: str, day: str) -> Mapping[str, Mapping[str, Spent]]:
    found: dict[str, dict[str, Spent]] = {}
    text = "SELECT port, agreement, queries, bytes FROM spent WHERE day = ? AND organisation = ?"
    for port, agreement, queries, size in database.execute(text, (day, organisation)):
        found.setdefault(port, {})[agreement] = Spent(queries, size)
    return found


def _goes_beyond(limited: Limited, had: Spent, more: Spent) -> bool:
    """Say whether a limit would be passed; a query that starts needs room for one byte at least."""
    queries, size = limited.limits.queries_a_day, limited.limits.bytes_a_day
    too_often = queries is not None and more.queries > 0 and had.queries + more.queries > queries
    too_much = size is not None and had.bytes + max(more.bytes, more.queries) > size
    return too_often or too_much


def _identity(file: Path) -> tuple[int, int]:
    """Tell one file from another; a read-only one is a fault for root too, who could write it all the same."""
    found = file.stat()
    if not found.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise OSError(0, "it is read-only")
    return found.st_dev, found.st_ino
