"""A C2SP tlog-proof (c2sp.org/tlog-proof@v1) -> its parts, in their one spelling."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.audit.note import NoteRefused, decoded
from gateway.audit.tree import HASH_BYTES

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
MAX_CHARACTERS = 1 << 20


@dataclass(frozen=True, slots=True)
class Parts:
    """What stands in a proof; nothing of it is checked against anything."""

    index: int
    hashes: tuple[bytes, ...]
    extra: bytes
    """What its writer put beside it; empty if there is none."""
    note: str
    """The checkpoint."""


def parts_of(text: str) -> Parts:
    """Take a proof apart; raises NoteRefused for what is none."""
    head, gap, note = text.partition("\n\n")
    title, *lines = head.split("\n")
    extra = lines.pop(0).removeprefix("extra ") if lines and lines[0].startswith("extra ") else ""
    if not gap or title != HEADER or not lines or len(lines) > MAX_HASHES + 1 or len(text) > MAX_CHARACTERS:
        raise NoteRefused(f"this is no proof of a record: its first line is not {HEADER}, or it is cut short")
    number = lines[0].removeprefix("index ")
    if not (number.isascii() and number.isdigit() and len(number) < 20 and f"index {int(number)}" == lines[0]):
        raise NoteRefused("the proof does not say the index of its record")
    hashes = tuple(decoded(line) for line in lines[1:])
    if any(len(each) != HASH_BYTES for each in hashes):
        raise NoteRefused("a line of the proof is no hash")
    return Parts(int(number), hashes, decoded(extra) if extra else b"", note)
