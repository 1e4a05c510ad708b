"""Records on a terminal: what is cut, what is escaped, and how SQL is laid out."""

from __future__ import annotations

import doctest
from typing import Any

import pytest

from gateway import log_search
from gateway.edge import log_terminal
from gateway.edge.log_terminal import laid_out, log_lines, shown_lines, watch_head, watch_line

RECORD: dict[str, Any] = {
    "kind": "refusal", "time": "2026-11-22T12:00:00.000Z", "query": "abcdefghij", "purpose": "p", "client": "c\x1b[2J",
    "sql": "SELECT 'x\x1b]0;title\x07',\n\t'港' " + "y" * 300, "code": "denied", "message": "no\r\nagreement",
    "partner": {"id": "ana\x1b[31m", "organisation": "o", "organisation_class": "a_class", "token_id": "t"},
    "asked": {"oakland.freight.calls": {"teu": "select group"}}, "schema": 2, "index": 7, "logged": "2026",
    "build": "b",
}  # fmt: skip
ENTRY = {"index": 7, "logged": "2026-11-22T12:00:00.001Z", "partner": "ana\x1b[31m", "record": RECORD}
WHOLE = {**ENTRY, "same_query": [ENTRY], "leaf": "ab" * 32, "checkpoint": ""}


@pytest.fixture(autouse=True)
def columns(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "110")


@pytest.mark.parametrize(
    "lines", [lambda: log_lines([ENTRY]), lambda: shown_lines(WHOLE), lambda: [watch_head(), watch_line(ENTRY)]]
)
def test_nothing_of_a_record_moves_the_terminal(lines: Any) -> None:
    told = list(lines())

    assert all(line.isprintable() for line in told)
    assert any("\\x1b" in line for line in told)


def test_lines_end_at_the_terminals_width() -> None:
    told = [*log_lines([ENTRY]), watch_line(ENTRY)]

    assert max(map(len, told)) <= 110
    assert told[2].endswith("…")


def test_a_refusal_says_what_was_asked_for() -> None:
    told = list(shown_lines(WHOLE))

    assert "  refused     denied: no\\r\\nagreement" in told
    assert "oakland · freight.calls" in told
    assert "  asked for   teu (select, group)" in told


def test_a_record_whose_text_is_gone_says_so() -> None:
    gone = {"index": 7, "logged": "", "partner": "", "record": {}, "same_query": [], "leaf": "ab", "checkpoint": ""}

    told = [*log_lines([gone]), *shown_lines(gone)]

    assert sum("its text is gone" in line for line in told) == 2


def test_a_checkpoint_names_who_cosigned_it() -> None:
    note = "portgate.test/audit\n1234\nroot=\n\n— portgate.test/audit abc=\n— oakland.portgate.local/witness def=\n"

    *_, last = shown_lines({**WHOLE, "checkpoint": note})

    assert last == (
        "  checkpoint  over 1,234 records, signed by portgate.test/audit, cosigned by oakland.portgate.local/witness"
    )


@pytest.mark.parametrize(
    "sql", ["", "SELECT", "SELECT 'it''s FROM' FROM t", 'SELECT ")" FROM (((', "'never ends", ")))"]
)
def test_laying_out_loses_no_character_but_blanks(sql: str) -> None:
    assert "".join("".join(laid_out(sql)).split()) == "".join(sql.split())


def test_examples_hold() -> None:
    assert doctest.testmod(log_terminal).failed == 0
    assert doctest.testmod(log_search).failed == 0
