"""SQL text -> Statement: one query made only of allowed nodes and functions.

A reviewer checks that nothing leaves `parse` that these rules did not see:
(1) the text is short and shallow enough for any parser  (2) no token that the two readers read differently
(3) exactly one statement, and it is a query  (4) every node is on the allow-list
(5) node kinds with a hidden side (casts, tables, anonymous functions) are in their plain form.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_left
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from gateway.errors import NotAllowed, NotParsed
from gateway.kernel.allowed import ALLOWED_NODES, DIALECT, NAMED_FUNCTIONS, PLAIN_TYPES, STATEMENT_STARTS

MAX_BYTES = 1_000_000
MAX_TOKENS = 100_000
MAX_DEPTH = 400
MAX_TYPE_DEPTH = 5
MAX_WORD = 256
"""How long a name or a number may be; a string may be as long as the statement."""

_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE, TokenType.END}
_TYPE_WORDS = DIALECT.parser_class.TYPE_TOKENS
_NESTED_TYPES = {
    *DIALECT.parser_class.NESTED_TYPE_TOKENS,
    *DIALECT.parser_class.STRUCT_TYPE_TOKENS,
} - {TokenType.UNION}  # UNION ( … ) is a set operation here
_NESTING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.LT}
_PLAIN_NUMBER = re.compile(r"(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_FORM_HINTS: dict[type[exp.Expr], str] = {
    exp.Unnest: "UNNEST is not open yet",
    exp.Lambda: "lambdas are not open yet",
    exp.Values: "VALUES is not open yet; write SELECT … UNION ALL SELECT …",
    exp.Lateral: "LATERAL is not open yet; write a correlated subquery or a join",
    exp.Placeholder: "write the value in place of the parameter",
    exp.Parameter: "write the value in place of the parameter",
}


@dataclass(frozen=True, slots=True)
class Statement:
    """One query, seen whole; `digest` is the SHA-256 of the text as it came in."""

    text: str
    digest: str
    tree: exp.Query


def parse(text: str) -> Statement:
    """Read one statement of Trino SQL, or say what to change in it.

    >>> parse("SELECT 1").tree.sql()
    'SELECT 1'
    """
    # (1) short and shallow
    if len(text.encode()) > MAX_BYTES:
        raise NotParsed(f"the statement is longer than {MAX_BYTES:,} bytes", hint="send a shorter statement")
    tokens = _tokens(text)
    _check_words(text, tokens)
    _check_depth(text, tokens)
    # (2) nothing that Trino and sqlglot read differently
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        _check_token(text, token, following)
    # (3) one query
    tree = _one_query(text, tokens)
    # (4) and (5)
    for node in tree.walk():
        _check_node(text, node)
    return Statement(text, hashlib.sha256(text.encode()).hexdigest(), tree)


def place(text: str, node: exp.Expr) -> dict[str, int]:
    """Say where in the partner's text a node stands, as `line` and `column` from 1; nothing if it is not known."""
    for found in _near(node):
        start = found.meta.get("start")
        if start is not None:
            return _place_of(text, start)
    return {}


def _near(node: exp.Expr) -> Iterator[exp.Expr]:
    yield from node.walk()
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _place_of(text: str, start: int) -> dict[str, int]:
    ends = _line_ends(text)
    line = bisect_left(ends, start)
    return {"line": line + 1, "column": start - ends[line - 1] if line else start + 1}


@lru_cache(maxsize=2)
def _line_ends(text: str) -> list[int]:
    """Where each line ends: found once, for every word is asked where it stands."""
    return [found.start() for found in re.finditer("\n", text)]


def _tokens(text: str) -> list[Token]:
    try:
        tokens = list(DIALECT.tokenize(text))
    except SqlglotError as error:
        raise NotParsed("the text ends inside a string, a name or a comment", hint="close every quote") from error
    while tokens and tokens[-1].token_type == TokenType.SEMICOLON:
        tokens.pop()
    if not tokens:
        raise NotParsed("there is no statement", hint="send one SELECT")
    if len(tokens) > MAX_TOKENS:
        raise NotParsed(f"the statement has more than {MAX_TOKENS:,} words", hint="send a shorter statement")
    return tokens


def _check_words(text: str, tokens: list[Token]) -> None:
    for token in tokens:
        if token.end - token.start >= MAX_WORD and token.token_type != TokenType.STRING:
            message = f"a name or number has more than {MAX_WORD} letters"
            raise NotParsed(message, hint="write a shorter one", **_place_of(text, token.start))


