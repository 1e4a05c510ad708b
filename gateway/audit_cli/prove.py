"""One record -> a text that proves it, far from the log; and such a text -> whether it does."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit_cli.keys import KeyOption, WitnessOption, wanted
from gateway.audit_cli.reading import FileOption, ReaderOption, check_place, connected
from gateway.command import fail, print_told, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_PROVEN = 1
"""Exit code."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prove)


def prove(
    number: Annotated[int | None, typer.Argument(metavar="N", min=0, help="Index of the record.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here.")] = None,
    check: Annotated[Path | None, typer.Option(metavar="FILE", help="Check this proof; no log is needed.")] = None,
    file: FileOption = None,
    key: KeyOption = "",
    witness: WitnessOption = [],  # noqa: B006 - as typer wants it
    as_: ReaderOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write a proof of record N that anybody can check offline, or check one."""
    if (number is None) == (check is None):
        fail(USAGE, ["give the index of a record, or --check FILE"])
    with told():
        if check is not None:
            _check(check, key, witness, home, json)
            return
        check_place(file, as_)
        text = _from_file(file, number or 0) if file else _from_gateway(home, as_, number or 0)
        if output:
            output.write_text(text, encoding="utf-8")
            print(f"{output}: a proof of record {number}; check it with: portgate audit prove --check {output}")
        else:
            sys.stdout.write(text)


def _from_gateway(home: Path, name: str, number: int) -> str:
    from gateway.edge.client import fetch_text

    with connected(home, name) as client:
        return fetch_text(client, f"/api/audit/records/{number}/proof")


def _from_file(file: Path, number: int) -> str:
    from gateway.adapters.audit_checking import prove_from
    from gateway.checking.proofs import NotProven

    try:
        return prove_from(file, number)
    except NotProven as error:
        fail(NOT_PROVEN, [f"not proven: {error}"])


def _check(file: Path, key: str, witnesses: list[str], home: Path, json: bool) -> None:
    from gateway.checking.proofs import NotProven, opened

    by = wanted(key, witnesses, [], home)
    try:
        proved = opened(file.read_text("utf-8"), by.key, by.witnesses)
    except OSError as error:
        fail(USAGE, [f"{file}: {error.strerror}"])
    except (NotProven, UnicodeDecodeError) as error:
        fail(NOT_PROVEN, [f"not proven: {error}"])
    document = {
        "state": "proven",
        "index": proved.index,
        "reader": proved.reader,
        "record": proved.read.decode(),
        "origin": proved.checkpoint.origin,
        "size": proved.checkpoint.size,
        "witnesses": dict(proved.cosigners),
    }
    silent = [each.name for each in by.witnesses if by.is_closed and each.name not in proved.cosigners]
    if silent:
        fail(NOT_PROVEN, [f"not proven: the checkpoint is not signed by {', '.join(silent)}"])
    print_told(document, json, _lines)


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"proven: record {document['index']} of {document['origin']}, in its tree of {document['size']:,} records"
    yield f"as read by: {document['reader']}"
    for name, when in document["witnesses"].items():
        yield f"seen so by {name} at {datetime.fromtimestamp(when, UTC):%Y-%m-%d %H:%M:%S} UTC"
    yield document["record"] or "It is none of this reader's business: the log has committed itself to showing nothing."
