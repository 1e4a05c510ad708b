"""What the limits of agreements let leave: counted before a query runs and before a page leaves, stopped in between."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.answer import Answer, rows_of
from gateway.audit.record import OutcomeRecord, RefusalRecord
from gateway.errors import Denied, Failed, GatewayError, Refused, Unavailable
from gateway.explain import ExplainedLimit
from gateway.model import AgreementGrant, Condition, Limits, Spent
from gateway.parts import Rows
from tests.simulator import Counters, FakeEngine, FixedPolicy, Log, gate
from tests.test_pipeline import ask, run
from tests.world import LA_CALLS as LA
from tests.world import OAK_CALLS as OAK
from tests.world import PARTNER, gives, says

DAY = "2026-11-22"
PAGES: list[Rows] = [[["a"], ["b"]], [["c"]]]
A_PAGE = len('[["a"],["b"]]')


def limited(limits: Limits, id: str = "a1") -> AgreementGrant:
    return replace(gives("ship", "port_unlocode", id=id), limits=limits)


NONE = Limits()


def policy(limits: Limits, other: Limits = NONE) -> FixedPolicy:
    """Los Angeles gives under `limits`, Oakland under `other`."""
    return FixedPolicy(says({LA: [limited(limits)], OAK: [limited(other, "b1")]}))


def pages() -> list[Rows | GatewayError]:
    return list(PAGES)


async def pages_of(answer: Answer) -> tuple[list[Rows], Denied | None]:
    """The pages that left, and what stopped them."""
    left: list[Rows] = []
    try:
        async for page in answer.pages():
            left.append(rows_of(page))
    except Denied as error:
        return left, error
    return left, None


def answered(policy: FixedPolicy, usage: Counters, log: Log | None = None) -> tuple[list[Rows], Denied | None]:
    log = log or Log()

    async def story() -> tuple[list[Rows], Denied | None]:
        return await pages_of(await gate(log, FakeEngine(log, pages()), policy, usage).answer(PARTNER, ask()))

    return run(story())


def test_a_query_is_counted_once_under_each_agreement_with_a_daily_limit_before_it_is_sent() -> None:
    usage = Counters()

    answered(policy(Limits(queries_a_day=2), Limits(bytes_a_day=1000)), usage)

    size = sum(len(page) for page in ('[["a"],["b"]]', '[["c"]]'))
    assert usage.had == {
        (DAY, "gobiz", "los_angeles", "a1"): Spent(1, size),
        (DAY, "gobiz", "oakland", "b1"): Spent(1, size),
    }


def test_nothing_is_counted_where_there_is_no_limit_or_only_one_of_rows() -> None:
    usage = Counters()

    answered(policy(Limits(), Limits(rows=10)), usage)

    assert usage.had == {}


def test_the_policy_is_told_what_was_spent_today() -> None:
    asked = policy(Limits(queries_a_day=5))
    usage = Counters()

    answered(asked, usage)
    answered(asked, usage)

    assert [question.spent for question in asked.questions] == [
        {},
        {"los_angeles": {"a1": Spent(1, 20)}},
    ]


def test_the_last_query_of_the_day_is_answered_and_the_next_refused_and_not_sent() -> None:
    asked, usage, log = policy(Limits(queries_a_day=1)), Counters(), Log()

    answered(asked, usage)
    with pytest.raises(Denied) as refused:
        answered(asked, usage, log)

    assert (refused.value.message, refused.value.hint) == (
        "the agreement a1 of los_angeles is used up for today: your organisation may have 1 query a day",
        "it opens again at 00:00 UTC",
    )
    assert log.happened == ["RefusalRecord"]
    assert isinstance(log.records[0], RefusalRecord)


def test_a_query_refused_under_one_agreement_is_counted_under_none() -> None:
    usage = Counters()
    usage.had[DAY, "gobiz", "oakland", "b1"] = Spent(3, 0)

    with pytest.raises(Denied, match="b1 of oakland"):
        answered(policy(Limits(queries_a_day=9), Limits(queries_a_day=3)), usage)

    assert usage.had == {(DAY, "gobiz", "oakland", "b1"): Spent(3, 0)}


def test_a_query_that_is_refused_or_only_explained_is_not_counted() -> None:
    log, usage = Log(), Counters()
    asked = gate(log, FakeEngine(log), policy(Limits(queries_a_day=1)), usage)

    run(asked.explain(PARTNER, ask()))
    with pytest.raises(Refused):
        run(asked.answer(PARTNER, ask("SELECT carrier FROM calls")))

    assert usage.had == {}


def test_a_query_that_fails_stays_counted() -> None:
    log, usage = Log(), Counters()

    with pytest.raises(Failed):
        run(
            gate(log, FakeEngine(log, fails=Failed("no")), policy(Limits(queries_a_day=5)), usage).answer(
                PARTNER, ask()
            )
        )

    assert usage.had == {(DAY, "gobiz", "los_angeles", "a1"): Spent(1, 0)}


def test_an_answer_that_is_tried_again_without_a_silent_port_counts_once() -> None:
    log, usage = Log(), Counters()
    engine = FakeEngine(log, dead={"oakland"})
    asked = policy(Limits(queries_a_day=5), Limits(queries_a_day=5))

    run(gate(log, engine, asked, usage).answer(PARTNER, ask(partial=True)))

    assert len(engine.sent) == 2
    assert usage.had == {
        (DAY, "gobiz", "los_angeles", "a1"): Spent(1, 0),
        (DAY, "gobiz", "oakland", "b1"): Spent(1, 0),
    }


def test_an_answer_stops_before_a_page_with_which_it_would_have_too_many_rows() -> None:
    log = Log()

    left, stopped = answered(policy(Limits(rows=3), Limits(rows=2)), Counters(), log)

    assert left == PAGES[:1]
    assert stopped is not None
    assert (stopped.message, stopped.hint) == (
        "the agreement b1 of oakland gives at most 2 rows in one answer",
        "what came is not the whole answer; add LIMIT, or aggregate",
    )
    outcome = log.records[-1]
    assert isinstance(outcome, OutcomeRecord)
    assert (outcome.state, outcome.code, outcome.rows) == ("failed", "denied", 2)
    assert log.happened == ["DecisionRecord", "sent", "page 0", "page 1", "cancelled in Trino", "OutcomeRecord"]


def test_an_answer_with_as_many_rows_as_it_may_have_is_whole() -> None:
    assert answered(policy(Limits(rows=3)), Counters()) == (PAGES, None)


def test_a_page_that_the_days_bytes_do_not_cover_does_not_leave_and_is_not_counted() -> None:
    usage = Counters()

    left, stopped = answered(policy(Limits(bytes_a_day=A_PAGE)), usage)

    assert left == PAGES[:1]
    assert stopped is not None
    assert (stopped.message, stopped.hint) == (
        "the agreement a1 of los_angeles is used up for today: your organisation may have 13 bytes a day",
        "what came is not whole; it opens again at 00:00 UTC",
    )
    assert usage.had == {(DAY, "gobiz", "los_angeles", "a1"): Spent(1, A_PAGE)}


def test_usage_that_cannot_be_counted_is_a_refusal() -> None:
    log = Log()

    with pytest.raises(Unavailable):
        answered(policy(Limits(queries_a_day=1)), Counters(broken=Unavailable("usage cannot be counted")), log)

    assert log.happened == ["RefusalRecord"]


def test_a_page_stays_when_its_bytes_cannot_be_counted_any_more() -> None:
    log, usage = Log(), Counters()
    left: list[Rows] = []

    async def story() -> None:
        asked = policy(Limits(bytes_a_day=1000))
        answer = await gate(log, FakeEngine(log, pages()), asked, usage).answer(PARTNER, ask())
        async for page in answer.pages():
            left.append(rows_of(page))
            usage.broken = Unavailable("usage cannot be counted")

    with pytest.raises(Unavailable):
        run(story())

    assert left == PAGES[:1]


def test_an_explanation_tells_the_limits_and_what_is_left_of_them() -> None:
    log, usage = Log(), Counters()
    usage.had[DAY, "gobiz", "los_angeles", "a1"] = Spent(3, 500)
    asked = policy(Limits(rows=10, queries_a_day=9), Limits(bytes_a_day=100))

    explanation = run(gate(log, FakeEngine(log), asked, usage).explain(PARTNER, ask()))

    assert explanation.limits == (
        ExplainedLimit("los_angeles", "a1", 10, 9, None, 3, 500),
        ExplainedLimit("oakland", "b1", None, None, 100, 0, 0),
    )


def test_an_agreement_that_gives_nothing_of_the_query_counts_nothing() -> None:
    usage = Counters()
    beside = replace(gives("carrier", id="a2"), limits=Limits(rows=1, queries_a_day=5))
    asked = FixedPolicy(says({LA: [gives("ship"), beside], OAK: [gives("ship")]}))

    assert answered(asked, usage) == (PAGES, None)
    assert usage.had == {}


def test_an_agreement_that_alone_gives_a_row_counts_though_it_gives_no_column() -> None:
    usage = Counters()
    beside = replace(gives("carrier", id="a2"), limits=Limits(queries_a_day=5))
    mine = gives("ship", rows=((Condition("carrier", "eq", "MSC"),),))
    asked = FixedPolicy(says({LA: [mine, beside], OAK: [gives("ship")]}))

    answered(asked, usage)

    assert set(usage.had) == {(DAY, "gobiz", "los_angeles", "a2")}


def test_a_port_that_the_query_does_not_read_counts_nothing() -> None:
    log, usage = Log(), Counters()
    asked = policy(Limits(queries_a_day=5), Limits(queries_a_day=5))

    run(
        gate(log, FakeEngine(log), asked, usage).answer(
            PARTNER, ask("SELECT ship FROM calls WHERE port_unlocode = 'USOAK'")
        )
    )

    assert set(usage.had) == {(DAY, "gobiz", "oakland", "b1")}
