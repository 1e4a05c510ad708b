"""What the stack was told -> its parts: how each is started, where it listens, when it is ready."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from stack import engine, front, policy, postgres, publishing, witnessing
from stack.components import OPA_VERSION, Components
from stack.layout import CHECKOUT, PORTS, Home, witness_part
from stack.settings import StackSettings, TcpPorts


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the stack."""

    name: str
    command: list[str]
    tcp: dict[str, int]
    """TCP ports by the setting that chooses them."""
    address: str
    made_from: str
    is_ready: Callable[[], bool]
    patience_seconds: int
    environment: Mapping[str, str] = field(default_factory=dict)
    answers: Callable[[], bool] | None = None
    """Whether it answers at all, for a part that others wait for before it can be ready itself."""


def describe_postgres(home: Home, components: Components, settings: StackSettings) -> Part:
    """Describe PostgreSQL; its data folder must have been prepared."""
    number = settings.tcp.postgres
    command = postgres.command(home, components, number)
    return Part(
        postgres.PART, command, {"postgres": number}, addresses(settings.tcp)[postgres.PART], _digest(*command),
        lambda: postgres.is_ready(home, number), 30,
    )  # fmt: skip


def describe_opa(home: Home, components: Components, settings: StackSettings) -> Part:
    """Describe OPA, and write its configuration."""
    number = settings.tcp.opa
    command = policy.command(home, components.opa, number)
    made_from = _digest(*command, str(OPA_VERSION), policy.configure(home, settings))
    return Part(
        policy.PART, command, {"opa": number}, addresses(settings.tcp)[policy.PART], made_from,
        lambda: policy.is_ready(number), 30,
    )  # fmt: skip


def describe_trino(home: Home, components: Components, settings: StackSettings) -> Part:
    """Describe Trino, and write its configuration."""
    number = settings.tcp.trino
    command = engine.command(home, components)
    made_from = _digest(*command, engine.configure(home, components, settings))
    return Part(
        engine.PART, command, {"trino": number}, addresses(settings.tcp)[engine.PART], made_from,
        lambda: engine.is_ready(home, settings), 180,
    )  # fmt: skip


def describe_gateway(home: Home, components: Components, settings: StackSettings) -> Part:
    """Describe the gateway, and write its settings and the bundle of the shared rules."""
    tcp = settings.tcp
    command = front.command(home)
    made_from = _digest(*command, front.configure(home, settings, components.opa), publishing.make_library(home))
    return Part(
        front.PART, command, {"gateway": tcp.gateway, "plain": tcp.plain, "wall": tcp.wall}, addresses(tcp)[front.PART],
        made_from, lambda: front.is_ready(tcp.plain), 90,
        {"PYTHONPATH": str(CHECKOUT)}, lambda: front.answers(tcp.plain),
    )  # fmt: skip


def describe_witness(home: Home, settings: StackSettings, port: str) -> Part:
    """Describe a port's witness, and write its settings; the issuer's keys must have been made."""
    command = witnessing.command(home, port)
    made_from = _digest(*command, witnessing.configure(home, settings, port))
    name, number = witness_part(port), witnessing.witness_tcp_port(settings.tcp, port)
    return Part(
        name, command, {"witness": number}, addresses(settings.tcp)[name], made_from,
        lambda: witnessing.answers(settings.tcp, port), 30, {"PYTHONPATH": str(CHECKOUT)},
    )  # fmt: skip


def addresses(tcp: TcpPorts) -> dict[str, str]:
    """Say where each part listens."""
    return {
        postgres.PART: f"127.0.0.1:{tcp.postgres}",
        policy.PART: f"http://127.0.0.1:{tcp.opa}",
        engine.PART: f"https://127.0.0.1:{tcp.trino}",
        front.PART: f"https://localhost:{tcp.gateway}",
        **{witness_part(port): f"http://127.0.0.1:{witnessing.witness_tcp_port(tcp, port)}" for port in PORTS},
    }


def _digest(*words: str) -> str:
    return hashlib.sha256("\0".join(words).encode()).hexdigest()
