"""Times the kernel as a query meets it: from text to verified plan, in a worker process, both hops included.

Two sets of questions: the partnership's fifteen over the five ports, each table under two agreements with conditions
and a masked column, and TPC-DS over a catalog of its own under one agreement that gives everything. With `--bombs` a
second organisation sends texts that keep a worker busy until it is killed, and the effect on the first one is shown.

`make bench-kernel` runs it. Figures are wall clock, on a machine that does nothing else.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import importlib.util
import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import uvloop
from sqlglot import exp

from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.kernel_pool import KernelPool
from gateway.desk import Desk, Job
from gateway.errors import GatewayError
from gateway.kernel.parse import parse
from gateway.model import (
    AgreementGrant,
    AskedTable,
    Catalog,
    Column,
    Condition,
    Decision,
    Mask,
    Port,
    Table,
    TableDecision,
    TableName,
)
from gateway.settings import KernelSettings, Settings
from stack.layout import CATALOG, CHECKOUT

ORGANISATION, OTHER = "gobiz", "greedy"
GOAL_P50_MS, GOAL_P99_MS = 8.0, 40.0
_KEY = "0" * 64


@dataclass(frozen=True)
class Workload:
    """Questions over one catalog, with what a policy would say to them."""

    name: str
    catalog: Catalog
    texts: tuple[str, ...]
    decide: Callable[[Iterable[AskedTable]], Decision]
    refused: int = 0
    """How many more there are that the kernel refuses."""

    def job(self, text: str, tables: Iterable[AskedTable]) -> Job:
        """The second hop of one question."""
        return Job(text, self.decide(tables), dict.fromkeys(self.catalog.ports, _KEY))


def main() -> None:
    """Print one line for each workload."""
    parser = argparse.ArgumentParser(prog="bench_kernel", description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=20, help="how often each question is asked")
    parser.add_argument("--workers", type=int, default=KernelSettings().workers)
    parser.add_argument("--bombs", action="store_true", help="ask once more while another organisation sends bombs")
    options = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        for workload in (fifteen_questions(), *tpcds()):
            runner.run(_measure(workload, options.rounds, options.workers, options.bombs))


async def _measure(workload: Workload, rounds: int, workers: int, bombs: bool) -> None:
    pool = KernelPool(workload.catalog, KernelSettings(workers=workers))
    await pool.start()
    try:
        await _ask_all(pool, workload, 2)
        print(f"{workload.name}: {len(workload.texts)} questions, {workload.refused} more are refused by the kernel")
        print(f"  processor time   {_said(_without_workers(workload, rounds))}   in one process, without the hops")
        alone = await _ask_all(pool, workload, rounds)
        print(f"  alone            {_said(alone)}   goal: p50 < {GOAL_P50_MS:.0f} ms, p99 < {GOAL_P99_MS:.0f} ms")
        if bombs:
            beside = await _beside_bombs(pool, lambda: _ask_all(pool, workload, rounds))
            print(f"  beside bombs     {_said(beside)}   p99 x {_at(beside, 0.99) / _at(alone, 0.99):.2f}")
    finally:
        await pool.close()


async def _ask_all(pool: KernelPool, workload: Workload, rounds: int) -> list[float]:
    """Ask every question `rounds` times, one after another; each time as a text that no worker has seen yet."""
    took = []
    for number in range(rounds):
        for text in workload.texts:
            fresh = f"-- {number} {time.monotonic_ns()}\n{text}"
            began = time.perf_counter()
            tables = (await pool.tables_asked(ORGANISATION, fresh)).tables
            job = workload.job(fresh, tables)
            await pool.plan(ORGANISATION, job)
            took.append((time.perf_counter() - began) * 1000)
    return sorted(took)


def _without_workers(workload: Workload, rounds: int) -> list[float]:
    """Take the same steps here, and count the time of this process alone: what a busy machine does not change."""
    took = []
    for _ in range(rounds + 1):
        desk = Desk(workload.catalog)
        for text in workload.texts:
            began = time.process_time()
            desk.plan(workload.job(text, desk.tables_asked(text).tables))
            took.append((time.process_time() - began) * 1000)
    return sorted(took[len(workload.texts) :])


async def _beside_bombs(pool: KernelPool, work: Callable[[], Awaitable[list[float]]]) -> list[float]:
    """Do work while another organisation keeps as many workers busy as it can."""
    attackers = [asyncio.create_task(_bomb(pool)) for _ in range(4)]
    await asyncio.sleep(0.5)
    try:
        return await work()
    finally:
        for attacker in attackers:
            attacker.cancel()
        await asyncio.gather(*attackers, return_exceptions=True)


async def _bomb(pool: KernelPool) -> None:
    while True:
        with contextlib.suppress(GatewayError):
            await pool.run(OTHER, str(time.monotonic_ns()), spin, None)


def spin(_: object) -> None:
    """Keep a worker busy until it is killed, as the worst text would."""
    while True:
        pass


def _said(took: Sequence[float]) -> str:
    return f"p50 {_at(took, 0.5):6.1f} ms   p99 {_at(took, 0.99):6.1f} ms   most {took[-1]:6.1f} ms"


def _at(took: Sequence[float], share: float) -> float:
    return took[min(len(took) - 1, int(len(took) * share))]


# --- the fifteen questions ------------------------------------------------------------------------------------------


def fifteen_questions() -> Workload:
    """The partnership's own questions over the five ports."""
    catalog = read_catalog(CATALOG, Settings.model_fields["ports"].default)
    files = sorted((CHECKOUT / "docs" / "questions").glob("*.sql"))
    texts = tuple(file.read_text() for file in files)
    return Workload("the fifteen questions", catalog, texts, lambda tables: _two_agreements(catalog, tables))


