"""An answer of the gateway's own -> what is read like any other: one page, and the last one."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable

import orjson

from gateway.conversation import Change, Page, Position, QueryRequest, Told
from gateway.edge.front import Answered, Front, Speaker
from gateway.edge.trino_results import columns_json
from gateway.errors import NotAllowed
from gateway.model import Notice, Partner

Answering = Callable[[Partner, QueryRequest], Awaitable[Answered]]
"""Starts what a statement asks for, and waits for its first rows."""


def answering(gate: Front, speaker: Speaker | None) -> Answering:
    """Answer statements of every kind that gives rows, where somebody speaks for the gate; else queries alone."""
    if speaker is None:
        return gate.answer

    async def answer(partner: Partner, request: QueryRequest) -> Answered:
        spoken = await speaker.speak(partner, request)
        if not isinstance(spoken, Told):
            return await spoken.first()
        if spoken.change != Change() or spoken.stops:
            raise NotAllowed(
                f"{spoken.update_type} is for a session, and a request of this kind has none",
                hint="declare the purpose beside the query; for a session, use a Trino client",
            )
        return ToldAnswer(partner, spoken)

    return answer


class ToldAnswer:
    """The rows of a statement that no query runs for."""

    progress = 100
    recorded: tuple[int, int] | None = None

    def __init__(self, partner: Partner, told: Told) -> None:
        self.id = str(uuid.uuid4())
        self.stats: dict[str, object] = {}
        self.columns: tuple[tuple[str, str], ...] = told.columns
        self.signature = columns_json(told.columns)
        self.notices: tuple[Notice, ...] = told.notices
        self.position = Position(self.id, partner.organisation, partner.id, "", 0, "", 1, "")
        rows = [list(row) for row in told.rows]
        self._page = Page(orjson.dumps(rows, default=str) if rows else b"", len(rows), True)

    async def turn(self) -> Page:
        """Give all there is."""
        return self._page

    async def again(self) -> Page:
        """Give it again."""
        return self._page

    async def pages(self) -> AsyncIterator[Page]:
        """Give all there is."""
        yield self._page

    def check(self) -> None:
        """Nothing stops it."""

    async def cancel(self) -> None:
        """Nothing runs."""
