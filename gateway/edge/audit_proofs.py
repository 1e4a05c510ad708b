"""Proofs of records, exports and their manifests over HTTP, for each reader as far as they read.

*Invariants*
- Each of these is a reading of the log, and recorded as one before anything is shown.
- A record that a reader may not see and one that there is not are answered alike.
- An export is of the log up to a checkpoint; its manifest is worked out anew from the same, and nothing is kept.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from gateway.audit.canonical import Members, canonical
from gateway.audit.note import Signer, checkpoint_in, signatures_of
from gateway.audit.views import WHOLE, salt, view
from gateway.checking.manifests import Manifest, packed
from gateway.checking.proofs import Disclosure, proof_text, statement, whole
from gateway.edge.audit_access import LogAccess, LogReader
from gateway.edge.audit_exports import (
    FILTERS,
    MEDIA_TYPES,
    Asked,
    Count,
    LogRows,
    OpenLog,
    asker_of_query,
    chunks,
    counted,
)
from gateway.edge.parameters import number, said
from gateway.edge.problems import Gone, NotFound
from gateway.edge.room import Room
from gateway.errors import AuditUnavailable, BadRequest

PARAMETERS = ("format", "size", "from", "to", *FILTERS)
AT_ONCE, MOST = 2, 20
"""How many may read through the whole log at a time; others wait, up to MOST of all."""
MOST_CHECKPOINTS = 20
"""How far back a proof looks for a checkpoint with more witnesses' signatures than the newest has."""


@dataclass(frozen=True, slots=True)
class Proofs:
    """What proves and exports."""

    access: LogAccess
    open: OpenLog
    signer: Signer
    room: Room = field(default_factory=lambda: Room(AT_ONCE, MOST))

    def add_routes(self, app: FastAPI) -> None:
        """Put them on an application."""

        @app.get("/api/audit/records/{number}/proof", summary="A proof of one record, to be checked without us.")
        async def proof(request: Request, number: int) -> Response:
            reader = await self.access.reader(request)
            said(request, ())
            text = await asyncio.to_thread(self._proof, reader, number)
            await self.access.note(reader, "prove", {"index": str(number)}, 1)
            return Response(text, media_type="text/plain; charset=utf-8")

        @app.get("/api/audit/export", summary="Records up to a checkpoint, as JSON Lines, CSV or Parquet.")
        async def export(request: Request) -> Response:
            reader = await self.access.reader(request)
            given = said(request, PARAMETERS)
            async with contextlib.AsyncExitStack() as held:
                await held.enter_async_context(self.room.place())
                asked, count = await asyncio.to_thread(self._asked, reader, given)
                await self._note(reader, "export", asked, count)
                return _Export(self._chunks(reader, asked), asked, reader, held.pop_all())

        @app.get("/api/audit/export/manifest", summary="What an export of this size holds, signed by the log.")
        async def manifest(request: Request) -> Response:
            reader = await self.access.reader(request)
            given = said(request, PARAMETERS)
            async with self.room.place():
                asked, note, count = await asyncio.to_thread(self._manifest, reader, given)
            await self._note(reader, "manifest", asked, count)
            return Response(note, media_type="text/plain; charset=utf-8")

    async def _note(self, reader: LogReader, way: str, asked: Asked, count: int) -> None:
        told = {"format": asked.format, "size": str(asked.size), "from": str(asked.low), "to": str(asked.high)}
        await self.access.note(reader, way, {**told, **asked.filters}, count)

    # --- one record -------------------------------------------------------------------------------------------------

    def _proof(self, reader: LogReader, index: int) -> str:
        with self.open() as log:
            told = _told(log, index)
            if not reader.may_see(told["kind"], tuple(told["concerns"]), asker_of_query(told, log, {})):
                raise _no_record(index)
            return proof_of(log, index, reader, self.signer)

    # --- many -------------------------------------------------------------------------------------------------------

    def _asked(self, reader: LogReader, given: Mapping[str, str]) -> tuple[Asked, int]:
        """Read what is wanted, and count what will be shown."""
        with self.open() as log:
            asked = read_asked(given, log)
            return asked, counted(log, reader, asked)

    def _chunks(self, reader: LogReader, asked: Asked) -> Iterator[bytes]:
        with self.open() as log:
            yield from chunks(log, reader, asked)

    def _manifest(self, reader: LogReader, given: Mapping[str, str]) -> tuple[Asked, str, int]:
        """Write the file once more, to nowhere, and sign what it is; return how many records it has, too."""
        digest, size, count = hashlib.sha256(), 0, Count()
        with self.open() as log:
            asked = read_asked(given, log)
            for chunk in chunks(log, reader, asked, count):
                digest.update(chunk)
                size += len(chunk)
            checkpoint = packed(log.checkpoint_of(asked.size))
        made = Manifest(
            self.signer.name, asked.size, asked.low, asked.high, asked.format, _role(reader), asked.told, count.records,
            size, digest.hexdigest(), checkpoint,
        )  # fmt: skip
        return asked, made.signed(self.signer), count.records


