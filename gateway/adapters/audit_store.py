"""Audit records from many queries at once -> few durable commits, by one writer thread, which signs them.

*Invariants*
- `append` returns only after the commit that holds the record; records that wait together share one.
- After a fault every append raises AuditUnavailable until the storage was opened again: by `probe`, or after an append
  that came REOPEN_SECONDS or more after the last try. What was refused stays refused. AuditLost is for good, and
  whoever waits on `lost` hears of it: the gateway ends.
- A decision whose caller went away while it was written gets its outcome here, for nobody else knows of it; so does
  each that a gateway left open which is no more.
- A checkpoint is signed within SIGN_SECONDS of a record, by the thread that wrote the record.
- Records older than they are kept are pruned by the same thread, a few at a time, between two groups of others.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Literal

from gateway.adapters.audit_pruning import days_ago, prune
from gateway.adapters.audit_storage import AuditLost, Storage, Turn
from gateway.adapters.audit_writing import now, write
from gateway.audit.note import Signer
from gateway.audit.record import DecisionRecord, OutcomeRecord, Receipt, Record, ServiceRecord
from gateway.errors import AuditUnavailable, Broken

_log = logging.getLogger("portgate.audit")

MAX_GROUP = 64
"""How many records share one commit at most; what comes in while one is under way waits together for the next."""
MAX_WAITING = 10_000
REOPEN_SECONDS = 1.0
SIGN_SECONDS = 1.0
PRUNE_SECONDS = 24 * 3600.0
"""How often the writer looks for records that are older than they are kept; the first time when it starts."""


@dataclass(frozen=True, slots=True)
class Writer:
    """Who writes the log."""

    gateway: str
    """Such as `gateway-1`; of several that write one log, each has its own."""
    build: str
    signer: Signer
    retention_days: int | None = None
    """How long it is kept what records say; None: for ever."""


@dataclass(frozen=True, slots=True)
class _Append:
    """A record whose writer waits for its receipt."""

    record: Record
    receipt: Future[Receipt] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Task:
    """Something else to be done by the writer thread."""

    work: Callable[[], object]
    done: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last item of a queue."""


