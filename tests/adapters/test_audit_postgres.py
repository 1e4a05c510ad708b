"""Several gateways write one log in PostgreSQL: it does not fork, nothing stays open, no doubt is acknowledged."""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from gateway.adapters import audit_postgres
from gateway.adapters.audit_postgres import PostgresStorage
from gateway.adapters.audit_pruning import prune
from gateway.adapters.audit_storage import AuditLost
from gateway.adapters.audit_store import AuditStore
from gateway.errors import AuditUnavailable
from tests.adapters.audit_homes import InPostgres, look_through, open_store
from tests.adapters.crashing import appending, end_sessions, holds_what_was_told
from tests.adapters.cutting import Moment, Wire
from tests.adapters.pg_server import PgServer
from tests.adapters.records import decision, outcome, refusal
from tests.audit.killing import Heard
from tests.audit.logs import ORIGIN, PORTS
from tests.conftest import CHECKOUT

WORDS = re.compile(r"port=(\d+)")


@pytest.fixture
def home(pg_server: PgServer) -> InPostgres:
    return InPostgres(pg_server.new_database())


# --- several gateways -------------------------------------------------------------------------------------------------


def test_two_gateways_take_turns_and_the_tree_does_not_fork(home: InPostgres) -> None:
    async def story() -> list[int]:
        first, second = open_store(home, "gateway-1"), open_store(home, "gateway-2")
        told = await asyncio.gather(*(store.append(refusal(f"q{n}")) for n in range(200) for store in (first, second)))
        await asyncio.to_thread(first.close)
        await asyncio.to_thread(second.close)
        return [receipt.index for receipt in told]

    told = asyncio.run(story())

    assert sorted(told) == list(range(3, 403))
    look_through(home)


def test_a_name_belongs_to_one_gateway_at_a_time(home: InPostgres, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_postgres, "NAME_SECONDS", 0.1)
    store = open_store(home)
    with pytest.raises(AuditUnavailable, match="another gateway writes the log as gateway-1"):
        open_store(home)
    store.close()

    open_store(home).close()


def test_a_gateway_that_is_stopped_is_no_longer_alive(home: InPostgres) -> None:
    first, second = home.storage("gateway-1"), home.storage("gateway-2")
    assert first.gateways_alive() == {"gateway-2"}
    second.close()
    assert first.gateways_alive() == frozenset()
    first.close()


