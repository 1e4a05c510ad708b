"""The gateway's own application, listener and engine before a Trino that writes down whatever reaches it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from aiohttp import web

from gateway.dialogue import Dialogue
from gateway.edge.api import make_app
from gateway.edge.credentials import identify
from gateway.edge.sealed import Seal
from gateway.edge.serve import serving_wall
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import Unauthenticated
from gateway.model import Partner
from gateway.pipeline import Gate
from gateway.settings import WallSettings
from tests.adapters.asking import body
from tests.adapters.fake_trino import FakeTrino, Results, engine_over, rows
from tests.simulator import AtOnce, Counters, FixedPolicy, Log, Ticking
from tests.world import CATALOG, PARTNER

PARTNERS = {"ana": PARTNER, "ben": replace(PARTNER, id="ben", organisation="msc")}
ROWS = [rows(["EVER GIVEN"]), rows(["MAERSK"]), rows(["MSC"]), rows(["ZIM"])]
FOREIGN = b"foreign"
"""Stands in every attack where it would do harm if it came through."""
HEADERS_TO_TRINO = frozenset(
    "Host Authorization Accept Accept-Encoding Content-Type Content-Length User-Agent X-Trino-User X-Trino-Source "
    "X-Trino-Time-Zone X-Trino-Client-Capabilities X-Trino-Session X-Trino-Language".split()
)


@dataclass(frozen=True)
class Reached:
    """One request that reached Trino."""

    method: str
    path: str
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    @property
    def is_our_own(self) -> bool:
        """Whether all of it is what the gateway itself writes."""
        named = {name.decode().title() for name, _ in self.headers}
        whole = b"\n".join([self.path.encode(), self.body, *(name + b":" + value for name, value in self.headers)])
        once = len(self.headers) == len(named)
        return once and named <= HEADERS_TO_TRINO and FOREIGN not in whole and self.path.startswith("/v1/statement")


@dataclass
class WritingTrino(FakeTrino):
    """Asks the wall for whoever it is asked as, and writes down what reached it."""

    written: list[Reached] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Answer one request."""
        sent = await request.read()
        self.written.append(Reached(request.method, request.raw_path, tuple(request.raw_headers), sent))
        user = request.headers["X-Trino-User"]
        self.questions = (body("ExecuteQuery", user=user),)
        return await super().handle(request)


class ByName:
    """Takes a partner's name for a token."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Know two."""
        if token not in PARTNERS:
            raise Unauthenticated("this needs a token", hint="Get one.")
        return PARTNERS[token]


@dataclass
class Attacked:
    """A gateway that listens, and what reached Trino through it."""

    trino: WritingTrino
    tcp_port: int
    protocol: TrinoProtocol
    loop: asyncio.AbstractEventLoop

    def connect(self, timeout: float = 10.0) -> socket.socket:
        """Open a connection."""
        return socket.create_connection(("127.0.0.1", self.tcp_port), timeout=timeout)

    def send(self, *parts: bytes) -> list[int]:
        """Send bytes over one connection; return the status of each answer, until the gateway closes it."""
        with self.connect() as connection:
            for part in parts:
                with contextlib.suppress(ConnectionError):
                    connection.sendall(part)
            received = b""
            with contextlib.suppress(ConnectionError, TimeoutError):
                while more := connection.recv(65536):
                    received += more
        return statuses(received)

    def taken(self) -> list[Reached]:
        """What reached Trino since the last time; the gateway asks for the first page of a statement by itself."""
        for _ in range(500):
            verbs = [each.method for each in self.trino.written]
            if verbs.count("POST") <= verbs.count("GET"):
                break
            time.sleep(0.01)
        reached, self.trino.written = self.trino.written, []
        return reached


def statuses(received: bytes) -> list[int]:
    """The status of each answer in what came over one connection."""
    lines = received.replace(b"HTTP/1.1 ", b"\r\nHTTP/1.1 ").split(b"\r\n")
    return [int(line.split(b" ")[1]) for line in lines if line.startswith(b"HTTP/1.1 ")]


@contextlib.asynccontextmanager
async def listening(folder: Path, pages: Sequence[Results] = ROWS) -> AsyncIterator[Attacked]:
    """Serve, for as long as the block runs."""
    trino = WritingTrino(pages)
    async with engine_over(trino, folder) as engine:
        gate = Gate(
            CATALOG, AtOnce(), ByName(), FixedPolicy(), engine, Log(), Counters(), Ticking(), b"secret", "test build"
        )
        protocol = TrinoProtocol(gate, Dialogue(gate, 300.0), lambda scope: identify(scope, gate), Seal(b"secret" * 6))
        app = make_app(gate, _ready, trino_clients=protocol)
        with socket.create_server(("127.0.0.1", 0)) as one:
            tcp_port = one.getsockname()[1]
        async with serving_wall(app, WallSettings(tcp_port=tcp_port, secret_file=folder / "none")):
            yield Attacked(trino, tcp_port, protocol, asyncio.get_running_loop())
            await protocol.close()


async def _ready() -> dict[str, str]:
    return {}


@contextlib.contextmanager
def attacked(folder: Path, pages: Sequence[Results] = ROWS) -> Iterator[Attacked]:
    """Serve from a thread of its own, for as long as the block runs."""
    found: list[Attacked] = []
    is_up, is_over = threading.Event(), threading.Event()

    async def whole() -> None:
        async with listening(folder, pages) as it:
            found.append(it)
            is_up.set()
            while not is_over.is_set():
                await asyncio.sleep(0.02)

    thread = threading.Thread(target=asyncio.run, args=(whole(),))
    thread.start()
    assert is_up.wait(timeout=30)
    try:
        yield found[0]
    finally:
        is_over.set()
        thread.join(timeout=30)
