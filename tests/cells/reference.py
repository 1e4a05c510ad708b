"""Cases -> what OPA says of them: the decision, and each cell as `data.gateway.cells` works it out. One run for all."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from tests.conftest import CHECKOUT

_ASK = """[{"number": number, "shown": shown, "decision": decision} |
some number, case in data.cases
asked := case.input
ports := case.ports
shown := data.gateway.cells.shown with input as asked with data.ports as ports
decision := data.gateway.cells.decision with input as asked with data.ports as ports]"""
"""`with` takes variables only: inside a comprehension, OPA finds no reference there."""


def said_by_opa(opa: Path, folder: Path, cases: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Ask OPA about all cases at once."""
    asked = folder / "cases.json"
    asked.write_text(json.dumps({"cases": cases}, default=_plain))
    library = CHECKOUT / "policies/gateway"
    command = [str(opa), "eval", "--format=json", "--data", str(library), "--data", str(asked), _ASK]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    said: list[dict[str, Any]] = json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    unsaid = set(range(len(cases))) - {one["number"] for one in said}
    assert not unsaid, f"undefined: {[cases[number] for number in sorted(unsaid)[:2]]}"
    return said


def _plain(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else str(value)
