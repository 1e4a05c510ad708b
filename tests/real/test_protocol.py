"""Trino's own Python client against a real stack: rows, types, notices, errors and cancelling, all under the guard."""

from __future__ import annotations

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import trino
from trino.auth import JWTAuthentication

from stack.layout import Home
from tests.conftest import Stack

pytestmark = pytest.mark.real

PURPOSE = "freight_resilience"
MANY = (
    "SELECT c.port_unlocode, n FROM california.freight.vessel_calls c CROSS JOIN UNNEST(sequence(1, {times})) AS s(n)"
)


def connect(stack: Stack, partner: str = "gobiz-analyst", token: str = "", **more: Any) -> Any:
    """A connection of trino-python-client to the gateway."""
    where = urlsplit(stack.url)
    session = requests.Session()
    session.verify = str(Home(stack.home).ca_file)
    session.trust_env = False  # REQUESTS_CA_BUNDLE would replace the stack's own authority
    return trino.dbapi.connect(  # type: ignore[no-untyped-call]
        host=where.hostname,
        port=where.port,
        http_scheme="https",
        user=partner,
        auth=JWTAuthentication(token or stack.token(partner)),
        http_session=session,
        client_tags=[f"purpose={PURPOSE}"],
        timezone="UTC",
        **more,
    )


@pytest.fixture(scope="module")
def cursor(stack: Stack) -> Iterator[Any]:
    """A cursor of the analyst."""
    connection = connect(stack)
    yield connection.cursor()
    connection.close()


def test_the_python_client_gets_the_rows_that_the_rest_interface_gives(stack: Stack, cursor: Any) -> None:
    sql = "SELECT port_unlocode, count(*) AS calls, min(port_unlocode) FROM california.freight.vessel_calls GROUP BY 1"

    rows = cursor.execute(sql).fetchall()
    with stack.client("gobiz-analyst") as client:
        rest = client.post("/api/queries", json={"sql": sql, "purpose": PURPOSE}).json()

    assert sorted((port, calls) for port, calls, _ in rows) == sorted((row[0], row[1]) for row in rest["rows"])
    assert [column.name for column in cursor.description] == ["port_unlocode", "calls", "_col2"]
    assert len(cursor.warnings) == len(rest["notices"]) > 0
    assert all(warning["warningCode"]["name"].startswith("PORTGATE_") for warning in cursor.warnings)


def test_values_have_the_types_that_trino_gives_them(stack: Stack, cursor: Any) -> None:
    sql = (
        "SELECT CAST(1 AS bigint), DECIMAL '0.10', DATE '2026-11-27', TIMESTAMP '2026-11-27 10:00:00.123456 UTC', "
        "ARRAY[1, NULL], MAP(ARRAY['a'], ARRAY[1e0]), CAST(ROW(1, 'x') AS row(n integer, t varchar)), X'00ff', "
        "infinity(), NULL"
    )

    through = cursor.execute(sql).fetchall()
    direct = stack.trino().cursor().execute(sql).fetchall()

    assert through == direct
    assert through[0][1] == Decimal("0.10")


def test_a_large_answer_comes_whole(stack: Stack, cursor: Any) -> None:
    [[calls]] = cursor.execute("SELECT count(*) FROM california.freight.vessel_calls").fetchall()
    times = 30_000 // calls + 1

    rows = cursor.execute(MANY.format(times=times)).fetchall()

    assert len(rows) == calls * times
    assert {n for _, n in rows} == set(range(1, times + 1))


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT 1 +", "SYNTAX_ERROR"),
        ("SELECT * FROM oakland.secret.table_x", "TABLE_NOT_FOUND"),
        ("SELECT no_such_column FROM california.freight.vessel_calls", "COLUMN_NOT_FOUND"),
        ("DELETE FROM california.freight.vessel_calls", "NOT_SUPPORTED"),
        ("SELECT 1 + 'a'", "TYPE_MISMATCH"),
    ],
)
def test_a_fault_of_the_partner_is_a_user_error(cursor: Any, sql: str, name: str) -> None:
    with pytest.raises(trino.exceptions.TrinoUserError) as caught:
        cursor.execute(sql).fetchall()

    assert caught.value.error_name == name


def test_a_query_that_is_cancelled_is_written_down_as_cancelled(stack: Stack) -> None:
    cursor = connect(stack).cursor()
    cursor.execute(MANY.format(times=10_000))

    cursor.cancel()

    words = ("--query", cursor.query_id, "--kind", "outcome", "--json")
    (written,) = stack.portgate("audit", "search", *words).stdout.splitlines()
    assert json.loads(written)["record"]["state"] == "cancelled"


def test_a_token_that_nobody_signed_is_401(stack: Stack) -> None:
    with pytest.raises(trino.exceptions.HttpError, match="401"):
        connect(stack, token=".".join("abc")).cursor().execute("SELECT 1").fetchall()
    assert connect(stack).cursor().execute("SELECT 1").fetchall() == [[1]]


def test_a_page_of_somebody_else_is_not_there(stack: Stack) -> None:
    ca = str(Home(stack.home).ca_file)
    mine = {"Authorization": f"Bearer {stack.token('gobiz-analyst')}", "X-Trino-Client-Tags": f"purpose={PURPOSE}"}
    theirs = {"Authorization": f"Bearer {stack.token('msc-planner')}"}
    posted = requests.post(f"{stack.url}/v1/statement", "SELECT 1", headers=mine, verify=ca, timeout=30).json()

    foreign = requests.get(posted["nextUri"], headers=theirs, verify=ca, timeout=30)
    own = requests.get(posted["nextUri"], headers=mine, verify=ca, timeout=30)

    assert foreign.status_code == 404
    assert own.json()["id"] == posted["id"]
