"""Reports: each number is the one that somebody counts who looks at all records at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    ServiceRecord,
)
from gateway.model import PURPOSES
from gateway.reporting import COUNTS, DIMENSIONS, NONE, NOT_FOR_PARTNERS, UNKNOWN, Report, cells, quarter_of, report

PORTS = ("hueneme", "oakland", "san_diego")
WHO = (("msc", "planner"), ("gobiz", "ana"), ("gobiz", "=cmd|' /C calc'!A0"), ("<script>", 'x"><img src=x>'))


@dataclass
class Drawn:
    """A log that chance has written; each question is told as a whole."""

    chance: random.Random
    records: list[Members] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)

    def put(self, record: Record) -> int:
        self.records.append({**members(record), "index": len(self.records)})
        return len(self.records) - 1

    def question(self, number: int) -> None:
        chance = self.chance
        organisation, who = chance.choice(WHO)
        partner = RecordedPartner(who, organisation, "c", (), "t")
        day = f"2026-{chance.randint(1, 12):02}-{chance.randint(1, 28):02}"
        purpose, query, time = chance.choice((*PURPOSES, "=made up")), f"q{number}", f"{day}T23:59:59.999Z"
        ports = tuple(sorted(chance.sample(PORTS, chance.randint(0, 3))))
        told: dict[str, Any] = {
            "partner": f"{organisation}/{who}", "organisation": organisation,
            "purpose": purpose if purpose in PURPOSES else UNKNOWN, "quarter": quarter_of(day), "day": day,
            "ports": set(ports), "gone": {}, "end": "under_way", "agreements": {}, "partial": False, "rows": 0,
            "bytes": 0, "alarms": {}, "read": {},
        }  # fmt: skip
        self.questions.append(told)
        if chance.random() < 0.2:
            self.put(RefusalRecord(query, time, partner, purpose, "c", "x", "denied", "no", concerns=ports))
            told["end"] = "refused"
            return
        while True:
            tables = tuple(RecordedTable(p, "t", ("c",), {}, (), (f"{p}-{chance.randint(1, 2)}",)) for p in ports)
            for table in tables:
                told["agreements"].setdefault(table.port, set()).update(table.agreements)
            decision = DecisionRecord(query, time, partner, purpose, "c", "x", "", tables, {}, "d", "b", concerns=ports)
            index = self.put(decision)
            end = chance.choice(("finished", "failed", "cancelled", "interrupted", "port", "none"))
            if end == "port" and len(ports) > 1:  # tried again without the first one
                self.put(OutcomeRecord(query, "2027-01-01", index, "failed", code="port_unavailable"))
                told["gone"][ports[0]] = True
                ports = ports[1:]
                continue
            self._end(told, query, index, ports, "failed" if end == "port" else end)
            return

    def _end(self, told: dict[str, Any], query: str, index: int, ports: tuple[str, ...], end: str) -> None:
        chance = self.chance
        for port in ports:
            if chance.random() < 0.3:
                count = chance.randint(1, 3)
                self.put(AlarmRecord(query, "2027-01-01", "u#1", index, "o", f"{port}.t", (), count, concerns=(port,)))
                told["alarms"][port] = count
        if end != "none":
            rows, missing = chance.randint(0, 9), tuple(told["gone"]) if chance.random() < 0.7 else ()
            state: Any = end
            self.put(OutcomeRecord(query, "2027-01-01", index, state, rows, rows * 7, ports, missing=missing))
            told["end"] = {"finished": "answered", "interrupted": "failed"}.get(end, end)
            told["partial"] = end == "finished" and bool(missing)
            told["rows"], told["bytes"] = rows, rows * 7
            read = tuple(ReadTable(p, "t", ("c",), chance.randint(0, 50), chance.randint(0, 9)) for p in ports)
            given = {port: chance.randint(0, 500) for port in ports}
            for _ in range(chance.randint(1, 2)):  # what is told twice counts once
                self.put(ExecutionRecord(query, "2027", index, query, "u", "FINISHED", read, given=given))
            told["read"] = {each.port: (each.rows, given[each.port]) for each in read}


def drawn(seed: int, count: int = 60) -> Drawn:
    made = Drawn(random.Random(seed))  # noqa: S311
    made.put(ServiceRecord("", "2026-01-01", "opened", "g", "b", PORTS, "o"))
    for number in range(count):
        made.question(number)
    return made


def found_in(made: Drawn, *by: str, since: str = "", until: str = "") -> Report:
    return report(made.records, decided(made.records), by, since, until)


def decided(records: list[Members]) -> Callable[[int], Members | None]:
    known = {record["index"]: record for record in records if record["kind"] == "decision"}
    return known.get


def counted(
    made: Drawn, by: tuple[str, ...], since: str = "", until: str = ""
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Count with everything at hand: for each group that there may be, the questions that are of it."""
    groups: dict[tuple[str, ...], dict[str, Any]] = {}
    for question in made.questions:
        if question["day"] < since or (until and question["day"] > until):
            continue
        at = [*sorted(question["ports"])] or [NONE]
        for port in at if "port" in by else [""]:
            key = tuple(port if name == "port" else question[name] for name in by)
            group = groups.setdefault(key, {**dict.fromkeys(COUNTS, 0), "agreements": set()})
            is_gone = port in question["gone"]  # it failed there, and the question went on without it
            group["asked"] += 1
            group["failed" if is_gone else question["end"]] += 1
            if not is_gone:
                group["partial"] += question["partial"]
                group["rows_let_out"] += question["rows"]
                group["bytes_let_out"] += question["bytes"]
            for name, place in (("rows_from_ports", 0), ("bytes_from_ports", 1)):
                group[name] += sum(read[place] for each, read in question["read"].items() if port in ("", each))
            group["alarms"] += sum(n for each, n in question["alarms"].items() if port in ("", each))
            group["agreements"] |= {
                a for each, used in question["agreements"].items() if port in ("", each) for a in used
            }
    return groups


