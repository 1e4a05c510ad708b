"""Trino's protocol at the edge: what clients send, what they get page by page, and what nobody gets."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import orjson
import pytest

from gateway.conversation import Change, Page, Told
from gateway.edge import trino_queries
from gateway.edge.api import make_app
from gateway.errors import (
    Broken,
    Denied,
    Failed,
    KernelUnavailable,
    NotAllowed,
    PortSuspended,
    PortUnavailable,
    TooMany,
)
from gateway.model import Notice
from tests.edge.stand_in import StandInGate
from tests.edge.trino_stand_in import END, SIGNATURE, Client, Script, ScriptedAnswer, SpokenGate, page

ONE = "SELECT 1"


def gate_for(*scripts: Script | Told | Exception) -> SpokenGate:
    """A gate that gives `SELECT 1` the scripts in turn, the last one for ever."""
    left = list(scripts)
    return SpokenGate(scripts={ONE: lambda: left.pop(0) if len(left) > 1 else left[0]})


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story in a loop of its own."""
    asyncio.run(story())


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


# --- who may ask for what -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["GET", "HEAD", "DELETE"])
def test_a_page_of_somebody_else_is_as_absent_as_one_that_never_was(verb: str) -> None:
    async def story() -> None:
        script = Script([page(1), END])
        client = Client(gate_for(script))
        stranger = client.as_partner("planner")
        address = (await client.post(ONE)).json()["nextUri"]
        middle = len(address) - 40
        changed = address[:middle] + ("A" if address[middle] != "A" else "B") + address[middle + 1 :]

        foreign = await stranger.request(verb, address)
        absent = await stranger.request(verb, "http://gateway:8080/v1/statement/" + "A" * 200)
        tampered = await client.http.request(verb, changed)
        nameless = await client.as_partner("").request(verb, address)

        assert foreign.status_code == absent.status_code == tampered.status_code == 404
        assert foreign.content == absent.content == tampered.content
        assert nameless.status_code == 401
        assert script.cancelled == 0
        assert (await client.http.get(address)).json()["data"] == [[1]]

    run(story)


def test_a_query_is_cancelled_by_its_id_by_the_partner_whose_it_is_alone() -> None:
    async def story() -> None:
        script = Script([page(1), END])
        client = Client(gate_for(script))
        address = f"http://gateway:8080/v1/query/{(await client.post(ONE)).json()['id']}"

        foreign = await client.as_partner("planner").request("DELETE", address)
        absent = await client.http.request("DELETE", "http://gateway:8080/v1/query/none")
        assert foreign.status_code == absent.status_code == 404
        assert foreign.content == absent.content
        assert script.cancelled == 0
        own = await client.http.request("DELETE", address)

        assert own.status_code == 204
        assert script.cancelled == 1

    run(story)


@pytest.mark.parametrize(
    ("verb", "path"),
    [
        ("GET", "/v1"),
        ("GET", "/v1/query/none"),
        ("DELETE", "/v1/query/none"),
        ("DELETE", "/v1/query/"),
        ("GET", "/v1/query"),
        ("GET", "/v1/status"),
        ("GET", "/v1/node"),
        ("GET", "/v1/jmx/mbean"),
        ("GET", "/v1/info/state"),
        ("POST", "/v1/statement/"),
        ("POST", "/v1//statement"),
        ("POST", "/v1/statement?x=1"),
        ("POST", "/v1/%73tatement"),
        ("GET", "/v1/statement/executing/20261127_000000_00001_abcde/y1/1"),
        ("GET", "/v1/statement/../info"),
        ("PUT", "/v1/statement"),
        ("GET", "/v1/statement"),
        ("DELETE", "/v1/info"),
        ("PATCH", "/v1/statement/AAAA"),
    ],
)
def test_there_are_no_other_routes(verb: str, path: str) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        client = Client(gate)

        url = httpx.URL(f"http://gateway:8080{path}") if "/../" not in path else None
        answer = await client.http.request(verb, url or "http://gateway:8080/v1/statement/%2e%2e/info", content=b"x")

        assert answer.status_code in (404, 405)
        assert gate.asked == []

    run(story)


