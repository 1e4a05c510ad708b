"""SQLAlchemy over trino-python-client's dialect, with reflection, through the eight checks."""

from __future__ import annotations

import warnings
from typing import Any

from sqlalchemy import MetaData, Table, create_engine, func, inspect, select, text
from trino.auth import JWTAuthentication
from trino.sqlalchemy import URL  # type: ignore[attr-defined]

from tests.clients.programs.checks import after_a_while, each, error_of, plain, read_task, report

task = read_task()


def engine_for(token: str) -> Any:
    """An engine."""
    url = URL(host=task["host"], port=task["port"], user=task["user"], catalog=task["catalog"], schema=task["schema"])
    arguments = {"auth": JWTAuthentication(token), "http_scheme": "https", "verify": task["ca"]}
    return create_engine(url, connect_args=arguments)


engine = engine_for(task["token"])


def ask(sql: str) -> Any:
    """All rows of one statement."""
    with engine.connect() as connection:
        return connection.exec_driver_sql(sql).fetchall()


def browse() -> Any:
    """What the inspector tells, and a table that describes itself."""
    inspector = inspect(engine)
    table, schema = task["table"], task["schema"]
    reflected = Table(table, MetaData(), schema=schema, autoload_with=engine)
    inspector.get_view_names(schema)
    inspector.get_pk_constraint(table, schema)
    inspector.get_foreign_keys(table, schema)
    inspector.get_indexes(table, schema)
    return {
        "catalogs": [row[0] for row in ask("SHOW CATALOGS")],
        "schemas": inspector.get_schema_names(),
        "tables": inspector.get_table_names(schema),
        "columns": [column.name for column in reflected.columns],
        "comment": inspector.get_table_comment(table, schema)["text"],
        "has_table": [inspector.has_table(table, schema), inspector.has_table("no_such_table", schema)],
        "counted": plain(_counted(reflected)),
    }


def _counted(table: Any) -> Any:
    with engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def parameters() -> Any:
    """Named parameters, as SQLAlchemy has them."""
    named = task["parameters"]
    for name in ("first", "second", "third"):
        named = named.replace("?", f":{name}", 1)
    with engine.connect() as connection:
        return plain(connection.execute(text(named), {"first": 41, "second": "it's", "third": "USOAK"}).fetchall())


def cancelled() -> str:
    """Cancel the driver's cursor from another thread."""
    connection = engine.raw_connection()
    cursor = connection.cursor()
    after_a_while(cursor.cancel)
    return error_of(lambda: cursor.execute(task["endless"]).fetchall())


def million_rows() -> Any:
    """Read in chunks."""
    with engine.connect() as connection:
        answer = connection.execution_options(stream_results=True).exec_driver_sql(task["million"])
        numbers = [number for chunk in answer.partitions(10_000) for (number,) in chunk]
    return [len(numbers), sum(numbers)]


def notices() -> Any:
    """The warnings that the driver's cursor keeps."""
    with engine.connect() as connection, warnings.catch_warnings(record=True):
        answer = connection.exec_driver_sql(task["masked"])
        cursor = answer.cursor
        rows = answer.fetchall()
        return [warning["message"] for warning in cursor.warnings] if rows else []


report(
    {
        "connect": lambda: plain(ask("SELECT 1")),
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "parameters": parameters,
        "cancel": cancelled,
        "million_rows": million_rows,
        "notices": notices,
        "wrong_token": lambda: error_of(
            lambda: engine_for(f"wrong.{task['token']}").connect().exec_driver_sql("SELECT 1")
        ),
    }
)
