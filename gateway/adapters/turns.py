"""Who may use one of a few places next: organisations take turns, and none holds every place."""

from __future__ import annotations

import asyncio
from collections import Counter, deque


class Turns:
    """A queue for each organisation, and a count of the places that are taken.

    Invariants
    - No more than `places` turns are out at once, and no organisation has more than `share` of them.
    - A free place goes to the organisation that waits with the fewest turns out, and of those to the one that had
      none for the longest time.
    """

    def __init__(self, share: int) -> None:
        self.places = 0
        """How many turns may be out; call `serve` after it grew."""
        self._share = share
        self._out: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}

    def waiting(self, who: str) -> int:
        """How many of an organisation wait."""
        return len(self._queues.get(who, ()))

    async def take(self, who: str) -> None:
        """Wait for a turn; it must be given back."""
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._queues.setdefault(who, deque()).append(turn)
        self.serve()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._forget(who, turn)
            else:  # the turn came in the same moment
                self.give(who)
            raise

    def give(self, who: str) -> None:
        """Give a turn back."""
        self._out[who] -= 1
        if not self._out[who]:
            del self._out[who]
        self.serve()

    def serve(self) -> None:
        """Hand out what is free."""
        while self._out.total() < self.places:
            who = self._next()
            if who is None:
                return
            queue = self._queues.pop(who)
            turn = queue.popleft()
            if queue:
                self._queues[who] = queue  # at the end: who waits longest stands first
            if not turn.cancelled():
                self._out[who] += 1
                turn.set_result(None)

    def _next(self) -> str | None:
        open_to = [who for who in self._queues if self._out[who] < self._share]
        return min(open_to, key=self._out.__getitem__, default=None)

    def _forget(self, who: str, turn: asyncio.Future[None]) -> None:
        queue = self._queues.get(who, deque())
        if turn in queue:
            queue.remove(turn)
        if not queue:
            self._queues.pop(who, None)
