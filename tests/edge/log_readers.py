"""A gateway with a real log and simulated ports, asked over HTTP by partners, stewards and auditors."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import httpx
from fastapi import FastAPI

from gateway.adapters.audit_index import AuditIndex
from gateway.adapters.audit_queries import AuditQueries, found_by
from gateway.adapters.audit_store import AuditStore
from gateway.dialogue import Dialogue
from gateway.edge.api import make_app
from gateway.edge.audit_access import LogAccess
from gateway.edge.audit_receipts import Receipts, add_receipts
from gateway.edge.credentials import identify
from gateway.edge.results import Links
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import GatewayError, Unauthenticated
from gateway.model import Partner
from gateway.parts import Rows
from gateway.pipeline import Gate
from tests.audit.logs import PORTS, SIGNER, open_store
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER

READERS = {
    "ana": PARTNER,
    "bob": replace(PARTNER, id="bob"),
    "stranger": replace(PARTNER, organisation="msc"),
    "auditor": Partner("audra", "state_auditor", "state_agency", ("auditor",), (), {}, "t-2"),
    "la": Partner("la-steward", "port_of_la", "port_authority", ("steward",), (), {"port": "los_angeles"}, "t-3"),
    "oakland": Partner("oak-steward", "port_of_oakland", "port_authority", ("steward",), (), {"port": "oakland"}, "t"),
    "hueneme": Partner("hue-steward", "port_of_hueneme", "port_authority", ("steward",), (), {"port": "hueneme"}, "t"),
}
"""Token -> who shows it."""


class ByName:
    """Takes a name for a token."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who it is."""
        if token not in READERS:
            raise Unauthenticated("this needs a token")
        return READERS[token]


@dataclass
class Served:
    """A gateway, and the log that it writes."""

    store: AuditStore
    app: FastAPI
    http: httpx.AsyncClient
    engine: FakeEngine
    more: dict[str, str] = field(default_factory=dict)

    async def send(self, method: str, path: str, who: str = "ana", **more: Any) -> httpx.Response:
        """Send one request."""
        headers = {"Authorization": f"Bearer {who}", **more.pop("headers", {})}
        return await self.http.request(method, path, headers=headers, **more)

    async def get(self, path: str, who: str = "ana", **more: Any) -> httpx.Response:
        """Ask for something."""
        return await self.send("GET", path, who, **more)

    async def ask(self, sql: str, who: str = "ana", accept: str = "application/x-ndjson") -> httpx.Response:
        """Ask a question."""
        body = {"sql": sql, "purpose": "freight_resilience"}
        return await self.send("POST", "/api/queries", who, json=body, headers={"Accept": accept})

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind, oldest first."""
        with self.store.storage.reading() as reader:
            from gateway.adapters.audit_queries import Scan

            return [dict(record) for record in Scan(reader).records() if record["kind"] == kind]


Pages = list[Rows | GatewayError]
AddLog = Callable[[FastAPI, AuditQueries, LogAccess], None]


@asynccontextmanager
async def serving(folder: Path, pages: Pages | None = None, add: AddLog | None = None) -> AsyncIterator[Served]:
    """Serve a gateway with a log in this folder; `add` puts more routes of the log on it."""
    store = open_store(folder / "audit.sqlite")
    log = Log()
    engine = FakeEngine(log, pages) if pages is not None else FakeEngine(log)
    made: Gate = replace(gate(log, engine), audit=store, identity=ByName())
    index = AuditIndex(store.storage, folder / "audit-index.sqlite")
    queries = AuditQueries(store.storage, found_by(index))
    access = LogAccess(lambda request: identify(request.scope, made), store, made.clock, lambda port: "", PORTS)

    async def ready() -> dict[str, str]:
        return {}

    def routes(app: FastAPI) -> None:
        add_receipts(app, queries, access, SIGNER)
        if add is not None:
            add(app, queries, access)

    clients = TrinoProtocol(made, Dialogue(made), lambda scope: identify(scope, made), Seal(b"s" * 32))
    receipts = Receipts(queries, SIGNER)
    app = make_app(made, ready, trino_clients=clients, links=Links(b"s" * 32), more=(routes,), receipts=receipts)
    transport = httpx.ASGITransport(app)
    try:
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            yield Served(store, app, http, engine)
    finally:
        await clients.close()
        index.close()
        store.close()
