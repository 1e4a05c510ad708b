"""requirements.in -> requirements.lock: every package with its version and hashes, for all platforms."""

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
        done = subprocess.run(  # noqa: S603 - our own command
            [
                str(uv), "pip", "compile", "--universal", "--python-version", OLDEST_PYTHON, "--generate-hashes",
                "--no-annotate", "--quiet", "requirements.in", "--output-file", "requirements.lock",
            ],
            cwd=CHECKOUT,
            env={**os.environ, "UV_CUSTOM_COMPILE_COMMAND": "make lock"},
            check=False,
        )  # fmt: skip
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
