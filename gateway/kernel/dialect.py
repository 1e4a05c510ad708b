"""Text of Trino SQL <-> sqlglot's tree, so that one text has one meaning: sqlglot's tables, cut to what Trino says.

sqlglot reads thirty dialects and rewrites what it knows. Here it knows nothing but Trino's grammar: a function is a
name and its arguments, kept as written. What it would read differently from Trino is mended or refused on the token
list, before its parser sees it. A reviewer checks:
(1) between two tokens stand only Trino's blanks and comments  (2) a token is a word, a name, a string, a number or one
of `PUNCTUATION`  (3) a number is Trino's number  (4) a word is a keyword only if `KEYWORDS` has it and it stands where
Trino takes it for one, a type only after `CAST(… AS`; what Trino reserves is no name, every other word is one
(5) typed literals, intervals and arrays become calls of names that no partner can write, and are written back as what
they were.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.generator import Generator
from sqlglot.generators.trino import TrinoGenerator
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
    MAY_COME,
    MAY_COME_FOR,
    MAY_GO,
    NO_NAMES,
    PREDICATE_WORDS,
    PUNCTUATION,
    RELATION_FOLLOWS,
    RESERVED,
    SETS,
    SETTLED,
    TYPE_NAMES,
    UNITS,
    VALUE_ENDS,
)  # fmt: skip

LITERAL, INTERVAL, ARRAY = "$LITERAL", "$INTERVAL", "$ARRAY"
"""Calls that stand for `TYPE 'text'`, `INTERVAL 'text' UNIT` and `ARRAY[…]`: no partner's text can hold a bare `$`."""

MOST_TOKENS = 1_000_000
"""How many words a text of our own may have; what a partner sends is bounded far below."""
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


class PortgateDialect(Trino):
    """Trino's dialect: positions of arrays stay as they are written."""

    INDEX_OFFSET = 0

    class Tokenizer(Trino.Tokenizer):
        """Words that begin a statement of another kind are words like others."""

        COMMANDS: ClassVar[set[TokenType]] = set()


DIALECT = PortgateDialect()


def tokens_of(text: str, most: int) -> list[Token]:
    """Read a text into tokens that Trino and sqlglot understand alike; raises `NotParsed` or `NotAllowed`."""
    try:
        tokens = list(DIALECT.tokenize(text))
    except SqlglotError as error:
        raise NotParsed("the text ends inside a string, a name or a comment", hint="close every quote") from error
    if len(tokens) > most:
        raise NotParsed(f"the statement has more than {most:,} words", hint="send a shorter statement")
    end = 0
    for token in tokens:
        # (1) blanks and comments of Trino alone
        start = token.start
        if start > end and text[end:start] != " " and not _BLANK.fullmatch(text, end, start):
            raise NotParsed("a character here means nothing to Trino", hint="leave it out", **place_of(text, end))
        end = token.end + 1
    if not _BLANK.fullmatch(text, end):
        raise NotParsed("a character here means nothing to Trino", hint="leave it out", **place_of(text, end))
    return _Mended(text, tokens).all()


def place_of(text: str, start: int) -> dict[str, int]:
    """Say where an offset stands, as `line` and `column` from 1."""
    return {"line": text.count("\n", 0, start) + 1, "column": start - text.rfind("\n", 0, start)}


def first_word(text: str) -> tuple[str, int]:
    """The word or bracket that a text begins with, in capitals, and where it stands; nothing if there is none."""
    blank = _BLANK.match(text)
    found = _FIRST.match(text, blank.end() if blank else 0)
    return (found[0].upper(), found.start()) if found else ("", 0)


class _Mended:
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
            token = self._type_word(token, written)
        elif written == "INTERVAL" and self._after(index) in (TokenType.STRING, TokenType.DASH, TokenType.PLUS):
            return self._interval(index, token)
        elif written in LITERAL_TYPES and self._after(index) == TokenType.STRING:
            self._call(token, LITERAL, [written, self._tokens[index + 1].text])
            return 2
        elif self._before() == TokenType.DOT or not self._is_keyword(index, token, written):
            token = self._name(index, token, written)
        elif self._before() in (TokenType.ALIAS, TokenType.COMMA) and token.token_type in _NO_ITEM:
            raise self._refused(token, f"{written} may not stand here", "put a name in double quotes, or leave , out")
        self._out.append(token)
        return 1

    def _type_word(self, token: Token, written: str) -> Token:
        """A word of a type: one that Trino knows, or the name of a row's field, which is small unless quoted."""
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


