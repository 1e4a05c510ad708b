"""A declared purpose -> nothing, or a refusal: it must be one of the four, and one that the partner may declare."""

from __future__ import annotations

from gateway.errors import BadRequest, Denied
from gateway.model import PURPOSES, Partner


def check_purpose(partner: Partner, purpose: str) -> None:
    """Raise `BadRequest` for a purpose that nobody knows, `Denied` for one that the partner may not declare."""
    known = ", ".join(PURPOSES)
    if purpose not in PURPOSES:
        raise BadRequest(f"the purpose {purpose[:60]!r} is not known", hint=f"declare one of: {known}")
    if purpose not in partner.purposes:
        mine = ", ".join(partner.purposes) or "none"
        raise Denied(f"{partner.organisation} may not declare the purpose {purpose}", hint=f"yours are: {mine}")
