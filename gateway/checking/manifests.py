"""A file that was exported from the log -> a signed note that says what it holds; and a file held against it."""

from __future__ import annotations

import base64
from dataclasses import dataclass, fields

from gateway.audit.note import NoteRefused, Signer, Verifier, decoded, signers_of
from gateway.checking.joining import Wanted, read_checkpoint

HEADER = "portgate manifest of an export"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What the log says of an export; each member is a line of the note's text, behind its name."""

    origin: str
    size: int
    """Of the tree that was exported from."""
    low: int
    high: int
    """The range of indexes, `high` not in it."""
    format: str
    reader: str
    """`auditor`, `steward PORT` or `partner ORGANISATION ID`."""
    filters: str
    """The other conditions, as canonical JSON."""
    count: int
    """How many records the file holds."""
    bytes: int
    sha256: str
    """Of the file, in hexadecimal."""
    checkpoint: str
    """The log's checkpoint of that size, Base64 of the note."""

    @property
    def text(self) -> str:
        """What is signed."""
        return "\n".join([HEADER, *(f"{each.name} {getattr(self, each.name)}" for each in fields(self)), ""])

    def signed(self, signer: Signer) -> str:
        """Return the manifest as a note by the log's key."""
        return f"{self.text}\n{signer.signature(self.text)}"


def read_manifest(note: str, key: Verifier, witnesses: tuple[Verifier, ...] = ()) -> Manifest:
    """Check a manifest's signature and the checkpoint in it; raises NoteRefused."""
    text, signers = signers_of(note, [key])
    if key not in signers:
        raise NoteRefused(f"the manifest is not signed by {key.name}")
    header, *lines = text[:-1].split("\n")
    names = [each.name for each in fields(Manifest)]
    said = [line.partition(" ") for line in lines]
    if header != HEADER or [name for name, _, _ in said] != names:
        raise NoteRefused("this is no manifest of an export")
    told = {name: value for name, _, value in said}
    numbers = {name: int(told[name]) for name in ("size", "low", "high", "count", "bytes") if told[name].isdigit()}
    manifest = Manifest(**(told | numbers))  # type: ignore[arg-type]
    if len(numbers) != 5 or manifest.text != text:
        raise NoteRefused("a number in the manifest is none")
    checkpoint, _ = read_checkpoint(decoded(manifest.checkpoint).decode("utf-8", "replace"), Wanted(key, witnesses))
    if (checkpoint.origin, checkpoint.size) != (manifest.origin, manifest.size):
        raise NoteRefused("the checkpoint in the manifest is not that of its size")
    return manifest


def packed(note: str) -> str:
    """Return a checkpoint as it stands in a manifest."""
    return base64.b64encode(note.encode()).decode()
