"""What is sent for the fifteen questions, as Trino reads it: the ports' tables that the catalog maps, and no other."""

from __future__ import annotations

import re

import pytest
from sqlglot import exp

from gateway.adapters.catalog_files import read_catalog
from gateway.kernel.authorise import ask, authorise, grant_of
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.kernel.resolve import survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import CANONICAL_SCHEMA, AgreementGrant, Catalog, Decision, Partner, TableDecision, TableName
from tests.conftest import CHECKOUT
from tests.oracle.trino import read

PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
PARTNER = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "token-1")
QUESTIONS = sorted((CHECKOUT / "docs" / "questions").glob("*.sql"))


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    """The shipped catalog."""
    return read_catalog(CHECKOUT / "catalog", PORTS)


def everything(catalog: Catalog) -> Decision:
    """A decision that gives all rows of all columns that each port keeps."""
    given = {
        TableName(port, CANONICAL_SCHEMA, table): TableDecision(
            (AgreementGrant("all", dict.fromkeys(mapping.columns), ((),), "All of it."),)
        )
        for table, mapped in catalog.mappings.items()
        for port, mapping in mapped.items()
    }
    return Decision("all", dict.fromkeys(PORTS, "r1"), given)


def sent(text: str, catalog: Catalog) -> tuple[str, set[tuple[str, ...]]]:
    """What is sent for a text, and the tables that the catalog maps to those it reads."""
    statement = parse(text)
    surveyed = survey(statement, catalog)
    ask(PARTNER, "freight_resilience", "2026-11-22T16:45:06Z", surveyed, catalog)
    decision = everything(catalog)
    grant = grant_of(decision, catalog, {})
    resolved, grant = authorise(statement, surveyed, decision, grant)
    sources = {
        tuple(part.name for part in table.parts)
        for use in surveyed.uses
        for port in use.ports
        if port in catalog.mappings[use.name.table]
        for table in catalog.mappings[use.name.table][port].source.find_all(exp.Table)
    }
    return verify(emit(guard_tables(resolved, grant)), grant).sql, sources


def tables_in(tree: str) -> set[tuple[str, ...]]:
    """The tables of a tree of Trino's that are no WITH names."""
    named = (tuple(re.findall(r'"([^"]*)"', names)) for names in re.findall(r"\bTable\{name=\[([^]]*)\]", tree))
    withs = {(name,) for name in re.findall(r'\bWithQuery\{name="([^"]*)"', tree)}
    return {name for name in named if name not in withs}


def test_trino_reads_the_mapped_tables_and_no_other_in_what_is_sent_for_each_question(catalog: Catalog) -> None:
    made = [sent(question.read_text(), catalog) for question in QUESTIONS]

    readings = read([sql for sql, _ in made])

    assert [reading.fault for reading in readings] == [""] * len(QUESTIONS)
    assert [tables_in(reading.tree or "") for reading in readings] == [sources for _, sources in made]
