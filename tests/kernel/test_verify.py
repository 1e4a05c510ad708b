"""`verify` accepts what `rewrite` makes, and catches every way in which it could have gone wrong."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlglot import exp

from gateway.errors import VerificationFailed
from gateway.kernel.dialect import DIALECT, emit
from gateway.kernel.verify import verify
from gateway.model import Condition, Mask
from tests.world import LA_CALLS, OAK_CALLS, SHIP, VISIT, decided, gives, rewritten, says

DECISION = says(
    {
        LA_CALLS: [
            gives("port_unlocode", "ship", rows=((Condition("carrier", "eq", "MSC"),),)),
            gives("port_unlocode", "hours", rows=((Condition("hours", "lt", 5),),), id="a2", ship=Mask("keyed_hash")),
        ],
        OAK_CALLS: [gives("port_unlocode", "ship")],
        VISIT: [gives("id", "hrs", rows=((Condition("carrier", "in", ("A", "B")),),), ship=Mask("constant", "no"))],
        SHIP: [gives("vc_id")],
    }
)
QUERIES = [
    "SELECT ship, hours FROM calls",
    "SELECT id, ship, hrs FROM los_angeles.pola.visit",
    "WITH a AS (SELECT ship FROM calls) SELECT a.ship, v.hrs FROM a JOIN los_angeles.pola.visit v ON v.ship = a.ship",
    "SELECT count(*) FROM oakland.tos.ship",
    "SELECT 1 WHERE EXISTS (SELECT 1 FROM calls WHERE hours > 2)",
]


@pytest.mark.parametrize("sql", QUERIES)
def test_what_rewrite_makes_is_accepted(sql: str) -> None:
    _, grant = decided(sql, DECISION)

    assert verify(rewritten(sql, DECISION), grant).sql == rewritten(sql, DECISION)


# --- mutants of the rewriter ------------------------------------------------------------------------------------------

Mutation = Callable[[exp.Expr], bool]
"""Changes one node in place; says whether it did."""


def _drop_where(node: exp.Expr) -> bool:
    if isinstance(node, exp.Where) and _in_guard(node):
        node.pop()
        return True
    return False


def _unwrap(node: exp.Expr) -> bool:
    if isinstance(node, exp.Subquery) and isinstance(node.this, exp.Select):
        source = node.this.args.get("from_")
        if source and isinstance(source.this, exp.Table) and source.this.catalog:
            table = source.this.copy()
            table.set("alias", node.args.get("alias"))
            node.replace(table)
            return True
    return False


def _add_column(node: exp.Expr) -> bool:
    if isinstance(node, exp.Select) and _reads_a_port(node):
        node.append("expressions", exp.alias_(exp.column("crew", quoted=True), "crew", quoted=True))
        return True
    return False


def _star(node: exp.Expr) -> bool:
    if isinstance(node, exp.Select) and _reads_a_port(node):
        node.set("expressions", [exp.Star()])
        return True
    return False


def _swap_column(node: exp.Expr) -> bool:
    if isinstance(node, exp.Column) and isinstance(node.parent, exp.Alias) and _in_guard(node) and not node.table:
        node.replace(exp.column("crew", quoted=True))
        return True
    return False


def _swap_table(node: exp.Expr) -> bool:
    if isinstance(node, exp.Table) and node.catalog:
        node.set("this", exp.to_identifier("secret", quoted=True))
        return True
    return False


def _flip_comparison(node: exp.Expr) -> bool:
    if isinstance(node, (exp.EQ, exp.LT)) and _in_guard(node):
        node.replace(exp.NEQ(this=node.this.copy(), expression=node.expression.copy()))
        return True
    return False


def _change_literal(node: exp.Expr) -> bool:
    inside = isinstance(node.parent, (exp.EQ, exp.LT, exp.In, exp.Cast, exp.Anonymous, exp.Unhex))
    if isinstance(node, exp.Literal) and inside and _in_guard(node):
        node.set("this", node.this + "1")
        return True
    return False


def _lose_mask(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Substring, exp.Cast, exp.Case)) and isinstance(node.parent, exp.Alias) and _in_guard(node):
        name = node.parent.alias
        if isinstance(node, exp.Cast) and not isinstance(node.this, exp.Literal):
            return False
        node.replace(exp.column(name, quoted=True))
        return True
    return False


def _default_raw(node: exp.Expr) -> bool:
    if isinstance(node, exp.Case) and isinstance(node.parent, exp.Alias):
        node.set("default", exp.column(node.parent.alias, quoted=True))
        return True
    return False


def _lose_condition(node: exp.Expr) -> bool:
    if isinstance(node, (exp.Or, exp.And)) and _in_guard(node):
        node.replace(node.this.copy())
        return True
    return False


def _widen(node: exp.Expr) -> bool:
    if isinstance(node, exp.Where) and _in_guard(node):
        node.set("this", exp.or_(node.this.copy(), exp.true()))
        return True
    return False


def _join_in_guard(node: exp.Expr) -> bool:
    if isinstance(node, exp.Select) and _reads_a_port(node):
        node.append("joins", exp.Join(this=exp.table_("secret", "pola", "los_angeles", quoted=True), kind="CROSS"))
        return True
    return False


def _distinct_union(node: exp.Expr) -> bool:
    if isinstance(node, exp.Union):
        node.set("distinct", True)
        return True
    return False


def _repeat_branch(node: exp.Expr) -> bool:
    if isinstance(node, exp.Union) and isinstance(node.parent, exp.Subquery):
        node.set("expression", node.this.copy())
        return True
    return False


def _add_table(node: exp.Expr) -> bool:
    if isinstance(node, exp.Select) and node.parent is None:
        table = exp.table_("visit", "pola", "los_angeles", quoted=True, alias="more")
        node.append("joins", exp.Join(this=table, kind="CROSS"))
        return True
    return False


def _reads_a_port(node: exp.Select) -> bool:
    source = node.args.get("from_")
    return bool(source and isinstance(source.this, exp.Table) and source.this.catalog)


def _in_guard(node: exp.Expr) -> bool:
    """Whether some SELECT between the node and the root reads a port or a mapping."""
    select = node.find_ancestor(exp.Select)
    while select is not None:
        source = select.args.get("from_")
        if source and (_reads_a_port(select) or source.this.alias == "portgate mapping"):
            return True
        select = select.find_ancestor(exp.Select)
    return False


MUTATIONS: list[Mutation] = [
    _drop_where, _unwrap, _add_column, _star, _swap_column, _swap_table, _flip_comparison, _change_literal, _lose_mask,
    _default_raw, _lose_condition, _widen, _join_in_guard, _distinct_union, _repeat_branch, _add_table,
]  # fmt: skip


def _mutants(sql: str, mutation: Mutation) -> list[str]:
    count = len(list(DIALECT.parse(sql)[0].walk()))  # type: ignore[union-attr]
    made = []
    for position in range(count):
        tree = DIALECT.parse(sql)[0]
        assert tree is not None
        node = list(tree.walk())[position]
        if mutation(node):
            made.append(emit(tree))
    return made


@pytest.mark.parametrize("mutation", MUTATIONS, ids=[m.__name__.strip("_") for m in MUTATIONS])
def test_every_mutant_of_the_rewriter_is_caught(mutation: Mutation) -> None:
    tried = 0
    for sql in QUERIES:
        _, grant = decided(sql, DECISION)
        for mutant in _mutants(rewritten(sql, DECISION), mutation):
            tried += 1
            with pytest.raises(VerificationFailed):
                verify(mutant, grant)
    assert tried, "the mutation never applied, so it proves nothing"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1; SELECT 2",
        "SELECT 1 ",
        "DELETE FROM x",
        'SELECT * FROM "los_angeles"."pola"."visit"',
        'SELECT * FROM "visit"',
        'WITH "a" AS (SELECT 1) SELECT * FROM (SELECT * FROM "b") AS "c"',
        'SELECT * FROM (SELECT "crew" AS "crew" FROM "los_angeles"."pola"."visit") AS "v"',
        'SELECT (SELECT "id" FROM "los_angeles"."pola"."visit") AS "x"',
    ],
)
def test_text_that_no_rewrite_makes_is_refused(sql: str) -> None:
    _, grant = decided("SELECT 1", DECISION)

    with pytest.raises(VerificationFailed):
        verify(sql, grant)
