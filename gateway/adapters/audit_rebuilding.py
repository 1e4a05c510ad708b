"""The records of a log -> its tree once more, and all that is derived of it: leaves, tiles, and the peaks of the head.

*Invariants*
- Entries are what counts: each leaf and tile is computed from them, and is written only if the tree that they make is
  the one that was signed. If it is not, nothing is changed: the log is evidence.
- A record that was not pruned must be the one that its entry speaks of.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import orjson

from gateway.adapters.audit_pruning import pruned_until
from gateway.adapters.audit_storage import Turn
from gateway.audit.growth import Row
from gateway.audit.note import checkpoint_in, signatures_of
from gateway.audit.tiles import WIDTH
from gateway.audit.tree import Frontier, node_hash
from gateway.audit.views import WHOLE, commitment, salt

MOST_DAMAGE = 20
"""So much is told; where more is wrong, more of the same says nothing."""


@dataclass
class Rebuilt:
    """What came of it."""

    records: int = 0
    pruned: int = 0
    tiles: int = 0
    mended: int = 0
    """Leaves that were not those of their entries."""
    damage: list[str] = field(default_factory=list)
    """In words; empty if the log is whole. Then all of it is derived anew, else nothing."""

    def says(self, damage: str) -> None:
        """Note what is wrong."""
        if len(self.damage) < MOST_DAMAGE:
            self.damage.append(damage)


@dataclass
class _Tiles:
    """The tiles of a tree that grows."""

    levels: list[list[bytes]] = field(default_factory=list)
    full: list[tuple[int, int, bytes]] = field(default_factory=list)
    """(level, number, root) of each that is full."""

    def add(self, level: int, index: int, hashed: bytes) -> None:
        """Add the hash that stands at the index of the level."""
        if level == len(self.levels):
            self.levels.append([])
        self.levels[level].append(hashed)
        if len(self.levels[level]) == WIDTH:
            root = _root(self.levels[level])
            self.levels[level] = []
            self.full.append((level, index // WIDTH, root))
            self.add(level + 1, index // WIDTH, root)


def rebuild(turn: Turn, progress: Callable[[int, int], None]) -> Rebuilt:
    """Look through the whole log and derive anew what is derived; `progress` hears of records done, and of all."""
    told, tiles, tree = Rebuilt(), _Tiles(), Frontier()
    signed = {int(size): str(note) for size, note in turn.run("SELECT size, note FROM checkpoints ORDER BY size")}
    size, pruned = turn.size(), pruned_until(turn)
    for row in turn.rows(0, _end(turn)):
        if row.index != tree.size:
            told.says(f"records {tree.size} to {row.index - 1} are missing")
            break
        _look_at(row, pruned, told)
        tiles.add(0, row.index, row.leaf)
        tree = tree.add(row.leaf)
        if tree.size in signed:
            _compare(signed[tree.size], tree, told)
        progress(tree.size, size)
    told.records = tree.size
    if (tree.size, tree.peaks) != (turn.frontier.size, turn.frontier.peaks):
        told.says(f"the head speaks of another tree, of {turn.frontier.size} records; there are {tree.size}")
    told.damage += [
        f"the checkpoint of {late} records speaks of records that are gone" for late in signed if late > size
    ]
    if not told.damage:
        _write(turn, tiles, told)
    return told


def _end(turn: Turn) -> int:
    return int(turn.run("SELECT coalesce(max(idx), -1) FROM records")[0][0]) + 1


def _look_at(row: Row, pruned: int, told: Rebuilt) -> None:
    if not row.line:
        told.pruned += 1
        if not 0 < row.index < pruned:
            told.says(f"record {row.index} is empty, and was not pruned")
        return
    try:
        is_it = orjson.loads(row.entry)[WHOLE] == commitment(salt(row.seed, WHOLE), row.line)
    except (orjson.JSONDecodeError, KeyError, TypeError):
        is_it = False
    if not is_it:
        told.says(f"record {row.index} is not the one that its entry in the tree speaks of")


def _compare(note: str, tree: Frontier, told: Rebuilt) -> None:
    try:
        agrees = checkpoint_in(signatures_of(note)[0]).root == tree.root()
    except ValueError:
        agrees = False
    if not agrees:
        told.says(f"the first {tree.size} records are not those that were signed")


def _write(turn: Turn, tiles: _Tiles, told: Rebuilt) -> None:
    turn.run("DELETE FROM tiles")
    for level, number, root in tiles.full:
        turn.run("INSERT INTO tiles (level, number, root) VALUES (?, ?, ?)", level, number, root)
    turn.put_meta("integrated", str(turn.frontier.size))
    told.tiles = len(tiles.full)
    low = 0
    while low < told.records:
        leaves = turn.run("SELECT idx, leaf FROM records WHERE idx >= ? AND idx < ?", low, low + WIDTH)
        kept = {int(index): bytes(leaf) for index, leaf in leaves}
        for row in turn.rows(low, low + WIDTH):
            if kept[row.index] != row.leaf:
                turn.run("UPDATE records SET leaf = ? WHERE idx = ?", row.leaf, row.index)
                told.mended += 1
        low += WIDTH


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