def _check_depth(text: str, tokens: list[Token]) -> None:
    """Bound how many brackets are open at once, and how many of them follow a word that may name a type.

    sqlglot tries `date(…`, `int(…` or `varchar(…` as a type first and as a function then, so that each level doubles
    its work: a few dozen keep it busy for hours.
    """
    opened: list[bool] = []
    for before, token in zip([None, *tokens], tokens, strict=False):
        if token.token_type in _OPENING:
            opened.append(before is not None and before.token_type in _TYPE_WORDS)
        elif token.token_type in _CLOSING and opened:
            opened.pop()
        if len(opened) > MAX_DEPTH or sum(opened) > MAX_TYPE_DEPTH:
            where = _place_of(text, token.start)
            raise NotParsed(f"too many brackets are open here ({len(opened)})", hint="nest less deeply", **where)


def _check_token(text: str, token: Token, following: Token | None) -> None:
    where = _place_of(text, token.start)
    written = text[token.start : token.end + 1]
    if token.token_type == TokenType.SEMICOLON:
        raise NotAllowed("more than one statement", hint="send one statement at a time", **where)
    if token.token_type in (TokenType.HEX_STRING, TokenType.BIT_STRING, TokenType.UNICODE_STRING):
        raise NotAllowed(f"the literal {written[:20]} is not open", hint="write a plain string or number", **where)
    if token.token_type == TokenType.NUMBER and not _PLAIN_NUMBER.fullmatch(written):
        raise NotAllowed(f"the number {written[:20]} is not plain", hint="write it in decimal digits", **where)
    if token.token_type in (TokenType.L_BRACKET, TokenType.L_BRACE):
        raise NotAllowed(f"{written} is not open", hint="arrays, subscripts and braces are not open", **where)
    if following and token.token_type in _NESTED_TYPES and following.token_type in _NESTING:
        # a few dozen of these inside each other keep sqlglot busy for hours, so they never reach it
        raise NotAllowed(f"{written.upper()[:20]} is not open", hint="use plain values and types", **where)
    if following and token.token_type == TokenType.NUMBER and following.start == token.end + 1:
        tail = text[following.start]
        if tail.isalnum() or tail == "_":
            raise NotAllowed("the number is not plain", hint="write it in decimal digits, without _ or prefix", **where)


def _one_query(text: str, tokens: list[Token]) -> exp.Query:
    first = tokens[0]
    if first.token_type not in STATEMENT_STARTS:
        word = text[first.start : first.end + 1].upper()[:30]
        raise NotAllowed(
            f"{word} is not open here", hint="only queries (SELECT, WITH … SELECT) are", **_place_of(text, first.start)
        )
    try:
        trees = DIALECT.parser().parse(tokens, text)
    except SqlglotError as error:
        raise _unreadable(error) from error
    except RecursionError as error:
        raise NotParsed("the statement is nested too deeply", hint="nest less deeply") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query):
        raise NotAllowed("this is not one query", hint="only queries (SELECT, WITH … SELECT) are open")
    return trees[0]


def _unreadable(error: SqlglotError) -> NotParsed:
    known = getattr(error, "errors", None) or [{}]
    line, column = known[0].get("line"), known[0].get("col")
    near = known[0].get("highlight") or ""
    message = f"not Trino SQL near {near[:40]!r}" if near else "not Trino SQL"
    start = max(1, column - len(near) + 1) if column else None
    return NotParsed(message, hint="check the words and brackets just before this place", line=line, column=start)


def _check_node(text: str, node: exp.Expr) -> None:
    # (4) on the allow-list
    if type(node) not in ALLOWED_NODES:
        raise NotAllowed(f"{_said(node)} is not open", hint=_hint(node), **place(text, node))
    # (5) in its plain form
    check = _PLAIN_FORMS.get(type(node))
    if check:
        reason = check(node)
        if reason:
            raise NotAllowed(reason[0], hint=reason[1], **place(text, node))


def _said(node: exp.Expr) -> str:
    if isinstance(node, exp.Func):
        return f"the function {node.sql_name().lower()}"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).upper()


def _hint(node: exp.Expr) -> str:
    return _FORM_HINTS.get(type(node), "docs/analysts.md lists what is open")


Reason = tuple[str, str] | None


def _anonymous(node: exp.Expr) -> Reason:
    name = str(node.this).lower()
    return None if name in NAMED_FUNCTIONS else (f"the function {name[:60]} is not open", _hint(node))


def _table(node: exp.Expr) -> Reason:
    extra = {key for key, value in node.args.items() if value} - {"this", "db", "catalog", "alias"}
    if not isinstance(node, exp.Table) or not isinstance(node.this, exp.Identifier):
        return "table functions are not open", "read a table by its name"
    if extra:
        return f"{', '.join(sorted(extra))} on a table is not open", "name the table, with an alias at most"
    if any(mark in part.name for part in node.parts for mark in "$@"):
        return "hidden tables ($ or @ in the name) are not open", "read a table by its plain name"
    return None


