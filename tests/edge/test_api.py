"""The REST interface: its shapes, its refusals, and that it says nothing that it should not."""

from __future__ import annotations

import asyncio
import base64
import csv
import io
import json
import logging
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.conversation import QueryRequest
from gateway.edge.api import make_app
from gateway.edge.body import MAX_BODY_BYTES
from gateway.errors import (
    AuditUnavailable,
    BadRequest,
    Broken,
    CatalogFault,
    Denied,
    EngineUnavailable,
    Failed,
    GatewayError,
    IdentityUnavailable,
    NotAllowed,
    NotParsed,
    PolicyUnavailable,
    PortUnavailable,
    Unauthenticated,
    Unresolved,
    VerificationFailed,
)
from tests.edge.stand_in import ANALYST, StandInAnswer, StandInGate

QUESTION = {"sql": "SELECT 1", "purpose": "freight_resilience"}
ANALYST_TOKEN = {"Authorization": "Bearer analyst"}


def send(gate: StandInGate, method: str, path: str, **more: Any) -> httpx.Response:
    """Send one request to the application, without a network."""

    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(gate, gate.ready))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            headers = {**ANALYST_TOKEN, **more.pop("headers", {})}
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(story())


def ask(gate: StandInGate, accept: str = "application/json", **body: object) -> httpx.Response:
    return send(gate, "POST", "/api/queries", json={**QUESTION, **body}, headers={"Accept": accept})


# --- shapes ---------------------------------------------------------------------------------------------------------


def test_a_json_answer_is_one_object_in_the_promised_order() -> None:
    answer = ask(StandInGate())

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["portgate-query"] == "q-1"
    assert answer.text == (
        '{"id":"q-1","columns":[{"name":"port","type":"varchar"},{"name":"teu","type":"bigint"}],'
        '"rows":[["Los Angeles",7],["Oakland",null]],"notices":['
        '{"code":"column_masked","port":"los_angeles","table":"freight.container_events","column":"container_no",'
        '"message":"shown masked (keyed hash)"},'
        '{"code":"port_not_sharing","port":"oakland","table":"freight.container_events","column":"",'
        '"message":"shares nothing of it with you — ask Zoë"}],'
        '"stats":{"rows":2,"elapsed_ms":12,"ports":["los_angeles"]}}\n'
    )


def test_an_ndjson_answer_has_columns_rows_and_an_ending() -> None:
    lines = [json.loads(line) for line in ask(StandInGate(), "application/x-ndjson").text.splitlines()]

    assert lines[0]["columns"][1] == {"name": "teu", "type": "bigint"}
    assert lines[1:3] == [["Los Angeles", 7], ["Oakland", None]]
    assert set(lines[3]) == {"notices", "stats"}


def test_a_csv_answer_has_a_header_row_and_its_notices_in_headers() -> None:
    answer = ask(StandInGate(), "text/csv")

    assert answer.content == b"port,teu\r\nLos Angeles,7\r\nOakland,\r\n"
    notices = [json.loads(value) for value in answer.headers.get_list("portgate-notice")]
    assert [notice["code"] for notice in notices] == ["column_masked", "port_not_sharing"]
    assert notices[1]["message"] == "shares nothing of it with you — ask Zoë"
    assert all(ord(c) < 127 for c in answer.headers["portgate-notice"])


def test_what_csv_writes_a_csv_reader_reads() -> None:
    rows: list[list[object]] = [['say "x", y', "a\r\nb"], ["", "=1+1"], ["ünï", " blank "], [[1, "two"], {"k": None}]]
    gate = StandInGate(StandInAnswer([rows], columns=(("a,b", "json"), ('"', "varchar"))))

    answer = send(gate, "POST", "/api/queries?formulas=raw", json=QUESTION, headers={"Accept": "text/csv"})
    read = list(csv.reader(io.StringIO(answer.text, newline="")))

    assert read == [
        ["a,b", '"'],
        ['say "x", y', "a\r\nb"],
        ["", "=1+1"],
        ["ünï", " blank "],
        ['[1,"two"]', '{"k":null}'],
    ]


ODD_TEXTS = ["", "a", "a,b", '"', "a\nb", "\r", " a ", "'", "=1", "ü", "\t", ";", "NULL", '"quoted"', "\u2028"]


