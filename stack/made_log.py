"""A number -> an audit log of that many records, as a busy year of the demo partners would leave it.

Queries come with their decision, execution and outcome, with refusals, alarms and readings between them. They are
written straight into the storage, in large turns; nothing of it is signed but what the caller signs.
"""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_storage import OpenDecision, Turn
from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.issuer import read_partners
from gateway.audit.growth import grow
from gateway.audit.record import (
    AlarmRecord,
    DecisionRecord,
    ExecutionRecord,
    LoginRecord,
    OutcomeRecord,
    PublicationRecord,
    ReadingRecord,
    ReadTable,
    Record,
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
    ServiceRecord,
    State,
)
from gateway.model import CANONICAL_CATALOG, Catalog
from gateway.moments import utc
from gateway.options import CHECKOUT
from gateway.settings import Settings

PORTS: tuple[str, ...] = tuple(sorted(Settings.model_fields["ports"].default))
FIRST, DAYS = datetime(2025, 11, 1, tzinfo=UTC), 390
TURN = 5_000
GATEWAY = "gateway-1"
OPEN_QUERIES = 12
"""How many queries are under way at once: as far apart stand the records of one."""

CLIENTS = ("portgate-cli", "trino-python-client/0.336.0", "trino-jdbc/476", "DBeaver 25.2", "Mozilla/5.0", "curl/8.5.0")
SHIPS = ("MSC OSCAR", "EVER GIVEN", "CMA CGM MARCO POLO", "MAERSK EINDHOVEN", "COSCO DEVELOPMENT", "ONE APUS")
_STATES: tuple[State, ...] = ("finished",) * 18 + ("failed", "cancelled")
_CODES = ("query_failed", "port_unavailable", "limit_reached")


def make_log(
    file: Path,
    origin: str,
    count: int,
    seed: int = 7,
    in_a_turn: int = TURN,
    sign: Callable[[Turn], None] | None = None,
) -> None:
    """Write a log of that many records; `sign` is called at the end of each turn."""
    storage = SqliteStorage(file, origin, PORTS)
    try:
        records = itertools.islice(Year(count, seed, origin).records(), count)
        while group := list(itertools.islice(records, in_a_turn)):
            storage.commit(functools.partial(_write, group, sign))
    finally:
        storage.close()


def _write(group: Sequence[Record], sign: Callable[[Turn], None] | None, turn: Turn) -> None:
    for record in group:
        seed = random.randbytes(32)  # noqa: S311 - nothing is hidden by it
        row = grow(record, turn.frontier.size, record.time, seed, PORTS)[1]
        turn.append(row, record.time)
        if isinstance(record, DecisionRecord):
            turn.open_decision(OpenDecision(row.index, record.query, GATEWAY, record.concerns))
        elif isinstance(record, OutcomeRecord):
            turn.close_decision(record.decision_index, record.query)
    if sign is not None:
        sign(turn)


@dataclass(frozen=True, slots=True)
class _Query:
    """What the records of one query share."""

    id: str
    partner: RecordedPartner
    purpose: str
    tables: tuple[RecordedTable, ...]
    sql: str

    @property
    def concerns(self) -> tuple[str, ...]:
        return tuple(sorted({table.port for table in self.tables}))


