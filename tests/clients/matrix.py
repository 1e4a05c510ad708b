"""All clients of the matrix, and what the gateway itself says of the statements whose rows nobody wrote down."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from tests.clients import cli, jdbc, others
from tests.clients.contract import PURPOSE, Client
from tests.clients.statements import Rows, Statement

CLIENTS: tuple[Client, ...] = (*cli.clients(), *jdbc.clients(), *others.clients())


def through_rest(client: httpx.Client, statement: Statement) -> Rows:
    """The rows that the REST interface gives, with the values that their types mean."""
    answer = client.post("/api/queries", json={"sql": statement.sql, "purpose": PURPOSE})
    assert answer.status_code == httpx.codes.OK, answer.text
    types = [column["type"] for column in answer.json()["columns"]]
    return [[_typed(value, kind) for value, kind in zip(row, types, strict=True)] for row in answer.json()["rows"]]


def _typed(value: Any, kind: str) -> Any:
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    if kind.startswith("decimal"):
        return Decimal(value)
    if kind.startswith("timestamp"):
        day, clock, *zone = value.split(" ")
        return datetime.fromisoformat(f"{day}T{clock}").replace(tzinfo=ZoneInfo(zone[0]) if zone else None)
    return value
