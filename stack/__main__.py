"""`python -m stack`: the stack's commands alone, for when the gateway's own command line is not wanted."""

from __future__ import annotations

import typer

from stack.commands import register

app = typer.Typer(no_args_is_help=True, help=__doc__)
register(app)
if __name__ == "__main__":
    app()
