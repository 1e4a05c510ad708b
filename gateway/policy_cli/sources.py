"""What a steward names (a file, a folder, a git ref, a revision) -> the documents that stand there."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NoReturn

import typer
import yaml

from gateway.errors import PolicyFault
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, TableName
from gateway.options import CHECKOUT, REFUSED, USAGE
from gateway.policy.compare import Types
from gateway.policy.language import PortDocument, from_data
from gateway.policy.reading import read_document

PORTS = "policies/ports"
FINDINGS = REFUSED
_REVISION = re.compile(r"([0-9a-f]{8,64})(?:@([0-9a-f]{40}|none))?")
_NAMES = ("data.yaml", "data.yml", "data.json")


@dataclass(frozen=True, slots=True)
class Source:
    """The documents of some or all ports."""

    documents: Mapping[str, PortDocument]
    is_whole: bool
    """Whether a port that is not there shares nothing; else nothing is said of it."""
    narrow: Mapping[str, str] = field(default_factory=dict)
    """Port -> the text of its own rules, where they lie beside its document."""

    def over(self, other: Source) -> Source:
        """The same, with what the other says of the ports that this one is silent about."""
        if self.is_whole:
            return self
        narrow = {port: text for port, text in other.narrow.items() if port not in self.documents}
        return Source({**other.documents, **self.documents}, other.is_whole, {**narrow, **self.narrow})


def read_source(name: str, store: Path | None = None) -> Source:
    """Find what a name means: a file or folder that is there, else a revision in the store, else a git ref."""
    path = Path(name)
    if path.is_file():
        return _of_texts({str(path): path.read_text(encoding="utf-8")}, is_whole=False)
    if path.is_dir():
        return _of_folder(path)
    match = _REVISION.fullmatch(name)
    if match:
        found = _of_store(match[1], store)
        if found is not None:
            return found
    commit = match[2] if match and match[2] and match[2] != "none" else name
    return _of_git(commit)


def _of_folder(path: Path) -> Source:
    """One port's folder, a folder of ports' folders, or one that holds such at `ports` or `policies/ports`."""
    ports = next((found for found in (path / "policies" / "ports", path / "ports") if found.is_dir()), path)
    wanted = (*_NAMES, "narrow.rego")
    mine = [ports / name for name in wanted if (ports / name).is_file()]
    files = mine or sorted(file for name in wanted for file in ports.glob(f"*/{name}"))
    return _of_texts({str(file): file.read_text(encoding="utf-8") for file in files}, is_whole=not mine)


def store_of(home: Path) -> Path | None:
    """Where the local stack's gateway keeps the bundles that it accepted, if there is one."""
    try:
        settings = yaml.safe_load((home / "gateway.yaml").read_text(encoding="utf-8"))
        return home / str(settings["policy"]["bundles_directory"])
    except (OSError, KeyError, TypeError, yaml.YAMLError):
        return None


def in_force() -> Source:
    """The documents of the checkout."""
    return read_source(str(CHECKOUT / PORTS))


def _of_texts(texts: Mapping[str, str], *, is_whole: bool) -> Source:
    documents: dict[str, PortDocument] = {}
    narrow: dict[str, str] = {}
    for name, text in texts.items():
        if name.endswith("narrow.rego"):
            narrow[Path(name).parent.name] = text
            continue
        document = _read(name, text)
        if document.port in documents:
            refuse(f"{name}: {document.port} has two documents here", "Name one of them.")
        documents[document.port] = document
    if not documents:
        refuse("there is no port's document here", "A folder holds PORT/data.yaml, as policies/ports does.")
    return Source(documents, is_whole, narrow)


def _read(name: str, text: str) -> PortDocument:
    if name.endswith(".json"):
        try:
            return from_data(json.loads(text))
        except (ValueError, PolicyFault) as fault:
            refuse(f"{name}: {fault}", "It must be the normal form, as portgate policy sign writes it.")
    reading = read_document(text)
    if reading.document is None:
        errors = [finding for finding in reading.findings if finding.severity == "error"]
        for one in errors:
            print(f"{name}:{one.line}:{one.column}: {one.message}; {one.mend}", file=sys.stderr)
        raise typer.Exit(FINDINGS)
    return reading.document


