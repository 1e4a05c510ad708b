"""A steward's examples: read with their faults, tried against the real rules, and told with line and column."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from typer.testing import CliRunner

from gateway.adapters.catalog_files import read_catalog
from gateway.model import USES, Partner
from gateway.policy.examples import Coverage, Example, coverage, judge, read_examples
from gateway.policy.language import Agreement, ColumnRule, Party, PortDocument, TableRule
from gateway.policy_cli import app
from gateway.settings import Settings
from tests.plain_yaml import read_yaml

REPOSITORY = Path(__file__).resolve().parents[2]
NOW = "2026-11-22T16:45:06Z"
CATALOG = read_catalog(REPOSITORY / "catalog", Settings.model_fields["ports"].default)
PARTNERS = {
    "msc-planner": Partner("msc-planner", "msc", "ocean_carrier", ("planner",), (), {"carrier_smdg": "MSC"}, "")
}
GOOD = """\
version: 1
port: oakland
examples:
  - name: A carrier sees its own calls.
    as: msc-planner
    purpose: freight_resilience
    on: "2026-11-20"
    table: freight.vessel_calls
    rows:
      - {call_id: C1, carrier_smdg: MSC}
      - {call_id: C2, carrier_smdg: MSK}
    sees:
      - {call_id: C1, carrier_smdg: MSC}
      - {call_id: C2}
