"""`portgate audit show N`: one record whole, with what was asked, what was sent, and what became of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit_cli.reading import EXIT_CODES, FileOption, ReaderOption, check_place, connected
from gateway.command import print_told, told
from gateway.options import DEFAULT_HOME, HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("show", epilog=EXIT_CODES)(show)


def show(
    index: Annotated[int, typer.Argument(metavar="N", min=0, help="The record's index, as lists have it.")],
    name: ReaderOption = "",
    file: FileOption = None,
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Show one record: who asked what and why, both texts, each port's part, its query's other records, its proof."""
    from gateway.edge.log_terminal import shown_lines

    check_place(file, name)
    with told():
        print_told(_in_file(file, index) if file else _at_gateway(home, name, index), json, shown_lines)


def _at_gateway(home: Path, name: str, index: int) -> dict[str, Any]:
    from gateway.edge.client import fetch

    with connected(home, name) as client:
        return fetch(client, "GET", f"/api/audit/records/{index}")


def _in_file(file: Path, index: int) -> dict[str, Any]:
    from gateway.adapters.audit_reading import show_in
    from gateway.edge.problems import NotFound

    shown = show_in(file, index)
    if shown is None:
        raise NotFound(f"there is no record {index} in {file.name}")
    return shown.told()
