"""New records -> rows of the log, each with the leaf that it adds to the tree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from gateway.audit.canonical import Members, encode
from gateway.audit.record import Record
from gateway.audit.tree import leaf_hash
from gateway.audit.views import entry


@dataclass(frozen=True, slots=True)
class Row:
    """One record as the log keeps it."""

    index: int
    seed: bytes
    """What its salts are made of; empty once the record was pruned."""
    line: bytes
    """Its canonical text; empty once it was pruned."""
    entry: bytes
    """What the tree holds of it."""

    @property
    def leaf(self) -> bytes:
        """The hash of its leaf."""
        return leaf_hash(self.entry)


def grow(record: Record, index: int, logged: str, seed: bytes, ports: Sequence[str]) -> tuple[Members, Row]:
    """Return a record as it is kept at an index: what it says, and its row."""
    held, line = encode(record, index, logged)
    return held, Row(index, seed, line, entry(seed, line, held, ports))
