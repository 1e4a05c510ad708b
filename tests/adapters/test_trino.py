"""A query that Trino runs is known to the wall from before it is sent until it ends, however it ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import pytest

from gateway.adapters.trino import Running, Trino
from gateway.adapters.trino_errors import DATA_ERROR
from gateway.answer import rows_of
from gateway.conversation import Page, Session
from gateway.errors import EngineUnavailable, Failed, GatewayError, PassedOn, VerificationFailed
from gateway.model import Reach
from tests.adapters.asking import ADMISSION, VISIT, body, select
from tests.adapters.fake_trino import COLUMNS, FakeTrino, engine_over, failure, rows

T = TypeVar("T")

PERMISSION_DENIED = failure(
    "PERMISSION_DENIED", "Access Denied: Cannot select from columns [crew] in table or view los_angeles.pola.visit"
)
EMPTY = {"columns": COLUMNS, "stats": {"state": "FINISHED"}}


def story(folder: Path, trino: FakeTrino, told: Callable[[Trino], Awaitable[T]], seconds: float = 300.0) -> T:
    """Do something with an engine that has the fake for Trino."""

    async def whole() -> T:
        async with engine_over(trino, folder, seconds) as engine:
            return await told(engine)

    return asyncio.run(whole())


async def is_known(trino: FakeTrino) -> bool:
    """Whether Trino may still act for the query."""
    return await trino.wall.allows(body("ExecuteQuery"))


async def read(running: Running) -> list[Page]:
    """Every page."""
    pages = [await running.turn()]
    while not pages[-1].last:
        pages.append(await running.turn())
    return pages


def failing(folder: Path, trino: FakeTrino, kind: type[GatewayError]) -> tuple[GatewayError, bool]:
    """The error that a query ends with, and whether the wall knows the query still."""

    async def told(engine: Trino) -> tuple[GatewayError, bool]:
        with pytest.raises(kind) as fault:
            await read(await engine.start("SELECT", ADMISSION))
        return fault.value, await is_known(trino)

    return story(folder, trino, told)


def test_the_rows_of_a_page_are_counted_and_stay_the_bytes_that_trino_sent(tmp_path: Path) -> None:
    odd = ["],[", 'a\\"],[', 'null],["', "Å\u2028"]
    trino = FakeTrino([rows(*([word, 1] for word in odd)), rows([None, 2]), EMPTY])

    async def told(engine: Trino) -> tuple[list[Page], tuple[tuple[str, str], ...], bytes]:
        running = await engine.start("SELECT", ADMISSION)
        return await read(running), running.columns, running.signature

    pages, columns, signature = story(tmp_path, trino, told)

    assert [(page.rows, page.last) for page in pages] == [(4, False), (1, False), (0, True)]
    assert [rows_of(page) for page in pages] == [[[word, 1] for word in odd], [[None, 2]], []]
    assert (columns, b"typeSignature" in signature) == ((("ship", "varchar"),), True)


def test_the_last_page_can_be_asked_for_again(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"]), EMPTY])

    async def told(engine: Trino) -> list[list[list[object]]]:
        running = await engine.start("SELECT", ADMISSION)
        pages = [await running.turn(), await running.again(), await running.turn(), await running.again()]
        return [rows_of(page) for page in pages]

    assert story(tmp_path, trino, told) == [[["a"]], [["a"]], [["b"]], [["b"]]]


def test_another_gateway_reads_on_where_the_first_one_was(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"]), EMPTY])

    async def told(engine: Trino) -> list[Page]:
        running = await engine.start("SELECT", ADMISSION)
        await running.turn()
        return await read(engine.resume(ADMISSION.user, running.next))

    assert [rows_of(page) for page in story(tmp_path, trino, told)] == [[["b"]], []]


def test_a_page_from_which_another_gateway_has_read_on_is_no_failure_of_the_query(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"]), EMPTY])

    async def told(engine: Trino) -> bool:
        running = await engine.start("SELECT", ADMISSION)
        await running.turn()
        await engine.resume(ADMISSION.user, running.next).turn()
        with pytest.raises(PassedOn):
            await running.again()
        return await is_known(trino)

    assert story(tmp_path, trino, told)
    assert trino.cancelled == 0


def test_trino_hears_of_the_session_what_is_ours_to_pass_on_and_nothing_else(tmp_path: Path) -> None:
    trino = FakeTrino([EMPTY])
    session = Session(
        "c", "s", "America/Los_Angeles", "de", "evil", ("tag",), frozenset({"NUMBER", "PATH"}), {"x": "y"}, {"p": "q"}
    )
    hurried = replace(session, properties={"query_max_run_time": "10s"})

    async def told(engine: Trino) -> None:
        await read(await engine.start("SELECT", ADMISSION, session))
        await read(await engine.start("SELECT", ADMISSION, hurried))

    story(tmp_path, trino, told)

    heard = {name: value for name, value in trino.heard[0][2].items() if name.startswith("X-")}
    assert trino.heard[-1][2]["X-Trino-Session"] == "query_max_run_time=10.000s"
    assert heard == {
        "X-Trino-User": "ana#7",
        "X-Trino-Source": "portgate",
        "X-Trino-Time-Zone": "America/Los_Angeles",
        "X-Trino-Language": "de",
        "X-Trino-Client-Capabilities": "NUMBER",
    }


def test_a_query_that_takes_longer_than_one_may_take_is_stopped_and_says_so(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"])] * 1000)

    async def told(engine: Trino) -> Failed:
        running = await engine.start("SELECT", ADMISSION)
        await running.turn()
        with pytest.raises(Failed) as fault:
            await read(running)
        return fault.value

    error = story(tmp_path, trino, told, seconds=0.2)

    assert (error.trino_name, trino.cancelled) == ("EXCEEDED_TIME_LIMIT", 1)


def test_the_wall_knows_a_query_until_its_last_page(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), rows(["b"]), EMPTY])

    async def told(engine: Trino) -> list[bool]:
        running = await engine.start("SELECT", ADMISSION)
        known = [await is_known(trino)]
        while not (await running.turn()).last:
            known.append(await is_known(trino))
        return [*known, await is_known(trino)]

    assert story(tmp_path, trino, told) == [True, True, True, False]


@pytest.mark.parametrize("before", [[], [rows(["a"])]])
def test_the_wall_forgets_a_query_that_fails(tmp_path: Path, before: Sequence[dict[str, object]]) -> None:
    trino = FakeTrino([*before, failure("DIVISION_BY_ZERO")])

    assert failing(tmp_path, trino, Failed)[1] is False


def test_the_wall_forgets_a_query_that_is_cancelled(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), EMPTY])

    async def told(engine: Trino) -> bool:
        running = await engine.start("SELECT", ADMISSION)
        await running.turn()
        await running.cancel()
        return await is_known(trino)

    assert (story(tmp_path, trino, told), trino.cancelled) == (False, 1)


def test_what_the_wall_refused_is_a_fault_of_ours_and_says_nothing_of_the_table(tmp_path: Path) -> None:
    trino = FakeTrino([PERMISSION_DENIED], questions=(body("ExecuteQuery"), select("crew")))

    fault, _ = failing(tmp_path, trino, VerificationFailed)

    assert "crew" not in fault.message + fault.hint
    assert "visit" not in fault.message + fault.hint


def test_rows_that_come_although_the_wall_refused_are_not_passed_on(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), EMPTY], questions=(body("ExecuteQuery"), select("crew")))

    failing(tmp_path, trino, VerificationFailed)

    assert (trino.answers, trino.cancelled) == ([True, False], 1)


def test_rows_that_come_without_a_question_to_the_wall_are_not_passed_on(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), EMPTY], questions=())

    fault, _ = failing(tmp_path, trino, VerificationFailed)

    assert ("without asking" in fault.message, trino.cancelled) == (True, 1)


def test_a_query_that_is_abandoned_while_it_is_sent_is_stopped_and_forgotten(tmp_path: Path) -> None:
    async def slowly() -> None:
        await asyncio.sleep(0.2)

    trino = FakeTrino([rows(["a"]), EMPTY], held=slowly)

    async def told(engine: Trino) -> bool:
        asking = asyncio.ensure_future(engine.start("SELECT", ADMISSION))
        await asyncio.sleep(0.1)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        return await is_known(trino)

    assert (story(tmp_path, trino, told), trino.cancelled) == (False, 1)


SAYS = "line 1:8: '+' cannot be applied to integer, varchar"


def test_trinos_words_pass_where_it_says_the_same_of_the_statement_alone(tmp_path: Path) -> None:
    trino = FakeTrino([failure("TYPE_MISMATCH", SAYS)], validation=[failure("TYPE_MISMATCH", SAYS)])

    fault, _ = failing(tmp_path, trino, Failed)

    assert (fault.message, fault.trino_name) == ("'+' cannot be applied to integer, varchar", "TYPE_MISMATCH")
    assert trino.sent == ["SELECT", "EXPLAIN (TYPE VALIDATE) SELECT"]


@pytest.mark.parametrize(
    "validation", [[rows([True])], [failure("TYPE_MISMATCH", "something else")], [failure("GENERIC", kind="EXTERNAL")]]
)
def test_trinos_words_are_kept_where_it_does_not(tmp_path: Path, validation: Sequence[dict[str, object]]) -> None:
    trino = FakeTrino([failure("TYPE_MISMATCH", SAYS)], validation=validation)

    assert failing(tmp_path, trino, Failed)[0].message == DATA_ERROR


def test_trinos_words_are_kept_once_rows_have_come(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), failure("TYPE_MISMATCH", SAYS)], validation=[failure("TYPE_MISMATCH", SAYS)])

    assert failing(tmp_path, trino, Failed)[0].message == DATA_ERROR


DIVIDED = failure("DIVISION_BY_ZERO", "line 1:8: Division by zero")


def failed(folder: Path, reach: Reach) -> Failed:
    """How a query ends that divides by zero."""
    trino = FakeTrino([DIVIDED], questions=(body("ExecuteQuery"),))

    async def told(engine: Trino) -> Failed:
        with pytest.raises(Failed) as fault:
            await read(await engine.start("SELECT", replace(ADMISSION, reach=reach)))
        return fault.value

    return story(folder, trino, told)


def test_what_goes_wrong_in_a_query_that_reads_no_table_is_told_in_trinos_words(tmp_path: Path) -> None:
    error = failed(tmp_path, {})

    assert (error.message, error.trino_name) == ("Division by zero", "DIVISION_BY_ZERO")


def test_what_goes_wrong_in_a_query_that_only_counts_a_table_is_not(tmp_path: Path) -> None:
    assert failed(tmp_path, {VISIT: frozenset()}).message == DATA_ERROR


@pytest.mark.parametrize(
    "given",
    [
        "http://127.0.0.1:1/v1/query/x", "https://127.0.0.1/v1/statement/executing/a/b/1?x=y", "//evil/v1/info", "",
        "https://evil/v1/statement/executing/a/../../query/1", "https://127.0.0.1/v1/statement/executing/a/b/1#x",
    ],
)  # fmt: skip
def test_an_address_that_is_none_of_trinos_statements_is_not_asked(tmp_path: Path, given: str) -> None:
    trino = FakeTrino([rows(["a"]), EMPTY], next_uri=lambda _: given)

    failing(tmp_path, trino, EngineUnavailable)

    assert [verb for verb, _, _ in trino.heard] == ["POST"]


def test_of_an_address_at_another_host_only_the_path_is_believed(tmp_path: Path) -> None:
    trino = FakeTrino([rows(["a"]), EMPTY], next_uri=lambda uri: uri.replace(trino.base, "https://evil.example"))

    async def told(engine: Trino) -> int:
        return len(await read(await engine.start("SELECT", ADMISSION)))

    assert story(tmp_path, trino, told) == 2
