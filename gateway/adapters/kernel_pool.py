"""The kernel's steps, taken in worker processes that can be killed: no partner's text is ever read on the event loop.

What a reviewer must check:
- A step that takes too long is ended with SIGKILL. It costs one refusal, and the worker; another one stands by. All
  steps over one text share its time.
- A worker that dies at work costs one refusal, one that dies idle none; either is replaced. No worker is used again
  after trouble.
- Organisations take turns (`turns.py`), so that one of them cannot hold all workers, nor use them up one after another.
- A step that has begun is never abandoned half way: its worker is given back only when the step has ended.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar, TypeVarTuple

from pebble import ProcessExpired, ProcessPool

from gateway.adapters import kernel_worker
from gateway.adapters.turns import Turns
from gateway.desk import LOST, REMEMBERED, TOO_SLOW, Fault, Job, Planned, error_of
from gateway.errors import KernelUnavailable, TooMany
from gateway.model import CANONICAL, Asked, Catalog, Place
from gateway.session.binding import Bound
from gateway.session.commands import Command
from gateway.session.prepared import Described
from gateway.settings import KernelSettings

SLOW_SECONDS = 0.2
"""A step that takes longer yields to all others from then on, and its worker is not used again."""
MIN_SECONDS = 0.4
"""What is left for the second step of a text whose first one took nearly all the time there is."""
MAX_NOTED = 256
START_SECONDS = 60.0
RETRY_SECONDS = 1.0
END_SECONDS = 0.5
_LOWEST = 19
_PRELOADED = ["pebble", "gateway.adapters.kernel_worker"]

_DID_NOT_START = (TimeoutError, ProcessExpired, RuntimeError, OSError)

_log = logging.getLogger("portgate.kernel")

Given = TypeVarTuple("Given")
Done = TypeVar("Done")


class KernelPool:
    """A few worker processes that hold the catalog, and one more that stands by."""

    def __init__(self, catalog: Catalog, settings: KernelSettings) -> None:
        self._settings = settings
        self._catalog = pickle.dumps(catalog)
        self._turns = Turns(share=max(1, settings.workers - 1))
        self._threads = ThreadPoolExecutor(settings.workers + 1, "starts-kernel-workers")
        self._idle: list[_Worker] = []
        self._took: dict[int, float] = {}
        self._alive = self._owed = 0
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    async def start(self) -> None:
        """Start the workers, and return once they are ready."""
        try:
            await asyncio.gather(*(self._add_worker() for _ in range(self._settings.workers + 1)))
        except _DID_NOT_START as error:
            raise KernelUnavailable("the kernel's workers did not start") from error

    async def close(self) -> None:
        """End every worker."""
        self._closed = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        ending = [worker.end() for worker in self._idle]
        self._idle.clear()
        for thread in ending:
            await asyncio.to_thread(thread.join, END_SECONDS)
        self._threads.shutdown(wait=False)

    async def probe(self) -> None:
        """Raise `KernelUnavailable` unless a worker is ready or at work."""
        if not self._alive:
            raise KernelUnavailable("no worker reads statements", hint="try again in a moment")

    async def tables_asked(self, organisation: str, text: str, place: Place = CANONICAL) -> Asked:
        """Take the first hop of one query."""
        self._took.pop(hash(text), None)
        return await self.run(organisation, text, kernel_worker.tables_asked, text, place)

    async def plan(self, organisation: str, job: Job) -> Planned:
        """Take the second hop of one query, where the first one was if that worker is free."""
        return await self.run(organisation, job.text, kernel_worker.plan, job)

    async def command(self, organisation: str, text: str) -> Command:
        """Read a statement that is no query."""
        return await self.run(organisation, text, kernel_worker.command, text)

    async def bound(self, organisation: str, text: str, parameters: tuple[str, ...]) -> Bound:
        """Put the parameters of a prepared statement in place."""
        return await self.run(organisation, text, kernel_worker.bound, text, parameters)

    async def described(self, organisation: str, text: str) -> Described:
        """Say what a prepared query takes and gives."""
        return await self.run(organisation, text, kernel_worker.described, text)

    async def run(self, organisation: str, text: str, step: Callable[[*Given], Done | Fault], *given: *Given) -> Done:
        """Take one step over a text in a worker, when it is the organisation's turn; raise the `Fault` it ends in."""
        await self._wait_for_turn(organisation)
        # what has begun ends by itself, also when the partner goes away meanwhile
        answer = await asyncio.shield(self._keep(self._work(organisation, text, step, *given)))
        if isinstance(answer, Fault):
            raise error_of(answer)
        return answer

    async def _wait_for_turn(self, organisation: str) -> None:
        if self._turns.waiting(organisation) >= self._settings.waiting_per_organisation:
            raise TooMany("your organisation has too many statements waiting", hint="wait for the answers to some")
        try:
            async with asyncio.timeout(self._settings.wait_seconds):
                await self._turns.take(organisation)
        except TimeoutError:
            raise KernelUnavailable("no worker was free to read the statement", hint="try again in a moment") from None

    async def _work(
        self, organisation: str, text: str, step: Callable[[*Given], Done | Fault], *given: *Given
    ) -> Done | Fault:
        worker = next((worker for worker in self._idle if text in worker.read), self._idle[0])
        self._idle.remove(worker)
        began = time.monotonic()
        try:
            return await worker.run(text, self._left(text), step, *given)
        finally:
            self._note(text, time.monotonic() - began)
            if worker.spent:
                self._lose(worker, organisation)
            else:
                self._idle.append(worker)
                self._turns.give(organisation)

    def _left(self, text: str) -> float:
        """How long a step over this text may still take."""
        return max(MIN_SECONDS, self._settings.timeout_seconds - self._took.get(hash(text), 0.0))

    def _note(self, text: str, seconds: float) -> None:
        before = self._took.pop(hash(text), 0.0)
        if seconds > SLOW_SECONDS:  # what is quick is not worth remembering
            self._took[hash(text)] = before + seconds
        if len(self._took) > MAX_NOTED:
            del self._took[next(iter(self._took))]

    # --- workers come and go ----------------------------------------------------------------------------------------

    async def _add_worker(self) -> None:
        worker = _Worker(self._catalog, self._settings.memory_bytes)
        try:
            await worker.begin(self._threads)
        except BaseException:
            worker.end()
            raise
        worker.watch(self._died)
        self._idle.append(worker)
        self._count(alive=+1)

    def _died(self, worker: _Worker) -> None:
        if worker in self._idle:  # one that is at work is lost by its step
            self._idle.remove(worker)
            self._lose(worker, "")

    def _lose(self, worker: _Worker, organisation: str) -> None:
        """Replace a worker; until that is done, the turn of whoever used it up is not given back."""
        worker.end()
        self._count(alive=-1, owed=int(bool(organisation)))
        self._keep(self._replace(organisation))

    async def _replace(self, organisation: str) -> None:
        while not self._closed:
            try:
                await self._add_worker()
                break
            except _DID_NOT_START as error:
                _log.error("a worker did not start: %s", type(error).__name__)
                await asyncio.sleep(RETRY_SECONDS)
        if organisation:
            self._count(owed=-1)
            self._turns.give(organisation)

    def _count(self, alive: int = 0, owed: int = 0) -> None:
        self._alive += alive
        self._owed += owed
        self._turns.places = min(self._settings.workers, self._alive) + self._owed
        self._turns.serve()

    def _keep(self, work: Coroutine[Any, Any, Done]) -> asyncio.Task[Done]:
        """Let work go on by itself: the loop alone would forget it."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


class _Worker:
    """One process, and the pool of one that watches it."""

    def __init__(self, catalog: bytes, memory_bytes: int) -> None:
        self.read: deque[str] = deque(maxlen=REMEMBERED)
        """The texts that it read last, and so need not read again."""
        self.spent = False
        """Whether it may not be used again."""
        self._pid = self._handle = 0
        self._pool = ProcessPool(
            max_workers=1,
            initializer=kernel_worker.start,
            initargs=(catalog, memory_bytes),
            context=_context(),
        )

    async def begin(self, threads: ThreadPoolExecutor) -> None:
        """Start the process; return once it is ready for work."""
        # on a thread: the catalog is more than a pipe holds, so the start waits until the new process reads it
        scheduled = await asyncio.get_running_loop().run_in_executor(threads, self._pool.schedule, kernel_worker.ready)
        self._pid = await asyncio.wait_for(asyncio.wrap_future(scheduled), START_SECONDS)
        self._handle = os.pidfd_open(self._pid)  # a number may belong to another process one day, a handle never

    def watch(self, died: Callable[[_Worker], None]) -> None:
        """Have it told when the process is gone."""
        loop = asyncio.get_running_loop()

        def tell() -> None:
            loop.remove_reader(self._handle)
            died(self)

        loop.add_reader(self._handle, tell)

    async def run(
        self, text: str, seconds: float, step: Callable[[*Given], Done | Fault], *given: *Given
    ) -> Done | Fault:
        """Take one step within `seconds`."""
        self.read.append(text)
        self.spent = True  # until it has ended well
        try:
            answer, slow = await self._watched(asyncio.wrap_future(self._pool.schedule(step, args=given)), seconds)
        except TimeoutError:
            return TOO_SLOW
        except (ProcessExpired, RuntimeError):  # RuntimeError: the process was gone before it could begin
            return LOST
        self.spent = slow
        return answer

    async def _watched(self, running: asyncio.Future[Done], seconds: float) -> tuple[Done, bool]:
        """Wait for a step, and say whether it was slow."""
        try:
            async with asyncio.timeout(seconds):
                await asyncio.wait({running}, timeout=SLOW_SECONDS)
                slow = not running.done()
                if slow:
                    with contextlib.suppress(ProcessLookupError):  # it died meanwhile
                        os.setpriority(os.PRIO_PROCESS, self._pid, _LOWEST)
                return await running, slow
        finally:
            running.cancel()

    def end(self) -> threading.Thread:
        """Kill the process, whatever it does, and let go of its pool on a thread, which is returned."""
        if self._handle:
            asyncio.get_running_loop().remove_reader(self._handle)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self._handle, signal.SIGKILL)
            os.close(self._handle)
        thread = threading.Thread(target=self._let_go, name="kernel-pool-end", daemon=True)
        thread.start()
        return thread

    def _let_go(self) -> None:
        self._pool.stop()  # type: ignore[no-untyped-call]
        self._pool.join()


def _context() -> Any:
    """Workers are forked from a small server that has the modules loaded and no threads, never from the gateway."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(_PRELOADED)
    return context