@pytest.mark.parametrize("text", ODD_TEXTS)
def test_both_ways_of_writing_csv_write_the_same(text: str) -> None:
    rows: list[list[object]] = [[text, 1, None], ["x", -(2**63), text], [None, 0, None]]
    columns = (("a", "varchar"), ("b", "bigint"), ("c", "varchar(10)"))

    fast = ask(StandInGate(StandInAnswer([rows], columns=columns)), "text/csv")
    slow = ask(StandInGate(StandInAnswer([rows], columns=(*columns[:2], ("c", "json")))), "text/csv")

    assert fast.content == slow.content


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson", "text/csv"])
def test_an_answer_without_rows_is_still_whole(accept: str) -> None:
    answer = ask(StandInGate(StandInAnswer([])), accept)

    assert answer.status_code == 200
    assert "port" in answer.text
    if accept == "application/json":
        assert answer.json()["rows"] == []
        assert answer.json()["stats"]["rows"] == 0


def test_empty_pages_leave_no_trace() -> None:
    gate = StandInGate(StandInAnswer([[], [["a", 1]], [], [["b", 2], ["c", 3]], []]))

    assert ask(gate).json()["rows"] == [["a", 1], ["b", 2], ["c", 3]]


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        ("", "application/json"),
        ("*/*", "application/json"),
        ("text/*", "text/csv; charset=utf-8; header=present"),
        ("text/csv;q=0.2, application/x-ndjson;q=0.9", "application/x-ndjson"),
        ("image/png, application/json;q=0.1", "application/json"),
        ("TEXT/CSV", "text/csv; charset=utf-8; header=present"),
    ],
)
def test_the_format_is_what_accept_prefers(accept: str, media_type: str) -> None:
    assert ask(StandInGate(), accept).headers["content-type"] == media_type


@pytest.mark.parametrize("accept", ["image/png", "application/xml", "application/json;q=0", "nonsense", "text/csv;q=x"])
def test_a_format_we_do_not_write_is_not_acceptable(accept: str) -> None:
    gate = StandInGate()

    answer = ask(gate, accept)

    assert (answer.status_code, answer.json()["code"]) == (406, "not_acceptable")
    assert gate.asked == []


def test_what_was_asked_reaches_the_gate() -> None:
    gate = StandInGate()

    send(
        gate,
        "POST",
        "/api/queries",
        json={**QUESTION, "partial": True},
        headers={"User-Agent": b"notebook/1 \xc3\xbc" + b"x" * 500},
    )

    ((partner, request),) = gate.asked
    assert partner == ANALYST
    assert request == QueryRequest("SELECT 1", "freight_resilience", True, client=request.client)
    assert request.client.startswith("notebook/1 ??x")
    assert len(request.client) == 200


def test_a_token_for_one_purpose_declares_it() -> None:
    gate = StandInGate()
    body = {"sql": "SELECT 1"}

    send(gate, "POST", "/api/queries", json=body, headers={"Authorization": "Bearer planner"})
    send(gate, "POST", "/api/queries", json=body, headers={"Authorization": "Bearer analyst"})

    assert [request.purpose for _, request in gate.asked] == ["freight_resilience", ""]


# --- refusals and failures ------------------------------------------------------------------------------------------

STATUS = [
    (Unauthenticated, 401),
    (BadRequest, 400),
    (NotParsed, 400),
    (NotAllowed, 400),
    (Unresolved, 400),
    (Denied, 403),
    (Failed, 422),
    (PolicyUnavailable, 503),
    (EngineUnavailable, 503),
    (AuditUnavailable, 503),
    (IdentityUnavailable, 503),
]


@pytest.mark.parametrize(("kind", "status"), STATUS)
def test_each_error_is_a_problem_document(kind: type[GatewayError], status: int) -> None:
    error = kind("what happened", hint="what to do", line=2, column=5)
    error.query_id = "q-9"

    answer = ask(StandInGate(refusal=error))

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.status_code == problem["status"] == status
    assert problem["type"] == f"urn:portgate:error:{kind.code}"
    assert problem["code"] == kind.code
    assert (problem["detail"], problem["hint"], problem["line"], problem["column"], problem["query_id"]) == (
        "what happened",
        "what to do",
        2,
        5,
        "q-9",
    )
    assert ("retry-after" in answer.headers) == (status == 503)
    assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_port_that_does_not_answer_is_named() -> None:
    problem = ask(StandInGate(refusal=PortUnavailable(("oakland", "hueneme")))).json()

    assert (problem["status"], problem["code"], problem["ports"]) == (503, "port_unavailable", ["oakland", "hueneme"])


@pytest.mark.parametrize(
    "error",
    [
        Broken("SECRET-SQL"),
        VerificationFailed("SECRET-SQL", hint="SECRET", line=1, column=2),
        CatalogFault("SECRET"),
        RuntimeError("SECRET"),
        KeyError("SECRET"),
    ],
)
@pytest.mark.parametrize("late", [False, True])
def test_what_breaks_inside_stays_inside(error: Exception, late: bool, caplog: pytest.LogCaptureFixture) -> None:
    gate = StandInGate(StandInAnswer([], error)) if late else StandInGate(refusal=error)

    with caplog.at_level(logging.DEBUG):
        answer = ask(gate)

    assert answer.status_code == 500
    assert "SECRET" not in answer.text
    assert "SECRET" not in caplog.text


