"""A real OPA that loads its bundles from a real intake in this process, with the stack's own keys and configuration."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from gateway.adapters.bundle_store import BundleStore, Rules, read_keys
from gateway.adapters.clock import now
from gateway.adapters.narrow import NarrowCheck
from gateway.adapters.opa import OpaPolicy
from gateway.adapters.pinned import PinnedPolicy
from gateway.adapters.signing import private_key, stamp
from gateway.edge.bundles import bundles_app
from gateway.edge.serve import serving_wall
from gateway.edge.wall import wall_app
from gateway.errors import PolicyUnavailable
from gateway.model import Port
from gateway.policy.bundle import LIBRARY, Bundle, make_port
from gateway.policy.language import PortDocument
from gateway.policy.signature import public_key
from gateway.running import RunningAnswers
from gateway.settings import WallSettings
from stack import policy, publishing
from stack.keys import bundle_key_file, bundle_secret_file, make_bundle_keys, public_bundle_key_file
from stack.layout import Home
from stack.settings import PORTS, StackSettings, TcpPorts
from tests.conftest import free_tcp_ports
from tests.simulator import Log

CONTACTS = {port: Port(port, port, "US", f"desk@{port}.example", {}) for port in PORTS}
READY_SECONDS = 20.0


@dataclass
class Served:
    """What a test works with."""

    home: Home
    store: BundleStore
    policy: PinnedPolicy
    opa: OpaPolicy
    running: RunningAnswers
    log: Log

    def sign(self, document: PortDocument, narrow: bytes | None = None) -> Bundle:
        """Sign with the port's own key, now."""
        made, serial = stamp()
        key = private_key(bundle_key_file(self.home, document.port))
        return make_port(document, "none", narrow, key, made=made, serial=serial)

    async def publish(self, document: PortDocument, narrow: bytes | None = None) -> Bundle:
        """Sign and take in."""
        bundle = self.sign(document, narrow)
        await asyncio.sleep(0.002)  # the next serial number is another millisecond
        return await self.store.accept(document.port, bundle.packed(), "steward#publish")

    async def ready(self) -> None:
        """Wait until OPA has loaded what is published."""
        async with asyncio.timeout(READY_SECONDS):
            while True:
                try:
                    return await self.policy.probe()
                except PolicyUnavailable:
                    await asyncio.sleep(0.05)


@asynccontextmanager
async def served(folder: Path, opa_binary: Path, *, timeout_seconds: float = 5.0) -> AsyncIterator[Served]:
    """Run OPA and serve it the library, and whatever is published."""
    home = Home(folder / "home")
    home.make()
    make_bundle_keys(home, (LIBRARY, *PORTS))
    publishing.make_library(home)
    opa_port, wall_port = free_tcp_ports(2)
    policy.configure(home, StackSettings(as_of=date(2026, 11, 25), tcp=TcpPorts(opa=opa_port, wall=wall_port)))
    log, running = Log(), RunningAnswers()
    keys = read_keys(home.policy_keys, PORTS)
    store = BundleStore(Rules(home.bundles), keys, NarrowCheck(opa_binary), log, now, running)
    store.take_library(home.library.read_bytes(), public_key(public_bundle_key_file(home, LIBRARY).read_bytes()))
    await store.load()
    secret_file = bundle_secret_file(home)
    app = bundles_app(store.served_after, secret_file.read_text().strip(), wall_app(_no, "wall"))
    opa = OpaPolicy(f"http://127.0.0.1:{opa_port}", timeout_seconds)
    command = policy.command(home, opa_binary, opa_port)
    async with serving_wall(app, WallSettings(tcp_port=wall_port, secret_file=secret_file)):
        with home.log("opa").open("wb") as said, subprocess.Popen(command, stdout=said, stderr=said) as process:
            try:
                yield Served(home, store, PinnedPolicy(opa, store, CONTACTS), opa, running, log)
            finally:
                await opa.close()
                process.terminate()


async def _no(_body: bytes) -> bool:
    return False
