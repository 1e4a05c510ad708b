"""The log -> a report in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from gateway.audit_cli.reading import EXIT_CODES, ReaderOption, connected
from gateway.command import told
from gateway.options import DEFAULT_HOME, HomeOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command(epilog=EXIT_CODES)(report)


def report(
    by: Annotated[
        str, typer.Option("--by", metavar="WORDS", help="Some of: port, partner, organisation, purpose, quarter.")
    ] = "port,partner,purpose,quarter",
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="Only questions from this day on (UTC).")] = "",
    until: Annotated[str, typer.Option("--to", metavar="DAY", help="And up to this day, which is in it.")] = "",
    format_: Annotated[Literal["html", "csv"], typer.Option("--format", help="A page, or the same for programs.")] = (
        "html"
    ),
    out: Annotated[
        Path | None, typer.Option("-o", "--out", metavar="FILE", help="Where to write it [standard output].")
    ] = None,
    name: ReaderOption = "",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Count what was asked, answered and let out; a steward's counts their port, a partner's their own questions."""
    from gateway.edge.client import fetch_text

    chosen = {"by": by.replace(" ", ""), "from": since, "to": until, "format": format_}
    parameters = {key: value for key, value in chosen.items() if value}
    with told(), connected(home, name) as client:
        text = fetch_text(client, "/api/audit/report", params=parameters)
    if out is None:
        print(text, end="")
    else:
        out.write_bytes(text.encode())  # the ends of CSV's lines stay as they are
