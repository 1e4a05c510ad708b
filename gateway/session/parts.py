"""The text of a statement -> its words, names and texts, and a reader that goes over them from left to right.

They are the kernel's own tokens, so that comments, quoted names and strings are read as Trino reads them.
"""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import TokenType

from gateway.errors import NotParsed
from gateway.kernel.dialect import DIALECT
from gateway.kernel.lexer import check_blanks, place_of
from gateway.kernel.parse import MAX_TOKENS
from gateway.kernel.words import RESERVED


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
