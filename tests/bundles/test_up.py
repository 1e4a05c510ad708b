"""What `portgate up` publishes: what is not in force, and what was edited since; never over a steward's head."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import date
from pathlib import Path

import httpx

from gateway.adapters.bundle_store import BundleStore, Rules, read_keys
from gateway.adapters.clock import now
from gateway.adapters.issuer import ISSUER, issue_token, make_issuer
from gateway.adapters.narrow import NarrowCheck
from gateway.adapters.signing import private_key, read_files, suspended_text
from gateway.adapters.tokens import TokenReader
from gateway.edge.api import make_app
from gateway.edge.serve import serving_wall
from gateway.model import Partner
from gateway.running import RunningAnswers
from gateway.settings import IssuerSettings, WallSettings
from stack.keys import bundle_key_file, make_bundle_keys
from stack.layout import POLICIES, Home
from stack.publishing import publish_changed, steward_of
from stack.settings import PORTS, StackSettings, TcpPorts
from tests.conftest import free_tcp_ports
from tests.edge.stand_in import StandInGate
from tests.simulator import Log


class Issued(StandInGate):
    """Reads the tokens of the development issuer."""

    def __init__(self, reader: TokenReader) -> None:
        super().__init__()
        self._reader = reader

    def identify(self, token: str | None, certificate: bytes | None = None) -> Partner:
        return self._reader.identify(token)


def told(folder: Path, story: Callable[[Home, BundleStore, Callable[[], list[str]]], object]) -> None:
    """Tell a story of one stack: its folder, its gateway's intake, and `portgate up` as far as publishing goes."""
    home = Home(folder / "home")
    home.make()
    make_bundle_keys(home, PORTS)
    make_issuer(home.identity)
    plain = free_tcp_ports(1)[0]
    settings = StackSettings(as_of=date(2026, 11, 25), tcp=TcpPorts(plain=plain))

    (home.root / "plain").write_text(str(plain))

    def up() -> list[str]:
        said: list[str] = []
        publish_changed(home, settings, said.append)
        return said

    async def tell() -> None:
        keys = read_keys(home.policy_keys, PORTS)
        store = BundleStore(Rules(home.bundles), keys, NarrowCheck(None), Log(), now, RunningAnswers())
        await store.load()
        door = Issued(TokenReader([IssuerSettings(issuer=ISSUER, jwks_file=home.identity / "jwks.json")]))
        async with serving_wall(make_app(door, door.ready, store), WallSettings(tcp_port=plain, secret_file=folder)):
            await asyncio.to_thread(story, home, store, up)

    asyncio.run(tell())


def put(home: Home, port: str, packed: bytes) -> None:
    """Publish as the port's steward does."""
    plain = json.loads((home.root / "plain").read_text())
    headers = {"Authorization": f"Bearer {issue_token(home.identity, steward_of(port))}"}
    headers["Content-Type"] = "application/gzip"
    answer = httpx.put(f"http://127.0.0.1:{plain}/api/ports/{port}/bundle", content=packed, headers=headers)
    assert answer.status_code == 200, answer.text


def test_the_first_start_publishes_every_port_and_the_next_one_none(tmp_path: Path) -> None:
    def story(_home: Home, store: BundleStore, up: Callable[[], list[str]]) -> None:
        assert up() == [f"{port}'s agreements are published" for port in PORTS]
        assert {port: told["state"] for port, told in store.status().items()} == dict.fromkeys(PORTS, "in_force")
        assert up() == []

    told(tmp_path, story)


def test_what_a_steward_suspended_stays_suspended_until_the_file_is_edited(tmp_path: Path) -> None:
    def story(home: Home, store: BundleStore, up: Callable[[], list[str]]) -> None:
        up()
        stopped = suspended_text(read_files(POLICIES, "oakland"), suspended=True)
        put(home, "oakland", stopped.sign(private_key(bundle_key_file(home, "oakland"))).packed())

        assert up() == []
        assert store.status()["oakland"]["state"] == "suspended"

        home.published.write_text(home.published.read_text().replace('"oakland": "', '"oakland": "another '))
        assert up() == ["oakland's agreements are published"]
        assert store.status()["oakland"]["state"] == "in_force"

    told(tmp_path, story)


def test_a_bundle_that_is_lost_is_published_again(tmp_path: Path) -> None:
    told(tmp_path, lambda _home, _store, up: up())
    (tmp_path / "home" / "policy" / "bundles" / "oakland.tar.gz").unlink()

    def story(_home: Home, _store: BundleStore, up: Callable[[], list[str]]) -> None:
        assert up() == ["oakland's agreements are published"]

    told(tmp_path, story)
