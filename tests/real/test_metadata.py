"""What JDBC, SQLAlchemy and people ask a Trino about its tables, through the gate: Trino's columns, our rows."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from gateway.session.relations import RELATIONS, TRINO_VERSION
from tests.conftest import Stack
from tests.real.test_faults import pid_of

pytestmark = pytest.mark.real

JDBC = {
    "version": "SELECT version()",
    "user": "SELECT current_user",
    "catalogs": "SELECT TABLE_CAT FROM system.jdbc.catalogs ORDER BY TABLE_CAT",
    "schemas": "SELECT TABLE_SCHEM, TABLE_CATALOG FROM system.jdbc.schemas ORDER BY TABLE_CATALOG, TABLE_SCHEM",
    "table types": "SELECT TABLE_TYPE FROM system.jdbc.table_types ORDER BY TABLE_TYPE",
    "tables": (
        "SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, TABLE_TYPE, REMARKS, TYPE_CAT, TYPE_SCHEM, TYPE_NAME, "
        "SELF_REFERENCING_COL_NAME, REF_GENERATION FROM system.jdbc.tables "
        "WHERE TABLE_CAT = 'california' AND TABLE_SCHEM LIKE 'fr%' ESCAPE '\\' AND TABLE_NAME LIKE 'vessel\\_calls' "
        "ESCAPE '\\' AND TABLE_TYPE IN ('TABLE', 'VIEW') ORDER BY TABLE_TYPE, TABLE_CAT, TABLE_SCHEM, TABLE_NAME"
    ),
    "columns": (
        "SELECT TABLE_CAT, TABLE_SCHEM, TABLE_NAME, COLUMN_NAME, DATA_TYPE, TYPE_NAME, COLUMN_SIZE, BUFFER_LENGTH, "
        "DECIMAL_DIGITS, NUM_PREC_RADIX, NULLABLE, REMARKS, COLUMN_DEF, SQL_DATA_TYPE, SQL_DATETIME_SUB, "
        "CHAR_OCTET_LENGTH, ORDINAL_POSITION, IS_NULLABLE, SCOPE_CATALOG, SCOPE_SCHEMA, SCOPE_TABLE, "
        "SOURCE_DATA_TYPE, IS_AUTOINCREMENT, IS_GENERATEDCOLUMN FROM system.jdbc.columns "
        "WHERE TABLE_CAT = 'california' AND TABLE_SCHEM LIKE 'freight' ESCAPE '\\' AND TABLE_NAME LIKE "
        "'vessel\\_calls' ESCAPE '\\' ORDER BY TABLE_CAT, TABLE_SCHEM, TABLE_NAME, ORDINAL_POSITION"
    ),
    "types": (
        "SELECT TYPE_NAME, DATA_TYPE, PRECISION, LITERAL_PREFIX, LITERAL_SUFFIX, CREATE_PARAMS, NULLABLE, "
        "CASE_SENSITIVE, SEARCHABLE, UNSIGNED_ATTRIBUTE, FIXED_PREC_SCALE, AUTO_INCREMENT, LOCAL_TYPE_NAME, "
        "MINIMUM_SCALE, MAXIMUM_SCALE, SQL_DATA_TYPE, SQL_DATETIME_SUB, NUM_PREC_RADIX FROM system.jdbc.types "
        "ORDER BY DATA_TYPE"
    ),
    "primary keys": (
        "SELECT CAST(NULL AS varchar) TABLE_CAT, CAST(NULL AS varchar) TABLE_SCHEM, CAST(NULL AS varchar) TABLE_NAME, "
        "CAST(NULL AS varchar) COLUMN_NAME, CAST(NULL AS smallint) KEY_SEQ, CAST(NULL AS varchar) PK_NAME WHERE false"
    ),
}
"""As JDBC 476 sends them."""
SQLALCHEMY = {
    "schemata": 'SELECT "schema_name"\nFROM "california"."information_schema"."schemata"',
    "tables": (
        'SELECT "table_name"\nFROM "california"."information_schema"."tables"\n'
        "WHERE \"table_schema\" = 'freight' AND \"table_type\" = 'BASE TABLE'"
    ),
    "views": (
        'SELECT "table_name"\nFROM "california"."information_schema"."tables"\n'
        "WHERE \"table_schema\" = 'freight' AND \"table_type\" = 'VIEW'"
    ),
    "has table": (
        'SELECT "table_name"\nFROM "california"."information_schema"."tables"\n'
        "WHERE \"table_schema\" = 'freight' AND \"table_name\" = 'vessel_calls'"
    ),
    "columns": (
        'SELECT\n    "column_name",\n    "data_type",\n    "column_default",\n'
        '    UPPER("is_nullable") AS "is_nullable"\n'
        'FROM "california"."information_schema"."columns"\n'
        'WHERE "table_schema" = \'freight\'\n  AND "table_name" = \'vessel_calls\'\nORDER BY "ordinal_position" ASC'
    ),
    "comment": (
        'SELECT "comment"\nFROM "system"."metadata"."table_comments"\nWHERE "catalog_name" = \'california\'\n'
        "  AND \"schema_name\" = 'freight'\n  AND \"table_name\" = 'vessel_calls'"
    ),
}
"""As SQLAlchemy sends them through trino-python-client, its parameters put in."""
OVER_RELATIONS = {
    "joined": (
        "SELECT count(*) > 0 FROM information_schema.tables AS t JOIN information_schema.columns AS c "
        "USING (table_catalog, table_schema, table_name) WHERE c.data_type LIKE 'timestamp%'"
    ),
    "grouped": (
        "SELECT table_schema, count(DISTINCT table_name), array_agg(column_name ORDER BY ordinal_position) "
        "FROM oakland.information_schema.columns GROUP BY 1 HAVING count(*) > 1"
    ),
    "with data": (
        "SELECT count(*) FROM port_status AS p JOIN system.jdbc.catalogs AS c "
        "ON c.table_cat = 'california' WHERE p.port_unlocode = 'USOAK'"
    ),
    "texts with quotes and lines": "SELECT DISTINCT remarks, length(remarks) FROM system.jdbc.columns",
}


@pytest.fixture(scope="module")
def client(stack: Stack) -> Iterator[httpx.Client]:
    """One partner's client."""
    with stack.client("gobiz-analyst") as opened:
        yield opened


