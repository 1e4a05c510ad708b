"""Leaf hashes -> roots, and whether proofs about them hold: the definitions of RFC 6962, section 2.1, as they stand.

*Invariants*
- A proof is walked by the two sizes alone; a hash too many or too few makes it false.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence

EMPTY = hashlib.sha256(b"").digest()
TILE_WIDTH, TILE_HEIGHT = 256, 8

Span = Callable[[int, int], bytes]
"""(low, high) -> root over the leaves from `low` to `high`."""
ReadTile = Callable[[int, int, int], bytes]
"""(level, number, width) -> the hashes of a tile, one after the other."""


def leaf(entry: bytes) -> bytes:
    """Return an entry's leaf hash."""
    return hashlib.sha256(b"\0" + entry).digest()


def joined(left: bytes, right: bytes) -> bytes:
    """Return the root over two subtrees."""
    return hashlib.sha256(b"\1" + left + right).digest()


def half(count: int) -> int:
    """Return the largest power of two that is smaller than `count`, which is 2 or more."""
    return 1 << ((count - 1).bit_length() - 1)


class Growing:
    """The root of a list that only gets longer: one slot for each power of two, full or empty, as a binary counter."""

    def __init__(self, size: int = 0, slots: Sequence[bytes | None] = ()) -> None:
        self.size, self.slots = size, list(slots)

    def add(self, leaf_hash: bytes) -> None:
        """Put one leaf hash at the end."""
        carried, level = leaf_hash, 0
        while level < len(self.slots) and (held := self.slots[level]) is not None:
            carried, self.slots[level] = joined(held, carried), None
            level += 1
        self.slots[level : level + 1] = [carried]
        self.size += 1

    def root(self) -> bytes:
        """Return the root of all of it."""
        root: bytes | None = None
        for held in self.slots:
            if held is not None:
                root = held if root is None else joined(held, root)
        return EMPTY if root is None else root


def is_beginning(old: int, old_root: bytes, new: int, new_root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that the first `old` leaves of the new tree are the whole old one."""
    if old == 0:
        return not proof and old_root == EMPTY and (new > 0 or new_root == EMPTY)
    left = list(proof)
    try:
        return _both(old, new, old_root, left) == (old_root, new_root) and not left
    except (IndexError, ValueError):
        return False


def _both(old: int, new: int, known: bytes | None, proof: list[bytes]) -> tuple[bytes, bytes]:
    """Follow SUBPROOF(old, D[new], known is given) from its end; return the roots of the old and the new part."""
    if not 0 < old <= new:
        raise ValueError("no tree begins with a larger one")
    if old == new:
        same = proof.pop() if known is None else known
        return same, same
    middle = half(new)
    sibling = proof.pop()
    if old <= middle:
        first, second = _both(old, middle, known, proof)
        return first, joined(second, sibling)
    first, second = _both(old - middle, new - middle, None, proof)
    return joined(sibling, first), joined(sibling, second)


def prove_beginning(old: int, new: int, span: Span) -> list[bytes]:
    """Return PROOF(old, D[new]), with the roots that `span` knows."""
    return _subproof(old, 0, new, True, span) if 0 < old < new else []


def _subproof(old: int, low: int, high: int, is_whole: bool, span: Span) -> list[bytes]:
    if low + old == high:
        return [] if is_whole else [span(low, high)]
    middle = low + half(high - low)
    if low + old <= middle:
        return [*_subproof(old, low, middle, is_whole, span), span(middle, high)]
    return [*_subproof(low + old - middle, middle, high, False, span), span(low, middle)]


def spans_of(size: int, read: ReadTile) -> Span:
    """Return the roots within a tree of that size, by its tiles; they are as true as what the tiles say."""
    known: dict[tuple[int, int], bytes] = {}

    def node(level: int, number: int) -> bytes:
        tile_level, within = divmod(level, TILE_HEIGHT)
        if within:
            return joined(node(level - 1, 2 * number), node(level - 1, 2 * number + 1))
        tile, place = divmod(number, TILE_WIDTH)
        if (tile_level, tile) not in known:
            width = min(TILE_WIDTH, (size >> level) - tile * TILE_WIDTH)
            known[tile_level, tile] = read(tile_level, tile, width)
        return known[tile_level, tile][32 * place : 32 * place + 32]

    def span(low: int, high: int) -> bytes:
        count = high - low
        if count & (count - 1) == 0:
            level = count.bit_length() - 1
            return node(level, low >> level)
        middle = low + half(count)
        return joined(span(low, middle), span(middle, high))

    return span
