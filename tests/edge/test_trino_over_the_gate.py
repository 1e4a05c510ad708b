"""The protocol over the real gate and its dialogue, among simulated parts: what is written down, and how often."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import httpx
import pytest

from gateway.audit.record import OutcomeRecord, RefusalRecord
from gateway.conversation import QueryRequest, Told
from gateway.dialogue import Dialogue
from gateway.edge.credentials import identify
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import Failed, Unresolved
from gateway.pipeline import Gate
from gateway.recent import RecentQueries
from tests.edge.trino_stand_in import SECRET, application
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER

SQL = "SELECT port_unlocode FROM california.freight.calls"
NAMES = {"set-session": "session", "added-prepare": "prepared-statement", "started-transaction-id": "transaction-id"}


class Talk:
    """A client that keeps what the gateway tells it to keep."""

    def __init__(self, made: Gate) -> None:
        self.protocol = TrinoProtocol(made, Dialogue(made), lambda scope: identify(scope, made), Seal(SECRET))
        transport = httpx.ASGITransport(application(self.protocol))
        self.http = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        self.kept: dict[str, str] = {"transaction-id": "NONE"}

    async def post(self, sql: str) -> dict[str, Any]:
        """Send a statement."""
        headers = {"Authorization": "Bearer x", **{f"X-Trino-{name}": value for name, value in self.kept.items()}}
        answer = await self.http.post("/v1/statement", content=sql, headers=headers)
        assert answer.status_code == 200, answer.text
        for said, name in NAMES.items():
            if f"x-trino-{said}" in answer.headers:
                self.kept[name] = answer.headers[f"x-trino-{said}"]
        told: dict[str, Any] = answer.json()
        return told

    async def get(self, address: str) -> dict[str, Any]:
        """Read a page."""
        answer = await self.http.get(address, headers={"Authorization": "Bearer x"})
        assert answer.status_code == 200, answer.text
        told: dict[str, Any] = answer.json()
        return told

    async def ask(self, sql: str) -> list[dict[str, Any]]:
        """Read an answer to its end."""
        pages = [await self.post(sql)]
        while "nextUri" in pages[-1]:
            pages.append(await self.get(pages[-1]["nextUri"]))
        return pages


def run(story: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a story in a loop of its own."""
    asyncio.run(story())


def outcomes(log: Log) -> list[tuple[str, int]]:
    """How each query ended, and with how many rows."""
    return [(record.state, record.rows) for record in log.records if isinstance(record, OutcomeRecord)]


def rows(pages: list[dict[str, Any]]) -> list[list[Any]]:
    """All rows of an answer."""
    return [row for page in pages for row in page.get("data", [])]


def test_a_query_is_written_down_once_with_all_its_rows() -> None:
    async def story() -> None:
        log = Log()
        pages = await Talk(gate(log, FakeEngine(log))).ask(SQL)

        assert rows(pages) == [["EVER GIVEN"], ["MAERSK"]]
        assert outcomes(log) == [("finished", 2)]
        assert log.happened.index("page 1") < len(log.happened)

    run(story)


def test_a_query_that_fails_is_written_down_once() -> None:
    async def story() -> None:
        log = Log()
        pages = await Talk(gate(log, FakeEngine(log, pages=[[["a"]], Failed("on a value")]))).ask(SQL)

        assert pages[-1]["error"]["errorName"] == "GENERIC_USER_ERROR"
        assert outcomes(log) == [("failed", 1)]

    run(story)


def test_a_query_that_is_deleted_is_cancelled_in_trino_and_written_down() -> None:
    async def story() -> None:
        log = Log()
        talk = Talk(gate(log, FakeEngine(log, pages=[[["x" * 70_000]]] * 9)))
        page = await talk.get((await talk.post(SQL))["nextUri"])

        answer = await talk.http.delete(page["nextUri"], headers={"Authorization": "Bearer x"})

        assert answer.status_code == 204
        assert "cancelled in Trino" in log.happened
        assert [state for state, _ in outcomes(log)] == ["cancelled"]

    run(story)


