"""Names mean to us what they mean to Trino."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import Denied, Unresolved
from gateway.kernel.authorise import authorise, grant_of
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.kernel.resolve import resolve, survey
from tests.world import CATALOG, EVERYTHING, LA_CALLS, decided, gives, says


def uses(sql: str) -> list[tuple[str, str, list[str], list[str]]]:
    """Table, alias, ports and columns of each use, as the survey sees them."""
    return [(str(u.name), u.alias, sorted(u.ports), sorted(u.columns)) for u in survey(parse(sql), CATALOG).uses]


def test_a_bare_name_is_a_canonical_table_of_all_ports() -> None:
    assert uses("SELECT ship FROM calls") == [
        ("california.freight.calls", "calls", ["los_angeles", "oakland"], ["ship"])
    ]


def test_a_ports_freight_schema_is_its_part_of_the_canonical_table() -> None:
    assert uses("SELECT ship FROM oakland.freight.calls c") == [
        ("california.freight.calls", "c", ["oakland"], ["ship"])
    ]


def test_names_are_compared_without_case_even_in_quotes() -> None:
    assert uses('SELECT C."SHIP" FROM "CALLS" AS "C"')[0][3] == ["ship"]


def test_output_columns_keep_the_partners_spelling() -> None:
    resolved, _ = decided("SELECT Ship, hours AS Hrs FROM calls")
    assert emit(resolved.tree).startswith('SELECT "ship" AS "Ship", "hours" AS "Hrs"')


@pytest.mark.parametrize(
    ("sql", "tables"),
    [
        ("WITH calls AS (SELECT ship FROM calls) SELECT * FROM calls", 1),
        ("WITH a AS (SELECT * FROM calls), calls AS (SELECT 1 AS x) SELECT * FROM a, calls AS c", 1),
        ("WITH calls AS (SELECT 1 AS ship) SELECT * FROM calls", 0),
        ("WITH calls AS (SELECT 1 AS ship) SELECT * FROM freight.calls", 1),
        ("WITH calls AS (SELECT 1 AS ship) SELECT * FROM california.freight.calls", 1),
        ('WITH "CALLS" AS (SELECT 1 AS ship) SELECT * FROM calls', 0),
        ("SELECT * FROM (WITH calls AS (SELECT 1 AS x) SELECT * FROM calls) a, calls", 1),
        ("SELECT (WITH calls AS (SELECT 1 AS x) SELECT max(x) FROM calls), ship FROM calls", 1),
        ("WITH a AS (WITH calls AS (SELECT 1 AS x) SELECT x FROM calls) SELECT x, ship FROM a, calls", 1),
        ("SELECT 1 WHERE EXISTS (SELECT 1 FROM calls)", 1),
        ("SELECT 1 FROM calls ORDER BY (SELECT max(c.hours) FROM calls c)", 2),
        ("SELECT sum(hours) FILTER (WHERE ship IN (SELECT d.ship FROM calls d)) FROM calls", 2),
        ("SELECT 1 FROM calls GROUP BY (SELECT max(c.hours) FROM calls c)", 2),
        ("SELECT 1 FROM calls a JOIN calls b ON a.ship = (SELECT max(c.ship) FROM calls c)", 3),
        ("(SELECT ship FROM calls) UNION (SELECT ship FROM calls ORDER BY ship)", 2),
    ],
)
def test_only_a_cte_in_scope_hides_a_table(sql: str, tables: int) -> None:
    assert len(survey(parse(sql), CATALOG).uses) == tables


@pytest.mark.parametrize(
    ("sql", "ports"),
    [
        ("SELECT ship FROM calls WHERE port_unlocode = 'USOAK'", [["oakland"]]),
        ("SELECT ship FROM calls WHERE (port_unlocode IN ('USOAK')) AND hours > 1", [["oakland"]]),
        ("SELECT ship FROM calls WHERE port_unlocode = 'USOAK' OR hours > 1", [["los_angeles", "oakland"]]),
        ("SELECT ship FROM calls WHERE NOT port_unlocode = 'USOAK'", [["los_angeles", "oakland"]]),
        ("SELECT ship FROM calls WHERE port_unlocode = 'nowhere'", [["los_angeles", "oakland"]]),
        (
            "SELECT 1 FROM calls a JOIN calls b ON a.ship = b.ship AND b.port_unlocode = 'USOAK' "
            "WHERE a.port_unlocode = 'USLAX'",
            [["los_angeles"], ["oakland"]],
        ),
        (
            "SELECT 1 FROM calls a LEFT JOIN calls b ON a.port_unlocode = 'USOAK'",
            [["los_angeles", "oakland"], ["los_angeles", "oakland"]],
        ),
        (
            "SELECT 1 FROM calls a WHERE EXISTS (SELECT 1 FROM calls b WHERE a.port_unlocode = 'USOAK')",
            [["los_angeles", "oakland"], ["los_angeles", "oakland"]],
        ),
    ],
)
def test_a_port_is_left_out_only_where_no_row_of_it_can_count(sql: str, ports: list[list[str]]) -> None:
    assert [use[2] for use in uses(sql)] == ports


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT nope FROM calls", "no column nope"),
        ("SELECT x.ship FROM calls", "no column x.ship"),
        ("SELECT calls.ship FROM calls c", "no column calls.ship"),
        ("SELECT tos.calls.ship FROM calls", "no column tos.calls.ship"),
        ("SELECT ship FROM calls a, calls b", "two columns"),
        ("SELECT 1 FROM calls, calls", "is taken"),
        ('SELECT 1 FROM calls AS "portgate mapping"', "is taken"),
        ("SELECT x.* FROM calls", "nothing here is called x"),
        ("SELECT 1 FROM nowhere", "no table nowhere"),
        ("SELECT 1 FROM oakland.tos.nowhere", "no table oakland.tos.nowhere"),
        ("SELECT 1 FROM system.runtime.queries", "no table system.runtime.queries"),
        ("SELECT 1 FROM information_schema.tables", "no table information_schema.tables"),
        ("SELECT ship AS s FROM calls WHERE s = 'x'", "no column s"),
        ("SELECT ship FROM calls UNION SELECT ship FROM calls ORDER BY hours", "no column hours"),
        ("SELECT 1 FROM calls a JOIN (SELECT a.ship AS s) b ON true", "no column a.ship"),
        ("WITH a (x, y) AS (SELECT 1) SELECT * FROM a", "2 names for 1 columns"),
        ("SELECT _ FROM (SELECT count(*) FROM calls) c", "no column _"),
        ("SELECT _ FROM calls", "no column _"),
    ],
)
def test_a_name_without_one_meaning_is_refused(sql: str, said: str) -> None:
    with pytest.raises(Unresolved) as refused:
        decided(sql)

    assert said in str(refused.value)


def test_new_column_names_on_a_table_go_by_the_position_of_what_was_granted() -> None:
    resolved, _ = decided("SELECT p FROM calls AS c (p, q)", says({LA_CALLS: [gives("port_unlocode", "ship")]}))

    assert resolved.uses[0].columns == {"port_unlocode", "ship"}
    with pytest.raises(Unresolved):
        decided("SELECT p FROM calls AS c (p, q, r)", says({LA_CALLS: [gives("port_unlocode", "ship")]}))


ONLY_SHIPS = says({LA_CALLS: [gives("port_unlocode", "ship")]})


@pytest.mark.parametrize(
    ("forbidden", "absent"),
    [
        ("SELECT 1 FROM oakland.tos.ship", "SELECT 1 FROM oakland.tos.none"),
        ("SELECT x FROM oakland.tos.ship", "SELECT x FROM oakland.tos.none"),
        ("SELECT vc_id FROM oakland.tos.ship", "SELECT vc_id FROM oakland.tos.none"),
        ("SELECT crew FROM los_angeles.pola.visit", "SELECT abcd FROM los_angeles.pola.visit"),
    ],
)
def test_absent_and_forbidden_end_in_the_same_words(forbidden: str, absent: str) -> None:
    decision = says({LA_CALLS: [gives("ship")]}) if "tos" in forbidden else EVERYTHING
    with pytest.raises(Unresolved) as first:
        decided(forbidden, decision)
    with pytest.raises(Unresolved) as second:
        decided(absent, decision)

    told = [str(e.value).replace("ship", "none").replace("crew", "abcd") for e in (first, second)]
    assert told[0] == told[1]
    assert first.value.hint == second.value.hint


def test_a_hidden_column_makes_no_name_ambiguous() -> None:
    """Both tables have `ship`, but of the second only `id` is granted: in the partner's world the name is plain."""
    decision = says({LA_CALLS: [gives("ship")], LA_CALLS._replace(schema="pola", table="visit"): [gives("id")]})

    resolved, _ = decided("SELECT ship FROM calls, los_angeles.pola.visit", decision)

    assert [sorted(use.columns) for use in resolved.uses] == [["ship"], []]


