"""The life of a query, in order; each line's result is the next line's argument.

`receive → identify → parse → survey → ask, decide → authorise → rewrite → verify → plan → admit → execute → close`
"""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass

from gateway.answer import Answer
from gateway.errors import BadRequest, Broken, Denied, GatewayError, PortTrouble, PortUnavailable, Unavailable
from gateway.explain import Explanation, explained
from gateway.kernel.authorise import ask, ask_all, authorise, grant_of
from gateway.kernel.dialect import emit
from gateway.kernel.keys import mask_keys
from gateway.kernel.parse import parse
from gateway.kernel.plan import Plan, plan, without
from gateway.kernel.resolve import Resolved, survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import PURPOSES, Catalog, Decision, Grant, Partner, QueryRequest
from gateway.parts import AuditLog, Clock, Engine, Identity, Policy
from gateway.recording import decision_record, refusal_record, utc


@dataclass(frozen=True, slots=True)
class Decided:
    """A query that the policy has answered for: bound to what was granted, not yet sent."""

    resolved: Resolved
    decision: Decision
    grant: Grant
    now: str

    def plan(self, missing: frozenset[str] = frozenset()) -> Plan:
        """Rewrite, verify and plan the query, without the `missing` ports."""
        resolved = without(self.resolved, missing)
        verified = verify(emit(guard_tables(resolved, self.grant)), self.grant)
        return plan(verified, self.resolved, self.decision, self.grant, missing)


@dataclass(frozen=True)
class Gate:
    """The parts that a query passes through."""

    catalog: Catalog
    identity: Identity
    policy: Policy
    engine: Engine
    audit: AuditLog
    clock: Clock
    mask_secret: bytes
    build: str

    def identify(self, token: str | None) -> Partner:
        """Say who asks."""
        return self.identity.identify(token)

    async def answer(self, partner: Partner, request: QueryRequest) -> Answer:
        """Take one query from request to its first rows, or raise; every ending is written down first."""
        query = str(uuid.uuid4())
        try:
            decided = await self.decide(partner, request)
            first = decided.plan()
        except Exception as fault:  # whatever it was, it is written down, and nothing of it is shown
            error = _shown(fault)
            error.query_id = query
            await self.audit.append(refusal_record(query, self.clock(), partner, request, error, self.build))
            raise error from fault.__cause__
        return await self._execute(query, partner, request, decided, first)

    async def decide(self, partner: Partner, request: QueryRequest) -> Decided:
        """Parse the query, ask the policy once, and bind every name to what was granted."""
        _check_purpose(partner, request.purpose)
        statement = parse(request.sql)
        surveyed = survey(statement, self.catalog)
        question = ask(partner, request.purpose, self._now(), surveyed, self.catalog)
        decision = await self.policy.decide(question)
        grant = grant_of(decision, self.catalog, mask_keys(self.mask_secret, partner.organisation, self.catalog.ports))
        return Decided(authorise(statement, surveyed, decision, grant), decision, grant, question.now)

    async def explain(self, partner: Partner, request: QueryRequest) -> Explanation:
        """Decide and plan a query as `answer` would, and run nothing."""
        decided = await self.decide(partner, request)
        return explained(decided.plan(), decided.decision, request.purpose, decided.now)

    def _now(self) -> str:
        return utc(self.clock())[:19] + "Z"

    async def _execute(
        self, query: str, partner: Partner, request: QueryRequest, decided: Decided, planned: Plan
    ) -> Answer:
        """Admit and run the plan; with the partner's opt-in, once more for each set of ports found silent."""
        missing: frozenset[str] = frozenset()
        while True:
            record = decision_record(
                query, self.clock(), partner, request, decided.decision, planned, decided.grant, self.build
            )
            receipt = await self.audit.append(record)
            answer = Answer(query, planned, receipt, self.audit, self.clock)
            try:
                await answer.start(self.engine, f"{partner.id}#{receipt.index}")
                return answer
            except PortTrouble:
                error, silent = await self._blame(planned, f"portgate-probe#{receipt.index}")
                await answer.close("failed", error)
                missing |= silent
                if not silent or not request.partial or not _answerable(decided, missing):
                    raise error from None
                planned = decided.plan(missing)
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
        _check_purpose(partner, purpose)
        question = ask_all(partner, purpose, self._now(), self.catalog)
        return grant_of(await self.policy.decide(question), self.catalog, {}).granted


_HOW_PARTIAL = "try again later, or ask for a partial answer"


def _shown(fault: Exception) -> GatewayError:
    return fault if isinstance(fault, GatewayError) else Broken("the gateway failed on this query")


def _answerable(decided: Decided, missing: frozenset[str]) -> bool:
    """Whether each table of the query still has a sharing port left."""
    return all(
        any(branch.port in use.ports - missing for branch in decided.grant.tables[use.name])
        for use in decided.resolved.uses
    )


def _check_purpose(partner: Partner, purpose: str) -> None:
    known = ", ".join(PURPOSES)
    if purpose not in PURPOSES:
        raise BadRequest(f"the purpose {purpose[:60]!r} is not known", hint=f"declare one of: {known}")
    if purpose not in partner.purposes:
        mine = ", ".join(partner.purposes) or "none"
        raise Denied(f"{partner.organisation} may not declare the purpose {purpose}", hint=f"yours are: {mine}")
