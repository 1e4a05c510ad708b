"""The records of an audit log, as somebody may see them; looked through one by one, beside a running gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.adapters.audit_sqlite import reading
from gateway.adapters.audit_storage import Reader
from gateway.audit.canonical import Members
from gateway.audit.growth import Row
from gateway.log_search import AUDITOR, Needed, Scope, Wanted, asker_of, is_named, marks_of, needed

DECISIONS_KEPT = 2_000
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a record raises that was pruned, or that somebody changed into what no gateway writes: it is not found,
and `portgate audit verify` says what became of it."""
ROWS_BACKWARDS = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as its reader sees it."""

    index: int
    partner: str
    """Who it is about, as far as the reader may know: who asked, or whose user string Trino was given."""
    record: Members
    logged: str = ""
    """When it was written."""


class Looking:
    """One state of a log, as one reader sees it."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self._decisions: dict[int, Members | None] = {}

    def entry(self, row: Row, wanted: Wanted = Wanted(), must: Needed = Needed((), ())) -> Entry | None:  # noqa: B008
        """Return a record if the reader may see it, and what they see of it is what is wanted."""
        try:
            return self._entry(row, wanted, must)
        except UNREADABLE:
            return None

    def _entry(self, row: Row, wanted: Wanted, must: Needed) -> Entry | None:
        members = members_of(row.line)
        if not wanted.holds_at(members["logged"]):
            return None
        decision = self._decision_of(row.index, members)
        asker = asker_of(decision or members)
        if not self.scope.may_see(members["kind"], members["concerns"], asker):
            return None
        seen = self.scope.seen(members)
        basis = self._seen(decision)
        if not is_named(wanted, seen, basis) or not must.met_by(marks_of(seen, basis)):
            return None
        partner = asker_of(basis)[1] if basis is not None else asker_of(seen)[1]
        return Entry(row.index, partner, seen, members["logged"])

    def _seen(self, decision: Members | None) -> Members | None:
        if decision is None or not self.scope.may_see("decision", decision["concerns"], asker_of(decision)):
            return None
        return self.scope.seen(decision)

    def _decision_of(self, index: int, members: Members) -> Members | None:
        """Return the decision of a record's query, if it is another record."""
        at = int(members.get("decision_index", 0))
        if not 0 < at < index:
            return None
        if at not in self._decisions:
            if len(self._decisions) >= DECISIONS_KEPT:
                self._decisions.clear()
            self._decisions[at] = decision_at(self.reader, at)
        found = self._decisions[at]
        return found if found is not None and found["query"] == members["query"] else None


def members_of(line: bytes) -> Members:
    """Read a record's line; raises one of UNREADABLE."""
    members: dict[str, Any] = orjson.loads(line)
    return members


def decision_at(reader: Reader, index: int) -> Members | None:
    """Return the decision at an index; None if it was pruned, or the record there is none."""
    row = reader.row(index)
    try:
        members = members_of(row.line) if row is not None else {}
        return members if members.get("kind") == "decision" else None
    except UNREADABLE:
        return None


def backwards(reader: Reader, low: int, high: int) -> Iterator[Row]:
    """Yield the records from `low` to `high`, the newest first, without holding them all."""
    while low < high:
        start = max(low, high - ROWS_BACKWARDS)
        yield from reversed(list(reader.rows(start, high)))
        high = start


def scan(looking: Looking, wanted: Wanted, low: int, high: int) -> Iterator[Entry]:
    """Yield the records that are wanted from `low` to `high`, the newest first; looks at each of them."""
    must = needed(wanted, looking.scope)
    if must is None:
        return
    for row in backwards(looking.reader, low, high):
        if (entry := looking.entry(row, wanted, must)) is not None:
            yield entry


def read_log(
    file: Path, limit: int = 100, wanted: Wanted = Wanted(), *, partner: str = "", query: str = "", kind: str = ""  # noqa: B008
) -> list[Entry]:  # fmt: skip
    """Return the newest records of a file first, of all that are wanted; looks at each record of the log."""
    if partner or query or kind:
        wanted = Wanted(partner=partner, query=query, kind=kind)
    found: list[Entry] = []
    with reading(file) as reader:
        for entry in scan(Looking(reader, AUDITOR), wanted, 0, reader.size()):
            found.append(entry)
            if len(found) == limit:
                break
    return found


def read_questions(file: Path, since: str = "") -> Iterator[tuple[int, bytes]]:
    """Yield the line of each query's first decision or its refusal, oldest first, with how many records there are.

    `since` is a moment as records hold it, or the beginning of one. Works beside a running gateway.
    """
    with reading(file) as reader:
        total, seen = reader.size(), set[str]()
        for row in reader.rows(0, total):
            record = orjson.loads(row.line) if row.line else {"kind": ""}
            if record["kind"] in ("decision", "refusal") and record["time"] >= since and record["query"] not in seen:
                seen.add(record["query"])
                yield total, row.line
