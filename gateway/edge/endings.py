"""How logins ended, kept until the program that waits has heard of it: for minutes, and in a bounded number."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from weakref import WeakValueDictionary

MAX_ENDINGS = 10_000


@dataclass(frozen=True, slots=True)
class Ending:
    """A token, or why there is none."""

    token: str = field(default="", repr=False)
    error: str = ""


TAKEN = Ending(error="the token of this login was given out already; start it again")


class Endings:
    """The endings by login; used on the event loop only.

    Invariants
    - The first ending of a login is its only one.
    - A token is given out once.
    """

    def __init__(self, seconds: float, clock: Callable[[], float]) -> None:
        self._seconds = seconds
        self._clock = clock
        self._known: OrderedDict[str, tuple[float, Ending]] = OrderedDict()
        self._waiting: WeakValueDictionary[str, asyncio.Event] = WeakValueDictionary()

    def has(self, login: str) -> bool:
        """Say whether a login has ended."""
        self._drop_old()
        return login in self._known

    def settle(self, login: str, ending: Ending) -> None:
        """End a login, unless it has ended already; of too many, the oldest go."""
        self._drop_old()
        if len(self._known) >= MAX_ENDINGS:
            self._known.popitem(last=False)
        self._known.setdefault(login, (self._clock(), ending))
        if event := self._waiting.get(login):
            event.set()

    async def wait(self, login: str, seconds: float) -> Ending | None:
        """Return how a login ended, or None if it has not in this time."""
        if login not in self._known:
            event = self._waiting.setdefault(login, asyncio.Event())
            try:
                async with asyncio.timeout(seconds):
                    await event.wait()
            except TimeoutError:
                return None
        return self._take(login)

    def forget(self, login: str) -> None:
        """Let nobody have the token of a login any more, also of one that has not ended."""
        self.settle(login, TAKEN)
        self._known[login] = (self._known[login][0], TAKEN)

    def _take(self, login: str) -> Ending | None:
        if login not in self._known:
            return None
        since, ending = self._known[login]
        if ending.token:
            self._known[login] = (since, TAKEN)
        return ending

    def _drop_old(self) -> None:
        limit = self._clock() - self._seconds
        while self._known and next(iter(self._known.values()))[0] < limit:
            self._known.popitem(last=False)
