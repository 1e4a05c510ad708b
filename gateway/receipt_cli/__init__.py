"""The command `portgate receipt`: what was answered, signed, and held against what somebody has of it."""

from __future__ import annotations

import typer

from gateway.receipt_cli import fetch, key, verify

app = typer.Typer(
    name="receipt",
    help="Fetch and verify the signed receipts of answers.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for tool in (fetch, verify, key):
    tool.register(app)
