"""A month of a federation's log, drawn from a seed: fifteen partners at their work; and what an attack adds to it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from gateway.audit.canonical import Members, members
from gateway.audit.record import (
    AlarmRecord,
    DecisionRecord,
    ExecutionRecord,
    OutcomeRecord,
    ReadTable,
    Record,
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
)

ZONE = ZoneInfo("America/Los_Angeles")
FIRST = datetime(2026, 10, 1, tzinfo=ZONE)
DAYS = 31
PURPOSES = ("freight_resilience", "emissions_reduction", "goods_movement", "economic_competitiveness")
PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
COLUMNS = ("port_unlocode", "call_id", "vessel_name", "carrier_smdg", "ata_berth", "teu", "berth", "hours")
TEMPLATES = (
    "SELECT {0}, count(*) FROM vessel_calls WHERE port_unlocode = '{p}' AND ata_berth >= DATE '{d}' GROUP BY {0}",
    "SELECT {0}, {1}, sum(teu) FROM vessel_calls WHERE carrier_smdg IN ('MSC', '{c}') GROUP BY {0}, {1}",
    "SELECT {0} FROM vessel_calls WHERE {1} IS NOT NULL LIMIT {n}",
    "WITH d AS (SELECT {0} x FROM vessel_calls WHERE ata_berth < DATE '{d}') SELECT x, count(*) FROM d GROUP BY x",
    "SELECT a.{0}, b.{1} FROM vessel_calls a JOIN vessel_calls b ON a.call_id = b.call_id AND a.teu > {n}",
    "SELECT berth, max({0}) FROM vessel_calls WHERE port_unlocode <> '{p}' GROUP BY 1 HAVING count(*) > {n}",
    "SELECT count(DISTINCT {0}) FILTER (WHERE teu > {n}) FROM vessel_calls",
)


@dataclass
class Month:
    """Records as they come; `at` is a moment in Los Angeles."""

    chance: random.Random
    drawn: list[tuple[datetime, list[Members]]] = field(default_factory=list)
    number: int = 0

    def ask(
        self, who: str, at: datetime, sql: str, columns: Iterable[str] = ("teu",), rows: int = 10, size: int = 0,
        ports: tuple[str, ...] = PORTS, code: str = "",
    ) -> None:  # fmt: skip
        """Ask one question; with a code, it is refused."""
        self.number += 1
        query, time = f"q{self.number}", _utc(at)
        partner = RecordedPartner(who, f"org_{who.split('-')[0]}", "state_agency", (), "t")
        if code:
            refusal = RefusalRecord(query, time, partner, PURPOSES[0], "", sql, code, "no", concerns=ports)
            self.drawn.append((at, [members(refusal)]))
            return
        tables = tuple(RecordedTable(p, "freight.vessel_calls", tuple(columns), {}, (), (f"{p}-1",)) for p in ports)
        decision = DecisionRecord(
            query, time, partner, PURPOSES[len(who) % 4], "", sql, "", tables, dict.fromkeys(ports, "ab"), "d", "b",
            concerns=ports,
        )  # fmt: skip
        outcome = OutcomeRecord(query, _utc(at + timedelta(seconds=2)), 0, "finished", rows, size or rows * 120, ports)
        self.drawn.append((at, [members(decision), members(outcome)]))

    def records(self) -> list[Members]:
        """Return all records in the order of time, as a log holds them."""
        found: list[Members] = []
        for _, group in sorted(self.drawn, key=lambda item: item[0]):
            at = len(found)
            for record in group:
                place = {"index": len(found)} | ({"decision_index": at} if record["kind"] == "outcome" else {})
                found.append({**record, **place})
        return found


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def normal(seed: int, days: int = DAYS) -> Month:
    """Thirteen people and two programs; the last workdays of the month are busy, and downloads are larger then."""
    drawn = _drawn(seed, days)
    return Month(random.Random(seed + 1), list(drawn.drawn), drawn.number)  # noqa: S311


@cache
def _drawn(seed: int, days: int) -> Month:
    month = Month(random.Random(seed))  # noqa: S311 - to be the same each time
    for number in range(13):
        person(month, f"analyst{number}-{number}", days, start=month.chance.uniform(7, 10))
    program(month, "board-1", days, timedelta(hours=1))
    program(month, "planner-2", days, timedelta(hours=2))
    return month


def person(month: Month, who: str, days: int, start: float) -> None:
    """Somebody who asks on workdays, tries things out, mistypes, exports, works late now and then."""
    chance = month.chance
    own = chance.sample(COLUMNS, 6)
    saved = [_text(chance, own) for _ in range(4)]
    for day in range(days):
        date = FIRST + timedelta(days=day)
        if date.weekday() > 4 and chance.random() > 0.05:
            continue
        is_end = date.day >= 29
        for _ in range(chance.randint(6, 14) * (2 if is_end else 1)):
            late = chance.random() < 0.02
            at = date + timedelta(hours=start + (chance.uniform(9, 12) if late else chance.betavariate(2, 2) * 9))
            text = chance.choice(saved) if chance.random() < 0.4 else _text(chance, own)
            if chance.random() < 0.08:
                month.ask(
                    who, at, text.replace("vessel_calls", f"vesel_calls{chance.randint(0, 99)}"), code="unresolved"
                )
                continue
            rows = int(chance.lognormvariate(5, 1.5)) * (3 if is_end else 1)
            if chance.random() < 0.03:
                rows = chance.randint(20_000, 60_000)
            month.ask(who, at, text, chance.sample(own, 3), rows)


def program(month: Month, who: str, days: int, every: timedelta) -> None:
    """A dashboard: the same texts at each turn, day and night."""
    texts = [_text(month.chance, COLUMNS[:4]) for _ in range(3)]
    at = FIRST
    while at < FIRST + timedelta(days=days):
        for text in texts:
            month.ask(who, at + timedelta(seconds=month.chance.uniform(0, 60)), text, COLUMNS[:4], 200)
        at += every


def _text(chance: random.Random, own: Iterable[str]) -> str:
    first, second = chance.sample(list(own), 2)
    said = {
        "p": chance.choice(("USLAX", "USOAK", "USLGB")),
        "c": chance.choice(("HLC", "ONE", "CMD")),
        "d": f"2026-0{chance.randint(1, 9)}-{chance.randint(10, 28)}",
        "n": chance.choice((10, 20, 50, 100)),
    }
    return chance.choice(TEMPLATES).format(first, second, **said)


def decided(records: list[Members]) -> Any:
    """Return what finds a decision by its index."""
    known: Mapping[int, Members] = {record["index"]: record for record in records if record["kind"] == "decision"}
    return known.get


def story(records: Iterable[Record]) -> Iterator[Members]:
    """Number records as a log would."""
    for index, record in enumerate(records):
        yield {**members(record), "index": index}


__all__ = ["AlarmRecord", "ExecutionRecord", "Month", "ReadTable", "decided", "normal", "story"]
