"""The second wall: the queries that were admitted -> yes or no to each access that Trino asks about.

1. A question under a user string that no admitted query has is refused, whatever it asks.
2. An admitted query gets what `beyond` finds nothing in; after its first refusal it gets nothing more.
3. That refusal is in the audit log before Trino hears of it.
4. Refusals without a query are written once a second, with their number, so that a flood cannot fill the log.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from gateway.adapters.access import beyond, described, read_question
from gateway.adapters.tally import Tally
from gateway.audit.record import AlarmRecord
from gateway.errors import AuditUnavailable, Broken, EngineUnavailable, VerificationFailed
from gateway.model import Admission, Beyond
from gateway.parts import AuditLog, Clock
from gateway.recording import alarm_record

MAX_ADMITTED = 10_000
"""How many queries may be under way at once."""
LATE_SECONDS = 10.0
"""How long Trino may go on asking for a query that has ended: refused, but no alarm, for a cancelled one does so."""
STRANGERS_EVERY_SECONDS = 1.0
STRANGER = "stranger"

_log = logging.getLogger("portgate.wall")


@dataclass(slots=True)
class _Standing:
    """One admitted query, and what has become of it."""

    admission: Admission
    asked: bool = False
    """Whether Trino asked about it at all."""
    breached: bool = False
    """Whether Trino asked for more than was admitted."""


class Watch(Protocol):
    """Who must know which queries Trino may run, to compare them with those that it ran."""

    def admitted(self, admission: Admission) -> None:
        """A query may run."""

    def dismissed(self, user: str, began: bool) -> None:
        """It may not any more; `began` says whether Trino asked about it at all."""


class Wall:
    """The admitted queries of one gateway; all its methods belong to one event loop."""

    def __init__(
        self,
        audit: AuditLog,
        clock: Clock,
        build: str,
        maintenance_users: tuple[str, ...] = (),
        *,
        monotonic: Callable[[], float] = time.monotonic,
        most: int = MAX_ADMITTED,
        strangers_every_seconds: float = STRANGERS_EVERY_SECONDS,
        watch: Watch | None = None,
    ) -> None:
        self._watch = watch
        self._audit, self._clock, self._build, self._monotonic = audit, clock, build, monotonic
        self._most = most
        self._maintenance_users = frozenset(maintenance_users)
        self._admitted: dict[str, _Standing] = {}
        self._ended: dict[str, float] = {}
        """User strings of queries that ended a moment ago -> when, the oldest first."""
        # all of them are one kind: the first stands for the others
        self._strangers: Tally[str, tuple[str, Beyond]] = Tally(
            self._write_strangers, (STRANGER, ("", Beyond(STRANGER, ""))), most=1, every_seconds=strangers_every_seconds
        )

    async def close(self) -> None:
        """Write what waits to be written."""
        await self._strangers.close()

    # --- for the engine ---------------------------------------------------------------------------------------------

    def admit(self, admission: Admission) -> None:
        """Let Trino do what a query needs, before it is sent."""
        if admission.user in self._admitted:
            raise Broken("two queries share one user string")
        if len(self._admitted) >= self._most:
            raise EngineUnavailable("too many queries are under way", hint="try again in a minute")
        self._admitted[admission.user] = _Standing(admission)
        if self._watch is not None:
            self._watch.admitted(admission)

    def check(self, user: str) -> None:
        """Raise `VerificationFailed` if Trino asked for more than was admitted, or let the query run without asking."""
        standing = self._admitted.get(user)
        if standing is None:
            return
        if standing.breached:
            raise VerificationFailed("Trino asked for more than the query's grant")
        if not standing.asked:
            raise VerificationFailed("Trino ran a query without asking the second wall")

    def dismiss(self, user: str) -> bool:
        """Let Trino do nothing more for a query that has ended; say whether it had asked for more than its grant."""
        standing = self._admitted.pop(user, None)
        if standing is None:
            return False
        self._ended[user] = self._monotonic()
        self._forget_old()
        if self._watch is not None:
            self._watch.dismissed(user, standing.asked)
        return standing.breached

    # --- for Trino --------------------------------------------------------------------------------------------------

    async def allows(self, body: bytes) -> bool:
        """Answer one question of Trino's."""
        asked = read_question(body)
        standing = self._admitted.get(asked.user)
        if standing is None:
            if asked.user in self._maintenance_users:
                return True
            if not self._is_late(asked.user):
                self._strangers.note(STRANGER, (asked.user, described(asked)))
            return False
        standing.asked = True
        if standing.breached:
            return False
        refused = beyond(asked, standing.admission)
        if refused is None:
            return True
        standing.breached = True
        _log.error("the second wall refused an access to query %s", standing.admission.query)
        await self._write(alarm_record(self._clock(), asked.user, standing.admission, refused, 1, self._build))
        return False

    def _forget_old(self) -> None:
        while len(self._ended) > self._most or not self._is_late(next(iter(self._ended))):
            del self._ended[next(iter(self._ended))]

    def _is_late(self, user: str) -> bool:
        when = self._ended.get(user)
        return when is not None and self._monotonic() - when <= LATE_SECONDS

    async def _write_strangers(self, first: tuple[str, Beyond], count: int) -> None:
        user, refused = first
        _log.error("the second wall refused %d accesses of no admitted query", count)
        await self._write(alarm_record(self._clock(), user, None, refused, count, self._build))

    async def _write(self, alarm: AlarmRecord) -> None:
        try:
            await self._audit.append(alarm)
        except (AuditUnavailable, Broken) as error:
            _log.error("an alarm could not be written to the audit log: %s", error.code)