class _Export(StreamingResponse):
    """A file, which holds its place among those who read the log until it is sent or its reader has gone."""

    def __init__(self, body: Iterator[bytes], asked: Asked, reader: LogReader, held: contextlib.AsyncExitStack) -> None:
        headers = {"Portgate-Log-Size": str(asked.size), "Portgate-Log-Reader": reader.role}
        super().__init__(body, 200, headers, MEDIA_TYPES[asked.format])
        self._held = held

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        async with self._held:
            await super().__call__(scope, receive, send)


def proof_of(log: LogRows, index: int, reader: LogReader, signer: Signer) -> str:
    """Prove a record by the checkpoint with the most signatures among the newest; raises NotFound, Gone."""
    row = log.row(index)
    notes = log.checkpoints_above(index, MOST_CHECKPOINTS)
    if row is None or not notes:
        raise _no_record(index)
    note = max(notes, key=lambda each: len(signatures_of(each)[1]))
    told = _told(log, index)
    if reader.role == "auditor":
        disclosure = whole(row.entry, row.line, salt(row.seed, WHOLE))
    elif reader.role == "steward":
        disclosure = Disclosure(row.entry, reader.port, view(told, reader.port), salt(row.seed, reader.port))
    else:
        read = canonical(reader.seen(told))
        disclosure = Disclosure(row.entry, "partner", read, statement=statement(index, row.entry, read, signer))
    size = checkpoint_in(signatures_of(note)[0]).size
    return proof_text(index, disclosure, note, size, log.tree(size))


def read_asked(given: Mapping[str, str], log: LogRows) -> Asked:
    """Read the parameters of an export; raises BadRequest, AuditUnavailable if nothing is signed yet."""
    format_ = given.get("format", "jsonl")
    if format_ not in MEDIA_TYPES:
        raise BadRequest(f"records are not exported as {format_[:60]}", hint=f"Use: {', '.join(MEDIA_TYPES)}")
    newest = log.checkpoint()
    if not newest:
        raise AuditUnavailable("the log has no checkpoint yet", hint="Try again in a few seconds.")
    size = number(given, "size", checkpoint_in(signatures_of(newest)[0]).size)
    if not log.checkpoint_of(size):
        raise BadRequest(f"there is no checkpoint of {size} records", hint="Leave size away for the newest one.")
    high = min(number(given, "to", size), size)
    low = min(number(given, "from", 0), high)
    filters = {name: given[name] for name in FILTERS if name in given}
    return Asked(format_, size, low, high, filters)


def _told(log: LogRows, index: int) -> Members:
    row = log.row(index) if 0 <= index < 1 << 53 else None
    if row is None:
        raise _no_record(index)
    if not row.line:
        raise Gone(f"record {index} was pruned", hint="Its entry is still in the tree: see /log/tile/entries.")
    found: Members = orjson.loads(row.line)
    return found


def _no_record(index: int) -> NotFound:
    return NotFound(f"there is no record {index} that you may read", hint="A new one is signed within a second.")


def _role(reader: LogReader) -> str:
    """As what somebody reads, as a manifest holds it."""
    if reader.role == "auditor":
        return reader.role
    who = reader.port or f"{reader.partner.organisation} {reader.partner.id}"
    return f"{reader.role} {who}"
