"""Two ports that share one published table, and two tables of a port's own: small, full of NULLs, in Trino.

`memory` holds tables that are made here; `tpch` fills the published table from a sample of Trino's, so that the union
of two ports is tried too.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from random import Random
from typing import Any

from sqlglot import exp

from gateway.kernel.authorise import ask, authorise, grant_of
from gateway.kernel.dialect import emit, read_text
from gateway.kernel.parse import parse
from gateway.kernel.resolve import survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import (
    AgreementGrant,
    Catalog,
    Column,
    Decision,
    Partner,
    Port,
    PortMapping,
    Table,
    TableDecision,
    TableName,
)
from tests.prefiltered.agreements import VALUES, some_agreements
from tests.prefiltered.evaluator import Row, Source, shown, visible

Answers = Mapping[TableName, tuple[AgreementGrant, ...]]

VISIT, SHIP = TableName("memory", "raw", "visit"), TableName("memory", "raw", "ship")
NATION = TableName("tpch", "tiny", "nation")
CALLS = TableName("california", "freight", "calls")
PORTS = ("memory", "tpch")
KEYS = {"memory": "aa11", "tpch": "bb22", "*": "dd44"}
PARTNER = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "token-1")
NOW = "2026-11-22T16:45:06Z"

COLUMNS = {
    VISIT: {
        "id": "bigint", "ship": "varchar", "carrier": "varchar", "hours": "double", "teu": "integer",
        "cost": "decimal(10,2)", "arrived": "timestamp(3)", "day": "date", "loaded": "boolean", "crew": "varchar",
    },
    SHIP: {"ship": "varchar", "flag": "varchar", "size": "integer", "built": "date"},
    NATION: {"n_nationkey": "bigint", "n_name": "varchar(25)", "n_regionkey": "bigint", "n_comment": "varchar(152)"},
    CALLS: {
        "port_unlocode": "varchar", "call_id": "varchar", "ship": "varchar", "flag": "varchar", "hours": "double",
        "teu": "integer", "arrived": "timestamp(3)", "day": "date", "loaded": "boolean", "crew": "varchar",
        "berth": "varchar",
    },
}  # fmt: skip
LABOR = frozenset({"crew"})
_ROWS = {VISIT: 16, SHIP: 7}

_MAPPINGS = {
    "memory": (
        "FROM memory.raw.visit AS v LEFT JOIN memory.raw.ship AS s ON v.ship = s.ship AND s.size > 0",
        {
            "port_unlocode": "CAST('USMEM' AS VARCHAR)",
            "call_id": "CAST(v.id AS VARCHAR)",
            "ship": "CAST(v.ship AS VARCHAR)",
            "flag": "CAST(s.flag AS VARCHAR)",
            "hours": "CAST(v.hours AS DOUBLE)",
            "teu": "CAST(v.teu * 2 AS INTEGER)",
            "arrived": "CAST(v.arrived AS TIMESTAMP(3))",
            "loaded": "CAST(v.loaded AS BOOLEAN)",
            "crew": "CAST(v.crew AS VARCHAR)",
        },
    ),
    "tpch": (
        "FROM tpch.tiny.nation AS n WHERE n.n_nationkey < 9",
        {
            "port_unlocode": "CAST('USTPC' AS VARCHAR)",
            "call_id": "CAST(n.n_nationkey AS VARCHAR)",
            "ship": "CAST(CASE n.n_regionkey WHEN 0 THEN 'A1' WHEN 1 THEN 'B2' WHEN 2 THEN 'B22' END AS VARCHAR)",
            "teu": "CAST(nullif(n.n_regionkey, 3) AS INTEGER)",
            "day": "CAST(CASE WHEN n.n_nationkey < 4 THEN DATE '2025-03-09' END AS DATE)",
            "loaded": "CAST(n.n_regionkey = 1 AS BOOLEAN)",
        },
    ),
}


def _catalog() -> Catalog:
    tables = {
        name: Table(name, {column: _column(column, type_) for column, type_ in columns.items()}, "for a test")
        for name, columns in COLUMNS.items()
    }
    ports = {port: Port(port, port, f"US{port[:3].upper()}", f"{port}@example.org", {}) for port in PORTS}
    return Catalog(ports, tables, {"calls": {port: _mapping(port) for port in PORTS}}, "c0ffee")


def _column(name: str, type_: str) -> Column:
    return Column(name, type_, "for a test", sensitivity="labor" if name in LABOR else "public")


def _mapping(port: str) -> PortMapping:
    source, filled = _MAPPINGS[port]
    select = read_text(f"SELECT 1 {source}")
    assert isinstance(select, exp.Select)
    select.set("expressions", [])
    values = {name: read_text(sql) for name, sql in filled.items()}
    not_kept = {name: "it does not keep it" for name in COLUMNS[CALLS] if name not in filled}
    return PortMapping(port, "calls", select, values, not_kept)


CATALOG = _catalog()


def make_tables(cursor: Any) -> dict[TableName, list[Row]]:
    """Lay down the raw tables, the same ones each time, and read back what the ports fill the published table with."""
    chance = Random(1)  # noqa: S311 - the same rows each time
    rows: dict[TableName, list[Row]] = {}
    _run(cursor, "CREATE SCHEMA IF NOT EXISTS memory.raw")
    for name, count in _ROWS.items():
        cells = [[_some_value(chance, type_) for type_ in COLUMNS[name].values()] for _ in range(count)]
        lay_down(cursor, str(name), COLUMNS[name], cells)
        rows[name] = [dict(zip(COLUMNS[name], row, strict=True)) for row in cells]
    return rows | {TableName(port, "freight", "calls"): _filled(cursor, port) for port in PORTS}


def _some_value(chance: Random, type_: str) -> Any:
    if chance.random() < 0.25:
        return None
    value = chance.choice(VALUES[type_])
    return Decimal(str(value)) if type_.startswith("decimal") else value


def _filled(cursor: Any, port: str) -> list[Row]:
    source, filled = _MAPPINGS[port]
    shown_as_text = [f"CAST({sql} AS VARCHAR)" if name in ("arrived", "day") else sql for name, sql in filled.items()]
    cells = _run(cursor, f"SELECT {', '.join(shown_as_text)} {source}")
    return [dict.fromkeys(COLUMNS[CALLS]) | dict(zip(filled, row, strict=True)) for row in cells]


def lay_down(cursor: Any, table: str, columns: Mapping[str, str], rows: Iterable[Iterable[Any]]) -> None:
    """Make a table of these rows anew, each value with its type."""
    lines = ", ".join(f"({', '.join(map(_literal, row))})" for row in rows)
    source = f"VALUES {lines}" if lines else f"SELECT {', '.join('NULL' for _ in columns)} WHERE false"
    casts = ", ".join(f"CAST({name} AS {type_}) AS {name}" for name, type_ in columns.items())
    _run(cursor, f"DROP TABLE IF EXISTS {table}")
    _run(cursor, f"CREATE TABLE {table} AS SELECT {casts} FROM ({source}) AS t ({', '.join(columns)})")


def _literal(value: Any) -> str:
    if value is None or isinstance(value, bool):
        return {None: "NULL", True: "true", False: "false"}[value]
    if isinstance(value, str):
        escaped = value.replace("'", "''")
        return f"'{escaped}'"
    return f"{value!r}e0" if isinstance(value, float) else str(value)


def _run(cursor: Any, sql: str) -> Any:
    cursor.execute(sql)
    return cursor.fetchall()


@dataclass(frozen=True)
class Readable:
    """One name that a partner may read from, and what is seen there."""

    name: str
    columns: dict[str, str]
    rows: list[list[Any]]


@dataclass(frozen=True)
class Agreed:
    """What was agreed in one world, and what a partner may see by it."""

    decision: Decision
    tables: tuple[Readable, ...]

    def __repr__(self) -> str:
        """Name all that is needed to see a difference again."""
        return "\n".join(f"{name}: {answer.agreements}" for name, answer in self.decision.tables.items())

    def sent(self, text: str) -> str:
        """Take a partner's text through the kernel; answer what is sent to Trino."""
        statement = parse(text)
        surveyed = survey(statement, CATALOG)
        ask(PARTNER, "freight_resilience", NOW, surveyed, CATALOG)
        grant = grant_of(self.decision, CATALOG, KEYS)
        resolved, grant = authorise(statement, surveyed, self.decision, grant)
        return verify(emit(guard_tables(resolved, grant)), grant).sql


