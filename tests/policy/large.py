"""Files of many agreements, and how long reading and checking one takes: `python -m tests.policy.large [COUNT]`."""

from __future__ import annotations

import re
import sys
import time
from pathlib import Path

from gateway.adapters.catalog_files import read_catalog
from gateway.policy.check import check, seconds_for
from gateway.policy.reading import read_document
from gateway.settings import Settings

HERE = Path(__file__).parent
TODAY = "2026-11-25"


def many(count: int) -> str:
    """Write the base's three agreements again and again, each with another of sixty organisations."""
    head, rest = (HERE / "base.yaml").read_text().split("agreements:\n", 1)
    body, tail = rest.split("\nwithheld:", 1)
    agreements = body.split("  - id: ")[1:]
    written = [_agreement(agreements[place % 3], place) for place in range(count)]
    return f"{head}agreements:\n{''.join(written)}\nwithheld:{tail}"


def _agreement(text: str, place: int) -> str:
    _, _, rest = text.partition("\n")
    who = f"organisations: [org_{(place * 7) % 60}]"
    return f"  - id: a-{place}\n{re.sub(r'(organisation_classes|organisations): [^}]*?]', who, rest, count=1)}"


def main(count: int) -> None:
    """Print the time, and of it what this process had of the processor."""
    catalog = read_catalog(HERE.parents[1] / "catalog", Settings.model_fields["ports"].default)
    text = many(count)
    before = time.process_time()
    took = seconds_for(text, catalog, TODAY)
    spent = time.process_time() - before
    found = len(check(read_document(text), catalog, TODAY))
    print(f"{count} agreements, {len(text.splitlines())} lines: {took:.2f} s, {spent:.2f} s of them computing")
    print(f"{found} findings")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 500)
