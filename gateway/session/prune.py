"""What a relation holds + where it is read -> only the rows that the query's own conditions can let through.

It is for speed alone: each condition stays in the query, and Trino looks at it again. Looked at are conditions that a
WHERE joins by AND: `column = 'text'` and `column LIKE 'pattern'`, where no other relation can own the column.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from operator import eq

from sqlglot import exp

from gateway.model import Content

Test = Callable[[str], bool]
MAX_GAPS = 2
"""How many `%` a pattern may have to be looked at: each more makes comparing slower by a text's length."""


def pruned(content: Content, node: exp.Table) -> Content:
    """Leave out rows that the conditions around the table's node let nobody see."""
    tests = [(column, test) for column, test in _tests(node) if column in content.columns]
    if not tests or not content.rows:
        return content
    kept = [
        row
        for row in range(content.rows)
        if all(isinstance(value := content.columns[column][row], str) and test(value) for column, test in tests)
    ]
    return Content(len(kept), {name: tuple(values[row] for row in kept) for name, values in content.columns.items()})


def _tests(node: exp.Table) -> Iterator[tuple[str, Test]]:
    clause = node.parent
    select = clause.parent if isinstance(clause, exp.From | exp.Join) else None
    if not isinstance(select, exp.Select) or not select.args.get("where"):
        return
    if node.args.get("joins") or (node.args.get("alias") and node.args["alias"].columns):
        return
    joins = select.args.get("joins") or []
    if any(join.args.get("using") for join in joins):  # a merged column belongs to both sides
        return
    condition = select.args["where"].this
    for fact in condition.flatten() if isinstance(condition, exp.And) else (condition,):
        column, test = _test(fact.unnest())
        mine = (column.table == node.alias_or_name) if column is not None and column.table else not joins
        if column is not None and test is not None and mine:
            yield column.name.lower(), test


def _test(fact: exp.Expr) -> tuple[exp.Column | None, Test | None]:
    """The column that a condition is about, and whether a value can meet it."""
    escape = fact.expression if isinstance(fact, exp.Escape) else None
    if isinstance(fact, exp.Escape):
        fact = fact.this
    if not isinstance(fact, exp.EQ | exp.Like) or not isinstance(fact.this, exp.Column):
        return None, None
    pattern = fact.expression
    if not _is_text(pattern) or (escape is not None and not _is_text(escape)) or fact.args.get("negate"):
        return None, None
    if isinstance(fact, exp.EQ):
        return fact.this, partial(eq, pattern.name)
    return fact.this, _like(pattern.name, escape.name if escape is not None else "")


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _like(pattern: str, escape: str) -> Test | None:
    """Whether a text is like a pattern; None for one that Trino refuses, or that takes long to compare."""
    parts: list[str] = []
    signs = iter(pattern)
    for sign in signs:
        if escape and sign == escape:
            sign = next(signs, "")
            if sign not in (escape, "%", "_") or not sign:
                return None
            parts.append(re.escape(sign))
        else:
            parts.append({"%": ".*", "_": "."}.get(sign, re.escape(sign)))
    if len(escape) > 1 or parts.count(".*") > MAX_GAPS:
        return None
    whole = re.compile("".join(parts), re.DOTALL)
    return lambda text: whole.fullmatch(text) is not None
