"""The records of an audit log, read as they were written, beside a running gateway."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from gateway.adapters.audit_sqlite import reading
from gateway.adapters.audit_storage import Reader


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as the log holds it."""

    index: int
    partner: str
    """Who it is about: who asked, or whose user string Trino was given."""
    record: dict[str, Any]


def entries(reader: Reader, low: int, high: int) -> Iterator[Entry]:
    """Yield the records from `low` to `high`; those that were pruned are left out."""
    for row in reader.rows(low, high):
        if row.line:
            record = orjson.loads(row.line)
            yield Entry(row.index, partner_of(record), record)


def partner_of(record: dict[str, Any]) -> str:
    """Return the id of the partner that a record is about; nothing if it names none."""
    asker = record.get("partner") or record.get("reader") or {}
    return str(asker.get("id") or record.get("user", "").rpartition("#")[0])


def read_log(file: Path, limit: int = 100, *, partner: str = "", query: str = "", kind: str = "") -> list[Entry]:
    """Return the newest records first, of one partner, query or kind if given; looks at each record of the log."""
    found: list[Entry] = []
    with reading(file) as reader:
        askers: dict[str, str] = {}
        for each in entries(reader, 0, reader.size()):
            record = each.record
            asker = askers.setdefault(record["query"], each.partner) if record["query"] else each.partner
            entry = Entry(each.index, asker, record)
            if partner in ("", asker) and query in ("", record["query"]) and kind in ("", record["kind"]):
                found.append(entry)
    return found[::-1][:limit]


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
