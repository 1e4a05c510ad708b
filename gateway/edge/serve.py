"""One application -> two listeners in one process, TLS for the world and plain HTTP for loopback, until a signal.

A third listener, for Trino alone, asks the second wall.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge.strict_http import StrictProtocol
from gateway.settings import ListenSettings, WallSettings

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 3
"""How long running answers may go on after the signal; then they are cancelled, which is written to the log."""
FINISH_SECONDS = 1.0
IDLE_SECONDS, WALL_IDLE_SECONDS = 5, 120
"""How long an idle connection stays open; Trino's to the wall longer than its own limit, so that Trino closes it."""
BACKLOG = 1024
MAX_HEAD_BYTES = 64 * 1024
"""What one request may be before its body: a client of Trino carries its prepared statements along in its headers."""
CIPHERS = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: what is recorded today stays closed even to who finds the key later. TLS 1.3 has no others."""

_LOGS: dict[str, object] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line", "stream": "ext://sys.stderr"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
"""No access log: who asked what stands in the audit log, and an address may hold a partner's words."""


class CannotListen(Exception):
    """An address is taken or not ours."""


class Listener(uvicorn.Server):
    """A server that leaves the signals to `serve`, which stops both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End as ever, then close what is open still: who came while we were leaving was told nothing."""
        await super().shutdown(sockets)
        for connection in list(self.server_state.connections):
            connection.transport.abort()

    def cut(self) -> None:
        """End now: nobody new is let in, and who was is told nothing more, not even the rest of an answer."""
        self.should_exit = self.force_exit = True
        for server in getattr(self, "servers", ()):  # none before it listens
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()


class _Protocol(StrictProtocol):
    """The strict reader of HTTP, which also tells the application of the other end's certificate."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Put what the handshake has proved in front of all requests of this connection."""
        super().connection_made(transport)
        connection = transport.get_extra_info("ssl_object")
        certificate = connection.getpeercert(binary_form=True) if connection else None
        if certificate:
            self.app = _shown(self.app, ssl.DER_cert_to_PEM_cert(certificate))


def _shown(app: ASGIApp, certificate: str) -> ASGIApp:
    async def shown(scope: Scope, receive: Receive, send: Send) -> None:
        tls = {"server_cert": None, "client_cert_chain": [certificate], "client_cert_error": None}
        await app({**scope, "extensions": {**scope.get("extensions", {}), "tls": tls}}, receive, send)

    return shown


async def serve(
    app: FastAPI,
    listen: ListenSettings,
    wall: tuple[ASGIApp, WallSettings] | None = None,
    closing: Callable[[], Awaitable[None]] | None = None,
    lost: Awaitable[Exception] | None = None,
) -> None:
    """Serve until SIGTERM or SIGINT, then finish within GRACE_SECONDS; raises CannotListen.

    `closing` is called once nobody is served any more, while Trino can still ask the wall. Once `lost` is there, every
    connection is cut at once, also in the middle of an answer, and what `lost` holds is raised.
    """
    with contextlib.ExitStack() as opened:
        tls_socket = opened.enter_context(_bind(listen.host, listen.tls_port, "listen.tls_port"))
        plain_socket = opened.enter_context(_bind(LOOPBACK, listen.plain_port, "listen.plain_port"))
        tls, plain = make_listener(app, listen), make_listener(app, None)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, _stop, tls, plain)
        # without a wall Trino finds nobody to ask, and refuses all
        async with serving_wall(*wall) if wall else contextlib.nullcontext():
            print(
                f"gateway ready on https://{listen.host}:{listen.tls_port} and http://{LOOPBACK}:{listen.plain_port}",
                file=sys.stderr,
                flush=True,
            )
            await _unless(lost, (tls, plain), tls.serve([tls_socket]), plain.serve([plain_socket]))
            if closing is not None:
                await closing()
        await _let_cancelled_finish()


async def _unless(
    lost: Awaitable[Exception] | None, listeners: tuple[Listener, ...], *serving: Coroutine[Any, Any, None]
) -> None:
    """Serve until all is served; if what cannot be done without is lost, cut everybody off and raise it."""
    served = asyncio.gather(*serving)
    fault = asyncio.ensure_future(lost or asyncio.get_running_loop().create_future())
    await asyncio.wait((served, fault), return_when=asyncio.FIRST_COMPLETED)
    if fault.done():
        for listener in listeners:
            listener.cut()
        await served
        raise fault.result()
    fault.cancel()
    await served


@contextlib.asynccontextmanager
async def serving_wall(app: ASGIApp, wall: WallSettings) -> AsyncIterator[None]:
    """Answer Trino's questions for as long as the block runs; raises CannotListen."""
    with _bind(wall.host, wall.tcp_port, "wall.tcp_port") as wall_socket:
        listener = make_listener(app, None, WALL_IDLE_SECONDS)
        serving = asyncio.create_task(listener.serve([wall_socket]))
        try:
            yield
        finally:
            _stop(listener)
            await serving


async def _let_cancelled_finish() -> None:
    """Give what was cancelled the time to stop Trino's query and write its outcome: the server does not wait for it."""
    pending = asyncio.all_tasks() - {asyncio.current_task()}
    if pending:
        await asyncio.wait(pending, timeout=FINISH_SECONDS)


def _bind(host: str, port: int, setting: str) -> socket.socket:
    try:
        return socket.create_server((host, port), backlog=BACKLOG)
    except OSError as error:
        raise CannotListen(
            f"cannot listen on {host}:{port}: {os.strerror(error.errno or 0)}; choose another {setting}"
        ) from error


def make_listener(app: ASGIApp, tls: ListenSettings | None, idle_seconds: int = IDLE_SECONDS) -> Listener:
    """Return what serves the application once it is given a socket: over TLS, or in plain HTTP."""
    config = uvicorn.Config(
        app,
        http=_Protocol,  # no lenient reading to smuggle something in
        ws="none",
        lifespan="off",
        log_config=_LOGS,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        h11_max_incomplete_event_size=MAX_HEAD_BYTES,
        ssl_context_factory=_trust(tls) if tls else None,
    )
    config.load()  # a certificate that cannot be read is found now, not after we said that we are ready
    return Listener(config)


def _trust(listen: ListenSettings) -> Callable[..., ssl.SSLContext]:
    """Return what makes the TLS settings; with authorities for clients, a client may show a certificate of theirs."""

    def make(*_: object) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.set_ciphers(CIPHERS)
        context.load_cert_chain(listen.certificate_file, listen.key_file)
        if listen.client_ca_file is not None:
            context.load_verify_locations(listen.client_ca_file)
            context.verify_mode = ssl.CERT_OPTIONAL
        return context

    return make


def _stop(*listeners: Listener) -> None:
    for listener in listeners:
        listener.should_exit = True
