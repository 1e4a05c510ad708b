"""A new audit log -> how many records a second it makes durable, and how long each step of a record's way takes.

Parts (`--only appends,checkpoint`), each with its goals; whoever adds one writes a function and puts it into PARTS.
All of them write a log of their own in a temporary folder (`--folder`: where; it must be a real disk, not memory).
"""

from __future__ import annotations

import argparse
import asyncio
import random
import statistics
import string
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.audit_sqlite import SqliteStorage
from gateway.adapters.audit_store import AuditStore, Writer
from gateway.adapters.audit_writing import now
from gateway.audit.note import Signer, checkpoint_in, signatures_of
from gateway.audit.record import RecordedPartner, RefusalRecord

PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
CLIENTS = 64
RECORD_BYTES = 1_000
WARM_UP_SECONDS = 1.0
LOOK_SECONDS = 0.02
ASKER = RecordedPartner("gobiz-analyst", "gobiz", "state_agency", ("analyst",), "t-1")


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured."""

    name: str
    value: float
    unit: str
    goal: float | None = None
    """What it must reach: at least for a rate (`/s`), at most for all else."""

    @property
    def is_reached(self) -> bool:
        """Whether the goal is reached, or there is none."""
        if self.goal is None:
            return True
        return self.value >= self.goal if self.unit == "/s" else self.value <= self.goal

    def __str__(self) -> str:
        goal = "" if self.goal is None else f"  goal {'>=' if self.unit == '/s' else '<='} {self.goal:,g}"
        return f"{self.name:<42}{self.value:>12,.1f} {self.unit:<4}{goal}{'' if self.is_reached else '  MISSED'}"


@dataclass(frozen=True, slots=True)
class Options:
    """How to measure."""

    folder: Path
    seconds: float
    clients: int
    records: int
    """How many records a log that is read has."""


Part = Callable[[Options], Sequence[Figure]]


@contextmanager
def new_store(folder: Path) -> Iterator[AuditStore]:
    """A new log; its file is `audit.sqlite` in the folder."""
    signer = Signer("portgate.bench/audit", Ed25519PrivateKey.generate())
    storage = SqliteStorage(folder / "audit.sqlite", signer.name, PORTS)
    store = AuditStore(storage, Writer("gateway-1", "bench", signer))
    try:
        yield store
    finally:
        store.close()


def refusal(number: int) -> RefusalRecord:
    """Make a record whose line has about RECORD_BYTES; no two are alike."""
    chance = random.Random(number)  # noqa: S311 - no secret
    words = "".join(chance.choices(string.ascii_lowercase + " ", k=RECORD_BYTES - 480))
    return RefusalRecord(f"q{number:012}", now(), ASKER, "freight_resilience", "bench", words, "denied", "no agreement")


# --- appends and checkpoints ------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Appended:
    took: list[float] = field(default_factory=list)
    """Seconds until each record was acknowledged."""
    at: list[tuple[int, float]] = field(default_factory=list)
    """Index of each record, and when it was offered."""
    signed: list[tuple[int, float]] = field(default_factory=list)
    """Size of each checkpoint, and when it could be read."""
    ended: float = 0.0


async def _append(store: AuditStore, options: Options) -> _Appended:
    """Append from many clients, each of which waits for its receipt; watch the checkpoints meanwhile."""
    found, began = _Appended(), time.perf_counter()
    stop = began + WARM_UP_SECONDS + options.seconds
    records = [refusal(number) for number in range(1_000)]

    async def client(number: int) -> None:
        while (offered := time.perf_counter()) < stop:
            receipt = await store.append(records[(number := number + options.clients) % len(records)])
            if offered >= began + WARM_UP_SECONDS:
                found.took.append(time.perf_counter() - offered)
                found.at.append((receipt.index, offered))

    watching = asyncio.create_task(_watch(store, found))
    await asyncio.gather(*(client(number) for number in range(options.clients)))
    found.ended = time.perf_counter()
    await asyncio.sleep(2.0)  # until the last ones are signed
    watching.cancel()
    return found


async def _watch(store: AuditStore, found: _Appended) -> None:
    while True:
        with store.storage.reading() as reader:
            size = checkpoint_in(signatures_of(reader.checkpoint())[0]).size
        if not found.signed or found.signed[-1][0] != size:
            found.signed.append((size, time.perf_counter()))
        await asyncio.sleep(LOOK_SECONDS)


def _appended(options: Options) -> _Appended:
    with new_store(options.folder) as store:
        return asyncio.run(_append(store, options))


def appends(options: Options) -> list[Figure]:
    """Durable appends of 1 kB by many clients at once."""
    found = _appended(options)
    return [
        Figure("durable appends", len(found.took) / options.seconds, "/s", 2_000),
        Figure("acknowledged, median", milliseconds(found.took, 50), "ms"),
        Figure("acknowledged, p99", milliseconds(found.took, 99), "ms", 50),
    ]


def checkpoint(options: Options) -> list[Figure]:
    """From a record's offer to a signed checkpoint that holds it."""
    found = _appended(options)
    sizes = iter(found.signed)
    size, when = next(sizes)
    waited = []
    for index, offered in sorted(found.at):
        while size <= index:
            size, when = next(sizes)
        waited.append(when - offered)
    return [
        Figure("append to signed checkpoint, median", milliseconds(waited, 50), "ms"),
        Figure("append to signed checkpoint, p99", milliseconds(waited, 99), "ms", 1_500),
    ]


