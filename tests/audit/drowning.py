"""Gateways on a disk that breaks, fills up or loses its power under load, and what must be true afterwards."""

from __future__ import annotations

import asyncio
import itertools
import random
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from gateway.adapters import audit_store
from gateway.adapters.audit_sqlite import SqliteStorage, reading
from gateway.adapters.audit_storage import AuditLost
from gateway.adapters.audit_store import AuditStore
from gateway.errors import AuditUnavailable
from tests.adapters.records import refusal
from tests.audit.disk import FAULTS, Disk, Fault
from tests.audit.killing import Heard
from tests.audit.load import load
from tests.audit.logs import ORIGIN, PORTS, WRITER
from tests.audit.soundness import sound

Kind = Fault | Literal["the power is cut"]
KINDS: tuple[Kind, ...] = ("the power is cut", *FAULTS)
CLIENTS = 12
LIFE_SECONDS = 0.12
LIVES_OF_A_LOG = 5
MOST_WRITES = 400
"""The power is cut within so many."""

_numbers = itertools.count()


@contextmanager
def a_disk(chance: random.Random) -> Iterator[Disk]:
    """A disk of the caller's own."""
    disk = Disk(f"disk-{next(_numbers)}", chance)
    try:
        yield disk
    finally:
        disk.close()


@dataclass
class Drowning:
    """The lives of gateways on one log."""

    disk: Disk
    file: Path
    chance: random.Random
    heard: Heard

    def open(self) -> AuditStore:
        """Start a gateway."""
        return AuditStore(SqliteStorage(self.file, ORIGIN, PORTS, self.disk.name), WRITER)

    def live(self, kind: Kind) -> None:
        """Let one gateway live until something happens to its disk, and look at what it did then."""
        if kind == "the power is cut":
            self.disk.cut_after = self.disk.writes + self.chance.randrange(1, MOST_WRITES)
        with suppress(AuditUnavailable):  # it may happen as soon as the log is opened
            store = self.open()
            self._set_fault(kind)
            try:
                asyncio.run(self._serve(store))
                self._has_failed_well(kind, store)
            finally:
                store.close()
        self.disk.fails = None

    def _set_fault(self, kind: Kind) -> None:
        if kind != "the power is cut":
            self.disk.fails, self.disk.often = kind, self.chance.choice((0.002, 0.02, 0.2))

    async def _serve(self, store: AuditStore) -> None:
        with suppress(TimeoutError):
            await asyncio.wait_for(load(store, self.heard.take, CLIENTS), LIFE_SECONDS)

    def _has_failed_well(self, kind: Kind, store: AuditStore) -> None:
        """A disk that broke is not written again by this process, not even once it is well; a full one is."""
        self.disk.fails = None
        if not store.lost.done():
            if kind == "ENOSPC on write":
                asyncio.run(self._goes_on(store))
            return
        with pytest.raises(AuditLost):
            asyncio.run(store.append(refusal("nobody")))
        with pytest.raises(AuditLost):
            asyncio.run(store.probe())

    async def _goes_on(self, store: AuditStore) -> None:
        with suppress(AuditUnavailable):
            await store.probe()
        receipt = await store.append(refusal("after"))
        self.heard.acknowledged[receipt.index] = receipt.leaf

    def is_kept(self) -> None:
        """Open the log on a disk that works, and check that it holds all that was ever promised."""
        self.disk.fails = self.disk.cut_after = None
        self.open().close()
        with reading(self.file) as reader:
            log = sound(reader)
        self.heard.is_kept_by(log)
        assert not log.open


def drown(cycles: int, folder: Path, chance: random.Random) -> int:
    """Let gateways live; each time the power is cut in the end. Return how many records were promised."""
    promised = 0
    with a_disk(chance) as disk, pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit_store, "SIGN_SECONDS", 0.02)
        for number in range(cycles):
            if number % LIVES_OF_A_LOG == 0:
                drowning = Drowning(disk, folder / f"log-{number}.sqlite", chance, Heard())
            for _ in range(chance.choice((1, 1, 2))):
                drowning.live(chance.choice(KINDS))
            disk.cut_power()
            drowning.is_kept()
            promised += len(drowning.heard.acknowledged)
    return promised
