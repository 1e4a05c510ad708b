"""What Trino tells is recorded, and compared with what was admitted; what it does not tell is an alarm."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from gateway.adapters.executions import KEEP_SECONDS, MOST_AT_ONCE, MOST_STRANGERS, RETRY_SECONDS, Executions
from gateway.adapters.past_decisions import PastDecision
from gateway.adapters.wall import Wall
from gateway.audit.record import AlarmRecord, ExecutionRecord, ReadTable, Record
from gateway.errors import AuditUnavailable
from gateway.model import Admission, TableName
from tests.adapters.asking import ADMISSION, ANA, VISIT, body
from tests.adapters.events import completed
from tests.adapters.test_wall import FullDisk, Hands
from tests.simulator import Log, Ticking

WAIT = 60.0
CALL = TableName("oakland", "tos", "vsl_call")
READ = [(VISIT, ["ship"])]
SCANS = [(VISIT, 5, 100)]
MADE = datetime(2026, 11, 22, 16, 44, 59, tzinfo=UTC)


@dataclass
class Written:
    """A log of an earlier process's decisions."""

    decisions: dict[int, PastDecision] = field(default_factory=dict)
    elsewhere: set[int] = field(default_factory=set)
    asked: list[int] = field(default_factory=list)
    down: bool = False

    def find(self, index: int) -> PastDecision | None:
        self.asked.append(index)
        if self.down:
            raise AuditUnavailable("the audit log cannot be read")
        return self.decisions.get(index)

    def unheard(self) -> list[PastDecision]:
        return list(self.decisions.values())

    def heard(self, indexes: frozenset[int]) -> frozenset[int]:
        return indexes & self.elsewhere


class World:
    """One gateway's executions, its wall, and the clocks."""

    def __init__(self, log: Log | None = None) -> None:
        self.log, self.hands, self.past = log or Log(), Hands(), Written()
        self.executions = Executions(
            self.log, Ticking(), "test build", self.past, ("loader",), wait_seconds=WAIT, monotonic=self.hands
        )
        self.wall = Wall(self.log, Ticking(), "test build", watch=self.executions)

    async def ran(self, admission: Admission = ADMISSION) -> None:
        """A query of the gateway's that Trino began and that is over."""
        self.wall.admit(admission)
        assert await self.wall.allows(body("ExecuteQuery", user=admission.user))
        self.wall.dismiss(admission.user)

    async def look_after(self, seconds: float) -> None:
        """Let time pass."""
        self.hands.seconds += seconds
        await self.executions.look()


def story(told: Callable[[World], Awaitable[None]], log: Log | None = None) -> list[Record]:
    """Run one story, and return what was written."""

    async def whole() -> World:
        world = World(log)
        await told(world)
        await world.executions.close()
        return world

    return asyncio.run(whole()).log.records


def alarms(records: list[Record]) -> list[tuple[str, str, int, str, tuple[str, ...], int, tuple[str, ...]]]:
    return [
        (a.operation, a.query, a.decision_index, a.target, a.columns, a.count, a.concerns)
        for a in records
        if isinstance(a, AlarmRecord)
    ]


def executions(records: list[Record]) -> list[tuple[str, int, str]]:
    return [(e.query, e.decision_index, e.user) for e in records if isinstance(e, ExecutionRecord)]


def test_an_admitted_query_gives_one_execution_record() -> None:
    async def told(world: World) -> None:
        await world.ran()
        assert await world.executions.take(completed(ANA, READ, SCANS))
        assert await world.executions.take(completed(ANA, READ, SCANS)), "said twice, heard once"
        await world.look_after(WAIT * 2)

    assert story(told) == [
        ExecutionRecord(
            "q-1", "2026-11-22T16:45:07.000Z", 7, "20261122_164500_00001_abcde", ANA, "FINISHED",
            (ReadTable("los_angeles", "pola.visit", ("ship",), 5, 100),), "", {}, ("los_angeles",),
        )
    ]  # fmt: skip


def test_an_event_may_come_before_the_gateway_has_read_the_last_page() -> None:
    async def told(world: World) -> None:
        world.wall.admit(ADMISSION)
        await world.wall.allows(body("ExecuteQuery"))
        await world.executions.take(completed(ANA, READ))
        world.wall.dismiss(ANA)
        await world.look_after(WAIT * 2)

    records = story(told)

    assert (alarms(records), executions(records)) == ([], [("q-1", 7, ANA)])


