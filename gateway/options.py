"""What the commands of `portgate` share on their lines: exit codes, places, and the options that mean one thing."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

FAULT, USAGE, REFUSED, UNAVAILABLE = 1, 2, 3, 4
"""Exit codes: a fault of the gateway, a wrong command, refused or findings, a part does not answer."""

CHECKOUT = Path(__file__).resolve().parents[1]
DEFAULT_HOME, DEFAULT_POLICIES = CHECKOUT / ".portgate", CHECKOUT / "policies"

HomeOption = Annotated[
    Path, typer.Option("--home", envvar="PORTGATE_HOME", help="Folder of the local stack.", show_default=".portgate")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON.")]
PoliciesOption = Annotated[
    Path, typer.Option("--policies", metavar="DIR", help="Folder of the policies.", show_default="policies")
]
