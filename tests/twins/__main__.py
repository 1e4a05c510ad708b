"""`python -m tests.twins`: many generated queries, each asked in both worlds of a partner; exit 1 on any difference."""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import Stack, start_stack
from tests.twins.agreed import PURPOSE
from tests.twins.asking import Pair, Verdict, compare_all
from tests.twins.grammar import queries
from tests.twins.session import Twins, make_twins, policy

EVERY = 200
"""How often progress is told."""


def main() -> int:
    """Run as many queries as were asked for."""
    asked = _arguments()
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        started = None if asked.stack_home else start_stack(scratch / "stack")
        try:
            home = asked.stack_home or scratch / "stack"
            with policy(scratch) as opa:
                print("loading the worlds", flush=True)
                twins = make_twins(home, opa, *PURPOSE)
                return asyncio.run(_run(twins, scratch, asked))
        finally:
            if started:
                Stack(started.home, "").portgate("down", check=False)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.twins", description=__doc__)
    parser.add_argument("--queries", type=int, default=20_000)
    parser.add_argument("--seed", default="twin worlds")
    parser.add_argument("--at-once", type=int, default=6)
    parser.add_argument("--stack-home", type=Path, help="a running stack; without it one is started for the run")
    return parser.parse_args()


async def _run(twins: Twins, scratch: Path, asked: argparse.Namespace) -> int:
    counted: Counter[str] = Counter()
    endings: Counter[str] = Counter()
    began = time.monotonic()
    async with twins.pairs(scratch, *PURPOSE) as pairs:
        drawn = _drawn(twins, pairs, asked)
        async for verdict in compare_all(drawn, asked.at_once):
            counted[verdict.kind] += 1
            endings[verdict.ending] += 1
            if verdict.kind != "same":
                print(_told(verdict), flush=True)
            if counted.total() % EVERY == 0:
                print(f"{counted.total():6} queries, {counted['different']} differences", flush=True)
    took = time.monotonic() - began
    print(f"{counted.total()} queries in {took:.0f} s ({counted.total() / took:.1f} a second), seed {asked.seed!r}")
    print(", ".join(f"{count} ended in {ending}" for ending, count in endings.most_common()))
    print(f"{counted['unstable']} were not the same twice in one world")
    print(f"{counted['different']} differences between the worlds")
    return 1 if counted["different"] else 0


def _drawn(twins: Twins, pairs: dict[str, Pair], asked: argparse.Namespace) -> Iterator[tuple[Pair, str]]:
    share = asked.queries // len(pairs) + 1
    texts = {name: iter(queries(twins.words(name), f"{asked.seed} {name}", share)) for name in pairs}
    for number in range(asked.queries):
        name = list(pairs)[number % len(pairs)]
        yield pairs[name], next(texts[name])


def _told(verdict: Verdict) -> str:
    return f"{verdict.kind}: {verdict.sql}\n  first:  {verdict.mine}\n  second: {verdict.other}"


if __name__ == "__main__":
    sys.exit(main())
