"""A query log of any length, as the gateway writes it: who asks what, drawn from the demo partners and the catalog."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from gateway.adapters.issuer import DemoPartner, read_partners
from gateway.audit.record import DecisionRecord, RecordedPartner, RefusalRecord, digest, encode
from gateway.model import CANONICAL_CATALOG, USES, Catalog, TableName, Use

_FIRST = datetime(2026, 9, 1, tzinfo=UTC)
_DAYS = 80


def make_log(file: Path, catalog: Catalog, count: int, seed: int = 5) -> None:
    """Write a log of `count` queries."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("CREATE TABLE records (idx INTEGER PRIMARY KEY, digest, kind, query, partner, time, line)")
        database.executemany("INSERT INTO records VALUES (?, ?, ?, ?, ?, ?, ?)", _rows(catalog, count, seed))
        database.commit()


def _rows(catalog: Catalog, count: int, seed: int) -> Iterator[tuple[object, ...]]:
    chance = random.Random(seed)  # noqa: S311
    for index in range(1, count + 1):
        moment = _FIRST + timedelta(seconds=index * _DAYS * 86_400 // count)
        record = _record(chance, catalog, f"q{index}", f"{moment:%Y-%m-%dT%H:%M:%S}.000Z")
        line = encode(record)
        kind = "decision" if isinstance(record, DecisionRecord) else "refusal"
        yield index, digest(line), kind, record.query, record.partner.id, record.time, line


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
