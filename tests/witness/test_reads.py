"""A port's own log of reads, held against the records of the audit log that the port has mirrored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from tests.witness.logs import Clock, alarms
from witness.folder import Alarms
from witness.reads import Reads, ReadSettings, settings_in

PORT = "long_beach"
NOW = datetime(2026, 11, 22, 16, 45, 10, tzinfo=UTC).timestamp()
LOGGED = "2026-11-22T16:45:06.123Z"


def record(**more: Any) -> dict[str, Any]:
    """A decision about the port."""
    told = {"kind": "decision", "partner": {"id": "ana"}, "seen_as": None, "concerns": [PORT], "logged": LOGGED}
    return {**told, **more}


RECORDS: dict[int, Mapping[str, Any]] = {
    7: record(),
    8: record(concerns=["oakland"]),
    9: record(kind="outcome"),
    10: record(seen_as={"id": "bob"}),
}


class Port:
    """A port's log of reads, and the witness that follows it."""

    def __init__(self, folder: Path, kind: str = "lines") -> None:
        self.folder, self.file, self.now = folder, folder / "reads-1.json", NOW
        self.file.touch()
        metadata = folder / "metadata.txt"
        metadata.write_text("# what Trino asks for itself\nSELECT relname FROM pg_class WHERE relname = '?'\n")
        self.settings = ReadSettings(
            kind, str(folder / "reads-*.json"), ("trino_reader",), ("portgate-loader",), str(metadata)
        )
        self.alarms = Alarms(folder, clock=Clock())
        self.reads = self.follow()

    def follow(self) -> Reads:
        """A witness that begins, or goes on."""
        return Reads(self.settings, self.folder, PORT, RECORDS.get, self.alarms)

    def reads_as(self, user: str, time: str = "2026-11-22T16:45:07.000Z") -> None:
        """Write that somebody read."""
        with self.file.open("a") as stream:
            stream.write(json.dumps({"time": time, "user": user, "statement": "SELECT 1"}) + "\n")

    def says(self, message: str, user: str = "trino_reader") -> None:
        """Write a line of PostgreSQL's."""
        line = {"timestamp": "2026-11-22 16:45:07.000 UTC", "user": user, "message": message}
        with self.file.open("a") as stream:
            stream.write(json.dumps(line) + "\n")

    def found(self, seconds: float = 60) -> list[str]:
        """Let the witness look; give the alarms so far."""
        self.now += seconds
        self.reads.look(self.now)
        return alarms(self.folder)


@pytest.fixture
def port(tmp_path: Path) -> Port:
    told = Port(tmp_path)
    told.reads.look(NOW)
    return told


@pytest.mark.parametrize(
    "user", ["ana#7", "ana#7:long_beach", "portgate-probe#7:long_beach", "portgate-loader", "bob#10", "ana#10"]
)
def test_a_read_with_a_record_is_no_alarm(port: Port, user: str) -> None:
    port.reads_as(user)

    assert port.found() == []


@pytest.mark.parametrize(
    ("user", "why"),
    [
        ("ana#99", "no such record"),
        ("ana#8", "a record about another port"),
        ("ana#9", "no decision"),
        ("bob#7", "somebody else's record"),
        ("ana", "no record named"),
        ("", "unsigned"),
        ("portgate-loader#7", "no maintenance user, and not the partner"),
        ("ana#7#7", "not the form"),
        ("ana#-7", "not the form"),
    ],
)
def test_a_read_without_one_is(port: Port, user: str, why: str) -> None:
    port.reads_as(user)

    assert port.found() == ["unrecorded_read"], why


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-22T16:45:01.000Z", ["unrecorded_read"]),
        ("2026-11-22T16:45:04.000Z", []),
        ("2026-11-22T17:45:05.000Z", []),
        ("2026-11-22T17:45:07.000Z", ["unrecorded_read"]),
    ],
    ids=["before it", "clocks differ", "as long as a query may run", "long after it"],
)
def test_a_record_stands_for_reads_of_its_own_time(port: Port, time: str, expected: list[str]) -> None:
    port.reads_as("ana#7", time)

    assert port.found(8_000) == expected


