"""The audit log in a database: records, the decisions still open, checkpoints, and the tiles derived of them.

*Invariants*
- What `commit` was given is durable when it returns, or nothing of it is there; indexes start at 0 and have no gaps.
- Two writers never extend the same tree: each takes the head, extends it and puts it back within one transaction.
- A checkpoint is signed over what is durable, and only over a tree that the last one is the beginning of.
- Tiles are derived: all of them can be made anew from the records, and no record is read through them.
"""

from __future__ import annotations

import contextlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

from gateway.audit.growth import Row
from gateway.audit.note import Checkpoint, Signer, checkpoint_in, signatures_of
from gateway.audit.tiles import WIDTH, Tile, bundle, is_of, read_through
from gateway.audit.tree import HASH_BYTES, Frontier, node_hash, root_of
from gateway.errors import AuditUnavailable

T = TypeVar("T")
Run = Callable[..., list[tuple[Any, ...]]]
"""(text, values…) -> rows: runs one statement, with `?` where a value goes."""

SCHEMA = 2
"""The version of the tables."""
ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class OpenDecision:
    """A decision whose outcome is not written yet."""

    index: int
    query: str
    gateway: str
    """Which gateway admitted it."""
    concerns: tuple[str, ...]


class AuditLost(AuditUnavailable):
    """What was written may not be durable: nothing may be written or answered any more, by this process."""


@dataclass(frozen=True)
class Reader:
    """What can be read of a log, over one connection that sees one state of it."""

    run: Run

    def size(self) -> int:
        """Return how many records there are."""
        return int(self.run("SELECT size FROM head")[0][0])

    def meta(self, name: str) -> str:
        """Return a fact about the log itself, such as its `origin` or its `ports`."""
        found = self.run("SELECT value FROM meta WHERE name = ?", name)
        return str(found[0][0]) if found else ""

    def row(self, index: int) -> Row | None:
        """Return one record."""
        return next(self.rows(index, index + 1), None)

    def rows(self, low: int, high: int) -> Iterator[Row]:
        """Yield the records from `low` to `high`, without holding them all."""
        while low < high:
            until = min(high, low + ROWS_AT_ONCE)
            found = self.run(
                "SELECT idx, seed, line, entry FROM records WHERE idx >= ? AND idx < ? ORDER BY idx", low, until
            )
            yield from (Row(int(i), *map(_raw, held)) for i, *held in found)
            low = until

    def checkpoint(self) -> str:
        """Return the newest checkpoint with all its signatures; empty if there is none yet."""
        found = self.run("SELECT note FROM checkpoints ORDER BY size DESC LIMIT 1")
        return str(found[0][0]) if found else ""

    def checkpoint_of(self, size: int) -> str:
        """Return the checkpoint of a tree of that size; empty if none was signed."""
        found = self.run("SELECT note FROM checkpoints WHERE size = ?", size)
        return str(found[0][0]) if found else ""

    def checkpoints(self) -> Iterator[tuple[int, str, str]]:
        """Yield the checkpoints, newest first: size, note, and when the log signed it."""
        below = 1 << 62
        while found := self.run(
            "SELECT size, note, time FROM checkpoints WHERE size < ? ORDER BY size DESC LIMIT 100", below
        ):
            yield from ((int(size), str(note), str(when)) for size, note, when in found)
            below = int(found[-1][0])

    def signed_after(self, size: int) -> str:
        """Return when the first checkpoint of a larger tree was signed; empty if there is none."""
        found = self.run("SELECT time FROM checkpoints WHERE size > ? ORDER BY size LIMIT 1", size)
        return str(found[0][0]) if found else ""

    def checkpoints_above(self, index: int, most: int) -> list[str]:
        """Return the newest checkpoints that cover a record, newest first, at most so many."""
        found = self.run("SELECT note FROM checkpoints WHERE size > ? ORDER BY size DESC LIMIT ?", index, most)
        return [str(note) for (note,) in found]

    def tile(self, tile: Tile) -> bytes | None:
        """Return a tile of hashes, or a bundle of entries; None if the log has none, or not yet."""
        if not is_of(tile, self.size()):
            return None
        first = tile.number * WIDTH
        if tile.level is None:
            return bundle(row.entry for row in self.rows(first, first + tile.width))
        hashes = self._hashes(tile.level, first, first + tile.width)
        return hashes if len(hashes) == tile.width * HASH_BYTES else None

    def tree(self, size: int) -> Callable[[int, int], bytes]:
        """Return the subtrees of the tree of that size."""
        known: dict[Tile, bytes] = {}

        def read(tile: Tile) -> bytes:
            if tile not in known:
                known[tile] = self.tile(tile) or b""
            return known[tile]

        return read_through(read, size)

    def open_decisions(self) -> list[OpenDecision]:
        """Return the decisions still open, oldest first."""
        found = self.run("SELECT idx, query, gateway, concerns FROM open_decisions ORDER BY idx")
        return [OpenDecision(int(i), q, g, tuple(filter(None, c.split(",")))) for i, q, g, c in found]

    def _hashes(self, level: int, low: int, high: int) -> bytes:
        if level == 0:
            found = self.run("SELECT leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx", low, high)
        else:
            found = self.run(
                "SELECT root FROM tiles WHERE level = ? AND number >= ? AND number < ? ORDER BY number",
                level - 1,
                low,
                high,
            )
        return b"".join(bytes(each) for (each,) in found)


