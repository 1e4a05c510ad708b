"""A steward signs, publishes, sees the answer change within five seconds, rolls back and suspends: on a real OPA."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest

from gateway.adapters.clock import now
from gateway.conversation import QueryRequest
from gateway.edge.api import make_app
from gateway.errors import PortSuspended
from gateway.model import AskedTable, Partner, Question, TableName
from gateway.pipeline import Gate
from gateway.policy.bundle import Bundle
from gateway.policy.language import ColumnRule, PortDocument, TableRule
from tests.bundles.serving import Served, served
from tests.bundles.signing import AGREEMENT, document
from tests.bundles.test_stopping import EndlessEngine
from tests.simulator import AtOnce, Counters

FIVE_SECONDS = 5.0
CALLS = TableName("oakland", "freight", "vessel_calls")
ASKED = ("call_id", "port_unlocode", "vessel_name")
STEWARDS = {
    port: Partner(f"{port}-steward", f"port_of_{port}", "port_authority", ("steward",), (), {"port": port}, "t")
    for port in ("oakland", "hueneme")
}
ANALYST = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "t")
SQL = "SELECT call_id FROM california.freight.vessel_calls"
HIDDEN = b'package ports.oakland.narrow\n\ndeny contains "The port is closed for the day."\n'


class ByName:
    """Takes a name for a token."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        return {"ana": ANALYST, **STEWARDS}[token or ""]


@dataclass
class Port:
    """The port of Oakland, its gateway, and those who talk to it."""

    world: Served
    gate: Gate
    client: httpx.AsyncClient

    async def put(self, bundle: Bundle, who: str = "oakland") -> httpx.Response:
        headers = {"Authorization": f"Bearer {who}", "Content-Type": "application/gzip"}
        return await self.client.put("/api/ports/oakland/bundle", content=bundle.packed(), headers=headers)

    async def sees(self) -> set[str]:
        """The columns of the ships' calls that a new question of the analyst is granted."""
        question = Question(ANALYST, "freight_resilience", "2026-11-25T14:00:00Z", (AskedTable(CALLS, ASKED),))
        decision = await self.gate.policy.decide(question)
        return {column for agreement in decision.tables[CALLS].agreements for column in agreement.columns}

    async def until_sees(self, *columns: str) -> float:
        """How long it takes until the analyst sees exactly these."""
        began = time.monotonic()
        while await self.sees() != set(columns):
            assert time.monotonic() - began < FIVE_SECONDS, await self.sees()
            await asyncio.sleep(0.02)
        return time.monotonic() - began


def shows(*columns: str) -> PortDocument:
    rule = TableRule("rows", "Calls are public.", {column: ColumnRule() for column in columns})
    return document("oakland", replace(AGREEMENT, tables={"freight.vessel_calls": rule}))


def told(story: Callable[[Port], Awaitable[None]], folder: Path, opa: Path, catalog: object) -> None:
    async def tell() -> None:
        async with served(folder, opa) as world:
            gate = Gate(
                catalog, AtOnce(catalog), ByName(), world.policy, EndlessEngine(world.log), world.log,  # type: ignore[arg-type]
                Counters(), now, b"secret", "test", running=world.running,
            )  # fmt: skip

            async def ready() -> dict[str, str]:
                return {}

            transport = httpx.ASGITransport(make_app(gate, ready, world.store))
            async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
                await story(Port(world, gate, client))

    asyncio.run(tell())


async def _signs_publishes_and_rolls_back(port: Port) -> None:
    first = port.world.sign(shows("call_id", "port_unlocode"))
    assert (await port.put(first)).json() == {"port": "oakland", "revision": first.revision}
    await port.world.ready()
    assert await port.sees() == {"call_id", "port_unlocode"}

    wider = port.world.sign(shows("call_id", "port_unlocode", "vessel_name"))
    assert (await port.put(wider)).status_code == 200
    await port.until_sees("call_id", "port_unlocode", "vessel_name")

    turned_away = await port.put(port.world.sign(shows("call_id")), who="hueneme")
    assert (turned_away.status_code, turned_away.json()["code"]) == (403, "denied")

    replayed = await port.put(first)
    assert (replayed.status_code, replayed.json()["code"]) == (422, "bundle_older_than_seen")
    assert await port.sees() == {"call_id", "port_unlocode", "vessel_name"}

    back = port.world.sign(shows("call_id", "port_unlocode"))
    assert (await port.put(back)).json()["revision"] == first.revision
    await port.until_sees("call_id", "port_unlocode")

    rules = port.world.sign(shows("call_id", "port_unlocode"), HIDDEN)
    assert (await port.put(rules)).status_code == 200
    await port.until_sees()


async def _suspends(port: Port) -> None:
    await port.put(port.world.sign(shows("call_id", "port_unlocode")))
    await port.world.ready()
    answer = await port.gate.answer(ANALYST, QueryRequest(SQL, "freight_resilience"))
    pages = answer.pages()
    await anext(pages)

    began = time.monotonic()
    await port.put(port.world.sign(replace(shows("call_id", "port_unlocode"), suspended=True)))

    assert await port.sees() == set()
    with pytest.raises(PortSuspended, match="the port of oakland has suspended its agreements"):
        await asyncio.wait_for(anext(pages), FIVE_SECONDS)
    assert time.monotonic() - began < FIVE_SECONDS
    assert port.world.store.status()["oakland"]["state"] == "suspended"

    await port.put(port.world.sign(shows("call_id", "port_unlocode")))
    await port.until_sees("call_id", "port_unlocode")


def test_a_steward_publishes_is_obeyed_within_five_seconds_and_rolls_back(
    tmp_path: Path, opa_binary: Path, catalog: object
) -> None:
    told(_signs_publishes_and_rolls_back, tmp_path, opa_binary, catalog)


def test_a_steward_suspends_and_all_that_runs_stops(tmp_path: Path, opa_binary: Path, catalog: object) -> None:
    told(_suspends, tmp_path, opa_binary, catalog)
