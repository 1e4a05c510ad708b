"""The search index of an audit log: derived from it, in a file of its own, and made by a thread that follows the log.

Each record is a document of marks and words (see gateway.log_search) in an FTS5 table that keeps no text. The index
proposes records, and each is then looked at in the log itself: nothing is shown because the index says so.

*Invariants*
- Only the index's thread writes the file; a search looks at the newest records, which the index does not have yet, in
  the log itself, so it answers for what the log held when it began.
- An index that is damaged, of another version or of another log is thrown away and made anew; it is of this log if the
  log has the same leaf at the index's last record.
- The log is read through `Storage.reading`, beside its writer, a batch at a time; the thread rests again and again, and
  longer while records are appended, for they go first.
- Of a record that was pruned the index keeps nothing.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import apsw

from gateway.adapters.audit_reading import UNREADABLE, Looking, decision_at, members_of, scan
from gateway.adapters.audit_storage import Reader, Storage
from gateway.audit.canonical import Members
from gateway.audit.growth import Row
from gateway.errors import AuditUnavailable, TooMany
from gateway.log_search import (
    OF_A_PORT,
    OWN_KINDS,
    Asker,
    Entry,
    Found,
    Marks,
    Needed,
    Scope,
    Shown,
    Wanted,
    asked_marks,
    asker_of,
    mark,
    needed,
    own_marks,
)

T = TypeVar("T")

SCHEMA = 1
"""The version of the index: another one is made anew."""
BATCH = 1_000
POLL_SECONDS = 0.5
SLICE = 25
"""After how many records the thread rests, so that whoever else is in this process comes to work."""
REST_SHARE, BUSY_SHARE = 0.1, 3.0
"""How long it rests, as a share of the time it has worked: appends go first, so it rests long while the log grows."""
BUSY_SECONDS = 2.0
MOST_UNINDEXED = 4_000
"""How many records a search looks at in the log itself; if the index is further behind, the search waits for it."""
WAIT_SECONDS = 10.0
AFTER_FAULT_SECONDS = 5.0
SEARCHES_AT_ONCE, MOST_WAITING = 4, 64
WATCHES_AT_ONCE = 2
KEPT_DECISIONS = 4_000
MOMENT_EACH = 256
"""For each how manieth record the index knows when it was written."""
SWEEP = 500
"""How many records are looked at, each time there is nothing else to do, for whether they were pruned."""
MERGE_PAGES = 200
MOST_OF_A_QUERY = 200
"""How many records of its query are shown beside one."""
BUSY_MILLISECONDS = 5_000

_SCOPE = "scope"
_TABLES = """
CREATE TABLE facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE moments (idx INTEGER PRIMARY KEY, logged TEXT NOT NULL);
CREATE VIRTUAL TABLE found USING fts5(
    marks, words, content = '', contentless_delete = 1, tokenize = 'ascii'
);
INSERT INTO found (found, rank) VALUES ('hashsize', 8388608);
"""
_log = logging.getLogger("portgate.audit")


class AuditIndex:
    """Searches a log; any number of tasks may ask."""

    def __init__(self, storage: Storage, file: Path) -> None:
        self._storage, self._file = storage, file
        self._stop = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self._searches = ThreadPoolExecutor(SEARCHES_AT_ONCE, "audit-search")
        self._watches = ThreadPoolExecutor(WATCHES_AT_ONCE, "audit-watch")
        self._waiting = 0

    def start(self) -> None:
        """Begin to follow the log."""
        self._thread = threading.Thread(target=self._follow, name="audit-index", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop following it."""
        self._stop.set()
        self._wake.set()
        self._searches.shutdown(wait=False, cancel_futures=True)
        self._watches.shutdown(wait=False, cancel_futures=True)
        if self._thread is not None:
            self._thread.join()

    async def search(self, scope: Scope, wanted: Wanted, limit: int, before: int | None = None) -> Found:
        """Find the newest records that are wanted; raises AuditUnavailable, TooMany."""
        return await self._in_turn(lambda: self._search(scope, wanted, limit, before))

    async def show(self, scope: Scope, index: int) -> Shown | None:
        """Return one record; None if there is none, or none that the reader may see.

        Of one that was pruned or spoilt an auditor is shown that there is one. Raises AuditUnavailable, TooMany.
        """
        return await self._in_turn(lambda: self._show(scope, index))

    async def size(self) -> int:
        """Return how many records the log has; raises AuditUnavailable."""

        def look() -> int:
            with self._storage.reading() as log:
                return log.size()

        return await asyncio.get_running_loop().run_in_executor(self._watches, look)

    async def newer(self, scope: Scope, wanted: Wanted, start: int, most: int) -> tuple[Sequence[Entry], int]:
        """Return the records that are wanted among the next ones from `start`, the oldest first, and how far it looked;
        raises AuditUnavailable."""

        def look() -> tuple[Sequence[Entry], int]:
            with self._storage.reading() as log:
                high = min(log.size(), start + most)
                return list(scan(Looking(log, scope), wanted, start, high))[::-1], max(start, high)

        return await asyncio.get_running_loop().run_in_executor(self._watches, look)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise TooMany("too many searches of the log wait already", hint="Try again in a few seconds.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._searches, work)
        finally:
            self._waiting -= 1

    # --- searching --------------------------------------------------------------------------------------------------

    def _search(self, scope: Scope, wanted: Wanted, limit: int, before: int | None) -> Found:
        must = needed(wanted, scope)
        if must is None:
            return Found((), None)
        entries: list[Entry] = []
        with self._both() as (index, log):
            high = log.size() if before is None else min(before, log.size())
            for entry in self._entries(Looking(log, scope), index, wanted, must, high):
                if len(entries) == limit:
                    return Found(entries, entries[-1].index)
                entries.append(entry)
        return Found(entries, None)

    def _entries(
        self, looking: Looking, index: _Index | None, wanted: Wanted, must: Needed, high: int
    ) -> Iterator[Entry]:
        """Yield what is wanted below `high`: first of what the index does not have, then of what it proposes."""
        indexed = index.size if index else 0
        yield from scan(looking, wanted, indexed, high)
        if index is None:
            return
        for at in index.proposed(looking.scope, wanted, must, min(high, indexed)):
            row = looking.reader.row(at)
            if row is not None and (entry := looking.entry(row, wanted, must)) is not None:
                yield entry

    def _show(self, scope: Scope, index: int) -> Shown | None:
        with self._storage.reading() as log:
            shown = Looking(log, scope).shown(index)
        query = shown.entry.record.get("query") if shown is not None else ""
        if shown is None or not query:
            return shown
        return shown.beside(self._search(scope, Wanted(query=query), MOST_OF_A_QUERY, None).entries)

    @contextlib.contextmanager
    def _both(self) -> Iterator[tuple[_Index | None, Reader]]:
        """Open the index and the log, once the index lacks few of the log's records; None for an index of no use."""
        until = time.monotonic() + WAIT_SECONDS
        while True:
            with _opened(self._file) as found, self._storage.reading() as log:
                index = found if found is not None and _is_of(log, found.size, found.leaf) else None
                has, size = index.size if index else 0, log.size()
                if size - has <= MOST_UNINDEXED:
                    yield index, log
                    return
            if time.monotonic() >= until or self._stop.is_set():
                raise AuditUnavailable(
                    f"the search index is being made: it has {has:,} of {size:,} records",
                    hint="Try again in a minute; the log itself is whole.",
                )
            self._wake.set()
            time.sleep(0.1)

    # --- following --------------------------------------------------------------------------------------------------

    def _follow(self) -> None:
        """The thread: follow the log until told to stop; whatever goes wrong is tried again."""
        while not self._stop.is_set():
            try:
                with Indexer(self._storage, self._file, self._rest) as indexer:
                    while not self._stop.is_set():
                        if not indexer.step():
                            self._wake.wait(POLL_SECONDS)
                            self._wake.clear()
            except (apsw.CorruptError, apsw.NotADBError, apsw.FullError) as error:
                _log.warning("the search index cannot be used and is made anew: %s", error)
                _throw_away(self._file)
            except (apsw.Error, OSError) as error:
                _log.warning("the search index cannot be written now: %s", error)
                self._stop.wait(AFTER_FAULT_SECONDS)
            except AuditUnavailable:
                pass  # the log's own writer says so
            except Exception as error:  # its text may hold a partner's words
                _log.error("the search index stands still for a moment: unforeseen %s", type(error).__name__)
                self._stop.wait(AFTER_FAULT_SECONDS)
            self._stop.wait(POLL_SECONDS)

    def _rest(self, worked: float, is_busy: bool) -> None:
        """Let others work after the thread has worked for so many seconds."""
        self._stop.wait(worked * (BUSY_SHARE if is_busy else REST_SHARE))


class Indexer:
    """Writes the index of a log, step by step; for one thread."""

    def __init__(self, storage: Storage, file: Path, rest: Callable[[float, bool], None] = lambda *_: None) -> None:
        """Open the index, or make one; raises apsw.Error, AuditUnavailable.

        `rest` is called again and again with the seconds that were worked, and with whether the log grows now.
        """
        self._storage, self._rest = storage, rest
        self._seen_size, self._grew_at = -1, time.monotonic()  # until it is known better, others may be at work
        self._decisions: OrderedDict[int, _Decision | None] = OrderedDict()
        self._floor = self._sweep = 0
        self._merge = 0
        """How many pages the next merge may write, and a negative number to begin with; 0 if there is nothing to do."""
        self._database = _connect(file, apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE)
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")  # it is derived: a lost turn is made again
            self._database.execute("PRAGMA secure_delete = ON")
            self._prepare()
        except BaseException:
            self._database.close(True)
            raise

    def __enter__(self) -> Indexer:
        return self

    def __exit__(self, *_: object) -> None:
        self._database.close(True)

    def step(self) -> bool:
        """Take in the next records; say whether there may be more to do at once. Raises apsw.Error, AuditUnavailable.

        With none to take in, look for pruned ones and make room.
        """
        with self._storage.reading() as log:
            size = log.size()
            if size > self._seen_size >= 0:
                self._grew_at = time.monotonic()
            self._seen_size = size
            done = self._checked(log)
            if done < size:
                self._take_in(log, done, min(size, done + BATCH))
                return True
            return self._forget_pruned(log, size)

    def run(self) -> int:
        """Take in all that there is, and return how many records that is."""
        while self.step():
            pass
        return self._size()

    def _prepare(self) -> None:
        [(version,)] = self._database.execute("PRAGMA user_version").fetchall()
        if version != SCHEMA:
            self._make_anew()

    def _make_anew(self) -> None:
        with self._database:
            for (name,) in self._database.execute(
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name IN ('facts', 'moments', 'found')"
            ).fetchall():
                self._database.execute(f"DROP TABLE {name}")
            self._database.execute(_TABLES)
            self._database.execute("INSERT INTO facts VALUES ('size', '0'), ('leaf', '')")
            self._database.execute(f"PRAGMA user_version = {SCHEMA}")
        self._floor = self._sweep = 0

    def _size(self) -> int:
        return int(_fact(self._database, "size"))

    def _checked(self, log: Reader) -> int:
        """Return how many records the index has, none if they are not this log's."""
        done = self._size()
        if done == 0:
            return 0
        if _is_of(log, done, _fact(self._database, "leaf")):
            return done
        _log.warning("the search index is of another log and is made anew")
        self._make_anew()
        self._decisions.clear()
        return 0

    def _take_in(self, log: Reader, low: int, high: int) -> None:
        documents: list[tuple[int, str, str]] = []
        moments: list[tuple[int, str]] = []
        last: Row | None = None
        began = time.monotonic()
        for last in log.rows(low, high):
            if last.index % SLICE == 0:
                self._rest(time.monotonic() - began, began - self._grew_at < BUSY_SECONDS)
                began = time.monotonic()
            with contextlib.suppress(*UNREADABLE):
                members = members_of(last.line)
                if last.index % MOMENT_EACH == 0:
                    moments.append((last.index, members["logged"]))
                documents += list(self._documents(log, last.index, members))
        if last is None:
            return
        with self._database:
            self._database.executemany("INSERT INTO moments VALUES (?, ?)", moments)
            self._database.executemany("INSERT INTO found (rowid, marks, words) VALUES (?, ?, ?)", documents)
            self._database.executemany(
                "UPDATE facts SET value = ? WHERE name = ?", [(str(last.index + 1), "size"), (last.leaf.hex(), "leaf")]
            )

    def _documents(self, log: Reader, index: int, members: Members) -> Iterator[tuple[int, str, str]]:
        """Yield what one record is found by: once for most readers, and once more for ports that it concerns and its
        query's decision does not, so that they find it by nothing of the decision."""
        decision = self._decision_of(log, index, members)
        own = own_marks(members)
        concerns = tuple(members["concerns"])
        if decision is None:
            found = own.and_those_of(asked_marks(members))
            yield _document(index * 2 + 1, found, _scopes(members, concerns, asker_of(members)))
            return
        known = tuple(port for port in concerns if port in decision.concerns)
        yield _document(index * 2 + 1, own.and_those_of(decision.marks), _scopes(members, known, decision.asker))
        if known != concerns:
            others = (_scope_mark("steward", port) for port in concerns if port not in known)
            yield _document(index * 2, own, others)

    def _decision_of(self, log: Reader, index: int, members: Members) -> _Decision | None:
        if members["kind"] == "decision":
            self._keep(index, _Decision.of(members))
            return None
        at = int(members.get("decision_index", 0))
        if not 0 < at < index:
            return None
        if at not in self._decisions:
            found = decision_at(log, at)
            self._keep(at, _Decision.of(found) if found is not None else None)
        decision = self._decisions[at]
        return decision if decision is not None and decision.query == members["query"] else None

    def _keep(self, index: int, decision: _Decision | None) -> None:
        self._decisions[index] = decision
        while len(self._decisions) > KEPT_DECISIONS:
            self._decisions.popitem(last=False)

    # --- forgetting -------------------------------------------------------------------------------------------------

    def _forget_pruned(self, log: Reader, size: int) -> bool:
        """Forget records that were pruned: the oldest at once, others when the sweep comes by; then squeeze their words
        out of the file. Say whether there may be more to do."""
        pruned = _pruned(log, self._floor, min(size, self._floor + SWEEP))
        if pruned and pruned[0] == self._floor:
            self._floor = next((a + 1 for a, b in itertools.pairwise(pruned) if b != a + 1), pruned[-1] + 1)
            self._forget(pruned)
            return True
        self._sweep = self._sweep if self._sweep < size else 0
        self._forget(_pruned(log, self._sweep, min(size, self._sweep + SWEEP)))
        self._sweep += SWEEP
        return self._squeeze() if self._merge else False

    def _forget(self, pruned: Sequence[int]) -> None:
        numbers = [(number,) for at in pruned for number in (at * 2, at * 2 + 1)]
        before = self._database.total_changes()
        with self._database:
            self._database.executemany("DELETE FROM found WHERE rowid = ?", numbers)
        if self._database.total_changes() > before:
            self._merge = -MERGE_PAGES

    def _squeeze(self) -> bool:
        """Merge a part of the index, which leaves out what was deleted; say whether there is more to merge."""
        before = self._database.total_changes()
        with self._database:
            self._database.execute("INSERT INTO found (found, rank) VALUES ('merge', ?)", (self._merge,))
        is_whole = self._merge > 0 and self._database.total_changes() - before < 2
        self._merge = 0 if is_whole else MERGE_PAGES
        return not is_whole


@dataclass(frozen=True, slots=True)
class _Decision:
    """What other records of its query take over from a decision."""

    query: str
    asker: Asker
    concerns: tuple[str, ...]
    marks: Marks

    @classmethod
    def of(cls, members: Members) -> _Decision:
        return cls(members["query"], asker_of(members), tuple(members["concerns"]), asked_marks(members))


@dataclass(frozen=True)
class _Index:
    """One state of the index."""

    database: apsw.Connection
    size: int
    """How many of the log's records it has."""
    leaf: str
    """Of the last of them."""

    def proposed(self, scope: Scope, wanted: Wanted, must: Needed, high: int) -> Iterator[int]:
        """Yield the indexes of the records below `high` that are to be looked at, the newest first."""
        low, high = self._between(wanted, high)
        found = self.database.execute(
            "SELECT rowid FROM found WHERE found MATCH ? AND rowid >= ? AND rowid < ? ORDER BY rowid DESC",
            (_match(scope, must), low * 2, high * 2),
        )
        for (number,) in found:
            yield int(number) // 2

    def _between(self, wanted: Wanted, high: int) -> tuple[int, int]:
        """Narrow the range to the moments that are wanted, and a few records more."""
        low = 0
        if wanted.since:
            low = self._moment("SELECT max(idx) FROM moments WHERE logged < ?", wanted.since, 0)
        if wanted.until:
            high = min(high, self._moment("SELECT min(idx) FROM moments WHERE logged >= ?", wanted.until, high))
        return low, high

    def _moment(self, text: str, moment: str, otherwise: int) -> int:
        [(found,)] = self.database.execute(text, (moment,)).fetchall()
        return otherwise if found is None else int(found)


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[_Index | None]:
    """Open one state of the index to be read; None if there is none that can be used now."""
    database: apsw.Connection | None = None
    try:
        if file.exists():
            database = _connect(file, apsw.SQLITE_OPEN_READWRITE)
            database.execute("BEGIN")
            [(version,)] = database.execute("PRAGMA user_version").fetchall()
            if version == SCHEMA:
                yield _Index(database, int(_fact(database, "size")), _fact(database, "leaf"))
                return
        yield None
    except apsw.Error as error:
        _log.warning("the search index cannot be read: %s", error)
        raise AuditUnavailable(
            "the search index cannot be read and is made anew", hint="Try again in a minute; the log itself is whole."
        ) from error
    finally:
        if database is not None:
            database.close(True)


def _connect(file: Path, flags: int) -> apsw.Connection:
    file.parent.mkdir(parents=True, exist_ok=True)
    if flags & apsw.SQLITE_OPEN_CREATE:
        file.touch(0o600)  # it holds what every partner asks about
    database = apsw.Connection(str(file), flags=flags)
    database.set_busy_timeout(BUSY_MILLISECONDS)
    database.execute("PRAGMA cache_size = -16000")
    return database


def _is_of(log: Reader, size: int, leaf: str) -> bool:
    """Say whether an index of that many records is one of this log."""
    last = log.row(size - 1) if size else None
    return size == 0 or (last is not None and last.leaf.hex() == leaf)


def _throw_away(file: Path) -> None:
    for name in (file.name, f"{file.name}-wal", f"{file.name}-shm"):
        file.with_name(name).unlink(missing_ok=True)


def _fact(database: apsw.Connection, name: str) -> str:
    [(value,)] = database.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchall()
    return str(value)


def _pruned(log: Reader, low: int, high: int) -> list[int]:
    found: list[tuple[Any, ...]] = log.run(
        "SELECT idx FROM records WHERE idx >= ? AND idx < ? AND length(line) = 0 ORDER BY idx", low, high
    )
    return [int(at) for (at,) in found]


# --- documents ------------------------------------------------------------------------------------------------------


def _document(number: int, found: Marks, scopes: Iterator[str]) -> tuple[int, str, str]:
    return number, " ".join((*found.marks, *scopes)), " ".join(found.words)


def _scopes(members: Members, ports: Sequence[str], asker: Asker) -> Iterator[str]:
    """Yield the marks of all who may see the record."""
    yield _scope_mark("auditor")
    for port in ports:
        yield _scope_mark("steward", port)
    if members["kind"] in OWN_KINDS:
        yield _scope_mark("partner", *asker)


def _scope_mark(role: str, *names: str) -> str:
    return mark(_SCOPE, "\0".join((role, *names)))


def _mark_of(scope: Scope) -> str:
    if scope.role == "auditor":
        return _scope_mark("auditor")
    if scope.role in OF_A_PORT:
        return _scope_mark("steward", scope.port)
    return _scope_mark("partner", scope.organisation, scope.id)


def _match(scope: Scope, must: Needed) -> str:
    """Return the question in FTS5's words: marks are letters and digits, and so is each word."""
    terms = [f'marks : "{each}"' for each in (*must.marks, _mark_of(scope))]
    terms += [f'words : "{" ".join(phrase)}"' for phrase in must.phrases]
    return " AND ".join(terms)
