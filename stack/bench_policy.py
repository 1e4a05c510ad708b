"""Made-up agreements of five ports -> what one decision of OPA costs, and how that grows with their number.

Each question is put as the gateway puts it, through its own adapter: over HTTP, read strictly. A question is about one
or two tables of all five ports, as a query over the canonical tables is.
"""

from __future__ import annotations

import asyncio
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import orjson
import psutil

from gateway.adapters.opa import OpaPolicy
from gateway.model import CANONICAL_SCHEMA, PURPOSES, USES, AskedTable, Limits, Mask, Partner, Question, TableName, Use
from gateway.policy.language import (
    ORGANISATION_CLASSES,
    Agreement,
    ColumnRule,
    Condition,
    Embargo,
    PartnerAttribute,
    Party,
    PortDocument,
    TableRule,
    to_data,
)
from stack import components
from stack.faults import StackFault
from stack.layout import POLICIES

PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
TABLES, COLUMNS = 40, 20
TABLES_OF_ONE, COLUMNS_OF_ONE = 3, 8
"""What one agreement gives; the shipped ones are like that."""
ORGANISATIONS, ROLES = 60, ("planner", "analyst", "steward", "safety")
SIZES = (500, 1_000, 2_000, 5_000)
QUESTIONS, WARM_UP = 1_000, 100
GOAL_MS = 5.0
PATIENCE_SECONDS = 120.0
OPA_FLAGS = ("--disable-telemetry", "--log-level=error", "--optimize-store-for-read-speed")


@dataclass(frozen=True, slots=True)
class Measured:
    """What a number of agreements costs."""

    agreements: int
    p50: float
    p99: float
    cpu: float
    """OPA's own processor time for a question, in ms: what does not depend on who else is busy."""
    found: float
    """Agreements that a question finds, on average."""
    megabytes: float


def main() -> int:
    """Measure each size and print it; 1 if the goal is missed."""
    opa = components.find_opa()
    if opa is None:
        print("OPA is not there: run `make setup`", file=sys.stderr)
        return 1
    sizes = [int(word) for word in sys.argv[1:]] or SIZES
    print(f"{len(PORTS)} ports, {TABLES} tables, {QUESTIONS} questions, one after the other")
    print(f"{'agreements a port':>18} {'p50 ms':>8} {'p99 ms':>8} {'OPA cpu ms':>10} {'found':>6} {'bundles MB':>11}")
    results = []
    for size in sizes:
        result = measure(opa, size)
        results.append(result)
        row = f"{result.agreements:>18} {result.p50:>8.2f} {result.p99:>8.2f} {result.cpu:>10.2f} {result.found:>6.1f}"
        print(f"{row} {result.megabytes:>11.1f}", flush=True)
    first = results[0]
    holds = first.p50 < GOAL_MS
    print(f"goal: p50 under {GOAL_MS:g} ms with {first.agreements} agreements a port: {'held' if holds else 'MISSED'}")
    return 0 if holds else 1


def measure(opa: Path, agreements: int) -> Measured:
    """Make so many agreements a port, load them into OPA, and ask."""
    chance = random.Random(agreements)  # noqa: S311 - a benchmark, the same each time
    with tempfile.TemporaryDirectory(prefix="portgate-bench-") as folder:
        bytes_written = write_bundle(Path(folder), agreements, chance)
        with serving(opa, Path(folder)) as (url, pid):
            process = psutil.Process(pid)
            before = _cpu_seconds(process)
            times, found = asyncio.run(_ask(url, [_question(chance) for _ in range(WARM_UP + QUESTIONS)]))
            cpu = (_cpu_seconds(process) - before) / (WARM_UP + QUESTIONS) * 1000
    cuts = statistics.quantiles(times, n=100)
    return Measured(agreements, statistics.median(times), cuts[98], cpu, found, bytes_written / 1e6)


def _cpu_seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


async def _ask(url: str, questions: list[Question]) -> tuple[list[float], float]:
    policy, times, found = OpaPolicy(url, 10.0), [], 0
    try:
        for number, question in enumerate(questions):
            began = time.perf_counter()
            decision = await policy.decide(question)
            if number >= WARM_UP:
                times.append((time.perf_counter() - began) * 1000)
                found += sum(len(table.agreements) for table in decision.tables.values())
    finally:
        await policy.close()
    return times, found / QUESTIONS


# --- agreements and questions ---------------------------------------------------------------------------------------


