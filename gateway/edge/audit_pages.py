"""The audit log over HTTP: searched, shown record by record, and watched as it grows; each reader sees what is theirs.

*Invariants*
- What somebody may see is decided by their `LogReader` alone, and nothing is sent before the reading was written down.
- A record that there is not, and one that is not the reader's, have the same answer.
- A parameter that is not known is refused, so that a misspelt condition never widens what is found.
- A watch looks at the log a little at a time and waits for its reader: one that is slow holds up nobody.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import Receive, Send
from starlette.types import Scope as HttpScope

from gateway.edge.audit_access import LogAccess, LogReader
from gateway.edge.parameters import is_number, number, said
from gateway.edge.problems import NotFound, broken, problem_of
from gateway.edge.stream import STALLED_READER_SECONDS, note_unforeseen, until_gone
from gateway.errors import BadRequest, TooMany
from gateway.log_search import FILTERS, Entry, Found, Scope, Shown, Wanted
from gateway.moments import utc

MOST_RECORDS, USUAL_RECORDS = 1_000, 100
HEARTBEAT_SECONDS, LOOK_SECONDS = 15.0, 0.5
LOOK_RECORDS = 2_000
"""How many new records a watch looks at in one go."""
MOST_WATCHERS = 16
WATCH_SECONDS = 3_600.0
"""How long one watch goes on; its last line says where the next begins."""

NDJSON = "application/x-ndjson"


class LogIndex(Protocol):
    """What searches the log."""

    async def search(self, scope: Scope, wanted: Wanted, limit: int, before: int | None = None) -> Found:
        """Find the newest records that are wanted."""

    async def show(self, scope: Scope, index: int) -> Shown | None:
        """Return one record, if the reader may see it."""

    async def size(self) -> int:
        """Return how many records there are."""

    async def newer(self, scope: Scope, wanted: Wanted, start: int, most: int) -> tuple[Sequence[Entry], int]:
        """Return what is wanted among the next records, the oldest first, and how far that is."""


def add_log_pages(app: FastAPI, access: LogAccess, index: LogIndex) -> None:
    """Let the log be read."""
    watchers = Watchers()

    @app.get("/api/audit/records", summary="Search the audit log, the newest records first.")
    async def search(request: Request) -> Response:
        reader = await access.reader(request)
        asked = said(request, {*FILTERS, "limit", "before"})
        wanted = _wanted(asked)
        limit = number(asked, "limit", USUAL_RECORDS, 1, MOST_RECORDS)
        before = number(asked, "before", 0) if "before" in asked else None
        found = await index.search(reader.scope, wanted, limit, before)
        await access.note(reader, "search", _as_said(request), len(found.entries))
        return _json({"records": [entry.told() for entry in found.entries], "next": found.next})

    @app.get("/api/audit/records/{number}", summary="Show one record of the audit log, with the others of its query.")
    async def show(request: Request, number: str) -> Response:
        reader = await access.reader(request)
        said(request, ())
        shown = await index.show(reader.scope, int(number)) if is_number(number) else None
        found = 1 + len(shown.same_query) if shown is not None else 0
        await access.note(reader, "show", {"index": number[:20]}, found)
        if shown is None:
            raise NotFound("there is no such record of the audit log, or it is not yours to read")
        return _json(shown.told())

    @app.get("/api/audit/watch", summary="Follow the audit log: a line for each new record, until you go.")
    async def watch(request: Request) -> Response:
        reader = await access.reader(request)
        asked = said(request, {*set(FILTERS) - {"since", "until"}, "after"})
        wanted = _wanted(asked)
        after = number(asked, "after", 0) if "after" in asked else None
        watchers.enter(reader)
        try:
            await access.note(reader, "watch", _as_said(request), 0)
            start = after + 1 if after is not None else await index.size()
        except BaseException:
            watchers.leave(reader)
            raise
        return Watch(watchers, reader, _lines(access, index, reader, wanted, start))


# --- what is asked --------------------------------------------------------------------------------------------------


def _wanted(asked: Mapping[str, str]) -> Wanted:
    try:
        return Wanted(**{name: asked[name] for name in FILTERS if name in asked})
    except ValueError as error:
        raise BadRequest(str(error), hint="Moments are in UTC.") from None


def _as_said(request: Request) -> dict[str, str]:
    return {name: value[:200] for name, value in sorted(request.query_params.items())}


def _json(value: object) -> Response:
    return Response(orjson.dumps(value), media_type="application/json")


# --- watching -------------------------------------------------------------------------------------------------------


@dataclass
class Watchers:
    """Who watches now."""

    now: list[LogReader] = field(default_factory=list)

    def enter(self, reader: LogReader) -> None:
        """Count one more; raise TooMany if that is too many, and one partner may take a quarter of the places."""
        own = sum(1 for each in self.now if each.scope == reader.scope)
        if len(self.now) >= MOST_WATCHERS or own >= MOST_WATCHERS // 4:
            raise TooMany("the log has as many watchers as it may have", hint="End one of yours, or try again later.")
        self.now.append(reader)

    def leave(self, reader: LogReader) -> None:
        """Count one less."""
        self.now.remove(reader)


class Watch(Response):
    """Sends lines as they come, until their end or until the client goes."""

    def __init__(self, watchers: Watchers, reader: LogReader, lines: AsyncIterator[Mapping[str, object]]) -> None:
        super().__init__()
        self._watchers, self._reader, self._lines = watchers, reader, lines

    async def __call__(self, scope: HttpScope, receive: Receive, send: Send) -> None:
        """Answer."""
        work, gone = asyncio.ensure_future(self._run(send)), asyncio.ensure_future(until_gone(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._watchers.leave(self._reader)
            work.cancel()
            gone.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)

    async def _run(self, send: Send) -> None:
        headers = [(b"content-type", NDJSON.encode())]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        with contextlib.suppress(TimeoutError):  # a reader who takes nothing is cut off
            async for line in self._lines:
                body = orjson.dumps(line) + b"\n"
                async with asyncio.timeout(STALLED_READER_SECONDS):
                    await send({"type": "http.response.body", "body": body, "more_body": True})
            await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _lines(
    access: LogAccess, index: LogIndex, reader: LogReader, wanted: Wanted, start: int
) -> AsyncIterator[Mapping[str, object]]:
    """Yield new records, and a heartbeat whenever nothing was sent for HEARTBEAT_SECONDS.

    The last line says after which record another watch can go on, or what went wrong.
    """
    clock = asyncio.get_running_loop().time
    ends_at, told_at = clock() + WATCH_SECONDS, -HEARTBEAT_SECONDS
    try:
        while clock() < ends_at:
            entries, start = await index.newer(reader.scope, wanted, start, LOOK_RECORDS)
            for entry in entries:
                yield entry.told()
            if entries:
                told_at = clock()
            elif clock() - told_at >= HEARTBEAT_SECONDS:
                told_at = clock()
                yield {"heartbeat": utc(access.clock())}
            await asyncio.sleep(LOOK_SECONDS if len(entries) < LOOK_RECORDS else 0)
        yield {"end": "go on with after", "after": start - 1}
    except Exception as error:
        note_unforeseen(error)
        yield {"error": problem_of(broken(error))}
