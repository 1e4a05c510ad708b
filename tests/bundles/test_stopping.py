"""A port suspends its agreements: what counts from then on, and what becomes of the answers under way."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from gateway.adapters.bundle_store import GRACE_SECONDS, BundleStore, Rules
from gateway.adapters.narrow import NarrowCheck
from gateway.adapters.pinned import PATIENCE_SECONDS, PinnedPolicy
from gateway.answer import rows_of
from gateway.audit.record import OutcomeRecord
from gateway.conversation import Page, QueryRequest, Session
from gateway.errors import GatewayError, PolicyUnavailable, PortSuspended
from gateway.model import Admission, AskedTable, Decision, Port, Question, TableDecision, TableName
from gateway.parts import Rows
from gateway.policy.bundle import Bundle
from gateway.running import RunningAnswers, Suspension
from tests.bundles.signing import AGREEMENT, KEYS, NARROW, NOW, Signer, document, suspended
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import EVERYTHING, PARTNER, gives

CALLS = {port: TableName(port, "freight", "vessel_calls") for port in ("oakland", "hueneme")}
ASKED = Question(
    PARTNER, "freight_resilience", "2026-11-25T14:00:00Z", tuple(AskedTable(t, ("call_id",)) for t in CALLS.values())
)
PORTS = {port: Port(port, port, "US", f"desk@{port}.example", {}) for port in CALLS}
UNVERIFIED = "The port's agreements cannot be verified at the moment. Ask desk@{port}.example."


@dataclass
class World:
    """Two ports, a policy that answers with the revisions it is told, and a clock that is moved by hand."""

    store: BundleStore
    running: RunningAnswers
    policy: FixedPolicy
    now: list[float]

    def take(self, bundle: Bundle) -> str:
        asyncio.run(self.store.accept(bundle.manifest.name, bundle.packed(), "steward#publish"))
        return bundle.revision

    def answer(self, **revisions: str) -> dict[str, TableDecision]:
        """What the pinned policy says when OPA answers under these revisions."""
        given = TableDecision((gives("call_id", id="oak-analysts"),))
        self.policy.answer = Decision("d1", revisions, dict.fromkeys(CALLS.values(), given))
        decision = asyncio.run(PinnedPolicy(self.policy, self.store, PORTS).decide(ASKED))
        return {name.catalog: table for name, table in decision.tables.items()}


@pytest.fixture
def world(tmp_path: Path) -> World:
    now = [1000.0]
    running = RunningAnswers()
    keys = {port: KEYS[port].public_key() for port in CALLS}
    store = BundleStore(
        Rules(tmp_path), keys, NarrowCheck(None), Log(), lambda: NOW, running, monotonic=lambda: now[-1]
    )
    return World(store, running, FixedPolicy(), now)


OPEN = TableDecision((gives("call_id", id="oak-analysts"),))


def shut(port: str) -> TableDecision:
    return TableDecision((), {"call_id": UNVERIFIED.format(port=port)})


def test_a_port_counts_under_the_revision_that_it_published_and_the_others_go_on(world: World) -> None:
    oakland = world.take(Signer().sign())
    hueneme = world.take(Signer("hueneme", key=KEYS["hueneme"]).sign())

    assert world.answer(oakland=oakland, hueneme=hueneme) == {"oakland": OPEN, "hueneme": OPEN}
    assert world.answer(oakland="0" * 64 + "@none", hueneme=hueneme) == {"oakland": shut("oakland"), "hueneme": OPEN}


def test_a_port_that_has_published_nothing_is_shut_whatever_the_policy_says(world: World) -> None:
    oakland = world.take(Signer().sign())

    answer = world.answer(oakland=oakland, hueneme="none")

    assert answer == {"oakland": OPEN, "hueneme": shut("hueneme")}


def test_the_revision_before_counts_for_five_seconds(world: World) -> None:
    signer = Signer()
    before = world.take(signer.sign())
    after = world.take(signer.sign(document("oakland", replace(AGREEMENT, reason="Other words for it."))))

    world.now.append(world.now[-1] + GRACE_SECONDS)
    in_time = world.answer(oakland=before, hueneme="none")["oakland"]
    world.now.append(world.now[-1] + 0.001)
    too_late = world.answer(oakland=before, hueneme="none")["oakland"]

    assert (in_time, too_late) == (OPEN, shut("oakland"))
    assert world.answer(oakland=after, hueneme="none")["oakland"] == OPEN


def test_a_port_that_suspends_itself_is_shut_at_once_even_while_the_policy_knows_the_revision_before(
    world: World,
) -> None:
    signer = Signer()
    before = world.take(signer.sign())
    world.take(signer.sign(suspended(document())))

    assert world.answer(oakland=before, hueneme="none")["oakland"] == shut("oakland")


def test_an_agreement_that_is_suspended_gives_nothing_under_the_revision_before(world: World) -> None:
    signer = Signer()
    before = world.take(signer.sign())
    world.take(signer.sign(document("oakland", replace(AGREEMENT, suspended=True))))

    assert world.answer(oakland=before, hueneme="none")["oakland"] == shut("oakland")


def test_new_rules_of_a_port_must_be_in_opa_s_hands_within_five_seconds(world: World, opa_binary: Path) -> None:
    world.store._narrow = NarrowCheck(opa_binary)
    signer = Signer()
    revision = world.take(signer.sign())
    assert world.take(signer.sign(narrow=NARROW)) == revision

    in_time = world.answer(oakland=revision, hueneme="none")["oakland"]
    world.now.append(world.now[-1] + GRACE_SECONDS + 0.001)
    too_late = world.answer(oakland=revision, hueneme="none")["oakland"]
    now_served = world.store.served("oakland")
    assert now_served
    asyncio.run(world.store.served_after("oakland", now_served.etag, 0))  # OPA asks for more
    loaded = world.answer(oakland=revision, hueneme="none")["oakland"]

    assert (in_time, too_late, loaded) == (OPEN, shut("oakland"), OPEN)


def test_a_decision_without_a_port_s_revision_does_not_count_for_it(world: World) -> None:
    oakland = world.take(Signer().sign())

    assert world.answer(oakland=oakland)["hueneme"] == shut("hueneme")


def test_the_policy_is_ready_once_it_has_loaded_what_each_port_has_published(world: World) -> None:
    pinned = PinnedPolicy(world.policy, world.store, PORTS, monotonic=lambda: world.now[-1])
    with pytest.raises(PolicyUnavailable, match="no port has published"):
        asyncio.run(pinned.probe())

    revision = world.take(Signer().sign())
    table = {CALLS["oakland"]: TableDecision(())}
    world.policy.answer = Decision("d", {"oakland": "none"}, table)
    with pytest.raises(PolicyUnavailable, match="not loaded the agreements of oakland"):
        asyncio.run(pinned.probe())

    world.policy.answer = Decision("d", {"oakland": revision}, table)
    asyncio.run(pinned.probe())
    world.policy.answer = Decision("d", {"oakland": "none"}, table)  # OPA has been started anew
    with pytest.raises(PolicyUnavailable, match="not loaded the agreements of oakland"):
        asyncio.run(pinned.probe())
    world.now.append(world.now[-1] + PATIENCE_SECONDS)
    asyncio.run(pinned.probe())  # trouble that stays is that port's alone


# --- answers under way ----------------------------------------------------------------------------------------------

SQL = "SELECT ship FROM california.freight.calls"


@dataclass
class Endless:
    """A query in Trino whose next page never comes."""

    log: Log
    columns: tuple[tuple[str, str], ...] = (("ship", "varchar"),)

    signature: bytes = b""
    progress: int = 0
    next: str = "0"

    async def turn(self) -> Page:
        if self.next == "1":
            await asyncio.Event().wait()
        self.next = "1"
        return Page(b'[["EVER GIVEN"]]', 1)

    async def again(self) -> Page:
        return Page(b'[["EVER GIVEN"]]', 1)

    async def cancel(self) -> None:
        self.log.happened.append("cancelled in Trino")


class EndlessEngine(FakeEngine):
    """Trino that never comes to an end."""

    async def start(  # type: ignore[override]
        self, sql: str, admission: Admission, session: Session | None = None
    ) -> Endless:
        return Endless(self.log)


class HungEngine(FakeEngine):
    """Trino that never gives a first row."""

    async def start(  # type: ignore[override]
        self, sql: str, admission: Admission, session: Session | None = None
    ) -> Endless:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.log.happened.append("cancelled in Trino")
            raise
        raise AssertionError


def outcome(log: Log) -> tuple[str, str]:
    record = log.records[-1]
    assert isinstance(record, OutcomeRecord)
    return record.state, record.code


async def _under_way(log: Log, suspend: Callable[[RunningAnswers], None]) -> GatewayError:
    """Read an answer's first page, let the port suspend, and wait for the next one."""
    made = gate(log, EndlessEngine(log), FixedPolicy(EVERYTHING))
    answer = await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
    pages = answer.pages()
    await anext(pages)
    asyncio.get_running_loop().call_later(0.05, suspend, made.running)
    with pytest.raises(PortSuspended) as told:
        await asyncio.wait_for(anext(pages), 5)
    await asyncio.sleep(0.01)
    return told.value