def test_who_asks_is_known_before_anything_is_read() -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        nobody = Client(gate, "")

        post, head = await nobody.post(""), await nobody.http.head("/v1/statement")
        info = await nobody.http.get("/v1/info")

        assert post.status_code == head.status_code == 401
        assert post.headers["www-authenticate"] == 'Bearer realm="Portgate"'
        assert info.json()["nodeVersion"] == {"version": "476"}
        assert (await Client(gate).http.head("/v1/statement")).status_code == 200
        assert gate.asked == []

    run(story)


def test_a_login_with_its_own_challenge_says_so() -> None:
    async def story() -> None:
        own = [(b"www-authenticate", b'Bearer x_redirect_server="https://a", x_token_server="https://b"')]
        nobody = Client(SpokenGate(), "", challenge=lambda _scope: own)

        assert (await nobody.post(ONE)).headers["www-authenticate"].startswith("Bearer x_redirect_server")

    run(story)


@pytest.mark.parametrize("host", ["a/b", "a@b", "evil.example:80:80", "", "a b", "a,b", "[::1", "h:123456"])
def test_a_host_that_is_no_name_makes_no_addresses(host: str) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))
        client = Client(gate)

        bad = await client.http.post("/v1/statement", content=ONE, headers={"Host": host})
        good = await client.http.post("/v1/statement", content=ONE, headers={"Host": "[::1]:8443"})

        assert bad.status_code == 400
        assert good.json()["nextUri"].startswith("http://[::1]:8443/v1/statement/")
        assert len(gate.asked) == 1

    run(story)


def test_a_public_address_stands_in_front_of_all_others() -> None:
    async def story() -> None:
        client = Client(gate_for(Script([END])), public_url="https://data.example/")

        answer = await client.post(ONE)

        assert answer.json()["nextUri"].startswith("https://data.example/v1/statement/")

    run(story)


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 400),
        (b" \n ", {}, 400),
        (b"\xff\xfe", {}, 400),
        (b"x" * (1024 * 1024 + 1), {}, 413),
        (b"SELECT 1", {"Content-Encoding": "gzip"}, 415),
        (b"SELECT 1", {"X-Trino-Schema": "freight"}, 400),
        (b"SELECT 1", {"X-Trino-Time-Zone": "Mars/Olympus"}, 400),
    ],
)
def test_a_request_that_is_no_statement_is_refused(body: bytes, headers: dict[str, str], status: int) -> None:
    async def story() -> None:
        gate = gate_for(Script([END]))

        answer = await Client(gate).http.post("/v1/statement", content=body, headers=headers)

        assert answer.status_code == status
        assert answer.headers["content-type"].startswith("text/plain")
        assert gate.asked == []

    run(story)


# --- being there, and leaving ---------------------------------------------------------------------------------------


def test_a_client_can_stop_its_query_whatever_it_waits_for() -> None:
    async def story() -> None:
        held = Script([page(1), END], hold=asyncio.Event())
        reading = Script([page("x" * 70_000), None])
        ended = Script([page(1), END])
        client = Client(gate_for(held, reading, ended))
        posted = [(await client.post(ONE)).json() for _ in range(3)]
        onward = (await client.http.get(posted[1]["nextUri"])).json()["partialCancelUri"]
        await client.http.get(posted[2]["nextUri"])

        answers = [await client.http.delete(url) for url in (posted[0]["nextUri"], onward, posted[2]["nextUri"])]

        assert [answer.status_code for answer in answers] == [204, 204, 204]
        assert [script.cancelled for script in (held, reading, ended)] == [1, 1, 0]
        after = (await client.http.get(posted[0]["nextUri"])).json()
        assert after["error"]["errorName"] == "USER_CANCELED"

    run(story)


