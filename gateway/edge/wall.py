"""HTTP of Trino's access control -> a question to the second wall, and its answer: the wall's own listener.

*Invariants*
- Only a POST to the path with the secret is heard; everything else is 404 without a body, whatever it is.
- A question that cannot be read is answered like one that is refused.
"""

from __future__ import annotations

import hmac
from collections.abc import Awaitable, Callable

from starlette.types import ASGIApp, Receive, Scope, Send

MAX_BODY_BYTES = 1_048_576

_YES, _NO = b'{"result":true}', b'{"result":false}'
_JSON = [(b"content-type", b"application/json")]

Judge = Callable[[bytes], Awaitable[bool]]


def wall_app(allows: Judge, secret: str) -> ASGIApp:
    """Return the application that answers Trino's access control."""
    path = f"/{secret}/allow".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one question."""
        if scope["type"] != "http":
            return
        if scope["method"] != "POST" or not hmac.compare_digest(scope["raw_path"], path):
            await _send(send, 404, b"")
            return
        body = await _read(receive)
        if body is not None:
            await _send(send, 200, _YES if await allows(body) else _NO)

    return app


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
