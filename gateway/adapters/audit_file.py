"""Audit records -> rows of one SQLite file, durable when `commit` returns.

*Invariants*
- A commit is fsynced before it returns (WAL, synchronous=FULL); indexes start at 1 and have no gaps.
- A lock file keeps a second gateway out.
- A file that was moved, replaced or made read-only is a fault, for root too, who could write it all the same.
- After a fault the file is closed, and only `reopen` opens it again: nothing is retried on a handle that failed.
- A decision that nobody will write an outcome for gets one, `interrupted`, when the file is opened.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import sqlite3
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from gateway.audit.record import (
    KINDS,
    AlarmRecord,
    DecisionRecord,
    OutcomeRecord,
    PublicationRecord,
    Receipt,
    Record,
    digest,
    encode,
)
from gateway.errors import AuditUnavailable, Broken

BUSY_TIMEOUT_SECONDS = 2.0

_TABLES = """
CREATE TABLE IF NOT EXISTS records (
    idx INTEGER PRIMARY KEY, digest TEXT NOT NULL, kind TEXT NOT NULL, query TEXT NOT NULL,
    partner TEXT NOT NULL, time TEXT NOT NULL, line BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_query ON records (query);
CREATE INDEX IF NOT EXISTS records_by_partner ON records (partner, idx);
CREATE TABLE IF NOT EXISTS open_decisions (idx INTEGER PRIMARY KEY, query TEXT NOT NULL, partner TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS probes (id INTEGER PRIMARY KEY, time TEXT NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the log holds it."""

    index: int
    digest: str
    partner: str
    record: dict[str, object]


class AuditFile:
    """The audit log's file, for one thread at a time."""

    def __init__(self, file: Path) -> None:
        """Open or make the file; raises AuditUnavailable."""
        self._file = file
        self._database: sqlite3.Connection | None = None
        self._lock: int | None = None
        self._opened: dict[Path, tuple[int, int]] = {}
        self._last_index = 0
        self._live: set[int] = set()
        """Decisions this process was told are durable, and whose outcome was not offered yet."""
        try:
            self.reopen()
        except AuditUnavailable:
            self.close()
            raise

    def commit(self, records: Sequence[tuple[Record, bytes]]) -> list[Receipt | Broken]:
        """Write records with their lines together; an outcome without an open decision is answered with Broken."""
        outcomes = {record.decision_index for record, _ in records if isinstance(record, OutcomeRecord)}
        self._live -= outcomes
        try:
            answers = self._write(records)
        except (sqlite3.Error, OSError) as error:
            self._let_go()
            raise _fault(self._file, error) from error
        except AuditUnavailable:
            self._let_go()
            raise
        pairs = zip(records, answers, strict=True)
        self._live |= {a.index for (r, _), a in pairs if isinstance(r, DecisionRecord) and isinstance(a, Receipt)}
        return answers

    def probe(self) -> None:
        """Check that the file is still there to be written; a closed one is reopened. Raises AuditUnavailable."""
        try:
            if self._database is None:
                self.reopen()
            else:
                self._check_files()
        except OSError as error:
            self._let_go()
            raise _fault(self._file, error) from error
        except AuditUnavailable:
            self._let_go()
            raise

    def reopen(self) -> None:
        """Open the file, prove by a write that it can be written, and close what nobody else will close."""
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = _take_lock(self._file)
            _make_private(self._file)
            _check_writable(self._file, self._file.stat())
            # the writer thread takes over from the thread that opens
            self._database = sqlite3.connect(
                self._file, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._prepare(self._database)
        except (sqlite3.Error, OSError) as error:
            raise _fault(self._file, error) from error

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._let_go()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _let_go(self) -> None:
        if self._database is not None:
            with contextlib.suppress(sqlite3.Error):  # it failed already, and that is what is reported
                self._database.close()
        self._database = None

    def _prepare(self, database: sqlite3.Connection) -> None:
        if database.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            _unavailable(f"{self._file.name} cannot be used with a write-ahead log")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the disk's cache
        database.executescript(_TABLES)
        database.execute("INSERT OR REPLACE INTO probes VALUES (1, ?)", (now(),))
        _sync_directory(self._file.parent)
        files = (self._file, self._file.with_name(self._file.name + "-wal"))
        self._opened = {file: _identity(file.stat()) for file in files}
        last_index = int(database.execute("SELECT coalesce(max(idx), 0) FROM records").fetchone()[0])
        if last_index < self._last_index:
            _unavailable(f"{self._file.name} lost records: it ends at {last_index}, but {self._last_index} was written")
        self._last_index = last_index
        self._interrupt_orphans(database)

    def _interrupt_orphans(self, database: sqlite3.Connection) -> None:
        found = database.execute("SELECT idx, query FROM open_decisions ORDER BY idx").fetchall()
        orphans = [(index, query) for index, query in found if index not in self._live]
        if orphans:
            outcomes = [OutcomeRecord(query, now(), index, "interrupted") for index, query in orphans]
            self._write([(outcome, encode(outcome)) for outcome in outcomes])

    def _write(self, records: Sequence[tuple[Record, bytes]]) -> list[Receipt | Broken]:
        if self._database is None:
            _unavailable("the audit log was closed after a fault and is not open yet")
        self._check_files()
        self._database.execute("BEGIN IMMEDIATE")
        answers: list[Receipt | Broken] = []
        last_index = self._last_index
        for record, line in records:
            answer = _insert(self._database, last_index + 1, record, line)
            last_index += isinstance(answer, Receipt)
            answers.append(answer)
        self._database.execute("COMMIT")
        self._last_index = last_index
        return answers

    def _check_files(self) -> None:
        for file, identity in self._opened.items():
            found = file.stat()
            if _identity(found) != identity:
                _unavailable(f"{file.name} is no longer the file that was opened")
            _check_writable(file, found)


def read_log(file: Path, limit: int = 100, *, partner: str = "", query: str = "", kind: str = "") -> list[Entry]:
    """Return the newest records first, of one partner, query or kind if given; works beside a running gateway."""
    wanted = {"partner": partner, "query": query, "kind": kind}
    filters = [f"{column} = :{column}" for column, value in wanted.items() if value]
    where = f"WHERE {' AND '.join(filters)}" if filters else ""
    text = f"SELECT idx, digest, partner, line FROM records {where} ORDER BY idx DESC LIMIT :limit"  # noqa: S608
    if not file.exists():
        _unavailable(f"there is no audit log at {file}")
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            rows = database.execute(text, {**wanted, "limit": limit}).fetchall()
    except sqlite3.Error as error:
        raise _fault(file, error) from error
    return [Entry(index, stored, asker, json.loads(line)) for index, stored, asker, line in rows]


def read_questions(file: Path, since: str = "") -> Iterator[tuple[int, bytes]]:
    """Yield the line of each query's first decision or its refusal, oldest first, with how many records there are.

    `since` is a moment as records hold it, or the beginning of one. Works beside a running gateway.
    """
    if not file.exists():
        _unavailable(f"there is no audit log at {file}")
    which = "kind IN ('decision', 'refusal') AND time >= ?"
    try:
        with contextlib.closing(sqlite3.connect(f"{file.absolute().as_uri()}?mode=ro", uri=True)) as database:
            total = int(database.execute(f"SELECT count(*) FROM records WHERE {which}", (since,)).fetchone()[0])  # noqa: S608
            seen: set[str] = set()
            for query, line in database.execute(
                f"SELECT query, line FROM records WHERE {which} ORDER BY idx",  # noqa: S608
                (since,),
            ):
                if query not in seen:
                    seen.add(query)
                    yield total, line
    except sqlite3.Error as error:
        raise _fault(file, error) from error


def now() -> str:
    """Return the time in UTC, as `2026-11-22T16:45:06.123Z`."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _insert(database: sqlite3.Connection, index: int, record: Record, line: bytes) -> Receipt | Broken:
    if isinstance(record, OutcomeRecord):
        decision = (record.decision_index, record.query)
        found = database.execute(
            "DELETE FROM open_decisions WHERE idx = ? AND query = ? RETURNING partner", decision
        ).fetchall()
        if not found:
            return Broken(f"decision {record.decision_index} is not open: it has an outcome, or was never made")
        kind, partner = "outcome", str(found[0][0])
    elif isinstance(record, DecisionRecord):
        kind, partner = "decision", record.partner.id
        database.execute("INSERT INTO open_decisions VALUES (?, ?, ?)", (index, record.query, partner))
    elif isinstance(record, AlarmRecord | PublicationRecord):
        kind, partner = KINDS[type(record)], record.user.rpartition("#")[0]
    else:
        kind, partner = "refusal", record.partner.id
    receipt = Receipt(index, digest(line))
    database.execute(
        "INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)",
        (index, receipt.digest, kind, record.query, partner, record.time, line),
    )
    return receipt


def _take_lock(file: Path) -> int:
    """Hold a lock that the system lets go of when this process dies, however it dies."""
    descriptor = os.open(file.with_name(file.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise AuditUnavailable(
            f"another gateway writes {file}", hint="Stop it first, or give this one its own audit.file."
        ) from None
    return descriptor


def _make_private(file: Path) -> None:
    """Make the file if there is none, for its owner only: it holds every partner's questions."""
    if not file.exists():
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))


def _check_writable(file: Path, found: os.stat_result) -> None:
    if not found.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        _unavailable(f"{file.name} is read-only")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _sync_directory(directory: Path) -> None:
    """Make the names of new files durable too."""
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


_HINT = "Nothing is answered while the audit log cannot be written; the gateway tries again by itself."


def _unavailable(message: str) -> NoReturn:
    raise AuditUnavailable(message, hint=_HINT)


def _fault(file: Path, error: Exception) -> AuditUnavailable:
    """Say what happened in words fit for a partner: no folder of ours is in them."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return AuditUnavailable(f"{file.name} cannot be used: {told}", hint=_HINT)
