"""`portgate policy sign PORT`: a port's files -> one signed bundle in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.options import DEFAULT_HOME, DEFAULT_POLICIES, HomeOption, JsonOption, PoliciesOption
from gateway.policy_cli.bundles import KeyOption, PortArgument, faults_told, home_of, read_checked, tell
from gateway.policy_cli.bundles import sign as signed


def register(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command("sign")(sign)


def sign(
    port: PortArgument,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="Where to write it [PORT.tar.gz].")
    ] = None,
    key: KeyOption = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
    home: HomeOption = DEFAULT_HOME,
    json: JsonOption = False,
) -> None:
    """Sign a port's agreements: data.yaml, and narrow.rego if there is one, as one bundle."""
    with faults_told(json):
        bundle = signed(read_checked(policies, port), key, home_of(home))
        file = output or Path(f"{port}.tar.gz")
        file.write_bytes(bundle.packed())
        told = {"port": port, "file": str(file), "revision": bundle.revision, "serial": bundle.manifest.serial}
        tell(told, json, f"{file}: {port} at revision {bundle.revision}, serial {bundle.manifest.serial}")