def ask(client: httpx.Client, sql: str) -> dict[str, Any]:
    answer = client.post("/api/queries", json={"sql": sql, "purpose": "freight_resilience"})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def types(told: dict[str, Any]) -> list[tuple[str, str]]:
    return [(column["name"], column["type"]) for column in told["columns"]]


@pytest.mark.parametrize("sql", [*JDBC.values(), *SQLALCHEMY.values(), *OVER_RELATIONS.values()])
def test_clients_questions_are_answered(client: httpx.Client, sql: str) -> None:
    told = ask(client, sql)

    assert told["rows"] or "WHERE false" in sql or "'VIEW'\n" in sql + "\n"


LISTED = (
    "SELECT table_schema, table_name, column_name, ordinal_position, data_type FROM system.information_schema.columns "
    "ORDER BY 1, 2, 4"
)
LARGEST = ("jdbc.columns", "jdbc.types", "runtime.queries", "runtime.nodes", "information_schema.columns")


def test_each_relation_is_listed_with_trinos_own_columns(client: httpx.Client, trino_cursor: Any) -> None:
    theirs = [row for row in trino_cursor.execute(LISTED).fetchall() if (row[0], row[1]) in RELATIONS]

    assert ask(client, LISTED)["rows"] == theirs


def test_what_is_read_has_the_types_that_are_listed(client: httpx.Client) -> None:
    for relation in LARGEST:
        told = dict(types(ask(client, f"SELECT * FROM system.{relation} LIMIT 3")))
        schema, _, table = relation.partition(".")
        assert told == RELATIONS[schema, table]


def test_what_is_told_is_the_partners_own(client: httpx.Client) -> None:
    assert ask(client, "SELECT current_user, version()")["rows"] == [["gobiz-analyst", TRINO_VERSION]]
    assert {row[0] for row in ask(client, 'SELECT DISTINCT "user" FROM system.runtime.queries')["rows"]} == {
        "gobiz-analyst"
    }


def test_types_are_told_as_trino_tells_them(client: httpx.Client, trino_cursor: Any) -> None:
    text = "SELECT {} FROM system.jdbc.columns WHERE table_cat = 'oakland' AND table_schem NOT IN {}"
    what = (
        "table_name, column_name, data_type, type_name, column_size, decimal_digits, num_prec_radix, char_octet_length"
    )
    ours = ask(client, text.format(what, "('information_schema', 'freight')"))["rows"]
    theirs = {tuple(row) for row in trino_cursor.execute(text.format(what, "('information_schema')")).fetchall()}

    assert ours
    assert [row for row in ours if tuple(row) not in theirs] == []


def test_without_a_ports_database_metadata_says_the_same(stack: Stack, client: httpx.Client) -> None:
    sql = "SELECT table_name, count(*) FROM long_beach.information_schema.columns GROUP BY 1 ORDER BY 1"
    before = ask(client, sql)["rows"]
    os.kill(pid_of(stack, "postgres"), signal.SIGKILL)
    try:
        assert ask(client, sql)["rows"] == before != []
    finally:
        stack.portgate("up")
