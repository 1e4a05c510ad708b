"""SQL text -> Statement: one query made only of allowed nodes and functions.

A reviewer checks that nothing leaves `parse` that these rules did not see:
(1) the text is short and shallow enough for any parser  (2) no token that the two readers read differently
(`lexer.py`)  (3) exactly one statement, and it is a query  (4) every node is on the allow-list, with listed parts
only  (5) every function is classified and open  (6) kinds with a hidden side (tables, types, joins, stars) are in their
plain form.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlglot import exp
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from gateway.errors import NotAllowed, NotParsed
from gateway.kernel.allowed import EXTRACT_FIELDS, NODES, OPERATORS, PREDICATES, STATEMENT_STARTS, TYPES, parts_of
from gateway.kernel.dialect import read, reads_two_ways, tokens_of
from gateway.kernel.functions import FUNCTIONS, TABLE_FUNCTIONS
from gateway.kernel.lexer import ARRAY, INTERVAL, LITERAL, SESSION, first_word, place_of
from gateway.kernel.statements import refusal_of
from gateway.model import CANONICAL, Place

MAX_BYTES = 1_000_000
MAX_TOKENS = 60_000
MAX_DEPTH = 400
MAX_TREE_DEPTH = 2_500
"""How long a chain such as `a + b + …` may be."""
MAX_LISTED = 10_000
"""How many values one pair of brackets may list."""
MAX_JOINS = 100
MAX_QUERIES = 500
"""How many SELECTs one statement may have, CTEs and subqueries included."""

_UNWRITABLE = re.compile("[\\x00\\ud800-\\udfff]")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OPENING = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.CASE}
_CLOSING = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.END}
_OWN_FORMS = frozenset({LITERAL, INTERVAL, ARRAY, SESSION})


class _Places(dict[str, Any]):
    """Where a node stands in the text: never changed, so that copies of a tree share it. Copying it costs a fifth."""

    def __deepcopy__(self, memo: dict[int, object]) -> _Places:
        return self


@dataclass(frozen=True, slots=True)
class Statement:
    """One query, seen whole; `digest` is the SHA-256 of the text as it came in."""

    text: str
    digest: str
    tree: exp.Query | exp.Values
    place: Place = CANONICAL
    """Where its names are looked for."""


def parse(text: str, where: Place = CANONICAL) -> Statement:
    """Read one statement of Trino SQL, or say what to change in it.

    >>> parse("SELECT 1").tree.sql()
    'SELECT 1'
    """
    # (1) short and shallow, (2) read alike by Trino and sqlglot
    if len(text) > MAX_BYTES or len(text.encode(errors="replace")) > MAX_BYTES:
        raise NotParsed(f"the statement is longer than {MAX_BYTES:,} bytes", hint="send a shorter statement")
    if _UNWRITABLE.search(text):
        raise NotParsed("the text holds a character that is none (NUL, half a pair)", hint="leave it out")
    text = text.rstrip()
    if text.endswith(";"):  # a habit, not a second statement
        text = text[:-1].rstrip()
    _check_start(text)
    tokens = tokens_of(text, MAX_TOKENS)
    _check_shape(text, tokens)
    # (3) one query
    tree = _one_query(text, tokens)
    # (4), (5) and (6)
    depths: dict[int, int] = {}
    for node in tree.walk():
        depths[id(node)] = depth = depths.get(id(node.parent), 0) + 1
        if depth > MAX_TREE_DEPTH:
            raise NotParsed("the statement is nested too deeply", hint="use IN or brackets", **place(text, node))
        _check_node(text, node)
        if node._meta:
            node._meta = _Places(node._meta)
    _check_joins(text, tokens, tree)
    _check_words(tokens, tree)
    _lower_names(tree)
    return Statement(text, hashlib.sha256(text.encode()).hexdigest(), tree, where)


def place(text: str, node: exp.Expr) -> dict[str, int]:
    """Say where in the partner's text a node stands, as `line` and `column` from 1; nothing if it is not known."""
    for found in _near(node):
        start = found.meta.get("start")
        if start is not None:
            return place_of(text, start)
    return {}