def test_no_query_and_no_row_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    gate = StandInGate(StandInAnswer([[["CANARY-ROW", 1]]], RuntimeError("CANARY-ERROR")))

    with caplog.at_level(logging.DEBUG, "portgate"), caplog.at_level(logging.DEBUG, "uvicorn"):
        ask(gate, sql="SELECT 'CANARY-SQL'")

    assert "CANARY" not in caplog.text
    assert "unforeseen RuntimeError" in caplog.text


def test_an_error_before_the_first_row_has_its_own_status() -> None:
    gate = StandInGate(StandInAnswer([], Failed("division by zero", line=1, column=8)))

    answer = ask(gate)

    assert (answer.status_code, answer.json()["code"], answer.json()["query_id"]) == (422, "query_failed", "q-1")


LATE = [Failed("division by zero"), PortUnavailable(("oakland",)), AuditUnavailable("no"), RuntimeError("inner")]


@pytest.mark.parametrize("error", LATE)
def test_an_error_after_the_first_row_ends_json_without_stats(error: Exception) -> None:
    answer = ask(StandInGate(StandInAnswer([[["a", 1]]], error))).json()

    assert set(answer) == {"id", "columns", "rows", "error"}
    assert answer["error"]["code"] == getattr(error, "code", "broken")
    assert "inner" not in json.dumps(answer)


@pytest.mark.parametrize("error", LATE)
def test_an_error_after_the_first_row_ends_ndjson_in_an_error_line(error: Exception) -> None:
    answer = ask(StandInGate(StandInAnswer([[["a", 1]]], error)), "application/x-ndjson")

    last = json.loads(answer.text.splitlines()[-1])
    assert set(last) == {"error"}
    assert last["error"]["code"] == getattr(error, "code", "broken")


# --- who asks, and how ----------------------------------------------------------------------------------------------


def test_a_client_that_knows_passwords_only_gives_its_token_as_the_password() -> None:
    gate = StandInGate()
    basic = base64.b64encode(b"whoever:analyst").decode()

    answer = send(gate, "POST", "/api/queries", json={"sql": "SELECT 1"}, headers={"Authorization": f"Basic {basic}"})

    assert answer.status_code == 200
    assert [partner.id for partner, _ in gate.asked] == ["gobiz-analyst"]


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Basic YW5hbHlzdDo=",
        "Basic !",
        "Basic YW5hbHlzdA==",
        "bearer nobody",
        "analyst",
        "Bearer analyst extra",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/api/queries"), ("POST", "/api/explain"), ("GET", "/api/catalog")]
)
def test_nobody_gets_in_without_a_token(authorization: str, method: str, path: str) -> None:
    gate = StandInGate()

    answer = send(gate, method, path, headers={"Authorization": authorization}, content=b"{}")

    assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
    assert answer.headers["www-authenticate"] == 'Bearer realm="Portgate"'
    assert gate.asked == []
    assert len(gate.turned) == 1


def test_of_who_is_turned_away_the_gate_hears_why_and_with_which_token() -> None:
    gate = StandInGate()

    for header in ("Bearer nobody", "Basic YTpi", "Digest x"):
        send(gate, "GET", "/api/catalog", headers={"Authorization": header})
    send(gate, "GET", "/api/catalog", headers={"Authorization": "Bearer analyst"})

    assert gate.turned == [
        ("this needs a token", "nobody"),
        ("this needs a token", "b"),
        ("the Authorization header is not of the kind Bearer", ""),
    ]


def test_two_tokens_are_one_too_many() -> None:
    async def story() -> httpx.Response:
        gate = StandInGate()
        headers = [("Authorization", "Bearer analyst"), ("Authorization", "Bearer planner")]
        transport = httpx.ASGITransport(make_app(gate, gate.ready))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            return await client.get("/api/catalog", headers=headers)

    assert asyncio.run(story()).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"purpose": "x"}',
        b'{"sql": 1}',
        b'{"sql": "SELECT 1", "limit": 5}',
        b'{"sql": "SELECT 1", "partial": "yes"}',
        b'{"sql": "SELECT 1", "purpose": null}',
        b'{"sql": "\xff"}',
        b'{"sql": "\\ud800"}',
        b'{"sql": ' + b"[" * 10_000,
    ],
)
def test_a_body_that_is_not_a_question_is_refused(body: bytes) -> None:
    gate = StandInGate()

    answer = send(gate, "POST", "/api/queries", content=body, headers={"Content-Type": "application/json"})

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert gate.asked == []


