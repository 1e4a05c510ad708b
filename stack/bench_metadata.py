"""Times metadata over a catalog of 5,000 columns: the gateway's own steps, and what Trino takes for the text they give.

The policy's answer is made up here and takes no time; `make bench-policy` times the real one. With the folder of a
running stack, its Trino runs each text too.

`make bench-metadata` runs it. Figures are wall clock, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import statistics
import time
from pathlib import Path
from typing import Any

import uvloop

from gateway.adapters.kernel_pool import KernelPool
from gateway.desk import Job
from gateway.kernel.authorise import ask_all, grant_of
from gateway.model import (
    AgreementGrant,
    Catalog,
    Column,
    Decision,
    Facts,
    Partner,
    Port,
    Table,
    TableDecision,
    TableName,
)
from gateway.session.metadata import contents, seen
from gateway.settings import KernelSettings
from stack.trino_access import connect

TABLES, COLUMNS = 125, 40
GOAL_MS = 200.0
_TYPES = ("varchar", "bigint", "double", "timestamp(3)", "decimal(10,2)")
_PARTNER = Partner("bench", "gobiz", "state_agency", (), (), {}, "t")
_PURPOSE, _NOW = "freight_resilience", "2026-11-22T12:00:00Z"

TEXTS = {
    "every column, as JDBC asks for it": (
        "SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, DATA_TYPE, TYPE_NAME, COLUMN_SIZE, BUFFER_LENGTH, "
        "DECIMAL_DIGITS, NUM_PREC_RADIX, NULLABLE, REMARKS, COLUMN_DEF, SQL_DATA_TYPE, SQL_DATETIME_SUB, "
        "CHAR_OCTET_LENGTH, ORDINAL_POSITION, IS_NULLABLE, SCOPE_CATALOG, SCOPE_SCHEMA, SCOPE_TABLE, "
        "SOURCE_DATA_TYPE, IS_AUTOINCREMENT, IS_GENERATEDCOLUMN FROM system.jdbc.columns "
        "ORDER BY TABLE_CAT, TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION"
    ),
    "every column": "SELECT * FROM oakland.information_schema.columns",
    "the columns of one table": (
        "SELECT column_name, data_type FROM oakland.information_schema.columns "
        "WHERE table_schema = 'tos' AND table_name = 'table_7'"
    ),
    "tables and their columns joined": (
        "SELECT t.table_name, count(*) FROM oakland.information_schema.tables AS t "
        "JOIN oakland.information_schema.columns AS c ON t.table_name = c.table_name GROUP BY 1"
    ),
}


def wide_catalog(tables: int = TABLES, columns: int = COLUMNS) -> Catalog:
    """A port with many tables of many columns, each with a sentence of its own."""
    names = [TableName("oakland", "tos", f"table_{number}") for number in range(tables)]
    return Catalog(
        {"oakland": Port("oakland", "Port of Oakland", "USOAK", "oak@example.org", {})},
        {name: Table(name, _columns(name, columns), f"what {name.table} of the terminals holds") for name in names},
        {},
        "wide",
    )


def _columns(table: TableName, count: int) -> dict[str, Column]:
    meaning = "when the vessel of {} was seen for the {}th time at a berth, as the terminal's own system tells"
    listed = [
        Column(f"column_{number}_name", _TYPES[number % len(_TYPES)], meaning.format(table.table, number), "hours")
        for number in range(count)
    ]
    return {column.name: column for column in listed}


def everything(catalog: Catalog) -> Decision:
    """One agreement that gives all of it."""
    asked = ask_all(_PARTNER, _PURPOSE, _NOW, catalog).tables
    given = {
        table.name: TableDecision((AgreementGrant("all", dict.fromkeys(table.columns), ((),), ""),)) for table in asked
    }
    return Decision("bench", {}, given)


async def _planned(pool: KernelPool, catalog: Catalog, decision: Decision, text: str) -> str:
    asked = await pool.tables_asked(_PARTNER.organisation, text)
    there = seen(_PARTNER, grant_of(decision, catalog, {}))
    facts = Facts(_PARTNER.id, contents(there, asked.relations))
    job = Job(text, Decision("bench", {}, {}), {}, facts=facts)
    return (await pool.plan(_PARTNER.organisation, job)).plan.sql


async def _measure(cursor: Any, rounds: int) -> None:
    catalog = wide_catalog()
    decision = everything(catalog)
    pool = KernelPool(catalog, KernelSettings())
    await pool.start()
    try:
        for name, text in TEXTS.items():
            ours, theirs, sql, rows = [], [], "", 0
            for number in range(rounds):
                began = time.perf_counter()
                sql = await _planned(pool, catalog, decision, f"-- {number}\n{text}")
                ours.append(time.perf_counter() - began)
                if cursor:
                    began = time.perf_counter()
                    rows = len(cursor.execute(sql).fetchall())
                    theirs.append(time.perf_counter() - began)
            print(f"{name}: {len(sql):,} characters, {rows:,} rows; gateway {_said(ours)}; Trino {_said(theirs)}")
    finally:
        await pool.close()
    print(f"goal: gateway and Trino together under {GOAL_MS:.0f} ms")


def _said(took: list[float]) -> str:
    return f"p50 {statistics.median(took) * 1000:.0f} ms, least {min(took) * 1000:.0f} ms" if took else "not asked"


def main() -> None:
    """Print one line for each text."""
    parser = argparse.ArgumentParser(prog="bench_metadata", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how often each text is asked")
    parser.add_argument("--home", type=Path, help="the folder of a running stack, whose Trino runs each text")
    options = parser.parse_args()
    cursor = connect(options.home).cursor() if options.home else None
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_measure(cursor, options.rounds))


if __name__ == "__main__":
    main()
