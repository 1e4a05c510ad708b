"""A real OPA for the policy tests: the binary, a server on a free port, and one way to ask it."""

from __future__ import annotations

import asyncio
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from rich.console import Console

from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.opa import OpaPolicy
from gateway.adapters.policy_files import write_open_bundle
from gateway.model import AskedTable, Catalog, Decision, Partner, Question, Spent, TableDecision, TableName, Use
from gateway.settings import Settings
from stack import components
from stack.prepare import ConsoleMeter
from tests.plain_yaml import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
POLICIES = REPOSITORY / "policies"
NOW = "2026-11-22T16:45:06Z"
PATIENCE_SECONDS = 20.0
TablesUses = Mapping[str, Mapping[str, frozenset[Use]]]
NO_USES: TablesUses = {}
NOTHING_SPENT: Mapping[str, Mapping[str, Spent]] = {}


@pytest.fixture(scope="session")
def opa_binary() -> Path:
    """The OPA of the local stack: from the cache, else from PATH, else fetched or built."""
    found = components.find_opa()
    if found is None:  # nothing is there yet: this may build for minutes
        with ConsoleMeter(Console(stderr=True)) as meter:
            found = components.fetch(meter).opa
    return found


@pytest.fixture(scope="session")
def catalog() -> Catalog:
    """The catalog of the five ports."""
    ports = Settings.model_fields["ports"].default
    return read_catalog(REPOSITORY / "catalog", ports)


def run_opa(binary: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run one OPA command from the repository's root; the caller looks at the exit code."""
    command = [str(binary), *arguments]
    return subprocess.run(command, check=False, capture_output=True, text=True, cwd=REPOSITORY, timeout=120)


@dataclass(frozen=True)
class Oracle:
    """Asks a running OPA through the gateway's own adapter."""

    url: str
    partners: Mapping[str, Partner]

    def decide(
        self, partner: str, purpose: str, tables: Mapping[str, list[str]], *, now: str = NOW,
        uses: TablesUses = NO_USES, spent: Mapping[str, Mapping[str, Spent]] = NOTHING_SPENT,
    ) -> dict[str, TableDecision]:  # fmt: skip
        """Ask for `port.schema.table` -> columns; answer the same keys."""
        decision = self.decide_all(partner, purpose, tables, now=now, uses=uses, spent=spent)
        return {str(name): answer for name, answer in decision.tables.items()}

    def decide_all(
        self, partner: str, purpose: str, tables: Mapping[str, list[str]], *, now: str = NOW,
        uses: TablesUses = NO_USES, spent: Mapping[str, Mapping[str, Spent]] = NOTHING_SPENT,
    ) -> Decision:  # fmt: skip
        """Ask for `port.schema.table` -> columns, in all uses where none are named."""
        asked = tuple(
            AskedTable(TableName(*name.split(".")), tuple(columns), uses.get(name, {}))
            for name, columns in tables.items()
        )
        return asyncio.run(self.decide_question(Question(self.partners[partner], purpose, now, asked, spent)))

    async def decide_question(self, question: Question) -> Decision:
        """Ask the one question."""
        policy = OpaPolicy(self.url, timeout_seconds=5.0)
        try:
            return await policy.decide(question)
        finally:
            await policy.close()


@pytest.fixture(scope="session")
def oracle(opa_binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Oracle]:
    folder = tmp_path_factory.mktemp("opa")
    port, log, bundle = _free_port(), folder / "opa.log", folder / "bundle"
    write_open_bundle(POLICIES, bundle)
    command = [str(opa_binary), "run", "--server", "--disable-telemetry", "--addr", f"127.0.0.1:{port}"]
    with log.open("wb") as out:
        server = subprocess.Popen([*command, "--bundle", str(bundle)], stdout=out, stderr=out)
    try:
        _wait_until_ready(f"http://127.0.0.1:{port}", server, log)
        yield Oracle(f"http://127.0.0.1:{port}", read_partners())
    finally:
        server.terminate()
        server.wait(timeout=10)


def read_partners() -> dict[str, Partner]:
    document: dict[str, Any] = yaml.safe_load((REPOSITORY / "deploy/local/partners.yaml").read_text())
    return {
        name: Partner(
            name,
            said["organisation"],
            said["organisation_class"],
            tuple(said["roles"]),
            tuple(said["purposes"]),
            said["attributes"],
            "test",
        )
        for name, said in document["partners"].items()
    }


def read_agreements() -> dict[str, dict[str, Any]]:
    return {file.parent.name: read_yaml(file.read_text()) for file in sorted(POLICIES.glob("ports/*/data.yaml"))}


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _wait_until_ready(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{url}/health", timeout=1):  # noqa: S310
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    pytest.fail(f"OPA did not come up:\n{log.read_text()[-2000:]}")
