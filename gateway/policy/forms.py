"""Forms in which a value may be seen -> which of them says more: the value itself, a mask, NULL, no row at all.

Two masks can be compared only if the one can be worked out from what the other shows: the same kind with a coarser
grain, a shorter text, or a band that is a multiple of the other's.
"""

from __future__ import annotations

from decimal import Decimal

from gateway.model import Mask, Scalar

_FINER_GRAINS = {
    "hour": ("hour",),
    "day": ("hour", "day"),
    "week": ("hour", "day", "week"),
    "month": ("hour", "day", "month"),
    "quarter": ("hour", "day", "month", "quarter"),
    "year": ("hour", "day", "month", "quarter", "year"),
}
"""Grain -> the grains from which it can be worked out; a week lies in no month."""


def says_at_least(mask: Mask, other: Mask) -> bool:
    """Whether what `mask` shows is enough to work out what `other` shows.

    >>> says_at_least(Mask("band", 10), Mask("band", 50))
    True
    >>> says_at_least(Mask("time_grain", "week"), Mask("time_grain", "month"))
    False
    """
    if mask == other:
        return True
    if mask.kind != other.kind or mask.value is None or other.value is None:
        return False
    if mask.kind == "truncate":
        return int(mask.value) >= int(other.value) and other.fill in ("", mask.fill)
    if mask.kind == "time_grain":
        return mask.value in _FINER_GRAINS.get(str(other.value), ())
    return mask.kind in ("band", "geo_grid") and _is_multiple(other.value, mask.value)


def _is_multiple(wide: Scalar, narrow: Scalar) -> bool:
    width = Decimal(str(narrow))
    return width > 0 and Decimal(str(wide)) % width == 0
