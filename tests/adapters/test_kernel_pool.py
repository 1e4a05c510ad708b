"""Real worker processes: what the kernel says comes out of them whole, and trouble in one costs one refusal."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from gateway.adapters.kernel_pool import KernelPool
from gateway.desk import LOST, TOO_LARGE, TOO_SLOW, Desk, Job, fault_of
from gateway.errors import GatewayError, KernelUnavailable, NotParsed, TooMany, Unresolved
from gateway.kernel.parse import MAX_TREE_DEPTH
from gateway.settings import KernelSettings
from tests.adapters.steps import crash, hang_in_compiled_code, say_and_wait, take_memory, who
from tests.bombs import repeated
from tests.conftest import CHECKOUT
from tests.world import CATALOG, EVERYTHING, KEYS

SQL = "SELECT ship, count(*) FROM calls GROUP BY ship"
JOB = Job(SQL, EVERYTHING, KEYS)
PATIENT = 60.0


@asynccontextmanager
async def pool(**settings: Any) -> AsyncIterator[KernelPool]:
    """Workers over the small world."""
    opened = KernelPool(CATALOG, KernelSettings(**{"timeout_seconds": PATIENT, "wait_seconds": PATIENT} | settings))
    await opened.start()
    try:
        yield opened
    finally:
        await opened.close()


def run(story: Callable[[KernelPool], Awaitable[None]], **settings: Any) -> None:
    async def whole() -> None:
        async with pool(**settings) as opened:
            await story(opened)

    asyncio.run(whole())


class Waiting:
    """A step that holds a worker until it is let go."""

    def __init__(self, directory: Path, name: str) -> None:
        self._told, self._heard = directory / f"{name}.told", directory / f"{name}.heard"
        os.mkfifo(self._told)
        os.mkfifo(self._heard)

    def begin(self, at: KernelPool, organisation: str) -> asyncio.Task[int]:
        """Ask for a worker."""
        names = (str(self._told), str(self._heard))
        return asyncio.ensure_future(at.run(organisation, "waits", say_and_wait, names))

    async def runs(self) -> int:
        """Wait until it has its worker: which process that is."""
        return int(await asyncio.to_thread(self._told.read_text))

    async def let_go(self) -> None:
        """Let it end."""
        await asyncio.to_thread(self._heard.write_text, "go")


async def until_gone(*pids: int) -> None:
    """Wait until processes are gone; one that went before it was looked at is gone."""
    processes = []
    for pid in pids:
        with suppress(psutil.NoSuchProcess):
            processes.append(psutil.Process(pid))
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, PATIENT)
    assert not alive


async def refused(step: Awaitable[Any]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await step
    return caught.value


# --- stories ---------------------------------------------------------------------------------------------------------


def test_two_hops_through_workers_give_what_the_kernel_gives_here() -> None:
    async def story(at: KernelPool) -> None:
        assert await at.tables_asked("gobiz", SQL) == Desk(CATALOG).tables_asked(SQL)
        assert await at.plan("gobiz", JOB) == Desk(CATALOG).plan(JOB)
        await at.probe()

    run(story)


def test_a_refusal_comes_out_with_its_place_and_its_hint() -> None:
    async def story(at: KernelPool) -> None:
        error = await refused(at.plan("gobiz", Job("SELECT\n  nothing FROM calls", EVERYTHING, KEYS)))

        assert type(error) is Unresolved
        assert (error.line, error.column) == (2, 3)
        assert error.hint == "readable here: calls"

    run(story)


def test_a_long_chain_does_not_overflow_a_workers_stack() -> None:
    async def story(at: KernelPool) -> None:
        text = "SELECT " + repeated("1", " + ", MAX_TREE_DEPTH - 10)
        await at.tables_asked("gobiz", text)
        planned = await at.plan("gobiz", Job(text, EVERYTHING, KEYS))

        assert planned.plan.sql == text

    run(story)


def test_a_step_that_hangs_in_compiled_code_is_killed_and_costs_one_refusal() -> None:
    async def story(at: KernelPool) -> None:
        pids = {await at.run("gobiz", str(number), who, None) for number in range(9)}

        error = await refused(at.run("gobiz", "", hang_in_compiled_code, None))

        assert type(error) is NotParsed
        assert fault_of(error) == TOO_SLOW
        assert await at.tables_asked("gobiz", SQL)
        left = {await at.run("gobiz", f"later {number}", who, None) for number in range(9)}
        await until_gone(*(pids - left))
        assert len(pids - left) == 1

    run(story, timeout_seconds=2.0)


def test_a_worker_that_crashes_costs_one_refusal() -> None:
    async def story(at: KernelPool) -> None:
        for _ in range(3):
            error = await refused(at.run("gobiz", "", crash, None))
            assert fault_of(error) == LOST
            assert await at.tables_asked("gobiz", SQL)

    run(story, workers=1)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_organisation_that_uses_workers_up_does_not_stop_the_others(workers: int) -> None:
    async def story(at: KernelPool) -> None:
        crashing = [asyncio.ensure_future(refused(at.run("greedy", "", crash, None))) for _ in range(6)]

        for _ in range(30):
            assert await at.run("gobiz", SQL, who, None)

        assert {fault_of(error) for error in await asyncio.gather(*crashing)} == {LOST}
        assert await at.run("greedy", SQL, who, None)

    run(story, workers=workers)


def test_workers_that_are_killed_while_nothing_runs_cost_nothing() -> None:
    async def story(at: KernelPool) -> None:
        before = {await at.run("gobiz", str(number), who, None) for number in range(4)}
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        await until_gone(*before)
        await asyncio.sleep(0)  # the loop hears of it

        after = {await at.run("gobiz", f"later {number}", who, None) for number in range(4)}

        assert len(before) == 2
        assert not before & after
        assert await at.tables_asked("gobiz", SQL) == Desk(CATALOG).tables_asked(SQL)

    run(story, workers=1)


def test_a_text_that_needs_more_memory_than_a_worker_has_is_refused_and_the_worker_lives() -> None:
    async def story(at: KernelPool) -> None:
        error = await refused(at.run("gobiz", "", take_memory, 2 * 1024**3))

        assert fault_of(error) == TOO_LARGE
        assert await at.run("gobiz", "", take_memory, 1024**2) == 1024**2

    run(story, workers=1)


def test_one_organisation_cannot_hold_every_worker(tmp_path: Path) -> None:
    async def story(at: KernelPool) -> None:
        first, second = Waiting(tmp_path, "first"), Waiting(tmp_path, "second")
        holding = first.begin(at, "greedy")
        await first.runs()
        queued = second.begin(at, "greedy")

        assert await at.tables_asked("gobiz", SQL)
        assert not queued.done()

        await first.let_go()
        await holding
        await second.runs()
        await second.let_go()
        await queued

    run(story, workers=2)


def test_an_organisation_with_too_many_waiting_is_told_so_and_others_are_served(tmp_path: Path) -> None:
    async def story(at: KernelPool) -> None:
        first, second = Waiting(tmp_path, "first"), Waiting(tmp_path, "second")
        holding = first.begin(at, "greedy")
        await first.runs()
        queued = second.begin(at, "greedy")
        await asyncio.sleep(0)

        error = await refused(at.tables_asked("greedy", SQL))

        assert type(error) is TooMany
        assert await at.tables_asked("gobiz", SQL)
        await first.let_go()
        await second.runs()
        await second.let_go()
        await asyncio.gather(holding, queued)

    run(story, workers=2, waiting_per_organisation=1)


def test_who_waits_too_long_for_a_worker_is_told_to_come_again(tmp_path: Path) -> None:
    async def story(at: KernelPool) -> None:
        first = Waiting(tmp_path, "first")
        holding = first.begin(at, "greedy")
        await first.runs()

        error = await refused(at.tables_asked("gobiz", SQL))

        assert type(error) is KernelUnavailable
        await first.let_go()
        await holding
        assert await at.tables_asked("gobiz", SQL)

    run(story, workers=1, wait_seconds=0.2)


def test_a_slow_step_yields_to_others_and_its_worker_is_not_used_again(tmp_path: Path) -> None:
    async def story(at: KernelPool) -> None:
        slow = Waiting(tmp_path, "slow")
        step = slow.begin(at, "greedy")
        pid = await slow.runs()
        while os.getpriority(os.PRIO_PROCESS, pid) != 19:
            await asyncio.sleep(0.01)
        await slow.let_go()

        assert await step == 19
        await until_gone(pid)
        assert await at.tables_asked("gobiz", SQL)

    run(story, workers=1)


def test_a_partner_who_goes_away_leaves_the_worker_whole(tmp_path: Path) -> None:
    async def story(at: KernelPool) -> None:
        left = Waiting(tmp_path, "left")
        step = left.begin(at, "gobiz")
        await left.runs()
        step.cancel()
        waiting = asyncio.ensure_future(at.tables_asked("gobiz", SQL))
        await asyncio.sleep(0)
        assert not waiting.done(), "the worker is not free before its step has ended"

        await left.let_go()

        assert await waiting

    run(story, workers=1)


def test_workers_that_cannot_start_keep_the_gateway_from_starting() -> None:
    async def story() -> None:
        broken = KernelPool(CATALOG, KernelSettings(memory_bytes=1))
        with pytest.raises(KernelUnavailable):
            await broken.start()
        with pytest.raises(KernelUnavailable):
            await broken.probe()
        await broken.close()

    asyncio.run(story())


PARENT = """
import asyncio, sys
from tests.adapters.steps import who
from tests.adapters.test_kernel_pool import pool

async def main():
    async with pool() as opened:
        pids = {await opened.run("gobiz", str(number), who, None) for number in range(9)}
        print(*pids, flush=True)
        await asyncio.Event().wait()

if __name__ == "__main__":
    asyncio.run(main())
"""


def test_no_worker_outlives_a_gateway_that_is_killed() -> None:
    command = [sys.executable, "-c", PARENT]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        pids = [int(word) for word in parent.stdout.readline().split()]
        assert all(map(psutil.pid_exists, pids))

        parent.kill()

        asyncio.run(until_gone(*pids))
    assert pids
