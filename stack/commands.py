"""The commands `up`, `down`, `status`, `doctor` and `logs`: what a person types -> the lifecycle."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from stack.faults import PartFailed, StackFault
from stack.layout import NAMES, Home, find_home

# what else a command needs is imported where it runs, so that `portgate --help` and `portgate query` start at once

HomeOption = Annotated[Path | None, typer.Option("--home", help="The stack's folder [$PORTGATE_HOME, else .portgate].")]
JsonOption = Annotated[bool, typer.Option("--json", help="Say it as JSON.")]
TcpOption = Annotated[int | None, typer.Option(min=1, max=65535, help="TCP port; remembered.")]
SamplesOption = Annotated[
    bool | None,
    typer.Option(
        help="Trino's own sample data (tpch, tpcds, memory), for tests and benchmarks: "
        "no agreement speaks of it, so no partner can read it; remembered [off]."
    ),
]

GatewayOption = Annotated[
    Path | None,
    typer.Option(
        exists=True,
        dir_okay=False,
        help="YAML with settings of the gateway, put over those that `up` writes; lists are joined; remembered.",
    ),
]


def register(app: typer.Typer) -> None:
    """Hang the stack's commands on a command line."""
    for command in (up, down, status, doctor, logs):
        app.command(command.__name__)(command)


