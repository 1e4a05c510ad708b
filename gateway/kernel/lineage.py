"""The expressions of a bound query -> the uses it makes of each column, and the links it draws between tables.

`resolve` walks the query by names and asks here what each expression does with the values it meets. Nothing is decided
on the way: values point to the values they are made of, and `settle` follows them back to columns at the end, so that a
CTE which reads itself is no special case.
(1) what reaches the answer is *selected*, what a figure is made of is *aggregated*, and a figure stands for itself
(2) what chooses rows or values *filters*; a plain column set equal to one of another table *joins* instead
(3) min, max, array_agg and all figures over a window hand values on: they aggregate, and the value goes further
(4) in a figure, a group or an order, what is not a column under arithmetic, a cast or a coarser grain also filters, for
    it can ask for one value: `sum(CASE WHEN line = 'MSC' …)`, `GROUP BY line = 'MSC'`
(5) two tables are linked where their values meet in one expression, one comparison or one group
(6) what is not known here is used in all six ways
In a survey, where a name may mean several columns, each comparison may be a filter and a join.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, NamedTuple, Protocol, TypeVar, cast

from sqlglot import exp

from gateway.kernel.allowed import COMPUTING, CONSTANTS, RECKONING
from gateway.kernel.functions import COARSENING, FIGURES, FUNCTIONS, PICKING
from gateway.kernel.lexer import ARRAY, INTERVAL, LITERAL
from gateway.model import USES, Use

AS_IS, RECKONED, COMPUTED = range(3)
"""What has become of a column's value: itself; under arithmetic, a cast or `max`; anything else."""

Demand = Literal["select", "filter", "group", "join", "aggregate", "order", "counted", "all"]
"""A use, or how it follows from the value: *counted* rows (EXISTS) filter by what is computed, *all* is all six."""


class Root(NamedTuple):
    """One column of one table use that a value comes from."""

    table: int
    """Which of the query's table uses."""
    column: str
    how: int
    again: bool
    """Whether it comes through a CTE that is read more than once: then one table use stands for several."""


class Link(NamedTuple):
    """A column of one table use that meets a column of another."""

    table: int
    column: str
    other: int
    other_column: str
    equal: bool
    """Whether the two are set equal as they are."""


@dataclass(slots=True)
class Reading:
    """How often a CTE is read."""

    times: int = 0


@dataclass(slots=True, eq=False)
class Value:
    """A value in a query: a column of a table, or what is made of other values."""

    leaf: tuple[int, str] | None = None
    parts: list[tuple[Value, int, Reading | None]] = field(default_factory=list)
    _roots: frozenset[Root] | None = None

    def add(self, part: Value, how: int = AS_IS, reading: Reading | None = None) -> None:
        """Say that the value is made of another one too."""
        self.parts.append((part, how, reading))

    def roots(self) -> frozenset[Root]:
        """Every column that the value comes from; for when the whole query has been read."""
        if self._roots is None:
            self._roots = frozenset(_reached(self))
        return self._roots


def _reached(value: Value) -> Iterable[Root]:
    waiting = [(value, AS_IS, False)]
    seen = set(waiting)
    while waiting:
        at, how, again = waiting.pop()
        if at.leaf:
            yield Root(*at.leaf, how, again)
        for part, step, reading in at.parts:
            state = (part, max(how, step), again or (reading is not None and reading.times > 1))
            if state not in seen:
                seen.add(state)
                waiting.append(state)


CONSTANT = Value()
"""A value that comes from no column."""


def made_of(values: Iterable[Value], how: int = AS_IS) -> Value:
    """The value that is made of others."""
    parts = [value for value in values if value is not CONSTANT]
    if not parts or (len(parts) == 1 and how == AS_IS):
        return parts[0] if parts else CONSTANT
    made = Value()
    for part in parts:
        made.add(part, how)
    return made


# --- what the query does with values --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Lineage:
    """The uses of each column, table use by table use, and the links between them."""

    uses: Mapping[int, Mapping[str, set[Use]]]
    links: frozenset[Link]


