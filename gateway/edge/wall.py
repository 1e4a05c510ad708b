"""HTTP of Trino -> a question to the second wall and its answer, or what it tells of a query that has ended.

*Invariants*
- Only a POST to the path with the secret, or to `/events` with the secret as its bearer token, is heard; everything
  else is 404 without a body, whatever it is. The secret of `/events` travels in a header, because Trino's event
  listener writes its address into Trino's log when it fails.
- A question that cannot be read is answered like one that is refused.
- Trino sends an event again after 503 and 408, and never after another answer: these two are given where it should.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable
from typing import Protocol

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge.body import BODY_TIMEOUT_SECONDS, read_body
from gateway.edge.problems import TooLarge, TooSlow
from gateway.errors import AuditUnavailable, Broken

MAX_BODY_BYTES = 1_048_576
MAX_EVENT_BYTES = 64 * 1024 * 1024
"""A query over five ports is told of in a megabyte: its plan and what each operator did stand there too."""
EVENTS = b"/events"

_YES, _NO = b'{"result":true}', b'{"result":false}'
_JSON = [(b"content-type", b"application/json")]

Judge = Callable[[bytes], Awaitable[bool]]


class Listening(Protocol):
    """Who hears what Trino ran."""

    async def take(self, body: bytes) -> bool:
        """Take an event; False if it cannot be read. Raises AuditUnavailable: it should come again."""

    def note_malformed(self, what: str) -> None:
        """An event came that cannot be read."""


def wall_app(
    allows: Judge, secret: str, events: Listening | None = None, seconds: float = BODY_TIMEOUT_SECONDS
) -> ASGIApp:
    """Return the application that answers Trino's access control and, with `events`, hears its event listener."""
    path, bearer = f"/{secret}/allow".encode(), f"Bearer {secret}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question."""
        if scope["type"] != "http":
            return
        if scope["method"] == "POST" and events is not None and _is_event(scope, bearer):
            await _hear(events, receive, send, seconds)
            return
        if scope["method"] != "POST" or not hmac.compare_digest(scope["raw_path"], path):
            await _send(send, 404, b"")
            return
        body = await _read(receive)
        if body is not None:
            await _send(send, 200, _YES if await allows(body) else _NO)

    return app


def _is_event(scope: Scope, bearer: bytes) -> bool:
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    return scope["raw_path"] == EVENTS and len(given) == 1 and hmac.compare_digest(given[0], bearer)


async def _hear(events: Listening, receive: Receive, send: Send, seconds: float) -> None:
    try:
        status = 200 if await events.take(await read_body(receive, MAX_EVENT_BYTES, seconds)) else 400
    except TooLarge:
        events.note_malformed("too large")
        status = 413
    except TooSlow:
        status = 408
    except (AuditUnavailable, Broken):
        status = 503
    await _send(send, status, b"")


async def _read(receive: Receive) -> bytes | None:
    """Read the question; one that is too long is cut short, so that it has no form. None if the asker went away."""
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            return None
        more: bytes = message.get("body", b"")
        body = (body + more)[:MAX_BODY_BYTES]
        if not message.get("more_body"):
            return body


async def _send(send: Send, status: int, body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*_JSON, length]})
    await send({"type": "http.response.body", "body": body})
