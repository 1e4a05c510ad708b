"""HTTP requests -> questions to the gate, and its answers -> HTTP; the REST interface and nothing else."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Annotated, Protocol

import orjson
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.conversation import QueryRequest
from gateway.edge.audit_receipts import Receipts
from gateway.edge.body import MAX_BODY_BYTES, read_body
from gateway.edge.bundles import Intake, add_publishing
from gateway.edge.catalog import describe
from gateway.edge.credentials import Challenge, identify, plain_challenge
from gateway.edge.encode import FORMATS, choose_format
from gateway.edge.front import Front
from gateway.edge.oauth import Login, add_login
from gateway.edge.preview import add_previews
from gateway.edge.problems import (
    MethodNotAllowed,
    NotAcceptable,
    NotFound,
    WrongMediaType,
    broken,
    problem_response,
    ready_response,
)
from gateway.edge.results import Links, add_results, link_headers, read_options
from gateway.edge.stream import QueryResponse, note_unforeseen
from gateway.edge.trino_protocol import TrinoProtocol, TrinoRoutes
from gateway.edge.trino_told import Answering, answering
from gateway.errors import BadRequest, GatewayError, Unauthenticated
from gateway.model import PURPOSES, Partner

MAX_CLIENT_CHARACTERS = 200

SECURITY_HEADERS = [
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
]

Readiness = Callable[[], Awaitable[Mapping[str, str]]]
AddRoutes = Callable[[FastAPI], None]
"""What puts routes of its own on the application."""


class Bundles(Intake, Protocol):
    """The ports' published agreements."""

    def status(self) -> Mapping[str, object]:
        """Say of each port what is in force."""


class QueryBody(BaseModel):
    """One question, as a partner sends it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    sql: Annotated[str, Field(description="One SELECT statement of Trino SQL.")]
    purpose: Annotated[str, Field(description="One of: " + ", ".join(PURPOSES))] = ""
    """May be left out where the token names a single purpose."""
    partial: Annotated[bool, Field(description="Take an answer without the ports that do not answer.")] = False


def make_app(
    gate: Front,
    ready: Readiness,
    bundles: Bundles | None = None,
    login: Login | None = None,
    trino_clients: TrinoProtocol | None = None,
    links: Links | None = None,
    more: Iterable[AddRoutes] = (),
    receipts: Receipts | None = None,
) -> FastAPI:
    """Return the application: the gate's questions under /api, its health under /livez and /readyz.

    With `bundles`, the ports' stewards publish to them; with `login`, people log in through their browser; with
    `trino_clients`, Trino's clients are answered under /v1; with `links`, each answer has its address in every
    format; `more` is put on last: the log's own routes; with `receipts`, each answer has one.
    """
    app = FastAPI(
        title="Portgate",
        docs_url=None,
        redoc_url=None,
        openapi_url="/api/openapi.json",
        redirect_slashes=False,
    )
    app.add_exception_handler(GatewayError, _answerer(login.challenge if login else plain_challenge))
    app.add_exception_handler(HTTPException, _answer_http_error)
    if trino_clients is not None:
        app.add_middleware(TrinoRoutes, protocol=trino_clients)
    app.add_middleware(Outermost)
    start = answering(gate, trino_clients.speaker if trino_clients else None)
    _add_queries(app, gate, start, links, receipts)
    if links is not None:
        add_results(app, start, links, lambda request: identify(request.scope, gate), _client, receipts)
    _add_catalog(app, gate)
    add_previews(app, gate, lambda request: identify(request.scope, gate), _read_body)
    _add_health(app, ready, bundles)
    if bundles is not None:
        add_publishing(app, bundles, lambda request: identify(request.scope, gate), _read_body)
    if login is not None:
        add_login(app, login)
    for add in more:
        add(app)
    return app


def _add_queries(app: FastAPI, gate: Front, start: Answering, links: Links | None, receipts: Receipts | None) -> None:
    body = {"requestBody": {"required": True, "content": {"application/json": {"schema": _body_schema()}}}}

    @app.post("/api/queries", openapi_extra=body, summary="Ask one question; rows are streamed.")
    async def queries(request: Request) -> Response:
        partner = await identify(request.scope, gate)
        format_ = choose_format(request.headers.get("accept", ""))
        if format_ is None:
            raise NotAcceptable("none of the formats in Accept is known", hint="Ask for: " + ", ".join(FORMATS))
        question = await _read_question(request, partner)
        options = read_options(request, links.of(partner, question) if links else {})
        answer = format_(options)
        return QueryResponse(lambda: start(partner, question), answer, link_headers(options.links), receipts)

    @app.post("/api/explain", openapi_extra=body, summary="Say what a question would be let to see, and why.")
    async def explain(request: Request) -> Response:
        partner = await identify(request.scope, gate)
        question = await _read_question(request, partner)
        return _json(await gate.explain(partner, question))


def _add_catalog(app: FastAPI, gate: Front) -> None:
    @app.get("/api/catalog", summary="What there is to ask about, as far as your agreements go.")
    async def catalog(request: Request, purpose: str = "", table: str = "") -> Response:
        partner = await identify(request.scope, gate)
        declared = _purpose(partner, purpose) or (partner.purposes or PURPOSES)[0]
        return _json(describe(await gate.visible(partner, declared), declared, table))


def _add_health(app: FastAPI, ready: Readiness, bundles: Bundles | None) -> None:
    @app.get("/livez", summary="Whether the process runs.")
    async def livez() -> Response:
        return _json({"state": "ok"})

    @app.get("/readyz", summary="Whether every part answers.")
    async def readyz() -> Response:
        parts = await ready()
        return ready_response(parts, bundles.status() if bundles else None)


async def _read_question(request: Request, partner: Partner) -> QueryRequest:
    media_type = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if media_type != "application/json" or "content-encoding" in request.headers:
        raise WrongMediaType("the body is not plain JSON", hint="Send Content-Type: application/json, not compressed.")
    try:
        body = QueryBody.model_validate_json(await _read_body(request))
    except ValidationError as error:
        raise BadRequest(_what_is_wrong(error), hint='Send {"sql": …, "purpose": …, "partial": false}') from None
    return QueryRequest(body.sql, _purpose(partner, body.purpose), body.partial, client=_client(request))


def _client(request: Request) -> str:
    """What the partner's program calls itself."""
    return re.sub(r"[^\x20-\x7e]", "?", request.headers.get("user-agent", ""))[:MAX_CLIENT_CHARACTERS]