def up(
    scale: Annotated[float | None, typer.Option(help="Amount of data; 1 = a million container events.")] = None,
    home: HomeOption = None,
    ports: Annotated[str | None, typer.Option(help="Seaports, separated by commas [all five].")] = None,
    as_of: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Last day of the data.")] = None,
    gateway_port: TcpOption = None,
    plain_port: TcpOption = None,
    wall_port: TcpOption = None,
    trino_port: TcpOption = None,
    opa_port: TcpOption = None,
    postgres_port: TcpOption = None,
    witness_port: Annotated[
        int | None,
        typer.Option(min=1, max=65531, help="First TCP port of the five witnesses, four more follow; remembered."),
    ] = None,
    samples: SamplesOption = None,
    gateway_settings: GatewayOption = None,
    without: Annotated[list[str] | None, typer.Option(help="A part not to start: gateway.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Start the five ports, OPA, Trino and the gateway; return when all are ready."""
    from stack import lifecycle
    from stack.settings import decide

    tcp = {
        "gateway": gateway_port,
        "plain": plain_port,
        "wall": wall_port,
        "trino": trino_port,
        "opa": opa_port,
        "postgres": postgres_port,
        "witness": witness_port,
    }
    where = find_home(home)
    with _faults_told(where), _signals_raised():
        settings = decide(
            where,
            today=_today(),
            scale=scale,
            ports=tuple(port.strip() for port in ports.split(",")) if ports else None,
            as_of=as_of.date() if as_of else None,
            tcp={name: number for name, number in tcp.items() if number is not None},
            samples=samples,
            gateway_file=gateway_settings,
        )
        lifecycle.up(where, settings, _say, without=tuple(without or ()))
    _tell_status(where, as_json=as_json)
    if not as_json:
        tell_trust(where.ca_file, settings.tcp.gateway)


def down(home: HomeOption = None) -> None:
    """Stop everything of this stack; its data stays."""
    from stack import lifecycle

    where = find_home(home)
    with _faults_told(where):
        left = lifecycle.down(where)
    _say("stopped" + (f"; {left} left-over process(es) ended" if left else ""))


def status(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Show each part: state, address, pid; and where clients find the gateway. Exits 1 unless all are ready."""
    where = find_home(home)
    with _faults_told(where):
        ready = _tell_status(where, as_json=as_json)
    if not ready:
        raise typer.Exit(1)


def doctor(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check versions, TCP ports, disk, memory, clock and each component; say how to mend what is red."""
    from stack.doctor import examine

    where = find_home(home)
    with _faults_told(where):
        findings = examine(where)
    if as_json:
        print(json.dumps([asdict(finding) for finding in findings], indent=2))
    else:
        table = Table(box=None, show_header=False, pad_edge=False)
        for finding in findings:
            mark = "[green]ok[/green]" if finding.is_well else "[red]no[/red]"
            table.add_row(
                mark, finding.subject, finding.seen + (f"\n[bold]{finding.mend}[/bold]" if finding.mend else "")
            )
        Console().print(table)
    if not all(finding.is_well for finding in findings):
        raise typer.Exit(1)


def logs(
    name: Annotated[str, typer.Argument(help=f"One of: {', '.join(NAMES)}.")],
    home: HomeOption = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="How many lines from the end.")] = 50,
) -> None:
    """Show the end of a part's log."""
    from stack import processes

    where = find_home(home)
    with _faults_told(where):
        if name not in NAMES:
            raise StackFault(f"there is no part {name!r}", mend=f"one of: {', '.join(NAMES)}")
        print(processes.tail(where, name, lines))


def _tell_status(home: Home, *, as_json: bool) -> bool:
    from stack import lifecycle
    from stack.settings import remembered

    parts = lifecycle.status(home)
    settings = remembered(home)
    clients = (
        {
            "gateway_url": f"https://localhost:{settings.tcp.gateway}",
            "plain_url": f"http://127.0.0.1:{settings.tcp.plain}",
            "ca_file": str(home.ca_file),
        }
        if settings
        else {}
    )
    if as_json:
        print(json.dumps({"home": str(home.root), **clients, "parts": [asdict(part) for part in parts]}, indent=2))
    else:
        table = Table(box=None, pad_edge=False)
        for title in ("part", "state", "address", "pid"):
            table.add_column(title)
        for part in parts:
            colour = {"ready": "green", "stopped": "dim"}.get(part.state, "red")
            table.add_row(part.part, f"[{colour}]{part.state}[/{colour}]", part.address, str(part.pid or "-"))
        console = Console()
        console.print(table)
        for title, value in clients.items():
            console.print(f"{title.replace('_', ' ')}: {value}", soft_wrap=True, highlight=False)
    return all(part.state == "ready" for part in parts)


def tell_trust(ca_file: Path, number: int) -> None:
    """Say how each kind of client comes to trust the gateway's certificate."""
    print(f"\nThe gateway's certificate is signed by this stack's own authority, {ca_file}. To trust it:")
    for client, how in trust_examples(ca_file, number).items():
        print(f"  {client:<10} {how}")  # never wrapped: it is there to be copied


def trust_examples(ca_file: Path, number: int) -> dict[str, str]:
    """Return one line for each kind of client."""
    return {
        "curl": f"curl --cacert {ca_file} https://localhost:{number}/readyz",
        "Trino CLI": f"trino --server https://localhost:{number} --truststore-path {ca_file} --access-token TOKEN",
        "JDBC": f"jdbc:trino://localhost:{number}?SSL=true&SSLTrustStorePath={ca_file}&accessToken=TOKEN",
        "Python": f"trino.dbapi.connect(host='localhost', port={number}, http_scheme='https', verify='{ca_file}', …)",
        "Go, Node": f"SSL_CERT_FILE={ca_file}; NODE_EXTRA_CA_CERTS={ca_file}",
        "browser": "add it as an authority in a profile of its own; never to the system's store",
    }


def _say(text: str) -> None:
    """Progress goes to standard error, so that standard output can be read by a program."""
    Console(stderr=True).print(text, highlight=False, markup=False, soft_wrap=True)


@contextmanager
def _faults_told(home: Home) -> Iterator[None]:
    """Tell a person what went wrong and what to do; the exit code is 1."""
    try:
        yield
    except StackFault as fault:
        console = Console(stderr=True)
        if isinstance(fault, PartFailed):
            console.print(f"--- the end of {home.log(fault.part)}", style="dim", highlight=False, soft_wrap=True)
            console.print(fault.tail, highlight=False, markup=False, soft_wrap=True)
        console.print(f"error: {fault.message}", style="red", highlight=False, markup=False, soft_wrap=True)
        if fault.mend:
            console.print(f"what to do: {fault.mend}", highlight=False, markup=False, soft_wrap=True)
        raise typer.Exit(1) from fault


@contextmanager
def _signals_raised() -> Iterator[None]:
    """Turn SIGTERM and SIGHUP into an exception, so that a half-started stack is stopped again."""

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _today() -> date:
    return datetime.now(UTC).date()
