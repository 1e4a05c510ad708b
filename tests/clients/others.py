"""Clients that are one program each: Python's, Go's and JavaScript's."""

from __future__ import annotations

import sys
from functools import partial

from tests.clients import made
from tests.clients.contract import Client, Place, Report, told

NO_NOTICES = "it throws Trino's warnings away"
LEFT = "its stop button lets go of a query and tells nobody; Trino and the gateway end it within five minutes"


def clients() -> list[Client]:
    """Each of them."""
    return [
        Client("trino-python-client", partial(_python, "python", "dbapi")),
        Client("SQLAlchemy", partial(_python, "python", "alchemy")),
        Client("JupySQL", partial(_python, "python", "jupysql"), {"notices": NO_NOTICES, "cancel": LEFT}),
        Client("dbt-trino", partial(_python, "dbt", "dbt"), {"notices": NO_NOTICES}),
        Client("harlequin-trino", partial(_python, "harlequin", "harlequin"), {"notices": NO_NOTICES}),
        Client("Superset", partial(_python, "superset", "superset"), {"notices": NO_NOTICES}),
        Client("DuckDB", _arrow, {"parameters": "REST takes a statement whole"}),
        Client("trino-go-client", _go),
        Client("trino-js-client", _javascript),
    ]


def _python(environment: str, program: str, place: Place, mark: int) -> Report:
    return told([str(made.python(environment)), "-m", f"tests.clients.programs.{program}"], place, mark)


def _arrow(place: Place, mark: int) -> Report:
    return told([sys.executable, "-m", "tests.clients.programs.arrow"], place, mark)


def _go(place: Place, mark: int) -> Report:
    return told([str(made.go_program(made.PROGRAMS / "go"))], place, mark)


def _javascript(place: Place, mark: int) -> Report:
    folder = made.node_program(made.PROGRAMS / "javascript")
    return told([str(made.node()), str(folder / "client.js")], place, mark)
