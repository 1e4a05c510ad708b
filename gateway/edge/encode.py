"""Columns, pages, notices and endings of an answer -> bytes in the format that the partner asked for.

An answer that fails midway never looks finished: JSON ends in `error` where `stats` would stand, NDJSON in a line
`{"error": …}`, and CSV, which has no place to say it, is cut off (`broken` gives None).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Protocol

import orjson

from gateway.edge.front import Answered
from gateway.model import Notice

MAX_NOTICE_HEADERS = 32
MAX_NOTICE_HEADER_BYTES = 512

Rows = Sequence[Sequence[object]]
Problem = dict[str, object]

PLAIN_TYPES = {"varchar", "char", "bigint", "integer", "smallint", "tinyint", "decimal", "date", "time", "timestamp"}
"""Types whose values the library's CSV writer writes as we do."""

_NEEDS_QUOTES = re.compile(r'[",\r\n]')


class Format(Protocol):
    """How one answer is written; used for one answer only."""

    media_type: str

    def head(self, answer: Answered) -> bytes:
        """What stands before the rows."""

    def page(self, rows: Rows) -> bytes:
        """One page of rows."""

    def tail(self, answer: Answered) -> bytes:
        """What stands after the last row of a good answer."""

    def broken(self, problem: Problem) -> bytes | None:
        """What stands after the last row of an answer that failed, or None to cut it off."""


class Json:
    """One JSON object: id, columns, rows, notices, stats."""

    media_type = "application/json"

    def __init__(self) -> None:
        self._between = b""

    def head(self, answer: Answered) -> bytes:
        """Open the object and its rows."""
        return b'{"id":%b,"columns":%b,"rows":[' % (orjson.dumps(answer.id), orjson.dumps(_columns(answer)))

    def page(self, rows: Rows) -> bytes:
        """Write rows as arrays."""
        if not rows:
            return b""
        written = self._between + orjson.dumps(rows)[1:-1]
        self._between = b","
        return written

    def tail(self, answer: Answered) -> bytes:
        """Close the rows, and say what there is to say of them."""
        return b'],"notices":%b,"stats":%b}\n' % (orjson.dumps(_notices(answer)), orjson.dumps(answer.stats))

    def broken(self, problem: Problem) -> bytes | None:
        """Close the rows with an error."""
        return b'],"error":%b}\n' % orjson.dumps(problem)


class NdJson:
    """One JSON text a line: the columns, each row, then notices and stats."""

    media_type = "application/x-ndjson"

    def head(self, answer: Answered) -> bytes:
        """Write the line of the columns."""
        return orjson.dumps({"id": answer.id, "columns": _columns(answer)}) + b"\n"

    def page(self, rows: Rows) -> bytes:
        """Write each row as a line."""
        return b"".join([orjson.dumps(row) + b"\n" for row in rows])

    def tail(self, answer: Answered) -> bytes:
        """Write the line of notices and stats."""
        return orjson.dumps({"notices": _notices(answer), "stats": answer.stats}) + b"\n"

    def broken(self, problem: Problem) -> bytes | None:
        """Write the line of the error."""
        return orjson.dumps({"error": problem}) + b"\n"


class Csv:
    """RFC 4180: a line of names, then the rows; NULL is an empty field and an empty text is `""`."""

    media_type = "text/csv; charset=utf-8; header=present"

    def __init__(self) -> None:
        self._plain = False

    def head(self, answer: Answered) -> bytes:
        """Write the line of names."""
        self._plain = all(type_.split("(")[0] in PLAIN_TYPES for _, type_ in answer.columns)
        return csv_line([name for name, _ in answer.columns])

    def page(self, rows: Rows) -> bytes:
        """Write each row as a line; the library's writer is ten times as fast, where it writes what we would."""
        if not self._plain or len(rows[0] if rows else ()) < 2:
            return b"".join([csv_line(row) for row in rows])
        text = io.StringIO()
        write = csv.writer(text, lineterminator="\r\n").writerow
        for row in rows:
            if "" in row:  # the library does not tell an empty text from NULL
                text.write(csv_line(row).decode())
            else:
                write(row)
        return text.getvalue().encode()

    def tail(self, answer: Answered) -> bytes:
        """Write nothing: the notices went ahead in headers."""
        return b""

    def broken(self, problem: Problem) -> bytes | None:
        """Cut the answer off."""
        return None


FORMATS: dict[str, type[Format]] = {"application/json": Json, "application/x-ndjson": NdJson, "text/csv": Csv}
"""Media type -> format, the preferred one first."""


def choose_format(accept: str) -> Format | None:
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
                return make()
    return None


def _wish(part: str) -> tuple[str, float]:
    pattern, *parameters = (piece.strip().lower() for piece in part.split(";"))
    quality = next((text[2:] for text in parameters if text.startswith("q=")), "1")
    return pattern, float(quality) if re.fullmatch(r"[01](\.[0-9]{0,3})?", quality) else 0.0


def _matches(pattern: str, media_type: str) -> bool:
    return pattern in (media_type, "*/*", media_type.split("/")[0] + "/*")


def csv_line(cells: Iterable[object]) -> bytes:
    r'''Return one line of CSV.

    >>> csv_line(["a", None, "", 'say "x"', True, 1.5, [1, None]])
    b'a,,"","say ""x""",true,1.5,"[1,null]"\r\n'
    '''
    return (",".join([_cell(cell) for cell in cells]) + "\r\n").encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    if text == "" or _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text


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


def _columns(answer: Answered) -> list[dict[str, str]]:
    return [{"name": name, "type": type_} for name, type_ in answer.columns]


def _notices(answer: Answered) -> list[dict[str, str]]:
    return [notice_members(notice) for notice in answer.notices]


def notice_members(notice: Notice) -> dict[str, str]:
    """Return a notice with its members in the order that the interface promises."""
    return {
        "code": notice.code,
        "port": notice.port,
        "table": notice.table,
        "column": notice.column,
        "message": notice.message,
    }
