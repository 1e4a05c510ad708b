"""The tree: grown, cut into tiles, and proved, against the definition in RFC 6962 itself."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.tiles import Tile, bundle, is_of, read_through, split, tile_at, tiles_of, unbundle
from gateway.audit.tree import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    includes,
    inclusion_proof,
    is_consistent,
    leaf_hash,
    root_of,
)

MOST = 1_100
LEAVES = tuple(leaf_hash(b"record %d" % number) for number in range(MOST))
SIZES = st.integers(1, MOST)


def defined(leaves: Sequence[bytes]) -> bytes:
    """MTH as section 2.1 defines it, over leaf hashes."""
    if len(leaves) <= 1:
        return leaves[0] if leaves else hashlib.sha256().digest()
    k = 1
    while k * 2 < len(leaves):
        k *= 2
    return hashlib.sha256(b"\x01" + defined(leaves[:k]) + defined(leaves[k:])).digest()


@cache
def root(size: int) -> bytes:
    return defined(LEAVES[:size])


@cache
def tile(which: Tile) -> bytes:
    span = 256 ** (which.level or 0)
    first = which.number * 256
    return b"".join(defined(LEAVES[n * span : (n + 1) * span]) for n in range(first, first + which.width))


RFC_ENTRIES = [
    b"", b"\x00", b"\x10", b"\x20\x21", b"\x30\x31", b"\x40\x41\x42\x43", b"\x50\x51\x52\x53\x54\x55\x56\x57",
    b"\x60\x61\x62\x63\x64\x65\x66\x67\x68\x69\x6a\x6b\x6c\x6d\x6e\x6f",
]  # fmt: skip
"""The entries by which implementations of RFC 6962 compare themselves, and the roots over the first 1 to 8 of them."""
RFC_ROOTS = """
    6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
    fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
    aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
    d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
    4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
    76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
    ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
    5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328
""".split()


def test_the_roots_are_those_that_others_publish() -> None:
    tree = Frontier()
    assert tree.root() == EMPTY_ROOT == hashlib.sha256().digest()
    for entry, expected in zip(RFC_ENTRIES, RFC_ROOTS, strict=True):
        tree = tree.add(leaf_hash(entry))
        assert tree.root().hex() == expected


def test_a_tree_that_grows_has_the_root_that_is_defined() -> None:
    tree = Frontier()
    for size in range(400):
        assert (tree.size, tree.root()) == (size, root(size))
        tree = tree.add(LEAVES[size])


@given(SIZES)
def test_tiles_hold_the_tree(size: int) -> None:
    subtree = read_through(tile, size)

    assert root_of(0, size, subtree) == root(size)
    assert all(is_of(each, size) and tile_at(each.path) == each for each in tiles_of(size))
    assert sum(each.width for each in tiles_of(size) if each.level == 0) == size


@given(SIZES, st.data())
def test_what_is_in_the_tree_is_proved_and_nothing_else_is(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(index, size, read_through(tile, size))
    other = data.draw(st.integers(0, MOST - 1).filter(lambda at: at != index))

    assert includes(LEAVES[index], index, size, proof, root(size))
    assert not includes(LEAVES[other], index, size, proof, root(size))
    assert not includes(LEAVES[index], other, size, proof, root(size))
    assert not includes(LEAVES[index], index, size, proof, root(size - 1))
    assert not includes(LEAVES[index], index, size, (*proof, LEAVES[0]), root(size))
    assert len(proof) <= max(1, (size - 1).bit_length())


@given(SIZES, st.data())
def test_a_tree_that_grew_is_proved_and_no_other_is(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(0, size))
    proof = consistency_proof(old, size, read_through(tile, size))

    assert is_consistent(old, root(old), size, root(size), proof)
    if old:
        assert not is_consistent(old, LEAVES[0] if old > 1 else LEAVES[1], size, root(size), proof)
        assert not is_consistent(old, root(old), size, LEAVES[1], proof)
    if proof:
        assert not is_consistent(old, root(old), size, root(size), proof[:-1])
        assert not is_consistent(old, root(old), size, root(size), proof[1:])


@given(SIZES, st.data())
def test_a_proof_with_one_bit_changed_proves_nothing(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    old = data.draw(st.integers(1, size))
    subtree = read_through(tile, size)
    inclusion, consistency = inclusion_proof(index, size, subtree), consistency_proof(old, size, subtree)

    assert includes(LEAVES[index], index, size, inclusion, root(size))
    assert not inclusion or not includes(LEAVES[index], index, size, changed(inclusion, data), root(size))
    assert is_consistent(old, root(old), size, root(size), consistency)
    assert not consistency or not is_consistent(old, root(old), size, root(size), changed(consistency, data))


def changed(proof: Sequence[bytes], data: st.DataObject) -> tuple[bytes, ...]:
    """A proof with one bit changed."""
    at, bit = data.draw(st.integers(0, len(proof) - 1)), data.draw(st.integers(0, 255))
    harmed = bytearray(proof[at])
    harmed[bit // 8] ^= 1 << bit % 8
    return (*proof[:at], bytes(harmed), *proof[at + 1 :])


@pytest.mark.parametrize(
    ("which", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 1234067), "tile/0/x001/x234/067"),
        (Tile(3, 1000, 7), "tile/3/x001/000.p/7"),
        (Tile(None, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_a_tile_has_the_path_that_the_standard_gives_it(which: Tile, path: str) -> None:
    assert which.path == path
    assert tile_at(path) == which


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0", "tile/0/", "tile/00/000", "tile/64/000", "tile/-1/000", "tile/0/0", "tile/0/0000",
        "tile/0/x000/001", "tile/0/001/002", "tile/0/x1/001", "tile/0/001.p/0", "tile/0/001.p/256", "tile/0/001.p/07",
        "tile/0/001.p/", "tile/0/001.p/1/2", "tile/entry/000", "tile/0/٠٠١", "tile/0/../000", "tilt/0/000",
        "tile/0/xx01/000", "tile/0/000 ", "tile/x/000",
    ],
)  # fmt: skip
def test_a_path_in_another_spelling_is_none(path: str) -> None:
    with pytest.raises(ValueError, match="is no path of a tile"):
        tile_at(path)


def test_a_tree_has_the_tiles_that_the_standards_example_has() -> None:
    found = [each.path for each in tiles_of(70_000)]

    assert len(found) == 273 + 1 + 1 + 1 + 1
    assert found[-4:] == ["tile/0/273.p/112", "tile/1/000", "tile/1/001.p/17", "tile/2/000.p/1"]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_a_bundle_is_read_back(entries: list[bytes]) -> None:
    assert unbundle(bundle(entries)) == entries
    if entries and entries[-1]:
        with pytest.raises(ValueError, match="cut short"):
            unbundle(bundle(entries)[:-1])


@pytest.mark.parametrize("size", [0, 31, 33, 257 * 32])
def test_what_holds_no_whole_hashes_is_no_tile(size: int) -> None:
    with pytest.raises(ValueError, match="no whole number"):
        split(bytes(size))
