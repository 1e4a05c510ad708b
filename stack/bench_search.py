"""Times the search of the audit log: how fast its index is made, and how long combined searches take.

`make bench-audit` runs it. Figures are wall clock, of a log that is made up in a temporary folder. A search is timed as
the gateway runs it, from its question to the records it shows; HTTP and the record of the reading are not in it.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from gateway.adapters.audit_index import AuditIndex, Indexer
from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.log_search import AUDITOR, Scope, Wanted
from gateway.model import PURPOSES
from stack.made_log import PORTS, make_log

ORIGIN = "portgate.bench/audit"
RECORDS, SEARCHES, LIMIT = 1_000_000, 200, 100
GOAL_MS = 300.0

_TABLES = ("vessel_calls", "container_moves", "freight.emissions", "polbops.truckvisit", "oakland.tos.unit")
_COLUMNS = ("teu", "vessel_imo", "pollutant", "terminal_code", "plate")
_PARTNERS = ("gobiz-analyst", "msc-planner", "carb-analyst", "drayage-dispatcher", "public")
_ORGANISATIONS = ("gobiz", "msc", "state_university", "uscg", "port_of_oakland")
_VERDICTS = ("admitted", "finished", "failed", "cancelled", "refused", "alarm")
_TEXTS = ("container_no", '"EVER GIVEN"', "limit 77", "terminal_code pollutant", "'CMA CGM MARCO POLO'", "nowhere")


def searches(count: int, seed: int = 3) -> Iterator[tuple[Scope, Wanted, int | None]]:
    """Yield as whom somebody searches, for what, and before which record."""
    chance = random.Random(seed)  # noqa: S311
    values = {
        "partner": _PARTNERS, "organisation": _ORGANISATIONS, "port": PORTS, "table": _TABLES, "column": _COLUMNS,
        "purpose": PURPOSES, "verdict": _VERDICTS, "text": _TEXTS, "client": ("dbeaver", "jdbc", "curl"),
        "kind": ("decision", "outcome", "execution"), "since": ("2025-12", "2026-03-17", "2026-10"),
        "until": ("2025-12-24T18", "2026-06", "2026-11-01"),
    }  # fmt: skip
    for _ in range(count):
        names = chance.sample(list(values), k=chance.randint(1, 4))
        wanted = Wanted(**{name: chance.choice(values[name]) for name in names})
        scope = chance.choice(
            (AUDITOR, AUDITOR, Scope("steward", chance.choice(PORTS)), Scope("partner", "", "msc", "msc-planner"))
        )
        yield scope, wanted, chance.choice((None, None, 400_000))


async def bench(records: int = RECORDS, count: int = SEARCHES) -> bool:
    """Print what was measured; say whether it is within the goal."""
    with tempfile.TemporaryDirectory() as directory:
        file, index_file = Path(directory, "audit.sqlite"), Path(directory, "audit-index.sqlite")
        began = time.monotonic()
        make_log(file, ORIGIN, records)
        made = time.monotonic()
        storage = SqliteStorage(file, ORIGIN, PORTS)
        with Indexer(storage, index_file) as indexer:
            indexed = indexer.run()
        built = time.monotonic() - made
        print(f"log       {records:,} records, {file.stat().st_size / 1e6:,.0f} MB, made in {made - began:.0f} s")
        size = index_file.stat().st_size / 1e6
        print(f"index     {indexed:,} records in {built:.0f} s: {indexed / built:,.0f} a second; {size:,.0f} MB")
        index = AuditIndex(storage, index_file)
        taken: list[tuple[float, int, Scope, Wanted]] = []
        for scope, wanted, before in searches(count):
            start = time.perf_counter()
            found = await index.search(scope, wanted, LIMIT, before)
            taken.append(((time.perf_counter() - start) * 1000, len(found.entries), scope, wanted))
        index.close()
        storage.close()
    return _told(taken)


def _told(taken: list[tuple[float, int, Scope, Wanted]]) -> bool:
    times = [each[0] for each in taken]
    cuts = statistics.quantiles(times, n=100)
    none = sum(1 for each in taken if not each[1])
    print(
        f"searches  {len(times)} with at most {LIMIT} records each, {none} found none: p50 {cuts[49]:.1f} ms, "
        f"p95 {cuts[94]:.1f} ms, slowest {max(times):.1f} ms (goal: p95 of {GOAL_MS:.0f} ms)"
    )
    for milliseconds, found, scope, wanted in sorted(taken, key=lambda each: -each[0])[:5]:
        print(f"  {milliseconds:8.1f} ms  {found:4} records  {scope.role:8} {wanted.given()}")
    return cuts[94] <= GOAL_MS


def main() -> None:
    """Run the bench."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--records", type=int, default=RECORDS)
    chosen = parser.parse_args()
    sys.exit(0 if asyncio.run(bench(chosen.records)) else 1)


if __name__ == "__main__":
    main()
