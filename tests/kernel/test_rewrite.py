"""A guard shows what was granted and nothing else: as text, and as rows against a row-by-row oracle."""

from __future__ import annotations

import duckdb
import pytest
import sqlglot
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.errors import Denied, VerificationFailed
from gateway.kernel.dialect import DIALECT, emit
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import AgreementGrant, Condition, Mask
from tests.world import KEYS, LA_CALLS, OAK_CALLS, VISIT, decided, gives, rewritten, says

MINE = ((Condition("carrier", "eq", "MSC"),),)


def test_a_table_inside_exists_is_guarded_like_any_other() -> None:
    decision = says({VISIT: [gives("ship", "hrs", rows=MINE)]})

    sql = rewritten("SELECT 1 WHERE EXISTS (SELECT 1 FROM los_angeles.pola.visit v WHERE v.hrs > 3)", decision)

    assert sql == (
        'SELECT 1 WHERE EXISTS(SELECT 1 FROM (SELECT "hrs" AS "hrs" FROM "los_angeles"."pola"."visit" '
        'WHERE "carrier" = \'MSC\' AND coalesce("carrier" = \'MSC\', FALSE)) AS "v" WHERE "v"."hrs" > 3)'
    )


def test_a_canonical_table_becomes_the_union_of_the_ports_that_share_it() -> None:
    decision = says({LA_CALLS: [gives("ship", "hours")], OAK_CALLS: [gives("ship")]})

    sql = rewritten("SELECT ship, hours FROM calls", decision)

    assert sql == (
        'SELECT "ship", "hours" FROM ('
        'SELECT "ship" AS "ship", "hours" AS "hours" FROM (SELECT CAST("v"."ship" AS VARCHAR) AS "ship", '
        'CAST("v"."hrs" AS DOUBLE) AS "hours" FROM "los_angeles"."pola"."visit" AS "v") AS "portgate mapping" '
        'UNION ALL SELECT "ship" AS "ship", CAST(NULL AS DOUBLE) AS "hours" FROM ('
        'SELECT CAST(CAST("s"."mmsi" AS VARCHAR) AS VARCHAR) AS "ship" FROM "oakland"."tos"."ship" AS "s"'
        ') AS "portgate mapping") AS "calls"'
    )


def test_a_value_shown_by_one_agreement_and_masked_by_another_is_chosen_row_by_row() -> None:
    decision = says(
        {VISIT: [gives("ship", rows=MINE), gives("hrs", ship=Mask("constant", "withheld"), id="a2")]},
    )

    sql = rewritten("SELECT ship FROM los_angeles.pola.visit", decision)

    assert sql == (
        'SELECT "ship" FROM (SELECT CASE WHEN "carrier" = \'MSC\' AND random() >= 0e0 THEN "ship" '
        'ELSE CAST(\'withheld\' AS VARCHAR) END AS "ship" FROM "los_angeles"."pola"."visit") AS "visit"'
    )


def test_a_value_that_every_row_which_comes_may_show_needs_no_choice() -> None:
    decision = says({VISIT: [gives("ship", rows=MINE), gives("hrs", rows=MINE, id="a2")]})

    sql = rewritten("SELECT ship, hrs FROM los_angeles.pola.visit", decision)

    assert 'SELECT "ship" AS "ship", "hrs" AS "hrs" FROM "los_angeles"."pola"."visit" WHERE' in sql


def test_a_keyed_hash_is_keyed_by_port() -> None:
    decision = says({LA_CALLS: [gives(ship=Mask("keyed_hash"))], OAK_CALLS: [gives(ship=Mask("keyed_hash"))]})

    sql = rewritten("SELECT ship FROM calls", decision)

    assert sql.count("hmac_sha256(to_utf8(\"ship\"), from_hex('aa11'))") == 1
    assert sql.count("hmac_sha256(to_utf8(\"ship\"), from_hex('bb22'))") == 1


def test_a_keyed_hash_of_a_number_is_refused() -> None:
    with pytest.raises(Denied):
        rewritten("SELECT hrs FROM los_angeles.pola.visit", says({VISIT: [gives(hrs=Mask("keyed_hash"))]}))


def test_a_value_of_a_policy_cannot_leave_its_literal() -> None:
    evil = "x' OR 1=1 --"
    decision = says({VISIT: [gives("ship", rows=((Condition("carrier", "eq", evil),),))]})

    sql = rewritten("SELECT ship FROM los_angeles.pola.visit", decision)

    assert "WHERE \"carrier\" = 'x'' OR 1=1 --' AND coalesce(\"carrier\" = 'x'' OR 1=1 --', FALSE))" in sql


