"""The parameters of an address of the log -> texts and numbers, or BadRequest.

*Invariants*
- A parameter that is not known, is given twice, is empty or too long is refused: a misspelt condition never widens what
  is found.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping

from fastapi import Request

from gateway.errors import BadRequest

MOST_CHARACTERS = 1_000
MOST = 10**15
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)


def said(request: Request, known: Collection[str]) -> Mapping[str, str]:
    """Return what a request says; raises BadRequest for a parameter that is not among the known."""
    given = request.query_params
    for name, value in given.multi_items():
        if name not in known:
            hint = f"Known are: {', '.join(sorted(known))}." if known else "This address takes none."
            raise BadRequest(f"the parameter {name[:40]} is not known here", hint=hint)
        if len(given.getlist(name)) > 1:
            raise BadRequest(f"the parameter {name} is given twice", hint="Ask once for each.")
        if not value or len(value) > MOST_CHARACTERS:
            raise BadRequest(f"the parameter {name} is empty or too long")
    return given


def number(given: Mapping[str, str], name: str, otherwise: int, least: int = 0, most: int = MOST) -> int:
    """Return a whole number, or what stands for one that is not given; raises BadRequest."""
    text = given.get(name)
    if text is None:
        return otherwise
    if not is_number(text) or not least <= int(text) <= most:
        raise BadRequest(f"{name} is no whole number from {least} to {most:,}", hint="Indexes of records count from 0.")
    return int(text)


def is_number(text: str) -> bool:
    """Say whether a text is a whole number that is not too long."""
    return _NUMBER.fullmatch(text) is not None
