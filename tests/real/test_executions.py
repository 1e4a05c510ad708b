"""What Trino ran stands in the log, with figures that are right; what nobody admitted is an alarm in ten seconds."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from typing import Any

import httpx
import orjson
import pytest
from trino.exceptions import TrinoConnectionError, TrinoQueryError

from gateway.adapters.audit_reading import read_log
from gateway.model import TableName
from gateway.recording import per_port
from gateway.settings import read_settings
from stack.layout import Home
from stack.trino_access import connect
from tests.adapters.events import completed
from tests.conftest import Stack

pytestmark = pytest.mark.real

SECONDS = 10.0
FIVE = "SELECT port_unlocode, vessel_name, ata_berth_utc FROM vessel_calls"
CALLS = {
    "hueneme": "exports.vessel_log",
    "long_beach": "polbops.vesselcall",
    "los_angeles": "pola.vessel_visit",
    "oakland": "tos.vsl_call",
    "san_diego": "cargo.ship_call",
}
"""The table of each port that holds its calls."""
GENERATED = "_generated._generated_query"
TRIES = 5

Members = Mapping[str, Any]


def within_seconds(stack: Stack, is_wanted: Callable[[Members], bool]) -> Sequence[Members]:
    """The newest records of this kind, oldest first, as soon as there are any."""
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        newest = [entry.record for entry in read_log(stack.home / "audit" / "audit.sqlite", 30)]
        found = [record for record in newest if is_wanted(record)][::-1]
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("no such record came in time")


def answered(stack: Stack, sql: str) -> str:
    """Ask, and return the query's id."""
    question = {"sql": sql, "purpose": "freight_resilience"}
    with stack.client("gobiz-analyst") as client:
        lines = client.post("/api/queries", json=question, headers={"Accept": "application/x-ndjson"})
    assert lines.status_code == 200, lines.text
    return str(orjson.loads(lines.text.partition("\n")[0])["id"])


def execution_of(stack: Stack, query: str) -> Members:
    """What Trino told of a query."""
    (told,) = within_seconds(stack, lambda record: record["kind"] == "execution" and record["query"] == query)
    return told


def decision_of(stack: Stack, query: str) -> Members:
    """The decision of a query."""
    (entry,) = read_log(stack.home / "audit" / "audit.sqlite", query=query, kind="decision")
    return entry.record


def whole(stack: Stack, sql: str, is_whole: Callable[[Members], bool]) -> tuple[Members, Members]:
    """Decision and execution of a question, asked anew while Trino's figures are not whole.

    Trino now and then leaves the last figures of a scan out of what it tells (trinodb/trino#5172): tables never.
    """
    for _ in range(TRIES):
        query = answered(stack, sql)
        decision, execution = decision_of(stack, query), execution_of(stack, query)
        if is_whole(execution):
            break
    return decision, execution


@pytest.fixture(scope="module")
def five(stack: Stack) -> tuple[Members, Members]:
    """Decision and execution of a query over five ports."""
    counted: dict[str, int] = {}
    with closing(stack.trino()) as trino:
        for port, table in CALLS.items():
            [[counted[port]]] = trino.cursor().execute(f"SELECT count(*) FROM {port}.{table}").fetchall()

    def is_whole(execution: Members) -> bool:
        figures = per_port([execution])
        return all(figures.get(port, (0, 0))[0] >= count for port, count in counted.items())

    return whole(stack, FIVE, is_whole)


def test_an_execution_holds_the_tables_and_columns_that_the_decision_let(five: tuple[Members, Members]) -> None:
    decision, execution = five

    read = {f"{t['port']}.{t['table']}": t["columns"] for t in execution["tables"] if t["table"] != GENERATED}
    assert read.keys() == decision["reach"].keys()
    for table, columns in read.items():
        assert set(columns) <= set(decision["reach"][table])
    assert {name.partition(".")[0] for name in read} == set(CALLS)
    assert (execution["state"], execution["code"]) == ("FINISHED", "")
    assert execution["decision_index"] == decision["index"]
    assert execution["user"] == f"gobiz-analyst#{decision['index']}"
    assert execution["concerns"] == sorted(CALLS)


