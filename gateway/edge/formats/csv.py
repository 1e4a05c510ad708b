"""An answer -> CSV that spreadsheets read as data, or as it is."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence

import orjson

from gateway.conversation import Page
from gateway.edge.formats.format import Options, Problem, Receipt
from gateway.edge.formats.types import TrinoType, column_types
from gateway.edge.front import Answered

Rows = list[list[object]]

PLAIN_TYPES = {
    "varchar", "char", "bigint", "integer", "smallint", "tinyint", "decimal", "real", "double", "date", "time",
    "timestamp", "time with time zone", "timestamp with time zone", "interval year to month", "interval day to second",
    "varbinary", "uuid", "ipaddress",
}  # fmt: skip
"""Types whose values the library's CSV writer writes as we do."""
NEVER_FORMULAS = {
    "boolean", "tinyint", "smallint", "integer", "bigint", "decimal", "real", "double", "number",
    "date", "time", "time with time zone", "timestamp", "timestamp with time zone", "array", "map", "row", "unknown",
}  # fmt: skip
"""Types of which no value is a formula: a number may begin with a minus."""

_NEEDS_QUOTES = re.compile(r'[",\r\n]')
_FORMULA = re.compile("'*[=+\\-@\t\r\n＝＋－＠]")
_SUSPECT = tuple("'=+-@\t\r\n＝＋－＠")


class Csv:
    """RFC 4180: a line of names, then the rows; NULL is an empty field and an empty text is `""`.

    A text that a spreadsheet would take for a formula stands behind an apostrophe, and so does one that looks as if it
    stood behind one: who takes one apostrophe away from each text that matches `'+[=+-@…]` has all of them back.
    """

    media_type = "text/csv; charset=utf-8; header=present"
    is_heavy = True
    tells_notices = False
    ends_when_broken = False

    def __init__(self, options: Options) -> None:
        self._escapes = options.escapes_formulas
        self._texts: list[int] = []
        self._plain = False

    def head(self, answer: Answered) -> bytes:
        """Write the line of names."""
        types = [column.type for column in column_types(answer.columns, answer.signature)]
        self._plain = len(types) > 1 and all(type_.name in PLAIN_TYPES for type_ in types)
        self._texts = text_columns(types) if self._escapes else []
        names = [name for name, _ in answer.columns]
        return csv_line([escape_formula(name) for name in names] if self._escapes else names)

    def page(self, page: Page) -> bytes:
        """Write each row as a line; the library's writer is ten times as fast, where it writes what we would."""
        rows: Rows = orjson.loads(page.data) if page.rows else []
        escape_rows(rows, self._texts)
        if not self._plain:
            return b"".join([csv_line(row) for row in rows])
        text = io.StringIO()
        write = csv.writer(text, lineterminator="\r\n").writerow
        for row in rows:
            if "" in row:  # the library does not tell an empty text from NULL
                text.write(csv_line(row).decode())
            else:
                write(row)
        return text.getvalue().encode()

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """Write nothing: the notices went ahead in headers."""
        return b""

    def broken(self, problem: Problem) -> bytes:
        """Write nothing: there is no place for it."""
        return b""


def text_columns(types: Iterable[TrinoType]) -> list[int]:
    """Return the positions of the columns whose values may be taken for formulas."""
    return [position for position, type_ in enumerate(types) if type_.name not in NEVER_FORMULAS]


def escape_rows(rows: Rows, positions: Sequence[int]) -> None:
    """Escape the texts in these columns, in place."""
    for position in positions:
        for row in rows:
            value = row[position]
            if isinstance(value, str) and value.startswith(_SUSPECT):
                row[position] = escape_formula(value)


def escape_formula(text: str) -> str:
    """Keep a text from being taken for a formula.

    >>> [escape_formula(text) for text in ("=1+1", "-5", "'=1", "'quoted'", "a=b")]
    ["'=1+1", "'-5", "''=1", "'quoted'", 'a=b']
    """
    return "'" + text if _FORMULA.match(text) else text


def unescape_formula(text: str) -> str:
    """Return the text that was escaped.

    >>> [unescape_formula(text) for text in ("'=1+1", "''=1", "'quoted'")]
    ['=1+1', "'=1", "'quoted'"]
    """
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def csv_line(cells: Iterable[object]) -> bytes:
    r'''Return one line of CSV.

    >>> csv_line(["a", None, "", 'say "x"', True, 1.5, [1, None]])
    b'a,,"","say ""x""",true,1.5,"[1,null]"\r\n'
    '''
    return (",".join([_cell(cell) for cell in cells]) + "\r\n").encode()


def _cell(value: object) -> str:
    if value is None:
        return ""
    text = (
        value if isinstance(value, str) else repr(value) if isinstance(value, float) else orjson.dumps(value).decode()
    )
    if text == "" or _NEEDS_QUOTES.search(text):
        return '"' + text.replace('"', '""') + '"'
    return text
