"""A statement that is no query -> what it asks for, as one frozen value, or a refusal by its name.

What stands behind PREPARE … FROM and EXPLAIN is cut out as it is written: it is read where a query is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from gateway.errors import NotAllowed, NotParsed
from gateway.kernel.lexer import first_word, place_of
from gateway.kernel.parse import MAX_BYTES
from gateway.kernel.statements import refusal_of
from gateway.session.parts import Part, Reader

ShowKind = Literal["catalogs", "schemas", "tables", "columns", "functions", "create table", "create view"]
Isolation = Literal["READ UNCOMMITTED", "READ COMMITTED", "REPEATABLE READ", "SERIALIZABLE"]
ExplainType = Literal["LOGICAL", "DISTRIBUTED", "VALIDATE", "IO"]


@dataclass(frozen=True, slots=True)
class Use:
    """`USE catalog.schema`: empty `catalog` for `USE schema`."""

    catalog: str
    schema: str


@dataclass(frozen=True, slots=True)
class SetSession:
    """`SET SESSION name = value`: the value as the text that a client sends back."""

    name: str
    value: str


@dataclass(frozen=True, slots=True)
class ResetSession:
    """`RESET SESSION name`."""

    name: str


@dataclass(frozen=True, slots=True)
class SetTimeZone:
    """`SET TIME ZONE zone`: an IANA name or an offset; None for LOCAL."""

    zone: str | None


@dataclass(frozen=True, slots=True)
class ShowSession:
    """`SHOW SESSION [LIKE pattern [ESCAPE sign]]`."""

    like: str | None = None
    escape: str | None = None


@dataclass(frozen=True, slots=True)
class Prepare:
    """`PREPARE name FROM text`; `start` is where in the whole text that statement begins."""

    name: str
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Execute:
    """`EXECUTE name [USING parameter, …]`: the parameters as they are written."""

    name: str
    parameters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ExecuteImmediate:
    """`EXECUTE IMMEDIATE 'text' [USING parameter, …]`; `start` is where in the whole text the inner one begins."""

    text: str
    parameters: tuple[str, ...] = ()
    start: int = 0


@dataclass(frozen=True, slots=True)
class DescribeInput:
    """`DESCRIBE INPUT name`."""

    name: str


@dataclass(frozen=True, slots=True)
class DescribeOutput:
    """`DESCRIBE OUTPUT name`."""

    name: str


@dataclass(frozen=True, slots=True)
class Deallocate:
    """`DEALLOCATE PREPARE name`."""

    name: str


@dataclass(frozen=True, slots=True)
class StartTransaction:
    """`START TRANSACTION …`; whatever it says, every transaction here is read only."""

    isolation: Isolation | None = None
    read_only: bool | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """`COMMIT [WORK]`."""


@dataclass(frozen=True, slots=True)
class Rollback:
    """`ROLLBACK [WORK]`."""


@dataclass(frozen=True, slots=True)
class Explain:
    """`EXPLAIN [(TYPE …, FORMAT …)] text`; `start` is where in the whole text that statement begins."""

    type: ExplainType
    format: Literal["TEXT", "JSON"]
    text: str
    start: int = 0


@dataclass(frozen=True, slots=True)
class Show:
    """`SHOW …` of what there is, and `DESCRIBE table`, which is `SHOW COLUMNS`; names are in lower case."""

    kind: ShowKind
    name: tuple[str, ...] = ()
    like: str | None = None
    escape: str | None = None


@dataclass(frozen=True, slots=True)
class KillQuery:
    """`CALL system.runtime.kill_query(id, message)`: what tools stop a query with from another connection."""

    query: str


Command = (
    Use
    | SetSession
    | ResetSession
    | SetTimeZone
    | ShowSession
    | Prepare
    | Execute
    | ExecuteImmediate
    | DescribeInput
    | DescribeOutput
    | Deallocate
    | StartTransaction
    | Commit
    | Rollback
    | Explain
    | Show
    | KillQuery
)

COMMAND_STARTS = frozenset(
    "USE SET RESET SHOW DESCRIBE DESC PREPARE EXECUTE DEALLOCATE START COMMIT ROLLBACK EXPLAIN CALL".split()
)
"""How a statement begins that `command_of` reads; whatever else is no query is refused where queries are read."""


def bare(text: str) -> str:
    """Take the end of a text away that means nothing: blanks, and one semicolon.

    >>> bare("SHOW TABLES ; ")
    'SHOW TABLES'
    """
    text = text.rstrip()
    return text[:-1].rstrip() if text.endswith(";") else text


def command_of(text: str) -> Command:
    """Read one statement that begins with one of `COMMAND_STARTS`, or say what to change in it.

    >>> command_of("use Los_Angeles.pola")
    Use(catalog='los_angeles', schema='pola')
    """
    if len(text) > MAX_BYTES:
        raise NotParsed(f"the statement is longer than {MAX_BYTES:,} bytes", hint="send a shorter statement")
    text = bare(text)
    word, start = first_word(text)
    if word not in COMMAND_STARTS:
        raise NotAllowed(f"{word[:30] or text[:1]} is not open here", hint=refusal_of(word), **place_of(text, start))
    reader = Reader(text)
    reader.next()
    return _READERS[word](reader)


# --- statements -----------------------------------------------------------------------------------------------------


def _use(reader: Reader) -> Command:
    *catalog, schema = reader.names(2)
    reader.end()
    return Use(catalog[0] if catalog else "", schema)


def _not_open(reader: Reader, what: str, hint: str) -> NotAllowed:
    return NotAllowed(f"{what} is not open here", hint=hint, **place_of(reader.text, 0))


_ONE_LOGIN = "who asks is decided by your login alone"


def _set(reader: Reader) -> Command:
    if reader.take("TIME", "ZONE"):
        return _set_time_zone(reader)
    if reader.take("SESSION", "AUTHORIZATION"):
        raise _not_open(reader, "SET SESSION AUTHORIZATION", _ONE_LOGIN)
    if not reader.take("SESSION"):
        what = reader.peek().said if reader.peek().kind == "word" else ""
        raise _not_open(reader, f"SET {what[:30]}".rstrip(), "SET SESSION and SET TIME ZONE are open")
    name = _property(reader)
    reader.expect("=")
    value = _value(reader)
    reader.end()
    return SetSession(name, value)


def _property(reader: Reader) -> str:
    return ".".join(reader.names(2))


def _value(reader: Reader) -> str:
    """Take a text, a number, or TRUE or FALSE."""
    part = reader.peek()
    if part.kind == "text":
        return reader.next().said
    if part.kind == "word" and part.said in ("TRUE", "FALSE"):
        return reader.next().said.lower()
    sign = "-" if reader.take("-") else ""
    number = reader.peek().said
    if reader.peek().kind != "other" or not re.fullmatch(r"\d+(\.\d+)?", number):
        raise reader.fault("a plain value is missing", "write a text, a number, TRUE or FALSE")
    reader.next()
    return sign + number


def _set_time_zone(reader: Reader) -> Command:
    if reader.take("LOCAL"):
        reader.end()
        return SetTimeZone(None)
    zone = _offset(reader) if reader.take("INTERVAL") else reader.text_said()
    reader.end()
    return SetTimeZone(zone)


def _offset(reader: Reader) -> str:
    """Read `INTERVAL '-08:00' HOUR TO MINUTE` as `-08:00`."""
    sign = -1 if reader.take("-") else 1
    reader.take("+")
    place = reader.here()
    said = reader.text_said()
    first = reader.one_of("HOUR", "MINUTE")
    last = reader.one_of("MINUTE") if reader.take("TO") else first
    form = r"([+-]?)(\d+):(\d+)" if (first, last) == ("HOUR", "MINUTE") else r"([+-]?)(\d+)()"
    found = re.fullmatch(form, said)
    if not found:
        raise NotParsed("this interval is no offset", hint="write INTERVAL '-08:00' HOUR TO MINUTE", **place)
    minutes = int(found[2]) * (60 if first == "HOUR" else 1) + int(found[3] or 0)
    negative = (found[1] == "-") != (sign < 0)
    return f"{'-' if negative else '+'}{minutes // 60:02}:{minutes % 60:02}"


def _reset(reader: Reader) -> Command:
    reader.expect("SESSION")
    if reader.take("AUTHORIZATION"):
        raise _not_open(reader, "RESET SESSION AUTHORIZATION", _ONE_LOGIN)
    name = _property(reader)
    reader.end()
    return ResetSession(name)


class _Like(NamedTuple):
    like: str | None = None
    escape: str | None = None


def _like(reader: Reader) -> _Like:
    like = escape = None
    if reader.take("LIKE"):
        like = reader.text_said()
        if reader.take("ESCAPE"):
            escape = reader.text_said()
            if len(escape) != 1:
                raise reader.fault("ESCAPE needs one character", "write ESCAPE '\\'")
    reader.end()
    return _Like(like, escape)


def _from(reader: Reader, most: int) -> tuple[str, ...]:
    return reader.names(most) if reader.take("FROM") or reader.take("IN") else ()


_NOT_SHOWN = "statistics, roles and grants are the ports' own; SHOW TABLES and SHOW COLUMNS show what you may read"


def _show(reader: Reader) -> Command:
    what = reader.next()
    if what.kind == "word" and what.said == "SESSION":
        return ShowSession(*_like(reader))
    if what.kind == "word" and what.said == "CREATE":
        return _show_create(reader)
    names = {"CATALOGS": 0, "SCHEMAS": 1, "TABLES": 2, "FUNCTIONS": 2, "COLUMNS": 3}
    if what.kind != "word" or what.said not in names:
        raise _not_open(reader, f"SHOW {what.said[:30]}".rstrip(), _NOT_SHOWN)
    name = _from(reader, names[what.said]) if names[what.said] else ()
    if what.said == "COLUMNS" and not name:
        raise reader.fault("the table is missing", "write SHOW COLUMNS FROM a table")
    kinds: dict[str, ShowKind] = {kind.upper(): kind for kind in get_args(ShowKind)}
    return Show(kinds[what.said], name, *_like(reader))


def _show_create(reader: Reader) -> Command:
    kind = reader.next()
    if kind.kind != "word" or kind.said not in ("TABLE", "VIEW"):
        raise _not_open(reader, f"SHOW CREATE {kind.said[:30]}".rstrip(), "SHOW CREATE TABLE is open")
    name = reader.names(3)
    reader.end()
    return Show("create table" if kind.said == "TABLE" else "create view", name)


def _describe(reader: Reader) -> Command:
    for word, means in (("INPUT", DescribeInput), ("OUTPUT", DescribeOutput)):
        after = reader.peek(1)
        if reader.peek()[:2] == ("word", word) and after.kind != "end" and after.said != ".":
            reader.next()
            name = reader.name()
            reader.end()
            return means(name)
    return _desc(reader)


def _desc(reader: Reader) -> Command:
    table = reader.names(3)
    reader.end()
    return Show("columns", table)


def _prepare(reader: Reader) -> Command:
    name = reader.name()
    reader.expect("FROM")
    return Prepare(name, *reader.rest())


def _execute(reader: Reader) -> Command:
    if reader.peek()[:2] == ("word", "IMMEDIATE") and reader.peek(1).kind == "text":
        reader.next()
        start = reader.peek().start + 1
        text = reader.text_said()
        return ExecuteImmediate(text, _using(reader), start)
    name = reader.name()
    return Execute(name, _using(reader))


def _using(reader: Reader) -> tuple[str, ...]:
    """Cut the parameters apart, at the commas outside of brackets."""
    if not reader.take("USING"):
        reader.end()
        return ()
    found: list[str] = []
    first, depth = reader.peek(), 0
    last: Part | None = None
    while True:
        part = reader.peek()
        if reader.is_over() or (depth == 0 and part[:2] == ("other", ",")):
            if last is None:
                raise reader.fault("a parameter is missing")
            found.append(reader.text[first.start : last.end])
            if reader.is_over():
                return tuple(found)
            reader.next()
            first, last = reader.peek(), None
            continue
        depth += (part.said in ("(", "[")) - (part.said in (")", "]")) if part.kind == "other" else 0
        last = reader.next()


def _deallocate(reader: Reader) -> Command:
    reader.expect("PREPARE")
    name = reader.name()
    reader.end()
    return Deallocate(name)


def _start(reader: Reader) -> Command:
    reader.expect("TRANSACTION")
    isolation: Isolation | None = None
    read_only: bool | None = None
    while not reader.is_over():
        if reader.take("ISOLATION", "LEVEL") and isolation is None:
            isolation = _isolation(reader)
        elif reader.take("READ") and read_only is None:
            read_only = reader.one_of("ONLY", "WRITE") == "ONLY"
        else:
            raise reader.fault("this is no mode of a transaction, or one too many")
        if not reader.take(","):
            break
        if reader.is_over():
            raise reader.fault("nothing follows the comma")
    reader.end()
    return StartTransaction(isolation, read_only)


def _isolation(reader: Reader) -> Isolation:
    for level in get_args(Isolation):
        if reader.take(*level.split()):
            known: Isolation = level
            return known
    raise reader.fault("this is no level of isolation", f"write one of: {', '.join(get_args(Isolation))}")


def _ended(ended: Command) -> Callable[[Reader], Command]:
    def read(reader: Reader) -> Command:
        reader.take("WORK")
        reader.end()
        return ended

    return read


def _explain(reader: Reader) -> Command:
    if reader.take("ANALYZE"):
        raise _not_open(
            reader, "EXPLAIN ANALYZE", "EXPLAIN says what would be asked of each port; run the query itself"
        )
    type_, format_ = "DISTRIBUTED", "TEXT"
    if reader.peek().said == "(" and reader.peek(1)[:2] in (("word", "TYPE"), ("word", "FORMAT")):
        type_, format_ = _explain_options(reader)
    return Explain(_EXPLAIN_TYPES[type_], _EXPLAIN_FORMATS[format_], *reader.rest())


_EXPLAIN_TYPES: dict[str, ExplainType] = {type_: type_ for type_ in get_args(ExplainType)}
_EXPLAIN_FORMATS: dict[str, Literal["TEXT", "JSON"]] = {"TEXT": "TEXT", "JSON": "JSON"}


def _explain_options(reader: Reader) -> tuple[str, str]:
    said: dict[str, str] = {}
    reader.expect("(")
    while True:
        option = reader.one_of("TYPE", "FORMAT")
        known = _EXPLAIN_TYPES if option == "TYPE" else {**_EXPLAIN_FORMATS, "GRAPHVIZ": ""}
        said.setdefault(option, reader.one_of(*known))  # of two, Trino takes the first
        if not reader.take(","):
            break
    reader.expect(")")
    if said.get("FORMAT") == "GRAPHVIZ":
        raise _not_open(reader, "FORMAT GRAPHVIZ", "write FORMAT TEXT or FORMAT JSON")
    return said.get("TYPE", "DISTRIBUTED"), said.get("FORMAT", "TEXT")


_KILL = ("system", "runtime", "kill_query")


def _call(reader: Reader) -> Command:
    if reader.names(3) != _KILL:
        raise _not_open(reader, "CALL", f"of all procedures {'.'.join(_KILL)} is open")
    reader.expect("(")
    given = _arguments(reader)
    reader.expect(")")
    reader.end()
    if "query_id" not in given:
        raise reader.fault("the query's id is missing", "write kill_query(query_id => 'ID')")
    return KillQuery(given["query_id"])


def _arguments(reader: Reader) -> dict[str, str]:
    """Read texts by their names, or by their places."""
    known = ["query_id", "message"]
    given: dict[str, str] = {}
    while True:
        name = known[len(given)] if len(given) < len(known) else ""
        if reader.peek().kind != "text":
            name = reader.name().lower()
            reader.expect("=>")
        if name not in known or name in given:
            raise reader.fault("this is no argument of kill_query, or one too many", "it takes query_id and message")
        given[name] = reader.text_said()
        if not reader.take(","):
            return given


_READERS: dict[str, Callable[[Reader], Command]] = {
    "USE": _use,
    "SET": _set,
    "RESET": _reset,
    "SHOW": _show,
    "DESCRIBE": _describe,
    "DESC": _desc,
    "PREPARE": _prepare,
    "EXECUTE": _execute,
    "DEALLOCATE": _deallocate,
    "START": _start,
    "COMMIT": _ended(Commit()),
    "ROLLBACK": _ended(Rollback()),
    "EXPLAIN": _explain,
    "CALL": _call,
}
