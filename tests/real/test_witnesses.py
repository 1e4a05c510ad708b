"""Five witnesses beside the real stack: they cosign, mirror, and catch a read that no record stands for."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.adapters.witness_protocol import cosigned_by, witness_of
from gateway.audit.note import checkpoint_in, signatures_of
from gateway.settings import read_settings
from stack import postgres
from stack.layout import Home
from stack.settings import remembered
from tests.conftest import CHECKOUT, Stack

pytestmark = pytest.mark.real

SQL = "SELECT count(year_month) FROM long_beach.polbops.teu_monthly"
GRACE_SECONDS = 10


def until(holds: Callable[[], Any], seconds: float) -> Any:
    """Wait until something holds, and give it."""
    limit = time.monotonic() + seconds
    while not (found := holds()):
        assert time.monotonic() < limit
        time.sleep(0.2)
    return found


def witness(stack: Stack, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the witness's command."""
    command = [sys.executable, "-m", "witness", *words]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, timeout=120, check=False)


def folder(stack: Stack, port: str = "long_beach") -> Path:
    """Where a port's witness has mirrored."""
    return Home(stack.home).witness(port) / "data"


def alarms(stack: Stack, port: str = "long_beach") -> list[dict[str, Any]]:
    """What a port's witness has raised."""
    file = folder(stack, port) / "alarms.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def checkpoint(stack: Stack) -> tuple[int, int]:
    """How many records the log's checkpoint has, and how many witnesses have cosigned it."""
    settings = remembered(Home(stack.home))
    assert settings
    known = [witness_of(each) for each in read_settings(Home(stack.home).gateway_settings).audit.witnesses]
    note = httpx.get(f"http://127.0.0.1:{settings.tcp.plain}/log/checkpoint").text
    return checkpoint_in(signatures_of(note)[0]).size, len(cosigned_by(note, known))


def test_a_query_is_cosigned_within_seconds_and_the_mirrors_are_in_order(stack: Stack) -> None:
    before, _ = checkpoint(stack)
    done = stack.portgate("query", "--as", "gobiz-analyst", "--purpose", "freight_resilience", SQL)
    assert done.stdout

    until(lambda: checkpoint(stack)[0] > before + 1 and checkpoint(stack)[1] >= 3, 10)
    size = checkpoint(stack)[0]
    for port in ("long_beach", "hueneme"):
        status = folder(stack, port) / "status.json"
        until(lambda status=status: json.loads(status.read_bytes())["mirrored"] >= size, 15)  # type: ignore[misc]
        checked = witness(stack, "verify", str(folder(stack, port)))
        assert (checked.returncode, "records are in order" in checked.stdout) == (0, True), checked.stdout
    assert SQL in (folder(stack) / "views.jsonl").read_text()
    assert SQL not in (folder(stack, "hueneme") / "views.jsonl").read_text()


def test_the_parts_of_the_stack_name_the_witnesses(stack: Stack) -> None:
    told = json.loads(stack.portgate("status", "--json").stdout)["parts"]

    states = {each["part"]: each["state"] for each in told if each["part"].startswith("witness-")}
    assert states == dict.fromkeys(
        (f"witness-{port}" for port in ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")), "ready"
    )


def test_a_read_past_the_gateway_is_an_alarm_and_one_of_a_partner_is_none(stack: Stack) -> None:
    settings = remembered(Home(stack.home))
    assert settings
    stack.portgate("query", "--as", "gobiz-analyst", "--purpose", "freight_resilience", SQL)
    began = time.time()
    user, condition = f"gobiz-analyst#9{int(began)}", f"{int(began)} > 0"  # the same is told once an hour
    table = 'SELECT count(*) FROM "PolbOps"."teu_monthly"'
    with postgres.connect(Home(stack.home), settings.tcp.postgres, postgres.LONG_BEACH, postgres.READER) as session:
        session.execute(f"{table} /*portgate user={user} query=20261128_000000_00000_abcde*/")
        session.execute(f"{table} WHERE {condition}")

    def seen() -> set[str]:
        raised = [each["evidence"] for each in alarms(stack) if each["kind"] == "unrecorded_read"]
        return {each["user"] or each["statement"] for each in raised if each["time"] >= began}

    until(lambda: seen() >= {user, f"{table} WHERE {condition}"}, GRACE_SECONDS + 20)
    assert seen() == {user, f"{table} WHERE {condition}"}
    assert witness(stack, "status", "--config", str(folder(stack).parent / "witness.toml")).returncode == 1
