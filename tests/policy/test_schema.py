"""The schema that editors use accepts what the reader accepts, and says of each key what it is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker

from gateway.policy.reading import read_document
from gateway.policy.schema import PLACES, json_schema
from gateway.policy.yaml_tree import plain, read_tree
from stack.agreements_page import files, page
from stack.layout import CHECKOUT
from tests.policy.test_check import FAULTS, GOOD, seeded

SCHEMA = json_schema()

LAXER = {
    "duplicate_key": "JSON Schema sees a key once",
    "anchor": "JSON Schema sees what an alias stands for",
    "alias": "the same",
    "tag": "JSON Schema sees values, not how they are written",
    "quotes": "the same",
    "second_document": "an editor checks each document alone",
    "duplicate_id": "JSON Schema cannot compare values of two places",
}
"""What the reader finds and JSON Schema cannot say. Two more, which no fault here tries: a number such as `5.0` is
whole to JSON Schema, and Python's `$` lets a text end in a line break."""


def accepts(text: str) -> bool:
    root, _ = read_tree(text)
    return root is not None and Draft202012Validator(SCHEMA, format_checker=FormatChecker()).is_valid(plain(root))


@pytest.mark.parametrize(("name", "text"), files().items())
def test_a_generated_file_is_what_the_table_says(name: str, text: str) -> None:
    assert (CHECKOUT / name).read_text() == text, "run `make docs`"


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("title", GOOD)
def test_the_schema_accepts_a_good_file(title: str) -> None:
    assert accepts(GOOD[title])


@pytest.mark.parametrize("name", FAULTS)
def test_the_schema_refuses_what_the_reader_refuses(name: str) -> None:
    text = seeded(FAULTS[name])
    codes = {finding.code for finding in read_document(text).findings}

    assert accepts(text) == (codes <= LAXER.keys())


def test_every_key_has_words_and_an_example() -> None:
    assert [(place.id, key.name) for place in PLACES for key in place.keys if not (key.says and key.example)] == []


def test_an_editor_shows_words_for_every_key() -> None:
    def silent(schema: Any, where: str = "") -> Iterator[str]:
        if isinstance(schema, list):
            for one in schema:
                yield from silent(one, where)
        if isinstance(schema, dict):
            for name, said in schema.get("properties", {}).items():
                if isinstance(said, dict) and "const" not in said and "description" not in said:
                    yield f"{where}.{name}"
            for name, said in schema.items():
                yield from silent(said, f"{where}.{name}")

    assert list(silent(SCHEMA)) == []


def test_every_key_is_on_the_page() -> None:
    text = page()

    assert [key.name for place in PLACES for key in place.keys if f"| `{key.name}` |" not in text] == []


def test_each_example_is_read() -> None:
    for place in PLACES:
        for key in place.keys:
            if "…" not in key.example and not key.example.startswith("see "):
                _, findings = read_tree(key.example)
                assert findings == [], key.name