async def _read_body(request: Request, limit: int = MAX_BODY_BYTES) -> bytes:
    return await read_body(request.receive, limit)


def _what_is_wrong(error: ValidationError) -> str:
    """Name the keys at fault, never the values."""
    faults = error.errors(include_input=False, include_url=False, include_context=False)
    return "; ".join(
        f"{'.'.join(map(str, fault['loc']))[:60] or 'body'}: {fault['msg'].split(':')[0]}" for fault in faults[:5]
    )


def _purpose(partner: Partner, declared: str) -> str:
    """Return what was declared; a token for one purpose declares it."""
    return partner.purposes[0] if not declared and len(partner.purposes) == 1 else declared


def _json(value: object) -> Response:
    return Response(orjson.dumps(value, default=_plain), media_type="application/json")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def _body_schema() -> dict[str, object]:
    return QueryBody.model_json_schema()


def _answerer(challenge: Challenge) -> Callable[[Request, Exception], Response]:
    def answer_error(request: Request, error: Exception) -> Response:
        response = problem_response(broken(error))
        if isinstance(error, Unauthenticated):
            del response.headers["www-authenticate"]
            response.raw_headers.extend(challenge(request.scope))
        return response

    return answer_error


def _answer_http_error(request: Request, error: Exception) -> Response:
    """The framework raises these itself: for an address it does not know, and for a method."""
    if isinstance(error, HTTPException) and "Allow" in (error.headers or {}):
        allowed = (error.headers or {})["Allow"]
        return problem_response(MethodNotAllowed("this address takes another method", hint=f"Use: {allowed}"))
    return problem_response(NotFound("there is nothing at this address", hint="See /api/openapi.json"))


def _with_security(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Put the security headers behind others; an answer may say itself how long it is kept."""
    said = list(headers)
    names = {name.lower() for name, _ in said}
    return [*said, *(each for each in SECURITY_HEADERS if each[0] != b"cache-control" or each[0] not in names)]


class Outermost:
    """Puts the security headers on every answer, and keeps the text of unforeseen errors out of answers and logs."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on, and answer in place of an error."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def send_on(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message = {**message, "headers": _with_security(message.get("headers", []))}
            await send(message)

        if {b"content-length", b"transfer-encoding"} <= {name for name, _ in scope["headers"]}:
            # a balancer in front may believe the one where we believe the other, and end the request elsewhere
            await problem_response(BadRequest("the request gives its length twice"))(scope, receive, send_on)
            return
        try:
            await self._app(scope, receive, send_on)
        except asyncio.CancelledError:
            return  # the server stops, and cuts off what is not whole; a trace of that in its log helps nobody
        except Exception as error:
            note_unforeseen(error)
            if not started:
                await problem_response(broken(error))(scope, receive, send_on)
