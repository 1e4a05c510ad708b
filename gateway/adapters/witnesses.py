"""New checkpoints -> cosignatures of the ports' witnesses in the log, and whether enough of them stand behind it.

*Invariants*
- Each witness is asked by itself: one that is silent keeps no other waiting, and is asked again.
- How long the log has gone without a quorum is counted from the first checkpoint after the newest that has one. Both
  stand in the log, so a restart forgets nothing; a log that does not grow does not age.
- After `stop_after_seconds` no decision and no good end is written any more (`Witnessed`), and answers
  under way are stopped. So it is if for so long nobody could look: what is not known counts as missing.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from gateway.adapters.audit_storage import Reader
from gateway.adapters.audit_store import AuditStore
from gateway.adapters.witness_protocol import (
    Ahead,
    Head,
    Refused,
    Silent,
    Witness,
    WitnessClient,
    cosigned_by,
    witness_of,
)
from gateway.audit.note import signatures_of
from gateway.audit.record import AlarmRecord, DecisionRecord, OutcomeRecord, Receipt, Record
from gateway.audit.tree import consistency_proof
from gateway.errors import AuditUnavailable, Broken
from gateway.moments import utc
from gateway.parts import AuditLog, Clock
from gateway.running import RunningAnswers
from gateway.settings import AuditSettings

TICK_SECONDS = 1.0
"""How often the log is looked at without being told: another gateway may have signed."""
TOGETHER_SECONDS = 0.02
"""How long cosignatures wait for others, to be written in one commit."""
AGAIN_SECONDS = 2.0
"""How long a witness that gave no cosignature is left alone."""
REFUSALS_EVERY_SECONDS = 60.0
PATIENCE_SECONDS = 10.0
"""How long after a start there is no alarm: while the gateway was down, nobody could cosign its last checkpoint."""
QUORUM, REFUSAL = "witness_quorum", "witness_refused"
"""Operations of the alarms."""

_log = logging.getLogger("portgate.witnesses")


@dataclass(frozen=True, slots=True)
class _Seen:
    """The log's newest checkpoint, and how it is witnessed."""

    head: Head
    signed: frozenset[str]
    """The ports whose witnesses have cosigned it."""
    witnessed: int
    """The size of the newest checkpoint with a quorum; -1 if there is none."""
    since: datetime | None
    """When the first checkpoint after that was signed; None if there is none."""


