"""What a statement that is no query says; what Trino reads in hundreds of them is compared in tests/oracle."""

from __future__ import annotations

import pytest

from gateway.errors import NotAllowed, NotParsed, Refused
from gateway.session.commands import (
    Command,
    Commit,
    DescribeInput,
    Execute,
    ExecuteImmediate,
    Explain,
    Prepare,
    SetSession,
    SetTimeZone,
    Show,
    ShowSession,
    StartTransaction,
    Use,
    command_of,
)

READ: list[tuple[str, Command]] = [
    ('use "My Catalog".S;', Use("my catalog", "s")),
    ("/* x */ USE -- y\n s", Use("", "s")),
    ("SET SESSION A.b = 'it''s'", SetSession("a.b", "it's")),
    ("SET SESSION a = -1.5", SetSession("a", "-1.5")),
    ("SET TIME ZONE LOCAL", SetTimeZone(None)),
    ("SET TIME ZONE INTERVAL -'08:30' HOUR TO MINUTE", SetTimeZone("-08:30")),
    ("SET TIME ZONE INTERVAL '-90' MINUTE", SetTimeZone("-01:30")),
    ("SHOW SESSION LIKE 'a!_%' ESCAPE '!'", ShowSession("a!_%", "!")),
    ("PREPARE p FROM SELECT ';', ? ; ", Prepare("p", "SELECT ';', ?", 15)),
    ("EXECUTE P USING f(1, 2), 'a,b', ARRAY[1, 2]", Execute("P", ("f(1, 2)", "'a,b'", "ARRAY[1, 2]"))),
    ("EXECUTE immediate", Execute("immediate")),
    ("EXECUTE IMMEDIATE 'SELECT ''x''' USING 1", ExecuteImmediate("SELECT 'x'", ("1",), 19)),
    ("DESCRIBE INPUT p", DescribeInput("p")),
    ("DESCRIBE input", Show("columns", ("input",))),
    ("DESC a.B.c", Show("columns", ("a", "b", "c"))),
    ("SHOW TABLES IN a.b LIKE ''", Show("tables", ("a", "b"), "")),
    ("SHOW CREATE VIEW v", Show("create view", ("v",))),
    ("START TRANSACTION READ ONLY, ISOLATION LEVEL REPEATABLE READ", StartTransaction("REPEATABLE READ", True)),
    ("COMMIT WORK", Commit()),
    ("EXPLAIN (SELECT 1)", Explain("DISTRIBUTED", "TEXT", "(SELECT 1)", 8)),
    ("EXPLAIN (TYPE IO, FORMAT JSON, TYPE LOGICAL) SELECT 1", Explain("IO", "JSON", "SELECT 1", 45)),
]


@pytest.mark.parametrize(("text", "command"), READ)
def test_a_statement_is_read_as_what_it_asks_for(text: str, command: Command) -> None:
    assert command_of(text) == command


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("USE a.b.c", NotParsed),
        ("USE select", NotParsed),
        ("USE 'a'", NotParsed),
        ("SHOW", NotAllowed),
        ("SHOW STATS FOR t", NotAllowed),
        ("SHOW TABLES LIKE x", NotParsed),
        ("SHOW TABLES LIKE 'x' ESCAPE 'ab'", NotParsed),
        ("SHOW COLUMNS", NotParsed),
        ("SHOW CATALOGS FROM a", NotParsed),
        ("SET SESSION a", NotParsed),
        ("SET SESSION a = 1 + 1", NotParsed),
        ("SET SESSION a = (SELECT 1)", NotParsed),
        ("SET SESSION AUTHORIZATION x", NotAllowed),
        ("SET ROLE x", NotAllowed),
        ("RESET a", NotParsed),
        ("SET TIME ZONE INTERVAL '1' DAY", NotParsed),
        ("SET TIME ZONE INTERVAL 'x' HOUR", NotParsed),
        ("PREPARE p SELECT 1", NotParsed),
        ("PREPARE p FROM", NotParsed),
        ("EXECUTE p USING", NotParsed),
        ("EXECUTE p USING 1,", NotParsed),
        ("EXECUTE p 1", NotParsed),
        ("EXECUTE IMMEDIATE 'x", NotParsed),
        ("DEALLOCATE p", NotParsed),
        ("START TRANSACTION READ ONLY, READ ONLY", NotParsed),
        ("START TRANSACTION READ", NotParsed),
        ("START TRANSACTION READ ONLY,", NotParsed),
        ("START TRANSACTION ISOLATION LEVEL CHAOS", NotParsed),
        ("COMMIT x", NotParsed),
        ("EXPLAIN", NotParsed),
        ("EXPLAIN ANALYZE SELECT 1", NotAllowed),
        ("EXPLAIN (FORMAT GRAPHVIZ) SELECT 1", NotAllowed),
        ("EXPLAIN (TYPE COST) SELECT 1", NotParsed),
        ("USE a\u00a0.b", NotParsed),
        ("INSERT INTO t VALUES 1", NotAllowed),
        ("", NotAllowed),
    ],
)
def test_a_statement_that_is_not_so_written_or_not_open_is_refused_with_a_hint(text: str, kind: type[Refused]) -> None:
    with pytest.raises(kind) as told:
        command_of(text)

    assert told.value.hint


def test_a_refusal_points_at_the_word_that_does_not_fit() -> None:
    with pytest.raises(NotParsed) as told:
        command_of("SHOW TABLES\nFROM a LIKES 'x'")

    assert (told.value.line, told.value.column) == (2, 8)