def test_an_answer_under_way_ends_when_a_port_that_it_stands_on_suspends_its_agreements() -> None:
    log = Log()

    told = asyncio.run(_under_way(log, lambda running: running.suspend("oakland", Suspension(everything=True))))

    assert told.message == "the port of oakland has suspended its agreements"
    assert outcome(log) == ("failed", "port_suspended")
    assert log.happened[-1] == "cancelled in Trino"


def test_an_answer_under_way_ends_when_an_agreement_that_it_stands_on_is_suspended() -> None:
    log = Log()

    told = asyncio.run(
        _under_way(log, lambda running: running.suspend("oakland", Suspension(False, frozenset({"a1"}))))
    )

    assert (told.code, outcome(log)) == ("port_suspended", ("failed", "port_suspended"))


def test_an_answer_whose_reader_sleeps_is_ended_in_trino_and_in_the_log_all_the_same() -> None:
    log = Log()

    async def story() -> None:
        made = gate(log, EndlessEngine(log), FixedPolicy(EVERYTHING))
        answer = await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
        pages = answer.pages()
        await anext(pages)
        made.running.suspend("oakland", Suspension(everything=True))
        await asyncio.sleep(0.05)
        assert (outcome(log), log.happened[-1]) == (("failed", "port_suspended"), "cancelled in Trino")
        with pytest.raises(PortSuspended):
            await anext(pages)

    asyncio.run(story())


