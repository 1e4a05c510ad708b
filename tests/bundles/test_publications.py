"""Whatever comes into force is in the log: what a gateway starts with, what is published, suspended and taken back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

from gateway.audit.record import PublicationRecord, Record
from gateway.policy.bundle import LIBRARY
from stack.settings import PORTS
from tests.bundles.serving import served
from tests.bundles.signing import document, suspended


def publications(records: Sequence[Record]) -> list[tuple[str, str, tuple[str, ...]]]:
    """Whose, by whom, and whom it concerns."""
    return [(r.port, r.user, r.concerns) for r in records if isinstance(r, PublicationRecord)]


def test_each_activation_is_a_record_that_concerns_its_port(tmp_path: Path, opa_binary: Path) -> None:
    async def story() -> Sequence[Record]:
        async with served(tmp_path, opa_binary) as world:
            said = document("oakland")
            for each in (said, suspended(said), said):
                await world.publish(each)
            await world.store.load()
            return world.log.records

    records = asyncio.run(story())

    oakland = ("oakland",)
    assert publications(records) == [
        (LIBRARY, "portgate#start", PORTS),
        ("oakland", "steward#publish", oakland),
        ("oakland", "steward#publish", oakland),
        ("oakland", "steward#publish", oakland),
        (LIBRARY, "portgate#start", PORTS),
        ("oakland", "portgate#start", oakland),
    ]
    made = [record for record in records if isinstance(record, PublicationRecord)]
    assert made[1].digest != made[2].digest
    assert made[1].revision == made[3].revision
    assert made[3].serial > made[2].serial > made[1].serial
    assert made[5].digest == made[3].digest
