"""The command `portgate audit`: what an auditor works with."""

from __future__ import annotations

import typer

from gateway.audit_cli import export, flags, prove, prune, rebuild, report, search, show, verify, watch

app = typer.Typer(
    name="audit",
    help="Search, prove and report what the audit log holds.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for tool in (search, verify, prove, export, show, watch, report, flags, rebuild, prune):
    tool.register(app)
