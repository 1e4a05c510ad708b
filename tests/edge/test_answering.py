"""Programs without a session may ask what clients with one ask, as long as it gives rows."""

from __future__ import annotations

import asyncio

import pytest

from gateway.answer import rows_of
from gateway.conversation import QueryRequest
from gateway.dialogue import Dialogue
from gateway.edge.trino_told import answering
from gateway.errors import NotAllowed
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER


def _asked(text: str, *, speaks: bool = True) -> tuple[tuple[tuple[str, str], ...], list[list[object]]]:
    log = Log()
    behind = gate(log, FakeEngine(log))

    async def whole() -> tuple[tuple[tuple[str, str], ...], list[list[object]]]:
        start = answering(behind, Dialogue(behind) if speaks else None)
        answer = await start(PARTNER, QueryRequest(text, "freight_resilience"))
        rows = [row async for page in answer.pages() for row in rows_of(page)]
        return answer.columns, rows

    return asyncio.run(whole())


@pytest.mark.parametrize("text", ["SELECT ship FROM calls", "SHOW TABLES FROM california.freight", "DESCRIBE calls"])
def test_a_query_and_what_means_one_gives_its_rows(text: str) -> None:
    assert _asked(text)[1] == [["EVER GIVEN"], ["MAERSK"]]


def test_an_answer_of_the_gateways_own_is_one_page() -> None:
    columns, ((text,),) = _asked("EXPLAIN SELECT ship FROM calls")

    assert columns == (("Query Plan", "varchar"),)
    assert str(text).startswith("Purpose: freight_resilience\n")


@pytest.mark.parametrize(
    "text", ["SET SESSION portgate.partial = true", "USE california.freight", "PREPARE p FROM SELECT 1"]
)
def test_what_changes_a_session_means_nothing_without_one(text: str) -> None:
    with pytest.raises(NotAllowed, match="is for a session"):
        _asked(text)


def test_where_nobody_speaks_for_the_gate_only_queries_are_taken() -> None:
    assert _asked("SELECT ship FROM calls", speaks=False)[1] == [["EVER GIVEN"], ["MAERSK"]]
    with pytest.raises(NotAllowed):
        _asked("SHOW TABLES", speaks=False)
