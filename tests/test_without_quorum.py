"""A query's life while too few witnesses stand behind the log: nothing is sent, and no last page leaves."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from gateway.adapters.witnesses import Witnessed
from gateway.answer import rows_of
from gateway.audit.record import DecisionRecord, OutcomeRecord, RefusalRecord
from gateway.conversation import QueryRequest
from gateway.errors import AuditUnavailable
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER

ASKED = QueryRequest("SELECT ship FROM calls", "freight_resilience")


class Quorum:
    """Whether enough witnesses stand behind the log."""

    is_there = True

    def check(self) -> None:
        """Raise if not."""
        if not self.is_there:
            raise AuditUnavailable("too few ports have cosigned the audit log", hint="Wait.")


def test_a_query_that_comes_then_is_refused_before_trino_hears_of_it() -> None:
    log, quorum = Log(), Quorum()
    engine = FakeEngine(log)
    quorum.is_there = False

    async def story() -> None:
        await replace(gate(log, engine), audit=Witnessed(log, quorum.check)).answer(PARTNER, ASKED)

    with pytest.raises(AuditUnavailable, match="too few ports"):
        asyncio.run(story())

    assert engine.sent == []
    assert not any(isinstance(record, DecisionRecord) for record in log.records)
    assert all(isinstance(record, RefusalRecord) for record in log.records)


def test_one_under_way_keeps_its_last_page_and_is_written_as_failed_once() -> None:
    log, quorum = Log(), Quorum()
    left: list[object] = []

    async def story() -> None:
        answer = await replace(gate(log, FakeEngine(log)), audit=Witnessed(log, quorum.check)).answer(PARTNER, ASKED)
        async for page in answer.pages():
            left.append(rows_of(page))
            quorum.is_there = False

    with pytest.raises(AuditUnavailable):
        asyncio.run(story())

    assert left == [[["EVER GIVEN"]]], "the last page did not leave"
    decision, *outcomes = log.records
    assert isinstance(decision, DecisionRecord)
    [outcome] = outcomes
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.code) == ("failed", "audit_unavailable")
