"""Random values of random types, written in each format and read back, are what they were."""

from __future__ import annotations

import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import HealthCheck, given, settings

from gateway.edge.formats.format import Options
from tests.edge.formats.chance import Drawn, Pair, answers
from tests.edge.formats.reading import csv_cell, read_arrow, read_csv, read_parquet, values, written
from tests.edge.stand_in import StandInAnswer

Case = tuple[list[Drawn], list[list[list[Pair]]]]

_some = settings(max_examples=50, deadline=None, suppress_health_check=list(HealthCheck))


def answer_of(case: Case, signed: bool = False) -> StandInAnswer:
    """The answer as Trino would give it."""
    columns, pages = case
    names = [f"c{position}" for position in range(len(columns))]
    signature = [
        {"name": name, "type": column.text, "typeSignature": column.signature}
        for name, column in zip(names, columns, strict=True)
    ]
    return StandInAnswer(
        [[[value for value, _ in row] for row in page] for page in pages],
        columns=tuple((name, column.text) for name, column in zip(names, columns, strict=True)),
        signed=orjson.dumps(signature) if signed else b"",
    )


def same(left: Any, right: Any) -> bool:
    """Compare, with NaN the same as NaN."""
    if isinstance(left, float) and isinstance(right, float) and math.isnan(left):
        return math.isnan(right)
    if isinstance(left, list | tuple) and isinstance(right, list | tuple):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[name], right[name]) for name in left)
    return type(left) is type(right) and bool(left == right)


@pytest.mark.parametrize(("name", "read"), [("arrow", read_arrow), ("parquet", read_parquet)])
@pytest.mark.parametrize("signed", [True, False], ids=["signed", "named"])
@given(case=answers())
@_some
def test_binary_formats_hold_exactly_the_values(name: str, read: Any, signed: bool, case: Case) -> None:
    table = read(written(answer_of(case, signed), name))

    rows = [row for page in case[1] for row in page]
    assert table.num_rows == len(rows)
    for position, column in enumerate(table.columns):
        expected = [row[position][1] for row in rows]
        assert same(values(column), expected), (column.type, values(column), expected)


@given(case=answers())
@_some
def test_json_and_ndjson_hold_what_trino_wrote(case: Case) -> None:
    rows = [[value for value, _ in row] for page in case[1] for row in page]

    whole = json.loads(written(answer_of(case), "json"))
    lines = written(answer_of(case), "ndjson").split(b"\n")

    assert same(whole["rows"], rows)
    assert same([json.loads(line) for line in lines[1:-2]], rows)


@given(case=answers())
@_some
def test_csv_holds_what_trino_wrote_once_the_escapes_are_taken_back(case: Case) -> None:
    types = [column.text for column in case[0]]
    rows = [[csv_cell(value) for value, _ in row] for page in case[1] for row in page]

    escaped = written(answer_of(case), "csv")
    raw = written(answer_of(case), "csv", Options(escapes_formulas=False))

    if len(types) > 1:  # a line with one empty cell is no line to the library's reader
        assert read_csv(escaped, types) == rows
        assert read_csv(raw, ["bigint"] * len(types)) == rows
