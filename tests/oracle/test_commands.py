"""Statements that are no query, held against Trino's own parser: what we read in one is what Trino reads in it."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

from gateway.errors import NotAllowed, Refused
from gateway.session.commands import (
    Command,
    Commit,
    Deallocate,
    DescribeInput,
    DescribeOutput,
    Execute,
    ExecuteImmediate,
    Explain,
    KillQuery,
    Prepare,
    ResetSession,
    Rollback,
    SetSession,
    SetTimeZone,
    Show,
    ShowSession,
    StartTransaction,
    Use,
    bare,
    command_of,
)
from gateway.session.parts import parts_of
from tests.oracle.trino import Reading, read

SEED = 20_476
MUTANTS_EACH = 12
TEXTS = (
    "USE a.b", 'use "A b"."C"', "USE b", "SET SESSION a.b = 'it''s'", "SET SESSION A=-5", "SET SESSION a = 1.5",
    "SET SESSION a = TRUE", "RESET SESSION A.b", "SET TIME ZONE LOCAL", "SET TIME ZONE 'America/Los_Angeles'",
    "SET TIME ZONE INTERVAL -'08:00' HOUR TO MINUTE", "SET TIME ZONE INTERVAL '2' HOUR", "SHOW SESSION",
    "SHOW SESSION LIKE 'a$_%' ESCAPE '$'", "PREPARE Foo FROM SELECT ?, '?' FROM t -- ?",
    'PREPARE "a B" FROM SHOW TABLES', "EXECUTE Foo", "EXECUTE Foo USING 1, f(2, 3), ARRAY[1, 2], 'a,b', (4)",
    "EXECUTE immediate", "EXECUTE IMMEDIATE 'SELECT ''x''' USING DATE '2026-01-01', -3", "EXECUTE IMMEDIATE 'SELECT 1'",
    "DESCRIBE INPUT Foo", "DESCRIBE OUTPUT x", "DESCRIBE input", "DESCRIBE input.x", "DESC output", "DESCRIBE a.b.c",
    "DEALLOCATE PREPARE Foo", "START TRANSACTION", "START TRANSACTION READ ONLY",
    "START TRANSACTION ISOLATION LEVEL READ UNCOMMITTED, READ WRITE", "COMMIT WORK", "COMMIT", "ROLLBACK",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE", "EXPLAIN SELECT 1", "EXPLAIN (TYPE IO, FORMAT JSON) SELECT 1",
    "EXPLAIN (SELECT 1)", "EXPLAIN (TYPE VALIDATE) SELECT a FROM t", "EXPLAIN (FORMAT TEXT) SHOW TABLES",
    "SHOW CATALOGS LIKE 'a%'", "SHOW SCHEMAS FROM a", "SHOW SCHEMAS LIKE ''", "SHOW TABLES IN a.b LIKE 'x'",
    "SHOW TABLES", "SHOW COLUMNS FROM A.b.c LIKE 'x' ESCAPE '!'", "SHOW FUNCTIONS", "SHOW FUNCTIONS FROM a.b LIKE 'x'",
    "SHOW CREATE TABLE a.b.c", "SHOW CREATE VIEW c", "CALL system.runtime.kill_query('x')",
    "CALL system.runtime.kill_query(query_id => 'x', message => 'it''s late')",
    "CALL System.\"RUNTIME\".kill_query(message => '', query_id => 'x')",
)  # fmt: skip
"""Each of them is read by us as well."""
NOT_READ = (
    "SET SESSION AUTHORIZATION x", "RESET SESSION AUTHORIZATION", "SET ROLE x", "SET PATH a.b", "SHOW STATS FOR t",
    "SHOW ROLES", "SHOW GRANTS ON t", "SHOW CREATE SCHEMA a", "SHOW CREATE MATERIALIZED VIEW a",
    "EXPLAIN ANALYZE SELECT 1", "EXPLAIN (FORMAT GRAPHVIZ) SELECT 1", "CALL a.b()", "INSERT INTO t SELECT 1",
    "CREATE TABLE t AS SELECT 1", "DROP TABLE t", "GRANT SELECT ON t TO x", "ANALYZE t", "DELETE FROM t",
    "SHOW CURRENT ROLES",
)  # fmt: skip
NARROWER = (
    "a plain value is missing", "is missing", "is no offset", "ESCAPE needs", "one too many", "ends before this",
)  # fmt: skip
"""What we refuse of what Trino takes: computed values, names of more parts than there are here, a mode twice."""


def _mutants(texts: Sequence[str]) -> Iterator[str]:
    """The texts with a part lost, doubled, moved, or set apart by a comment."""
    chance = random.Random(SEED)  # noqa: S311 - chance here is to be repeated, not kept secret
    for text in texts:
        parts = [text[part.start : part.end] for part in parts_of(text)]
        yield text
        yield f" {text} "
        yield f"/* SELECT ';' */ {text} -- ;"
        yield "\n".join(parts)
        yield " ".join(parts).swapcase()
        for _ in range(MUTANTS_EACH):
            at = chance.randrange(len(parts))
            other = chance.choice(parts)
            how = chance.randrange(5)
            before, after = parts[:at], parts[at + how % 2 :]
            yield " ".join([*before, *([], [other], [other], ["/**/"], [parts[at], parts[at]])[how], *after])


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _said(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _named(words: str, name: tuple[str, ...]) -> str:
    return f"{words} {'.'.join(map(_quoted, name))}" if name else words


def _using(parameters: tuple[str, ...]) -> str:
    return f" USING {', '.join(parameters)}" if parameters else ""


def _like(command: Show | ShowSession) -> str:
    like = f" LIKE {_said(command.like)}" if command.like is not None else ""
    return like + (f" ESCAPE {_said(command.escape)}" if command.escape is not None else "")


def _show(command: Show) -> str:
    if command.kind.startswith("create"):
        return _named(f"SHOW {command.kind}", command.name)
    return _named(f"SHOW {command.kind}{' FROM' if command.name else ''}", command.name) + _like(command)


def _transaction(command: StartTransaction) -> str:
    modes = [f"ISOLATION LEVEL {command.isolation}"] if command.isolation else []
    if command.read_only is not None:
        modes.append("READ ONLY" if command.read_only else "READ WRITE")
    return f"START TRANSACTION {', '.join(modes)}"


def _written(command: Command) -> str:  # noqa: C901 - one arm for each statement
    """The statement again, from what was read."""
    match command:
        case Use(catalog, schema):
            return _named("USE", (catalog, schema) if catalog else (schema,))
        case Prepare(name, text, _):
            return f"PREPARE {_quoted(name)} FROM {text}"
        case Execute(name, parameters):
            return f"EXECUTE {_quoted(name)}{_using(parameters)}"
        case ExecuteImmediate(text, parameters, _):
            return f"EXECUTE IMMEDIATE {_said(text)}{_using(parameters)}"
        case DescribeInput(name):
            return f"DESCRIBE INPUT {_quoted(name)}"
        case DescribeOutput(name):
            return f"DESCRIBE OUTPUT {_quoted(name)}"
        case Deallocate(name):
            return f"DEALLOCATE PREPARE {_quoted(name)}"
        case Explain(_, _, text, _):
            return text
        case Show():
            return _show(command)
        case ShowSession():
            return f"SHOW SESSION{_like(command)}"
        case StartTransaction():
            return _transaction(command)
        case Commit():
            return "COMMIT"
        case Rollback():
            return "ROLLBACK"
        case SetSession(name, _) | ResetSession(name):
            return f"RESET SESSION {'.'.join(map(_quoted, name.split('.')))}"
        case SetTimeZone():
            return "SET TIME ZONE LOCAL"
        case KillQuery(query):
            return f"CALL system.runtime.kill_query(query_id => {_said(query)})"


def _read_by_us(text: str) -> Command | Refused:
    try:
        return command_of(text)
    except Refused as refused:
        return refused


def _argument(call: str) -> str:
    """The text of the only argument of a call, as Trino's tree shows it."""
    return call[call.index("StringLiteral{") : call.index(" } }")]


