"""Checkpoints go to the ports' witnesses, cosignatures come back into the log, and without a quorum nothing leaves."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from pydantic import HttpUrl, ValidationError

from gateway.adapters import audit_store
from gateway.adapters import witnesses as witnesses_module
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_store import AuditStore
from gateway.adapters.witness_protocol import Head, Refused, Silent, WitnessClient, cosigned_by, witness_of
from gateway.adapters.witnesses import Witnessed, Witnesses
from gateway.audit.note import Signer, Verifier
from gateway.audit.record import AlarmRecord, DecisionRecord, OutcomeRecord, Record, RefusalRecord
from gateway.errors import AuditUnavailable, GatewayError
from gateway.running import RunningAnswers
from gateway.settings import AuditSettings, WitnessSettings
from tests.audit.logs import ORIGIN, PORTS, WRITER, open_store
from tests.edge.over_tls import SERVER, Authority
from tests.simulator import Log
from tests.witness.logs import LOG_KEY, TestLog, decision, served
from witness.cosigning import Answer, Cosigning
from witness.endpoint import Endpoint
from witness.folder import Alarms
from witness.note import Cosigner, text_of

START = datetime(2026, 11, 28, 8, 0, tzinfo=UTC)


class StandIn:
    """One port's witness: the real one, which can be told to misbehave."""

    def __init__(self, folder: Path, port: str, seed: int) -> None:
        folder.mkdir()
        self.port = port
        self.cosigner = Cosigner(f"{port}.test/witness", Ed25519PrivateKey.from_private_bytes(bytes([seed] * 32)))
        self.state = Cosigning(folder, ORIGIN, [LOG_KEY], self.cosigner, Alarms(folder))
        self.asked = 0
        self.instead: Answer | None = None
        """What it answers, whatever it is asked."""
        self.is_slow = threading.Event()
        self._server = Endpoint(("127.0.0.1", 0), self.state)
        real = self.state.answer

        def answer(body: bytes) -> Answer:
            self.asked += 1
            if self.is_slow.is_set():
                raise OSError("it hangs up")
            return self.instead or real(body)

        self.state.answer = answer  # type: ignore[method-assign]
        self._thread = threading.Thread(target=self._server.serve_forever, args=[0.02])
        self._thread.start()

    @property
    def settings(self) -> WitnessSettings:
        url = HttpUrl(f"http://127.0.0.1:{self._server.server_address[1]}")
        return WitnessSettings(port=self.port, url=url, verifier_key=str(self.cosigner.key))

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Stoppable:
    """An answer under way."""

    def __init__(self) -> None:
        self.stands_on: dict[str, frozenset[str]] = {}
        self.stopped_with: list[GatewayError] = []

    def stop(self, error: GatewayError) -> None:
        self.stopped_with.append(error)


@dataclass
class World:
    """A log, five witnesses, and a clock that a test sets."""

    folder: Path
    witnesses: list[StandIn]
    now: datetime = field(default_factory=lambda: datetime.now(UTC))
    running_answers: RunningAnswers = field(default_factory=RunningAnswers)

    @property
    def settings(self) -> AuditSettings:
        return AuditSettings(
            file=self.folder / "audit.sqlite", origin=ORIGIN, key_file=self.folder / "key",
            witnesses=tuple(witness.settings for witness in self.witnesses),
        )  # fmt: skip

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[tuple[AuditStore, Witnesses]]:
        store = open_store(self.folder / "audit.sqlite")
        witnesses = Witnesses(self.settings, store, lambda: self.now, "test build", PORTS, self.running_answers)
        witnesses._patient_until = 0
        await witnesses.start()
        try:
            yield store, witnesses
        finally:
            await witnesses.close()
            await asyncio.to_thread(store.close)

    def signed(self, store: AuditStore) -> frozenset[str]:
        """Who has cosigned the newest checkpoint of all that was written."""
        with store.storage.reading() as log:
            note = log.checkpoint_of(log.size())
        return cosigned_by(note, [witness_of(each) for each in self.settings.witnesses]) if note else frozenset()


