"""Records -> bytes that are the same for every writer: canonical JSON (RFC 8785)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import orjson
import rfc8785

from gateway.audit.record import KINDS, SCHEMA, Record

Members = Mapping[str, Any]
"""A record as JSON holds it."""

_SORTED_UNLIKE = re.compile(rb"[\xee-\xff]")
"""UTF-8 without these bytes has the same order as UTF-16, by which RFC 8785 sorts the names of members."""
_STRICT = orjson.OPT_SORT_KEYS | orjson.OPT_STRICT_INTEGER


def members(record: Record) -> Members:
    """Return the record as JSON holds it; raises TypeError for a number that two readers could print unlike."""
    shallow: dict[str, object] = {each.name: getattr(record, each.name) for each in fields(record)}
    shallow |= {"schema": SCHEMA, "kind": KINDS[type(record)]}
    try:
        text = orjson.dumps(shallow, option=orjson.OPT_STRICT_INTEGER)
    except orjson.JSONEncodeError:
        text = orjson.dumps(_mended(shallow), option=orjson.OPT_STRICT_INTEGER)
    plain: Members = orjson.loads(text)
    _check_numbers(plain)
    return plain


def canonical(value: object) -> bytes:
    """Return the canonical text of what JSON holds, floating-point numbers aside."""
    text = orjson.dumps(value, option=_STRICT)
    return text if text.isascii() or not _SORTED_UNLIKE.search(text) else rfc8785.dumps(orjson.loads(text))


def encode(record: Record, index: int, logged: str) -> tuple[Members, bytes]:
    r"""Return the record as the log holds it, at its index and with the moment it was written, and its canonical line.

    >>> from gateway.audit.record import OutcomeRecord
    >>> encode(OutcomeRecord("q1", "2026-11-22T16:45:06.123Z", 7, "finished"), 8, "2026-11-22T16:45:06.124Z")[1][:60]
    b'{"bytes":0,"code":"","concerns":[],"decision_index":7,"durat'
    """
    held = {**members(record), "index": index, "logged": logged}
    return held, canonical(held)


def _check_numbers(value: object) -> None:
    if isinstance(value, float):
        raise TypeError("an audit record holds whole numbers only")
    held = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for member in held:
        if not isinstance(member, str):
            _check_numbers(member)


def _mended(value: object) -> object:
    """Put replacement characters in the place of half a surrogate pair, which has no UTF-8 form."""
    if isinstance(value, str):
        return value.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    if isinstance(value, Mapping):
        return {_mended(name): _mended(each) for name, each in value.items()}
    if isinstance(value, tuple | list):
        return [_mended(each) for each in value]
    if is_dataclass(value):
        return {each.name: _mended(getattr(value, each.name)) for each in fields(value)}
    return value
