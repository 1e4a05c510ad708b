"""dbt through its own `dbtRunner` with a project of sources, tests and a documentation run, and eight checks."""

from __future__ import annotations

import contextlib
import io
import json
import os
import shutil
import signal
import tempfile
import threading
from pathlib import Path
from typing import Any

from dbt.cli.main import dbtRunner

from tests.clients.programs.checks import error_of, read_task, report

STARTED_SECONDS = 15.0
"""When dbt has read its project and sent its query, on a slow machine too."""
task = read_task()
work = Path(tempfile.mkdtemp(prefix="dbt-"))
shutil.copytree(Path(__file__).parent.parent / "dbt", work, dirs_exist_ok=True)
os.chdir(work)
os.environ |= {
    "PORTGATE_HOST": task["host"],
    "PORTGATE_TCP_PORT": str(task["port"]),
    "PORTGATE_CA": task["ca"],
    "PORTGATE_USER": task["user"],
    "PORTGATE_TOKEN": task["token"],
    "DO_NOT_TRACK": "1",
}


def dbt(*words: str, fails: bool = False) -> str:
    """Run one command; return what it printed."""
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        done = dbtRunner().invoke([*words, "--no-use-colors"])
    if done.success == fails:
        raise RuntimeError(f"dbt {' '.join(words)}: {done.exception}\n{said.getvalue()}")
    return said.getvalue()


def rows_of(said: str) -> list[Any]:
    """What the macro printed."""
    return [json.loads(line.partition("ROWS ")[2]) for line in said.splitlines() if "ROWS " in line]


def ask(*statements: str) -> list[Any]:
    """The rows of each statement, by one run of a macro."""
    return rows_of(dbt("run-operation", "asked", "--args", json.dumps({"statements": statements}, ensure_ascii=False)))


def connected() -> Any:
    """`dbt debug`."""
    assert "All checks passed" in dbt("debug")
    return ask("SELECT 1")[0]


def browse() -> Any:
    """`dbt test` and `dbt docs generate`, and what the documentation knows then; `dbt run` is refused."""
    tested = dbt("test")
    assert "PASS=4" in tested, tested
    dbt("docs", "generate", "--no-compile")
    sources = json.loads((work / "target" / "catalog.json").read_text())["sources"].values()
    described = next(source for source in sources if source["metadata"]["name"] == task["table"])
    (catalogs, schemas) = ask("SHOW CATALOGS", f"SHOW SCHEMAS FROM {task['catalog']}")
    return {
        "catalogs": [row[0] for row in catalogs],
        "schemas": [row[0] for row in schemas],
        "tables": [source["metadata"]["name"] for source in sources],
        "columns": list(described["columns"]),
        "comment": described["metadata"]["comment"],
        "model": dbt("run", fails=True),
    }


def statements() -> Any:
    """All that run in one macro; each that is refused by itself."""
    texts = task["statements"]
    refused = set(task["refused"])
    answers = iter(ask(*(sql for sql in texts if sql not in refused)))
    return [{"error": _refused(sql)} if sql in refused else {"rows": next(answers)} for sql in texts]


def _refused(sql: str) -> str:
    return dbt("run-operation", "asked", "--args", json.dumps({"statements": [sql]}, ensure_ascii=False), fails=True)


def parameters() -> Any:
    """dbt's variables are text; EXECUTE IMMEDIATE binds values."""
    quoted = task["parameters"].replace("'", "''")
    return ask(f"EXECUTE IMMEDIATE '{quoted}' USING 41, 'it''s', 'USOAK'")[0]


def cancelled() -> str:
    """What Ctrl-C does while a query runs."""
    main = threading.main_thread().ident or 0
    threading.Timer(STARTED_SECONDS, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    try:
        return dbt("show", "--inline", task["endless"], fails=True)
    except KeyboardInterrupt:
        return "KeyboardInterrupt"


def million_rows() -> Any:
    """Counted and added up in a macro."""
    return rows_of(dbt("run-operation", "added_up", "--args", json.dumps({"sql": task["million"]})))[0]


def wrong_token() -> str:
    """`dbt debug` with a wrong token."""
    os.environ["PORTGATE_TOKEN"] = f"wrong.{task['token']}"
    said = error_of(lambda: dbt("debug"))
    os.environ["PORTGATE_TOKEN"] = task["token"]
    return said


report(
    {
        "connect": connected,
        "browse": browse,
        "statements": statements,
        "parameters": parameters,
        "million_rows": million_rows,
        "wrong_token": wrong_token,
        "cancel": cancelled,
    }
)
