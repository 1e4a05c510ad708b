"""SHOW and DESCRIBE become queries over what the partner may see, with Trino's names for the columns."""

from __future__ import annotations

import asyncio

import pytest

from gateway.conversation import QueryRequest
from gateway.errors import NotAllowed, Unresolved
from gateway.model import Place
from gateway.session.commands import Show
from gateway.session.metadata import Seen
from gateway.session.shows import shown
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import EVERYTHING, LA_CALLS, PARTNER, gives, says

PURPOSE = "freight_resilience"
NOWHERE = Place()


def sees(decision: object = EVERYTHING) -> Seen:
    return asyncio.run(gate(Log(), FakeEngine(Log()), FixedPolicy(decision)).seen(PARTNER, PURPOSE))  # type: ignore[arg-type]


def sent(show: Show, place: Place = NOWHERE) -> str:
    """What Trino gets for it in the end."""
    log = Log()
    engine = FakeEngine(log)
    asyncio.run(gate(log, engine).answer(PARTNER, QueryRequest(shown(show, place, sees()), PURPOSE)))
    return engine.sent[0][0]


@pytest.mark.parametrize(
    ("show", "place", "expected"),
    [
        (
            Show("catalogs"), NOWHERE,
            'SELECT "table_cat" AS "Catalog" FROM "system"."jdbc"."catalogs" ORDER BY "table_cat"',
        ),
        (
            Show("schemas", ("oakland",), "t!_%", "!"), NOWHERE,
            'SELECT "schema_name" AS "Schema" FROM "oakland"."information_schema"."schemata" '
            "WHERE \"schema_name\" LIKE 't!_%' ESCAPE '!' ORDER BY \"schema_name\"",
        ),
        (
            Show("tables", ("tos",)), Place("oakland"),
            'SELECT "table_name" AS "Table" FROM "oakland"."information_schema"."tables" '
            "WHERE \"table_schema\" = 'tos' ORDER BY \"table_name\"",
        ),
        (
            Show("columns", ("ship",)), Place("oakland", "tos"),
            'SELECT "column_name" AS "Column", coalesce("data_type", \'\') AS "Type", '
            'coalesce("extra_info", \'\') AS "Extra", coalesce("comment", \'\') AS "Comment" '
            'FROM "oakland"."information_schema"."columns" '
            "WHERE \"table_schema\" = 'tos' AND \"table_name\" = 'ship' ORDER BY \"ordinal_position\"",
        ),
    ],
)  # fmt: skip
def test_a_listing_is_a_query_over_a_metadata_relation(show: Show, place: Place, expected: str) -> None:
    assert shown(show, place, sees()) == expected
    assert sent(show, place)


def test_without_a_name_the_session_says_where() -> None:
    assert "'pola'" in shown(Show("tables"), Place("los_angeles", "pola"), sees())
    assert "'freight'" in shown(Show("tables"), NOWHERE, sees())
    assert '"oakland"."information_schema"' in shown(Show("schemas"), Place("oakland"), sees())


@pytest.mark.parametrize(
    ("absent", "forbidden"),
    [
        (Show("schemas", ("nowhere",)), Show("schemas", ("oakland",))),
        (Show("tables", ("oakland", "nowhere")), Show("tables", ("oakland", "tos"))),
        (Show("columns", ("oakland", "tos", "nowhere")), Show("columns", ("oakland", "tos", "ship"))),
        (Show("create table", ("oakland", "tos", "nowhere")), Show("create table", ("oakland", "tos", "ship"))),
    ],
)
def test_what_is_absent_and_what_is_forbidden_end_in_the_same_words(absent: Show, forbidden: Show) -> None:
    one_port = sees(says({LA_CALLS: [gives("call_id")]}))

    with pytest.raises(Unresolved) as gone:
        shown(absent, NOWHERE, one_port)
    with pytest.raises(Unresolved) as closed:
        shown(forbidden, NOWHERE, one_port)

    assert str(gone.value).replace("nowhere", forbidden.name[-1]) == str(closed.value)
    assert shown(forbidden, NOWHERE, sees())


def test_a_hidden_table_is_not_there() -> None:
    with pytest.raises(Unresolved):
        shown(Show("columns", ("oakland", "tos", "ship$partitions")), NOWHERE, sees())


def test_functions_are_those_that_may_be_called() -> None:
    text = shown(Show("functions", like="abs%"), NOWHERE, sees())

    assert "\nabs\n" in text
    assert "\nversion" in text
    assert "current_groups" not in text
    assert text.endswith('WHERE "Function" LIKE \'abs%\' ORDER BY "Function"')
    assert sent(Show("functions", like="abs%"))


def test_a_table_can_be_read_as_its_definition() -> None:
    assert shown(Show("create table", ("oakland", "tos", "ship")), NOWHERE, sees()) == (
        "SELECT CAST('CREATE TABLE oakland.tos.ship (\n   vc_id varchar COMMENT ''what vc_id means.'',\n"
        "   mmsi bigint COMMENT ''what mmsi means.''\n)\nCOMMENT ''what ship holds.''' AS VARCHAR) AS \"Create Table\""
    )


def test_a_canonical_table_is_what_its_ports_give_of_it() -> None:
    listed = "SELECT port_unlocode, call_id, ship, carrier, hours, arrived\nFROM"

    assert shown(Show("create view", ("calls",)), NOWHERE, sees()) == (
        "SELECT CAST('CREATE VIEW california.freight.calls COMMENT ''what calls holds.'' AS\n"
        f'{listed} los_angeles.freight.calls\nUNION ALL\n{listed} oakland.freight.calls\' AS VARCHAR) AS "Create View"'
    )
    with pytest.raises(NotAllowed, match="is a table, not a view"):
        shown(Show("create view", ("oakland", "tos", "ship")), NOWHERE, sees())
