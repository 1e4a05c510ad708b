"""Asks one text in every world through the whole gateway, and says where the two answers differ.

The gate is the real one: catalog files, OPA, kernel, audit store, Trino adapter. Only the last step is bent: between
gate and Trino the schemas of the ports' own tables are renamed to those of the world, and in the second world the
swapped letters behind a keyed hash are put back, inside the very mask that carries the gate's own key and nowhere else.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import orjson

from gateway.adapters.opa import OpaPolicy
from gateway.adapters.trino import Trino
from gateway.adapters.wall import Wall
from gateway.answer import rows_of
from gateway.conversation import QueryRequest, Session, Told
from gateway.dialogue import Dialogue
from gateway.errors import GatewayError
from gateway.kernel.keys import mask_keys
from gateway.model import Admission, Catalog, Partner, TableName
from gateway.parts import Engine, Running
from gateway.pipeline import Gate
from gateway.settings import TrinoSettings, read_settings
from stack.trino_access import LOADER
from tests.audit.logs import open_store
from tests.simulator import AtOnce, Counters
from tests.twins.agreed import Agreed, partner_of
from tests.twins.tables import NOW
from tests.twins.worlds import TURN_BACK

AGAIN = 3
"""How often both worlds are asked again before a difference counts: what one world answers in two ways is no leak."""


ZONES = ("UTC", "Pacific/Kiritimati", "America/Los_Angeles")
"""Each text is asked in one of these, the same in every world: no zone shows a world what another one hides."""
PATIENCE = 6
WEATHER = frozenset({"unavailable", "port_unavailable", "engine_unavailable", "policy_unavailable"})
"""What may come of a busy machine alone. A query that ends so each time is compared like any other."""


@dataclass(frozen=True)
class World:
    """Where one world's tables stand, and which hashed columns hold swapped letters."""

    suffix: str
    hashed: frozenset[tuple[str, str]] = frozenset()


class WorldEngine:
    """Trino, as one world of it."""

    def __init__(self, trino: Engine, world: World, ports: Iterable[str], keys: Mapping[str, str]) -> None:
        self._trino, self._world, self._ports, self._keys = trino, world, frozenset(ports), keys

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> Running:  # noqa: B008
        """Send the text with the world's own schemas."""
        return await self._trino.start(self.sent(sql), replace(admission, user=LOADER), session)

    def resume(self, user: str, path: str) -> Running:
        """Read on, as the loader."""
        return self._trino.resume(LOADER, path)

    async def validate(self, sql: str, admission: Admission, session: Session = Session()) -> None:  # noqa: B008
        """As the engine within."""
        await self._trino.validate(self.sent(sql), replace(admission, user=LOADER), session)

    async def silent_ports(self, tables: Iterable[TableName], user: str) -> tuple[str, ...]:
        """Ask about the world's own tables."""
        mine = [table._replace(schema=table.schema + self._world.suffix) for table in tables]
        return await self._trino.silent_ports(mine, LOADER)

    async def probe(self) -> None:
        """Ask Trino."""
        await self._trino.probe()

    def sent(self, sql: str) -> str:
        """The text that goes to Trino for a text of the gate."""
        for port, column in self._world.hashed:
            mask = f"HMAC_SHA256(TO_UTF8(\"{column}\"), FROM_HEX('{self._keys[port]}'))"
            turned = f"TRANSLATE(\"{column}\", '{TURN_BACK[0]}', '{TURN_BACK[1]}')"
            sql = re.sub(re.escape(mask), mask.replace(f'"{column}"', turned), sql, flags=re.IGNORECASE)
        return renamed(sql, self._ports, self._world.suffix)


def renamed(sql: str, ports: frozenset[str], suffix: str) -> str:
    """Put the suffix to the schema of each `"port"."schema"."table"` that is read from, never inside a string."""
    named = "|".join(map(re.escape, sorted(ports)))
    pattern = rf"""'(?:[^']|'')*'|(?<=FROM |JOIN )"(?:{named})"\."[^"]+(?="\.")"""
    return re.sub(pattern, lambda found: found[0] if found[0].startswith("'") else found[0] + suffix, sql)


@dataclass(frozen=True)
class Outcome:
    """All that a partner gets of one query, but for what differs from one time to the next: how long it took, its
    number, and where Trino cut its rows into pages."""

    columns: tuple[tuple[str, str], ...] = ()
    rows: tuple[bytes, ...] = ()
    notices: tuple[Any, ...] = ()
    stats: tuple[tuple[str, str], ...] = ()
    error: tuple[Any, ...] = ()

    def unordered(self) -> Outcome:
        """The same with its rows in the order of their bytes."""
        return replace(self, rows=tuple(sorted(self.rows)))


@dataclass(frozen=True)
class Verdict:
    """What came of one text: `same`, `unstable` (one world does not agree with itself) or `different`."""

    sql: str
    kind: str
    mine: Outcome
    other: Outcome

    @property
    def ending(self) -> str:
        """Rows, or the code of the error."""
        return str(self.mine.error[0]) if self.mine.error else "rows"


