"""Words on a command line -> the gateway, a question to it, or its log: the command `portgate`.

Exit codes, the same for every command: 0 done, 1 a fault of the gateway, 2 the command is wrong, 3 refused or failed
because of what was asked, 4 a part does not answer. What a command needs is imported when it runs, so that help is
there at once.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from gateway.audit_cli import app as audit
from gateway.command import home_at, print_told, purpose_of, token_of, told
from gateway.options import CHECKOUT, DEFAULT_HOME, HomeOption, JsonOption
from gateway.policy_cli import app as policy
from gateway.receipt_cli import app as receipt
from stack.commands import register

if TYPE_CHECKING:
    pass

EXIT_CODES = (
    "Exit codes: 0 done, 1 fault of the gateway, 2 wrong command, 3 refused or failed, 4 a part does not answer."
)

app = typer.Typer(
    name="portgate",
    help="One query over the data of five ports, under each port's own agreements.",
    epilog=EXIT_CODES,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

AsOption = Annotated[
    str, typer.Option("--as", metavar="NAME", help="Who asks: a partner of deploy/local/partners.yaml.")
]
PurposeOption = Annotated[
    str, typer.Option("--purpose", metavar="PURPOSE", help="What the answer is for; the partner's first if left out.")
]
SqlArgument = Annotated[str, typer.Argument(metavar="SQL", help="The query; - reads it from standard input.")]


@app.command(epilog=EXIT_CODES)
def serve(
    settings: Annotated[Path, typer.Option("--settings", metavar="FILE", help="The gateway's settings, YAML.")],
) -> None:
    """Run the gateway until SIGTERM or SIGINT."""
    from gateway.process import run

    sys.exit(run(settings))


@app.command(epilog=EXIT_CODES)
def token(
    name: AsOption,
    purpose: Annotated[
        list[str] | None, typer.Option(help="Narrow the token to this purpose; may be repeated.")
    ] = None,
    ttl: Annotated[int, typer.Option(metavar="SECONDS", help="How long the token is valid.")] = 3600,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print a token of the development issuer for one of the demo partners."""
    print(token_of(home_at(home), name, tuple(purpose or ()), ttl))


@app.command(epilog=EXIT_CODES)
def query(
    sql: SqlArgument,
    name: AsOption,
    purpose: PurposeOption = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Take an answer without ports that do not answer.")
    ] = False,
    format_: Annotated[
        Literal["table", "csv", "json", "ndjson"],
        typer.Option("--format", help="How rows are printed; ndjson: as they came, to be held against the receipt."),
    ] = "table",
    formulas: Annotated[
        Literal["escaped", "raw"],
        typer.Option(
            "--formulas", help="In CSV: whether a text that a spreadsheet takes for a formula gets a ' first."
        ),
    ] = "escaped",
    receipt_file: Annotated[
        Path | None, typer.Option("--receipt", metavar="FILE", help="Where to write the answer's signed receipt.")
    ] = None,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask one query; rows go to standard output as they arrive, notices to standard error."""
    from gateway.edge.client import ask_raw, keeping_receipt
    from gateway.edge.printing import PRINTERS, print_raw

    text = _read_sql(sql)
    with told(text):
        place = home_at(home)
        question = {"sql": text, "purpose": purpose_of(name, purpose), "partial": partial}
        answer = keeping_receipt(ask_raw(place, token_of(place, name), question), receipt_file)
        if format_ == "ndjson":
            print_raw(sys.stdout, sys.stderr, answer)
        else:
            printer = PRINTERS[format_](sys.stdout, sys.stderr, formulas == "escaped")
            printer.write(value for _, value in answer)


@app.command(epilog=EXIT_CODES)
def explain(
    sql: SqlArgument,
    name: AsOption,
    purpose: PurposeOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Say what a query would be let to see, port by port, and why; nothing is run."""
    from gateway.edge.client import connect, fetch
    from gateway.edge.terminal import explanation_lines

    text = _read_sql(sql)
    with told(text):
        place = home_at(home)
        question = {"sql": text, "purpose": purpose_of(name, purpose)}
        with connect(place, token_of(place, name)) as client:
            explanation = fetch(client, "POST", "/api/explain", json=question)
        print_told(explanation, json, explanation_lines)


@app.command(epilog=EXIT_CODES)
def catalog(
    table: Annotated[str, typer.Argument(metavar="[TABLE]", help="A table, by its full name or its last parts.")] = "",
    name: Annotated[str, typer.Option("--as", metavar="NAME", help="Show what this partner may see of it.")] = "",
    purpose: PurposeOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the tables, or show one with definitions and units; without --as, all that is defined."""
    from gateway.edge.client import connect, fetch
    from gateway.edge.terminal import catalog_lines

    with told():
        if not name:
            print_told(_whole_catalog(table), json, catalog_lines)
            return
        place = home_at(home)
        parameters = {"table": table, "purpose": purpose_of(name, purpose)}
        with connect(place, token_of(place, name)) as client:
            print_told(fetch(client, "GET", "/api/catalog", params=parameters), json, catalog_lines)


register(app)
app.add_typer(policy)
app.add_typer(audit)
app.add_typer(receipt)


def main() -> None:
    """Run the command line; what it prints is UTF-8 wherever it runs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()


def _read_sql(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _whole_catalog(table: str) -> dict[str, object]:
    from gateway.adapters.catalog_files import read_catalog
    from gateway.edge.catalog import describe
    from gateway.settings import Settings

    ports = Settings.model_fields["ports"].default
    return describe(read_catalog(CHECKOUT / "catalog", ports), "", table)
