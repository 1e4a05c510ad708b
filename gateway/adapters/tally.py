"""What happens often -> few records: each kind of it once in a while, with how often it happened.

*Invariants*
- Nothing is lost from the count: what was noted is written, or stands in the operator's log as not written.
- However much is noted, at most `most` kinds and one for all others are written at a time, and the time between two
  writings doubles up to `longest_seconds` for as long as there is something to write each time.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Hashable
from typing import Generic, TypeVar

EVERY_SECONDS = 1.0
MOST_KINDS = 20

K = TypeVar("K", bound=Hashable)
D = TypeVar("D")


class Tally(Generic[K, D]):
    """Counts what is noted, kind by kind; belongs to one event loop."""

    def __init__(
        self,
        write: Callable[[D, int], Awaitable[None]],
        rest: tuple[K, D],
        *,
        most: int = MOST_KINDS,
        every_seconds: float = EVERY_SECONDS,
        longest_seconds: float = EVERY_SECONDS,
    ) -> None:
        """`write` takes the first of a kind and how many there were, and raises nothing; `rest` stands for others."""
        self._write, self._rest, self._most = write, rest, most
        self._every_seconds, self._longest_seconds = every_seconds, longest_seconds
        self._waiting: dict[K, tuple[D, int]] = {}
        self._reporter: asyncio.Task[None] | None = None
        self._closing = asyncio.Event()

    def note(self, kind: K, detail: D) -> int:
        """Note one; say how many there are that are not written yet."""
        if kind not in self._waiting and len(self._waiting) >= self._most:
            kind, detail = self._rest
        first, count = self._waiting.get(kind, (detail, 0))
        self._waiting[kind] = first, count + 1
        if self._reporter is None or self._reporter.done():
            self._reporter = asyncio.create_task(self._report())
        return sum(count for _, count in self._waiting.values())

    async def close(self) -> None:
        """Write what waits."""
        self._closing.set()
        if self._reporter is not None:
            await self._reporter
        await self._write_all()

    async def _report(self) -> None:
        """Write what was noted, until a while passes without any."""
        seconds = self._every_seconds
        while self._waiting:
            await self._write_all()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closing.wait(), seconds)
            seconds = min(seconds * 2, self._longest_seconds)

    async def _write_all(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for detail, count in waiting.values():
            await self._write(detail, count)
