"""Every route of the application, asked by everybody: one table says who is answered how, and no route is left out.

A new route fails here until it has its row: its method, its path as the application has it, and a status for each role.
Where a path has a part to be filled in, or a request needs a body, `FILLED` and `SENT` say what with.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import TypeGuard

import pytest
from fastapi import FastAPI
from starlette.routing import Route

from gateway.conversation import QueryRequest
from gateway.edge.api import Outermost
from gateway.edge.trino_protocol import TrinoRoutes
from tests.audit.logs import SIGNER
from tests.conftest import CHECKOUT
from tests.edge.log_world import ROLES, LogWorld, decision, outcome

MATRIX = """
method  path                           nobody bad_token partner other_partner steward other_steward witness auditor

GET     /api/audit/records                401       401     200           200     200           200     200     200
GET     /api/audit/records/{number}       401       401     200           404     200           404     404     200
GET     /api/audit/records/{number}/proof 401      401     200           404     200           404     404     200
GET     /api/audit/export                 401       401     200           200     200           200     200     200
GET     /api/audit/export/manifest        401       401     200           200     200           200     200     200
GET     /log/checkpoint                   200       200     200           200     200           200     200     200
GET     /log/tile/{path:path}             200       200     200           200     200           200     200     200
GET     /log/views/{port}                 401       401     403           403     200           403     200     200
GET     /api/audit/receipts/{answered}    401       401     200           404     200           404     404     200
GET     /api/audit/report                 401       401     200           200     200           200     200     200
GET     /api/audit/flags                  401       401     403           403     200           200     403     200
GET     /api/audit/watch                  401       401     200           200     200           200     200     200

POST    /api/queries                      401       401     200           200     200           200     200     200
POST    /api/explain                      401       401     200           200     200           200     200     200
GET     /api/catalog                      401       401     200           200     200           200     200     200
GET     /api/results/{address}            401       401     200           404     404           404     404     404
HEAD    /api/results/{address}            401       401     200           404     404           404     404     404
POST    /api/ports/{port}/preview         401       401     403           403     200           403     403     403
PUT     /api/ports/{port}/bundle          401       401     403           403     200           403     403     403

GET     /livez                            200       200     200           200     200           200     200     200
GET     /readyz                           200       200     200           200     200           200     200     200
GET     /api/openapi.json                 200       200     200           200     200           200     200     200
HEAD    /api/openapi.json                 200       200     200           200     200           200     200     200

GET     /oauth2/token/initiate/{begin}    410       410     410           410     410           410     410     410
GET     /oauth2/callback                  400       400     400           400     400           400     400     400
GET     /oauth2/token/{secret}            200       200     200           200     200           200     200     200
DELETE  /oauth2/token/{secret}            404       404     404           404     404           404     404     404

POST    /v1/statement                     401       401     200           200     200           200     200     200
HEAD    /v1/statement                     401       401     200           200     200           200     200     200
GET     /v1/statement/{ticket}            401       401     404           404     404           404     404     404
HEAD    /v1/statement/{ticket}            401       401     404           404     404           404     404     404
DELETE  /v1/statement/{ticket}            401       401     404           404     404           404     404     404
GET     /v1/info                          200       200     200           200     200           200     200     200
HEAD    /v1/info                          200       200     200           200     200           200     200     200
DELETE  /v1/query/{query}                 401       401     404           404     404           404     404     404
"""
TRINOS = "/v1/"
"""Trino's own addresses: they are no routes of the framework, and their file lists them."""