@dataclass
class Pair:
    """One partner before its worlds."""

    partner: Partner
    purpose: str
    mine: Gate
    others: tuple[Gate, ...]

    async def compare(self, sql: str) -> Verdict:
        """Ask in all worlds; what looks different is asked again, for it may be chance."""
        mine, *others = await asyncio.gather(*(self.ask(gate, sql) for gate in (self.mine, *self.others)))
        for gate, other in zip(self.others, others, strict=True):
            if _compared(sql, mine) != _compared(sql, other):
                verdict = await self._again(sql, gate, mine, other)
                if verdict.kind != "same":
                    return verdict
        return Verdict(sql, "same", mine, others[0])

    async def _again(self, sql: str, gate: Gate, mine: Outcome, other: Outcome) -> Verdict:
        first, second = {_compared(sql, mine)}, {_compared(sql, other)}
        for _ in range(AGAIN):
            first.add(_compared(sql, await self.ask(self.mine, sql)))
            second.add(_compared(sql, await self.ask(gate, sql)))
        if first & second:
            return Verdict(sql, "same" if len(first | second) == 1 else "unstable", mine, other)
        return Verdict(sql, "different", mine, other)

    async def ask(self, gate: Gate, sql: str) -> Outcome:
        """One text in one world; a port that does not answer on a busy machine is asked again."""
        for _ in range(PATIENCE):
            outcome = await self._ask_once(gate, sql)
            if not outcome.error or outcome.error[0] not in WEATHER:
                break
        return outcome

    async def _ask_once(self, gate: Gate, sql: str) -> Outcome:
        request = QueryRequest(sql, self.purpose, session=Session(time_zone=ZONES[len(sql) % len(ZONES)]))
        try:
            spoken = await Dialogue(gate).speak(self.partner, request)
            if isinstance(spoken, Told):
                rows = tuple(orjson.dumps(row) for row in spoken.rows)
                return Outcome(spoken.columns, rows, spoken.notices, (("change", repr(spoken.change)),))
            answer = await spoken.first()
        except GatewayError as error:
            return Outcome(error=_error(error))
        given: list[bytes] = []
        told = answer.columns, answer.notices
        try:
            async for page in answer.pages():
                given += [orjson.dumps(row) for row in rows_of(page)]
        except GatewayError as error:
            return Outcome(told[0], (), told[1], (), _error(error))
        stats = tuple((key, repr(value)) for key, value in sorted(answer.stats.items()) if key != "elapsed_ms")
        return Outcome(told[0], tuple(given), told[1], stats)


def _error(error: GatewayError) -> tuple[Any, ...]:
    return error.code, error.message, error.hint, error.line, error.column, getattr(error, "ports", ())


def _compared(sql: str, outcome: Outcome) -> Outcome:
    """What counts of an outcome: the order of its rows only where the text says that it gives them a total order."""
    return outcome if sql.rstrip().endswith("/* ordered */") else outcome.unordered()


@asynccontextmanager
async def pair_of(
    home: Path, catalog: Catalog, agreed: Agreed, opa: str, worlds: Sequence[World], scratch: Path
) -> AsyncIterator[Pair]:
    """Open the two gates of one partner."""
    settings = read_settings(home / "gateway.yaml")
    secret = settings.mask_key_file.read_bytes()
    partner = partner_of(agreed.asker)
    keys = mask_keys(secret, partner.organisation, catalog.ports)
    policy = OpaPolicy(opa, 30.0)
    trino = Trino(_patient(settings.trino), _NoWall())
    stores = [open_store(scratch / f"audit{world.suffix}.sqlite") for world in worlds]
    gates = [
        Gate(catalog, AtOnce(catalog), _Nobody(), policy, engine, store, Counters(), lambda: NOW, secret, "twins")
        for engine, store in zip(
            (WorldEngine(trino, world, catalog.ports, keys) for world in worlds), stores, strict=True
        )
    ]
    try:
        yield Pair(partner, agreed.purpose, gates[0], tuple(gates[1:]))
    finally:
        await policy.close()
        await trino.close()
        for store in stores:
            await asyncio.to_thread(store.close)


def _patient(settings: TrinoSettings) -> TrinoSettings:
    return settings.model_copy(update={"connect_timeout_seconds": 30.0, "query_timeout_seconds": 120.0})


class _NoWall(Wall):
    """Both worlds are read as the loader, whom the stack's own second wall lets by: it does not know these schemas."""

    def __init__(self) -> None:
        pass

    def admit(self, admission: Admission) -> None:
        """Take anything."""

    def check(self, user: str) -> None:
        """Find nothing."""

    def dismiss(self, user: str) -> bool:
        """Nothing was refused."""
        return False


class _Nobody:
    """No token is read in this test: the partner stands before the gate already."""

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        """Never asked."""
        raise AssertionError("a token was read, though the partner stands before the gate already")


async def compare_all(pairs: Iterator[tuple[Pair, str]], at_once: int) -> AsyncIterator[Verdict]:
    """Ask several texts at once; verdicts come as they are ready."""
    running: set[asyncio.Task[Verdict]] = set()
    for pair, sql in pairs:
        running.add(asyncio.create_task(pair.compare(sql)))
        if len(running) >= at_once:
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for each in done:
                yield each.result()
    for verdict in await asyncio.gather(*running):
        yield verdict