class Witnesses:
    """The witnesses of one gateway's log; all its methods belong to one event loop."""

    def __init__(
        self,
        settings: AuditSettings,
        store: AuditStore,
        clock: Clock,
        build: str,
        ports: Sequence[str],
        running: RunningAnswers,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Take up the settings; raises ValueError."""
        self._settings, self._store, self._clock, self._build = settings, store, clock, build
        self._ports, self._running, self._monotonic = tuple(ports), running, monotonic
        self._witnesses = tuple(map(witness_of, settings.witnesses))
        self._client = WitnessClient(settings.ca_file)
        self._seen: _Seen | None = None
        self._witnessed: int | None = None
        self._news, self._collected = asyncio.Event(), asyncio.Event()
        self._lines: dict[int, list[str]] = {}
        """Size -> cosignatures that are not in the log yet."""
        self._kept: set[int] = set()
        """Sizes of checkpoints whose cosignatures were added to, and not looked at since."""
        self._given: dict[str, int] = {}
        """Port -> the size of the checkpoint that its witness has cosigned last."""
        self._busy: dict[str, asyncio.Task[None]] = {}
        self._not_before: dict[str, float] = {}
        self._told_at: dict[str, float] = {}
        self._patient_until = monotonic() + PATIENCE_SECONDS
        self._looked_at = monotonic()
        self._is_alarmed = False
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Look how the log is witnessed, and begin to ask."""
        if not self._witnesses:
            return
        loop = asyncio.get_running_loop()
        self._store.on_signed = lambda: _told(loop, self._news)
        await self._look()
        self._news.set()
        self._tasks = [asyncio.create_task(self._watch()), asyncio.create_task(self._keep())]

    async def close(self) -> None:
        """Ask nobody any more."""
        for task in (tasks := [*self._tasks, *self._busy.values()]):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._client.close()

    def check(self) -> None:
        """Raise AuditUnavailable if the log has gone without a quorum for too long."""
        age = max(self._age(), self._unseen())
        if age > self._settings.stop_after_seconds:
            raise AuditUnavailable(
                f"too few ports have cosigned the audit log for {_duration(age)}: nothing is released",
                hint=f"{self._standing()} A gateway's operator can tell which ports' witnesses do not answer.",
            )

    def state(self) -> str:
        """Say how the log is witnessed: `ok` and more, or what keeps results back."""
        if not self._witnesses:
            return "ok: none are set"
        is_stopped = max(self._age(), self._unseen()) > self._settings.stop_after_seconds
        return f"{'no results are released' if is_stopped else 'ok'}: {self._standing()}"

    # --- asking -----------------------------------------------------------------------------------------------------

    async def _watch(self) -> None:
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TICK_SECONDS):
                    await self._news.wait()
            self._news.clear()
            try:
                await self._look()
                await self._raise_alarm()
            except AuditUnavailable as error:
                _log.error("the witnesses cannot be asked: %s", error.code)
            except Exception as error:  # nobody foresaw it: looking goes on, and what is not seen counts as missing
                _log.error("the witnesses cannot be asked: %s", type(error).__name__)
            else:
                self._ask_all()
            self._stop_answers()

    def _stop_answers(self) -> None:
        try:
            self.check()
        except AuditUnavailable as error:
            self._running.stop_all(error)

    def _ask_all(self) -> None:
        if self._seen is None:
            return
        head, now = self._seen.head, self._monotonic()
        for witness in self._witnesses:
            port = witness.port
            is_due = now >= self._not_before.get(port, 0.0) and port not in self._busy
            if is_due and port not in self._seen.signed and self._given.get(port) != head.size:
                self._busy[port] = asyncio.create_task(self._ask(witness, head))

    async def _ask(self, witness: Witness, head: Head) -> None:
        try:
            line = await self._client.cosignature(
                witness, head, lambda old: self._prove(old, head.size), self._clock().timestamp()
            )
            self._given[witness.port] = head.size
            self._lines.setdefault(head.size, []).append(line)
            self._collected.set()
        except Ahead as error:
            if error.size <= await asyncio.to_thread(self._size):
                self._news.set()  # it saw a newer checkpoint, which is there to be sent
            else:
                self._wait(witness)
                await self._refused(witness, f"{error}, and the log has fewer")
        except Refused as error:
            self._wait(witness)
            await self._refused(witness, str(error))
        except (Silent, AuditUnavailable, ValueError) as error:
            self._wait(witness)
            _log.warning("the witness of %s is silent: %s", witness.port, error)
        finally:
            del self._busy[witness.port]
            if self._seen and self._seen.head.size > head.size:
                self._news.set()  # the log has grown meanwhile

    def _wait(self, witness: Witness) -> None:
        self._not_before[witness.port] = self._monotonic() + AGAIN_SECONDS

    async def _keep(self) -> None:
        """Write cosignatures that come about together in one commit."""
        while True:
            await self._collected.wait()
            await asyncio.sleep(TOGETHER_SECONDS)
            self._collected.clear()
            lines, self._lines = self._lines, {}
            try:
                for size, each in lines.items():
                    await self._store.cosign(size, "".join(each))
                    self._kept.add(size)
            except AuditUnavailable as error:
                self._given.clear()  # they are asked for again
                _log.error("cosignatures could not be written: %s", error.code)
            self._news.set()

    # --- looking ----------------------------------------------------------------------------------------------------

    async def _look(self) -> None:
        kept, self._kept = self._kept, set()
        seen = await asyncio.to_thread(self._read, kept)
        self._looked_at = self._monotonic()
        if seen:
            self._seen, self._witnessed = seen, seen.witnessed

    def _read(self, kept: set[int]) -> _Seen | None:
        with self._store.storage.reading() as log:
            note = log.checkpoint()
            if not note:
                return None
            text = signatures_of(note)[0]
            head = Head(int(text.split("\n")[1]), text, note)
            witnessed = self._newest_witnessed(log) if self._witnessed is None else self._witnessed
            for size in (*kept, head.size):
                if size > witnessed and self._has_quorum(log.checkpoint_of(size)):
                    witnessed = size
            since = log.signed_after(witnessed)
            return _Seen(
                head, cosigned_by(note, self._witnesses), witnessed, datetime.fromisoformat(since) if since else None
            )

    def _newest_witnessed(self, log: Reader) -> int:
        return next((size for size, note, _ in log.checkpoints() if self._has_quorum(note)), -1)

    def _has_quorum(self, note: str) -> bool:
        return len(cosigned_by(note, self._witnesses)) >= self._settings.quorum

    async def _prove(self, old: int, size: int) -> Sequence[bytes]:
        return await asyncio.to_thread(self._proof, old, size)

    def _proof(self, old: int, size: int) -> Sequence[bytes]:
        with self._store.storage.reading() as log:
            return consistency_proof(old, size, log.tree(size))

    def _size(self) -> int:
        with self._store.storage.reading() as log:
            return log.size()

    def _age(self) -> float:
        """How long the log has gone without a quorum, in seconds."""
        if self._seen is None or self._seen.since is None:
            return 0.0
        return (self._clock() - self._seen.since).total_seconds()

    def _unseen(self) -> float:
        """How long nobody could look, in seconds."""
        return self._monotonic() - self._looked_at if self._tasks else 0.0

    def _standing(self) -> str:
        have = len(self._seen.signed) if self._seen else 0
        return (
            f"{have} of {len(self._witnesses)} have cosigned the newest checkpoint, {self._settings.quorum} are needed."
        )

    # --- alarms -----------------------------------------------------------------------------------------------------

    async def _raise_alarm(self) -> None:
        is_late = self._age() > self._settings.alarm_after_seconds and self._monotonic() >= self._patient_until
        if is_late and not self._is_alarmed and self._seen:
            missing = tuple(w.port for w in self._witnesses if w.port not in self._seen.signed)
            await self._store.append(self._alarm(QUORUM, self._standing(), missing, self._ports))
        self._is_alarmed = is_late

    async def _refused(self, witness: Witness, why: str) -> None:
        _log.error("the witness of %s does not cosign: %s", witness.port, why)
        now = self._monotonic()
        if now - self._told_at.get(witness.port, -REFUSALS_EVERY_SECONDS) >= REFUSALS_EVERY_SECONDS:
            self._told_at[witness.port] = now
            with contextlib.suppress(AuditUnavailable, Broken):  # the log has its own alarm for that
                await self._store.append(self._alarm(REFUSAL, f"{witness.port}: {why}", (), (witness.port,)))

    def _alarm(self, operation: str, target: str, columns: tuple[str, ...], concerns: tuple[str, ...]) -> AlarmRecord:
        return AlarmRecord("", utc(self._clock()), "", 0, operation, target[:200], columns, 1, self._build, concerns)


class Witnessed:
    """An audit log into which nothing that releases data is written while too few witnesses stand behind it."""

    def __init__(self, audit: AuditLog, check: Callable[[], None]) -> None:
        """`check` raises AuditUnavailable."""
        self._audit, self._check = audit, check

    async def append(self, record: Record) -> Receipt:
        """Write a record; a good end that may not be is written as a failure, and what comes is AuditUnavailable."""
        if isinstance(record, DecisionRecord):
            self._check()
        elif isinstance(record, OutcomeRecord) and record.state == "finished":
            try:
                self._check()
            except AuditUnavailable as error:
                failed = replace(record, state="failed", code=error.code, ports=(), missing=(), withheld=())
                await self._audit.append(failed)
                raise
        return await self._audit.append(record)

    async def probe(self) -> None:
        """Raise AuditUnavailable unless the log can be written."""
        await self._audit.probe()


def _told(loop: asyncio.AbstractEventLoop, news: asyncio.Event) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended: nobody waits any more
        loop.call_soon_threadsafe(news.set)


def _duration(seconds: float) -> str:
    return f"{seconds / 3600:.1f} hours" if seconds >= 3600 else f"{seconds / 60:.0f} minutes"
