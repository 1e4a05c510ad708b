"""Records older than a day -> their entries alone; whatever was proven of them stays proven."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.audit_cli.places import SettingsOption, settings_of
from gateway.command import fail, print_told, told
from gateway.options import DEFAULT_HOME, USAGE, HomeOption, JsonOption

if TYPE_CHECKING:
    from gateway.adapters.audit_storage import Storage
    from gateway.settings import AuditSettings

NAME = "portgate audit prune"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(prune)


def prune(
    before: Annotated[str, typer.Option(metavar="DATE", help="The first day (UTC) whose records stay: 2026-11-01.")],
    settings: SettingsOption = None,
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Forget what records say that were written before a day; every proof about them stays valid.

    The gateway must be stopped, unless its log is in PostgreSQL; a running one prunes by itself: audit.retention_days.
    """
    from gateway.adapters.audit_places import open_storage

    moment = _moment(before)
    with told():
        chosen = settings_of(settings, home)
        storage = open_storage(chosen.audit, tuple(sorted(chosen.ports)), NAME)
        try:
            count = _prune_all(storage, chosen.audit, moment)
        finally:
            storage.close()
        print_told({"pruned": count, "before": moment}, json, _lines)


def _prune_all(storage: Storage, chosen: AuditSettings, moment: str) -> int:
    """Prune a few at a time, then sign the log that says so."""
    from gateway.adapters import audit_pruning
    from gateway.adapters.audit_writing import now
    from gateway.adapters.log_key import read_signing_key
    from gateway.audit.note import Signer

    signer = Signer(chosen.origin, read_signing_key(chosen.key_file))
    total = 0
    while count := storage.commit(lambda turn: audit_pruning.prune(turn, moment, NAME)):
        total += count
    storage.commit(lambda turn: turn.sign(signer, now()))
    return total


def _moment(day: str) -> str:
    from gateway.moments import utc

    try:
        begins = datetime.combine(datetime.strptime(day, "%Y-%m-%d"), time.min, UTC)
    except ValueError:
        fail(USAGE, [f"{day!r} is no day; write --before 2026-11-01"])
    if begins > datetime.now(UTC):
        fail(USAGE, [f"{day} is still to come; records of today stay"])
    return utc(begins)


def _lines(document: dict[str, Any]) -> list[str]:
    return [f"{document['pruned']:,} records written before {document['before'][:10]} were pruned"]
