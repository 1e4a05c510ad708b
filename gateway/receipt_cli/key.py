"""`portgate receipt key`: the public key that a log's receipts are verified by."""

from __future__ import annotations

import typer

from gateway.command import home_at, told
from gateway.options import DEFAULT_HOME, HomeOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(key)


def key(home: HomeOption = DEFAULT_HOME) -> None:
    """Print the key of the local stack's receipts; keep it where receipts are verified."""
    from gateway.receipt_cli.verify import key_of_home

    with told():
        print(key_of_home(home_at(home)))
