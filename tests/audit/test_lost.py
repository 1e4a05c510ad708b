"""A gateway whose disk breaks under its log answers nobody any more, and ends with an exit code that says so."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from gateway.adapters.audit_sqlite import reading
from tests.audit.logs import open_store
from tests.audit.soundness import sound
from tests.conftest import CHECKOUT, free_tcp_ports
from tests.edge.test_serve import make_certificate

QUESTION = {"sql": "SELECT ship FROM calls", "purpose": "freight_resilience"}


@dataclass
class Served:
    """A gateway in a process of its own."""

    process: subprocess.Popen[str]
    file: Path
    url: str

    def ask(self) -> httpx.Response:
        """Ask a query."""
        return httpx.post(f"{self.url}/api/queries", json=QUESTION, headers={"Authorization": "Bearer ana"}, timeout=20)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    file = tmp_path / "audit.sqlite"
    ports = free_tcp_ports(3)
    words = [str(word) for word in (file, *ports, *make_certificate(tmp_path))]
    command = [sys.executable, "-m", "tests.audit.serving", *words]
    with subprocess.Popen(command, cwd=CHECKOUT, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert "gateway ready" in process.stderr.readline()
        yield Served(process, file, f"http://127.0.0.1:{ports[1]}")
        process.kill()


def test_a_disk_that_breaks_under_the_log_ends_the_gateway_at_once(served: Served) -> None:
    assert served.ask().status_code == 200

    served.process.send_signal(signal.SIGUSR1)
    try:
        told = served.ask().status_code
    except httpx.TransportError:
        told = 503  # it was cut off before it was told
    code = served.process.wait(10)

    assert told == 503
    assert code == 1
    assert served.process.stderr is not None
    assert "the audit log is lost, so nothing is answered any more" in served.process.stderr.read()
    with pytest.raises(httpx.ConnectError):
        served.ask()
    open_store(served.file).close()
    with reading(served.file) as reader:
        log = sound(reader)
    assert not log.open


def test_a_signal_ends_it_well(served: Served) -> None:
    served.process.send_signal(signal.SIGTERM)

    assert served.process.wait(10) == 0
