"""Parameters stand in place of their marks, and nowhere else; they cannot end what stands around them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import BadParameters
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.session.binding import bind, marks_of, place_in_prepared


@pytest.mark.parametrize(
    ("text", "values", "bound"),
    [
        ("SELECT ?", ["1"], "SELECT 1"),
        ("SELECT '?', \"?\", ? -- ?\n, /* ? */ ?", ["1", "2"], "SELECT '?', \"?\", 1 -- ?\n, /* ? */ 2"),
        ("SELECT 'it''s ?' || ?", ["'a''?'"], "SELECT 'it''s ?' || 'a''?'"),
        ("SELECT 1 -?", ["-2"], "SELECT 1 - (-2)"),
        ("SELECT ? * 2", ["1 + 2"], "SELECT (1 + 2) * 2"),
        ("SELECT a IN (?,?)", ["NULL", "DATE '2026-01-31'"], "SELECT a IN (NULL,(DATE '2026-01-31'))"),
        ("SELECT 1 LIMIT ?", ["INTEGER '3'"], "SELECT 1 LIMIT 3"),
        ("SELECT 1 OFFSET ? FETCH FIRST ? ROWS ONLY", ["1", "2"], "SELECT 1 OFFSET 1 FETCH FIRST 2 ROWS ONLY"),
        ("SELECT ?||?", ["'a'", "'b'"], "SELECT 'a' || 'b'"),
        ("SELECT ?", ["X'ab'"], "SELECT X'ab'"),
        ("SELECT ?", ["ARRAY[1, 2]"], "SELECT (ARRAY[1, 2])"),
        ("SELECT ?", ["TIMESTAMP '2026-01-31 10:00:00 UTC'"], "SELECT (TIMESTAMP '2026-01-31 10:00:00 UTC')"),
        ("SELECT 1", [], "SELECT 1"),
    ],
)  # fmt: skip
def test_a_value_stands_where_its_mark_stood(text: str, values: list[str], bound: str) -> None:
    assert bind(text, values).text == bound


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("ship", "not constant"),
        ("t.ship", "not constant"),
        ("lower(ship)", "not constant"),
        ("(SELECT 1)", "not constant"),
        ("EXISTS (SELECT 1)", "not constant"),
        ("count(*)", "not constant"),
        ("row_number() OVER ()", "not constant"),
        ("1 AS x", "not one value"),
        ("1 x", "not one value"),
        ("1 FROM calls", "not one value"),
        ("1 WHERE TRUE", "not one value"),
        ("1 UNION SELECT 2", "not one value"),
        ("1) OR (TRUE", "cannot be read"),
        ("1; SELECT 2", "cannot be read"),
        ("'open", "cannot be read"),
        ("?", "cannot be read"),
        ("fail('x')", "cannot be read"),
        ("*", "not constant"),
        ("DISTINCT 1", "not one value"),
    ],
)
def test_what_is_no_constant_is_refused(value: str, message: str) -> None:
    with pytest.raises(BadParameters, match=message):
        bind("SELECT ?", [value])


@pytest.mark.parametrize("value", ["-1", "1.5", "'1'", "NULL", "1 + 1", "ALL"])
def test_a_number_of_rows_is_a_whole_number(value: str) -> None:
    with pytest.raises(BadParameters, match="whole number"):
        bind("SELECT 1 LIMIT ?", [value])


@pytest.mark.parametrize(("marks", "values"), [(0, 1), (1, 0), (2, 3)])
def test_there_are_as_many_values_as_marks(marks: int, values: int) -> None:
    text = "SELECT 1" + ", ?" * marks

    with pytest.raises(BadParameters, match=f"expected {marks} but found {values}"):
        bind(text, ["1"] * values)


QUOTED = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20)


@given(st.lists(QUOTED, max_size=5), st.lists(QUOTED, min_size=1, max_size=5))
def test_no_text_of_a_value_is_read_as_anything_but_that_text(around: list[str], values: list[str]) -> None:
    quoted = ["'" + value.replace("'", "''") + "'" for value in values]
    fixed = [" || '" + text.replace("'", "''") + "'" for text in around]
    text = "SELECT " + ", ".join(["?" + "".join(fixed)] * len(values)) + " /* ? */"

    bound = bind(text, quoted)

    assert len(marks_of(text)) == len(values)
    items = parse(bound.text).tree.expressions
    assert len(items) == len(values)
    for item, value in zip(items, quoted, strict=True):
        assert emit(item.copy()).startswith(emit(parse(f"SELECT {value}").tree.expressions[0]))


def test_a_place_in_the_bound_text_is_found_in_the_prepared_one() -> None:
    prepared = "SELECT ?,\n  ? + nothing"
    bound = bind(prepared, ["'one\ntwo'", "1 + 2"])

    line = bound.text.count("\n", 0, bound.text.index("nothing")) + 1
    column = bound.text.index("nothing") - bound.text.rfind("\n", 0, bound.text.index("nothing"))
    assert place_in_prepared(bound, prepared, line, column) == {"line": 2, "column": 7}
    assert place_in_prepared(bound, prepared, 2, 1) == {"line": 1, "column": 8}
    assert place_in_prepared(bound, prepared, 1, 1) == {"line": 1, "column": 1}