def test_columns_and_tables_beyond_the_grant_are_an_alarm_for_each_port() -> None:
    async def told(world: World) -> None:
        await world.ran()
        await world.executions.take(completed(ANA, [(VISIT, ["crew", "ship"]), (CALL, ["mmsi"])], SCANS))

    records = story(told)

    assert executions(records) == [("q-1", 7, ANA)]
    assert alarms(records) == [
        ("beyond_grant", "q-1", 7, "los_angeles.pola.visit", ("crew",), 1, ("los_angeles",)),
        ("beyond_grant", "q-1", 7, "oakland.tos.vsl_call", ("mmsi",), 1, ("oakland",)),
    ]


STRANGERS = ["mallory#9", "mallory", "", "#", "ana#0", "ana#07", "ana#7 ", "portgate-probe#1:oakland", "Loader",
             "ana#99999999999999999", "portgate-probe#1:ready"]  # fmt: skip


@pytest.mark.parametrize("user", STRANGERS)
def test_a_query_that_nobody_admitted_is_recorded_and_an_alarm(user: str) -> None:
    async def told(world: World) -> None:
        await world.executions.take(completed(user, READ, SCANS))

    records = story(told)

    assert executions(records) == [("", 0, user)]
    assert alarms(records) == [
        ("unrecorded_query", "", 0, "los_angeles.pola.visit", ("ship",), 1, ("los_angeles",))
    ]  # fmt: skip


def test_a_query_that_nobody_admitted_and_that_read_nothing_is_an_alarm_with_trinos_id() -> None:
    async def told(world: World) -> None:
        await world.executions.take(completed("mallory", code="PERMISSION_DENIED", trino="t-1"))

    records = story(told)

    assert (executions(records), alarms(records)) == ([], [("unrecorded_query", "", 0, "t-1", (), 1, ())])


def test_one_query_more_than_were_admitted_under_a_user_string_is_an_alarm() -> None:
    async def told(world: World) -> None:
        await world.ran()
        await world.ran()  # Trino is asked to confirm its words
        for number in range(3):
            await world.executions.take(completed(ANA, READ, trino=f"t-{number}"))

    records = story(told)

    assert executions(records) == [("q-1", 7, ANA), ("q-1", 7, ANA), ("", 0, ANA)]
    assert [alarm[0] for alarm in alarms(records)] == ["unrecorded_query"]


def test_a_flood_of_strangers_is_few_records_with_their_number() -> None:
    async def told(world: World) -> None:
        for number in range(500):
            await world.executions.take(completed(f"mallory#{number}", READ, trino=f"t-{number}"))
            await world.executions.take(completed("mallory", trino=f"u-{number}"))

    records = story(told)

    assert len(executions(records)) <= MOST_STRANGERS
    assert len(records) <= MOST_STRANGERS + 4
    assert sum(alarm[5] for alarm in alarms(records)) == 1_000


def test_a_maintenance_user_is_recorded_where_it_reads_and_is_no_alarm() -> None:
    async def told(world: World) -> None:
        await world.executions.take(completed("loader", READ, trino="t-1"))
        await world.executions.take(completed("loader", trino="t-2"))

    records = story(told)

    assert (executions(records), alarms(records)) == ([("", 0, "loader")], [])


def test_the_gateways_own_question_whether_trino_answers_leaves_nothing() -> None:
    async def told(world: World) -> None:
        probe = Admission("portgate-probe#3:ready", {})
        await world.ran(probe)
        await world.executions.take(completed(probe.user, state="FAILED", code="USER_CANCELED"))
        await world.executions.take(completed("portgate-probe#4:ready", trino="of another gateway"))
        await world.look_after(WAIT * 2)

    assert story(told) == []


def test_a_ready_probe_that_reads_a_table_is_beyond_its_grant() -> None:
    async def told(world: World) -> None:
        probe = Admission("portgate-probe#3:ready", {})
        await world.ran(probe)
        await world.executions.take(completed(probe.user, READ))

    assert [alarm[0] for alarm in alarms(story(told))] == ["beyond_grant"]


