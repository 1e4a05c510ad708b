"""trino-python-client's DB-API through the eight checks."""

from __future__ import annotations

from typing import Any

from trino.auth import JWTAuthentication
from trino.dbapi import connect
from trino.transaction import IsolationLevel

from tests.clients.programs.checks import after_a_while, each, error_of, plain, read_task, report

task = read_task()


def open_(token: str, **more: Any) -> Any:
    """A connection."""
    return connect(  # type: ignore[no-untyped-call]
        host=task["host"],
        port=task["port"],
        user=task["user"],
        auth=JWTAuthentication(token),
        http_scheme="https",
        verify=task["ca"],
        catalog=task["catalog"],
        schema=task["schema"],
        **more,
    )


connection = open_(task["token"])


def ask(sql: str, parameters: Any = None) -> Any:
    """All rows of one statement."""
    cursor = connection.cursor()
    cursor.execute(sql, parameters)
    return cursor.fetchall()


def connected() -> Any:
    """A statement in a transaction that only reads."""
    with open_(task["token"], isolation_level=IsolationLevel.READ_COMMITTED) as inside:
        cursor = inside.cursor()
        cursor.execute("SELECT 1")
        return cursor.fetchall()


def browse() -> Any:
    """What SHOW and DESCRIBE tell."""
    place = f"{task['catalog']}.{task['schema']}"
    texts = {
        "catalogs": "SHOW CATALOGS",
        "schemas": f"SHOW SCHEMAS FROM {task['catalog']}",
        "tables": f"SHOW TABLES FROM {place}",
        "columns": f"DESCRIBE {task['table']}",
    }
    return {name: [row[0] for row in ask(text)] for name, text in texts.items()}


def cancelled() -> str:
    """Cancel a cursor from another thread."""
    cursor = connection.cursor()
    after_a_while(cursor.cancel)
    return error_of(lambda: cursor.execute(task["endless"]).fetchall())


def million_rows() -> Any:
    """Read row by row."""
    cursor = connection.cursor()
    cursor.execute(task["million"])
    numbers = [number for (number,) in cursor]
    return [len(numbers), sum(numbers)]


def notices() -> Any:
    """The warnings that a cursor keeps."""
    cursor = connection.cursor()
    cursor.execute(task["masked"])
    cursor.fetchall()
    return [warning["message"] for warning in cursor.warnings]


report(
    {
        "connect": connected,
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "parameters": lambda: plain(ask(task["parameters"], (41, "it's", "USOAK"))),
        "cancel": cancelled,
        "million_rows": million_rows,
        "notices": notices,
        "wrong_token": lambda: error_of(lambda: open_(f"wrong.{task['token']}").cursor().execute("SELECT 1")),
    }
)
