"""The log -> what an auditor should look at."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.audit_cli.reading import EXIT_CODES, ReaderOption, connected
from gateway.command import print_told, told
from gateway.options import DEFAULT_HOME, HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXIT_CODES)(flags)


def flags(
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="Only what went on on this day or later.")] = "",
    name: ReaderOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what is not as ever, each with its reason: a question to ask, not a verdict."""
    from gateway.edge.client import fetch
    from gateway.edge.terminal import flag_lines

    with told():
        with connected(home, name) as client:
            document = fetch(client, "GET", "/api/audit/flags", params={"from": since} if since else {})
        print_told(document, json, flag_lines)
