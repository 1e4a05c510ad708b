"""The log -> what an auditor should look at."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.command import home_at, print_told, token_of, told
from gateway.options import DEFAULT_HOME, HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(flags)


def flags(
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="Only what went on on this day or later.")] = "",
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who reads: an auditor, or a steward.")] = "auditor",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List what is not as ever, each with its reason: a question to ask, not a verdict."""
    from gateway.edge.client import connect, fetch
    from gateway.edge.terminal import flag_lines

    with told():
        place = home_at(home)
        with connect(place, token_of(place, name)) as client:
            document = fetch(client, "GET", "/api/audit/flags", params={"from": since} if since else {})
        print_told(document, json, flag_lines)
