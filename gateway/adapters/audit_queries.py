"""Queries of the audit log: the records of one that ended well, and all records in order for who counts them.

*Invariants*
- A reader's thread sees one state of the log, and holds `MOST_DECISIONS` decisions of it, without their texts.
- A leaf's hash is computed from the entry that the tree holds, never read from what is derived.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

import orjson

from gateway.adapters.audit_index import MOST_OF_A_QUERY, AuditIndex
from gateway.adapters.audit_storage import Reader, Storage
from gateway.audit.canonical import Members
from gateway.audit.growth import Row
from gateway.log_search import Scope, Wanted
from gateway.receipt import Ended

T = TypeVar("T")
MOST_DECISIONS = 4_096
_LONG = frozenset({"sql", "sent_sql", "asked", "notices"})
"""Members of a decision that nobody needs who meets its outcome."""


@dataclass(frozen=True)
class Scan:
    """The log as it is, read from its beginning."""

    reader: Reader
    _known: OrderedDict[int, Members] = field(default_factory=OrderedDict)

    @property
    def size(self) -> int:
        """How many records there are."""
        return self.reader.size()

    def records(self) -> Iterator[Members]:
        """Yield each record that was not pruned, oldest first."""
        for row in self.reader.rows(0, self.size):
            if row.line:
                record: dict[str, Any] = orjson.loads(row.line)
                if record["kind"] == "decision":
                    self._keep(row.index, record)
                yield record

    def decision(self, index: int) -> Members | None:
        """Return a decision without its texts; None if there is none, or it was pruned."""
        known = self._known.get(index)
        if known is None and (row := self.reader.row(index)) is not None and row.line:
            record: dict[str, Any] = orjson.loads(row.line)
            known = self._keep(index, record) if record["kind"] == "decision" else None
        return known

    def _keep(self, index: int, decision: dict[str, Any]) -> Members:
        slim = {name: value for name, value in decision.items() if name not in _LONG}
        slim["tables"] = [{"port": table["port"], "agreements": table["agreements"]} for table in decision["tables"]]
        self._known[index] = slim
        if len(self._known) > MOST_DECISIONS:
            self._known.popitem(last=False)
        return slim


@dataclass(frozen=True, slots=True)
class AuditQueries:
    """Reads the log beside its writer, on threads of its own."""

    storage: Storage
    find: Callable[[str], Awaitable[tuple[int, ...]]]
    """Says where the records of a query stand, oldest first."""

    async def ended_at(self, decision: int, outcome: int) -> Ended | None:
        """Return an answer by the indexes of its decision and its outcome; None if they hold no good end of one."""
        return await self.read(lambda scan: _ended(scan.reader, decision, outcome))

    async def ended(self, query: str) -> tuple[Members | None, Ended | None]:
        """Return the first record of a query, and the query itself if it has ended well."""
        indexes = await self.find(query)
        return await self.read(lambda scan: _found(scan.reader, indexes))

    async def read(self, work: Callable[[Scan], T]) -> T:
        """Have something done with the log as it is now; raises AuditUnavailable."""

        def run() -> T:
            with self.storage.reading() as reader:
                return work(Scan(reader))

        return await asyncio.to_thread(run)


def found_by(index: AuditIndex) -> Callable[[str], Awaitable[tuple[int, ...]]]:
    """Return what finds the records of a query by the search index."""

    async def find(query: str) -> tuple[int, ...]:
        found = await index.search(Scope("auditor"), Wanted(query=query), MOST_OF_A_QUERY)
        return tuple(entry.index for entry in reversed(found.entries))

    return find


def _found(reader: Reader, indexes: tuple[int, ...]) -> tuple[Members | None, Ended | None]:
    first: Members | None = None
    for index in indexes:
        record = _record(reader.row(index))
        first = first or record
        if record is not None and record["kind"] == "outcome" and record["state"] == "finished":
            return first, _ended(reader, record["decision_index"], index)
    return first, None


def _ended(reader: Reader, decision: int, outcome: int) -> Ended | None:
    rows = reader.row(decision), reader.row(outcome)
    records = [_record(row) for row in rows]
    if rows[0] is None or rows[1] is None or records[0] is None or records[1] is None:
        return None
    if (records[0]["kind"], records[1]["kind"], records[1].get("state")) != ("decision", "outcome", "finished"):
        return None
    return Ended(records[0], rows[0].leaf.hex(), records[1], rows[1].leaf.hex())


def _record(row: Row | None) -> Members | None:
    return orjson.loads(row.line) if row is not None and row.line else None
