"""Settings -> adapters -> gate: the only place that constructs."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from gateway.adapters.audit_store import SqliteAuditStore
from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.clock import now
from gateway.adapters.kernel_pool import KernelPool
from gateway.adapters.opa import OpaPolicy
from gateway.adapters.tokens import TokenReader
from gateway.adapters.trino import Trino
from gateway.adapters.usage_store import SqliteUsageStore
from gateway.adapters.wall import Wall
from gateway.errors import GatewayError
from gateway.pipeline import Gate
from gateway.settings import Settings

THREADS = 256
"""How many queries can wait for Trino at once; each holds one thread while it waits."""


class Gateway:
    """One running gateway: the gate, and the parts that must be opened and closed."""

    def __init__(self, settings: Settings) -> None:
        self._audit = SqliteAuditStore(settings.audit.file)
        self._usage = SqliteUsageStore(settings.usage_file)
        self._policy = OpaPolicy(str(settings.opa.url), settings.opa.timeout_seconds)
        catalog = read_catalog(settings.catalog_directory, settings.ports)
        self._kernel = KernelPool(catalog, settings.kernel)
        build = _build()
        self.wall = Wall(self._audit, now, build, settings.wall.maintenance_users)
        self.gate = Gate(
            catalog=catalog,
            kernel=self._kernel,
            identity=TokenReader(settings.issuers),
            policy=self._policy,
            engine=Trino(settings.trino, self.wall),
            audit=self._audit,
            usage=self._usage,
            clock=now,
            mask_secret=settings.mask_key_file.read_bytes(),
            build=build,
        )

    async def start(self) -> None:
        """Start the kernel's workers, and make room for many waiting queries."""
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(THREADS, "waits-for-trino"))
        await self._kernel.start()

    async def close(self) -> None:
        """Let go of every part; what waits to be written is written."""
        await self._kernel.close()
        await self._policy.close()
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


def _build() -> str:
    try:
        return f"portgate {version('portgate')}"
    except PackageNotFoundError:
        return "portgate (unreleased)"
