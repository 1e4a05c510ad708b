"""A speaker with a Trino behind it, for the protocol's tests: each statement has a script; pages behave as Trino's."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.conversation import Page, Position, QueryRequest, Told
from gateway.edge.api import Outermost
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol, TrinoRoutes
from gateway.errors import Denied, EngineUnavailable, GatewayError, NotParsed, PassedOn, Unauthenticated
from gateway.model import Notice, Partner
from tests.edge.stand_in import NOTICES, StandInGate

SECRET = b"a secret that gateways share"
SIGNATURE = b'[{"name":"n","type":"bigint","typeSignature":{"rawType":"bigint","arguments":[]}}]'


def page(*rows: object, last: bool = False) -> Page:
    """Some rows of one column."""
    return Page(orjson.dumps([[row] for row in rows]) if rows else b"", len(rows), last)


END = page(last=True)


@dataclass
class Script:
    """What Trino does with one query: its pages in turn, an error in place of one, None for one that never comes."""

    pages: list[Page | Exception | None]
    first: Exception | None = None
    hold: asyncio.Event | None = None
    """Whatever comes first waits for it."""
    notices: tuple[Notice, ...] = NOTICES
    reached: int = 0
    """The number of pages that were asked for."""
    asked: list[int] = field(default_factory=list)
    cancelled: int = 0
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class ScriptedAnswer:
    """The answer of one gateway; several may read one script."""

    def __init__(self, script: Script, position: Position, notices: tuple[Notice, ...]) -> None:
        self.id, self.script, self.notices = position.query, script, notices
        self.stats: dict[str, object] = {}
        self.columns: tuple[tuple[str, str], ...] = ()
        self.signature = b""
        self.progress = 37
        self.position = position
        self.recorded: tuple[int, int] | None = None
        self.ended = False
        self.stopped: GatewayError | None = None

    def check(self) -> None:
        """Raise what it was stopped with."""
        if self.stopped is not None:
            raise self.stopped

    async def turn(self) -> Page:
        """Give the next page as Trino does: one ahead of what was asked for, or the last one again."""
        given = await self._page(self.position.page)
        self.position = replace(self.position, page=self.position.page + 1)
        self.columns, self.signature = (("n", "bigint"),), SIGNATURE
        self.ended = given.last
        return given

    async def again(self) -> Page:
        """Give the last page again."""
        return await self._page(self.position.page - 1)

    async def _page(self, number: int) -> Page:
        script = self.script
        if number not in (script.reached, script.reached + 1):
            raise PassedOn("this page is past")
        script.asked.append(number)
        script.reached = number
        said = script.pages[number - 1]
        if said is None:
            await script.stopped.wait()
            raise EngineUnavailable("Trino has stopped it")
        if isinstance(said, Exception):
            self.ended = True
            raise said
        return said

    async def pages(self) -> AsyncIterator[Page]:
        """Yield page after page."""
        while not self.ended:
            yield await self.turn()

    async def cancel(self) -> None:
        """Count what a gate would have to cancel."""
        if not self.ended:
            self.ended = True
            self.script.cancelled += 1
            self.script.stopped.set()


@dataclass
class ScriptedBeginning:
    """A query that was sent."""

    answer: ScriptedAnswer

    async def first(self) -> ScriptedAnswer:
        """Wait as long as the script says."""
        script = self.answer.script
        try:
            if script.hold is not None:
                await script.hold.wait()
        except asyncio.CancelledError:
            await self.answer.cancel()
            raise
        if script.first is not None:
            self.answer.ended = True
            raise script.first
        return self.answer

    async def cancel(self) -> None:
        """Stop it."""
        await self.answer.cancel()


@dataclass
class SpokenGate:
    """A gate that answers each statement as its script says; several gateways may stand before one."""

    asked: list[tuple[Partner, QueryRequest]] = field(default_factory=list)
    scripts: dict[str, Callable[[], Script | Told | Exception]] = field(default_factory=dict)
    running: dict[str, Script] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: itertools.count(1))
    slow: asyncio.Event | None = None

    def identify(self, token: str | None) -> Partner:
        """Take the partner's name for a token."""
        return StandInGate().identify(token)

    async def speak(self, partner: Partner, request: QueryRequest) -> Told | ScriptedBeginning:
        """Do what the script of the statement says."""
        self.asked.append((partner, request))
        if self.slow is not None:
            await self.slow.wait()
        said = self.scripts.get(request.sql, lambda: NotParsed("this is no SQL", hint="mend it", line=2, column=3))()
        if isinstance(said, Exception):
            raise said
        if isinstance(said, Told):
            return said
        query = f"q-{next(self.numbers)}"
        self.running[query] = said
        position = Position(
            query, partner.organisation, partner.id, f"{partner.id}#7", 7, "2026-11-27T10:00:00Z", 1, "x"
        )
        return ScriptedBeginning(ScriptedAnswer(said, position, said.notices))

    def resume(self, partner: Partner, position: Position) -> ScriptedAnswer:
        """Read on."""
        if (partner.id, partner.organisation) != (position.partner, position.organisation):
            raise Denied("somebody else's")
        return ScriptedAnswer(self.running[position.query], position, ())


