"""What is wrong with a port's file: where, in which words, and how to mend it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Severity = Literal["error", "warning", "note"]
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to know about a file; `line` and `column` count from 1."""

    code: str
    """Stable once released."""
    severity: Severity
    message: str
    mend: str
    line: int
    column: int
    path: str
    """Keys and places from the top of the file: `agreements[0].tables.freight.vessel_calls`."""


def written(path: Path) -> str:
    """Write a path as text.

    >>> written(("agreements", 0, "tables", "freight.vessel_calls"))
    'agreements[0].tables.freight.vessel_calls'
    """
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in path).removeprefix(".")


def nearest(word: str, known: Iterable[str]) -> str:
    """Return the known word that is most like this one, or nothing.

    >>> nearest("colums", ["columns", "rows"])
    'columns'
    """
    words = {one.lower(): one for one in known}
    found = difflib.get_close_matches(word.lower(), words, n=1, cutoff=0.6)
    return words[found[0]] if found else ""


def instead(word: str, known: Iterable[str]) -> str:
    """Say what to write in place of an unknown word: the nearest right one, else all there are."""
    listed = sorted(known)
    found = nearest(word, listed)
    if found:
        return f"write `{found}`"
    shown = ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")
    return f"there are: {shown}" if listed else "leave it out"
