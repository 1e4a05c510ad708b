"""The Rego library passes OPA's own gates, and a decision names the agreements it was made from."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from gateway.adapters.policy_files import read_ports
from gateway.policy.language import digest_of, to_data
from tests.policies.conftest import POLICIES, Oracle, run_opa


def test_the_rules_are_formatted(opa_binary: Path) -> None:
    done = run_opa(opa_binary, "fmt", "--list", "--fail", "policies")

    assert (done.returncode, done.stdout) == (0, "")


def test_the_rules_pass_the_strict_check_against_the_question(opa_binary: Path) -> None:
    done = run_opa(opa_binary, "check", "--bundle", "--strict", "--schema", "policies/schemas", "policies")

    assert done.returncode == 0, done.stderr


def test_the_check_would_catch_a_misspelt_key_of_the_question(opa_binary: Path, tmp_path: Path) -> None:
    shutil.copytree("policies/gateway", tmp_path / "gateway")
    rules = tmp_path / "gateway/access/access.rego"
    rules.write_text(rules.read_text().replace("input.partner.roles", "input.partner.rolls"))

    done = run_opa(opa_binary, "check", "--strict", "--schema", "policies/schemas", str(tmp_path))

    assert done.returncode != 0
    assert "rolls" in done.stderr


def test_the_rules_pass_their_own_tests_and_every_line_is_tried(opa_binary: Path) -> None:
    done = run_opa(opa_binary, "test", "--bundle", "--coverage", "--threshold", "100", "policies")

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr


def test_every_package_and_entrypoint_says_what_it_is(opa_binary: Path) -> None:
    done = run_opa(opa_binary, "inspect", "--annotations", "--format", "json", "policies")
    annotations = [found["annotations"] for found in json.loads(done.stdout)["annotations"]]

    packages = [said for said in annotations if said["scope"] == "package"]
    entrypoints = [said for said in annotations if said.get("entrypoint")]

    assert {said["title"] for said in packages} == {"Table access", "Cells", "The statutory floor"}
    assert [said["title"] for said in entrypoints] == ["The decision", "What is shown"]
    assert all(said["description"] for said in packages + entrypoints)


def test_the_rules_ask_no_clock_no_network_and_no_environment() -> None:
    forbidden = ("http.send", "time.now_ns", "opa.runtime", "net.", "rand.", "uuid.", "trace(", "print(")
    for file in Path("policies").glob("**/*.rego"):
        source = file.read_text()
        assert [word for word in forbidden if word in source] == [], file


def test_a_revision_is_the_digest_of_what_a_port_wrote(oracle: Oracle) -> None:
    for port, document in read_ports(POLICIES).items():
        decision = oracle.decide_all(
            "public", "economic_competitiveness", {f"{port}.freight.vessel_calls": ["call_id"]}
        )
        assert decision.revisions == {port: f"{digest_of(to_data(document))}@none"}