def test_a_partner_who_takes_part_of_an_answer_gets_it_without_the_silent_port() -> None:
    async def story() -> None:
        log = Log()
        talk = Talk(gate(log, FakeEngine(log, dead={"oakland"})))

        whole = await talk.ask(SQL)
        await talk.ask("SET SESSION portgate.partial = true")
        part = await talk.ask(SQL)

        assert whole[-1]["error"]["errorName"] == "PORT_UNAVAILABLE"
        assert len(rows(part)) == 2
        assert "PORTGATE_PORT_MISSING" in [warning["warningCode"]["name"] for warning in part[-1]["warnings"]]
        assert [state for state, _ in outcomes(log)] == ["failed", "failed", "finished"]

    run(story)


def test_a_prepared_statement_is_kept_by_its_client_and_run_under_the_guard() -> None:
    async def story() -> None:
        log = Log()
        engine = FakeEngine(log)
        talk = Talk(gate(log, engine))

        prepared = await talk.ask("PREPARE p FROM SELECT call_id FROM california.freight.calls WHERE port_unlocode = ?")
        pages = await talk.ask("EXECUTE p USING 'MAERSK'")

        assert prepared[-1]["updateType"] == "PREPARE"
        assert "nextUri" not in prepared[-1]
        assert len(rows(pages)) == 2
        assert "'MAERSK'" in engine.sent[-1][0]

    run(story)


def test_another_gateway_reads_on_and_the_answer_is_written_down_once() -> None:
    async def story() -> None:
        log = Log()
        engine = FakeEngine(log, pages=[[["x" * 70_000]], [["b"]], [["c"]]])
        one, two = Talk(gate(log, engine)), Talk(gate(log, engine))
        first = await one.get((await one.post(SQL))["nextUri"])

        rest = [first]
        while "nextUri" in rest[-1]:
            rest.append(await two.get(rest[-1]["nextUri"]))

        assert [row[0][-1] for row in rows(rest)] == ["x", "b", "c"]
        assert outcomes(log) == [("finished", 3)]

    run(story)


def test_kill_query_stops_the_partners_own_query_and_nothing_else() -> None:
    async def story() -> None:
        log = Log()
        recent = RecentQueries(log)
        engine = FakeEngine(log, pages=[[["x" * 70_000]]] * 9)
        talk = Talk(replace(gate(log, engine), audit=recent, recent=recent.of))
        query = (await talk.post(SQL))["id"]
        call = "CALL system.runtime.kill_query(query_id => '{}',message => 'It''s late')"

        absent = await talk.post(call.format("none"))
        two = await talk.post(call.format(query) + "; SELECT 1")
        assert "cancelled in Trino" not in log.happened
        killed = await talk.post(call.format(query))
        again = await talk.post(call.format(query))

        assert (absent["error"]["errorName"], two["error"]["errorName"]) == ("NOT_FOUND", "SYNTAX_ERROR")
        assert (killed["updateType"], "error" in killed) == ("CALL", False)
        assert "cancelled in Trino" in log.happened
        assert again["error"]["errorName"] == "NOT_FOUND"
        assert [record.code for record in log.records if isinstance(record, RefusalRecord)] == [
            "unresolved", "not_parsed", "unresolved",
        ]  # fmt: skip

    run(story)


def test_a_query_of_somebody_else_is_none_to_kill() -> None:
    log = Log()
    recent = RecentQueries(log)
    made = replace(gate(log, FakeEngine(log)), audit=recent, recent=recent.of)

    async def story() -> None:
        answer = await made.answer(PARTNER, QueryRequest(SQL, "freight_resilience"))
        kill = QueryRequest(f"CALL system.runtime.kill_query('{answer.id}')", "freight_resilience")
        with pytest.raises(Unresolved) as refused:
            await Dialogue(made).speak(replace(PARTNER, id="somebody"), kill)

        assert refused.value.message == f"there is no query {answer.id} of yours under way"
        assert (await Dialogue(made).speak(PARTNER, kill)) == Told("CALL", stops=answer.id)

    run(story)
