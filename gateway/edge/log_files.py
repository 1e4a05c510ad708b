"""The audit log over HTTP: static files for everybody (C2SP tlog-tiles), each port's views for who may copy them.

*Invariants*
- Tiles and checkpoints hold hashes and salted commitments alone: they are public, and no token is looked at.
- A port's views are given to its own steward, its own witness and to auditors. Stewards and auditors leave a record for
  each answer, before it leaves. A witness comes every few seconds, and its comings would make the log grow for ever: it
  leaves one a day, and one after each start of a gateway.
- Nothing is read on the event loop, few readings go on at once, and few wait.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from datetime import date
from typing import Protocol

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway.audit.growth import Row
from gateway.audit.tiles import Tile, tile_at
from gateway.audit.views import salt, view
from gateway.edge.audit_access import LogAccess, LogReader
from gateway.edge.parameters import MOST, number, said
from gateway.edge.problems import NotFound
from gateway.edge.room import Room

MOST_READINGS, MOST_WAITING = 4, 200
MOST_RECORDS, MOST_BYTES = 1_000, 4 * 1024 * 1024
"""How much one answer holds; whoever wants more asks from where it ended."""
_IMMUTABLE = {"cache-control": "public, max-age=31536000, immutable"}


class Reading(Protocol):
    """A log as it is at one moment."""

    def size(self) -> int:
        """How many records there are."""

    def checkpoint(self) -> str:
        """The newest checkpoint with all its signatures; empty if there is none yet."""

    def tile(self, tile: Tile) -> bytes | None:
        """A tile of hashes, or a bundle of entries; None if the log has none, or not yet."""

    def rows(self, low: int, high: int) -> Iterator[Row]:
        """The records from `low` to `high`."""


Open = Callable[[], AbstractContextManager[Reading]]


def add_log_files(app: FastAPI, open_log: Open, access: LogAccess) -> None:
    """Serve the log below /log/."""
    room = Room(MOST_READINGS, MOST_WAITING)
    witnessed: dict[str, date] = {}

    @app.get("/log/checkpoint", summary="The log's newest checkpoint, with the cosignatures of the ports' witnesses.")
    async def checkpoint() -> Response:
        note = await room.read(open_log, lambda log: log.checkpoint())
        if not note:
            raise _nothing()
        return Response(note, media_type="text/plain; charset=utf-8")

    @app.get("/log/tile/{path:path}", summary="A tile of hashes, or a bundle of entries (C2SP tlog-tiles).")
    async def tile(path: str) -> Response:
        wanted = _tile_at(path)
        data = await room.read(open_log, lambda log: log.tile(wanted))
        if data is None:
            raise _nothing()
        return Response(data, headers=_IMMUTABLE, media_type="application/octet-stream")

    @app.get("/log/views/{port}", summary="What a port may read of each record, to be held against the log's entries.")
    async def views(request: Request, port: str) -> Response:
        if port not in access.ports:
            raise _nothing()
        reader = await access.follower(request, port)
        asked = said(request, {"from", "to"})
        low, high = number(asked, "from", 0), number(asked, "to", MOST)
        lines = await room.read(open_log, lambda log: _views(log, port, low, high))
        await _note(access, witnessed, reader, {"port": port, "from": str(low)}, len(lines))
        return Response(b"".join(lines), media_type="application/x-ndjson")


async def _note(
    access: LogAccess, witnessed: dict[str, date], reader: LogReader, wanted: dict[str, str], found: int
) -> None:
    today = access.clock().date()
    if reader.role == "witness" and witnessed.get(reader.port) == today:
        return
    await access.note(reader, "views", wanted, found)
    if reader.role == "witness":
        witnessed[reader.port] = today


def _views(log: Reading, port: str, low: int, high: int) -> list[bytes]:
    lines: list[bytes] = []
    size = 0
    for row in log.rows(low, min(high, low + MOST_RECORDS, log.size())):
        lines.append(_line(row, port))
        size += len(lines[-1])
        if size > MOST_BYTES:
            break
    return lines


def _line(row: Row, port: str) -> bytes:
    """Write what a port is given of a record; a pruned one has neither salt nor view."""
    shown = view(orjson.loads(row.line), port).decode() if row.line else ""
    given = base64.b64encode(salt(row.seed, port)).decode() if row.seed else ""
    return orjson.dumps({"index": row.index, "salt": given, "view": shown, "entry": row.entry.decode()}) + b"\n"


def _tile_at(path: str) -> Tile:
    try:
        return tile_at(f"tile/{path}")
    except ValueError:
        raise _nothing() from None


def _nothing() -> NotFound:
    return NotFound("the log has nothing at this address", hint="See c2sp.org/tlog-tiles")
