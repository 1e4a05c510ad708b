"""Trino's protocol at the edge: clients that are there, that leave, and that go on at another gateway."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from gateway.edge import trino_queries
from gateway.errors import (
    PortSuspended,
)
from tests.edge.trino_stand_in import (
    END,
    ONE,
    Client,
    Script,
    ScriptedAnswer,
    gate_for,
    page,
    run,
)

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
