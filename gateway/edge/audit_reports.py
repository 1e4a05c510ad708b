"""Who may read the log -> reports of it, and what they should look at; counted on a thread, record after record.

*Invariants*
- A steward's report and flags are made of their port's views of the records, a partner's report of their own questions;
  nobody's is cut out of another's.
- Flags are for those who look after the data: partners get none.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Protocol, TypeVar

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway.audit.canonical import Members
from gateway.edge.audit_access import LogAccess, LogReader
from gateway.edge.audit_report_pages import Sheet, csv_report, html_report
from gateway.edge.parameters import said
from gateway.edge.room import Room
from gateway.errors import BadRequest, Denied
from gateway.flagging import Flag, Thresholds, flags
from gateway.log_search import NOBODY, Asker, asker_of
from gateway.moments import utc
from gateway.reporting import DIMENSIONS, Report, cells, report

T = TypeVar("T")
AT_ONCE, MOST = 2, 20
"""How many may read through the whole log at a time; others wait, up to MOST of all."""
WRITERS: Mapping[str, tuple[str, Callable[[Sheet], bytes]]] = {
    "html": ("text/html; charset=utf-8", html_report),
    "csv": ("text/csv; charset=utf-8; header=present", csv_report),
}
DEFAULT_BY = "port,partner,purpose,quarter"
DEFAULTS = {"by": DEFAULT_BY, "format": "html", "from": "", "to": ""}
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Log(Protocol):
    """One state of the log."""

    @property
    def size(self) -> int:
        """How many records there are."""

    def records(self) -> Iterator[Members]:
        """Yield each record that was not pruned, oldest first."""

    def decision(self, index: int) -> Members | None:
        """Return a decision without its texts; None if there is none, or it was pruned."""


class Reading(Protocol):
    """Reads the log beside its writer."""

    async def read(self, work: Callable[[Log], T]) -> T:
        """Have something done with the log as it is now, on a thread; raises AuditUnavailable."""


class _Theirs:
    """The log as one reader may see it."""

    def __init__(self, reader: LogReader, log: Log) -> None:
        self._reader, self._log = reader, log

    def records(self) -> Iterator[Members]:
        if self._reader.role == "auditor":
            yield from self._log.records()
            return
        for record in self._log.records():
            if self._reader.may_see(record["kind"], tuple(record["concerns"]), self._asker(record)):
                yield self._reader.seen(record)

    def decision(self, index: int) -> Members | None:
        found = self._log.decision(index)
        if found is None or self._reader.role == "auditor":
            return found
        is_theirs = self._reader.may_see("decision", tuple(found["concerns"]), self._asker(found))
        return self._reader.seen(found) if is_theirs else None

    def _asker(self, record: Members) -> Asker:
        """Say who asked the query that a record is about, as far as it matters: to partners."""
        if self._reader.role != "partner":
            return NOBODY
        about = self._log.decision(record["decision_index"]) if record["kind"] == "outcome" else record
        return asker_of(about or {})


def add_reports(app: FastAPI, log: Reading, access: LogAccess, origin: str, thresholds: Thresholds) -> None:
    """Serve reports and flags."""
    room = Room(AT_ONCE, MOST)

    @app.get("/api/audit/report", summary="What was asked and answered, by port, partner, purpose and quarter.")
    async def audit_report(request: Request) -> Response:
        reader = await access.reader(request)
        asked = {**DEFAULTS, **said(request, DEFAULTS)}
        by, since, until = _dimensions(asked["by"]), _day(asked["from"]), _day(asked["to"])
        if asked["format"] not in WRITERS:
            raise BadRequest(f"format is none of {', '.join(WRITERS)}")

        def count(held: Log) -> tuple[Report, int]:
            theirs = _Theirs(reader, held)
            return report(theirs.records(), theirs.decision, by, since, until), held.size

        async with room.place():
            found, size = await log.read(count)
        media_type, write = WRITERS[asked["format"]]
        names, lines, total = cells(found, reader.role == "partner")
        await access.note(reader, "report", {name: value for name, value in asked.items() if value}, len(lines))
        made = utc(access.clock())[:16].replace("T", " ") + " UTC"
        sheet = Sheet(names, lines, total, len(by), _period(since, until), _whose(reader), made, origin, size)
        headers = {"content-disposition": f'attachment; filename="report.{asked["format"]}"'}
        return Response(write(sheet), media_type=media_type, headers=headers)

    @app.get("/api/audit/flags", summary="What an auditor should look at, and why.")
    async def audit_flags(request: Request) -> Response:
        reader = await access.reader(request)
        if reader.role == "partner":
            raise Denied(f"{reader.partner.id} is neither auditor nor a port's steward", hint="an auditor can ask")
        since = _day(said(request, ("from",)).get("from", ""))

        def look(held: Log) -> tuple[list[Flag], int]:
            theirs = _Theirs(reader, held)
            return flags(theirs.records(), theirs.decision, thresholds, since), held.size

        async with room.place():
            found, size = await log.read(look)
        await access.note(reader, "flags", {"from": since} if since else {}, len(found))
        told = {"flags": [_told(flag) for flag in found], "records": size, "thresholds": asdict(thresholds)}
        return Response(orjson.dumps(told), media_type="application/json")


def _told(flag: Flag) -> dict[str, object]:
    return {
        "kind": flag.kind,
        "severity": flag.severity,
        "partner": flag.partner,
        "organisation": flag.organisation,
        "reason": flag.reason,
        "first": flag.first,
        "last": flag.last,
        "ports": sorted(flag.ports),
        "count": flag.count,
        "records": flag.indexes,
    }


def _dimensions(text: str) -> tuple[str, ...]:
    by = tuple(text.split(","))
    if len(set(by)) != len(by) or not set(by) <= set(DIMENSIONS):
        raise BadRequest(f"by is some of {', '.join(DIMENSIONS)}, each once", hint=f"such as by={DEFAULT_BY}")
    return by


def _day(text: str) -> str:
    try:
        if text and (not _DAY.fullmatch(text) or not date.fromisoformat(text)):
            raise ValueError
    except ValueError:
        raise BadRequest("from and to are days", hint="such as from=2026-10-01") from None
    return text


def _period(since: str, until: str) -> str:
    if since and until:
        return f"{since} to {until}"
    return f"since {since}" if since else f"until {until}" if until else "since the log began"


def _whose(reader: LogReader) -> str:
    if reader.role == "auditor":
        return "All questions."
    if reader.role == "steward":
        return f"Questions about {reader.port}, with {reader.port}'s part of them."
    return f"Questions of {reader.partner.id} of {reader.partner.organisation}."
