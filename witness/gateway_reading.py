"""The log's addresses at the gateway -> checkpoints, tiles and views, over one connection that is kept open."""

from __future__ import annotations

import http.client
import ssl
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

MOST_BYTES = 64 * 1024 * 1024
SECONDS = 15.0
QUIET_SECONDS = 60.0


class Unreachable(Exception):
    """The gateway does not answer as it should."""


class Gateway:
    """Where the log is served; belongs to one thread."""

    def __init__(
        self, url: str, ca_file: Path | None = None, token_file: Path | None = None, token_command: tuple[str, ...] = ()
    ) -> None:
        """`token_command` prints a fresh token; it is asked when the gateway does not take the one at hand."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url} is no address of a gateway")
        self._prefix = parts.path.rstrip("/")
        self._token_file, self._token_command, self._token = token_file, token_command, ""
        self._quiet_until = 0.0
        self._connect = _connector(parts.scheme, parts.hostname, parts.port, ca_file)
        self._connection: http.client.HTTPConnection | None = None

    def checkpoint(self) -> str:
        """Return the newest checkpoint; raises Unreachable."""
        return self._got("/log/checkpoint").decode("utf-8", "replace")

    def newest_of(self, origin_hash: str) -> str:
        """Return the checkpoint that another witness cosigned last; raises Unreachable."""
        return self._got(f"/{origin_hash}/checkpoint").decode("utf-8", "replace")

    def tile(self, level: int, number: int, width: int) -> bytes:
        """Return a tile's hashes; raises Unreachable."""
        data = self._got(f"/log/tile/{level}/{_number(number)}{_partial(width)}")
        if len(data) != 32 * width:
            raise Unreachable("a tile is not as wide as it was asked for")
        return data

    def entries(self, number: int, width: int) -> list[bytes]:
        """Return the entries of a bundle; raises Unreachable."""
        data, found = self._got(f"/log/tile/entries/{_number(number)}{_partial(width)}"), []
        while data:
            length = 2 + int.from_bytes(data[:2], "big")
            found.append(data[2:length])
            data = data[length:]
        if len(found) != width:
            raise Unreachable("a bundle of entries is not as long as it was asked for")
        return found

    def views(self, port: str, low: int, high: int) -> list[bytes]:
        """Return the first of the port's views from `low` to `high`, at least one; raises Unreachable."""
        path = f"/log/views/{port}?from={low}&to={high}"
        if time.monotonic() < self._quiet_until:
            raise Unreachable("the gateway did not take the token a moment ago")
        try:
            lines = self._got(path, self._bearer()).splitlines()
        except Unauthorised:
            self._quiet_until = time.monotonic() + QUIET_SECONDS  # each try is a record of the log
            self._renew()
            lines = self._got(path, self._bearer()).splitlines()
            self._quiet_until = 0.0
        if not lines or len(lines) > high - low:
            raise Unreachable("the gateway gave no views, or more than were asked for")
        return lines

    def _bearer(self) -> dict[str, str]:
        if not self._token and self._token_file and self._token_file.exists():
            self._token = self._token_file.read_text(encoding="ascii").strip()
        return {"Authorization": f"Bearer {self._token}"}

    def _renew(self) -> None:
        """Take the token anew from its file, or have one made if the file holds none that is new."""
        before, self._token = self._token, ""
        if self._bearer() == {"Authorization": f"Bearer {before}"} and self._token_command:
            try:
                done = subprocess.run(self._token_command, capture_output=True, text=True, timeout=60, check=True)  # noqa: S603
            except (OSError, subprocess.SubprocessError) as error:
                raise Unreachable(f"token_command failed: {error}") from error
            self._token = done.stdout.strip()

    def _got(self, path: str, headers: dict[str, str] | None = None) -> bytes:
        """Ask, on a new connection if the old one was closed meanwhile."""
        for is_last in (self._connection is None, True):
            try:
                return self._ask(path, headers or {})
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if is_last:
                    raise Unreachable(f"{path.partition('?')[0]}: {error or type(error).__name__}") from error
        raise AssertionError("unreachable")

    def _ask(self, path: str, headers: dict[str, str]) -> bytes:
        self._connection = self._connection or self._connect()
        self._connection.request("GET", self._prefix + path, headers=headers)
        with self._connection.getresponse() as answer:
            data = answer.read(MOST_BYTES + 1)
        if answer.status == http.client.UNAUTHORIZED:
            raise Unauthorised(f"{path.partition('?')[0]}: the gateway does not take the token")
        if answer.status != http.client.OK or len(data) > MOST_BYTES:
            self.close()
            raise Unreachable(f"{path.partition('?')[0]} was answered with status {answer.status}")
        return data

    def close(self) -> None:
        """Let the connection go."""
        if self._connection:
            self._connection.close()
        self._connection = None


class Unauthorised(Unreachable):
    """The token is not taken."""


def _connector(
    scheme: str, host: str, port: int | None, ca_file: Path | None
) -> Callable[[], http.client.HTTPConnection]:
    if scheme == "http":
        return lambda: http.client.HTTPConnection(host, port, timeout=SECONDS)
    trust = ssl.create_default_context(cafile=ca_file)
    return lambda: http.client.HTTPSConnection(host, port, timeout=SECONDS, context=trust)


def _number(number: int) -> str:
    """Write a tile's number: `x001/x234/067`."""
    last, higher = f"{number % 1000:03}", number // 1000
    while higher:
        last, higher = f"x{higher % 1000:03}/{last}", higher // 1000
    return last


def _partial(width: int) -> str:
    return "" if width == 256 else f".p/{width}"
