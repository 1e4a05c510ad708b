"""A whole application with a log, for tests: everybody who could ask, and what they have asked."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
from fastapi import FastAPI

from gateway.adapters.audit_index import AuditIndex, Indexer
from gateway.adapters.audit_queries import AuditQueries, found_by
from gateway.adapters.audit_store import AuditStore
from gateway.audit.record import (
    AlarmRecord,
    DecisionRecord,
    OutcomeRecord,
    Receipt,
    Record,
    RecordedPartner,
    RecordedTable,
)
from gateway.edge.api import make_app
from gateway.edge.audit_access import LogAccess
from gateway.edge.audit_pages import add_log_pages
from gateway.edge.audit_proofs import Proofs
from gateway.edge.audit_receipts import add_receipts
from gateway.edge.audit_reports import add_reports
from gateway.edge.credentials import identify
from gateway.edge.log_files import add_log_files
from gateway.edge.oauth import Login
from gateway.edge.results import Links
from gateway.errors import AuditUnavailable, Unauthenticated
from gateway.flagging import Thresholds
from gateway.model import Partner
from gateway.policy.refusal import BundleRefused
from tests.audit.logs import PORTS, SIGNER, open_store
from tests.edge.stand_in import StandInGate
from tests.edge.statement import naming

PURPOSES = ("freight_resilience",)


def _partner(name: str, organisation: str, *roles: str, **attributes: str) -> Partner:
    return Partner(name, organisation, "some_class", roles, PURPOSES, attributes, "t-1")


ROLES: dict[str, tuple[str, Partner | None]] = {
    "nobody": ("", None),
    "bad_token": ("forged", None),
    "partner": ("partner", _partner("gobiz-analyst", "gobiz", "analyst")),
    "other_partner": ("other_partner", _partner("gobiz-analyst", "msc", "analyst")),
    "steward": ("steward", _partner("oak", "port_of_oakland", "steward", port="oakland")),
    "other_steward": ("other_steward", _partner("lb", "port_of_long_beach", "steward", port="long_beach")),
    "witness": ("witness", _partner("oak-witness", "port_of_oakland", "witness", port="oakland")),
    "auditor": ("auditor", _partner("aud", "state_auditor", "auditor")),
}
"""Role -> the token, and who that is."""


class Gate(StandInGate):
    """Knows all of them."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Take the role's name for a token."""
        partner = ROLES.get(token or "", ("", None))[1]
        if partner is None:
            raise Unauthenticated("this needs a token", hint="Get one.")
        return partner


class Bundles:
    """Takes every bundle."""

    def organisation(self, port: str) -> str:
        """Say nothing of organisations."""
        return ""

    def status(self) -> Mapping[str, object]:
        """Say nothing."""
        return {}

    async def accept(self, port: str, packed: bytes, by: str) -> Any:
        """Take it."""
        return SimpleNamespace(revision="r")

    async def refuse(self, port: str, refused: BundleRefused, by: str) -> None:
        """Note nothing."""


class Noting:
    """The log, which can be made to fail."""

    def __init__(self, store: AuditStore) -> None:
        self._store, self.is_full = store, False

    async def append(self, record: Record) -> Receipt:
        """Append, unless it is full."""
        if self.is_full:
            raise AuditUnavailable("the audit log cannot be written")
        return await self._store.append(record)

    async def probe(self) -> None:
        """Always well."""


