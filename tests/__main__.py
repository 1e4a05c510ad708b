"""All tests: those that need the real stack, and beside them, on another core, those that do not.

What stands beside is shown when it is done. `pytest` alone runs the same tests one after the other.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile

PYTEST = (sys.executable, "-m", "pytest")


def main() -> int:
    """Run all, and return what pytest would: 0 if all went well."""
    with tempfile.TemporaryFile("w+") as said:
        pure = subprocess.Popen([*PYTEST, "-m", "not real"], stdout=said, stderr=subprocess.STDOUT)
        try:
            real = subprocess.run([*PYTEST, "-m", "real"], check=False).returncode
            code = pure.wait()
        finally:
            pure.kill()
        said.seek(0)
        print("--- the tests without the real stack ---", said.read(), sep="\n", flush=True)
    return real or code


if __name__ == "__main__":
    sys.exit(main())
