"""What we send means to Trino what the partner wrote: each open function and form, run as written and as emitted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse

pytestmark = pytest.mark.real

ROWS = ", ".join(
    f"({i}, {d}, {s}, {t}, {b})"
    for i, d, s, t, b in [
        (1, "1.5e0", "'Abc,de'", "TIMESTAMP '2025-03-09 10:30:05.123'", "true"),
        (2, "-2.5e0", "'x''y'", "TIMESTAMP '2025-11-02 08:30:00.000'", "false"),
        (3, "7e0", "CAST(NULL AS varchar)", "TIMESTAMP '2024-02-29 23:59:59.999'", "true"),
        (7, "100.25e0", "'  Pad '", "CAST(NULL AS timestamp(3))", "CAST(NULL AS boolean)"),
    ]
)
CASES = Path(__file__).resolve().parents[1] / "cases" / "expressions"


def _lines(name: str) -> list[str]:
    return (CASES / name).read_text().splitlines()


STATEMENTS = (
    [f"SELECT i, {e} AS x FROM r ORDER BY i" for e in _lines("scalars.txt")]
    + [f"SELECT {e} AS x FROM r" for e in _lines("aggregates.txt")]
    + [f"SELECT i, {e} AS x FROM r ORDER BY i" for e in _lines("windows.txt")]
    + _lines("statements.txt")
)
"""Over `r (i, d, s, t, b)`: a whole number, a double, a text, a time and a boolean, the last row with NULLs.

They are one page, so that Trino adds them up in one order, and no ORDER BY leaves ties.
"""


def _with_rows(statement: str) -> str:
    return f"WITH r AS (SELECT * FROM (VALUES {ROWS}) AS v (i, d, s, t, b)) {statement}"


def _run(cursor: Any, sql: str) -> tuple[list[tuple[str, str]], list[Any]]:
    cursor.execute(sql)
    rows = cursor.fetchall()
    return [(column[0], column[1]) for column in cursor.description], rows


def test_every_statement_gives_the_same_columns_and_rows_as_written_and_as_sent(stack: Any) -> None:
    cursor = stack.trino().cursor(legacy_primitive_types=True)
    differences = []
    for statement in STATEMENTS:
        written = _with_rows(statement)
        sent = emit(parse(written).tree)
        if repr(_run(cursor, written)) != repr(_run(cursor, sent)):
            differences.append((statement, sent[sent.rindex("SELECT") :]))

    assert differences == []