@dataclass
class Answer:
    """What the application sent."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""

    def json(self) -> Any:
        """Its body as JSON."""
        return orjson.loads(self.body)


class LogWorld:
    """The application over a log in a folder."""

    def __init__(self, directory: Path, gate: StandInGate | None = None) -> None:
        self.store = open_store(directory / "audit.sqlite")
        self.audit = Noting(self.store)
        self.index_file = directory / "audit-index.sqlite"
        self.index = AuditIndex(self.store.storage, self.index_file)
        self.gate = gate or Gate()
        self.links = Links(b"s" * 32)
        self.access = LogAccess(
            lambda request: identify(request.scope, self.gate), self.audit,
            lambda: datetime(2026, 11, 22, tzinfo=UTC), lambda port: "", PORTS,
        )  # fmt: skip
        self.app = make_app(
            self.gate, self.gate.ready, Bundles(), Login(_NoProvider(), self.gate.identify, "https://g.example/"),
            naming(self.gate), self.links, (self._log_routes,),
        )  # fmt: skip

    def _log_routes(self, app: FastAPI) -> None:
        queries = AuditQueries(self.store.storage, found_by(self.index))
        add_log_pages(app, self.access, self.index)
        add_receipts(app, queries, self.access, SIGNER)
        add_reports(app, queries, self.access, SIGNER.name, Thresholds())
        Proofs(self.access, self.store.storage.reading, SIGNER).add_routes(app)
        add_log_files(app, self.store.storage.reading, self.access)

    def close(self) -> None:
        """Let go of it."""
        self.index.close()
        self.store.close()

    def append(self, *records: Record) -> list[int]:
        """Write records; return where they stand."""
        return [asyncio.run(self.store.append(record)).index for record in records]

    def make_index(self) -> None:
        """Take all that was written into the index."""
        with Indexer(self.store.storage, self.index_file) as indexer:
            indexer.run()

    def newest(self, count: int = 1) -> list[Any]:
        """The newest records, the newest first, however they are read."""
        with self.store.storage.reading() as log:
            size = log.size()
            return [orjson.loads(row.line) for row in log.rows(size - count, size)][::-1]

    def send(self, role: str, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        """Send one request as somebody."""
        return asyncio.run(send(self.app, role, method, path, body, 0, **headers))


class _NoProvider:
    """A login provider that knows nobody."""

    def login_address(self, state: str, nonce: str, verifier: str) -> str:
        """Send them nowhere."""
        return "https://provider.example/"

    def finish(self, answer: Mapping[str, str], verifier: str, nonce: str) -> str:
        """Refuse."""
        raise Unauthenticated("nobody")


async def send(
    app: FastAPI, role: str, method: str, path: str, body: bytes = b"", until: int = 0, **headers: str
) -> Answer:
    """Send one request without a network; with `until`, the client goes away after so many lines of the answer, and
    after its head if the body does not end in a second."""
    answer, ended = Answer(), asyncio.Event()
    token = ROLES[role][0]
    given = {"host": "gateway", "content_type": "application/json", **headers}
    if token:
        given["authorization"] = f"Bearer {token}"
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive() -> Any:
        if messages:
            return messages.pop()
        await ended.wait()
        return {"type": "http.disconnect"}

    async def sent(message: Any) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode().lower(): value.decode() for name, value in message["headers"]}
            asyncio.get_running_loop().call_later(30 if until else 1, ended.set)
        else:
            answer.body += message.get("body", b"")
            if not message.get("more_body", False) or (until and answer.body.count(b"\n") >= until):
                ended.set()

    bare, _, query = path.partition("?")
    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": bare, "raw_path": bare.encode(), "query_string": query.encode(), "root_path": "",
        "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in given.items()],
        "server": ("gateway", 80), "client": ("127.0.0.1", 1), "extensions": {},
    }  # fmt: skip
    await app(scope, receive, sent)
    return answer


# --- records --------------------------------------------------------------------------------------------------------


def decision(query: str, role: str, *ports: str, column: str = "teu", sql: str = "SELECT teu") -> DecisionRecord:
    """What one of them asked of some ports."""
    partner = ROLES[role][1]
    assert partner is not None
    who = RecordedPartner(partner.id, partner.organisation, partner.organisation_class, partner.roles, "t-1")
    tables = tuple(
        RecordedTable(port, "freight.calls", (column,), {column: "keyed_hash"}, (f"rows of {port}",), (f"{port}-1",))
        for port in ports
    )
    asked = {f"{port}.freight.calls": {column: "select"} for port in ports}
    sent = "SELECT " + ", ".join(f"secret_of_{port}" for port in ports)
    return DecisionRecord(
        query, "2026-11-22T12:00:00.000Z", who, PURPOSES[0], "portgate-cli", sql, sent, tables,
        {port: f"r-{port}" for port in ports}, f"d-{query}", "build 1", asked=asked, concerns=ports,
    )  # fmt: skip


def outcome(query: str, at: int, *ports: str) -> OutcomeRecord:
    """How it ended."""
    return OutcomeRecord(
        query, "2026-11-22T12:00:01.000Z", at, "finished", 3, 90, ports, duration_ms=20, concerns=ports
    )


def alarm(query: str, at: int, port: str) -> AlarmRecord:
    """What Trino asked for beyond it."""
    target = f"{port}.tos.unit"
    return AlarmRecord(
        query, "2026-11-22T12:00:00.500Z", "gobiz-analyst#1", at, "Select", target, ("x",), concerns=(port,)
    )
