"""What the store acknowledged is there for good, and when it cannot write it says so and stays closed."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import pytest

from gateway.adapters.audit_reading import read_log as read_all
from gateway.adapters.audit_sqlite import reading
from gateway.adapters.audit_store import AuditStore
from gateway.audit.note import checkpoint_in, signers_of
from gateway.audit.record import Record
from gateway.audit.tree import Frontier, includes, inclusion_proof
from gateway.errors import AuditUnavailable, Broken
from gateway.log_search import Entry
from tests.adapters.records import OTHER, decision, outcome, refusal
from tests.audit.logs import SIGNER, open_store


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "audit.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[AuditStore]:
    opened = open_store(file)
    yield opened
    opened.close()


def read_log(file: Path, limit: int = 100, **wanted: str) -> list[Entry]:
    """The newest records first, without those of the gateway's own starts and stops."""
    return [entry for entry in read_all(file, limit, **wanted) if entry.record["kind"] != "service"]


def _states(file: Path) -> list[tuple[int, object, object]]:
    entries = reversed(read_log(file, 1000))
    return [(entry.index, entry.record["kind"], entry.record.get("state")) for entry in entries]


def test_each_record_is_a_leaf_of_the_tree_that_is_signed(store: AuditStore, file: Path) -> None:
    async def story() -> list[tuple[int, str]]:
        first = await store.append(decision("q1"))
        second = await store.append(outcome("q1", first.index))
        return [(each.index, each.leaf) for each in (first, second)]

    told = asyncio.run(story())
    store.close()

    assert [index for index, _ in told] == [2, 3]
    with reading(file) as reader:
        rows = list(reader.rows(0, reader.size()))
        text, signed = signers_of(reader.checkpoint(), [SIGNER.verifier])
        head = checkpoint_in(text)
        subtree = reader.tree(head.size)
        proofs = [inclusion_proof(row.index, head.size, subtree) for row in rows]
    assert list(signed) == [SIGNER.verifier]
    assert (head.origin, head.size) == (SIGNER.name, len(rows))
    tree = Frontier()
    for row in rows:
        tree = tree.add(row.leaf)
    assert tree.root() == head.root
    assert all(includes(r.leaf, r.index, head.size, p, head.root) for r, p in zip(rows, proofs, strict=True))
    assert [(row.index, row.leaf.hex()) for row in rows[2:4]] == told
    kinds = [(json.loads(row.line)["kind"], json.loads(row.line).get("event")) for row in rows]
    assert kinds == [
        ("service", "opened"), ("service", "started"), ("decision", None), ("outcome", None), ("service", "stopped"),
    ]  # fmt: skip


def test_records_that_wait_together_share_commits_and_leave_no_gap(store: AuditStore) -> None:
    async def story() -> list[int]:
        receipts = await asyncio.gather(*[store.append(refusal(f"q{n}")) for n in range(300)])
        return [receipt.index for receipt in receipts]

    assert asyncio.run(story()) == list(range(2, 302))


def test_the_log_can_be_searched_by_partner_query_and_kind(store: AuditStore, file: Path) -> None:
    async def story() -> None:
        first = await store.append(decision("q1"))
        await store.append(decision("q2", OTHER))
        await store.append(outcome("q1", first.index))

    asyncio.run(story())

    def found(**wanted: str) -> list[int]:
        return [entry.index for entry in read_log(file, 3, **wanted)]

    assert found() == [4, 3, 2]
    assert found(partner="gobiz-analyst") == [4, 2]
    assert found(query="q2") == [3]
    assert found(kind="outcome") == [4]
    assert [entry.index for entry in read_all(file, 1)] == [4]
    assert found(partner="' OR 1=1 --") == []


def test_a_decision_gets_one_outcome_and_no_second(store: AuditStore) -> None:
    async def story() -> None:
        receipt = await store.append(decision("q1"))
        await store.append(outcome("q1", receipt.index))

        with pytest.raises(Broken, match="is not open"):
            await store.append(outcome("q1", receipt.index))
        with pytest.raises(Broken, match="is not open"):
            await store.append(outcome("q9", 9))

        assert (await store.append(refusal("q2"))).index == 4

    asyncio.run(story())


def test_a_wrong_outcome_does_not_spoil_those_that_wait_with_it(store: AuditStore) -> None:
    async def story() -> list[object]:
        records: list[Record] = [refusal("a"), outcome("nobody", 77), refusal("b")]
        return list(await asyncio.gather(*[store.append(one) for one in records], return_exceptions=True))

    first, wrong, second = asyncio.run(story())

    assert isinstance(wrong, Broken)
    assert (getattr(first, "index", 0), getattr(second, "index", 0)) == (2, 3)


def test_a_caller_who_goes_away_leaves_no_decision_open(store: AuditStore, file: Path) -> None:
    async def story() -> None:
        task = asyncio.create_task(store.append(decision("q1")))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(story())
    store.close()

    states = [state[1:] for state in _states(file)]
    assert states in ([], [("decision", None), ("outcome", "cancelled")], [("decision", None)])
    open_store(file).close()
    assert [state for _, kind, state in _states(file) if kind == "outcome"] in (["cancelled"], ["interrupted"])


def test_a_second_gateway_cannot_write_the_same_log(store: AuditStore, file: Path) -> None:
    with pytest.raises(AuditUnavailable, match="another gateway writes"):
        open_store(file)


