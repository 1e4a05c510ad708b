"""Statement + Catalog -> Resolved: each name is a known column of a known table, as Trino would bind it.

Names are bound by scope, never by search: a table node is free of a guard only if it is bound to a CTE.
The walk is done twice for one query. `survey` goes over all that the ports hold, to know what to ask the policy: a name
may mean any column in reach, and one that means nothing is passed over. `resolve` goes over what was granted and binds
each name the way Trino will. It knows nothing of the rest, so an absent and a forbidden name end in the same words.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, zip_longest
from typing import cast

from sqlglot import exp

from gateway.errors import NotAllowed, Unresolved
from gateway.kernel.lineage import AS_IS, COMPUTED, CONSTANT, Flow, Link, Reading, Tracer, Value, made_of
from gateway.kernel.parse import Statement, place
from gateway.kernel.scope import Columns, Output, Scope, Source, TableUse
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, Table, TableName

MAX_COLUMNS = 5_000
"""How many columns one SELECT may have: Trino plans for minutes with more."""
MAPPING_ALIAS = "portgate mapping"
"""How a guard names the mapping it reads; no partner may use the name."""


class UnresolvedName(Unresolved):
    """An `Unresolved` that remembers the name, so that a published column can be refused with the ports' reasons."""

    def __init__(
        self, name: str, message: str, *, hint: str, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(message, hint=hint, line=line, column=column)
        self.name = name


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query whose every name is bound; identifiers are lower case but for the names of output columns."""

    statement: Statement
    tree: exp.Query | exp.Values
    uses: tuple[TableUse, ...]
    links: frozenset[Link] = frozenset()
    """The columns that meet columns of another table; a survey knows none."""


def survey(statement: Statement, catalog: Catalog) -> Resolved:
    """Find every column that the statement may mean, whoever asks; never says that a name is wrong."""
    return _walk(statement, catalog, strict=False)


def resolve(statement: Statement, granted: Catalog) -> Resolved:
    """Bind every name of the statement to what was granted.

    Invariants
    - The statement's tree is left as it was.
    - Every table and column node of the answer is bound; a name with no meaning, or two, is refused.
    """
    return _walk(statement, granted, strict=True)


def _walk(statement: Statement, catalog: Catalog, *, strict: bool) -> Resolved:
    tree = statement.tree.copy()
    walker = _Walker(statement, catalog, strict, {id(t): n for n, t in enumerate(tree.find_all(exp.Table))})
    output = walker.query(tree, None, {})
    walker.flow.demand("select", *output.values)
    walker.check_all_bound(tree)
    lineage = walker.flow.settle()
    for number, uses in lineage.uses.items():
        walker.uses[number].uses.update(uses)
    return Resolved(statement, tree, tuple(walker.uses), lineage.links)


class _Walker:
    """Walks a query from the outside in, keeping what each level can see; `lineage` traces its expressions."""

    def __init__(self, read: Statement, catalog: Catalog, strict: bool, places: Mapping[int, int]) -> None:
        self._text, self._place, self._catalog, self._strict, self._places = (
            read.text,
            read.place,
            catalog,
            strict,
            places,
        )
        self.uses: list[TableUse] = []
        self.flow = Flow(strict)
        self._tracer: Tracer[Scope] = Tracer(self.flow, self)
        self._bound: set[int] = set()

    def check_all_bound(self, tree: exp.Expr) -> None:
        """Refuse a query with a table or column in a place that the walk did not reach."""
        for node in tree.find_all(exp.Table, exp.Column):
            if id(node) not in self._bound:
                raise NotAllowed(f"{node.sql()} may not stand here", hint="move it", **place(self._text, node))

    def _fault(self, node: exp.Expr, message: str, hint: str, trino_name: str = "COLUMN_NOT_FOUND") -> None:
        """Refuse a name, but never in a survey: what it knows of is not for the partner to hear."""
        if self._strict:
            raise UnresolvedName(node.name, message, hint=hint, **place(self._text, node)).named(trino_name)

    # --- queries ----------------------------------------------------------------------------------------------------

    def query(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Output]) -> Output:
        """Bind one query; answer its output columns."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            output = self.query(node.this, outer, ctes)
        elif isinstance(node, exp.SetOperation):
            output = self._set(node, self.query(node.this, outer, ctes), self.query(node.expression, outer, ctes))
        elif isinstance(node, exp.Values):
            output = self._values(node, Scope(outer, ctes))
        else:
            raise NotAllowed("this form of query is not open", hint="write a SELECT", **place(self._text, node))
        self._order(node, output, Scope(None, ctes))
        return output

    def _set(self, node: exp.SetOperation, left: Output, right: Output) -> Output:
        """Put two queries together by position; what makes rows one is grouped, what finds them on both sides meets."""
        loose = left.loose or right.loose
        if loose:
            left, right = (Output(left.names, (made_of(side.values),) * len(left.names)) for side in (left, right))
        sides = [(value, right.at(position)) for position, value in enumerate(left.values)]
        union = isinstance(node, exp.Union)
        if not (union and node.args.get("distinct") is False):
            self.flow.demand("group", *(made_of(side) for side in sides))
        for one, other in () if union else sides:
            self.flow.compare(one, other, whole=True)
        kept = 1 if isinstance(node, exp.Except) else 2
        return Output(left.names, tuple(made_of(side[:kept]) for side in sides), loose)

    def _values(self, node: exp.Values, scope: Scope) -> Output:
        rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in node.expressions]
        traced = [[self._tracer.value(cell, scope) for cell in row] for row in rows]
        columns = tuple(made_of(cells) for cells in zip_longest(*traced, fillvalue=CONSTANT))
        return Output((None,) * len(columns), columns)

    def _with(self, node: exp.Expr, outer: Scope | None, ctes: Mapping[str, Output]) -> Mapping[str, Output]:
        clause = node.args.get("with_")
        if not clause:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            again: tuple[Value, ...] = ()
            if clause.args.get("recursive"):  # its own name is seen inside it, and hides a table of that name
                again = tuple(Value() for _ in _named(cte))
                known[cte.alias] = Output(_named(cte), again, reading=Reading(2))
            output = self._renamed(cte, self.query(cte.this, outer, known))
            for own, value in zip(again, output.values, strict=False):
                own.add(value)
            known[cte.alias] = replace(output, reading=Reading())
        return known

    def _select(self, select: exp.Select, outer: Scope | None, ctes: Mapping[str, Output]) -> Output:
        scope = Scope(outer, ctes)
        if select.args.get("from_"):
            self._relation(select.args["from_"].this, scope)
        for join in select.args.get("joins") or ():
            self._join(join, scope)
        columns: list[tuple[str | None, Value]] = []
        for item in select.expressions:
            columns.extend(self._item(item, scope))
            if len(columns) > MAX_COLUMNS:
                raise NotAllowed(f"more than {MAX_COLUMNS:,} columns", hint="name fewer", **place(self._text, item))
        loose = not self._strict and any(item.is_star for item in select.expressions)
        output = Output(tuple(name for name, _ in columns), tuple(value for _, value in columns), loose)
        self._clauses(select, output, scope)
        self._keep_ports(select, scope)
        self._write_stars(select, scope)
        return output

    def _clauses(self, select: exp.Select, output: Output, scope: Scope) -> None:
        for clause in filter(None, (select.args.get("where"), select.args.get("having"))):
            self._tracer.condition(clause.this, scope)
        for part in _parts(select.args.get("group")):
            self._group(part, output, scope)
        for window in _parts(select.args.get("windows")):
            self._tracer.window(window, scope)
        if select.args.get("distinct"):
            self.flow.demand("group", *output.values)
        self._order(select, output, scope)

    def _item(self, item: exp.Expr, scope: Scope) -> Iterable[tuple[str | None, Value]]:
        if isinstance(item, exp.Star):
            return self._star(scope.sources.values(), scope.starred())
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            return self._star_of(item, scope)
        value = self._tracer.value(item.unalias(), scope)
        return [(item.alias_or_name.lower() if isinstance(item, (exp.Alias, exp.Column)) else None, value)]

    def _star(
        self, sources: Iterable[Source], columns: Iterable[tuple[str | None, Value]]
    ) -> list[tuple[str | None, Value]]:
        listed = list(columns)
        for source in sources:
            source.mark_starred()
            if source.unseen is not CONSTANT:  # it moves all that comes after it to another position
                self.flow.demand("all", source.unseen, *(value for _, value in listed))
        return listed

    def _star_of(self, star: exp.Column, scope: Scope) -> Iterable[tuple[str | None, Value]]:
        source = scope.source_of(star)
        star.set("db", None)
        self._bound.add(id(star))
        if source is None:
            self._fault(star, f"nothing here is called {star.table}", scope.seen(), "TABLE_NOT_FOUND")
            return ()
        return self._star([source], source.starred())

    def _group(self, node: exp.Expr, output: Output, scope: Scope) -> None:
        """Note what rows are grouped by: values, or output columns by their position."""
        if isinstance(node, _GROUPINGS):
            for part in node.iter_expressions():
                self._group(part, output, scope)
        else:
            position = _position(node)
            value = output.at(position) if position is not None else self._tracer.value(node, scope)
            self.flow.demand("group", value)

    def _order(self, node: exp.Expr, output: Output, scope: Scope) -> None:
        """Note what rows are put in order by: output columns by name or position, or values."""
        order = node.args.get("order")
        inner = Scope(scope, scope.ctes, {"": Source(output)})
        for key in order.expressions if order else ():
            position = _position(key.this)
            if position is not None:
                self.flow.demand("order", output.at(position))
            else:
                self._tracer.order([key], inner if _names_output(key, output.names) else scope)

    def _write_stars(self, select: exp.Select, scope: Scope) -> None:
        """Name the columns of each star where a guard shows one that the star must not: it is used, not selected."""
        if self._strict and any(source.holds_back() for source in scope.sources.values()):
            items = [written for item in select.expressions for written in self._written(item, scope)]
            select.set("expressions", items)

    def _written(self, item: exp.Expr, scope: Scope) -> Iterable[exp.Expr]:
        if not item.is_star or isinstance(item, exp.Alias):
            return [item]
        whole = isinstance(item, exp.Star)
        merged = scope.merged if whole else []
        shown = {name for name, _ in scope.starred()}
        columns = [exp.column(exp.to_identifier(name, quoted=True)) for name in merged if name in shown]
        for alias, source in scope.sources.items():
            if whole or source is scope.source_of(cast(exp.Column, item)):
                names = [name for name, _ in source.starred() if name not in merged]
                odd = alias.startswith("#") or None in names or len(set(names)) < len(names)
                if odd or source.unseen is not CONSTANT:
                    hint = "name the columns: one that you may use but not select stands here too"
                    raise NotAllowed("a star is not open here", hint=hint, **place(self._text, item))
                columns += [exp.column(str(name), alias, quoted=True) for name in names]
        self._bound.update(map(id, columns))
        return columns

    # --- relations --------------------------------------------------------------------------------------------------

    def _relation(self, node: exp.Expr, scope: Scope) -> None:
        """Bind one item of a FROM clause, and what is joined to it inside the same brackets."""
        if isinstance(node, exp.Subquery) and _is_relation(node.this):
            self._bracket(node, scope)
        else:
            self._add(node, self._source(node, scope), scope)
        for join in node.args.get("joins") or ():
            self._join(join, scope)

    def _bracket(self, node: exp.Subquery, scope: Scope) -> None:
        """`(a JOIN b …)`: its names are seen around it, unless it has a name of its own."""
        inner = Scope(scope.parent, scope.ctes) if node.alias else scope
        self._relation(node.this, inner)
        if not node.alias:
            return
        joined = tuple(inner.sources.values())
        renamed = bool(node.args["alias"].columns)
        columns = tuple(inner.starred(whole=not renamed))
        output = Output(tuple(name for name, _ in columns), tuple(value for _, value in columns), not self._strict)
        if renamed:  # new names go by position, so all columns must stand in the guards
            self._star(joined, columns)
            if any(source.holds_back() for source in joined):
                hint = "leave the new names out: a column that you may use but not select is among the columns"
                raise NotAllowed("new names are not open here", hint=hint, **place(self._text, node))
            self._add(node, Source(self._renamed(node, output)), scope)
        else:
            hidden = frozenset[str]().union(*(source.hidden for source in joined))
            unseen = made_of(source.unseen for source in joined)
            self._add(node, Source(replace(output, loose=False), None, "", joined, hidden, unseen), scope)

    def _add(self, node: exp.Expr, source: Source, scope: Scope) -> None:
        named = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
        alias = (node.alias_or_name if named else node.alias) or f"#{len(scope.sources)}"
        if alias in scope.sources or alias == MAPPING_ALIAS:
            self._fault(node, f"the name {alias} is taken", "give each table a name of its own with AS", "SYNTAX_ERROR")
            alias = f"#{len(scope.sources)}"
        scope.sources[alias] = source

    def _source(self, node: exp.Expr, scope: Scope) -> Source:
        if isinstance(node, exp.Table):
            return self._function(node, scope) if isinstance(node.this, exp.Anonymous) else self._table(node, scope)
        if isinstance(node, exp.Subquery):
            return Source(self._renamed(node, self.query(node.this, scope.parent, self._with_of(node, scope))))
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return Source(self._renamed(node, self.query(node.this, scope, scope.ctes)))
        if isinstance(node, exp.Values):
            return Source(self._renamed(node, self._values(node, scope)))
        if isinstance(node, exp.Unnest):
            return self._unnest(node, scope)
        raise NotAllowed("this cannot be read from", hint="name a table or a subquery", **place(self._text, node))

    def _unnest(self, node: exp.Unnest, scope: Scope) -> Source:
        """Its rows are as many as its arrays are long: that alone tells of them."""
        held = made_of([self._tracer.value(part, scope) for part in node.expressions], COMPUTED)
        self.flow.demand("filter", held)
        names = _named(node)
        return Source(Output(names, (held,) * len(names)), unseen=CONSTANT if names else held)

    def _function(self, node: exp.Table, scope: Scope) -> Source:
        self._bound.add(id(node))
        value = self._tracer.value(node.this, Scope(None, scope.ctes))
        return Source(Output(_named(node) or ("sequential_number",), (value,) * max(1, len(_named(node)))))

    def _with_of(self, node: exp.Expr, scope: Scope) -> Mapping[str, Output]:
        return self._with(node, scope.parent, scope.ctes)

    def _table(self, node: exp.Table, scope: Scope) -> Source:
        self._bound.add(id(node))
        if not node.db and node.name in scope.ctes:
            return Source(self._renamed(node, scope.ctes[node.name].read()), None, node.name)
        name, ports = self._named(node)
        if name not in self._catalog.tables:
            shown = ".".join(part.name for part in node.parts)
            hint = "`portgate catalog` lists what you may read"
            self._fault(node, f"there is no table {shown}, or no agreement lets you read it", hint, "TABLE_NOT_FOUND")
            return Source(Output())
        use = TableUse(self._places[id(node)], name, node.alias_or_name, ports)
        self.uses.append(use)
        return self._read(node, use, self._catalog.tables[name])

    def _read(self, node: exp.Table, use: TableUse, table: Table) -> Source:
        columns = table.columns
        hidden = frozenset(column for column in columns if "select" not in columns[column].uses)
        names = tuple(columns)
        if _named(node):  # new names go by position, so all columns must stand in the guard
            names = tuple(column for column in columns if column not in hidden)
            use.columns.update(names)
        values = tuple(Value((len(self.uses) - 1, column)) for column in names)
        output = Output(names, values, loose=bool(_named(node)) and not self._strict)
        if _named(node):
            return Source(self._renamed(node, output))
        return Source(output, use, "" if node.alias else str(use.name), hidden=hidden)

    def _named(self, node: exp.Table) -> tuple[TableName, frozenset[str]]:
        name = self._place.full(node.catalog, node.db, node.name)
        ports = frozenset({name.catalog})
        if name.schema == CANONICAL_SCHEMA and name.catalog in self._catalog.ports:
            name = name._replace(catalog=CANONICAL_CATALOG)
        elif name.catalog == CANONICAL_CATALOG:
            ports = frozenset(self._catalog.ports)
        return name, ports

    def _renamed(self, node: exp.Expr, output: Output) -> Output:
        names = _named(node)
        if names and len(names) != len(output.names):
            told = f"{len(names)} names for {len(output.names)} columns"
            self._fault(node, told, "name each column", "MISMATCHED_COLUMN_ALIASES")
        return output.renamed(names) if names else output

    def _join(self, join: exp.Join, scope: Scope) -> None:
        self._relation(join.this, scope)
        merged = [column.name.lower() for column in join.args.get("using") or ()]
        for column, name in zip(join.args.get("using") or (), merged, strict=True):
            holders = [source for source in scope.sources.values() if name in source.columns]
            if len(holders) < 2:
                self._fault(column, f"no column {name} on both sides", "USING needs the column on both sides")
            for source in holders:
                source.mark(name)
            for one, other in combinations([source.value(name) for source in holders], 2):
                self.flow.compare(one, other, whole=True)
        scope.merged = [*merged, *(name for name in scope.merged if name not in merged)]
        if join.args.get("on"):
            self._tracer.condition(join.args["on"], scope)

    # --- names, as `lineage` asks for them ---------------------------------------------------------------------------

    def values(self, node: exp.Expr, level: Scope) -> Sequence[Value]:
        """Bind a subquery; answer the values of its columns."""
        output = self.query(node, level, level.ctes)
        return [output.at(0)] if output.loose else output.values

    def variable(self, name: str, level: Scope) -> Value:
        """What a lambda's variable stands for."""
        found = (scope.sources[""].value(name) for scope in level.around() if _has_variable(scope, name))
        return next(found, CONSTANT)

    def with_variables(self, variables: Mapping[str, Value], level: Scope) -> Scope:
        """The names inside a lambda: its variables, and all around it."""
        return Scope(level, level.ctes, {"": Source(Output(tuple(variables), tuple(variables.values())))})

    def column(self, node: exp.Column, level: Scope) -> Value:
        """Bind a name to the column that it means; in a survey, to all that it may mean."""
        self._bound.add(id(node))
        found: list[Value] = []
        for scope in level.around():
            for cut, name, holders in scope.readings(node):
                if len(holders) > 1 and name not in scope.merged:
                    told = f"the name {node.sql()} means two columns"
                    self._fault(node, told, "say whose it is: t.column", "AMBIGUOUS_NAME")
                for source in holders:
                    source.mark(name)
                how = AS_IS if cut == len(node.parts) - 1 else COMPUTED  # a field of a row is part of its value
                found += [made_of([source.value(name)], how) for source in holders]
                if holders and self._strict:
                    self._shorten(node, name)
                    return made_of(found)
        if not found:
            self._fault(node, f"there is no column {node.sql()}, or no agreement lets you use it", level.seen())
        return made_of(found)

    def _shorten(self, column: exp.Column, name: str) -> None:
        """A guard has an alias alone: `schema.table.column` becomes `table.column`."""
        if column.name.lower() == name:
            column.set("db", None)
            column.set("catalog", None)
        elif column.args.get("catalog") or (
            column.args.get("db") and column.table != name and column.text("db") != name
        ):
            hint = "write table.column.field"
            raise NotAllowed("a field after so long a name is not open", hint=hint, **place(self._text, column))

    # --- which ports can answer -------------------------------------------------------------------------------------

    def _keep_ports(self, select: exp.Select, scope: Scope) -> None:
        """Leave out ports whose rows no WHERE or inner ON can let through."""
        clauses = [select.args["where"].this] if select.args.get("where") else []
        joins = select.args.get("joins") or ()
        if all(not join.side for join in joins):
            clauses += [join.args["on"] for join in joins if join.args.get("on")]
        for clause in clauses:
            for fact in clause.flatten() if isinstance(clause, exp.And) else (clause,):
                self._keep_named(fact, scope)

    def _keep_named(self, fact: exp.Expr, scope: Scope) -> None:
        codes = _codes(fact)
        column = fact.this
        if codes is None or column.name != "port_unlocode":
            return
        holders = next(holders for _, _, holders in scope.readings(column))
        if len(holders) == 1 and holders[0].use and holders[0].use.name.catalog == CANONICAL_CATALOG:
            use = holders[0].use
            named = use.ports & {port.id for port in self._catalog.ports.values() if port.unlocode in codes}
            use.ports = named or use.ports  # no port at all would leave nothing to read the empty answer from


