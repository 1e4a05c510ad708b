"""The records of a log -> all that is derived of them, made anew."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import typer

from gateway.audit_cli.places import SettingsOption, settings_of
from gateway.command import fail, print_told, progress, told
from gateway.options import DEFAULT_HOME, FAULT, HomeOption, JsonOption

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(rebuild)


def rebuild(
    settings: SettingsOption = None,
    json: JsonOption = False,
    home: HomeOption = DEFAULT_HOME,
) -> None:
    """Derive tiles and search index anew from the records, and say whether the records are those that were signed.

    The gateway must be stopped, unless its log is in PostgreSQL. If there is damage, nothing is changed, exit code 1.
    """
    from gateway.adapters import audit_rebuilding
    from gateway.adapters.audit_places import open_storage

    with told():
        chosen = settings_of(settings, home)
        storage = open_storage(chosen.audit, tuple(sorted(chosen.ports)), "portgate audit rebuild")
        try:
            done = storage.commit(lambda turn: audit_rebuilding.rebuild(turn, progress("records read")))
        finally:
            storage.close()
        document = {
            "records": done.records, "pruned": done.pruned, "tiles": done.tiles, "leaves_mended": done.mended,
            "damage": done.damage,
        }  # fmt: skip
        if not done.damage:
            _remove_index(chosen.index_file)
        print_told(document, json, _lines)
        if done.damage:
            fail(FAULT, ["the log is damaged; nothing was changed. Keep it: docs/auditors.md says what now"])


def _remove_index(file: Path) -> None:
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)


def _lines(document: dict[str, Any]) -> Iterator[str]:
    yield f"{document['records']:,} records, {document['pruned']:,} of them pruned"
    yield from (f"damage: {damage}" for damage in document["damage"])
    if not document["damage"]:
        yield f"they are those that were signed; {document['tiles']:,} full tiles were made anew"
        if document["leaves_mended"]:
            yield f"{document['leaves_mended']:,} leaves were not those of their records, and are now"