"""


def read(text: str) -> tuple[list[Example], list[tuple[int, int, str, str]]]:
    examples, findings = read_examples(text, "oakland", CATALOG, PARTNERS, NOW)
    return examples, [(found.line, found.column, found.message, found.mend) for found in findings]


def test_an_example_becomes_a_question_that_selects_what_is_seen() -> None:
    (example,), findings = read(GOOD)

    assert findings == []
    assert example.question == {
        "partner": {
            "id": "msc-planner",
            "organisation": "msc",
            "organisation_class": "ocean_carrier",
            "roles": ["planner"],
            "attributes": {"carrier_smdg": "MSC"},
        },
        "purpose": "freight_resilience",
        "now": "2026-11-20T00:00:00Z",
        "spent": {},
        "tables": [
            {
                "port": "oakland",
                "schema": "freight",
                "table": "vessel_calls",
                "columns": {"call_id": ["select"], "carrier_smdg": ["select"]},
            }
        ],
    }
    assert (example.types["call_id"], example.types["ata_berth_utc"]) == ("varchar", "timestamp(3)")


def test_a_partner_may_be_described_in_place() -> None:
    described = "{organisation: msk, organisation_class: ocean_carrier}"

    (example,), findings = read(GOOD.replace("as: msc-planner", f"as: {described}"))

    assert findings == []
    assert example.question["partner"]["attributes"] == {}


@pytest.mark.parametrize(
    ("wrong", "right", "line", "message", "mend"),
    [
        ("version: 2", "version: 1", 1, "the version is not 1", "write `version: 1`"),
        ("port: hueneme", "port: oakland", 1, "these are examples of hueneme", "write `port: oakland`"),
        ("as: msc-planer", "as: msc-planner", 5, "there is no partner msc-planer", "write `msc-planner`"),
        (
            "freight_resiliance", "freight_resilience", 6, "there is no purpose freight_resiliance",
            "write `freight_resilience`",
        ),
        ("2026-13-20", "2026-11-20", 7, "this is no day or moment", 'write "2026-11-22" or "2026-11-22T16:45:06Z"'),
        (
            "freight.vessel_call\n", "freight.vessel_calls\n", 8, "oakland has no table freight.vessel_call",
            "write `freight.vessel_calls`",
        ),
        ("{call_idd: C1,", "{call_id: C1,", 10, "the port keeps no column call_idd here", "write `call_id`"),
        ("    row:", "    rows:", 9, "the key `row` is unknown", "write `rows`"),
        (
            "      - {call_id: C2}\n      - hidden\n", "      - {call_id: C2}\n", 13, "the lines do not fit the rows",
            "write one for each row, or leave out all that are `hidden`",
        ),
        (
            "      - gone\n", "      - {call_id: C2}\n", 14, "not cells, and not `hidden`",
            "write {column: value} or hidden",
        ),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_its_place_and_how_to_mend_it(
    wrong: str, right: str, line: int, message: str, mend: str
) -> None:
    assert GOOD.count(right) >= 1

    examples, findings = read(GOOD.replace(right, wrong, 1))

    assert examples == []
    assert [(found[0], *found[2:]) for found in findings] == [(line, message, mend)]


def test_an_example_says_one_thing() -> None:
    _, both = read(GOOD + "    refused: [vessel_name]\n")
    _, neither = read(GOOD.split("    rows:")[0])

    said = "an example says one thing: rows and what is seen of them, or what is refused, or what is given"
    assert [found[2] for found in (*both, *neither)] == [said, said]


# --- judging --------------------------------------------------------------------------------------------------------


def answered(agreements: list[dict[str, Any]], *shown: object) -> dict[str, Any]:
    return {"decision": {"tables": [{"agreements": agreements}]}, "shown": list(shown)}


def test_what_comes_as_expected_is_no_finding() -> None:
    (example,), _ = read(GOOD)

    shown = ({"call_id": "C1", "carrier_smdg": "MSC"}, {"call_id": "C2", "carrier_smdg": None})

    assert list(judge(example, answered([], *shown))) == []


def test_each_cell_that_differs_is_told_in_the_line_of_what_is_expected() -> None:
    (example,), _ = read(GOOD)

    shown = ({"call_id": "C1", "carrier_smdg": None}, {"call_id": "C2", "carrier_smdg": "MSK"})
    found = [(finding.line, finding.message) for finding in judge(example, answered([], *shown))]

    name = "A carrier sees its own calls."
    assert found == [
        (13, f"{name}: line 1 of what is seen: carrier_smdg: expected 'MSC', and nothing came"),
        (14, f"{name}: line 2 of what is seen: carrier_smdg: expected nothing, and 'MSK' came"),
    ]


def test_rows_that_are_seen_and_should_not_be_are_told_and_the_reverse() -> None:
    (example,), _ = read(GOOD.replace("      - {call_id: C2}", "      - hidden"))

    found = [finding.message for finding in judge(example, answered([], None, {"call_id": "C2", "carrier_smdg": None}))]

    assert [message.split("seen: ")[1] for message in found] == [
        "expected {call_id: 'C1', carrier_smdg: 'MSC'}, and the row is hidden",
        "expected the row to be hidden, and {call_id: 'C2'} is seen",
    ]


def test_without_hidden_only_the_rows_that_are_seen_are_counted() -> None:
    (example,), _ = read(GOOD.replace("      - {call_id: C2}\n", ""))
    seen = {"call_id": "C1", "carrier_smdg": "MSC"}

    assert list(judge(example, answered([], seen, None))) == []
    assert [finding.message for finding in judge(example, answered([], seen, seen))] == [
        "A carrier sees its own calls.: expected 1 rows to be seen, and 2 are"
    ]


def test_true_is_not_one_and_a_moment_is_itself_however_it_is_written() -> None:
    (example,), _ = read(GOOD)
    of_types = replace(example, types={"at": "timestamp(3)", "n": "integer", "b": "boolean"}, lines=((1, 1),))

    same = replace(of_types, sees=({"at": "2026-11-20 08:00:00", "n": 2.0, "b": True},), rows=({},))
    other = replace(of_types, sees=({"at": "2026-11-20 08:00:00.001", "n": True, "b": 1},), rows=({},))
    shown = {"at": "2026-11-20 08:00:00.000", "n": 1, "b": True}

    assert list(judge(same, answered([], {**shown, "n": 2}))) == []
    assert len(list(judge(other, answered([], shown)))) == 3


def test_what_is_refused_is_given_by_no_agreement() -> None:
    (example,), _ = read(GOOD.split("    rows:")[0] + "    refused: [vessel_name]\n")

    assert example.question["tables"][0]["columns"] == {"vessel_name": list(USES)}
    assert list(judge(example, answered([]))) == []
    (finding,) = judge(example, answered([{"id": "oak-public", "columns": {"vessel_name": None}, "uses": {}}]))
    assert finding.message.endswith("vessel_name is to be refused, and oak-public gives it")


def test_what_is_given_is_given_for_exactly_these_uses() -> None:
    (example,), _ = read(GOOD.split("    rows:")[0] + "    gives: {vessel_name: [aggregate, group]}\n")
    uses = {"vessel_name": ["group", "aggregate"]}

    assert list(judge(example, answered([{"id": "a", "columns": {"vessel_name": None}, "uses": uses}]))) == []
    (finding,) = judge(example, answered([{"id": "a", "columns": {"vessel_name": None}, "uses": {}}]))
    assert "is to be given for group, aggregate, and is given for select, filter" in finding.message


# --- coverage -------------------------------------------------------------------------------------------------------


def test_an_agreement_is_touched_table_by_table_where_it_gives_a_column() -> None:
    (example,), _ = read(GOOD)
    rule = TableRule("rows", "A sentence.", {"call_id": ColumnRule()})
    tables = {"freight.vessel_calls": rule, "freight.rail_moves": rule}
    days = ("2026-01-01", "2028-01-01")
    agreements = tuple(
        Agreement(name, Party(roles=("planner",)), ("freight_resilience",), *days, "A sentence.", tables)
        for name in ("a", "b")
    )
    document = PortDocument("oakland", "port_of_oakland", "a@b.example", agreements=agreements)

    gave = [{"id": "a", "columns": {"call_id": None}, "uses": {}}, {"id": "b", "columns": {}, "uses": {}}]
    found = coverage(document, [(example, answered(gave))])

    missing = (("a", "freight.rail_moves"), ("b", "freight.vessel_calls"), ("b", "freight.rail_moves"))
    assert found == Coverage(1, missing)
    assert found.percent == 25.0


# --- the shipped examples and the command ---------------------------------------------------------------------------


def test_the_shipped_examples_have_the_shape_of_the_schema() -> None:
    validator = Draft202012Validator(json.loads((REPOSITORY / "policies/schemas/examples.json").read_text()))
    for file in (REPOSITORY / "policies").glob("ports/*/examples.yaml"):
        assert [fault.message for fault in validator.iter_errors(read_yaml(file.read_text()))] == [], file


def test_the_shipped_examples_hold_and_touch_every_table_of_every_agreement() -> None:
    done = CliRunner().invoke(app, ["test", "--on", "2026-11-22", "--json"])

    told = json.loads(done.stdout)
    assert {one["port"]: (one["findings"], one["untouched"]) for one in told["ports"]} == {
        port: ([], []) for port in Settings.model_fields["ports"].default
    }
    assert done.exit_code == 0


def test_a_port_without_examples_is_a_wrong_command() -> None:
    done = CliRunner().invoke(app, ["test", "okland"])

    assert done.exit_code == 2
    assert "mend: write `oakland`" in done.output


def test_an_example_that_fails_and_a_table_that_none_touches_are_three(tmp_path: Path) -> None:
    policies = tmp_path / "policies"
    for folder in ("gateway", "ports/oakland"):
        for file in (REPOSITORY / "policies" / folder).glob("**/*"):
            if file.suffix in (".rego", ".yaml") and not file.name.endswith("_test.rego"):
                target = policies / file.relative_to(REPOSITORY / "policies")
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(file.read_bytes())
    (policies / "ports/oakland/examples.yaml").write_text(GOOD.replace("- {call_id: C2}", "- hidden"))

    failing = CliRunner().invoke(app, ["test", "--policies", str(policies), "--threshold", "0"])
    (policies / "ports/oakland/examples.yaml").write_text(GOOD)
    thin = CliRunner().invoke(app, ["test", "--policies", str(policies)])
    enough = CliRunner().invoke(app, ["test", "--policies", str(policies), "--threshold", "1"])

    assert (failing.exit_code, thin.exit_code, enough.exit_code) == (3, 3, 0)
    assert "examples.yaml:14:9: A carrier sees its own calls.: line 2 of what is seen: expected" in failing.output
    assert "no example touches freight.container_dwell of oak-carriers-own" in thin.output
