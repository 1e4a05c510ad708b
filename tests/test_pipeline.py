"""The life of a query: what is written when, and what leaves when something fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from dataclasses import replace
from typing import Any, TypeVar

import pytest

from gateway.answer import Answer, rows_of
from gateway.audit.record import DecisionRecord, OutcomeRecord, RefusalRecord
from gateway.conversation import Position, Preview, QueryRequest
from gateway.errors import (
    AuditUnavailable,
    BadRequest,
    Broken,
    Denied,
    EngineUnavailable,
    Failed,
    GatewayError,
    NotAllowed,
    PolicyUnavailable,
    PortTrouble,
    PortUnavailable,
    Unavailable,
)
from gateway.model import Admission, Condition, Decision, Mask, Partner, Question
from gateway.parts import Rows
from gateway.pipeline import Gate
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import LA_CALLS as LA
from tests.world import PARTNER, SHIP, gives, says

T = TypeVar("T")


def run(work: Awaitable[T]) -> T:
    """Run one coroutine to its end."""

    async def whole() -> T:
        return await work

    return asyncio.run(whole())


def ask(sql: str = "SELECT ship FROM calls", *, partial: bool = False) -> QueryRequest:
    return QueryRequest(sql, "freight_resilience", partial)


async def read(answer: Answer) -> list[Rows]:
    return [rows_of(page) async for page in answer.pages()]


def test_the_decision_is_durable_before_the_query_is_sent_and_the_outcome_before_the_last_page() -> None:
    log = Log()
    engine = FakeEngine(log)

    async def story() -> list[Rows]:
        answer = await gate(log, engine).answer(PARTNER, ask())
        return [rows_of(page) async for page in answer.pages() if log.happened.append("left") is None]  # type: ignore[func-returns-value]

    pages = run(story())

    assert pages == [[["EVER GIVEN"]], [["MAERSK"]]]
    assert log.happened == ["DecisionRecord", "sent", "page 0", "left", "page 1", "OutcomeRecord", "left"]
    outcome = log.records[-1]
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.rows, outcome.decision_index) == ("finished", 2, 1)
    assert outcome.ports == ("los_angeles", "oakland")


def test_trino_is_asked_as_the_partner_with_the_receipt() -> None:
    log = Log()
    engine = FakeEngine(log)

    run(gate(log, engine).answer(PARTNER, ask()))

    assert engine.sent[0][1] == "ana#1"


def test_the_record_of_a_decision_says_who_what_and_under_which_agreement() -> None:
    log = Log()

    run(gate(log, FakeEngine(log)).answer(PARTNER, ask()))

    record = log.records[0]
    assert isinstance(record, DecisionRecord)
    assert record.sql == "SELECT ship FROM calls"
    assert "portgate mapping" in record.sent_sql
    assert [(t.port, t.table, t.columns, t.agreements) for t in record.tables] == [
        ("los_angeles", "freight.calls", ("ship",), ("a1",)),
        ("oakland", "freight.calls", ("ship",), ("a1",)),
    ]


def test_the_log_says_what_was_asked_so_that_an_edit_can_be_tried_on_it() -> None:
    log = Log()

    run(gate(log, FakeEngine(log)).answer(PARTNER, ask()))
    with pytest.raises(Denied):
        run(gate(log, FakeEngine(log), FixedPolicy(says({}))).answer(PARTNER, ask()))
    with pytest.raises(NotAllowed):
        run(gate(log, FakeEngine(log)).answer(PARTNER, ask("DROP TABLE x")))

    decided, denied, unread = log.records
    assert isinstance(decided, DecisionRecord)
    assert isinstance(denied, RefusalRecord)
    assert isinstance(unread, RefusalRecord)
    assert set(decided.asked) == {"los_angeles.freight.calls", "oakland.freight.calls"}
    assert all("ship" in columns for columns in decided.asked.values())
    assert (denied.asked, unread.asked) == (decided.asked, None)


def test_a_preview_asks_one_port_as_the_partner_and_is_logged_as_the_stewards() -> None:
    log = Log()
    engine = FakeEngine(log)
    policy = FixedPolicy(says({LA: [gives("ship")]}))
    steward = Partner("la-steward", "port_of_los_angeles", "port_authority", ("steward",), (), {}, "token-2")
    partner = replace(PARTNER, id=steward.id)
    request = replace(ask(), preview=Preview(steward, "los_angeles"))

    run(gate(log, engine, policy).answer(partner, request))

    record = log.records[0]
    assert isinstance(record, DecisionRecord)
    assert [table.name for table in policy.questions[0].tables] == [LA]
    assert policy.questions[0].partner.organisation == "gobiz"
    assert (record.partner.organisation, record.partner.token_id) == ("port_of_los_angeles", "token-2")
    assert record.seen_as is not None
    assert record.seen_as.organisation == "gobiz"
    assert engine.sent[0][1] == "la-steward#1"


def test_the_key_of_a_mask_is_not_in_the_log() -> None:
    log = Log()
    engine = FakeEngine(log)
    policy = FixedPolicy(says({LA: [gives(ship=Mask("keyed_hash"))]}))

    run(gate(log, engine, policy).answer(PARTNER, ask()))

    record = log.records[0]
    assert isinstance(record, DecisionRecord)
    assert "from_hex('<key of los_angeles>')" in record.sent_sql
    assert "<key of" not in engine.sent[0][0]


@pytest.mark.parametrize(
    ("sql", "policy", "fault"),
    [
        ("DROP TABLE calls", FixedPolicy(), NotAllowed),
        ("SELECT crew_id FROM calls", FixedPolicy(), GatewayError),
        ("SELECT ship FROM calls", FixedPolicy(says({})), Denied),
        ("SELECT ship FROM calls", FixedPolicy(PolicyUnavailable("OPA is slow")), PolicyUnavailable),
    ],
)
def test_a_refusal_is_written_and_nothing_is_sent(sql: str, policy: FixedPolicy, fault: type[GatewayError]) -> None:
    log = Log()

    with pytest.raises(fault) as refused:
        run(gate(log, FakeEngine(log), policy).answer(PARTNER, ask(sql)))

    assert log.happened == ["RefusalRecord"]
    record = log.records[0]
    assert isinstance(record, RefusalRecord)
    assert (record.code, record.sql, record.query) == (refused.value.code, sql, refused.value.query_id)


def test_a_fault_of_our_own_is_written_and_shows_nothing_of_itself() -> None:
    log = Log()

    class Clumsy(FixedPolicy):
        async def decide(self, question: Question) -> Decision:
            raise KeyError("a secret of ours")

    with pytest.raises(Broken) as broken:
        run(gate(log, FakeEngine(log), Clumsy()).answer(PARTNER, ask()))

    assert "secret" not in str(broken.value)
    assert log.happened == ["RefusalRecord"]


def test_a_purpose_that_is_unknown_or_not_the_partners_is_refused() -> None:
    log = Log()
    asked = gate(log, FakeEngine(log))

    with pytest.raises(BadRequest):
        run(asked.answer(PARTNER, QueryRequest("SELECT 1", "curiosity")))
    with pytest.raises(Denied):
        run(asked.answer(PARTNER, QueryRequest("SELECT 1", "emissions_reduction")))


def test_nothing_is_sent_when_the_log_cannot_be_written() -> None:
    log = Log(full_after=0)

    with pytest.raises(AuditUnavailable):
        run(gate(log, FakeEngine(log)).answer(PARTNER, ask()))

    assert log.happened == []


def test_the_last_page_stays_when_the_outcome_cannot_be_written() -> None:
    log = Log(full_after=1)
    left: list[Rows] = []

    async def story() -> None:
        answer = await gate(log, FakeEngine(log)).answer(PARTNER, ask())
        async for page in answer.pages():
            left.append(rows_of(page))

    with pytest.raises(AuditUnavailable):
        run(story())

    assert left == [[["EVER GIVEN"]]]


def test_a_failure_in_the_middle_is_raised_and_written() -> None:
    log = Log()
    engine = FakeEngine(log, pages=[[["a"]], Failed("a value failed")])

    async def story() -> None:
        await read(await gate(log, engine).answer(PARTNER, ask()))

    with pytest.raises(Failed):
        run(story())

    assert [type(r).__name__ for r in log.records] == ["DecisionRecord", "OutcomeRecord"]
    assert isinstance(log.records[1], OutcomeRecord)
    assert (log.records[1].state, log.records[1].code, log.records[1].rows) == ("failed", "query_failed", 1)


def test_a_port_that_fails_in_the_middle_is_an_answer_cut_off_never_a_quiet_end() -> None:
    log = Log()
    engine = FakeEngine(log, pages=[[["a"]], PortTrouble("a port failed")])

    async def story() -> None:
        await read(await gate(log, engine).answer(PARTNER, ask()))

    with pytest.raises(Unavailable) as cut:
        run(story())

    assert cut.value.code == "unavailable"
    assert "not whole" in cut.value.hint


def test_an_engine_that_is_away_is_said_and_written() -> None:
    log = Log()
    engine = FakeEngine(log, fails=EngineUnavailable("Trino does not answer"))

    with pytest.raises(EngineUnavailable):
        run(gate(log, engine).answer(PARTNER, ask()))

    assert log.happened == ["DecisionRecord", "sent", "OutcomeRecord"]


@pytest.mark.parametrize(
    "engine",
    [
        {"fails": RuntimeError("a bug of ours")},
        {"dead": {"oakland"}, "blind": EngineUnavailable("Trino does not answer")},
        {"fails": PortTrouble("a port failed")},
    ],
    ids=["a bug", "Trino gone before it could say which port", "nobody to blame"],
)
def test_however_an_admitted_query_fails_it_has_one_outcome(engine: dict[str, Any]) -> None:
    log = Log()

    with pytest.raises(GatewayError) as failed:
        run(gate(log, FakeEngine(log, **engine)).answer(PARTNER, ask()))

    assert "bug" not in str(failed.value)
    assert log.happened == ["DecisionRecord", "sent", "OutcomeRecord"]


def test_a_dead_port_is_an_error_that_names_it() -> None:
    log = Log()

    with pytest.raises(PortUnavailable) as error:
        run(gate(log, FakeEngine(log, dead={"oakland"})).answer(PARTNER, ask()))

    assert error.value.ports == ("oakland",)
    assert log.happened == ["DecisionRecord", "sent", "OutcomeRecord"]


def test_with_the_opt_in_the_answer_comes_without_the_dead_port_and_says_so() -> None:
    log = Log()
    engine = FakeEngine(log, dead={"oakland"})

    answer = run(gate(log, engine).answer(PARTNER, ask(partial=True)))

    assert ("port_missing", "oakland") in {(notice.code, notice.port) for notice in answer.notices}
    assert '"oakland".' not in engine.sent[1][0]
    assert log.happened == ["DecisionRecord", "sent", "OutcomeRecord", "DecisionRecord", "sent", "page 0"]


def test_a_cancelled_query_is_stopped_in_trino_though_nothing_can_be_written_any_more() -> None:
    log = Log()

    async def story() -> None:
        answer = await gate(log, FakeEngine(log)).answer(PARTNER, ask())
        log.full_after = len(log.records)
        with pytest.raises(AuditUnavailable):
            await answer.cancel()

    run(story())
    assert log.happened[-1] == "cancelled in Trino"


def test_trino_is_let_reach_what_was_granted_of_this_query_and_its_decision_is_named() -> None:
    log = Log()
    engine = FakeEngine(log)

    answer = run(gate(log, engine).answer(PARTNER, ask("SELECT ship FROM calls WHERE port_unlocode = 'USOAK'")))

    assert engine.admitted == [Admission("ana#1", {SHIP: frozenset({"mmsi"})}, answer.id, 1)]


def test_a_partial_answer_without_any_port_is_still_an_error() -> None:
    log = Log()

    with pytest.raises(PortUnavailable):
        run(gate(log, FakeEngine(log, dead={"oakland", "los_angeles"})).answer(PARTNER, ask(partial=True)))


def test_a_table_of_a_dead_ports_own_has_no_partial_answer() -> None:
    log = Log()
    engine = FakeEngine(log, dead={"oakland"})

    with pytest.raises(PortUnavailable):
        run(gate(log, engine).answer(PARTNER, ask("SELECT vc_id FROM oakland.tos.ship", partial=True)))


def test_a_cancelled_answer_stops_trino_and_is_written_once() -> None:
    log = Log()

    async def story() -> None:
        answer = await gate(log, FakeEngine(log)).answer(PARTNER, ask())
        pages = answer.pages()
        await anext(pages)
        await answer.cancel()
        await answer.cancel()

    run(story())

    assert log.happened == ["DecisionRecord", "sent", "page 0", "OutcomeRecord", "cancelled in Trino"]


def test_one_question_goes_to_the_policy_and_holds_every_table_and_column_in_reach() -> None:
    log = Log()
    policy = FixedPolicy()

    run(
        gate(log, FakeEngine(log), policy).answer(PARTNER, ask("SELECT a.ship FROM calls a, calls b WHERE b.hours > 1"))
    )

    assert len(policy.questions) == 1
    assert [(str(t.name), t.columns) for t in policy.questions[0].tables] == [
        ("los_angeles.freight.calls", ("hours", "ship")),
        ("oakland.freight.calls", ("hours", "ship")),
    ]


def test_a_value_that_only_some_rows_show_is_told_of() -> None:
    log = Log()
    mine = gives("carrier", id="a2", rows=((Condition("carrier", "in", ("MSC", "MSK")),),))
    policy = FixedPolicy(says({LA: [gives("ship"), mine]}))

    explanation = run(gate(log, FakeEngine(log), policy).explain(PARTNER, ask("SELECT ship, carrier FROM calls")))

    assert explanation.tables[0].partly == {"carrier": "carrier is one of MSC, MSK"}
    assert explanation.tables[0].rows == ()
    told = [notice.message for notice in explanation.notices if notice.code == "column_partly_shown"]
    assert told == ["shown where carrier is one of MSC, MSK"]


def test_an_explanation_runs_nothing() -> None:
    log = Log()
    engine = FakeEngine(log)

    explanation = run(gate(log, engine).explain(PARTNER, ask("SELECT ship, hours FROM calls")))

    assert engine.sent == []
    assert [(t.port, t.columns, t.agreements) for t in explanation.tables] == [
        ("los_angeles", ("hours", "ship"), ("a1",)),
        ("oakland", ("ship",), ("a1",)),
    ]
    assert ("column_not_kept", "oakland", "hours") in {(n.code, n.port, n.column) for n in explanation.notices}


def test_a_query_is_looked_at_without_a_row_and_written_down_like_any_other() -> None:
    log = Log()

    run(gate(log, FakeEngine(log)).validate(PARTNER, ask()))

    outcome = log.records[-1]
    assert log.happened == ["DecisionRecord", "sent", "page 0", "validated, 1 rows unread", "OutcomeRecord"]
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.rows) == ("finished", 0)


def test_a_query_that_trino_finds_wrong_is_told_so_and_written_down() -> None:
    log = Log()

    with pytest.raises(Failed, match="no such thing"):
        run(gate(log, FakeEngine(log, pages=[Failed("no such thing")])).validate(PARTNER, ask()))

    outcome = log.records[-1]
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.code) == ("failed", "query_failed")


def test_an_answer_is_read_on_by_whom_it_belongs_to_and_by_nobody_else() -> None:
    log = Log()
    made = gate(log, FakeEngine(log))

    async def story() -> list[Rows]:
        answer = await made.answer(PARTNER, ask())
        await answer.turn()
        other = made.resume(PARTNER, answer.position)
        return [rows_of(page) async for page in other.pages()]

    assert run(story()) == [[["MAERSK"]]]
    outcome = log.records[-1]
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.rows, outcome.decision_index) == ("finished", 2, 1)
    position = replace(run(_position_of(made)), partner="somebody")
    with pytest.raises(Denied):
        made.resume(PARTNER, position)


async def _position_of(made: Gate) -> Position:
    return (await made.answer(PARTNER, ask())).position