class _Ours(_Mended):
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


# --- sqlglot's parser and generator ---------------------------------------------------------------------------------
# Its compiled classes cannot be inherited from, so their tables are set here, for the whole process, before first use.


def _call_of(name: str, *arguments: exp.Expr | None) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=[argument for argument in arguments if argument])


def _substring(parser: Any) -> exp.Expr:
    """`SUBSTRING(x FROM a FOR b)` is substr(x, a, b), as Trino's own parser makes it."""
    arguments = parser._parse_csv(parser._parse_disjunction)
    if not parser._match(TokenType.FROM):
        return _call_of("SUBSTRING", *arguments)
    arguments.append(parser._parse_disjunction())
    if parser._match(TokenType.FOR):
        arguments.append(parser._parse_disjunction())
    return _call_of("SUBSTR", *arguments)


def _position(parser: Any) -> exp.Expr:
    """`POSITION(x IN y)` is strpos(y, x), as Trino's own parser makes it."""
    wanted = parser._parse_bitwise()
    if not parser._match(TokenType.IN):
        parser.raise_error("POSITION needs IN")
    return _call_of("STRPOS", parser._parse_bitwise(), wanted)


def _normalize(parser: Any) -> exp.Expr:
    """`NORMALIZE(x, NFC)`: the form is a word, not a column."""
    text = parser._parse_bitwise()
    return _call_of("NORMALIZE", text, parser._match(TokenType.COMMA) and parser._parse_var())


TrinoParser.FUNCTIONS = {}
TrinoParser.FUNCTION_PARSERS = {
    **{
        name: TrinoParser.FUNCTION_PARSERS[name]
        for name in ("CAST", "TRY_CAST", "EXTRACT", "TRIM", "JSON_VALUE", "JSON_QUERY", "JSON_OBJECT")
    },
    "SUBSTRING": _substring,
    "POSITION": _position,
    "NORMALIZE": _normalize,
}
TrinoParser.NO_PAREN_FUNCTION_PARSERS = {"CASE": TrinoParser.NO_PAREN_FUNCTION_PARSERS["CASE"]}
for _set in ("TYPE_TOKENS", "NESTED_TYPE_TOKENS", "STRUCT_TYPE_TOKENS"):  # UNION is no type
    setattr(TrinoParser, _set, getattr(TrinoParser, _set) - KEYWORDS)
TrinoParser.ARRAY_CONSTRUCTORS = {}
TrinoParser.TYPE_LITERAL_PARSERS = {}
TrinoParser.FUNC_TOKENS = {
    TokenType.VAR, TokenType.EXISTS, TokenType.ANY, TokenType.ALL, TokenType.SOME, TokenType.TABLE
}  # fmt: skip
for _set in ("ID_VAR_TOKENS", *(known for known in dir(TrinoParser) if known.endswith("ALIAS_TOKENS"))):
    if isinstance(getattr(TrinoParser, _set), set | frozenset):
        setattr(TrinoParser, _set, getattr(TrinoParser, _set) - NO_NAMES)
TrinoParser.JSON_KEY_VALUE_SEPARATOR_TOKENS = {TokenType.COLON}
TrinoParser.COLUMN_OPERATORS = {TokenType.DOT: None}
TrinoParser.CAST_COLUMN_OPERATORS = set()
TrinoParser.SUBQUERY_TOKENS = {*TrinoParser.SUBQUERY_TOKENS, TokenType.VALUES, TokenType.TABLE}


def _anonymous(generator: Generator, node: exp.Anonymous) -> str:
    parts = [part.name for part in node.expressions]
    if node.this == LITERAL:
        return f"{parts[0]} {generator.sql(node.expressions[1])}"
    if node.this == INTERVAL:
        sign = f"{parts[0]} " if parts[0] else ""
        return f"INTERVAL {sign}'{parts[1]}' {' TO '.join(parts[2:])}"
    if node.this == ARRAY:
        return f"ARRAY[{generator.expressions(node, flat=True)}]"
    return f"{generator.sql(node, 'this')}({generator.expressions(node, flat=True)})"


def _distinct(generator: Generator, node: exp.Distinct) -> str:
    return f"DISTINCT {generator.expressions(node, flat=True)}".rstrip()


def _quantified(word: str) -> Callable[[Generator, exp.Expr], str]:
    def write(generator: Generator, node: exp.Expr) -> str:
        query = node.this.unnest() if isinstance(node.this, exp.Subquery) else node.this
        return f"{word} ({generator.sql(query)})"

    return write


