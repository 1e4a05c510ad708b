"""The records of an audit log, as somebody may see them; looked through one by one, beside a running gateway."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from gateway.adapters.audit_sqlite import reading
from gateway.adapters.audit_storage import Reader
from gateway.audit.canonical import Members
from gateway.audit.growth import Row
from gateway.log_search import AUDITOR, Entry, Needed, Scope, Shown, Wanted, asker_of, is_named, marks_of, needed

DECISIONS_KEPT = 2_000
UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)
"""What reading a record raises that was pruned, or that somebody changed into what no gateway writes: it is not found,
and `portgate audit verify` says what became of it."""
ROWS_BACKWARDS = 200


class Looking:
    """One state of a log, as one reader sees it."""

    def __init__(self, reader: Reader, scope: Scope) -> None:
        self.reader = reader
        self.scope = scope
        self._decisions: dict[int, Members | None] = {}

    def shown(self, index: int) -> Shown | None:
        """Return a record without the others of its query; None if there is none that the reader may see."""
        row = self.reader.row(index)
        if row is None:
            return None
        entry = self.entry(row)
        if entry is None and self.scope.role == "auditor":
            entry = Entry(index, "", {})  # it was pruned, or spoilt
        newest = self.reader.checkpoint()
        covers = newest if newest and int(newest.split("\n")[1]) > index else ""
        return Shown(entry, row.leaf, covers) if entry is not None else None

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


def search_in(file: Path, wanted: Wanted, limit: int, before: int | None = None) -> list[Entry]:
    """Return the newest records of a file that are wanted, the newest first; looks at each record until it has them.

    Raises AuditUnavailable.
    """
    with reading(file) as reader:
        high = reader.size() if before is None else min(before, reader.size())
        return list(islice(scan(Looking(reader, AUDITOR), wanted, 0, high), limit))


def read_log(file: Path, limit: int = 100, *, partner: str = "", query: str = "", kind: str = "") -> list[Entry]:
    """Return the newest records of a file first, of one partner, query or kind if given."""
    return search_in(file, Wanted(partner=partner, query=query, kind=kind), limit)


def show_in(file: Path, index: int) -> Shown | None:
    """Return one record of a file, with those of its query; None if there is none. Raises AuditUnavailable."""
    with reading(file) as reader:
        looking = Looking(reader, AUDITOR)
        shown = looking.shown(index)
        query = shown.entry.record.get("query") if shown is not None else ""
        if shown is None or not query:
            return shown
        return shown.beside(list(scan(looking, Wanted(query=query), 0, reader.size())))


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
