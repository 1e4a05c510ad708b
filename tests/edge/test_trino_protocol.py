"""Trino's protocol at the edge: what clients get page by page, and what ends badly."""

from __future__ import annotations

import asyncio

import orjson
import pytest

from gateway.conversation import Change, Page, Told
from gateway.edge import trino_queries
from gateway.errors import (
    Broken,
    Denied,
    Failed,
    KernelUnavailable,
    NotAllowed,
    PortUnavailable,
    TooMany,
)
from gateway.model import Notice
from tests.edge.trino_stand_in import (
    END,
    ONE,
    SIGNATURE,
    Client,
    Script,
    gate_for,
    page,
    run,
)

# --- a query, page by page ------------------------------------------------------------------------------------------


def test_a_query_is_answered_under_addresses_of_our_own_and_its_rows_are_the_bytes_that_trino_sent() -> None:
    rows = b'[[1e400],["\\u00e9 \\ud83d\\ude00"],[0.10]]'

    async def story() -> None:
        script = Script([Page(rows, 3), END])
        client = Client(gate_for(script))

        posted = await client.post(ONE)
        page_1 = await client.http.get(posted.json()["nextUri"])

        assert posted.status_code == 200
        assert posted.headers["content-type"] == "application/json"
        assert set(posted.json()) == {"id", "infoUri", "partialCancelUri", "nextUri", "stats", "warnings"}
        assert posted.json()["nextUri"].startswith("http://gateway:8080/v1/statement/")
        assert b'"data":' + rows + b"," in page_1.content
        assert b'"columns":' + SIGNATURE in page_1.content
        assert page_1.headers["cache-control"] == "no-store"
        assert "server" not in page_1.headers

    run(story)


def test_a_small_answer_ends_with_its_first_page() -> None:
    async def story() -> None:
        client = Client(gate_for(Script([page(7), END])))

        pages = await client.read(await client.post(ONE))

        assert [each.get("data") for each in pages] == [None, [[7]]]
        assert pages[-1]["stats"]["state"] == "FINISHED"
        assert pages[-1]["stats"]["progressPercentage"] == 100.0
        assert client.protocol._queries.find(pages[0]["id"]) is not None

    run(story)


def test_rows_of_many_pages_come_once_each_and_in_order() -> None:
    async def story() -> None:
        wide = "x" * 70_000  # too large to be held back for the end that may come with it
        script = Script([page(), page(1, 2), page(), page(wide), page(), page(), page(3), END])
        client = Client(gate_for(script))

        pages = await client.read(await client.post(ONE))

        assert [row for each in pages for row in each.get("data", [])] == [[1], [2], [wide], [3]]
        assert script.asked == [1, 2, 3, 4, 5, 6, 7, 8]
        assert script.cancelled == 0

    run(story)


def test_an_answer_without_rows_has_columns_and_no_data() -> None:
    async def story() -> None:
        client = Client(gate_for(Script([END])))

        pages = await client.read(await client.post(ONE))

        assert "data" not in pages[-1]
        assert pages[-1]["columns"] == orjson.loads(SIGNATURE)

    run(story)


def test_a_client_that_waits_for_rows_hears_every_second_that_there_are_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trino_queries, "POLL_SECONDS", 0.05)

    async def story() -> None:
        hold = asyncio.Event()
        client = Client(gate_for(Script([page(7), END], hold=hold)))
        posted = (await client.post(ONE)).json()

        waits = (await client.http.get(posted["nextUri"])).json()
        waits_on = (await client.http.get(waits["nextUri"])).json()
        hold.set()
        rows = (await client.http.get(waits_on["nextUri"])).json()

        assert posted["stats"]["state"] == waits["stats"]["state"] == "QUEUED"
        assert "data" not in waits
        assert rows["data"] == [[7]]

    run(story)


@pytest.mark.parametrize(("room", "asked"), [(0, [1, 2, 2, 3]), (10_000_000, [1, 2, 3, 4])])
def test_the_last_page_can_be_read_again_and_no_other(
    monkeypatch: pytest.MonkeyPatch, room: int, asked: list[int]
) -> None:
    monkeypatch.setattr(trino_queries, "AHEAD_BYTES", room)

    async def story() -> None:
        wide = "x" * 70_000
        script = Script([page(1), page(wide), page(wide), END])
        client = Client(gate_for(script))
        get = client.http.get
        addresses = [(await client.post(ONE)).json()["nextUri"]]

        small = await get(addresses[0])
        addresses.append(small.json()["nextUri"])
        small_again = await get(addresses[0])
        large = await get(addresses[1])
        addresses.append(large.json()["nextUri"])
        large_again = await get(addresses[1])
        before = await get(addresses[0])
        next_ = await get(addresses[2])

        assert small.json()["data"] == small_again.json()["data"] == [[1]]
        assert large.json()["data"] == large_again.json()["data"] == [[wide]]
        assert before.status_code == 410
        assert next_.json()["data"] == [[wide]]
        await asyncio.sleep(0)
        assert script.asked == asked

    run(story)


