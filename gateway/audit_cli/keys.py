"""Keys on the command line, or a local stack's own -> what a log is checked by."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.command import fail, home_at
from gateway.options import USAGE

if TYPE_CHECKING:
    from gateway.audit.note import Verifier
    from gateway.checking.joining import Known, Wanted

KeyOption = Annotated[
    str, typer.Option("--key", metavar="VKEY", help="The log's verifier key; the local stack's own if left out.")
]
WitnessOption = Annotated[
    list[str],
    typer.Option(
        "--witness", metavar="VKEY", help="A witness's verifier key; all of them, each with an option of its own."
    ),
]
CheckpointOption = Annotated[
    list[Path],
    typer.Option("--checkpoint", metavar="FILE", help="A checkpoint that you kept, to hold the log against."),
]


def log_key(key: str, home: Path) -> Verifier:
    """Return the log's public key."""
    from gateway.adapters.log_key import read_signing_key
    from gateway.audit.note import Signer

    if key:
        return _verifier(key)
    chosen = home_at(home).settings().audit
    return Signer(chosen.origin, read_signing_key(chosen.key_file)).verifier


def wanted(key: str, witnesses: list[str], checkpoints: list[Path], home: Path) -> Wanted:
    """Return what a log is checked by; ends the command if a key or a checkpoint is none."""
    from gateway.checking.joining import Wanted

    named = tuple(map(_verifier, witnesses))
    by = Wanted(log_key(key, home), named or own_witnesses(key, home), is_closed=bool(named))
    return replace(by, known=tuple(_known(file, by) for file in checkpoints))


def own_witnesses(key: str, home: Path) -> tuple[Verifier, ...]:
    """Return the witnesses of the local stack; none if the log is another's."""
    return () if key else tuple(_verifier(each.verifier_key) for each in home_at(home).settings().audit.witnesses)


def _verifier(key: str) -> Verifier:
    from gateway.audit.note import NoteRefused, verifier_at

    try:
        return verifier_at(key)
    except NoteRefused as refused:
        fail(USAGE, [f"{key}: {refused}"])


def _known(file: Path, by: Wanted) -> Known:
    from gateway.audit.note import NoteRefused
    from gateway.checking.joining import Known, read_checkpoint

    try:
        checkpoint, _ = read_checkpoint(file.read_text("utf-8"), by)
    except (OSError, UnicodeDecodeError, NoteRefused) as error:
        fail(USAGE, [f"{file}: {error}"])
    return Known(checkpoint.size, checkpoint.root, str(file))
