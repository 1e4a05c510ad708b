"""For any agreements, partner and rows, the SQL returns the cells that the Rego says, and no others."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import settings

from gateway.adapters.opa import _agreement, _Envelope
from gateway.errors import Denied, Unresolved
from gateway.kernel.authorise import ask, authorise, grant_of
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.kernel.resolve import survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import AgreementGrant, Decision, Mask, TableDecision, TableName
from gateway.policy.question import question_data
from stack.components import find_opa
from tests.cells.chance import NOW, PARTNER, Drawn, drawn
from tests.cells.reference import said_by_opa
from tests.conftest import Stack
from tests.prefiltered.evaluator import Row
from tests.prefiltered.world import CALLS, CATALOG, COLUMNS, KEYS, LABOR, SHIP, VISIT, _not_kept, make_tables

pytestmark = pytest.mark.real

CASES = 2_000 if settings.get_current_profile_name() == "many" else 150
TABLES = (VISIT, SHIP, TableName("memory", "freight", "calls"), TableName("tpch", "freight", "calls"))


@dataclass(frozen=True)
class Asked:
    """One case: what was drawn, and the question about it."""

    drawn: Drawn
    types: tuple[str, ...]
    input: dict[str, Any]

    def case(self) -> dict[str, Any]:
        """The case as OPA is asked."""
        return {"input": self.input, "ports": {self.drawn.port: self.drawn.document}}


def _asked(chance: Random, name: TableName, rows: Sequence[Row]) -> Asked:
    known = COLUMNS[name if name in COLUMNS else CALLS]
    columns = {column: type_ for column, type_ in known.items() if column not in LABOR}
    one = drawn(chance, name.catalog, f"{name.schema}.{name.table}", str(name), columns)
    question = ask(PARTNER, "freight_resilience", NOW, survey(parse(one.sql), CATALOG), CATALOG)
    types = {column: type_ for column, type_ in columns.items() if column not in _not_kept(name)}
    kept = [{column: row[column] for column in types} for row in rows]
    asked = tuple(columns[column] for column in one.columns)
    return Asked(one, asked, {"question": question_data(question), "types": types, "rows": kept, "mask_keys": KEYS})


def _decision(said: Mapping[str, Any]) -> Decision:
    result = _Envelope.model_validate({"result": said["decision"]}).result
    tables = {
        TableName(table.port, table.schema_, table.table): TableDecision(
            tuple(map(_agreement, table.agreements)), dict(table.withheld)
        )
        for table in result.tables
    }
    return Decision("d1", dict(result.revisions), tables)


def _sent(asked: Asked, decision: Decision) -> str | None:
    """The SQL that the kernel sends; None where it refuses."""
    statement = parse(asked.drawn.sql)
    try:
        resolved, grant = authorise(statement, survey(statement, CATALOG), decision, grant_of(decision, CATALOG, KEYS))
    except (Denied, Unresolved):
        return None
    return verify(emit(guard_tables(resolved, grant)), grant).sql


def _cells(row: Sequence[Any], types: Sequence[str]) -> tuple[str, ...]:
    """Cells in a form that can be compared: numbers by their value, whatever their type."""
    return tuple(
        str(cell) if cell is None or type_.startswith(_NO_NUMBERS) else f"{float(cell):.9g}"
        for cell, type_ in zip(row, types, strict=True)
    )


_NO_NUMBERS = ("varchar", "date", "timestamp", "boolean")


def _expected(asked: Asked, said: Mapping[str, Any]) -> list[tuple[str, ...]]:
    rows = [row for row in said["shown"] if row is not None]
    return sorted(_cells([row[column] for column in asked.drawn.columns], asked.types) for row in rows)


def _differs(stack: Stack, asked: Asked, said: Mapping[str, Any], decision: Decision) -> str:
    sql = _sent(asked, decision)
    expected = _expected(asked, said)
    if sql is None:  # nothing is shown of a query that asks for a column which nobody gives for it
        hidden = [n for n, _ in enumerate(asked.drawn.columns) if all(row[n] == "None" for row in expected)]
        return "" if hidden or not asked.drawn.columns else f"refused: {asked.drawn}"
    cursor = stack.trino().cursor(legacy_primitive_types=True)
    cursor.execute(sql)
    answer = sorted(_cells(row[: len(asked.drawn.columns)], asked.types) for row in cursor.fetchall())
    return "" if answer == expected else f"{asked.drawn}\nsends {sql}\ngives {answer}\nnot   {expected}"


def _cases(stack: Stack, folder: Path, count: int) -> list[tuple[Asked, Mapping[str, Any]]]:
    """Cases and what OPA says of them, the same ones each time."""
    raw = make_tables(stack.trino().cursor())
    chance = Random(20_261_125)  # noqa: S311
    names = [TABLES[number % len(TABLES)] for number in range(count)]
    cases = [_asked(chance, name, raw[name]) for name in names]
    opa = find_opa()
    assert opa is not None, "run `make setup` first"
    return list(zip(cases, said_by_opa(opa, folder, [case.case() for case in cases]), strict=True))


def test_the_sql_returns_the_cells_that_the_rego_says_and_no_others(stack: Stack, tmp_path: Path) -> None:
    cases = _cases(stack, tmp_path, CASES)

    with ThreadPoolExecutor(4) as pool:
        differences = list(pool.map(lambda case: _differs(stack, case[0], case[1], _decision(case[1])), cases))

    assert [text for text in differences if text] == []
    showing = [expected for one, said in cases if (expected := _expected(one, said))]
    assert len(showing) >= CASES // 2, "empty answers prove little"
    assert len({cell for rows in showing for row in rows for cell in row}) > 100, "a few values prove little"


def _wrong(decision: Decision, change: Callable[[AgreementGrant], AgreementGrant]) -> Decision:
    tables = {
        name: replace(table, agreements=tuple(map(change, table.agreements))) for name, table in decision.tables.items()
    }
    return replace(decision, tables=tables)


@pytest.mark.parametrize(
    "change",
    [
        lambda agreement: replace(agreement, rows=((),)),
        lambda agreement: replace(agreement, rows=agreement.rows[:1]),
        lambda agreement: replace(agreement, columns=dict.fromkeys(agreement.columns)),
        lambda agreement: replace(agreement, columns=dict.fromkeys(agreement.columns, Mask("null"))),
        lambda agreement: replace(agreement, uses={}),
    ],
    ids=["all rows", "one alternative", "no masks", "nothing but masks", "all uses"],
)
def test_a_kernel_that_shows_something_else_is_found(
    stack: Stack, tmp_path: Path, change: Callable[[AgreementGrant], AgreementGrant]
) -> None:
    cases = _cases(stack, tmp_path, 40)

    found = [_differs(stack, one, said, _wrong(_decision(said), change)) for one, said in cases]

    assert any(found)
