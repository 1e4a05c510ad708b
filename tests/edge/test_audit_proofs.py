"""Proofs and exports over HTTP: what each reader gets, that it proves what it says, and that it is written down."""

from __future__ import annotations

import asyncio
import csv
import hashlib
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pyarrow.parquet as pq
import pytest
from fastapi import FastAPI

from gateway.audit.note import checkpoint_in, signatures_of
from gateway.audit.views import commitment
from gateway.audit_cli.over_http import HeldByGateway
from gateway.checking.joining import Wanted
from gateway.checking.manifests import read_manifest
from gateway.checking.proofs import NotProven, opened
from gateway.checking.whole import check, check_range
from gateway.edge.audit_exports import COLUMNS
from gateway.edge.audit_proofs import Proofs
from gateway.edge.room import Room
from gateway.errors import TooMany
from tests.audit.logs import SIGNER
from tests.edge.log_world import ROLES, LogWorld, decision, outcome

KEY = SIGNER.verifier


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LogWorld]:
    opened_ = LogWorld(tmp_path_factory.mktemp("log"))
    for number in range(6):
        (at,) = opened_.append(decision(f"q-{number}", "partner" if number % 2 else "other_partner", "oakland"))
        opened_.append(outcome(f"q-{number}", at, "oakland"))
    opened_.append(decision("q-lb", "partner", "long_beach"))
    opened_.store.storage.commit(lambda turn: turn.sign(SIGNER, "2026-11-22T00:00:00.000Z"))
    yield opened_
    opened_.close()


def proof(world: LogWorld, role: str, number: int) -> str:
    answer = world.send(role, "GET", f"/api/audit/records/{number}/proof")
    assert answer.status == 200, answer.body
    return answer.body.decode()


def test_an_auditor_gets_the_whole_record_proved(world: LogWorld) -> None:
    proved = opened(proof(world, "auditor", 4), KEY)

    assert (proved.index, proved.reader) == (4, "whole")
    assert orjson.loads(proved.read)["query"] == "q-1"
    assert "sent_sql" in orjson.loads(proved.read)
    assert world.newest()[0]["way"] == "prove"
    assert world.newest()[0]["wanted"] == {"index": "4"}


def test_a_steward_gets_their_view_and_a_partner_their_own_part(world: LogWorld) -> None:
    view = opened(proof(world, "steward", 4), KEY)
    own = opened(proof(world, "partner", 4), KEY)

    assert (view.reader, own.reader) == ("oakland", "partner")
    for proved in (view, own):
        assert orjson.loads(proved.read)["query"] == "q-1"
        assert "sent_sql" not in orjson.loads(proved.read)


@pytest.mark.parametrize(("role", "number"), [("partner", 2), ("other_steward", 4), ("witness", 4), ("auditor", 999)])
def test_what_is_not_theirs_is_not_there(world: LogWorld, role: str, number: int) -> None:
    answer = world.send(role, "GET", f"/api/audit/records/{number}/proof")

    assert answer.status == 404
    assert answer.json()["detail"] == f"there is no record {number} that you may read"


def test_a_statement_about_another_record_proves_nothing(world: LogWorld) -> None:
    import base64

    def extra(text: str) -> dict[str, Any]:
        told: dict[str, Any] = orjson.loads(base64.b64decode(text.split("\n")[1].removeprefix("extra ")))
        return told

    text = proof(world, "partner", 4)
    other = extra(proof(world, "partner", 8))
    forged = {**extra(text), "read": other["read"], "statement": other["statement"]}
    lines = text.split("\n")
    lines[1] = "extra " + base64.b64encode(orjson.dumps(forged)).decode()

    with pytest.raises(NotProven):
        opened("\n".join(lines), KEY)


def export(world: LogWorld, role: str, query: str = "") -> tuple[bytes, str]:
    """An export and its manifest."""
    answer = world.send(role, "GET", f"/api/audit/export?{query}")
    assert answer.status == 200, answer.body
    size = answer.headers["portgate-log-size"]
    manifest = world.send(role, "GET", f"/api/audit/export/manifest?{query}&size={size}".replace("?&", "?"))
    assert manifest.status == 200, manifest.body
    return answer.body, manifest.body.decode()


