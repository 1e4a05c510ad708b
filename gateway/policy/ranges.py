"""Conditions on one column -> the values that meet them all, as far as literals tell.

What cannot be told (an attribute of the partner, values of two types) is taken for anything: `is_empty` and `implies`
say true only where it is so for every partner and every row.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from gateway.model import Scalar
from gateway.policy.language import Condition, PartnerAttribute


@dataclass(frozen=True, slots=True)
class Values:
    """What a column may hold in a row that meets conditions."""

    may_be_null: bool = True
    must_be_null: bool = False
    listed: frozenset[Scalar] | None = None
    """The only values there can be; None: any."""
    excluded: frozenset[Scalar] = frozenset()
    low: Scalar | None = None
    low_open: bool = False
    high: Scalar | None = None
    high_open: bool = False
    prefixes: tuple[str, ...] = ()
    whole: bool = False
    """Whether the column holds whole numbers only."""

    def admits(self, value: Scalar) -> bool:
        """Say whether a value may stand in the column; true where it cannot be told."""
        if self.must_be_null or value in self.excluded or (self.listed is not None and value not in self.listed):
            return False
        return self._above_low(value) and self._below_high(value) and self._fits_prefixes(value)

    def _above_low(self, value: Scalar) -> bool:
        return self.low is None or not _alike(value, self.low) or _less(self.low, value, strict=self.low_open)

    def _below_high(self, value: Scalar) -> bool:
        return self.high is None or not _alike(value, self.high) or _less(value, self.high, strict=self.high_open)

    def _fits_prefixes(self, value: Scalar) -> bool:
        return not isinstance(value, str) or all(value.startswith(prefix) for prefix in self.prefixes)

    @property
    def is_empty(self) -> bool:
        """Say whether no value, and no NULL, can meet the conditions."""
        if self.must_be_null:
            return not self.may_be_null
        if self.may_be_null:
            return False
        if self.listed is not None:
            return not any(self.admits(value) for value in self.listed)
        return self._both_truths_excluded or self._crossed or self._prefixes_clash

    @property
    def _both_truths_excluded(self) -> bool:
        return {value for value in self.excluded if isinstance(value, bool)} == {True, False}

    @property
    def _crossed(self) -> bool:
        if self.low is None or self.high is None or not _alike(self.low, self.high):
            return False
        low, high = _inward(self.low, self.low_open, self.whole, 1), _inward(self.high, self.high_open, self.whole, -1)
        if low == high:
            shut = (self.low_open or self.high_open) and not self.whole
            return shut or low in self.excluded
        return _less(high, low, strict=True)

    @property
    def _prefixes_clash(self) -> bool:
        longest = max(self.prefixes, key=len, default="")
        if not all(longest.startswith(prefix) for prefix in self.prefixes):
            return True
        # every text that begins so is at least the prefix itself
        if isinstance(self.high, str) and longest and _less(self.high, longest, strict=not self.high_open):
            return True
        above = isinstance(self.low, str) and longest < self.low and not self.low.startswith(longest)
        return bool(longest) and above


def _inward(value: Scalar, is_open: bool, whole: bool, step: int) -> Scalar:
    return value + step if whole and is_open and isinstance(value, int) and not isinstance(value, bool) else value


def _alike(one: Scalar, other: Scalar) -> bool:
    return _sort(one) == _sort(other)


def _sort(value: Scalar) -> str:
    return "truth" if isinstance(value, bool) else "text" if isinstance(value, str) else "number"


def _less(one: Any, other: Any, *, strict: bool) -> bool:
    return bool(one < other if strict else one <= other)


def narrowed(values: Values, condition: Condition) -> Values:
    """Return what is left of values under one more condition.

    >>> narrowed(narrowed(Values(), Condition("a", "lt", 3)), Condition("a", "gt", 5)).is_empty
    True
    """
    if condition.op == "is_null":
        return replace(values, must_be_null=True)
    values = replace(values, may_be_null=False)
    literals = literals_of(condition)
    if literals is None or condition.op == "not_null":
        return values
    if condition.op in ("eq", "in"):
        listed = frozenset(literals)
        return replace(values, listed=listed if values.listed is None else values.listed & listed)
    if condition.op in ("ne", "not_in"):
        return replace(values, excluded=values.excluded | frozenset(literals))
    if condition.op == "starts_with":
        return replace(values, prefixes=(*values.prefixes, str(literals[0])))
    return _bounded(values, condition.op, literals)


def _bounded(values: Values, op: str, literals: tuple[Scalar, ...]) -> Values:
    if op in ("gt", "ge", "between"):
        values = _raised(values, literals[0], op == "gt")
    if op in ("lt", "le", "between"):
        values = _lowered(values, literals[-1], op == "lt")
    return values


def _raised(values: Values, low: Scalar, is_open: bool) -> Values:
    if values.low is not None and (not _alike(values.low, low) or _less(low, values.low, strict=is_open)):
        return values
    return replace(values, low=low, low_open=is_open)


def _lowered(values: Values, high: Scalar, is_open: bool) -> Values:
    if values.high is not None and (not _alike(values.high, high) or _less(values.high, high, strict=is_open)):
        return values
    return replace(values, high=high, high_open=is_open)


def literals_of(condition: Condition) -> tuple[Scalar, ...] | None:
    """Return the literals of a condition; None where one of them is an attribute of the partner."""
    value = condition.value
    listed = value if isinstance(value, tuple) else () if value is None else (value,)
    found = tuple(one for one in listed if not isinstance(one, PartnerAttribute))
    return found if len(found) == len(listed) else None


def values_of(conditions: Iterable[Condition], whole: bool = False) -> Values:
    """Return the values that meet all of these conditions on one column."""
    values = Values(whole=whole)
    for condition in conditions:
        values = narrowed(values, condition)
    return values


def implies(given: Iterable[Condition], wanted: Condition) -> bool:
    """Say whether every row that meets the given conditions meets the wanted one; false where it cannot be told.

    >>> implies([Condition("a", "eq", "x")], Condition("a", "in", ("x", "y")))
    True
    """
    mine = [condition for condition in given if condition.column == wanted.column]
    if wanted in mine:
        return True
    values = values_of(mine)
    if wanted.op == "is_null":
        return values.must_be_null
    if values.may_be_null or values.must_be_null:
        return False
    literals = literals_of(wanted)
    if wanted.op == "not_null" or literals is None:
        return wanted.op == "not_null"
    return _implies(values, wanted, literals)


def _implies(values: Values, wanted: Condition, literals: tuple[Scalar, ...]) -> bool:
    if wanted.op in ("ne", "not_in"):
        return all(not values.admits(literal) for literal in literals)
    left = [value for value in values.listed or () if values.admits(value)]
    if values.listed is not None:
        meets = values_of([wanted])
        return all(meets.admits(value) and _comparable(value, literals) for value in left)
    if wanted.op == "starts_with":
        return any(prefix.startswith(str(literals[0])) for prefix in values.prefixes)
    return wanted.op not in ("eq", "in") and _within(values, values_of([wanted]))


def _comparable(value: Scalar, literals: tuple[Scalar, ...]) -> bool:
    return all(_alike(value, literal) for literal in literals)


def _within(values: Values, wanted: Values) -> bool:
    low = wanted.low is None or (
        values.low is not None
        and _alike(values.low, wanted.low)
        and _less(wanted.low, values.low, strict=wanted.low_open and not values.low_open)
    )
    high = wanted.high is None or (
        values.high is not None
        and _alike(values.high, wanted.high)
        and _less(values.high, wanted.high, strict=wanted.high_open and not values.high_open)
    )
    return low and high
