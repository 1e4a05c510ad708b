"""`portgate policy publish PORT` and `rollback`: a signed bundle -> in force at the gateway."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.options import DEFAULT_HOME, DEFAULT_POLICIES, HomeOption, JsonOption, PoliciesOption
from gateway.policy_cli.bundles import (
    AsOption,
    KeyOption,
    PortArgument,
    faults_told,
    home_of,
    read_checked,
    send,
    sign,
    tell,
)


def register(app: typer.Typer) -> None:
    """Hang the commands on the command line."""
    app.command("publish")(publish)
    app.command("rollback")(rollback)


def publish(
    port: PortArgument,
    name: AsOption,
    bundle: Annotated[
        Path | None, typer.Argument(metavar="[BUNDLE]", help="What `sign` wrote; signed now if left out.")
    ] = None,
    key: KeyOption = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Put a port's agreements into force; every query asked five seconds later is answered under them."""
    with faults_told(json):
        place = home_of(home)
        packed = bundle.read_bytes() if bundle else sign(read_checked(policies, port), key, place).packed()
        told = send(place, port, packed, name)
        tell(told, json, f"{port} is in force at revision {told['revision']}")


_REMINDER = "data.yaml is left as it is: put it back too before you publish again, or what was rolled back returns"


def rollback(
    port: PortArgument,
    name: AsOption,
    to: Annotated[str, typer.Option("--to", metavar="REVISION", help="A revision, or what git calls a state of it.")],
    key: KeyOption = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Bring an older state of a port's agreements back into force, read from git and signed anew."""
    from gateway.adapters.signing import files_at

    with faults_told(json):
        place = home_of(home)
        told = send(place, port, sign(files_at(policies, port, to), key, place).packed(), name)
        tell(told, json, f"{port} is back in force at revision {told['revision']}\n{_REMINDER}")
