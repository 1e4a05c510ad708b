"""A steward's hour on the real stack: edit, check, test, compare, sign, publish, stop, take back."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.conftest import CHECKOUT, Stack

pytestmark = pytest.mark.real

ASK = "SELECT carrier_smdg FROM oakland.freight.vessel_calls LIMIT 1"
LIMIT_SECONDS = 5.0
AGREEMENT = """\
agreements:
  - id: oak-story
    with: {organisation_classes: [university]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: Universities study which lines call at Oakland.
    tables:
      freight.vessel_calls:
        release: rows
        columns: {carrier_smdg: show, call_id: show}
        rows: all
"""
EXAMPLE = """\
  - name: A university reads which line a call is of
    as: university-researcher
    purpose: freight_resilience
    on: "2026-11-22"
    table: freight.vessel_calls
    rows:
      - {call_id: C1, carrier_smdg: MSC}
    sees:
      - {call_id: C1, carrier_smdg: MSC}
"""


@dataclass(frozen=True)
class Desk:
    """A steward's own checkout of the policies, and the stack."""

    stack: Stack
    checkout: Path

    @property
    def policies(self) -> Path:
        """The folder of the ports' files."""
        return self.checkout / "policies"

    def policy(self, *words: str, code: int = 0) -> str:
        """Run a tool that needs files alone; it must end with this exit code."""
        command = [sys.executable, "-m", "gateway", "policy", *words]
        done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == code, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def at_gateway(self, *words: str, code: int = 0) -> str:
        """Run a command that asks the gateway; it must end with this exit code."""
        done = self.stack.portgate(*words, check=False)
        assert done.returncode == code, f"{' '.join(words)}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def publish(self, port: str, steward: str, code: int = 0) -> str:
        """Sign and publish a port's file."""
        return self.at_gateway("policy", "publish", port, "--as", steward, "--policies", str(self.policies), code=code)

    def file(self, port: str, name: str = "data.yaml") -> Path:
        """One file of a port."""
        return self.policies / "ports" / port / name

    def git(self, *words: str) -> None:
        """Keep a state of the files."""
        name = ["-c", "user.name=Steward", "-c", "user.email=steward@oakland.example"]
        subprocess.run(["git", *name, *words], cwd=self.checkout, check=True, capture_output=True)

    def ask(self) -> tuple[int, str]:
        """Ask as a university."""
        purpose = ("--purpose", "freight_resilience")
        done = self.stack.portgate(
            "query", "--as", "university-researcher", *purpose, "--format", "csv", ASK, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def wait_until(self, code: int, began: float) -> str:
        """Ask until the answer ends so; the change must be there within five seconds of `began`."""
        while True:
            asked = time.monotonic()
            found, said = self.ask()
            if found == code:
                return said
            assert asked - began < LIMIT_SECONDS, said


@pytest.fixture
def desk(stack: Stack, tmp_path: Path) -> Iterator[Desk]:
    """A desk whose edits are taken back afterwards."""
    made = Desk(stack, tmp_path)
    shutil.copytree(CHECKOUT / "policies", made.policies)
    made.git("init", "-q")
    made.git("add", ".")
    made.git("commit", "-qm", "As shipped")
    try:
        yield made
    finally:
        shutil.copytree(CHECKOUT / "policies", made.policies, dirs_exist_ok=True)
        made.publish("oakland", "oakland-steward")


def test_an_edit_is_checked_tried_compared_published_and_taken_back(desk: Desk) -> None:
    file, examples = desk.file("oakland"), desk.file("oakland", "examples.yaml")
    shipped = file.read_text()
    assert desk.ask()[0] == 3

    # a slip of the pen is found, with its place and what to write
    file.write_text(shipped.replace("agreements:\n", AGREEMENT.replace("carrier_smdg:", "carier_smdg:"), 1))
    found = desk.policy("check", "oakland", "--policies", str(desk.policies), code=3)
    assert "carier_smdg" in found
    assert "carrier_smdg" in found

    file.write_text(shipped.replace("agreements:\n", AGREEMENT, 1))
    desk.policy("check", "oakland", "--policies", str(desk.policies))

    # an agreement that no example touches is named, and then tried
    assert "oak-story" in desk.policy("test", "oakland", "--policies", str(desk.policies), code=3)
    examples.write_text(examples.read_text().rstrip() + "\n" + EXAMPLE)
    desk.policy("test", "oakland", "--policies", str(desk.policies))

    # what it changes, in words and for programs
    old = str(CHECKOUT / "policies")
    assert "carrier_smdg" in desk.policy("diff", old, str(desk.policies), "--port", "oakland", code=3)
    told = json.loads(desk.policy("diff", old, str(desk.policies), "--port", "oakland", "--json", code=3))
    assert told
    replayed = desk.at_gateway("policy", "simulate", str(desk.policies), "--old", old, code=3)
    assert "newly allowed" in replayed

    # it goes live within five seconds
    desk.git("commit", "-qam", "Universities read lines")
    began = time.monotonic()
    desk.publish("oakland", "oakland-steward")
    assert "carrier_smdg" in desk.wait_until(0, began)

    # nobody else can touch it
    assert "oakland" in desk.publish("oakland", "los-angeles-steward", code=3)
    assert desk.ask()[0] == 0

    # stopped at once, and shared again
    began = time.monotonic()
    policies = ("--policies", str(desk.policies))
    desk.at_gateway("policy", "suspend", "oakland", "--as", "oakland-steward", *policies)
    assert "suspended" in desk.wait_until(3, began)
    began = time.monotonic()
    desk.at_gateway("policy", "resume", "oakland", "--as", "oakland-steward", *policies)
    desk.wait_until(0, began)

    # and taken back
    began = time.monotonic()
    desk.at_gateway("policy", "rollback", "oakland", "--to", "HEAD~1", "--as", "oakland-steward", *policies)
    assert "denied" in desk.wait_until(3, began)
    assert "oakland" in desk.at_gateway("policy", "status")
