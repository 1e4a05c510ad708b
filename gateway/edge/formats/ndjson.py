"""An answer -> lines of JSON; each row is Trino's own bytes."""

from __future__ import annotations

import msgspec
import orjson

from gateway.conversation import Page
from gateway.edge.formats.format import Options, Problem, Receipt, column_members, ending
from gateway.edge.front import Answered

_rows = msgspec.json.Decoder(list[msgspec.Raw])


class NdJson:
    """One JSON text a line: the columns, each row, then notices and stats; `error` in their place if it failed."""

    media_type = "application/x-ndjson"
    is_heavy = False
    tells_notices = True
    ends_when_broken = True

    def __init__(self, options: Options) -> None:
        self._links = options.links

    def head(self, answer: Answered) -> bytes:
        """Write the line of the columns."""
        return orjson.dumps({"id": answer.id, "columns": column_members(answer)}) + b"\n"

    def page(self, page: Page) -> bytes:
        """Write each row as a line."""
        if not page.rows:
            return b""
        return b"\n".join(_rows.decode(page.data)) + b"\n"

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """Write the line of notices, stats and receipt."""
        return orjson.dumps(ending(answer, receipt, self._links)) + b"\n"

    def broken(self, problem: Problem) -> bytes:
        """Write the line of the error."""
        return orjson.dumps({"error": problem}) + b"\n"
