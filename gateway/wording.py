"""Conditions of rows -> words, the same for partners, stewards and auditors."""

from __future__ import annotations

from collections.abc import Sequence

from gateway.model import Condition, Operator

_WORDS: dict[Operator, str] = {
    "eq": "is", "ne": "is not", "lt": "before or below", "le": "up to", "gt": "after or above", "ge": "from",
    "in": "is one of", "not_in": "is none of", "between": "lies between", "is_null": "is missing",
    "not_null": "is known", "starts_with": "starts with",
}  # fmt: skip


def in_words(condition: Condition) -> str:
    """Say one row condition in words.

    >>> in_words(Condition("carrier_smdg", "eq", "MSC"))
    'carrier_smdg is MSC'
    """
    value = condition.value
    values = value if isinstance(value, tuple) else () if value is None else (value,)
    return comparison_in_words(condition.column, condition.op, [str(one) for one in values])


def comparison_in_words(column: str, op: Operator, values: Sequence[str]) -> str:
    """Say one comparison in words, its values said already.

    >>> comparison_in_words("loa_m", "between", ["100", "200"])
    'loa_m lies between 100 and 200'
    """
    between = " and " if op == "between" else ", "
    return f"{column} {_WORDS[op]} {between.join(values)}".rstrip()
