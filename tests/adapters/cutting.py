"""A stretch of wire between a gateway and its database that breaks at the moment at which it hurts most."""

from __future__ import annotations

import contextlib
import socket
import threading
from typing import Literal

Moment = Literal["before", "after"]
"""Before the server hears of a COMMIT, or after it has done it and before anybody hears of that."""


class Wire:
    """Passes on what is said, to and fro."""

    def __init__(self, tcp_port: int) -> None:
        """Listen on a TCP port of its own, `tcp_port`, for connections to another."""
        self._to = tcp_port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.tcp_port = int(self._listening.getsockname()[1])
        self.breaks: Moment | None = None
        """When the next COMMIT cuts its connection; it does so once."""
        self.is_down = False
        """Whether nobody gets through any more."""
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        """Let nobody in any more."""
        self.is_down = True
        self._listening.close()

    def _listen(self) -> None:
        while True:
            try:
                client, _ = self._listening.accept()
            except OSError:
                return
            if self.is_down:
                client.close()
                continue
            threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            self._forth(client, server)
            back.join()

    def _forth(self, client: socket.socket, server: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                if self.breaks and b"COMMIT" in data and b"READ COMMITTED" not in data:
                    self._cut(client, server, data)
                    return
                server.sendall(data)
        _hang_up(server)

    def _cut(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        moment, self.breaks = self.breaks, None
        _hang_up(client)
        if moment == "after":
            server.sendall(data)
            server.shutdown(socket.SHUT_WR)
        else:
            _hang_up(server)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    _hang_up(sink)


def _hang_up(end: socket.socket) -> None:
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
