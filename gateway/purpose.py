"""What a request declares -> nothing, or a refusal.

A purpose must be one of the four, and one that the partner may declare; a query that wants all columns or none is
refused where a port withholds one.
"""

from __future__ import annotations

from collections.abc import Iterable

from gateway.conversation import QueryRequest
from gateway.errors import BadRequest, Denied
from gateway.model import PURPOSES, Notice, Partner


def check_purpose(partner: Partner, purpose: str) -> None:
    """Raise `BadRequest` for a purpose that nobody knows, `Denied` for one that the partner may not declare."""
    known = ", ".join(PURPOSES)
    if purpose not in PURPOSES:
        raise BadRequest(f"the purpose {purpose[:60]!r} is not known", hint=f"declare one of: {known}")
    if purpose not in partner.purposes:
        mine = ", ".join(partner.purposes) or "none"
        raise Denied(f"{partner.organisation} may not declare the purpose {purpose}", hint=f"yours are: {mine}")


def check_withheld(request: QueryRequest, notices: Iterable[Notice]) -> None:
    """Raise `Denied` and name the columns, if the request takes no NULL for what a port withholds."""
    withheld = [notice for notice in notices if notice.code == "column_withheld"]
    if request.refuses_withheld and withheld:
        words = "; ".join(f"{each.port}: {each.table}.{each.column} ({each.message})" for each in withheld)
        raise Denied(
            f"columns are withheld from you: {words}", hint="leave them out, or RESET SESSION portgate.withheld"
        )
