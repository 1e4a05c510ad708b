"""A text that is prepared is read once as Trino would; what it takes and gives is told without running it."""

from __future__ import annotations

import pytest

from gateway.errors import NotAllowed, NotParsed, Refused
from gateway.kernel.parse import parse
from gateway.session.commands import Prepare
from gateway.session.prepared import command_in, describe


@pytest.mark.parametrize(
    "text",
    [
        "SELECT ? FROM calls WHERE x IN (?, ?) LIMIT ?", "SHOW TABLES", "EXPLAIN SELECT ?", "START TRANSACTION",
        "SELECT * FROM not_there", "(VALUES 1, ?)", "USE a.b",
    ],
)  # fmt: skip
def test_a_statement_that_could_be_run_is_prepared_as_it_is_written(text: str) -> None:
    assert command_in(f"PREPARE p FROM {text};") == Prepare("p", text, 15)


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("SELECT FROM", NotParsed),
        ("INSERT INTO t VALUES ?", NotAllowed),
        ("EXECUTE q", NotAllowed),
        ("EXECUTE IMMEDIATE 'SELECT 1'", NotAllowed),
        ("PREPARE q FROM SELECT 1", NotAllowed),
        ("DEALLOCATE PREPARE q", NotAllowed),
        ("EXPLAIN INSERT INTO t SELECT 1", NotAllowed),
        ("SELECT fail('x')", NotAllowed),
        ("SHOW ROLES", NotAllowed),
    ],
)
def test_a_statement_that_could_never_be_run_is_refused_before_it_is_prepared(text: str, kind: type[Refused]) -> None:
    with pytest.raises(kind):
        command_in(f"PREPARE p FROM {text}")


@pytest.mark.parametrize(
    ("text", "parameters", "aliased"),
    [
        ("SELECT a, b AS c FROM t WHERE x = ? LIMIT ?", 2, (False, True)),
        ("SELECT *, 1 AS one FROM t", 0, ()),
        ("VALUES (1, ?)", 1, ()),
        ("(SELECT 1 AS a) UNION ALL SELECT ?", 1, (True,)),
        ("WITH w AS (SELECT ? AS x) SELECT x FROM w FETCH FIRST ? ROWS ONLY", 2, (False,)),
        ("TABLE t", 0, ()),
    ],
)
def test_a_query_is_described_by_one_that_has_no_rows(text: str, parameters: int, aliased: tuple[bool, ...]) -> None:
    described = describe(text)

    assert (described.parameters, described.aliased) == (parameters, aliased)
    assert described.probe.endswith(" LIMIT 0")
    assert parse(described.probe)
