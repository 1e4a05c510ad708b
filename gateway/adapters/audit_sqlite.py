"""The audit log in one SQLite file: a write-ahead log, fsynced at each commit.

*Invariants*
- A lock file keeps a second gateway out.
- A file that was moved, replaced or made read-only is a fault, for root too, who could write it all the same.
- A fault of the disk itself is AuditLost.
- Whatever a write-ahead log left behind holds was written anew and fsynced before a record is put on top of it: after
  a fault of the disk its pages may be readable and yet be nowhere but in memory.
- The write-ahead log is folded into the file by us, so that a disk that fails then is heard of.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import apsw

from gateway.adapters.audit_migration import MIGRATIONS, tables_made
from gateway.adapters.audit_storage import SCHEMA, AuditLost, Reader, Storage, Turn
from gateway.adapters.durable_files import make_private, sync_directory
from gateway.errors import AuditUnavailable

T = TypeVar("T")
BUSY_MILLISECONDS = 2_000
FOLD_PAGES = 1_000
"""After how many more pages the write-ahead log is folded into the file."""
CHUNK_BYTES = 1 << 16
"""What is read and written at once; SQLite takes less than 128 KiB."""
_HINT = "Nothing is answered while the audit log cannot be written; the gateway tries again by itself."
_LOST = "The gateway has stopped. Look at the disk, then start it: what was acknowledged before is in the log."


class SqliteStorage(Storage):
    """The log in a file of this machine."""

    _faulty = (apsw.Error, OSError)

    def __init__(self, file: Path, origin: str, ports: tuple[str, ...], vfs: str | None = None) -> None:
        """Open or make the file; raises AuditUnavailable. `vfs` is SQLite's own word for how it reaches the disk."""
        self._file, self._origin, self._ports, self._vfs = file, origin, ports, vfs
        self._database: apsw.Connection | None = None
        self._lock: int | None = None
        self._opened: dict[Path, tuple[int, int]] = {}
        self._pages = self._folded = 0
        """How many pages the write-ahead log has, and how many it had when it was last folded."""
        try:
            self._open()
        except AuditUnavailable:
            self.close()
            raise

    def commit(self, write: Callable[[Turn], T]) -> T:
        """Have something written in one turn, durable on return."""
        with self._faults():
            database = self._checked()
            database.execute("BEGIN IMMEDIATE")
            turn = Turn(_runs(database))
            done = write(turn)
            turn.put_head()
            database.execute("COMMIT")
            self._size = turn.frontier.size
            self._fold(database)
            return done

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reader]:
        """Open the log to be read, as it is now."""
        with reading(self._file) as reader:
            yield reader

    def probe(self) -> None:
        """Check that the file is still there to be written; a closed one is opened again."""
        with self._faults():
            if self._database is None:
                self._open()
            else:
                self._check_files()

    def close(self) -> None:
        """Close the file and give up the lock."""
        self._let_go()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    # --- opening ----------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        with self._faults():
            self._check_not_lost()
            self._file.parent.mkdir(parents=True, exist_ok=True)
            if self._lock is None:
                self._lock = _take_lock(self._file)
            make_private(self._file)
            _check_writable(self._file, self._file.stat())
            self._write_anew(self._file.with_name(self._file.name + "-wal"))
            self._database = apsw.Connection(str(self._file), vfs=self._vfs)
            self._prepare(self._database)

    def _prepare(self, database: apsw.Connection) -> None:
        database.set_busy_timeout(BUSY_MILLISECONDS)
        if database.execute("PRAGMA journal_mode = WAL").fetchall() != [("wal",)]:
            _unavailable(f"{self._file.name} cannot be used with a write-ahead log")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone stops at the disk's cache
        database.execute("PRAGMA secure_delete = ON")  # what is pruned is gone
        database.wal_autocheckpoint(0)
        database.set_wal_hook(self._note_pages)
        self._migrate(database)
        database.execute("BEGIN IMMEDIATE")
        self._make_tables(database)
        size = Turn(_runs(database)).frontier.size
        database.execute("COMMIT")
        self._take_size(size)
        sync_directory(self._file.parent)
        files = (self._file, self._file.with_name(self._file.name + "-wal"))
        self._opened = {file: _identity(file.stat()) for file in files}

    def _write_anew(self, wal: Path) -> None:
        """Write what was left behind over itself, so that all of it is fsynced; who reads beside sees no difference."""
        if not wal.exists() or not wal.stat().st_size:
            return
        file = apsw.VFSFile(self._vfs or "", str(wal), [apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_READWRITE, 0])
        try:
            for at in range(0, size := file.xFileSize(), CHUNK_BYTES):
                file.xWrite(file.xRead(min(CHUNK_BYTES, size - at), at), at)
            file.xSync(apsw.SQLITE_SYNC_FULL)
        finally:
            file.xClose()

    def _note_pages(self, database: apsw.Connection, name: str, pages: int) -> int:
        if pages < self._pages:  # it was begun anew
            self._folded = 0
        self._pages = pages
        return apsw.SQLITE_OK

    def _fold(self, database: apsw.Connection) -> None:
        """Fold the write-ahead log into the file once it has grown; readers may keep it from being begun anew."""
        if self._pages - self._folded >= FOLD_PAGES:
            self._folded = self._pages
            database.wal_checkpoint(mode=apsw.SQLITE_CHECKPOINT_PASSIVE)

    def _migrate(self, database: apsw.Connection) -> None:
        """Make tables of an older version those of this one; the file as it was stays beside, under its version."""
        while 0 < (version := _version(database)) < SCHEMA:
            _copy(database, self._file.with_name(f"{self._file.name}.schema-{version}"))
            database.execute("BEGIN IMMEDIATE")
            MIGRATIONS[version](_runs(database), self._origin, self._ports)
            database.execute(f"PRAGMA user_version = {version + 1}")
            database.execute("COMMIT")

    def _make_tables(self, database: apsw.Connection) -> None:
        version = _version(database)
        if version == SCHEMA:
            self._check_log(Reader(_runs(database)))
            database.execute("UPDATE head SET size = size")  # a write proves that it can be written
        elif version:
            _unavailable(f"{self._file.name} holds tables of another version, which this gateway cannot read")
        else:
            tables_made(_runs(database), self._origin, self._ports)
            database.execute(f"PRAGMA user_version = {SCHEMA}")

    def _check_log(self, reader: Reader) -> None:
        if reader.meta("origin") != self._origin:
            _unavailable(f"{self._file.name} is the log {reader.meta('origin')}, and audit.origin says {self._origin}")

    # --- faults -----------------------------------------------------------------------------------------------------

    def _told(self, error: Exception) -> AuditUnavailable:
        if isinstance(error, apsw.IOError):
            return AuditLost(f"the disk under {self._file.name} failed: {error}", hint=_LOST)
        return fault(self._file, error)

    def _let_go(self) -> None:
        if self._database is not None:
            with contextlib.suppress(apsw.Error):  # it failed already, and that is what is reported
                self._database.close(True)
        self._database = None

    def _checked(self) -> apsw.Connection:
        self._check_not_lost()
        if self._database is None:
            _unavailable("the audit log was closed after a fault and is not open yet")
        self._check_files()
        return self._database

    def _check_files(self) -> None:
        for file, identity in self._opened.items():
            found = file.stat()
            if _identity(found) != identity:
                _unavailable(f"{file.name} is no longer the file that was opened")
            _check_writable(file, found)