def _near(node: exp.Expr) -> Iterator[exp.Expr]:
    yield from node.walk()
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def _check_shape(text: str, tokens: list[Token]) -> None:
    """Bound what is open at once, what one bracket lists, and how many joins and queries there are."""
    listed = [0]
    joins = queries = 0
    for token in tokens:
        kind = token.token_type
        if kind in _OPENING:
            listed.append(0)
        elif kind in _CLOSING and len(listed) > 1:
            listed.pop()
        listed[-1] += kind == TokenType.COMMA
        joins += kind == TokenType.JOIN
        queries += kind == TokenType.SELECT
        for count, most, what in (
            (len(listed) - 1, MAX_DEPTH, "brackets open at once"),
            (listed[-1] + 1, MAX_LISTED, "values in one list"),
            (joins, MAX_JOINS, "joins"),
            (queries, MAX_QUERIES, "queries in one statement"),
        ):
            if count > most:
                raise NotParsed(f"more than {most:,} {what}", hint="ask for less", **place_of(text, token.start))


def _check_start(text: str) -> None:
    word, start = first_word(text)
    if not text:
        raise NotParsed("there is no statement", hint="send one SELECT")
    if word not in STATEMENT_STARTS:
        raise NotAllowed(f"{word[:30] or text[:1]} is not open here", hint=refusal_of(word), **place_of(text, start))


def _one_query(text: str, tokens: list[Token]) -> exp.Query | exp.Values:
    try:
        trees = read(tokens, text)
    except SqlglotError as error:
        raise _unreadable(error) from error
    except RecursionError as error:
        raise NotParsed("the statement is nested too deeply", hint="nest less deeply") from error
    if len(trees) != 1 or not isinstance(trees[0], exp.Query | exp.Values):
        raise NotAllowed("this is not one query", hint="only queries (SELECT, WITH … SELECT) are open")
    return trees[0]


def _check_joins(text: str, tokens: list[Token], tree: exp.Expr) -> None:
    """Each JOIN has a condition of its own, and CROSS JOIN none: else sqlglot makes a list with commas of it."""
    plain = sum(
        token.token_type == TokenType.JOIN and before.token_type != TokenType.CROSS
        for before, token in pairwise(tokens)
    )
    bound = [join for join in tree.find_all(exp.Join) if join.args.get("on") or join.args.get("using")]
    if plain != len(bound) or any(join.text("kind") == "CROSS" for join in bound):
        raise NotAllowed("a JOIN has no condition", hint="write JOIN … ON or USING after each, or CROSS JOIN")


def _check_words(tokens: list[Token], tree: exp.Expr) -> None:
    odd = reads_two_ways(tokens, tree)
    if odd:
        raise NotParsed(f"not Trino SQL: {odd.lower()[:40]} is too many, or missing", hint="check that word and commas")


def _lower_names(tree: exp.Expr) -> None:
    """Make every name lower case, as Trino compares them; output columns keep the partner's spelling."""
    for select in list(tree.find_all(exp.Select)):
        for item in list(select.expressions):
            column = item.unnest()
            if isinstance(column, exp.Column) and column.name != column.name.lower():
                item.replace(exp.Alias(this=item.copy(), alias=exp.to_identifier(column.name, quoted=True)))
    for name in list(tree.find_all(exp.Identifier)):
        if (type(name.parent), name.arg_key) not in _SPELLED_BY_PARTNER:
            name.set("this", name.name.lower())
        elif _names_function_column(name) and not name.args.get("quoted"):
            name.set("this", name.name.upper())
    for select in list(tree.find_all(exp.Select)):
        _spell_sort_keys(select)


def _names_function_column(name: exp.Expr) -> bool:
    table = name.parent.parent if isinstance(name.parent, exp.TableAlias) else None
    return isinstance(table, exp.Table) and isinstance(table.this, exp.Anonymous)


def _spell_sort_keys(select: exp.Select) -> None:
    """A sort key that names an output column is spelled like it: under DISTINCT, Trino compares the spelling."""
    spelled = {item.alias.lower(): item.alias for item in select.expressions if isinstance(item, exp.Alias)}
    order = select.args.get("order")
    for key in order.expressions if order else ():
        column = key.this
        if isinstance(column, exp.Column) and len(column.args) == 1 and column.name in spelled:
            column.this.set("this", spelled[column.name])


_SPELLED_BY_PARTNER = {
    (exp.Alias, "alias"), (exp.TableAlias, "columns"), (exp.Unnest, "offset"), (exp.ColumnDef, "this"),
    (exp.Join, "using"),
}  # fmt: skip
"""Names that reach the answer as they are written; they are compared in lower case all the same."""


