"""A file that somebody has kept of an answer -> its receipt, its rows as they came, and how many each page had.

JSON and NDJSON hold the rows as they were let out, to the byte. CSV, Arrow and Parquet hold them written anew: of such
a file nobody can compute what the log's digest is of.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from gateway.receipt import ReceiptRefused, result_digest


class NoAnswer(Exception):
    """A file is neither a receipt nor an answer saved as JSON or NDJSON."""


class _Receipt(msgspec.Struct):
    note: str
    pages: list[int]


class _Head(msgspec.Struct):
    """The first line of NDJSON; of an answer in JSON, that is one line, all of it."""

    columns: msgspec.Raw
    rows: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


class _Ending(msgspec.Struct):
    """The last line of NDJSON."""

    stats: dict[str, Any]
    receipt: _Receipt | None = None


class _Whole(msgspec.Struct):
    """An answer in JSON."""

    rows: list[msgspec.Raw]
    stats: dict[str, Any]
    receipt: _Receipt | None = None


@dataclass(frozen=True, slots=True)
class Saved:
    """A saved answer."""

    file: Path
    receipt: _Receipt | None
    rows: Sequence[bytes] | None
    """None: they are lines of the file, which may be long."""

    def digest(self) -> str:
        """Return the digest of its rows; raises ReceiptRefused."""
        if self.receipt is None:
            raise ReceiptRefused(
                f"{self.file.name} does not say how many rows each page had, so nothing can be compared"
            )
        rows = _lines(self.file) if self.rows is None else self.rows
        return result_digest(rows, self.receipt.pages)


def read_receipt(file: Path) -> tuple[str, Saved | None]:
    """Return the note of a receipt, and the answer around it if the file holds one; raises NoAnswer, OSError."""
    with file.open("rb") as opened:
        first = opened.read(1)
    if first != b"{":
        return file.read_bytes().decode(), None
    saved = read_saved(file)
    if saved.receipt is None:
        raise NoAnswer(f"{file.name} holds no receipt; portgate receipt fetch QUERY-ID gets it")
    return saved.receipt.note, saved


def read_saved(file: Path) -> Saved:
    """Read an answer that was saved as JSON or NDJSON; raises NoAnswer, OSError."""
    first, last = _first_and_last(file)
    try:
        if msgspec.json.decode(first, type=_Head).rows is msgspec.UNSET:
            return Saved(file, msgspec.json.decode(last, type=_Ending).receipt, None)
        whole = msgspec.json.decode(file.read_bytes(), type=_Whole)
    except (msgspec.MsgspecError, RecursionError):
        raise NoAnswer(
            f"{file.name} is no whole answer in JSON or NDJSON as the gateway gives it; of CSV, Arrow and Parquet "
            "the rows cannot be compared"
        ) from None
    return Saved(file, whole.receipt, [bytes(row) for row in whole.rows])


def _first_and_last(file: Path) -> tuple[bytes, bytes]:
    with file.open("rb") as lines:
        first = last = next(lines, b"")
        for line in lines:
            last = line
    return first, last


def _lines(file: Path) -> Iterator[bytes]:
    """Yield the rows of NDJSON: what stands between the first line and the last."""
    with file.open("rb") as lines:
        next(lines, b"")
        held = next(lines, None)
        for line in lines:
            if held is not None:
                yield held.rstrip(b"\r\n")
            held = line
