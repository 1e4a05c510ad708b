"""`portgate audit watch`: each new record of the log -> a line, until Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.audit_cli.reading import EXIT_CODES, ReaderOption, connected
from gateway.command import told
from gateway.options import DEFAULT_HOME, HomeOption, JsonOption


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("watch", epilog=EXIT_CODES)(watch)


def watch(
    kind: Annotated[str, typer.Option(metavar="NAME", help="Only of this kind, such as alarm.")] = "",
    partner: Annotated[str, typer.Option(metavar="NAME", help="Only about this partner.")] = "",
    organisation: Annotated[str, typer.Option(metavar="NAME", help="Only about this organisation.")] = "",
    port: Annotated[str, typer.Option(metavar="NAME", help="Only about this port.")] = "",
    verdict: Annotated[str, typer.Option(metavar="WORD", help="Only with this verdict, such as refused.")] = "",
    name: ReaderOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Print each new record of the audit log as it is written, until Ctrl-C."""
    conditions = {"kind": kind, "partner": partner, "organisation": organisation, "port": port, "verdict": verdict}
    given = {name: value for name, value in conditions.items() if value}
    try:
        with told():
            _follow(home, name, given, _printer(json))
    except KeyboardInterrupt:
        raise typer.Exit(0) from None


def _printer(as_json: bool) -> Callable[[dict[str, Any]], None]:
    import orjson

    from gateway.edge.log_terminal import watch_head, watch_line

    if as_json:
        return lambda entry: print(orjson.dumps(entry).decode(), flush=True)
    print(watch_head(), flush=True)
    return lambda entry: print(watch_line(entry), flush=True)


def _follow(home: Path, name: str, given: dict[str, str], print_: Callable[[dict[str, Any]], None]) -> None:
    """Watch, and go on where one watch ended with another."""
    from gateway.edge.client import Problem

    after: int | None = None
    while True:
        parameters: dict[str, Any] = given if after is None else {**given, "after": after}
        with connected(home, name) as client:
            for line in _lines(client, parameters):
                if "error" in line:
                    raise Problem(line["error"])
                if "record" in line:
                    print_(line)
                after = line.get("after", after)


def _lines(client: Any, parameters: dict[str, Any]) -> Iterator[dict[str, Any]]:
    import orjson

    from gateway.edge.client import NoStack, checked

    with client.stream("GET", "/api/audit/watch", params=parameters) as response:
        line: dict[str, Any] = {}
        for text in checked(response).iter_lines():
            line = orjson.loads(text)
            yield line
        if "after" not in line and "error" not in line:
            raise NoStack("the watch broke off; see: portgate status")
