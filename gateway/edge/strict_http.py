"""Bytes of a connection -> requests that every reader on the way reads alike; all others are answered 400 and end it.

What is refused here is what HTTP lets a reader be lenient about. A balancer or a proxy in front may be lenient in
another way, and would then see other requests than we do.

1. Lines end in CR LF, and in nothing else; none goes on in the next line.
2. A body's length is given once, by Content-Length or by Transfer-Encoding, which HTTP/1.0 does not know.
3. A request is for a path of ours: no other host, no star.
4. The version is 1.1 or 1.0.
5. There are so many headers, of so many bytes, and no more.
"""

from __future__ import annotations

import re
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

MAX_HEAD_BYTES = 64 * 1024
MAX_HEADERS = 256

_LENIENT_LINE = re.compile(rb"(?<!\r)\n|\r(?=[^\n])|\n[ \t]|\x00")


class StrictProtocol(H11Protocol):
    """The server's own reader, over a strict connection."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self.conn = StrictConnection(h11.SERVER, MAX_HEAD_BYTES)


class StrictConnection(h11.Connection):
    """Reads requests, and raises `RemoteProtocolError` at the first that two readers could read differently."""

    def next_event(self) -> Any:
        """Give what came next."""
        if self.their_state is h11.IDLE:
            _check_lines(self.trailing_data[0])
        event = super().next_event()
        if isinstance(event, h11.Request):
            _check_request(event)
        return event


def _check_lines(received: bytes) -> None:
    head = received.partition(b"\r\n\r\n")[0]
    # (1) also in a head that is not whole yet
    if _LENIENT_LINE.search(head):
        raise h11.RemoteProtocolError("a line of the head does not end as it must")
    # (5) few enough bytes, also where they come at once
    if len(head) > MAX_HEAD_BYTES:
        raise h11.RemoteProtocolError("the head is too long")


def _check_request(request: h11.Request) -> None:
    names = [name for name, _ in request.headers]
    # (2) one length
    if b"transfer-encoding" in names and (b"content-length" in names or request.http_version != b"1.1"):
        raise h11.RemoteProtocolError("the request gives its length in a way that may be read differently")
    # (3) a path
    if not request.target.startswith(b"/"):
        raise h11.RemoteProtocolError("the request is not for a path")
    # (4) a version that this reader speaks
    if request.http_version not in (b"1.1", b"1.0"):
        raise h11.RemoteProtocolError("the request is of another version of HTTP")
    # (5) few enough headers
    if len(names) > MAX_HEADERS:
        raise h11.RemoteProtocolError("too many headers")