def test_a_query_that_is_stopped_while_a_page_is_waited_for_says_so() -> None:
    async def story() -> None:
        script = Script([None])
        client = Client(gate_for(script))
        address = (await client.post(ONE)).json()["nextUri"]
        waiting = asyncio.create_task(client.http.get(address))
        while not script.asked:
            await asyncio.sleep(0)

        await client.http.delete(address)

        assert (await waiting).json()["error"]["errorName"] == "USER_CANCELED"

    run(story)


def test_a_query_that_nobody_reads_is_cancelled_and_one_that_is_alive_is_not() -> None:
    async def story() -> None:
        left, alive = Script([page(1), None]), Script([page(1), None])
        client = Client(gate_for(left, alive), timeout_seconds=0.4)
        await client.post(ONE)
        address = (await client.post(ONE)).json()["nextUri"]

        while not left.cancelled:
            assert (await client.http.head(address)).status_code == 200
            await asyncio.sleep(0.02)

        assert alive.cancelled == 0
        assert (await client.http.get(address)).json()["data"] == [[1]]

    run(story)


def test_a_heartbeat_reaches_trino_from_time_to_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trino_queries, "KEEP_ALIVE_SECONDS", 0.0)
    monkeypatch.setattr(trino_queries, "AHEAD_BYTES", 0)

    async def story() -> None:
        script = Script([page("x" * 70_000), END])
        client = Client(gate_for(script))
        first = await client.http.get((await client.post(ONE)).json()["nextUri"])

        await client.http.head(first.json()["nextUri"])
        await asyncio.sleep(0.01)

        assert script.asked == [1, 1]

    run(story)


def test_the_end_of_the_gateway_cancels_what_is_open() -> None:
    async def story() -> None:
        scripts = [Script([page(1), None], hold=asyncio.Event()), Script([page(1), None]), Script([page(1), END])]
        client = Client(gate_for(*scripts))
        for number in range(3):
            posted = await client.post(ONE)
            if number:
                await client.http.get(posted.json()["nextUri"])

        await client.protocol.close()

        assert [script.cancelled for script in scripts] == [1, 1, 0]

    run(story)


def test_a_client_that_leaves_before_it_hears_anything_leaves_nothing_behind() -> None:
    async def story() -> None:
        gate = gate_for(Script([page(1), END]))
        gate.slow = asyncio.Event()
        client = Client(gate)
        sent: list[Any] = []
        messages = [{"type": "http.request", "body": ONE.encode()}, {"type": "http.disconnect"}]

        async def receive() -> Any:
            return messages.pop(0)

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"gateway"), (b"authorization", b"Bearer analyst")]
        await client.protocol(
            {
                "type": "http",
                "method": "POST",
                "raw_path": b"/v1/statement",
                "query_string": b"",
                "scheme": "http",
                "headers": headers,
                "client": ("127.0.0.1", 1),
            },
            receive,
            send,
        )

        assert sent == []
        assert gate.running == {}

    run(story)


def test_only_so_many_queries_can_be_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trino_queries, "MAX_OPEN_OF_ONE", 2)

    async def story() -> None:
        client = Client(gate_for(Script([page(1), END])))

        names = [(await client.post(ONE)).json().get("error", {}).get("errorName") for _ in range(3)]
        other = (await client.as_partner("planner").post("/v1/statement", content=ONE)).json()

        assert names == [None, None, "QUERY_QUEUE_FULL"]
        assert "error" not in other

    run(story)


def test_nothing_that_waits_here_leaves_once_a_port_has_suspended_its_agreements() -> None:
    wide = "x" * 70_000

    async def story() -> None:
        client = Client(gate_for(Script([page(wide), page(wide), END])))
        address = (await client.post(ONE)).json()["nextUri"]
        first = (await client.http.get(address)).json()
        await asyncio.sleep(0)  # the next page is here already
        answer = client.protocol._queries._open[first["id"]].answer
        assert isinstance(answer, ScriptedAnswer)
        answer.stopped = PortSuspended("oakland")

        again = (await client.http.get(address)).json()
        next_ = (await client.http.get(first["nextUri"])).json()

        assert [each["error"]["failureInfo"]["type"] for each in (again, next_)] == ["portgate.port_suspended"] * 2
        assert "data" not in again
        assert "data" not in next_

    run(story)


