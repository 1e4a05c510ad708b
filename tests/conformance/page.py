"""The list of differences -> docs/conformance.md; `make docs` writes it, a test holds it to the list."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from tests.conformance.differences import DIFFERENCES
from tests.conformance.sides import Raised
from tests.conftest import CHECKOUT

PAGE = CHECKOUT / "docs" / "conformance.md"
_HEAD = """# Like Trino, and where not

<!-- written by `make docs` from the tests' own list; change that, not this page -->

The official Python client is the reference: the tests ask the same of Trino and of Portgate, in {count} cases (types,
parameters of every kind, transactions, cancellation, sessions, prepared statements, errors and their places), and
compare all that a program sees. These differ on purpose; all others are the same.

"""


def page(cases: Mapping[str, object]) -> str:
    """Write the page."""
    by_reason: dict[str, list[str]] = {}
    for case, difference in DIFFERENCES.items():
        by_reason.setdefault(difference.reason, []).append(_line(case, difference.seen))
    parts = [f"{reason}\n\n" + "\n".join(lines) + "\n" for reason, lines in by_reason.items()]
    return _HEAD.format(count=len(cases)) + "\n".join(parts)


def _line(case: str, seen: object) -> str:
    kind, _, name = case.partition("-")
    told = f": `{seen.error_name or seen.kind}`" if isinstance(seen, Raised) else ""
    return f"- {kind}: {name.replace('_', ' ')}{told}"


if __name__ == "__main__":
    from tests.conformance.test_conformance import CASES

    PAGE.write_text(page(CASES), encoding="utf-8")
    sys.exit(0)
