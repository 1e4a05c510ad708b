"""Each client is driven once through all checks; the tests look at what it reported."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from gateway.adapters.audit_reading import read_log
from stack.layout import Home
from tests.clients.contract import Client, Place, Report
from tests.clients.matrix import CLIENTS, through_rest
from tests.clients.statements import STATEMENTS, Rows
from tests.conftest import Stack

PARTNER = "gobiz-analyst"
NEWEST = 200
"""How many records of the audit log are looked through."""


@dataclass(frozen=True)
class Driven:
    """A client and what it reported."""

    client: Client
    report: Report
    mark: int


@pytest.fixture(scope="session")
def place(stack: Stack) -> Place:
    """The gateway, as one partner finds it."""
    url = urlsplit(stack.url)
    ca_file = Home(stack.home).ca_file
    return Place("localhost", url.port or 0, ca_file, PARTNER, stack.token(PARTNER), states_in(stack.home))


def states_in(home: Path) -> Callable[[int], list[str]]:
    """Ask the audit log how the queries that hold a number are: each is `running` until it has an outcome."""

    def states(mark: int) -> list[str]:
        records = [entry.record for entry in read_log(Home(home).audit, NEWEST, partner=PARTNER)]
        ended = {record["query"]: str(record["state"]) for record in records if record["kind"] == "outcome"}
        asked = [record["query"] for record in records if str(mark) in str(record.get("sql", ""))]
        return [ended.get(query, "running") for query in asked]

    return states


@pytest.fixture(scope="session")
def expected(stack: Stack) -> list[Rows | None]:
    """The rows of each statement; None where it is refused."""
    with stack.client(PARTNER) as client:
        return [
            None if each.refused else each.rows if each.rows is not None else through_rest(client, each)
            for each in STATEMENTS
        ]


@pytest.fixture(scope="session", params=CLIENTS, ids=lambda client: client.name)
def driven(request: pytest.FixtureRequest, place: Place) -> Driven:
    """One client of the matrix, after its run."""
    client: Client = request.param
    mark = random.randrange(10**11, 10**12)  # noqa: S311 - a name, not a secret
    return Driven(client, client.run(place, mark), mark)