# --- several gateways -----------------------------------------------------------------------------------------------


def test_any_gateway_with_the_same_key_gives_the_next_page() -> None:
    async def story() -> None:
        wide = "x" * 70_000
        script = Script([page(wide), page(2, wide), page(3, wide), page(4, wide), END])
        gate = gate_for(script)
        gateways = [Client(gate), Client(gate)]
        answer = await gateways[0].post(ONE)
        seen, turn = [], 0
        while "nextUri" in answer.json():
            answer = await gateways[turn // 2 % 2].http.get(answer.json()["nextUri"])
            seen += [row[0] for row in answer.json().get("data", [])]
            turn += 1

        assert seen == [wide, 2, wide, 3, wide, 4, wide]
        assert len(answer.json()["warnings"]) == 2

    run(story)


def test_what_only_one_gateway_can_give_yet_is_asked_for_again() -> None:
    async def story() -> None:
        gate = gate_for(Script([page(1), END], hold=asyncio.Event()))
        first, second = Client(gate), Client(gate)
        address = (await first.post(ONE)).json()["nextUri"]

        answer = await second.http.get(address)

        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")

    run(story)


def test_a_gateway_with_another_key_knows_nothing_of_the_page() -> None:
    async def story() -> None:
        gate = gate_for(Script([page("x" * 70_000), END]))
        first, second = Client(gate), Client(gate, secret=b"another secret")
        answer = await first.http.get((await first.post(ONE)).json()["nextUri"])

        assert (await second.http.get(answer.json()["nextUri"])).status_code == 404

    run(story)


def test_a_query_that_its_client_leaves_is_cancelled_by_the_gateway_that_gave_the_last_page() -> None:
    async def story() -> None:
        wide = "x" * 70_000
        script = Script([page(wide), page(wide), page(wide), None])
        gate = gate_for(script)
        first, second, third = Client(gate), Client(gate), Client(gate)
        answer = await first.http.get((await first.post(ONE)).json()["nextUri"])
        answer = await second.http.get(answer.json()["nextUri"])
        answer = await second.http.get(answer.json()["nextUri"])
        await third.http.head(answer.json()["nextUri"])

        await third.protocol.close()
        await first.protocol.close()
        assert script.cancelled == 0
        await second.protocol.close()

        assert script.cancelled == 1

    run(story)


def test_any_gateway_stops_a_query() -> None:
    async def story() -> None:
        script = Script([page("x" * 70_000), None])
        gate = gate_for(script)
        first, second = Client(gate), Client(gate)
        answer = await first.http.get((await first.post(ONE)).json()["nextUri"])

        deleted = await second.http.delete(answer.json()["nextUri"])

        assert (deleted.status_code, script.cancelled) == (204, 1)

    run(story)


def test_a_page_that_another_gateway_has_passed_is_past_here_too() -> None:
    async def story() -> None:
        wide = "x" * 70_000
        gate = gate_for(Script([page(wide), page(wide), page(wide), END]))
        first, second = Client(gate), Client(gate)
        addresses = [(await first.post(ONE)).json()["nextUri"]]
        for _ in range(3):
            addresses.append((await first.http.get(addresses[-1])).json()["nextUri"])

        assert (await second.http.get(addresses[1])).status_code == 410
        assert (await first.http.get(addresses[2])).json()["data"] == [[wide]]

    run(story)


# --- beside the rest of the application -----------------------------------------------------------------------------


def test_the_rest_of_the_application_is_where_it_was() -> None:
    async def story() -> None:
        gate = gate_for(Script([page(1), END]))
        client = Client(gate)
        app = make_app(StandInGate(), StandInGate().ready, trino_clients=client.protocol)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as http:
            livez, info, other = [await http.get(path) for path in ("/livez", "/v1/info", "/v1/query")]

        assert (livez.status_code, info.status_code, other.status_code) == (200, 200, 404)
        assert info.headers["x-content-type-options"] == "nosniff"

    run(story)
