"""The least of Trino's protocol: each statement answers with the name of who asked, or with the way to log in."""

from __future__ import annotations

from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.edge.credentials import Challenge, identify, plain_challenge
from gateway.edge.front import Front
from gateway.errors import Unauthenticated


def with_statements(app: ASGIApp, gate: Front, challenge: Challenge = plain_challenge) -> ASGIApp:
    """Put `/v1/statement` in front of an application."""

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != "/v1/statement":
            await app(scope, receive, send)
            return
        await (await _answer(scope, gate, challenge))(scope, receive, send)

    return answer


async def _answer(scope: Scope, gate: Front, challenge: Challenge) -> Response:
    try:
        partner = await identify(scope, gate)
    except Unauthenticated:
        answer = Response(status_code=401)
        answer.raw_headers.extend(challenge(scope))
        return answer
    kind = {"rawType": "varchar", "arguments": [{"kind": "LONG", "value": 2_147_483_647}]}
    return JSONResponse(
        {
            "id": "q-1",
            "infoUri": "https://localhost/",
            "columns": [{"name": "who", "type": "varchar", "typeSignature": kind}],
            "data": [[partner.id]],
            "stats": {"state": "FINISHED"},
            "warnings": [],
        }
    )
