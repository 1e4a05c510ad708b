"""A part that is away is said at once and clearly, and nothing is released meanwhile."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest

from stack.layout import Home
from tests.conftest import Stack

pytestmark = pytest.mark.real

DEADLINE_SECONDS = 3.0
"""What the federation promises for a clear error; a bound of behaviour (a time-out at work), not of speed."""
ALL_PORTS = {"sql": "SELECT port_unlocode, count(*) FROM vessel_calls GROUP BY 1", "purpose": "freight_resilience"}


def ask(stack: Stack, **more: Any) -> tuple[httpx.Response, float]:
    """Ask over all ports, and say how long the answer took."""
    with stack.client("gobiz-analyst") as client:
        began = time.monotonic()
        answer = client.post("/api/queries", json=ALL_PORTS | more)
        return answer, time.monotonic() - began


def pid_of(stack: Stack, part: str) -> int:
    parts = json.loads(stack.portgate("status", "--json", check=False).stdout)["parts"]
    return int(next(each["pid"] for each in parts if each["part"] == part))


@contextmanager
def stopped(stack: Stack, part: str) -> Iterator[None]:
    """Kill a part, and bring it back afterwards."""
    os.kill(pid_of(stack, part), signal.SIGKILL)
    time.sleep(0.5)
    try:
        yield
    finally:
        stack.portgate("up")


def expect_problem(answer: httpx.Response, seconds: float, code: str) -> dict[str, Any]:
    problem: dict[str, Any] = answer.json()
    assert answer.status_code == 503, answer.text
    assert problem["code"] == code
    assert "rows" not in problem
    assert seconds < DEADLINE_SECONDS
    return problem


def test_without_opa_nothing_is_decided(stack: Stack) -> None:
    with stopped(stack, "opa"):
        answer, seconds = ask(stack)
        expect_problem(answer, seconds, "policy_unavailable")

    assert ask(stack)[0].status_code == 200


def test_without_trino_nothing_runs(stack: Stack) -> None:
    with stopped(stack, "trino"):
        answer, seconds = ask(stack)
        expect_problem(answer, seconds, "engine_unavailable")

    assert ask(stack)[0].status_code == 200


def test_without_one_ports_database_the_answer_is_an_error_that_names_it(stack: Stack) -> None:
    with stopped(stack, "postgres"):
        answer, seconds = ask(stack)
        problem = expect_problem(answer, seconds, "port_unavailable")
        assert "long_beach" in problem["ports"]
        assert "127.0.0.1" not in answer.text

        others, _ = ask(stack, sql="SELECT count(*) FROM vessel_calls WHERE port_unlocode IN ('USOAK', 'USSAN')")
        assert others.status_code == 200, others.text

        partial, _ = ask(stack, partial=True)
        assert partial.status_code == 200, partial.text
        missing = {notice["port"] for notice in partial.json()["notices"] if notice["code"] == "port_missing"}
        assert "long_beach" in missing
        assert "USLGB" not in {row[0] for row in partial.json()["rows"]}

    assert ask(stack)[0].status_code == 200


def test_a_database_that_was_started_anew_answers_the_first_question(stack: Stack) -> None:
    assert ask(stack)[0].status_code == 200  # so that Trino holds connections that the database will no longer know

    with stopped(stack, "postgres"):
        pass

    answer, _ = ask(stack)
    assert answer.status_code == 200, answer.text


def test_with_a_read_only_audit_log_nothing_leaves(stack: Stack) -> None:
    file = Home(stack.home).audit
    mode = file.stat().st_mode
    file.chmod(0o400)
    try:
        answer, seconds = ask(stack)
        expect_problem(answer, seconds, "audit_unavailable")
        read = stack.portgate("audit", "search", check=False)
        assert (read.returncode, read.stdout) == (4, ""), "who cannot be written down is shown nothing"
        alone = stack.portgate("audit", "search", "--file", str(file), "--limit", "1")
        assert len(alone.stdout.splitlines()) == 3, "the file itself can be read"
    finally:
        file.chmod(mode)
        with stack.client("gobiz-analyst") as client:
            assert client.get("/readyz").status_code == 200, "a probe reopens the log"

    assert ask(stack)[0].status_code == 200


HEAVY = """
SELECT count(*) FROM container_moves a, container_moves b, container_moves c
WHERE a.teu + b.teu > c.teu AND a.port_unlocode < b.port_unlocode
"""


def cancelled_in_trino(stack: Stack) -> int:
    """How many queries Trino's own log says were cancelled."""
    return Home(stack.home).log("trino").read_text().count("FAILED (USER_CANCELED)")


def wait_until(holds: Callable[[], bool], seconds: float) -> bool:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.2)
    return holds()


def test_a_client_that_goes_away_stops_the_query_in_trino(stack: Stack) -> None:
    before = cancelled_in_trino(stack)

    with stack.client("bts-analyst") as client, pytest.raises(httpx.ReadTimeout):
        client.post("/api/queries", json={"sql": HEAVY, "purpose": "freight_resilience"}, timeout=6)

    assert wait_until(lambda: cancelled_in_trino(stack) > before, 10)
    done = stack.portgate("audit", "search", "--kind", "outcome", "--limit", "3", "--json").stdout
    assert "cancelled" in done


def test_every_query_of_this_run_has_a_decision_and_an_outcome(stack: Stack) -> None:
    ask(stack)
    ask(stack, sql="DROP TABLE vessel_calls")

    with sqlite3.connect(f"file:{Home(stack.home).audit}?mode=ro", uri=True) as log:
        lines = [json.loads(line) for (line,) in log.execute("SELECT line FROM records ORDER BY idx")]

    outcomes = [line["decision_index"] for line in lines if line["kind"] == "outcome"]
    decisions = [line["index"] for line in lines if line["kind"] == "decision"]
    assert sorted(outcomes) == decisions
    assert lines[-1]["kind"] == "refusal"
    assert lines[-1]["sql"] == "DROP TABLE vessel_calls"
