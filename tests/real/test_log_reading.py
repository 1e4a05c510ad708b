"""A question leaves its trace, and an auditor, a steward, its partner and a stranger each read what is theirs of it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import uuid
from typing import Any

import pytest

from tests.conftest import CHECKOUT, Stack
from tests.real.test_faults import wait_until

pytestmark = pytest.mark.real

PURPOSE = "freight_resilience"


def found(stack: Stack, name: str, *words: str) -> list[dict[str, Any]]:
    """What somebody finds."""
    lines = stack.portgate("audit", "search", "--as", name, "--json", *words).stdout.splitlines()
    return [json.loads(line) for line in lines]


@pytest.fixture(scope="module")
def mark() -> str:
    """A word that stands in one question alone."""
    return f"word{uuid.uuid4().hex}"


@pytest.fixture(scope="module")
def query(stack: Stack, mark: str) -> str:
    """A question about all ports, and its id."""
    sql = f"SELECT port_unlocode, count(*) AS {mark} FROM vessel_calls GROUP BY 1"
    with stack.client("gobiz-analyst") as client:
        answer = client.post("/api/queries", json={"sql": sql, "purpose": PURPOSE})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])


def test_it_is_found_by_a_word_of_its_text(stack: Stack, query: str, mark: str) -> None:
    records = found(stack, "auditor", "--text", mark, "--purpose", PURPOSE)

    kinds = [each["record"]["kind"] for each in records]
    assert (kinds[0], "outcome" in kinds) == ("decision", True)
    assert {each["record"]["query"] for each in records} == {query}
    assert {each["partner"] for each in records} == {"gobiz-analyst"}


def test_each_reader_sees_their_own_part_of_it(stack: Stack, query: str, mark: str) -> None:
    whole, *_ = found(stack, "auditor", "--query", query, "--kind", "decision")
    oakland, *_ = found(stack, "oakland-steward", "--query", query, "--kind", "decision")
    own, *_ = found(stack, "gobiz-analyst", "--query", query, "--kind", "decision")

    assert {"oakland", "long_beach"} <= {each["port"] for each in whole["record"]["tables"]}
    assert {each["port"] for each in oakland["record"]["tables"]} == {"oakland"}
    assert "long_beach" not in json.dumps({name: oakland["record"][name] for name in ("tables", "revisions", "asked")})
    assert ["sent_sql" in each["record"] for each in (whole, oakland, own)] == [True, False, False]
    assert found(stack, "msc-planner", "--text", mark) == []


def test_a_stranger_is_told_that_there_is_no_such_record(stack: Stack, query: str) -> None:
    (decision,) = found(stack, "auditor", "--query", query, "--kind", "decision")

    done = stack.portgate("audit", "show", str(decision["index"]), "--as", "msc-planner", check=False)
    absent = stack.portgate("audit", "show", "999999999", "--as", "msc-planner", check=False)

    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr == absent.stderr


def test_a_record_is_shown_with_both_texts_and_the_checkpoint_over_it(stack: Stack, query: str, mark: str) -> None:
    (decision,) = found(stack, "auditor", "--query", query, "--kind", "decision")

    shown = stack.portgate("audit", "show", str(decision["index"])).stdout

    assert shown.count(mark) >= 2
    assert "as sent" in shown
    assert "oakland · " in shown
    assert "the same query" in shown
    assert "  checkpoint  over " in shown


def test_every_reading_is_in_the_log_itself(stack: Stack, mark: str) -> None:
    found(stack, "oakland-steward", "--text", mark)

    (reading,) = found(stack, "auditor", "--kind", "reading", "--partner", "oakland-steward", "--limit", "1")

    assert reading["record"]["way"] == "search"
    assert reading["record"]["wanted"]["text"] == mark


def begun(stack: Stack) -> int:
    """How many watches the steward has begun."""
    readings = found(stack, "auditor", "--kind", "reading", "--partner", "oakland-steward", "--limit", "500")
    return sum(1 for each in readings if each["record"]["way"] == "watch")


def test_a_watch_shows_a_question_while_it_is_asked(stack: Stack) -> None:
    words = ["audit", "watch", "--json", "--as", "oakland-steward", "--kind", "decision", "--home", str(stack.home)]
    command = [sys.executable, "-m", "gateway", *words]
    before = begun(stack)
    with subprocess.Popen(command, cwd=CHECKOUT, stdout=subprocess.PIPE, text=True) as watching:
        wait_until(lambda: begun(stack) > before, 30)
        with stack.client("gobiz-analyst") as client:
            question = {"sql": "SELECT count(*) FROM oakland.freight.vessel_calls", "purpose": PURPOSE}
            asked = client.post("/api/queries", json=question).json()["id"]
        assert watching.stdout is not None
        line = json.loads(watching.stdout.readline())
        watching.send_signal(signal.SIGINT)
        watching.wait(timeout=20)

    assert line["record"]["query"] == asked
    assert watching.returncode == 0