FILLED = {
    "port": "oakland",
    "begin": "unknown",
    "secret": "unknown",
    "ticket": "unknown",
    "query": "unknown",
    "path": "0/000.p/2",
}
"""Part of a path -> what stands there; `number` is the decision of a query of `partner` that concerns Oakland and that
`answered` names, and `address` one that was given out to `partner`."""
_WISH = (
    b'{"partner": {"organisation": "msc", "organisation_class": "ocean_carrier", "roles": [], "attributes": {}},'
    b' "purpose": "freight_resilience", "table": "freight.vessel_calls", "rows": 5}'
)
_QUESTION = b'{"sql": "SELECT 1", "purpose": "freight_resilience"}'
SENT: dict[str, tuple[bytes, dict[str, str]]] = {
    "POST /api/queries": (_QUESTION, {}),
    "POST /api/explain": (_QUESTION, {}),
    "POST /api/ports/{port}/preview": (_WISH, {}),
    "PUT /api/ports/{port}/bundle": (b"packed", {"content_type": "application/gzip"}),
    "POST /v1/statement": (b"SELECT 1", {}),
}
"""Route -> its body and headers."""


def table() -> dict[str, dict[str, int]]:
    """Route -> role -> status."""
    head, *rows = [line.split() for line in MATRIX.split("\n") if line]
    assert head == ["method", "path", *ROLES]
    return {f"{method} {path}": dict(zip(ROLES, map(int, told), strict=True)) for method, path, *told in rows}


def routes(app: FastAPI) -> Iterator[str]:
    """Yield all that the application answers to, as far as the framework knows it."""
    for route in app.routes:
        assert isinstance(route, Route), f"{route} is of a kind that nobody looked at"
        yield from (f"{method} {route.path}" for method in sorted(route.methods or ()))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogWorld]:
    opened = LogWorld(tmp_path_factory.mktemp("log"))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def filled(world: LogWorld) -> dict[str, str]:
    query = "0b0e7a52-9a3c-4f43-8f0c-3a1f2a4d5e6f"
    (at,) = world.append(decision(query, "partner", "oakland"))
    world.append(outcome(query, at, "oakland"))
    world.store.storage.commit(lambda turn: turn.sign(SIGNER, "2026-11-22T00:00:00.000Z"))
    partner = ROLES["partner"][1]
    assert partner is not None
    address = world.links.of(partner, QueryRequest("SELECT 1", "freight_resilience"))["json"].rpartition("/")[2]
    return {**FILLED, "number": str(at), "address": address, "answered": query}


def test_every_route_has_its_row_and_every_row_its_route(world: LogWorld) -> None:
    assert set(routes(world.app)) == {route for route in table() if f" {TRINOS}" not in route}
    assert {str(each.cls) for each in world.app.user_middleware} == {
        str(TrinoRoutes),
        str(Outermost),
    }  # nothing else has addresses


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("route", table())
def test_everybody_is_answered_as_the_table_says(
    world: LogWorld, filled: dict[str, str], route: str, role: str
) -> None:
    method, _, path = route.partition(" ")
    body, headers = SENT.get(route, (b"", {}))

    answer = world.send(role, method, path.replace(":path", "").format(**filled), body, **headers)

    assert answer.status == table()[route][role], answer.body[:300]
    if answer.status in (401, 403, 404) and method != "HEAD":
        assert b"SELECT" not in answer.body


def test_the_application_of_this_table_has_every_route_of_the_source(world: LogWorld) -> None:
    """What the gateway puts on its application, and this one leaves out, would have no row either."""
    written = {
        file.stem: len(re.findall(r"(?m)^\s+@app\.(?:get|head|post|put|patch|delete|api_route)\(", file.read_text()))
        for file in (CHECKOUT / "gateway" / "edge").glob("*.py")
    }
    served = Counter(route.endpoint.__module__.rpartition(".")[2] for route in world.app.routes if _is_ours(route))

    assert {name: count for name, count in written.items() if count} == dict(served)


def _is_ours(route: object) -> TypeGuard[Route]:
    return isinstance(route, Route) and route.endpoint.__module__.startswith("gateway.")


def test_a_route_without_a_row_would_be_found(tmp_path: Path) -> None:
    app = FastAPI(openapi_url=None)
    app.get("/api/audit/new")(lambda: None)

    assert set(routes(app)) - set(table()) >= {"GET /api/audit/new"}
