"""What a partner may see is asked once for a burst of questions, and anew a few seconds later."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from gateway.conversation import QueryRequest
from gateway.model import Decision, Partner
from gateway.pipeline import Gate
from gateway.sights import KEPT, MOST
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import EVERYTHING, LA_CALLS, PARTNER, gives, says

PURPOSE = "freight_resilience"
TABLES = "SELECT table_name FROM system.jdbc.tables"


class Standing:
    """A clock that moves only when it is told to."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 22, 16, 45, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.moment


def standing(answer: Decision = EVERYTHING) -> tuple[Gate, FixedPolicy, Standing]:
    policy, clock = FixedPolicy(answer), Standing()
    return replace(gate(Log(), FakeEngine(Log()), policy), clock=clock), policy, clock


async def ask(asked: Gate, sql: str = TABLES, partner: Partner = PARTNER) -> None:
    await asked.answer(partner, QueryRequest(sql, PURPOSE))


def test_a_burst_of_questions_about_tables_is_one_question_to_the_policy() -> None:
    asked, policy, clock = standing()

    async def story() -> list[int]:
        counts = []
        for seconds in (0, 2, 2, 2):
            clock.moment += timedelta(seconds=seconds)
            await ask(asked)
            counts.append(len(policy.questions))
        return counts

    assert asyncio.run(story()) == [1, 1, 1, 2]
    assert timedelta(seconds=4) < KEPT < timedelta(seconds=6)


def test_another_partner_is_asked_about_anew() -> None:
    asked, policy, _ = standing()
    others = (
        replace(PARTNER, id="ben"), replace(PARTNER, organisation="other"), replace(PARTNER, roles=("planner",)),
        replace(PARTNER, organisation_class="public"), replace(PARTNER, attributes={"port": "oakland"}),
    )  # fmt: skip

    async def story() -> None:
        for partner in (PARTNER, *others, PARTNER, replace(PARTNER, token_id="another")):  # noqa: S106
            await ask(asked, partner=partner)

    asyncio.run(story())

    assert len(policy.questions) == 1 + len(others)


def test_data_is_never_decided_from_what_was_seen() -> None:
    asked, policy, _ = standing()

    async def story() -> None:
        await ask(asked)
        await ask(asked, "SELECT ship FROM calls")
        await ask(asked, "SELECT c.ship FROM calls AS c JOIN system.jdbc.tables AS t ON t.table_name = c.ship")

    asyncio.run(story())

    assert [len(question.tables) for question in policy.questions][1:] == [2, 2]


def test_what_was_withdrawn_is_gone_a_moment_later() -> None:
    asked, policy, clock = standing()

    async def story() -> list[int]:
        before = len((await asked.seen(PARTNER, PURPOSE)).tables)
        policy.answer = says({LA_CALLS: [gives("ship")]})
        clock.moment += KEPT
        return [before, len((await asked.seen(PARTNER, PURPOSE)).tables)]

    assert asyncio.run(story()) == [5, 2]


def test_only_so_many_are_kept() -> None:
    asked, policy, _ = standing()

    async def story() -> None:
        for number in range(MOST + 1):
            await ask(asked, partner=replace(PARTNER, id=str(number)))
        await ask(asked, partner=replace(PARTNER, id=str(MOST)))
        await ask(asked, partner=replace(PARTNER, id="0"))

    asyncio.run(story())

    assert len(policy.questions) == MOST + 2
