"""What the commands about bundles share: where keys and files are, how a bundle is sent, and how faults are told."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gateway.options import FAULT, REFUSED, UNAVAILABLE, USAGE

if TYPE_CHECKING:
    from gateway.adapters.signing import FileFault, PortFiles
    from gateway.edge.client import Home
    from gateway.policy.bundle import Bundle


PortArgument = Annotated[str, typer.Argument(metavar="PORT", help="The port's id, such as oakland.")]
AsOption = Annotated[
    str, typer.Option("--as", metavar="NAME", help="The port's steward, of deploy/local/partners.yaml.")
]
KeyOption = Annotated[
    Path | None,
    typer.Option("--key", metavar="FILE", help="The port's private key, PEM [the local stack's key of the port]."),
]


def home_of(directory: Path) -> Home:
    """Return the local stack's folder."""
    from gateway.edge.client import Home

    return Home(directory.expanduser().absolute())


def read_checked(policies: Path, port: str) -> PortFiles:
    """Read a port's files, and check them as `portgate policy check` does; raises FileFault."""
    from datetime import UTC, datetime

    from gateway.adapters.signing import FileFault, read_files
    from gateway.policy_cli.check import check_files

    files = read_files(policies, port)
    files.document()
    today = datetime.now(UTC).date().isoformat()
    for checked in check_files([policies / "ports" / port / "data.yaml"], policies, today):
        errors = tuple(finding for finding in checked.findings if finding.severity == "error")
        if errors:
            raise FileFault(f"{port}'s data.yaml has errors", f"mend it: portgate policy check {port}", errors)
    return files


def sign(files: PortFiles, key: Path | None, home: Home) -> Bundle:
    """Sign a port's files with its key; raises FileFault."""
    from gateway.adapters.signing import private_key

    return files.sign(private_key(key or home.directory / "secrets" / f"bundle-{files.port}.key"))


def send(home: Home, port: str, packed: bytes, name: str) -> dict[str, Any]:
    """Publish a bundle at the running gateway; raises Problem or NoStack."""
    from gateway.edge.client import connect, fetch

    with connect(home, _token(home, name)) as client:
        headers = {"Content-Type": "application/gzip"}
        return fetch(client, "PUT", f"/api/ports/{port}/bundle", content=packed, headers=headers)


def tell(told: dict[str, Any], as_json: bool, line: str) -> None:
    """Print what was done."""
    print(json.dumps(told, ensure_ascii=False, indent=2) if as_json else line)


@contextmanager
def faults_told(as_json: bool = False) -> Iterator[None]:
    """Turn what goes wrong into its words on standard error and its exit code."""
    from gateway.adapters.signing import FileFault
    from gateway.edge.client import NoStack, Problem
    from gateway.edge.terminal import problem_lines

    try:
        yield
    except FileFault as fault:
        _fail(REFUSED, _file_lines(fault), {"code": "file_fault", "detail": fault.message, "hint": fault.mend}, as_json)
    except Problem as problem:
        status = int(problem.members.get("status", 500))
        code = UNAVAILABLE if status in (429, 503) else REFUSED if status < 500 else FAULT
        _fail(code, problem_lines(problem.members), problem.members, as_json)
    except NoStack as error:
        _fail(UNAVAILABLE, [f"unavailable: {error}"], {"code": "unavailable", "detail": str(error)}, as_json)
    except OSError as error:
        _fail(USAGE, [str(error)], {"code": "cannot_read", "detail": str(error)}, as_json)


def _token(home: Home, name: str) -> str:
    from gateway.adapters.issuer import issue_token, read_partners
    from gateway.edge.client import NoStack

    if name not in read_partners():
        _fail(USAGE, [f"there is no partner {name}; there are: {', '.join(read_partners())}"], {}, False)
    try:
        return issue_token(home.identity, name)
    except FileNotFoundError:
        raise NoStack(f"there is no stack in {home.directory}; start one with: portgate up") from None


def _file_lines(fault: FileFault) -> Iterator[str]:
    yield f"error: {fault.message}"
    for finding in fault.findings:
        yield f"  line {finding.line}, column {finding.column}: {finding.message} {finding.mend}".rstrip()
    if fault.mend:
        yield f"what to do: {fault.mend}"


def _fail(code: int, lines: Iterable[str], members: dict[str, Any], as_json: bool) -> NoReturn:
    if as_json:
        print(json.dumps({"error": members}, ensure_ascii=False, indent=2))
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(code)
