"""Bundles over HTTP: in from the ports' stewards, under /api; out to OPA, on the gateway's internal listener.

*Invariants*
- A bundle comes in by the port's own steward only: role `steward`, and the port's organisation or the port itself.
- Out go accepted bundles only, to whoever bears the secret: in a header, because OPA writes addresses into its log.
  Everything else is 404 without a body.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Awaitable, Callable
from typing import Protocol

import orjson
from fastapi import FastAPI, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge.problems import BundleNotTaken, WrongMediaType
from gateway.errors import Denied
from gateway.model import Partner
from gateway.policy.archive import MAX_PACKED_BYTES
from gateway.policy.refusal import BundleRefused

STEWARD = "steward"
MEDIA_TYPE = "application/gzip"


class _Served(Protocol):
    """What OPA gets."""

    @property
    def content(self) -> bytes:
        """The bundle."""

    @property
    def etag(self) -> str:
        """Its name for comparing."""


class _Taken(Protocol):
    """A bundle that came into force."""

    @property
    def revision(self) -> str:
        """The revision of its agreements."""


class Intake(Protocol):
    """The bundles of this gateway."""

    def organisation(self, port: str) -> str:
        """The port's own organisation, as far as it is known."""

    async def accept(self, port: str, packed: bytes, by: str) -> _Taken:
        """Put a bundle into force; raise BundleRefused."""

    async def refuse(self, port: str, refused: BundleRefused, by: str) -> None:
        """Write that somebody was turned away."""


Identify = Callable[[Request], Awaitable[Partner]]
ReadBody = Callable[[Request, int], Awaitable[bytes]]


def add_publishing(app: FastAPI, intake: Intake, identify: Identify, read_body: ReadBody) -> None:
    """Let stewards publish."""

    @app.put("/api/ports/{port}/bundle", summary="Publish a port's signed agreements; for its own steward.")
    async def publish(request: Request, port: str) -> Response:
        partner = await identify(request)
        by = f"{partner.id}#publish"
        if not is_steward(partner, port, intake.organisation(port)):
            await intake.refuse(port, BundleRefused("foreign_steward", "not the port's own steward", port), by)
            raise Denied(f"{partner.id} may not publish for {port[:60]}", hint="a port's own steward publishes for it")
        if request.headers.get("content-type", "").split(";")[0].strip().lower() != MEDIA_TYPE:
            raise WrongMediaType("the body is not a bundle", hint=f"Send Content-Type: {MEDIA_TYPE}.")
        try:
            taken = await intake.accept(port, await read_body(request, MAX_PACKED_BYTES), by)
        except BundleRefused as refused:
            raise BundleNotTaken(refused) from None
        return Response(orjson.dumps({"port": port, "revision": taken.revision}), media_type="application/json")


def is_steward(partner: Partner, port: str, organisation: str) -> bool:
    """Say whether somebody is a port's own steward; `organisation` is the port's, as far as it is known."""
    is_of_port = partner.attributes.get("port") == port or (organisation != "" and partner.organisation == organisation)
    return STEWARD in partner.roles and is_of_port


Waiting = Callable[[str, str, float], Awaitable[_Served | None]]
"""Name, what OPA has, seconds -> what OPA gets."""

MAX_WAIT_SECONDS = 5.0
_PREFIX = b"/bundles/"
_OPA_MEDIA_TYPE = b"application/vnd.openpolicyagent.bundles"
_WAIT = re.compile(rb"(?:^|[;,])\s*wait=([0-9]{1,3})\s*(?:$|[;,])")


# --- for OPA --------------------------------------------------------------------------------------------------------


def bundles_app(served_after: Waiting, secret: str, others: ASGIApp) -> ASGIApp:
    """Return the application that gives OPA its bundles, below /bundles/; all else goes to `others`.

    OPA asks for long polling (`Prefer: wait=1`) and hears of a new bundle at once; it takes the answer's content type
    for a promise that this works.
    """
    bearer = f"Bearer {secret}".encode()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        path: bytes = scope.get("raw_path", b"") if scope["type"] == "http" else b""
        if not path.startswith(_PREFIX):
            await others(scope, receive, send)
            return
        name, _, rest = path[len(_PREFIX) :].decode("ascii", "replace").partition(".")
        is_known = hmac.compare_digest(_header(scope, b"authorization"), bearer)
        if not is_known or scope["method"] != "GET" or rest != "tar.gz":
            await _answer(send, 404, [], b"")
            return
        has = _header(scope, b"if-none-match").decode("ascii", "replace")
        found = await served_after(name, has, _patience(scope))
        if found is None:
            await _answer(send, 404, [], b"")
            return
        headers = [(b"etag", found.etag.encode()), (b"content-type", _OPA_MEDIA_TYPE)]
        is_new = found.etag != has
        await _answer(send, 200 if is_new else 304, headers, found.content if is_new else b"")

    return app


def _patience(scope: Scope) -> float:
    """How long OPA would wait for news."""
    said = _WAIT.search(_header(scope, b"prefer"))
    return min(float(said[1]), MAX_WAIT_SECONDS) if said else 0.0


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*headers, length]})
    await send({"type": "http.response.body", "body": body})
