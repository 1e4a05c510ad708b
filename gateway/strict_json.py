"""JSON text from outside -> values, where two readers could not differ: each key once, and no NaN or Infinity."""

from __future__ import annotations

import json
from typing import Any, NoReturn


def read_strict_json(text: str | bytes) -> Any:
    """Read JSON as RFC 8259 means it; raises ValueError for a key given twice and for what is no JSON number."""
    return json.loads(text, object_pairs_hook=_keys_once, parse_constant=_no_number)


def _keys_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
