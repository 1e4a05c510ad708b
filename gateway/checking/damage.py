"""A log as it is kept, and what is known of it from outside -> whole, or the first record at fault and what was done.

The entries' tree decides: it is compared with each checkpoint that the log has signed, with those that somebody outside
has kept, and with the head. What fits the tree is what was written; where two copies of a thing differ (an entry and
the hash of its leaf, a tile and the leaves under it), the one that the tree has is right, and the other was changed.

*Invariants*
- Nothing that is kept is believed for its own sake: a checkpoint counts if the log's key signed it, and no other way.
- Records at fault are named before what is derived of them, and the lowest index of them first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import orjson

from gateway.audit.check import Stored, grown, joined
from gateway.audit.tree import HASH_BYTES, leaf_hash
from gateway.checking.joining import Held, Joining, Wanted, signed_of

KINDS: Mapping[str, str] = {
    "record_missing": "a record is not there, and those behind it are",
    "record_inserted": "a record stands here that was not written",
    "records_swapped": "records stand in each other's place",
    "record_replaced": "another record's copy stands in the place of this one",
    "record_changed": "the record is not what its entry commits to: its line was changed (or its seed)",
    "seed_changed": "the record's seed is not the one that its entry was made with",
    "record_emptied": "the record's line and seed are gone, and it was never pruned",
    "record_malformed": "the record is not in the form that records have: no gateway of this version wrote it",
    "time_went_back": "the record was written before the one ahead of it",
    "outcome_without_decision": "the outcome is of a query that was never admitted",
    "decision_closed_twice": "the outcome is of a query that has one already",
    "entry_changed": "the entry is not the one that the tree has at this place",
    "leaf_changed": "the hash of the leaf is not that of the entry, which is as it was signed",
    "rewritten": "the records are not those that were signed: this log and the checkpoint are two histories",
    "truncated": "the records from here on are gone: the log itself says that there were more",
    "old_copy": "the records from here on are gone: the log is an old copy of the one whose checkpoint is known",
    "checkpoint_changed": "a kept checkpoint is not one that the log's key has signed",
    "checkpoint_missing": "the newest checkpoint is gone",
    "tile_changed": "a tile is not that of the leaves under it, which are as they were signed",
    "head_changed": "the head is not that of the records",
    "open_decisions_changed": "the list of open decisions is not that of the records",
    "facts_changed": "what the log says of itself (name, ports, how far tiles and pruning go) is not so",
    "file_damaged": "the file cannot be read as a database",
}
"""Each kind of damage, in plain words."""

_DERIVED = "Keep a copy of the file. The records are whole: `portgate audit rebuild` makes this anew from them."
_HELD = (
    "Keep the file as it is, stop the gateway, and hold it against a copy of before: each port's witness has its own "
    "records and the checkpoints that it signed."
)
MENDS: Mapping[str, str] = {
    kind: _DERIVED if kind in ("leaf_changed", "tile_changed", "head_changed", "open_decisions_changed") else _HELD
    for kind in KINDS
}
"""What to do about each."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to a log."""

    index: int
    """The first record at fault; for a checkpoint how many records it is of; for a tile its first leaf."""
    kind: str
    until: int
    """Behind the last record that may be the first at fault; `index + 1` if it is known exactly."""

    @property
    def words(self) -> str:
        """What was found, and where."""
        where = f"record {self.index}" if self.until == self.index + 1 else f"records {self.index} to {self.until - 1}"
        return f"{where}: {self.kind}: {KINDS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Verdict:
    """All spans joined -> what was done."""

    held: Held
    wanted: Wanted
    seen: Joining
    ports: tuple[str, ...]
    forgotten: int
    """Behind the last record that was pruned."""

    def damage(self) -> Damage | None:
        """Ask each question in turn; the first that finds something has the answer."""
        for ask in (self._records, self._end, self._tree, self._derived, self._facts, self._outside):
            found = ask()
            if found is not None:
                return found
        return None

    def damage_within(self) -> Damage | None:
        """Ask of some of the records only what can be asked of them."""
        return self._records() or self._tree()

    # --- the records ------------------------------------------------------------------------------------------------

    def _records(self) -> Damage | None:
        """Of a record that does not fit, say what was done to it."""
        if self.seen.facts.bounds[0] < 0:
            return _at(0, "record_inserted")
        fault = min(self._faults(), default=None)
        odd = self.seen.odd
        if fault is None and odd < 0:
            return None
        if fault is None or 0 <= odd < fault[0]:
            return self._odd(odd)
        index, kind = fault
        if kind == "record_elsewhere":
            return self._elsewhere(index)
        if 0 <= self.seen.bad <= index:
            return self._rewritten()
        if kind == "record_missing" or self._fits(index):
            return _at(index, kind)
        return _at(index, "entry_changed") if kind in ("record_changed", "seed_changed") else self._rewritten()

    def _faults(self) -> Iterator[tuple[int, str]]:
        """Yield what does not fit: index and kind."""
        yield from self.seen.faults
        emptied = self.seen.emptied(self.forgotten)
        if emptied is not None:
            yield emptied, "record_emptied"
        if self.seen.size < self.seen.facts.bounds[1]:
            yield self.seen.size, "record_missing"

    def _odd(self, index: int) -> Damage:
        """The leaf is not that of the entry, and the entry is that of the record: which of them has the tree?"""
        if self._fits(index):
            return _at(index, "leaf_changed")
        anchor = self._anchor(index)
        if anchor and self._root(anchor[0], lambda row: row[4]) == anchor[1]:
            return _at(index, "rewritten")
        return self._rewritten()

    def _elsewhere(self, index: int) -> Damage:
        """The record says another index than its own, and is a record of the log all the same: what was moved?"""
        said, after = self._said(index) or 0, self._said(index + 1)
        head = self.seen.facts.head
        is_behind = head is not None and index >= head[0]
        if said > index and self._said(said) == index and self._said(said + 1) in (said + 1, None):
            return _at(index, "records_swapped")
        if said > index and after in (said + 1, None):
            return _at(index, "record_missing")
        if said == index - 1 and (after == index or is_behind):
            return _at(self._intruder(index), "record_inserted")
        return _at(index, "record_inserted" if after == index or is_behind else "record_replaced")

    def _intruder(self, index: int) -> int:
        """Of two records that say they are the one ahead, return where the one stands that the tree does not have."""
        anchor = self._anchor(index - 1)
        if anchor and self._root(anchor[0], lambda row: leaf_hash(row[3]), index) != anchor[1]:
            return index - 1
        return index

    def _said(self, index: int) -> int | None:
        """The index that a record says; None if there is none."""
        for row in self.held.rows(index, index + 1):
            said = members_of(row[2]).get("index")
            return said if isinstance(said, int) else None
        return None

    # --- the tree ---------------------------------------------------------------------------------------------------

    def _fits(self, index: int) -> bool:
        """Say whether the tree has the entry as it stands; what is not in any tree yet is taken as it stands."""
        if index < self.seen.good or self.seen.bad > index:
            return index < self.seen.good
        head = self.seen.facts.head
        return head is None or not self.seen.at_head or self.seen.at_head == joined(_peaks(head[1]))

    def _rewritten(self) -> Damage:
        """Say between what was signed and fits and what was signed and does not; a tile may tell it more closely."""
        low, high = (self.seen.good, self.seen.bad) if self.seen.bad >= 0 else self.seen.fork
        tile = self.seen.bad_tile
        if low <= tile < high:
            low, high = tile, min(high, tile + 256)
        return Damage(low, "rewritten", high)

    def _tree(self) -> Damage | None:
        return self._rewritten() if max(self.seen.bad, self.seen.fork[1]) >= 0 else None

    def _anchor(self, index: int) -> tuple[int, bytes] | None:
        """Return the first size and root above an index that was signed, or that the head has."""
        ahead = self.seen.bad if self.seen.bad > index else index
        signed = signed_of(self.held.checkpoints(ahead - 1 if self.seen.bad > index else index, 1 << 62), self.wanted)
        found = [*signed.roots.items(), *((each.size, each.root) for each in self.wanted.known if each.size > index)]
        head = self.seen.facts.head
        if head and head[0] > index and len(head[1]) == HASH_BYTES * head[0].bit_count():
            found.append((head[0], joined(_peaks(head[1]))))
        return min(found, default=None)

    def _root(self, size: int, leaf: Callable[[Stored], bytes], left_out: int = -1) -> bytes:
        """Return the root over so many rows, of leaves as they are kept or as one was left out."""
        peaks: list[bytes] = []
        count = 0
        for row in self.held.rows(0, size + (left_out >= 0)):
            if row[0] != left_out:
                list(grown(peaks, (0, count, leaf(row)), row[0]))
                count += 1
        return joined(peaks)

    # --- what is said of the records --------------------------------------------------------------------------------

    def _end(self) -> Damage | None:
        """Hold the number of records against the head and the newest checkpoint."""
        seen, count = self.seen, self.seen.size
        beyond = signed_of(self.held.checkpoints(count, 1 << 62), self.wanted)
        if beyond.roots:
            return _at(count, "truncated")
        if seen.facts.head is None:
            return None
        size, peaks, _ = seen.facts.head
        is_head = len(peaks) == HASH_BYTES * size.bit_count() if 0 <= size < 1 << 62 else False
        if is_head and size > count:
            return _at(count, "truncated")
        if is_head and seen.newest <= size < count and seen.at_head == joined(_peaks(peaks)):
            return _at(size, "record_inserted")
        return None

    def _derived(self) -> Damage | None:
        """Hold what is made of the records against them."""
        seen, facts = self.seen, self.seen.facts
        beyond = signed_of(self.held.checkpoints(seen.size, 1 << 62), self.wanted)
        bad = beyond.bad if seen.bad_checkpoint < 0 else seen.bad_checkpoint
        if bad >= 0:
            return _at(bad, "checkpoint_changed")
        if facts.integrated is not None and max(seen.newest, 0) < facts.integrated <= seen.size:
            return _at(facts.integrated, "checkpoint_missing")
        if seen.bad_tile >= 0:
            return _at(seen.bad_tile, "tile_changed")
        if facts.tiles is not None and len(facts.tiles) != seen.tiles and facts.integrated == max(seen.newest, 0):
            return _at(seen.size, "tile_changed")
        if facts.head is not None and facts.head != self._head():
            return _at(facts.head[0] if 0 <= facts.head[0] < seen.size else seen.size, "head_changed")
        return self._open_decisions() if facts.head is not None else None

    def _head(self) -> tuple[int, bytes, str]:
        """The head that the records have: the last of them is never pruned."""
        return self.seen.size, b"".join(self.seen.peaks), self.seen.logged

    def _open_decisions(self) -> Damage | None:
        seen = self.seen
        listed = {(index, query, concerns) for index, query, _, concerns in seen.facts.open_decisions}
        real = {(index, query, concerns) for index, (query, concerns) in seen.opened.items()}
        unlike = sorted({each[0] for each in listed ^ real})
        strangers = [index for index, _, gateway, _ in seen.facts.open_decisions if gateway not in seen.gateways]
        if seen.pruned:
            strangers = []  # who started the gateway may be forgotten
        found = min([*unlike, *strangers], default=None)
        return None if found is None else _at(found, "open_decisions_changed")

    def _facts(self) -> Damage | None:
        """Hold what the log says of itself against its first record and its checkpoints."""
        seen, facts = self.seen, self.seen.facts
        is_so = (
            facts.origin == self.wanted.key.name
            and (facts.head is None or not seen.size or facts.ports == self.ports)
            and (facts.integrated is None or facts.integrated == max(seen.newest, 0))
            and (facts.head is None or facts.pruned == seen.forgotten)
        )
        return None if is_so else _at(0, "facts_changed")

    def _outside(self) -> Damage | None:
        """Hold the number of records against what is known from outside."""
        more = [each for each in self.wanted.known if each.size > self.seen.size]
        return _at(self.seen.size, "old_copy") if more else None


def _at(index: int, kind: str) -> Damage:
    return Damage(index, kind, index + 1)


def _peaks(data: bytes) -> list[bytes]:
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def members_of(line: bytes) -> Mapping[str, object]:
    try:
        found = orjson.loads(line)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
