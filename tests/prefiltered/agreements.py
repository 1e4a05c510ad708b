"""Chance -> the agreements of one port about one table: rows, columns, masks, every operator, values that occur."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any, get_args

from gateway.model import AgreementGrant, Condition, Mask, Operator

VALUES: dict[str, Sequence[Any]] = {
    "varchar": ("A1", "B2", "B22", "O'Neil %_", "", "é", "USMEM"),
    "bigint": (1, 2, 3, 7, -4, 0),
    "integer": (0, 1, 2, 5, -3),
    "double": (0.0, 1.5, -2.5, 3.0),
    "decimal(10,2)": (0, 10.5, 99.99, -1),
    "timestamp(3)": ("2025-03-09 02:30:00.000", "2025-03-09 10:30:05.123", "2024-02-29 23:59:59.999"),
    "date": ("2025-03-09", "2024-02-29", "2025-11-02"),
    "boolean": (True, False),
}
"""A few values for each type, so that conditions meet rows and rows meet each other."""

_ONLY_FOR_TEXT = {"starts_with"}
_NOT_FOR_TRUTH = {"lt", "le", "gt", "ge", "between", "starts_with"}


def some_agreements(
    chance: Random, columns: Mapping[str, str], at_least: int = 0, at_most: int = 3
) -> tuple[AgreementGrant, ...]:
    """Draw the agreements of one table."""
    count = chance.randint(at_least, at_most)
    return tuple(
        AgreementGrant(f"a{number}", _columns(chance, columns), _rows(chance, columns), f"words of a{number}")
        for number in range(count)
    )


def _columns(chance: Random, columns: Mapping[str, str]) -> dict[str, Mask | None]:
    return {name: _mask(chance, type_) for name, type_ in columns.items() if chance.random() < 0.7}


def _mask(chance: Random, type_: str) -> Mask | None:
    kind = chance.choice(["show", "show", "null", "constant", "keyed_hash"])
    if kind == "null":
        return Mask("null")
    if kind == "constant":
        return Mask("constant", chance.choice([None, *VALUES[type_]]))
    return Mask("keyed_hash") if kind == "keyed_hash" and type_ == "varchar" else None


def _rows(chance: Random, columns: Mapping[str, str]) -> tuple[tuple[Condition, ...], ...]:
    kind = chance.choice(["all", "none", "some", "some", "some", "some"])
    if kind != "some":
        return ((),) if kind == "all" else ()
    return tuple(
        tuple(_condition(chance, columns) for _ in range(chance.randint(1, 2))) for _ in range(chance.randint(1, 3))
    )


def _condition(chance: Random, columns: Mapping[str, str]) -> Condition:
    column = chance.choice(list(columns))
    type_ = columns[column]
    op = chance.choice([op for op in get_args(Operator) if _fits(op, type_)])
    if op in ("is_null", "not_null"):
        return Condition(column, op)
    if op in ("in", "not_in"):
        return Condition(column, op, tuple(chance.choice(VALUES[type_]) for _ in range(chance.randint(1, 3))))
    if op == "between":
        return Condition(column, op, (chance.choice(VALUES[type_]), chance.choice(VALUES[type_])))
    return Condition(column, op, chance.choice(VALUES[type_]))


def _fits(op: str, type_: str) -> bool:
    if type_ == "boolean":
        return op not in _NOT_FOR_TRUTH
    return type_ == "varchar" or op not in _ONLY_FOR_TEXT
