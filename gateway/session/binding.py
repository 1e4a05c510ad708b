"""A prepared text and its parameters -> the text of one statement, with each parameter in place of its `?`.

*Invariants*
- A `?` counts only where it is a token of its own: never in a string, a quoted name or a comment.
- A parameter is one expression of constants, read as such before it is put in place, and stands there in brackets: it
  cannot end the expression around it, nor the statement.
- The bound text is a text like any other: whoever runs it reads, asks and guards it anew.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from sqlglot import exp

from gateway.errors import BadParameters, Refused
from gateway.kernel.functions import FUNCTIONS
from gateway.kernel.lexer import place_of
from gateway.kernel.parse import MAX_BYTES, parse
from gateway.session.parts import parts_of

_COUNTS = ("LIMIT", "OFFSET", "FIRST", "NEXT")
"""After these words Trino takes a whole number and nothing else."""
_WHOLE = re.compile(r"(?:(?:TINYINT|SMALLINT|INTEGER|INT|BIGINT)\s*'([0-9]+)'|([0-9]+))", re.IGNORECASE)
_CONSTANT_ONLY = (exp.Column, exp.Query, exp.Values, exp.Table, exp.Star, exp.Window)


@dataclass(frozen=True, slots=True)
class Bound:
    """A statement with its parameters in place."""

    text: str
    places: tuple[tuple[int, int, int], ...] = ()
    """For each parameter, where it begins and ends in `text`, and where its `?` stands in the prepared text."""


def marks_of(text: str) -> list[tuple[int, bool]]:
    """Where each `?` of a text stands, and whether it counts rows (`LIMIT ?`)."""
    found: list[tuple[int, bool]] = []
    before = ""
    for part in parts_of(text):
        if part.kind == "other" and "?" in part.said:
            found += [(part.start + n, before in _COUNTS) for n, sign in enumerate(part.said) if sign == "?"]
        before = part.said if part.kind == "word" else ""
    return found


def bind(text: str, parameters: Sequence[str]) -> Bound:
    """Put each parameter in place.

    >>> bind("SELECT ?, '?' -- ?", ["1 + 2"]).text
    "SELECT (1 + 2), '?' -- ?"
    """
    marks = marks_of(text)
    if len(marks) != len(parameters):
        raise BadParameters(
            f"Incorrect number of parameters: expected {len(marks)} but found {len(parameters)}",
            hint="give one value for each ? of the prepared statement",
        )
    written: list[str] = []
    places: list[tuple[int, int, int]] = []
    end = length = 0
    for (start, counts), parameter in zip(marks, parameters, strict=True):
        value = _count_said(parameter) if counts else _constant(parameter)
        padded = value.rjust(len(value) + _touches(text, start - 1)) + " " * _touches(text, start + 1)
        written += [text[end:start], padded]
        begins = length + start - end
        length = begins + len(padded)
        places.append((begins, length, start))
        end = start + 1
    bound = "".join([*written, text[end:]])
    if len(bound) > MAX_BYTES:
        raise BadParameters("the statement is too long with its parameters", hint="give shorter ones")
    return Bound(bound, tuple(places))


def place_in_prepared(bound: Bound, prepared: str, line: int, column: int) -> dict[str, int]:
    """Say where a place of the bound text stands in the prepared one; within a parameter, where its `?` stands."""
    offset = sum(len(each) + 1 for each in bound.text.split("\n")[: line - 1]) + column - 1
    moved = 0
    for begins, ends, mark in bound.places:
        if offset < begins:
            break
        if offset < ends:
            return place_of(prepared, mark)
        moved = ends - (mark + 1)
    return place_of(prepared, min(offset - moved, len(prepared)))


def _touches(text: str, at: int) -> bool:
    """Whether a parameter would run into a word or a sign at this place."""
    return 0 <= at < len(text) and text[at] not in " \t\r\n(),"


def _count_said(parameter: str) -> str:
    found = _WHOLE.fullmatch(parameter)
    if not found:
        raise BadParameters("a number of rows is a whole number", hint="give a whole number for the ? after LIMIT")
    return found[1] or found[2]


def _constant(parameter: str) -> str:
    """Read a parameter as what may stand in place of a `?`: one expression of constants."""
    try:
        tree = parse(f"SELECT {parameter}").tree
    except Refused as fault:
        raise BadParameters(
            f"the parameter {parameter[:40]} cannot be read: {fault.message}", hint=fault.hint
        ) from None
    items = tree.expressions
    plain = isinstance(tree, exp.Select) and {name for name, part in tree.args.items() if part} == {"expressions"}
    if not plain or len(items) != 1 or isinstance(items[0], exp.Alias):
        raise BadParameters(f"the parameter {parameter[:40]} is not one value", hint="give one value for each ?")
    if any(isinstance(node, _CONSTANT_ONLY) or _gathers(node) for node in items[0].walk()):
        raise BadParameters(
            f"the parameter {parameter[:40]} is not constant", hint="a parameter names no column and asks no query"
        )
    return parameter if len(parts_of(parameter)) == 1 else f"({parameter})"


def _gathers(node: exp.Expr) -> bool:
    found = FUNCTIONS.get(node.name.lower()) if isinstance(node, exp.Anonymous) else None
    return found is not None and found.kind not in ("scalar", "form")