def _two_agreements(catalog: Catalog, tables: Iterable[AskedTable]) -> Decision:
    """Every row of the ports whose code begins with U to everybody; all rows with one text column masked."""
    given = {}
    for table in tables:
        known = catalog.tables[TableName("california", *table.name[1:])].columns
        shown = [name for name in table.columns if known[name].sensitivity != "labor"]
        text = next((name for name in shown if known[name].type == "varchar" and name != "port_unlocode"), None)
        masks = {name: Mask("keyed_hash") if name == text else None for name in shown}
        some = ((Condition("port_unlocode", "starts_with", "U"), Condition("port_unlocode", "ne", "USXXX")),)
        given[table.name] = TableDecision(
            (
                AgreementGrant("bench-1", dict.fromkeys(shown), some, "Our own ports' rows."),
                AgreementGrant("bench-2", masks, ((),), "All rows, names masked."),
            )
        )
    return Decision("bench", dict.fromkeys(catalog.ports, "0" * 64), given)


# --- TPC-DS ---------------------------------------------------------------------------------------------------------


def tpcds() -> list[Workload]:
    """The 99 queries of TPC-DS, as DuckDB's extension carries them; nothing where its package is not installed."""
    spec = importlib.util.find_spec("duckdb_extension_tpcds")
    if spec is None or spec.origin is None:
        print("TPC-DS: the package duckdb-extension-tpcds is not installed; left out")
        return []
    (extension,) = Path(spec.origin).parent.rglob("tpcds.duckdb_extension")
    with duckdb.connect() as database:
        database.execute(f"LOAD '{extension}'; CALL dsdgen(sf = 0)")
        columns = database.execute("SELECT table_name, column_name, data_type FROM information_schema.columns")
        catalog = _one_port(columns.fetchall())
        texts = [text for (text,) in database.execute("SELECT query FROM tpcds_queries() ORDER BY query_nr").fetchall()]
    return [_all_that_is_read(catalog, texts)]


def _one_port(columns: Iterable[tuple[str, str, str]]) -> Catalog:
    found: dict[str, dict[str, Column]] = {}
    for table, column, type_ in columns:
        found.setdefault(table, {})[column] = Column(column, type_.lower(), "as the TPC says")
    names = {table: TableName("tpcds", "tiny", table) for table in found}
    tables = {names[table]: Table(names[table], known, "as the TPC says") for table, known in found.items()}
    port = Port("tpcds", "TPC-DS", "XXTPC", "bench@example.org", {})
    return Catalog({"tpcds": port}, tables, {}, "tpcds")


def _all_that_is_read(catalog: Catalog, texts: Iterable[str]) -> Workload:
    """The texts that the kernel reads, under one agreement that gives everything."""
    everything = {
        name: TableDecision((AgreementGrant("all", dict.fromkeys(table.columns), ((),), "All of it."),))
        for name, table in catalog.tables.items()
    }
    decision = Decision("bench", {"tpcds": "0" * 64}, everything)
    workload = Workload("TPC-DS", catalog, (), lambda tables: decision)
    desk = Desk(catalog)
    read, refused = [], 0
    for text in texts:
        try:
            named = _with_catalog(text.strip().removesuffix(";"), catalog)
            desk.plan(workload.job(named, ()))
            read.append(named)
        except GatewayError:
            refused += 1
    return replace(workload, texts=tuple(read), refused=refused)


def _with_catalog(text: str, catalog: Catalog) -> str:
    """Write the catalog and schema before each table of the TPC."""
    known = {name.table: name for name in catalog.tables}
    places = [
        (table.this.meta["start"], known[table.name.lower()])
        for table in parse(text).tree.find_all(exp.Table)
        if table.name.lower() in known
    ]
    for start, name in sorted(places, reverse=True):
        text = f"{text[:start]}{name.catalog}.{name.schema}.{text[start:]}"
    return text


if __name__ == "__main__":
    main()
