"""Audit logs as earlier versions left them."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

from gateway.audit.canonical import members
from gateway.audit.record import Record
from tests.adapters.records import decision, outcome

SCHEMA_1 = """
CREATE TABLE IF NOT EXISTS records (
    idx INTEGER PRIMARY KEY, digest TEXT NOT NULL, kind TEXT NOT NULL, query TEXT NOT NULL,
    partner TEXT NOT NULL, time TEXT NOT NULL, line BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS records_by_query ON records (query);
CREATE INDEX IF NOT EXISTS records_by_partner ON records (partner, idx);
CREATE TABLE IF NOT EXISTS open_decisions (idx INTEGER PRIMARY KEY, query TEXT NOT NULL, partner TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS probes (id INTEGER PRIMARY KEY, time TEXT NOT NULL);
"""


def line_of(record: dict[str, Any]) -> bytes:
    """Write a record as version 1 did."""
    return json.dumps({**record, "schema": 1}, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode(
        "utf-8", "backslashreplace"
    )


def questions(count: int) -> list[dict[str, Any]]:
    """Make decisions and outcomes, in turn; the last decision has none."""
    records: list[dict[str, Any]] = []
    for number in range(count):
        time = f"2026-11-{1 + number * 28 // count:02}T12:00:00.000Z"
        records.append(_old(replace(decision(f"q{number}"), time=time, sql="SELECT 'ä'")))
        if number < count - 1:
            records.append(_old(replace(outcome(f"q{number}", len(records)), time=time)))
    return records


def _old(record: Record) -> dict[str, Any]:
    return {name: value for name, value in members(record).items() if name != "concerns"}


def write_schema_1(file: Path, records: Sequence[dict[str, Any]]) -> list[bytes]:
    """Write a log of version 1, records from 1 on; return its lines."""
    lines = [line_of(record) for record in records]
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        database.executescript(SCHEMA_1)
        for index, (record, line) in enumerate(zip(records, lines, strict=True), 1):
            digest = hashlib.sha256(line).hexdigest()
            row = (index, digest, record["kind"], record["query"], "ana", record["time"], line)
            database.execute("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        closed = {record["decision_index"] for record in records if record["kind"] == "outcome"}
        for index, record in enumerate(records, 1):
            if record["kind"] == "decision" and index not in closed:
                database.execute("INSERT INTO open_decisions VALUES (?, ?, 'ana')", (index, record["query"]))
        database.execute("INSERT INTO probes VALUES (1, '2026-11-28')")
        database.commit()
    return lines