def _unreadable(error: SqlglotError) -> NotParsed:
    known = getattr(error, "errors", None) or [{}]
    line, column = known[0].get("line"), known[0].get("col")
    near = known[0].get("highlight") or ""
    message = f"not Trino SQL near {near[:40]!r}" if near else "not Trino SQL"
    start = max(1, column - len(near) + 1) if column else None
    return NotParsed(message, hint="check the words and brackets just before this place", line=line, column=start)


def _check_node(text: str, node: exp.Expr) -> None:
    # (4) on the allow-list, with listed parts only
    parts = NODES.get(type(node))
    extra = parts_of(node) - parts if parts is not None else set()
    reason: Reason = None
    if parts is None:
        reason = (f"{_said(node)} is not open", "docs/sql.md lists what is open")
    elif extra:
        names = ", ".join(sorted(name.rstrip("_") for name in extra))
        reason = _PARTS_SAID.get(names, (f"{names} is not open in {_said(node)}", "docs/sql.md lists what is open"))
    elif check := _PLAIN_FORMS.get(type(node)):
        reason = check(node)
    if reason:
        raise NotAllowed(reason[0], hint=reason[1], **place(text, node))


_PARTS_SAID = {"version": ("time travel is not open", "a table is read as it is now; leave FOR … AS OF out")}


def _said(node: exp.Expr) -> str:
    if isinstance(node, exp.Aliases):
        return "t.* AS (…)"
    return re.sub(r"(?<!^)(?=[A-Z])", " ", type(node).__name__).upper()


Reason = tuple[str, str] | None
_NO_ARGUMENT = (exp.Alias, exp.Limit, exp.Select, exp.SetOperation, exp.Values)


def _function(node: exp.Expr) -> Reason:
    # (5) classified and open
    if not isinstance(node.this, str):
        return "a function's name in quotes is not open", "write the name without quotes"
    if any(isinstance(argument, _NO_ARGUMENT) for argument in node.expressions):
        return f"AS, LIMIT and queries are not open inside {node.this[:60]}(…)", "put a query in brackets of its own"
    if node.this in _OWN_FORMS:
        return None
    name = node.this.lower()
    if name == "table" and isinstance(node.parent, exp.Table):
        return None
    found = FUNCTIONS.get(name)
    if found is None:
        return f"there is no function {name[:60]}", "docs/sql.md lists the functions"
    if found.verdict == "refused":
        return f"the function {name} is not open", found.note
    return None


def _is_table_call(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Anonymous) and isinstance(node.parent, exp.Table)


def _table(node: exp.Expr) -> Reason:
    if isinstance(node.this, exp.Anonymous):
        inner = node.this.expressions
        called = [part.name.lower() for part in inner if isinstance(part, exp.Anonymous)]
        if node.this.name.lower() != "table" or len(inner) != 1 or not called or node.args.get("db"):
            return "table functions are not open", "read a table by its name, or TABLE(sequence(…))"
        found = TABLE_FUNCTIONS.get(called[0])
        if found is None or found.verdict == "refused":
            return "table functions are not open", found.note if found else "read a table by its name"
        return None
    if not isinstance(node.this, exp.Identifier):
        return "this cannot be read from", "read a table by its name"
    parts = [node.text(part) for part in ("this", "db", "catalog")]
    if any(mark in part for part in parts for mark in "$@"):
        return "hidden tables ($ or @ in the name) are not open", "read a table by its plain name"
    return None


def _column(node: exp.Expr) -> Reason:
    if isinstance(node.this, exp.Star):
        return _qualified_star(node)
    if any(node.text(part).startswith("$") for part in ("this", "table", "db", "catalog")):
        return "hidden columns ($ in the name) are not open", "read a column by its plain name"
    return None


def _qualified_star(node: exp.Expr) -> Reason:
    fine = isinstance(node.parent, exp.Select) and not node.args.get("catalog")
    return None if fine else ("a star is not open here", "write t.* in the SELECT list alone")


def _star(node: exp.Expr) -> Reason:
    parent = node.parent
    counted = isinstance(parent, exp.Anonymous) and parent.name.lower() == "count"
    fine = counted or isinstance(parent, exp.Select | exp.Column)
    return None if fine else ("a star is not open here", "name the columns")


def _data_type(node: exp.Expr) -> Reason:
    name = node.this.value if isinstance(node.this, exp.DType) else ""
    if isinstance(node.this, exp.Interval):
        return None
    if name not in TYPES:
        return f"the type {str(node.this).lower()[:40]} is not open", "docs/sql.md lists the types"
    return None


