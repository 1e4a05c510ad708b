"""requirements.in -> requirements.lock: every package with its version and hashes, for all platforms.

The clients of the tests have environments of their own, each with its own pair in tests/clients/requirements; what a
pair's `overrides` leaves out is left out.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
OLDEST_PYTHON = "3.11"


def main() -> int:
    """Resolve with uv, which lives in a throw-away environment; versions already locked are kept where they fit."""
    with tempfile.TemporaryDirectory(prefix="portgate-lock-") as work:
        venv.create(work, with_pip=True)
        python = Path(work) / "bin" / "python"
        subprocess.run(  # noqa: S603 - our own command
            [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"], check=True
        )
        uv = Path(work) / "bin" / "uv"
        return max(_lock(uv, requirements) for requirements in (CHECKOUT / "requirements.in", *_clients()))


def _clients() -> list[Path]:
    return sorted((CHECKOUT / "tests" / "clients" / "requirements").glob("*.in"))


def _lock(uv: Path, requirements: Path) -> int:
    overrides = requirements.with_suffix(".overrides")
    done = subprocess.run(  # noqa: S603 - our own command
        [
            str(uv), "pip", "compile", "--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes",
            "--only-binary", ":all:", "--no-annotate", "--quiet", requirements.name,
            "--output-file", requirements.with_suffix(".lock").name,
            *(("--override", overrides.name) if overrides.exists() else ()),
        ],
        cwd=requirements.parent,
        env={**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"},
        check=False,
    )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
