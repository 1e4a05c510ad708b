"""Audit records from many queries at once -> few durable commits, by one writer thread.

*Invariants*
- `append` returns only after the commit that holds the record; records that wait together share one.
- After a fault every append raises AuditUnavailable until the file was reopened: by `probe`, or after an append that
  came REOPEN_SECONDS or more after the last try. What was refused stays refused.
- A decision whose caller went away while it was written gets its outcome here, for nobody else knows of it.
"""

from __future__ import annotations

import asyncio
import contextlib
import queue
import threading
import time
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from gateway.adapters.audit_file import AuditFile, Entry, now, read_log
from gateway.audit.record import DecisionRecord, OutcomeRecord, Receipt, Record, encode
from gateway.errors import AuditUnavailable, Broken

MAX_GROUP = 64
"""How many records share one commit at most; what comes in while one is under way waits together for the next."""
MAX_WAITING = 10_000
REOPEN_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class _Append:
    """A record whose writer waits for its receipt."""

    record: Record
    line: bytes
    receipt: Future[Receipt] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Probe:
    """Somebody who wants to know whether the log can be written."""

    done: Future[None] = field(default_factory=Future)


@dataclass(frozen=True, slots=True)
class _Stop:
    """The last item of a queue."""


class SqliteAuditStore:
    """The audit log of one gateway; any number of tasks may append."""

    def __init__(self, file: Path) -> None:
        """Open or make the log; raises AuditUnavailable."""
        self._file = file
        self._log = AuditFile(file)
        self._queue: queue.Queue[_Append | _Probe | _Stop] = queue.Queue(MAX_WAITING)
        self._stopped = False
        self._tried_at: float | None = None
        """When the file failed or was last tried again; None while it is well."""
        self._thread = threading.Thread(target=self._run, name="audit-writer", daemon=True)
        self._thread.start()

    async def append(self, record: Record) -> Receipt:
        """Write one record and return once it is durable."""
        waiting = _Append(record, encode(record))
        waiting.receipt.set_running_or_notify_cancel()  # what is being written cannot be called back
        self._put(waiting)
        try:
            return await asyncio.wrap_future(waiting.receipt)
        except asyncio.CancelledError:
            if isinstance(record, DecisionRecord):
                waiting.receipt.add_done_callback(lambda receipt: self._close_abandoned(record.query, receipt))
            raise

    async def probe(self) -> None:
        """Check that the log can be written, reopening it if it was closed; raises AuditUnavailable."""
        probe = _Probe()
        probe.done.set_running_or_notify_cancel()
        self._put(probe)
        await asyncio.wrap_future(probe.done)

    async def search(self, limit: int = 100, *, partner: str = "", query: str = "", kind: str = "") -> list[Entry]:
        """Return the newest records first, of one partner, query or kind if given."""
        return await asyncio.to_thread(read_log, self._file, limit, partner=partner, query=query, kind=kind)

    def close(self) -> None:
        """Write what waits, then let go of the file."""
        if not self._stopped:
            self._stopped = True
            self._queue.put(_Stop())
            self._thread.join()

    def _put(self, item: _Append | _Probe) -> None:
        if self._stopped:
            raise AuditUnavailable("the audit log is closed")
        try:
            self._queue.put_nowait(item)
        except queue.Full:
            raise AuditUnavailable("the audit log cannot keep up", hint="Try again in a few seconds.") from None

    def _close_abandoned(self, query: str, receipt: Future[Receipt]) -> None:
        """Runs on the writer thread, so it must not wait: a full queue leaves the outcome to the next start."""
        if receipt.exception() is None:
            outcome = OutcomeRecord(query, now(), receipt.result().index, "cancelled")
            with contextlib.suppress(queue.Full):
                self._queue.put_nowait(_Append(outcome, encode(outcome)))

    # --- the writer thread ------------------------------------------------------------------------------------------

    def _run(self) -> None:
        stopped = False
        while not stopped:
            group = self._next_group()
            self._commit([item for item in group if isinstance(item, _Append)])
            for item in group:
                if isinstance(item, _Probe):
                    self._probe(item)
            stopped = any(isinstance(item, _Stop) for item in group)
        self._log.close()

    def _next_group(self) -> list[_Append | _Probe | _Stop]:
        """Wait for one item, then take along whatever waits behind it."""
        group = [self._queue.get()]
        while len(group) < MAX_GROUP:
            try:
                group.append(self._queue.get_nowait())
            except queue.Empty:
                break
        return group

    def _commit(self, group: list[_Append]) -> None:
        if not group:
            return
        try:
            answers = self._log.commit([(item.record, item.line) for item in group])
        except AuditUnavailable as error:
            for item in group:
                item.receipt.set_exception(error)
            self._try_again()
            return
        for item, answer in zip(group, answers, strict=True):
            if isinstance(answer, Broken):
                item.receipt.set_exception(answer)
            else:
                item.receipt.set_result(answer)

    def _try_again(self) -> None:
        """Reopen the file for those who come later, unless it failed a moment ago."""
        now_ = time.monotonic()
        if self._tried_at is not None and now_ - self._tried_at >= REOPEN_SECONDS:
            with contextlib.suppress(AuditUnavailable):  # the next append says so
                self._check()
        elif self._tried_at is None:
            self._tried_at = now_

    def _check(self) -> None:
        self._tried_at = time.monotonic()
        self._log.probe()
        self._tried_at = None

    def _probe(self, item: _Probe) -> None:
        try:
            self._check()
        except AuditUnavailable as error:
            item.done.set_exception(error)
        else:
            item.done.set_result(None)
