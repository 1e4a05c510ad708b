"""A log of an earlier version is taken up: each record keeps its index and its line, and the old file is kept."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters import audit_sqlite
from gateway.adapters.audit_migration import MIGRATIONS
from gateway.adapters.audit_pruning import prune
from gateway.adapters.audit_reading import read_log
from gateway.adapters.audit_storage import SCHEMA
from gateway.audit.canonical import members
from gateway.audit.check import check_rows
from gateway.audit.views import NOTHING, commitment, salt
from gateway.errors import AuditUnavailable
from gateway.strict_json import read_strict_json
from tests.adapters.audit_homes import InFile, look_through, open_store
from tests.adapters.old_logs import line_of, questions, write_schema_1
from tests.adapters.records import refusal
from tests.audit.logs import PORTS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite"


def test_there_is_a_migration_from_each_version_before_this_one() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA))


def as_it_was(line: bytes) -> bytes:
    """Take from a record what the migration added."""
    new = json.loads(line)
    return line_of({name: value for name, value in new.items() if name not in ("index", "logged", "concerns")})


def test_records_of_version_1_become_leaves_at_their_own_indexes(file: Path) -> None:
    lines = write_schema_1(file, questions(700))

    open_store(InFile(file)).close()

    log = look_through(InFile(file))
    assert [as_it_was(log.rows[index].line) for index in range(1, len(lines) + 1)] == lines
    assert [log.records[index].get("event") for index in (0, len(lines) + 1)] == ["opened", "started"]
    entry = read_strict_json(log.rows[1].entry)
    assert {port: entry[port] for port in PORTS} == {
        port: commitment(salt(log.rows[1].seed, port), NOTHING) for port in PORTS
    }
    assert log.outcomes[len(lines)]["state"] == "interrupted"
    assert not log.open
    span = check_rows([(r.index, r.seed, r.line, r.entry, r.leaf) for r in log.rows.values()], 0, (), PORTS)
    assert (span.fault, span.odd, span.opened, span.closed) == (None, -1, {}, [])
    assert read_log(file, 1, query="q5", kind="outcome")[0].index == 12


def test_a_refusal_loses_what_was_never_filled(file: Path) -> None:
    old = {name: value for name, value in members(refusal("q1")).items() if name != "concerns"}
    write_schema_1(file, [{**old, "tables": [], "revisions": None, "decision": ""}])

    open_store(InFile(file)).close()

    record = look_through(InFile(file)).records[1]
    assert {name: record[name] for name in old if name != "schema"} == {n: old[n] for n in old if n != "schema"}
    assert set(record) - set(old) == {"index", "logged", "concerns"}


def test_retention_counts_from_when_they_were_written_first(file: Path) -> None:
    write_schema_1(file, questions(56))
    store = open_store(InFile(file))

    count = store.storage.commit(lambda turn: prune(turn, "2026-11-15T00:00:00.000Z", "g"))
    store.close()

    assert count == 56
    assert min(set(look_through(InFile(file)).records) - {0}) == 57


def test_half_a_character_does_not_stop_a_migration(file: Path) -> None:
    [record] = questions(1)
    write_schema_1(file, [{**record, "sql": "SELECT '\ud800'"}])

    open_store(InFile(file)).close()

    assert look_through(InFile(file)).records[1]["sql"].startswith("SELECT '\ufffd")


def test_the_file_as_it_was_stays_beside_it(file: Path) -> None:
    lines = write_schema_1(file, questions(3))

    open_store(InFile(file)).close()

    copy = file.with_name("audit.sqlite.schema-1")
    with closing(sqlite3.connect(copy)) as database:
        assert [line for (line,) in database.execute("SELECT line FROM records ORDER BY idx")] == lines
        assert database.execute("SELECT count(*) FROM open_decisions").fetchall() == [(1,)]
    assert copy.stat().st_mode & 0o077 == 0
    assert not list(file.parent.glob("*.half*"))


def test_a_migration_that_is_broken_off_is_begun_anew(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = write_schema_1(file, questions(5))

    def broken(*words: object) -> None:
        MIGRATIONS[1](*words)  # type: ignore[arg-type]
        raise OSError("the machine went down")

    with monkeypatch.context() as patched:
        patched.setattr(audit_sqlite, "MIGRATIONS", {1: broken})
        with pytest.raises(AuditUnavailable):
            open_store(InFile(file))
    open_store(InFile(file)).close()

    log = look_through(InFile(file))
    assert [as_it_was(log.rows[index].line) for index in range(1, len(lines) + 1)] == lines


@pytest.mark.parametrize(
    "harm", ["UPDATE records SET line = x'7b7d' WHERE idx = 2", "DELETE FROM records WHERE idx = 2"]
)
def test_a_damaged_log_is_not_migrated(file: Path, harm: str) -> None:
    write_schema_1(file, questions(3))
    with closing(sqlite3.connect(file)) as database, database:
        database.execute(harm)

    with pytest.raises(AuditUnavailable, match="record 2 of the log is damaged or missing"):
        open_store(InFile(file))
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("SELECT count(*) FROM probes").fetchall() == [(1,)]


@pytest.mark.parametrize("text", ["CREATE TABLE others (x)", "CREATE TABLE records (x); PRAGMA user_version = 9"])
def test_tables_that_nobody_here_made_are_refused(file: Path, text: str) -> None:
    with closing(sqlite3.connect(file)) as database:
        database.executescript(text)

    with pytest.raises(AuditUnavailable, match="another version"):
        open_store(InFile(file))
