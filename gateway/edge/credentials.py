"""A request -> the partner who asks: by its Authorization header, by the certificate of its connection, or both."""

from __future__ import annotations

import base64
import ssl
from collections.abc import Callable

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.types import Scope

from gateway.edge.front import Front
from gateway.errors import Unauthenticated
from gateway.model import Partner

Challenge = Callable[[Scope], list[tuple[bytes, bytes]]]
"""The headers that tell a client without credentials how to come by them."""


def plain_challenge(_scope: Scope) -> list[tuple[bytes, bytes]]:
    """Ask for a token, and name no place to get one."""
    return [(b"www-authenticate", b'Bearer realm="Portgate"')]


async def identify(scope: Scope, gate: Front) -> Partner:
    """Say who asks, or raise Unauthenticated, which the gate hears of."""
    headers, token = Headers(scope=scope), None
    try:
        token = _bearer(headers)
        return await _identify(headers, token, _certificate(scope), gate)
    except Unauthenticated as error:
        gate.turned_away(error, token or "")
        raise


async def _identify(headers: Headers, token: str | None, certificate: bytes | None, gate: Front) -> Partner:
    """Say who asks; on a thread, because the issuer's keys may have to be fetched."""
    if certificate and not token and "origin" in headers:
        raise Unauthenticated(  # browsers show certificates unasked, also for what another site makes them send
            "a page in a browser cannot ask with a client certificate", hint="Send a token: Authorization: Bearer TOKEN"
        )
    return await anyio.to_thread.run_sync(gate.identify, token, certificate)


def _bearer(headers: Headers) -> str | None:
    values = headers.getlist("authorization")
    if len(values) > 1:
        raise Unauthenticated("more than one Authorization header came", hint="Send one: Authorization: Bearer TOKEN")
    scheme, _, token = (values[0] if values else "").partition(" ")
    if scheme.lower() == "basic":
        token = _password(token)
    elif values and scheme.lower() != "bearer":
        raise Unauthenticated("the Authorization header is not of the kind Bearer", hint="Send: Bearer TOKEN")
    return token or None


def _password(encoded: str) -> str:
    """Return the token of a client that knows users with passwords only; what it calls its user counts for nothing."""
    try:
        _, _, password = base64.b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        raise Unauthenticated("the user and password cannot be read", hint="Give your token as the password") from None
    return password


def _certificate(scope: Scope) -> bytes | None:
    """Return what the TLS listener found in the handshake (ASGI's extension `tls`); no header can say it."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", ())
    return ssl.PEM_cert_to_DER_cert(next(iter(chain))) if chain else None