ALL_BY = [by for size in range(1, 6) for by in combinations(DIMENSIONS, size)]


@pytest.mark.parametrize("by", ALL_BY, ids=",".join)
def test_every_number_is_that_of_who_counts_all_at_once(by: tuple[str, ...]) -> None:
    made = drawn(7, 120)

    found = {key: _told(group) for key, group in found_in(made, *by).groups()}

    assert found == counted(made, by)


@given(
    st.integers(0, 10**9),
    st.sampled_from(ALL_BY),
    st.sampled_from(["", "2026-04-01"]),
    st.sampled_from(["", "2026-09-30"]),
)
def test_of_any_log_and_period(seed: int, by: tuple[str, ...], since: str, until: str) -> None:
    made = drawn(seed, 12)

    found = {key: _told(group) for key, group in found_in(made, *by, since=since, until=until).groups()}

    assert found == counted(made, by, since, until)


def _told(group: Any) -> dict[str, Any]:
    return {**{name: getattr(group, name) for name in COUNTS}, "agreements": group.agreements}


def test_the_line_of_all_counts_each_question_once() -> None:
    made = drawn(3)

    found = found_in(made, "port", "quarter")

    assert found.total.asked == len(made.questions)
    assert found.total.rows_let_out == sum(question["rows"] for question in made.questions)
    assert sum(group.asked for _, group in found.groups()) > found.total.asked


def test_lines_are_in_order_and_partners_are_not_told_what_was_read() -> None:
    made = drawn(3)

    names, lines, total = cells(found_in(made, "partner"), is_partner=False)
    own_names, own_lines, own_total = cells(found_in(made, "partner"), is_partner=True)

    assert names == ["partner", *COUNTS, "agreements"]
    assert [line[0] for line in lines] == sorted(str(line[0]) for line in lines)
    assert set(names) - set(own_names) == NOT_FOR_PARTNERS
    assert {len(line) for line in [*lines, total]} == {len(names)}
    assert {len(line) for line in [*own_lines, own_total]} == {len(own_names)}


def test_what_partners_make_up_makes_no_group() -> None:
    made = drawn(1, 0)
    for number in range(100):
        partner = RecordedPartner("p", "o", "c", (), "t")
        made.put(RefusalRecord(f"q{number}", "2026-01-01", partner, f"purpose {number}", "c", "x", "denied", "no"))

    assert [key for key, _ in found_in(made, "purpose").groups()] == [(UNKNOWN,)]


def test_an_alarm_that_belongs_to_no_query_stands_by_itself() -> None:
    made = drawn(1, 0)
    made.put(AlarmRecord("", "2026-05-05", "nobody#1", 0, "o", "oakland.t", (), 4, concerns=("oakland",)))

    [(key, group)] = found_in(made, "port", "partner", "quarter").groups()

    assert (key, group.alarms, group.asked) == (("oakland", UNKNOWN, "2026-Q2"), 4, 0)


def test_of_a_pruned_decision_nothing_is_counted() -> None:
    made = drawn(5)

    assert report(made.records[1:1], lambda index: None, ("port",)).groups() == []
    kept = [record for record in made.records if record["kind"] != "decision"]
    found = report(kept, lambda index: None, ("port",))
    assert found.total.asked == found.total.refused


@pytest.mark.parametrize("by", [(), ("port", "port"), ("ports",), ("port", "")])
def test_dimensions_that_there_are_not_are_refused(by: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="a report is by some of"):
        Report(by)