@pytest.fixture(autouse=True)
def _signs_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit_store, "SIGN_SECONDS", 0.1)
    monkeypatch.setattr(witnesses_module, "TICK_SECONDS", 0.2)
    monkeypatch.setattr(witnesses_module, "AGAIN_SECONDS", 0.3)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    witnesses = [StandIn(tmp_path / port, port, number + 1) for number, port in enumerate(PORTS)]
    yield World(tmp_path, witnesses)
    for each in witnesses:
        each.close()


async def until(holds: Callable[[], Any], seconds: float = 8) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(seconds):
        while not holds():
            await asyncio.sleep(0.02)


def run(story: Callable[[], Awaitable[None]]) -> None:
    """Run a test's story on an event loop."""

    async def told() -> None:
        await story()

    asyncio.run(told())


def alarms(store: AuditStore) -> list[dict[str, Any]]:
    """The alarm records of a log."""
    with store.storage.reading() as log:
        records = [orjson.loads(row.line) for row in log.rows(0, log.size())]
    return [record for record in records if record["kind"] == "alarm"]


def test_each_new_checkpoint_is_cosigned_by_all_and_in_the_log(world: World) -> None:
    async def story() -> None:
        async with world.running() as (store, witnesses):
            await until(lambda: world.signed(store) == set(PORTS))
            for number in range(3):
                await store.append(decision(f"q{number}", "oakland"))
                await until(lambda: world.signed(store) == set(PORTS))
            await until(lambda: witnesses.state().startswith("ok: 5 of 5"))
            assert alarms(store) == []

    run(story)


def test_two_silent_ones_of_five_keep_nobody_waiting_and_are_asked_again(world: World) -> None:
    async def story() -> None:
        for each in world.witnesses[:2]:
            each.is_slow.set()
        async with world.running() as (store, witnesses):
            await store.append(decision("q1", "oakland"))
            await until(lambda: len(world.signed(store)) == 3)
            await until(lambda: "3 of 5" in witnesses.state())
            witnesses.check()
            for each in world.witnesses[:2]:
                each.is_slow.clear()
            await until(lambda: len(world.signed(store)) == 5)
            assert alarms(store) == []

    run(story)


def test_a_witness_that_stands_elsewhere_is_met_there(world: World) -> None:
    async def story() -> None:
        async with world.running() as (store, _):
            await until(lambda: len(world.signed(store)) == 5)
        async with world.running() as (store, _):  # the new process knows nothing of what they have cosigned
            await until(lambda: len(world.signed(store)) == 5)
            assert alarms(store) == []

    run(story)


def test_a_witness_that_says_no_is_an_alarm_once_a_minute_and_the_others_go_on(world: World) -> None:
    async def story() -> None:
        world.witnesses[0].instead = Answer(422, "no\n")
        async with world.running() as (store, _):
            await until(lambda: alarms(store))
            await until(lambda: len(world.signed(store)) == 4)
            await until(lambda: world.witnesses[0].asked >= 3)
            [alarm] = alarms(store)
        assert (alarm["operation"], alarm["target"]) == ("witness_refused", "hueneme: it answers with status 422")
        assert alarm["concerns"] == ["hueneme"]

    run(story)


@pytest.mark.parametrize(
    "answer",
    [
        Answer(200, ""),
        Answer(200, "no signature\n"),
        Answer(200, "— hueneme.test/witness AAAAAAAAAAA=\n"),
        Answer(200, "x" * 20_000),
        Answer(404),
        Answer(403),
        Answer(409, "none\n", "text/x.tlog.size"),
        Answer(409, "5\n"),
        Answer(302),
    ],
    ids=str,
)
def test_what_is_no_cosignature_is_refused(world: World, answer: Answer) -> None:
    async def story() -> None:
        world.witnesses[0].instead = answer
        log = TestLog().grown(5)
        client = WitnessClient(None)

        async def prove(old: int) -> list[bytes]:
            return []

        try:
            witness = witness_of(world.witnesses[0].settings)
            with pytest.raises(Refused):
                await client.cosignature(witness, Head(5, text_of(log.note()), log.note()), prove, 1e12)
            world.witnesses[0].instead = None
            head = Head(5, text_of(log.note()), log.note())
            with pytest.raises(Refused, match="another time"):
                await client.cosignature(witness, head, prove, 1e9)
            assert await client.cosignature(witness, head, prove, 1e12)
        finally:
            await client.close()

    run(story)