class AuditStore:
    """The audit log of one gateway; any number of tasks may append."""

    def __init__(self, storage: Storage, writer: Writer) -> None:
        """Take up the log: a new one begins with the record that it was opened. Raises AuditUnavailable."""
        self.storage = storage
        self.lost: Future[AuditLost] = Future()
        """Done once nothing can be written any more."""
        self.on_signed: Callable[[], None] = _nobody_waits
        """Called by the writer thread after each checkpoint."""
        self._writer = writer
        self._live: set[int] = set()
        """Decisions this process was told are durable, and whose outcome was not offered yet."""
        self._queue: queue.Queue[_Append | _Task | _Stop] = queue.Queue(MAX_WAITING)
        self._stopped = False
        self._tried_at: float | None = None
        """When the storage failed or was last tried again; None while it is well."""
        self._unsigned_since: float | None = None
        self._tends_at = time.monotonic()
        self._prunes_at = None if writer.retention_days is None else time.monotonic()
        self._begin()
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    async def append(self, record: Record) -> Receipt:
        """Write one record and return once it is durable."""
        waiting = _Append(record)
        waiting.receipt.set_running_or_notify_cancel()  # what is being written cannot be called back
        self._put(waiting)
        try:
            return await asyncio.wrap_future(waiting.receipt)
        except asyncio.CancelledError:
            if isinstance(record, DecisionRecord):
                waiting.receipt.add_done_callback(lambda receipt: self._close_abandoned(record, receipt))
            raise

    async def probe(self) -> None:
        """Check that the log can be written, opening it again if it was closed; raises AuditUnavailable."""
        await self._do(self._check)

    async def cosign(self, size: int, lines: str) -> None:
        """Add witnesses' signatures to the checkpoint of that size."""
        await self._do(lambda: self.storage.commit(lambda turn: turn.cosign(size, lines)))

    def close(self) -> None:
        """Write what waits and that the gateway stops, sign it, then let go of the storage."""
        if not self._stopped:
            self._stopped = True
            self._queue.put(_Append(self._service("stopped")))
            self._queue.put(_Stop())
            self._thread.join()

    async def _do(self, work: Callable[[], object]) -> None:
        task = _Task(work)
        task.done.set_running_or_notify_cancel()
        self._put(task)
        await asyncio.wrap_future(task.done)

    def _put(self, item: _Append | _Task) -> None:
        if self._stopped:
            raise AuditUnavailable("the audit log is closed")
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            raise AuditUnavailable("the audit log cannot keep up", hint="Try again in a few seconds.") from None

    def _close_abandoned(self, record: DecisionRecord, receipt: Future[Receipt]) -> None:
        """Runs on the writer thread, so it must not wait: a full queue leaves the outcome to the next start."""
        if receipt.exception() is None:
            index = receipt.result().index
            outcome = OutcomeRecord(record.query, now(), index, "cancelled", concerns=record.concerns)
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(_Append(outcome))

    # --- the writer thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self._serve()
        except Exception as error:
            _log.exception("the writer of the audit log failed")
            self._refuse_all(AuditLost(f"the writer of the audit log failed: {type(error).__name__}"))
        finally:
            self.storage.close()

    def _refuse_all(self, lost: AuditLost) -> None:
        """Answer whoever still comes: nothing is written any more."""
        self._say_lost(lost)
        while not isinstance(item := self._queue.get(), _Stop):
            (item.receipt if isinstance(item, _Append) else item.done).set_exception(lost)

    def _serve(self) -> None:
        stopped = False
        while not stopped:
            group = self._next_group()
            self._commit([item for item in group if isinstance(item, _Append)])
            for item in group:
                if isinstance(item, _Task):
                    self._work(item)
            stopped = any(isinstance(item, _Stop) for item in group)
            self._tend()
            self._prune()
            self._sign(at_once=stopped)

    def _next_group(self) -> list[_Append | _Task | _Stop]:
        """Wait for one item (or until something must be signed), then take along whatever waits behind it."""
        try:
            group = [self._queue.get(timeout=self._wait())]
        except queue.Empty:
            return []
        while len(group) < MAX_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group

    def _wait(self) -> float | None:
        """Return how long nothing is to be done; None: until somebody comes."""
        due = [] if self._unsigned_since is None else [self._unsigned_since + SIGN_SECONDS]
        if self._prunes_at is not None:
            due.append(self._prunes_at)
        if self.storage.tends_seconds is not None:
            due.append(self._tends_at + self.storage.tends_seconds)
        return max(0.0, min(due) - time.monotonic()) if due else None

    def _commit(self, group: list[_Append]) -> None:
        if not group:
            return
        try:
            self._commit_group(group)
        except Exception as error:  # nobody foresaw it: who waits is told, then the writer ends
            for item in group:
                if not item.receipt.done():
                    item.receipt.set_exception(AuditLost(f"the audit log failed: {type(error).__name__}"))
            raise

    def _commit_group(self, group: list[_Append]) -> None:
        records = [item.record for item in group]
        self._live -= {record.decision_index for record in records if isinstance(record, OutcomeRecord)}
        try:
            answers = self.storage.commit(lambda turn: [self._write(turn, record) for record in records])
        except AuditUnavailable as error:
            for item in group:
                item.receipt.set_exception(error)
            self._try_again(error)
            return
        for item, answer in zip(group, answers, strict=True):
            if isinstance(answer, Broken):
                item.receipt.set_exception(answer)
                continue
            if isinstance(item.record, DecisionRecord):
                self._live.add(answer.index)
            item.receipt.set_result(answer)
        if self._unsigned_since is None:
            self._unsigned_since = time.monotonic()

    def _write(self, turn: Turn, record: Record) -> Receipt | Broken:
        return write(turn, record, self._writer.gateway)

    def _sign(self, *, at_once: bool) -> None:
        if self._unsigned_since is None or (not at_once and time.monotonic() - self._unsigned_since < SIGN_SECONDS):
            return
        self._unsigned_since = None
        try:
            self.storage.commit(lambda turn: turn.sign(self._writer.signer, now()))
        except AuditUnavailable as error:
            self._try_again(error)
        else:
            self.on_signed()

    def _tend(self) -> None:
        """In a log with several writers: show that this one lives, and close what those left open that do not."""
        if self.storage.tends_seconds is None or time.monotonic() < self._tends_at + self.storage.tends_seconds:
            return
        self._tends_at = time.monotonic()
        try:
            if self._tried_at is not None:
                self._check()
            elif self.storage.commit(self._interrupt):
                self._unsigned_since = self._unsigned_since or time.monotonic()
        except AuditUnavailable as error:
            self._try_again(error)

    def _prune(self) -> None:
        """Forget a few records that are older than records are kept; those that are left are next."""
        days = self._writer.retention_days
        if days is None or self._prunes_at is None or time.monotonic() < self._prunes_at:
            return
        self._prunes_at = time.monotonic() + PRUNE_SECONDS
        try:
            if self.storage.commit(lambda turn: prune(turn, days_ago(days), self._writer.gateway)):
                self._prunes_at = time.monotonic()
                self._unsigned_since = self._unsigned_since or time.monotonic()
        except AuditUnavailable as error:
            self._try_again(error)

    def _try_again(self, error: AuditUnavailable) -> None:
        """Open the storage again for those who come later, unless it failed a moment ago, or for good."""
        if isinstance(error, AuditLost):
            self._say_lost(error)
            return
        now_ = time.monotonic()
        if self._tried_at is not None and now_ - self._tried_at >= REOPEN_SECONDS:
            with contextlib.suppress(AuditUnavailable):  # the next append says so
                self._check()
        elif self._tried_at is None:
            self._tried_at = now_

    def _check(self) -> None:
        was_well = self._tried_at is None
        self._tried_at = time.monotonic()
        self.storage.probe()
        if not was_well:
            self.storage.commit(self._interrupt)
        self._tried_at = None

    def _work(self, task: _Task) -> None:
        try:
            task.work()
        except AuditUnavailable as error:
            if isinstance(error, AuditLost):
                self._say_lost(error)
            task.done.set_exception(error)
        else:
            task.done.set_result(None)

    def _say_lost(self, error: AuditLost) -> None:
        if not self.lost.done():
            self.lost.set_result(error)

    # --- beginning --------------------------------------------------------------------------------------------------

    def _begin(self) -> None:
        """Open a new log with its record 0, say that the gateway has started, and close what nobody else will close."""

        def begin(turn: Turn) -> None:
            self._ports = turn.ports
            if turn.frontier.size == 0:
                self._write(turn, self._service("opened"))
            self._write(turn, self._service("started"))
            self._interrupt(turn)
            turn.sign(self._writer.signer, now())

        try:
            self.storage.commit(begin)
        except AuditUnavailable:
            self.storage.close()
            raise

    def _service(self, event: Literal["opened", "started", "stopped"]) -> ServiceRecord:
        origin = self._writer.signer.name if event == "opened" else ""
        return ServiceRecord("", now(), event, self._writer.gateway, self._writer.build, self._ports, origin)

    def _interrupt(self, turn: Turn) -> int:
        """Write the outcome of each decision that nobody will write one for; return how many."""
        before, alive = turn.frontier.size, self.storage.gateways_alive()
        for left in turn.open_decisions():
            is_mine = left.gateway == self._writer.gateway
            if left.index not in self._live if is_mine else left.gateway not in alive:
                self._write(turn, OutcomeRecord(left.query, now(), left.index, "interrupted", concerns=left.concerns))
        return turn.frontier.size - before


def _nobody_waits() -> None:
    """Nobody is told."""
