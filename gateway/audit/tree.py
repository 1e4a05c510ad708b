"""Leaf hashes -> the root of the log's Merkle tree, and proofs about it (RFC 6962, section 2.1).

*Invariants*
- A leaf and a node are never hashed alike, so that none can stand in the place of the other.
- What is proved depends on the sizes and the hashes given, and on nothing that a proof says of itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

EMPTY_ROOT = hashlib.sha256(b"").digest()
HASH_BYTES = 32

Subtree = Callable[[int, int], bytes]
"""(level, index) -> root of the full subtree over the leaves from `index << level` to `(index + 1) << level`."""


def leaf_hash(entry: bytes) -> bytes:
    """Return the hash of an entry as a leaf."""
    return hashlib.sha256(b"\x00" + entry).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of two subtrees as one."""
    return hashlib.sha256(b"\x01" + left + right).digest()


@dataclass(frozen=True, slots=True)
class Frontier:
    """All that must be known of a tree for it to grow: the roots of its full subtrees, largest first."""

    size: int = 0
    peaks: tuple[bytes, ...] = ()

    def add(self, leaf: bytes) -> Frontier:
        """Return the tree with one more leaf hash."""
        peaks, size = list(self.peaks), self.size
        while size & 1:
            leaf = node_hash(peaks.pop(), leaf)
            size >>= 1
        return Frontier(self.size + 1, (*peaks, leaf))

    def root(self) -> bytes:
        """Return the root of the whole tree."""
        if not self.peaks:
            return EMPTY_ROOT
        *rest, root = self.peaks
        for peak in reversed(rest):
            root = node_hash(peak, root)
        return root


def root_of(low: int, high: int, subtree: Subtree) -> bytes:
    """Return the root over the leaves from `low` to `high`, which must begin where a subtree of that size can."""
    count = high - low
    level = count.bit_length() - 1
    if count == 1 << level:
        return subtree(level, low >> level)
    middle = low + _split(count)
    return node_hash(root_of(low, middle, subtree), root_of(middle, high, subtree))


def inclusion_proof(index: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return what proves that a leaf is in the tree of that size, from the leaf's sibling up."""
    if not 0 <= index < size:
        raise ValueError(f"a tree of {size} leaves has no leaf {index}")
    proof: list[bytes] = []
    low, high = 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(root_of(middle, high, subtree))
            high = middle
        else:
            proof.append(root_of(low, middle, subtree))
            low = middle
    return tuple(reversed(proof))


def consistency_proof(old: int, size: int, subtree: Subtree) -> tuple[bytes, ...]:
    """Return what proves that the tree of size `old` is the beginning of the tree of that size."""
    if not 0 <= old <= size:
        raise ValueError(f"a tree of {size} leaves does not begin with one of {old}")
    if old in (0, size):
        return ()
    proof: list[bytes] = []
    low, high, is_whole = 0, size, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(root_of(middle, high, subtree))
            high = middle
        else:
            proof.append(root_of(low, middle, subtree))
            low, is_whole = middle, False
    if not is_whole:
        proof.append(root_of(low, high, subtree))
    return tuple(reversed(proof))


def includes(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Say whether a proof shows that a leaf hash is in the tree (RFC 9162, section 2.1.3.2)."""
    if not 0 <= index < size:
        return False
    node, last = index, size - 1
    for sibling in proof:
        if last == 0 or len(sibling) != HASH_BYTES:
            return False
        if node & 1 or node == last:
            leaf = node_hash(sibling, leaf)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            leaf = node_hash(leaf, sibling)
        node, last = node >> 1, last >> 1
    return last == 0 and leaf == root


def is_consistent(old: int, old_root: bytes, size: int, root: bytes, proof: Sequence[bytes]) -> bool:
    """Say whether a proof shows that one tree is the beginning of another (RFC 9162, section 2.1.4.2)."""
    if old in (0, size):
        return not proof and old_root == (root if old else EMPTY_ROOT)
    if not 0 < old < size or not proof or any(len(each) != HASH_BYTES for each in proof):
        return False
    path = list(proof) if old & (old - 1) else [old_root, *proof]
    return _both_roots(old, size, path) == (old_root, root)


def _both_roots(old: int, size: int, path: Sequence[bytes]) -> tuple[bytes, bytes] | None:
    """Return the roots of both trees that a path says; None if it is too long or too short for them."""
    node, last = old - 1, size - 1
    while node & 1:
        node, last = node >> 1, last >> 1
    first = second = path[0]
    for sibling in path[1:]:
        if last == 0:
            return None
        if node & 1 or node == last:
            first, second = node_hash(sibling, first), node_hash(sibling, second)
            while not node & 1 and node:
                node, last = node >> 1, last >> 1
        else:
            second = node_hash(second, sibling)
        node, last = node >> 1, last >> 1
    return (first, second) if last == 0 else None


def _split(count: int) -> int:
    """Return the largest power of two below `count`."""
    return 1 << (count - 1).bit_length() - 1