def test_another_witnesses_cosignature_counts_for_nobody(world: World) -> None:
    async def story() -> None:
        first, second = world.witnesses[:2]
        real = second.state.answer
        first.state.answer = real  # type: ignore[method-assign]
        async with world.running() as (store, _):
            await until(lambda: len(world.signed(store)) == 4)
            assert "hueneme" not in world.signed(store)

    run(story)


def test_a_witness_that_knows_more_than_the_log_has_is_an_alarm(world: World) -> None:
    """A backup was brought back: the log is a true beginning of what the witness has seen."""

    async def story() -> None:
        async with world.running() as (store, _):
            await store.append(decision("q1"))
            await until(lambda: len(world.signed(store)) == 5)
        for file in world.folder.glob("audit.sqlite*"):
            file.unlink()
        async with world.running() as (store, witnesses):
            await until(lambda: len({alarm["target"].partition(":")[0] for alarm in alarms(store)}) == 5)
            assert "and the log has fewer" in alarms(store)[0]["target"] or "status 422" in alarms(store)[0]["target"]
            assert witnesses.state().startswith("ok: 0 of 5")

    run(story)


# --- without a quorum -----------------------------------------------------------------------------------------------


def test_without_a_quorum_there_is_an_alarm_and_later_no_results_until_there_is_one_again(world: World) -> None:
    async def story() -> None:
        async with world.running() as (store, witnesses):
            await until(lambda: witnesses.state().startswith("ok: 5 of 5"))
            world.now += timedelta(hours=8)
            witnesses.check()  # nothing was written: what is there has its quorum
            for each in world.witnesses[:3]:
                each.is_slow.set()
            world.now = datetime.now(UTC)
            await store.append(decision("q1"))
            await until(lambda: witnesses.state().startswith("ok: 2 of 5"))
            world.now += timedelta(minutes=9)
            await asyncio.sleep(0.5)
            assert alarms(store) == []
            world.now += timedelta(minutes=2)
            await until(lambda: alarms(store))
            [alarm] = alarms(store)
            assert (alarm["operation"], alarm["concerns"]) == ("witness_quorum", list(PORTS))
            assert set(alarm["columns"]) == {"hueneme", "long_beach", "los_angeles"}
            witnesses.check()

            world.now += timedelta(hours=4)
            with pytest.raises(AuditUnavailable, match="too few ports"):
                witnesses.check()
            assert witnesses.state().startswith("no results are released")
            await asyncio.sleep(0.5)
            assert len(alarms(store)) == 1, "one alarm an episode"

            world.witnesses[0].is_slow.clear()
            await until(lambda: witnesses.state().startswith("ok: 3 of 5"))
            witnesses.check()

    run(story)


def test_answers_under_way_end_where_nothing_may_be_released_any_more(world: World) -> None:
    answer = Stoppable()
    world.running_answers.add(answer)

    async def story() -> None:
        async with world.running() as (store, _):
            await until(lambda: len(world.signed(store)) == 5)
            for each in world.witnesses:
                each.is_slow.set()
            await store.append(decision("q1"))
            await asyncio.sleep(0.5)
            world.now += timedelta(hours=3)
            await asyncio.sleep(0.5)
            assert answer.stopped_with == []

            world.now += timedelta(hours=2)
            await until(lambda: answer.stopped_with)
            assert isinstance(answer.stopped_with[0], AuditUnavailable)

    run(story)


