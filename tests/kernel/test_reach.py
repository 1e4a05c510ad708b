"""The reach holds what the policy's grant needs of the ports' own tables, and not a column more."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlglot import exp

from gateway.kernel.dialect import read_text
from gateway.kernel.plan import without
from gateway.kernel.reach import reach_of
from gateway.model import AgreementGrant, Condition, Decision, Mask, Reach, TableName
from tests.world import (
    CALL_COLUMNS,
    CALLS,
    CATALOG,
    EVERYTHING,
    LA_CALLS,
    OAK_CALLS,
    SHIP,
    VISIT,
    decided,
    gives,
    rewritten,
    says,
)

MSC = ((Condition("carrier", "eq", "MSC"),),)


def reach(sql: str, decision: Decision = EVERYTHING) -> Reach:
    return reach_of(*decided(sql, decision))


def on_visit(agreement: AgreementGrant) -> Decision:
    return says({VISIT: [agreement]})


def test_a_ports_own_table_is_reached_with_the_columns_that_are_used() -> None:
    assert reach("SELECT ship FROM los_angeles.pola.visit WHERE hrs > 1") == {VISIT: {"ship", "hrs"}}


def test_a_row_condition_reaches_its_column_though_the_partner_may_not_see_it() -> None:
    assert reach("SELECT ship FROM los_angeles.pola.visit", on_visit(gives("ship", rows=MSC))) == {
        VISIT: {"ship", "carrier"}
    }


def test_a_table_that_is_only_counted_is_reached_with_no_column() -> None:
    assert reach("SELECT count(*) FROM los_angeles.pola.visit") == {VISIT: frozenset()}


@pytest.mark.parametrize("mask", [Mask("null"), Mask("constant", "hidden")])
def test_a_value_that_is_masked_away_is_out_of_reach(mask: Mask) -> None:
    agreement = gives("ship", carrier=mask)

    assert reach("SELECT ship, carrier FROM los_angeles.pola.visit", on_visit(agreement)) == {VISIT: {"ship"}}


def test_a_value_that_is_hashed_is_in_reach() -> None:
    agreement = gives("ship", carrier=Mask("keyed_hash"))

    assert reach("SELECT carrier FROM los_angeles.pola.visit", on_visit(agreement)) == {VISIT: {"carrier"}}


def test_a_canonical_column_reaches_what_each_ports_mapping_makes_it_of() -> None:
    assert reach("SELECT ship, hours FROM calls") == {VISIT: {"ship", "hrs"}, SHIP: {"mmsi"}}


def test_a_column_that_one_port_withholds_is_out_of_reach_there_though_another_gives_it() -> None:
    decision = says({LA_CALLS: [gives("ship")], OAK_CALLS: [gives("ship", "call_id")]})

    assert reach("SELECT ship, call_id FROM calls", decision) == {VISIT: {"ship"}, SHIP: {"mmsi", "vc_id"}}


def test_a_canonical_row_condition_reaches_its_column_where_the_port_keeps_it() -> None:
    decision = says({LA_CALLS: [gives("ship", rows=MSC)], OAK_CALLS: [gives("ship", rows=MSC)]})

    assert reach("SELECT ship FROM calls", decision) == {VISIT: {"ship", "carrier"}, SHIP: {"mmsi"}}


def test_a_port_that_no_row_can_come_from_is_out_of_reach() -> None:
    assert reach("SELECT ship FROM calls WHERE port_unlocode = 'USOAK'") == {SHIP: {"mmsi"}}


def test_a_port_that_is_left_out_is_out_of_reach() -> None:
    resolved, grant = decided("SELECT ship FROM calls")

    assert reach_of(without(resolved, frozenset({"oakland"})), grant) == {VISIT: {"ship"}}


def test_a_table_of_two_uses_is_reached_with_the_columns_of_both() -> None:
    sql = "SELECT a.ship FROM los_angeles.pola.visit a WHERE EXISTS (SELECT 1 FROM calls b WHERE b.hours > a.id)"

    assert reach(sql)[VISIT] == {"ship", "id", "hrs"}


SOURCE = """
SELECT FROM "los_angeles"."pola"."visit" AS "v"
JOIN (SELECT "s"."id" AS "id" FROM "los_angeles"."pola"."stay" AS "s" WHERE "s"."kind" = 'x' GROUP BY "s"."id") AS "w"
  ON "w"."id" = "v"."id"