def test_a_record_may_come_later_than_the_read_but_not_too_late(port: Port, monkeypatch: pytest.MonkeyPatch) -> None:
    port.reads_as("ana#11")
    port.reads_as("ana#12")
    assert port.found(5) == []
    monkeypatch.setitem(RECORDS, 11, record())

    assert port.found(15) == []
    assert port.found(15) == ["unrecorded_read"]
    assert json.loads((port.folder / "alarms.jsonl").read_text())["evidence"]["user"] == "ana#12"


def test_what_waits_is_not_lost_by_a_restart(port: Port) -> None:
    port.reads_as("ana#99")
    port.found(5)
    port.reads = port.follow()

    assert port.found(60) == ["unrecorded_read"]


def test_a_line_is_judged_once_and_not_before_it_is_whole(port: Port) -> None:
    port.reads_as("ana#7")
    with port.file.open("a") as stream:
        stream.write('{"time": "2026-11-22T16:45:07Z", ')
    assert port.found() == []
    with port.file.open("a") as stream:
        stream.write('"user": "eve#1"}\n')

    assert port.found() == ["unrecorded_read"]
    assert port.found(7_200) == ["unrecorded_read"]


def test_a_new_file_and_one_that_was_cut_are_read_from_their_beginning(port: Port) -> None:
    port.reads_as("ana#7")
    port.found()
    port.file.write_text("")
    port.reads_as("eve#1", "2026-11-22T16:45:08.000Z")
    assert len(port.found()) == 1
    port.file = port.folder / "reads-2.json"
    port.reads_as("eve#2")

    assert len(port.found()) == 2


def test_what_was_read_before_there_was_a_witness_is_not_judged(tmp_path: Path) -> None:
    first = Port(tmp_path)
    first.reads_as("eve#1")
    first.reads = first.follow()

    assert first.found() == []
    first.reads_as("eve#2")
    assert first.found() == ["unrecorded_read"]


def test_a_line_that_cannot_be_read_is_told(port: Port) -> None:
    with port.file.open("a") as stream:
        stream.write("not JSON\n[1]\n")

    assert port.found() == ["unreadable"]


# --- PostgreSQL -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ('execute <unnamed>/C_1: SELECT "a" FROM t /*portgate user=ana#7 query=20261128_1*/', []),
        ('execute fetch from <unnamed>/C_1: SELECT "a" FROM t /*portgate user=ana#7 query=20261128_1*/', []),
        ("statement: SELECT 1 /*portgate user=ana#7 query=20261128_1*/", []),
        ("execute <unnamed>: SELECT relname\n FROM pg_class  WHERE relname = 'it''s a name'", []),
        ("connection authorized: user=trino_reader", []),
        ('execute <unnamed>: SELECT "a" FROM t /*portgate user=ana#99 query=20261128_1*/', ["unrecorded_read"]),
        ("execute <unnamed>: SELECT * FROM t", ["unrecorded_read"]),
        ("execute <unnamed>: SELECT relname FROM pg_class WHERE relname = 'x' OR true", ["unrecorded_read"]),
        ("statement: COPY t TO STDOUT", ["unrecorded_read"]),
        ("statement: SELECT 1 /*portgate user=ana#7 query=1*/ FROM t", ["unrecorded_read"]),
        ("statement: SELECT * FROM t /*portgate user=eve#1 query=1*/ ", ["unrecorded_read"]),
    ],
)
def test_statements_of_trinos_login_are_signed_or_known(tmp_path: Path, message: str, expected: list[str]) -> None:
    port = Port(tmp_path, "postgresql")
    port.reads.look(NOW)
    port.says(message)

    assert port.found() == expected


def test_other_logins_are_the_ports_own_business(tmp_path: Path) -> None:
    port = Port(tmp_path, "postgresql")
    port.reads.look(NOW)
    port.says("statement: SELECT * FROM t", user="gate_clerk")

    assert port.found() == []


def test_settings_that_watch_nobody_are_refused() -> None:
    with pytest.raises(ValueError, match="logins"):
        settings_in({"kind": "postgresql", "files": "*.json"})
    with pytest.raises(TypeError):
        settings_in({"kind": "lines", "files": "*.json", "grace": 1})
    assert settings_in({"kind": "lines", "files": "*.json", "maintenance_users": ["x"]}).maintenance_users == ("x",)
