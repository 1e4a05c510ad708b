"""The log's public files, byte for byte as C2SP says, and each port's views for those who may copy them."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI, Request

from gateway.adapters import audit_store
from gateway.adapters.audit_store import AuditStore
from gateway.audit.note import checkpoint_in, signers_of
from gateway.audit.tiles import Tile, read_through, unbundle
from gateway.audit.tree import leaf_hash, root_of
from gateway.edge import log_files, room
from gateway.edge.api import make_app
from gateway.edge.audit_access import LogAccess
from gateway.edge.log_files import add_log_files
from gateway.errors import Unauthenticated
from gateway.model import Partner
from tests.audit.logs import PORTS, SIGNER, open_store
from tests.edge.stand_in import StandInGate
from tests.witness.logs import decision


def _partner(name: str, organisation: str, role: str, port: str = "") -> Partner:
    return Partner(name, organisation, "port_authority", (role,), (), {"port": port} if port else {}, "t-1")


KNOWN = {
    "witness": _partner("witness-oakland", "port_of_oakland", "witness", "oakland"),
    "other witness": _partner("witness-hueneme", "port_of_hueneme", "witness", "hueneme"),
    "steward": _partner("oakland-steward", "port_of_oakland", "steward", "oakland"),
    "other steward": _partner("hueneme-steward", "port_of_hueneme", "steward", "hueneme"),
    "auditor": _partner("auditor", "state_auditor", "auditor"),
    "partner": _partner("ana", "gobiz", "analyst", "oakland"),
}


@dataclass
class Served:
    """A log behind the gateway's own application."""

    store: AuditStore
    now: datetime = field(default_factory=lambda: datetime(2026, 11, 28, 8, tzinfo=UTC))

    def __post_init__(self) -> None:
        self.access = LogAccess(self._identify, self.store, lambda: self.now, lambda _: "", PORTS)
        self.app = self.made()

    def made(self) -> FastAPI:
        """Make the application."""
        gate = StandInGate()
        add = lambda app: add_log_files(app, self.store.storage.reading, self.access)  # noqa: E731
        return make_app(gate, gate.ready, more=(add,))

    async def _identify(self, request: Request) -> Partner:
        name = request.headers.get("authorization", "").removeprefix("Bearer ")
        if name not in KNOWN:
            raise Unauthenticated("who asks is not known")
        return KNOWN[name]

    def get(self, path: str, name: str = "") -> httpx.Response:
        """Ask once."""
        return self.get_all([path], name)[0]

    def get_all(self, paths: list[str], name: str = "") -> list[httpx.Response]:
        """Ask at once."""

        async def ask() -> list[httpx.Response]:
            headers = {"Authorization": f"Bearer {name}"} if name else {}
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                return await asyncio.gather(*map(client.get, paths))

        return asyncio.run(ask())

    def records(self, kind: str) -> list[dict[str, Any]]:
        """The records of a kind."""
        with self.store.storage.reading() as log:
            lines = [json.loads(row.line) for row in log.rows(0, log.size())]
        return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    """A log of 302 records."""
    monkeypatch.setattr(audit_store, "SIGN_SECONDS", 0.05)
    store = open_store(tmp_path / "audit.sqlite")

    async def fill() -> None:
        ports = [("oakland",), ("hueneme",), ("oakland", "hueneme"), ()]
        await asyncio.gather(*(store.append(decision(f"q{n}", *ports[n % 4])) for n in range(300)))

    asyncio.run(fill())
    told = Served(store)
    while "\n302\n" not in told.get("/log/checkpoint").text:
        time.sleep(0.02)
    yield told
    store.close()


def test_the_checkpoint_is_the_logs_and_may_not_be_kept(served: Served) -> None:
    answer = served.get("/log/checkpoint")

    text, signed = signers_of(answer.text, [SIGNER.verifier])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/plain; charset=utf-8")
    assert answer.headers.get_list("cache-control") == ["no-store"]
    assert set(signed) == {SIGNER.verifier}
    assert checkpoint_in(text).size == 302


