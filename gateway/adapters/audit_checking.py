"""A log's file -> checked by several processes at once, each a span of its rows.

*Invariants*
- Nothing is written, and the file may be in use: all of it is read as it was at one moment.
- A database that cannot be read is damage as well, and is reported as that.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import apsw

from gateway.adapters.audit_sqlite import reading
from gateway.adapters.audit_storage import Run
from gateway.audit.check import Stored
from gateway.audit.note import checkpoint_in, signatures_of
from gateway.audit.views import WHOLE, salt
from gateway.checking.damage import Damage
from gateway.checking.joining import SPAN, Facts, Joining, Piece, Wanted, look_at
from gateway.checking.proofs import NotProven, proof_text, whole
from gateway.checking.whole import check, check_range
from gateway.errors import AuditUnavailable

ROWS_AT_ONCE = 500
TABLES = ("meta", "head", "open_decisions", "checkpoints", "tiles")
"""The small tables; the records are read whole anyway, by the one way that there is to them."""

# texts as BLOB, because what was changed may be no UTF-8 any more
_META = "SELECT CAST(name AS BLOB), CAST(value AS BLOB) FROM meta"
_HEAD = "SELECT size, peaks, CAST(logged AS BLOB) FROM head"
_OPENED = """
SELECT idx, CAST(query AS BLOB), CAST(gateway AS BLOB), CAST(concerns AS BLOB) FROM open_decisions ORDER BY idx
"""
_CHECKPOINTS = """
SELECT size, CAST(note AS BLOB) FROM checkpoints WHERE size > ? AND size <= ? ORDER BY size LIMIT ?
"""

Told = Callable[[int, int], None]
"""(done, of how many): how far a check is."""


@dataclass(frozen=True)
class HeldTables:
    """A log in tables, whatever stands in them."""

    run: Run

    def facts(self) -> Facts:
        """Return what the log says of itself."""
        # as BLOB, because what was changed may be no UTF-8 any more
        meta = {_text(name): _text(value) for name, value in self.run(_META)}
        head = (self.run(_HEAD) or [(-1, b"", b"")])[0]
        opened = self.run(_OPENED)
        tiles = self.run("SELECT level, number, root FROM tiles")
        low, high = self.run("SELECT min(idx), max(idx) FROM records")[0]
        return Facts(
            origin=meta.get("origin", ""),
            ports=tuple(filter(None, meta.get("ports", "").split(","))),
            head=(_number(head[0]), _bytes(head[1]), _text(head[2])),
            open_decisions=tuple((_number(each[0]), *map(_text, each[1:])) for each in opened),  # type: ignore[misc]
            integrated=_number_in(meta.get("integrated", "0")),
            pruned=_number_in(meta.get("pruned", "0")),
            bounds=(_number(low), _number(high) + 1) if low is not None else (0, 0),
            tiles={(_number(level), _number(number)): _bytes(root) for level, number, root in tiles},
        )

    def rows(self, low: int, high: int) -> Iterator[Stored]:
        """Yield rows in order, without holding them all."""
        while low < high:
            until = min(high, low + ROWS_AT_ONCE)
            text = "SELECT idx, seed, line, entry, leaf FROM records WHERE idx >= ? AND idx < ? ORDER BY idx"
            for index, *columns in self.run(text, low, until):
                seed, line, entry, leaf = map(_bytes, columns)
                yield index, seed, line, entry, leaf
            low = until

    def checkpoints(self, low: int, high: int) -> Iterator[tuple[int, str]]:
        """Yield the checkpoints of more than `low` and at most `high` records."""
        while found := self.run(_CHECKPOINTS, low, high, ROWS_AT_ONCE):
            yield from ((_number(size), _text(note)) for size, note in found)
            low = found[-1][0]


def check_file(
    file: Path, wanted: Wanted, told: Told = lambda done, total: None, processes: int = 0, span: int = SPAN
) -> tuple[Damage | None, Joining]:
    """Check a log's file, in several processes if it is long; raises AuditUnavailable if there is none."""
    if not file.exists():
        raise AuditUnavailable(f"there is no audit log at {file}")
    try:
        with reading(file) as reader:
            held = HeldTables(reader.run)
            size = held.facts().bounds[1]
            if any(reader.run(f"PRAGMA integrity_check({table})") != [("ok",)] for table in TABLES):
                return Damage(0, "file_damaged", 1), Joining(held.facts())
            many = min(processes or os.cpu_count() or 1, -(-size // span))
            if many < 2:
                return check(held, wanted, step=span)
            with _Pool(file, held.facts(), wanted, told, many) as pool:
                return check(held, wanted, pool.look, span)
    except AuditUnavailable as error:
        if isinstance(error.__cause__, apsw.Error) or "no audit log that this version" in error.message:
            return Damage(0, "file_damaged", 1), Joining(Facts("", (), None))
        raise


def check_file_range(file: Path, wanted: Wanted, low: int, high: int) -> tuple[Damage | None, Joining]:
    """Check some of the records of a log's file; raises AuditUnavailable."""
    with reading(file) as reader:
        return check_range(HeldTables(reader.run), wanted, low, high)


def prove_from(file: Path, index: int) -> str:
    """Prove a record of a log's file, as an auditor reads it; raises AuditUnavailable, NotProven."""
    with reading(file) as reader:
        row, notes = reader.row(index), reader.checkpoints_above(index, 1)
        if row is None or not notes:
            raise NotProven(f"there is no signed record {index}")
        if not row.line:
            raise NotProven(f"record {index} was pruned")
        size = checkpoint_in(signatures_of(notes[0])[0]).size
        told = whole(row.entry, row.line, salt(row.seed, WHOLE))
        return proof_text(index, told, notes[0], size, reader.tree(size))


class _Pool:
    """Processes that look at spans; few spans wait at a time, so that what was found does not pile up."""

    def __init__(self, file: Path, facts: Facts, wanted: Wanted, told: Told, processes: int) -> None:
        self._work = (str(file), facts, wanted)
        self._told, self._total, self._many = told, facts.bounds[1], processes
        self._pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"))

    def __enter__(self) -> _Pool:
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def look(self, spans: Iterable[tuple[int, int]], sizes: frozenset[int]) -> Iterator[Piece]:
        """Look at each span, and give the pieces in order."""
        waiting: deque[Future[Piece]] = deque()
        for low, high in spans:
            waiting.append(self._pool.submit(_look, *self._work, low, high, sizes))
            if len(waiting) > self._many:
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _next(self, waiting: deque[Future[Piece]]) -> Piece:
        piece = waiting.popleft().result()
        self._told(piece.span.high, self._total)
        return piece


def _look(file: str, facts: Facts, wanted: Wanted, low: int, high: int, sizes: frozenset[int]) -> Piece:
    with reading(Path(file)) as reader:
        return look_at(HeldTables(reader.run), facts, wanted, low, high, sizes)


def _bytes(value: object) -> bytes:
    """What stands in a column of bytes; anything else is kept recognisable, and fits nothing."""
    return value if isinstance(value, bytes) else repr(value).encode("utf-8", "replace")


def _text(value: object) -> str:
    return _bytes(value).decode("utf-8", "replace")


def _number(value: object) -> int:
    return value if isinstance(value, int) else -1


def _number_in(text: str) -> int:
    with contextlib.suppress(ValueError):
        if text.isascii() and str(int(text)) == text:
            return int(text)
    return -1