@pytest.mark.parametrize("format_", ["jsonl", "csv", "parquet"])
@pytest.mark.parametrize("role", ["auditor", "steward", "partner", "witness"])
def test_a_manifest_says_what_was_exported_whoever_reads(world: LogWorld, role: str, format_: str) -> None:
    data, note = export(world, role, f"format={format_}")

    manifest = read_manifest(note, KEY)
    assert (manifest.sha256, manifest.bytes) == (hashlib.sha256(data).hexdigest(), len(data))
    assert manifest.format == format_
    assert manifest.reader.split(" ")[0] == ("partner" if role == "witness" else role)
    assert (manifest.count == 0) is (role == "witness")
    noted, *_ = world.newest()
    assert (noted["way"], noted["found"], noted["wanted"]["format"]) == ("manifest", manifest.count, format_)


def lines(data: bytes) -> list[dict[str, Any]]:
    return [orjson.loads(line) for line in data.splitlines()]


def test_each_reader_exports_what_is_theirs(world: LogWorld) -> None:
    whole, view, own = (lines(export(world, role)[0]) for role in ("auditor", "steward", "partner"))

    assert [each["index"] for each in whole] == list(range(len(whole)))
    assert {each["record"]["query"] for each in own} == {"q-1", "q-3", "q-5", "q-lb"}
    assert all("oakland" in each["record"]["concerns"] for each in view)
    assert b"q-lb" not in b"".join(orjson.dumps(each["record"]) for each in view)
    assert [each.keys() - {"entry", "index", "record"} for each in (whole[2], view[2], own[2])] == [
        {"seed"},
        {"salt"},
        set(),
    ]


def test_a_stewards_export_ties_each_record_to_its_entry(world: LogWorld) -> None:
    import base64

    for line in export(world, "steward")[0].splitlines():
        told = orjson.loads(line)
        read = line.partition(b',"record":')[2].rpartition(b',"salt":')[0]
        assert told["entry"]["oakland"] == commitment(base64.b64decode(told["salt"]), read)


def test_conditions_choose_records(world: LogWorld) -> None:
    found = lines(export(world, "auditor", "kind=outcome&partner=gobiz-analyst&organisation=msc&from=3&to=9")[0])

    assert [(each["index"], each["record"]["query"]) for each in found] == [(3, "q-0"), (7, "q-2")]
    assert lines(export(world, "auditor", "until=2026-01")[0]) == []
    assert len(lines(export(world, "auditor", "since=2026-01&port=long_beach&kind=decision")[0])) == 1


def test_csv_and_parquet_have_the_same_cells(world: LogWorld) -> None:
    data, _ = export(world, "auditor", "format=csv")
    table = pq.read_table(io.BytesIO(export(world, "auditor", "format=parquet")[0]))

    rows = list(csv.DictReader(io.StringIO(data.decode())))
    assert list(rows[0]) == table.column_names == list(COLUMNS)
    assert [int(row["index"]) for row in rows] == table.column("index").to_pylist()
    assert [orjson.loads(row["record"]) for row in rows] == [
        orjson.loads(each) for each in table.column("record").to_pylist()
    ]


@pytest.mark.parametrize(
    "query", ["format=xml", "size=1", "size=-1", "from=x", "to=1.5", "colour=red", "format=", "size=99999999999999999"]
)
def test_a_malformed_export_is_refused(world: LogWorld, query: str) -> None:
    assert world.send("auditor", "GET", f"/api/audit/export?{query}").status == 400


def test_nothing_is_shown_that_cannot_be_written_down(world: LogWorld) -> None:
    world.audit.is_full = True
    try:
        for path in ("records/4/proof", "export", "export/manifest"):
            answer = world.send("auditor", "GET", f"/api/audit/{path}")
            assert answer.status == 503
            assert b"q-1" not in answer.body
    finally:
        world.audit.is_full = False


def test_a_changed_manifest_or_one_of_another_key_is_refused(world: LogWorld) -> None:
    from gateway.audit.note import NoteRefused
    from tests.audit.mutating import WITNESS_SIGNER

    _, note = export(world, "auditor", "to=4")
    for changed in (note.replace("\ncount 4\n", "\ncount 5\n"), note.replace("portgate manifest", "portgate")):
        assert changed != note
        with pytest.raises(NoteRefused):
            read_manifest(changed, KEY)
    with pytest.raises(NoteRefused):
        read_manifest(note, WITNESS_SIGNER.verifier)


