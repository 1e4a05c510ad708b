"""Words on a command line -> the gateway, a question to it, or its log: the command `portgate`.

Exit codes, the same for every command: 0 done, 1 a fault of the gateway, 2 the command is wrong, 3 refused or failed
because of what was asked, 4 a part does not answer. What a command needs is imported when it runs, so that help is
there at once.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from gateway.options import CHECKOUT, DEFAULT_HOME, FAULT, REFUSED, UNAVAILABLE, USAGE, HomeOption, JsonOption
from gateway.policy_cli import app as policy
from stack.commands import register

if TYPE_CHECKING:
    from gateway.edge.client import Home

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
    print(_token(_home(home), name, tuple(purpose or ()), ttl))


@app.command(epilog=EXIT_CODES)
def query(
    sql: SqlArgument,
    name: AsOption,
    purpose: PurposeOption = "",
    partial: Annotated[
        bool, typer.Option("--partial", help="Take an answer without ports that do not answer.")
    ] = False,
    format_: Annotated[
        Literal["table", "csv", "json"], typer.Option("--format", help="How rows are printed.")
    ] = "table",
    formulas: Annotated[
        Literal["escaped", "raw"],
        typer.Option(
            "--formulas", help="In CSV: whether a text that a spreadsheet takes for a formula gets a ' first."
        ),
    ] = "escaped",
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Ask one query; rows go to standard output as they arrive, notices to standard error."""
    from gateway.edge.client import ask
    from gateway.edge.printing import PRINTERS

    text = _read_sql(sql)
    with _told(text):
        place = _home(home)
        question = {"sql": text, "purpose": _purpose(name, purpose), "partial": partial}
        answer = ask(place, _token(place, name), question)
        PRINTERS[format_](sys.stdout, sys.stderr, formulas == "escaped").write(answer)


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
    with _told(text):
        place = _home(home)
        question = {"sql": text, "purpose": _purpose(name, purpose)}
        with connect(place, _token(place, name)) as client:
            told = fetch(client, "POST", "/api/explain", json=question)
        _print(told, json, explanation_lines)


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

    with _told():
        if not name:
            _print(_whole_catalog(table), json, catalog_lines)
            return
        place = _home(home)
        parameters = {"table": table, "purpose": _purpose(name, purpose)}
        with connect(place, _token(place, name)) as client:
            _print(fetch(client, "GET", "/api/catalog", params=parameters), json, catalog_lines)


@app.command(epilog=EXIT_CODES)
def audit(
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the newest records.")] = 20,
    partner: Annotated[str, typer.Option(metavar="NAME", help="Only this partner's.")] = "",
    of_query: Annotated[str, typer.Option("--query", metavar="ID", help="Only this query's.")] = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the newest records of the audit log, oldest of them first; works while the gateway runs."""
    import orjson

    from gateway.adapters.audit_reading import read_log
    from gateway.edge.terminal import log_lines

    with _told():
        entries = read_log(_home(home).settings().audit.file, limit, partner=partner, query=of_query)[::-1]
        if json:
            for entry in entries:
                print(orjson.dumps({"index": entry.index, "record": entry.record}).decode())
        else:
            _print_lines(
                log_lines((entry.index, {"partner": {"id": entry.partner}, **entry.record}) for entry in entries)
            )


register(app)
app.add_typer(policy)


def main() -> None:
    """Run the command line; what it prints is UTF-8 wherever it runs."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
    app()


def _home(directory: Path) -> Home:
    from gateway.edge.client import Home

    return Home(directory.expanduser().absolute())


def _read_sql(text: str) -> str:
    return sys.stdin.read() if text == "-" else text


def _token(home: Home, name: str, purposes: tuple[str, ...] = (), ttl_seconds: int = 3600) -> str:
    from gateway.adapters.issuer import issue_token

    try:
        return issue_token(home.identity, name, purposes, ttl_seconds)
    except KeyError:
        _unknown_partner(name)
    except ValueError as error:
        _fail(USAGE, [str(error)])
    except FileNotFoundError:
        _fail(UNAVAILABLE, [f"there is no stack in {home.directory}; start one with: portgate up"])


def _purpose(name: str, declared: str) -> str:
    """Return the purpose that was declared, or the partner's first."""
    from gateway.adapters.issuer import read_partners

    if declared:
        return declared
    partners = read_partners()
    if name not in partners:
        _unknown_partner(name)
    return (*partners[name].purposes, "")[0]


def _unknown_partner(name: str) -> NoReturn:
    from gateway.adapters.issuer import read_partners

    _fail(USAGE, [f"there is no partner {name}; there are: {', '.join(read_partners())}"])


def _whole_catalog(table: str) -> dict[str, object]:
    from gateway.adapters.catalog_files import read_catalog
    from gateway.edge.catalog import describe
    from gateway.settings import Settings

    ports = Settings.model_fields["ports"].default
    return describe(read_catalog(CHECKOUT / "catalog", ports), "", table)


def _print(told: dict[str, Any], as_json: bool, lines: Any) -> None:
    if as_json:
        import json

        print(json.dumps(told, ensure_ascii=False, indent=2))
    else:
        _print_lines(lines(told))


def _print_lines(lines: Iterable[str]) -> None:
    for line in lines:
        print(line)


@contextmanager
def _told(sql: str = "") -> Iterator[None]:
    """Turn what goes wrong into its words on standard error and its exit code."""
    from gateway.edge.client import NoStack, Problem
    from gateway.edge.problems import problem_of
    from gateway.edge.terminal import problem_lines
    from gateway.errors import GatewayError

    try:
        yield
    except Problem as problem:
        _fail(_exit_code(problem.members), problem_lines(problem.members, sql))
    except GatewayError as error:
        _fail(_exit_code(problem_of(error)), problem_lines(problem_of(error), sql))
    except NoStack as error:
        _fail(UNAVAILABLE, [f"unavailable: {error}"])


def _exit_code(problem: dict[str, Any]) -> int:
    status = int(problem.get("status", 500))
    return UNAVAILABLE if status in (429, 503) else REFUSED if status < 500 else FAULT


def _fail(code: int, lines: Iterable[str]) -> NoReturn:
    sys.stdout.flush()
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(code)