class Turn(Reader):
    """A writer's turn: it sees the head, and nobody else extends the tree until it is over."""

    def __init__(self, run: Run) -> None:
        super().__init__(run)
        size, peaks, logged = run("SELECT size, peaks, logged FROM head")[0]
        held = bytes(peaks)
        self.frontier = Frontier(int(size), tuple(held[at : at + 32] for at in range(0, len(held), HASH_BYTES)))
        self.logged: str = logged
        """When the newest record was written."""
        self.last: Row | None = None
        """The last record that this turn appended."""

    @cached_property
    def ports(self) -> tuple[str, ...]:
        """The ports that an entry of this log holds a value for."""
        return tuple(filter(None, self.meta("ports").split(",")))

    def append(self, row: Row, logged: str) -> None:
        """Put a record at the end."""
        if row.index != self.frontier.size:
            raise ValueError(f"record {row.index} cannot stand at {self.frontier.size}")
        leaf = row.leaf
        self.frontier, self.logged, self.last = self.frontier.add(leaf), logged, row
        self.run(
            "INSERT INTO records (idx, seed, line, entry, leaf) VALUES (?, ?, ?, ?, ?)",
            row.index, row.seed, row.line, row.entry, leaf,
        )  # fmt: skip

    def open_decision(self, decision: OpenDecision) -> None:
        """Remember that a decision has no outcome yet."""
        self.run(
            "INSERT INTO open_decisions (idx, query, gateway, concerns) VALUES (?, ?, ?, ?)",
            decision.index, decision.query, decision.gateway, ",".join(decision.concerns),
        )  # fmt: skip

    def close_decision(self, index: int, query: str) -> bool:
        """Forget an open decision; say whether there was one."""
        which = "FROM open_decisions WHERE idx = ? AND query = ?"
        found = self.run(f"SELECT idx {which}", index, query)
        self.run(f"DELETE {which}", index, query)
        return bool(found)

    def empty(self, low: int, high: int) -> None:
        """Forget what the records from `low` to `high` said: their entries stay, and so does every proof."""
        self.run("UPDATE records SET seed = ?, line = ? WHERE idx >= ? AND idx < ?", b"", b"", low, high)

    def put_head(self) -> None:
        """Keep the head as this turn leaves it."""
        size, peaks = self.frontier.size, b"".join(self.frontier.peaks)
        self.run("UPDATE head SET size = ?, peaks = ?, logged = ?", size, peaks, self.logged)

    def integrate(self) -> None:
        """Make the tiles that have become full."""
        size = self.frontier.size
        done = int(self.meta("integrated") or 0)
        level, span = 0, WIDTH
        while size // span:
            for number in range(done // span, size // span):
                hashes = self._hashes(level, number * WIDTH, (number + 1) * WIDTH)
                parts = [hashes[at : at + HASH_BYTES] for at in range(0, len(hashes), HASH_BYTES)]
                while len(parts) > 1:
                    parts = [node_hash(*pair) for pair in zip(parts[::2], parts[1::2], strict=True)]
                self.run("INSERT INTO tiles (level, number, root) VALUES (?, ?, ?)", level, number, parts[0])
            level, span = level + 1, span * WIDTH
        self.put_meta("integrated", str(size))

    def sign(self, signer: Signer, when: str) -> str:
        """Sign a checkpoint of the tree as it is, if it has grown; return the newest one."""
        newest = self.checkpoint()
        size = self.frontier.size
        if newest:
            old = checkpoint_in(signatures_of(newest)[0])
            if old.size == size and old.root == self.frontier.root():
                return newest
            self._check_grown(old)
        self.integrate()
        text = Checkpoint(signer.name, size, self.frontier.root()).text
        note = f"{text}\n{signer.signature(text)}"
        self.run("INSERT INTO checkpoints (size, note, time) VALUES (?, ?, ?)", size, note, when)
        return note

    def cosign(self, size: int, lines: str) -> None:
        """Add witnesses' signatures to the checkpoint of a tree of that size; those that it has are not added twice."""
        note = self.checkpoint_of(size)
        new = "".join(line for line in lines.splitlines(keepends=True) if line not in note)
        self.run("UPDATE checkpoints SET note = ? WHERE size = ?", note + new, size)

    def put_meta(self, name: str, value: str) -> None:
        """Keep a fact about the log itself."""
        self.run("DELETE FROM meta WHERE name = ?", name)
        self.run("INSERT INTO meta (name, value) VALUES (?, ?)", name, value)

    def _check_grown(self, old: Checkpoint) -> None:
        """Refuse to sign what the last checkpoint is no beginning of: the log was cut or written anew."""
        if old.size > self.frontier.size:
            raise AuditLost(f"the log was signed with {old.size} records, and has {self.frontier.size}", hint=_RESTORE)
        self.integrate()
        if old.size and root_of(0, old.size, self.tree(old.size)) != old.root:
            raise AuditLost(f"the first {old.size} records are not those that were signed", hint=_RESTORE)


def _raw(held: object) -> bytes:
    """Read what a column of bytes holds; whoever changed it from outside may have put a text there."""
    return held.encode("utf-8", "surrogatepass") if isinstance(held, str) else bytes(held)  # type: ignore[call-overload]


_RESTORE = "the log was changed from outside: keep the file, and see docs/auditors.md"

TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE head (size INTEGER NOT NULL, peaks BLOB NOT NULL, logged TEXT NOT NULL);
CREATE TABLE records (
    idx INTEGER PRIMARY KEY, seed BLOB NOT NULL, line BLOB NOT NULL, entry BLOB NOT NULL, leaf BLOB NOT NULL
);
CREATE TABLE open_decisions (
    idx INTEGER PRIMARY KEY, query TEXT NOT NULL, gateway TEXT NOT NULL, concerns TEXT NOT NULL
);
CREATE TABLE checkpoints (size INTEGER PRIMARY KEY, note TEXT NOT NULL, time TEXT NOT NULL);
CREATE TABLE tiles (level INTEGER NOT NULL, number INTEGER NOT NULL, root BLOB NOT NULL, PRIMARY KEY (level, number));
"""
"""In SQLite's words; another database says BIGINT and BYTEA."""


class Storage(ABC):
    """Where a log is kept. One thread writes; any number may read.

    *Invariants*
    - After a fault the place is let go of, and only `probe` opens it again: nothing is retried on what failed.
    - After AuditLost nothing is opened again: what the kernel or the database dropped it may call written.
    - A log that has fewer records than it had is lost.
    """

    tends_seconds: float | None = None
    """How often its writer must take a turn, even an empty one; None: only when there is something to be written."""
    _faulty: tuple[type[Exception], ...] = ()
    """What goes wrong in a storage of this kind."""
    _lost: AuditLost | None = None
    _size = 0
    """How many records were written, as far as this process knows."""

    @contextlib.contextmanager
    def _faults(self) -> Iterator[None]:
        """Turn whatever goes wrong into an error fit for a partner, and let go of the place."""
        try:
            yield
        except AuditUnavailable as error:
            self._fail(error)
            raise
        except self._faulty as error:
            raise self._fail(self._told(error)) from error
        except BaseException:
            self._let_go()
            raise

    def _fail(self, error: AuditUnavailable) -> AuditUnavailable:
        self._lost = error if isinstance(error, AuditLost) else self._lost
        self._let_go()
        return error

    def _check_not_lost(self) -> None:
        if self._lost is not None:
            raise self._lost

    def _take_size(self, size: int) -> None:
        """Take up a log of that many records, once it was opened; raises AuditLost."""
        if size < self._size:
            raise AuditLost(f"the audit log lost records: {self._size} were written, {size} are there", hint=_RESTORE)
        self._size = size

    @abstractmethod
    def _told(self, error: Exception) -> AuditUnavailable:
        """Say what happened in words fit for a partner; AuditLost if the log may have lost what was written."""

    @abstractmethod
    def _let_go(self) -> None:
        """Close what is open; raises nothing."""

    @abstractmethod
    def commit(self, write: Callable[[Turn], T]) -> T:
        """Have something written in one turn, durable on return; raise AuditUnavailable or AuditLost if it is not."""

    @abstractmethod
    def reading(self) -> contextlib.AbstractContextManager[Reader]:
        """Open the log to be read, as it is now; raise AuditUnavailable."""

    @abstractmethod
    def probe(self) -> None:
        """Check that the log can be written, opening it again if it was closed; raise AuditUnavailable."""

    def gateways_alive(self) -> frozenset[str]:
        """Return the other gateways that write this log now: none, unless the storage can be shared."""
        return frozenset()

    @abstractmethod
    def close(self) -> None:
        """Let go of it."""
