"""The address of an answer asks its question anew, for the partner it was made for and for nobody else."""

from __future__ import annotations

import asyncio
import io
import re
from dataclasses import replace
from typing import Any

import httpx
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.conversation import QueryRequest, Session
from gateway.edge.api import make_app
from gateway.edge.encode import NAMES
from gateway.edge.results import LIFETIME_SECONDS, MAX_SEALED_CHARACTERS, Links
from gateway.errors import Denied
from tests.edge.stand_in import ANALYST, PLANNER, StandInAnswer, StandInGate

SECRET = b"s" * 32
QUESTION = {"sql": "SELECT 'ü'", "purpose": "freight_resilience", "partial": True}
ASKED = QueryRequest("SELECT 1", "freight_resilience", session=Session(catalog="california", tags=("a",)))


def send(gate: StandInGate, method: str, path: str, who: str = "analyst", **more: Any) -> httpx.Response:
    async def story() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(gate, gate.ready, links=Links(SECRET)))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            headers = {"Authorization": f"Bearer {who}", "User-Agent": "excel", **more.pop("headers", {})}
            return await client.request(method, path, headers=headers, **more)

    return asyncio.run(story())


def linked(answer: httpx.Response) -> dict[str, str]:
    """Media type -> address, as the headers say."""
    found = [
        re.fullmatch(r'<([^>]+)>; rel="alternate"; type="([^"]+)"', line) for line in answer.headers.get_list("link")
    ]
    return {match[2]: match[1] for match in found if match}


@pytest.mark.parametrize("accept", [format_.media_type.split(";")[0] for format_ in NAMES.values()])
def test_each_answer_has_its_address_in_every_format(accept: str) -> None:
    answer = send(StandInGate(), "POST", "/api/queries", json=QUESTION, headers={"Accept": accept})

    links = linked(answer)
    assert list(links) == [format_.media_type.split(";")[0] for format_ in NAMES.values()]
    assert all(path.startswith("/api/results/") for path in links.values())


def test_json_says_the_addresses_too() -> None:
    answer = send(StandInGate(), "POST", "/api/queries", json=QUESTION)

    assert list(answer.json()["links"].values()) == list(linked(answer).values())


@pytest.mark.parametrize("name", NAMES)
def test_an_address_asks_the_question_anew(name: str) -> None:
    gate = StandInGate()
    first = send(gate, "POST", "/api/queries", json=QUESTION).json()
    gate.result = StandInAnswer([[["Los Angeles", 8]]])

    answer = send(gate, "GET", first["links"][name])

    assert answer.status_code == 200
    assert answer.headers["content-type"] == NAMES[name].media_type
    assert answer.headers["content-disposition"] == f'attachment; filename="answer.{name}"'
    assert read(name, answer) == 8
    partner, asked = gate.asked[1]
    assert partner == ANALYST
    assert asked == QueryRequest("SELECT 'ü'", "freight_resilience", True, client="excel")


def read(name: str, answer: httpx.Response) -> Any:
    """Say what the answer has for teu."""
    if name == "arrow":
        return pa.ipc.open_stream(answer.content).read_all().column("teu")[0].as_py()
    if name == "parquet":
        return pq.read_table(io.BytesIO(answer.content)).column("teu")[0].as_py()
    return int(re.search(r"Los Angeles\"?,(\d+)", answer.text)[1])  # type: ignore[index]


def test_what_the_policy_says_now_is_what_counts() -> None:
    gate = StandInGate()
    links = send(gate, "POST", "/api/queries", json=QUESTION).json()["links"]
    gate.refusal = Denied("no agreement lets you")

    assert send(gate, "GET", links["csv"]).status_code == 403


def test_an_address_opens_for_its_own_partner_only() -> None:
    gate = StandInGate()
    links = send(gate, "POST", "/api/queries", json=QUESTION).json()["links"]

    foreign = send(gate, "GET", links["json"], who="planner")

    assert (foreign.status_code, foreign.json()["code"]) == (404, "not_found")
    assert send(gate, "GET", links["json"]).status_code == 200
    assert send(gate, "GET", links["json"], who="nobody").status_code == 401
    assert len(gate.asked) == 2


