"""`portgate policy diff`: who gains and loses what between two sets of documents."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated

import typer

from gateway.options import DEFAULT_HOME, REFUSED, HomeOption, JsonOption

WIDENS = REFUSED

OldArgument = Annotated[str, typer.Argument(metavar="OLD", help="A file, a folder, a git ref or a revision.")]
NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="A file, a folder, a git ref or a revision.")]
PortOption = Annotated[str, typer.Option("--port", metavar="PORT", help="Only this port.")]
SinceOption = Annotated[str, typer.Option("--since", metavar="DAY", help="Leave out days before this one [today].")]


def register(app: typer.Typer) -> None:
    """Hang the command on a command line."""
    app.command("diff", epilog="Exit codes: 0 nothing widens, 2 wrong command, 3 something widens.")(diff)


def diff(
    old: OldArgument,
    new: NewArgument,
    port: PortOption = "",
    since: SinceOption = "",
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say who gains and loses what from OLD to NEW, in sentences; exit with 3 when anything widens."""
    from gateway.policy.compare import compare
    from gateway.policy.diff import difference, lines, to_json
    from gateway.policy_cli import sources

    store = sources.store_of(home)
    before = sources.read_source(old, store)
    after = sources.read_source(new, store).over(before).over(sources.in_force())
    before = before.over(sources.in_force())
    day = since or f"{datetime.now(UTC):%Y-%m-%d}"
    types = sources.types_of(sources.read_catalog_here())
    ports = sources.only_port({**before.documents, **after.documents}, port)
    found = difference(
        before.documents, after.documents, compare(before.documents, after.documents, types, day, set(ports))
    )
    found = replace(found, notes=(*found.notes, *sources.narrow_notes(before, after)))
    if as_json:
        print(json.dumps(to_json(found), ensure_ascii=False, indent=2))
    else:
        for line in lines(found):
            print(line)
    if found.widens:
        raise typer.Exit(WIDENS)
