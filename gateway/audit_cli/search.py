"""`portgate audit search`: conditions -> the newest records that meet them all, as lines or as JSON."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit_cli.reading import EXIT_CODES, FileOption, ReaderOption, check_place, connected
from gateway.command import fail, print_lines, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

AT_ONCE = 1_000
_AGO = re.compile(r"([1-9][0-9]{0,3})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_WHEN = "a moment in UTC such as 2026-11-22T16:45, or how long ago: 30m, 12h, 7d, 2w."


def _condition(help_: str, name: str = "", metavar: str = "NAME") -> Any:
    return typer.Option(*([name] if name else []), metavar=metavar, help=help_)


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("search", epilog=EXIT_CODES)(search)


def search(
    text: Annotated[str, _condition('Words of the SQL; "in quotes" next to each other.', metavar="WORDS")] = "",
    kind: Annotated[str, _condition("decision, outcome, refusal, execution, alarm, publication, login, …")] = "",
    partner: Annotated[str, _condition("Who asked.")] = "",
    organisation: Annotated[str, _condition("Of which organisation.")] = "",
    port: Annotated[str, _condition("About which port; tables, columns and agreements then are the port's.")] = "",
    table: Annotated[str, _condition("A table, by its full name or its last parts.")] = "",
    column: Annotated[str, _condition("A column.")] = "",
    purpose: Annotated[str, _condition("A declared purpose.")] = "",
    verdict: Annotated[
        str, _condition("admitted, refused, finished, failed, cancelled, interrupted, alarm, …", metavar="WORD")
    ] = "",
    agreement: Annotated[str, _condition("An agreement that it stood on.", metavar="ID")] = "",
    code: Annotated[str, _condition("The code of an error.", metavar="CODE")] = "",
    of_query: Annotated[str, _condition("A query, by its id or the first eight of it.", "--query", "ID")] = "",
    decision: Annotated[str, _condition("A decision of the policy, by its id.", metavar="ID")] = "",
    client: Annotated[str, _condition("Words of the name of the client's program.", metavar="WORDS")] = "",
    since: Annotated[str, _condition(f"Written at or after: {_WHEN}", metavar="WHEN")] = "",
    until: Annotated[str, _condition(f"Written before: {_WHEN}", metavar="WHEN")] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="How many of the newest records.")] = 20,
    before: Annotated[
        int | None, typer.Option(min=0, metavar="INDEX", help="Only records before this one: the next page.")
    ] = None,
    name: ReaderOption = "",
    file: FileOption = None,
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """List the newest records of the audit log that meet all conditions, oldest of them first.

    The gateway shows what is yours to see, and writes down that you looked.
    """
    check_place(file, name)
    conditions = {
        "text": text, "kind": kind, "partner": partner, "organisation": organisation, "port": port, "table": table,
        "column": column, "purpose": purpose, "verdict": verdict, "agreement": agreement, "code": code,
        "query": of_query, "decision": decision, "client": client, "since": _moment(since), "until": _moment(until),
    }  # fmt: skip
    given = {name: value for name, value in conditions.items() if value}
    with told():
        found = _in_file(file, given, limit, before) if file else _at_gateway(home, name, given, limit, before)
    _print(found.records[::-1], found.is_more, json)


@dataclass(frozen=True, slots=True)
class _Found:
    records: list[dict[str, Any]]
    """The newest first."""
    is_more: bool


def _moment(said: str) -> str:
    """Return a moment as the log writes it, of one or of how long ago it was."""
    ago = _AGO.fullmatch(said)
    if ago is None:
        return said
    moment = datetime.now(UTC) - timedelta(**{_UNITS[ago[2]]: int(ago[1])})
    return f"{moment:%Y-%m-%dT%H:%M:%S}"


def _at_gateway(home: Path, name: str, given: dict[str, str], limit: int, before: int | None) -> _Found:
    from gateway.edge.client import fetch

    found: list[dict[str, Any]] = []
    with connected(home, name) as client:
        while True:
            cursor = {} if before is None else {"before": before}
            asked: dict[str, Any] = {**given, "limit": min(limit - len(found), AT_ONCE), **cursor}
            page = fetch(client, "GET", "/api/audit/records", params=asked)
            found += page["records"]
            before = page["next"]
            if before is None or len(found) == limit:
                return _Found(found, before is not None)


def _in_file(file: Path, given: dict[str, str], limit: int, before: int | None) -> _Found:
    from gateway.adapters.audit_reading import search_in
    from gateway.log_search import Wanted

    try:
        wanted = Wanted(**given)
    except ValueError as error:
        fail(USAGE, [str(error)])
    found = [entry.told() for entry in search_in(file, wanted, limit + 1, before)]
    return _Found(found[:limit], len(found) > limit)


def _print(found: list[dict[str, Any]], is_more: bool, as_json: bool) -> None:
    import sys

    import orjson

    from gateway.edge.log_terminal import log_lines

    if as_json:
        print_lines(orjson.dumps(entry).decode() for entry in found)
    elif found:
        print_lines(log_lines(found))
    sys.stdout.flush()
    if not found and not as_json:
        print("no record is found", file=sys.stderr)
    if is_more:
        print(f"there are more: --before {found[0]['index']}", file=sys.stderr)
