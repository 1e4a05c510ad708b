"""The program `opa` on this machine: evaluates one query over a folder of rules and data, once, without a server."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from gateway.errors import PolicyUnavailable

PATIENCE_SECONDS = 120.0


def evaluate(opa: Path, folder: Path, query: str, asked: object) -> Any:
    """Return the value of a query over `folder` with `asked` as input; raise `PolicyUnavailable` if there is none."""
    command = [
        str(opa), "eval", "--bundle", str(folder), "--stdin-input", "--format", "json", 
        "--optimize-store-for-read-speed", query,
    ]  # fmt: skip
    try:
        done = subprocess.run(  # noqa: S603 - our own command, nothing of a file in it
            command, input=json.dumps(asked).encode(), capture_output=True, check=False, timeout=PATIENCE_SECONDS
        )
    except (OSError, subprocess.TimeoutExpired) as fault:
        raise PolicyUnavailable(f"{opa} did not answer ({type(fault).__name__})", hint="try again") from fault
    try:
        return json.loads(done.stdout)["result"][0]["expressions"][0]["value"]
    except (ValueError, KeyError, IndexError) as fault:
        why = (done.stderr or done.stdout).decode(errors="replace").strip()[-600:]
        raise PolicyUnavailable(f"{opa} gave no answer: {why}", hint="look at the rules: opa check") from fault
