"""Records of the log -> a file and its signed manifest; and such a file -> whether it is what was exported."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit_cli.keys import KeyOption, WitnessOption, wanted
from gateway.audit_cli.reading import ReaderOption, connected
from gateway.command import fail, print_told, progress, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator

NOT_PROVEN = 1
"""Exit code."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(export)


def export(
    output: Annotated[Path | None, typer.Option("--output", "-o", metavar="FILE", help="Write it here.")] = None,
    format_: Annotated[str, typer.Option("--format", metavar="NAME", help="jsonl, csv or parquet.")] = "jsonl",
    low: Annotated[int, typer.Option("--from", metavar="N", min=0, help="The first index.")] = 0,
    high: Annotated[int | None, typer.Option("--to", metavar="N", help="Behind the last index.")] = None,
    where: Annotated[
        list[str],
        typer.Option(
            "--where",
            metavar="NAME=VALUE",
            help="Only these: kind, partner, organisation, port, query, since, until.",
        ),
    ] = [],  # noqa: B006 - as typer wants it
    check: Annotated[Path | None, typer.Option(metavar="FILE", help="Check this file by FILE.manifest.")] = None,
    key: KeyOption = "",
    witness: WitnessOption = [],  # noqa: B006
    as_: ReaderOption = "",
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Write records to FILE and what the log says of it to FILE.manifest, or check such a file."""
    if (output is None) == (check is None):
        fail(USAGE, ["give --output FILE, or --check FILE"])
    with told():
        if output is not None:
            asked = {
                "format": format_,
                "from": str(low),
                **({} if high is None else {"to": str(high)}),
                **_filters(where),
            }
            _export(output, asked, home, as_)
        document = _check(output or check or Path(), key, witness, home)
        print_told(document, json, _lines)


def _filters(where: list[str]) -> dict[str, str]:
    said = [each.partition("=") for each in where]
    if any(not value for _, _, value in said):
        fail(USAGE, ["--where: give NAME=VALUE"])
    return {name: value for name, _, value in said}


def manifest_of(file: Path) -> Path:
    """Return where a file's manifest lies."""
    return file.with_name(file.name + ".manifest")


def _export(output: Path, asked: dict[str, str], home: Path, name: str) -> None:
    from gateway.audit_cli.over_http import download
    from gateway.edge.client import fetch_text

    with connected(home, name) as client:
        size = download(client, asked, output, progress("bytes written"))
        note = fetch_text(client, "/api/audit/export/manifest", params={**asked, "size": size})
        manifest_of(output).write_text(note, encoding="utf-8")


def _check(file: Path, key: str, witnesses: list[str], home: Path) -> dict[str, Any]:
    from gateway.audit.note import NoteRefused
    from gateway.checking.manifests import read_manifest

    by = wanted(key, witnesses, [], home)
    try:
        manifest = read_manifest(manifest_of(file).read_text("utf-8"), by.key, by.witnesses)
        digest, size = _digest(file)
    except OSError as error:
        fail(USAGE, [f"{error.filename}: {error.strerror}"])
    except (NoteRefused, UnicodeDecodeError) as error:
        fail(NOT_PROVEN, [f"not proven: {error}"])
    if (digest, size) != (manifest.sha256, manifest.bytes):
        fail(NOT_PROVEN, [f"not proven: {file} is not the file that was exported (SHA-256 {digest}, {size} bytes)"])
    return {
        "state": "proven", "file": str(file), "origin": manifest.origin, "size": manifest.size, "from": manifest.low,
        "to": manifest.high, "records": manifest.count, "reader": manifest.reader, "filters": manifest.filters,
        "sha256": digest,
    }  # fmt: skip


def _digest(file: Path) -> tuple[str, int]:
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest(), file.stat().st_size


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"proven: {document['file']} is what {document['origin']} has exported"
    yield f"{document['records']:,} records from {document['from']} up to {document['to']}, of {document['size']:,}"
    yield f"as read by: {document['reader']}" + (
        f"; only: {document['filters']}" if document["filters"] != "{}" else ""
    )