def _trim(generator: Generator, node: exp.Trim) -> str:
    text, chars, side = (generator.sql(node, part) for part in ("this", "expression", "position"))
    before = " ".join(part for part in (side, chars) if part)
    return f"TRIM({before} FROM {text})" if before else f"TRIM({text})"


def _values(generator: Generator, node: exp.Values) -> str:
    text, alias = f"VALUES {generator.expressions(node, flat=True)}", generator.sql(node, "alias")
    if not isinstance(node.parent, exp.From | exp.Join):
        return generator.prepend_ctes(node, generator.query_modifiers(node, text))
    return f"({text}) AS {alias}" if alias else f"({text})"


def _unnest(generator: Generator, node: exp.Unnest) -> str:
    alias, offset = node.args.get("alias"), node.args.get("offset")
    text = f"UNNEST({generator.expressions(node, flat=True)}){' WITH ORDINALITY' if offset else ''}"
    if not alias:
        return text
    names = [*alias.columns, *([offset] if isinstance(offset, exp.Identifier) else [])]
    columns = f"({', '.join(map(generator.sql, names))})" if names else ""
    return f"{text} AS {generator.sql(alias, 'this')}{columns}"


_SET_BY_US: dict[Any, Any] = {
    exp.Unnest: _unnest,
    exp.Trim: _trim,
    exp.Values: _values,
    exp.Any: _quantified("ANY"),
    exp.All: _quantified("ALL"),
    exp.Anonymous: _anonymous,
    exp.Distinct: _distinct,
    exp.AtTimeZone: lambda g, node: f"{g.sql(node, 'this')} AT TIME ZONE {g.sql(node, 'zone')}",
}
TrinoGenerator.TRANSFORMS = {
    **{kind: how for kind, how in TrinoGenerator.TRANSFORMS.items() if kind not in (exp.Select, exp.Cast, exp.Lateral)},
    **_SET_BY_US,
}


def read(tokens: list[Token], text: str) -> list[exp.Expr | None]:
    """Parse tokens into statements; raises sqlglot's errors and RecursionError."""
    return DIALECT.parser().parse(tokens, text)


def reads_two_ways(tokens: list[Token], tree: exp.Expr) -> str:
    """Say which word of a text its tree lost or invented, if any: sqlglot forgives what Trino would refuse.

    Both sides are counted as words; what one spelling may add to another is in `MAY_COME` and `MAY_GO`.
    """
    text = emit(tree)
    ours, theirs = Counter(map(_counted, tokens_of(text, MOST_TOKENS))), Counter(map(_counted, tokens))
    come, gone = ours - theirs, theirs - ours
    frames = come.pop("BETWEEN", 0)  # ROWS 2 PRECEDING is ROWS BETWEEN 2 PRECEDING AND CURRENT ROW
    for word in ("AND", "current", "row"):
        come[word] -= frames
    gone_or_kept = gone + Counter(VALUES=theirs["VALUES"])
    invented = [
        word
        for word, count in come.items()
        if word not in MAY_GO and count > sum(gone_or_kept[cause] for cause in MAY_COME.get(word, ()))
    ]
    lost = [word for word in gone if word not in MAY_GO and word not in MAY_COME_FOR]
    return next(iter([*invented, *lost]), "")


def _counted(token: Token) -> str:
    kind = token.token_type
    if kind in (TokenType.STRING, TokenType.NUMBER):
        return f"{kind.name} {token.text}"
    if kind in (TokenType.VAR, TokenType.IDENTIFIER) or (kind in KEYWORDS and kind not in NO_NAMES):
        return token.text.lower()
    return kind.name


def read_text(text: str) -> exp.Expr:
    """Parse a text of a catalog file, which must be one statement or expression."""
    return _only(read(tokens_of(text, MOST_TOKENS), text))


def read_back(text: str) -> exp.Expr:
    """Parse a text that `emit` wrote. The caller must compare `emit(tree)` with the text: that is the check of both."""
    return _only(read(_Ours(text, list(DIALECT.tokenize(text))).all(), text))


def _only(trees: list[exp.Expr | None]) -> exp.Expr:
    if len(trees) != 1 or trees[0] is None:
        raise NotParsed("this is not one statement", hint="write exactly one")
    return trees[0]


def emit(tree: exp.Expr) -> str:
    """Write a tree as the one text that is sent: comments gone, every name quoted. The tree is used up by it."""
    return str(tree.sql(dialect=DIALECT, comments=False, identify=True, copy=False))
