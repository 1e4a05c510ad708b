"""Harlequin's Trino adapter, called as Harlequin calls it, through the eight checks."""

from __future__ import annotations

from typing import Any

from harlequin.catalog import CatalogItem
from harlequin_trino import HarlequinTrinoAdapter

from tests.clients.programs.checks import after_a_while, each, error_of, plain, read_task, report

task = read_task()


def adapter(token: str) -> Any:
    """The adapter, with the options of Harlequin's command line."""
    return HarlequinTrinoAdapter(
        host=task["host"],
        port=task["port"],
        user=task["user"],
        require_auth="password",
        password=token,
        sslcert=task["ca"],
        catalog=task["catalog"],
        schema=task["schema"],
    )


connection = adapter(task["token"]).connect()


def ask(sql: str) -> Any:
    """All rows of one statement; the adapter tells no catalog of its own to the server."""
    cursor = connection.execute(sql)
    return cursor.fetchall()


def use_place() -> Any:
    """Say where names without a catalog are."""
    ask(f"USE {task['catalog']}.{task['schema']}")
    return plain(ask("SELECT 1"))


def browse() -> Any:
    """Harlequin's tree of catalogs, schemas, tables and columns."""
    (catalog,) = connection.get_catalog().items
    (schema,) = catalog.children
    table = next(item for item in schema.children if item.label == task["table"])
    return {
        "catalogs": [row[0] for row in connection._get_catalogs()],
        "schemas": _labels(catalog.children),
        "tables": _labels(schema.children),
        "columns": _labels(table.children),
    }


def _labels(items: list[CatalogItem]) -> list[str]:
    return [item.label for item in items]


def parameters() -> Any:
    """Harlequin has no parameters of its own: EXECUTE IMMEDIATE is what its user types."""
    quoted = task["parameters"].replace("'", "''")
    return plain(ask(f"EXECUTE IMMEDIATE '{quoted}' USING 41, 'it''s', 'USOAK'"))


def cancelled() -> str:
    """Harlequin cancels nothing for this adapter; its driver's cursor can."""
    cursor = connection.conn.cursor()
    after_a_while(cursor.cancel)
    return error_of(lambda: cursor.execute(task["endless"]).fetchall())


def million_rows() -> Any:
    """All rows, as Harlequin's table takes them."""
    numbers = [number for (number,) in ask(task["million"])]
    return [len(numbers), sum(numbers)]


report(
    {
        "connect": use_place,
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "parameters": parameters,
        "cancel": cancelled,
        "million_rows": million_rows,
        "wrong_token": lambda: error_of(lambda: adapter(f"wrong.{task['token']}").connect().execute("SELECT 1")),
    }
)
