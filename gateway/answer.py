"""The rows of one admitted query, page by page; its ending is durable before the last page leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Awaitable
from dataclasses import replace
from datetime import datetime

import orjson

from gateway.audit.record import State
from gateway.conversation import Page, Position
from gateway.errors import Broken, GatewayError, PassedOn, PortTrouble, Unavailable
from gateway.model import Notice
from gateway.parts import AuditLog, Clock, Rows, Running
from gateway.receipt import chained
from gateway.recording import outcome_record
from gateway.running import unless
from gateway.usage import Meter

_log = logging.getLogger("portgate.answer")


def _cut_off() -> Unavailable:
    return Unavailable("a port's database failed in the middle of the answer", hint="what came is not whole; ask again")


async def digest_of(before: str, data: bytes) -> str:
    """Return the digest of an answer with one more page (`OutcomeRecord.result`)."""
    return await asyncio.to_thread(chained, before, data) if len(data) > LARGE_BYTES else chained(before, data)


LARGE_BYTES = 256 * 1024
"""Above this a page is hashed beside the event loop, which serves others meanwhile."""


def rows_of(page: Page) -> Rows:
    """Read the rows of a page: decimals, dates and times stay the texts that Trino sends."""
    rows: Rows = orjson.loads(page.data) if page.data else []
    return rows


class Answer:
    """What a partner gets: columns, notices, then pages; it ends in exactly one outcome record."""

    def __init__(
        self, position: Position, notices: tuple[Notice, ...], audit: AuditLog, clock: Clock, meter: Meter,
        running: Running | None = None,
    ) -> None:  # fmt: skip
        self.id = position.query
        self.notices = notices
        """What the partner must know about this answer."""
        self.stats: dict[str, object] = {}
        self.recorded: tuple[int, int] | None = None
        """Where its decision and its outcome stand in the log, once it has ended well."""
        self._position, self._running = position, running
        self._audit, self._clock, self._meter = audit, clock, meter
        self._rows, self._bytes, self._result = position.rows, position.bytes, position.result
        self._page = position.page
        self._held: Page | None = None
        self._closed = False
        self._stopped: asyncio.Future[GatewayError] = asyncio.get_running_loop().create_future()
        self._ending: asyncio.Task[None] | None = None

    @property
    def stands_on(self) -> dict[str, frozenset[str]]:
        """Port -> the agreements that this answer uses."""
        return {port: frozenset(agreements) for port, agreements in self._position.stands_on.items()}

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column, as Trino gives them; none as long as it has not said."""
        return self._running.columns if self._running else ()

    @property
    def signature(self) -> bytes:
        """The columns as Trino writes them: a JSON array, with the signatures of their types."""
        return self._running.signature if self._running else b""

    @property
    def progress(self) -> int:
        """How much of the work is done, in percent, rounded down to tens."""
        return self._running.progress if self._running else 0

    @property
    def has_ended(self) -> bool:
        """Whether its outcome is written, or being written."""
        return self._closed

    @property
    def position(self) -> Position:
        """Where the next page is."""
        path = self._running.next if self._running else ""
        return replace(
            self._position, page=self._page, next=path, rows=self._rows, bytes=self._bytes, result=self._result
        )

    async def start(self, sending: Awaitable[Running]) -> None:
        """Have the query sent; raise if it is stopped meanwhile."""
        self._running = await unless(self._stopped, sending)

    async def first(self) -> None:
        """Wait until the first rows are there, or it has ended; a failure is raised, and is not written yet."""
        while self._held is None:
            page = await unless(self._stopped, self._sent().turn())
            if page.rows or page.last:
                self._held = page

    async def turn(self) -> Page:
        """Ask Trino once for what comes next: the page may have no rows yet. A failure is raised."""
        async with self._ending_well():
            held, self._held = self._held, None
            if held is None:
                held = await unless(self._stopped, self._sent().turn())
            return await self._let_out(held)

    async def again(self) -> Page:
        """Ask Trino once more for the page that came last; nothing is counted twice."""
        return await unless(self._stopped, self._sent().again())

    async def pages(self) -> AsyncIterator[Page]:
        """Each page that has rows, and the last one. A failure is raised, never a quiet end."""
        try:
            while True:
                page = await self.turn()
                if page.rows or page.last:
                    yield page
                if page.last:
                    return
        except (asyncio.CancelledError, GeneratorExit):
            await asyncio.shield(self.cancel())
            raise

    @contextlib.asynccontextmanager
    async def _ending_well(self) -> AsyncIterator[None]:
        """Write the outcome of whatever fails here before anybody hears of it."""
        try:
            yield
        except PassedOn:
            raise  # whoever reads it on writes how it ends
        except GatewayError as fault:
            error = _cut_off() if isinstance(fault, PortTrouble) else fault
            await self.close("failed", error)
            if self._ending:
                await asyncio.wait({self._ending})  # the outcome is durable before the reader hears of it
            raise error from fault.__cause__

    async def _let_out(self, page: Page) -> Page:
        """Count a page, and let it out if the limits of the agreements leave room for it; else stop the query."""
        if page.rows:
            try:
                await self._meter.let_out(self._rows + page.rows, len(page.data))
            except GatewayError:
                with contextlib.suppress(GatewayError):  # why it is stopped is what is told
                    await self._sent().cancel()
                raise
            self._rows += page.rows
            self._bytes += len(page.data)
            self._result = await digest_of(self._result, page.data)
        self._page += 1
        if page.last:
            await self.close("finished")
        return page

    def stop(self, error: GatewayError) -> None:
        """End it with this error, whether or not somebody reads it now; what was read of it already leaves no more."""
        if not self._stopped.done():
            self._stopped.set_result(error)
            if not self._closed:
                self._ending = asyncio.create_task(self._end(error))

    def check(self) -> None:
        """Raise what has stopped it, if something has: whoever keeps a page of it asks before the page leaves."""
        if self._stopped.done():
            raise self._stopped.result()

    async def _end(self, error: GatewayError) -> None:
        try:
            await self.close("failed", error)
            if self._running:
                await self._running.cancel()
        except GatewayError as fault:
            _log.error("a query that its port suspended did not end in good order: %s", fault.code)

    async def cancel(self) -> None:
        """Stop the query in Trino and write that it was cancelled; nothing happens once it has ended."""
        if not self._closed:
            try:
                await self.close("cancelled")
            finally:
                if self._running:
                    await self._running.cancel()

    def _sent(self) -> Running:
        if self._running is None:
            raise Broken("an answer was read before it was started")
        return self._running

    async def close(self, state: State, error: GatewayError | None = None) -> None:
        """Write the outcome, once."""
        if self._closed:
            return
        self._closed = True
        where, moment = self.position, self._clock()
        elapsed = int((moment - datetime.fromisoformat(where.began)).total_seconds() * 1000)
        if error is not None:
            error.query_id = self.id
        code = error.code if error else ""
        receipt = await self._audit.append(outcome_record(where, moment, state, code, elapsed))
        self.recorded = (where.decision_index, receipt.index) if state == "finished" else None
        self.stats.update(rows=self._rows, elapsed_ms=elapsed, ports=list(where.ports), state=state)
