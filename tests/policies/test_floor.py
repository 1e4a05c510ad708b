"""No agreement, by no port, in no way, releases what identifies a worker; floor and catalog name the same columns."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from sqlglot import exp

from gateway import settings
from gateway.model import USES, Catalog
from tests.policies.conftest import NOW, POLICIES, run_opa

PORTS = settings.Settings.model_fields["ports"].default
ASKED = {
    "port": "los_angeles",
    "schema": "freight",
    "table": "gate_transactions",
    "columns": {"turn_minutes": list(USES), "driver_id": list(USES)},
}
DRIVERS = {"column": "driver_id", "op": "in", "value": ["D-17"]}
SHOWN = {"uses": list(USES), "mask": None}
AGREEMENT: dict[str, Any] = {
    "id": "sold-out",
    "with": {"organisations": ["gobiz"]},
    "purposes": ["freight_resilience"],
    "from": "2026-01-01",
    "until": "2028-01-01",
    "reason": "We would like to track drivers.",
    "contact": "",
    "citation": "",
    "suspended": False,
    "reciprocal": False,
    "limits": {},
    "tables": {
        "freight.gate_transactions": {
            "release": "rows",
            "reason": "We would like to track drivers.",
            "columns": {"turn_minutes": SHOWN, "driver_id": SHOWN},
            "rows": [[]],
            "embargo": None,
            "joins": None,
            "statistics": None,
        }
    },
}


def rule(**change: object) -> dict[str, Any]:
    """The agreement with its table changed."""
    table = AGREEMENT["tables"]["freight.gate_transactions"] | change
    return AGREEMENT | {"tables": {"freight.gate_transactions": table}}


def decide(
    opa: Path, folder: Path, agreement: dict[str, Any], *, rego: str = "", asked: dict[str, Any] = ASKED
) -> dict[str, Any] | None:
    """What a bundle with this agreement, and with this Rego of the port, answers; None where OPA answers nothing."""
    shutil.copytree(POLICIES / "gateway", folder / "gateway", ignore=shutil.ignore_patterns("*_test.rego"))
    port = folder / "ports/los_angeles"
    port.mkdir(parents=True)
    document = {
        "version": 1,
        "port": "los_angeles",
        "organisation": "port_of_los_angeles",
        "contact": "a@b.example",
        "suspended": False,
        "withheld": {},
        "revision": f"{'0' * 64}@none",
        "index": {name: {"organisations": {"gobiz": [0]}} for name in agreement["tables"]},
    }
    (port / "data.json").write_text(json.dumps(document | {"agreements": [agreement]}))
    if rego:
        (port / "narrow.rego").write_text(rego)
    question = folder / "question.json"
    partner = {"id": "a", "organisation": "gobiz", "organisation_class": "state_agency", "roles": [], "attributes": {}}
    question.write_text(
        json.dumps({"partner": partner, "purpose": "freight_resilience", "now": NOW, "tables": [asked], "spent": {}})
    )
    done = run_opa(opa, "eval", "-b", str(folder), "-i", str(question), "data.gateway.access.decision")
    answer = json.loads(done.stdout)
    if "result" not in answer:
        return None
    table: dict[str, Any] = answer["result"][0]["expressions"][0]["value"]["tables"][0]
    return table


def columns_of(answer: dict[str, Any] | None) -> list[list[str]]:
    return [sorted(grant["columns"]) for grant in answer["agreements"]] if answer else []


def test_the_agreement_of_these_tests_would_hold_without_the_driver(opa_binary: Path, tmp_path: Path) -> None:
    answer = decide(opa_binary, tmp_path, rule(columns={"turn_minutes": SHOWN}))

    assert columns_of(answer) == [["turn_minutes"]]


@pytest.mark.parametrize(
    "how",
    [
        SHOWN,
        {"uses": ["aggregate"], "mask": None},
        {"uses": list(USES), "mask": {"kind": "null"}},
        {"uses": list(USES), "mask": {"kind": "keyed_hash"}},
        {"uses": list(USES), "mask": {"kind": "constant", "value": "x"}},
        {"uses": list(USES), "mask": {"kind": "truncate", "value": 1}},
    ],
)
def test_a_driver_is_neither_shown_nor_masked(opa_binary: Path, tmp_path: Path, how: object) -> None:
    answer = decide(opa_binary, tmp_path, rule(columns={"turn_minutes": SHOWN, "driver_id": how}))

    assert columns_of(answer) == [["turn_minutes"]]
    assert answer
    assert "12100.131(b)(3)" in answer["withheld"]["driver_id"]


@pytest.mark.parametrize(
    "name", ["DRIVER_ID", "Driver_Id", "driverbadge", "twic_hash", "crane gang", "shift_no", "worker"]
)
def test_another_spelling_of_a_worker_is_not_released(opa_binary: Path, tmp_path: Path, name: str) -> None:
    asked = ASKED | {"columns": {"turn_minutes": list(USES), name: list(USES)}}

    answer = decide(opa_binary, tmp_path, rule(columns={"turn_minutes": SHOWN, name: SHOWN}), asked=asked)

    assert columns_of(answer) == [["turn_minutes"]]


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [[{"column": "driver_id", "op": "eq", "value": "D-17"}]]},
        {"rows": [[{"column": "driver_id", "op": "is_null"}]]},
        {"rows": [[{"column": "turn_minutes", "op": "gt", "value": 60}, DRIVERS]]},
        {"rows": [[{"column": "driver_id", "op": "starts_with", "value": "D"}]]},
        {"embargo": {"column": "driver_id", "age_hours": 1, "grain": "instant"}},
        {"columns": {"driver_id": SHOWN}},
    ],
    ids=["eq", "is null", "beside another condition", "prefix", "embargo", "alone"],
)
def test_rows_are_not_chosen_by_worker(opa_binary: Path, tmp_path: Path, change: dict[str, Any]) -> None:
    assert columns_of(decide(opa_binary, tmp_path, rule(**change))) == []


@pytest.mark.parametrize(
    "rego",
    [
        "package gateway.floor\n\nis_labor(_) := false\n",
        "package gateway.floor\n\ncolumns := set()\n",
        'package gateway.floor\n\npattern := "^$"\n',
        'package gateway.access\n\n_mask(_) := {"said": null}\n',
        'package gateway.access\n\ndecision := {"library": "2"}\n',
    ],
    ids=["is_labor", "columns", "pattern", "mask", "decision"],
)
def test_rego_of_a_port_cannot_lift_the_floor(opa_binary: Path, tmp_path: Path, rego: str) -> None:
    for columns in columns_of(decide(opa_binary, tmp_path, AGREEMENT, rego=rego)):
        assert "driver_id" not in columns


def test_narrow_cannot_add(opa_binary: Path, tmp_path: Path) -> None:
    rego = 'package ports.los_angeles.narrow\n\ndeny := set()\n\nallow := true\n\ncolumns := {"driver_id": null}\n'

    assert columns_of(decide(opa_binary, tmp_path, AGREEMENT, rego=rego)) == [["turn_minutes"]]


def test_narrow_can_take_away(opa_binary: Path, tmp_path: Path) -> None:
    rego = (
        'package ports.los_angeles.narrow\n\ndeny contains "Not this week." if input.purpose == "freight_resilience"\n'
    )

    answer = decide(opa_binary, tmp_path, AGREEMENT, rego=rego)

    assert answer
    assert answer["agreements"] == []
    assert answer["withheld"]["turn_minutes"] == "Not this week."


# --- floor and catalog ----------------------------------------------------------------------------------------------


def test_floor_and_catalog_name_the_same_columns(opa_binary: Path, tmp_path: Path, catalog: Catalog) -> None:
    columns = {name for table in catalog.tables.values() for name in table.columns}
    labor = {
        column.name
        for table in catalog.tables.values()
        for column in table.columns.values()
        if column.sensitivity == "labor"
    }
    question = tmp_path / "columns.json"
    question.write_text(json.dumps(sorted(columns)))

    said = run_opa(
        opa_binary, "eval", "-b", "policies", "-i", str(question),
        '{"listed": data.gateway.floor.columns, "caught": {c | some c in input; data.gateway.floor.is_labor(c)}}',
    )  # fmt: skip
    answer = json.loads(said.stdout)["result"][0]["expressions"][0]["value"]

    assert set(answer["listed"]) == labor
    assert set(answer["caught"]) == labor


def test_no_mapping_carries_a_worker_into_another_column(catalog: Catalog) -> None:
    labor = {
        (name, column.name)
        for name, table in catalog.tables.items()
        for column in table.columns.values()
        if column.sensitivity == "labor"
    }
    hidden = {column for _, column in labor}
    for mappings in catalog.mappings.values():
        for mapping in mappings.values():
            used = {
                (canonical, found.name.lower())
                for canonical, expression in mapping.columns.items()
                for found in expression.find_all(exp.Column)
            }
            leaks = {(canonical, own) for canonical, own in used if own in hidden and canonical not in hidden}
            assert leaks == set(), f"{mapping.port}.{mapping.table}"
