"""An error of the gateway -> a problem document (RFC 9457); the only file that knows status numbers."""

from __future__ import annotations

from collections.abc import Mapping

import orjson
from starlette.responses import Response

from gateway.errors import (
    BadRequest,
    Broken,
    Denied,
    Failed,
    GatewayError,
    PortUnavailable,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)
from gateway.policy.refusal import BundleRefused

RETRY_AFTER_SECONDS = 5


class NotFound(Refused):
    """No such address."""

    code = "not_found"


class MethodNotAllowed(Refused):
    """The address is right, the method is not."""

    code = "method_not_allowed"


class NotAcceptable(Refused):
    """The answer cannot be written as the partner wants it."""

    code = "not_acceptable"


class Gone(Refused):
    """The page was there once."""

    code = "gone"


class ElsewhereForNow(Unavailable):
    """Another gateway has begun the query, and no other can go on with it yet."""

    code = "elsewhere_for_now"


class TooLarge(Refused):
    """The request is larger than any honest one."""

    code = "too_large"


class WrongMediaType(Refused):
    """The request is not plain JSON."""

    code = "wrong_media_type"


class BundleNotTaken(Refused):
    """A bundle was refused: its code and its words are those of the intake."""

    def __init__(self, refused: BundleRefused) -> None:
        super().__init__(refused.message, hint=refused.mend)
        self.code = f"bundle_{refused.code}"


class TooSlow(Refused):
    """The request did not arrive in time."""

    code = "too_slow"


KINDS: tuple[tuple[type[GatewayError], int, str], ...] = (
    (Unauthenticated, 401, "Who asks is not known"),
    (Denied, 403, "No agreement allows this"),
    (NotFound, 404, "No such address"),
    (MethodNotAllowed, 405, "Not this method"),
    (NotAcceptable, 406, "Not in this format"),
    (TooSlow, 408, "The request came too slowly"),
    (Gone, 410, "The page is past"),
    (TooLarge, 413, "The request is too large"),
    (WrongMediaType, 415, "The request is not JSON"),
    (BadRequest, 400, "The request is malformed"),
    (BundleNotTaken, 422, "The bundle was refused"),
    (Refused, 400, "The query was refused"),
    (Failed, 422, "The query failed"),
    (PortUnavailable, 503, "A port does not answer"),
    (TooMany, 429, "Too many questions at once"),
    (Unavailable, 503, "A part does not answer"),
    (GatewayError, 500, "The gateway stopped the query"),
)
"""Error, status and title; the first that fits."""

_BROKEN_TEXT = "One of the gateway's own checks failed, so nothing was released."
_BROKEN_HINT = "This is a fault of the gateway, not of your query; tell its operator the query's id."


def problem_of(error: GatewayError) -> dict[str, object]:
    """Return the members of the problem document; what broke inside stays inside."""
    _, status, title = _kind(error)
    broken = status == 500
    members: dict[str, object] = {
        "type": f"urn:portgate:error:{error.code}",
        "title": title,
        "status": status,
        "detail": _BROKEN_TEXT if broken else error.message,
        "code": error.code,
        "hint": _BROKEN_HINT if broken else error.hint,
        "line": None if broken else error.line,
        "column": None if broken else error.column,
        "query_id": error.query_id,
        "ports": list(error.ports) if isinstance(error, PortUnavailable) else None,
    }
    return {name: value for name, value in members.items() if value not in (None, "")}


def problem_response(error: GatewayError) -> Response:
    """Return the problem document as an answer."""
    members = problem_of(error)
    status = _kind(error)[1]
    return Response(orjson.dumps(members), status, _headers(error), "application/problem+json")


def ready_response(parts: Mapping[str, str], ports: Mapping[str, object] | None = None) -> Response:
    """Return how each part is, whether all of them are well, and which agreements of the ports are in force.

    A part that is well says `ok`, or `ok: ` and what there is to know about it.
    """
    well = all(state.partition(":")[0] == "ok" for state in parts.values())
    state = {"state": "ok" if well else "not ready", "parts": dict(parts)}
    body = orjson.dumps(state if ports is None else {**state, "ports": dict(ports)})
    return Response(body, 200 if well else 503, media_type="application/json")


def broken(error: BaseException) -> GatewayError:
    """Return what a partner is told of an error that nobody foresaw: nothing but that it happened."""
    return error if isinstance(error, GatewayError) else Broken("unforeseen")


def _kind(error: GatewayError) -> tuple[type[GatewayError], int, str]:
    return next(kind for kind in KINDS if isinstance(error, kind[0]))


def _headers(error: GatewayError) -> Mapping[str, str]:
    if isinstance(error, Unauthenticated):
        return {"WWW-Authenticate": 'Bearer realm="Portgate"'}
    if isinstance(error, Unavailable):
        return {"Retry-After": str(RETRY_AFTER_SECONDS)}
    return {}
