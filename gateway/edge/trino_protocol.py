"""Trino's client protocol: statements in, pages out under addresses of our own; nothing of Trino's is routed.

*Invariants*
- These routes and no other: POST, HEAD /v1/statement; GET, HEAD, DELETE /v1/statement/TOKEN; GET, HEAD /v1/info;
  DELETE /v1/query/ID, by which some clients cancel their own queries.
- Who asks is known before anything else of a request is read, for each page anew; /v1/info alone tells nothing.
- An address that is foreign, changed or made up is 404, and no answer tells which.
- An answer is 200 with Trino's JSON once a statement was heard, whatever became of it; clients know no other errors.
"""

from __future__ import annotations

import asyncio
import re
import time
import uuid
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol

import orjson
from starlette.types import Receive, Scope, Send

from gateway.conversation import Position, QueryRequest, Told
from gateway.dialogue import no_such_query
from gateway.edge.audit_receipts import HEADER, PATH
from gateway.edge.body import read_body
from gateway.edge.compress import compressed
from gateway.edge.credentials import Challenge, plain_challenge
from gateway.edge.front import Answered, Beginning, Speaker
from gateway.edge.problems import (
    RETRY_AFTER_SECONDS,
    ElsewhereForNow,
    MethodNotAllowed,
    NotFound,
    WrongMediaType,
    broken,
    problem_of,
)
from gateway.edge.sealed import MAX_WARNINGS_BYTES, Seal, Ticket
from gateway.edge.stream import note_unforeseen
from gateway.edge.trino_headers import change_headers, read_headers
from gateway.edge.trino_queries import CANCEL_SECONDS, Given, OpenQueries, OpenQuery, kept
from gateway.edge.trino_results import Addresses, Shown, page_parts, warnings_of
from gateway.edge.trino_told import ToldAnswer
from gateway.errors import BadRequest, GatewayError, Unauthenticated, Unavailable
from gateway.model import Notice, Partner

STATEMENT, INFO, QUERY = b"/v1/statement", b"/v1/info", b"/v1/query/"
TICKET_SECONDS = 3600
"""How long the address of a page can be taken to another gateway."""
STALLED_READER_SECONDS = 300.0
ONE_WRITE_BYTES = 64 * 1024
TRINO_VERSION = "476"

Header = tuple[bytes, bytes]
Identify = Callable[[Scope], Awaitable[Partner]]

_HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::\d{1,5})?", re.ASCII)
_ABOUT = orjson.dumps(
    {
        "nodeVersion": {"version": TRINO_VERSION},
        "environment": "portgate",
        "coordinator": True,
        "starting": False,
        "uptime": "1.00d",
    }
)
"""What clients ask to choose what they may say; it tells nothing of the gateway."""
_NO_COLUMNS = b"[]"
"""What Trino says of a statement without rows: JDBC's driver fails where it says nothing of columns."""
_JSON, _TEXT = (b"content-type", b"application/json"), (b"content-type", b"text/plain; charset=utf-8")


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer."""

    status: int
    headers: tuple[Header, ...] = ()
    parts: tuple[bytes, ...] = ()
    query: OpenQuery | None = None


class _Left(Exception):
    """The client went away before it heard anything."""


class Resuming(Protocol):
    """The part of the gate that reads on what another gateway began."""

    def resume(self, partner: Partner, position: Position) -> Answered:
        """Read an answer on."""


class TrinoProtocol:
    """The application behind /v1; belongs to one event loop."""

    def __init__(
        self,
        gate: Resuming,
        speaker: Speaker,
        identify: Identify,
        seal: Seal,
        *,
        timeout_seconds: float = 300.0,
        public_url: str = "",
        challenge: Challenge = plain_challenge,
    ) -> None:
        self._gate, self.speaker, self._identify, self._seal = gate, speaker, identify, seal
        self._timeout, self._public_url, self._challenge = timeout_seconds, public_url.rstrip("/"), challenge
        self._queries = OpenQueries(timeout_seconds)

    async def close(self) -> None:
        """Cancel what was begun here and is still read."""
        await self._queries.close()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        try:
            reply = await self._answer(scope, receive)
        except GatewayError as error:
            reply = self._refusal(scope, error)
        except _Left:
            return
        await _send(scope, send, reply)
        if reply.query is not None:
            reply.query.touch()

    async def _answer(self, scope: Scope, receive: Receive) -> Reply:
        path, method = scope["raw_path"], scope["method"]
        if scope["query_string"]:
            raise _nothing_there()
        if path == INFO:
            _check_method(method, "GET", "HEAD")
            return Reply(200, (_JSON,), (_ABOUT,))
        if path == STATEMENT:
            _check_method(method, "POST", "HEAD")
            partner = await self._identify(scope)
            return Reply(200) if method == "HEAD" else await self._submit(scope, receive, partner)
        if path.startswith(STATEMENT + b"/"):
            _check_method(method, "GET", "HEAD", "DELETE")
            partner = await self._identify(scope)
            ticket = self._seal.open(partner, path[len(STATEMENT) + 1 :].decode("latin-1"))
            if ticket is not None:
                return await self._serve(scope, method, partner, ticket)
        if path.startswith(QUERY) and method == "DELETE":
            query = self._own(await self._identify(scope), path[len(QUERY) :].decode("latin-1"))
            if query is not None:
                return await _cancel(query)
        raise _nothing_there()

    def _own(self, partner: Partner, query_id: str) -> OpenQuery | None:
        """Return a query that is read here, to the partner whose it is."""
        query = self._queries.find(query_id)
        if query is None or (query.partner.organisation, query.partner.id) != (partner.organisation, partner.id):
            return None
        return query

    async def _stop(self, partner: Partner, query_id: str) -> None:
        query = self._own(partner, query_id)
        if query is None:
            raise no_such_query(query_id)
        await _cancel(query)

    # --- a statement -------------------------------------------------------------------------------------------------

    async def _submit(self, scope: Scope, receive: Receive, partner: Partner) -> Reply:
        base = self._base(scope)
        heard = read_headers(scope["headers"], partner)
        request = QueryRequest(await _read_sql(scope, receive), "", client=_client(scope), session=heard.session)
        try:
            self._queries.check_room(partner)
            said = await _unless_left(receive, self.speaker.speak(partner, request))
            if isinstance(said, Told):
                if said.stops:
                    await self._stop(partner, said.stops)
                return self._told(base, partner, said, heard.notices)
        except _Left:
            raise
        except Exception as fault:
            note_unforeseen(fault)
            return self._failed(base, partner, broken(fault), heard.notices)
        return self._opened(base, OpenQuery.begun(partner, said, heard.notices))

    def _opened(self, base: str, query: OpenQuery, change: tuple[Header, ...] = ()) -> Reply:
        self._queries.add(query)
        waits = Given(0, "QUEUED" if query.waits else "RUNNING", 1)
        return self._page(base, query, waits, change)

    def _told(self, base: str, partner: Partner, told: Told, notices: tuple[Notice, ...]) -> Reply:
        """Answer at once; rows come with the first page, for not every client looks for them before."""
        change = tuple(change_headers(told.change))
        if told.columns:
            return self._opened(base, OpenQuery(partner, ToldAnswer(partner, told), notices), change)
        warnings = warnings_of((*told.notices, *notices))
        shown = Shown(
            str(uuid.uuid4()),
            "FINISHED",
            columns=_NO_COLUMNS,
            update_type=told.update_type,
            warnings=warnings,
        )
        return self._alone(base, partner, shown, change)

    def _failed(self, base: str, partner: Partner, error: GatewayError, notices: tuple[Notice, ...]) -> Reply:
        shown = Shown(error.query_id or str(uuid.uuid4()), "FAILED", error=error, warnings=warnings_of(notices))
        return self._alone(base, partner, shown)

    def _alone(self, base: str, partner: Partner, shown: Shown, change: tuple[Header, ...] = ()) -> Reply:
        """Answer a statement with nothing to follow."""
        token = self._seal.seal(partner, Ticket("info", shown.query))
        return Reply(200, (_JSON, *change), tuple(page_parts(shown, Addresses(f"{base}/{token}"))))

    # --- a page ------------------------------------------------------------------------------------------------------

    async def _serve(self, scope: Scope, method: str, partner: Partner, ticket: Ticket) -> Reply:
        if ticket.kind == "info":
            _check_method(method, "GET", "HEAD")
            return Reply(200, (_JSON,), (orjson.dumps({"id": ticket.query, "notices": "see the warnings"}),))
        base = self._base(scope)
        query = self._find(partner, ticket)
        query.touch()
        if method == "DELETE":
            return await _cancel(query)
        if method == "HEAD":
            query.beat()
            return Reply(200, (_JSON,))
        return self._page(base, query, await query.give(ticket.page))

    def _find(self, partner: Partner, ticket: Ticket) -> OpenQuery:
        """Find the query here, or take it over from where another gateway has left it."""
        query = self._queries.find(ticket.query)
        if query is not None:
            if ticket.position is not None and query.may_move_to(ticket.page):
                query.move(self._gate.resume(partner, ticket.position))
            return query
        age = time.time() - ticket.sealed_at
        if ticket.position is None:
            if age < self._timeout:
                raise ElsewhereForNow("another gateway has just begun this query", hint="Ask again in a moment.")
            raise _nothing_there()
        if age > TICKET_SECONDS:
            raise _nothing_there()
        self._queries.check_room(partner)
        query = OpenQuery(partner, self._gate.resume(partner, ticket.position), warnings=ticket.warnings)
        self._queries.add(query)
        return query

    def _page(self, base: str, query: OpenQuery, given: Given, change: tuple[Header, ...] = ()) -> Reply:
        warnings = query.warnings
        onward = f"{base}/{self._onward(query, given, warnings)}" if given.next else ""
        if not query.info_token:
            query.info_token = self._seal.seal(query.partner, Ticket("info", query.id))
        shown = Shown(
            query=query.id,
            state=given.state,
            elapsed_seconds=query.elapsed(),
            progress=given.progress,
            columns=given.columns,
            data=given.data,
            error=given.error,
            warnings=warnings,
        )
        # whoever deletes the next page's address stops the query: one address will do for both
        addresses = Addresses(f"{base}/{query.info_token}", onward, onward)
        if given.state == "FINISHED" and query.answer.position.decision_index:
            change = (*change, (HEADER, f"{PATH}{query.id}".encode()))
        return Reply(200, (_JSON, *change), tuple(page_parts(shown, addresses)), query)

    def _onward(self, query: OpenQuery, given: Given, warnings: bytes) -> str:
        carried = warnings if given.position is not None and len(warnings) <= MAX_WARNINGS_BYTES else b"[]"
        ticket = Ticket("page", query.id, given.next, int(time.time()), given.position, carried)
        return self._seal.seal(query.partner, ticket)

    def _base(self, scope: Scope) -> str:
        """Return the address of statements as this client reaches it."""
        if self._public_url:
            return f"{self._public_url}/v1/statement"
        hosts = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(hosts) != 1 or not _HOST.fullmatch(hosts[0]):
            raise BadRequest("the Host header is not a name with a port number", hint="Send one Host header.")
        return f"{scope['scheme']}://{hosts[0]}/v1/statement"

    def _refusal(self, scope: Scope, error: GatewayError) -> Reply:
        told = problem_of(error)
        text = f"{told['detail']}. {told.get('hint', '')}".strip()
        headers = [_TEXT]
        if isinstance(error, Unauthenticated):
            headers += self._challenge(scope)
        if isinstance(error, MethodNotAllowed):
            headers.append((b"allow", error.hint.removeprefix("Use: ").encode()))
        if isinstance(error, Unavailable):
            seconds = 1 if isinstance(error, ElsewhereForNow) else RETRY_AFTER_SECONDS
            headers.append((b"retry-after", str(seconds).encode()))
        return Reply(int(str(told["status"])), tuple(headers), (text.encode(),))


async def _cancel(query: OpenQuery) -> Reply:
    stopping = kept(query.cancel())
    done, _ = await asyncio.wait({stopping}, timeout=CANCEL_SECONDS)
    for each in done:
        each.result()
    return Reply(204)


async def _unless_left(receive: Receive, speaking: Awaitable[Told | Beginning]) -> Told | Beginning:
    """Wait for what is said; if its client goes away before, nobody can ever read it, and it is stopped."""
    work = asyncio.ensure_future(speaking)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        has_left = gone.done()
    finally:
        gone.cancel()
        if not work.done():
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
    if has_left:
        if not work.cancelled() and work.exception() is None and not isinstance(begun := work.result(), Told):
            await begun.cancel()
        raise _Left
    return work.result()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _read_sql(scope: Scope, receive: Receive) -> str:
    if any(name == b"content-encoding" for name, _ in scope["headers"]):
        raise WrongMediaType("the statement is compressed", hint="Send it as plain UTF-8 text.")
    body = await read_body(receive)
    try:
        sql = body.decode()
    except UnicodeDecodeError:
        raise BadRequest("the statement is not UTF-8 text") from None
    if not sql.strip():
        raise BadRequest("the statement is empty", hint="Send SQL in the body.")
    return sql


async def _send(scope: Scope, send: Send, reply: Reply) -> None:
    """Write an answer; a reader that takes nothing for too long is left."""
    parts, encoding = await compressed(scope, reply.parts)
    length = str(sum(map(len, parts))).encode()
    headers = [*reply.headers, *([(b"content-encoding", encoding.encode())] if encoding else [])]
    if reply.status != 204:
        headers.append((b"content-length", length))
    if scope["method"] == "HEAD":
        parts = ()
    if sum(map(len, parts)) <= ONE_WRITE_BYTES:  # each write is a system call, and a record of TLS
        parts = (b"".join(parts),)
    async with asyncio.timeout(STALLED_READER_SECONDS):
        await send({"type": "http.response.start", "status": reply.status, "headers": headers})
        *before, last = parts
        for part in before:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": last, "more_body": False})


def _client(scope: Scope) -> str:
    agents = [value.decode("latin-1") for name, value in scope["headers"] if name == b"user-agent"]
    return re.sub(r"[^\x20-\x7e]", "?", agents[0] if agents else "")[:200]


def _check_method(method: str, *allowed: str) -> None:
    if method not in allowed:
        raise MethodNotAllowed("this address takes another method", hint=f"Use: {', '.join(allowed)}")


def _nothing_there() -> NotFound:
    return NotFound("there is nothing at this address")


class TrinoRoutes:
    """Takes what is under /v1 out of the way of the other application: neither sees the other's requests."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]], protocol: TrinoProtocol) -> None:
        self._app, self._protocol = app, protocol

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on."""
        is_ours = scope["type"] == "http" and (scope["raw_path"] == b"/v1" or scope["raw_path"].startswith(b"/v1/"))
        await (self._protocol if is_ours else self._app)(scope, receive, send)
