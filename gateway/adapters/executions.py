"""What Trino says that it ran -> execution records, and alarms where that is not what the log says was admitted.

1. A query under a user string that no admitted query has, or one more than were admitted under it, is an alarm
   (`unrecorded_query`).
2. A table or column beyond what was admitted is an alarm (`beyond_grant`).
3. A decision whose query Trino began, and of whose end it says nothing in time, is an alarm (`no_execution`).
4. An event that cannot be read is an alarm (`malformed_event`).
5. An event counts as heard once what it says is durable; until then Trino is told to say it again.

What was admitted by this process stands in its memory while the query runs and for `KEEP_SECONDS` after; what another
process admitted is read from the log. Nothing here holds up a query: Trino tells of it when it is over.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from gateway.adapters.past_decisions import PastDecision
from gateway.adapters.tally import Tally
from gateway.adapters.trino_events import (
    MALFORMED_EVENT,
    NO_EXECUTION,
    UNRECORDED_QUERY,
    Execution,
    beyond_reach,
    read_event,
)
from gateway.audit.record import AlarmRecord, ExecutionRecord
from gateway.errors import AuditUnavailable, Broken
from gateway.model import Admission, Beyond, Reach
from gateway.moments import utc
from gateway.parts import AuditLog, Clock
from gateway.recording import alarm_record

WAIT_SECONDS = 60.0
"""How long Trino may take to tell of a query that has ended."""
RETRY_SECONDS = 60.0
"""The longest pause before Trino tells again what nobody heard (`http-event-listener.connect-max-delay`)."""
KEEP_SECONDS = 60.0
LOOK_SECONDS = 1.0
MOST_AT_ONCE = 20
"""How many missing executions are told one by one each time; of more, their number."""
MOST_STRANGERS = 20
"""How many executions of no admitted query are recorded each in a second; more are counted in the alarm."""
REMEMBERED = 10_000
"""How many of Trino's ids are kept, so that what Trino says twice is written once."""
SKEW = timedelta(seconds=60)
"""How far Trino's clock may be from the gateway's."""
QUERY_SECONDS = 300.0
"""How long after its decision a query may still begin: Trino's words are confirmed when it fails."""

_INDEX = re.compile(r".{1,180}#([1-9][0-9]{0,15})", re.DOTALL)
_PROBE = re.compile(r"portgate-probe#[0-9]{1,15}:ready")
"""The gateway's own question whether Trino answers: it reads nothing."""
_PORT_PROBE = re.compile(r"portgate-probe#([1-9][0-9]{0,15}):(?!ready$)[a-z][a-z0-9_]{0,60}")
"""The gateway's own question whether a port answers, after a query failed: that of the decision with this index."""

_log = logging.getLogger("portgate.executions")


class Past(Protocol):
    """The decisions of the log; each method may wait for the disk."""

    def find(self, index: int) -> PastDecision | None:
        """The decision at an index."""

    def unheard(self) -> list[PastDecision]:
        """The finished ones that no execution was told of."""

    def heard(self, indexes: frozenset[int]) -> frozenset[int]:
        """Those that somebody has written an execution for."""


@dataclass(slots=True)
class _Known:
    """What is known of one user string."""

    admission: Admission
    sent: int = 0
    """How many queries were admitted under it, one after the other."""
    began: int = 0
    """How many of those Trino asked the second wall about."""
    told: int = 0
    """Of how many Trino has told the end."""
    ended: float | None = None
    """When the last of them ended, or is taken to have ended; None while it runs."""


