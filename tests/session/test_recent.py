"""A partner's own last queries are remembered as the partner wrote them, and nobody else's are told."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.answer import Answer
from gateway.conversation import QueryRequest
from gateway.errors import GatewayError
from gateway.pipeline import Gate
from gateway.recent import MOST_QUERIES, RecentQueries
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER

PURPOSE = "freight_resilience"
OTHER = replace(PARTNER, id="ben")
NAMESAKE = replace(PARTNER, organisation="another")


def remembering() -> tuple[Gate, RecentQueries]:
    log = Log()
    recent = RecentQueries(log)
    return replace(gate(log, FakeEngine(log)), audit=recent, recent=recent.of), recent


async def read(answer: Answer) -> None:
    async for _ in answer.pages():
        pass


def test_a_query_is_running_then_finished() -> None:
    asked, recent = remembering()

    async def story() -> list[str]:
        answer = await asked.answer(PARTNER, QueryRequest("SELECT ship FROM calls", PURPOSE, client="a tool"))
        states = [recent.of(PARTNER)[0].state]
        await read(answer)
        return [*states, recent.of(PARTNER)[0].state]

    assert asyncio.run(story()) == ["RUNNING", "FINISHED"]
    (known,) = recent.of(PARTNER)
    assert (known.text, known.source, known.user) == ("SELECT ship FROM calls", "a tool", "ana")
    assert known.ended
    assert known.error is None


def test_a_refused_query_is_remembered_with_its_code() -> None:
    asked, recent = remembering()

    with pytest.raises(GatewayError):
        asyncio.run(asked.answer(PARTNER, QueryRequest("SELECT nix FROM calls", PURPOSE)))

    assert [(known.state, known.error) for known in recent.of(PARTNER)] == [("FAILED", "UNRESOLVED")]


def test_nobody_sees_anybody_elses() -> None:
    asked, recent = remembering()

    asyncio.run(asked.answer(PARTNER, QueryRequest("SELECT ship FROM calls", PURPOSE)))

    assert len(recent.of(PARTNER)) == 1
    assert recent.of(OTHER) == recent.of(NAMESAKE) == ()


def test_they_stand_in_the_relation_that_clients_ask() -> None:
    asked, _ = remembering()
    engine = asked.engine
    assert isinstance(engine, FakeEngine)

    async def story() -> None:
        await asked.answer(PARTNER, QueryRequest("SELECT ship FROM calls", PURPOSE))
        await asked.answer(PARTNER, QueryRequest("SELECT query, state FROM system.runtime.queries", PURPOSE))
        await asked.answer(OTHER, QueryRequest("SELECT query FROM system.runtime.queries", PURPOSE))

    asyncio.run(story())

    assert "CAST('SELECT ship FROM calls' AS VARCHAR) AS \"query\", CAST('RUNNING' AS VARCHAR)" not in engine.sent[0][0]
    assert "'SELECT ship FROM calls'" in engine.sent[1][0]
    assert "'RUNNING'" in engine.sent[1][0]
    assert "WHERE FALSE" in engine.sent[2][0]


def test_the_oldest_are_forgotten() -> None:
    asked, recent = remembering()

    async def story() -> None:
        for number in range(MOST_QUERIES + 5):
            await asked.answer(PARTNER, QueryRequest(f"SELECT {number}", PURPOSE))

    asyncio.run(story())

    assert len(recent.of(PARTNER)) == MOST_QUERIES
    assert recent.of(PARTNER)[0].text == f"SELECT {MOST_QUERIES + 4}"
