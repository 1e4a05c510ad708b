"""The records of the log -> a report: what was asked, answered and let out, by port, partner, purpose and quarter.

*Invariants*
- A question counts once, in the period and quarter in which it was asked, however often it was tried; so asked is the
  sum of answered, refused, failed, cancelled and those under way.
- By port, a question counts at each port that it is about, with its whole answer: columns by port do not add up to all.
- Memory grows with the number of groups, and with nothing else: what a partner makes up (a purpose) makes no group.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from gateway.audit.canonical import Members
from gateway.model import PURPOSES

DIMENSIONS = ("port", "partner", "organisation", "purpose", "quarter")
COUNTS = (
    "asked", "answered", "partial", "refused", "failed", "cancelled", "under_way", "rows_let_out", "bytes_let_out",
    "rows_from_ports", "bytes_from_ports", "alarms",
)  # fmt: skip
NOT_FOR_PARTNERS = frozenset({"rows_from_ports", "bytes_from_ports", "alarms"})
"""What Trino read and what the wall stopped would tell a partner of rows that are hidden from them."""
AGREEMENTS = "agreements"

NONE, UNKNOWN = "(none)", "(unknown)"
"""A question about no port; a partner or purpose that nobody knows."""
MOST_TRIES = 10_000
"""How many failed questions are remembered, in case they are tried again, and how many of Trino's own, told twice."""

Key = tuple[str, ...]
TOTAL: Key = ()
Decided = Callable[[int], Members | None]
"""Index -> the decision there; None if there is none, or it was pruned."""


@dataclass(slots=True)
class Group:
    """What is counted of one group."""

    asked: int = 0
    answered: int = 0
    partial: int = 0
    """Of the answered, those without some port."""
    refused: int = 0
    failed: int = 0
    cancelled: int = 0
    rows_let_out: int = 0
    """To partners, before an answer failed too."""
    bytes_let_out: int = 0
    rows_from_ports: int = 0
    """As Trino counted what the ports gave to it, once for each query of its own."""
    bytes_from_ports: int = 0
    alarms: int = 0
    agreements: set[str] = field(default_factory=set)

    @property
    def under_way(self) -> int:
        """Asked, and not ended yet."""
        return self.asked - self.answered - self.refused - self.failed - self.cancelled


_ENDED = {"finished": "answered", "failed": "failed", "interrupted": "failed", "cancelled": "cancelled"}


