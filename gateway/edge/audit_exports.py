"""Records of the audit log -> one file, as it is sent: JSON Lines, CSV or Parquet; for one question always the same.

*Invariants*
- What is written depends on the log up to one checkpoint, the conditions and the reader, and on nothing else; only
  pruning takes away from it.
- A reader gets what `LogReader.seen` shows of the records that `LogReader.may_see` admits.
- At no time more than a few thousand records are held.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from gateway.audit.canonical import Members, canonical
from gateway.audit.growth import Row
from gateway.audit.tree import Subtree
from gateway.audit.views import salt, view
from gateway.edge.audit_access import LogReader
from gateway.edge.formats.arrow import Sink
from gateway.edge.formats.csv import csv_line, escape_formula
from gateway.log_search import NOBODY, Asker, asker_of

IN_A_GROUP = 5_000
"""How many records a row group of Parquet has."""
IN_A_CHUNK = 200
FILTERS = ("kind", "partner", "organisation", "port", "query", "since", "until")
"""What records can be chosen by; `since` and `until` are moments as records hold them, or beginnings of one."""
COLUMNS: Mapping[str, Callable[[Members], Any]] = {
    "index": lambda told: told["index"],
    "logged": lambda told: told["logged"],
    "kind": lambda told: told["kind"],
    "query": lambda told: told["query"],
    "time": lambda told: told["time"],
    "partner": lambda told: asker_of(told)[1] or None,
    "organisation": lambda told: asker_of(told)[0] or None,
    "purpose": lambda told: told.get("purpose"),
    "state": lambda told: told.get("state"),
    "code": lambda told: told.get("code"),
    "decision_index": lambda told: told.get("decision_index"),
    "rows": lambda told: told.get("rows"),
    "bytes": lambda told: told.get("bytes"),
    "concerns": lambda told: ",".join(told.get("concerns", ())),
    "sql": lambda told: told.get("sql"),
    "record": lambda told: canonical(told).decode(),
}
"""Columns of CSV and Parquet: the members that most records have, and the whole record as JSON."""
NUMBERS = {"index", "decision_index", "rows", "bytes"}
SCHEMA = pa.schema([(name, pa.int64() if name in NUMBERS else pa.string()) for name in COLUMNS])
MEDIA_TYPES = {
    "jsonl": "application/jsonl",
    "csv": "text/csv; charset=utf-8; header=present",
    "parquet": "application/vnd.apache.parquet",
}


class LogRows(Protocol):
    """The log, as it was when it was opened."""

    def row(self, index: int) -> Row | None:
        """Return one record."""

    def rows(self, low: int, high: int) -> Iterator[Row]:
        """Yield records."""

    def checkpoint(self) -> str:
        """Return the newest checkpoint; empty if there is none."""

    def checkpoint_of(self, size: int) -> str:
        """Return the checkpoint of a tree of that size; empty if there is none."""

    def checkpoints_above(self, index: int, most: int) -> list[str]:
        """Return the newest checkpoints that cover a record."""

    def tree(self, size: int) -> Subtree:
        """Return the subtrees of the tree of that size."""


OpenLog = Callable[[], AbstractContextManager[LogRows]]


@dataclass(frozen=True, slots=True)
class Asked:
    """Which records are exported, and how."""

    format: str
    size: int
    low: int
    high: int
    filters: Mapping[str, str]

    @property
    def told(self) -> str:
        """The conditions as a manifest holds them."""
        return canonical(dict(self.filters)).decode()


@dataclass
class Count:
    """How many records were exported so far."""

    records: int = 0


def chunks(log: LogRows, reader: LogReader, asked: Asked, count: Count | None = None) -> Iterator[bytes]:
    """Yield the file."""
    found = _counted(chosen(log, reader, asked), asked, count or Count())
    if asked.format == "jsonl":
        yield from _in_chunks(_json_line(row, told, reader) for row, told in found)
    elif asked.format == "csv":
        yield from _in_chunks([csv_line(COLUMNS)], (_csv_line(reader.seen(told)) for _, told in found))
    else:
        yield from _parquet(reader.seen(told) for _, told in found)


def counted(log: LogRows, reader: LogReader, asked: Asked) -> int:
    """Return how many records the file will have."""
    if reader.role == "auditor" and not asked.filters and asked.format == "jsonl":
        return asked.high - asked.low
    return sum(1 for _ in _counted(chosen(log, reader, asked), asked, Count()))


def _counted(found: Iterable[tuple[Row, Members]], asked: Asked, count: Count) -> Iterator[tuple[Row, Members]]:
    """Count what is exported: of a pruned record a line of JSON still holds the entry, and nothing else can."""
    for row, told in found:
        if told or asked.format == "jsonl":
            count.records += 1
            yield row, told


def chosen(log: LogRows, reader: LogReader, asked: Asked) -> Iterator[tuple[Row, Members]]:
    """Yield the records that the reader may see and has asked for; one that was pruned tells nothing any more."""
    askers: dict[int, Asker] = {}
    is_whole = reader.role == "auditor" and not asked.filters
    for row in log.rows(asked.low, asked.high):
        told: Members = orjson.loads(row.line) if row.line else {}
        if is_whole:
            yield row, told
        elif told:
            asker = asker_of_query(told, log, askers)
            if reader.may_see(told["kind"], tuple(told["concerns"]), asker) and _is_chosen(told, asker, asked.filters):
                yield row, told


def asker_of_query(told: Members, log: LogRows, askers: dict[int, Asker]) -> Asker:
    """Say who asked; of what belongs to a decision, that one's asker, remembered until its outcome comes."""
    if told["kind"] == "decision":
        askers[told["index"]] = asker_of(told)
    at = told.get("decision_index", 0)
    if at == 0:
        return asker_of(told)
    if at not in askers:
        row = log.row(at)
        askers[at] = asker_of(orjson.loads(row.line)) if row and row.line else NOBODY
    return askers.pop(at) if told["kind"] == "outcome" else askers[at]