class Executions:
    """What Trino ran, as far as one gateway hears of it; all its methods belong to one event loop."""

    def __init__(
        self,
        audit: AuditLog,
        clock: Clock,
        build: str,
        past: Past,
        maintenance_users: Iterable[str] = (),
        *,
        wait_seconds: float = WAIT_SECONDS,
        query_seconds: float = QUERY_SECONDS,
        monotonic: Callable[[], float] = time.monotonic,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._audit, self._clock, self._build, self._past = audit, clock, build, past
        self._maintenance_users = frozenset(maintenance_users)
        self._wait_seconds, self._monotonic, self._look_seconds = wait_seconds, monotonic, look_seconds
        self._query_time = timedelta(seconds=query_seconds)
        self._known: dict[str, _Known] = {}
        self._heard: OrderedDict[str, None] = OrderedDict()
        rest = Beyond(UNRECORDED_QUERY, "")
        self._strangers: Tally[tuple[str, str], tuple[str, str, Beyond]] = Tally(
            self._write_stranger, (("", ""), ("", "", rest)), most=MOST_STRANGERS
        )
        self._looking: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Look out for queries that Trino tells nothing of; the first are those of an earlier process."""
        self._looking = asyncio.create_task(self._look_out())

    async def close(self) -> None:
        """Write what waits to be written."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.gather(self._looking, return_exceptions=True)
        await self._strangers.close()

    # --- for the second wall ----------------------------------------------------------------------------------------

    def admitted(self, admission: Admission) -> None:
        """One query more may run under this user string."""
        known = self._known.setdefault(admission.user, _Known(admission))
        known.admission, known.sent, known.ended = admission, known.sent + 1, None

    def dismissed(self, user: str, began: bool) -> None:
        """The query has ended for the gateway; `began` says whether Trino asked the wall about it."""
        known = self._known.get(user)
        if known is not None:
            known.began += began
            known.ended = self._monotonic()

    # --- for Trino --------------------------------------------------------------------------------------------------

    async def take(self, body: bytes) -> bool:
        """Write down what an event says; False if it cannot be read. Raises AuditUnavailable: it may come again."""
        execution = read_event(body)
        if execution is None:
            self.note_malformed("no event")
            return False
        if execution.trino in self._heard:
            return True
        known = self._known.get(execution.user)
        if not _is_nothing(execution):
            await self._reconcile(execution, known)
        if known is not None:
            known.told += 1
            known.ended = self._monotonic() if known.ended is None else known.ended
        self._heard[execution.trino] = None
        if len(self._heard) > REMEMBERED:
            self._heard.popitem(last=False)
        return True

    def note_malformed(self, what: str) -> None:
        """An event came that cannot be read."""
        self._strangers.note((MALFORMED_EVENT, what), ("", "", Beyond(MALFORMED_EVENT, what)))

    async def _reconcile(self, execution: Execution, known: _Known | None) -> None:
        if known is not None:
            admission: Admission | None = known.admission if known.told < known.sent else None
        else:
            admission = await self._from_log(execution)
        if admission is None:
            await self._take_stranger(execution)
        else:
            index = admission.decision_index or _asked_for(execution.user)
            await self._audit.append(self._record(execution, admission.query, index))
            for catalog, (beyond, count) in beyond_reach(execution, admission.reach).items():
                alarm = self._alarm(execution.user, admission, beyond, count, catalog)
                _log.error("Trino read beyond the grant of query %s", admission.query)
                await self._audit.append(alarm)

    async def _from_log(self, execution: Execution) -> Admission | None:
        """Find what another process admitted; None if the log does not know it, or not of that time."""
        probe = _PORT_PROBE.fullmatch(execution.user)
        named = probe or _INDEX.fullmatch(execution.user)
        past = await asyncio.to_thread(self._past.find, int(named[1])) if named else None
        if past is None or not self._is_of_its_time(execution.created, past.made):
            return None
        if probe is not None:
            reach: Reach = dict.fromkeys(past.reach, frozenset())
            return Admission(execution.user, reach, past.query, past.index)
        return Admission(past.user, past.reach, past.query, past.index) if past.user == execution.user else None

    def _is_of_its_time(self, created: datetime, decided: datetime) -> bool:
        return decided - SKEW <= created <= decided + SKEW + self._query_time

    async def _take_stranger(self, execution: Execution) -> None:
        is_maintenance = execution.user in self._maintenance_users
        count = 0
        if not is_maintenance:
            count = max(self._note_stranger(execution, catalog) for catalog in execution.catalogs or ("",))
        if execution.tables and count <= MOST_STRANGERS:
            await self._audit.append(self._record(execution, "", 0))

    def _note_stranger(self, execution: Execution, catalog: str) -> int:
        read = next((name for name in execution.tables if name.catalog == catalog), None)
        columns = execution.tables[read].columns if read is not None else ()
        _log.error("Trino ran a query that the log does not know")
        beyond = Beyond(UNRECORDED_QUERY, str(read) if read is not None else execution.trino, columns)
        return self._strangers.note((UNRECORDED_QUERY, catalog), (execution.user, catalog, beyond))

    # --- what Trino does not tell -----------------------------------------------------------------------------------

    async def expect_earlier(self) -> None:
        """Expect what Trino has not told yet of the queries of an earlier process."""
        late = self._monotonic() + RETRY_SECONDS
        for decision in await asyncio.to_thread(self._past.unheard):
            admission = Admission(decision.user, decision.reach, decision.query, decision.index)
            self._known.setdefault(decision.user, _Known(admission, 1, 1, 0, late))

    async def _look_out(self) -> None:
        try:
            await self.expect_earlier()
        except AuditUnavailable as error:
            _log.error("the queries of an earlier gateway could not be read from the audit log: %s", error.code)
        while True:
            await asyncio.sleep(self._look_seconds)
            try:
                await self.look()
            except (AuditUnavailable, Broken) as error:
                _log.error("missing executions could not be written to the audit log: %s", error.code)

    async def look(self) -> None:
        """Write of which queries Trino told nothing in time, and forget those that are done."""
        due = {user: known for user, known in self._known.items() if self._is_due(known)}
        missing = {known.admission.decision_index: known for known in due.values() if known.told < known.began}
        missing.pop(0, None)  # probes of the gateway's own
        heard = await asyncio.to_thread(self._past.heard, frozenset(missing)) if missing else frozenset()
        unheard = [known for index, known in missing.items() if index not in heard]
        for known in unheard[: MOST_AT_ONCE - 1]:
            await self._audit.append(self._missing(known, 1))
        if len(unheard) >= MOST_AT_ONCE:
            await self._audit.append(self._missing(unheard[-1], len(unheard) - MOST_AT_ONCE + 1))
        if unheard:
            _log.error("Trino told nothing of %d queries that it began: see its http-event-listener", len(unheard))
        for user, known in due.items():
            if self._is_due(known):
                self._known.pop(user, None)

    def _is_due(self, known: _Known) -> bool:
        if known.ended is None:
            return False
        seconds = KEEP_SECONDS if known.told >= known.began else self._wait_seconds
        return self._monotonic() - known.ended >= seconds

    def _missing(self, known: _Known, count: int) -> AlarmRecord:
        alarm = self._alarm(known.admission.user, known.admission, Beyond(NO_EXECUTION, ""), count, "")
        return replace(alarm, concerns=tuple(sorted({table.catalog for table in known.admission.reach})))

    # --- records ----------------------------------------------------------------------------------------------------

    def _record(self, execution: Execution, query: str, index: int) -> ExecutionRecord:
        return ExecutionRecord(
            query, utc(self._clock()), index, execution.trino, execution.user, execution.state,
            tuple(execution.tables.values()), execution.code, execution.given, execution.catalogs,
        )  # fmt: skip

    def _alarm(self, user: str, admission: Admission | None, found: Beyond, count: int, catalog: str) -> AlarmRecord:
        alarm = alarm_record(self._clock(), user, admission, found, count, self._build)
        return replace(alarm, concerns=(catalog,) if catalog else ())

    async def _write_stranger(self, detail: tuple[str, str, Beyond], count: int) -> None:
        user, catalog, found = detail
        try:
            await self._audit.append(self._alarm(user, None, found, count, catalog))
        except (AuditUnavailable, Broken) as error:
            _log.error("%d alarms could not be written to the audit log: %s", count, error.code)


def _is_nothing(execution: Execution) -> bool:
    """Say whether it is the gateway's own question whether Trino answers."""
    return not execution.tables and _PROBE.fullmatch(execution.user) is not None


def _asked_for(user: str) -> int:
    """The decision for which the gateway asked whether a port answers; 0 if it did not ask that."""
    probe = _PORT_PROBE.fullmatch(user)
    return int(probe[1]) if probe else 0
