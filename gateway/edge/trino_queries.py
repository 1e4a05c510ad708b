"""The queries that Trino clients read here: given page by page, kept while they are read, cancelled when they are not.

*Invariants*
- Of a query the page that was given last is kept, and the next one that Trino was asked for meanwhile: one page ahead,
  never two. All pages that are kept together have a bound; beyond it, and for a query that other gateways read too,
  only small pages are kept, and Trino gives the last page again.
- A page is given if it is the next one, or the last one once more; all else is past.
- What its client leaves is cancelled by the gateway that gave it the last page; another one lets it go.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Coroutine, Iterable
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from gateway.conversation import Page, Position
from gateway.edge.front import Answered, Beginning
from gateway.edge.problems import Gone, broken
from gateway.edge.stream import note_unforeseen
from gateway.edge.trino_errors import Cancelled
from gateway.edge.trino_results import warnings_of
from gateway.errors import GatewayError, PassedOn, TooMany
from gateway.model import Notice, Partner

POLL_SECONDS = 1.0
"""How long a client waits for rows before it hears that there are none yet."""
HURRY_SECONDS = 0.05
"""How long a small page waits for the end that most often comes with it: that spares its client a request."""
SMALL_BYTES = 64 * 1024
AHEAD_BYTES = 96 * 1024 * 1024
"""What pages may take that are kept so that Trino can make the next ones while their clients read."""
KEPT_SECONDS = 30.0
"""How long a query that has ended can be read again."""
KEEP_ALIVE_SECONDS = 60.0
"""How long Trino hears nothing of a query whose client is alive and slow; after five minutes it ends the query."""
CANCEL_SECONDS = 2.0
MAX_OPEN, MAX_OPEN_OF_ONE = 5_000, 1_000

T = TypeVar("T")

_at_work: set[asyncio.Task[Any]] = set()
_log = logging.getLogger("portgate.edge")


@dataclass(frozen=True, slots=True)
class Given:
    """One page as it is given to a client."""

    number: int
    state: str
    next: int = 0
    """The number of the page that comes next; 0 for none."""
    position: Position | None = None
    """Where that page is, for any gateway; none as long as only this one can give it."""
    columns: bytes = b""
    data: bytes = b""
    progress: int | None = None
    error: GatewayError | None = None
    is_kept: bool = True
    """Whether `data` is all of it; else it must be asked for again."""


class Room:
    """So many bytes, for all that is kept."""

    def __init__(self, size: int) -> None:
        self._free = size

    def take(self, size: int) -> bool:
        """Take so much, if it is there."""
        is_there = size <= self._free
        self._free -= size if is_there else 0
        return is_there

    def give_back(self, size: int) -> None:
        """Give so much back."""
        self._free += size


class OpenQuery:
    """One query that one client reads; belongs to one event loop."""

    def __init__(
        self, partner: Partner, answer: Answered, notices: Iterable[Notice] = (), warnings: bytes | None = None
    ) -> None:
        self.partner, self.answer = partner, answer
        self.id = answer.id
        self.info_token = ""
        self.has_ended = False
        self._loop = asyncio.get_running_loop()
        self._opened = self.seen = self._asked = self._loop.time()
        self._notices, self._warnings = tuple(notices), warnings
        self._beginning: Beginning | None = None
        self._starting: asyncio.Task[Answered] | None = None
        self._turning: asyncio.Task[Page] | None = None
        self._reading = asyncio.Lock()
        self._next = answer.position.page
        self._last: Given | None = None
        self._is_cancelled = False
        self.room = Room(0)
        self._taken = 0

    @classmethod
    def begun(cls, partner: Partner, beginning: Beginning, notices: Iterable[Notice] = ()) -> OpenQuery:
        """Open a query that was sent, and wait for its first rows, whether or not its client asks for them already."""
        query = cls(partner, beginning.answer, notices)
        query._beginning, query._starting = beginning, kept(beginning.first())
        return query

    @property
    def warnings(self) -> bytes:
        """What every page says, as JSON."""
        return warnings_of((*self.answer.notices, *self._notices)) if self._warnings is None else self._warnings

    @property
    def waits(self) -> bool:
        """Whether its first rows are waited for."""
        return self._starting is not None

    def elapsed(self) -> float:
        """How long it has been read here, in seconds."""
        return self._loop.time() - self._opened

    def touch(self) -> None:
        """Note that its client is there."""
        self.seen = self._loop.time()

    def beat(self) -> None:
        """Note that its client is there though it reads nothing, and let Trino know from time to time."""
        self.touch()
        is_idle = self._turning is None and self._last is not None and not self._reading.locked() and not self.has_ended
        if is_idle and self.seen - self._asked > KEEP_ALIVE_SECONDS:
            self._asked = self.seen
            kept(self._ask_again())

    async def _ask_again(self) -> None:
        async with self._reading:
            with contextlib.suppress(GatewayError):  # whatever it is, the client hears of it when it reads on
                await self.answer.again()

    def may_move_to(self, number: int) -> bool:
        """Whether a page is so far on that another gateway must have given those before it."""
        return number > self._next and not self.has_ended and not self._reading.locked()

    def move(self, answer: Answered) -> None:
        """Go on where another gateway has left it."""
        self._warnings = self.warnings
        self.answer, self._next = answer, answer.position.page
        self.release()
        self._beginning = self._starting = self._turning = self._last = None

    async def give(self, number: int) -> Given:
        """Give a page, or raise Gone; whatever else goes wrong is a page too, and the last one."""
        async with self._reading:
            if self._last is not None and number == self._last.number and self._last.next != number:
                return await self._again(self._last)
            if number != self._next:
                raise _past()
            try:
                given = await self._read(number)
            except PassedOn:
                raise _past() from None
            except Exception as fault:
                note_unforeseen(fault)
                error = _cancelled() if self._is_cancelled else broken(fault)
                given = Given(number, "FAILED", error=self._named(error))
            return self._note(given)

    def _note(self, given: Given) -> Given:
        is_kept = len(given.data) <= SMALL_BYTES or self._taken > 0
        self._last = given if is_kept else replace(given, data=b"", is_kept=False)
        self._next, self._asked = given.next, self._loop.time()
        self.has_ended = self.has_ended or not given.next
        return given

    def _named(self, error: GatewayError) -> GatewayError:
        error.query_id = error.query_id or self.id
        return error

    async def _again(self, last: Given) -> Given:
        try:
            self.answer.check()
            if last.is_kept:
                return last
            if self._turning is not None:  # its client has asked for more already: Trino has let go of it
                raise _past()
            page = await self.answer.again()
        except PassedOn:
            raise _past() from None
        except Gone:
            raise
        except GatewayError as fault:
            return Given(last.number, "FAILED", error=self._named(fault))
        return replace(last, data=page.data, is_kept=True)

    async def _read(self, number: int) -> Given:
        deadline = self._loop.time() + POLL_SECONDS
        if not await self._has_started():
            return Given(number, "QUEUED", number)
        page = await self._turn()
        while not page.rows and not page.last and self._loop.time() < deadline:
            page = await self._turn()
        position = self.answer.position
        self.release()
        if page.last or (page.rows and await self._ends_ahead(len(page.data))):
            return Given(number, "FINISHED", columns=self.answer.signature, data=page.data, progress=100)
        return Given(number, "RUNNING", position.page, position, self.answer.signature, page.data, self.answer.progress)

    async def _has_started(self) -> bool:
        """Wait for the first rows, but not for long."""
        if self._is_cancelled:
            raise _cancelled()
        if self._starting is not None:
            await asyncio.wait({self._starting}, timeout=POLL_SECONDS)
            if not self._starting.done():
                return False
            if self._starting.cancelled():
                raise _cancelled()
            self.answer, self._starting, self._beginning = self._starting.result(), None, None
        return True

    async def _turn(self) -> Page:
        """Take the turn under way, or a new one; it goes on by itself if who waits for it goes away."""
        self._turning = turning = self._turning or kept(self.answer.turn())
        try:
            page = await asyncio.shield(turning)
        finally:
            if turning.done():
                self._turning = None
        if self._is_cancelled:
            raise _cancelled()
        self.answer.check()  # the page may have waited here for its client
        return page

    async def _ends_ahead(self, size: int) -> bool:
        """Ask for what comes next already, if there is room for it beside the page; say whether it is but the end."""
        if self._warnings is not None or not self.room.take(2 * size):
            return False
        self._taken = 2 * size
        self._turning = kept(self.answer.turn())
        return size <= SMALL_BYTES and await self._ends_soon(self._turning)

    async def _ends_soon(self, turning: asyncio.Task[Page]) -> bool:
        """Wait for the end for a moment; whatever else comes is kept for the next page."""
        deadline = self._loop.time() + HURRY_SECONDS
        while True:
            await asyncio.wait({turning}, timeout=max(0.0, deadline - self._loop.time()))
            if not turning.done() or turning.cancelled() or turning.exception() is not None:
                return False
            page = turning.result()
            if page.rows:
                return False
            if page.last:
                self._turning = None
                return True
            self._turning = turning = kept(self.answer.turn())

    def release(self) -> None:
        """Give back what room was taken; what was kept in it is asked for again, if need be."""
        self.room.give_back(self._taken)
        self._taken = 0

    async def cancel(self) -> None:
        """Stop it in Trino, whatever it waits for; nothing happens once it has ended."""
        if self.has_ended:
            return
        self._is_cancelled = self.has_ended = True
        self.release()
        if self._starting is not None and not self._starting.done():
            self._starting.cancel()
            await asyncio.wait({self._starting})
        await (self._beginning or self.answer).cancel()

    async def leave(self) -> None:
        """Cancel what its client has left, unless another gateway reads it on; what only took part knows of no page."""
        try:
            if not await self._is_read_elsewhere():
                await self.cancel()
        except GatewayError as fault:
            _log.error("a query that its client left did not end in good order: %s", fault.code)

    async def _is_read_elsewhere(self) -> bool:
        if self._last is None:
            return self._warnings is not None  # nobody else can have begun with it, unless it began elsewhere
        is_asking = self._turning is not None and not self._turning.done()
        if self._last.position is None or is_asking or self.has_ended:
            return False
        try:
            await self.answer.again()  # Trino gives the page that was asked for last, and no other
        except PassedOn:
            return True
        except GatewayError:
            return False
        return False


class OpenQueries:
    """Every query that is read here; belongs to one event loop."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout = timeout_seconds
        self._open: dict[str, OpenQuery] = {}
        self._counts: Counter[str] = Counter()
        self._room = Room(AHEAD_BYTES)
        self._sweeping: asyncio.Task[None] | None = None

    def find(self, query_id: str) -> OpenQuery | None:
        """Return a query that is read here."""
        return self._open.get(query_id)

    def check_room(self, partner: Partner) -> None:
        """Raise TooMany if no query more can be open."""
        if len(self._open) >= MAX_OPEN or self._counts[partner.organisation] >= MAX_OPEN_OF_ONE:
            raise TooMany("too many queries are open", hint="Read them to their end, or close them.")

    def add(self, query: OpenQuery) -> None:
        """Keep a query as long as it is read."""
        self._open[query.id], query.room = query, self._room
        self._counts[query.partner.organisation] += 1
        if self._sweeping is None or self._sweeping.done():
            self._sweeping = asyncio.create_task(self._sweep())

    async def _sweep(self) -> None:
        """Let go of what nobody reads, as long as there is anything."""
        loop = asyncio.get_running_loop()
        while self._open:
            await asyncio.sleep(min(self._timeout / 4, 5.0))
            now = loop.time()
            for query in list(self._open.values()):
                idle = now - query.seen
                if idle > self._timeout or (query.has_ended and idle > KEPT_SECONDS):
                    self._drop(query)
                    kept(query.leave())

    def _drop(self, query: OpenQuery) -> None:
        del self._open[query.id]
        query.release()
        self._counts[query.partner.organisation] -= 1
        if not self._counts[query.partner.organisation]:
            del self._counts[query.partner.organisation]

    async def close(self) -> None:
        """Cancel what is not read to its end, unless it goes on elsewhere."""
        if self._sweeping is not None:
            self._sweeping.cancel()
            await asyncio.wait({self._sweeping})
        stopping = [kept(query.leave()) for query in self._open.values() if not query.has_ended]
        self._open.clear()
        if stopping:
            await asyncio.wait(stopping, timeout=CANCEL_SECONDS)


def kept(work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
    """Do it to its end, whoever waits for it; whether it failed is asked by who needs to know."""
    task = asyncio.create_task(work)
    _at_work.add(task)
    task.add_done_callback(_done)
    return task


def _done(task: asyncio.Task[Any]) -> None:
    _at_work.discard(task)
    if not task.cancelled():
        task.exception()


def _past() -> Gone:
    return Gone("this page is past", hint="Read on from the last page, or ask anew.")


def _cancelled() -> Cancelled:
    return Cancelled("the query was cancelled")
