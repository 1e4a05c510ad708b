"""`portgate policy test`: a steward's own examples, tried against the rules that OPA runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from gateway.options import DEFAULT_POLICIES, REFUSED, UNAVAILABLE, USAGE, JsonOption, PoliciesOption

if TYPE_CHECKING:
    from gateway.model import Partner
    from gateway.policy.examples import Coverage, Example
    from gateway.policy.findings import Finding

EXAMPLES = "examples.yaml"
QUERY = """{place: {"decision": decision, "shown": shown} |
    some place, asked in input.examples
    decision := data.gateway.cells.decision with input as asked
    shown := data.gateway.cells.shown with input as asked
}"""


@dataclass(frozen=True, slots=True)
class Tried:
    """The examples of one port, and what came of them."""

    port: str
    file: Path
    examples: int
    findings: Sequence[Finding]
    coverage: Coverage


def register(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    codes = "Exit codes: 0 all as expected, 2 wrong command, 3 an example fails or coverage is too low, 4 no OPA."
    app.command("test", epilog=codes)(run)


def run(
    port: Annotated[str, typer.Argument(metavar="[PORT]", help="A port; all that have examples if left out.")] = "",
    policies: PoliciesOption = DEFAULT_POLICIES,
    on: Annotated[
        str, typer.Option("--on", metavar="DAY", help="The day of examples that name none; today, UTC.")
    ] = "",
    threshold: Annotated[
        float, typer.Option("--threshold", min=0, max=100, help="Percent of the agreements' tables to be touched.")
    ] = 100.0,
    as_json: JsonOption = False,
) -> None:
    """Try a port's examples: given a partner, a purpose and rows, are these the cells that come back?"""
    from gateway.errors import GatewayError, PolicyUnavailable

    ports, moment = _ports(port, policies), _moment(on)
    try:
        tried = try_examples(ports, policies, moment)
    except PolicyUnavailable as fault:
        _end(fault.message, fault.hint, UNAVAILABLE)
    except GatewayError as fault:
        _end(fault.message, fault.hint, REFUSED)
    if as_json:
        print(json.dumps(_told(tried, threshold), ensure_ascii=False, indent=2))
    else:
        for line in report(tried, threshold):
            print(line)
    if any(one.findings or one.coverage.percent < threshold for one in tried):
        raise typer.Exit(REFUSED)


def try_examples(ports: Sequence[str], policies: Path, now: str) -> list[Tried]:
    """Read the examples, put all of them to OPA at once, and compare."""
    from gateway.adapters.policy_files import read_port
    from gateway.policy.examples import coverage, judge, read_examples
    from gateway.policy_cli.sources import read_catalog_here

    catalog, partners = read_catalog_here(), _partners()
    files = {port: policies / "ports" / port / EXAMPLES for port in ports}
    read = {
        port: read_examples(file.read_text(encoding="utf-8"), port, catalog, partners, now)
        for port, file in files.items()
    }
    answers = iter(_answers(policies, [example for examples, _ in read.values() for example in examples]))
    tried = []
    for port, (examples, faults) in read.items():
        pairs = [(example, next(answers)) for example in examples]
        findings = [*faults, *(finding for example, answer in pairs for finding in judge(example, answer))]
        document = read_port(policies / "ports" / port)
        tried.append(Tried(port, files[port], len(examples), findings, coverage(document, pairs)))
    return tried


def _answers(policies: Path, examples: Sequence[Example]) -> Iterator[Mapping[str, Any]]:
    from tempfile import TemporaryDirectory

    from gateway.adapters.opa_program import evaluate
    from gateway.adapters.policy_files import write_open_bundle
    from gateway.errors import PolicyUnavailable

    with TemporaryDirectory(prefix="portgate-") as folder:
        write_open_bundle(policies, Path(folder))
        said = evaluate(_opa(), Path(folder), QUERY, {"examples": [example.input() for example in examples]})
    for place, example in enumerate(examples):
        if str(place) not in said:
            raise PolicyUnavailable(f"the rules do not answer the example {example.name!r}", hint="look at its keys")
        yield said[str(place)]


def _opa() -> Path:
    from gateway.errors import PolicyUnavailable
    from stack.components import find_opa

    found = find_opa()
    if found is None:
        raise PolicyUnavailable("there is no OPA on this machine, and it decides", hint="run: make setup")
    return found


def _partners() -> Mapping[str, Partner]:
    from gateway.adapters.issuer import read_partners
    from gateway.model import Partner

    return {
        name: Partner(name, said.organisation, said.organisation_class, tuple(said.roles), (), said.attributes, "")
        for name, said in read_partners().items()
    }


def _ports(port: str, policies: Path) -> list[str]:
    from gateway.policy.findings import instead

    known = sorted(file.parent.name for file in (policies / "ports").glob(f"*/{EXAMPLES}"))
    if not known:
        _end(
            f"there are no examples in {policies}/ports",
            f"write ports/<port>/{EXAMPLES}, or give --policies DIR",
            USAGE,
        )
    if port and port not in known:
        _end(f"there are no examples of a port {port} in {policies}", instead(port, known), USAGE)
    return [port] if port else known


def _moment(on: str) -> str:
    from datetime import UTC, datetime

    from gateway.policy.language import is_day

    if on and not is_day(on):
        _end(f"{on} is no day", "write it as 2026-11-22", USAGE)
    return f"{on}T00:00:00Z" if on else f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _end(message: str, mend: str, code: int) -> NoReturn:
    typer.echo(f"{message}\n  mend: {mend}", err=True)
    raise typer.Exit(code)


# --- telling --------------------------------------------------------------------------------------------------------


def report(tried: Sequence[Tried], threshold: float) -> Iterator[str]:
    """Tell each example that fails, each table that no example touches, and how it went."""
    for one in tried:
        for finding in one.findings:
            yield f"{one.file}:{finding.line}:{finding.column}: {finding.message}"
            yield f"  mend: {finding.mend}"
        for agreement, table in one.coverage.missing:
            yield f"{one.file}: no example touches {table} of {agreement}"
        too_low = f", and {threshold:g} % are asked for" if one.coverage.percent < threshold else ""
        share = f"{one.coverage.percent:.0f} % of the agreements' tables touched{too_low}"
        yield f"{one.port}: {one.examples} examples, {len(one.findings)} not as expected; {share}"


def _told(tried: Sequence[Tried], threshold: float) -> dict[str, object]:
    return {
        "threshold": threshold,
        "ports": [
            {
                "port": one.port,
                "file": str(one.file),
                "examples": one.examples,
                "findings": [asdict(finding) for finding in one.findings],
                "coverage": round(one.coverage.percent, 2),
                "untouched": [{"agreement": agreement, "table": table} for agreement, table in one.coverage.missing],
            }
            for one in tried
        ],
    }
