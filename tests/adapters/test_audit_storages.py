"""What holds of an audit log wherever it is kept: in a file, or in PostgreSQL."""

from __future__ import annotations

import asyncio
import base64
import contextlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.adapters import audit_pruning
from gateway.adapters.audit_pruning import prune
from gateway.adapters.audit_rebuilding import Rebuilt, rebuild
from gateway.adapters.audit_storage import AuditLost, Turn
from gateway.adapters.audit_store import AuditStore
from gateway.adapters.audit_writing import write
from gateway.audit.note import checkpoint_in, signatures_of
from gateway.audit.record import Record
from gateway.audit.tiles import Tile
from gateway.audit.tree import includes, inclusion_proof
from gateway.errors import AuditUnavailable, Broken
from gateway.moments import utc
from tests.adapters.audit_homes import InFile, InPostgres, LogHome, look_through, open_store
from tests.adapters.records import decision, outcome, refusal


@pytest.fixture(params=["file", "postgres"])
def home(request: pytest.FixtureRequest, tmp_path: Path) -> LogHome:
    if request.param == "file":
        return InFile(tmp_path / "audit.sqlite")
    return InPostgres(request.getfixturevalue("pg_server").new_database())


@pytest.fixture
def store(home: LogHome) -> Iterator[AuditStore]:
    opened = open_store(home)
    yield opened
    opened.close()


def append_all(store: AuditStore, *records: Record) -> list[object]:
    async def story() -> list[object]:
        return list(await asyncio.gather(*(store.append(record) for record in records), return_exceptions=True))

    return asyncio.run(story())


def test_records_stand_in_the_log_as_they_were_acknowledged(store: AuditStore, home: LogHome) -> None:
    told = append_all(store, *(refusal(f"q{n}") for n in range(300)))
    store.close()

    log = look_through(home)
    assert [getattr(each, "index", None) for each in told] == list(range(2, 302))
    assert [log.rows[index].leaf.hex() for index in range(2, 302)] == [getattr(each, "leaf", None) for each in told]
    assert [log.records[index].get("event") for index in (0, 1, 302)] == ["opened", "started", "stopped"]
    with home.reading() as reader:
        assert reader.tile(Tile(None, 0)) is not None
        assert checkpoint_in(signatures_of(reader.checkpoint())[0]).size == 303


def test_a_decision_has_one_outcome(store: AuditStore, home: LogHome) -> None:
    [first] = append_all(store, decision("q1"))
    told = append_all(store, outcome("q1", first.index), outcome("q1", first.index), outcome("q9", 77), refusal("q2"))  # type: ignore[attr-defined]

    assert [type(each).__name__ for each in told] == ["Receipt", "Broken", "Broken", "Receipt"]
    assert isinstance(told[1], Broken)
    assert look_through(home).open == set()


def test_what_is_left_open_is_closed_by_the_next_start(home: LogHome) -> None:
    first = open_store(home)
    append_all(first, decision("q1"))
    first.close()
    open_store(home).close()

    assert [each["state"] for each in look_through(home).outcomes.values()] == ["interrupted"]


def test_signatures_are_added_once(store: AuditStore, home: LogHome) -> None:
    first, second = (f"— {name} {base64.b64encode(bytes(76)).decode()}\n" for name in ("somebody", "another"))
    asyncio.run(store.cosign(2, first))
    asyncio.run(store.cosign(2, first + second))

    with home.reading() as reader:
        assert reader.checkpoint_of(2).splitlines(keepends=True)[-2:] == [first, second]


def test_a_record_that_cannot_be_written_spoils_nothing(store: AuditStore, home: LogHome) -> None:
    [first] = append_all(store, decision("q1"))
    index = first.index  # type: ignore[attr-defined]
    wrong = replace(outcome("q1", index), rows=0.5)  # type: ignore[arg-type]
    told = append_all(store, refusal("a"), wrong, refusal("b"), outcome("q1", index))

    assert [type(each).__name__ for each in told] == ["Receipt", "Broken", "Receipt", "Receipt"]
    look_through(home)


