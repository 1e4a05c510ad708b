"""A gate for the edge's tests: it knows two partners, gives the pages it was told to give, and counts cancels."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field

import orjson

from gateway.conversation import Page, Position, QueryRequest
from gateway.errors import Unauthenticated
from gateway.model import Catalog, Column, Notice, Partner, Port, Table, TableName, Term

ANALYST = Partner(
    "gobiz-analyst", "gobiz", "state_agency", ("analyst",), ("freight_resilience", "emissions_reduction"), {}, "t-1"
)
PLANNER = Partner("msc-planner", "msc", "ocean_carrier", (), ("freight_resilience",), {"carrier_smdg": "MSC"}, "t-2")
STEWARD = Partner(
    "la-steward", "port_of_los_angeles", "port_authority", ("steward",), (), {"port": "los_angeles"}, "t-3"
)

CALLS = TableName("california", "freight", "vessel_calls")
VISITS = TableName("los_angeles", "pola", "vessel_visit")

CATALOG = Catalog(
    ports={"los_angeles": Port("los_angeles", "Port of Los Angeles", "USLAX", "data@pola.example", {})},
    tables={
        CALLS: Table(
            CALLS,
            {
                "port_unlocode": Column("port_unlocode", "varchar", "Which port.", "UN/LOCODE", "UNECE 16", "public"),
                "ata_berth": Column("ata_berth", "timestamp(3)", "", term="ata_berth"),
            },
            "One row per call.",
        ),
        VISITS: Table(VISITS, {"visit_id": Column("visit_id", "bigint", "Its number.")}, "Visits.", synthetic=True),
    },
    mappings={},
    revision="ab" * 32,
    terms={
        "ata_berth": Term("ata_berth", "Berth arrival", "When it tied up.", "timestamp(3)", "vessel", "UTC", "DCSA")
    },
)

NOTICES = (
    Notice("column_masked", "shown masked (keyed hash)", "los_angeles", "freight.container_events", "container_no"),
    Notice("port_not_sharing", "shares nothing of it with you — ask Zoë", "oakland", "freight.container_events"),
)

Rows = list[list[object]]


def page_of(rows: Rows, *, last: bool = False) -> Page:
    """Rows as Trino sends them."""
    return Page(orjson.dumps(rows) if rows else b"", len(rows), last)


@dataclass
class StandInAnswer:
    """Gives its pages, then its error if it has one; a page that is None never comes."""

    given: Sequence[Rows | None]
    error: Exception | None = None
    columns: tuple[tuple[str, str], ...] = (("port", "varchar"), ("teu", "bigint"))
    signed: bytes = b""
    """The columns with the signatures of their types, where a test has them."""
    notices: tuple[Notice, ...] = NOTICES
    id: str = "q-1"
    stats: dict[str, object] = field(default_factory=dict)
    recorded: tuple[int, int] | None = None
    progress: int = 0
    ended: bool = False
    cancelled: int = 0
    waiting: asyncio.Event = field(default_factory=asyncio.Event)
    turned: int = 0

    async def pages(self) -> AsyncIterator[Page]:
        """Yield page after page."""
        rows = 0
        for given in self.given:
            if given is None:
                self.waiting.set()
                await asyncio.Event().wait()
                continue
            rows += len(given)
            yield page_of(given)
        if self.error is not None:
            self.ended = True
            raise self.error
        self.stats.update(rows=rows, elapsed_ms=12, ports=["los_angeles"])
        self.ended = True

    @property
    def signature(self) -> bytes:
        """The columns as Trino writes them, as far as they are known here."""
        return self.signed or orjson.dumps([{"name": name, "type": type_} for name, type_ in self.columns])

    @property
    def position(self) -> Position:
        """The page that comes next."""
        return Position(self.id, "gobiz", "gobiz-analyst", "gobiz-analyst#1", 1, "", self.turned + 1, str(self.turned))

    async def turn(self) -> Page:
        """Give the next page, or the error at its end."""
        if self.turned == len(self.given) and self.error is not None:
            raise self.error
        page = self.given[self.turned]
        self.turned += 1
        if page is None:
            self.waiting.set()
            await asyncio.Event().wait()
        return page_of(page or [], last=self.turned == len(self.given) and self.error is None)

    async def again(self) -> Page:
        """Give the last page once more."""
        return page_of(self.given[self.turned - 1] or [], last=self.turned == len(self.given))

    async def first(self) -> StandInAnswer:
        """Be the beginning of itself."""
        return self

    @property
    def answer(self) -> StandInAnswer:
        """Be the beginning of itself."""
        return self

    def check(self) -> None:
        """Nothing stops it."""

    async def cancel(self) -> None:
        """Count what a gate would have to cancel."""
        if not self.ended:
            self.cancelled += 1
            self.ended = True


@dataclass
class StandInGate:
    """Answers every question with one prepared answer."""

    result: StandInAnswer = field(default_factory=lambda: StandInAnswer([[["Los Angeles", 7]], [["Oakland", None]]]))
    refusal: Exception | None = None
    asked: list[tuple[Partner, QueryRequest]] = field(default_factory=list)
    explanation: object = None
    parts: dict[str, str] = field(default_factory=lambda: {"policy": "ok", "engine": "ok", "audit": "ok"})
    turned: list[tuple[str, str]] = field(default_factory=list)
    """Who was not let in: why, and with which token."""

    def turned_away(self, error: Unauthenticated, token: str, /) -> None:
        """Note it."""
        self.turned.append((error.message, token))

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Take the partner's name for a token."""
        partners = {"analyst": ANALYST, "planner": PLANNER, "steward": STEWARD}
        if token not in partners:
            raise Unauthenticated("this needs a token", hint="Get one.")
        return partners[token]

    async def answer(self, partner: Partner, request: QueryRequest) -> StandInAnswer:
        """Note the question."""
        self.asked.append((partner, request))
        if self.refusal is not None:
            raise self.refusal
        return self.result

    async def begin(self, partner: Partner, request: QueryRequest) -> StandInAnswer:
        """Note the question."""
        return await self.answer(partner, request)

    def resume(self, partner: Partner, position: Position) -> StandInAnswer:
        """Go on with the one answer."""
        return self.result

    async def explain(self, partner: Partner, request: QueryRequest) -> object:
        """Note the question."""
        self.asked.append((partner, request))
        if self.refusal is not None:
            raise self.refusal
        return self.explanation

    async def visible(self, partner: Partner, purpose: str) -> Catalog:
        """Show everything."""
        return CATALOG

    async def ready(self) -> dict[str, str]:
        """Say how the parts are."""
        return self.parts
