"""All that must hold of a log, whatever happened to the process or the machine that wrote it."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from gateway.adapters.audit_storage import Reader
from gateway.audit.growth import Row
from gateway.audit.note import checkpoint_in, signers_of
from gateway.audit.tiles import Tile, split, tiles_of
from gateway.audit.tree import Frontier, node_hash
from gateway.audit.views import WHOLE, commitment, salt
from tests.audit.logs import SIGNER


@dataclass
class Sound:
    """A log that was looked through."""

    rows: dict[int, Row] = field(default_factory=dict)
    records: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Those that were not pruned."""
    roots: dict[int, bytes] = field(default_factory=dict)
    """Size -> root of the tree."""
    open: set[int] = field(default_factory=set)
    """Decisions without an outcome."""
    outcomes: dict[int, dict[str, Any]] = field(default_factory=dict)
    """Index of the decision -> its outcome."""

    def begins_with(self, notes: Iterable[str]) -> None:
        """Check that trees which were signed and shown to others are beginnings of this one."""
        for note in notes:
            text, signed = signers_of(note, [SIGNER.verifier])
            seen = checkpoint_in(text)
            assert signed
            assert self.roots.get(seen.size) == seen.root, f"the log forked: another tree of {seen.size} was signed"


def sound(reader: Reader) -> Sound:
    """Look through a whole log; an AssertionError says what is wrong with it."""
    found = Sound()
    tree = Frontier()
    for row in reader.rows(0, reader.size()):
        assert row.index == tree.size
        tree = tree.add(row.leaf)
        found.roots[tree.size] = tree.root()
        found.rows[row.index] = row
        _look_at(row, found)
    [(size, peaks)] = reader.run("SELECT size, peaks FROM head")
    assert (size, bytes(peaks)) == (tree.size, b"".join(tree.peaks))
    found.begins_with(note for (note,) in reader.run("SELECT note FROM checkpoints"))
    assert {each.index for each in reader.open_decisions()} == found.open
    _look_at_tiles(reader, found)
    return found


def _look_at(row: Row, found: Sound) -> None:
    if not row.line:
        assert not row.seed
        return
    assert json.loads(row.entry)[WHOLE] == commitment(salt(row.seed, WHOLE), row.line)
    record = json.loads(row.line)
    found.records[row.index] = record
    if record["kind"] == "decision":
        found.open.add(row.index)
    elif record["kind"] == "outcome":
        decision = record["decision_index"]
        assert decision not in found.outcomes, f"decision {decision} has two outcomes"
        if decision in found.records:
            assert found.records[decision]["query"] == record["query"]
            found.open.remove(decision)
        found.outcomes[decision] = record


def _look_at_tiles(reader: Reader, found: Sound) -> None:
    note = reader.checkpoint()
    if not note:
        return
    size = checkpoint_in(signers_of(note, [SIGNER.verifier])[0]).size
    for tile in tiles_of(size):
        held = reader.tile(tile)
        assert held is not None
        assert tile.level is not None
        below = _hashes(reader, found, tile)
        assert split(held) == below


def _hashes(reader: Reader, found: Sound, tile: Tile) -> list[bytes]:
    first = tile.number * 256
    if tile.level == 0:
        return [found.rows[index].leaf for index in range(first, first + tile.width)]
    return [_root(split(reader.tile(Tile((tile.level or 0) - 1, n)) or b"")) for n in range(first, first + tile.width)]


def _root(hashes: list[bytes]) -> bytes:
    while len(hashes) > 1:
        hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
    return hashes[0]
