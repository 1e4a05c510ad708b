"""Trino's client protocol, the gateway's half: three verbs over one address, and pages whose rows stay bytes.

What a reviewer must check:
- Nothing is asked but Trino's own address: of a URI that Trino gives, only a path of its statements is believed.
- No redirect is followed, no proxy of the environment is used, and every answer has a bound.
- Of an answer, the values of its rows are never made into objects: they are counted and passed on as they came.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Mapping
from urllib.parse import urlsplit

import aiohttp
import msgspec
from yarl import URL

from gateway.errors import EngineUnavailable, PassedOn
from gateway.settings import TrinoSettings

MAX_PAGE_BYTES = 256 * 1024 * 1024
"""Pages are about as large as they are asked for; one row can be larger."""
PAGE_SIZE = "targetResultSize=4MB"
"""How many rows Trino sends at once where it has as many: each page costs a way there and back, twice."""
READ_SECONDS = 30.0
TRIES = 5
"""How often a page is asked for where Trino says that it is busy; a statement is sent once."""
BUSY = frozenset({502, 503, 504})
GONE = 410
"""What Trino says of a page from which it has gone on."""
BACK_OFF_SECONDS = 0.1
IDLE_SECONDS = 30.0

_PATH = re.compile(r"/v1/statement/(?:queued|executing)/([A-Za-z0-9_]{1,100})/[A-Za-z0-9_-]{1,200}/\d{1,10}", re.ASCII)


class FailureInfo(msgspec.Struct):
    """Where in Trino a failure rose."""

    type: str = ""


class TrinoError(msgspec.Struct):
    """How Trino says that a query failed."""

    message: str = ""
    errorName: str = ""
    errorType: str = ""
    failureInfo: FailureInfo | None = None


class Stats(msgspec.Struct):
    """How far a query is."""

    state: str = "QUEUED"
    progressPercentage: float | None = None


class Column(msgspec.Struct):
    """One column of an answer; the signature of its type is not looked at."""

    name: str
    type: str


class Results(msgspec.Struct):
    """One answer of Trino's; what is not named here is not read."""

    id: str
    stats: Stats
    nextUri: str | None = None
    columns: msgspec.Raw = msgspec.Raw()
    data: msgspec.Raw = msgspec.Raw()
    error: TrinoError | None = None


class TrinoFailure(Exception):
    """Trino failed a query, and says so in an answer."""

    def __init__(self, error: TrinoError) -> None:
        super().__init__(error.errorName)
        self.message = error.message
        self.name = error.errorName
        self.kind = error.errorType
        self.cause = error.failureInfo.type if error.failureInfo else ""


_results = msgspec.json.Decoder(Results)
_columns = msgspec.json.Decoder(list[Column])
_rows = msgspec.json.Decoder(list[msgspec.Raw])


class Wire:
    """The connections to one Trino; belongs to one event loop."""

    def __init__(self, settings: TrinoSettings) -> None:
        self._settings = settings
        self._base = URL.build(scheme="https", host=settings.host, port=settings.port)
        self._session: aiohttp.ClientSession | None = None

    async def send(self, sql: str, headers: Mapping[str, str]) -> Results:
        """Submit a statement, once: whoever does not hear of its fate must not run it twice."""
        return await self._ask("POST", "/v1/statement", headers, sql.encode())

    async def page(self, path: str, headers: Mapping[str, str]) -> Results:
        """Ask for a page, again where Trino is busy: a page may be asked for twice."""
        for attempt in range(1, TRIES):
            try:
                return await self._ask("GET", path, headers, asked=PAGE_SIZE)
            except _Busy:
                await asyncio.sleep(BACK_OFF_SECONDS * attempt)
        return await self._ask("GET", path, headers, asked=PAGE_SIZE)

    async def cancel(self, path: str, headers: Mapping[str, str]) -> None:
        """Stop a query; one that is gone is stopped."""
        try:
            async with self._open().delete(_url(self._base, path), headers=headers, allow_redirects=False) as answer:
                if answer.status >= 500:
                    raise EngineUnavailable("Trino did not take the cancellation")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise EngineUnavailable("Trino did not take the cancellation") from error

    async def close(self) -> None:
        """Let the connections go."""
        if self._session is not None:
            await self._session.close()

    async def _ask(
        self, verb: str, path: str, headers: Mapping[str, str], body: bytes | None = None, asked: str = ""
    ) -> Results:
        url = _url(self._base, path).with_query(asked)
        try:
            async with self._open().request(verb, url, headers=headers, data=body, allow_redirects=False) as answer:
                if answer.status in BUSY and verb == "GET":
                    raise _Busy("Trino, the query engine, is busy", hint="try again in a minute")
                if answer.status == GONE:
                    raise PassedOn("this page is past", hint="read on from the last page, or ask anew")
                if answer.status != 200:
                    raise _unreachable()
                read = await _whole(answer)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise _unreachable() from error
        try:
            return _results.decode(read)
        except msgspec.MsgspecError as error:
            raise _unreachable() from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            settings = self._settings
            trusted = ssl.create_default_context(cafile=str(settings.ca_file) if settings.ca_file else None)
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(ssl=trusted, limit=0, keepalive_timeout=IDLE_SECONDS),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=settings.connect_timeout_seconds, sock_read=READ_SECONDS
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,  # a proxy would see the rows
                auto_decompress=False,  # identity is what is asked for, and all that is taken
                read_bufsize=1024 * 1024,
            )
        return self._session


class _Busy(EngineUnavailable):
    """Trino asks to be asked again."""


def path_of(uri: str | None, before: str = "") -> str:
    """Take of a URI that Trino gave the one thing that is believed; nothing for none.

    With the path of a page `before` it, it must be a page of the same query.

    >>> path_of("https://10.0.0.1/v1/statement/executing/20261127_1_x/yab-1/2")
    '/v1/statement/executing/20261127_1_x/yab-1/2'
    """
    if uri is None:
        return ""
    try:
        path = urlsplit(uri).path
    except ValueError:
        path = ""
    found, last = _PATH.fullmatch(path), _PATH.fullmatch(before)
    if not found or not uri.endswith(path) or (last and last[1] != found[1]):
        raise _unreachable()
    return path


def columns_of(results: Results) -> tuple[tuple[str, str], ...]:
    """Name and type of each column; nothing as long as Trino has not said."""
    return tuple((column.name, column.type) for column in _columns.decode(results.columns)) if results.columns else ()


def count_of(data: msgspec.Raw) -> int:
    """How many rows there are, without reading what is in them."""
    return len(_rows.decode(data)) if data else 0


def _url(base: URL, path: str) -> URL:
    return base.with_path(path, encoded=True)


async def _whole(answer: aiohttp.ClientResponse) -> bytes:
    parts, size = [], 0
    async for part in answer.content.iter_any():
        size += len(part)
        if size > MAX_PAGE_BYTES:
            raise _unreachable()
        parts.append(part)
    return b"".join(parts)


def _unreachable() -> EngineUnavailable:
    return EngineUnavailable("Trino, the query engine, does not answer", hint="try again in a minute")