class Report:
    """Counts record after record, in the order of the log."""

    def __init__(self, by: tuple[str, ...], since: str = "", until: str = "") -> None:
        """Take the dimensions, and the first and the last day (UTC, `2026-11-22`) of the questions; empty: no limit.

        Raises ValueError for dimensions that are none, or stand there twice.
        """
        if not by or len(set(by)) != len(by) or not set(by) <= set(DIMENSIONS):
            raise ValueError(f"a report is by some of {', '.join(DIMENSIONS)}, each once")
        self.by, self.since, self.until = by, since, until
        self._groups: dict[Key, Group] = {}
        self.total = Group()
        self._tries: OrderedDict[str, frozenset[Key]] = OrderedDict()
        """Query that failed for a port's sake -> the groups in which it did; it may be tried again without the port."""
        self._told: OrderedDict[str, None] = OrderedDict()
        """Trino's ids of the last queries that it told of."""

    def groups(self) -> list[tuple[Key, Group]]:
        """Return the groups, in order."""
        return sorted(self._groups.items(), key=lambda item: item[0])

    def add(self, record: Members, decided: Decided) -> None:
        """Count one record."""
        count = _COUNTED.get(record["kind"])
        if count is not None:
            count(self, record, decided)

    # --- each kind of record ----------------------------------------------------------------------------------------

    def _decision(self, record: Members, decided: Decided) -> None:
        again = self._tries.pop(record["query"], frozenset())
        for key, port in self._keys(record).items():
            group = self._group(key)
            if key in again:
                group.failed -= 1
            else:
                group.asked += 1
            shares = (table for table in record["tables"] if port in ("", table["port"]))
            group.agreements.update(each for table in shares for each in table["agreements"])

    def _refusal(self, record: Members, decided: Decided) -> None:
        for key in self._keys(record):
            group = self._group(key)
            group.asked += 1
            group.refused += 1

    def _outcome(self, record: Members, decided: Decided) -> None:
        decision = decided(record["decision_index"])
        keys = self._keys(decision) if decision else {}
        for key in keys:
            group = self._group(key)
            counted = _ENDED.get(record["state"], "failed")
            setattr(group, counted, getattr(group, counted) + 1)
            group.partial += record["state"] == "finished" and bool(record["missing"])
            group.rows_let_out += record["rows"]
            group.bytes_let_out += record["bytes"]
        if record["code"] == "port_unavailable" and keys:
            self._tries[record["query"]] = frozenset(keys)
            if len(self._tries) > MOST_TRIES:
                self._tries.popitem(last=False)

    def _execution(self, record: Members, decided: Decided) -> None:
        decision = decided(record["decision_index"])
        if decision is None or self._is_told_again(record["trino"]):
            return
        for key, port in self._keys(decision).items():
            group = self._group(key)
            group.rows_from_ports += sum(table["rows"] for table in record["tables"] if port in ("", table["port"]))
            group.bytes_from_ports += sum(size for each, size in record["given"].items() if port in ("", each))

    def _is_told_again(self, trino: str) -> bool:
        """Say whether Trino has told of this query of its own before."""
        is_known = trino in self._told
        self._told[trino] = None
        if len(self._told) > MOST_TRIES:
            self._told.popitem(last=False)
        return is_known

    def _alarm(self, record: Members, decided: Decided) -> None:
        decision = decided(record["decision_index"]) if record["decision_index"] else None
        known = {"time": record["time"], "concerns": record["concerns"], **(decision or {})}
        for key in self._keys({**known, "concerns": record["concerns"]}):
            self._group(key).alarms += record["count"]

    # --- groups -----------------------------------------------------------------------------------------------------

    def _group(self, key: Key) -> Group:
        return self.total if key == TOTAL else self._groups.setdefault(key, Group())

    def _keys(self, question: Members) -> Mapping[Key, str]:
        """Return the groups of a question, each with the port that it is for, and all of them together."""
        day = question["time"][:10]
        if day < self.since or (self.until and day > self.until):
            return {}
        ports = (question["concerns"] or [NONE]) if "port" in self.by else [""]
        asker = question.get("partner") or {}
        said = {
            "partner": f"{asker.get('organisation', '')}/{asker['id']}" if asker else UNKNOWN,
            "organisation": asker.get("organisation", UNKNOWN),
            "purpose": purpose if (purpose := question.get("purpose", "")) in PURPOSES else UNKNOWN,
            "quarter": quarter_of(day),
        }
        return {tuple(port if name == "port" else said[name] for name in self.by): port for port in ports} | {TOTAL: ""}


_COUNTED: Mapping[str, Callable[[Report, Members, Decided], None]] = {
    "decision": Report._decision,
    "refusal": Report._refusal,
    "outcome": Report._outcome,
    "execution": Report._execution,
    "alarm": Report._alarm,
}


def report(
    records: Iterable[Members], decided: Decided, by: tuple[str, ...], since: str = "", until: str = ""
) -> Report:
    """Count all records; raises ValueError as Report does."""
    made = Report(by, since, until)
    for record in records:
        made.add(record, decided)
    return made


def quarter_of(day: str) -> str:
    """Return the quarter of a day, in UTC.

    >>> quarter_of("2026-11-22"), quarter_of("2027-01-01")
    ('2026-Q4', '2027-Q1')
    """
    return f"{day[:4]}-Q{(int(day[5:7]) + 2) // 3}"


def cells(found: Report, is_partner: bool) -> tuple[list[str], list[list[str | int]], list[str | int]]:
    """Return the names of a report's columns, its lines, and the line of all; a partner is not told of all columns."""
    counts = [name for name in COUNTS if not (is_partner and name in NOT_FOR_PARTNERS)]

    def line(key: Key, group: Group) -> list[str | int]:
        return [*key, *(getattr(group, name) for name in counts), " ".join(sorted(group.agreements))]

    names = [*found.by, *counts, AGREEMENTS]
    total = ["all", *[""] * (len(found.by) - 1)]
    return names, [line(key, group) for key, group in found.groups()], line(tuple(total), found.total)
