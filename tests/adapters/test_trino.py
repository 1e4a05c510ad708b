"""A query that Trino runs is known to the wall from before it is sent until it ends, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import pytest
from trino.exceptions import TrinoUserError

from gateway.adapters.trino import Running, translated
from gateway.adapters.wall import Wall
from gateway.errors import EngineUnavailable, Failed, VerificationFailed
from tests.adapters.asking import ADMISSION, ANA, body, select
from tests.simulator import Log, Ticking

T = TypeVar("T")

PERMISSION_DENIED = {
    "errorName": "PERMISSION_DENIED",
    "errorType": "USER_ERROR",
    "message": "Access Denied: Cannot select from columns [crew] in table or view los_angeles.pola.visit",
}


class Cursor:
    """What trino-python-client offers; Trino asks the wall while the query is sent."""

    def __init__(self, wall: Wall, questions: list[bytes], pages: list[list[list[object]] | Exception]) -> None:
        self._wall, self._questions, self._pages = wall, questions, pages
        self._loop = asyncio.get_running_loop()
        self.cancelled = 0
        self.answers: list[bool] = []

    def execute(self, sql: str) -> None:
        """Ask the wall, as Trino would."""
        for question in self._questions:
            asked = asyncio.run_coroutine_threadsafe(self._wall.allows(question), self._loop)
            self.answers.append(asked.result())

    def fetchmany(self, count: int) -> list[list[object]]:
        """Give the next page."""
        page = self._pages.pop(0)
        if isinstance(page, Exception):
            raise page
        return page

    def cancel(self) -> None:
        """Note it."""
        self.cancelled += 1


def story(
    told: Callable[[Wall, Running, Cursor], Awaitable[T]],
    *pages: list[list[object]] | Exception,
    questions: tuple[bytes, ...] = (body("ExecuteQuery"), select("ship")),
) -> T:
    """Run one query with a wall of its own."""

    async def whole() -> T:
        wall = Wall(Log(), Ticking(), "test build")
        cursor = Cursor(wall, list(questions), list(pages))
        wall.admit(ADMISSION)
        return await told(wall, Running(cursor, wall, ANA), cursor)

    return asyncio.run(whole())


async def is_known(wall: Wall) -> bool:
    """Whether Trino may still act for the query."""
    return await wall.allows(body("ExecuteQuery"))


def test_the_wall_knows_a_query_until_its_last_page() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> list[bool]:
        await running.ask("SELECT")
        known = [await is_known(wall)]
        async for _ in running.pages():
            known.append(await is_known(wall))
        return known

    assert story(told, [["a"]], [["b"]], []) == [True, True, False]


FAILURE = TrinoUserError({"errorName": "DIVISION_BY_ZERO", "errorType": "USER_ERROR", "message": "x"})


@pytest.mark.parametrize("pages", [[FAILURE], [[["a"]], FAILURE]])
def test_the_wall_forgets_a_query_that_fails(pages: list[list[list[object]] | Exception]) -> None:
    async def read(running: Running) -> None:
        await running.ask("SELECT")
        async for _ in running.pages():
            pass

    async def told(wall: Wall, running: Running, cursor: Cursor) -> bool:
        with pytest.raises(Failed):
            await read(running)
        return await is_known(wall)

    assert story(told, *pages) is False


def test_the_wall_forgets_a_query_that_is_cancelled() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> tuple[bool, int]:
        await running.ask("SELECT")
        await running.cancel()
        return await is_known(wall), cursor.cancelled

    assert story(told, [["a"]]) == (False, 1)


def test_what_the_wall_refused_is_a_fault_of_ours_and_says_nothing_of_the_table() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> str:
        with pytest.raises(VerificationFailed) as fault:
            await running.ask("SELECT")
        return fault.value.message + fault.value.hint

    message = story(told, TrinoUserError(PERMISSION_DENIED), questions=(body("ExecuteQuery"), select("crew")))

    assert "crew" not in message
    assert "visit" not in message


def test_rows_that_come_although_the_wall_refused_are_not_passed_on() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> tuple[list[bool], int]:
        with pytest.raises(VerificationFailed):
            await running.ask("SELECT")
        return cursor.answers, cursor.cancelled

    assert story(told, [["a"]], questions=(body("ExecuteQuery"), select("crew"))) == ([True, False], 1)


def test_rows_that_come_without_a_question_to_the_wall_are_not_passed_on() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> int:
        with pytest.raises(VerificationFailed, match="without asking"):
            await running.ask("SELECT")
        return cursor.cancelled

    assert story(told, [["a"]], questions=()) == 1


def test_a_query_that_is_abandoned_while_it_is_sent_is_forgotten() -> None:
    async def told(wall: Wall, running: Running, cursor: Cursor) -> bool:
        asking = asyncio.ensure_future(running.ask("SELECT"))
        await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await is_known(wall)

    assert story(told, [["a"]]) is False


def test_a_refusal_of_trinos_own_rules_is_a_fault_of_ours_too() -> None:
    assert isinstance(translated(TrinoUserError(PERMISSION_DENIED)), VerificationFailed)
    assert isinstance(translated(OSError("x")), EngineUnavailable)