def test_a_writer_that_fails_says_so_and_writes_nothing_more(
    store: AuditStore, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(write: object) -> None:
        raise RuntimeError("nobody foresaw it")

    store.storage.commit = fail  # type: ignore[method-assign, assignment]
    told = append_all(store, refusal("a"), refusal("b"))

    assert [type(each) for each in told] == [AuditLost, AuditLost]
    assert isinstance(store.lost.result(5), AuditLost)
    assert [type(each) for each in append_all(store, refusal("c"))] == [AuditLost]
    with pytest.raises(AuditLost):
        asyncio.run(store.probe())
    assert "the writer of the audit log failed" in caplog.text


def test_a_log_of_another_name_is_not_taken_up(home: LogHome, monkeypatch: pytest.MonkeyPatch) -> None:
    open_store(home).close()
    monkeypatch.setattr("tests.adapters.audit_homes.ORIGIN", "another.example/log")

    with pytest.raises(AuditUnavailable, match=r"audit\.origin says"):
        home.storage()


# --- pruning ---------------------------------------------------------------------------------------------------------


def in_future(seconds: float = 60) -> str:
    return utc(datetime.now(UTC) + timedelta(seconds=seconds))


def test_pruning_forgets_what_was_said_and_leaves_every_proof(store: AuditStore, home: LogHome) -> None:
    append_all(store, *(refusal(f"secret {n}") for n in range(600)))
    before = look_through(home)

    assert store.storage.commit(lambda turn: prune(turn, in_future(), "gateway-1", 500)) == 500
    store.close()

    log = look_through(home)
    assert set(before.records) - set(log.records) == set(range(1, 501))
    assert {size: log.roots[size] for size in before.roots} == before.roots
    [pruning] = [each for each in log.records.values() if each["kind"] == "pruning"]
    assert (pruning["low"], pruning["high"], pruning["gateway"]) == (1, 501, "gateway-1")
    with home.reading() as reader:
        head = checkpoint_in(signatures_of(reader.checkpoint())[0])
        subtree = reader.tree(head.size)
        for row in reader.rows(0, head.size):
            proof = inclusion_proof(row.index, head.size, subtree)
            assert includes(row.leaf, row.index, head.size, proof, head.root)


def test_nothing_is_pruned_that_is_not_older_or_comes_after_an_open_decision(store: AuditStore, home: LogHome) -> None:
    append_all(store, refusal("q1"))
    append_all(store, decision("q2"))
    append_all(store, refusal("q3"))

    assert store.storage.commit(lambda turn: prune(turn, "2026-01-01T00:00:00.000Z", "g")) == 0
    assert store.storage.commit(lambda turn: prune(turn, in_future(), "g")) == 2
    assert store.storage.commit(lambda turn: prune(turn, in_future(), "g")) == 0
    assert set(look_through(home).records) == {0, 3, 4, 5}


def test_the_writer_prunes_by_itself_what_is_older_than_it_is_kept(
    home: LogHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_store(home)
    append_all(first, *(refusal(f"old {n}") for n in range(70)))
    first.close()
    monkeypatch.setattr(audit_pruning, "ROWS_AT_ONCE", 20)
    limit = in_future(0)
    monkeypatch.setattr("gateway.adapters.audit_store.days_ago", lambda days: limit)
    monkeypatch.setattr("gateway.adapters.audit_store.SIGN_SECONDS", 0.05)

    second = open_store(home, retention_days=30)
    [told] = append_all(second, refusal("new"))
    second.close()

    log = look_through(home)
    assert getattr(told, "index", 0) > 72
    assert set(log.records) & set(range(73)) == {0}
    assert log.records[told.index]["query"] == "new"  # type: ignore[attr-defined]


# --- rebuilding ------------------------------------------------------------------------------------------------------


def rebuilt(home: LogHome) -> Rebuilt:
    storage = home.storage("rebuild")
    try:
        return storage.commit(lambda turn: rebuild(turn, lambda done, of: None))
    finally:
        storage.close()


def spoil(home: LogHome, *texts: str) -> None:
    storage = home.storage("intruder")
    with contextlib.closing(storage):
        storage.commit(lambda turn: [turn.run(text) for text in texts])


@pytest.fixture
def log(home: LogHome) -> LogHome:
    store = open_store(home)
    append_all(store, *(refusal(f"q{n}") for n in range(600)))
    store.storage.commit(lambda turn: prune(turn, in_future(), "g", 100))
    store.close()
    return home


def test_what_is_derived_is_made_anew_from_the_records(log: LogHome) -> None:
    spoil(log, "DELETE FROM tiles", "UPDATE records SET leaf = seed WHERE idx = 300")

    told = rebuilt(log)

    assert (told.damage, told.records, told.pruned, told.tiles, told.mended) == ([], 604, 100, 2, 1)
    look_through(log)
    assert rebuilt(log).mended == 0


@pytest.mark.parametrize(
    ("harm", "words"),
    [
        ("DELETE FROM records WHERE idx = 77", "records 77 to 77 are missing"),
        ("UPDATE records SET entry = seed WHERE idx = 300", "record 300 is not the one that its entry"),
        ("UPDATE records SET line = seed WHERE idx = 300", "record 300 is not the one that its entry"),
        ("UPDATE records SET line = '', seed = '' WHERE idx = 300", "record 300 is empty, and was not pruned"),
        ("DELETE FROM records WHERE idx >= 600", "the head speaks of another tree"),
        ("UPDATE checkpoints SET size = size + 100", "records that are gone"),
    ],
)
def test_damage_is_told_and_nothing_is_changed(log: LogHome, harm: str, words: str) -> None:
    spoil(log, "DELETE FROM tiles", harm)

    told = rebuilt(log)

    assert any(words in damage for damage in told.damage)
    with log.reading() as reader:
        assert reader.run("SELECT count(*) FROM tiles")[0][0] == 0


def test_a_turn_that_fails_leaves_nothing(store: AuditStore, home: LogHome) -> None:
    def fail(turn: Turn) -> None:
        write(turn, refusal("never"), "g")
        raise RuntimeError("on its way")

    with pytest.raises(RuntimeError):
        store.storage.commit(fail)
    store.storage.probe()
    append_all(store, refusal("after"))

    assert [each["query"] for each in look_through(home).records.values() if each["query"]] == ["after"]
