"""The table of functions can be trusted: it is whole, sorted under its headings, and says why."""

from __future__ import annotations

import re

import pytest

from gateway.kernel.functions import FUNCTIONS, TABLE, TABLE_FUNCTIONS, Function, read

ALL = [*FUNCTIONS.values(), *TABLE_FUNCTIONS.values()]


def test_a_line_becomes_a_function() -> None:
    text = "# --- text\nlower  scalar  allowed\nchr    scalar  fallible  no code point\n"

    assert read(text) == (
        Function("lower", "scalar", "allowed", ""),
        Function("chr", "scalar", "fallible", "no code point"),
    )


@pytest.mark.parametrize(
    "line",
    [
        "lower",
        "lower scalar",
        "lower scalar welcome",
        "lower verb allowed",
        "Lower scalar allowed",
        "$lower scalar allowed",
        "lower\tscalar\tallowed",
        " lower scalar allowed",
        "#lower scalar allowed",
        "chr scalar fallible",
        "fail scalar refused",
    ],
)
def test_a_malformed_line_stops_the_import(line: str) -> None:
    with pytest.raises(ValueError, match=r"not a line|without saying why"):
        read(f"upper scalar allowed\n{line}\n")


def test_a_function_that_stands_twice_stops_the_import() -> None:
    with pytest.raises(ValueError, match="lower stands twice"):
        read("lower scalar allowed\nlower aggregate refused no\n")


def test_a_table_function_may_share_its_name_with_another_function() -> None:
    scalar, table = FUNCTIONS["sequence"], TABLE_FUNCTIONS["sequence"]

    assert (scalar.kind, table.kind) == ("scalar", "table")


def test_every_function_that_is_not_simply_allowed_says_why() -> None:
    assert [each.name for each in ALL if each.verdict != "allowed" and len(each.note) < 5] == []


def test_a_refusal_is_a_reason_and_never_a_whole_sentence_of_ours() -> None:
    notes = [each.note for each in ALL if each.verdict == "refused"]

    assert [note for note in notes if (note[0].isupper() and not note.startswith("MATCH")) or note.endswith(".")] == []


def test_sequence_is_the_only_table_function_that_may_be_called() -> None:
    assert {each.name for each in TABLE_FUNCTIONS.values() if each.verdict != "refused"} == {"sequence"}


def test_what_tells_of_the_login_the_session_or_the_engine_never_reaches_it() -> None:
    telling = {name for name in FUNCTIONS if re.match(r"current_(?!date|time)|version|session|user", name)}

    assert {name for name in telling if FUNCTIONS[name].verdict == "refused"} == {"current_groups", "current_path"}
    assert {name for name in telling if FUNCTIONS[name].verdict == "told"} == {
        "current_catalog", "current_schema", "current_user", "version",
    }  # fmt: skip


def test_nobody_can_add_to_the_table_at_run_time() -> None:
    with pytest.raises(TypeError):
        FUNCTIONS["fail"] = FUNCTIONS["lower"]  # type: ignore[index]


def test_the_columns_of_the_table_stand_below_each_other() -> None:
    starts = {
        tuple(word.start() for word in list(re.finditer(r"\S+", line))[1:4])
        for line in TABLE.splitlines()
        if line and not line.startswith("#")
    }

    assert {start[:2] for start in starts} == {(31, 42)}
    assert {start[2] for start in starts if len(start) == 3} == {52}


def test_each_heading_lists_its_functions_once_and_blank_lines_stand_before_headings_only() -> None:
    blocks = TABLE.strip().split("\n\n")

    assert all(block.startswith("# --- ") and "\n#" not in block for block in blocks)
