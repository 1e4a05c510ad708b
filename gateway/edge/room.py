"""How many may read the log at once, and how many may wait for it: whoever comes then is told to come later."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractContextManager
from typing import TypeVar

from gateway.errors import TooMany

L = TypeVar("L")
T = TypeVar("T")


class Room:
    """Belongs to one event loop."""

    def __init__(self, at_once: int, most: int) -> None:
        """`most` counts those who wait and those who read."""
        self._running = asyncio.Semaphore(at_once)
        self._most, self._inside = most, 0

    @contextlib.asynccontextmanager
    async def place(self) -> AsyncIterator[None]:
        """Wait for a place, and hold it; raises TooMany."""
        if self._inside >= self._most:
            raise TooMany("too many read the log at once", hint="Try again in a few seconds.")
        self._inside += 1
        try:
            async with self._running:
                yield
        finally:
            self._inside -= 1

    async def read(self, open_log: Callable[[], AbstractContextManager[L]], work: Callable[[L], T]) -> T:
        """Have something done with the log on a thread; raises TooMany, AuditUnavailable."""
        async with self.place():
            return await asyncio.to_thread(_read, open_log, work)


def _read(open_log: Callable[[], AbstractContextManager[L]], work: Callable[[L], T]) -> T:
    with open_log() as log:
        return work(log)
