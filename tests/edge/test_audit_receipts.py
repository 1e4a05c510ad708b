"""Receipts over HTTP: each answer has one, to those who may have it, and what was saved of an answer fits it."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner, Result

from gateway.audit.canonical import Members
from gateway.cli import app
from gateway.edge.api import make_app
from gateway.edge.audit_receipts import Receipts
from gateway.edge.client import Problem, keeping_receipt
from gateway.edge.printing import print_raw
from gateway.errors import AuditUnavailable, Failed
from gateway.receipt import Ended, receipt_in, receipt_verifier
from tests.audit.logs import SIGNER
from tests.edge.log_readers import Served, serving
from tests.edge.stand_in import StandInAnswer, StandInGate

KEY = receipt_verifier(SIGNER.verifier)
SQL = "SELECT port_unlocode FROM california.freight.calls"
HERE = "SELECT 1"
VISITS = "SELECT ship FROM los_angeles.pola.visit"
FORMATS = [
    "application/json", "application/x-ndjson", "text/csv", "application/vnd.apache.arrow.stream",
    "application/vnd.apache.parquet",
]  # fmt: skip

Story = Callable[[Served], Coroutine[Any, Any, Any]]


def told(folder: Path, story: Story, **more: Any) -> Any:
    async def run() -> Any:
        async with serving(folder, **more) as served:
            return await story(served)

    return asyncio.run(run())


def read(note: str) -> Members:
    return receipt_in(note, KEY)


def last(body: str) -> dict[str, Any]:
    members: dict[str, Any] = json.loads(body.strip().rsplit("\n", 1)[-1])
    return members


async def fetched(served: Served, query: str, who: str = "ana") -> tuple[int, str]:
    answer = await served.get(f"/api/audit/receipts/{query}", who)
    return answer.status_code, answer.text


# --- issuing ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("accept", FORMATS[:2])
def test_json_ends_with_a_receipt_that_names_what_the_log_holds(tmp_path: Path, accept: str) -> None:
    async def story(served: Served) -> None:
        answer = await served.ask(SQL, accept=accept)

        said = read(last(answer.text)["receipt"]["note"])
        [decision], [outcome] = served.records("decision"), served.records("outcome")
        assert (said["decision"]["index"], said["outcome"]["index"]) == (decision["index"], outcome["index"])
        with served.store.storage.reading() as reader:
            for record in (said["decision"], said["outcome"]):
                row = reader.row(record["index"])
                assert row is not None
                assert row.leaf.hex() == record["leaf"]
        assert (said["partner"], said["rows"], said["result"]) == ("ana", 2, outcome["result"])
        assert said["query"] == answer.headers["portgate-query"] == outcome["query"]

    told(tmp_path, story)


@pytest.mark.parametrize("accept", FORMATS)
def test_every_format_says_where_the_receipt_is_and_it_is_always_the_same(tmp_path: Path, accept: str) -> None:
    async def story(served: Served) -> None:
        answer = await served.ask(SQL, accept=accept)

        [link] = [line for line in answer.headers.get_list("link") if 'rel="describedby"' in line]
        path = link[1 : link.index(">")]
        first, second = (await served.get(path), await served.get(path, "auditor"))
        assert (first.status_code, second.status_code) == (200, 200)
        assert first.text == second.text
        assert read(first.text)["query"] == answer.headers["portgate-query"]
        assert first.headers["content-type"].startswith("text/plain")
        if accept in FORMATS[:2]:
            assert last(answer.text)["receipt"]["note"] == first.text

    told(tmp_path, story, pages=[[["EVER GIVEN"]]])


def test_a_trino_client_is_told_with_the_last_page_where_its_receipt_is(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        headers = {"X-Trino-Catalog": "california", "X-Trino-Schema": "freight"}
        answer = await served.send("POST", "/v1/statement", content=SQL, headers=headers)
        seen = []
        while "nextUri" in answer.json():
            seen.append(answer.headers.get("portgate-receipt"))
            answer = await served.get(answer.json()["nextUri"])

        assert set(seen) == {None}
        assert not any("receipt" in warning["message"] for warning in answer.json()["warnings"])
        note = await served.get(answer.headers["portgate-receipt"])
        assert read(note.text)["query"] == answer.json()["id"]

    told(tmp_path, story)


def test_a_statement_that_no_query_runs_for_has_no_receipt(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        answer = await served.ask("SHOW CATALOGS")
        trino = await served.send("POST", "/v1/statement", content="SHOW SESSION")
        while "nextUri" in trino.json():
            trino = await served.get(trino.json()["nextUri"])

        assert answer.status_code == 200, answer.text
        if not served.records("decision"):
            assert "receipt" not in last(answer.text)
        assert "portgate-receipt" not in trino.headers

    told(tmp_path, story)


def test_an_answer_that_failed_has_no_receipt(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        answer = await served.ask(SQL)
        status, text = await fetched(served, answer.headers["portgate-query"])

        assert "receipt" not in last(answer.text)
        assert (status, "did not end well" in text) == (404, True)

    told(tmp_path, story, pages=[[["a"]], Failed("division by zero")])


def test_an_answer_whose_log_cannot_be_read_goes_without_and_is_whole(tmp_path: Path) -> None:
    class Unreadable:
        async def ended_at(self, decision: int, outcome: int) -> Ended | None:
            raise AuditUnavailable("the log cannot be read")

        async def ended(self, query: str) -> tuple[Members | None, Ended | None]:
            raise AuditUnavailable("the log cannot be read")

    answer = StandInAnswer([[["Los Angeles", 7]]], recorded=(2, 3))
    gate = StandInGate(answer)

    async def story() -> httpx.Response:
        made = make_app(gate, gate.ready, receipts=Receipts(Unreadable(), SIGNER))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(made), base_url="http://gateway") as client:
            question = {"sql": "SELECT 1", "purpose": "freight_resilience"}
            return await client.post("/api/queries", json=question, headers={"Authorization": "Bearer analyst"})

    told = asyncio.run(story())
    assert told.status_code == 200
    assert (told.json()["rows"], "receipt" in told.json()) == ([["Los Angeles", 7]], False)
    assert 'rel="describedby"' in told.headers["link"]


# --- who may have one -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "status", "view"),
    [
        ("ana", 200, ""), ("auditor", 200, ""), ("la", 200, "los_angeles"), ("oakland", 404, ""), ("hueneme", 404, ""),
        ("bob", 404, ""), ("stranger", 404, ""), ("nobody", 401, ""),
    ],
)  # fmt: skip
def test_a_receipt_is_for_its_partner_the_ports_it_concerns_and_auditors(
    tmp_path: Path, who: str, status: int, view: str
) -> None:
    async def story(served: Served) -> None:
        query = (await served.ask(VISITS)).headers["portgate-query"]

        found, note = await fetched(served, query, who)

        assert found == status
        if status == 200:
            assert read(note)["view"] == view

    told(tmp_path, story)


def test_whose_receipt_it_is_not_learns_what_one_learns_of_a_query_that_never_was(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        query = (await served.ask(SQL)).headers["portgate-query"]

        answers = {
            await fetched(served, each, "bob")
            for each in (query, "0b0e7a52-9a3c-4f43-8f0c-3a1f2a4d5e6f", "x", "%00", query.upper(), query + "0")
        }
        assert len(answers) == 1
        assert (await fetched(served, ""))[0] == 404

    told(tmp_path, story)


def test_those_who_read_anothers_receipt_are_written_down_and_a_partner_with_their_own_is_not(tmp_path: Path) -> None:
    async def story(served: Served) -> None:
        query = (await served.ask(VISITS)).headers["portgate-query"]

        for who in ("ana", "bob", "la", "auditor"):
            await fetched(served, query, who)

        readings = [(r["reader"]["id"], r["role"], r["way"], r["wanted"]) for r in served.records("reading")]
        assert readings == [
            ("la-steward", "steward", "receipt", {"query": query}),
            ("audra", "auditor", "receipt", {"query": query}),
        ]

    told(tmp_path, story)


def test_a_question_about_a_query_is_not_taken_for_the_query(tmp_path: Path) -> None:
    """A reading holds the id of the query that was looked for, under the name `query` too."""

    async def story(served: Served) -> None:
        query = (await served.ask(VISITS)).headers["portgate-query"]
        for _ in range(3):
            assert (await fetched(served, query, "auditor"))[0] == 200

    told(tmp_path, story)


# --- verifying --------------------------------------------------------------------------------------------------------

WORDS: Sequence[Any] = [['é, "x"\n', 1.5, None], ["[1],[2]", -7, True], ["\u2028", 0, []], [{"a": [1, 2]}, 1, 1]]


@pytest.fixture
def saved(tmp_path: Path) -> dict[str, Path]:
    """An answer of three pages, saved in each format, and its receipt."""

    async def story(served: Served) -> dict[str, bytes]:
        bodies = {accept: (await served.ask(SQL, accept=accept)).content for accept in FORMATS[:3]}
        note = json.loads(bodies[FORMATS[0]])["receipt"]["note"]
        made = {"receipt": note.encode(), "sql": SQL.encode() + b"\n", "key": f"{SIGNER.verifier}\n".encode()}
        return {"json": bodies[FORMATS[0]], "ndjson": bodies[FORMATS[1]], "csv": bodies[FORMATS[2]], **made}

    pages = [[list(row) for row in WORDS[:2]], [list(WORDS[2])], [list(WORDS[3])]]
    files = told(tmp_path, story, pages=pages)
    for name, data in files.items():
        (tmp_path / f"answer.{name}").write_bytes(data)
    return {name: tmp_path / f"answer.{name}" for name in files}


def verify(*words: object) -> Result:
    return CliRunner().invoke(app, ["receipt", "verify", *map(str, words)])


def key_of(saved: dict[str, Path]) -> list[object]:
    return ["--key", saved["key"]]


@pytest.mark.parametrize("name", ["json", "ndjson"])
def test_a_saved_answer_verifies_itself(saved: dict[str, Path], name: str) -> None:
    done = verify(saved[name], *key_of(saved), "--sql", saved["sql"])

    assert done.exit_code == 0, done.output
    assert "proven       the rows are, to the byte and in their order, those that were let out" in done.output
    assert "proven       the query text is the one that was asked" in done.output
    assert "not checked  whether the log still holds it" in done.output


def test_a_receipt_alone_is_told_in_plain_words(saved: dict[str, Path]) -> None:
    done = verify(saved["receipt"], "--key", SIGNER.verifier)

    assert done.exit_code == 0
    lines = done.output.splitlines()
    assert lines[0].startswith("Receipt of query ")
    assert any(line.startswith("asked        2026-11-22T") and "by ana of gobiz" in line for line in lines)
    assert "completeness complete: no port is missing" in lines
    assert any("4 rows" in line for line in lines)
    assert sum(line.startswith("not checked") for line in lines) == 3


def test_a_receipt_fits_rows_that_were_saved_beside_it(saved: dict[str, Path], tmp_path: Path) -> None:
    done = verify(saved["receipt"], *key_of(saved), "--result", saved["json"])

    assert done.exit_code == 0, done.output
    (tmp_path / "none.json").write_text('{"id":"q","columns":[],"rows":[],"stats":{}}')
    done = verify(saved["receipt"], *key_of(saved), "--result", tmp_path / "none.json")
    assert (done.exit_code, "does not say how many rows each page had" in done.output) == (1, True)


@pytest.mark.parametrize("name", ["json", "ndjson"])
def test_each_change_in_the_rows_is_found(saved: dict[str, Path], tmp_path: Path, name: str) -> None:
    body = saved[name].read_bytes()
    rows = [json.dumps(row, ensure_ascii=False, separators=(",", ":")).encode() for row in WORDS]
    assert all(row in body for row in rows)
    changed = [
        body.replace(b"1.5", b"1.50"), body.replace(b"-7", b"-8"), body.replace(rows[0], rows[1]),
        body.replace(rows[2], b"\0").replace(rows[3], rows[2]).replace(b"\0", rows[3]),
        body.replace(b'"pages":[2,1,1]', b'"pages":[1,2,1]'), body.replace(b'"pages":[2,1,1]', b'"pages":[2,2]'),
        body.replace(b'"pages":[2,1,1]', b'"pages":[4]'), body.replace(b'"pages":[2,1,1]', b'"pages":[]'),
        body.replace(rows[3], rows[3] + (b"\n" if name == "ndjson" else b",") + rows[3]),
    ]  # fmt: skip
    for number, other in enumerate(changed):
        assert other != body, number
        (tmp_path / "changed").write_bytes(other)
        done = verify(tmp_path / "changed", *key_of(saved))
        assert (done.exit_code, "NOT PROVEN" in done.output) == (1, True), number


def test_of_csv_it_is_said_that_nothing_can_be_compared(saved: dict[str, Path]) -> None:
    done = verify(saved["receipt"], *key_of(saved), "--result", saved["csv"])

    assert done.exit_code == 2
    assert "of CSV, Arrow and Parquet the rows cannot be compared" in " ".join(done.output.split())


def test_another_querys_text_is_found(saved: dict[str, Path], tmp_path: Path) -> None:
    (tmp_path / "other.sql").write_text(SQL + " LIMIT 1")

    done = verify(saved["receipt"], *key_of(saved), "--sql", tmp_path / "other.sql")

    assert (done.exit_code, "another query text" in done.output) == (1, True)


def test_another_logs_key_proves_nothing(saved: dict[str, Path]) -> None:
    other = SIGNER.verifier.__class__("other.test/audit", SIGNER.kind, SIGNER.verifier.public)

    done = verify(saved["receipt"], "--key", other)

    assert (done.exit_code, "NOT PROVEN" in done.output) == (1, True)


@pytest.mark.parametrize(
    "words", [["--key", "x"], ["--key", ""], ["--sql", "/nonexistent"], ["--result", "/nonexistent"]]
)
def test_a_wrong_command_is_said_to_be_one(saved: dict[str, Path], words: list[str]) -> None:
    key = [] if "--key" in words else key_of(saved)
    done = verify(saved["receipt"], *key, *words, "--home", "/nonexistent")

    assert done.exit_code in (2, 4), done.output


def test_findings_are_there_for_programs_too(saved: dict[str, Path]) -> None:
    done = verify(saved["ndjson"], *key_of(saved), "--json")

    found = json.loads(done.output)
    assert found["receipt"]["rows"] == 4
    assert (len(found["proven"]), found["wrong"], len(found["not_checked"])) == (2, [], 2)


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_a_receipt_is_kept_while_the_answer_passes(tmp_path: Path) -> None:
    lines: list[tuple[bytes, Any]] = [(b"[1]", [1]), (b"{}", {"stats": {}, "receipt": {"note": "n\n", "pages": [1]}})]

    assert list(keeping_receipt(iter(lines), tmp_path / "receipt")) == lines
    assert (tmp_path / "receipt").read_text() == "n\n"


def test_an_answer_without_a_receipt_that_is_to_be_kept_is_an_error_after_its_rows(tmp_path: Path) -> None:
    passing = keeping_receipt(iter([(b"{}", {"stats": {}})]), tmp_path / "receipt")

    assert next(passing) == (b"{}", {"stats": {}})
    with pytest.raises(Problem, match="without a receipt"):
        next(passing)
    assert list(keeping_receipt(iter([(b"{}", {"stats": {}})]), None)) == [(b"{}", {"stats": {}})]
    assert not (tmp_path / "receipt").exists()


def test_lines_are_printed_as_they_came() -> None:
    out, err = io.StringIO(), io.StringIO()
    notice = {"code": "synthetic", "port": "oakland", "table": "", "column": "", "message": "generated"}
    lines: list[tuple[bytes, Any]] = [('["é", 1.0]'.encode(), ["é", 1.0]), (b'{"x":1}', {"notices": [notice]})]

    print_raw(out, err, iter(lines))

    assert out.getvalue() == '["é", 1.0]\n{"x":1}\n'
    assert "generated" in err.getvalue()
