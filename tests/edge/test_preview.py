"""A port's own steward looks at the port as a partner would; nobody else does."""

from __future__ import annotations

import json
from typing import Any

import pytest

from gateway.conversation import Preview, QueryRequest
from gateway.model import Partner
from tests.edge.stand_in import STEWARD, StandInGate
from tests.edge.test_api import send

WISH: dict[str, Any] = {
    "partner": {
        "organisation": "msc", "organisation_class": "ocean_carrier", "roles": ["planner"],
        "attributes": {"carrier_smdg": "MSC"},
    },
    "purpose": "freight_resilience",
    "table": "freight.vessel_calls",
    "rows": 5,
}  # fmt: skip


def _send(gate: StandInGate, port: str, wish: object, who: str = "steward") -> Any:
    headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/json"}
    return send(gate, "POST", f"/api/ports/{port}/preview", content=json.dumps(wish), headers=headers)


def test_the_query_is_the_partners_and_the_wish_is_the_stewards() -> None:
    gate = StandInGate()

    answer = _send(gate, "los_angeles", WISH)

    partner = Partner(
        "la-steward", "msc", "ocean_carrier", ("planner",), ("freight_resilience",), {"carrier_smdg": "MSC"}, "t-3"
    )
    text = "SELECT * FROM california.freight.vessel_calls LIMIT 5"
    request = QueryRequest(text, "freight_resilience", client="preview", preview=Preview(STEWARD, "los_angeles"))
    assert answer.status_code == 200
    assert gate.asked == [(partner, request)]


def test_a_table_of_the_ports_own_is_asked_in_the_ports_catalog() -> None:
    gate = StandInGate()

    _send(gate, "los_angeles", {**WISH, "table": "pola.vessel_visit"})

    assert gate.asked[0][1].sql == "SELECT * FROM los_angeles.pola.vessel_visit LIMIT 5"


@pytest.mark.parametrize(
    ("port", "token"), [("oakland", "steward"), ("los_angeles", "analyst"), ("oakland", "planner")]
)
def test_who_is_not_the_ports_own_steward_is_turned_away(port: str, token: str) -> None:
    gate = StandInGate()

    answer = _send(gate, port, WISH, token)

    assert (answer.status_code, answer.json()["code"]) == (403, "denied")
    assert gate.asked == []


@pytest.mark.parametrize(
    "change",
    [
        {"table": "freight.vessel_calls; DROP TABLE x"},
        {"table": "vessel_calls"},
        {"purpose": "curiosity"},
        {"rows": 0},
        {"rows": 1_000_000},
        {"more": 1},
        {"partner": {"organisation": "msc"}},
    ],
)
def test_a_wish_that_is_not_well_formed_is_refused(change: dict[str, Any]) -> None:
    gate = StandInGate()

    answer = _send(gate, "los_angeles", {**WISH, **change})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert gate.asked == []
