"""Files of a policies folder <-> documents: reads what ports wrote, and writes the open form that OPA loads.

The open form is unsigned: for tests and tools. What a gateway serves to its OPA comes in signed bundles.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path

import orjson

from gateway.errors import PolicyFault
from gateway.policy.findings import Finding
from gateway.policy.language import PortDocument, to_data
from gateway.policy.reading import Reading, read_document

WRITTEN = "data.yaml"
NARROW = "narrow.rego"


def ports_of(policies: Path) -> tuple[str, ...]:
    """Name the ports that have a file in a policies folder."""
    return tuple(sorted(file.parent.name for file in (policies / "ports").glob(f"*/{WRITTEN}")))


def read_file(file: Path) -> Reading:
    """Read one file, with all that is wrong with its shape."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise PolicyFault(f"there is no file {file}", hint="write one with: portgate policy new") from error
    except UnicodeDecodeError as error:
        raise PolicyFault(f"{file} is not written in UTF-8", hint="save it as UTF-8") from error
    return read_document(text)


def read_port(folder: Path) -> PortDocument:
    """Read the document of one port's folder, or raise `PolicyFault` with the first thing that is wrong."""
    file = folder / WRITTEN
    reading = read_file(file)
    if reading.document is None:
        raise _fault(file, reading.findings[0])
    if reading.document.port != folder.name:
        line, column = reading.place(("port",))
        message = f"{file}:{line}:{column}: the file is of the port {reading.document.port}"
        raise PolicyFault(message, hint=f"write `port: {folder.name}`, or move the file", line=line, column=column)
    return reading.document


def read_ports(policies: Path, ports: Iterable[str] | None = None) -> Mapping[str, PortDocument]:
    """Read the documents of a policies folder, all or some."""
    wanted = ports_of(policies) if ports is None else tuple(ports)
    return {port: read_port(policies / "ports" / port) for port in wanted}


def write_open_bundle(policies: Path, target: Path, ports: Iterable[str] | None = None, *, commit: str = "") -> None:
    """Write the library's Rego, and each port's document in normal form with its Rego: `opa run --bundle target`."""
    hidden = shutil.ignore_patterns("*_test.rego")
    shutil.copytree(policies / "gateway", target / "gateway", ignore=hidden, dirs_exist_ok=True)
    for port, document in read_ports(policies, ports).items():
        folder = target / "ports" / port
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "data.json").write_bytes(orjson.dumps(to_data(document, commit)))
        narrow = policies / "ports" / port / NARROW
        if narrow.exists():
            shutil.copyfile(narrow, folder / NARROW)


def _fault(file: Path, finding: Finding) -> PolicyFault:
    message = f"{file}:{finding.line}:{finding.column}: {finding.message}"
    return PolicyFault(message, hint=finding.mend, line=finding.line, column=finding.column)
