"""An answer -> one JSON object; the rows are Trino's own bytes."""

from __future__ import annotations

import orjson

from gateway.conversation import Page
from gateway.edge.formats.format import Options, Problem, Receipt, column_members, ending
from gateway.edge.front import Answered


class Json:
    """One JSON object: id, columns, rows, notices, stats, receipt; one that failed midway ends in `error`."""

    media_type = "application/json"
    is_heavy = False
    tells_notices = True
    ends_when_broken = True

    def __init__(self, options: Options) -> None:
        self._links = options.links
        self._between = b""

    def head(self, answer: Answered) -> bytes:
        """Open the object and its rows."""
        return b'{"id":%b,"columns":%b,"rows":[' % (orjson.dumps(answer.id), orjson.dumps(column_members(answer)))

    def page(self, page: Page) -> bytes:
        """Write rows as Trino has them, without the brackets around them."""
        if not page.rows:
            return b""
        written = self._between + page.data.strip()[1:-1]
        self._between = b","
        return written

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """Close the rows, and say what there is to say of them."""
        return b"]," + orjson.dumps(ending(answer, receipt, self._links))[1:] + b"\n"

    def broken(self, problem: Problem) -> bytes:
        """Close the rows with an error."""
        return b'],"error":%b}\n' % orjson.dumps(problem)