def test_a_refused_body_is_not_echoed() -> None:
    body = b'{"sql": {"CANARY": 1}, "CANARY-KEY": 2}'

    answer = send(StandInGate(), "POST", "/api/queries", content=body, headers={"Content-Type": "application/json"})

    assert answer.json()["detail"].count("CANARY") == 1  # the unknown key, so that a typing mistake is found
    assert "sql: Input should be a valid string" in answer.json()["detail"]


def test_a_body_up_to_the_cap_is_taken_and_one_byte_more_is_not() -> None:
    gate = StandInGate()
    frame = len(json.dumps({**QUESTION, "sql": ""}, separators=(",", ":")))

    fits = ask(gate, sql="x" * (MAX_BODY_BYTES - frame))
    too_large = ask(gate, sql="x" * (MAX_BODY_BYTES - frame + 1))

    assert fits.status_code == 200
    assert (too_large.status_code, too_large.json()["code"]) == (413, "too_large")
    assert len(gate.asked) == 1


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
def test_a_body_that_is_not_plain_json_is_refused_unread(headers: dict[str, str]) -> None:
    answer = send(StandInGate(), "POST", "/api/queries", content=b'{"sql":"SELECT 1"}', headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (415, "wrong_media_type")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/", 404),
        ("GET", "/api", 404),
        ("GET", "/docs", 404),
        ("GET", "/redoc", 404),
        ("GET", "/openapi.json", 404),
        ("GET", "/api/queries/", 404),
        ("POST", "//api/queries", 404),
        ("GET", "/v1/statement", 404),
        ("GET", "/api/queries", 405),
        ("DELETE", "/api/catalog", 405),
        ("OPTIONS", "/api/queries", 405),
    ],
)
def test_only_the_named_addresses_exist(method: str, path: str, status: int) -> None:
    answer = send(StandInGate(), method, path)

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("path", ["/livez", "/nowhere", "/api/catalog"])
def test_every_answer_tells_caches_and_browsers_to_keep_out(path: str) -> None:
    headers = send(StandInGate(), "GET", path).headers

    assert headers["cache-control"] == "no-store"
    assert headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in headers["content-security-policy"]


# --- the other addresses --------------------------------------------------------------------------------------------


def test_ready_says_which_part_is_not() -> None:
    well = send(StandInGate(), "GET", "/readyz")
    ill = send(StandInGate(parts={"policy": "ok", "audit": "is read-only"}), "GET", "/readyz")

    assert (well.status_code, well.json()["state"]) == (200, "ok")
    assert ill.status_code == 503
    assert ill.json() == {"state": "not ready", "parts": {"policy": "ok", "audit": "is read-only"}}


def test_live_asks_no_part() -> None:
    assert send(StandInGate(parts={"policy": "dead"}), "GET", "/livez").json() == {"state": "ok"}


@dataclass(frozen=True, slots=True)
class _Explanation:
    decision_id: str
    tables: tuple[dict[str, str], ...]


def test_an_explanation_is_passed_on() -> None:
    gate = StandInGate(explanation=_Explanation("d-1", ({"port": "oakland"},)))

    answer = send(gate, "POST", "/api/explain", json=QUESTION)

    assert answer.json() == {"decision_id": "d-1", "tables": [{"port": "oakland"}]}


def test_the_catalog_lists_tables_and_one_table_has_definitions_and_units() -> None:
    listed = send(StandInGate(), "GET", "/api/catalog").json()
    one = send(StandInGate(), "GET", "/api/catalog?table=freight.vessel_calls").json()

    assert [table["name"] for table in listed["tables"]] == [
        "california.freight.vessel_calls",
        "los_angeles.pola.vessel_visit",
    ]
    assert listed["tables"][1]["synthetic"] is True
    assert [(c["name"], c["type"], c["unit"], c["meaning"]) for c in one["tables"][0]["columns"]] == [
        ("port_unlocode", "varchar", "UN/LOCODE", "Which port."),
        ("ata_berth", "timestamp(3)", "UTC", "When it tied up."),
    ]


def test_a_table_that_is_not_visible_is_not_known() -> None:
    answer = send(StandInGate(), "GET", "/api/catalog?table=oakland.tos.unit")

    assert (answer.status_code, answer.json()["code"]) == (400, "unresolved")


def test_the_interface_describes_itself() -> None:
    described = send(StandInGate(), "GET", "/api/openapi.json").json()

    api = {"/api/queries", "/api/explain", "/api/catalog", "/api/ports/{port}/preview"}
    assert set(described["paths"]) == api | {"/livez", "/readyz"}
