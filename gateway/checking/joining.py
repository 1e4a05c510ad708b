"""Spans of a log's rows, each looked at by itself -> joined in order: what fits what was signed, and what does not.

*Invariants*
- A checkpoint counts if the log's key signed it as it stands, and for no other reason.
- What is known of checkpoints from outside is told apart: who has the log's key can sign all that the log keeps anew.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from gateway.audit.check import Span, Stored, check_rows, grown, joined
from gateway.audit.note import Checkpoint, NoteRefused, Verifier, checkpoint_in, signatures_of, signers_of

SPAN = 1 << 16
"""How many rows are checked in one go: a subtree of whole tiles."""


@dataclass(frozen=True, slots=True)
class Known:
    """A checkpoint that somebody outside has kept, its signature verified."""

    size: int
    root: bytes
    source: str
    """Who had it."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a log says of itself."""

    origin: str
    ports: tuple[str, ...]
    head: tuple[int, bytes, str] | None
    """Size, peaks one after the other, when the last record was written. None: not told, as over HTTP."""
    open_decisions: tuple[tuple[int, str, str, str], ...] = ()
    """Index, query, gateway, concerns."""
    integrated: int | None = None
    """Up to where tiles are made; None: not told."""
    pruned: int = 0
    """Behind the last record that was pruned."""
    bounds: tuple[int, int] = (0, 0)
    """The lowest index of a record, and behind the highest."""
    tiles: Mapping[tuple[int, int], bytes] | None = None
    """Level that it is part of and number in the level -> root of a full tile."""


@dataclass(frozen=True, slots=True)
class Signed:
    """What the kept checkpoints of a span are worth."""

    roots: Mapping[int, bytes]
    """Size -> root, of those that the log's key signed."""
    bad: int = -1
    """The first that it did not sign as it stands."""
    cosigned: tuple[int, tuple[str, ...]] = (-1, ())
    """The largest size that known witnesses have cosigned, and who."""


class Held(Protocol):
    """A log as it is kept."""

    def facts(self) -> Facts:
        """Return what it says of itself."""

    def rows(self, low: int, high: int) -> Iterable[Stored]:
        """Yield its rows from `low` to `high` in order, those that there are."""

    def checkpoints(self, low: int, high: int) -> Iterable[tuple[int, str]]:
        """Yield size and note of the checkpoints of more than `low` and at most `high` records, in order."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """By what a log is checked."""

    key: Verifier
    witnesses: tuple[Verifier, ...] = ()
    known: tuple[Known, ...] = ()
    is_closed: bool = False
    """Whether a kept checkpoint has no signature of anybody else: these are all the witnesses that there ever were."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A span of rows and the checkpoints that end in it, looked at."""

    span: Span
    signed: Signed


Look = Callable[[Iterable[tuple[int, int]], frozenset[int]], Iterator[Piece]]
"""(spans, sizes) -> a piece for each span, in order; roots are wanted for these sizes and each checkpoint's."""


def look_at(held: Held, facts: Facts, wanted: Wanted, low: int, high: int, sizes: frozenset[int]) -> Piece:
    """Look at one span; may be done in a process of its own."""
    signed = signed_of(held.checkpoints(low if low else -1, high), wanted)
    return Piece(check_rows(held.rows(low, high), low, sizes | signed.roots.keys(), facts.ports), signed)


def signed_of(notes: Iterable[tuple[int, str]], wanted: Wanted) -> Signed:
    """Check the signatures of kept checkpoints."""
    roots: dict[int, bytes] = {}
    bad, cosigned = -1, (-1, tuple[str, ...]())
    for size, note in notes:
        try:
            checkpoint, signers = read_checkpoint(note, wanted)
        except NoteRefused:
            checkpoint, signers = Checkpoint("", -1, b""), {}
        if checkpoint.size == size and wanted.key in signers and not (wanted.is_closed and _has_stranger(note, wanted)):
            roots[size] = checkpoint.root
            others = tuple(sorted(each.name for each in signers if each != wanted.key))
            cosigned = max(cosigned, (size, others)) if others else cosigned
        elif bad < 0:
            bad = checkpoint.size if wanted.key in signers else size
    return Signed(roots, bad, cosigned)


def _has_stranger(note: str, wanted: Wanted) -> bool:
    known = {(each.name, each.id) for each in (wanted.key, *wanted.witnesses)}
    return any((name, id_) not in known for name, id_, _ in signatures_of(note)[1])


def read_checkpoint(note: str, wanted: Wanted) -> tuple[Checkpoint, Mapping[Verifier, int]]:
    """Read a checkpoint that the log has signed, and who has cosigned it, when; raises NoteRefused."""
    text, signers = signers_of(note, (wanted.key, *wanted.witnesses))
    checkpoint = checkpoint_in(text)
    if checkpoint.origin != wanted.key.name or wanted.key not in signers:
        raise NoteRefused(f"this is no checkpoint that {wanted.key.name} has signed with its key {wanted.key}")
    return checkpoint, signers


