"""The audit log, and a short memory of what passes through it: each partner's own last queries.

Every query that is asked here goes through the log, refused ones too, so nothing else needs to tell of them. What is
kept is what the partner wrote, in this process alone, and only for that partner.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import replace

from gateway.audit.record import DecisionRecord, OutcomeRecord, Receipt, Record, RefusalRecord
from gateway.model import Partner
from gateway.parts import AuditLog
from gateway.session.metadata import RecentQuery

MOST_QUERIES = 100
"""How many queries are remembered of one partner."""
MOST_PARTNERS = 1_000
MOST_CHARACTERS = 10_000
"""How much of a text is remembered."""

Who = tuple[str, str]
"""Organisation and partner."""
_STATES = {"finished": "FINISHED", "failed": "FAILED", "cancelled": "FAILED"}


class RecentQueries:
    """An audit log that remembers; belongs to one event loop."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit
        self._known: OrderedDict[Who, OrderedDict[str, RecentQuery]] = OrderedDict()
        self._askers: dict[str, Who] = {}
        """Query under way -> who asked it."""

    async def append(self, record: Record) -> Receipt:
        """Write the record; once it is durable, remember what it says."""
        receipt = await self._audit.append(record)
        if isinstance(record, DecisionRecord):
            self._begin(record)
        elif isinstance(record, RefusalRecord):
            self._begin(record)
            self._end(record.query, "FAILED", record.time, record.code)
        elif isinstance(record, OutcomeRecord):
            code = "USER_CANCELED" if record.state == "cancelled" else record.code
            self._end(record.query, _STATES[record.state], record.time, code)
        return receipt

    async def probe(self) -> None:
        """Raise `AuditUnavailable` unless the log can be written."""
        await self._audit.probe()

    def of(self, partner: Partner) -> tuple[RecentQuery, ...]:
        """The last queries of one partner, the newest first."""
        return tuple(reversed(self._known.get((partner.organisation, partner.id), {}).values()))

    def _begin(self, record: DecisionRecord | RefusalRecord) -> None:
        who = (record.partner.organisation, record.partner.id)
        mine = self._known.setdefault(who, OrderedDict())
        self._known.move_to_end(who)
        mine[record.query] = RecentQuery(
            record.query,
            "RUNNING",
            record.partner.id,
            record.client,
            record.sql[:MOST_CHARACTERS],
            _moment(record.time),
        )
        self._askers[record.query] = who
        if len(mine) > MOST_QUERIES:
            self._askers.pop(mine.popitem(last=False)[0], None)
        if len(self._known) > MOST_PARTNERS:
            for query in self._known.popitem(last=False)[1]:
                self._askers.pop(query, None)

    def _end(self, query: str, state: str, time: str, code: str) -> None:
        who = self._askers.pop(query, None)
        mine = self._known.get(who) if who else None
        if mine and query in mine:
            mine[query] = replace(mine[query], state=state, ended=_moment(time), error=code.upper() or None)


def _moment(time: str) -> str:
    """A moment of the log as Trino writes one.

    >>> _moment("2026-11-22T16:45:06.123Z")
    '2026-11-22 16:45:06.123 UTC'
    """
    return time.replace("T", " ").replace("Z", " UTC")
