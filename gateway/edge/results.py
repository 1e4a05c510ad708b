"""A question -> addresses at which it is asked anew, one for each format; and such an address -> the question.

*Invariants*
- No result is kept: an address holds the question itself, and a GET on it is decided, counted and written down like
  any other.
- An address opens for the partner it was made for and for nobody else, and for a week: whoever else shows it, or
  changes a bit of it, learns what somebody learns who made one up.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, replace

from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway.conversation import QueryRequest, Session
from gateway.edge.audit_receipts import Receipts
from gateway.edge.encode import NAMES
from gateway.edge.formats.format import Options
from gateway.edge.problems import NotFound
from gateway.edge.sealed import Envelope
from gateway.edge.stream import QueryResponse
from gateway.edge.trino_told import Answering
from gateway.errors import BadRequest
from gateway.model import Partner

PATH = "/api/results/"
LIFETIME_SECONDS = 7 * 86_400
MAX_SEALED_CHARACTERS = 8_000
"""Longer questions have no addresses: servers take no longer ones."""
MAX_HEADER_BYTES = 8_192
"""Longer addresses stand in JSON and NDJSON only: clients take no longer headers."""

Identify = Callable[[Request], Awaitable[Partner]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address holds."""

    sql: str
    purpose: str
    partial: bool
    session: Session
    until: int
    """Unix seconds."""


class Links:
    """Makes addresses, and opens them; gateways with the same secret open each other's."""

    def __init__(self, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._envelope = Envelope(secret, "portgate result links 1", Asked)
        self._clock = clock

    def of(self, partner: Partner, question: QueryRequest) -> Mapping[str, str]:
        """Return the address of a question for each format, by the format's name; none if it is too long."""
        until = int(self._clock()) + LIFETIME_SECONDS
        asked = Asked(question.sql, question.purpose, question.partial, question.session, until)
        sealed = self._envelope.seal(partner, asked)
        return {} if len(sealed) > MAX_SEALED_CHARACTERS else {name: f"{PATH}{sealed}.{name}" for name in NAMES}

    def open(self, partner: Partner, sealed: str) -> QueryRequest | None:
        """Return the question that was sealed for this partner; None for all else, whatever is wrong with it."""
        asked = self._envelope.open(partner, sealed) if len(sealed) <= MAX_SEALED_CHARACTERS else None
        if asked is None or asked.until < self._clock():
            return None
        return QueryRequest(asked.sql, asked.purpose, asked.partial, session=asked.session)


def link_headers(links: Mapping[str, str]) -> list[tuple[bytes, bytes]]:
    """Return the addresses as headers (RFC 8288), or none if they are too long for some client."""
    lines = [
        f'<{address}>; rel="alternate"; type="{NAMES[name].media_type.split(";")[0]}"'.encode()
        for name, address in links.items()
    ]
    return [(b"link", line) for line in lines] if sum(map(len, lines)) <= MAX_HEADER_BYTES else []


def read_options(request: Request, links: Mapping[str, str]) -> Options:
    """Read what a request chooses of its format."""
    formulas = request.query_params.get("formulas", "escaped")
    if formulas not in ("escaped", "raw"):
        raise BadRequest("formulas is neither escaped nor raw", hint="leave it out, or ask with ?formulas=raw")
    return Options(formulas == "escaped", links)


def add_results(
    app: FastAPI, start: Answering, links: Links, identify: Identify, client_of: Callable[[Request], str],
    receipts: Receipts | None = None,
) -> None:  # fmt: skip
    """Answer at the addresses that were given out."""

    @app.get(PATH + "{address}", summary="Ask a question anew, in the format that the address names.")
    @app.head(PATH + "{address}", include_in_schema=False)
    async def results(request: Request, address: str) -> Response:
        partner = await identify(request)
        sealed, _, name = address.rpartition(".")
        question = links.open(partner, sealed)
        if question is None or name not in NAMES:
            raise NotFound("there is no question at this address", hint="ask it anew: POST /api/queries")
        options = read_options(request, links.of(partner, question))
        if request.method == "HEAD":  # some clients look before they ask; nothing is asked for that
            return Response(headers={"content-type": NAMES[name].media_type})
        asked = replace(question, client=client_of(request))
        more = [
            *link_headers(options.links),
            (b"content-disposition", f'attachment; filename="answer.{name}"'.encode()),
        ]
        return QueryResponse(lambda: start(partner, asked), NAMES[name](options), more, receipts)
