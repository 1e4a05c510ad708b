"""DuckDB reading the Arrow link of an answer, through the checks that a reader of links has."""

from __future__ import annotations

import json
import ssl
from typing import Any

import duckdb
import httpx
import pyarrow as pa

from tests.clients.programs.checks import CANCEL_AFTER_SECONDS, each, error_of, plain, read_task, report

task = read_task()


def client_for(token: str) -> httpx.Client:
    """A client of the REST interface."""
    return httpx.Client(
        base_url=f"https://{task['host']}:{task['port']}",
        headers={"Authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=task["ca"]),
        timeout=300,
    )


client = client_for(task["token"])


def refused(answer: httpx.Response) -> None:
    """Raise what the gateway said, if it refused."""
    if not answer.is_success:
        answer.read()
        raise RuntimeError(f"{answer.status_code}: {answer.text}")


def question(sql: str) -> dict[str, str]:
    """What REST is asked: a statement and a purpose."""
    return {"sql": sql, "purpose": task["purpose"]}


def link(sql: str, by: httpx.Client = client) -> str:
    """Ask once for the heads of an answer only; return the address of the same answer in Arrow."""
    with by.stream("POST", "/api/queries", json=question(sql), headers={"Accept": "text/csv"}) as answer:
        refused(answer)
        links = [value for value in answer.headers.get_list("link") if "arrow" in value]
    return links[0].partition("<")[2].partition(">")[0]


def table(sql: str) -> Any:
    """Read an answer from its Arrow link."""
    answer = client.get(link(sql))
    refused(answer)
    return pa.ipc.open_stream(answer.content).read_all()


def ask(sql: str) -> Any:
    """All rows of one statement, as DuckDB sees them."""
    answer = table(sql)  # noqa: F841 - DuckDB finds it by its name
    return duckdb.sql("FROM answer").fetchall()


def browse() -> Any:
    """The catalog's tables are tables."""
    catalog, schema = task["catalog"], task["schema"]
    found = f"FROM {catalog}.information_schema"
    texts = {
        "catalogs": "SELECT catalog_name FROM system.metadata.catalogs",
        "schemas": f"SELECT schema_name {found}.schemata",
        "tables": f"SELECT table_name {found}.tables WHERE table_schema = '{schema}'",
        "columns": f"SELECT column_name {found}.columns WHERE table_name = '{task['table']}'",
    }
    return {name: [row[0] for row in ask(text)] for name, text in texts.items()}


def cancelled() -> str:
    """Leave before the end: whoever leaves cancels."""
    with client_for(task["token"]) as asking:
        patience = httpx.Timeout(30, read=CANCEL_AFTER_SECONDS)
        return error_of(lambda: asking.post("/api/queries", json=question(task["endless"]), timeout=patience))


def million_rows() -> Any:
    """Counted and added up by DuckDB."""
    answer = table(task["million"])  # noqa: F841 - DuckDB finds it by its name
    return list(duckdb.sql("SELECT count(*), CAST(sum(n) AS bigint) FROM answer").fetchall()[0])


def notices() -> Any:
    """The notices are in the table's own metadata."""
    told = json.loads(table(task["masked"]).schema.metadata[b"portgate.notices"])
    return [" ".join(map(str, notice.values())) for notice in told]


report(
    {
        "connect": lambda: plain(ask("SELECT 1")),
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "cancel": cancelled,
        "million_rows": million_rows,
        "notices": notices,
        "wrong_token": lambda: error_of(lambda: link("SELECT 1", client_for(f"wrong.{task['token']}"))),
    }
)
