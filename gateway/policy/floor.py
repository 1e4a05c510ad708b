"""The statutory floor as the tools know it: the same names as policies/gateway/floor, which is what holds."""

from __future__ import annotations

import re

COLUMNS = frozenset(("driver_id", "twic_hash", "driverbadge"))
PATTERN = re.compile(
    r"driver|twic|worker|employee|longshore|stevedore|foreman|badge|payroll"
    r"|(^|[^a-z0-9])(gangs?|shifts?|crews?|labou?r)([^a-z0-9]|$)"
)
LAW = "Cal. Gov. Code §12100.131(b)(3)"


def is_labor(column: str) -> bool:
    """Say whether a column of this name identifies a worker, or what a worker did.

    >>> is_labor("DRIVER_ID"), is_labor("crane gang"), is_labor("turn_minutes")
    (True, True, False)
    """
    name = column.lower()
    return name in COLUMNS or PATTERN.search(name) is not None