def bearer(gate: SpokenGate) -> Callable[[Scope], Any]:
    """Who asks, by the bearer token."""

    async def identify(scope: Scope) -> Partner:
        values = [value.decode() for name, value in scope["headers"] if name == b"authorization"]
        if len(values) != 1:
            raise Unauthenticated("this needs a token", hint="Get one.")
        return gate.identify(values[0].removeprefix("Bearer "))

    return identify


async def _elsewhere(scope: Scope, receive: Receive, send: Send) -> None:
    await Response("elsewhere", 404)(scope, receive, send)


def application(protocol: TrinoProtocol) -> Outermost:
    """The protocol beside an application that has nothing."""
    return Outermost(TrinoRoutes(_elsewhere, protocol))


def protocol_of(gate: SpokenGate, **more: Any) -> TrinoProtocol:
    """One gateway's protocol."""
    return TrinoProtocol(gate, gate, bearer(gate), Seal(more.pop("secret", SECRET)), **more)


class Client:
    """A client of one gateway, without a network, that follows the pages as Trino's clients do."""

    def __init__(self, gate: SpokenGate, partner: str = "analyst", peer: str = "127.0.0.1", **more: Any) -> None:
        self.protocol = protocol_of(gate, **more)
        self.app = application(self.protocol)
        self.peer = peer
        self.http = self.as_partner(partner)

    def as_partner(self, name: str) -> httpx.AsyncClient:
        """The same gateway, asked by somebody else."""
        transport = httpx.ASGITransport(self.app, client=(self.peer, 4711))
        headers = {"Authorization": f"Bearer {name}"} if name else {}
        return httpx.AsyncClient(transport=transport, base_url="http://gateway:8080", headers=headers)

    async def post(self, sql: str, **headers: str) -> httpx.Response:
        """Send a statement."""
        named = {f"X-Trino-{name.replace('_', '-')}": value for name, value in headers.items()}
        return await self.http.post("/v1/statement", content=sql, headers=named)

    async def read(self, first: httpx.Response) -> list[dict[str, Any]]:
        """Follow the pages to the end."""
        pages: list[dict[str, Any]] = [first.json()]
        while "nextUri" in pages[-1]:
            answer = await self.http.get(pages[-1]["nextUri"])
            assert answer.status_code == 200, answer.text
            pages.append(answer.json())
        return pages

    async def rows(self, sql: str) -> list[list[Any]]:
        """Ask, and return all rows."""
        return [row for each in await self.read(await self.post(sql)) for row in each.get("data", [])]


ONE = "SELECT 1"


def gate_for(*scripts: Script | Told | Exception) -> SpokenGate:
    """A gate that gives `SELECT 1` the scripts in turn, the last one for ever."""
    left = list(scripts)
    return SpokenGate(scripts={ONE: lambda: left.pop(0) if len(left) > 1 else left[0]})


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story in a loop of its own."""
    asyncio.run(story())
