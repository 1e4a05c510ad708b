"""HTTP of the C2SP witness protocol -> answers: `POST /add-checkpoint`, `GET /<origin hash>/checkpoint`.

Plain HTTP, or TLS with a certificate. Nobody logs in: what counts is the log's own signature.
"""

from __future__ import annotations

import http.server
import socket
import ssl
import sys
import threading
from pathlib import Path
from typing import Any

from witness.cosigning import Answer, Cosigning

MOST_BODY_BYTES = 64 * 1024
MOST_CONNECTIONS = 64
SECONDS = 30.0
"""How long a client may take for its request, and how long a connection may be idle."""


class Endpoint(http.server.ThreadingHTTPServer):
    """The listener of one witness."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], cosigning: Cosigning, tls: tuple[Path, Path] | None = None) -> None:
        """Listen; `tls` is certificate and key. Raises OSError."""
        self.cosigning = cosigning
        self._tls: ssl.SSLContext | None = None
        if tls:
            self._tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self._tls.minimum_version = ssl.TLSVersion.TLSv1_2
            self._tls.load_cert_chain(*tls)
        self._room = threading.BoundedSemaphore(MOST_CONNECTIONS)
        super().__init__(address, _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection on a thread of its own, if there is room for it."""
        if not self._room.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Shake hands on the thread, so that a client that does not keeps nobody waiting."""
        try:
            request.settimeout(SECONDS)
            if self._tls:
                request = self._tls.wrap_socket(request, server_side=True)
            super().process_request_thread(request, client_address)
        except OSError:
            self.shutdown_request(request)
        finally:
            self._room.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that went away."""


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "portgate-witness", ""
    timeout = SECONDS
    server: Endpoint

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_POST(self) -> None:
        length = self.headers.get("content-length", "")
        if self.path != "/add-checkpoint" or not length.isdigit() or "transfer-encoding" in self.headers:
            self._refuse(Answer(404 if self.path != "/add-checkpoint" else 411))
        elif int(length) > MOST_BODY_BYTES:
            self.rfile.read(min(int(length), 16 * MOST_BODY_BYTES))  # or the client never hears why
            self._refuse(Answer(413))
        else:
            body = self.rfile.read(int(length))
            self._say(self._answer(body) if len(body) == int(length) else Answer(400))

    def do_GET(self) -> None:
        cosigning = self.server.cosigning
        latest = cosigning.latest if self.path == f"/{cosigning.origin_hash}/checkpoint" else None
        self._say(Answer(200, latest.note) if latest else Answer(404))

    def log_message(self, format: str, *args: object) -> None:
        """Write no log of requests."""

    def _answer(self, body: bytes) -> Answer:
        try:
            return self.server.cosigning.answer(body)
        except OSError as error:  # what cannot be written is not cosigned
            print(f"witness: nothing is cosigned: {error}", file=sys.stderr, flush=True)
            return Answer(503)

    def _refuse(self, answer: Answer) -> None:
        self.close_connection = True  # the body was not read
        self._say(answer)

    def _say(self, answer: Answer) -> None:
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.media_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
