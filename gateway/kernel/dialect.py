"""Text of Trino SQL <-> sqlglot's tree, so that one text has one meaning: sqlglot's tables, cut to what Trino says.

sqlglot reads thirty dialects and rewrites what it knows. Here it knows nothing but Trino's grammar: a function is a
name and its arguments, kept as written. What it would read differently from Trino is mended or refused on the token
list (`lexer.py`), before its parser sees it; literals that became calls there are written back as what they were.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any, ClassVar

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.errors import SqlglotError
from sqlglot.generator import Generator
from sqlglot.generators.trino import TrinoGenerator
from sqlglot.parsers.trino import TrinoParser
from sqlglot.tokenizer_core import Token, TokenType

from gateway.errors import NotParsed
from gateway.kernel.lexer import ARRAY, INTERVAL, LITERAL, SESSION, Mended, Ours, check_blanks
from gateway.kernel.words import KEYWORDS, MAY_COME, MAY_COME_FOR, MAY_GO, NO_NAMES

MOST_TOKENS = 1_000_000
"""How many words a text of our own may have; what a partner sends is bounded far below."""


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
    check_blanks(text, tokens)
    return Mended(text, tokens).all()


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
    if node.this == SESSION:
        return str(parts[0])
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
    return _only(read(Ours(text, list(DIALECT.tokenize(text))).all(), text))


def _only(trees: list[exp.Expr | None]) -> exp.Expr:
    if len(trees) != 1 or trees[0] is None:
        raise NotParsed("this is not one statement", hint="write exactly one")
    return trees[0]


def emit(tree: exp.Expr) -> str:
    """Write a tree as the one text that is sent: comments gone, every name quoted. The tree is used up by it."""
    return str(tree.sql(dialect=DIALECT, comments=False, identify=True, copy=False))
