"""`portgate policy status`: which agreements of the ports are in force at the gateway, and what was refused last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import typer

from gateway.options import DEFAULT_HOME, REFUSED, HomeOption, JsonOption
from gateway.policy_cli.bundles import faults_told, home_of


def register(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command("status")(status)


def status(home: HomeOption = DEFAULT_HOME, json: JsonOption = False) -> None:
    """Show each port's revision, serial number, age and state. Exits 3 unless every port has agreements in force."""
    with faults_told(json):
        ports = _ports(home)
        if json:
            import json as writer

            print(writer.dumps(ports, ensure_ascii=False, indent=2))
        else:
            for line in _lines(ports):
                print(line)
    if any(told["state"] not in ("in_force", "suspended") for told in ports.values()):
        raise typer.Exit(REFUSED)


def _ports(home: HomeOption) -> dict[str, dict[str, Any]]:
    from gateway.edge.client import NoStack, connect

    with connect(home_of(home), "nobody") as client:
        members = client.get("/readyz").json()
    if "ports" not in members:
        raise NoStack("what answers there is not a gateway of this version")
    ports: dict[str, dict[str, Any]] = members["ports"]
    return ports


def _lines(ports: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for port, told in ports.items():
        yield f"{port:<14} {told['state']:<10} {_bundle(told)}".rstrip()
        refusal = told.get("last_refusal")
        if refusal:
            yield f"{'':<14} refused at {refusal['time']}: {refusal['message']} ({refusal['code']})"


def _bundle(told: Mapping[str, Any]) -> str:
    if "revision" not in told:
        return ""
    content, _, commit = told["revision"].partition("@")
    days = told["age_seconds"] // 86_400
    return f"{content[:12]}@{commit[:12]}  serial {told['serial']}  made {told['made']} ({days} days ago)"
