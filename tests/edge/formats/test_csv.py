"""Texts that a spreadsheet would take for formulas stand behind an apostrophe, unless the reader wants them raw."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.edge.formats.csv import escape_formula, unescape_formula
from gateway.edge.formats.format import Options
from tests.edge.formats.reading import written
from tests.edge.stand_in import StandInAnswer, StandInGate
from tests.edge.test_api import QUESTION, send

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "=cmd|' /C calc'!A0", "＝1+1"]
HARMLESS = ["", "a=1", "1-1", " =1", "'quoted'", "O'Neill", "'", "é"]


def cells(answer: StandInAnswer, escapes: bool = True) -> list[list[str]]:
    body = written(answer, "csv", Options(escapes_formulas=escapes))
    return list(csv.reader(io.StringIO(body.decode(), newline="")))


@pytest.mark.parametrize("text", FORMULAS)
@pytest.mark.parametrize("type_", ["varchar", "varchar(20)", "char(20)", "json", "varbinary", "HyperLogLog"])
def test_a_formula_in_a_text_is_escaped(type_: str, text: str) -> None:
    answer = StandInAnswer([[[text, 1]]], columns=(("a", type_), ("b", "bigint")))

    assert cells(answer)[1] == ["'" + text, "1"]
    assert cells(answer, escapes=False)[1] == [text, "1"]


@pytest.mark.parametrize("text", HARMLESS)
def test_a_text_that_is_no_formula_stays(text: str) -> None:
    answer = StandInAnswer([[[text, 1]]], columns=(("a", "varchar"), ("b", "bigint")))

    assert cells(answer)[1] == [text, "1"]


@pytest.mark.parametrize(
    ("type_", "value", "text"),
    [
        ("bigint", -5, "-5"),
        ("double", -0.5, "-0.5"),
        ("decimal(3,1)", "-5.0", "-5.0"),
        ("date", "-0001-01-01", "-0001-01-01"),
        ("timestamp(0)", "+10000-01-01 00:00:00", "+10000-01-01 00:00:00"),
        ("array(bigint)", [-1], "[-1]"),
    ],
)
def test_a_number_or_a_date_may_begin_with_a_sign(type_: str, value: object, text: str) -> None:
    answer = StandInAnswer([[[value, "-5"]]], columns=(("a", type_), ("b", "varchar")))

    assert cells(answer)[1] == [text, "'-5"]


def test_a_name_of_a_column_may_be_a_formula_too() -> None:
    answer = StandInAnswer([[]], columns=(("=1+1", "bigint"), ("b", "bigint")))

    assert cells(answer) == [["'=1+1", "b"]]
    assert cells(answer, escapes=False) == [["=1+1", "b"]]


@given(st.text(st.sampled_from("'=+-@\t\r\na1＝"), max_size=6) | st.text(max_size=6))
def test_every_text_comes_back(text: str) -> None:
    assert unescape_formula(escape_formula(text)) == text


@given(st.text(st.sampled_from("'=+-@\t\r\na1＝"), max_size=6))
def test_no_escaped_text_begins_like_a_formula(text: str) -> None:
    assert not escape_formula(text).startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝"))


@pytest.mark.parametrize(("query", "written_as"), [("", "'=1"), ("?formulas=escaped", "'=1"), ("?formulas=raw", "=1")])
def test_the_reader_chooses_and_escaped_is_the_default(query: str, written_as: str) -> None:
    gate = StandInGate(StandInAnswer([[["=1", 2]]]))

    answer = send(gate, "POST", f"/api/queries{query}", json=QUESTION, headers={"Accept": "text/csv"})

    assert answer.text == f"port,teu\r\n{written_as},2\r\n"


def test_another_choice_is_refused() -> None:
    gate = StandInGate()

    answer = send(gate, "POST", "/api/queries?formulas=some", json=QUESTION)

    assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")
    assert gate.asked == []