def test_the_gateways_question_whether_a_port_answers_is_recorded_with_its_decision() -> None:
    async def told(world: World) -> None:
        probe = Admission("portgate-probe#7:los_angeles", {VISIT: frozenset()})
        await world.ran(probe)
        await world.executions.take(completed(probe.user, [(VISIT, [])], SCANS))

    records = story(told)

    assert (executions(records), alarms(records)) == ([("", 7, "portgate-probe#7:los_angeles")], [])


def test_a_query_whose_end_trino_does_not_tell_is_an_alarm_once() -> None:
    async def told(world: World) -> None:
        await world.ran()
        await world.look_after(WAIT - 1)
        assert not world.log.records
        await world.look_after(1)
        await world.look_after(WAIT)

    assert alarms(story(told)) == [("no_execution", "q-1", 7, "", (), 1, ("los_angeles",))]


def test_a_query_that_trino_never_began_needs_no_event() -> None:
    async def told(world: World) -> None:
        world.wall.admit(ADMISSION)
        world.wall.dismiss(ANA)
        await world.look_after(WAIT * 2)

    assert story(told) == []


def test_a_query_that_runs_long_is_waited_for() -> None:
    async def told(world: World) -> None:
        world.wall.admit(ADMISSION)
        await world.wall.allows(body("ExecuteQuery"))
        await world.look_after(WAIT * 100)
        assert not world.log.records
        world.wall.dismiss(ANA)
        await world.executions.take(completed(ANA, READ))
        await world.look_after(WAIT * 100)

    records = story(told)

    assert (executions(records), alarms(records)) == ([("q-1", 7, ANA)], [])


def test_what_another_gateway_of_this_log_has_heard_is_not_missing() -> None:
    async def told(world: World) -> None:
        world.past.elsewhere = {7}
        await world.ran()
        await world.look_after(WAIT)

    assert story(told) == []


def test_many_missing_events_are_few_records_with_their_number() -> None:
    async def told(world: World) -> None:
        for number in range(1, 101):
            await world.ran(Admission(f"ana#{number}", {VISIT: frozenset()}, f"q-{number}", number))
        await world.look_after(WAIT)
        await world.look_after(WAIT)

    records = story(told)

    assert len(records) == MOST_AT_ONCE
    assert sum(alarm[5] for alarm in alarms(records)) == 100


def earlier(index: int = 7, user: str = ANA) -> PastDecision:
    return PastDecision(index, "q-1", user, MADE, {VISIT: frozenset({"ship"})})


def test_an_event_for_a_decision_of_an_earlier_process_is_compared_with_the_log() -> None:
    async def told(world: World) -> None:
        world.past.decisions = {7: earlier()}
        await world.executions.take(completed(ANA, [(VISIT, ["ship", "crew"])]))

    records = story(told)

    assert executions(records) == [("q-1", 7, ANA)]
    assert [alarm[:5] for alarm in alarms(records)] == [("beyond_grant", "q-1", 7, "los_angeles.pola.visit", ("crew",))]


@pytest.mark.parametrize(
    ("user", "created"),
    [
        ("bob#7", "2026-11-22T16:45:00Z"),
        (ANA, "2026-11-22T16:43:00Z"),
        (ANA, "2026-11-22T16:55:00Z"),
        (ANA, "2027-11-22T16:45:00Z"),
    ],
    ids=["another partner", "before the decision", "long after it", "a year later"],
)
def test_an_old_decision_is_no_licence_for_another_query(user: str, created: str) -> None:
    async def told(world: World) -> None:
        world.past.decisions = {7: earlier()}
        await world.executions.take(completed(user, READ, created=created))

    assert [alarm[0] for alarm in alarms(story(told))] == ["unrecorded_query"]


def test_a_port_probe_of_an_earlier_process_may_read_no_column() -> None:
    async def told(world: World) -> None:
        world.past.decisions = {7: earlier()}
        await world.executions.take(completed("portgate-probe#7:los_angeles", [(VISIT, [])], trino="t-1"))
        await world.executions.take(completed("portgate-probe#7:los_angeles", READ, trino="t-2"))

    records = story(told)

    assert [(e[0], e[1]) for e in executions(records)] == [("q-1", 7), ("q-1", 7)]
    assert [alarm[0] for alarm in alarms(records)] == ["beyond_grant"]


