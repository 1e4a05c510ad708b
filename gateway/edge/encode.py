"""An Accept header -> the format that the partner wants, and the notices of an answer -> headers."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import asdict

import orjson

from gateway.edge.formats.arrow import Arrow
from gateway.edge.formats.csv import Csv
from gateway.edge.formats.format import Format
from gateway.edge.formats.json import Json
from gateway.edge.formats.ndjson import NdJson
from gateway.edge.formats.parquet import Parquet
from gateway.model import Notice

MAX_NOTICE_HEADERS = 32
MAX_NOTICE_HEADER_BYTES = 512

FORMATS: dict[str, type[Format]] = {
    "application/json": Json,
    "application/x-ndjson": NdJson,
    "text/csv": Csv,
    "application/vnd.apache.arrow.stream": Arrow,
    "application/vnd.apache.parquet": Parquet,
}
"""Media type -> format, the preferred one first."""

NAMES: dict[str, type[Format]] = {"json": Json, "ndjson": NdJson, "csv": Csv, "arrow": Arrow, "parquet": Parquet}
"""What a file in a format is called after its dot -> the format."""


def choose_format(accept: str) -> type[Format] | None:
    r"""Return the format that an Accept header prefers, or None if it takes none of ours.

    >>> choose_format("text/csv;q=0.5, application/x-ndjson").media_type
    'application/x-ndjson'
    >>> choose_format("image/png") is None
    True
    """
    wanted = sorted((_wish(part) for part in (accept or "*/*").split(",")), key=lambda wish: -wish[1])
    for pattern, quality in wanted:
        for media_type, make in FORMATS.items():
            if quality > 0 and _matches(pattern, media_type):
                return make
    return None


def _wish(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    return pattern, float(quality) if re.fullmatch(r"[01](\.[0-9]{0,3})?", quality) else 0.0


def _matches(pattern: str, media_type: str) -> bool:
    return pattern in (media_type, "*/*", media_type.split("/")[0] + "/*")


def notice_headers(notices: Sequence[Notice]) -> list[tuple[bytes, bytes]]:
    """Return the notices as headers: ASCII, each and all of them bounded, and what was left out counted."""
    headers = [(b"portgate-notice", _notice_header(notice)) for notice in notices[:MAX_NOTICE_HEADERS]]
    left_out = len(notices) - len(headers)
    return [*headers, (b"portgate-notices-left-out", b"%d" % left_out)] if left_out else headers


def _notice_header(notice: Notice) -> bytes:
    members = {name: value for name, value in asdict(notice).items() if value}
    text = _ascii(members)
    while len(text) > MAX_NOTICE_HEADER_BYTES and members["message"] != "…":
        members["message"] = members["message"][: len(members["message"]) // 2].rstrip("…") + "…"
        text = _ascii(members)
    return text


def _ascii(members: object) -> bytes:
    """Write JSON in ASCII: what lies outside is escaped, as JSON allows."""
    written = orjson.dumps(members).decode()
    return b"".join([c.encode() if " " <= c <= "~" else _escape(c) for c in written])


def _escape(character: str) -> bytes:
    units = character.encode("utf-16-be")
    return b"".join([b"\\u%02x%02x" % (units[i], units[i + 1]) for i in range(0, len(units), 2)])
