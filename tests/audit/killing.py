"""Gateways that are killed at a random moment under load, and what must be true when the log is opened again."""

from __future__ import annotations

import base64
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from gateway.adapters.audit_sqlite import reading
from tests.audit.logs import open_store
from tests.audit.soundness import Sound, sound
from tests.conftest import CHECKOUT

WARM = 0.8
"""How often a gateway lives until it has said a number of bytes; else it may die while it opens the log."""
MOST_BYTES = 40_000
LONGEST_WAIT_SECONDS = 0.2
LIVES_OF_A_LOG = 5
"""Then another log is begun: each time the whole log is looked through, and it grows."""


@dataclass
class Heard:
    """What a gateway said before it was killed."""

    acknowledged: dict[int, str] = field(default_factory=dict)
    """Index -> leaf."""
    released: set[tuple[str, int]] = field(default_factory=set)
    """Query and decision of which rows were let out."""
    whole: set[tuple[str, int]] = field(default_factory=set)
    """Of which the last page was."""
    seen: set[str] = field(default_factory=set)
    """Checkpoints."""

    def take(self, line: str) -> None:
        """Take in one line; the last one may be half a line."""
        word, *rest = line.split()
        if word == "ack":
            self.acknowledged[int(rest[0])] = rest[1]
        elif word in ("page", "last"):
            self.released.add((rest[0], int(rest[1])))
            if word == "last":
                self.whole.add((rest[0], int(rest[1])))
        elif word == "seen" and rest:
            self.seen.add(base64.b64decode(rest[0]).decode())

    def is_kept_by(self, log: Sound) -> None:
        """Check that the log holds what was promised."""
        assert self.acknowledged.items() <= {row.index: row.leaf.hex() for row in log.rows.values()}.items()
        for query, decision in self.released:
            record = log.records[decision]
            assert (record["kind"], record["query"]) == ("decision", query), "rows were let out without a decision"
        for query, decision in self.whole:
            assert log.outcomes[decision]["query"] == query
            assert log.outcomes[decision]["state"] == "finished", "a last page was let out without an outcome"
        log.begins_with(filter(None, self.seen))


class Killer:
    """Runs gateways under load and kills them."""

    def __init__(self, mother: subprocess.Popen[str], chance: random.Random) -> None:
        self._mother, self._chance = mother, chance

    def live_and_die(self, file: Path, said: Path) -> Heard:
        """Run one gateway, kill it, and return what it said."""
        assert self._mother.stdin is not None
        assert self._mother.stdout is not None
        self._mother.stdin.write(f"{file} {said}\n")
        self._mother.stdin.flush()
        child = int(self._mother.stdout.readline())
        if self._chance.random() < WARM:
            _wait_for(said, self._chance.randrange(1, MOST_BYTES))
        time.sleep(self._chance.uniform(0.0, LONGEST_WAIT_SECONDS))
        os.kill(child, signal.SIGKILL)
        assert self._mother.stdout.readline() == "end\n"
        heard = Heard()
        for line in said.read_text().splitlines() if said.exists() else ():
            heard.take(line)
        said.unlink(missing_ok=True)
        return heard


def _wait_for(said: Path, count: int) -> None:
    until = time.monotonic() + 30
    while not (said.exists() and said.stat().st_size >= count) and time.monotonic() < until:
        time.sleep(0.005)


@contextmanager
def killer(chance: random.Random) -> Iterator[Killer]:
    """Start the process that gateways are forked from."""
    command = [sys.executable, "-m", "tests.audit.load"]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=CHECKOUT
    ) as mother:  # fmt: skip
        yield Killer(mother, chance)
        assert mother.stdin is not None
        mother.stdin.close()
        mother.wait(10)


@dataclass
class Told:
    """What many lives and deaths came to."""

    acknowledged: int = 0
    whole: int = 0
    interrupted: int = 0
    restarts: list[float] = field(default_factory=list)
    """How long each took, in seconds."""


def lives(count: int, folder: Path, chance: random.Random) -> Told:
    """Let gateways live and die, and check the log after each death."""
    told = Told()
    with killer(chance) as deadly:
        for number in range(count):
            file = folder / f"log-{number // LIVES_OF_A_LOG}.sqlite"
            heard = deadly.live_and_die(file, folder / "said")
            interrupted = _restart(file, heard, told)
            told.acknowledged += len(heard.acknowledged)
            told.whole += len(heard.whole)
            told.interrupted += interrupted
    return told


def _restart(file: Path, heard: Heard, told: Told) -> int:
    """Open the log again; return how many queries were closed by that."""
    began = time.perf_counter()
    store = open_store(file)
    told.restarts.append(time.perf_counter() - began)
    with reading(file) as reader:
        log = sound(reader)
    store.close()
    heard.is_kept_by(log)
    assert not log.open, "a query that was admitted has no outcome"
    started = max(index for index, record in log.records.items() if record.get("event") == "started")
    return sum(record["kind"] == "outcome" for index, record in log.records.items() if index > started)
