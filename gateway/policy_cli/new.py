"""`portgate policy new`: a guided start that writes a port's first file."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.options import DEFAULT_POLICIES, REFUSED, USAGE, PoliciesOption

if TYPE_CHECKING:
    from gateway.model import Catalog
    from gateway.policy.new import Answers

Listed = list[str] | None


def register(app: typer.Typer) -> None:
    """Hang the command on the command line."""
    app.command("new", epilog="Exit codes: 0 written, 2 wrong command, 3 an answer that cannot stand.")(new)


def new(
    port: Annotated[str, typer.Argument(metavar="PORT", help="The port whose file it is.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write it; - for standard output.",
                     show_default="policies/ports/PORT/data.yaml"),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Ask nothing: take the options and the defaults.")] = False,
    organisation: Annotated[str, typer.Option(metavar="NAME", help="Who the port is as a partner.")] = "",
    contact: Annotated[str, typer.Option(metavar="ADDRESS", help="Where partners ask for an agreement.")] = "",
    name: Annotated[str, typer.Option("--id", metavar="ID", help="The first agreement's name.")] = "",
    classes: Annotated[
        Listed, typer.Option("--class", metavar="CLASS", help="With this organisation class; may be repeated.")
    ] = None,
    purposes: Annotated[
        Listed, typer.Option("--purpose", metavar="PURPOSE", help="For this purpose; may be repeated.")
    ] = None,
    since: Annotated[str, typer.Option("--from", metavar="DAY", help="The first day.")] = "",
    until: Annotated[str, typer.Option("--until", metavar="DAY", help="The first day after it.")] = "",
    reason: Annotated[str, typer.Option(metavar="SENTENCE", help="Your words to the partner.")] = "",
    tables: Annotated[
        Listed, typer.Option("--table", metavar="TABLE", help="Share this table; may be repeated.")
    ] = None,
    policies: PoliciesOption = DEFAULT_POLICIES,
) -> None:  # fmt: skip
    """Ask a few questions and write a port's file, with comments, that passes the check."""
    from gateway.policy_cli.sources import read_catalog_here

    catalog = read_catalog_here()
    if port not in catalog.ports:
        _refuse(USAGE, f"there is no port {port}", port, catalog.ports)
    file = _free(output, port, policies)
    ask = _default if yes else _prompt
    answers = _answers(
        ask, port, catalog,
        {"organisation": organisation, "contact": contact, "id": name, "classes": _joined(classes),
         "purposes": _joined(purposes), "from": since, "until": until, "reason": reason, "tables": _joined(tables)},
    )  # fmt: skip
    text = _checked(answers, catalog)
    if file is None:
        sys.stdout.write(text)
        return
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8")
    print(f"{file} is written and passes the check; next: portgate policy check {port}")


Ask = Callable[[str, str, str], str]


def _answers(ask: Ask, port: str, catalog: Catalog, given: dict[str, str]) -> Answers:
    from gateway.model import PURPOSES
    from gateway.policy.language import ORGANISATION_CLASSES
    from gateway.policy.new import Answers, tables_to_share

    first, last = _years()
    title = catalog.ports[port].title
    known = tables_to_share(port, catalog)
    found = Answers(
        port,
        organisation=ask("Who the port itself is as a partner", f"port_of_{port}", given["organisation"]),
        contact=ask("Where partners ask for an agreement", catalog.ports[port].contact, given["contact"]),
        id=ask("Name of the first agreement", f"{port.replace('_', '-')}-public-data", given["id"]),
        classes=_split(ask(f"With whom, of: {', '.join(ORGANISATION_CLASSES)}", "state_agency", given["classes"])),
        purposes=_split(ask(f"For what, of: {', '.join(PURPOSES)}", ", ".join(PURPOSES), given["purposes"])),
        from_day=ask("First day, UTC", first, given["from"]),
        until_day=ask("First day on which it no longer holds", last, given["until"]),
        reason=ask("Your words to the partner", f"The {title} publishes this data.", given["reason"]),
        tables=_split(ask(f"Which tables, of: {', '.join(known)}", known[0], given["tables"])),
    )
    for table in found.tables:
        if table not in known:
            _refuse(REFUSED, f"{port} has no table {table} with a public column", table, known)
    return found


def _checked(answers: Answers, catalog: Catalog) -> str:
    """Write the text, if all answers can stand in it."""
    from gateway.policy.check import check
    from gateway.policy.new import write
    from gateway.policy.reading import read_document

    text = write(answers, catalog)
    wrong = [one for one in check(read_document(text), catalog, answers.from_day) if one.severity != "note"]
    for finding in wrong:
        typer.echo(f"{finding.path}: {finding.message}\n  mend: {finding.mend}", err=True)
    if wrong:
        raise typer.Exit(REFUSED)
    return text


def _free(output: Path | None, port: str, policies: Path) -> Path | None:
    if output == Path("-"):
        return None
    file = output or policies / "ports" / port / "data.yaml"
    if file.exists():
        typer.echo(f"{file} is there already\n  mend: give another file with --output, or edit this one", err=True)
        raise typer.Exit(USAGE)
    return file


def _default(question: str, default: str, given: str) -> str:
    return given or default


def _prompt(question: str, default: str, given: str) -> str:
    return given or str(typer.prompt(question, default=default, err=True))


def _joined(words: Listed) -> str:
    return ", ".join(words or ())


def _split(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.replace(",", " ").split()))


def _years() -> tuple[str, str]:
    from datetime import UTC, datetime

    now = datetime.now(UTC)
    return f"{now:%Y-%m-%d}", f"{now.year + 2}-01-01"


def _refuse(code: int, message: str, word: str, known: Iterable[str]) -> None:
    from gateway.policy.findings import instead

    typer.echo(f"{message}\n  mend: {instead(word, known)}", err=True)
    raise typer.Exit(code)
