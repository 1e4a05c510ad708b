"""The command `portgate policy`: what a port's data steward works with."""

from __future__ import annotations

import typer

from gateway.policy_cli import check, diff, equity, explain, new, publish, sign, simulate, status, suspend, test

app = typer.Typer(
    name="policy",
    help="Edit, try, publish and stop what a port shares.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for tool in (new, check, test, explain, diff, simulate, equity, sign, publish, suspend, status):
    tool.register(app)
