"""The log tells of decisions that this process does not know."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from gateway.adapters.past_decisions import PastDecision, PastDecisions
from gateway.audit.record import AlarmRecord, DecisionRecord, ExecutionRecord, OutcomeRecord, Record, RecordedPartner
from gateway.model import TableName
from tests.audit.logs import open_store, storage

NOON = "2026-11-22T12:00:00.000Z"
ANA = RecordedPartner("ana", "gobiz", "state_agency", ("analyst",), "t-1")
STEWARD = RecordedPartner("zoe", "port_of_oakland", "port_authority", ("steward",), "t-2")
REACH = {"oakland.tos.vsl_call": ("mmsi", "vc id"), "hueneme.exports.log.of.ships": ()}


def decision(query: str, seen_as: RecordedPartner | None = None) -> DecisionRecord:
    asker = STEWARD if seen_as else ANA
    return DecisionRecord(
        query, NOON, asker, "freight_resilience", "c", "SELECT 1", "SELECT 1", (), {}, "d", "b",
        seen_as=seen_as, reach=REACH,
    )  # fmt: skip


def execution(index: int) -> ExecutionRecord:
    return ExecutionRecord("q", NOON, index, "t", f"ana#{index}", "FINISHED", ())


def write(file: Path, records: Sequence[Record]) -> PastDecisions:
    """A log with these records, from index 2."""

    async def written() -> None:
        store = open_store(file)
        for record in records:
            await store.append(record)
        store.close()

    asyncio.run(written())
    return PastDecisions(storage(file))


def test_a_decision_is_found_at_its_index(tmp_path: Path) -> None:
    past = write(tmp_path / "log", [decision("q-2"), OutcomeRecord("q-2", NOON, 2, "finished"), decision("q-4", ANA)])

    assert past.find(2) == PastDecision(
        2, "q-2", "ana#2", datetime(2026, 11, 22, 12, tzinfo=UTC),
        {
            TableName("oakland", "tos", "vsl_call"): frozenset({"mmsi", "vc id"}),
            TableName("hueneme", "exports", "log.of.ships"): frozenset(),
        },
    )  # fmt: skip
    found = past.find(4)
    assert found is not None
    assert found.user == "ana#4", "a preview runs as the partner as whom the steward looks"


def test_where_no_decision_stands_none_is_found(tmp_path: Path) -> None:
    past = write(tmp_path / "log", [decision("q-2"), OutcomeRecord("q-2", NOON, 2, "finished")])

    assert [past.find(index) for index in (-1, 0, 1, 3, 4, 5, 10**15)] == [None] * 7


def test_finished_queries_without_an_execution_are_unheard(tmp_path: Path) -> None:
    past = write(
        tmp_path / "log",
        [
            decision("q-2"),
            OutcomeRecord("q-2", NOON, 2, "finished"),
            decision("q-4"),
            OutcomeRecord("q-4", NOON, 4, "finished"),
            execution(4),
            decision("q-7"),
            OutcomeRecord("q-7", NOON, 7, "failed"),
            decision("q-9"),
            OutcomeRecord("q-9", NOON, 9, "finished"),
            AlarmRecord("q-9", NOON, "ana#9", 9, "no_execution", "", ()),
            decision("q-12"),
            AlarmRecord("q-2", NOON, "ana#2", 2, "beyond_grant", "", ()),
        ],
    )

    assert [found.index for found in past.unheard()] == [2]
    assert past.heard(frozenset({2, 4, 7, 9, 12})) == {4, 9}
    assert past.heard(frozenset()) == frozenset()
