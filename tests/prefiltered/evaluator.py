"""Rows + agreements -> the rows that a partner may see, worked out row by row in Python.

It shares nothing with the gateway's kernel: it reads the values of the model and knows no SQL but its three-valued
logic. Dates and times are text in one format, so that they compare as text.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from gateway.model import AgreementGrant, Condition

Row = Mapping[str, Any]

_HOLDS: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda value, wanted: value == wanted,
    "ne": lambda value, wanted: value != wanted,
    "lt": lambda value, wanted: value < wanted,
    "le": lambda value, wanted: value <= wanted,
    "gt": lambda value, wanted: value > wanted,
    "ge": lambda value, wanted: value >= wanted,
    "in": lambda value, wanted: value in wanted,
    "not_in": lambda value, wanted: value not in wanted,
    "between": lambda value, wanted: wanted[0] <= value <= wanted[1],
    "starts_with": lambda value, wanted: value.startswith(wanted),
    "not_null": lambda value, wanted: True,
}


@dataclass(frozen=True)
class Source:
    """What one port holds of one table."""

    rows: Sequence[Row]
    agreements: Sequence[AgreementGrant]
    key: str
    """The key of keyed hashes, hexadecimal."""
    not_kept: frozenset[str] = frozenset()
    """Columns that the port does not keep: always NULL, and no condition on them holds."""


def visible(columns: Mapping[str, str], labor: frozenset[str], sources: Iterable[Source]) -> dict[str, str]:
    """The columns (name -> type) that some agreement gives, or that no sharing port keeps; never a worker's data."""
    sharing = [source for source in sources if source.agreements]
    given = {name for source in sharing for agreement in source.agreements for name in agreement.columns} - labor
    unkept = frozenset.intersection(*(source.not_kept for source in sharing)) if sharing else frozenset[str]()
    return {name: type_ for name, type_ in columns.items() if name in given | unkept}


def shown(columns: Mapping[str, str], sources: Iterable[Source]) -> Iterator[list[Any]]:
    """Each row that an agreement of its port admits, each value as it may be shown."""
    for source in sources:
        for row in source.rows:
            admitting = [agreement for agreement in source.agreements if _admits(agreement, row, source)]
            if admitting:
                yield [_cell(name, row, admitting, source) for name in columns]


def _admits(agreement: AgreementGrant, row: Row, source: Source) -> bool:
    return any(all(_holds(condition, row, source) for condition in rule) for rule in agreement.rows)


def _holds(condition: Condition, row: Row, source: Source) -> bool:
    value = row[condition.column]
    if condition.column in source.not_kept:
        return False
    if condition.op == "is_null":
        return value is None
    if value is None:
        return False
    return _HOLDS[condition.op](value, _as_exact(condition.value) if isinstance(value, Decimal) else condition.value)


def _as_exact(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_as_exact, value))
    return None if value is None else Decimal(str(value))


def _cell(name: str, row: Row, admitting: list[AgreementGrant], source: Source) -> Any:
    givers = [agreement for agreement in admitting if name in agreement.columns]
    if name in source.not_kept or not givers:
        return None
    if any(agreement.columns[name] is None for agreement in givers):
        return row[name]
    mask = givers[0].columns[name]
    assert mask is not None
    if mask.kind == "constant":
        return mask.value
    if mask.kind == "keyed_hash" and row[name] is not None:
        return hmac.new(bytes.fromhex(source.key), row[name].encode(), hashlib.sha256).hexdigest().upper()[:32]
    return None