def test_what_an_earlier_process_waited_for_is_waited_for_again() -> None:
    async def told(world: World) -> None:
        world.past.decisions = {7: earlier(), 9: earlier(9, "ana#9")}
        await world.executions.expect_earlier()
        await world.executions.take(completed("ana#9", READ))
        await world.look_after(RETRY_SECONDS + WAIT)

    records = story(told)

    assert executions(records) == [("q-1", 9, "ana#9")]
    assert [(alarm[0], alarm[2]) for alarm in alarms(records)] == [("no_execution", 7)]


def test_an_event_that_cannot_be_read_is_an_alarm() -> None:
    async def told(world: World) -> None:
        assert not await world.executions.take(b"{")
        for _ in range(50):
            assert not await world.executions.take(b"[]")
        world.executions.note_malformed("too large")

    assert sorted(alarms(story(told))) == [
        ("malformed_event", "", 0, "no event", (), 51, ()),
        ("malformed_event", "", 0, "too large", (), 1, ()),
    ]


def test_an_event_that_cannot_be_written_is_not_heard_and_may_come_again() -> None:
    log = Log(full_after=0)

    async def told(world: World) -> None:
        await world.ran()
        with pytest.raises(AuditUnavailable):
            await world.executions.take(completed(ANA, READ))
        log.full_after = None
        await world.executions.take(completed(ANA, READ))
        await world.look_after(WAIT * 2)

    assert [type(record).__name__ for record in story(told, log)] == ["ExecutionRecord"]


def test_an_event_whose_decision_cannot_be_looked_up_may_come_again() -> None:
    async def told(world: World) -> None:
        world.past.decisions, world.past.down = {7: earlier()}, True
        with pytest.raises(AuditUnavailable):
            await world.executions.take(completed(ANA, READ))
        world.past.down = False
        await world.executions.take(completed(ANA, READ))

    assert executions(story(told)) == [("q-1", 7, ANA)]


def test_missing_executions_that_cannot_be_written_are_tried_again() -> None:
    log = Log(full_after=0)

    async def told(world: World) -> None:
        await world.ran()
        world.hands.seconds += WAIT
        with pytest.raises(AuditUnavailable):
            await world.executions.look()
        log.full_after = None
        await world.executions.look()

    assert [alarm[0] for alarm in alarms(story(told, log))] == ["no_execution"]


def test_alarms_that_cannot_be_written_are_said_in_the_operators_log(caplog: pytest.LogCaptureFixture) -> None:
    async def told(world: World) -> None:
        world.executions.note_malformed("too large")

    with caplog.at_level(logging.ERROR):
        story(told, FullDisk())

    assert [record.getMessage() for record in caplog.records] == [
        "1 alarms could not be written to the audit log: audit_unavailable"
    ]


def test_what_is_known_of_a_query_is_forgotten_a_minute_after_its_end() -> None:
    async def told(world: World) -> None:
        await world.ran()
        await world.executions.take(completed(ANA, READ))
        await world.look_after(KEEP_SECONDS - 1)
        assert world.executions._known
        await world.look_after(1)
        assert not world.executions._known

    story(told)


def test_a_query_that_another_gateway_reads_on_is_forgotten_too() -> None:
    async def told(world: World) -> None:
        world.wall.admit(ADMISSION)
        await world.executions.take(completed(ANA, READ))
        await world.look_after(KEEP_SECONDS)
        assert not world.executions._known

    story(told)


def test_the_lookout_waits_for_an_earlier_process_and_goes_on_after_a_fault() -> None:
    async def told() -> list[Record]:
        log, past = Log(full_after=0), Written({7: earlier()})
        executions_ = Executions(log, Ticking(), "test build", past, wait_seconds=-RETRY_SECONDS, look_seconds=0.01)
        executions_.start()
        await asyncio.sleep(0.05)
        log.full_after = None
        while not log.records:
            await asyncio.sleep(0.01)
        await executions_.close()
        return log.records

    assert [alarm[0] for alarm in alarms(asyncio.run(told()))] == ["no_execution"]