LEFT JOIN "los_angeles"."pola"."note" AS "n" ON TRUE
CROSS JOIN UNNEST(SPLIT("v"."ship", ',')) AS "u"("part")
WHERE "v"."carrier" <> 'NAVY'
"""


def test_what_a_mapping_joins_filters_groups_and_unnests_is_always_in_reach() -> None:
    source = read_text(SOURCE.replace("SELECT FROM", "SELECT 1 FROM"))
    assert isinstance(source, exp.Select)
    source.set("expressions", [])
    mapping = replace(CATALOG.mappings["calls"]["los_angeles"], source=source)
    resolved, grant = decided("SELECT hours FROM calls WHERE port_unlocode = 'USLAX'")
    branches = tuple(replace(b, mapping=mapping) if b.port == "los_angeles" else b for b in grant.tables[CALLS])
    other_catalog = replace(grant.known, revision="with a joined mapping")

    reached = reach_of(resolved, replace(grant, tables={**grant.tables, CALLS: branches}, known=other_catalog))

    assert reached == {
        VISIT: {"id", "ship", "carrier", "hrs"},
        TableName("los_angeles", "pola", "stay"): {"id", "kind"},
        TableName("los_angeles", "pola", "note"): frozenset(),
    }


def read_by(sql: str) -> dict[TableName, set[str]]:
    """What a text reads of tables with a catalog, found without any of our own code: as Trino would resolve it."""
    read: dict[TableName, set[str]] = {}
    for select in read_text(sql).find_all(exp.Select):
        clauses = [c for c in (select.args.get("from_"), *(select.args.get("joins") or ())) if c]
        for table in (clause.this for clause in clauses):
            if isinstance(table, exp.Table) and table.catalog:
                name = TableName(table.catalog, table.db, table.name)
                read.setdefault(name, set()).update(column.name for column in select.find_all(exp.Column))
    return read


AGREEMENTS: dict[str, Decision] = {
    "everything": EVERYTHING,
    "some rows": says({LA_CALLS: [gives(*CALL_COLUMNS, rows=MSC)], OAK_CALLS: [gives("ship")], VISIT: [gives("ship")]}),
    "masks": says(
        {
            LA_CALLS: [gives("ship", carrier=Mask("null"), call_id=Mask("keyed_hash")), gives("carrier", rows=MSC)],
            OAK_CALLS: [gives("call_id")],
            VISIT: [gives("ship", carrier=Mask("keyed_hash"))],
        }
    ),
}


@pytest.mark.parametrize("agreements", AGREEMENTS)
@pytest.mark.parametrize(
    "sql",
    [
        "SELECT ship FROM calls",
        "SELECT * FROM calls",
        "SELECT count(*) FROM calls",
        "SELECT a.ship FROM calls a JOIN calls b ON a.call_id = b.call_id WHERE b.ship > 'M'",
        "WITH c AS (SELECT ship, call_id FROM calls) SELECT count(DISTINCT call_id) FROM c UNION SELECT 1",
        "SELECT ship FROM los_angeles.pola.visit WHERE EXISTS (SELECT 1 FROM calls)",
        "SELECT l.x FROM calls c CROSS JOIN LATERAL (SELECT c.call_id AS x) l FULL JOIN calls d USING (ship)",
        "SELECT ship FROM calls TABLESAMPLE BERNOULLI (50) INTERSECT TABLE los_angeles.pola.visit",
    ],
)
def test_the_reach_is_exactly_what_the_guards_read(agreements: str, sql: str) -> None:
    decision = AGREEMENTS[agreements]

    assert reach(sql, decision) == read_by(rewritten(sql, decision))