def test_a_star_shows_what_is_granted() -> None:
    resolved, _ = decided("SELECT * FROM calls", ONLY_SHIPS)

    assert sorted(resolved.uses[0].columns) == ["port_unlocode", "ship"]


def test_a_published_column_that_nobody_gives_is_denied_with_the_ports_words() -> None:
    decision = says({LA_CALLS: [gives("ship")]}, {"carrier": "Carriers are our customers."})

    with pytest.raises(Denied) as denied:
        decided("SELECT carrier FROM calls", decision)

    assert "los_angeles: Carriers are our customers" in str(denied.value)


def test_a_published_table_that_nobody_gives_is_denied_where_it_is_named() -> None:
    with pytest.raises(Denied) as denied:
        decided("SELECT 1\nFROM calls", says({}))

    assert (denied.value.line, denied.value.column) == (2, 6)
    assert "la@example.org" in denied.value.hint


def test_a_port_that_keeps_no_such_data_is_not_one_to_ask() -> None:
    oakland = replace(CATALOG.ports["oakland"], not_part={"calls": "Oakland keeps no calls."})
    ports = {**CATALOG.ports, "oakland": oakland}
    statement = parse("SELECT 1 FROM calls WHERE port_unlocode = 'USOAK'")
    catalog = replace(CATALOG, ports=ports, mappings={})

    with pytest.raises(Denied) as denied:
        authorise(statement, survey(statement, catalog), says({}), grant_of(says({}), catalog, {}))

    assert denied.value.hint == "Oakland keeps no calls."


def test_resolving_leaves_the_statement_as_it_was() -> None:
    statement = parse("SELECT A.Ship FROM Calls A WHERE A.port_unlocode = 'USOAK'")
    before = emit(statement.tree)

    resolve(statement, CATALOG)

    assert emit(statement.tree) == before
