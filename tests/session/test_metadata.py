"""What metadata shows is what may be selected: each relation holds the partner's own view, and no port is asked."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import pytest

from gateway.audit.record import DecisionRecord
from gateway.conversation import Preview, QueryRequest, Session
from gateway.errors import GatewayError, Unresolved
from gateway.model import Content, Decision, Partner, Place, TableName
from gateway.pipeline import Gate
from gateway.session.metadata import Seen, contents
from gateway.session.relations import RELATIONS, SYSTEM, SYSTEM_SCHEMAS, columns_of
from tests.simulator import FakeEngine, FixedPolicy, Log, gate
from tests.world import CALLS, EVERYTHING, LA_CALLS, PARTNER, SHIP, VISIT, gives, says

PURPOSE = "freight_resilience"
ONE_PORT = says({LA_CALLS: [gives("call_id", "ship")], VISIT: [gives("id")]})
NOTHING = says({})
DECISIONS = {"everything": EVERYTHING, "one port": ONE_PORT, "nothing": NOTHING}


def sees(decision: Decision = EVERYTHING) -> Seen:
    return asyncio.run(gate(Log(), FakeEngine(Log()), FixedPolicy(decision)).seen(PARTNER, PURPOSE))


def content(relation: str, decision: Decision = EVERYTHING, *columns: str) -> list[tuple[object, ...]]:
    """The rows of a relation, with these columns or all."""
    name = TableName(*relation.split("."))
    known = columns_of(name)
    assert known is not None
    wanted = columns or tuple(known)
    given: Content = contents(sees(decision), {name: frozenset(wanted)})[name]
    nothing = (None,) * given.rows
    return sorted(zip(*(given.columns.get(column, nothing) for column in wanted), strict=True), key=repr)


def ask(sql: str, decision: Decision = EVERYTHING, place: Place | None = None) -> tuple[str, Gate, Log]:
    """Take a text up to what is sent to Trino."""
    log = Log()
    engine = FakeEngine(log)
    asked = gate(log, engine, FixedPolicy(decision))
    session = Session(catalog=place.catalog, schema=place.schema) if place else Session()
    asyncio.run(asked.answer(PARTNER, QueryRequest(sql, PURPOSE, session=session)))
    return engine.sent[0][0], asked, log


def is_refused(sql: str, decision: Decision, place: Place | None = None) -> GatewayError | None:
    try:
        ask(sql, decision, place)
    except GatewayError as error:
        return error
    return None


# --- what is listed --------------------------------------------------------------------------------------------------


def test_tables_are_listed_by_each_name_that_they_can_be_read_by() -> None:
    relation, columns = "california.information_schema.tables", ("table_schema", "table_name", "table_type")

    assert content(relation, EVERYTHING, *columns)[0] == ("freight", "calls", "BASE TABLE")
    assert [name for name in sees().listed if name.schema not in SYSTEM_SCHEMAS] == [
        CALLS, LA_CALLS, VISIT, TableName("oakland", "freight", "calls"), SHIP,
    ]  # fmt: skip


def test_a_port_that_gives_nothing_is_in_no_listing() -> None:
    assert content("system.jdbc.catalogs", ONE_PORT) == [("california",), ("los_angeles",), ("system",)]
    assert not [row for row in content("system.jdbc.columns", ONE_PORT) if "oakland" in row]


def test_comments_carry_definition_and_who_does_not_keep_a_column() -> None:
    listed = content("california.information_schema.columns", EVERYTHING, "column_name", "comment")
    comments = {row[0]: row[1] for row in listed}

    assert comments["hours"] == "what hours means. Not kept by oakland: Oakland does not keep it."
    assert comments["ship"] == "what ship means."


def test_jdbc_is_told_the_types_as_trino_tells_them() -> None:
    rows = content(
        "system.jdbc.columns", EVERYTHING, "table_name", "column_name", "data_type", "type_name", "column_size"
    )

    assert ("calls", "arrived", 93, "timestamp(3)", 25) in rows
    assert ("visit", "docked", 91, "date", 14) in rows
    assert ("ship", "mmsi", -5, "bigint", 19) in rows


def test_every_relation_has_content_of_its_own_columns_alone() -> None:
    for schema, table in RELATIONS:
        name = TableName(SYSTEM, schema, table)
        given = contents(sees(), {name: frozenset(columns_of(name) or {})})[name]
        assert all(len(values) == given.rows for values in given.columns.values()), name


@pytest.mark.parametrize("decision", DECISIONS.values(), ids=DECISIONS)
def test_what_metadata_shows_is_what_may_be_selected(decision: Decision) -> None:
    listed = set(sees(decision).listed)
    shown = {(column.table, column.name) for column in sees(decision).columns()}

    for name in {*every_name(), *listed}:
        refused = is_refused(f"SELECT count(*) FROM {name}", decision)
        assert (refused is None) == (name in listed), (name, refused)
        for column in every_column(name, shown):
            written = '"end"' if column == "end" else column  # Trino reserves this word
            refused = is_refused(f"SELECT {written} FROM {name}", decision)
            assert (refused is None) == ((name, column) in shown), (name, column, refused)


def every_name() -> Iterable[TableName]:
    """Every name that the world has, whoever may read it, and some that it has not."""
    yield from [CALLS, LA_CALLS, VISIT, TableName("oakland", "freight", "calls"), SHIP]
    yield from [
        TableName("oakland", "freight", "ship"),
        TableName("oakland", "tos", "calls"),
        CALLS._replace(table="x"),
    ]
    for catalog in ("california", "los_angeles", "oakland", "system", "nowhere"):
        yield TableName(catalog, "information_schema", "tables")
        yield TableName(catalog, "jdbc", "tables")


def every_column(name: TableName, shown: set[tuple[TableName, str]]) -> list[str]:
    if name.schema in SYSTEM_SCHEMAS:
        return sorted(column for table, column in shown if table == name)
    return ["call_id", "ship", "crew_id", "crew", "hours", "id", "vc_id", "nix"]


def test_an_absent_and_a_forbidden_relation_end_in_the_same_words() -> None:
    forbidden = is_refused("SELECT * FROM oakland.information_schema.tables", ONE_PORT)
    absent = is_refused("SELECT * FROM nowhere.information_schema.tables", ONE_PORT)

    assert isinstance(forbidden, Unresolved)
    assert isinstance(absent, Unresolved)
    assert str(forbidden).replace("oakland", "nowhere") == str(absent)
    assert is_refused("SELECT * FROM los_angeles.information_schema.tables", ONE_PORT) is None


# --- as ordinary relations -------------------------------------------------------------------------------------------


def test_no_port_is_asked_and_the_policy_only_once() -> None:
    log, policy = Log(), FixedPolicy(EVERYTHING)
    engine = FakeEngine(log, dead={"los_angeles", "oakland"})

    asyncio.run(gate(log, engine, policy).answer(PARTNER, QueryRequest("TABLE system.jdbc.columns", PURPOSE)))

    assert engine.admitted[0].reach == {}
    assert len(policy.questions) == 1


def test_a_query_over_metadata_and_data_reads_only_its_own_table() -> None:
    sql, _, _ = ask("SELECT s.mmsi FROM oakland.tos.ship AS s JOIN system.jdbc.tables AS t ON t.table_name = s.vc_id")

    assert '"oakland"."tos"."ship"' in sql
    assert "los_angeles.pola" not in sql
    assert '"jdbc"' not in sql


def test_only_columns_that_the_text_can_use_are_sent() -> None:
    sql, _, _ = ask("SELECT table_name FROM oakland.information_schema.tables WHERE table_schema = 'tos'")

    assert sql == (
        "SELECT \"table_name\" FROM (SELECT CAST('tos' AS VARCHAR) AS \"table_schema\", CAST('ship' AS VARCHAR) AS "
        '"table_name") AS "tables" WHERE "table_schema" = \'tos\''
    )


def test_a_star_shows_no_hidden_column() -> None:
    assert '"comment"' not in ask("SELECT * FROM information_schema.columns")[0]
    assert '"comment"' in ask("SELECT comment FROM information_schema.columns")[0]


def test_a_cte_hides_a_relation_and_its_own_text_still_reads_it() -> None:
    inside = Place("oakland", "information_schema")

    assert ask("WITH tables AS (SELECT 1 AS x) SELECT x FROM tables", place=inside)[0] == (
        'WITH "tables" AS (SELECT 1 AS "x") SELECT "x" FROM "tables"'
    )
    sql, _, _ = ask(
        "WITH tables AS (SELECT table_name FROM tables WHERE table_schema = 'tos') TABLE tables", place=inside
    )
    assert "'ship'" in sql


def test_columns_may_be_named_in_full() -> None:
    for qualifier in ("tables", "information_schema.tables", "california.information_schema.tables"):
        sql, _, _ = ask(f"SELECT {qualifier}.table_name FROM information_schema.tables")
        assert sql.startswith('SELECT "tables"."table_name" FROM (SELECT')


def test_a_relation_keeps_its_alias_with_new_names_and_its_joins() -> None:
    sql, _, _ = ask("SELECT a FROM (system.jdbc.table_types AS t (a) CROSS JOIN system.jdbc.catalogs AS c)")

    assert 'AS "t"("a") CROSS JOIN (SELECT' in sql


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("table_name = 'ship'", {"ship"}),
        ("table_name LIKE 's%'", {"ship", "schemata"}),
        ("t.table_name LIKE 'sh\\_p' ESCAPE '\\'", set()),
        ("t.table_name LIKE 'sh_p' ESCAPE '\\'", {"ship"}),
        ("table_schema = 'tos' AND table_name = 'ship'", {"ship"}),
        ("(table_name = 'ship')", {"ship"}),
        ("table_name = 'ship' OR true", None),
        ("NOT table_name = 'ship'", None),
        ("table_name LIKE '%s%h%p%'", None),
        ("table_name = 'ship '", set()),
    ],
)
def test_rows_that_the_query_leaves_out_anyway_are_not_sent(condition: str, expected: set[str] | None) -> None:
    sql, _, _ = ask(f"SELECT table_name FROM oakland.information_schema.tables AS t WHERE {condition}")

    known = {name.table for name in sees().listed if name.catalog == "oakland"}
    literals = sql.split(" WHERE ")[0].replace("\n", "'")
    sent = {name for name in known if f"'{name}'" in literals}
    assert sent == (known if expected is None else expected)


def test_a_condition_on_a_column_that_another_relation_may_own_prunes_nothing() -> None:
    both = "SELECT 1 FROM oakland.information_schema.tables {} JOIN oakland.information_schema.columns AS c {}"

    sql = ask(both.format("AS t", "ON t.table_name = c.table_name WHERE t.table_name = 'ship'"))[0]
    assert sql.startswith('SELECT 1 FROM (SELECT CAST(\'ship\' AS VARCHAR) AS "table_name") AS "t" JOIN')
    sql = ask(both.format("AS t", "USING (table_name) WHERE table_name = 'ship'"))[0]
    assert sql.startswith('SELECT 1 FROM (SELECT "table_name" AS "table_name" FROM UNNEST')


def test_a_statement_cannot_read_immense_metadata() -> None:
    few, many = (
        f"SELECT 1 FROM {', '.join(f'system.jdbc.columns AS c{n}' for n in range(count))}" for count in (2, 90)
    )
    stars = many.replace("SELECT 1", "SELECT *")
    assert is_refused(few, EVERYTHING) is None
    assert is_refused(many, EVERYTHING) is None
    assert "too much metadata" in str(is_refused(stars, EVERYTHING))


# --- the session -----------------------------------------------------------------------------------------------------


def test_what_the_session_is_told_of_itself_never_reaches_trino() -> None:
    sql, _, _ = ask("SELECT current_user, version(), CURRENT_CATALOG, current_schema", place=Place("Oakland", "TOS"))

    assert sql == (
        "SELECT CAST('ana' AS VARCHAR), CAST('476' AS VARCHAR), CAST('oakland' AS VARCHAR), CAST('tos' AS VARCHAR)"
    )


@pytest.mark.parametrize(
    ("place", "sql"),
    [
        (Place("oakland", "tos"), "SELECT vc_id FROM ship"),
        (Place("OAKLAND", "Tos"), "SELECT vc_id FROM Ship"),
        (Place("oakland"), "SELECT vc_id FROM tos.ship"),
        (Place("oakland"), "SELECT ship FROM calls"),
        (Place("los_angeles", "pola"), "SELECT ship.vc_id FROM oakland.tos.ship"),
        (Place(), "SELECT ship FROM calls"),
    ],
)
def test_a_sessions_catalog_and_schema_decide_what_names_mean(place: Place, sql: str) -> None:
    assert is_refused(sql, EVERYTHING, place) is None


def test_a_session_with_catalog_and_schema_falls_back_on_nothing() -> None:
    refused = is_refused("SELECT ship FROM calls", EVERYTHING, Place("oakland", "tos"))
    absent = is_refused("SELECT ship FROM nix", EVERYTHING, Place("oakland", "tos"))

    assert str(refused) == str(absent).replace("nix", "calls")
    assert is_refused("SELECT vc_id FROM ship", EVERYTHING) is not None


def test_what_a_text_meant_in_one_session_does_not_stay_for_the_next() -> None:
    asked = gate(Log(), FakeEngine(Log()))

    async def count(schema: str) -> None:
        session = Session(catalog="oakland", schema=schema)
        await asked.answer(PARTNER, QueryRequest("SELECT count(*) FROM ship", PURPOSE, session=session))

    asyncio.run(count("tos"))
    with pytest.raises(Unresolved):
        asyncio.run(count("freight"))


# --- previews and records --------------------------------------------------------------------------------------------


def test_a_preview_lists_one_port_alone() -> None:
    log = Log()
    policy = FixedPolicy(EVERYTHING)
    preview = Preview(Partner("steward", "oak", "port", ("steward",), (PURPOSE,), {}, "t"), "oakland")

    asyncio.run(
        gate(log, FakeEngine(log), policy).answer(
            PARTNER, QueryRequest("TABLE system.jdbc.tables", PURPOSE, preview=preview)
        )
    )

    assert {table.name.catalog for table in policy.questions[0].tables} == {"oakland"}


def test_long_literals_are_not_written_to_the_audit_log() -> None:
    *_, log = ask("SELECT * FROM system.jdbc.columns")

    record = next(record for record in log.records if isinstance(record, DecisionRecord))
    assert len(record.sent_sql) < 8_000
    assert "characters>" in record.sent_sql
    assert record.sql == "SELECT * FROM system.jdbc.columns"