def test_a_page_that_was_fetched_before_the_suspension_does_not_leave_after_it() -> None:
    log = Log()

    async def story() -> None:
        made = gate(log, FakeEngine(log), FixedPolicy(EVERYTHING))
        answer = await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
        while not (await answer.turn()).last:
            answer.check()
        made.running.suspend("oakland", Suspension(everything=True))
        with pytest.raises(PortSuspended):
            answer.check()

    asyncio.run(story())
    assert outcome(log) == ("finished", "")


def test_an_answer_that_waits_for_its_first_row_is_ended_too() -> None:
    log = Log()

    async def story() -> None:
        made = gate(log, HungEngine(log), FixedPolicy(EVERYTHING))
        asking = asyncio.create_task(made.answer(PARTNER, QueryRequest(SQL, "freight_resilience")))
        await asyncio.sleep(0.05)
        made.running.suspend("oakland", Suspension(everything=True))
        with pytest.raises(PortSuspended) as told:
            await asyncio.wait_for(asking, 5)
        assert told.value.query_id

    asyncio.run(story())
    assert (outcome(log), "cancelled in Trino" in log.happened) == (("failed", "port_suspended"), True)


def test_a_query_decided_before_and_sent_after_the_suspension_gives_nothing() -> None:
    log = Log()

    async def story() -> None:
        made = gate(log, EndlessEngine(log), FixedPolicy(EVERYTHING))
        made.running.suspend("oakland", Suspension(everything=True))
        with pytest.raises(PortSuspended):
            await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
        await asyncio.sleep(0.01)

    asyncio.run(story())
    assert outcome(log) == ("failed", "port_suspended")


@pytest.mark.parametrize(
    ("port", "suspension"),
    [
        ("hueneme", Suspension(everything=True)),
        ("oakland", Suspension(False, frozenset({"another"}))),
        ("oakland", Suspension()),
    ],
)
def test_answers_that_do_not_stand_on_what_was_suspended_go_on(port: str, suspension: Suspension) -> None:
    log = Log()

    async def story() -> list[Rows]:
        made = gate(log, FakeEngine(log), FixedPolicy(EVERYTHING))
        answer = await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
        made.running.suspend(port, suspension)
        return [rows_of(page) async for page in answer.pages()]

    assert asyncio.run(story()) == [[["EVER GIVEN"]], [["MAERSK"]]]
    assert outcome(log) == ("finished", "")