def test_who_cannot_look_for_too_long_lets_nothing_out(world: World) -> None:
    async def story() -> None:
        async with world.running() as (store, witnesses):
            await until(lambda: len(world.signed(store)) == 5)
            read, moment = witnesses._read, witnesses._monotonic
            broken = threading.Event()

            def failing(kept: set[int]) -> Any:
                if broken.is_set():
                    raise KeyError("nobody foresaw this")
                return read(kept)

            witnesses._read = failing  # type: ignore[method-assign]
            broken.set()
            await asyncio.sleep(0.5)
            witnesses.check()
            witnesses._monotonic = lambda: moment() + 14_500
            with pytest.raises(AuditUnavailable):
                witnesses.check()
            assert "no results are released" in witnesses.state()

            broken.clear()
            witnesses._monotonic = moment
            await until(lambda: "5 of 5" in witnesses.state())
            witnesses.check()

    run(story)


def test_a_restart_forgets_nothing(world: World) -> None:
    async def story() -> None:
        async with world.running() as (store, _):
            await until(lambda: len(world.signed(store)) == 5)
            for each in world.witnesses:
                each.is_slow.set()
            await store.append(decision("q1"))
            await asyncio.sleep(0.5)
        world.now += timedelta(hours=3)
        async with world.running() as (_, witnesses):
            witnesses.check()
            world.now += timedelta(hours=1, minutes=1)
            with pytest.raises(AuditUnavailable):
                witnesses.check()
        async with world.running() as (_, witnesses):
            with pytest.raises(AuditUnavailable):
                witnesses.check()

    run(story)


def test_a_log_that_was_never_witnessed_ages_from_its_first_checkpoint(world: World) -> None:
    async def story() -> None:
        for each in world.witnesses:
            each.is_slow.set()
        async with world.running() as (_, witnesses):
            witnesses.check()
            world.now += timedelta(hours=5)
            with pytest.raises(AuditUnavailable):
                witnesses.check()

    run(story)


def outcome(state: str = "finished") -> OutcomeRecord:
    """How a query ended."""
    return OutcomeRecord("q1", "2026-11-22T16:45:06.123Z", 7, state, rows=3, ports=("oakland",))  # type: ignore[arg-type]


def test_what_releases_data_is_not_written_while_it_may_not_be_and_the_rest_is() -> None:
    log = Log()

    def no() -> None:
        raise AuditUnavailable("too few ports")

    refusal = RefusalRecord("q2", "t", decision("q2").partner, "", "", "", "denied", "")
    alarm = AlarmRecord("", "t", "", 0, "witness_quorum", "", ())

    async def story() -> None:
        audit = Witnessed(log, no)
        for each in (decision("q1"), outcome()):
            with pytest.raises(AuditUnavailable):
                await audit.append(each)
        written: tuple[Record, ...] = (outcome("failed"), outcome("cancelled"), refusal, alarm)
        for record in written:
            await audit.append(record)
        [instead, *rest] = log.records
        assert isinstance(instead, OutcomeRecord)
        assert (instead.state, instead.code, instead.ports) == ("failed", "audit_unavailable", ())
        assert rest == list(written)
        assert not any(isinstance(record, DecisionRecord) for record in log.records)

    run(story)


def test_with_a_quorum_all_is_written_as_it_is() -> None:
    log = Log()

    async def story() -> None:
        audit = Witnessed(log, lambda: None)
        await audit.append(decision("q1"))
        await audit.append(outcome())
        assert log.records == [decision("q1"), outcome()]

    run(story)


# --- settings -------------------------------------------------------------------------------------------------------


def test_without_witnesses_nothing_is_demanded_and_it_is_said(tmp_path: Path) -> None:
    async def story() -> None:
        settings = AuditSettings(file=tmp_path / "audit.sqlite", origin=ORIGIN, key_file=tmp_path / "key")
        store = AuditStore(SqliteStorage(tmp_path / "audit.sqlite", ORIGIN, PORTS), WRITER)
        witnesses = Witnesses(
            settings, store, lambda: datetime.now(UTC) + timedelta(days=9), "b", PORTS, RunningAnswers()
        )
        await witnesses.start()
        witnesses.check()
        assert witnesses.state() == "ok: none are set"
        await witnesses.close()
        store.close()

    run(story)