# --- what others measure ----------------------------------------------------------------------------------------------


def cosigned(options: Options) -> list[Figure]:
    """From a record's append to a checkpoint that three of five witnesses have cosigned."""
    from stack import bench_cosigned

    found = bench_cosigned.cosigned(options.seconds)
    return [
        Figure("append to 3 of 5 cosigned, median", found.median * 1000, "ms"),
        Figure("append to 3 of 5 cosigned, p99", found.p99 * 1000, "ms", 3_000),
    ]


def verify(options: Options) -> list[Figure]:
    """A whole log is checked, by processes that load what `portgate audit verify` loads and no more."""
    from stack import bench_verify

    file = options.folder / "audit.sqlite"
    bench_verify.make_log(file, options.records)
    found = bench_verify.measure(file, options.records)
    if found.damage:
        raise RuntimeError(f"the log was not found whole: {found.damage}")
    return [
        Figure(f"{options.records:,} records checked", found.seconds, "s", 60 * options.records / 1_000_000),
        Figure("memory for it, at most", found.megabytes, "MB", 300),
    ]


def search(options: Options) -> list[Figure]:
    """Combined searches; they print their own figures, and this one says whether their goal is reached."""
    from stack import bench_search

    return [Figure("searches beyond their goal", float(not asyncio.run(bench_search.bench(options.records))), "", 0)]


PARTS: Mapping[str, Part] = {
    "appends": appends,
    "checkpoint": checkpoint,
    "cosigned": cosigned,
    "verify": verify,
    "search": search,
}
"""Name -> what is measured; in the order of the report."""


def milliseconds(seconds: Sequence[float], percent: int) -> float:
    """Return a percentile of seconds, in milliseconds."""
    if percent == 50:
        return statistics.median(seconds) * 1000
    ordered = sorted(seconds)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)] * 1000


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 if a goal was missed."""
    parser = argparse.ArgumentParser(prog="bench_audit", description="Measure the audit log.")
    parser.add_argument("--only", default=",".join(PARTS), metavar="PART,…", help=f"of {', '.join(PARTS)}")
    parser.add_argument("--seconds", type=float, default=20.0, help="how long records are appended (20)")
    parser.add_argument("--clients", type=int, default=CLIENTS, help=f"how many append at once ({CLIENTS})")
    parser.add_argument("--records", type=int, default=1_000_000, help="how long a log that is read is (1,000,000)")
    parser.add_argument("--folder", type=Path, help="where the logs are made (the folder for temporary files)")
    chosen = parser.parse_args(words)
    if unknown := sorted(set(chosen.only.split(",")) - PARTS.keys()):
        parser.error(f"there is no part {', '.join(unknown)}; there are: {', '.join(PARTS)}")
    missed = False
    for name in chosen.only.split(","):
        with tempfile.TemporaryDirectory(dir=chosen.folder) as folder:
            for figure in PARTS[name](Options(Path(folder), chosen.seconds, chosen.clients, chosen.records)):
                print(figure, flush=True)
                missed |= not figure.is_reached
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
