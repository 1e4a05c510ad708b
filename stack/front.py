"""The gateway of a local stack: its settings file, the command that runs it, and whether it is ready."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Any

import httpx
import yaml

from gateway.adapters.issuer import ISSUER, make_issuer
from stack import witnessing
from stack.faults import StackFault
from stack.keys import audit_key_file, bundle_secret_file, secret_file, wall_secret_file
from stack.layout import CATALOG, CHECKOUT, LOG_ORIGIN, Home, write_private
from stack.settings import StackSettings
from stack.trino_access import LOADER

PART = "gateway"


def configure(home: Home, settings: StackSettings, opa: Path) -> str:
    """Write the gateway's settings and the issuer's keys; return a digest of settings, code and catalog."""
    make_issuer(home.identity)
    content = yaml.safe_dump(_put_over(_settings(home, settings, opa), _said(settings.gateway_file)), sort_keys=False)
    write_private(home.gateway_settings, content)
    certificate = (home.tls / "gateway.pem").read_text()
    return hashlib.sha256(f"{content}{certificate}{_code()}".encode()).hexdigest()


def _settings(home: Home, settings: StackSettings, opa: Path) -> dict[str, Any]:
    return {
        "listen": {
            "tls_port": settings.tcp.gateway,
            "plain_port": settings.tcp.plain,
            "certificate_file": str(home.tls / "gateway.pem"),
            "key_file": str(home.tls / "gateway.key"),
        },
        "trino": {"port": settings.tcp.trino, "key_file": str(home.trino_key), "ca_file": str(home.ca_file)},
        "wall": {
            "tcp_port": settings.tcp.wall,
            "secret_file": str(wall_secret_file(home)),
            "maintenance_users": [LOADER],
        },
        # one machine carries all parts here, so a decision gets longer than the 250 ms of production
        "opa": {"url": f"http://127.0.0.1:{settings.tcp.opa}", "timeout_seconds": 1.0},
        "policy": {
            "bundles_directory": str(home.bundles),
            "keys_directory": str(home.policy_keys),
            "library_file": str(home.library),
            "secret_file": str(bundle_secret_file(home)),
            "opa_binary": str(opa),
        },
        "issuers": [{"issuer": ISSUER, "jwks_file": str(home.identity / "jwks.json")}],
        "audit": {
            "file": str(home.audit),
            "origin": LOG_ORIGIN,
            "key_file": str(audit_key_file(home)),
            **witnessing.gateway_settings(home, settings),
        },
        "usage": {"file": str(home.usage)},
        "trino_clients": {"page_key_file": str(secret_file(home, "page-key"))},
        "catalog_directory": str(CATALOG),
        "mask_key_file": str(secret_file(home, "mask-key")),
        "ports": list(settings.ports),
    }


def _said(file: Path | None) -> dict[str, Any]:
    """Read the settings that are put over the stack's own."""
    if file is None:
        return {}
    try:
        said = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise StackFault(f"{file} cannot be read", mend="mend it, or name another: --gateway-settings FILE") from error
    if not isinstance(said, dict):
        raise StackFault(f"{file} holds no settings", mend="see docs/operators.md for what the gateway can be told")
    return said


def _put_over(below: dict[str, Any], above: dict[str, Any]) -> dict[str, Any]:
    """Join sections and lists; of two single values the upper one stands."""
    joined = dict(below)
    for key, value in above.items():
        under = joined.get(key)
        if isinstance(under, dict) and isinstance(value, dict):
            joined[key] = _put_over(under, value)
        else:
            joined[key] = [*under, *value] if isinstance(under, list) and isinstance(value, list) else value
    return joined


def command(home: Home) -> list[str]:
    """Return the command that runs the gateway in the foreground."""
    return [sys.executable, "-m", "gateway", "serve", "--settings", str(home.gateway_settings)]


def is_ready(plain_tcp_port: int) -> bool:
    """Say whether the gateway and all that it needs answer."""
    try:
        return httpx.get(f"http://127.0.0.1:{plain_tcp_port}/readyz", timeout=15).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def answers(plain_tcp_port: int) -> bool:
    """Say whether the gateway answers, whatever it needs itself: from then on Trino can ask the second wall."""
    try:
        return httpx.get(f"http://127.0.0.1:{plain_tcp_port}/livez", timeout=2).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False


def _code() -> str:
    """Tell one state of the gateway's code and catalog from another: `portgate up` starts a changed gateway anew."""
    files = [*(CHECKOUT / "gateway").rglob("*.py"), *CATALOG.rglob("*.yaml")]
    return " ".join(f"{file.relative_to(CHECKOUT)}:{file.stat().st_mtime_ns}" for file in sorted(files))
