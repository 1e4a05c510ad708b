"""A gateway with prepared answers, served over HTTPS to the Python client."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from gateway.adapters.issuer import issue_token, make_issuer
from gateway.client import Portgate
from tests.edge.test_serve import ROOT, free_ports, make_certificate


@dataclass(frozen=True)
class Served:
    """A gateway that answers as `tests.client.serving` says."""

    url: str
    authority: str
    token: str

    @property
    def portgate(self) -> Portgate:
        """The client, set up for it."""
        return Portgate.at(self.url, token=self.token, purpose="freight_resilience", verify=self.authority)


@pytest.fixture(scope="package")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home: Path = tmp_path_factory.mktemp("home")
    make_certificate(home)
    make_issuer(home / "identity")
    tls, plain = free_ports(2)
    files = [str(home / "ca.pem"), str(home / "gateway.key"), str(home / "identity")]
    command = [sys.executable, "-m", "tests.client.serving", str(tls), str(plain), *files]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "gateway ready" in process.stderr.readline()
        token = issue_token(home / "identity", "gobiz-analyst")
        yield Served(f"https://127.0.0.1:{tls}", files[0], token)
        process.kill()
