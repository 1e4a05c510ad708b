"""`portgate receipt fetch`: the receipt of an answer, from the gateway to a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from gateway.command import home_at, token_of, told
from gateway.options import DEFAULT_HOME, HomeOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(fetch)


def fetch(
    query: Annotated[str, typer.Argument(metavar="QUERY-ID", help="The query's id: an answer's first line has it.")],
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Who asks: a partner, a steward, an auditor.")],
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where to write it [standard output].")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Fetch the receipt of an answer: one's own, or as far as one's role goes."""
    from gateway.edge.client import connect, fetch_text

    with told():
        place = home_at(home)
        with connect(place, token_of(place, name)) as client:
            note = fetch_text(client, f"/api/audit/receipts/{query}")
    if out is None:
        print(note, end="")
    else:
        out.write_text(note, encoding="utf-8")
