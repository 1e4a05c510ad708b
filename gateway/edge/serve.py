"""One application -> two listeners in one process, TLS for the world and plain HTTP for loopback, until a signal.

A third listener, for Trino alone, asks the second wall.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from gateway.edge.strict_http import StrictProtocol
from gateway.settings import ListenSettings, WallSettings

LOOPBACK = "127.0.0.1"
GRACE_SECONDS = 3
"""How long running answers may go on after the signal; then they are cancelled, which is written to the log."""
FINISH_SECONDS = 1.0
IDLE_SECONDS, WALL_IDLE_SECONDS = 5, 120
"""How long an idle connection stays open; Trino's to the wall longer than its own limit, so that Trino closes it."""
BACKLOG = 1024

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


class _Listener(uvicorn.Server):
    """A server that leaves the signals to `serve`, which stops both."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


async def serve(app: FastAPI, listen: ListenSettings, wall: tuple[ASGIApp, WallSettings] | None = None) -> None:
    """Serve until SIGTERM or SIGINT, then finish within GRACE_SECONDS; raises CannotListen."""
    with contextlib.ExitStack() as opened:
        tls_socket = opened.enter_context(_bind(listen.host, listen.tls_port, "listen.tls_port"))
        plain_socket = opened.enter_context(_bind(LOOPBACK, listen.plain_port, "listen.plain_port"))
        tls, plain = _listener(app, listen), _listener(app, None)
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
            await asyncio.gather(tls.serve([tls_socket]), plain.serve([plain_socket]))
        await _let_cancelled_finish()


@contextlib.asynccontextmanager
async def serving_wall(app: ASGIApp, wall: WallSettings) -> AsyncIterator[None]:
    """Answer Trino's questions for as long as the block runs; raises CannotListen."""
    with _bind(wall.host, wall.tcp_port, "wall.tcp_port") as wall_socket:
        listener = _listener(app, None, WALL_IDLE_SECONDS)
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


def _listener(app: ASGIApp, tls: ListenSettings | None, idle_seconds: int = IDLE_SECONDS) -> _Listener:
    config = uvicorn.Config(
        app,
        http=StrictProtocol,  # no lenient reading to smuggle something in
        ws="none",
        lifespan="off",
        log_config=_LOGS,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=idle_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ssl_certfile=str(tls.certificate_file) if tls else None,
        ssl_keyfile=str(tls.key_file) if tls else None,
    )
    config.load()  # a certificate that cannot be read is found now, not after we said that we are ready
    return _Listener(config)


def _stop(*listeners: _Listener) -> None:
    for listener in listeners:
        listener.should_exit = True
