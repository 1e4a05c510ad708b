"""The rows of one admitted query, page by page; its ending is durable before the last page leaves."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

import orjson

from gateway.audit.record import Receipt, State
from gateway.errors import Broken, GatewayError, PortTrouble, Unavailable
from gateway.kernel.plan import Plan
from gateway.model import Admission, Notice
from gateway.parts import AuditLog, Clock, Engine, Rows, Running
from gateway.recording import outcome_record
from gateway.running import each_unless, unless
from gateway.usage import Meter

_log = logging.getLogger("portgate.answer")


def _cut_off() -> Unavailable:
    return Unavailable("a port's database failed in the middle of the answer", hint="what came is not whole; ask again")


class Answer:
    """What a partner gets: columns, notices, then pages; it ends in exactly one outcome record."""

    def __init__(self, query: str, plan: Plan, receipt: Receipt, audit: AuditLog, clock: Clock, meter: Meter) -> None:
        self.id = query
        self.receipt = receipt
        self.stats: dict[str, object] = {}
        self._plan, self._audit, self._clock, self._meter = plan, audit, clock, meter
        self._running: Running | None = None
        self._began = clock()
        self._rows = self._bytes = 0
        self._closed = False
        self._stopped: asyncio.Future[GatewayError] = asyncio.get_running_loop().create_future()
        self._ending: asyncio.Task[None] | None = None

    @property
    def stands_on(self) -> dict[str, frozenset[str]]:
        """Port -> the agreements that this answer uses."""
        used: dict[str, frozenset[str]] = {}
        for share in self._plan.shares:
            used[share.port] = used.get(share.port, frozenset()) | frozenset(share.agreements)
        return used

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column, as Trino gives them."""
        return self._running.columns if self._running else ()

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the partner must know about this answer."""
        return self._plan.notices

    async def start(self, engine: Engine, user: str) -> None:
        """Send the query; return once its first rows are there."""
        admission = Admission(user, self._plan.reach, self.id, self.receipt.index)
        self._running = await unless(self._stopped, engine.start(self._plan.sql, admission))

    async def pages(self) -> AsyncIterator[Rows]:
        """Each page of rows, as Trino sends their values. A failure is raised, never a quiet end."""
        if self._running is None:
            raise Broken("an answer was read before it was started")
        try:
            async for page, last in each_unless(self._stopped, self._running.pages()):
                size = len(orjson.dumps(page))
                await self._count(len(page), size)
                self._rows += len(page)
                self._bytes += size
                if last:
                    await self.close("finished")
                yield page
        except GatewayError as fault:
            error = _cut_off() if isinstance(fault, PortTrouble) else fault
            await self.close("failed", error)
            if self._ending:
                await asyncio.wait({self._ending})  # the outcome is durable before the reader hears of it
            raise error from fault.__cause__
        except (asyncio.CancelledError, GeneratorExit):
            await asyncio.shield(self.cancel())
            raise

    async def _count(self, rows: int, size: int) -> None:
        """Let a page out if the limits of the agreements leave room for it; else stop the query and raise."""
        try:
            if rows:
                await self._meter.let_out(self._rows + rows, size)
        except GatewayError:
            if self._running:
                with contextlib.suppress(GatewayError):  # why it is stopped is what is told
                    await self._running.cancel()
            raise

    def stop(self, error: GatewayError) -> None:
        """End it with this error, whether or not somebody reads it now; nothing happens once it has ended."""
        if not self._closed and not self._stopped.done():
            self._stopped.set_result(error)
            self._ending = asyncio.create_task(self._end(error))

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

    async def close(self, state: State, error: GatewayError | None = None) -> None:
        """Write the outcome, once."""
        if self._closed:
            return
        self._closed = True
        moment = self._clock()
        elapsed = int((moment - self._began).total_seconds() * 1000)
        if error is not None:
            error.query_id = self.id
        code = error.code if error else ""
        await self._audit.append(
            outcome_record(
                self.id, moment, self.receipt.index, state, self._plan, self._rows, self._bytes, code, elapsed
            )
        )
        self.stats.update(rows=self._rows, elapsed_ms=elapsed, ports=list(self._plan.ports), state=state)