def _codes(fact: exp.Expr) -> set[str] | None:
    """The strings that `column = 'x'` or `column IN ('x', …)` lets through."""
    fact = fact.unnest()
    if isinstance(fact, exp.EQ) and isinstance(fact.this, exp.Column) and _is_text(fact.expression):
        return {fact.expression.name}
    if isinstance(fact, exp.In) and isinstance(fact.this, exp.Column) and fact.expressions:
        return {item.name for item in fact.expressions} if all(map(_is_text, fact.expressions)) else None
    return None


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_relation(node: exp.Expr) -> bool:
    """Whether what stands in brackets is a table or a join, and no query."""
    if isinstance(node, exp.Subquery):
        return bool(node.alias or node.args.get("joins"))
    return not isinstance(node, exp.Query | exp.Values)


def _named(node: exp.Expr) -> tuple[str, ...]:
    """The column names that an alias gives: `AS t (a, b)`, with the last of UNNEST … WITH ORDINALITY."""
    alias = node.args.get("alias")
    names = [column.name.lower() for column in alias.columns] if alias else []
    offset = node.args.get("offset")
    return tuple([*names, offset.name.lower()] if names and isinstance(offset, exp.Identifier) else names)


def _has_variable(scope: Scope, name: str) -> bool:
    return "" in scope.sources and name in scope.sources[""].columns


_GROUPINGS = (exp.Group, exp.GroupingSets, exp.Cube, exp.Rollup, exp.Tuple)


def _position(node: exp.Expr) -> int | None:
    """The position of an output column, from 0, where a whole number stands for it."""
    number = isinstance(node, exp.Literal) and not node.is_string
    return int(node.name) - 1 if number and node.name.isdigit() else None


def _names_output(part: exp.Expr, names: Columns) -> bool:
    return any(not column.table and column.name in names for column in part.find_all(exp.Column))


def _parts(clause: object) -> list[exp.Expr]:
    if isinstance(clause, list):
        return [part for part in clause if isinstance(part, exp.Expr)]
    return [clause] if isinstance(clause, exp.Expr) else []