def test_the_rows_of_each_port_are_those_that_the_port_has(
    stack: Stack, five: tuple[Members, Members], trino_cursor: Any
) -> None:
    _, execution = five

    for table in execution["tables"]:
        if table["table"] == GENERATED or not table["rows"]:
            continue
        schema, name = table["table"].split(".")
        trino_cursor.execute(f'SELECT count(*) FROM {table["port"]}."{schema}"."{name}"')
        [[count]] = trino_cursor.fetchall()
        assert table["rows"] % count == 0, "read once, or several times whole"
    figures = per_port([execution])
    assert figures.keys() == CALLS.keys()
    for port, table in CALLS.items():
        trino_cursor.execute(f"SELECT count(*) FROM {port}.{table}")
        [[count]] = trino_cursor.fetchall()
        rows, size = figures[port]
        assert count <= rows <= count + 300, "its calls, and its small tables beside them"
        assert size > count, port


def test_a_port_that_counts_itself_gives_one_row(stack: Stack) -> None:
    sql = "SELECT count(year_month) FROM long_beach.polbops.teu_monthly"

    _, execution = whole(stack, sql, lambda execution: per_port([execution]) != {"long_beach": (0, 0)})

    assert per_port([execution]) == {"long_beach": (1, 9)}
    assert [(t["table"], t["columns"], t["rows"]) for t in execution["tables"]] == [
        (GENERATED, [], 1),
        ("polbops.teu_monthly", ["year_month"], 0),
    ]


def test_a_query_of_literals_runs_in_trino_and_reads_nothing(stack: Stack) -> None:
    execution = execution_of(stack, answered(stack, "SELECT 1 AS one"))

    assert (execution["tables"], execution["given"], execution["concerns"]) == ([], {}, [])


def test_who_asks_trino_behind_the_gateways_back_is_an_alarm_in_ten_seconds(stack: Stack) -> None:
    user = f"mallory#{time.time_ns()}"

    with pytest.raises((TrinoQueryError, TrinoConnectionError)):
        connect(Home(stack.home), user).cursor().execute("SELECT * FROM long_beach.polbops.vesselcall").fetchall()

    (alarm,) = within_seconds(stack, lambda r: r["kind"] == "alarm" and r["operation"] == "unrecorded_query")[-1:]
    assert (alarm["user"], alarm["query"], alarm["decision_index"]) == (user, "", 0)


def post(stack: Stack, event: bytes, secret: str = "") -> int:
    """Tell the gateway something in Trino's place."""
    wall = read_settings(Home(stack.home).gateway_settings).wall
    bearer = secret or wall.secret_file.read_text().strip()
    url = f"http://127.0.0.1:{wall.tcp_port}/events"
    return httpx.post(url, content=event, headers={"Authorization": f"Bearer {bearer}"}, trust_env=False).status_code


def test_a_query_that_trino_says_it_ran_and_that_nobody_admitted_is_recorded_and_an_alarm(stack: Stack) -> None:
    user, trino = f"mallory#{time.time_ns()}", f"t-{time.time_ns()}"
    visit = TableName("los_angeles", "pola", "vessel_visit")

    assert post(stack, completed(user, [(visit, ["imo"])], [(visit, 5, 70)], trino=trino)) == 200

    (told,) = within_seconds(stack, lambda r: r["kind"] == "execution" and r["user"] == user)
    (alarm,) = within_seconds(stack, lambda r: r["kind"] == "alarm" and r["user"] == user)
    assert (told["decision_index"], told["tables"][0]["rows"]) == (0, 5)
    assert (alarm["operation"], alarm["target"], alarm["columns"]) == ("unrecorded_query", str(visit), ["imo"])


def test_an_event_needs_the_secret(stack: Stack) -> None:
    assert post(stack, completed("mallory"), "guessed") == 404


def test_who_is_not_let_in_is_a_record(stack: Stack) -> None:
    subject = f"mallory-{time.time_ns()}"
    claimed = orjson.dumps({"sub": subject}).hex()

    with stack.client("gobiz-analyst") as client:
        client.headers["Authorization"] = f"Bearer {claimed}"
        assert client.get("/api/catalog").status_code == 401

    login = within_seconds(stack, lambda r: r["kind"] == "login" and "signed JSON Web Token" in r["message"])[-1]
    assert (login["code"], login["claimed"]) == ("unauthenticated", "")
    assert subject not in str(login)


def test_what_a_gateway_starts_with_is_recorded(stack: Stack) -> None:
    records = [entry.record for entry in read_log(stack.home / "audit" / "audit.sqlite", 100_000)]

    started = {record["event"] for record in records if record["kind"] == "service"}
    published = {record["port"] for record in records if record["kind"] == "publication"}
    assert {"opened", "started"} <= started
    assert published == {"gateway", *CALLS}
