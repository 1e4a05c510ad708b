"""A steward's wish to look as a partner -> one query of that port's part of a table, logged as the steward's.

*Invariants*
- Only the port's own steward looks, and only at that port: role `steward`, and the port in the token.
- The query takes the way of every other; what it shows is what the partner described would be shown.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Literal

from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from starlette.responses import Response

from gateway.conversation import Preview, QueryRequest
from gateway.edge.encode import FORMATS, choose_format
from gateway.edge.formats.format import Options
from gateway.edge.front import Front
from gateway.edge.problems import NotAcceptable
from gateway.edge.stream import QueryResponse
from gateway.errors import BadRequest, Denied
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, PURPOSES, Partner

MOST_ROWS = 1_000
_Name = Annotated[str, Field(max_length=200)]
_Table = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$")]

Identify = Callable[[Request], Awaitable[Partner]]
ReadBody = Callable[[Request], Awaitable[bytes]]


class Described(BaseModel):
    """The partner as whom a steward looks: all that agreements can refer to."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    organisation: _Name
    organisation_class: _Name
    roles: list[_Name] = []
    attributes: Mapping[_Name, _Name] = {}


class PreviewBody(BaseModel):
    """What a steward wants to see."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    partner: Described
    purpose: Literal[PURPOSES]  # type: ignore[valid-type]
    table: _Table
    """As agreements name it: `freight.vessel_calls`, or a table of the port's own."""
    rows: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 10


def add_previews(app: FastAPI, gate: Front, identify: Identify, read_body: ReadBody) -> None:
    """Let stewards look at their own port as a partner would."""

    @app.post("/api/ports/{port}/preview", summary="Rows of your own port as a partner would see them; for stewards.")
    async def preview(request: Request, port: str) -> Response:
        steward = await identify(request)
        if "steward" not in steward.roles or steward.attributes.get("port") != port:
            raise Denied(f"{steward.id} may not look at {port[:60]} as others", hint="a port's own steward may")
        format_ = choose_format(request.headers.get("accept", ""))
        if format_ is None:
            raise NotAcceptable("none of the formats in Accept is known", hint="Ask for: " + ", ".join(FORMATS))
        try:
            body = PreviewBody.model_validate_json(await read_body(request))
        except ValidationError as fault:
            places = {".".join(map(str, one["loc"]))[:60] or "body" for one in fault.errors(include_input=False)}
            hint = 'Send {"partner": {…}, "purpose": …, "table": …, "rows": …}'
            raise BadRequest(f"this is not as it should be: {', '.join(sorted(places))}", hint=hint) from None
        partner, question = _question(steward, port, body)
        return QueryResponse(lambda: gate.answer(partner, question), format_(Options()))


def _question(steward: Partner, port: str, body: PreviewBody) -> tuple[Partner, QueryRequest]:
    """The partner described, under the steward's own id, and the query."""
    schema = body.table.partition(".")[0]
    catalog = CANONICAL_CATALOG if schema == CANONICAL_SCHEMA else port
    said = body.partner
    partner = Partner(
        steward.id, said.organisation, said.organisation_class, tuple(said.roles), (body.purpose,),
        dict(said.attributes), steward.token_id,
    )  # fmt: skip
    text = f"SELECT * FROM {catalog}.{body.table} LIMIT {body.rows}"  # noqa: S608  (both match a pattern of plain names)
    return partner, QueryRequest(text, body.purpose, client="preview", preview=Preview(steward, port))
