"""The life of a query, in order; each line's result is the next line's argument.

`receive → identify → parse → survey → ask, decide → authorise → rewrite → verify → plan → reserve → admit → execute
→ close`
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass, field

from gateway.answer import Answer
from gateway.errors import Broken, GatewayError, PortTrouble, PortUnavailable, Unavailable
from gateway.explain import Explanation, explained
from gateway.kernel.authorise import ask_all, grant_of
from gateway.kernel.keys import mask_keys
from gateway.kernel.plan import Plan
from gateway.kernel.work import Job, Planned
from gateway.model import AskedTable, Catalog, Decision, Grant, Partner, QueryRequest, Question
from gateway.parts import AuditLog, Clock, Engine, Identity, Kernel, Policy, Usage
from gateway.purpose import check_purpose
from gateway.recording import decision_record, refusal_record, utc
from gateway.running import RunningAnswers
from gateway.usage import Meter, counted


@dataclass(frozen=True, slots=True)
class Decided:
    """A query that the policy has answered for, not yet planned."""

    question: Question
    text: str
    decision: Decision
    grant: Grant
    is_preview: bool = False

    async def plan(self, kernel: Kernel, missing: frozenset[str] = frozenset()) -> Planned:
        """Bind the query to what was granted, rewrite, verify and plan it, without the `missing` ports."""
        job = Job(self.text, self.decision, self.grant.mask_keys, missing)
        return await kernel.plan(self.question.partner.organisation, job)

    def meter(self, usage: Usage, planned: Planned) -> Meter:
        """What counts the query, on the day of its question; a preview takes nothing from the partner's share."""
        limited = () if self.is_preview else planned.plan.limited
        return Meter(usage, self.question.partner.organisation, self.question.now[:10], limited)


@dataclass(frozen=True)
class Gate:
    """The parts that a query passes through."""

    catalog: Catalog
    kernel: Kernel
    identity: Identity
    policy: Policy
    engine: Engine
    audit: AuditLog
    usage: Usage
    clock: Clock
    mask_secret: bytes
    build: str
    running: RunningAnswers = field(default_factory=RunningAnswers, kw_only=True)

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who asks."""
        return self.identity.identify(token, certificate)

    async def answer(self, partner: Partner, request: QueryRequest) -> Answer:
        """Take one query from request to its first rows, or raise; every ending is written down first."""
        query = str(uuid.uuid4())
        tables: tuple[AskedTable, ...] | None = None
        try:
            tables = await self.survey(partner, request)
            decided = await self.decide(partner, request, tables)
            first = await decided.plan(self.kernel)
            await decided.meter(self.usage, first).reserve()
        except Exception as fault:  # whatever it was, it is written down, and nothing of it is shown
            error = _shown(fault)
            error.query_id = query
            await self.audit.append(refusal_record(query, self.clock(), partner, request, error, self.build, tables))
            raise error from fault.__cause__
        return await self._execute(query, partner, request, decided, first)

    async def survey(self, partner: Partner, request: QueryRequest) -> tuple[AskedTable, ...]:
        """Find what the query may mean; a preview means one port's part of it."""
        check_purpose(partner, request.purpose)
        tables = await self.kernel.tables_asked(partner.organisation, request.sql)
        return tuple(t for t in tables if request.preview is None or t.name.catalog == request.preview.port)

    async def decide(self, partner: Partner, request: QueryRequest, tables: tuple[AskedTable, ...]) -> Decided:
        """Ask the policy once."""
        question = await counted(self.usage, Question(partner, request.purpose, self._now(), tables))
        decision = await self.policy.decide(question)
        grant = grant_of(decision, self.catalog, mask_keys(self.mask_secret, partner.organisation, self.catalog.ports))
        return Decided(question, request.sql, decision, grant, request.preview is not None)

    async def explain(self, partner: Partner, request: QueryRequest) -> Explanation:
        """Decide and plan a query as `answer` would, and run nothing."""
        decided = await self.decide(partner, request, await self.survey(partner, request))
        planned = await decided.plan(self.kernel)
        return explained(planned.plan, decided.decision, decided.question)

    def _now(self) -> str:
        return utc(self.clock())[:19] + "Z"

    async def _execute(
        self, query: str, partner: Partner, request: QueryRequest, decided: Decided, planned: Planned
    ) -> Answer:
        """Admit and run the plan; with the partner's opt-in, once more for each set of ports found silent."""
        missing: frozenset[str] = frozenset()
        while True:
            record = decision_record(
                query, self.clock(), partner, request, decided.decision, planned.plan, decided.grant, self.build,
                decided.question.tables,
            )  # fmt: skip
            receipt = await self.audit.append(record)
            answer = Answer(query, planned.plan, receipt, self.audit, self.clock, decided.meter(self.usage, planned))
            self.running.add(answer)
            try:
                await answer.start(self.engine, f"{partner.id}#{receipt.index}")
                return answer
            except PortTrouble:
                error, silent = await self._blame(planned.plan, f"portgate-probe#{receipt.index}")
                await answer.close("failed", error)
                missing |= silent
                if not silent or not request.partial or not planned.is_answerable(missing):
                    raise error from None
                planned = await decided.plan(self.kernel, missing)
            except Exception as fault:
                error = _shown(fault)
                await answer.close("failed", error)
                raise error from fault.__cause__
            except asyncio.CancelledError:
                await asyncio.shield(answer.close("cancelled"))
                raise

    async def _blame(self, planned: Plan, user: str) -> tuple[GatewayError, frozenset[str]]:
        """Say what the partner is told of a port's trouble, and which ports do not answer."""
        try:
            silent = await self.engine.silent_ports(planned.physical, user)
        except GatewayError as error:
            return error, frozenset()
        if not silent:
            return Unavailable("a port's data could not be read", hint="try again in a minute"), frozenset()
        return PortUnavailable(silent, hint=_HOW_PARTIAL), frozenset(silent)

    async def visible(self, partner: Partner, purpose: str) -> Catalog:
        """The catalog as this partner sees it for this purpose."""
        check_purpose(partner, purpose)
        question = await counted(self.usage, ask_all(partner, purpose, self._now(), self.catalog))
        return grant_of(await self.policy.decide(question), self.catalog, {}).granted


_HOW_PARTIAL = "try again later, or ask for a partial answer"


def _shown(fault: Exception) -> GatewayError:
    return fault if isinstance(fault, GatewayError) else Broken("the gateway failed on this query")