def _cast(node: exp.Expr) -> Reason:
    if {key for key, value in node.args.items() if value} - {"this", "to", "safe"}:
        return "this form of CAST is not open", "write CAST(value AS type)"
    return None


def _data_type(node: exp.Expr) -> Reason:
    name = node.this.value if isinstance(node.this, exp.DType) else str(node.this)
    if name not in PLAIN_TYPES or node.args.get("nested"):
        return f"the type {name.lower()[:40]} is not open", "use a plain type"
    if name in ("DECIMAL", "CHAR") and not node.expressions:
        return f"{name.lower()} without a length is not open", f"write CAST(value AS {name.lower()}(…)) with its length"
    return None


def _at_time_zone(node: exp.Expr) -> Reason:
    if isinstance(node.this, exp.Cast) and node.this.to.this == exp.DType.TIME:
        return "TIME … AT TIME ZONE is not open", "use a timestamp"
    return None


def _current_timestamp(node: exp.Expr) -> Reason:
    return ("a precision here is not open", "write current_timestamp") if node.this else None


def _with(node: exp.Expr) -> Reason:
    recursive = node.args.get("recursive")
    return ("WITH RECURSIVE is not open yet", "write the steps as separate CTEs") if recursive else None


def _set_operation(node: exp.Expr) -> Reason:
    extra = {key for key, value in node.args.items() if value}
    extra -= {"this", "expression", "distinct", "with_", "order", "limit", "offset"}
    return (f"{', '.join(sorted(extra))} is not open here", "write UNION, INTERSECT or EXCEPT alone") if extra else None


def _select(node: exp.Expr) -> Reason:
    open_clauses = {
        "expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct",
        "with_", "windows",
    }  # fmt: skip
    extra = {key for key, value in node.args.items() if value} - open_clauses
    return (f"the clause {', '.join(sorted(extra))} is not open", "leave it out") if extra else None


def _join(node: exp.Expr) -> Reason:
    extra = {key for key, value in node.args.items() if value} - {"this", "on", "using", "side", "kind"}
    if (
        not isinstance(node, exp.Join)
        or extra
        or node.kind not in ("", "INNER", "CROSS", "OUTER")
        or node.side not in ("", "LEFT", "RIGHT", "FULL")
    ):
        return "this form of JOIN is not open", "write JOIN, LEFT, RIGHT, FULL or CROSS JOIN"
    return None


def _column(node: exp.Expr) -> Reason:
    if node.name.startswith("$"):
        return "hidden columns ($ in the name) are not open", "read a column by its plain name"
    return None


def _subquery(node: exp.Expr) -> Reason:
    extra = {key for key, value in node.args.items() if value} - {"this", "alias", "with_", "order", "limit", "offset"}
    return (f"{', '.join(sorted(extra))} on a subquery is not open", "leave it out") if extra else None


def _distinct(node: exp.Expr) -> Reason:
    if node.args.get("on") or len(node.expressions) > 1:
        return "this form of DISTINCT is not open", "write SELECT DISTINCT …, or count(DISTINCT one_column)"
    return None


def _star(node: exp.Expr) -> Reason:
    return ("* EXCEPT and * REPLACE are not open", "name the columns") if any(node.args.values()) else None


def _group(node: exp.Expr) -> Reason:
    extra = {key for key, value in node.args.items() if value} - {"expressions", "grouping_sets", "cube", "rollup"}
    return ("this form of GROUP BY is not open", "name what to group by") if extra else None


def _window(node: exp.Expr) -> Reason:
    if isinstance(node.this, exp.Identifier):
        return None
    inner = node.this.this if isinstance(node.this, (exp.Filter, exp.IgnoreNulls, exp.RespectNulls)) else node.this
    return None if isinstance(inner, exp.Func) else ("OVER without a function is not open", "write f(…) OVER (…)")


_PLAIN_FORMS: dict[type[exp.Expr], Callable[[exp.Expr], Reason]] = {
    exp.Anonymous: _anonymous,
    exp.Table: _table,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.DataType: _data_type,
    exp.AtTimeZone: _at_time_zone,
    exp.CurrentTimestamp: _current_timestamp,
    exp.With: _with,
    exp.Union: _set_operation,
    exp.Except: _set_operation,
    exp.Intersect: _set_operation,
    exp.Select: _select,
    exp.Join: _join,
    exp.Column: _column,
    exp.Window: _window,
    exp.Subquery: _subquery,
    exp.Distinct: _distinct,
    exp.Star: _star,
    exp.Group: _group,
}
