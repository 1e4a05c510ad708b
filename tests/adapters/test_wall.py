"""The second wall lets Trino do what was admitted, as long as it runs, and tells the log of everything else."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest

from gateway.adapters.wall import LATE_SECONDS, Wall
from gateway.audit.record import AlarmRecord, Receipt, Record
from gateway.errors import AuditUnavailable, Broken, EngineUnavailable, VerificationFailed
from gateway.model import Admission
from tests.adapters.asking import ADMISSION, ANA, body, select
from tests.simulator import Log, Ticking

T = TypeVar("T")


class Hands:
    """A monotonic clock that moves by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def story(told: Callable[[Wall, Log, Hands], Awaitable[T]], *maintenance: str, most: int = 100) -> T:
    """Run one story with a wall of its own."""

    async def whole() -> T:
        log, hands = Log(), Hands()
        wall = Wall(log, Ticking(), "test build", maintenance, monotonic=hands, most=most, strangers_every_seconds=0.01)
        return await told(wall, log, hands)

    return asyncio.run(whole())


async def until_written(log: Log, count: int) -> None:
    """Let the wall write its alarms."""
    while len(log.records) < count:
        await asyncio.sleep(0)


def test_an_admitted_query_may_do_what_it_needs_until_it_ends() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[bool]:
        before = await wall.allows(body("ExecuteQuery"))
        wall.admit(ADMISSION)
        during = [await wall.allows(question) for question in (body("ExecuteQuery"), select("ship"), select())]
        wall.check(ANA)
        breached = wall.dismiss(ANA)
        return [before, *during, breached, await wall.allows(body("ExecuteQuery")), await wall.allows(select("ship"))]

    assert story(told) == [False, True, True, True, False, False, False]


def test_a_query_gets_nothing_by_the_admission_of_another() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[bool]:
        wall.admit(ADMISSION)
        wall.admit(Admission("bob#8", {}))
        return [await wall.allows(body("ExecuteQuery", user="bob#8")), await wall.allows(select("ship", user="bob#8"))]

    assert story(told) == [True, False]


def test_the_first_refusal_is_in_the_log_before_trino_hears_of_it_and_ends_the_query() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[Record]:
        wall.admit(ADMISSION)
        refused = asyncio.ensure_future(wall.allows(select("ship", "crew")))
        refused.add_done_callback(lambda _: log.happened.append("Trino heard"))
        assert not await refused
        for question in (body("ExecuteQuery"), select("ship"), select("crew")):
            assert not await wall.allows(question)
        with pytest.raises(VerificationFailed):
            wall.check(ANA)
        assert wall.dismiss(ANA)
        assert log.happened == ["AlarmRecord", "Trino heard"]
        return log.records

    assert story(told) == [
        AlarmRecord(
            "q-1", "2026-11-22T16:45:07.000Z", ANA, 7, "SelectFromColumns", "los_angeles.pola.visit", ("crew",), 1,
            "test build", ("los_angeles",),
        )
    ]  # fmt: skip


def test_a_query_that_trino_runs_without_asking_the_wall_is_broken() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> None:
        wall.admit(ADMISSION)
        with pytest.raises(VerificationFailed, match="without asking"):
            wall.check(ANA)

    story(told)


def test_a_question_for_no_admitted_query_is_an_alarm() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[Record]:
        wall.admit(ADMISSION)
        assert not await wall.allows(select("ship", user="ana#8"))
        await until_written(log, 1)
        return log.records

    (alarm,) = story(told)
    assert isinstance(alarm, AlarmRecord)
    assert (alarm.query, alarm.user, alarm.decision_index, alarm.count) == ("", "ana#8", 0, 1)
    assert (alarm.operation, alarm.target, alarm.columns) == ("SelectFromColumns", "los_angeles.pola.visit", ("ship",))


def test_a_flood_of_strangers_is_one_record_a_time_with_their_number() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[int]:
        for number in range(500):
            assert not await wall.allows(body("ExecuteQuery", user=f"mallory#{number}"))
        await until_written(log, 1)
        for number in range(300):
            assert not await wall.allows(body("ExecuteQuery", user=f"mallory#{number}"))
        await until_written(log, 2)
        return [record.count for record in log.records if isinstance(record, AlarmRecord)]

    assert story(told) == [500, 300]


def test_strangers_that_were_not_written_yet_are_written_when_the_gateway_stops() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[int]:
        assert not await wall.allows(body("ExecuteQuery", user="mallory#1"))
        await until_written(log, 1)
        for number in range(3):
            assert not await wall.allows(body("ExecuteQuery", user=f"mallory#{number}"))
        await wall.close()
        return [record.count for record in log.records if isinstance(record, AlarmRecord)]

    assert story(told) == [1, 3]


def test_what_trino_still_asks_for_a_query_that_just_ended_is_refused_without_an_alarm() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> int:
        wall.admit(ADMISSION)
        wall.dismiss(ANA)
        hands.seconds += LATE_SECONDS
        assert not await wall.allows(select("ship"))
        assert not log.records
        hands.seconds += 1
        assert not await wall.allows(select("ship"))
        await until_written(log, 1)
        return len(log.records)

    assert story(told) == 1


def test_two_queries_cannot_share_a_user_string() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> None:
        wall.admit(ADMISSION)
        with pytest.raises(Broken):
            wall.admit(Admission(ANA, {}))

    story(told)


def test_only_so_many_queries_are_under_way_at_once() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> list[int]:
        for number in range(2):
            wall.admit(Admission(f"ana#{number}", {}))
        with pytest.raises(EngineUnavailable):
            wall.admit(Admission("ana#2", {}))
        for number in range(9):
            wall.dismiss(f"ana#{number}")
            wall.admit(Admission(f"ana#{number + 2}", {}))
        return [len(wall._admitted), len(wall._ended)]

    assert story(told, most=2) == [2, 2]


def test_a_maintenance_user_is_let_through_and_nobody_else_by_that_name() -> None:
    questions = [body("CreateTable", {"table": {}}, user=user) for user in ("loader", "loader#1", "Loader", "")]

    async def told(wall: Wall, log: Log, hands: Hands) -> list[bool]:
        return [await wall.allows(question) for question in questions]

    assert story(told, "loader") == [True, False, False, False]
    assert story(told) == [False, False, False, False]


def test_a_malformed_question_is_refused_and_told() -> None:
    async def told(wall: Wall, log: Log, hands: Hands) -> Record:
        assert not await wall.allows(b"{")
        await until_written(log, 1)
        return log.records[0]

    alarm = story(told)
    assert isinstance(alarm, AlarmRecord)
    assert (alarm.operation, alarm.user) == ("malformed", "")


class FullDisk(Log):
    """A log that cannot be written."""

    async def append(self, record: Record) -> Receipt:
        """Fail."""
        raise AuditUnavailable("the disk is full")


def test_an_alarm_that_cannot_be_written_is_still_a_refusal_and_said_in_the_operators_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def whole() -> bool:
        wall = Wall(FullDisk(), Ticking(), "test build")
        wall.admit(ADMISSION)
        return await wall.allows(select("crew"))

    with caplog.at_level(logging.ERROR):
        assert asyncio.run(whole()) is False

    assert [record.getMessage() for record in caplog.records] == [
        "the second wall refused an access to query q-1",
        "an alarm could not be written to the audit log: audit_unavailable",
    ]