def _gateway(home: InPostgres, name: str, said: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.adapters.pg_gateway", home.conninfo, name, str(said)]
    return subprocess.Popen(command, cwd=CHECKOUT)


def _wait_for(said: Path, size: int) -> None:
    until = time.monotonic() + 60
    while not (said.exists() and said.stat().st_size >= size):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_what_a_killed_gateway_left_open_is_closed_by_those_that_live(home: InPostgres, tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    killed, lives = _gateway(home, "gateway-1", first), _gateway(home, "gateway-2", second)
    try:
        _wait_for(first, 10_000)
        _wait_for(second, 10_000)
        killed.kill()
        killed.wait()
        until = time.monotonic() + 30
        while _open_of(home, "gateway-1") and time.monotonic() < until:
            time.sleep(0.1)
        left = _open_of(home, "gateway-1")
    finally:
        for each in (killed, lives):
            each.kill()
            each.wait()
    open_store(home, "gateway-2").close()

    assert left == 0
    log = look_through(home)
    assert not log.open
    for said in (first, second):
        heard = Heard()
        for line in said.read_text().splitlines():
            heard.take(line)
        heard.is_kept_by(log)


def _open_of(home: InPostgres, gateway: str) -> int:
    with home.reading() as reader:
        return sum(each.gateway == gateway for each in reader.open_decisions())


# --- faults -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def wire(home: InPostgres) -> Iterator[Wire]:
    found = WORDS.search(home.conninfo)
    assert found
    made = Wire(int(found[1]))
    yield made
    made.close()


@pytest.fixture
def store(home: InPostgres, wire: Wire) -> Iterator[AuditStore]:
    opened = open_store(InPostgres(WORDS.sub(f"port={wire.tcp_port}", home.conninfo)))
    yield opened
    wire.breaks = None
    opened.close()


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_connection_lost_at_commit_leaves_no_doubt(
    store: AuditStore, home: InPostgres, wire: Wire, moment: Moment
) -> None:
    async def story() -> list[object]:
        first = await store.append(decision("q1"))
        wire.breaks = moment
        told: list[object] = [*await asyncio.gather(store.append(outcome("q1", first.index)), return_exceptions=True)]
        await store.probe()
        return [*told, await store.append(refusal("after"))]

    told, after = asyncio.run(story())

    log = look_through(home)
    states = [each["state"] for each in log.outcomes.values()]
    if moment == "after":
        assert getattr(told, "index", 0) == 3
        assert states == ["finished"]
    else:
        assert isinstance(told, AuditUnavailable)
        assert not isinstance(told, AuditLost)
        assert states in ([], ["interrupted"])
    assert log.records[getattr(after, "index", 0)]["query"] == "after"


def test_what_cannot_be_found_out_is_not_acknowledged(
    store: AuditStore, home: InPostgres, wire: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit_postgres, "RESOLVE_SECONDS", 0.3)

    async def story() -> None:
        wire.breaks, wire.is_down = "after", True
        with pytest.raises(AuditUnavailable, match="cannot be known"):
            await store.append(refusal("perhaps"))
        with pytest.raises(AuditUnavailable):
            await store.append(refusal("no"))
        wire.is_down = False
        await store.probe()
        await store.append(refusal("after"))

    asyncio.run(story())
    asked = [each["query"] for each in look_through(home).records.values() if each["query"]]
    assert asked in (["perhaps", "after"], ["after"])


def test_sessions_that_are_ended_under_load_lose_nothing_and_leave_no_doubt(home: InPostgres) -> None:
    kept, sent = asyncio.run(appending(open_store(home), 16, lambda: end_sessions(home), 6))

    holds_what_was_told(look_through(home), kept, sent)


def test_a_log_that_lost_records_ends_the_gateway(home: InPostgres) -> None:
    store = open_store(home)
    storage = store.storage
    assert isinstance(storage, PostgresStorage)

    async def story() -> None:
        await store.append(refusal("q1"))
        with psycopg.connect(
            home.conninfo, autocommit=True, options=f"-c search_path={audit_postgres.PLACE}"
        ) as session:
            session.execute("UPDATE head SET size = size - 1")
            session.execute("SELECT pg_terminate_backend(%s)", (storage._backend,))
        with pytest.raises(AuditUnavailable):
            await store.append(refusal("q2"))
        with pytest.raises(AuditLost, match="lost records"):
            await store.probe()

    asyncio.run(story())
    assert isinstance(store.lost.result(5), AuditLost)
    store.close()


@pytest.mark.parametrize("name", ["fsync", "full_page_writes"])
def test_a_server_that_would_lose_what_it_committed_is_refused(
    pg_server: PgServer, home: InPostgres, name: str
) -> None:
    with pg_server.connect("postgres") as session:
        session.execute(f"ALTER SYSTEM SET {name} = off")
        session.execute("SELECT pg_reload_conf()")
        try:
            time.sleep(0.3)
            with pytest.raises(AuditUnavailable, match=f"runs with {name} off"):
                home.storage()
        finally:
            session.execute(f"ALTER SYSTEM RESET {name}")
            session.execute("SELECT pg_reload_conf()")
            time.sleep(0.3)
    home.storage().close()


def test_synchronous_commit_is_put_on(pg_server: PgServer, home: InPostgres) -> None:
    storage = PostgresStorage(f"{home.conninfo} options='-c synchronous_commit=off'", ORIGIN, PORTS, "gateway-1")

    assert storage._checked().execute("SHOW synchronous_commit").fetchall() == [("on",)]
    storage.close()


@pytest.mark.parametrize("conninfo", ["not a word of it", "host=127.0.0.1 port=1 dbname=x password=hush", ""])
def test_a_database_that_cannot_be_reached_is_told_without_its_address(conninfo: str) -> None:
    with pytest.raises(AuditUnavailable) as told:
        PostgresStorage(conninfo or "host=127.0.0.1 port=1", ORIGIN, PORTS, "gateway-1")

    assert "127.0.0.1" not in told.value.message
    assert "hush" not in told.value.message


# --- roles ------------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(pg_server: PgServer, home: InPostgres) -> Iterator[PgServer]:
    """A log whose roles are those that the operators' page makes."""
    open_store(home).close()
    page = (CHECKOUT / "docs/operators.md").read_text()
    [roles] = re.findall(r"```sql\n(CREATE ROLE portgate_audit_owner.*?)```", page, re.DOTALL)
    with psycopg.connect(home.conninfo, autocommit=True) as session:
        session.execute(roles)
        for role in ("writer", "reader"):
            session.execute(f"CREATE ROLE a_{role} LOGIN IN ROLE portgate_audit_{role}")
        yield pg_server
        for role in ("a_writer", "a_reader", *(f"portgate_audit_{name}" for name in ("writer", "reader", "owner"))):
            session.execute(f"DROP OWNED BY {role} CASCADE")
            session.execute(f"DROP ROLE {role}")


def test_the_roles_of_the_operators_page_let_a_gateway_add_and_change_nothing(
    guarded: PgServer, home: InPostgres
) -> None:
    writer = InPostgres(home.conninfo.replace("user=tester", "user=a_writer"))
    store = open_store(writer)

    async def story() -> None:
        first = await store.append(decision("q1"))
        await store.append(outcome("q1", first.index))
        await store.cosign(2, "")

    asyncio.run(story())
    assert store.storage.commit(lambda turn: prune(turn, "2999-01-01T00:00:00.000Z", "gateway-1")) > 0
    store.close()
    look_through(writer)

    reader = InPostgres(home.conninfo.replace("user=tester", "user=a_reader"))
    look_through(reader)
    with pytest.raises(AuditUnavailable, match="InsufficientPrivilege"):
        reader.storage()
    for harm in (
        "UPDATE records SET entry = leaf",
        "UPDATE records SET leaf = seed",
        "DELETE FROM records",
        "DELETE FROM checkpoints",
        "TRUNCATE records",
        "DROP TABLE records",
        "DELETE FROM head",
    ):
        with (
            psycopg.connect(writer.conninfo, options=f"-c search_path={audit_postgres.PLACE}") as session,
            pytest.raises(psycopg.errors.InsufficientPrivilege),
        ):
            session.execute(harm)
