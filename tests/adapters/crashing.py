"""Clients that append while something happens to the database, again and again."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable

import psycopg

from gateway.adapters.audit_store import AuditStore
from gateway.errors import AuditUnavailable
from tests.adapters.audit_homes import InPostgres
from tests.adapters.records import refusal
from tests.audit.soundness import Sound


async def appending(
    store: AuditStore, clients: int, happens: Callable[[], object], times: int
) -> tuple[dict[int, str], list[str]]:
    """Return what was acknowledged (index -> query), and the queries of all records that were offered."""
    kept: dict[int, str] = {}
    sent: list[str] = []
    over = asyncio.Event()

    async def client(name: str) -> None:
        while not over.is_set():
            sent.append(f"{name}-{len(sent)}")
            query = sent[-1]
            try:
                kept[(await store.append(refusal(query))).index] = query
            except AuditUnavailable:
                await asyncio.sleep(0.05)

    working = [asyncio.create_task(client(f"c{number}")) for number in range(clients)]
    for _ in range(times):
        await asyncio.sleep(random.uniform(0.05, 0.3))  # noqa: S311 - when to strike is no secret
        await asyncio.to_thread(happens)
        await _until_well(store)
    over.set()
    await asyncio.gather(*working)
    await asyncio.to_thread(store.close)
    return kept, sent


async def _until_well(store: AuditStore) -> None:
    for _ in range(600):
        try:
            return await store.probe()
        except AuditUnavailable:
            await asyncio.sleep(0.1)
    raise AssertionError("the log did not come back")


def end_sessions(home: InPostgres) -> None:
    """Have the server end the sessions of all gateways of a log."""
    with psycopg.connect(home.conninfo, autocommit=True) as session:
        session.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def holds_what_was_told(log: Sound, kept: dict[int, str], sent: list[str]) -> None:
    """Check that all that was acknowledged is there, and nothing twice."""
    assert kept
    assert kept.items() <= {index: record["query"] for index, record in log.records.items()}.items()
    there = [record["query"] for record in log.records.values() if record["query"]]
    assert len(there) == len(set(there))
    assert set(there) <= set(sent)
