"""For any grant and query, what `rewrite` makes `verify` accepts; it releases what was granted and changes nothing."""

from __future__ import annotations

import copy

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.errors import Denied
from gateway.kernel.dialect import emit
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import AgreementGrant, Condition, Decision, Mask, Scalar, TableName
from tests.mutants.richer import BOXES, CALLS, COLUMNS, LABOR, SHEET, SHIP, VISIT, Pair, catalog, of, says
from tests.mutants.twins import answer, fresh_twins

CATALOG = catalog()
_VALUES: dict[str, st.SearchStrategy[Scalar]] = {
    "varchar": st.sampled_from(["MSC", "MAEU", "", "M'X", "NAVY", "US"]),
    "bigint": st.integers(-3, 7),
    "double": st.one_of(st.integers(-1, 7), st.sampled_from([2.5, 4.5, 1e-7, 1e21])),
    "boolean": st.booleans(),
    "date": st.sampled_from(["2026-01-02", "2026-02-01", "2025-12-31"]),
    "timestamp(3)": st.sampled_from(["2026-01-01 00:00:00", "2026-11-01 00:00:00.5"]),
    "decimal(9,2)": st.sampled_from([10.5, 11, 1.5]),
}
_COMPARED = st.sampled_from(["eq", "ne", "lt", "le", "gt", "ge"])


def _conditions(column: str, type_: str) -> st.SearchStrategy[Condition]:
    """Every operator with values of the column's type."""
    value = _VALUES[type_]
    listed = st.lists(value, max_size=3).map(tuple)
    kinds = [
        st.builds(Condition, st.just(column), _COMPARED, value),
        st.builds(Condition, st.just(column), st.sampled_from(["in", "not_in"]), listed),
        st.builds(Condition, st.just(column), st.just("between"), st.tuples(value, value)),
        st.builds(Condition, st.just(column), st.sampled_from(["is_null", "not_null"])),
    ]
    if type_ == "varchar":
        kinds.append(st.builds(Condition, st.just(column), st.just("starts_with"), st.sampled_from(["M", "N", "MS"])))
    return st.one_of(kinds)


def _masks(type_: str) -> st.SearchStrategy[Mask | None]:
    kinds: list[st.SearchStrategy[Mask | None]] = [
        st.none(),
        st.just(Mask("null")),
        st.builds(Mask, st.just("constant"), _VALUES[type_]),
    ]
    return st.one_of([*kinds, st.just(Mask("keyed_hash"))] if type_ == "varchar" else kinds)


def _agreements(table: TableName) -> st.SearchStrategy[list[AgreementGrant]]:
    types = {column: type_ for column, type_ in COLUMNS[table].items() if column not in LABOR}
    columns = st.fixed_dictionaries({}, optional={column: _masks(type_) for column, type_ in types.items()})
    condition = st.one_of([_conditions(column, type_) for column, type_ in types.items()])
    rows = st.lists(st.lists(condition, max_size=2).map(tuple), max_size=3).map(tuple)
    return st.lists(st.builds(AgreementGrant, st.just("a"), columns, rows, st.just("why")), min_size=1, max_size=3)


_ASKED = {
    VISIT: VISIT, SHIP: SHIP, SHEET: SHEET, of("los_angeles", BOXES): BOXES,
    **{of(port): CALLS for port in ("los_angeles", "oakland", "hueneme")},
}  # fmt: skip
decisions = st.fixed_dictionaries({}, optional={name: _agreements(table) for name, table in _ASKED.items()}).map(
    lambda given_: says({**given_})
)
FORMS = (
    "SELECT {columns} FROM {table}",
    "SELECT DISTINCT x.* FROM (SELECT {columns} FROM {table}) AS x",
    "WITH w AS (SELECT {columns} FROM {table}) SELECT count(*) FROM w",
    "SELECT count(*) FROM {table} WHERE EXISTS (SELECT {columns} FROM {other})",
    "SELECT a.* FROM {table} a LEFT JOIN {other} b ON true",
    "SELECT {columns} FROM {table} UNION ALL SELECT {columns} FROM {table}",
    "SELECT o.x, (SELECT count(*) FROM {table}) FROM (SELECT 'MSC' AS carrier, 1e0 AS hours, 'US' AS owner, 1 AS x) o",
)


@st.composite
def asked(draw: st.DrawFn) -> Pair | None:
    """A random decision, and a query over what it gives."""
    decision: Decision = draw(decisions)
    pair = Pair("SELECT 1", decision, CATALOG)
    given_ = {name: list(table.columns) for name, table in pair.grant.granted.tables.items() if table.columns}
    if not given_:
        return None
    table, other = draw(st.sampled_from(sorted(given_))), draw(st.sampled_from(sorted(given_)))
    columns = draw(st.lists(st.sampled_from(given_[table]), min_size=1, max_size=4, unique=True))
    form = draw(st.sampled_from(FORMS))
    listed = ", ".join(columns) if "{other}" not in form else "1"
    return Pair(form.format(columns=listed, table=table, other=other), decision, CATALOG)


def _text(pair: Pair) -> str | None:
    """What the rewriter makes of it; None where it refuses a mask."""
    try:
        return emit(guard_tables(pair.resolved, pair.grant))
    except Denied:
        return None


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked())
def test_what_rewrite_makes_is_accepted_and_no_argument_is_changed(pair: Pair | None) -> None:
    if pair is None:
        return
    before = copy.deepcopy((pair.resolved.tree, pair.resolved.uses, pair.grant))

    text = _text(pair)

    assert (pair.resolved.tree, pair.resolved.uses, pair.grant) == before
    if text is not None:
        assert verify(text, pair.grant).sql == text
        assert (pair.resolved.tree, pair.resolved.uses, pair.grant) == before


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(asked(), st.integers(0, 10_000))
def test_twin_databases_give_the_same_answer(pair: Pair | None, seed: int) -> None:
    text = _text(pair) if pair else None
    if pair is None or text is None:
        return

    one, other = fresh_twins(pair.grant, seed)

    first = answer(text, one)
    assert first is not None
    assert first == answer(text, other)