def test_a_condition_on_what_the_port_does_not_keep_holds_for_no_row() -> None:
    sql = rewritten("SELECT ship FROM calls", says({OAK_CALLS: [gives("ship", rows=MINE)]}))

    assert sql.endswith('AS "portgate mapping" WHERE FALSE) AS "calls"')


def test_no_alternative_lets_no_row_through() -> None:
    decision = says({VISIT: [gives("ship", rows=())]})

    sql = rewritten("SELECT ship FROM los_angeles.pola.visit", decision)

    assert (
        sql == 'SELECT "ship" FROM (SELECT "ship" AS "ship" FROM "los_angeles"."pola"."visit" WHERE FALSE) AS "visit"'
    )


# --- the same rows as a row-by-row reading of the agreements ----------------------------------------------------------

Row = dict[str, object]
DATABASE = duckdb.connect()

_texts = st.one_of(st.none(), st.sampled_from(["MSC", "MAEU", "", "M'x"]))
_rows = st.lists(
    st.fixed_dictionaries(
        {"id": st.integers(0, 3), "ship": _texts, "carrier": _texts, "hrs": st.one_of(st.none(), st.integers(0, 4))}
    ),
    max_size=8,
)
_values = st.sampled_from(["MSC", "MAEU", "", "M'x"])
_conditions = st.one_of(
    st.builds(Condition, st.sampled_from(["carrier", "ship"]), st.sampled_from(["eq", "ne", "starts_with"]), _values),
    st.builds(Condition, st.just("hrs"), st.sampled_from(["lt", "le", "gt", "ge", "eq", "ne"]), st.integers(-1, 4)),
    st.builds(Condition, st.just("carrier"), st.sampled_from(["in", "not_in"]), st.tuples(_values, _values)),
    st.builds(Condition, st.just("carrier"), st.sampled_from(["in", "not_in"]), st.just(())),
    st.builds(Condition, st.just("hrs"), st.just("between"), st.tuples(st.integers(0, 2), st.integers(1, 4))),
    st.builds(Condition, st.sampled_from(["carrier", "hrs"]), st.sampled_from(["is_null", "not_null"])),
)
_alternatives = st.lists(st.lists(_conditions, max_size=3).map(tuple), max_size=3).map(tuple)
_masks = st.sampled_from([None, Mask("null"), Mask("constant", "7")])
_columns = st.dictionaries(st.sampled_from(["id", "ship", "carrier", "hrs"]), _masks, max_size=4)
_agreements = st.lists(st.builds(AgreementGrant, st.just("a"), _columns, _alternatives, st.just("why")), max_size=4)


