"""The checkout's policies -> bundles in force at the running gateway, signed with the local stack's keys.

A port's file is published when the port has no bundle in force, and when the file says something else than at the last
`portgate up`: a steward who published, suspended or rolled back in between is not overruled.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx

from gateway.adapters.issuer import issue_token, read_partners
from gateway.adapters.signing import FileFault, private_key, read_files, sign_library
from gateway.policy.bundle import LIBRARY, Bundle, content_of, read_library
from gateway.policy.refusal import BundleRefused
from gateway.policy.signature import public_key
from stack.faults import StackFault
from stack.keys import bundle_key_file, public_bundle_key_file
from stack.layout import POLICIES, Home, write_private
from stack.settings import StackSettings

Report = Callable[[str], None]

PUBLISH_SECONDS = 30


def make_library(home: Home) -> str:
    """Sign the shared rules unless they are signed already; return their revision."""
    fresh = sign_library(POLICIES, private_key(bundle_key_file(home, LIBRARY)))
    kept = _kept_library(home)
    if kept and content_of(kept.revision) == content_of(fresh.revision):
        return kept.revision
    write_private(home.library, fresh.packed())
    return fresh.revision


def publish_changed(home: Home, settings: StackSettings, report: Report) -> None:
    """Publish what is to be published, at the gateway that runs; a file with errors is told and left alone."""
    url = f"http://127.0.0.1:{settings.tcp.plain}"
    before = _published(home)
    in_force = _in_force(url)
    for port in settings.ports:
        try:
            content = content_of(read_files(POLICIES, port).revision())
            if port in in_force and before.get(port) == content:
                continue
            _publish(home, url, port)
        except FileFault as fault:
            report(f"{port} is not published: {_told(fault)}")
            continue
        before[port] = content
        write_private(home.published, json.dumps(before, indent=2) + "\n")
        report(f"{port}'s agreements are published")


def _publish(home: Home, url: str, port: str) -> None:
    bundle = read_files(POLICIES, port).sign(private_key(bundle_key_file(home, port)))
    headers = {
        "Authorization": f"Bearer {issue_token(home.identity, steward_of(port))}",
        "Content-Type": "application/gzip",
    }
    answer = httpx.put(
        f"{url}/api/ports/{port}/bundle", content=bundle.packed(), headers=headers, timeout=PUBLISH_SECONDS
    )
    if answer.status_code != httpx.codes.OK:
        told = answer.json()
        raise StackFault(f"{port}'s agreements are refused: {told.get('detail')}", mend=str(told.get("hint", "")))


def steward_of(port: str) -> str:
    """Name the demo partner who may publish for a port."""
    for name, partner in read_partners().items():
        if "steward" in partner.roles and partner.attributes.get("port") == port:
            return name
    raise StackFault(f"no partner of deploy/local/partners.yaml is steward of {port}")


def _in_force(url: str) -> set[str]:
    ports: dict[str, Any] = httpx.get(f"{url}/readyz", timeout=15).json()["ports"]
    return {port for port, told in ports.items() if told["state"] in ("in_force", "suspended")}


def _published(home: Home) -> dict[str, str]:
    return dict(json.loads(home.published.read_bytes())) if home.published.exists() else {}


def _kept_library(home: Home) -> Bundle | None:
    if not home.library.exists():
        return None
    try:
        return read_library(home.library.read_bytes(), public_key(public_bundle_key_file(home, LIBRARY).read_bytes()))
    except BundleRefused:
        return None


def _told(fault: FileFault) -> str:
    first = fault.findings[0] if fault.findings else None
    place = f" (line {first.line}: {first.message})" if first else ""
    return f"{fault.message}{place}; {fault.mend}"
