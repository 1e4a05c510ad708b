"""Settings -> adapters -> gate: the only place that constructs."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gateway.adapters.audit_index import AuditIndex
from gateway.adapters.audit_places import open_storage
from gateway.adapters.audit_queries import AuditQueries, found_by
from gateway.adapters.audit_store import AuditStore, Writer
from gateway.adapters.bundle_store import BundleStore, Rules, read_keys
from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.certificates import ClientCertificates
from gateway.adapters.clock import now
from gateway.adapters.executions import Executions
from gateway.adapters.identity import Identities
from gateway.adapters.kernel_pool import KernelPool
from gateway.adapters.log_key import read_signing_key
from gateway.adapters.logins import Logins
from gateway.adapters.narrow import NarrowCheck
from gateway.adapters.oidc import OidcProvider
from gateway.adapters.opa import OpaPolicy
from gateway.adapters.past_decisions import PastDecisions
from gateway.adapters.pinned import PinnedPolicy
from gateway.adapters.tokens import TokenReader
from gateway.adapters.trino import Trino
from gateway.adapters.usage_store import SqliteUsageStore
from gateway.adapters.wall import Wall
from gateway.adapters.witnesses import Witnessed, Witnesses
from gateway.audit.note import Signer
from gateway.dialogue import Dialogue
from gateway.edge.api import AddRoutes
from gateway.edge.audit_access import LogAccess
from gateway.edge.audit_pages import add_log_pages
from gateway.edge.audit_proofs import Proofs
from gateway.edge.audit_receipts import Receipts, add_receipts
from gateway.edge.audit_reports import add_reports
from gateway.edge.credentials import identify, plain_challenge
from gateway.edge.log_files import add_log_files
from gateway.edge.oauth import Login
from gateway.edge.results import Links
from gateway.edge.sealed import Seal
from gateway.edge.trino_protocol import TrinoProtocol
from gateway.errors import Broken, GatewayError
from gateway.flagging import Thresholds
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
        running = RunningAnswers()
        self._witnesses = Witnesses(settings.audit, self._audit, now, build, tuple(sorted(settings.ports)), running)
        self._usage = SqliteUsageStore(settings.usage_file)
        self._opa = OpaPolicy(str(settings.opa.url), settings.opa.timeout_seconds)
        catalog = read_catalog(settings.catalog_directory, settings.ports)
        self._kernel = KernelPool(catalog, settings.kernel)
        tokens = TokenReader(settings.issuers)
        identity = Identities(tokens, ClientCertificates(settings.listen, settings.services, now))
        self._logins = Logins(self._audit, now, build)
        self.login = _login(settings, tokens, identity, self._logins)
        self.executions = Executions(
            self._audit, now, build, PastDecisions(self._audit.storage), settings.wall.maintenance_users,
            wait_seconds=settings.executions.wait_seconds, query_seconds=settings.trino.query_timeout_seconds,
        )  # fmt: skip
        """What Trino tells of the queries that it ran."""
        self.wall = Wall(self._audit, now, build, settings.wall.maintenance_users, watch=self.executions)
        self._engine = Trino(settings.trino, self.wall)
        recent = RecentQueries(Witnessed(self._audit, self._witnesses.check))
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
            turned_away=self._logins.note,
        )
        sealing = _sealing_secret(settings)
        self.trino_clients = _trino_clients(settings, self.gate, self.login, sealing)
        self.links = Links(sealing)
        self._access = LogAccess(
            lambda request: identify(request.scope, self.gate), self._audit, now, self.bundles.organisation,
            tuple(sorted(settings.ports)),
        )  # fmt: skip
        self._index = AuditIndex(self._audit.storage, settings.index_file)
        signer, queries = _log_signer(settings), AuditQueries(self._audit.storage, found_by(self._index))
        proofs = Proofs(self._access, self._audit.storage.reading, signer)
        self.receipts = Receipts(queries, signer)
        thresholds = Thresholds(**settings.audit.flags.model_dump())
        self.log_routes: tuple[AddRoutes, ...] = (
            lambda app: add_log_files(app, self._audit.storage.reading, self._access),
            lambda app: add_log_pages(app, self._access, self._index),
            proofs.add_routes,
            lambda app: add_receipts(app, queries, self._access, signer),
            lambda app: add_reports(app, queries, self._access, signer.name, thresholds),
        )
        """What serves the log over HTTP."""

    async def start(self) -> None:
        """Put the ports' agreements into force, and start the kernel's workers."""
        await self.bundles.load()
        self.executions.start()
        await self._kernel.start()
        await self._witnesses.start()
        self._index.start()

    async def lost(self) -> Exception:
        """Wait until the audit log can be written no more, and return why: from then on nothing may be answered."""
        return await asyncio.wrap_future(self._audit.lost)

    async def close(self) -> None:
        """Let go of every part; what waits to be written is written."""
        await self._kernel.close()
        await self._opa.close()
        await self._engine.close()
        await self._witnesses.close()
        await self.wall.close()
        await self.executions.close()
        await self._logins.close()
        await asyncio.to_thread(self._index.close)
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
        return {**dict(zip(probes, answers, strict=True)), "witnesses": self._witnesses.state()}


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
    storage = open_storage(chosen, tuple(sorted(settings.ports)))
    return AuditStore(storage, Writer(chosen.gateway, build, _log_signer(settings), chosen.retention_days))


def _log_signer(settings: Settings) -> Signer:
    return Signer(settings.audit.origin, read_signing_key(settings.audit.key_file))


def _login(settings: Settings, tokens: TokenReader, identity: Identities, logins: Logins) -> Login | None:
    """Let people log in through their browser, if the settings name a provider."""
    chosen = settings.external_login
    if chosen is None:
        return None
    issuer = next(known for known in settings.issuers if known.issuer == chosen.issuer)
    provider = OidcProvider(chosen, issuer, tokens)
    return Login(provider, identity.identify, str(chosen.base_url), turned_away=logins.note)


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
