"""An in-memory policy, engine, audit log and clock: whole stories of a query without a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import orjson

from gateway.audit.canonical import members
from gateway.audit.record import Receipt, Record
from gateway.conversation import Page, Session
from gateway.desk import Desk, Job, Planned
from gateway.errors import AuditUnavailable, GatewayError, PortTrouble
from gateway.model import (
    CANONICAL,
    Admission,
    Asked,
    Catalog,
    Decision,
    Limited,
    Partner,
    Place,
    Question,
    Spent,
    TableName,
)
from gateway.parts import Rows
from gateway.pipeline import Gate
from gateway.session.binding import Bound, bind
from gateway.session.commands import Command
from gateway.session.prepared import Described, command_in, describe
from gateway.session.stand_in import stand_in
from tests.world import CATALOG, EVERYTHING, PARTNER


class Ticking:
    """A clock that moves one second each time it is read."""

    def __init__(self) -> None:
        self._moment = datetime(2026, 11, 22, 16, 45, 6, tzinfo=UTC)

    def __call__(self) -> datetime:
        self._moment += timedelta(seconds=1)
        return self._moment


@dataclass
class Log:
    """Remembers the order of all that happened, audit records among it."""

    happened: list[str] = field(default_factory=list)
    records: list[Record] = field(default_factory=list)
    full_after: int | None = None

    async def append(self, record: Record) -> Receipt:
        """Keep the record, or fail as a full disk would."""
        if self.full_after is not None and len(self.records) >= self.full_after:
            raise AuditUnavailable("the audit log cannot be written")
        members(record)
        self.records.append(record)
        self.happened.append(type(record).__name__)
        return Receipt(len(self.records), "digest")

    async def probe(self) -> None:
        """Always well."""


class AtOnce:
    """The kernel's steps, taken here and now instead of in a worker."""

    def __init__(self, catalog: Catalog = CATALOG) -> None:
        self._desk = Desk(catalog, stand_in)

    async def tables_asked(self, organisation: str, text: str, place: Place = CANONICAL) -> Asked:
        """Take the first hop."""
        return self._desk.tables_asked(text, place)

    async def plan(self, organisation: str, job: Job) -> Planned:
        """Take the second hop."""
        return self._desk.plan(job)

    async def command(self, organisation: str, text: str) -> Command:
        """Read a command."""
        return command_in(text)

    async def bound(self, organisation: str, text: str, parameters: tuple[str, ...]) -> Bound:
        """Put parameters in place."""
        return bind(text, parameters)

    async def described(self, organisation: str, text: str) -> Described:
        """Describe a query."""
        return describe(text)

    async def probe(self) -> None:
        """Always well."""


@dataclass
class FixedPolicy:
    """Gives one answer to every question, and remembers the questions."""

    answer: Decision | GatewayError = EVERYTHING
    questions: list[Question] = field(default_factory=list)

    async def decide(self, question: Question) -> Decision:
        """Give the answer."""
        self.questions.append(question)
        if isinstance(self.answer, GatewayError):
            raise self.answer
        return self.answer

    async def probe(self) -> None:
        """Always well."""


@dataclass
class FakeRunning:
    """A query whose pages are known beforehand; an error among them is raised in its turn, an exception as it is."""

    log: Log
    given: list[Rows | GatewayError]
    columns: tuple[tuple[str, str], ...] = (("ship", "varchar"),)
    signature: bytes = b'[{"name":"ship","type":"varchar"}]'
    progress: int = 0
    turned: int = 0

    @property
    def next(self) -> str:
        """The number of the page that comes next."""
        return str(self.turned) if self.turned < len(self.given) else ""

    async def turn(self) -> Page:
        """Give the next page."""
        page = self.given[self.turned]
        if isinstance(page, GatewayError):
            raise page
        self.log.happened.append(f"page {self.turned}")
        self.turned += 1
        return self._page(page)

    async def again(self) -> Page:
        """Give the last page once more."""
        page = self.given[self.turned - 1]
        if isinstance(page, GatewayError):
            raise page
        return self._page(page)

    async def cancel(self) -> None:
        """Note the cancellation."""
        self.log.happened.append("cancelled in Trino")

    def _page(self, rows: Rows) -> Page:
        return Page(orjson.dumps(rows) if rows else b"", len(rows), self.turned == len(self.given))


