"""A question -> the gateway's answer over its REST interface, as it arrives."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import requests
import urllib3
from trino.auth import Authentication, JWTAuthentication
from trino.exceptions import TrinoConnectionError

from gateway.client.errors import error_of
from gateway.client.place import Place, read_place

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 900.0
CHUNK_BYTES = 1 << 16
QUERIES, NDJSON = "/api/queries", "application/x-ndjson"

Members = dict[str, Any]
Line = Members | list[Any]


class _Session(requests.Session):
    """Trusts the authority that it was told to, whatever REQUESTS_CA_BUNDLE says."""

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """Let the environment decide only what nobody has chosen."""
        chosen = self.verify if verify is None else verify
        return super().merge_environment_settings(url, proxies, stream, chosen, cert)


def session_for(place: Place, verify: bool | str) -> requests.Session:
    """Return a session of HTTP for a gateway; one on this machine is asked without a proxy."""
    session = _Session()
    session.trust_env = not place.is_loopback
    session.verify = verify
    return session


@dataclass(frozen=True, slots=True)
class Rest:
    """How to reach the REST interface."""

    place: Place
    auth: Authentication | None
    verify: bool | str
    """A file with the authorities to trust, or whether to trust those of the system."""
    program: str

    @classmethod
    def at(cls, address: str, token: str, verify: bool | str, program: str) -> Rest:
        """Take an address and a token."""
        return cls(read_place(address), JWTAuthentication(token), verify, program)

    def ask(self, question: Members, media_type: str, path: str = QUERIES) -> requests.Response:
        """Ask a query; return its answer, of which nothing is read yet. Raises what trino's client raises."""
        return self._send("POST", path, media_type, json=question)

    def text(self, path: str) -> str:
        """Return a document of text; raises what trino's client raises."""
        with whole_or_nothing(), self._send("GET", path, "*/*") as response:
            return response.content.decode()

    def _send(self, method: str, path: str, media_type: str, **more: Any) -> requests.Response:
        session = session_for(self.place, self.verify)
        if self.auth is not None:
            session = self.auth.set_http_session(session)
        headers = {"Accept": media_type, "Accept-Encoding": "identity", "User-Agent": self.program}
        timeout = (CONNECT_TIMEOUT_SECONDS, READ_TIMEOUT_SECONDS)
        address = f"{self.place.url}{path}"
        try:
            response = session.request(
                method, address, headers=headers, timeout=timeout, stream=True, allow_redirects=False, **more
            )
        except (requests.exceptions.SSLError, requests.exceptions.ConnectionError) as error:
            raise TrinoConnectionError(f"no gateway answers at {self.place.url} ({_reason(error)})") from error
        except requests.exceptions.RequestException as error:
            raise TrinoConnectionError(f"the connection to {self.place.url} failed ({_reason(error)})") from error
        if response.status_code != 200:
            raise error_of(self._problem(response))
        return response

    def _problem(self, response: requests.Response) -> Members:
        with whole_or_nothing(), response:
            try:
                members = response.json()
            except ValueError:
                members = None
        if not isinstance(members, dict) or "status" not in members:
            raise TrinoConnectionError(f"{self.place.url} answers, but not as a gateway does")
        return members

    def lines(self, question: Members, path: str = QUERIES) -> Iterator[Line]:
        """Ask a query and yield each line of its NDJSON answer: columns, rows, then notices and stats."""
        return (value for _, value in self.raw_lines(question, path))

    def raw_lines(self, question: Members, path: str = QUERIES) -> Iterator[tuple[bytes, Line]]:
        """Ask a query and yield each line of its NDJSON answer, as it came and what it says."""
        return read_lines(self.ask(question, NDJSON, path))


def read_lines(response: requests.Response) -> Iterator[tuple[bytes, Line]]:
    """Yield each line of an NDJSON answer; raises before the first line or after the last, never a quiet end."""
    whole = False
    with whole_or_nothing(), response:
        for line in _split(response.iter_content(CHUNK_BYTES)):
            value = json.loads(line)
            if isinstance(value, dict) and "error" in value:
                raise error_of(value["error"])
            whole = isinstance(value, dict) and "stats" in value
            yield line, value
    if not whole:
        raise TrinoConnectionError("the answer broke off; what came so far is not whole")


def _split(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Split at line feeds only: a JSON text may hold the other characters that end a line elsewhere."""
    rest = b""
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


@contextmanager
def whole_or_nothing() -> Iterator[None]:
    """Say of an answer that broke off that it is not whole."""
    try:
        yield
    except (requests.exceptions.RequestException, urllib3.exceptions.HTTPError) as error:
        raise TrinoConnectionError(f"the answer broke off; what came so far is not whole ({_reason(error)})") from error


def _reason(error: BaseException) -> str:
    """The innermost words: those around them hold addresses of objects."""
    while isinstance(inner := getattr(error, "reason", None) or (error.args or (None,))[0], BaseException):
        error = inner
    return str(error.args[-1] if error.args else error)
