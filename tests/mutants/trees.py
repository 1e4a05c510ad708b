"""Mutants of the text that the rewriter makes: one change of the tree each, with the rules of `verify` that it breaks.

A mutation takes a node of one role (a guard, one of its branches, a cell, …) and changes it in place; it answers False
where it does not apply. `harmless` mutations take away, or give what the grant gives anyway: the twins check it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from sqlglot import exp

from gateway.kernel.dialect import DIALECT, read_text

Change = Callable[[Any], bool]
MAPPING = "portgate mapping"


@dataclass(frozen=True)
class Mutation:
    """One way to spoil a tree."""

    name: str
    role: str
    rules: frozenset[int]
    """The rules that it breaks, any one of which may be met first."""
    harmless: bool
    """Whether verify may accept it, because nothing is released that the grant does not give."""
    change: Change


MUTATIONS: list[Mutation] = []


def breaks(role: str, *rules: int, harmless: bool = False) -> Callable[[Change], Change]:
    """Enter a mutation of nodes of this role."""

    def enter(change: Change) -> Change:
        MUTATIONS.append(Mutation(change.__name__, role, frozenset(rules), harmless, change))
        return change

    return enter


def read(sql: str) -> Any:
    """A text as a tree."""
    return read_text(sql)


def value(sql: str) -> Any:
    """An expression as a tree."""
    return read(f"SELECT {sql}").expressions[0]


def mutants(tree: exp.Expr, mutation: Mutation) -> Iterator[exp.Expr]:
    """Each mutant of one tree by one mutation; the tree stays as it was."""
    for number in range(len(nodes(tree, mutation.role))):
        copy = tree.copy()
        if mutation.change(nodes(copy, mutation.role)[number]):
            yield copy


# --- roles ------------------------------------------------------------------------------------------------------------


def nodes(tree: exp.Expr, role: str) -> list[exp.Expr]:
    """The nodes of one role, in walking order."""
    return list(_ROLES[role](tree))


def _guards(tree: exp.Expr) -> Iterator[exp.Subquery]:
    for node in tree.find_all(exp.Subquery):
        if not node.alias or not isinstance(node.this, exp.Select | exp.SetOperation):
            continue
        first = next(node.this.find_all(exp.Select), None)
        source = first.args["from_"].this if first and first.args.get("from_") else None
        if node.alias != MAPPING and source is not None and (source.alias == MAPPING or _is_port_table(source)):
            yield node


def _is_port_table(node: exp.Expr) -> bool:
    return isinstance(node, exp.Table) and bool(node.catalog)


def _branches(tree: exp.Expr) -> Iterator[exp.Select]:
    for guard in _guards(tree):
        yield from (node for node in guard.this.walk(prune=_is_select) if isinstance(node, exp.Select))


def _is_select(node: exp.Expr) -> bool:
    return isinstance(node, exp.Select)


def _cells(tree: exp.Expr) -> Iterator[exp.Expr]:
    for branch in _branches(tree):
        yield from branch.expressions


def _cases(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from (cell.this for cell in _cells(tree) if isinstance(cell.this, exp.Case))


def _hashes(tree: exp.Expr) -> Iterator[exp.Expr]:
    for cell in _cells(tree):
        for node in cell.find_all(exp.Func):
            if node.sql(dialect=DIALECT).lower().startswith("substr(to_hex"):
                yield node


def _constants(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Casts of a literal or NULL that stand as values, not in conditions."""
    for cell in _cells(tree):
        for node in cell.find_all(exp.Cast):
            if not isinstance(node.parent, (exp.Binary, exp.Between, exp.In)):
                yield node


def _tables(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from (node for node in tree.find_all(exp.Table) if node.catalog)


def _own_tables(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from (branch.args["from_"].this for branch in _branches(tree) if _is_port_table(branch.args["from_"].this))


def _mappings(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from (node for node in tree.find_all(exp.Subquery) if node.alias == MAPPING)


def has_rule(branch: exp.Expr) -> bool:
    """Whether a branch has a WHERE that is more than FALSE or NOT FALSE."""
    where = branch.args.get("where")
    return where is not None and any(where.find_all(exp.Column))


def _wheres(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from (branch.args["where"] for branch in _branches(tree) if has_rule(branch))


_FACTS = (exp.EQ, exp.NEQ, exp.LT, exp.LTE, exp.GT, exp.GTE, exp.In, exp.Between, exp.Is)


def _facts(tree: exp.Expr) -> Iterator[exp.Expr]:
    """Each single condition of a WHERE of a guard."""
    for where in _wheres(tree):
        yield from where.find_all(*_FACTS)


def _junctions(tree: exp.Expr) -> Iterator[exp.Expr]:
    for where in _wheres(tree):
        yield from where.find_all(exp.And, exp.Or)


def _unions(tree: exp.Expr) -> Iterator[exp.Expr]:
    for guard in _guards(tree):
        yield from (node for node in guard.this.walk(prune=_is_select) if isinstance(node, exp.Union))


def _root(tree: exp.Expr) -> Iterator[exp.Expr]:
    yield from ([tree] if isinstance(tree, exp.Select) else [])


_ROLES: dict[str, Callable[[exp.Expr], Iterator[exp.Expr]]] = {
    "guard": _guards, "branch": _branches, "cell": _cells, "case": _cases, "hash": _hashes, "constant": _constants,
    "table": _tables, "own table": _own_tables, "mapping": _mappings, "where": _wheres, "fact": _facts,
    "junction": _junctions, "union": _unions, "query": _root,
}  # fmt: skip
