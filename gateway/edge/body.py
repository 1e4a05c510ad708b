"""The body of a request -> bytes, within a size and a time."""

from __future__ import annotations

import asyncio

from starlette.types import Receive

from gateway.edge.problems import TooLarge, TooSlow

MAX_BODY_BYTES = 1_048_576
BODY_TIMEOUT_SECONDS = 30.0


async def read_body(receive: Receive, limit: int = MAX_BODY_BYTES, seconds: float = BODY_TIMEOUT_SECONDS) -> bytes:
    """Read a body whole; raise TooLarge or TooSlow."""
    try:
        async with asyncio.timeout(seconds):
            return await _all_of(receive, limit)
    except (TimeoutError, EOFError):
        raise TooSlow(f"the body did not arrive within {seconds:.0f} seconds") from None


async def _all_of(receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise EOFError
        body += message.get("body", b"")
        if len(body) > limit:
            raise TooLarge(f"the body is larger than {limit} bytes", hint="Send less at once.")
        if not message.get("more_body"):
            return bytes(body)
