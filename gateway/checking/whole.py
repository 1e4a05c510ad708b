"""A log as it is kept -> whole, or what was done to it; all of it, or some of its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import orjson

from gateway.audit.check import Span, check_rows, grown, joined
from gateway.audit.tiles import HEIGHT, WIDTH
from gateway.audit.tree import leaf_hash
from gateway.audit.views import WHOLE
from gateway.checking.damage import Damage, Verdict, members_of
from gateway.checking.joining import SPAN, Facts, Held, Joining, Look, Piece, Wanted, look_at, signed_of


def check(held: Held, wanted: Wanted, look: Look | None = None, step: int = SPAN) -> tuple[Damage | None, Joining]:
    """Check a whole log; return what was done to it, if anything, and what was found on the way."""
    facts = held.facts()
    ports = ports_in(held) or facts.ports
    seen = Joining(facts, step)
    at = {each.size for each in wanted.known} | ({facts.head[0]} if facts.head else set())
    spans = ((low, min(low + step, facts.bounds[1])) for low in range(0, max(facts.bounds[1], 1), step))
    about = Facts(facts.origin, ports, None)

    def look_here(spans: Iterable[tuple[int, int]], sizes: frozenset[int]) -> Iterator[Piece]:
        return (look_at(held, about, wanted, low, high, sizes) for low, high in spans)

    for piece in (look or look_here)(spans, frozenset(at)):
        seen.take(piece, wanted.known, lambda decision, query: _not_open(held, decision, query))
        if piece.span.high < piece.span.low + step:
            break
    return Verdict(held, wanted, seen, ports, seen.forgotten).damage(), seen


def ports_in(held: Held) -> tuple[str, ...]:
    """Return the ports that the first entry holds values for."""
    for row in held.rows(0, 1):
        try:
            entry = orjson.loads(row[3])
        except orjson.JSONDecodeError:
            return ()
        return tuple(sorted(set(entry) - {WHOLE})) if isinstance(entry, dict) else ()
    return ()


def _not_open(held: Held, decision: int, query: str) -> str:
    """Say what is wrong with an outcome whose decision is not open: nothing can be said if the decision was pruned."""
    for _, _, line, _, _ in held.rows(decision, decision + 1):
        if not line:
            return ""
        told = members_of(line)
        if (told.get("kind"), told.get("query")) == ("decision", query):
            return "decision_closed_twice"
    return "outcome_without_decision"


def check_range(held: Held, wanted: Wanted, low: int, high: int) -> tuple[Damage | None, Joining]:
    """Check the records from `low` to `high`; of all others only the hashes are read, to reach what was signed."""
    facts = held.facts()
    ports, end = ports_in(held) or facts.ports, facts.bounds[1]
    high = min(high, end)
    first, last = low // WIDTH * WIDTH, min(-(-high // WIDTH) * WIDTH, end)
    seen = Joining(facts, size=end)
    blocks = {number: root for (level, number), root in (facts.tiles or {}).items() if level == 0}
    for at in range(first, last, SPAN):
        span = check_rows(held.rows(at, min(at + SPAN, last)), at, (), ports)
        _look_within(span, seen, held)
        blocks |= {number: root for level, number, root in span.nodes if level == HEIGHT}
        if span.high < min(at + SPAN, last):
            seen.size = span.high
            break
    signed = signed_of(list(held.checkpoints(high - 1, end))[-1:], wanted)
    newest, seen.cosigned = signed.roots, signed.cosigned
    seen.good, seen.bad = _compared(newest, held, blocks, (first, last))
    seen.newest = max(newest, default=-1)
    known = {each.size: each.root for each in wanted.known if high <= each.size <= end}
    seen.fork = _compared(known, held, blocks, (first, last))
    return Verdict(held, wanted, seen, ports, facts.pruned).damage_within(), seen


def _look_within(span: Span, seen: Joining, held: Held) -> None:
    if span.fault:
        seen.faults.append(span.fault)
    for index, decision, query in span.closed:
        if _not_open(held, decision, query) == "outcome_without_decision":
            seen.faults.append((index, "outcome_without_decision"))
    seen.pruned += [(index, index + 1) for index in span.pruned]
    seen.odd = span.odd if seen.odd < 0 else seen.odd


def _compared(
    roots: Mapping[int, bytes], held: Held, blocks: Mapping[int, bytes], own: tuple[int, int]
) -> tuple[int, int]:
    """Return the largest size that fits, and the smallest that does not, or -1."""
    good = 0
    for size, root in sorted(roots.items()):
        if _root_over(size, held, blocks, own) != root:
            return good, size
        good = size
    return good, -1


def _root_over(size: int, held: Held, blocks: Mapping[int, bytes], own: tuple[int, int]) -> bytes:
    """Return the root over so many records: tiles of the range as they were worked out, others as they are kept."""
    peaks: list[bytes] = []
    for number in range(size // WIDTH):
        if number in blocks:
            list(grown(peaks, (HEIGHT, number, blocks[number]), 0))
        else:
            for index, leaf in _leaves(held, number * WIDTH, (number + 1) * WIDTH, own):
                list(grown(peaks, (0, index, leaf), 0))
    for index, leaf in _leaves(held, size // WIDTH * WIDTH, size, own):
        list(grown(peaks, (0, index, leaf), 0))
    return joined(peaks)


def _leaves(held: Held, low: int, high: int, own: tuple[int, int]) -> Iterator[tuple[int, bytes]]:
    for index, _, _, entry, leaf in held.rows(low, high):
        yield index, leaf_hash(entry) if own[0] <= index < own[1] else leaf
