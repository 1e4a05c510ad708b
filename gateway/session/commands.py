"""A statement that is no query -> what it asks for, as one frozen value, or a refusal by its name.

The words are the kernel's own tokens, so that comments, quoted names and strings are read as Trino reads them. What
stands behind PREPARE … FROM and EXPLAIN is cut out as it is written: it is read where a query is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple, get_args

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from gateway.errors import NotAllowed, NotParsed
from gateway.kernel.dialect import DIALECT
from gateway.kernel.lexer import check_blanks, first_word, place_of
from gateway.kernel.parse import MAX_BYTES, MAX_TOKENS
from gateway.kernel.statements import refusal_of
from gateway.kernel.words import RESERVED

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
)

COMMAND_STARTS = frozenset(
    "USE SET RESET SHOW DESCRIBE DESC PREPARE EXECUTE DEALLOCATE START COMMIT ROLLBACK EXPLAIN".split()
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


# --- words ----------------------------------------------------------------------------------------------------------


class Part(NamedTuple):
    """One word, quoted name, text, or anything else, as it stands in the statement."""

    kind: Literal["word", "name", "text", "other", "end"]
    said: str
    """A word in capitals, what stands between the quotes of a name or a text, or else what is written."""
    start: int
    end: int


_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*(\s+[A-Za-z_][A-Za-z0-9_]*)*")


def parts_of(text: str) -> list[Part]:
    """Read a text into parts, with nothing but Trino's blanks and comments between them."""
    try:
        tokens = list(DIALECT.tokenize(text))
    except SqlglotError as error:
        raise NotParsed("the text ends inside a string, a name or a comment", hint="close every quote") from error
    if len(tokens) > MAX_TOKENS:
        raise NotParsed(f"the statement has more than {MAX_TOKENS:,} words", hint="send a shorter statement")
    check_blanks(text, tokens)
    parts: list[Part] = []
    for token in tokens:
        written = text[token.start : token.end + 1]
        if token.token_type == TokenType.IDENTIFIER and written[0] == '"':
            parts.append(Part("name", token.text, token.start, token.end + 1))
        elif token.token_type == TokenType.STRING and written[0] == "'":
            parts.append(Part("text", token.text, token.start, token.end + 1))
        elif _WORDS.fullmatch(written):  # some words that often stand together are one token
            found = ((word[0].upper(), token.start + word.start()) for word in _WORD.finditer(written))
            parts += [Part("word", word, start, start + len(word)) for word, start in found]
        else:
            parts.append(Part("other", written, token.start, token.end + 1))
    return parts


class Reader:
    """Goes over the parts of one statement, from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._parts = parts_of(text)
        self._at = 0

    def peek(self, ahead: int = 0) -> Part:
        """The part that comes next, or one after it; behind the last one stands an empty one."""
        at = self._at + ahead
        end = len(self.text)
        return self._parts[at] if at < len(self._parts) else Part("end", "", end, end)

    def next(self) -> Part:
        """Take one part."""
        part = self.peek()
        self._at += 1
        return part

    def take(self, *words: str) -> bool:
        """Take these words if they come next."""
        there = all(self.peek(n)[:2] in (("word", word), ("other", word)) for n, word in enumerate(words))
        self._at += len(words) if there else 0
        return there

    def expect(self, *words: str) -> None:
        """Take these words, or refuse."""
        for word in words:
            if not self.take(word):
                raise self.fault(f"{word} is missing")

    def one_of(self, *words: str) -> str:
        """Take one of these words, or refuse."""
        part = self.peek()
        if part.kind != "word" or part.said not in words:
            raise self.fault(f"one of {', '.join(words)} is missing")
        return self.next().said

    def name(self) -> str:
        """Take one name, with the capitals that it is written in."""
        part = self.peek()
        if part.kind == "name":
            return self.next().said
        if part.kind != "word" or part.said in RESERVED:
            raise self.fault("a name is missing", "write a name, in double quotes where it holds more than letters")
        self.next()
        return self.text[part.start : part.end]

    def names(self, most: int) -> tuple[str, ...]:
        """Take a name of up to so many parts, in small letters."""
        found = [self.name()]
        while len(found) < most and self.take("."):
            found.append(self.name())
        return tuple(name.lower() for name in found)

    def text_said(self) -> str:
        """Take one text in single quotes."""
        if self.peek().kind != "text":
            raise self.fault("a text is missing", "write it in single quotes")
        return self.next().said

    def end(self) -> None:
        """Refuse whatever is left."""
        if not self.is_over():
            raise self.fault("the statement ends before this")

    def is_over(self) -> bool:
        """Whether nothing is left."""
        return self.peek().kind == "end"

    def rest(self) -> tuple[str, int]:
        """All that is left, as it is written, and where it begins."""
        start = self.peek().start
        if not self.text[start:]:
            raise self.fault("a statement is missing")
        return self.text[start:], start

    def fault(self, message: str, hint: str = "docs/analysts.md shows how the statement is written") -> NotParsed:
        """A refusal that points at what comes next."""
        said = self.text[self.peek().start : self.peek().end][:40]
        return NotParsed(f"{message} at {said!r}" if said else message, hint=hint, **self.here())

    def here(self) -> dict[str, int]:
        """Where the next part stands, as `line` and `column`."""
        return place_of(self.text, self.peek().start)


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
}
