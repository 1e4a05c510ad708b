"""A Python with venv -> .venv with the locked packages and this project, whole or made anew. Standard library only."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
VENV = CHECKOUT / ".venv"
LOCK = CHECKOUT / "requirements.lock"
PROJECT = CHECKOUT / "pyproject.toml"
MARK = VENV / "portgate-installed.json"
"""Written last: without it the environment is half made."""
OLDEST = (3, 11)


def main() -> int:
    """Make or complete the environment; say why if it cannot be done."""
    if sys.version_info < OLDEST:
        return _fail(
            f"Python {sys.version.split()[0]} is too old", "name a newer one: make PYTHON=python3.11 (or newer) setup"
        )
    wanted = _wanted()
    if read_mark(MARK) == wanted:
        return 0
    try:
        _make(wanted)
    except subprocess.CalledProcessError as error:
        return _fail(
            f"this command failed: {' '.join(map(str, error.cmd))}",
            "check the network and the free disk space, then run the same make command again; "
            "if venv is missing, install it (Debian, Ubuntu: apt install python3-venv)",
        )
    return 0


def _make(wanted: dict[str, str]) -> None:
    before = read_mark(MARK)
    if before is None or before["python"] != wanted["python"] or before["place"] != wanted["place"]:
        print("making .venv", flush=True)
        shutil.rmtree(VENV, ignore_errors=True)
        _run(sys.executable, "-m", "venv", str(VENV))
    else:
        MARK.unlink()
    pip = [str(VENV / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "install", "--no-deps"]
    _run(*pip, "--require-hashes", "--only-binary=:all:", "--requirement", str(LOCK))
    # the lock holds setuptools too, so building the project needs nothing that is not locked
    _run(*pip, "--quiet", "--no-build-isolation", "--no-index", "--editable", str(CHECKOUT))
    fresh = MARK.with_suffix(".half-made")
    fresh.write_text(json.dumps(wanted, indent=2) + "\n")
    fresh.replace(MARK)


def _wanted() -> dict[str, str]:
    return {
        "python": sys.version,
        "place": str(VENV),
        "lock": hashlib.sha256(LOCK.read_bytes()).hexdigest(),
        "project": hashlib.sha256(PROJECT.read_bytes()).hexdigest(),
    }


def read_mark(file: Path) -> dict[str, str] | None:
    """Read the mark; None where the environment is half made or not there."""
    try:
        mark = json.loads(file.read_text())
    except (FileNotFoundError, NotADirectoryError, ValueError):
        return None
    return mark if isinstance(mark, dict) else None


def _run(*command: str) -> None:
    subprocess.run(command, check=True)  # noqa: S603 - our own commands


def _fail(what: str, mend: str) -> int:
    print(f"error: {what}\nwhat to do: {mend}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