def test_what_is_kept_has_a_bound_for_all_together(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = "x" * 70_000
    monkeypatch.setattr(trino_queries, "AHEAD_BYTES", 2 * 70_006)

    async def story() -> None:
        one, two = [Script([page(wide), page(wide), page(wide), END]) for _ in range(2)]
        client = Client(gate_for(one, two))
        posted = [(await client.post(ONE)).json() for _ in range(2)]
        pages = [(await client.http.get(each["nextUri"])).json() for each in posted]
        await asyncio.sleep(0)
        assert [one.asked, two.asked] == [[1, 2], [1]]

        await client.http.delete(pages[0]["nextUri"])
        await client.http.get(pages[1]["nextUri"])
        await asyncio.sleep(0)

        assert two.asked == [1, 2, 3]

    run(story)


def test_two_requests_for_one_page_get_the_same_page() -> None:
    async def story() -> None:
        script = Script([page(1), page("x" * 70_000), END])
        client = Client(gate_for(script))
        address = (await client.post(ONE)).json()["nextUri"]

        both = await asyncio.gather(client.http.get(address), client.http.get(address))

        assert [each.json()["data"] for each in both] == [[[1]], [[1]]]

    run(story)


def test_every_page_says_the_notices_as_warnings() -> None:
    async def story() -> None:
        notices = (Notice("column_masked", "shown masked", "oakland", "freight.events", "container_no"),)
        client = Client(gate_for(Script([page("x" * 70_000), END], notices=notices)))

        pages = await client.read(await client.post(ONE))

        assert [each["warnings"] for each in pages] == [
            [
                {
                    "warningCode": {"code": 0x05060001, "name": "PORTGATE_COLUMN_MASKED"},
                    "message": "oakland: freight.events.container_no: shown masked",
                }
            ]
        ] * len(pages)
        assert len(pages) == 3

    run(story)


# --- what ends badly ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "name", "kind"),
    [
        (NotAllowed("DROP is not allowed", hint="ask", line=1, column=8), "NOT_SUPPORTED", "USER_ERROR"),
        (Denied("no agreement"), "PERMISSION_DENIED", "USER_ERROR"),
        (TooMany("too many"), "QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES"),
        (KernelUnavailable("busy"), "KERNEL_UNAVAILABLE", "EXTERNAL"),
        (Broken("a secret of the gateway"), "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"),
        (RuntimeError("a secret of the gateway"), "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR"),
    ],
)
def test_a_refusal_is_a_whole_answer_with_an_error_that_clients_know(error: Exception, name: str, kind: str) -> None:
    async def story() -> None:
        answer = await Client(gate_for(error)).post(ONE)

        told = answer.json()
        assert answer.status_code == 200
        assert "nextUri" not in told
        assert (told["error"]["errorName"], told["error"]["errorType"]) == (name, kind)
        assert told["stats"]["state"] == "FAILED"
        assert "a secret" not in answer.text

    run(story)


@pytest.mark.parametrize("where", ["before the first rows", "after some rows"])
def test_a_query_that_fails_ends_with_its_error(where: str) -> None:
    failure = Failed("the query failed on a value it met", hint="guard it")

    async def story() -> None:
        early = Script([page(1)], first=failure)
        late = Script([page("x" * 70_000), failure])
        client = Client(gate_for(early if where == "before the first rows" else late))

        pages = await client.read(await client.post(ONE))
        last = pages[-1]

        assert last["error"]["message"] == "the query failed on a value it met (guard it)"
        assert last["error"]["failureInfo"]["type"] == "portgate.query_failed"
        assert "nextUri" not in last
        assert ("data" in pages[1]) == (where == "after some rows")

    run(story)


def test_an_error_can_be_read_again() -> None:
    async def story() -> None:
        client = Client(gate_for(Script([], first=PortUnavailable(("oakland",)))))
        address = (await client.post(ONE)).json()["nextUri"]

        twice = [(await client.http.get(address)).json()["error"]["errorName"] for _ in range(2)]

        assert twice == ["PORT_UNAVAILABLE", "PORT_UNAVAILABLE"]

    run(story)


# --- answers of our own ---------------------------------------------------------------------------------------------


def test_a_statement_without_rows_is_over_with_the_first_answer_and_changes_the_session() -> None:
    change = Change(
        set_catalog="california",
        set_schema="freight",
        set_session={"portgate.purpose": "a b,c=ä"},
        clear_session=("portgate.partial",),
        added_prepare={"p": "SELECT ?, 'x'"},
        deallocated_prepare=("q",),
        started_transaction="t-1",
        clear_transaction=True,
    )

    async def story() -> None:
        answer = await Client(gate_for(Told("SET SESSION", change=change))).post(ONE)

        assert answer.json()["updateType"] == "SET SESSION"
        assert "nextUri" not in answer.json()
        assert {name: value for name, value in answer.headers.items() if name.startswith("x-trino-")} == {
            "x-trino-set-catalog": "california",
            "x-trino-set-schema": "freight",
            "x-trino-set-session": "portgate.purpose=a+b%2Cc%3D%C3%A4",
            "x-trino-clear-session": "portgate.partial",
            "x-trino-added-prepare": "p=SELECT+%3F%2C+%27x%27",
            "x-trino-deallocated-prepare": "q",
            "x-trino-started-transaction-id": "t-1",
            "x-trino-clear-transaction-id": "true",
        }

    run(story)


def test_rows_of_our_own_come_with_the_first_page() -> None:
    told = Told(columns=(("Name", "varchar"), ("n", "bigint")), rows=(("a", 1), (None, 2)))

    async def story() -> None:
        client = Client(gate_for(told))

        pages = await client.read(await client.post(ONE))

        assert [each.get("data") for each in pages] == [None, [["a", 1], [None, 2]]]
        assert pages[1]["columns"][0]["typeSignature"] == {
            "rawType": "varchar",
            "arguments": [{"kind": "LONG", "value": 2147483647}],
        }

    run(story)


def test_a_change_that_cannot_stand_in_a_header_is_an_answer_without_it() -> None:
    async def story() -> None:
        bad = await Client(gate_for(Told("USE", change=Change(set_catalog="a\r\nX-Evil: 1")))).post(ONE)
        good = await Client(gate_for(Told("USE", change=Change(set_catalog="a")))).post(ONE)

        assert bad.json()["error"]["errorType"] == "USER_ERROR"
        assert "x-evil" not in bad.headers
        assert good.headers["x-trino-set-catalog"] == "a"

    run(story)
