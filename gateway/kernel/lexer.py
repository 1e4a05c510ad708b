"""The token list of a text -> the same with nothing left that Trino and sqlglot would read differently.

A reviewer checks:
(1) between two tokens stand only Trino's blanks and comments  (2) a token is a word, a name, a string, a number or one
of `PUNCTUATION`  (3) a number is Trino's number  (4) a word is a keyword only if `KEYWORDS` has it and it stands where
Trino takes it for one, a type only after `CAST(… AS`; what Trino reserves is no name, every other word is one
(5) typed literals, intervals and arrays become calls of names that no partner can write.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from gateway.errors import NotAllowed, NotParsed
from gateway.kernel.statements import instead_of
from gateway.kernel.words import (
    CALLED,
    COMPARING,
    CONDITION_ENDS,
    ITEM_BEGINS,
    KEYWORDS,
    LITERAL_TYPES,
    NO_NAMES,
    PREDICATE_WORDS,
    PUNCTUATION,
    RELATION_FOLLOWS,
    RESERVED,
    SESSION_WORDS,
    SETS,
    SETTLED,
    TYPE_NAMES,
    UNITS,
    VALUE_ENDS,
)

LITERAL, INTERVAL, ARRAY, SESSION = "$LITERAL", "$INTERVAL", "$ARRAY", "$SESSION"
"""Calls that stand for `TYPE 'text'`, `INTERVAL 'text' UNIT`, `ARRAY[…]` and `current_user` and its kind.

No partner's text can hold a bare `$`."""

MOST_DIGITS = 100

_BLANK = re.compile(r"(?>[ \t\r\n]++|--[^\r\n]*+|/\*(?>.*?\*/))*+", re.DOTALL)
_NUMBER = re.compile(
    r"0[xX](_?[0-9a-fA-F])+|0[oO](_?[0-7])+|0[bB](_?[01])+"
    r"|(\d+(\.\d*)?|\.\d+)[eE][+-]?\d+|\d(_?\d)*(\.(\d(_?\d)*)?)?|\.\d(_?\d)*"
)
_WORDS = re.compile(r"[A-Za-z_][A-Za-z0-9_]*([ \t\r\n]+[A-Za-z_][A-Za-z0-9_]*)*")
_FIRST = re.compile(r"\(|[A-Za-z_]+")
_IS = re.compile(r"(NOT )?(NULL\b|DISTINCT FROM\b)")
_LIMIT = re.compile(r"(\d+|ALL)( \)|$)")
_HEX = re.compile(r"[xX]'([0-9a-fA-F]{2})*'")
_OPENING = {"(": ")", "[": "]"}
_MAY_BE_MORE = LITERAL_TYPES | {"INTERVAL", "AS"}
"""Plain words that what follows them makes a literal of."""
_QUOTED = {TokenType.IDENTIFIER: '"', TokenType.STRING: "'"}

_NO_ITEM = NO_NAMES - ITEM_BEGINS
_NO_NAMED = (None, TokenType.SELECT, TokenType.L_PAREN, TokenType.COMMA, TokenType.DISTINCT, TokenType.ALL)
_Place = Callable[[TokenType | None, TokenType | None], bool]
_PLACES: dict[TokenType, _Place] = {
    TokenType.ALIAS: lambda before, after: before not in _NO_NAMED,
    TokenType.FILTER: lambda before, after: before == TokenType.R_PAREN and after == TokenType.L_PAREN,
    TokenType.OVER: lambda before, after: after in (TokenType.L_PAREN, TokenType.VAR, TokenType.IDENTIFIER),
    TokenType.FETCH: lambda before, after: after in (TokenType.FIRST, TokenType.NEXT),
    TokenType.OFFSET: lambda before, after: after == TokenType.NUMBER,
    TokenType.ANY: lambda before, after: before in COMPARING and after == TokenType.L_PAREN,
    TokenType.SOME: lambda before, after: before in COMPARING and after == TokenType.L_PAREN,
    TokenType.ALL: lambda before, after: (
        before in SETS | {TokenType.SELECT, TokenType.LIMIT, TokenType.GROUP_BY}
        or (before in COMPARING and after == TokenType.L_PAREN)
        or (before == TokenType.L_PAREN and after in (TokenType.VAR, TokenType.IDENTIFIER, TokenType.NUMBER))
    ),
    TokenType.FROM: lambda before, after: before != TokenType.L_PAREN,
    TokenType.NOT: lambda before, after: before != TokenType.FROM,
}
"""Words that Trino does not reserve -> where they are keywords all the same, by the tokens before and after."""


