"""Mutants of the rewriter's own source: one small change each, of a named kind, made on Python's syntax tree.

The kinds are general (a statement dropped, a condition negated, an argument lost, another name, another class of node),
so that they go on meaning something when the rewriter changes. Each mutant is one statement of the module
(a function, a table of operators) with one change, and takes the place of the original.
"""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from types import CodeType, ModuleType
from typing import Any

Change = tuple[str, ast.AST | None]
"""A kind of change, and what stands in the node's place; None where the node goes away."""

OTHER_CLASSES = {
    "Or": ("And",), "And": ("Or",), "or_": ("and_",), "and_": ("or_",), "true": ("false",), "false": ("true",),
    "EQ": ("NEQ", "NullSafeEQ"), "NEQ": ("EQ", "NullSafeNEQ"), "LT": ("LTE", "GT"), "LTE": ("LT", "GTE"),
    "GT": ("GTE", "LT"), "GTE": ("GT", "LTE"), "Union": ("Intersect", "Except"), "Cast": ("TryCast",),
    "null": ("true",), "Is": ("EQ", "NullSafeEQ"), "not_": ("paren",), "In": ("NullSafeEQ",),
    "string": ("number",), "number": ("string",),
}  # fmt: skip
"""Names of sqlglot's, and what a slip of the hand could put there."""
OTHER_ATTRIBUTES = {
    "known": ("granted",), "granted": ("known",), "rows": ("columns",), "columns": ("not_kept",),
    "agreements": ("rows",), "table": ("schema", "catalog"),
    "schema": ("catalog", "table"), "catalog": ("schema", "table"),
    "alias": ("name", "place"), "ports": ("columns",), "port": ("mapping",), "name": ("alias",), "source": ("columns",),
    "value": ("kind",), "kind": ("value",), "op": ("column",), "column": ("op",), "tables": ("mask_keys",),
}  # fmt: skip
OTHER_COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.In: (ast.NotIn,), ast.NotIn: (ast.In,), ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.LtE: (ast.GtE, ast.Lt), ast.Lt: (ast.LtE, ast.GtE),
    ast.GtE: (ast.LtE, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change of the module: its kind, and the statement of the module that has it."""

    kind: str
    lines: range
    """The lines of the statement that was changed: a query that touches none of them cannot tell."""
    before: str
    after: str
    source: str

    def __str__(self) -> str:
        return f"{self.kind}, line {self.lines.start}: {self.before} -> {self.after}"


def mutants(module: ModuleType) -> list[Mutant]:
    """Every mutant of a module that differs from all the others and compiles."""
    tree = ast.parse(inspect.getsource(module))
    found: dict[str, Mutant] = {}
    for statement in tree.body:
        whole = ast.unparse(statement)
        for place in _places(statement, statement):
            for kind, change in _changes(place, statement):
                made = _mutant(statement, place, kind, change)
                if made and made.source != whole:
                    found.setdefault(made.source, made)
    return list(found.values())


def run(mutant: Mutant, original: ModuleType) -> dict[str, Any]:
    """The names of the module as the mutant defines them, in a namespace of its own."""
    names: dict[str, Any] = {"__name__": f"{original.__name__} mutant", "__package__": original.__package__}
    exec(_compiled(original), names)  # noqa: S102 - our own source
    exec(compile(mutant.source, "<mutant>", "exec"), names)  # noqa: S102 - our own source, one change
    return names


@cache
def _compiled(module: ModuleType) -> CodeType:
    return compile(inspect.getsource(module), "<original>", "exec")


# --- places -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Place:
    """A node: who holds it, in which field, where in a list of the field, and the statement it belongs to."""

    holder: Any
    field: str
    index: int | None
    node: ast.AST
    within: ast.stmt


def _places(holder: ast.AST, within: ast.stmt) -> Iterator[_Place]:
    if isinstance(holder, (ast.Import, ast.ImportFrom)):
        return
    for field, value in ast.iter_fields(holder):
        if field in ("annotation", "returns", "decorator_list"):
            continue
        for index, child in enumerate(value) if isinstance(value, list) else ((None, value),):
            if isinstance(child, ast.AST) and not _is_docstring(child):
                inner = child if isinstance(child, ast.stmt) else within
                yield _Place(holder, field, index, child, inner)
                yield from _places(child, inner)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def _mutant(statement: ast.stmt, place: _Place, kind: str, change: ast.AST | None) -> Mutant | None:
    """Make the change, write the statement, and take the change back."""
    held = getattr(place.holder, place.field)
    if place.index is None:
        setattr(place.holder, place.field, change)
    else:
        changed = [*held[: place.index], *([change] if change else []), *held[place.index + 1 :]]
        setattr(place.holder, place.field, changed)
    try:
        source = ast.unparse(ast.fix_missing_locations(statement))
        compile(source, "<mutant>", "exec")
    except (SyntaxError, ValueError, AttributeError, TypeError):
        return None
    finally:
        setattr(place.holder, place.field, held)
    lines = range(place.within.lineno, (place.within.end_lineno or place.within.lineno) + 1)
    return Mutant(kind, lines, _short(place.node), _short(change) if change else "nothing", source)


def _short(node: ast.AST) -> str:
    return ast.unparse(node).strip().splitlines()[0][:70]


# --- changes ----------------------------------------------------------------------------------------------------------


def _changes(place: _Place, statement: ast.stmt) -> Iterator[Change]:
    node = place.node
    for kind_of_node, make in _CHANGES.items():
        if isinstance(node, kind_of_node):
            yield from make(node)
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        yield from _another_name(node, statement)
    if place.field in ("args", "elts", "keywords", "generators", "ifs") and place.index is not None:
        yield "an element dropped", None


def _statement(node: Any) -> Iterator[Change]:
    if not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom, ast.AnnAssign)):
        yield "a statement dropped", ast.Pass()


def _if(node: Any) -> Iterator[Change]:
    for test in (ast.UnaryOp(ast.Not(), node.test), ast.Constant(True), ast.Constant(False)):
        yield "a condition replaced", ast.If(test, node.body, node.orelse)


def _choice(node: Any) -> Iterator[Change]:
    yield "branches swapped", ast.IfExp(node.test, node.orelse, node.body)
    yield "one branch always", node.body
    yield "one branch always", node.orelse


def _comparison(node: Any) -> Iterator[Change]:
    for other in OTHER_COMPARISONS.get(type(node.ops[0]), ()):
        yield "a comparison replaced", ast.Compare(node.left, [other()], node.comparators)


def _and_or(node: Any) -> Iterator[Change]:
    yield "and for or", ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    for value in node.values:
        yield "one side of and/or", value


def _not(node: Any) -> Iterator[Change]:
    if isinstance(node.op, ast.Not):
        yield "not dropped", node.operand


def _constant(node: Any) -> Iterator[Change]:
    value = node.value
    if isinstance(value, bool):
        yield "True for False", ast.Constant(not value)
    elif isinstance(value, int):
        yield "off by one", ast.Constant(value + 1)
        yield "off by one", ast.Constant(value - 1)
    elif isinstance(value, str):
        yield "another text", ast.Constant(f"{value}x")
        yield "another text", ast.Constant(value[:-1])


def _attribute(node: Any) -> Iterator[Change]:
    for other in OTHER_CLASSES.get(node.attr, ()):
        yield "another kind of node", ast.Attribute(node.value, other, node.ctx)
    for other in OTHER_ATTRIBUTES.get(node.attr, ()):
        yield "another attribute", ast.Attribute(node.value, other, node.ctx)


def _call(node: Any) -> Iterator[Change]:
    if node.args and not isinstance(node.args[0], ast.Starred):
        yield "a call unwrapped", node.args[0]
    if isinstance(node.func, ast.Attribute):
        yield "a method not called", node.func.value
    for first, _ in enumerate(node.args[:-1]):
        yield "arguments swapped", ast.Call(node.func, _swapped(node.args, first), node.keywords)
    if len(node.keywords) > 1:
        values = [keyword.value for keyword in node.keywords]
        turned = [ast.keyword(k.arg, v) for k, v in zip(node.keywords, [*values[1:], values[0]], strict=True)]
        yield "arguments swapped", ast.Call(node.func, node.args, turned)


def _sequence(node: Any) -> Iterator[Change]:
    for first, _ in enumerate(node.elts[:-1]):
        yield "elements swapped", type(node)(_swapped(node.elts, first), ast.Load())


def _swapped(items: list[Any], first: int) -> list[Any]:
    return [*items[:first], items[first + 1], items[first], *items[first + 2 :]]


def _dictionary(node: Any) -> Iterator[Change]:
    for index, key in enumerate(node.keys[:-1]):
        yield "values swapped", ast.Dict(node.keys, _swapped(node.values, index))
        yield (
            "an entry dropped",
            ast.Dict([k for k in node.keys if k is not key], [v for n, v in enumerate(node.values) if n != index]),
        )


def _comprehension(node: Any) -> Iterator[Change]:
    if node.ifs:
        yield "a filter dropped", ast.comprehension(node.target, node.iter, [], 0)
        negated: list[ast.expr] = [ast.UnaryOp(ast.Not(), test) for test in node.ifs]
        yield "a filter negated", ast.comprehension(node.target, node.iter, negated, 0)
    for part in ("[1:]", "[:1]", "[:-1]", "[::-1]"):
        yield "part of a loop", ast.comprehension(node.target, _part(node.iter, part), node.ifs, 0)


def _loop(node: Any) -> Iterator[Change]:
    for part in ("[1:]", "[:1]", "[:-1]", "[::-1]"):
        yield "part of a loop", ast.For(node.target, _part(node.iter, part), node.body, node.orelse)


def _part(iterated: ast.expr, part: str) -> ast.expr:
    return ast.parse(f"list({ast.unparse(iterated)}){part}", mode="eval").body


def _another_name(node: ast.Name, statement: ast.stmt) -> Iterator[Change]:
    """Another name that the same function has: the slip that shows one agreement's rows for another's."""
    if isinstance(statement, ast.FunctionDef):
        stored = {n.id for n in ast.walk(statement) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        names = sorted(stored | {argument.arg for argument in statement.args.args})
        if node.id in names and len(names) > 1:
            yield "another name", ast.Name(names[(names.index(node.id) + 1) % len(names)], ast.Load())


_CHANGES: dict[type[ast.AST], Callable[[Any], Iterator[Change]]] = {
    ast.stmt: _statement,
    ast.If: _if,
    ast.IfExp: _choice,
    ast.Compare: _comparison,
    ast.BoolOp: _and_or,
    ast.UnaryOp: _not,
    ast.Constant: _constant,
    ast.Attribute: _attribute,
    ast.Call: _call,
    ast.List: _sequence,
    ast.Tuple: _sequence,
    ast.Dict: _dictionary,
    ast.comprehension: _comprehension,
    ast.For: _loop,
}