def _witness(port: str, key: str = "") -> WitnessSettings:
    own = Signer(f"{port}.test/witness", Ed25519PrivateKey.generate(), 4).verifier
    return WitnessSettings(port=port, url=HttpUrl("http://127.0.0.1:1"), verifier_key=key or str(own))


@pytest.mark.parametrize(
    ("ports", "quorum", "said"),
    [
        (("oakland", "hueneme"), 3, "audit.quorum is 3, and there are 2"),
        (("oakland", "oakland", "hueneme"), 3, "names a port twice"),
        (("oakland",), 0, "greater than 0"),
    ],
)
def test_a_quorum_that_cannot_be_or_demands_nothing_is_refused(
    tmp_path: Path, ports: tuple[str, ...], quorum: int, said: str
) -> None:
    with pytest.raises(ValidationError, match=said):
        AuditSettings(
            file=tmp_path, origin=ORIGIN, key_file=tmp_path, witnesses=tuple(map(_witness, ports)), quorum=quorum
        )


def test_a_key_that_is_no_witnesses_is_refused() -> None:
    log_key = Verifier("oakland.test/witness", 1, bytes(32))

    with pytest.raises(ValueError, match="oakland: this is no Base64"):
        witness_of(_witness("oakland", "nonsense"))
    with pytest.raises(ValueError, match="not a witness's"):
        witness_of(_witness("oakland", str(log_key)))


def test_a_witness_is_asked_over_tls_with_the_authority_of_the_settings(tmp_path: Path) -> None:
    authority, other = Authority(tmp_path, "CN=Ours"), Authority(tmp_path, "CN=Other")
    pair = authority.issue("CN=localhost", use=SERVER)
    cosigner = Cosigner("oakland.test/witness", Ed25519PrivateKey.generate())
    log = TestLog().grown(5)
    head = Head(5, text_of(log.note()), log.note())

    async def prove(old: int) -> list[bytes]:
        return []

    async def story() -> None:
        state = Cosigning(tmp_path, ORIGIN, [LOG_KEY], cosigner, Alarms(tmp_path))
        with served(state, (pair.certificate_file, pair.key_file)) as port:
            url = HttpUrl(f"https://localhost:{port}")
            settings = WitnessSettings(port="oakland", url=url, verifier_key=str(cosigner.key))
            for ca_file, is_trusted in ((authority.file, True), (other.file, False)):
                client = WitnessClient(ca_file)
                try:
                    if is_trusted:
                        assert await client.cosignature(witness_of(settings), head, prove, 1e12)
                    else:
                        with pytest.raises(Silent):
                            await client.cosignature(witness_of(settings), head, prove, 1e12)
                finally:
                    await client.close()
                    await asyncio.sleep(0.1)

    run(story)


class _Silent(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.server.asked.set()  # type: ignore[attr-defined]
        self.server.over.wait(10)  # type: ignore[attr-defined]


def test_a_witness_that_never_answers_holds_up_neither_the_others_nor_the_end(world: World) -> None:
    async def story() -> None:
        server = ThreadingHTTPServer(("127.0.0.1", 0), _Silent)
        server.daemon_threads = True
        server.asked, server.over = threading.Event(), threading.Event()  # type: ignore[attr-defined]
        threading.Thread(target=server.serve_forever, daemon=True).start()
        silent = world.witnesses[0].settings.model_copy(
            update={"url": HttpUrl(f"http://127.0.0.1:{server.server_address[1]}")}
        )
        settings = world.settings
        others = settings.witnesses[1:]
        world.__class__ = type(
            "Told", (World,), {"settings": settings.model_copy(update={"witnesses": (silent, *others)})}
        )
        async with world.running() as (store, _):
            await until(server.asked.is_set)  # type: ignore[attr-defined]
            await store.append(decision("q1"))
            await until(lambda: len(world.signed(store)) == 4, seconds=3)
        server.over.set()  # type: ignore[attr-defined]
        server.shutdown()
        server.server_close()

    run(story)