class Flow:
    """Notes what a query does with its values, and settles it when all of the query has been read."""

    def __init__(self, strict: bool) -> None:
        self._strict = strict
        self._demands: list[tuple[Demand, Value]] = []
        self._compared: list[tuple[Value, Value, bool]] = []
        self._met: list[list[Value]] = []

    def demand(self, use: Demand, *values: Value) -> None:
        """Note a use of values."""
        self._demands.extend((use, value) for value in values if value is not CONSTANT)

    def compare(self, left: Value, right: Value, *, whole: bool) -> None:
        """Note that two values are set equal; `whole`: that is the whole condition."""
        self._compared.append((left, right, whole))

    def meet(self, values: Iterable[Value]) -> None:
        """Note that values stand in one expression."""
        several = [value for value in values if value is not CONSTANT]
        if len(several) > 1:
            self._met.append(several)

    def settle(self) -> Lineage:
        """Follow each value back to its columns."""
        uses: dict[int, dict[str, set[Use]]] = {}
        for use, value in self._demands:
            for root in value.roots():
                uses.setdefault(root.table, {}).setdefault(root.column, set()).update(_uses_of(use, root))
        for left, right, whole in self._compared:
            for root, use in self._compares(left, right, whole):
                uses.setdefault(root.table, {}).setdefault(root.column, set()).add(use)
        return Lineage(uses, frozenset(self._links()) if self._strict else frozenset())

    def _links(self) -> Iterable[Link]:
        """Each column that meets one of another table: (5)."""
        for left, right, _ in self._compared:
            yield from _linked(left.roots(), right.roots(), equal=True)
        for values in self._met:
            roots = frozenset().union(*(value.roots() for value in values))
            yield from _linked(roots, roots, equal=False)
        for use, value in self._demands:
            if use == "group":  # rows of two tables fall into one group where their values are equal
                yield from _linked(value.roots(), value.roots(), equal=True)

    def _compares(self, left: Value, right: Value, whole: bool) -> Iterable[tuple[Root, Use]]:
        """The uses that a comparison makes of both sides: (2)."""
        both = {*left.roots(), *right.roots()}
        joined, lone = both if left.roots() and right.roots() else set(), both
        if self._strict:
            pairs = [(one, other) for one in left.roots() for other in right.roots()]
            joined = {root for pair in pairs if _are_two(*pair) for root in pair}
            within = [pair for pair in pairs if not _are_two(*pair) or pair[0].table == pair[1].table]
            lone = {root for pair in within for root in pair} if pairs else both
        yield from ((root, "join") for root in joined)
        if whole:
            yield from ((root, "filter") for root in lone)


def _are_two(one: Root, other: Root) -> bool:
    """Whether two roots are plain columns of two tables."""
    return one.how == other.how == AS_IS and (one.table != other.table or (one.again and other.again))


def _uses_of(demand: Demand, root: Root) -> Iterable[Use]:
    if demand == "all":
        return USES
    if demand == "counted":
        return () if root.how == AS_IS else ("filter",)
    if demand in ("aggregate", "group", "order") and root.how == COMPUTED:  # (4)
        return (demand, "filter")
    return (demand,)


def _linked(left: frozenset[Root], right: frozenset[Root], *, equal: bool) -> Iterable[Link]:
    for one in left:
        for other in right:
            if one.table != other.table or (one.again and other.again and left is not right):
                yield Link(one.table, one.column, other.table, other.column, equal and one.how == other.how == AS_IS)


# --- expressions ----------------------------------------------------------------------------------------------------

Level = TypeVar("Level")


class Names(Protocol[Level]):
    """Who knows what names mean: the walk by scopes in `resolve`."""

    def column(self, node: exp.Column, level: Level) -> Value:
        """The value that a column's name means."""

    def variable(self, name: str, level: Level) -> Value:
        """The value of a lambda's variable; a constant if there is none of that name."""

    def with_variables(self, variables: Mapping[str, Value], level: Level) -> Level:
        """The names inside a lambda."""

    def values(self, node: exp.Expr, level: Level) -> Sequence[Value]:
        """The output columns of a subquery."""


