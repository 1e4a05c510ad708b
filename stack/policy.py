"""OPA of a local stack: it reads signed bundles from the gateway, each under its own key, and nothing from disk."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import httpx

from gateway.policy.bundle import LIBRARY, root_of
from stack.keys import bundle_secret_file, public_bundle_key_file
from stack.layout import Home, write_private
from stack.settings import StackSettings

PART = "opa"
POLL_SECONDS = 1
"""How long OPA waits at the gateway for news of a bundle, and after a failure before it asks again.

The gateway lets the revision before stand for five seconds.
"""


def configure(home: Home, settings: StackSettings) -> str:
    """Write OPA's configuration; return a digest of it."""
    names = (LIBRARY, *settings.ports)
    secret = bundle_secret_file(home).read_text(encoding="ascii").strip()
    polling = {
        "min_delay_seconds": POLL_SECONDS,
        "max_delay_seconds": POLL_SECONDS,
        "long_polling_timeout_seconds": POLL_SECONDS,
    }
    content = json.dumps(
        {
            "services": {
                "gateway": {
                    "url": f"http://127.0.0.1:{settings.tcp.wall}/bundles",
                    "credentials": {"bearer": {"token": secret}},
                }
            },
            "keys": {
                name: {
                    "algorithm": "ES256",
                    "key": public_bundle_key_file(home, name).read_text(encoding="ascii"),
                    "scope": root_of(name),
                }
                for name in names
            },
            "bundles": {
                name: {
                    "service": "gateway",
                    "resource": f"{name}.tar.gz",
                    "polling": polling,
                    "signing": {"keyid": name, "scope": root_of(name)},
                }
                for name in names
            },
        },
        indent=2,
    )
    write_private(home.opa_settings, content + "\n")
    return hashlib.sha256(content.encode()).hexdigest()


def command(home: Home, opa: Path, tcp_port: int) -> list[str]:
    """Return the command that runs OPA in the foreground."""
    return [
        str(opa),
        "run",
        "--server",
        f"--addr=127.0.0.1:{tcp_port}",
        f"--config-file={home.opa_settings}",
        "--disable-telemetry",
        "--optimize-store-for-read-speed",  # without it a port's whole document is copied at each question
        "--log-level=error",
        "--shutdown-grace-period=2",
    ]


def is_ready(tcp_port: int) -> bool:
    """Say whether OPA answers; that it has the bundles is the gateway's to say."""
    try:
        answer = httpx.get(f"http://127.0.0.1:{tcp_port}/health", timeout=2)
    except httpx.TransportError:
        return False
    return answer.status_code == httpx.codes.OK
