"""Trino's `tpch.tiny` and `tpcds.tiny` as two ports with one agreement that gives everything."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gateway.kernel.authorise import ask, authorise, grant_of
from gateway.kernel.dialect import emit
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
    Table,
    TableDecision,
    TableName,
)

SCHEMA = "tiny"
PARTNER = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "token-1")
NOW = "2026-11-22T16:45:06Z"


@dataclass(frozen=True)
class World:
    """What there is, and a decision that gives it all."""

    catalog: Catalog
    decision: Decision

    def tables_of(self, port: str) -> list[str]:
        """The names of a port's tables."""
        return [name.table for name in self.catalog.tables if name.catalog == port]


def everything(connection: Any, ports: Iterable[str] = ("tpch", "tpcds")) -> World:
    """Read the tables of the ports from Trino's own information_schema."""
    tables = {table.name: table for port in ports for table in _tables(connection, port)}
    known = {port: Port(port, port, port.upper(), f"{port}@example.org", {}) for port in ports}
    decision = Decision("all", dict.fromkeys(ports, "r1"), {name: _all_of(table) for name, table in tables.items()})
    return World(Catalog(known, tables, {}, "c0ffee"), decision)


def _tables(connection: Any, port: str) -> list[Table]:
    cursor = connection.cursor()
    cursor.execute(
        f"SELECT table_name, column_name, data_type FROM {port}.information_schema.columns "
        f"WHERE table_schema = '{SCHEMA}' ORDER BY table_name, ordinal_position"
    )
    columns: dict[str, dict[str, Column]] = {}
    for table, column, type_ in cursor.fetchall():
        columns.setdefault(table, {})[column] = Column(column, type_, "as the TPC says")
    return [Table(TableName(port, SCHEMA, table), known, "as the TPC says") for table, known in columns.items()]


def _all_of(table: Table) -> TableDecision:
    return TableDecision((AgreementGrant("all", dict.fromkeys(table.columns), ((),), "All of it."),))


def sent(text: str, world: World) -> str:
    """Take a partner's text through the kernel; answer what is sent to Trino."""
    statement = parse(text)
    surveyed = survey(statement, world.catalog)
    ask(PARTNER, "freight_resilience", NOW, surveyed, world.catalog)
    grant = grant_of(world.decision, world.catalog, {})
    resolved, grant = authorise(statement, surveyed, world.decision, grant)
    return verify(emit(guard_tables(resolved, grant)), grant).sql
