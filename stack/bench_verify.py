"""How long it takes to check a whole log, and in how much memory: `python -m stack.bench_verify [RECORDS]`.

The log is `stack.made_log`'s, with a checkpoint cosigned by three witnesses after each 2,000 records.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from multiprocessing.synchronize import Event
from pathlib import Path

import psutil
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.adapters.audit_checking import check_file
from gateway.adapters.audit_storage import Turn
from gateway.audit.note import WITNESS, Signer, signatures_of
from gateway.checking.joining import Wanted

PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
ORIGIN = "bench.portgate.local/audit"
RECORDS = 1_000_000
IN_A_TURN = 2_000
_SAMPLE_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Figures:
    """What a check cost."""

    records: int
    seconds: float
    cpu_seconds: float
    """Of all its processes together: on two cores that nobody else uses, half of it is the time that it takes."""
    megabytes: float
    """The most that all its processes had at one time."""
    damage: str
    """Empty if the log was found whole."""


def _signer(name: str, kind: int, number: int) -> Signer:
    return Signer(name, Ed25519PrivateKey.from_private_bytes(bytes([number] * 32)), kind)


SIGNER = _signer(ORIGIN, 1, 1)
WITNESSES = tuple(_signer(f"{port}.bench.local/witness", WITNESS, at + 2) for at, port in enumerate(PORTS[:3]))


def make_log(file: Path, count: int = RECORDS) -> None:
    """Make a log of so many records."""
    from stack import made_log  # what is measured does without all that makes it

    made_log.make_log(file, ORIGIN, count, in_a_turn=IN_A_TURN, sign=_sign)


def _sign(turn: Turn) -> None:
    text, _ = signatures_of(turn.sign(SIGNER, turn.logged))
    turn.cosign(turn.frontier.size, "".join(each.signature(text, 1_700_000_000) for each in WITNESSES))


def measure(file: Path, records: int, processes: int = 0) -> Figures:
    """Check a log in a process of its own, which may start others; return what that cost."""
    context = multiprocessing.get_context("spawn")
    answers: multiprocessing.Queue[tuple[str, float]] = context.Queue()
    seen = context.Event()
    child = context.Process(target=_check, args=(str(file), processes, answers, seen))
    started = time.monotonic()
    child.start()
    most = [0]
    watcher = threading.Thread(target=_watch, args=(child.pid, most), daemon=True)
    watcher.start()
    said, cpu_seconds = answers.get()
    _look(child.pid, most)  # a short check is over before the watcher looks again
    seen.set()
    child.join()
    seconds = time.monotonic() - started
    return Figures(records, seconds, cpu_seconds, most[0] / 1e6, said)


def _check(file: str, processes: int, answers: multiprocessing.Queue[tuple[str, float]], seen: Event) -> None:
    wanted = Wanted(SIGNER.verifier, tuple(each.verifier for each in WITNESSES))
    damage, _ = check_file(Path(file), wanted, processes=processes)
    answers.put((damage.words if damage else "", sum(os.times()[:4])))
    seen.wait(10)


def _watch(process: int | None, most: list[int]) -> None:
    while psutil.pid_exists(process or 0):
        _look(process, most)
        time.sleep(_SAMPLE_SECONDS)


def _look(process: int | None, most: list[int]) -> None:
    """Add up what the process and its children have; pages that they share count once for each."""
    with contextlib.suppress(psutil.NoSuchProcess):  # one of them has just ended
        of_all = [psutil.Process(process), *psutil.Process(process).children(recursive=True)]
        most[0] = max(most[0], sum(each.memory_info().rss for each in of_all))


def main(words: list[str]) -> int:
    """Make a log, check it, and print what that cost."""
    count = int(words[0]) if words else RECORDS
    with tempfile.TemporaryDirectory(prefix="portgate-bench-") as folder:
        file = Path(folder) / "audit.sqlite"
        started = time.monotonic()
        make_log(file, count)
        print(f"made {count:,} records in {time.monotonic() - started:.1f} s: {file.stat().st_size / 1e6:,.0f} MB")
        figures = measure(file, count)
    state = figures.damage or "whole"
    print(
        f"checked {count:,} records in {figures.seconds:.1f} s ({figures.cpu_seconds:.0f} s of work), "
        f"{figures.megabytes:.0f} MB at most: {state}"
    )
    return 1 if figures.damage else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