@dataclass
class FakeEngine:
    """Trino with ports that can be silent."""

    log: Log
    pages: list[Rows | GatewayError] = field(default_factory=lambda: [[["EVER GIVEN"]], [["MAERSK"]]])
    dead: set[str] = field(default_factory=set)
    fails: Exception | None = None
    blind: GatewayError | None = None
    """What the engine says when it is asked which ports are silent."""
    sent: list[tuple[str, str]] = field(default_factory=list)
    admitted: list[Admission] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> FakeRunning:  # noqa: B008
        """Start; a text that reads a dead port fails as it is read."""
        self.log.happened.append("sent")
        self.sent.append((sql, admission.user))
        self.admitted.append(admission)
        self.sessions.append(session)
        if self.fails:
            raise self.fails
        if any(f'"{port}".' in sql for port in self.dead):
            return FakeRunning(self.log, [PortTrouble("a port failed")])
        return FakeRunning(self.log, list(self.pages))

    def resume(self, user: str, path: str) -> FakeRunning:
        """Read on at the page whose number is the path."""
        return FakeRunning(self.log, list(self.pages), turned=int(path))

    async def validate(self, sql: str, admission: Admission, session: Session = Session()) -> None:  # noqa: B008
        """Look at a text as at one that is run."""
        page = await (await self.start(sql, admission, session)).turn()
        self.log.happened.append(f"validated, {page.rows} rows unread")

    async def silent_ports(self, tables: Iterable[TableName], user: str) -> tuple[str, ...]:
        """The dead ones among the ports of `tables`."""
        if self.blind:
            raise self.blind
        return tuple(sorted({table.catalog for table in tables} & self.dead))

    async def probe(self) -> None:
        """Always well."""


@dataclass
class Counters:
    """Usage in memory; `broken` is raised by whatever is asked of it."""

    had: dict[tuple[str, str, str, str], Spent] = field(default_factory=dict)
    """Day, organisation, port and agreement -> what was counted."""
    broken: GatewayError | None = None

    async def spent(self, organisation: str, day: str) -> Mapping[str, Mapping[str, Spent]]:
        """What was counted on that day."""
        self._well()
        found: dict[str, dict[str, Spent]] = {}
        for (on, who, port, agreement), spent in self.had.items():
            if (on, who) == (day, organisation):
                found.setdefault(port, {})[agreement] = spent
        return found

    async def reserve(self, organisation: str, day: str, limited: Sequence[Limited]) -> Limited | None:
        """Count one query, unless one agreement has none left."""
        for one in limited:
            most, had = one.limits, self._had(organisation, day, one)
            if most.queries_a_day is not None and had.queries >= most.queries_a_day:
                return one
            if most.bytes_a_day is not None and had.bytes >= most.bytes_a_day:
                return one
        self._add(organisation, day, limited, Spent(1, 0))
        return None

    async def add_bytes(self, organisation: str, day: str, limited: Sequence[Limited], size: int) -> Limited | None:
        """Count bytes, unless one agreement has fewer left."""
        for one in limited:
            most, had = one.limits.bytes_a_day, self._had(organisation, day, one)
            if most is not None and had.bytes + size > most:
                return one
        self._add(organisation, day, limited, Spent(0, size))
        return None

    async def probe(self) -> None:
        """Always well, unless it is broken."""
        self._well()

    def _had(self, organisation: str, day: str, one: Limited) -> Spent:
        self._well()
        return self.had.get((day, organisation, one.port, one.agreement), Spent())

    def _add(self, organisation: str, day: str, limited: Sequence[Limited], more: Spent) -> None:
        for one in limited:
            had = self._had(organisation, day, one)
            self.had[day, organisation, one.port, one.agreement] = Spent(
                had.queries + more.queries, had.bytes + more.bytes
            )

    def _well(self) -> None:
        if self.broken:
            raise self.broken


class AnyToken:
    """Believes everybody."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Ana."""
        return PARTNER


def gate(log: Log, engine: FakeEngine, policy: FixedPolicy | None = None, usage: Counters | None = None) -> Gate:
    """A gate among simulated parts."""
    return Gate(
        CATALOG, AtOnce(), AnyToken(), policy or FixedPolicy(), engine, log, usage or Counters(), Ticking(), b"secret",
        "test build",
    )  # fmt: skip
