"""A statement -> refused, if Trino would have to unfold it into something far larger than its text.

Trino plans a CTE anew at each place that reads it. Thirty CTEs that each read the one before them twice are a short
text and a plan of a billion tables, which no limit of Trino's stops before its coordinator is out of memory.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from gateway.errors import NotAllowed
from gateway.kernel.parse import Statement, place

MAX_RELATIONS = 1_000
"""How many relations a statement may read once its CTEs are unfolded."""
MAX_LENGTH = 1_000_000
"""How long a text may be once every table stands behind its guard."""
MAX_TOLD = 4_000_000
"""The same for a text that metadata is written into; `query.max-length`, Trino's own bound, must be as large."""
_RECURSIONS = 10
"""How often Trino unfolds a recursive CTE: its `max_recursion_depth`."""


def check_growth(statement: Statement) -> None:
    """Refuse a statement that reads too many relations once its CTEs are unfolded."""
    _count(statement.text, statement.tree, {})


def check_length(sql: str, most: int = MAX_LENGTH) -> None:
    """Refuse a statement that is too long for Trino once every table stands behind its guard."""
    if len(sql) > most:
        raise NotAllowed(
            f"the statement grows beyond {most:,} characters once each of its tables shows only what was agreed",
            hint="read fewer tables, or fewer columns of them",
        )


def _count(text: str, node: exp.Expr, known: Mapping[str, int]) -> int:
    """Count the relations that a part of the statement reads; `known` are the CTEs in reach, with their own counts."""
    clause = node.args.get("with_")
    if clause is not None:
        known = _with(text, clause, known)
    count = known.get("" if node.db else node.name.lower(), 1) if isinstance(node, exp.Table) else 0
    for child in node.iter_expressions():
        if child is not clause:
            count += _count(text, child, known)
    if count > MAX_RELATIONS:
        message = f"the statement reads more than {MAX_RELATIONS:,} relations once its CTEs are unfolded"
        raise NotAllowed(message, hint="read each CTE in fewer places", **place(text, node))
    return count


def _with(text: str, clause: exp.Expr, known: Mapping[str, int]) -> Mapping[str, int]:
    counts = dict(known)
    times = _RECURSIONS if clause.args.get("recursive") else 1
    for cte in clause.expressions:
        counts[cte.alias.lower()] = max(1, _count(text, cte.this, counts) * times)
    return counts