def _of_store(digest: str, store: Path | None) -> Source | None:
    """The bundle of the running gateway whose revision begins so; what lies in its store was checked as it came in."""
    for file in sorted(store.glob("*.tar.gz")) if store is not None and store.is_dir() else ():
        with tarfile.open(fileobj=io.BytesIO(file.read_bytes())) as archive:
            for name in archive.getnames():
                member = archive.extractfile(name) if name.endswith("data.json") else None
                data = json.load(member) if member else None
                if isinstance(data, dict) and str(data.get("revision", "")).startswith(digest):
                    document = from_data(data)
                    return Source({document.port: document}, is_whole=False)
    return None


def _of_git(name: str) -> Source:
    """The documents at a commit: `REF` for all ports, `REF:PATH` for one file or folder."""
    ref, _, path = name.partition(":")
    listed = _git("ls-tree", "-r", "--name-only", "--full-tree", ref, path or PORTS)
    if listed is None:
        refuse(
            f"{name!r} is no file, no folder, no revision of the running gateway and no git ref",
            "Write a path, a revision, or a ref such as HEAD~1 or main:policies/ports/oakland/data.yaml.",
        )
    wanted = [file for file in listed.splitlines() if Path(file).name in (*_NAMES, "narrow.rego")]
    texts = {f"{ref}:{file}": _git("show", f"{ref}:{file}") or "" for file in wanted}
    return _of_texts(texts, is_whole=not path or path.rstrip("/") == PORTS)


def _git(*arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(CHECKOUT), *arguments],  # noqa: S607
            capture_output=True, text=True, timeout=30, check=False,
        )  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 else None


def refuse(message: str, mend: str) -> NoReturn:
    """Say what is wrong with the command and how to mend it."""
    print(f"error: {message}\n{mend}", file=sys.stderr)
    raise typer.Exit(USAGE)


def read_catalog_here() -> Catalog:
    """The catalog of the checkout."""
    from gateway.adapters.catalog_files import read_catalog
    from gateway.settings import Settings

    return read_catalog(CHECKOUT / "catalog", Settings.model_fields["ports"].default)


def types_of(catalog: Catalog) -> Types:
    """Port, table as agreements name it -> column -> type."""

    def types(port: str, table: str) -> Mapping[str, str]:
        schema, _, name = table.partition(".")
        found = catalog.tables.get(table_name(port, schema, name))
        return {column: known.type for column, known in found.columns.items()} if found else {}

    return types


def table_name(port: str, schema: str, table: str) -> TableName:
    """The table of the catalog that a port's agreements name so."""
    return TableName(CANONICAL_CATALOG if schema == CANONICAL_SCHEMA else port, schema, table)


def narrow_notes(old: Source, new: Source) -> list[str]:
    """Name the ports whose own rules differ: what they take away cannot be compared."""
    ports = sorted({*old.narrow, *new.narrow})
    return [
        f"{port}: narrow.rego is another; what it takes away is not compared."
        for port in ports
        if old.narrow.get(port) != new.narrow.get(port)
    ]


def only_port(documents: Mapping[str, PortDocument], port: str) -> tuple[str, ...]:
    """The ports that are looked at: one that was named, else all."""
    if port and port not in documents:
        refuse(f"there is no document of {port!r} here", f"There are: {', '.join(sorted(documents))}.")
    return (port,) if port else tuple(sorted(documents))


def read_partners_file(file: Path) -> Mapping[str, object]:
    """The partners that a directory file lists."""
    try:
        known = yaml.safe_load(file.read_text(encoding="utf-8"))
        return dict(known["partners"])
    except (OSError, KeyError, TypeError, ValueError, yaml.YAMLError) as fault:
        refuse(f"{file} lists no partners ({fault})", "It must be as deploy/local/partners.yaml.")
