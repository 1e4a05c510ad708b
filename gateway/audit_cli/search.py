"""The newest records of the log -> lines on a terminal."""

from __future__ import annotations

from typing import Annotated

import typer

from gateway.command import home_at, print_lines, told
from gateway.options import DEFAULT_HOME, HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(search)


def search(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the newest records.")] = 20,
    partner: Annotated[str, typer.Option(metavar="NAME", help="Only this partner's.")] = "",
    of_query: Annotated[str, typer.Option("--query", metavar="ID", help="Only this query's.")] = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the newest records of the audit log, oldest of them first; works while the gateway runs."""
    import orjson

    from gateway.adapters.audit_places import file_of
    from gateway.adapters.audit_reading import read_log
    from gateway.edge.terminal import log_lines

    with told():
        entries = read_log(file_of(home_at(home).settings().audit), limit, partner=partner, query=of_query)[::-1]
        if json:
            for entry in entries:
                print(orjson.dumps({"index": entry.index, "record": entry.record}).decode())
        else:
            print_lines(
                log_lines((entry.index, {"partner": {"id": entry.partner}, **entry.record}) for entry in entries)
            )
