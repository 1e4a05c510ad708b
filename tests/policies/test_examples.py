"""The ports' own examples hold under a second reading of their files: the row-by-row evaluator that knows no OPA."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any, NamedTuple

import pytest

from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, TableName
from tests.plain_yaml import read_yaml
from tests.policies.conftest import NOW, POLICIES
from tests.real.reference import PORTS, USES, Agreement, Asker, Row, admits, live_agreements, shipped_documents, shown

DOCUMENTS = shipped_documents()
KEY = "00"


class Example(NamedTuple):
    """One example, and the agreements that it is about."""

    port: str
    said: dict[str, Any]

    @property
    def asker(self) -> Asker:
        return Asker.called(self.said["as"])

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self.said.get("on", NOW)).replace(tzinfo=None)

    def parts(self) -> list[Agreement]:
        return live_agreements(self.port, self.said["table"], self.asker, self.said["purpose"], self.now, DOCUMENTS)

    def types(self, catalog: Catalog) -> dict[str, str]:
        schema, table = self.said["table"].split(".")
        where = CANONICAL_CATALOG if schema == CANONICAL_SCHEMA else self.port
        return {name: column.type for name, column in catalog.tables[TableName(where, schema, table)].columns.items()}


def read_examples(port: str) -> Iterator[Example]:
    for said in read_yaml((POLICIES / "ports" / port / "examples.yaml").read_text())["examples"]:
        yield Example(port, said)


EXAMPLES = [example for port in PORTS for example in read_examples(port)]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.port}: {example.said['name']}")
def test_an_example_holds(example: Example, catalog: Catalog) -> None:
    said = example.said
    if "sees" in said:
        assert list(_seen(example, catalog)) == [_values(row, example.types(catalog)) for row in said["sees"]]
    else:
        named = said.get("refused") or said["gives"]
        wanted = named if isinstance(named, dict) else dict.fromkeys(named, USES)
        given = {column for column, uses in wanted.items() if _gives(example, column, set(uses))}
        assert given == (set(wanted) if "gives" in said else set())


def _seen(example: Example, catalog: Catalog) -> Iterator[dict[str, Any]]:
    """The rows that come, with the cells of columns that somebody gives."""
    parts, types = example.parts(), example.types(catalog)
    given = {column for part in parts for column, how in part["columns"].items() if "select" in _uses(how)}
    for row in example.said["rows"]:
        whole = dict.fromkeys(types) | _values(row, types)
        admitted = [admits(part, whole, example.asker, example.now) for part in parts]
        if any(admitted):
            yield {column: _cell(parts, column, whole, admitted) for column in row if column in given}


def _cell(parts: list[Agreement], column: str, row: Row, admitted: list[bool]) -> Any:
    value, hashed = row[column], shown(parts, column, row, admitted, KEY)
    is_hash = isinstance(hashed, str) and hashed not in (value, None) and len(hashed) == 32
    return {"hash": value} if is_hash else hashed


def _gives(example: Example, column: str, uses: set[str]) -> bool:
    return any(column in part["columns"] and uses <= _uses(part["columns"][column]) for part in example.parts())


def _uses(how: Any) -> set[str]:
    return USES if how == "show" else set(how.get("uses", USES))


def _values(row: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    return {column: _value(value, types[column]) for column, value in row.items()}


def _value(value: Any, kind: str) -> Any:
    if isinstance(value, str) and kind.startswith("timestamp"):
        return datetime.fromisoformat(value)
    return date.fromisoformat(value) if isinstance(value, str) and kind == "date" else value


def test_every_agreement_and_table_that_gives_rows_is_in_an_example_that_it_applies_to() -> None:
    tried = {(example.port, id(part)) for example in EXAMPLES if "sees" in example.said for part in example.parts()}
    untried = [
        f"{port}/{agreement['id']}/{table}"
        for port, document in DOCUMENTS.items()
        for agreement in document["agreements"]
        for table, part in agreement["tables"].items()
        if part["release"] == "rows" and (port, id(part)) not in tried
    ]

    assert untried == []


def test_every_table_of_statistics_is_in_an_example_that_is_refused() -> None:
    refused = {
        (example.port, example.said["table"], column)
        for example in EXAMPLES
        for column in example.said.get("refused", ())
    }
    untried = [
        f"{port}/{agreement['id']}/{table}"
        for port, document in DOCUMENTS.items()
        for agreement in document["agreements"]
        for table, part in agreement["tables"].items()
        if part["release"] == "statistics" and not {(port, table, column) for column in part["columns"]} & refused
    ]

    assert untried == []


def test_examples_have_names_of_their_own() -> None:
    names = [(example.port, example.said["name"]) for example in EXAMPLES]

    assert len(set(names)) == len(names)
