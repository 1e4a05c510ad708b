"""The log -> what it says of decisions that this process does not know: those of an earlier one, or of another gateway.

Each function looks at the log over a connection of its own and may wait for the disk: call them on a thread.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from gateway.adapters.audit_storage import Reader, Storage
from gateway.adapters.trino_events import NO_EXECUTION
from gateway.model import Reach, TableName

LOOK_BACK = 5_000
"""How many of the newest records are searched for decisions that no execution was told of, when a gateway starts."""
SETTLED_BACK = 20_000
"""How many of the newest records are searched for executions that another gateway has heard of."""


@dataclass(frozen=True, slots=True)
class PastDecision:
    """A decision as the log holds it."""

    index: int
    query: str
    user: str
    """The user string under which Trino ran it."""
    made: datetime
    reach: Reach


class PastDecisions:
    """The decisions that stand in a log."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def find(self, index: int) -> PastDecision | None:
        """Return the decision that stands at an index; None if something else does. Raises AuditUnavailable."""
        with self._storage.reading() as reader:
            row = reader.row(index) if 0 < index < reader.size() else None
        return _decision(index, orjson.loads(row.line)) if row is not None and row.line else None

    def unheard(self) -> list[PastDecision]:
        """Return the finished ones among the newest records of which no execution was told, oldest first."""
        decisions: dict[int, PastDecision] = {}
        finished: set[int] = set()
        with self._storage.reading() as reader:
            size = reader.size()
            for index, record in _records(reader, max(0, size - LOOK_BACK), size):
                decision = _decision(index, record)
                if decision is not None:
                    decisions[index] = decision
                elif record["kind"] == "outcome" and record["state"] == "finished":
                    finished.add(record["decision_index"])
                elif _settles(record):
                    finished.discard(record["decision_index"])
        return [decision for index, decision in decisions.items() if index in finished]

    def heard(self, indexes: frozenset[int]) -> frozenset[int]:
        """Return those of the decisions that somebody has written an execution, or the lack of one, for."""
        if not indexes:
            return frozenset()
        with self._storage.reading() as reader:
            size = reader.size()
            records = _records(reader, max(min(indexes), size - SETTLED_BACK), size)
            return indexes & {record["decision_index"] for _, record in records if _settles(record)}


def _records(reader: Reader, low: int, high: int) -> Iterator[tuple[int, Mapping[str, Any]]]:
    for row in reader.rows(low, high):
        if row.line:
            yield row.index, orjson.loads(row.line)


def _settles(record: Mapping[str, Any]) -> bool:
    if record["kind"] == "alarm":
        return bool(record["operation"] == NO_EXECUTION)
    return bool(record["kind"] == "execution")


def _decision(index: int, record: Mapping[str, Any]) -> PastDecision | None:
    """Read a decision; None for another record, and for one of a gateway that did not write its reach yet."""
    if record["kind"] != "decision" or "reach" not in record:
        return None
    partner = record["seen_as"] or record["partner"]
    reach = {TableName(*name.split(".", 2)): frozenset(columns) for name, columns in record["reach"].items()}
    return PastDecision(index, record["query"], f"{partner['id']}#{index}", _moment(record["time"]), reach)


def _moment(time: str) -> datetime:
    return datetime.fromisoformat(time.replace("Z", "+00:00"))
