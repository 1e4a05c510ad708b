"""Settings -> adapters -> gate: the only place that constructs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gateway.adapters.audit_places import open_storage
from gateway.adapters.audit_store import AuditStore, Writer
from gateway.adapters.bundle_store import BundleStore, Rules, read_keys
from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.certificates import ClientCertificates
from gateway.adapters.clock import now
from gateway.adapters.identity import Identities
from gateway.adapters.kernel_pool import KernelPool
from gateway.adapters.log_key import read_signing_key
from gateway.adapters.narrow import NarrowCheck
from gateway.adapters.oidc import OidcProvider
from gateway.adapters.opa import OpaPolicy
from gateway.adapters.pinned import PinnedPolicy
from gateway.adapters.tokens import TokenReader
from gateway.adapters.trino import Trino
from gateway.adapters.usage_store import SqliteUsageStore
from gateway.adapters.wall import Wall
from gateway.audit.note import Signer
from gateway.dialogue import Dialogue
from gateway.edge.api import AddRoutes
from gateway.edge.audit_access import LogAccess
from gateway.edge.credentials import identify, plain_challenge
from gateway.edge.oauth import Login
from gateway.edge.results import Links
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import Broken, GatewayError
from gateway.pipeline import Gate
from gateway.policy.bundle import LIBRARY
from gateway.policy.refusal import BundleRefused
from gateway.recent import RecentQueries
from gateway.running import RunningAnswers
from gateway.settings import PolicySettings, Settings


class Gateway:
    """One running gateway: the gate, and the parts that must be opened and closed."""

    def __init__(self, settings: Settings) -> None:
        build = _build()
        self._audit = _audit(settings, build)
        self._usage = SqliteUsageStore(settings.usage_file)
        self._opa = OpaPolicy(str(settings.opa.url), settings.opa.timeout_seconds)
        catalog = read_catalog(settings.catalog_directory, settings.ports)
        self._kernel = KernelPool(catalog, settings.kernel)
        tokens = TokenReader(settings.issuers)
        identity = Identities(tokens, ClientCertificates(settings.listen, settings.services, now))
        self.login = _login(settings, tokens, identity)
        self.wall = Wall(self._audit, now, build, settings.wall.maintenance_users)
        self._engine = Trino(settings.trino, self.wall)
        running = RunningAnswers()
        recent = RecentQueries(self._audit)
        self.bundles = _bundles(settings, self._audit, running, build)
        self.gate = Gate(
            catalog=catalog,
            kernel=self._kernel,
            identity=identity,
            policy=PinnedPolicy(self._opa, self.bundles, catalog.ports),
            engine=self._engine,
            audit=recent,
            usage=self._usage,
            clock=now,
            mask_secret=settings.mask_key_file.read_bytes(),
            build=build,
            running=running,
            recent=recent.of,
        )
        sealing = _sealing_secret(settings)
        self.trino_clients = _trino_clients(settings, self.gate, self.login, sealing)
        self.links = Links(sealing)
        self._access = LogAccess(
            lambda request: identify(request.scope, self.gate), self._audit, now, self.bundles.organisation,
            tuple(sorted(settings.ports)),
        )  # fmt: skip
        self.log_routes: tuple[AddRoutes, ...] = ()
        """What serves the log over HTTP."""

    async def start(self) -> None:
        """Put the ports' agreements into force, and start the kernel's workers."""
        await self.bundles.load()
        await self._kernel.start()

    async def lost(self) -> Exception:
        """Wait until the audit log can be written no more, and return why: from then on nothing may be answered."""
        return await asyncio.wrap_future(self._audit.lost)

    async def close(self) -> None:
        """Let go of every part; what waits to be written is written."""
        await self._kernel.close()
        await self._opa.close()
        await self._engine.close()
        await asyncio.to_thread(self._audit.close)
        await asyncio.to_thread(self._usage.close)

    async def ready(self) -> dict[str, str]:
        """Ask each part how it is: part -> `ok`, or why not."""
        gate = self.gate
        probes = {
            "kernel": gate.kernel.probe,
            "policy": gate.policy.probe,
            "engine": gate.engine.probe,
            "audit": gate.audit.probe,
            "usage": gate.usage.probe,
        }
        answers = await asyncio.gather(*(_state(probe) for probe in probes.values()))
        return dict(zip(probes, answers, strict=True))


async def _state(probe: Callable[[], Awaitable[Any]]) -> str:
    try:
        await probe()
    except GatewayError as error:
        return error.message
    except TimeoutError:
        return "no answer in time"
    return "ok"


def _audit(settings: Settings, build: str) -> AuditStore:
    chosen = settings.audit
    signer = Signer(chosen.origin, read_signing_key(chosen.key_file))
    storage = open_storage(chosen, tuple(sorted(settings.ports)))
    return AuditStore(storage, Writer(chosen.gateway, build, signer, chosen.retention_days))


def _login(settings: Settings, tokens: TokenReader, identity: Identities) -> Login | None:
    """Let people log in through their browser, if the settings name a provider."""
    chosen = settings.external_login
    if chosen is None:
        return None
    issuer = next(known for known in settings.issuers if known.issuer == chosen.issuer)
    return Login(OidcProvider(chosen, issuer, tokens), identity.identify, str(chosen.base_url))


def _sealing_secret(settings: Settings) -> bytes:
    """What addresses are sealed with; one that is made up here opens none that another gateway has sealed."""
    file = settings.trino_clients.page_key_file
    return file.read_bytes() if file else os.urandom(32)


def _trino_clients(settings: Settings, gate: Gate, login: Login | None, secret: bytes) -> TrinoProtocol:
    chosen = settings.trino_clients
    return TrinoProtocol(
        gate,
        Dialogue(gate, settings.trino.query_timeout_seconds),
        lambda scope: identify(scope, gate),
        Seal(secret),
        timeout_seconds=chosen.timeout_seconds,
        public_url=str(chosen.public_url or ""),
        challenge=login.challenge if login else plain_challenge,
    )


def _bundles(settings: Settings, audit: AuditStore, running: RunningAnswers, build: str) -> BundleStore:
    policy = settings.policy
    keys = read_keys(policy.keys_directory, settings.ports)
    rules = Rules(policy.bundles_directory, policy.max_bundle_age_days)
    bundles = BundleStore(rules, keys, NarrowCheck(policy.opa_binary), audit, now, running, build=build)
    _take_library(bundles, policy)
    return bundles


def _take_library(bundles: BundleStore, policy: PolicySettings) -> None:
    """Serve the shared rules; without them no question can be answered, so the gateway does not start."""
    key = read_keys(policy.keys_directory, (LIBRARY,))[LIBRARY]
    if key is None:
        raise ValueError(f"{policy.keys_directory}/{LIBRARY}.pem is not there: the partnership's public key")
    try:
        bundles.take_library(policy.library_file.read_bytes(), key)
    except BundleRefused as refused:
        raise Broken(f"{policy.library_file} is refused: {refused.message}", hint=refused.mend) from refused


def _build() -> str:
    try:
        return f"portgate {version('portgate')}"
    except PackageNotFoundError:
        return "portgate (unreleased)"