@dataclass(slots=True)
class Joining:
    """What is known once some of the spans were joined."""

    facts: Facts
    step: int = SPAN
    """How many rows a span has that is not the last: a power of two."""
    size: int = 0
    peaks: list[bytes] = field(default_factory=list)
    faults: list[tuple[int, str]] = field(default_factory=list)
    odd: int = -1
    good: int = 0
    """The largest size that fits a checkpoint which the log itself keeps."""
    bad: int = -1
    """The smallest that does not."""
    fork: tuple[int, int] = (0, -1)
    """The same of the checkpoints known from outside: who has the log's key can sign all others anew."""
    bad_checkpoint: int = -1
    newest: int = -1
    """The largest size that the log's key has signed, of those that it keeps."""
    cosigned: tuple[int, tuple[str, ...]] = (-1, ())
    """The largest size that known witnesses have cosigned, and who."""
    bad_tile: int = -1
    tiles: int = 0
    at_head: bytes = b""
    """The root at the head's size."""
    opened: dict[int, tuple[str, str]] = field(default_factory=dict)
    gateways: set[str] = field(default_factory=set)
    logged: str = ""
    pruned: list[tuple[int, int]] = field(default_factory=list)
    """The rows without line and seed: from, and behind the last."""
    forgotten: int = 0
    """Behind the last record that a record says was pruned."""

    def take(self, piece: Piece, known: Sequence[Known], closed: Callable[[int, str], str]) -> None:
        """Join the next span; `closed` says what is wrong with an outcome whose decision is not open."""
        span = piece.span
        if span.fault:
            self.faults.append(span.fault)
        if span.logged[0] and span.logged[0] < self.logged:
            self.faults.append((span.low, "time_went_back"))
        self.logged = max(self.logged, span.logged[1])
        self.odd = span.odd if self.odd < 0 else self.odd
        self._compare(piece, known)
        self._close(span, closed)
        self._grow(span)

    def _compare(self, piece: Piece, known: Sequence[Known]) -> None:
        """Hold the roots within the span against what was signed."""
        span, signed = piece.span, piece.signed
        self.bad_checkpoint = signed.bad if self.bad_checkpoint < 0 else self.bad_checkpoint
        self.newest = max(self.newest, *signed.roots, -1)
        self.cosigned = max(self.cosigned, signed.cosigned)
        self.good, self.bad = self._told_apart(span, (self.good, self.bad), signed.roots.items())
        self.fork = self._told_apart(span, self.fork, ((each.size, each.root) for each in known))
        if self.facts.head and span.low < self.facts.head[0] <= span.high:
            self.at_head = joined(self.peaks, span.roots[self.facts.head[0]])

    def _told_apart(self, span: Span, so_far: tuple[int, int], roots: Iterable[tuple[int, bytes]]) -> tuple[int, int]:
        good, bad = so_far
        for size, root in sorted(roots):
            if bad < 0 and span.low < size <= span.high:
                good, bad = (size, -1) if joined(self.peaks, span.roots[size]) == root else (good, size)
        return min(good, bad - 1) if bad >= 0 else good, bad

    def _close(self, span: Span, closed: Callable[[int, str], str]) -> None:
        for index, decision, query in span.closed:
            if self.opened.pop(decision, ("", ""))[0] != query and (kind := closed(decision, query)):
                self.faults.append((index, kind))
        self.opened |= span.opened
        self.gateways |= span.gateways
        self.forgotten = max(self.forgotten, span.forgotten)
        for index in span.pruned:
            if self.pruned and self.pruned[-1][1] == index:
                self.pruned[-1] = (self.pruned[-1][0], index + 1)
            else:
                self.pruned.append((index, index + 1))

    def emptied(self, forgotten: int) -> int | None:
        """Return the first row without line and seed that is not below what was pruned; record 0 never is."""
        if self.pruned and self.pruned[0][0] == 0:
            return 0
        return next((max(low, forgotten) for low, high in self.pruned if high > forgotten), None)

    def _grow(self, span: Span) -> None:
        nodes = span.nodes
        if span.high - span.low == self.step:
            whole = (self.step.bit_length() - 1, span.low // self.step, span.peaks[0])
            nodes = nodes + list(grown(self.peaks, whole, span.high - 1))
        else:
            self.peaks += span.peaks
        self.size = span.high
        tiles = self.facts.tiles
        for level, number, root in nodes if tiles is not None else ():
            place = (level // 8 - 1, number)
            if (number + 1) << level > (self.facts.integrated or 0):
                continue
            self.tiles += 1
            if self.bad_tile < 0 and (tiles or {}).get(place) != root:
                self.bad_tile = number << level
