"""The rows that a log keeps -> what does not fit, and the tree over them; spans checked apart are joined in order.

Of each row: the entry commits to the line, for every reader; the line is canonical, of a known shape, and says its own
index; no record was written before the one ahead of it; and each outcome closes a decision that is open.

*Invariants*
- Nothing is read of a row but its bytes: whatever stands in them is a fault at worst, and never an error.
- A span ends at its first gap; after any other fault it goes on, because the tree tells what the fault means.
- The tree is that of the entries. Whether it is the one that was signed is for the caller to compare.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Any, Literal, Union, get_type_hints

import msgspec
import orjson

from gateway.audit.canonical import Members, canonical
from gateway.audit.growth import Row
from gateway.audit.record import KINDS, SCHEMA
from gateway.audit.tiles import HEIGHT
from gateway.audit.tree import leaf_hash, node_hash
from gateway.audit.views import NOTHING, WHOLE, commitment, entry, salt, view

Stored = tuple[int, bytes, bytes, bytes, bytes]
"""Index, seed, line, entry, and the hash of the leaf, as they are kept."""
_Moment = Annotated[str, msgspec.Meta(pattern=r"\A\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z\Z")]
Fault = tuple[int, str]
"""Index, and one of the kinds that `gateway.checking.damage` explains."""


@dataclass(slots=True)
class Span:
    """What was found in a span of rows; its lower end is a multiple of what subtrees are joined by."""

    low: int
    high: int
    """Behind its last row."""
    fault: Fault | None = None
    """The first thing that does not fit."""
    odd: int = -1
    """The first row whose leaf hash is kept otherwise than its entry has it."""
    peaks: list[bytes] = field(default_factory=list)
    nodes: list[tuple[int, int, bytes]] = field(default_factory=list)
    """The roots of the full tiles: level that they are a part of, number in it, hash."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """Size of the log -> root over the span up to there, for the sizes that were asked for."""
    opened: dict[int, tuple[str, str]] = field(default_factory=dict)
    """Decisions without an outcome yet: index -> query, and whom it concerns with commas between."""
    closed: list[tuple[int, int, str]] = field(default_factory=list)
    """Outcomes of decisions from before the span, or of none: index, decision's index, query."""
    logged: tuple[str, str] = ("", "")
    """When its first record was written, and its last."""
    gateways: set[str] = field(default_factory=set)
    pruned: list[int] = field(default_factory=list)
    """Records without line and seed."""
    forgotten: int = 0
    """Behind the last record that a record says was pruned."""


def check_rows(rows: Iterable[Stored], low: int, sizes: Collection[int], ports: Sequence[str]) -> Span:
    """Check rows that begin at an index, and return what was found."""
    span = Span(low, low)
    for index, seed, line, entry_, leaf in rows:
        if index != span.high:
            gap = (span.high, "record_missing") if index > span.high else (index, "record_inserted")
            span.fault = span.fault or gap
            break
        hashed = leaf_hash(entry_)
        if hashed != leaf and span.odd < 0:
            span.odd = index
        span.nodes += grown(span.peaks, (0, index - low, hashed), index)
        span.high += 1
        if span.high in sizes:
            span.roots[span.high] = joined(span.peaks)
        if not seed and not line:
            span.pruned.append(index)
        elif (kind := _look(span, Row(index, seed, line, entry_), ports)) and not span.fault:
            span.fault = (index, kind)
    return span


def grown(peaks: list[bytes], node: tuple[int, int, bytes], last: int) -> Iterator[tuple[int, int, bytes]]:
    """Add a node to the peaks of a tree, in place; yield the roots of the tiles that this makes full."""
    level, number, hashed = node
    while number & 1:
        hashed, number, level = node_hash(peaks.pop(), hashed), number >> 1, level + 1
        if level % HEIGHT == 0:
            yield level, last >> level, hashed
    peaks.append(hashed)


def joined(peaks: Sequence[bytes], last: bytes = b"") -> bytes:
    """Return the root over peaks, and over a subtree behind them if there is one."""
    for peak in reversed(peaks):
        last = node_hash(peak, last) if last else peak
    return last


def _look(span: Span, row: Row, ports: Sequence[str]) -> str:
    """Look at what a row says; return the kind of fault, if there is one."""
    members, text = _parsed(row.line)
    if row.entry != entry(row.seed, row.line, members, ports):
        return _unlike(row, members, ports)
    told: Any = None
    with contextlib.suppress(msgspec.DecodeError):
        told = _DECODER.decode(row.line)
    if told is None or text != row.line:
        return "record_malformed"
    if told.index != row.index:
        return "record_elsewhere"
    kind = told.__struct_config__.tag
    before, span.logged = span.logged[1], (span.logged[0] or told.logged, max(span.logged[1], told.logged))
    if kind == "decision":
        span.opened[row.index] = (told.query, ",".join(told.concerns))
    elif kind == "outcome" and span.opened.pop(told.decision_index, (None, ""))[0] != told.query:
        span.closed.append((row.index, told.decision_index, told.query))
    elif kind == "service":
        span.gateways.add(told.gateway)
    elif kind == "pruning":
        span.forgotten = max(span.forgotten, told.high)
    return "time_went_back" if told.logged < before else ""


def _unlike(row: Row, members: Members, ports: Sequence[str]) -> str:
    """Say which half of a row no longer fits its entry: with another seed no value fits, not even one over nothing.

    If each port is concerned there is no such value, and the record is named.
    """
    said, _ = _parsed(row.entry)
    read = {WHOLE: row.line} | {port: view(members, port) for port in ports}
    fits = [said.get(reader) == commitment(salt(row.seed, reader), what) for reader, what in read.items()]
    is_own = members.get("index") == row.index and all(each in ports for each in members.get("concerns", ("?",)))
    return "seed_changed" if is_own and NOTHING in read.values() and not any(fits) else "record_changed"


def _parsed(text: bytes) -> tuple[Members, bytes]:
    """Read an object, and write it canonically; nothing if there is none that views can be made of."""
    try:
        members = orjson.loads(text)
        if isinstance(members, dict) and isinstance(members.get("concerns", []), list):
            return members, canonical(members)
    except (TypeError, ValueError):
        pass
    return {}, b""


def _shape(of: type, kind: str) -> type[msgspec.Struct]:
    """Return what a line of a kind must hold, for a decoder."""
    hints = get_type_hints(of)
    # a member with a default came in later: older lines may be without it
    own = [(own.name, hints[own.name], *(() if own.default is own.default_factory else (None,))) for own in fields(of)]
    more = [("index", int), ("logged", _Moment), ("schema", Literal[SCHEMA])]
    return msgspec.defstruct(kind, [*more, *own], tag=kind, tag_field="kind", kw_only=True, forbid_unknown_fields=True)


_DECODER = msgspec.json.Decoder(Union[tuple(_shape(type_, kind) for type_, kind in KINDS.items())])  # noqa: UP007
