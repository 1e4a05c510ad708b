"""The command `portgate audit`: what an auditor works with."""

from __future__ import annotations

import typer

from gateway.audit_cli import prune, rebuild, search

app = typer.Typer(
    name="audit",
    help="Search, prove and report what the audit log holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for tool in (search, rebuild, prune):
    tool.register(app)
