"""What the commands that read the log share: whom they ask as, and how the gateway is asked."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command import fail, home_at, token_of
from gateway.options import USAGE

if TYPE_CHECKING:
    import httpx

EXIT_CODES = "Exit codes: 0 done, 2 wrong command, 3 refused or not there, 4 no gateway, or no log."
DEFAULT_READER = "auditor"

ReaderOption = Annotated[
    str,
    typer.Option(
        "--as", metavar="NAME", help="Who reads: a partner of deploy/local/partners.yaml.", show_default=DEFAULT_READER
    ),
]
FileOption = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="Read this log's file, without any gateway.")
]


@contextmanager
def connected(home: Path, name: str) -> Iterator[httpx.Client]:
    """Open a connection to the gateway as somebody."""
    from gateway.edge.client import connect

    place = home_at(home)
    with connect(place, token_of(place, name or DEFAULT_READER)) as client:
        yield client


def check_place(file: Path | None, name: str) -> None:
    """End with a wrong command if a file is to be read as somebody: who has the file has all of it."""
    if file is not None and name:
        fail(USAGE, ["--file reads a log without a gateway, as nobody: leave out --as"])
