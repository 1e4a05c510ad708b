"""An answer -> one JSON object; the rows are Trino's own bytes."""

from __future__ import annotations

import orjson

from gateway.conversation import Page
from gateway.edge.formats.format import Options, Problem, all_notices, column_members
from gateway.edge.front import Answered


class Json:
    """One JSON object: id, columns, rows, notices, stats; one that failed midway ends in `error`."""

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

    def tail(self, answer: Answered) -> bytes:
        """Close the rows, and say what there is to say of them."""
        told = b'],"notices":%b,"stats":%b' % (orjson.dumps(all_notices(answer)), orjson.dumps(answer.stats))
        return told + (b',"links":%b}\n' % orjson.dumps(self._links) if self._links else b"}\n")

    def broken(self, problem: Problem) -> bytes:
        """Close the rows with an error."""
        return b'],"error":%b}\n' % orjson.dumps(problem)