def _is_chosen(told: Members, asker: Asker, filters: Mapping[str, str]) -> bool:
    said = {
        "kind": told["kind"],
        "partner": asker[1],
        "organisation": asker[0],
        "query": told["query"],
    }
    return (
        all(said.get(name, value) == value for name, value in filters.items())
        and filters.get("port", "") in ("", *told["concerns"])
        and filters.get("since", "") <= told["logged"]
        and not ("until" in filters and told["logged"] >= filters["until"])
    )


def _json_line(row: Row, told: Members, reader: LogReader) -> bytes:
    """The record with what ties it to the tree: for an auditor the seed, for a steward their own salt."""
    if reader.role == "auditor":
        tie, shown = b',"seed":"' + base64.b64encode(row.seed) + b'"', row.line or b"null"
    elif reader.role == "steward":
        tie, shown = b',"salt":"' + base64.b64encode(salt(row.seed, reader.port)) + b'"', view(told, reader.port)
    else:
        tie, shown = b"", canonical(reader.seen(told))
    return b'{"entry":%b,"index":%d,"record":%b%b}\n' % (row.entry, row.index, shown, tie)


def _csv_line(told: Members) -> bytes:
    cells = (column(told) for column in COLUMNS.values())
    return csv_line(escape_formula(cell) if isinstance(cell, str) else cell for cell in cells)


def _in_chunks(*lines: Iterable[bytes]) -> Iterator[bytes]:
    gathered: list[bytes] = []
    for each in lines:
        for line in each:
            gathered.append(line)
            if len(gathered) == IN_A_CHUNK:
                yield b"".join(gathered)
                gathered = []
    yield b"".join(gathered)


def _parquet(shown: Iterable[Members]) -> Iterator[bytes]:
    sink = Sink()
    gathered: list[dict[str, Any]] = []
    with pq.ParquetWriter(pa.PythonFile(sink, "w"), SCHEMA, compression="zstd", compression_level=1) as writer:
        for told in shown:
            gathered.append({name: column(told) for name, column in COLUMNS.items()})
            if len(gathered) == IN_A_GROUP:
                writer.write_table(pa.Table.from_pylist(gathered, SCHEMA))
                gathered = []
                yield sink.drain()
        if gathered:
            writer.write_table(pa.Table.from_pylist(gathered, SCHEMA))
    yield sink.drain()
