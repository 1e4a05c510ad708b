"""How Trino names the types of columns -> trees of types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from gateway.errors import Broken

_NAMELESS = re.compile(r"(timestamp|time)(\(\d+\))? with time zone|interval \w+ to \w+|double precision")
"""Types of more than one word: in a row, what else has a blank begins with the name of its field."""

MAX_DEPTH = 100


@dataclass(frozen=True, slots=True)
class TrinoType:
    """One type, such as `decimal(38,2)`, `timestamp(3) with time zone` or `map(varchar,row(a bigint))`."""

    name: str
    """Without parameters: `decimal`, `timestamp with time zone`, `map`."""
    numbers: tuple[int, ...] = ()
    parts: tuple[TrinoType, ...] = ()
    fields: tuple[str, ...] = ()
    """The names of a row's fields; a field without a name has Trino's, `field0`."""


@dataclass(frozen=True, slots=True)
class ColumnType:
    """One column of an answer."""

    name: str
    text: str
    """The type in Trino's words."""
    type: TrinoType


class _Argument(msgspec.Struct):
    kind: str = ""
    value: Any = None


class _Signature(msgspec.Struct):
    rawType: str
    arguments: list[_Argument] = []


class _Column(msgspec.Struct):
    name: str
    type: str
    typeSignature: _Signature | None = None


class _FieldName(msgspec.Struct):
    name: str


class _Field(msgspec.Struct):
    typeSignature: _Signature
    fieldName: _FieldName | None = None


def column_types(columns: Sequence[tuple[str, str]], signature: bytes) -> tuple[ColumnType, ...]:
    """Read the types of an answer's columns, from Trino's signatures where it gave them."""
    try:
        if signature:
            return tuple(
                ColumnType(one.name, one.type, _signed(one.typeSignature) if one.typeSignature else read_type(one.type))
                for one in msgspec.json.decode(signature, type=list[_Column])
            )
        return tuple(ColumnType(name, text, read_type(text)) for name, text in columns)
    except (msgspec.MsgspecError, ValueError, RecursionError) as fault:
        raise Broken("the types of an answer's columns cannot be read") from fault


def _signed(signature: _Signature) -> TrinoType:
    parts: list[TrinoType] = []
    fields: list[str] = []
    numbers: list[int] = []
    for argument in signature.arguments:
        if argument.kind in ("LONG", "LONG_LITERAL"):
            numbers.append(int(argument.value))
        elif argument.kind in ("TYPE", "TYPE_SIGNATURE"):
            parts.append(_signed(msgspec.convert(argument.value, _Signature)))
        elif argument.kind in ("NAMED_TYPE", "NAMED_TYPE_SIGNATURE"):
            field = msgspec.convert(argument.value, _Field)
            fields.append(field.fieldName.name if field.fieldName else f"field{len(fields)}")
            parts.append(_signed(field.typeSignature))
    return TrinoType(signature.rawType, tuple(numbers), tuple(parts), tuple(fields))


def read_type(text: str) -> TrinoType:
    """Read a type in Trino's words.

    >>> read_type("timestamp(3) with time zone")
    TrinoType(name='timestamp with time zone', numbers=(3,), parts=(), fields=())
    >>> read_type("map(varchar,decimal(38,2))").parts[1].numbers
    (38, 2)
    >>> read_type('row("a b" bigint, c varchar(3), time(6) with time zone)').fields
    ('a b', 'c', 'field2')
    """
    return _read(text, 0)


def _read(text: str, depth: int) -> TrinoType:
    if depth > MAX_DEPTH:
        raise ValueError("a type is nested too deeply")
    head, opened, rest = text.strip().partition("(")
    if not opened:
        return TrinoType(" ".join(head.lower().split()))
    inner, closed, tail = rest.rpartition(")")
    if not closed:
        raise ValueError("a type has no end")
    name = " ".join(f"{head} {tail}".lower().split())
    pieces = list(_split(inner))
    if name == "row":
        named = [_field(piece, position) for position, piece in enumerate(pieces)]
        parts = tuple(_read(type_, depth + 1) for _, type_ in named)
        return TrinoType(name, (), parts, tuple(field for field, _ in named))
    if all(piece.strip().isdecimal() for piece in pieces):
        return TrinoType(name, tuple(int(piece) for piece in pieces))
    return TrinoType(name, (), tuple(_read(piece, depth + 1) for piece in pieces))


def _split(text: str) -> Iterator[str]:
    """Split at the commas that stand in no parenthesis and no quotes."""
    depth, start, quoted = 0, 0, False
    for position, character in enumerate(text):
        if character == '"':
            quoted = not quoted
        elif not quoted:
            depth += {"(": 1, ")": -1}.get(character, 0)
            if character == "," and depth == 0:
                yield text[start:position]
                start = position + 1
    yield text[start:]


def _field(text: str, position: int) -> tuple[str, str]:
    text = text.strip()
    quoted = re.match(r'"((?:[^"]|"")*)"\s+', text)
    if quoted:
        return quoted[1].replace('""', '"'), text[quoted.end() :]
    name, blank, type_ = text.partition(" ")
    if not blank or "(" in name or _NAMELESS.fullmatch(text):
        return f"field{position}", text
    return name, type_


def unique(names: Sequence[str]) -> list[str]:
    """Give each name once: tools read no table that has one twice.

    >>> unique(["a", "b", "a", "a_1"])
    ['a', 'b', 'a_2', 'a_1']
    """
    taken = set(names)
    seen: set[str] = set()
    given: list[str] = []
    numbers: dict[str, int] = {}
    for name in names:
        new = name
        while new in seen or (new != name and new in taken):
            numbers[name] = numbers.get(name, 0) + 1
            new = f"{name}_{numbers[name]}"
        seen.add(new)
        given.append(new)
    return given
