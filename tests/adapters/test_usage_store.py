"""What was counted is there for good, nobody gets past a limit at the same moment, and what cannot count says so."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gateway.adapters.usage_store import SqliteUsageStore
from gateway.errors import Unavailable
from gateway.model import Limited, Limits, Spent

TODAY, TOMORROW, LATER = "2026-11-22", "2026-11-23", "2026-11-24"
ROOT = Path(__file__).parents[2]
OAK = Limited("oakland", "oak-public", Limits(queries_a_day=3))
LA = Limited("los_angeles", "la-public", Limits(queries_a_day=2, bytes_a_day=100))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "audit" / "usage.sqlite"


@pytest.fixture
def store(file: Path) -> Iterator[SqliteUsageStore]:
    opened = SqliteUsageStore(file)
    yield opened
    opened.close()


def spent(store: SqliteUsageStore, organisation: str = "msc", day: str = TODAY) -> object:
    return asyncio.run(store.spent(organisation, day))


def test_queries_and_bytes_are_counted_by_organisation_day_port_and_agreement(store: SqliteUsageStore) -> None:
    async def story() -> None:
        await store.reserve("msc", TODAY, [OAK, LA])
        await store.add_bytes("msc", TODAY, [LA], 60)
        await store.add_bytes("msc", TODAY, [LA], 40)
        await store.reserve("maersk", TODAY, [OAK])
        await store.reserve("msc", TOMORROW, [OAK])

    asyncio.run(story())

    assert spent(store) == {"oakland": {"oak-public": Spent(1, 0)}, "los_angeles": {"la-public": Spent(1, 100)}}
    assert spent(store, "maersk") == {"oakland": {"oak-public": Spent(1, 0)}}
    assert spent(store, day=TOMORROW) == {"oakland": {"oak-public": Spent(1, 0)}}
    assert spent(store, "nobody") == {}


def test_a_query_is_counted_under_all_its_agreements_or_under_none(store: SqliteUsageStore) -> None:
    async def story() -> list[Limited | None]:
        return [await store.reserve("msc", TODAY, [OAK, LA]) for _ in range(3)]

    assert asyncio.run(story()) == [None, None, LA]
    assert spent(store) == {"oakland": {"oak-public": Spent(2, 0)}, "los_angeles": {"la-public": Spent(2, 0)}}


def test_bytes_beyond_the_limit_are_not_counted_and_a_query_needs_room_for_one(store: SqliteUsageStore) -> None:
    async def story() -> list[Limited | None]:
        return [
            await store.add_bytes("msc", TODAY, [LA], 101),
            await store.add_bytes("msc", TODAY, [LA], 99),
            await store.reserve("msc", TODAY, [LA]),
            await store.add_bytes("msc", TODAY, [LA], 1),
            await store.reserve("msc", TODAY, [LA]),
        ]

    assert asyncio.run(story()) == [LA, None, None, None, LA]
    assert spent(store) == {"los_angeles": {"la-public": Spent(1, 100)}}


def test_of_many_queries_at_the_same_moment_as_many_win_as_the_limit_gives(store: SqliteUsageStore) -> None:
    async def story() -> list[Limited | None]:
        return await asyncio.gather(*(store.reserve("msc", TODAY, [OAK]) for _ in range(50)))

    answers = asyncio.run(story())

    assert answers.count(None) == 3
    assert spent(store) == {"oakland": {"oak-public": Spent(3, 0)}}


def test_two_gateways_on_one_file_share_the_limit(store: SqliteUsageStore, file: Path) -> None:
    other = SqliteUsageStore(file)

    async def story() -> list[Limited | None]:
        return await asyncio.gather(*(each.reserve("msc", TODAY, [OAK]) for each in (store, other) for _ in range(10)))

    answers = asyncio.run(story())
    other.close()

    assert answers.count(None) == 3


def test_a_query_that_was_counted_and_killed_stays_counted(file: Path) -> None:
    script = f"""
import asyncio
from pathlib import Path
from gateway.adapters.usage_store import SqliteUsageStore
from gateway.model import Limited, Limits
async def story():
    store = SqliteUsageStore(Path({str(file)!r}))
    await store.reserve("msc", {TODAY!r}, [Limited("oakland", "oak-public", Limits(queries_a_day=3))])
    print("counted", flush=True)
    await asyncio.sleep(60)
asyncio.run(story())
"""
    child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, cwd=ROOT, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "counted\n"
    os.kill(child.pid, signal.SIGKILL)
    child.wait(timeout=10)
    child.stdout.close()

    store = SqliteUsageStore(file)
    assert spent(store) == {"oakland": {"oak-public": Spent(1, 0)}}
    store.close()


def test_days_before_yesterday_are_forgotten(store: SqliteUsageStore) -> None:
    async def story() -> None:
        for day in (TODAY, TOMORROW, LATER):
            await store.reserve("msc", day, [OAK])

    asyncio.run(story())

    assert spent(store, day=TODAY) == {}
    assert spent(store, day=TOMORROW) == spent(store, day=LATER) == {"oakland": {"oak-public": Spent(1, 0)}}


def test_the_counters_are_their_owners_alone(store: SqliteUsageStore, file: Path) -> None:
    assert file.stat().st_mode & 0o077 == 0
    assert file.with_name("usage.sqlite-wal").stat().st_mode & 0o077 == 0


def _make_read_only(file: Path) -> Callable[[], object]:
    file.chmod(0o400)
    return lambda: file.chmod(0o600)


def _replace(file: Path) -> Callable[[], object]:
    aside = file.with_name("aside")
    file.rename(aside)
    file.touch()
    return lambda: aside.replace(file)


def _lock_by_another(file: Path) -> Callable[[], object]:
    intruder = sqlite3.connect(file, isolation_level=None)
    intruder.execute("BEGIN IMMEDIATE")
    return intruder.close


@pytest.mark.parametrize("harm", [_make_read_only, _replace, _lock_by_another])
def test_a_harmed_file_lets_nothing_be_counted_until_it_is_mended(
    store: SqliteUsageStore, file: Path, harm: Callable[[Path], Callable[[], object]]
) -> None:
    async def story() -> None:
        await store.reserve("msc", TODAY, [OAK])
        mend = harm(file)

        with pytest.raises(Unavailable) as told:
            await store.reserve("msc", TODAY, [OAK])
        assert told.value.hint
        assert str(file.parent) not in told.value.message + told.value.hint

        mend()
        await store.probe()
        await store.reserve("msc", TODAY, [OAK])

    asyncio.run(story())
    assert spent(store) == {"oakland": {"oak-public": Spent(2, 0)}}


def test_a_file_that_is_no_database_is_refused_at_the_start(file: Path) -> None:
    file.parent.mkdir()
    file.write_text("not a database, but long enough to be taken for one by nobody " * 40)

    with pytest.raises(Unavailable, match="not a database"):
        SqliteUsageStore(file)
