"""Go's golang.org/x/mod/sumdb as an oracle: built once from tests/audit/go, kept in the cache, asked line by line."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from stack.components import cache, find_go
from stack.fetching import go_environment

SOURCE = Path(__file__).parent / "go"
BUILD_SECONDS = 300


def program() -> Path:
    """Return the oracle, built from its source when there is none of it yet; Go checks modules against go.sum."""
    files = sorted(SOURCE.iterdir())
    name = hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:16]
    target = cache() / "bin" / f"sumdb-{name}"
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        go, fresh = find_go(), target.with_name(f"{target.name}.{os.getpid()}")
        command = [str(go), "build", "-o", str(fresh), "."]
        environment = go_environment(cache() / "go-sumdb", go)
        done = subprocess.run(
            command, cwd=SOURCE, env=environment, capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
        assert done.returncode == 0, done.stderr
        fresh.replace(target)
        shutil.rmtree(cache() / "go-sumdb")
    return target


def ask(lines: Sequence[str]) -> list[str]:
    """Send all lines, and return an answer for each."""
    done = subprocess.run(
        [str(program())], input="\n".join(lines) + "\n", capture_output=True, text=True, timeout=120, check=True
    )
    answers = done.stdout.splitlines()
    assert len(answers) == len(lines)
    return answers