@contextlib.contextmanager
def reading(file: Path) -> Iterator[Reader]:
    """Open a log's file to be read, as it is now, beside a running gateway; raises AuditUnavailable."""
    if not file.exists():
        _unavailable(f"there is no audit log at {file}")
    try:
        database = apsw.Connection(str(file), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            database.set_busy_timeout(BUSY_MILLISECONDS)
            if database.execute("PRAGMA user_version").fetchall() != [(SCHEMA,)]:
                _unavailable(f"{file.name} is no audit log that this version can read")
            database.execute("BEGIN")
            yield Reader(_runs(database))
        finally:
            database.close(True)
    except apsw.Error as error:
        raise fault(file, error) from error


def _version(database: apsw.Connection) -> int:
    """Return the version of the tables; 0 if there are none."""
    version = int(database.pragma("user_version"))
    names = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if version or not names:
        return version
    return 1 if names >= _FIRST_TABLES else -1


_FIRST_TABLES = {"records", "open_decisions", "probes"}
"""Of version 1, which did not say its number."""


def _copy(database: apsw.Connection, into: Path) -> None:
    """Copy the file, with what its write-ahead log holds; a copy that was not finished is made anew."""
    half = into.with_name(into.name + ".half")
    half.unlink(missing_ok=True)
    make_private(half)
    copy = apsw.Connection(str(half))
    try:
        with copy.backup("main", database, "main") as backup:
            backup.step(-1)
        copy.execute("PRAGMA journal_mode = DELETE")
    finally:
        copy.close(True)
    descriptor = os.open(half, os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    half.replace(into)
    sync_directory(into.parent)


def _runs(database: apsw.Connection) -> Callable[..., list[tuple[Any, ...]]]:
    return lambda text, *values: database.execute(text, values).fetchall()


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


def _check_writable(file: Path, found: os.stat_result) -> None:
    if not found.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        _unavailable(f"{file.name} is read-only")


def _identity(found: os.stat_result) -> tuple[int, int]:
    return found.st_dev, found.st_ino


def _unavailable(message: str) -> NoReturn:
    raise AuditUnavailable(message, hint=_HINT)


def fault(file: Path, error: Exception) -> AuditUnavailable:
    """Say what happened in words fit for a partner: no folder of ours is in them."""
    told = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return AuditUnavailable(f"{file.name} cannot be used: {told}", hint=_HINT)
