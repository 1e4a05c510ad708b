"""The keys of the agreement language -> the JSON Schema that editors use, and the reference for stewards."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from gateway.model import PURPOSES, USES
from gateway.policy.language import FIGURES, ORGANISATION_CLASSES
from gateway.policy.schema import COLUMN, MASK_KEYS, PLACES, Key, Place, json_schema
from stack.layout import CHECKOUT

PAGE = "docs/agreements.md"
SCHEMA = "policies/schemas/agreements.json"

_FOR_MASKS = {
    "null": "any type",
    "constant": "any type; the value must be of it",
    "keyed_hash": "text of any length (varchar)",
    "truncate": "text (varchar)",
    "time_grain": "date, timestamp (`hour`: timestamp)",
    "band": "whole numbers, decimals, double, real",
    "geo_grid": "double",
}


def files() -> Mapping[str, str]:
    """Write both files, by their path in the checkout."""
    return {PAGE: page(), SCHEMA: json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"}


def page() -> str:
    """Write the whole page."""
    return "\n".join([*_top(), *(line for place in PLACES for line in _place(place))])


def _top() -> Iterator[str]:
    yield "# The agreement language: every key"
    yield ""
    yield "<!-- written by `make docs` from gateway/policy/schema.py; change that, not this page -->"
    yield ""
    yield "A port's file is `policies/ports/<port>/data.yaml`; [stewards.md](stewards.md) shows a whole one and how to"
    yield "work with it. A key that is not on this page is an error, and so is one that stands twice, an anchor, an"
    yield "alias, a tag, and a value without quotes that one reader of YAML takes for a text and another for a date,"
    yield "a number or a truth (`2026-01-01`, `0123`, `NO`): `portgate policy check` says where, and what to write."
    yield ""
    yield f"Purposes: {_words(PURPOSES)}. Organisation classes: {_words(ORGANISATION_CLASSES)}."
    yield f"Uses of a column: {_words(USES)}. Figures of a release of statistics: {_words(FIGURES)}."
    yield ""


def _place(place: Place) -> Iterator[str]:
    yield f"## {place.title}"
    yield ""
    yield place.says + (" At least one of:" if place.least and "at least one" not in place.says.lower() else "")
    yield ""
    yield "| key | | what it says | example |"
    yield "| --- | --- | --- | --- |"
    yield from (_row(key) for key in place.keys)
    yield ""
    if place is COLUMN:
        yield from _masks()


def _row(key: Key) -> str:
    needed = "needed" if key.needed else ""
    example = key.example if key.example.startswith("see ") else f"`{key.example}`"
    return f"| `{key.name}` | {needed} | {_cell(key.says)} | {_cell(example)} |"


def _masks() -> Iterator[str]:
    yield "| mask | needs | for |"
    yield "| --- | --- | --- |"
    for mask, keys in MASK_KEYS.items():
        needs = ", ".join(f"`{key}`" + (" (may be left out)" if key == "fill" else "") for key in keys)
        yield f"| `{mask}` | {needs} | {_FOR_MASKS[mask]} |"
    yield ""


def _words(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _cell(text: str) -> str:
    return re.sub(r"(?<!\\)\|", r"\\|", text)


def main(arguments: list[str], root: Path = CHECKOUT) -> int:
    """Write the files, or with `--check` say whether they are as they should be."""
    if arguments == ["--check"]:
        return 0 if all((root / name).read_text() == text for name, text in files().items()) else 1
    for name, text in files().items():
        (root / name).write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