def client_of(world: LogWorld) -> httpx.Client:
    """An auditor's connection, without a network."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = world.send("auditor", "GET", request.url.raw_path.decode())
        return httpx.Response(answer.status, content=answer.body, headers=answer.headers)

    return httpx.Client(transport=httpx.MockTransport(handle), base_url="https://gateway")


def test_a_gateways_log_is_checked_over_http(world: LogWorld) -> None:
    held = HeldByGateway(client_of(world))

    damage, seen = check(held, Wanted(KEY))

    assert damage is None
    assert seen.size == seen.newest == checkpoint_in(signatures_of(held.note)[0]).size
    assert check_range(held, Wanted(KEY), 3, 7)[0] is None


def test_what_a_gateway_hides_from_its_auditor_is_named(world: LogWorld) -> None:
    class Lying(HeldByGateway):
        """The log as a gateway shows it that has changed record 6."""

        def rows(self, low: int, high: int) -> Iterator[Any]:
            for index, seed, line, entry, leaf in super().rows(low, high):
                yield index, seed, line.replace(b"q-2", b"q-X") if index == 6 else line, entry, leaf

    for damage in (
        check(Lying(client_of(world)), Wanted(KEY))[0],
        check_range(Lying(client_of(world)), Wanted(KEY), 5, 8)[0],
    ):
        assert damage is not None
        assert (damage.index, damage.kind) == (6, "record_changed")


def test_an_export_of_many_records_is_sent_in_parts(tmp_path: Path) -> None:
    from gateway.adapters.audit_sqlite import reading
    from gateway.edge.audit_access import LogReader
    from gateway.edge.audit_exports import Asked, chunks
    from tests.audit.tampering import build

    build(tmp_path / "audit.sqlite", 700, 100)
    auditor = ROLES["auditor"][1]
    assert auditor is not None
    with reading(tmp_path / "audit.sqlite") as log:
        parts = list(chunks(log, LogReader(auditor, "auditor"), Asked("jsonl", 700, 0, 700, {})))

    assert len(parts) == 4
    assert len(b"".join(parts).splitlines()) == 700


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("formats=csv", "the parameter formats is not known here"),
        ("kind=decision&kind=outcome", "the parameter kind is given twice"),
        ("port=", "the parameter port is empty"),
        ("from=-1", "from is no whole number"),
    ],
)
@pytest.mark.parametrize("address", ["export", "export/manifest"])
def test_an_export_that_is_not_well_asked_is_refused_by_name(
    world: LogWorld, address: str, query: str, says: str
) -> None:
    answer = world.send("auditor", "GET", f"/api/audit/{address}?{query}")

    assert (answer.status, answer.json()["code"]) == (400, "bad_request")
    assert says in answer.json()["detail"]


def test_few_export_at_once_and_whoever_comes_then_is_told(tmp_path: Path) -> None:
    """An export holds its place until it is sent, or its reader has gone: many of them cannot take all threads."""
    held = LogWorld(tmp_path)
    held.store.storage.commit(lambda turn: turn.sign(SIGNER, "2026-11-22T00:00:00.000Z"))
    proofs = Proofs(held.access, held.store.storage.reading, SIGNER, Room(1, 2))
    app = FastAPI()
    proofs.add_routes(app)
    sending, go_on = asyncio.Event(), asyncio.Event()

    def scope() -> dict[str, Any]:
        headers = [(b"authorization", b"Bearer auditor")]
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "GET",
            "scheme": "http", "path": "/api/audit/export", "raw_path": b"/api/audit/export", "query_string": b"",
            "root_path": "", "headers": headers, "extensions": {},
        }  # fmt: skip

    async def receive() -> dict[str, Any]:
        await go_on.wait()
        return {"type": "http.disconnect"}

    async def slow(message: Any) -> None:
        sending.set()
        await go_on.wait()

    async def sent(message: Any) -> None:
        """Take it at once."""

    async def story() -> None:
        first = asyncio.create_task(app(scope(), receive, slow))
        await sending.wait()
        second = asyncio.create_task(app(scope(), receive, slow))
        await asyncio.sleep(0.1)
        with pytest.raises(TooMany):
            await app(scope(), receive, sent)
        first.cancel()  # its reader has gone
        await asyncio.sleep(0.1)
        go_on.set()
        await second
        async with asyncio.timeout(5), proofs.room.place():
            pass

    asyncio.run(story())
    held.close()
