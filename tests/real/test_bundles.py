"""A port's steward publishes and suspends at the real stack, on the command line."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Stack

pytestmark = pytest.mark.real

FIVE_SECONDS = 5.0
LONG = (
    "SELECT count(*) FROM california.freight.vessel_calls a, california.freight.vessel_calls b, "
    "california.freight.vessel_calls c WHERE a.call_id < b.call_id AND b.call_id < c.call_id"
)
SHORT = "SELECT call_id FROM california.freight.vessel_calls WHERE port_unlocode = 'USOAK' LIMIT 1"


@pytest.fixture
def policies(stack: Stack, tmp_path: Path) -> Iterator[Path]:
    """A steward's own folder; afterwards the checkout's agreements are in force again."""
    folder = tmp_path / "policies"
    shutil.copytree(CHECKOUT / "policies", folder)
    yield folder
    stack.portgate("policy", "publish", "oakland", "--as", "oakland-steward")


def asked(stack: Stack, sql: str) -> subprocess.CompletedProcess[str]:
    return stack.portgate("query", "--as", "gobiz-analyst", "--format", "json", sql, check=False)


def test_every_port_s_agreements_are_in_force_after_the_first_start(stack: Stack) -> None:
    told = json.loads(stack.portgate("policy", "status", "--json").stdout)

    assert {port: said["state"] for port, said in told.items()} == dict.fromkeys(told, "in_force")
    assert len(told) == 5


def test_an_edit_holds_within_five_seconds_of_its_publication(stack: Stack, policies: Path) -> None:
    before = asked(stack, SHORT).stdout
    file = policies / "ports" / "oakland" / "data.yaml"
    file.write_text(file.read_text().replace("call_id: show", "call_id: {mask: null}"))

    stack.portgate("policy", "publish", "oakland", "--as", "oakland-steward", "--policies", str(policies))
    time.sleep(1)

    assert "USOAK-" in before
    assert "USOAK-" not in asked(stack, SHORT).stdout


def test_a_steward_of_another_port_is_turned_away(stack: Stack, policies: Path) -> None:
    done = stack.portgate(
        "policy", "publish", "oakland", "--as", "hueneme-steward", "--policies", str(policies), check=False
    )

    assert (done.returncode, "hueneme-steward may not publish for oakland" in done.stderr) == (3, True)


def test_suspending_a_port_ends_a_query_under_way_within_five_seconds(stack: Stack, policies: Path) -> None:
    command = [sys.executable, "-m", "gateway", "query", "--as", "gobiz-analyst", LONG, "--home", str(stack.home)]
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        time.sleep(8)
        assert running.poll() is None
        words = ("oakland", "--as", "oakland-steward", "--policies", str(policies))
        stack.portgate("policy", "suspend", *words)
        said = running.communicate(timeout=FIVE_SECONDS)[1]

    assert running.returncode == 3
    assert "the port of oakland has suspended its agreements" in said
    newest = stack.portgate("audit", "search", "--kind", "outcome", "--limit", "1", "--json").stdout
    outcome = json.loads(newest)["record"]
    assert (outcome["state"], outcome["code"]) == ("failed", "port_suspended")
    assert "USOAK-" not in asked(stack, SHORT).stdout

    stack.portgate("policy", "resume", *words)
    time.sleep(1)
    assert "USOAK-" in asked(stack, SHORT).stdout