class Year:
    """A year of records, drawn anew from its seed."""

    def __init__(self, count: int, seed: int, origin: str) -> None:
        self._chance = random.Random(seed)  # noqa: S311
        self._count, self._origin = count, origin
        self._index = 0
        self._number = 0
        catalog = read_catalog(CHECKOUT / "catalog", PORTS)
        self._tables = [list(_shares(catalog, table)) for table in catalog.tables]
        self._partners = [
            (RecordedPartner(name, p.organisation, p.organisation_class, tuple(p.roles), "t", dict(p.attributes)), p)
            for name, p in read_partners().items()
        ]

    def records(self) -> Iterator[Record]:
        """Yield records without end; each is the next of its log."""
        yield ServiceRecord("", self._time(), "opened", GATEWAY, "made", PORTS, self._origin)
        self._index = 1
        yield ServiceRecord("", self._time(), "started", GATEWAY, "made", PORTS)
        self._index = 2
        open_: list[Iterator[Record]] = []
        while True:
            if len(open_) < OPEN_QUERIES:
                open_.append(self._story())
            story = self._chance.choice(open_)
            record = next(story, None)
            if record is None:
                open_.remove(story)
                continue
            yield record
            self._index += 1

    def _time(self) -> str:
        return utc(FIRST + timedelta(seconds=self._index * DAYS * 86_400 / self._count))

    def _story(self) -> Iterator[Record]:
        """Yield the records of a query, or one that belongs to none."""
        draw = self._chance.random()
        if draw < 0.04:
            yield self._refusal()
        elif draw < 0.06:
            yield self._other()
        else:
            yield from self._answered()

    def _answered(self) -> Iterator[Record]:
        asked, chance = self._query(), self._chance
        at = self._index
        yield DecisionRecord(
            asked.id, self._time(), asked.partner, asked.purpose, chance.choice(CLIENTS), asked.sql,
            _sent(asked), asked.tables, {port: f"{hash(port) & 0xFFFFFFFF:064x}" for port in asked.concerns},
            f"{chance.getrandbits(128):032x}", "made", asked=_asked(asked), concerns=asked.concerns,
        )  # fmt: skip
        if chance.random() < 0.002:
            port = chance.choice(PORTS)
            user = f"{asked.partner.id}#{asked.id[:4]}"
            target, column = f"{port}.freight.vessel_calls", "vessel_imo"
            yield AlarmRecord(
                asked.id, self._time(), user, at, "SelectFromColumns", target, (column,), 1, "made", (port,)
            )
        if chance.random() < 0.5:
            rows = chance.randrange(100_000)
            read = tuple(ReadTable(t.port, t.table, t.columns, rows, rows * 40) for t in asked.tables)
            user = f"{asked.partner.id}#{asked.id[:4]}"
            yield ExecutionRecord(
                asked.id, self._time(), at, f"2026_{asked.id[:5]}", user, "FINISHED", read, concerns=asked.concerns
            )
        state = chance.choice(_STATES)
        code = chance.choice(_CODES) if state == "failed" else ""
        rows = chance.randrange(10_000)
        yield OutcomeRecord(
            asked.id, self._time(), at, state, rows, rows * 50, asked.concerns, code, chance.randrange(9_000),
            result=f"{chance.getrandbits(256):064x}", concerns=asked.concerns,
        )  # fmt: skip

    def _refusal(self) -> Record:
        asked = self._query()
        return RefusalRecord(
            asked.id, self._time(), asked.partner, asked.purpose, self._chance.choice(CLIENTS), asked.sql,
            self._chance.choice(("denied", "not_allowed", "unresolved")), "no agreement lets you read it", "made",
            _asked(asked), concerns=asked.concerns,
        )  # fmt: skip

    def _other(self) -> Record:
        port, time = self._chance.choice(PORTS), self._time()
        auditor = next(partner for partner, _ in self._partners if partner.id == "auditor")
        drawn: list[Record] = [
            PublicationRecord(
                "", time, port, f"{port}-steward#publish", "ab" * 32, 3, time, "cd" * 32, concerns=(port,)
            ),
            LoginRecord("", time, "unauthenticated", "somebody", 3),
            ReadingRecord("", time, auditor, "auditor", "search", {"kind": "alarm"}, 12),
            ServiceRecord("", time, "started", GATEWAY, "made", PORTS),
        ]
        return self._chance.choice(drawn)

    def _query(self) -> _Query:
        chance = self._chance
        partner, known = chance.choice(self._partners)
        shares = chance.choice(self._tables)
        if len(shares) > 1 and chance.random() < 0.5:
            shares = chance.sample(shares, k=chance.randint(1, len(shares)))
        wanted = chance.randint(2, 8)
        tables = tuple(
            RecordedTable(
                port, table, tuple(chance.sample(columns, k=min(len(columns), wanted))), {}, (),
                (f"{port[:3]}-{known.organisation}-2026",),
            )
            for port, table, columns in shares
        )  # fmt: skip
        self._number += 1
        sql = (
            f"SELECT {', '.join(tables[0].columns)}, count(*) AS n FROM california.{tables[0].table} "
            f"WHERE ata_berth >= TIMESTAMP '2026-0{chance.randint(1, 9)}-01 00:00:00' "
            f"AND vessel_name = '{chance.choice(SHIPS)}' GROUP BY {', '.join(tables[0].columns)} "
            f"ORDER BY n DESC LIMIT {chance.randint(1, 10_000)}"
        )
        purpose = chance.choice(known.purposes)
        return _Query(f"{chance.getrandbits(64):016x}{self._number:016x}", partner, purpose, tables, sql)


def _shares(catalog: Catalog, table: object) -> Iterator[tuple[str, str, list[str]]]:
    """Yield port, table and columns of each port's part of a table."""
    known = catalog.tables[table]  # type: ignore[index]
    name = known.name
    ports = [name.catalog] if name.catalog != CANONICAL_CATALOG else list(catalog.mappings[name.table])
    for port in ports:
        yield port, f"{name.schema}.{name.table}", list(known.columns)


def _asked(asked: _Query) -> dict[str, dict[str, str]]:
    return {f"{t.port}.{t.table}": dict.fromkeys(t.columns, "select group") for t in asked.tables}


def _sent(asked: _Query) -> str:
    guards = (
        f'(SELECT {", ".join(f"{chr(34)}{c}{chr(34)}" for c in t.columns)} FROM "{t.port}"."{t.table}" '
        "WHERE \"partner\" = 'x')"
        for t in asked.tables
    )
    return " UNION ALL ".join(guards)
