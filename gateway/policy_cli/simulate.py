"""`portgate policy simulate`: what an edit would have done to the queries of the log."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.command import progress
from gateway.options import DEFAULT_HOME, REFUSED, UNAVAILABLE, HomeOption, JsonOption

if TYPE_CHECKING:
    from gateway.policy.simulate import Kept, Replay

WIDENS = REFUSED
_DAYS = re.compile(r"([1-9][0-9]{0,3})d")

NewArgument = Annotated[str, typer.Argument(metavar="NEW", help="A file, a folder, a git ref or a revision.")]
OldOption = Annotated[str, typer.Option("--old", metavar="OLD", help="What NEW is held against [policies/ports].")]
SinceOption = Annotated[str, typer.Option("--since", metavar="WHEN", help="7d, or a day: leave out what is older.")]
LogOption = Annotated[Path | None, typer.Option("--log", metavar="FILE", help="The audit log [the local stack's].")]


def register(app: typer.Typer) -> None:
    """Hang the command on a command line."""
    codes = "Exit codes: 0 no query would see more, 2 wrong command, 3 some would see more, 4 no log."
    app.command("simulate", epilog=codes)(simulate)


def simulate(
    new: NewArgument,
    old: OldOption = "",
    since: SinceOption = "",
    log: LogOption = None,
    as_json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Replay the query log under an edit: which queries would be refused, allowed, narrowed or widened."""
    from gateway.adapters.audit_reading import read_questions
    from gateway.errors import AuditUnavailable
    from gateway.policy.simulate import Simulation
    from gateway.policy_cli import sources

    store = sources.store_of(home)
    here = sources.in_force()
    before = sources.read_source(old, store).over(here) if old else here
    after = sources.read_source(new, store).over(before)
    catalog = sources.read_catalog_here()
    simulation = Simulation(before.documents, after.documents, sources.types_of(catalog), _kept(catalog))
    try:
        found = _replayed(simulation, read_questions(log or _log_of(home), _moment(since)))
    except AuditUnavailable as fault:
        typer.echo(
            f"unavailable: {fault.message}\nName the log with --log FILE, or start a stack: portgate up", err=True
        )
        raise typer.Exit(UNAVAILABLE) from None
    notes = sources.narrow_notes(before, after)
    if as_json:
        print(json.dumps({**_told(found), "notes": notes}, ensure_ascii=False, indent=2))
    else:
        for line in (*_lines(found), *(f"note: {note}" for note in notes)):
            print(line)
    if found.widens:
        raise typer.Exit(WIDENS)


def _replayed(simulation: Any, questions: Iterator[tuple[int, bytes]]) -> Replay:
    """Replay all questions, and show how far it is."""
    import orjson

    from gateway.policy.simulate import Replay, replay

    show, total = progress("queries replayed"), 0

    def records() -> Iterator[Mapping[str, Any]]:
        nonlocal total
        for total, line in questions:  # noqa: B007
            yield orjson.loads(line)

    result = Replay()
    for done, result in enumerate(replay(simulation, records()), start=1):  # noqa: B007
        show(done, total)
    return result


def _kept(catalog: Any) -> Kept:
    from gateway.model import CANONICAL_SCHEMA, TableName

    return {
        TableName(port, CANONICAL_SCHEMA, table): frozenset(mapping.columns)
        for table, ports in catalog.mappings.items()
        for port, mapping in ports.items()
    }


def _log_of(home: Path) -> Path:
    from gateway.adapters.audit_places import file_of
    from gateway.edge.client import Home, NoStack
    from gateway.errors import AuditUnavailable

    try:
        return file_of(Home(home.expanduser().absolute()).settings().audit)
    except NoStack as fault:
        raise AuditUnavailable(str(fault)) from None


def _moment(since: str) -> str:
    """Read `7d` or a day."""
    from gateway.policy_cli.sources import refuse

    days = _DAYS.fullmatch(since)
    if days:
        return f"{datetime.now(UTC) - timedelta(days=int(days[1])):%Y-%m-%dT%H:%M:%S}"
    try:
        return since and f"{datetime.fromisoformat(since):%Y-%m-%dT%H:%M:%S}"
    except ValueError:
        refuse(f"{since!r} is neither a number of days nor a day", "Write --since 7d, or --since 2026-11-01.")


def _told(found: Replay) -> dict[str, Any]:
    from gateway.policy.simulate import OUTCOMES

    return {
        "counts": {outcome: found.counts[outcome] for outcome in OUTCOMES},
        "too_old": found.too_old,
        "refused_before_the_policy": found.not_asked,
        "changed": [asdict(one) for one in found.changed],
    }


def _lines(found: Replay) -> Iterator[str]:
    from gateway.edge.terminal import printable
    from gateway.policy.simulate import OUTCOMES

    for outcome in OUTCOMES:
        yield f"{outcome:<16}{found.counts[outcome]:>9,}"
    if found.too_old:
        yield f"{'too old':<16}{found.too_old:>9,}  (the record does not say what was asked)"
    if found.not_asked:
        yield f"{'not asked':<16}{found.not_asked:>9,}  (refused before the policy was asked, or a preview)"
    for outcome in OUTCOMES:
        changed = [one for one in found.changed if one.outcome == outcome]
        yield from ["", outcome] if changed else []
        for one in changed:
            yield printable(f"  {one.id[:8]}  {one.time[:19]}  {one.partner}  {one.purpose}: {one.sql}")
            yield from (printable(f"      {words}") for words in one.what)
