"""Many queries at once through the pipeline over a real log, until the process is killed.

As a program: each line of standard input is a log's file and a file for what is said; a process that is forked for it
runs the load, and `end` follows on standard output once it is dead. What is said, one line each:

    ack INDEX LEAF    a record that its writer was told is durable
    page QUERY INDEX  rows that were let out, and where the query's decision stands
    last QUERY INDEX  the last page of an answer was let out
    seen BASE64       a checkpoint that whoever asks for it is given
"""

from __future__ import annotations

import asyncio
import base64
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

from gateway.adapters import audit_store
from gateway.adapters.audit_store import AuditStore
from gateway.audit.record import Receipt, Record
from gateway.conversation import Page, QueryRequest, Session
from gateway.desk import Job, Planned
from gateway.errors import GatewayError
from gateway.model import CANONICAL, Admission, Asked, Place
from gateway.pipeline import Gate
from tests.audit.logs import open_store
from tests.simulator import AnyToken, AtOnce, Counters, FakeEngine, FakeRunning, FixedPolicy, Log, Ticking
from tests.world import CATALOG, PARTNER

CLIENTS = 48
TEXTS = ("SELECT ship FROM calls", "SELECT call_id, ship FROM calls", "SELECT vc_id FROM oakland.tos.ship", "no SQL")
Say = Callable[[str], object]


class Remembering(AtOnce):
    """Takes each step once for each text: it gives the same answer each time, and the log is what is tried here."""

    def __init__(self) -> None:
        super().__init__()
        self._asked: dict[str, Asked] = {}
        self._planned: dict[str, Planned] = {}

    async def tables_asked(self, organisation: str, text: str, place: Place = CANONICAL) -> Asked:
        """Take the first hop."""
        if text not in self._asked:
            self._asked[text] = await super().tables_asked(organisation, text, place)
        return self._asked[text]

    async def plan(self, organisation: str, job: Job) -> Planned:
        """Take the second hop."""
        if job.text not in self._planned:
            self._planned[job.text] = await super().plan(organisation, job)
        return self._planned[job.text]


class Slowly(FakeRunning):
    """An answer whose pages take a moment."""

    async def turn(self) -> Page:
        """Wait, then give the next page."""
        await asyncio.sleep(random.random() * 0.02)  # noqa: S311 - no secret
        return await super().turn()


class SlowEngine(FakeEngine):
    """Trino whose answers have four pages."""

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> FakeRunning:  # noqa: B008
        """Start."""
        return Slowly(Log(), [[["EVER GIVEN"]], [["MAERSK"]], [["MSC"]], [["ONE"]]])


class Telling:
    """The log, which says what it has acknowledged; it has the store's methods."""

    def __init__(self, store: AuditStore, say: Say) -> None:
        self._store, self._say = store, say

    async def append(self, record: Record) -> Receipt:
        """Append, and say so."""
        receipt = await self._store.append(record)
        self._say(f"ack {receipt.index} {receipt.leaf}")
        return receipt

    async def probe(self) -> None:
        """Ask the store."""
        await self._store.probe()


async def load(store: AuditStore, say: Say, clients: int = CLIENTS) -> None:
    """Ask for as long as the log can be written."""
    gate = Gate(
        CATALOG, Remembering(), AnyToken(), FixedPolicy(), SlowEngine(Log()), Telling(store, say), Counters(),
        Ticking(), b"secret", "test build",
    )  # fmt: skip
    watching = asyncio.create_task(_watch(store, say))
    try:
        await asyncio.gather(*(_client(gate, store, say) for _ in range(clients)))
    finally:
        watching.cancel()


async def _client(gate: Gate, store: AuditStore, say: Say) -> None:
    task = asyncio.current_task()
    # who is called off while the log fails is told of the log
    while not store.lost.done() and not (task and task.cancelling()):
        try:
            await _query(gate, random.choice(TEXTS), say)  # noqa: S311 - no secret
        except GatewayError:
            await asyncio.sleep(0.001)


async def _query(gate: Gate, sql: str, say: Say) -> None:
    answer = await gate.answer(PARTNER, QueryRequest(sql, "freight_resilience"))
    leaves_at = random.randrange(12)  # noqa: S311 - no secret
    async for page in answer.pages():
        say(f"{'last' if page.last else 'page'} {answer.id} {answer.position.decision_index}")
        leaves_at -= 1
        if leaves_at == 0:
            await answer.cancel()
            return


async def _watch(store: AuditStore, say: Say) -> None:
    while True:
        with store.storage.reading() as reader:
            note = reader.checkpoint()
        say(f"seen {base64.b64encode(note.encode()).decode()}")
        await asyncio.sleep(0.03)


def run(file: Path, say: Say) -> None:
    """Run the load over a log's file."""
    audit_store.SIGN_SECONDS = 0.05  # so that there is something to be seen of a short life
    asyncio.run(load(open_store(file), say))


def saying_into(file: str) -> Say:
    """Return what appends lines to a file: they are there even if the process is killed right behind."""
    into = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    return lambda line: os.write(into, f"{line}\n".encode())


def main() -> None:
    """Fork a process for each line, and wait for its death."""
    for line in sys.stdin:
        file, said = line.split()
        child = os.fork()
        if child == 0:
            try:
                run(Path(file), saying_into(said))
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("end", flush=True)


if __name__ == "__main__":
    main()
