"""`portgate policy check`: what is wrong with the ports' files, told as a compiler tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.options import DEFAULT_POLICIES, REFUSED, USAGE, JsonOption, PoliciesOption

if TYPE_CHECKING:
    from gateway.policy.findings import Finding
    from gateway.policy.language import PortDocument


@dataclass(frozen=True, slots=True)
class Checked:
    """One file, and what was found in it."""

    file: Path
    lines: Sequence[str]
    findings: Sequence[Finding]

    def count(self, severity: str) -> int:
        """Count the findings of one severity."""
        return sum(finding.severity == severity for finding in self.findings)


def register(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command("check", epilog="Exit codes: 0 no error, 2 wrong command, 3 an error.")(check)


def check(
    port: Annotated[
        str, typer.Argument(metavar="[PORT]", help="A port, or a file of one; all ports if left out.")
    ] = "",
    policies: PoliciesOption = DEFAULT_POLICIES,
    today: Annotated[str, typer.Option("--today", metavar="DAY", help="Check as if it were this day, UTC.")] = "",
    notes: Annotated[
        bool, typer.Option("--notes", help="Show notes too: what is as it should be, but may surprise.")
    ] = (False),
    as_json: JsonOption = False,
) -> None:
    """Find what is wrong with a port's file: where, why, and how to mend it."""
    from gateway.policy.language import is_day

    day = today or _today()
    if not is_day(day):
        _wrong(f"{day} is no day", "write such as --today 2026-01-31")
    checked = [*check_files(_files(port, policies), policies, day)]
    if as_json:
        print(json.dumps(_told(checked, day), ensure_ascii=False, indent=2))
    else:
        for line in report(checked, notes=notes):
            print(line)
    if any(one.count("error") for one in checked):
        raise typer.Exit(REFUSED)


def check_files(files: Sequence[Path], policies: Path, today: str) -> Iterator[Checked]:
    """Check files of ports against the catalog and the other ports' files."""
    from gateway.adapters.policy_files import WRITTEN, read_file
    from gateway.errors import PolicyFault
    from gateway.policy.check import check as found
    from gateway.policy_cli.sources import read_catalog_here

    catalog, others = read_catalog_here(), _documents(policies)
    for file in files:
        try:
            reading = read_file(file)
        except PolicyFault as fault:
            _wrong(fault.message, fault.hint)
        findings = list(found(reading, catalog, today, others))
        if reading.draft and file.name == WRITTEN and reading.draft.port not in (file.parent.name, ""):
            findings.insert(0, _in_wrong_folder(file, reading.draft.port, reading.place(("port",), of_value=True)))
        yield Checked(file, file.read_text(encoding="utf-8").splitlines(), findings)


def _documents(policies: Path) -> Mapping[str, PortDocument]:
    """Read the ports' files that have no fault."""
    from gateway.adapters.policy_files import WRITTEN, ports_of, read_file

    readings = {port: read_file(policies / "ports" / port / WRITTEN) for port in ports_of(policies)}
    return {port: reading.document for port, reading in readings.items() if reading.document}


def _files(port: str, policies: Path) -> list[Path]:
    from gateway.adapters.policy_files import WRITTEN, ports_of
    from gateway.policy.findings import instead

    if port and (port.endswith((".yaml", ".yml")) or "/" in port):
        return [Path(port)]
    known = ports_of(policies)
    if not known:
        _wrong(f"there is no port's file in {policies}/ports", "give the folder with --policies DIR")
    if port and port not in known:
        _wrong(f"there is no file of a port {port} in {policies}", instead(port, known))
    return [policies / "ports" / name / WRITTEN for name in ([port] if port else known)]


def _wrong(message: str, mend: str) -> None:
    typer.echo(f"{message}\n  mend: {mend}", err=True)
    raise typer.Exit(USAGE)


def _in_wrong_folder(file: Path, port: str, place: tuple[int, int]) -> Finding:
    from gateway.policy.findings import Finding

    message = f"the file is of the port {port}, and stands in the folder {file.parent.name}"
    return Finding("wrong_folder", "error", message, f"write `port: {file.parent.name}`, or move it", *place, "port")


def _today() -> str:
    from datetime import UTC, datetime

    return f"{datetime.now(UTC):%Y-%m-%d}"


# --- telling --------------------------------------------------------------------------------------------------------


def report(checked: Sequence[Checked], *, notes: bool = False) -> Iterator[str]:
    """Tell each finding with its line and a caret, notes only if asked for, and at the end how many there are."""
    for one in checked:
        for finding in one.findings:
            if notes or finding.severity != "note":
                yield from _lines(finding, one)
    counts = {kind: sum(one.count(kind) for one in checked) for kind in ("error", "warning", "note")}
    found = ", ".join(_many(count, kind) for kind, count in counts.items() if count)
    hidden = " (--notes shows them)" if counts["note"] and not notes else ""
    yield f"{_many(len(checked), 'file')}: {found or 'nothing to mend'}{hidden}"


def _lines(finding: Finding, checked: Checked) -> Iterator[str]:
    place = f"{_near(checked.file)}:{finding.line}:{finding.column}"
    yield f"{place}: {finding.severity}: {finding.message} [{finding.code}]"
    if finding.line <= len(checked.lines):
        line = checked.lines[finding.line - 1]
        start = max(0, min(finding.column - 1, len(line)) - 60)
        shown = line[start : start + 110].replace("\t", " ")
        yield f"    {shown}"
        yield f"    {' ' * (finding.column - 1 - start)}^"
    yield f"  mend: {finding.mend}"


def _near(file: Path) -> Path:
    here = Path.cwd()
    return file.relative_to(here) if file.is_absolute() and file.is_relative_to(here) else file


def _many(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"


def _told(checked: Sequence[Checked], today: str) -> dict[str, object]:
    return {
        "today": today,
        "files": [
            {"file": str(_near(one.file)), "findings": [asdict(finding) for finding in one.findings]} for one in checked
        ],
        "errors": sum(one.count("error") for one in checked),
        "warnings": sum(one.count("warning") for one in checked),
        "notes": sum(one.count("note") for one in checked),
    }
