"""Where Portgate differs from Trino on purpose: what a program sees there instead, and why."""

from __future__ import annotations

from typing import NamedTuple

from tests.conformance.sides import Raised


class Difference(NamedTuple):
    """One case that is not the same, on purpose."""

    reason: str
    seen: object
    """What a program sees through Portgate."""


DIFFERENCES: dict[str, Difference] = {}
_ = Raised
