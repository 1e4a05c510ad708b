"""JupySQL's `%sql` in a real IPython through the eight checks."""

from __future__ import annotations

from typing import Any

from IPython.core.interactiveshell import InteractiveShell
from sqlalchemy import create_engine
from trino.auth import JWTAuthentication
from trino.sqlalchemy import URL  # type: ignore[attr-defined]

from tests.clients.programs.checks import each, error_of, plain, read_task, report

task = read_task()
shell = InteractiveShell.instance()


def cell(code: str) -> Any:
    """Run one cell as a notebook does; raises what it raises."""
    done = shell.run_cell(code)
    done.raise_error()
    return done.result


def engine_for(token: str) -> Any:
    """An engine."""
    url = URL(host=task["host"], port=task["port"], user=task["user"], catalog=task["catalog"], schema=task["schema"])
    arguments = {"auth": JWTAuthentication(token), "http_scheme": "https", "verify": task["ca"]}
    return create_engine(url, connect_args=arguments)


def ask(sql: str) -> Any:
    """All rows of one statement."""
    answer = cell(f"%%sql\n{sql}")
    return [tuple(row) for row in answer] if answer is not None else []


def connected() -> Any:
    """Load the extension and connect."""
    shell.user_ns["engine"] = engine_for(task["token"])
    cell("%load_ext sql")
    cell("%config SqlMagic.displaylimit = None")
    cell("%config SqlMagic.named_parameters = 'enabled'")
    cell("%sql engine --alias portgate")
    return plain(ask("SELECT 1"))


def browse() -> Any:
    """`%sqlcmd tables` and `%sqlcmd columns`, which use the inspector."""
    schema, table = task["schema"], task["table"]
    tables = cell(f"%sqlcmd tables --schema {schema}")
    columns = cell(f"%sqlcmd columns --table {table} --schema {schema}")
    return {
        "catalogs": [row[0] for row in ask("SHOW CATALOGS")],
        "schemas": [row[0] for row in ask("SHOW SCHEMAS")],
        "tables": [row[0] for row in tables._table.rows],
        "columns": [row[0] for row in columns._table.rows],
    }


def parameters() -> Any:
    """Named parameters from the notebook's variables."""
    named = task["parameters"]
    for name in ("first", "second", "third"):
        named = named.replace("?", f":{name}", 1)
    shell.user_ns.update(first=41, second="it's", third="USOAK")
    return plain(ask(named))


def million_rows() -> Any:
    """Into a data frame."""
    frame = cell(f"%%sql\n{task['million']}").DataFrame()
    return [len(frame), int(frame["n"].sum())]


def wrong_token() -> str:
    """A connection with a wrong token, then the right one again."""
    shell.user_ns["wrong"] = engine_for(f"wrong.{task['token']}")
    said = error_of(lambda: cell("%sql wrong --alias wrong\n") or cell("%sql wrong SELECT 1"))
    cell("%sql portgate")
    return said


report(
    {
        "connect": connected,
        "browse": browse,
        "statements": lambda: each(ask, task["statements"]),
        "parameters": parameters,
        "million_rows": million_rows,
        "wrong_token": wrong_token,
    }
)
