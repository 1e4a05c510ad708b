"""One decided query -> its first rows: admitted, sent, and asked again without the ports that do not answer.

*Invariants*
- The decision is durable before Trino hears of the query, and again before each time that it is asked anew.
- Whatever ends it before its first rows is written as the outcome of the decision it had.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from gateway.answer import Answer
from gateway.conversation import Position, QueryRequest
from gateway.desk import Job, Planned
from gateway.errors import Broken, GatewayError, PortTrouble, PortUnavailable, Unavailable
from gateway.kernel.plan import Plan
from gateway.model import CANONICAL, NO_FACTS, Admission, Decision, Facts, Grant, Partner, Place, Question
from gateway.parts import AuditLog, Clock, Engine, Kernel, Usage
from gateway.recording import decision_record
from gateway.running import RunningAnswers
from gateway.usage import Meter


@dataclass(frozen=True, slots=True)
class Decided:
    """A query that the policy has answered for, not yet planned."""

    question: Question
    text: str
    decision: Decision
    grant: Grant
    is_preview: bool = False
    place: Place = CANONICAL
    facts: Facts = NO_FACTS

    async def plan(self, kernel: Kernel, missing: frozenset[str] = frozenset()) -> Planned:
        """Bind the query to what was granted, rewrite, verify and plan it, without the `missing` ports."""
        job = Job(self.text, self.decision, self.grant.mask_keys, missing, self.place, self.facts)
        return await kernel.plan(self.question.partner.organisation, job)

    def meter(self, usage: Usage, planned: Planned) -> Meter:
        """What counts the query, on the day of its question; a preview takes nothing from the partner's share."""
        limited = () if self.is_preview else planned.plan.limited
        return Meter(usage, self.question.partner.organisation, self.question.now[:10], limited)


@dataclass(frozen=True, slots=True)
class Means:
    """The parts that an asking needs."""

    kernel: Kernel
    engine: Engine
    audit: AuditLog
    usage: Usage
    clock: Clock
    running: RunningAnswers
    build: str


class Asking:
    """One query on its way to its first rows."""

    answer: Answer
    """The answer to come; another one once it was asked again without ports that do not answer."""

    def __init__(
        self, means: Means, query: str, partner: Partner, request: QueryRequest, decided: Decided, planned: Planned
    ) -> None:
        self._means, self._query, self._partner, self._request = means, query, partner, request
        self._decided, self._planned = decided, planned
        self._missing: frozenset[str] = frozenset()

    async def begin(self) -> Asking:
        """Write the decision down and send the query; return as soon as Trino has it."""
        admission = await self._admit()
        try:
            await self.answer.start(self._means.engine.start(self._planned.plan.sql, admission, self._request.session))
        except Exception as fault:
            raise await closed(self.answer, fault) from fault.__cause__
        except asyncio.CancelledError:
            await asyncio.shield(self.answer.close("cancelled"))
            raise
        return self

    async def validate(self) -> None:
        """Write the decision down, have Trino look at the query, and write what came of it: no row is read."""
        admission = await self._admit()
        try:
            await self._means.engine.validate(self._planned.plan.sql, admission, self._request.session)
        except PortTrouble:
            error, _ = await self._blame(self._planned.plan, f"portgate-probe#{admission.decision_index}")
            raise await closed(self.answer, error) from None
        except Exception as fault:
            raise await closed(self.answer, fault) from fault.__cause__
        await self.answer.close("finished")

    async def _admit(self) -> Admission:
        """Write the decision down; what Trino may do for it comes back."""
        means, plan, decided = self._means, self._planned.plan, self._decided
        record = decision_record(
            self._query, means.clock(), self._partner, self._request, decided.decision, plan, decided.grant,
            means.build, decided.question.tables,
        )  # fmt: skip
        receipt = await means.audit.append(record)
        user = f"{self._partner.id}#{receipt.index}"
        position = _position(self._query, user, receipt.index, record.time, plan, decided)
        self.answer = Answer(position, plan.notices, means.audit, means.clock, self._meter())
        means.running.add(self.answer)
        return Admission(user, plan.reach, self._query, receipt.index)

    async def first(self) -> Answer:
        """Wait until the first rows are there or the query has ended; called once."""
        while True:
            try:
                await self.answer.first()
                return self.answer
            except PortTrouble:
                await self._without_silent_ports()
            except Exception as fault:
                raise await closed(self.answer, fault) from fault.__cause__
            except asyncio.CancelledError:
                await asyncio.shield(self.answer.cancel())
                raise

    async def cancel(self) -> None:
        """Stop it, whatever it waits for."""
        await self.answer.cancel()

    async def _without_silent_ports(self) -> None:
        """Ask once more, without the ports found silent, if the partner takes such an answer; else raise."""
        plan = self._planned.plan
        error, silent = await self._blame(plan, f"portgate-probe#{self.answer.position.decision_index}")
        await self.answer.close("failed", error)
        self._missing |= silent
        if not silent or not self._request.partial or not self._planned.is_answerable(self._missing):
            raise error from None
        self._planned = await self._decided.plan(self._means.kernel, self._missing)
        await self.begin()

    async def _blame(self, planned: Plan, user: str) -> tuple[GatewayError, frozenset[str]]:
        """Say what the partner is told of a port's trouble, and which ports do not answer."""
        try:
            silent = await self._means.engine.silent_ports(planned.physical, user)
        except GatewayError as error:
            return error, frozenset()
        if not silent:
            return Unavailable("a port's data could not be read", hint="try again in a minute"), frozenset()
        return PortUnavailable(silent, hint=_HOW_PARTIAL), frozenset(silent)

    def _meter(self) -> Meter:
        return self._decided.meter(self._means.usage, self._planned)


def shown(fault: Exception) -> GatewayError:
    """What is shown of a fault: one that nobody foresaw shows nothing."""
    return fault if isinstance(fault, GatewayError) else Broken("the gateway failed on this query")


async def closed(answer: Answer, fault: Exception) -> GatewayError:
    """Write the outcome of what failed, and return what is shown of it."""
    error = shown(fault)
    await answer.close("failed", error)
    return error


def _position(query: str, user: str, index: int, began: str, plan: Plan, decided: Decided) -> Position:
    partner = decided.question.partner
    used: dict[str, set[str]] = {}
    for share in plan.shares:
        used.setdefault(share.port, set()).update(share.agreements)
    stands_on = {port: tuple(sorted(agreements)) for port, agreements in used.items()}
    limited = () if decided.is_preview else plan.limited
    return Position(
        query, partner.organisation, partner.id, user, index, began, 1, "", ports=plan.ports,
        missing=_told_of(plan, "port_missing"), withheld=_told_of(plan, *_WITHHOLDING), stands_on=stands_on,
        day=decided.question.now[:10], limited=limited,
    )  # fmt: skip


_WITHHOLDING = ("column_withheld", "port_not_sharing")


def _told_of(plan: Plan, *codes: str) -> tuple[str, ...]:
    """The ports that notices of these codes speak of."""
    return tuple(sorted({notice.port for notice in plan.notices if notice.code in codes and notice.port}))


_HOW_PARTIAL = "try again later, or ask for a partial answer"