def _holds(condition: Condition, row: Row) -> bool:
    """SQL's three values read as an agreement is: unknown does not hold."""
    value, wanted = row[condition.column], condition.value
    if condition.op in ("is_null", "not_null"):
        return (value is None) == (condition.op == "is_null")
    if condition.op in ("in", "not_in"):
        assert isinstance(wanted, tuple)
        if not wanted:
            return condition.op == "not_in"
        return value is not None and (value in wanted) == (condition.op == "in")
    if value is None:
        return False
    if condition.op == "between":
        assert isinstance(wanted, tuple)
        return bool(wanted[0] <= value <= wanted[1])  # type: ignore[operator]
    if condition.op == "starts_with":
        return str(value).startswith(str(wanted))
    operators = {"eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}
    return bool(getattr(value, operators[condition.op])(wanted))


def _admits(agreement: AgreementGrant, row: Row) -> bool:
    return any(all(_holds(condition, row) for condition in rule) for rule in agreement.rows)


def _shown(agreements: list[AgreementGrant], column: str, row: Row) -> object:
    """The cell that the agreements give: raw if one that shows it admits the row, else the first mask, else nothing."""
    givers = [a for a in agreements if column in a.columns and _admits(a, row)]
    if any(a.columns[column] is None for a in givers):
        return row[column]
    masks = [a.columns[column] for a in givers]
    if not masks or masks[0] is None or masks[0].kind == "null":
        return None
    return masks[0].value if column in ("ship", "carrier") else int(str(masks[0].value))


@settings(max_examples=250, deadline=None)
@given(_agreements, _rows)
def test_the_guard_gives_the_cells_that_the_agreements_give_and_no_others(
    agreements: list[AgreementGrant], rows: list[Row]
) -> None:
    granted = [c for c in ("id", "ship", "carrier", "hrs") if any(c in a.columns for a in agreements)]
    if not granted:
        return
    resolved, grant = decided(f"SELECT {', '.join(granted)} FROM los_angeles.pola.visit", says({VISIT: agreements}))
    sql = emit(guard_tables(resolved, grant))

    verify(sql, grant)
    answer = _run(sql, rows)

    expected = [
        tuple(_shown(agreements, column, row) for column in granted)
        for row in rows
        if any(_admits(agreement, row) for agreement in agreements)
    ]
    assert sorted(map(repr, answer)) == sorted(map(repr, expected))


def _run(sql: str, rows: list[Row]) -> list[tuple[object, ...]]:
    translated = sqlglot.transpile(sql, read=DIALECT, write="duckdb")[0].replace('"los_angeles"."pola".', "")
    with DATABASE.cursor() as database:
        database.execute("CREATE OR REPLACE TEMP TABLE visit (id bigint, ship varchar, carrier varchar, hrs double)")
        if rows:
            typed = [(r["id"], r["ship"], r["carrier"], r["hrs"]) for r in rows]
            database.executemany("INSERT INTO visit VALUES (?, ?, ?, ?)", typed)
        found = database.execute(translated).fetchall()
    return [tuple(int(v) if isinstance(v, float) and v.is_integer() else v for v in row) for row in found]


def masked(column: str, mask: Mask) -> AgreementGrant:
    return AgreementGrant("a1", {column: mask}, ((),), "words of a1")


HASH = "substr(to_hex(hmac_sha256(to_utf8(\"ship\"), from_hex('{}'))), 1, 32)"
MASKS = [
    ("ship", Mask("truncate", 4), 'substr("ship", 1, 4)'),
    ("ship", Mask("truncate", 0, "*"), 'rpad(substr("ship", 1, 0), length("ship"), \'*\')'),
    ("ship", Mask("truncate", 2, "'"), "rpad(substr(\"ship\", 1, 2), length(\"ship\"), '''')"),
    ("ship", Mask("keyed_hash"), HASH.format(KEYS["los_angeles"])),
    ("ship", Mask("join_hash"), HASH.format(KEYS["*"])),
    ("at", Mask("time_grain", "hour"), "date_trunc('hour', \"at\")"),
    ("docked", Mask("time_grain", "month"), "date_trunc('month', \"docked\")"),
    ("id", Mask("band", 50), 'try(CAST("id" - ((("id" % 50) + 50) % 50) AS BIGINT))'),
    ("hrs", Mask("band", 0.5), 'CAST(floor("hrs" / 0.5) * 0.5 AS DOUBLE)'),
    ("hrs", Mask("geo_grid", 2.0), 'CAST(floor("hrs" / 2) * 2 AS DOUBLE)'),
]


@pytest.mark.parametrize(("column", "mask", "value"), MASKS)
def test_a_mask_is_an_expression_over_the_value_that_keeps_its_type(column: str, mask: Mask, value: str) -> None:
    decision = says({VISIT: [masked(column, mask)]})
    query = f"SELECT {column} FROM los_angeles.pola.visit"

    sql = rewritten(query, decision)

    _, grant = decided(query, decision)
    assert sql == (
        f'SELECT "{column}" FROM (SELECT {value} AS "{column}" FROM "los_angeles"."pola"."visit") AS "visit"'
    )
    assert verify(sql, grant).sql == sql


@pytest.mark.parametrize(("column", "mask", "_"), MASKS)
def test_a_mask_that_was_not_agreed_is_caught(column: str, mask: Mask, _: str) -> None:
    query = f"SELECT {column} FROM los_angeles.pola.visit"
    sql = rewritten(query, says({VISIT: [masked(column, mask)]}))
    for _, other, _ in MASKS:
        grant = decided(query, says({VISIT: [masked(column, other)]}))[1]
        if other != mask:
            with pytest.raises(VerificationFailed):
                verify(sql, grant)


@pytest.mark.parametrize(
    ("column", "mask"),
    [
        ("hrs", Mask("truncate", 1)),
        ("at", Mask("band", 5)),
        ("ship", Mask("band", 5)),
        ("ship", Mask("time_grain", "day")),
        ("id", Mask("geo_grid", 1)),
        ("docked", Mask("time_grain", "hour")),
        ("id", Mask("keyed_hash")),
        ("hrs", Mask("band")),
    ],
)
def test_a_mask_that_the_type_cannot_take_is_refused(column: str, mask: Mask) -> None:
    with pytest.raises(Denied):
        rewritten(f"SELECT {column} FROM los_angeles.pola.visit", says({VISIT: [masked(column, mask)]}))
