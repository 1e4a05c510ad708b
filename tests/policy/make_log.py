"""A query log of any length, as the gateway writes it: who asks what, drawn from the demo partners and the catalog."""

from __future__ import annotations

import functools
import itertools
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.adapters.audit_storage import Turn
from gateway.adapters.issuer import DemoPartner, read_partners
from gateway.audit.growth import grow
from gateway.audit.record import DecisionRecord, RecordedPartner, RefusalRecord
from gateway.model import CANONICAL_CATALOG, USES, Catalog, TableName, Use
from tests.audit.logs import PORTS, storage

_FIRST = datetime(2026, 9, 1, tzinfo=UTC)
_DAYS = 80


def make_log(file: Path, catalog: Catalog, count: int, seed: int = 5) -> None:
    """Write a log of `count` queries."""
    kept = storage(file)
    records = _records(catalog, count, seed)
    while group := list(itertools.islice(records, 1_000)):
        kept.commit(functools.partial(_write, group))
    kept.close()


def _write(group: list[DecisionRecord | RefusalRecord], turn: Turn) -> None:
    for record in group:
        turn.append(grow(record, turn.frontier.size, record.time, bytes(32), PORTS)[1], record.time)


def _records(catalog: Catalog, count: int, seed: int) -> Iterator[DecisionRecord | RefusalRecord]:
    chance = random.Random(seed)  # noqa: S311
    for index in range(1, count + 1):
        moment = _FIRST + timedelta(seconds=index * _DAYS * 86_400 // count)
        yield _record(chance, catalog, f"q{index}", f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")


def _record(chance: random.Random, catalog: Catalog, query: str, time: str) -> DecisionRecord | RefusalRecord:
    name, known = chance.choice(list(_partners().items()))
    partner = RecordedPartner(
        name, known.organisation, known.organisation_class, tuple(known.roles), "t", dict(known.attributes)
    )
    purpose = chance.choice(known.purposes)
    table = chance.choice(list(catalog.tables))
    columns = chance.sample(list(catalog.tables[table].columns), k=min(3, len(catalog.tables[table].columns)))
    uses = {column: _uses(chance) for column in sorted(columns)}
    ports = [table.catalog] if table.catalog != CANONICAL_CATALOG else list(catalog.mappings[table.table])
    asked = {str(TableName(port, table.schema, table.table)): uses for port in ports}
    sql = f"SELECT {', '.join(columns)} FROM {table}"
    if chance.random() < 0.1:
        return RefusalRecord(query, time, partner, purpose, "cli", sql, "denied", "No agreement.", asked=asked)
    return DecisionRecord(query, time, partner, purpose, "cli", sql, sql, (), {}, "d", "b", asked=asked)


@cache
def _partners() -> dict[str, DemoPartner]:
    return dict(read_partners())


def _uses(chance: random.Random) -> str:
    uses: list[tuple[Use, ...]] = [USES, ("select",), ("group", "aggregate")]
    found = chance.choice(uses)
    return "all" if found == USES else " ".join(found)
