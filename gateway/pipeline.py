"""The life of a query, in order; each line's result is the next line's argument.

`receive → identify → parse → survey → ask, decide → authorise → rewrite → verify → plan → reserve → admit → execute
→ close`
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from gateway.answer import Answer
from gateway.asking import Asking, Decided, Means, shown
from gateway.conversation import Position, Preview, QueryRequest
from gateway.errors import Denied, Unauthenticated
from gateway.explain import Explanation, explained, tables_read
from gateway.kernel.authorise import ask_all, grant_of
from gateway.kernel.keys import mask_keys
from gateway.model import Asked, AskedTable, Catalog, Decision, Facts, Partner, Place, Question
from gateway.moments import utc
from gateway.parts import AuditLog, Clock, Engine, Identity, Kernel, Policy, Usage
from gateway.purpose import check_purpose, check_withheld
from gateway.recording import refusal_record
from gateway.running import RunningAnswers
from gateway.session.metadata import RecentQuery, Seen, contents, seen
from gateway.sights import Sights
from gateway.usage import Meter, counted


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
    recent: Callable[[Partner], tuple[RecentQuery, ...]] = field(default=lambda _: (), kw_only=True)
    """The last queries of a partner's own."""
    sights: Sights = field(default_factory=Sights, kw_only=True)
    turned_away: Callable[[Unauthenticated, str], None] = field(default=lambda error, token: None, kw_only=True)
    """Hears of everybody who was not let in."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who asks."""
        return self.identity.identify(token, certificate)

    async def answer(self, partner: Partner, request: QueryRequest) -> Answer:
        """Take one query from request to its first rows, or raise; every ending is written down first."""
        return await (await self.begin(partner, request)).first()

    async def begin(self, partner: Partner, request: QueryRequest) -> Asking:
        """Take one query from request to Trino, or raise; every ending is written down first."""
        return await (await self._asking(partner, request)).begin()

    async def validate(self, partner: Partner, request: QueryRequest) -> None:
        """Have Trino look at a query without reading a row; raise what is wrong with it. Written down as any other."""
        await (await self._asking(partner, request)).validate()

    async def _asking(self, partner: Partner, request: QueryRequest) -> Asking:
        query = str(uuid.uuid4())
        tables: tuple[AskedTable, ...] | None = None
        try:
            asked = await self.survey(partner, request)
            tables = asked.tables
            decided = await self.decide(partner, request, asked)
            planned = await decided.plan(self.kernel)
            check_withheld(request, planned.plan.notices)
            await decided.meter(self.usage, planned).reserve()
        except Exception as fault:  # whatever it was, it is written down, and nothing of it is shown
            error = shown(fault)
            error.query_id = query
            await self.audit.append(refusal_record(query, self.clock(), partner, request, error, self.build, tables))
            raise error from fault.__cause__
        means = Means(self.kernel, self.engine, self.audit, self.usage, self.clock, self.running, self.build)
        return Asking(means, query, partner, request, decided, planned)

    def resume(self, partner: Partner, position: Position) -> Answer:
        """Read an answer on where another gateway left it; its notices came with its first pages."""
        if (position.partner, position.organisation) != (partner.id, partner.organisation):
            raise Denied("this answer is somebody else's", hint="ask for yourself")
        meter = Meter(self.usage, position.organisation, position.day, position.limited)
        running = self.engine.resume(position.user, position.next)
        answer = Answer(position, (), self.audit, self.clock, meter, running)
        self.running.add(answer)
        return answer

    async def survey(self, partner: Partner, request: QueryRequest) -> Asked:
        """Find what the query may mean, and what it must be told; a preview means one port's part of it."""
        check_purpose(partner, request.purpose)
        asked = await self.kernel.tables_asked(partner.organisation, request.sql, place_of(request))
        return replace(asked, tables=parts_of(asked.tables, request.preview))

    async def decide(self, partner: Partner, request: QueryRequest, asked: Asked) -> Decided:
        """Ask the policy once: about the tables, or about all there is if metadata is read; twice if both are."""
        question = Question(partner, request.purpose, self._now(), asked.tables)
        if asked.tables:
            question = await counted(self.usage, question)
        facts, decision = Facts(partner.id), None
        if asked.relations:
            everything, there = await self._everything(partner, request.purpose, request.preview)
            facts = Facts(partner.id, contents(there, asked.relations))
            decision = None if asked.tables else replace(everything, tables={})
        decision = decision or await self.policy.decide(question)
        grant = grant_of(decision, self.catalog, mask_keys(self.mask_secret, partner.organisation, self.catalog.ports))
        is_preview = request.preview is not None
        return Decided(question, request.sql, decision, grant, is_preview, place_of(request), facts)

    async def explain(self, partner: Partner, request: QueryRequest) -> Explanation:
        """Decide and plan a query as `answer` would, and run nothing."""
        asked = await self.survey(partner, request)
        decided = await self.decide(partner, request, asked)
        planned = await decided.plan(self.kernel)
        return explained(planned.plan, decided.decision, decided.question, tables_read(asked, self.catalog))

    def _now(self) -> str:
        return utc(self.clock())[:19] + "Z"

    async def visible(self, partner: Partner, purpose: str) -> Catalog:
        """The catalog as this partner sees it for this purpose."""
        return (await self.seen(partner, purpose)).catalog

    async def seen(self, partner: Partner, purpose: str) -> Seen:
        """All that this partner may see for this purpose."""
        return (await self._everything(partner, purpose))[1]

    async def _everything(
        self, partner: Partner, purpose: str, preview: Preview | None = None
    ) -> tuple[Decision, Seen]:
        """Ask the policy for all there is; in a preview, for all of one port."""
        check_purpose(partner, purpose)

        async def look() -> tuple[Decision, Seen]:
            everything = ask_all(partner, purpose, self._now(), self.catalog)
            question = replace(everything, tables=parts_of(everything.tables, preview))
            decision = await self.policy.decide(await counted(self.usage, question))
            return decision, seen(partner, grant_of(decision, self.catalog, {}))

        port = preview.port if preview else ""
        decision, there = await self.sights.of(partner, purpose, port, self.clock(), look)
        return decision, replace(there, queries=() if preview else self.recent(partner))


def place_of(request: QueryRequest) -> Place:
    """Where the names of a request are looked for."""
    return Place(request.session.catalog, request.session.schema)


def parts_of(tables: tuple[AskedTable, ...], preview: Preview | None) -> tuple[AskedTable, ...]:
    """The tables to ask about: in a preview, those of one port."""
    return tuple(table for table in tables if preview is None or table.name.catalog == preview.port)
