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
