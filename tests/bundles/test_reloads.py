"""A thousand bundles into a real OPA that is asked all the while: each answer is of one revision, and none fails."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path

from gateway.errors import GatewayError
from gateway.model import AskedTable, Question, TableDecision, TableName
from gateway.policy.language import ColumnRule, PortDocument, TableRule
from stack.settings import PORTS
from tests.bundles.serving import Served, served
from tests.bundles.signing import AGREEMENT, document
from tests.bundles.test_story import ANALYST

ROUNDS = 200
"""In each, every one of the five ports publishes, and OPA loads all five: a thousand reloads."""
ASKERS, QUERIES_A_SECOND = 4, 200
ASKED = tuple(
    AskedTable(TableName(port, "freight", table), ("call_id",))
    for port in PORTS
    for table in ("vessel_calls", "gate_transactions")
)
QUESTION = Question(ANALYST, "freight_resilience", "2026-11-25T14:00:00Z", ASKED)
LOADED_SECONDS = 5.0


def numbered(port: str, number: int) -> PortDocument:
    """A document whose two tables carry the same number in their words."""
    rule = TableRule("rows", f"Bundle number {number}.", {"call_id": ColumnRule()})
    tables = {"freight.vessel_calls": rule, "freight.gate_transactions": rule}
    return document(port, replace(AGREEMENT, tables=tables))


@dataclass
class Askers:
    """Those who ask, and what they were told."""

    world: Served
    words: dict[str, str] = field(default_factory=dict)
    """Revision -> the words that its document carries."""
    heard: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    done: bool = False

    async def ask(self) -> None:
        """Ask until it is over."""
        while not self.done:
            try:
                decision = await self.world.policy.decide(QUESTION)
            except GatewayError as fault:
                self.faults.append(f"{fault.code}: {fault.message}")
                continue
            for port in PORTS:
                said = {self._words(decision.tables[asked.name]) for asked in ASKED if asked.name.catalog == port}
                if said != {self.words.get(decision.revisions[port])}:
                    self.faults.append(f"{port} at {decision.revisions[port]} said {said}")
            self.heard["asked"] += 1
            await asyncio.sleep(ASKERS / QUERIES_A_SECOND)

    @staticmethod
    def _words(answer: TableDecision) -> str:
        return answer.agreements[0].reason if answer.agreements else f"withheld: {answer.withheld}"

    async def publish(self, port: str, number: int) -> str:
        """Publish the next bundle, with its words known before anybody can hear them."""
        bundle = self.world.sign(numbered(port, number))
        self.words[bundle.revision] = f"Bundle number {number}."
        await self.world.store.accept(port, bundle.packed(), "steward#publish")
        return bundle.revision

    async def until_loaded(self, revisions: dict[str, str]) -> None:
        """Wait until OPA answers with these; how long that may take is what partners are promised."""
        began = time.monotonic()
        while (await self.world.opa.decide(QUESTION)).revisions != revisions:
            assert time.monotonic() - began < LOADED_SECONDS
            await asyncio.sleep(0.01)


async def _reload(folder: Path, opa: Path) -> Askers:
    async with served(folder, opa) as world:
        askers = Askers(world)
        for port in PORTS:
            await askers.publish(port, 0)
        await world.ready()
        asking = [asyncio.create_task(askers.ask()) for _ in range(ASKERS)]
        for number in range(1, ROUNDS + 1):
            await askers.until_loaded({port: await askers.publish(port, number) for port in PORTS})
        askers.done = True
        await asyncio.gather(*asking)
        return askers


def test_a_thousand_reloads_under_load_mix_no_revision_and_fail_no_query(tmp_path: Path, opa_binary: Path) -> None:
    askers = asyncio.run(_reload(tmp_path, opa_binary))

    assert askers.faults == []
    assert len(askers.words) == (ROUNDS + 1) * len(PORTS) > 1_000
    assert askers.heard["asked"] > ROUNDS
