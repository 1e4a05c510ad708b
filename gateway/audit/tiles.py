"""A tree of a given size -> its static files: tiles of 256 hashes and bundles of entries (C2SP tlog-tiles).

*Invariants*
- A tile of level L holds the roots of full tiles of level L-1; a partial one is never hashed into the level above.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from gateway.audit.tree import HASH_BYTES, Subtree, node_hash

WIDTH = 256
HEIGHT = 8
MAX_ENTRY_BYTES = 0xFFFF


@dataclass(frozen=True, slots=True)
class Tile:
    """Which tile: its level (None for a bundle of entries), its number in the level, and how wide it is."""

    level: int | None
    number: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its path below the log's prefix, such as `tile/0/x001/234.p/7`."""
        parts = [f"{self.number % 1000:03}"]
        rest = self.number // 1000
        while rest:
            parts.insert(0, f"x{rest % 1000:03}")
            rest //= 1000
        level = "entries" if self.level is None else str(self.level)
        partial = "" if self.width == WIDTH else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(parts)}{partial}"


def tile_at(path: str) -> Tile:
    """Read a tile's path, in its one spelling; raises ValueError."""
    head, partial, width = path.partition(".p/")
    words = head.split("/")
    numbers = [word.removeprefix("x") for word in words[2:]]
    if not numbers or words[0] != "tile" or not all(map(_is_number, numbers)):
        raise ValueError(f"{path!r} is no path of a tile")
    level = None if words[1] == "entries" else int(words[1]) if _is_number(words[1], 2) else -1
    number = int("".join(numbers))
    tile = Tile(level, number, int(width) if _is_number(width, 3) else 0 if partial else WIDTH)
    if tile.path != path or not 1 <= tile.width <= WIDTH or not 0 <= (tile.level or 0) < 64:
        raise ValueError(f"{path!r} is no path of a tile")
    return tile


def _is_number(text: str, digits: int = 3) -> bool:
    return 0 < len(text) <= digits and text.isascii() and text.isdigit()


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield all tiles of hashes that a tree of that size has, lowest level first."""
    for level in itertools.count():
        count = size >> HEIGHT * level
        if not count:
            return
        yield from (Tile(level, number) for number in range(count // WIDTH))
        if count % WIDTH:
            yield Tile(level, count // WIDTH, count % WIDTH)


def is_of(tile: Tile, size: int) -> bool:
    """Say whether a tree of that size has the tile, or had it when it was smaller."""
    count = size >> HEIGHT * (tile.level or 0)
    return tile.number * WIDTH + tile.width <= count


def read_through(read: Callable[[Tile], bytes], size: int) -> Subtree:
    """Return the subtrees of a tree of that size, each computed from the one tile that holds it."""

    def subtree(level: int, index: int) -> bytes:
        up, within = divmod(level, HEIGHT)
        number, first = divmod(index << within, WIDTH)
        tile = Tile(up, number, min(WIDTH, (size >> HEIGHT * up) - number * WIDTH))
        hashes = split(read(tile))[first : first + (1 << within)]
        if len(hashes) != 1 << within:
            raise ValueError(f"{tile.path} does not hold what a tree of {size} leaves has there")
        while len(hashes) > 1:
            hashes = [node_hash(*pair) for pair in zip(hashes[::2], hashes[1::2], strict=True)]
        return hashes[0]

    return subtree


def split(tile: bytes) -> list[bytes]:
    """Return the hashes of a tile; raises ValueError."""
    if len(tile) % HASH_BYTES or not 0 < len(tile) <= WIDTH * HASH_BYTES:
        raise ValueError(f"a tile of {len(tile)} bytes holds no whole number of hashes")
    return [tile[at : at + HASH_BYTES] for at in range(0, len(tile), HASH_BYTES)]


def bundle(entries: Iterable[bytes]) -> bytes:
    """Write entries one after the other, each behind its length."""
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def unbundle(data: bytes) -> list[bytes]:
    """Read a bundle of entries; raises ValueError if it is cut short."""
    entries: list[bytes] = []
    at = 0
    while at < len(data):
        size = int.from_bytes(data[at : at + 2], "big")
        entries.append(data[at + 2 : at + 2 + size])
        at += 2 + size
    if at != len(data):
        raise ValueError("a bundle of entries is cut short")
    return entries