def place_of(text: str, start: int) -> dict[str, int]:
    """Say where an offset stands, as `line` and `column` from 1."""
    return {"line": text.count("\n", 0, start) + 1, "column": start - text.rfind("\n", 0, start)}


def check_blanks(text: str, tokens: list[Token]) -> None:
    """(1) Blanks and comments of Trino alone stand between tokens."""
    end = 0
    for token in tokens:
        start = token.start
        if start > end and text[end:start] != " " and not _BLANK.fullmatch(text, end, start):
            raise NotParsed("a character here means nothing to Trino", hint="leave it out", **place_of(text, end))
        end = token.end + 1
    if not _BLANK.fullmatch(text, end):
        raise NotParsed("a character here means nothing to Trino", hint="leave it out", **place_of(text, end))


def first_word(text: str) -> tuple[str, int]:
    """The word or bracket that a text begins with, in capitals, and where it stands; nothing if there is none."""
    blank = _BLANK.match(text)
    found = _FIRST.match(text, blank.end() if blank else 0)
    return (found[0].upper(), found.start()) if found else ("", 0)


class Mended:
    """Goes over the tokens once, from left to right."""

    def __init__(self, text: str, tokens: list[Token]) -> None:
        self._text, self._tokens = text, tokens
        self._out: list[Token] = []
        self._open: list[str] = []
        """What each open bracket holds: `cast` until its AS and `type` after it, `array`, or `plain`."""
        self._compared: list[TokenType | None] = [None]
        """The predicate that stands already in the condition at hand, for each open bracket and outside of all."""

    def all(self) -> list[Token]:
        """Every token, mended."""
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            plain = token.token_type == TokenType.IDENTIFIER and self._text[token.start] == '"'
            if token.token_type == TokenType.COMMA or (plain and self._before() != TokenType.L_PAREN):
                self._out.append(token)
                index += 1
                if token.token_type == TokenType.COMMA:
                    self._compared[-1] = None
                continue
            known = len(self._out)
            index += self._one(index)
            self._one_predicate(self._out[known])
        if self._before() in (TokenType.COMMA, TokenType.ALIAS):
            raise self._refused(self._tokens[-1], "nothing follows this word", "leave it out")
        if self._open:
            raise self._refused(self._tokens[-1], "a bracket is not closed", "close it")
        return self._out

    def _one(self, index: int) -> int:
        """Take one token; say how many were used up."""
        token = self._tokens[index]
        kind, written = token.token_type, self._written(token)
        if kind == TokenType.NUMBER or (kind == TokenType.HEX_STRING and written[0] == "0"):
            return self._number(index, token)
        if kind == TokenType.DOT and self._after(index) == TokenType.NUMBER and self._before() not in VALUE_ENDS:
            return self._number(index, token)
        if written in PUNCTUATION:
            self._punctuation(written, token)
        elif _QUOTED.get(kind) == written[0] or _HEX.fullmatch(written):
            if kind == TokenType.STRING and self._before() == TokenType.ALIAS:
                raise self._refused(token, "a text is no name", "write the name in double quotes")
            if self._before() == TokenType.L_PAREN and len(self._out) > 1 and self._out[-2].text.upper() == "EXTRACT":
                raise self._refused(token, "this field of EXTRACT is not open", "write its word, without quotes")
            self._out.append(token)
        elif _WORDS.fullmatch(written):
            return self._word(index, token, written.upper() if written.isalnum() else " ".join(written.upper().split()))
        else:
            hint = instead_of(written, "use names, numbers and plain 'text'")
            raise self._refused(token, f"{written[:20]} is not open", hint)
        return 1

    def _one_predicate(self, token: Token) -> None:
        """`a > b IS NULL` means nothing to Trino: one predicate a condition, others in brackets."""
        kind = token.token_type
        if kind in (TokenType.L_PAREN, TokenType.L_BRACKET):
            self._compared.append(None)
        elif kind in (TokenType.R_PAREN, TokenType.R_BRACKET) and len(self._compared) > 1:
            self._compared.pop()
        elif kind in PREDICATE_WORDS:
            if self._compared[-1]:
                raise self._refused(token, "two conditions stand side by side", "put one of them in brackets")
            self._compared[-1] = kind
        elif kind == TokenType.AND and self._compared[-1] == TokenType.BETWEEN:
            self._compared[-1] = TokenType.AND
        elif kind in CONDITION_ENDS and self._before(2) != TokenType.DISTINCT:
            self._compared[-1] = None

    def _written(self, token: Token) -> str:
        return self._text[token.start : token.end + 1]

    def _before(self, steps: int = 1) -> TokenType | None:
        return self._out[-steps].token_type if len(self._out) >= steps else None

    def _after(self, index: int) -> TokenType | None:
        return self._tokens[index + 1].token_type if index + 1 < len(self._tokens) else None

    def _refused(self, token: Token, message: str, hint: str) -> NotAllowed:
        return NotAllowed(message, hint=hint, **place_of(self._text, token.start))

    def _number(self, index: int, token: Token) -> int:
        # (3) one number of Trino, in decimal digits from here on
        found = _NUMBER.match(self._text, token.start)
        end = found.end() if found else token.start
        after = self._text[end : end + 1]
        if not found or after.isalnum() or after in ("_", ".") or end - token.start > MOST_DIGITS:
            raise self._refused(token, "this is no number of Trino's", "write it in decimal digits")
        digits = self._text[token.start : end].replace("_", "")
        radix = {"0x": 16, "0o": 8, "0b": 2}.get(digits[:2].lower())
        number = str(int(digits[2:], radix)) if radix else digits
        self._out.append(Token(TokenType.NUMBER, number, token.line, token.col, token.start, end - 1))
        return sum(1 for later in self._tokens[index : index + 8] if later.start < end)

    def _punctuation(self, written: str, token: Token) -> None:
        before = self._before()
        if written == ";":
            raise self._refused(token, "more than one statement", "send one statement at a time")
        if written == "." and before == TokenType.NUMBER:
            raise self._refused(token, "a dot after a number is not open", "put the number in brackets")
        if written == "+" and before not in VALUE_ENDS:
            raise self._refused(token, "a plus before a value is not open", "leave it out")
        if written in _OPENING:
            token = self._opened(written, token)
        elif written in _OPENING.values():
            token = self._closed(written, token)
        self._out.append(token)

    def _opened(self, written: str, token: Token) -> Token:
        before = self._out[-1].text.upper() if self._out else ""
        if written == "[" and before == "ARRAY" and self._before() == TokenType.VAR:
            # (5) an array
            self._out[-1] = self._like(self._out[-1], TokenType.VAR, ARRAY)
            self._open.append("array")
            return self._like(token, TokenType.L_PAREN, "(")
        inside = self._open[-1] if self._open else ""
        holds = "type" if inside == "type" else "cast" if before in ("CAST", "TRY_CAST") else "plain"
        self._open.append(holds)
        return token

    def _closed(self, written: str, token: Token) -> Token:
        before = self._before()
        if before in (TokenType.COMMA, TokenType.ALIAS):
            raise self._refused(token, "nothing follows the comma or AS before this", "leave that out")
        if not self._open:
            raise self._refused(token, f"{written} closes nothing", "leave it out, or open it before")
        held = self._open.pop()
        if held == "type" and before == TokenType.L_PAREN:
            raise self._refused(token, "a type has empty brackets", "write its length, or leave them out")
        if held == "array" and written != "]":
            raise self._refused(token, f"{written} does not close an array", "write ] here")
        return self._like(token, TokenType.R_PAREN, ")") if held == "array" else token

    def _word(self, index: int, token: Token, written: str) -> int:
        inside = self._open[-1] if self._open else ""
        if inside == "cast" and written == "AS":
            self._open[-1] = "type"
        elif inside == "type":
            token = self._type_word(index, token, written)
        elif written == "INTERVAL" and self._after(index) in (TokenType.STRING, TokenType.DASH, TokenType.PLUS):
            return self._interval(index, token)
        elif written in LITERAL_TYPES and self._after(index) == TokenType.STRING:
            self._call(token, LITERAL, [written, self._tokens[index + 1].text])
            return 2
        elif written in SESSION_WORDS and self._before() != TokenType.DOT:
            self._call(token, SESSION, [written.lower()])
            return 1
        elif self._before() == TokenType.DOT or not self._is_keyword(index, token, written):
            token = self._name(index, token, written)
        elif self._before() in (TokenType.ALIAS, TokenType.COMMA) and token.token_type in _NO_ITEM:
            raise self._refused(token, f"{written} may not stand here", "put a name in double quotes, or leave , out")
        self._out.append(token)
        return 1

    def _type_word(self, index: int, token: Token, written: str) -> Token:
        """A word of a type: one that Trino knows, or the name of a row's field, which is small unless quoted."""
        is_first = self._before() in (TokenType.L_PAREN, TokenType.COMMA)
        if is_first and self._following(index).split(" ")[0] in TYPE_NAMES:
            return self._like(token, TokenType.VAR, token.text.lower())
        if token.token_type in TrinoParser.TYPE_TOKENS and written not in TYPE_NAMES:
            raise self._refused(token, f"the type {written.lower()[:40]} is not open", "docs/sql.md lists the types")
        return self._like(token, token.token_type, token.text.lower())

    def _name(self, index: int, token: Token, written: str) -> Token:
        if " " in written or (written in RESERVED and self._after(index) != TokenType.L_PAREN):
            hint = instead_of(written, "put a name in double quotes")
            raise self._refused(token, f"{written[:40]} may not stand here", hint)
        if written in ("FUNCTION", "SESSION") and self._before() == TokenType.WITH and not self._defines(index):
            raise self._refused(token, f"WITH {written} is not open", "write the expression itself in the query")
        if written == "MATCH_RECOGNIZE" and self._after(index) == TokenType.L_PAREN:
            raise self._refused(token, "MATCH_RECOGNIZE is not open", "write lag, lead and sums OVER windows")
        return token if token.token_type == TokenType.VAR else self._like(token, TokenType.VAR, token.text)

    def _defines(self, index: int) -> bool:
        """Whether a CTE is called by the word at this place."""
        return self._after(index) in (TokenType.ALIAS, TokenType.L_PAREN)

    def _is_keyword(self, index: int, token: Token, written: str) -> bool:
        """(4) A keyword of Trino's queries, where it stands as one."""
        kind, before, after = token.token_type, self._before(), self._after(index)
        if kind not in KEYWORDS or (written in CALLED and after == TokenType.L_PAREN):
            return False
        if kind == TokenType.IS and not _IS.match(self._following(index)):
            raise self._refused(token, "this form of IS is not open", "write IS [NOT] NULL or IS [NOT] DISTINCT FROM")
        if kind == TokenType.LIMIT and not _LIMIT.match(self._following(index)):
            return False
        if kind in (TokenType.VALUES, TokenType.TABLE) and self._stands_as_relation(kind, after):
            raise self._refused(token, f"{written} may not stand here", "write (SELECT …) AS t or (VALUES …) AS t")
        check = _PLACES.get(kind)
        return check is None or check(before, after)

    def _following(self, index: int) -> str:
        return " ".join(self._written(later).upper() for later in self._tokens[index + 1 : index + 4])

    def _stands_as_relation(self, kind: TokenType, after: TokenType | None) -> bool:
        """Whether VALUES or TABLE is read from without brackets, or a TABLE in brackets keeps its own name."""
        before, earlier = self._before(), self._before(2)
        if before in RELATION_FOLLOWS:
            return kind == TokenType.VALUES or after != TokenType.L_PAREN
        bare = earlier is None or earlier in RELATION_FOLLOWS or earlier == TokenType.L_PAREN
        return kind == TokenType.TABLE and before == TokenType.L_PAREN and bare

    def _interval(self, index: int, token: Token) -> int:
        words = [self._written(later).upper() for later in self._tokens[index + 1 : index + 6]]
        sign = words.pop(0) if words[0] in ("+", "-") else ""
        units = words[1:4] if words[2:3] == ["TO"] else words[1:2]
        text = words[0].strip("'") if words else ""
        if not re.fullmatch(r"[0-9 :.+-]+", text) or not units or not set(units[::2]) <= UNITS:
            raise self._refused(token, "this form of INTERVAL is not open", "write INTERVAL '1' DAY or another unit")
        self._call(token, INTERVAL, [sign, text, *units[::2]])
        return 2 + bool(sign) + len(units)

    def _call(self, token: Token, name: str, parts: Sequence[str]) -> None:
        self._out += [self._like(token, TokenType.VAR, name), self._like(token, TokenType.L_PAREN, "(")]
        for number, part in enumerate(parts):
            if number:
                self._out.append(self._like(token, TokenType.COMMA, ","))
            self._out.append(self._like(token, TokenType.STRING, part))
        self._out.append(self._like(token, TokenType.R_PAREN, ")"))

    @staticmethod
    def _like(token: Token, kind: TokenType, text: str) -> Token:
        return Token(kind, text, token.line, token.col, token.start, token.end)


class Ours(Mended):
    """The same for a text that `emit` wrote: only what a word may mean is settled, for nothing else is left open."""

    def all(self) -> list[Token]:
        """Every token; a text that `emit` did not write is noticed by whoever writes the tree out again."""
        index = 0
        while index < len(self._tokens):
            token = self._tokens[index]
            kind = token.token_type
            if kind in SETTLED or (kind == TokenType.VAR and token.text.upper() not in _MAY_BE_MORE):
                self._out.append(token)
                index += 1
            elif kind in (TokenType.L_PAREN, TokenType.R_PAREN):
                opens = kind == TokenType.L_PAREN
                self._out.append(self._opened("(", token) if opens else self._closed(")", token))
                index += 1
            else:
                index += self._one(index)
        return self._out
