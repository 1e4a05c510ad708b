"""What a query does with each column is traced to the column, whatever stands between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlglot import exp

from gateway.errors import NotAllowed, Unresolved
from gateway.kernel.allowed import NODES
from gateway.kernel.functions import FIGURES, FUNCTIONS, PICKING
from gateway.kernel.lineage import _READ, CONSTANT, Flow, Tracer, Value
from gateway.kernel.parse import parse
from gateway.kernel.resolve import resolve
from gateway.model import USES, Catalog, Use
from tests.conftest import CHECKOUT
from tests.kernel.uses import by_column, said, surveyed
from tests.world import CATALOG


def _cases() -> Iterator[tuple[str, str]]:
    text = (CHECKOUT / "tests/cases/uses/uses.txt").read_text()
    for block in text.split("\n\n"):
        if not block.startswith("#"):
            sql, *lines = block.strip().split("\n")
            yield sql, "\n".join(lines)


CASES = tuple(_cases())


@pytest.mark.parametrize(("sql", "expected"), CASES, ids=[sql for sql, _ in CASES])
def test_uses_are_traced_to_their_columns(sql: str, expected: str) -> None:
    assert said(sql) == expected


def test_there_are_many_cases() -> None:
    assert len(dict(CASES)) == len(CASES) >= 60


def _as_seen(kept: frozenset[str], unselected: frozenset[str]) -> Catalog:
    """The small world as a partner may see it: some columns gone, some that may not be selected."""
    others: frozenset[Use] = frozenset(USES) - {"select"}
    tables = {
        name: replace(
            table,
            columns={
                column: replace(known, uses=others) if column in unselected else known
                for column, known in table.columns.items()
                if column in kept
            },
        )
        for name, table in CATALOG.tables.items()
    }
    return replace(CATALOG, tables=tables)


BY_POSITION = (
    "SELECT * FROM oakland.tos.ship UNION SELECT ship, hours FROM calls ORDER BY 2",
    "SELECT * FROM oakland.tos.ship WHERE (vc_id, mmsi) IN (SELECT * FROM oakland.tos.ship)",
    "SELECT p FROM (SELECT s.*, v.id FROM oakland.tos.ship AS s CROSS JOIN los_angeles.pola.visit AS v) AS x (p, q, r)",
    "WITH c (a, b) AS (TABLE oakland.tos.ship) SELECT a, count(*) FROM c GROUP BY 1 ORDER BY max(b)",
    "SELECT b FROM (oakland.tos.ship AS s JOIN oakland.tos.ship AS t USING (vc_id)) AS j (a, b, c)",
    "SELECT * FROM oakland.tos.ship JOIN los_angeles.pola.visit ON vc_id = ship INTERSECT SELECT * FROM calls",
    "SELECT x FROM (SELECT * FROM calls JOIN los_angeles.pola.visit USING (ship, carrier)) AS j (x, y) WHERE y = 'z'",
    "SELECT ship FROM calls WHERE EXISTS (SELECT 1 FROM los_angeles.pola.visit WHERE carrier = ship)",
    "SELECT s.*, mmsi + 1 FROM oakland.tos.ship AS s WHERE mmsi > 1",
)
"""Where a column stands depends on what was granted, or whose it is."""
COLUMNS = sorted({column for table in CATALOG.tables.values() for column in table.columns})
_some = st.frozensets(st.sampled_from(COLUMNS))


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([*(sql for sql, _ in CASES), *BY_POSITION]), _some, _some)
def test_what_is_asked_for_covers_what_is_done_whatever_was_granted(
    sql: str, taken: frozenset[str], unselected: frozenset[str]
) -> None:
    asked = surveyed(sql)
    try:
        done = by_column(resolve(parse(sql), _as_seen(frozenset(COLUMNS) - taken, unselected)))
    except (Unresolved, NotAllowed):
        return

    assert {place: uses - asked.get(place, set()) for place, uses in done.items()} == {place: set() for place in done}


STRUCTURE = (
    exp.With, exp.CTE, exp.From, exp.Join, exp.Lateral, exp.Unnest, exp.Table, exp.TableAlias, exp.TableSample,
    exp.Where, exp.Having, exp.Group, exp.GroupingSets, exp.Cube, exp.Rollup, exp.Order, exp.Ordered, exp.Limit,
    exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct, exp.Alias, exp.WindowSpec, exp.Lambda, exp.DataTypeParam,
    exp.IntervalSpan, exp.ColumnDef,
)  # fmt: skip
"""Nodes that are no values: clauses, names, and what stands inside of types and calls."""


def test_every_open_node_is_read_as_a_value_or_is_a_clause() -> None:
    assert set(NODES) - set(_READ) == set(STRUCTURE)


def test_every_figure_is_an_aggregate_that_is_open() -> None:
    assert {FUNCTIONS[name].kind for name in FIGURES | PICKING} == {"aggregate"}
    assert {FUNCTIONS[name].verdict for name in FIGURES | PICKING} <= {"allowed", "fallible"}


class _OneColumn:
    """Names of which each means the same column."""

    def column(self, node: exp.Column, level: None) -> Value:
        return Value((0, "x"))

    def variable(self, name: str, level: None) -> Value:
        return CONSTANT

    def with_variables(self, variables: Mapping[str, Value], level: None) -> None:
        return None

    def values(self, node: exp.Expr, level: None) -> Sequence[Value]:
        return ()


@pytest.mark.parametrize(
    "node",
    [
        exp.Anonymous(this="made_up", expressions=[exp.column("x")]),
        exp.Xor(this=exp.column("x"), expression=exp.true()),
    ],
)
def test_what_nobody_knows_is_used_in_all_six_ways(node: exp.Expr) -> None:
    flow = Flow(strict=True)

    Tracer(flow, _OneColumn()).value(node, None)

    assert flow.settle().uses == {0: {"x": set(USES)}}