def test_tiles_and_bundles_give_the_root_that_was_signed(served: Served) -> None:
    checkpoint = checkpoint_in(signers_of(served.get("/log/checkpoint").text, [SIGNER.verifier])[0])
    size = checkpoint.size

    def read(tile: Tile) -> bytes:
        answer = served.get(f"/log/{tile.path}")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers.get_list("cache-control") == ["public, max-age=31536000, immutable"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        return answer.content

    assert root_of(0, size, read_through(read, size)) == checkpoint.root
    entries = unbundle(read(Tile(None, 0))) + unbundle(read(Tile(None, 1, size - 256)))
    leaves = [read(Tile(0, 0)), read(Tile(0, 1, size - 256))]
    assert b"".join(map(leaf_hash, entries)) == b"".join(leaves)


ELSEWHERE = """
/ /checkpoint/ /tile /tile/ /tile/0 /tile/0/002 /tile/1/001 /tile/0/001 /tile/0/000.p/0 /tile/0/000.p/256
/tile/0/000.p/257 /tile/0/0 /tile/0/0000 /tile/00/000 /tile/64/000 /tile/-1/000 /tile/0/x000/000 /tile/0/000/000
/tile/entries/002 /tile/entries/0 /tile/0/000.p/01 /tile/data/000 /tile/0/%2e%2e /tile/0/٠٠٠ /entries /views /views/
/views/nowhere /views/oakland/x /audit.sqlite
"""


def test_nothing_else_is_there(served: Served) -> None:
    paths = [f"/log{path}" for path in ("", *ELSEWHERE.split())]

    found = {path: answer.status_code for path, answer in zip(paths, served.get_all(paths, "auditor"), strict=True)}
    assert set(found.values()) == {404}, found


def test_nobody_can_write(served: Served) -> None:
    async def ask() -> list[int]:
        transport = httpx.ASGITransport(served.app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return [(await client.request(way, "/log/checkpoint")).status_code for way in ("POST", "PUT", "DELETE")]

    assert asyncio.run(ask()) == [405, 405, 405]


# --- views ----------------------------------------------------------------------------------------------------------


def lines(answer: httpx.Response) -> list[dict[str, Any]]:
    """What an answer holds."""
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert answer.headers.get_list("cache-control") == ["no-store"]
    return [json.loads(line) for line in answer.text.splitlines()]


@pytest.mark.parametrize("name", ["witness", "steward", "auditor"])
def test_a_ports_views_fit_their_entries_and_hold_what_concerns_it(served: Served, name: str) -> None:
    found = lines(served.get("/log/views/oakland?from=0&to=302", name))

    assert [each["index"] for each in found] == list(range(302))
    for each in found:
        value = hashlib.sha256(base64.b64decode(each["salt"]) + each["view"].encode()).digest()
        assert json.loads(each["entry"])["oakland"] == base64.b64encode(value).decode()
    shown = [json.loads(each["view"]) for each in found if each["view"]]
    assert {view["query"] for view in shown if view["kind"] == "decision"} == {
        f"q{n}" for n in range(300) if n % 2 == 0
    }
    assert all(view["concerns"] == ["oakland"] for view in shown)


@pytest.mark.parametrize(
    ("name", "status"),
    [("", 401), ("nobody", 401), ("partner", 403), ("other witness", 403), ("other steward", 403)],
)
def test_others_may_not_have_them(served: Served, name: str, status: int) -> None:
    assert served.get("/log/views/oakland", name).status_code == status
    assert served.records("reading") == []


def test_a_page_is_bounded_and_says_by_its_last_index_where_to_go_on(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(log_files, "MOST_RECORDS", 100)
    assert [each["index"] for each in lines(served.get("/log/views/oakland?from=250", "auditor"))][:2] == [250, 251]
    assert len(lines(served.get("/log/views/oakland", "auditor"))) == 100
    monkeypatch.setattr(log_files, "MOST_BYTES", 3_000)
    assert 1 <= len(lines(served.get("/log/views/oakland", "auditor"))) < 10
    assert lines(served.get("/log/views/oakland?from=100000", "auditor")) == []


def test_what_is_no_index_is_refused(served: Served) -> None:
    for query in ("from=-1", "from=x", "to=1.5", "from=", f"to={'9' * 20}", "from=٣"):
        assert served.get(f"/log/views/oakland?{query}", "auditor").status_code == 400, query


def test_stewards_and_auditors_leave_a_record_each_time_and_a_witness_one_a_day(served: Served) -> None:
    for _ in range(3):
        served.get("/log/views/oakland?to=5", "witness")
    served.get("/log/views/oakland?from=2&to=5", "steward")
    served.get("/log/views/oakland?to=5", "steward")
    served.get("/log/views/oakland?to=5", "auditor")

    readings = served.records("reading")
    assert [(each["role"], each["found"], each["concerns"]) for each in readings] == [
        ("witness", 5, ["oakland"]),
        ("steward", 3, ["oakland"]),
        ("steward", 5, ["oakland"]),
        ("auditor", 5, []),
    ]
    assert readings[1]["wanted"] == {"port": "oakland", "from": "2"}
    served.now += timedelta(days=1)
    served.get("/log/views/oakland?to=5", "witness")
    assert len(served.records("reading")) == 5


def test_few_read_at_once_and_few_wait(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_files, "MOST_WAITING", 20)
    served.app = served.made()  # its room is made with it
    lock, at_once, most = threading.Lock(), 0, 0
    real = room._read

    def counted(*given: Any) -> Any:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        try:
            threading.Event().wait(0.02)
            return real(*given)
        finally:
            with lock:
                at_once -= 1

    monkeypatch.setattr(room, "_read", counted)
    found = [answer.status_code for answer in served.get_all(["/log/checkpoint"] * 30)]

    assert most == log_files.MOST_READINGS
    assert sorted(set(found)) == [200, 429]
    assert found.count(200) == 20
