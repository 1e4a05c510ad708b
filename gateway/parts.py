"""What the pipeline asks of the parts around it; the adapters are the real ones, the tests' simulator stands in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from gateway.audit.record import Receipt, Record
from gateway.conversation import Page, Session
from gateway.desk import Job, Planned
from gateway.model import CANONICAL, Admission, Asked, Decision, Limited, Partner, Place, Question, Spent, TableName
from gateway.session.binding import Bound
from gateway.session.commands import Command
from gateway.session.prepared import Described

Rows = list[list[object]]


class Identity(Protocol):
    """Who stands behind a token, or behind the client certificate (DER) of a connection."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Raise `Unauthenticated` unless somebody whom we trust vouches for them."""


class Kernel(Protocol):
    """The steps from a text to its plan, wherever they are taken; `organisation` is whose turn it is."""

    async def tables_asked(self, organisation: str, text: str, place: Place = CANONICAL) -> Asked:
        """Say what the policy must be asked about and what the text must be told, or refuse the text."""

    async def plan(self, organisation: str, job: Job) -> Planned:
        """Plan what the policy granted, or refuse the text."""

    async def command(self, organisation: str, text: str) -> Command:
        """Read a statement that is no query, or refuse it."""

    async def bound(self, organisation: str, text: str, parameters: tuple[str, ...]) -> Bound:
        """Put the parameters of a prepared statement in place, or refuse them."""

    async def described(self, organisation: str, text: str) -> Described:
        """Say what a prepared query takes and gives, or refuse it."""

    async def probe(self) -> None:
        """Raise `KernelUnavailable` unless a text can be read."""


class Policy(Protocol):
    """The ports' agreements, as OPA applies them."""

    async def decide(self, question: Question) -> Decision:
        """Answer the one question, or raise `PolicyUnavailable`."""

    async def probe(self) -> None:
        """Raise `PolicyUnavailable` unless the policy answers and denies a nobody."""


class Running(Protocol):
    """One query under way."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column; none as long as Trino has not said."""

    @property
    def signature(self) -> bytes:
        """The columns as Trino writes them."""

    @property
    def next(self) -> str:
        """Where Trino has the page that comes next; empty once it has ended."""

    @property
    def progress(self) -> int:
        """How much of the work is done, in percent, rounded down to tens."""

    async def turn(self) -> Page:
        """Ask once for what comes next, for a second at most; raise `Failed`, `EngineUnavailable`, `PortTrouble`, or
        `VerificationFailed` if Trino asked the second wall for more than was admitted."""

    async def again(self) -> Page:
        """Ask once more for the page that came last."""

    async def cancel(self) -> None:
        """Stop it."""


class Engine(Protocol):
    """Trino."""

    async def start(self, sql: str, admission: Admission, session: Session = ...) -> Running:
        """Send a query that may touch what its admission says, or raise `EngineUnavailable`."""

    def resume(self, user: str, path: str) -> Running:
        """Read a query on that another gateway has sent."""

    async def validate(self, sql: str, admission: Admission, session: Session = ...) -> None:
        """Look at a query without reading a row; raise as `start` and `turn` do."""

    async def silent_ports(self, tables: Iterable[TableName], user: str) -> tuple[str, ...]:
        """Name the ports among `tables` whose database does not answer."""

    async def probe(self) -> None:
        """Raise `EngineUnavailable` unless Trino answers."""


class AuditLog(Protocol):
    """Where every question and answer is written down."""

    async def append(self, record: Record) -> Receipt:
        """Return once the record is durable, or raise `AuditUnavailable`."""

    async def probe(self) -> None:
        """Raise `AuditUnavailable` unless the log can be written."""


class Usage(Protocol):
    """What each organisation has had of agreements with limits on one UTC day, counted durably."""

    async def spent(self, organisation: str, day: str) -> Mapping[str, Mapping[str, Spent]]:
        """Port -> agreement -> what was counted on `day`."""

    async def reserve(self, organisation: str, day: str, limited: Sequence[Limited]) -> Limited | None:
        """Count one query in all of `limited`, or in none: then the one that is used up comes back."""

    async def add_bytes(self, organisation: str, day: str, limited: Sequence[Limited], size: int) -> Limited | None:
        """Count bytes in all of `limited`, or in none: then the one that has too few left comes back."""

    async def probe(self) -> None:
        """Raise `Unavailable` unless usage can be counted."""


class Clock(Protocol):
    """What time it is."""

    def __call__(self) -> datetime:
        """The moment, in UTC."""
