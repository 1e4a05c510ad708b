"""An answer that ended -> its receipt, with its last line or at an address of its own.

*Invariants*
- A receipt is made of what the log holds, and of nothing that a gateway remembers: any gateway of the log gives it, the
  same to the byte.
- A partner gets those of their own answers, a steward their port's part, an auditor all; who asks for another learns
  what somebody learns who asks for one that never was.
- Who gets another's receipt is written down as a reader of the log first; one's own was there with the answer.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from fastapi import FastAPI, Request
from starlette.responses import Response

from gateway.audit.canonical import Members
from gateway.audit.note import Signer
from gateway.edge.audit_access import LogAccess
from gateway.edge.front import Answered
from gateway.edge.problems import NotFound
from gateway.errors import AuditUnavailable
from gateway.log_search import NOBODY, asker_of
from gateway.receipt import Ended, write_receipt

PATH = "/api/audit/receipts/"
MEDIA_TYPE = "text/plain; charset=utf-8"
HEADER = b"portgate-receipt"
_QUERY = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_log = logging.getLogger("portgate.edge")


class Answers(Protocol):
    """The log, asked for answers."""

    async def ended_at(self, decision: int, outcome: int) -> Ended | None:
        """Return an answer by the indexes of its records; None if it did not end well."""

    async def ended(self, query: str) -> tuple[Members | None, Ended | None]:
        """Return the first record of a query, and the query itself if it has ended well."""


@dataclass(frozen=True)
class Receipts:
    """Writes receipts."""

    answers: Answers
    signer: Signer
    """The log's."""

    async def of(self, answer: Answered, pages: Sequence[int]) -> dict[str, object] | None:
        """Return what stands at the end of an answer; None for one that stands in no log.

        `pages` says how many rows each page had: with it, who has the file can compute the digest of its rows. If the
        log cannot be read now, the answer goes without: it is whole, and its receipt stays at its address.
        """
        if answer.recorded is None:
            return None
        try:
            ended = await self.answers.ended_at(*answer.recorded)
        except AuditUnavailable as error:
            _log.error("an answer went without its receipt: %s", error.message)
            return None
        return {"note": write_receipt(ended, self.signer), "pages": list(pages)} if ended else None


def receipt_headers(answer: Answered) -> list[tuple[bytes, bytes]]:
    """Say where the receipt of an answer is, once it has ended; nothing for one that stands in no log."""
    if not answer.position.decision_index:
        return []
    return [(b"link", f'<{PATH}{answer.id}>; rel="describedby"; type="text/plain"'.encode())]


def add_receipts(app: FastAPI, answers: Answers, access: LogAccess, signer: Signer) -> None:
    """Answer at the addresses of receipts."""

    @app.get(PATH + "{answered}", summary="The signed receipt of an answer.")
    async def receipt(request: Request, answered: str) -> Response:
        reader = await access.reader(request)
        first, ended = await answers.ended(answered) if _QUERY.fullmatch(answered) else (None, None)
        is_own = first is not None and reader.scope.asked(asker_of(first))
        if first is None or not (is_own or reader.may_see(first["kind"], tuple(first["concerns"]), NOBODY)):
            raise NotFound("there is no such query", hint="its id is in the answer's first line and headers")
        if ended is None:
            raise NotFound("this query has no receipt: it did not end well", hint="ask it again")
        view = "" if is_own or reader.role != "steward" else reader.port
        if view:
            ended = replace(ended, decision=reader.seen(ended.decision), outcome=reader.seen(ended.outcome))
        if not is_own:
            await access.note(reader, "receipt", {"query": answered}, 1)
        note = write_receipt(ended, signer, view)
        name = f'attachment; filename="{answered}.receipt"'
        return Response(note, media_type=MEDIA_TYPE, headers={"content-disposition": name})
