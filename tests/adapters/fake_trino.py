"""A Trino that gives the answers it was told to give, over TLS; it asks the wall, and keeps what it heard."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
from aiohttp import web

from gateway.adapters.trino import Trino
from gateway.adapters.wall import Wall
from gateway.settings import TrinoSettings
from stack.keys import make_keys
from stack.layout import Home
from tests.adapters.asking import body, select
from tests.simulator import Log, Ticking

Results = Mapping[str, Any]
COLUMNS = [{"name": "ship", "type": "varchar", "typeSignature": {"rawType": "varchar", "arguments": []}}]


def rows(*given: list[object], **more: object) -> dict[str, object]:
    """A page with rows."""
    return {"columns": COLUMNS, "data": list(given), "stats": {"state": "RUNNING"}, **more}


def failure(name: str, message: str = "x", kind: str = "USER_ERROR", cause: str = "x.TrinoException") -> Results:
    """A page that says that the query failed."""
    error = {"message": message, "errorName": name, "errorType": kind, "failureInfo": {"type": cause}}
    return {"stats": {"state": "FAILED"}, "error": error}


@dataclass
class FakeTrino:
    """The pages come one after the other; the last of them has no address of a next one."""

    pages: Sequence[Results]
    questions: Sequence[bytes] = (body("ExecuteQuery"), select("ship"))
    """What it asks the wall before it gives the first page."""
    validation: Sequence[Results] = (rows([True]),)
    """The pages of a statement that begins with EXPLAIN."""
    wall: Wall = field(default_factory=lambda: Wall(Log(), Ticking(), "test build"))
    heard: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list)
    """Verb, path and headers of each request."""
    sent: list[str] = field(default_factory=list)
    answers: list[bool] = field(default_factory=list)
    held: Callable[[], Awaitable[None]] | None = None
    """What it waits for before it answers a statement."""
    reached: int = 0
    """How many pages were asked for: it gives the last of them again, and none before it."""
    base: str = ""
    next_uri: Callable[[str], str] = field(default=lambda uri: uri)
    """What it gives for the address of a next page."""

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        self.heard.append((request.method, request.path, dict(request.headers)))
        if request.method == "DELETE":
            return web.Response(status=204)
        if request.method == "POST":
            return await self._take((await request.read()).decode())
        kind, number = request.path.split("/")[-2:]
        return await self._page(kind, int(number))

    @property
    def cancelled(self) -> int:
        """How often it was told to stop a query."""
        return sum(verb == "DELETE" for verb, _, _ in self.heard)

    async def _take(self, sql: str) -> web.Response:
        self.sent.append(sql)
        self.reached = 0
        if self.held:
            await self.held()
        kind = "validation" if sql.startswith("EXPLAIN") else "pages"
        return self._answer({"stats": {"state": "QUEUED"}}, kind, 0)

    async def _page(self, kind: str, number: int) -> web.Response:
        if number == 0:
            for question in self.questions:
                self.answers.append(await self.wall.allows(question))
        if number < self.reached - 1:
            return web.Response(status=410)
        self.reached = number + 1
        pages = self.validation if kind == "validation" else self.pages
        more = number + 1 < len(pages)
        return self._answer(pages[number], kind, number + 1 if more else None)

    def _answer(self, page: Results, kind: str, following: int | None) -> web.Response:
        results: dict[str, Any] = {"id": "20261127_1_x", "infoUri": f"{self.base}/ui", **page}
        if following is not None:
            path = f"/v1/statement/executing/20261127_1_x/{kind}/{following}"
            results["nextUri"] = self.next_uri(self.base + path)
        return web.Response(body=orjson.dumps(results), content_type="application/json")


@asynccontextmanager
async def engine_over(trino: FakeTrino, folder: Path, seconds: float = 300.0) -> AsyncIterator[Trino]:
    """The gateway's own engine, which has the fake for Trino; a query may take so many seconds."""
    home = Home(folder)
    home.make()
    make_keys(home)
    served = web.Application(client_max_size=2**24)
    served.router.add_route("*", "/{path:.*}", trino.handle)
    runner = web.AppRunner(served)
    await runner.setup()
    trusted = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    trusted.load_cert_chain(home.tls / "gateway.pem", home.tls / "gateway.key")
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=trusted)
    await site.start()
    port = runner.addresses[0][1]
    trino.base = f"https://127.0.0.1:{port}"
    settings = TrinoSettings(port=port, key_file=home.trino_key, ca_file=home.ca_file, query_timeout_seconds=seconds)
    engine = Trino(settings, trino.wall)
    try:
        yield engine
    finally:
        await engine.close()
        await runner.cleanup()