def agreed(chance: Random, raw: Mapping[TableName, list[Row]]) -> Agreed:
    """Draw agreements for all tables, and work out beforehand what they show."""
    answers = {
        name: some_agreements(chance, COLUMNS[name if name in COLUMNS else CALLS], at_least=int(name == VISIT))
        for name in raw
    }
    return agreed_by(answers, raw)


def agreed_by(answers: Answers, raw: Mapping[TableName, list[Row]]) -> Agreed:
    """Work out beforehand what these agreements show."""
    all_answers = {name: answers.get(name, ()) for name in raw}
    decision = Decision("d1", dict.fromkeys(PORTS, "r1"), {n: TableDecision(a) for n, a in all_answers.items()})
    return Agreed(decision, tuple(_readable(raw, all_answers)))


def _readable(raw: Mapping[TableName, list[Row]], answers: Answers) -> Iterable[Readable]:
    sources = {name: Source(raw[name], answers[name], KEYS[name.catalog], _not_kept(name)) for name in raw}
    calls = [sources[TableName(port, "freight", "calls")] for port in PORTS]
    groups = {VISIT: [sources[VISIT]], SHIP: [sources[SHIP]], CALLS: calls}
    for name, group in groups.items():
        columns = visible(COLUMNS[name], LABOR, group)
        if columns:
            yield Readable(str(name), columns, list(shown(columns, group)))
    columns = visible(COLUMNS[CALLS], LABOR, calls)
    for port, source in zip(PORTS, calls, strict=True):
        if columns and source.agreements:
            yield Readable(f"{port}.freight.calls", columns, list(shown(columns, [source])))


def _not_kept(name: TableName) -> frozenset[str]:
    if name.schema != "freight":
        return frozenset()
    return frozenset(COLUMNS[CALLS]) - set(_MAPPINGS[name.catalog][1])
