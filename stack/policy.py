"""OPA of a local stack: it serves the checkout's policies and reads them again when a file changes."""

from __future__ import annotations

import httpx

from stack.components import Components
from stack.layout import POLICIES

PART = "opa"


def command(components: Components, tcp_port: int) -> list[str]:
    """Return the command that runs OPA in the foreground."""
    return [
        str(components.opa),
        "run",
        "--server",
        f"--addr=127.0.0.1:{tcp_port}",
        "--watch",
        "--disable-telemetry",
        "--log-level=error",
        "--shutdown-grace-period=2",
        "--ignore=*_test.rego",
        "--ignore=schemas",
        "--ignore=.*",
        "--bundle",
        str(POLICIES),
    ]


def is_ready(tcp_port: int) -> bool:
    """Say whether OPA has read the policies."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{tcp_port}/health?bundles", timeout=2)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
