"""The real stack, started once for all tests that need it, at a small scale and on free TCP ports."""

from __future__ import annotations

import json
import random
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import settings

from stack.layout import Home
from stack.trino_access import connect

CHECKOUT = Path(__file__).resolve().parent.parent
SCALE = "0.01"

settings.register_profile("many")  # `pytest --hypothesis-profile=many`: what is drawn, drawn far more often


@dataclass(frozen=True)
class Stack:
    """One running federation."""

    home: Path
    url: str

    def portgate(self, *words: str, check: bool = True, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        """Run the command line against this stack."""
        command = [sys.executable, "-m", "gateway", *words, "--home", str(self.home)]
        done = subprocess.run(
            command, cwd=CHECKOUT, capture_output=True, text=True, timeout=600, input=stdin, check=False
        )
        if check and done.returncode:
            raise AssertionError(f"{' '.join(command)}\nexit {done.returncode}\n{done.stdout}\n{done.stderr}")
        return done

    def token(self, partner: str) -> str:
        """A token of the development issuer."""
        return self.portgate("token", "--as", partner).stdout.strip()

    def client(self, partner: str) -> httpx.Client:
        """A client of the REST interface, logged in as the partner."""
        trusted = ssl.create_default_context(cafile=str(Home(self.home).ca_file))
        headers = {"Authorization": f"Bearer {self.token(partner)}"}
        return httpx.Client(base_url=self.url, headers=headers, verify=trusted, timeout=60)

    def trino(self) -> Any:
        """A connection to Trino itself, behind the gateway's back."""
        return connect(self.home)


def free_tcp_ports(count: int) -> list[int]:
    """Find TCP ports that nobody uses."""
    sockets = [socket.socket() for _ in range(count)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    numbers = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return numbers


def free_tcp_run(count: int) -> int:
    """Find TCP ports in a row that nobody uses, below those that the system gives away; return the first."""
    for first in random.sample(range(20_000, 32_000), 1_000):
        try:
            for number in range(first, first + count):
                with socket.socket() as probe:
                    probe.bind(("127.0.0.1", number))
        except OSError:
            continue
        return first
    raise AssertionError("no TCP ports are free")


def start_stack(home: Path, *more: str) -> Stack:
    """Start a stack and wait until it is ready."""
    names = ("--gateway-port", "--plain-port", "--wall-port", "--trino-port", "--opa-port", "--postgres-port")
    chosen = [word for pair in zip(names, map(str, free_tcp_ports(6)), strict=True) for word in pair]
    chosen += ["--witness-port", str(free_tcp_run(5))]
    stack = Stack(home, "")
    stack.portgate("up", "--scale", SCALE, *chosen, *more)
    return running_stack(home)


def pytest_configure(config: pytest.Config) -> None:
    """Run tests marked `long` only where that word is said: `-m long`, but not `-m "not real"`."""
    chosen = config.option.markexpr
    if "long" not in chosen:
        config.option.markexpr = f"({chosen}) and not long" if chosen else "not long"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a developer point the tests at a stack that runs already."""
    parser.addoption("--stack-home", type=Path, help="the folder of a running stack, to save the start of one")


def running_stack(home: Path) -> Stack:
    """A stack that runs already."""
    return Stack(home, json.loads(Stack(home, "").portgate("status", "--json", check=False).stdout)["gateway_url"])


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The five ports, Trino, OPA and the gateway, for the whole run."""
    given = request.config.getoption("--stack-home")
    if given:
        yield running_stack(given)
        return
    home = tmp_path_factory.mktemp("stack")
    started = Stack(home, "")
    try:
        started = start_stack(home, "--samples")
        yield started
    finally:
        started.portgate("down", check=False)


@pytest.fixture(scope="session")
def trino_cursor(stack: Stack) -> Any:
    """A cursor of Trino itself."""
    return stack.trino().cursor()