class Tracer(Generic[Level]):
    """Goes through expressions, noting what is done with the values they meet."""

    def __init__(self, flow: Flow, names: Names[Level]) -> None:
        self._flow, self._names = flow, names

    def condition(self, node: exp.Expr, level: Level) -> None:
        """Note what a condition on rows asks: (2)."""
        node = node.unnest()
        if isinstance(node, exp.And):
            for part in node.flatten():
                self.condition(part, level)
        elif isinstance(node, (exp.EQ, exp.NullSafeEQ)):
            self._equal(node.this, node.expression, level, whole=True)
        elif isinstance(node, exp.In) and node.args.get("query"):
            self._equal(node.this, node.args["query"], level, whole=True)
        else:
            self._flow.demand("filter", self.value(node, level))

    def order(self, keys: Iterable[exp.Expr], level: Level) -> None:
        """Note what rows are put in order by."""
        self._flow.demand("order", *(self.value(key.this, level) for key in keys))

    def window(self, node: exp.Expr, level: Level) -> None:
        """Note what the rows of a window are chosen and put in order by."""
        self._flow.demand("group", *(self.value(part, level) for part in node.args.get("partition_by") or ()))
        order, spec = node.args.get("order"), node.args.get("spec")
        keys = order.expressions if order else ()
        self.order(keys, level)
        edges = [spec.args.get(side) for side in ("start", "end")] if spec else []
        edges = [edge for edge in edges if isinstance(edge, exp.Expr)]
        self._flow.demand("filter", *(self.value(edge, level) for edge in edges))
        if (
            spec and edges and spec.text("kind") == "RANGE"
        ):  # a frame that reaches so far in value counts the rows between
            self._flow.demand("filter", *(self.value(key.this, level) for key in keys))

    def value(self, node: exp.Expr, level: Level) -> Value:
        """Trace one expression to what it is made of."""
        read = _READ.get(type(node))
        if read is not None:
            return read(self, node, level)
        values = [self.value(child, level) for child in node.iter_expressions()]
        self._flow.demand("all", *values)  # (6)
        return made_of(values, COMPUTED)

    def _constant(self, node: exp.Expr, level: Level) -> Value:
        return CONSTANT

    def _column(self, node: exp.Expr, level: Level) -> Value:
        return self._names.column(cast(exp.Column, node), level)

    def _variable(self, node: exp.Expr, level: Level) -> Value:
        return self._names.variable(node.name, level)

    def _same(self, node: exp.Expr, level: Level) -> Value:
        return self.value(node.this, level)

    def _reckoned(self, node: exp.Expr, level: Level) -> Value:
        return self._together(node, level, RECKONED)

    def _computed(self, node: exp.Expr, level: Level) -> Value:
        return self._together(node, level, COMPUTED)

    def _together(self, node: exp.Expr, level: Level, how: int) -> Value:
        values = [self.value(child, level) for child in node.iter_expressions()]
        self._flow.meet(values)
        return made_of(values, how)

    def _field(self, node: exp.Expr, level: Level) -> Value:
        return made_of([self.value(node.this, level)], COMPUTED)

    def _subquery(self, node: exp.Expr, level: Level) -> Value:
        return made_of(self._names.values(node, level))

    def _exists(self, node: exp.Expr, level: Level) -> Value:
        self._flow.demand("counted", *self._names.values(node.this, level))
        return CONSTANT

    def _equals(self, node: exp.Expr, level: Level) -> Value:
        return self._equal(node.this, node.expression, level, whole=False)

    def _within(self, node: exp.Expr, level: Level) -> Value:
        if node.args.get("query"):
            return self._equal(node.this, node.args["query"], level, whole=False)
        return self._computed(node, level)

    def _equal(self, left: exp.Expr, right: exp.Expr, level: Level, *, whole: bool) -> Value:
        """Set two sides equal, rows of values by position."""
        ones, others = self._side(left, level), self._side(right, level)
        if len(ones) == len(others):
            pairs = list(zip(ones, others, strict=True))
        else:
            pairs = [(one, other) for one in ones for other in others]
        for one, other in pairs:
            self._flow.compare(one, other, whole=whole)
        return made_of([*ones, *others], COMPUTED)

    def _side(self, node: exp.Expr, level: Level) -> Sequence[Value]:
        node = node.unnest() if isinstance(node, exp.Paren) else node
        if isinstance(node, exp.Tuple):
            return [self.value(part, level) for part in node.expressions]
        if isinstance(node, exp.Any | exp.All):
            node = node.this
        if isinstance(node, exp.Query | exp.Values):
            return self._names.values(node, level)
        return [self.value(node, level)]

    # --- calls ------------------------------------------------------------------------------------------------------

    def _window(self, node: exp.Expr, level: Level) -> Value:
        self.window(node, level)
        return self._called(node.this, level, windowed=True)

    def _call(self, node: exp.Expr, level: Level) -> Value:
        return self._called(node, level, windowed=False)

    def _called(self, node: exp.Expr, level: Level, *, windowed: bool) -> Value:
        """A function with what stands behind it: FILTER, IGNORE NULLS, WITHIN GROUP."""
        if isinstance(node, exp.Filter):
            self.condition(node.expression.this, level)
        elif isinstance(node, exp.WithinGroup):
            self.order(node.expression.expressions, level)
        if isinstance(node, exp.Filter | exp.WithinGroup | exp.IgnoreNulls | exp.RespectNulls):
            return self._called(node.this, level, windowed=windowed)
        if not isinstance(node, exp.Anonymous):
            return self.value(node, level)
        values = self._arguments(node, level)
        self._flow.meet(values)
        return self._result(node, values, windowed=windowed)

    def _result(self, node: exp.Anonymous, values: Sequence[Value], *, windowed: bool) -> Value:
        """What a function makes of its arguments."""
        name = node.name.lower()
        known = FUNCTIONS.get(name)
        if name == "grouping":
            self._flow.demand("group", *values)
            return CONSTANT
        if known is None and node.this not in (ARRAY, INTERVAL, LITERAL):
            self._flow.demand("all", *values)  # (6)
        if known is None or known.kind != "aggregate":
            return made_of(values, RECKONED if name in COARSENING else COMPUTED)
        self._flow.demand("aggregate", *values)
        if name in FIGURES and not windowed:  # (1)
            return CONSTANT
        return made_of(values, RECKONED if name in PICKING and not windowed else COMPUTED)  # (3)

    def _arguments(self, node: exp.Expr, level: Level) -> list[Value]:
        plain = [self._argument(part, level) for part in node.expressions if not isinstance(part, exp.Lambda)]
        handed = made_of(plain, COMPUTED)
        for part in node.expressions:
            if isinstance(part, exp.Lambda):
                inside = self._names.with_variables({v.name: handed for v in part.expressions}, level)
                plain.append(self.value(part.this, inside))
        return plain

    def _argument(self, node: exp.Expr, level: Level) -> Value:
        if isinstance(node, exp.Order):
            self.order(node.expressions, level)
            return self._argument(node.this, level)
        if isinstance(node, exp.Distinct):
            values = [self.value(part, level) for part in node.expressions]
            return made_of(values)
        return self.value(node, level)


_Read = Callable[[Tracer[Level], exp.Expr, Level], Value]
_READ: Mapping[type[exp.Expr], _Read] = {  # type: ignore[type-arg]
    exp.Column: Tracer._column,
    exp.Identifier: Tracer._variable,
    exp.Paren: Tracer._same,
    **dict.fromkeys((exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.Values), Tracer._subquery),
    exp.Any: Tracer._same,
    exp.All: Tracer._same,
    exp.Exists: Tracer._exists,
    exp.EQ: Tracer._equals,
    exp.NullSafeEQ: Tracer._equals,
    exp.In: Tracer._within,
    exp.Dot: Tracer._field,
    exp.Window: Tracer._window,
    **dict.fromkeys((exp.Anonymous, exp.Filter, exp.IgnoreNulls, exp.RespectNulls, exp.WithinGroup), Tracer._call),
    **dict.fromkeys(RECKONING, Tracer._reckoned),
    **dict.fromkeys(COMPUTING, Tracer._computed),
    **dict.fromkeys(CONSTANTS, Tracer._constant),
}  # fmt: skip
"""How each kind of node is read as a value; one that is not here is used in all six ways."""