def _join(node: exp.Expr) -> Reason:
    if node.text("kind") not in ("", "INNER", "CROSS", "OUTER") or node.text("side") not in (
        "", "LEFT", "RIGHT", "FULL",
    ):  # fmt: skip
        return "this form of JOIN is not open", "write JOIN, LEFT, RIGHT, FULL or CROSS JOIN"
    return None


def _select(node: exp.Expr) -> Reason:
    windows = [window.name.lower() for window in node.args.get("windows") or ()]
    if len(set(windows)) < len(windows):
        return "two windows have one name", "give each window a name of its own"
    return None if node.expressions else ("a SELECT without columns is not open", "name the columns, or write *")


def _operands(node: exp.Expr) -> Reason:
    """Trino takes one predicate at a time: `a > b IS NULL` needs brackets to mean anything."""
    parts = ("this",) if isinstance(node, exp.In | exp.Bracket) else ("this", "expression", "low", "high", "zone")
    if any(isinstance(node.args.get(part), PREDICATES) for part in parts):
        return "a condition may not be a value here without brackets", "put the inner condition in brackets"
    return None


def _identifier(node: exp.Expr) -> Reason:
    fine = node.args.get("quoted") or _NAME.fullmatch(node.name)
    return None if fine else (f"{node.name[:40]} is no name", "put a name in double quotes")


def _extract(node: exp.Expr) -> Reason:
    fine = isinstance(node.this, exp.Var) and node.this.name.upper() in EXTRACT_FIELDS
    return None if fine else ("this field of EXTRACT is not open", f"write one of: {', '.join(sorted(EXTRACT_FIELDS))}")


def _trim(node: exp.Expr) -> Reason:
    return None if node.args.get("this") else ("this form of TRIM is not open", "write TRIM(BOTH 'x' FROM text)")


def _between(node: exp.Expr) -> Reason:
    if node.args.get("symmetric") is not None:
        return "BETWEEN SYMMETRIC is not open", "write BETWEEN least(a, b) AND greatest(a, b)"
    return _operands(node)


def _dot(node: exp.Expr) -> Reason:
    fine = isinstance(node.expression, exp.Identifier)
    return None if fine else ("a function or a star after a dot is not open", "write the function's name alone")


def _window(node: exp.Expr) -> Reason:
    inner = node.this
    while isinstance(inner, exp.Filter | exp.IgnoreNulls | exp.RespectNulls | exp.WithinGroup):
        inner = inner.this
    fine = isinstance(inner, exp.Identifier | exp.Anonymous)
    return None if fine else ("OVER without a function is not open", "write f(…) OVER (…)")


def _lambda(node: exp.Expr) -> Reason:
    if node.find(exp.Query, exp.Values):
        return "a query in a lambda is not open", "join the query's result first"
    return None if isinstance(node.parent, exp.Anonymous) else ("a lambda is not open here", "give it to a function")


def _kwarg(node: exp.Expr) -> Reason:
    within = node.parent is not None and _is_table_call(node.parent.parent)
    return None if within else ("an argument by name is not open here", "give arguments in their order")


def _within_group(node: exp.Expr) -> Reason:
    fine = isinstance(node.this, exp.Anonymous) and node.this.name.lower() == "listagg"
    return None if fine else ("WITHIN GROUP is open for listagg only", "write array_agg(x ORDER BY y)")


def _sample(node: exp.Expr) -> Reason:
    fine = node.text("method").upper() in ("BERNOULLI", "SYSTEM")
    return None if fine else ("this form of TABLESAMPLE is not open", "write TABLESAMPLE BERNOULLI (10)")


def _recursive(node: exp.Expr) -> Reason:
    if node.args.get("recursive") and not all(cte.args["alias"].columns for cte in node.expressions):
        return "WITH RECURSIVE needs the names of its columns", "write WITH RECURSIVE t(a, b) AS (…)"
    return None


_PLAIN_FORMS: dict[type[exp.Expr], Callable[[exp.Expr], Reason]] = {
    exp.Anonymous: _function,
    exp.Table: _table,
    exp.Column: _column,
    exp.Star: _star,
    exp.DataType: _data_type,
    exp.Join: _join,
    exp.Identifier: _identifier,
    **dict.fromkeys(OPERATORS, _operands),
    exp.Select: _select,
    exp.Extract: _extract,
    exp.Trim: _trim,
    exp.Between: _between,
    exp.Dot: _dot,
    exp.Window: _window,
    exp.Lambda: _lambda,
    exp.Kwarg: _kwarg,
    exp.WithinGroup: _within_group,
    exp.TableSample: _sample,
    exp.With: _recursive,
}
