"""The answers under way, by what they stand on: a port that suspends its agreements ends those that use them.

Where nothing may be released any more, all of them end.
"""

from __future__ import annotations

import asyncio
import weakref
from collections.abc import Awaitable, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar

from gateway.errors import GatewayError, PortSuspended

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Suspension:
    """What a port has suspended."""

    everything: bool = False
    agreements: frozenset[str] = frozenset()

    def concerns(self, used: Iterable[str]) -> bool:
        """Whether an answer under these agreements of the port must stop."""
        return self.everything or not self.agreements.isdisjoint(used)


class Stoppable(Protocol):
    """An answer under way."""

    @property
    def stands_on(self) -> Mapping[str, frozenset[str]]:
        """Port -> the agreements that it uses."""

    def stop(self, error: GatewayError) -> None:
        """End it with this error, soon; nothing happens once it has ended."""


class RunningAnswers:
    """Every answer under way, and what is suspended; belongs to one event loop."""

    def __init__(self) -> None:
        self._answers: weakref.WeakSet[Stoppable] = weakref.WeakSet()
        self._suspended: dict[str, Suspension] = {}

    def add(self, answer: Stoppable) -> None:
        """Watch over an answer; what was suspended between its decision and now stops it at once."""
        self._answers.add(answer)
        for port, suspension in self._suspended.items():
            _stop_if_concerned(answer, port, suspension)

    def suspend(self, port: str, suspension: Suspension) -> None:
        """Take note of what a port has suspended now, and stop the answers that stand on it."""
        self._suspended[port] = suspension
        for answer in list(self._answers):
            _stop_if_concerned(answer, port, suspension)

    def stop_all(self, error: GatewayError) -> None:
        """Stop every answer under way."""
        for answer in list(self._answers):
            answer.stop(error)


def _stop_if_concerned(answer: Stoppable, port: str, suspension: Suspension) -> None:
    used = answer.stands_on.get(port)
    if used is not None and suspension.concerns(used):
        answer.stop(PortSuspended(port))


async def unless(stopped: asyncio.Future[GatewayError], work: Awaitable[T]) -> T:
    """Do the work and return what it gives; raise the error as soon as there is one, with the work cancelled."""
    doing = asyncio.ensure_future(work)
    try:
        await asyncio.wait((doing, asyncio.ensure_future(stopped)), return_when=asyncio.FIRST_COMPLETED)
    finally:
        if not doing.done():
            doing.cancel()
            await asyncio.gather(doing, return_exceptions=True)  # what it must still put in order
    if stopped.done():
        raise stopped.result()
    return doing.result()
