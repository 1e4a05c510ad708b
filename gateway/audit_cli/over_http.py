"""A running gateway's log, read as an auditor -> rows and checkpoints, as the check reads them."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import httpx
import orjson

from gateway.audit.check import Stored
from gateway.audit.note import checkpoint_in, signatures_of
from gateway.audit.tiles import WIDTH, Tile, split, tiles_of
from gateway.checking.joining import Facts
from gateway.edge.client import checked
from gateway.errors import Denied


@dataclass
class HeldByGateway:
    """The log of a gateway up to its newest checkpoint: what it serves to everybody, and what it exports to us."""

    client: httpx.Client
    told: Callable[[int, int], None] = lambda done, total: None
    _tiles: dict[Tile, list[bytes]] = field(default_factory=dict)

    @cached_property
    def note(self) -> str:
        """The newest checkpoint."""
        return self._get("/log/checkpoint").decode()

    @cached_property
    def size(self) -> int:
        """How many records it covers."""
        return checkpoint_in(signatures_of(self.note)[0]).size

    def facts(self) -> Facts:
        """Return what is served of the log; of a part of it, how far pruning went is not seen from here."""
        origin = checkpoint_in(signatures_of(self.note)[0]).origin
        return Facts(
            origin, (), None, integrated=self.size, pruned=1 << 62, bounds=(0, self.size), tiles=self._roots()
        )  # fmt: skip

    def rows(self, low: int, high: int) -> Iterator[Stored]:
        """Yield rows as they are exported, with the hashes of their leaves as they are served."""
        asked = {"format": "jsonl", "size": str(self.size), "from": str(low), "to": str(min(high, self.size))}
        if low >= self.size:
            return
        with self.client.stream("GET", "/api/audit/export", params=asked) as response:
            checked(response)
            if response.headers.get("portgate-log-reader") != "auditor":
                raise Denied("only an auditor reads the whole log, and so can verify it", hint="Say who with --as.")
            for line in response.iter_lines():
                row = _row(line.encode())
                yield (*row, self._leaf(row[0]))
                self.told(row[0] + 1 - low, min(high, self.size) - low)

    def checkpoints(self, low: int, high: int) -> Iterator[tuple[int, str]]:
        """Yield the one that is served."""
        if low < self.size <= high:
            yield self.size, self.note

    def _roots(self) -> Mapping[tuple[int, int], bytes]:
        """The roots of full tiles, as the tiles above them hold them."""
        above = (tile for tile in tiles_of(self.size) if tile.level)
        return {
            ((tile.level or 0) - 1, tile.number * WIDTH + at): root
            for tile in above
            for at, root in enumerate(self._tile(tile))
        }

    def _leaf(self, index: int) -> bytes:
        number, at = divmod(index, WIDTH)
        hashes = self._tile(Tile(0, number, min(WIDTH, self.size - number * WIDTH)))
        return hashes[at] if at < len(hashes) else b""

    def _tile(self, tile: Tile) -> list[bytes]:
        if tile not in self._tiles:
            self._tiles = {} if len(self._tiles) > WIDTH else self._tiles
            self._tiles[tile] = split(self._get(f"/log/{tile.path}"))
        return self._tiles[tile]

    def _get(self, path: str) -> bytes:
        return checked(self.client.get(path)).content


def download(
    client: httpx.Client,
    asked: Mapping[str, str],
    file: Path,
    told: Callable[[int, int], None] = lambda done, total: None,
) -> str:
    """Write an export to a file; return of how many records the log was then. Raises Problem."""
    part, size = file.with_name(file.name + ".part"), 0
    with client.stream("GET", "/api/audit/export", params=dict(asked)) as response:
        checked(response)
        with part.open("wb") as stream:
            for chunk in response.iter_bytes():
                size += stream.write(chunk)
                told(size, 0)
        told(size, size)
        part.replace(file)
        return response.headers["portgate-log-size"]


def _row(line: bytes) -> tuple[int, bytes, bytes, bytes]:
    """Take a line of an export apart; its parts stand in it byte for byte, in the order of their names."""
    told = orjson.loads(line)
    head, mark = b'{"entry":', b',"index":%d,"record":' % told["index"]
    entry, _, rest = line.removeprefix(head).partition(mark)
    record, _, _ = rest.rpartition(b',"seed":')
    seed = base64.b64decode(told.get("seed", ""))
    return int(told["index"]), seed, b"" if record == b"null" else record, entry