def write_bundle(folder: Path, agreements: int, chance: random.Random) -> int:
    """Write the library's rules and each port's agreements; return how many bytes the agreements take."""
    for rules in ("access/access.rego", "floor/floor.rego"):
        target = folder / "gateway" / rules
        target.parent.mkdir(parents=True)
        target.write_bytes((POLICIES / "gateway" / rules).read_bytes())
    total = 0
    for port in PORTS:
        data = orjson.dumps(to_data(_document(port, agreements, chance)))
        target = folder / "ports" / port / "data.json"
        target.parent.mkdir(parents=True)
        target.write_bytes(data)
        total += len(data)
    return total


def _document(port: str, agreements: int, chance: random.Random) -> PortDocument:
    made = tuple(_agreement(f"{port.replace('_', '-')}-{place}", chance) for place in range(agreements))
    return PortDocument(port, f"port_of_{port}", f"desk@{port}.example", agreements=made)


def _agreement(name: str, chance: random.Random) -> Agreement:
    tables = chance.sample(range(TABLES), TABLES_OF_ONE)
    return Agreement(
        name,
        _party(chance),
        tuple(chance.sample(PURPOSES, 2)),
        "2026-01-01",
        "2028-01-01",
        "A made-up agreement, as long as a real one.",
        {f"{CANONICAL_SCHEMA}.table_{table}": _table(chance) for table in tables},
        reciprocal=chance.random() < 0.1,
        limits=Limits(rows=10_000, queries_a_day=200) if chance.random() < 0.2 else Limits(),
    )


def _party(chance: random.Random) -> Party:
    roles = (chance.choice(ROLES),) if chance.random() < 0.3 else ()
    if chance.random() < 0.7:
        return Party(organisations=(f"organisation_{chance.randrange(ORGANISATIONS)}",), roles=roles)
    return Party(organisation_classes=tuple(chance.sample(ORGANISATION_CLASSES, 2)), roles=roles)


def _table(chance: random.Random) -> TableRule:
    own = (Condition("column_0", "eq", PartnerAttribute("carrier_smdg")), Condition("column_1", "not_in", ("A", "B")))
    return TableRule(
        "rows",
        "A made-up table, in the words of a port.",
        {f"column_{column}": _column(chance) for column in chance.sample(range(COLUMNS), COLUMNS_OF_ONE)},
        (own,) if chance.random() < 0.5 else ((),),
        Embargo("column_2", 720) if chance.random() < 0.3 else None,
    )


def _column(chance: random.Random) -> ColumnRule:
    uses: frozenset[Use] = frozenset(USES) if chance.random() < 0.8 else frozenset({"group", "aggregate"})
    return ColumnRule(uses, Mask("keyed_hash") if chance.random() < 0.2 else None)


def _question(chance: random.Random) -> Question:
    organisation = f"organisation_{chance.randrange(ORGANISATIONS)}"
    roles = tuple(chance.sample(ROLES, 2))
    attributes = {"carrier_smdg": "MSC", "port": chance.choice(PORTS)}
    partner = Partner("made-up", organisation, chance.choice(ORGANISATION_CLASSES), roles, PURPOSES, attributes, "t")
    asked = tuple(
        AskedTable(TableName(port, CANONICAL_SCHEMA, f"table_{table}"), columns)
        for table in chance.sample(range(TABLES), chance.choice((1, 1, 2)))
        for columns in [tuple(f"column_{column}" for column in sorted(chance.sample(range(COLUMNS), 6)))]
        for port in PORTS
    )
    return Question(partner, chance.choice(PURPOSES), "2026-11-25T12:00:00Z", asked)


# --- OPA ------------------------------------------------------------------------------------------------------------


@contextmanager
def serving(opa: Path, folder: Path) -> Iterator[tuple[str, int]]:
    """Run OPA over a folder until the block is left; yield its address and its process id."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{found.getsockname()[1]}"
    command = [str(opa), "run", "--server", f"--addr={address}", *OPA_FLAGS, "--bundle", str(folder)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as server:  # noqa: S603 - our own command
        try:
            _wait(f"http://{address}/health?bundles", server)
            yield f"http://{address}", server.pid
        finally:
            server.terminate()


def _wait(url: str, server: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline and server.poll() is None:
        try:
            if httpx.get(url, timeout=5).status_code == httpx.codes.OK:
                return
        except httpx.TransportError:
            time.sleep(0.1)
    raise StackFault("OPA did not come up", mend="look at the agreements that were made: opa check")


if __name__ == "__main__":
    sys.exit(main())
