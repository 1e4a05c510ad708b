"""Texts made to hang or crash a reader, sent to the real gateway: each is one refusal, and large honest ones work."""

from __future__ import annotations

import json
from collections.abc import Iterator

import httpx
import pytest

from tests.bombs import BOMBS, HONEST
from tests.conftest import Stack

pytestmark = pytest.mark.real

DEADLINE_SECONDS = 2.5
"""What the federation promises for a refusal; a bound of behaviour (a worker is killed), not of speed."""


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    """One partner's client, for all texts."""
    with stack.client("gobiz-analyst") as opened:
        yield opened


def ask(client: httpx.Client, sql: str, seconds: float) -> httpx.Response:
    body = json.dumps({"sql": sql, "purpose": "freight_resilience"})
    return client.post("/api/queries", content=body, headers={"Content-Type": "application/json"}, timeout=seconds)


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_with_a_code_and_a_hint_before_the_deadline(client: httpx.Client, bomb: str) -> None:
    answer = ask(client, BOMBS[bomb], DEADLINE_SECONDS)

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert 400 <= answer.status_code < 500, problem
    assert problem["code"]
    assert problem["hint"]
    assert len(answer.content) < 2_000, "a refusal is no place to send the text back"


@pytest.mark.parametrize("text", HONEST)
def test_large_honest_statements_are_answered(client: httpx.Client, text: str) -> None:
    answer = ask(client, HONEST[text], 120.0)

    assert answer.status_code == 200, answer.text
    assert answer.json()["rows"]


def test_after_all_bombs_the_gateway_is_well(client: httpx.Client) -> None:
    for bomb in ("doubling columns of 14 levels", "array nested 25 times", "or chain of 20,000"):
        ask(client, BOMBS[bomb], DEADLINE_SECONDS)

    assert client.get("/readyz").json()["parts"]["kernel"] == "ok"
    assert ask(client, "SELECT count(*) FROM port_status", 60.0).status_code == 200