def _is_same(ours: Command, theirs: Reading, again: Reading) -> bool:
    if theirs.tree is None or again.tree is None:
        return theirs.tree is again.tree  # what was cut out of it means nothing to Trino either
    tree, mine = theirs.tree, again.tree
    if isinstance(ours, Explain):
        return tree.startswith("Explain{") and f"statement={mine} options=" in tree
    if isinstance(ours, KillQuery):
        return tree.startswith("Call{") and _argument(mine) in tree
    if isinstance(ours, SetSession):
        return tree.startswith(f"SetSession{mine.removeprefix('ResetSession').removesuffix('}')}")
    return tree.startswith("SetTimeZone{") if isinstance(ours, SetTimeZone) else tree == mine


def test_each_statement_means_to_us_what_it_means_to_trino() -> None:
    texts = list(dict.fromkeys(_mutants(TEXTS)))
    ours = {text: _read_by_us(text) for text in texts}
    taken = {text: command for text, command in ours.items() if not isinstance(command, Refused)}
    theirs = dict(zip(texts, read([bare(text) for text in texts]), strict=True))
    again = dict(zip(taken, read([_written(command) for command in taken.values()]), strict=True))

    wider = [text for text in taken if theirs[text].tree is None and not _has_statement_within(taken[text])]
    other = [text for text in taken if text not in wider and not _is_same(taken[text], theirs[text], again[text])]
    narrower = [
        text for text, refused in ours.items()
        if isinstance(refused, Refused) and not isinstance(refused, NotAllowed) and theirs[text].tree is not None
        and not any(words in refused.message for words in NARROWER)
    ]  # fmt: skip

    assert len(texts) > 500
    assert len(taken) > 200
    assert (wider, other, narrower) == ([], [], [])
    assert set(TEXTS) <= set(taken)


def _has_statement_within(command: Command) -> bool:
    """Whether a statement is cut out of it unread: it is read, or refused, where it is run."""
    return isinstance(command, Prepare | Explain | Execute | ExecuteImmediate)


def test_each_statement_that_is_not_open_is_one_of_trinos_and_is_refused_by_name() -> None:
    assert [text for text, reading in zip(NOT_READ, read(NOT_READ), strict=True) if reading.tree is None] == []
    for text in NOT_READ:
        refused = _read_by_us(text)
        assert isinstance(refused, NotAllowed), text
        assert "is not open here" in refused.message
        assert refused.hint