def test_a_changed_address_is_not_found_like_a_made_up_one() -> None:
    gate = StandInGate()
    path = send(gate, "POST", "/api/queries", json=QUESTION).json()["links"]["json"]
    sealed = path.removeprefix("/api/results/").removesuffix(".json")
    places = (0, 1, 20, len(sealed) // 2, len(sealed) - 1)
    changed = [sealed[:at] + ("A" if sealed[at] != "A" else "B") + sealed[at + 1 :] for at in places]
    made_up = ["x", "A" * 100, "%00", "é", sealed + "A", sealed + "=", sealed[:-1], "A" * 9_000]

    answers = [send(gate, "GET", f"/api/results/{one}.json") for one in changed + made_up]
    answers += [send(gate, "GET", f"/api/results/{one}") for one in (sealed, sealed + ".xlsx", "." + sealed)]

    assert {answer.status_code for answer in answers} == {404}
    assert len({answer.content for answer in answers}) == 1
    assert len(gate.asked) == 1


def test_an_address_ends_after_a_week() -> None:
    now = [1_000_000.0]
    links = Links(SECRET, lambda: now[0])
    sealed = links.of(ANALYST, ASKED)["json"].removeprefix("/api/results/").removesuffix(".json")

    now[0] += LIFETIME_SECONDS
    assert links.open(ANALYST, sealed) == ASKED
    now[0] += 1
    assert links.open(ANALYST, sealed) is None


def test_gateways_with_one_secret_open_each_others_addresses() -> None:
    sealed = Links(SECRET).of(ANALYST, ASKED)["json"].removeprefix("/api/results/").removesuffix(".json")

    assert Links(SECRET).open(ANALYST, sealed) == ASKED
    assert Links(b"t" * 32).open(ANALYST, sealed) is None
    assert Links(SECRET).open(PLANNER, sealed) is None
    assert Links(SECRET).open(replace(ANALYST, organisation="other"), sealed) is None
    assert Links(SECRET).open(replace(ANALYST, id="other"), sealed) is None


def test_the_question_cannot_be_read_in_its_address() -> None:
    address = Links(SECRET).of(ANALYST, ASKED)["json"]

    assert address != Links(SECRET).of(ANALYST, ASKED)["json"]
    assert "U0VMRUNU" not in address


def test_looking_at_an_address_asks_nothing() -> None:
    gate = StandInGate()
    links = send(gate, "POST", "/api/queries", json=QUESTION).json()["links"]

    answer = send(gate, "HEAD", links["parquet"])

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"] == NAMES["parquet"].media_type
    assert send(gate, "HEAD", links["parquet"], who="planner").status_code == 404
    assert len(gate.asked) == 1


def test_formulas_are_chosen_at_an_address_too() -> None:
    gate = StandInGate(StandInAnswer([[["=1", 2]]]))
    links = send(gate, "POST", "/api/queries", json=QUESTION).json()["links"]

    assert send(gate, "GET", links["csv"]).text.endswith("'=1,2\r\n")
    assert send(gate, "GET", links["csv"] + "?formulas=raw").text.endswith("\n=1,2\r\n")


def varied(length: int) -> str:
    """A text that hardly compresses."""
    return "SELECT " + ", ".join(str(number * 7_919_191 % 1_000_003) for number in range(length // 8))


def test_a_long_question_has_its_addresses_in_the_body_only() -> None:
    answer = send(StandInGate(), "POST", "/api/queries", json={**QUESTION, "sql": varied(6_000)})

    assert linked(answer) == {}
    assert list(answer.json()["links"]) == list(NAMES)


def test_a_question_too_long_for_an_address_is_answered_without() -> None:
    answer = send(StandInGate(), "POST", "/api/queries", json={**QUESTION, "sql": varied(60_000)})

    assert answer.status_code == 200
    assert "links" not in answer.json()
    assert all(len(path) < MAX_SEALED_CHARACTERS + 30 for path in Links(SECRET).of(ANALYST, ASKED).values())
