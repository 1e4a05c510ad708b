"""Unmodified clients in many versions, each through the same eight checks against the real gateway."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.clients.conftest import Driven
from tests.clients.contract import CHECKS, Place
from tests.clients.matrix import CLIENTS
from tests.clients.statements import MILLION_SUM, STATEMENTS, Rows, Statement, same

pytestmark = pytest.mark.real

TABLES = {"vessel_calls", "port_status"}
CALLS_AT_EACH = "AS calls FROM vessel_calls GROUP BY port_unlocode ORDER BY 1"
COLUMNS = {"port_unlocode", "ata_berth_utc"}
REFUSED_TOKEN = re.compile(r"(?i)\b401\b|unauthori[sz]ed|authentication failed|credential")


def result(driven: Driven, check: str) -> Any:
    """What the client saw; what it cannot do by its nature is skipped for nobody but the one that says so."""
    told = driven.report[check]
    assert "fault" not in told, told["fault"]
    return told["result"]


def test_the_matrix_has_eleven_clients_and_more() -> None:
    assert len({client.name for client in CLIENTS}) >= 11
    assert {check for client in CLIENTS for check in client.cannot} <= set(CHECKS)


def test_it_connects(driven: Driven) -> None:
    assert same([[1]], result(driven, "connect"))


def test_it_browses_what_the_partner_may_see(driven: Driven, place: Place) -> None:
    seen = result(driven, "browse")

    assert place.catalog in seen["catalogs"]
    assert place.schema in seen["schemas"]
    assert set(seen["tables"]) >= TABLES
    assert set(seen["columns"]) >= COLUMNS
    assert not {"memory", "tpch"} & set(seen["catalogs"]), "no agreement speaks of them"


def test_it_gets_the_right_rows_for_thirty_statements(driven: Driven, expected: list[Rows | None]) -> None:
    answers = result(driven, "statements")

    assert len(answers) == len(STATEMENTS) == 30
    wrong = [
        (statement.sql, rows, answer)
        for statement, rows, answer in zip(STATEMENTS, expected, answers, strict=True)
        if not is_right(statement, rows, answer)
    ]
    assert not wrong


def is_right(statement: Statement, rows: Rows | None, answer: dict[str, Any]) -> bool:
    """Say whether a client showed the rows of a statement, or its refusal."""
    if rows is None:
        return bool(re.search(statement.refused, answer.get("error", "")))
    return "rows" in answer and same(rows, answer["rows"])


def test_it_gives_parameters_with_a_statement(driven: Driven, expected: list[Rows | None]) -> None:
    if "parameters" in driven.client.cannot:
        assert "parameters" not in driven.report
        return
    (row,) = result(driven, "parameters")
    calls_at_each = next(
        rows for each, rows in zip(STATEMENTS, expected, strict=True) if rows and each.sql.endswith(CALLS_AT_EACH)
    )
    (calls,) = [calls for port, calls in calls_at_each if port == "USOAK"]

    assert same([42, "it's!", calls], row)


def test_what_it_cancels_ends(driven: Driven, place: Place) -> None:
    if "cancel" in driven.client.cannot:
        assert "cancel" not in driven.report
        return
    result(driven, "cancel")

    assert place.wait_until_ended(driven.mark) == ["cancelled"]


def test_it_tells_that_a_token_is_wrong(driven: Driven) -> None:
    assert REFUSED_TOKEN.search(str(result(driven, "wrong_token")))


def test_it_reads_a_million_rows(driven: Driven) -> None:
    assert same([1_000_000, MILLION_SUM], result(driven, "million_rows"))


def test_it_shows_the_notices_where_it_shows_warnings_at_all(driven: Driven) -> None:
    if "notices" in driven.client.cannot:
        assert "notices" not in driven.report
    else:
        assert any("container_no" in message for message in result(driven, "notices"))
