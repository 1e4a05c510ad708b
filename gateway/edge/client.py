"""A question on the command line -> the running gateway's answer, over HTTPS, as it arrives."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from gateway.settings import Settings, read_settings

CONNECT_TIMEOUT_SECONDS = 5.0
READ_TIMEOUT_SECONDS = 900.0

PROGRAM = "portgate-cli"

Members = dict[str, Any]
Line = Members | list[Any]


class NoStack(Exception):
    """There is no gateway to talk to, or it went away."""


class Problem(Exception):
    """The gateway answered with a problem document."""

    def __init__(self, members: Members) -> None:
        super().__init__(str(members.get("detail", "")))
        self.members = members


@dataclass(frozen=True, slots=True)
class Home:
    """The folder of a local stack."""

    directory: Path

    @property
    def identity(self) -> Path:
        """Where the development issuer keeps its key."""
        return self.directory / "identity"

    @property
    def authority(self) -> Path:
        """The certificate authority of its gateway."""
        return self.directory / "tls" / "ca.pem"

    @property
    def url(self) -> str:
        """Where its gateway answers; raises NoStack."""
        listen = self.settings().listen
        return f"https://{listen.host}:{listen.tls_port}"

    def settings(self) -> Settings:
        """Read the settings of its gateway; raises NoStack."""
        file = self.directory / "gateway.yaml"
        if not file.exists():
            raise NoStack(f"there is no stack in {self.directory}; start one with: portgate up")
        return read_settings(file)


@contextmanager
def connect(home: Home, token: str) -> Iterator[httpx.Client]:
    """Open a connection to the home's gateway that trusts its certificate authority and no other."""
    url = home.url
    try:
        trust = ssl.create_default_context(cafile=str(home.authority))
        with httpx.Client(
            base_url=url,
            verify=trust,
            headers={"Authorization": f"Bearer {token}", "User-Agent": PROGRAM},
            timeout=httpx.Timeout(READ_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS),
            trust_env=False,
        ) as client:
            yield client
    except httpx.ConnectError as error:
        raise NoStack(f"no gateway answers at {url} ({error}); see: portgate status") from error
    except (httpx.TransportError, OSError) as error:
        if isinstance(error, BrokenPipeError):
            raise
        raise NoStack(
            f"the connection to {url} failed or broke off ({error}); what came so far is not whole"
        ) from error


def ask(home: Home, token: str, question: Members, path: str = "/api/queries") -> Iterator[Line]:
    """Ask a query as any program does; yield what each line of its NDJSON answer says. Raises Problem or NoStack."""
    return (value for _, value in ask_raw(home, token, question, path))


def ask_raw(home: Home, token: str, question: Members, path: str = "/api/queries") -> Iterator[tuple[bytes, Line]]:
    """Ask a query; yield each line of its NDJSON answer, as it came and what it says. Raises Problem or NoStack."""
    from gateway.client.errors import TrinoConnectionError, TrinoQueryError, problem_of
    from gateway.client.rest import Rest

    rest = Rest.at(home.url, token, str(home.authority), PROGRAM)
    try:
        yield from rest.raw_lines(question, path)
    except TrinoQueryError as error:
        raise Problem(dict(problem_of(error))) from error
    except TrinoConnectionError as error:
        raise NoStack(f"{error}; see: portgate status") from error
    except OSError as error:  # the file of the authority is not there
        raise NoStack(f"no gateway answers at {home.url} ({error}); see: portgate status") from error


def keeping_receipt(lines: Iterator[tuple[bytes, Line]], file: Path | None) -> Iterator[tuple[bytes, Line]]:
    """Pass an answer on, and write its receipt to a file; raises Problem if it came without one."""
    note = ""
    for line, value in lines:
        if isinstance(value, dict) and "receipt" in value:
            note = value["receipt"]["note"]
        yield line, value
    if file is not None and note:
        file.write_text(note, encoding="utf-8")
    elif file is not None:
        raise Problem({"status": 404, "code": "not_found", "detail": "this answer came without a receipt"})


def fetch(client: httpx.Client, method: str, path: str, **more: Any) -> Members:
    """Ask for one JSON document; raises Problem."""
    return _document(checked(client.request(method, path, **more)))


def fetch_text(client: httpx.Client, path: str, **more: Any) -> str:
    """Ask for a text of whatever form; raises Problem."""
    return checked(client.get(path, **more)).text


def checked(response: httpx.Response) -> httpx.Response:
    """Return what is an answer, whether all of it has come or its head alone; raises Problem for a refusal."""
    if not response.is_success:
        response.read()
        raise Problem(_document(response))
    return response


def _document(response: httpx.Response) -> Members:
    try:
        value = response.json()
    except ValueError:
        value = None
    if not isinstance(value, dict):
        raise NoStack(f"{response.url.host}:{response.url.port} answers, but not as a gateway does")
    return value
