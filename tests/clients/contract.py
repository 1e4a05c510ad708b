"""What is asked of every client, in what form, and what it answers: the same eight checks for all."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.clients import made
from tests.clients.statements import MASKED, MILLION, PARAMETERS, STATEMENTS, endless
from tests.conftest import CHECKOUT

CHECKS = ("connect", "browse", "statements", "parameters", "cancel", "wrong_token", "million_rows", "notices")
TABLE = "vessel_calls"
PURPOSE = "freight_resilience"
"""The partner's first, which holds where a client declares none."""
ENDS_WITHIN_SECONDS = 15
Report = Mapping[str, Mapping[str, Any]]
"""Check -> `result`, or `fault` for what the client could not do; and `seconds`."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a client finds Portgate, and as whom it comes."""

    host: str
    port: int
    ca_file: Path
    user: str
    token: str
    states: Callable[[int], list[str]]
    """Tells how the queries that hold a number are: running, or how they ended."""
    catalog: str = "california"
    schema: str = "freight"
    table: str = TABLE

    def wait_until_running(self, mark: int) -> None:
        """Wait until the query that holds a number runs."""
        self._wait(mark, lambda states: "running" in states)

    def wait_until_ended(self, mark: int) -> list[str]:
        """Wait until no query that holds a number runs; return how they ended."""
        return self._wait(mark, lambda states: bool(states) and "running" not in states)

    def _wait(self, mark: int, holds: Callable[[list[str]], bool]) -> list[str]:
        until = time.monotonic() + ENDS_WITHIN_SECONDS
        while not holds(states := self.states(mark)) and time.monotonic() < until:
            time.sleep(0.2)
        return states


@dataclass(frozen=True, slots=True)
class Client:
    """One client in one version."""

    name: str
    run: Callable[[Place, int], Report]
    """Takes the client through the checks; the number marks the query that is cancelled."""
    cannot: Mapping[str, str] = field(default_factory=dict)
    """What the client has no way to do or to show -> why, as the page says it."""


def task(place: Place, mark: int) -> dict[str, Any]:
    """What a program reads on its standard input."""
    return {
        "host": place.host,
        "port": place.port,
        "ca": str(place.ca_file),
        "user": place.user,
        "token": place.token,
        "catalog": place.catalog,
        "schema": place.schema,
        "table": place.table,
        "purpose": PURPOSE,
        "parameters": PARAMETERS,
        "endless": endless(mark),
        "masked": MASKED,
        "million": MILLION,
        "statements": [statement.sql for statement in STATEMENTS],
        "refused": [statement.sql for statement in STATEMENTS if statement.refused],
    }


def told(command: list[str], place: Place, mark: int) -> Report:
    """Run a program that reads a task as JSON and answers with a report."""
    done = made.run(command, cwd=CHECKOUT, environment=environment(), said=json.dumps(task(place, mark)))
    report: Report = json.loads(done.stdout)
    return report


def environment(**more: str) -> dict[str, str]:
    """The environment of a client: this one, without what would replace the authority that the client is told of."""
    left_out = {"REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE", "VIRTUAL_ENV", "PYTHONHOME"}
    kept = {name: value for name, value in os.environ.items() if name not in left_out}
    return {**kept, "PYTHONPATH": str(CHECKOUT), **more}
