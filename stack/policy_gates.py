"""policies/ -> formatted, type-checked, tested to the last line; or the exit code that says it is not."""

from __future__ import annotations

import subprocess
import sys

from stack import components
from stack.layout import CHECKOUT, POLICIES

_SCHEMAS = POLICIES / "schemas"


def main(words: list[str]) -> int:
    """Run the gates with the stack's own OPA; `--write` only formats."""
    opa = str(components.find().opa)
    folder = str(POLICIES.relative_to(CHECKOUT))
    if "--write" in words:
        return _run([opa, "fmt", "--write", folder])
    gates = [
        [opa, "fmt", "--fail", "--list", folder],
        [opa, "check", "--strict", "--bundle", "--schema", str(_SCHEMAS.relative_to(CHECKOUT)), folder],
        [opa, "test", "--bundle", "--coverage", "--threshold", "100", "--format", "json", folder],
    ]
    return max(_run(gate) for gate in gates)


def _run(command: list[str]) -> int:
    print("opa " + " ".join(command[1:]), flush=True)
    done = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        print(done.stdout[-6000:] + done.stderr, flush=True)
    return min(done.returncode, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
