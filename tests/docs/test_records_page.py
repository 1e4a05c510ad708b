"""docs/records.md describes each member of each record, its type as well, and none that does not exist."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from typing import get_args

import pytest

from gateway.adapters.trino_events import BEYOND_GRANT, MALFORMED_EVENT, NO_EXECUTION, UNRECORDED_QUERY
from gateway.adapters.witnesses import QUORUM, REFUSAL
from gateway.audit.canonical import encode
from gateway.audit.record import (
    KINDS,
    SCHEMA,
    OutcomeRecord,
    ReadTable,
    RecordedNotice,
    RecordedPartner,
    RecordedTable,
    State,
)
from gateway.audit.views import _OWN
from tests.conftest import CHECKOUT

PAGE = (CHECKOUT / "docs" / "records.md").read_text()
EVERY = "Members of every record"
PARTS = {
    RecordedPartner: "partner",
    RecordedTable: "granted table",
    RecordedNotice: "notice",
    ReadTable: "read table",
}
SHARED = {"query", "time", "concerns"}
TYPES = {
    "str": {"text", "moment"},
    "State": {"text"},
    "Literal['opened', 'started', 'stopped']": {"text"},
    "int": {"number"},
    "bool": {"flag"},
    "tuple[str, ...]": {"list of texts"},
    "Mapping[str, str]": {"map of texts"},
    "Mapping[str, int]": {"map of numbers"},
    "Mapping[str, tuple[str, ...]]": {"map of lists of texts"},
    "Asked": {"map of maps of texts"},
    "Asked | None": {"map of maps of texts or null"},
    "RecordedPartner": {"partner"},
    "RecordedPartner | None": {"partner or null"},
    "tuple[RecordedTable, ...]": {"list of granted tables"},
    "tuple[RecordedNotice, ...]": {"list of notices"},
    "tuple[ReadTable, ...]": {"list of read tables"},
}
"""How a type of Python is called on the page."""


def described(heading: str) -> Iterator[tuple[str, str, str]]:
    """Name, type and meaning of each member under a heading."""
    section = re.split(r"^#{2,3} ", PAGE.split(f"### {heading}\n", 1)[1], maxsplit=1, flags=re.MULTILINE)[0]
    table = section.split("| member | type | unit | meaning |\n", 1)[1].split("\n\n", 1)[0]
    for line in table.splitlines()[1:]:
        name, kind, _, meaning = (cell.strip() for cell in line.strip("|").split("|", 3))
        yield name.strip("`"), kind, meaning


ALL = {**{kind: (shape, SHARED) for shape, kind in KINDS.items()}, **{n: (s, set[str]()) for s, n in PARTS.items()}}


@pytest.mark.parametrize("heading", ALL)
def test_each_member_is_described_and_none_too_many(heading: str) -> None:
    shape, elsewhere = ALL[heading]

    told = list(described(heading))

    assert [name for name, _, _ in told] == [each.name for each in fields(shape) if each.name not in elsewhere]
    kinds = {each.name: TYPES[str(each.type)] for each in fields(shape)}
    assert [name for name, kind, _ in told if kind not in kinds[name]] == []
    assert all(meaning for _, _, meaning in told)


def test_what_every_record_has_is_described_once() -> None:
    held, _ = encode(OutcomeRecord("q", "2026-11-22T16:45:06.123Z", 7, "finished"), 8, "2026-11-22T16:45:06.123Z")
    of_its_own = {each.name for each in fields(OutcomeRecord)} - SHARED

    assert {name for name, _, _ in described(EVERY)} == held.keys() - of_its_own


def test_the_version_is_the_one_that_is_written() -> None:
    assert f"This is version {SCHEMA} of the records' shape" in PAGE
    assert f"version of the records' shape: {SCHEMA}" in PAGE


def test_no_kind_or_part_is_described_that_does_not_exist() -> None:
    headings = re.findall(r"^### (.+)$", PAGE, flags=re.MULTILINE)

    assert headings == [EVERY, *headings[1:]]
    assert sorted(headings[1:]) == sorted(ALL)


def test_each_state_and_each_alarm_is_explained() -> None:
    for state in get_args(State):
        assert f"`{state}`" in PAGE
    ours = (
        BEYOND_GRANT,
        MALFORMED_EVENT,
        NO_EXECUTION,
        UNRECORDED_QUERY,
        QUORUM,
        REFUSAL,
        "PublishBundle",
        "malformed",
    )
    for operation in ours:
        assert f"| `{operation}` |" in PAGE


def test_what_a_ports_view_cuts_is_named() -> None:
    (concerns,) = (meaning for name, _, meaning in described(EVERY) if name == "concerns")

    assert set(re.findall(r"`(\w+)`", concerns)) == {"sent_sql", *_OWN}
