"""A log of an earlier version is taken up: each record keeps its index and its line, and the old file is kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from gateway.adapters import audit_sqlite
from gateway.adapters.audit_migration import MIGRATIONS
from gateway.adapters.audit_reading import read_log, read_questions
from gateway.adapters.audit_storage import SCHEMA
from gateway.audit.views import NOTHING, WHOLE, commitment, salt
from gateway.errors import AuditUnavailable
from gateway.strict_json import read_strict_json
from tests.adapters.audit_homes import InFile, look_through, open_store
from tests.adapters.old_logs import questions, write_schema_1
from tests.audit.logs import PORTS


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit.sqlite"


def test_there_is_a_migration_from_each_version_before_this_one() -> None:
    assert set(MIGRATIONS) == set(range(1, SCHEMA))


def test_records_of_version_1_become_leaves_at_their_own_indexes(file: Path) -> None:
    lines = write_schema_1(file, questions(700))

    open_store(InFile(file)).close()

    log = look_through(InFile(file))
    assert [log.rows[index].line for index in range(1, len(lines) + 1)] == lines
    assert [log.records[index].get("event") for index in (0, len(lines) + 1)] == ["opened", "started"]
    entry = read_strict_json(log.rows[1].entry)
    seed = log.rows[1].seed
    assert entry == {
        WHOLE: commitment(salt(seed, WHOLE), lines[0]),
        **{port: commitment(salt(seed, port), NOTHING) for port in PORTS},
    }
    assert log.outcomes[len(lines)]["state"] == "interrupted"
    assert not log.open
    assert read_log(file, 1, query="q5", kind="outcome")[0].index == 12
    assert len(list(read_questions(file))) == 700


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
    assert [log.rows[index].line for index in range(1, len(lines) + 1)] == lines


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