def test_the_log_is_its_owners_alone(store: AuditStore, file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0
    assert file.with_name("audit.sqlite-wal").stat().st_mode & 0o077 == 0


def test_a_new_start_interrupts_what_was_left_open(file: Path) -> None:
    async def first_life() -> None:
        store = open_store(file)
        done = await store.append(decision("q1"))
        await store.append(decision("q2", OTHER))
        await store.append(outcome("q1", done.index))
        store.close()

    asyncio.run(first_life())
    open_store(file).close()

    assert _states(file) == [
        (2, "decision", None),
        (3, "decision", None),
        (4, "outcome", "finished"),
        (7, "outcome", "interrupted"),
    ]
    assert read_log(file)[0].record["decision_index"] == 3
    assert read_log(file)[0].partner == "msc-planner"


# --- faults ---------------------------------------------------------------------------------------------------------


def _make_read_only(file: Path) -> Callable[[], object]:
    file.chmod(0o400)
    return lambda: file.chmod(0o600)


def _make_wal_read_only(file: Path) -> Callable[[], object]:
    wal = file.with_name(file.name + "-wal")
    wal.chmod(0o400)
    # a log that was let go of has folded it back into the file
    return lambda: wal.chmod(0o600) if wal.exists() else None


def _move_away(file: Path) -> Callable[[], object]:
    aside = file.with_name("aside")
    file.rename(aside)
    return lambda: aside.replace(file)


def _replace(file: Path) -> Callable[[], object]:
    aside = file.with_name("aside")
    file.rename(aside)
    file.write_bytes(aside.read_bytes())
    return lambda: aside.replace(file)


def _lock_by_another(file: Path) -> Callable[[], object]:
    intruder = apsw.Connection(str(file))  # within one process only the same library sees the lock
    intruder.execute("BEGIN IMMEDIATE")
    return intruder.close


@pytest.mark.parametrize("harm", [_make_read_only, _make_wal_read_only, _move_away, _replace, _lock_by_another])
def test_a_harmed_file_stops_the_log_until_it_is_mended_and_probed(
    store: AuditStore, file: Path, harm: Callable[[Path], Callable[[], object]]
) -> None:
    async def story() -> None:
        await store.append(refusal("before"))
        mend = harm(file)

        with pytest.raises(AuditUnavailable) as told:
            await store.append(refusal("during"))
        assert told.value.hint
        assert str(file.parent) not in told.value.message + told.value.hint

        mend()
        with pytest.raises(AuditUnavailable):
            await store.append(refusal("still closed"))
        await store.probe()
        await store.append(refusal("after"))

    asyncio.run(story())
    assert [entry.record["query"] for entry in reversed(read_log(file))] == ["before", "after"]


def test_a_mended_log_opens_again_for_those_who_come_later(
    store: AuditStore, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.adapters.audit_store.REOPEN_SECONDS", 0.0)

    async def story() -> None:
        file.chmod(0o400)
        for query in ("first", "second"):
            with pytest.raises(AuditUnavailable):
                await store.append(refusal(query))
        file.chmod(0o600)
        with contextlib.suppress(AuditUnavailable):  # the file may be tried again before it or after it
            await store.append(refusal("third"))
        await store.append(refusal("fourth"))

    asyncio.run(story())
    written = [entry.record["query"] for entry in reversed(read_log(file))]
    assert written in (["third", "fourth"], ["fourth"])


def test_a_probe_sees_a_read_only_file_before_any_query_does(store: AuditStore, file: Path) -> None:
    async def story() -> None:
        await store.probe()
        file.chmod(0o400)
        for _ in range(2):
            with pytest.raises(AuditUnavailable, match="is read-only"):
                await store.probe()
        file.chmod(0o600)
        await store.probe()

    asyncio.run(story())


def test_a_log_that_lost_records_is_not_taken_up_again(store: AuditStore, file: Path) -> None:
    async def story() -> None:
        await store.append(refusal("q1"))
        file.rename(file.with_name("aside"))
        with pytest.raises(AuditUnavailable):
            await store.append(refusal("q2"))

        file.with_name(file.name + "-wal").unlink(missing_ok=True)
        with pytest.raises(AuditUnavailable, match="lost records"):
            await store.probe()

    asyncio.run(story())


def test_a_query_that_still_runs_is_not_interrupted_when_the_log_comes_back(store: AuditStore, file: Path) -> None:
    async def story() -> None:
        running = await store.append(decision("running"))
        ended = await store.append(decision("ended"))
        file.chmod(0o400)
        with pytest.raises(AuditUnavailable):
            await store.append(outcome("ended", ended.index))
        file.chmod(0o600)
        await store.probe()
        await store.append(outcome("running", running.index))

    asyncio.run(story())
    ends = [(e.record["query"], e.record["state"]) for e in reversed(read_log(file, kind="outcome"))]
    assert ends == [("ended", "interrupted"), ("running", "finished")]


def test_a_read_only_file_is_refused_at_the_start(file: Path) -> None:
    open_store(file).close()
    file.chmod(0o400)

    with pytest.raises(AuditUnavailable, match="is read-only"):
        open_store(file)


def test_a_file_that_is_no_database_is_refused_at_the_start(file: Path) -> None:
    file.parent.mkdir()
    file.write_bytes(b"not a database at all" * 100)

    with pytest.raises(AuditUnavailable, match="cannot be used"):
        open_store(file)


def test_a_log_that_is_not_there_cannot_be_read(file: Path) -> None:
    with pytest.raises(AuditUnavailable, match="there is no audit log"):
        read_log(file)
