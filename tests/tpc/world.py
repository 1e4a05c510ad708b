"""Trino's `tpch.tiny` and `tpcds.tiny`, copied into its memory, as one port with an agreement that gives everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

PORT, SCALE = "memory", "tiny"
BENCHMARKS = ("tpch", "tpcds")
_ONLY = {
    "customer_demographics": "cd_demo_sk IN (SELECT c_current_cdemo_sk FROM tpcds.tiny.customer"
    " UNION SELECT ss_cdemo_sk FROM tpcds.tiny.store_sales UNION SELECT sr_cdemo_sk FROM tpcds.tiny.store_returns"
    " UNION SELECT cs_bill_cdemo_sk FROM tpcds.tiny.catalog_sales"
    " UNION SELECT cs_ship_cdemo_sk FROM tpcds.tiny.catalog_sales"
    " UNION SELECT cr_refunded_cdemo_sk FROM tpcds.tiny.catalog_returns"
    " UNION SELECT cr_returning_cdemo_sk FROM tpcds.tiny.catalog_returns"
    " UNION SELECT ws_bill_cdemo_sk FROM tpcds.tiny.web_sales"
    " UNION SELECT ws_ship_cdemo_sk FROM tpcds.tiny.web_sales"
    " UNION SELECT wr_refunded_cdemo_sk FROM tpcds.tiny.web_returns"
    " UNION SELECT wr_returning_cdemo_sk FROM tpcds.tiny.web_returns)",
}
"""Which rows are copied, where not all are: of two million kinds of people those that somebody is of."""
PARTNER = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "token-1")
NOW = "2026-11-22T16:45:06Z"


@dataclass(frozen=True)
class World:
    """What there is, and a decision that gives it all."""

    catalog: Catalog
    decision: Decision

    def tables_of(self, benchmark: str) -> list[str]:
        """The names of a benchmark's tables."""
        return [name.table for name in self.catalog.tables if name.schema == benchmark]


@contextmanager
def everything(connection: Any) -> Iterator[World]:
    """Copy the tables, which Trino would make anew each time that they are read, and drop the copies in the end."""
    cursor = connection.cursor()

    def run(sql: str) -> list[list[Any]]:
        rows: list[list[Any]] = cursor.execute(sql).fetchall()
        return rows

    try:
        for benchmark in BENCHMARKS:
            run(f"CREATE SCHEMA {PORT}.{benchmark}")
            for (table,) in run(f"SHOW TABLES FROM {benchmark}.{SCALE}"):
                rows = f"SELECT * FROM {benchmark}.{SCALE}.{table} WHERE {_ONLY.get(table, 'true')}"
                run(f"CREATE TABLE {PORT}.{benchmark}.{table} AS {rows}")
        yield _world({table.name: table for benchmark in BENCHMARKS for table in _tables(run, benchmark)})
    finally:
        for benchmark in BENCHMARKS:
            run(f"DROP SCHEMA IF EXISTS {PORT}.{benchmark} CASCADE")


def _world(tables: dict[TableName, Table]) -> World:
    known = {PORT: Port(PORT, PORT, PORT.upper(), f"{PORT}@example.org", {})}
    decision = Decision("all", {PORT: "r1"}, {name: _all_of(table) for name, table in tables.items()})
    return World(Catalog(known, tables, {}, "c0ffee"), decision)


def _tables(run: Callable[[str], list[list[Any]]], benchmark: str) -> list[Table]:
    columns: dict[str, dict[str, Column]] = {}
    for table, column, type_ in run(
        f"SELECT table_name, column_name, data_type FROM {PORT}.information_schema.columns "
        f"WHERE table_schema = '{benchmark}' ORDER BY table_name, ordinal_position"
    ):
        columns.setdefault(table, {})[column] = Column(column, type_, "as the TPC says")
    return [Table(TableName(PORT, benchmark, table), known, "as the TPC says") for table, known in columns.items()]


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
