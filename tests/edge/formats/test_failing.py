"""An answer that fails midway is never taken for whole, in any format."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from typing import Any

import httpx
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from gateway.conversation import Page
from gateway.edge.encode import NAMES
from gateway.edge.formats.format import Format, Options
from tests.edge.stand_in import StandInAnswer, StandInGate
from tests.edge.test_api import ask

ROWS = orjson.dumps([["Los Angeles", 7]] * 100)
PROBLEM: dict[str, object] = {"code": "query_failed", "detail": "division by zero", "status": 422}
ARROW = NAMES["arrow"].media_type


def broken(name: str) -> bytes:
    """An answer that fails after two pages."""
    format_: Format = NAMES[name](Options())
    parts = [format_.head(StandInAnswer([])), *(format_.page(Page(ROWS, 100)) for _ in range(2))]
    return b"".join(parts) + format_.broken(PROBLEM)


def test_json_and_ndjson_end_in_the_error() -> None:
    assert json.loads(broken("json"))["error"] == PROBLEM
    assert json.loads(broken("ndjson").splitlines()[-1]) == {"error": PROBLEM}


def test_a_spoilt_arrow_stream_gives_its_rows_then_the_problem_then_an_error() -> None:
    reader = pa.ipc.open_stream(broken("arrow"))

    assert [reader.read_next_batch().num_rows for _ in range(2)] == [100, 100]
    batch, metadata = reader.read_next_batch_with_custom_metadata()
    assert batch.num_rows == 0
    assert orjson.loads(metadata["portgate.error"]) == PROBLEM
    with pytest.raises(pa.ArrowInvalid, match="1048576"):
        reader.read_next_batch()


def test_no_reader_takes_a_spoilt_arrow_stream_for_whole() -> None:
    with pytest.raises(pa.ArrowInvalid, match="1048576"):
        pa.ipc.open_stream(broken("arrow")).read_all()


def test_a_parquet_file_without_its_footer_is_none() -> None:
    with pytest.raises(pa.ArrowInvalid):
        pq.read_table(io.BytesIO(broken("parquet")))


@pytest.mark.parametrize("name", ["arrow", "parquet", "csv"])
def test_the_formats_without_a_place_for_errors_are_cut_off(name: str) -> None:
    row: list[object] = ["Los Angeles", 7]
    sent: list[dict[str, Any]] = []

    async def story() -> None:
        gate = StandInGate(StandInAnswer([[row], [row]], ZeroDivisionError()))
        app = httpx.ASGITransport(recording(gate, sent))
        async with httpx.AsyncClient(transport=app, base_url="http://gateway") as client:
            headers = {"Authorization": "Bearer analyst", "Accept": NAMES[name].media_type}
            body = {"sql": "SELECT 1", "purpose": "freight_resilience"}
            await client.post("/api/queries", json=body, headers=headers)

    with pytest.raises(AssertionError):  # the transport's own: no response without its end
        asyncio.run(story())

    assert all(message["more_body"] for message in sent if message["type"] == "http.response.body")


def recording(gate: StandInGate, sent: list[dict[str, Any]]) -> Any:
    from gateway.edge.api import make_app

    app = make_app(gate, gate.ready)

    async def record(scope: Any, receive: Any, send: Any) -> None:
        async def send_on(message: Any) -> None:
            sent.append(message)
            await send(message)

        await app(scope, receive, send_on)

    return record


def test_a_first_page_that_cannot_be_written_is_a_problem_with_its_own_status() -> None:
    gate = StandInGate(StandInAnswer([[["one", 1]], [["two", 2]]], columns=(("x", "bigint"), ("y", "bigint"))))

    answer = ask(gate, ARROW)

    assert (answer.status_code, answer.json()["code"]) == (422, "query_failed")
    assert answer.json()["query_id"] == "q-1"
    assert gate.result.cancelled == 1


def test_a_first_page_that_can_be_written_is_an_answer() -> None:
    answer = ask(StandInGate(), ARROW)

    assert answer.status_code == 200
    assert answer.headers["content-type"] == ARROW
    assert len(answer.headers.get_list("portgate-notice")) == 2
    assert pa.ipc.open_stream(answer.content).read_all().to_pydict() == {
        "port": ["Los Angeles", "Oakland"],
        "teu": [7, None],
    }


@pytest.mark.parametrize("name", NAMES)
def test_what_takes_long_to_write_is_written_beside_the_others_answers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    format_ = NAMES[name]
    write = format_.page
    threads: set[bool] = set()

    def page(self: Format, page: Page) -> bytes:
        threads.add(threading.current_thread() is threading.main_thread())
        return write(self, page)

    monkeypatch.setattr(format_, "page", page)
    answer = ask(StandInGate(), format_.media_type.split(";")[0])

    assert answer.status_code == 200
    assert threads == {name in ("json", "ndjson")}
