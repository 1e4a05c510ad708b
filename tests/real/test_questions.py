"""The fifteen questions of the partnership, asked through the gateway, against a copy that was filtered beforehand."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from gateway.model import TableName
from tests.conftest import CHECKOUT, Stack
from tests.real.reference import Asker, Reference, the_catalog

pytestmark = pytest.mark.real

QUESTIONS = sorted((CHECKOUT / "docs" / "questions").glob("*.sql"))
TABLES = sorted(the_catalog().mappings)
VESSEL_CALLS = list(the_catalog().tables[TableName("california", "freight", "vessel_calls")].columns)


@pytest.fixture(scope="module")
def reference(stack: Stack) -> Reference:
    """The reference side of this module."""
    return Reference(stack.trino(), stack.home)


def canonical_tables(sql: str) -> list[str]:
    """The canonical tables that a text names."""
    return [table for table in TABLES if re.search(rf"\b(FROM|JOIN)\s+{table}\b", sql)]


def plain(rows: list[list[Any]]) -> list[list[str]]:
    """Rows in a form in which equal means equal: sorted, floats to nine digits."""
    return sorted([[_plain(value) for value in row] for row in rows])


def _plain(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.9g}"
    return f"{Decimal(value):f}" if isinstance(value, Decimal) else repr(value)


def purpose_of(sql: str) -> str:
    """The purpose that a question file declares."""
    found = re.search(r"-- purpose: (\w+)", sql)
    assert found
    return found[1]


@pytest.mark.parametrize("question", QUESTIONS, ids=lambda file: file.stem)
def test_a_state_analysts_answer_equals_the_same_text_on_what_the_agreements_show(
    stack: Stack, reference: Reference, question: Path
) -> None:
    sql = question.read_text()
    purpose = purpose_of(sql)

    with stack.client("gobiz-analyst") as client:
        answer = client.post("/api/queries", json={"sql": sql, "purpose": purpose})
    assert answer.status_code == 200, answer.text
    schema = reference.of(Asker.called("gobiz-analyst"), purpose, canonical_tables(sql))
    expected = reference.run(sql, schema)

    assert plain(answer.json()["rows"]) == plain(expected)
    assert expected, "an empty answer proves nothing"


FIVE = ["gobiz-analyst", "university-researcher", "msc-planner", "oakland-analyst", "los-angeles-steward"]
"""Who asks the same question in the next test, and gets an answer of their own."""


def test_the_same_question_of_five_partners_has_five_right_answers(stack: Stack, reference: Reference) -> None:
    answers = {}
    for partner in FIVE:
        with stack.client(partner) as client:
            answer = client.post(
                "/api/queries", json={"sql": "SELECT * FROM vessel_calls", "purpose": "freight_resilience"}
            )
        assert answer.status_code == 200, answer.text
        columns = [column["name"] for column in answer.json()["columns"]]
        schema = reference.of(Asker.called(partner), "freight_resilience", ["vessel_calls"])
        expected = reference.run(f"SELECT {', '.join(columns)} FROM vessel_calls", schema)
        hidden = [name for name in VESSEL_CALLS if name not in columns]
        counts = ", ".join(f"count({name})" for name in hidden) or "0"

        assert plain(answer.json()["rows"]) == plain(expected), partner
        assert not any(reference.run(f"SELECT {counts} FROM vessel_calls", schema)[0]), "a column is missing"
        answers[partner] = repr((columns, plain(expected)))

    assert len(set(answers.values())) == len(FIVE)


MASKED = "SELECT port_unlocode, container_no, count(*) AS stays FROM container_dwell GROUP BY 1, 2"


def test_a_masked_column_groups_and_joins_by_what_it_looks_like(stack: Stack, reference: Reference) -> None:
    with stack.client("gobiz-analyst") as client:
        answer = client.post("/api/queries", json={"sql": MASKED, "purpose": "goods_movement_efficiency"})
    schema = reference.of(Asker.called("gobiz-analyst"), "goods_movement_efficiency", ["container_dwell"])

    assert answer.status_code == 200, answer.text
    assert plain(answer.json()["rows"]) == plain(reference.run(MASKED, schema))
    told = {notice["message"].partition("(")[2].rstrip(")") for notice in answer.json()["notices"]}
    assert "keyed hash" in told, "Oakland's"
    assert len(told) > 1, "and Los Angeles' own form"


def test_two_organisations_cannot_join_on_a_keyed_hash(stack: Stack) -> None:
    at_oakland = MASKED.replace("container_dwell", "container_dwell WHERE port_unlocode = 'USOAK'")
    seen = {}
    for partner in ("gobiz-analyst", "bts-analyst"):
        with stack.client(partner) as client:
            asked = {"sql": at_oakland, "purpose": "goods_movement_efficiency"}
            answer = client.post("/api/queries", json=asked).json()
        seen[partner] = {row[1] for row in answer["rows"] if row[1]}

    assert seen["gobiz-analyst"]
    assert not seen["gobiz-analyst"] & seen["bts-analyst"]


ONLY_COUNTED = "SELECT count(DISTINCT container_no) FROM container_dwell WHERE port_unlocode = 'USLGB'"


def test_long_beachs_containers_are_counted_and_never_named(stack: Stack) -> None:
    with stack.client("gobiz-analyst") as client:
        counted = client.post("/api/queries", json={"sql": ONLY_COUNTED, "purpose": "goods_movement_efficiency"})
        named = client.post(
            "/api/queries",
            json={
                "sql": ONLY_COUNTED.replace("count(DISTINCT container_no)", "container_no"),
                "purpose": "goods_movement_efficiency",
            },
        )
    cursor = stack.trino().cursor()
    cursor.execute("SELECT count(DISTINCT containerno) FROM long_beach.polbops.yardstay")

    assert counted.json()["rows"] == [list(row) for row in cursor.fetchall()]
    assert (named.status_code, named.json()["code"]) == (403, "denied")


DENIED = [
    ("university-researcher", "SELECT consignee_name FROM container_moves", "denied"),
    ("gobiz-analyst", "SELECT port_unlocode FROM container_moves WHERE bill_of_lading = 'X'", "denied"),
    ("gobiz-analyst", "SELECT count(*) FROM gate_transactions GROUP BY truck_plate", "denied"),
    ("los-angeles-steward", "SELECT port_unlocode FROM gate_transactions ORDER BY driver_id", "denied"),
    ("auditor", "SELECT max(driver_id) OVER () FROM gate_transactions", "denied"),
    ("public", "SELECT a.port_unlocode FROM vessel_calls a JOIN vessel_calls b USING (delay_reason_code)", "denied"),
    ("gobiz-analyst", "SELECT twic_hash FROM los_angeles.pola.gate_visit", "unresolved"),
    ("los-angeles-steward", "SELECT twic_hash FROM los_angeles.pola.gate_visit", "unresolved"),
    ("gobiz-analyst", "SELECT 1 FROM long_beach.polbops.nothing", "unresolved"),
]


@pytest.mark.parametrize(("partner", "sql", "code"), DENIED, ids=[f"{who} {sql[:60]}" for who, sql, _ in DENIED])
def test_what_no_agreement_gives_is_refused_with_the_reason(stack: Stack, partner: str, sql: str, code: str) -> None:
    with stack.client(partner) as client:
        answer = client.post("/api/queries", json={"sql": sql, "purpose": "freight_resilience"})

    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["code"]) in {(403, code), (400, code)}
    assert problem["detail"]
    assert problem["line"] == 1


NAMES = [
    "SELECT count(*), sum(teu) AS Teu, Direction FROM cargo_throughput GROUP BY Direction",
    "SELECT 1, 'a' || 'b', CAST(1.5 AS decimal(10,2)), current_date",
    "SELECT x.*, 2 FROM (SELECT month_start, count(*) FROM cargo_throughput GROUP BY 1) x",
    "SELECT port_unlocode FROM port_status UNION SELECT 'a' LIMIT 1",
]


@pytest.mark.parametrize("sql", NAMES)
def test_names_and_types_are_those_that_trino_gives_for_the_partners_own_text(
    stack: Stack, reference: Reference, sql: str
) -> None:
    with stack.client("gobiz-analyst") as client:
        answer = client.post("/api/queries", json={"sql": sql, "purpose": "freight_resilience"})
    schema = reference.of(Asker.called("gobiz-analyst"), "freight_resilience", canonical_tables(sql))
    names_and_types = reference.describe(sql, schema)

    assert [(column["name"], column["type"]) for column in answer.json()["columns"]] == names_and_types
