"""What a gateway itself could write wrong is found too; and some of the records can be checked alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.adapters.audit_pruning import prune
from gateway.adapters.audit_storage import Turn
from gateway.audit.canonical import canonical
from gateway.audit.growth import Row, grow
from gateway.audit.record import DecisionRecord, OutcomeRecord, Record
from gateway.audit.views import entry
from gateway.checking.damage import Damage
from gateway.checking.joining import Known, Wanted
from gateway.checking.whole import check_range
from tests.audit.logs import PORTS, SIGNER, storage
from tests.audit.tampering import (
    ASKER,
    WANTED,
    HeldInMemory,
    Tables,
    build,
    found,
    known_of,
    moment,
    read_tables,
)

SEED = bytes(range(32))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "audit.sqlite"
    build(file, 12)
    return file


def written(file: Path, *rows: Callable[[int], Row]) -> Damage | None:
    """Have the gateway itself write rows, head and checkpoint and all; return what is found."""
    log = storage(file)

    def write(turn: Turn) -> None:
        for row in rows:
            turn.append(row(turn.frontier.size), moment(12))
        turn.sign(SIGNER, moment(12))

    log.commit(write)
    log.close()
    return found(read_tables(file))


def as_record(record: Record, logged: str = moment(12)) -> Callable[[int], Row]:
    return lambda index: grow(record, index, logged, SEED, PORTS)[1]


def as_line(members: dict[str, object], spaces: bytes = b"") -> Callable[[int], Row]:
    def row(index: int) -> Row:
        told = members | {"index": index}
        line = canonical(told) + spaces
        return Row(index, SEED, line, entry(SEED, line, told, PORTS))

    return row


DECISION = DecisionRecord("qx", moment(12), ASKER, "p", "c", "SELECT", "SELECT", (), {}, "d", "b", concerns=PORTS[:1])


def test_an_outcome_without_a_decision_is_found(file: Path) -> None:
    damage = written(file, as_record(OutcomeRecord("qx", moment(12), 3, "finished")))

    assert damage == Damage(12, "outcome_without_decision", 13)


def test_a_second_outcome_is_found(file: Path) -> None:
    outcome = as_record(OutcomeRecord("qx", moment(12), 12, "finished"))

    assert written(file, as_record(DECISION), outcome, outcome) == Damage(14, "decision_closed_twice", 15)


def test_time_that_goes_back_is_found(file: Path) -> None:
    assert written(file, as_record(DECISION, moment(3))) == Damage(12, "time_went_back", 13)


LINE: dict[str, object] = {
    "concerns": [], "kind": "login", "schema": 2, "logged": moment(12), "query": "", "time": moment(12), "code": "x",
    "claimed": "y", "count": 1, "build": "b",
}  # fmt: skip


@pytest.mark.parametrize(
    ("members", "spaces"),
    [
        (LINE, b" "),
        (LINE | {"more": 1}, b""),
        (LINE | {"schema": 3}, b""),
        (LINE | {"kind": "log_in"}, b""),
        (LINE | {"count": "1"}, b""),
        (LINE | {"count": True}, b""),
        (LINE | {"logged": "2026-11-28"}, b""),
        (LINE | {"logged": "2026-11-28T12:00:00.000Z\n"}, b""),
        ({name: value for name, value in LINE.items() if name != "code"}, b""),
    ],
)
def test_a_record_of_another_form_is_found(file: Path, members: dict[str, object], spaces: bytes) -> None:
    assert written(file, as_line(members, spaces)) == Damage(12, "record_malformed", 13)


def test_a_record_without_what_came_in_later_is_whole(file: Path) -> None:
    older = {name: value for name, value in LINE.items() if name not in ("count", "build")}

    assert written(file, as_line(LINE), as_line(older)) is None


@pytest.mark.parametrize(
    "line",
    [b"", b"[]", b"3", b"{", b'{"concerns":3}', b'{"concerns":["oakland"]}', b"\xff", b"[" * 5_000, b'{"n":1e999}',
     b'{"concerns":["oakland"],"tables":[1],"asked":{"a":1},"n":123456789012345678901234567890}',
     b'{"concerns":[{}],"index":"x"}', '{"\U0001f600":9007199254740993,"\ufb33":1}'.encode()],
)  # fmt: skip
def test_whatever_stands_in_a_line_is_a_fault_and_no_error(file: Path, line: bytes) -> None:
    tables = read_tables(file)
    tables.records[7][2] = line

    damage = found(tables)

    assert damage is not None
    assert (damage.index, damage.kind) == (7, "record_changed")


# --- some of the records --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def longer(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    return build(tmp_path_factory.mktemp("long") / "audit.sqlite", 800, 150)


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 800), (300, 301), (255, 257), (799, 800), (512, 9_999)])
def test_records_of_a_whole_log_are_whole(longer: Tables, low: int, high: int) -> None:
    known = known_of(longer)[-1:]

    damage, seen = check_range(HeldInMemory(longer), WANTED, low, high)

    assert (damage, seen.newest) == (None, 800)
    assert check_range(HeldInMemory(longer), with_known(*known), low, high)[0] is None


def with_known(*known: Known) -> Wanted:
    return replace(WANTED, known=known)


def test_a_changed_record_is_found_where_one_looks_and_not_elsewhere(longer: Tables) -> None:
    tables = longer.copy()
    tables.records[300][2] = tables.records[300][2].replace(b"SELECT", b"DELETE")
    if tables.records[300] == longer.records[300]:
        tables.records[300][2] += b" "
    held = HeldInMemory(tables)

    assert check_range(held, WANTED, 290, 310)[0] == Damage(300, "record_changed", 301)
    assert check_range(held, WANTED, 600, 700)[0] is None


def test_a_record_made_anew_does_not_reach_what_was_signed(longer: Tables) -> None:
    tables = longer.copy()
    line = canonical(LINE | {"index": 300, "logged": moment(300)})
    row = Row(300, SEED, line, entry(SEED, line, LINE, PORTS))
    tables.records[300] = [300, row.seed, row.line, row.entry, row.leaf]

    damage, _ = check_range(HeldInMemory(tables), WANTED, 290, 310)

    assert damage is not None
    assert damage.kind in ("rewritten", "outcome_without_decision")
    assert damage.index <= 300 or damage.kind == "outcome_without_decision"


def test_a_gap_and_a_foreign_checkpoint_are_found(longer: Tables) -> None:
    tables = longer.copy()
    del tables.records[300]

    assert check_range(HeldInMemory(tables), WANTED, 290, 310)[0] == Damage(300, "record_missing", 301)
    damage, _ = check_range(HeldInMemory(longer), with_known(Known(800, bytes(32), "x")), 290, 310)
    assert damage is not None
    assert damage.kind == "rewritten"


# --- pruning --------------------------------------------------------------------------------------------------------


@pytest.fixture
def pruned(tmp_path: Path) -> Tables:
    """A log of which all but record 0 and the last few were pruned."""
    file = tmp_path / "pruned.sqlite"
    build(file, 12, seed=5)
    log = storage(file)
    log.commit(lambda turn: prune(turn, moment(8), "gateway-1"))
    log.commit(lambda turn: turn.sign(SIGNER, moment(12)))
    log.close()
    return read_tables(file)


def test_what_was_pruned_is_whole_without_its_lines(pruned: Tables) -> None:
    emptied = [row[0] for row in pruned.records if not row[2]]

    assert emptied == list(range(1, len(emptied) + 1))
    assert len(emptied) > 1
    assert found(pruned) is None


def test_what_was_emptied_beyond_it_is_found(pruned: Tables) -> None:
    last = max(row[0] for row in pruned.records if not row[2])
    for at, more in ((last + 1, None), (0, None), (last + 1, str(last + 2))):
        tables = pruned.copy()
        tables.records[at][1:3] = [b"", b""]
        for row in tables.meta:
            if row[0] == "pruned" and more:
                row[1] = more

        assert found(tables) == Damage(at, "record_emptied", at + 1)


def test_how_far_it_went_is_what_the_records_say(pruned: Tables) -> None:
    tables = pruned.copy()
    for row in tables.meta:
        if row[0] == "pruned":
            row[1] = "99"

    assert found(tables) == Damage(0, "facts_changed", 1)
