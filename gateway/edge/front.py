"""What the edge asks of the gate behind it; the pipeline's Gate is the real one, the tests' stand-in the other."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, Protocol

from gateway.conversation import Page, Position, QueryRequest, Told
from gateway.errors import Unauthenticated
from gateway.model import Catalog, Notice, Partner


class Answered(Protocol):
    """The rows of one query, page by page."""

    id: str
    stats: dict[str, object]
    recorded: tuple[int, int] | None
    """Where its decision and its outcome stand in the log, once it has ended well; None where no query runs for it."""

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column; none as long as Trino has not said."""

    @property
    def signature(self) -> bytes:
        """The columns as Trino writes them, a JSON array with the signatures of their types; empty as `columns`."""

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the partner must know about this answer."""

    @property
    def progress(self) -> int:
        """How much of the work is done, in percent, rounded down to tens."""

    @property
    def position(self) -> Position:
        """Where the next page is."""

    def pages(self) -> AsyncIterator[Page]:
        """Each page of rows; a failure is raised, never a quiet end."""

    async def turn(self) -> Page:
        """Ask Trino once for what comes next, for a second at most: the page may have no rows yet.

        Rows are counted, and the outcome is durable before the last page is given. A failure is raised; `PassedOn` if
        another gateway has read on from here, and then nothing is written.
        """

    async def again(self) -> Page:
        """Ask Trino once more for the page that `turn` gave last; nothing is counted twice. `PassedOn` as above."""

    def check(self) -> None:
        """Raise what has stopped it, if something has: whoever keeps a page of it asks before the page leaves."""

    async def cancel(self) -> None:
        """Stop the query; nothing happens once it has ended."""


class Beginning(Protocol):
    """A query that was decided, admitted and sent to Trino; nothing of it is read yet."""

    @property
    def answer(self) -> Answered:
        """The answer to come; another one once it had to be asked again without ports that do not answer."""

    async def first(self) -> Answered:
        """Wait until its first rows are there or it has ended; called once. A failure is raised."""

    async def cancel(self) -> None:
        """Stop it, whatever it waits for."""


class Front(Protocol):
    """The gate."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Say who asks, or raise Unauthenticated."""

    def turned_away(self, error: Unauthenticated, token: str, /) -> None:
        """Somebody was not let in, for this reason; `token` is what they showed, or nothing."""

    async def answer(self, partner: Partner, request: QueryRequest) -> Answered:
        """Start a query and wait for its first rows, or raise a GatewayError before any row."""

    async def begin(self, partner: Partner, request: QueryRequest) -> Beginning:
        """Start a query; return as soon as it was sent."""

    def resume(self, partner: Partner, position: Position) -> Answered:
        """Read an answer on that another gateway, or this one, has begun; raise Denied if it is somebody else's."""

    async def explain(self, partner: Partner, request: QueryRequest) -> Any:
        """Return a frozen dataclass that says what the query would be let to see."""

    async def visible(self, partner: Partner, purpose: str) -> Catalog:
        """The catalog as this partner sees it for this purpose."""


class Speaker(Protocol):
    """The gate for clients with sessions: statements of every kind, of which most are no queries."""

    async def speak(self, partner: Partner, request: QueryRequest) -> Told | Beginning:
        """Answer a statement at once, or begin the query that it means.

        The session's own properties (`portgate.purpose`, `portgate.partial`) and client tags decide purpose and
        opt-in; the request's own `purpose` and `partial` hold where they say nothing.
        """
