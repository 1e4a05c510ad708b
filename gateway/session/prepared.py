"""Prepared statements before they are run: whether one could ever be run, what it takes, and what it gives."""

from __future__ import annotations

import re
from dataclasses import dataclass

from sqlglot import exp

from gateway.errors import NotAllowed
from gateway.kernel.dialect import emit
from gateway.kernel.lexer import first_word
from gateway.kernel.parse import parse
from gateway.session.binding import bind, marks_of
from gateway.session.commands import (
    COMMAND_STARTS,
    Command,
    Deallocate,
    Execute,
    ExecuteImmediate,
    Explain,
    Prepare,
    bare,
    command_of,
)


@dataclass(frozen=True, slots=True)
class Described:
    """What can be said of a prepared query without running it."""

    parameters: int
    probe: str
    """A query with the same columns and no rows."""
    aliased: tuple[bool, ...] = ()
    """For each item of its SELECT list, whether it has a name of its own; empty where a star stands in it."""


def command_in(text: str) -> Command:
    """Read one command; a statement to prepare is read as well, as Trino reads it."""
    command = command_of(text)
    if isinstance(command, Prepare):
        check_prepared(blanked(text, command.start))
    return command


def blanked(text: str, start: int) -> str:
    """Blanks in place of what stands before a statement, so that every place in it stays what it is.

    >>> blanked("EXPLAIN SELECT 1;", 8)
    '        SELECT 1'
    """
    return re.sub(r"[^\n]", " ", text[:start]) + bare(text)[start:]


def check_prepared(text: str) -> None:
    """Refuse a text that could never be run as a prepared statement."""
    word, _ = first_word(text)
    whole = _filled(text)
    if word not in COMMAND_STARTS:
        parse(whole)
        return
    command = command_of(whole)
    if isinstance(command, Prepare | Execute | ExecuteImmediate | Deallocate):
        raise NotAllowed(f"Invalid statement type for prepared statement: {word}", hint="prepare what it would run")
    if isinstance(command, Explain):
        parse(command.text)


def describe(text: str) -> Described:
    """Read a prepared query for what it takes and gives."""
    tree = parse(_filled(text)).tree
    first = tree
    while isinstance(first, exp.SetOperation | exp.Subquery):
        first = first.this
    items = first.expressions if isinstance(first, exp.Select) else []
    starred = any(item.is_star for item in items)
    aliased = () if starred else tuple(isinstance(item, exp.Alias) for item in items)
    tree.set("limit", exp.Limit(expression=exp.Literal.number(0)))
    return Described(len(marks_of(text)), emit(tree), aliased)


def _filled(text: str) -> str:
    """The text with something of no value in place of each `?`: to be read, never to be run."""
    return bind(text, ["1" if counts else "NULL" for _, counts in marks_of(text)]).text
