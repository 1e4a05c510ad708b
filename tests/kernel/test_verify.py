"""`verify` accepts what `rewrite` makes, and refuses other texts; `tests/mutants` spoils them in every way."""

from __future__ import annotations

import pytest

from gateway.errors import VerificationFailed
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


def test_a_value_over_a_mapping_that_does_not_carry_its_rule_is_caught() -> None:
    decision = says({LA_CALLS: [gives("ship", rows=((Condition("carrier", "eq", "MSC"),),))]})
    sql = rewritten("SELECT ship FROM calls", decision)
    rule = 'CASE WHEN "carrier" = \'MSC\' AND random() >= 0e0 THEN "ship" ELSE CAST(NULL AS VARCHAR) END'
    assert rule in sql
    _, grant = decided("SELECT ship FROM calls", decision)

    with pytest.raises(VerificationFailed, match=r"\(6\)"):
        verify(sql.replace(rule, '"ship"'), grant)


@pytest.mark.parametrize("instead", ["", " AND random() >= 0.5e0", " AND 0e0 >= 0e0", " OR random() >= 0e0"])
def test_a_choice_that_trino_may_move_is_caught(instead: str) -> None:
    decision = says({LA_CALLS: [gives("ship", rows=((Condition("carrier", "eq", "MSC"),),))]})
    sql = rewritten("SELECT ship FROM calls", decision)
    chance = " AND random() >= 0e0"
    assert sql.count(chance) == 1
    _, grant = decided("SELECT ship FROM calls", decision)

    with pytest.raises(VerificationFailed, match=r"\(6\)"):
        verify(sql.replace(chance, instead), grant)


def test_a_rule_that_may_be_unknown_is_caught() -> None:
    decision = says({VISIT: [gives("ship", rows=((Condition("carrier", "eq", "MSC"),),))]})
    sql = rewritten("SELECT ship FROM los_angeles.pola.visit", decision)
    known = " AND coalesce(\"carrier\" = 'MSC', FALSE)"
    assert known in sql
    _, grant = decided("SELECT ship FROM los_angeles.pola.visit", decision)

    with pytest.raises(VerificationFailed, match=r"\(5\)"):
        verify(sql.replace(known, ""), grant)


def test_a_guard_over_a_mapping_that_masks_all_it_shows_reads_no_column() -> None:
    decision = says({LA_CALLS: [gives(ship=Mask("null"), carrier=Mask("constant", "no"))]})

    assert '"ship" AS' not in rewritten("SELECT ship, carrier FROM calls", decision).split("FROM (SELECT")[2]
    verify(rewritten("SELECT ship, carrier FROM calls", decision), decided("SELECT ship FROM calls", decision)[1])
