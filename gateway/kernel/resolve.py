"""Statement + Catalog -> Resolved: each name is a known column of a known table, as Trino would bind it.

Names are bound by scope, never by search: a table node is free of a guard only if it is bound to a CTE.
The walk is done twice for one query. `survey` goes over all that the ports hold, to know what to ask the policy: a name
may mean any column in reach, and one that means nothing is passed over. `resolve` goes over what was granted and binds
each name the way Trino will. It knows nothing of the rest, so an absent and a forbidden name end in the same words.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from gateway.errors import NotAllowed, Unresolved
from gateway.kernel.parse import Statement, place
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, TableName

Columns = tuple[str | None, ...]
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


@dataclass(slots=True)
class TableUse:
    """One place where the query reads a table; `place` counts the table nodes of the tree in walking order."""

    place: int
    name: TableName
    alias: str
    ports: frozenset[str]
    """The ports whose rows can come back here."""
    columns: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Resolved:
    """A query whose every name is bound; identifiers are lower case but for the names of output columns."""

    statement: Statement
    tree: exp.Query | exp.Values
    uses: tuple[TableUse, ...]


@dataclass(slots=True)
class _Source:
    """What one alias of a FROM clause stands for."""

    columns: Columns
    use: TableUse | None = None
    qualified: str = ""
    joined: tuple[_Source, ...] = ()
    """The sources that stand in brackets behind this one name."""


@dataclass(slots=True)
class _Scope:
    """The names one query level can see, and the level around it."""

    parent: _Scope | None
    ctes: Mapping[str, Columns]
    sources: dict[str, _Source] = field(default_factory=dict)
    merged: set[str] = field(default_factory=set)
    """Columns that a JOIN … USING made one."""

    def around(self) -> Iterator[_Scope]:
        """This scope, then each one around it."""
        scope: _Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent


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
    walker = _Walker(statement.text, catalog, strict, {id(t): n for n, t in enumerate(tree.find_all(exp.Table))})
    walker.query(tree, None, {})
    walker.check_all_bound(tree)
    return Resolved(statement, tree, tuple(walker.uses))


class _Walker:
    """Walks a query from the outside in, keeping what each level can see."""

    def __init__(self, text: str, catalog: Catalog, strict: bool, places: Mapping[int, int]) -> None:
        self._text, self._catalog, self._strict, self._places = text, catalog, strict, places
        self.uses: list[TableUse] = []
        self._bound: set[int] = set()

    def check_all_bound(self, tree: exp.Expr) -> None:
        """Refuse a query with a table or column in a place that the walk did not reach."""
        for node in tree.find_all(exp.Table, exp.Column):
            if id(node) not in self._bound:
                raise NotAllowed(f"{node.sql()} may not stand here", hint="move it", **place(self._text, node))

    def _fault(self, node: exp.Expr, message: str, hint: str) -> None:
        """Refuse a name, but never in a survey: what it knows of is not for the partner to hear."""
        if self._strict:
            raise UnresolvedName(node.name, message, hint=hint, **place(self._text, node))

    # --- queries ----------------------------------------------------------------------------------------------------

    def query(self, node: exp.Expr, outer: _Scope | None, ctes: Mapping[str, Columns]) -> Columns:
        """Bind one query; answer the names of its output columns, None for one without a name."""
        ctes = self._with(node, outer, ctes)
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        if isinstance(node, exp.Subquery):
            names = self.query(node.this, outer, ctes)
        elif isinstance(node, exp.SetOperation):
            names = self.query(node.this, outer, ctes)
            self.query(node.expression, outer, ctes)
        elif isinstance(node, exp.Values):
            names = self._values(node, _Scope(outer, ctes))
        else:
            raise NotAllowed("this form of query is not open", hint="write a SELECT", **place(self._text, node))
        self._order_of_set(node, names, ctes)
        return names

    def _values(self, node: exp.Values, scope: _Scope) -> Columns:
        for row in node.expressions:
            self._expression(row, scope)
        first = node.expressions[0]
        return (None,) * (len(first.expressions) if isinstance(first, exp.Tuple) else 1)

    def _with(self, node: exp.Expr, outer: _Scope | None, ctes: Mapping[str, Columns]) -> Mapping[str, Columns]:
        clause = node.args.get("with_")
        if not clause:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
            if clause.args.get("recursive"):  # its own name is seen inside it, and hides a table of that name
                known[cte.alias] = _named(cte)
            known[cte.alias] = self._renamed(cte, self.query(cte.this, outer, known))
        return known

    def _select(self, select: exp.Select, outer: _Scope | None, ctes: Mapping[str, Columns]) -> Columns:
        scope = _Scope(outer, ctes)
        if select.args.get("from_"):
            self._relation(select.args["from_"].this, scope)
        for join in select.args.get("joins") or ():
            self._join(join, scope)
        names: list[str | None] = []
        for item in select.expressions:
            names.extend(self._item(item, scope))
            if len(names) > MAX_COLUMNS:
                raise NotAllowed(f"more than {MAX_COLUMNS:,} columns", hint="name fewer", **place(self._text, item))
        for clause in ("where", "group", "having", "windows"):
            for part in _parts(select.args.get(clause)):
                self._expression(part, scope)
        self._order(select, names, scope)
        self._keep_ports(select, scope)
        return tuple(names)

    def _item(self, item: exp.Expr, scope: _Scope) -> Columns:
        if isinstance(item, exp.Star):
            return tuple(self._all_columns(scope))
        if isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
            return self._columns_of(item, scope)
        self._expression(item, scope)
        if isinstance(item, (exp.Alias, exp.Column)):
            return (item.alias_or_name.lower(),)
        return (None,)

    def _all_columns(self, scope: _Scope, *, used: bool = True) -> Iterator[str | None]:
        yield from scope.merged
        for source in scope.sources.values():
            if used:
                _use_all(source)
            yield from (name for name in source.columns if name not in scope.merged)

    def _columns_of(self, star: exp.Column, scope: _Scope) -> Columns:
        source = self._source_of(star, scope)
        self._bound.add(id(star))
        if source is None:
            self._fault(star, f"nothing here is called {star.table}", _seen(scope))
            return ()
        _use_all(source)
        return source.columns

    def _order(self, select: exp.Select, names: list[str | None], scope: _Scope) -> None:
        order = select.args.get("order")
        inner = _Scope(scope, scope.ctes, {"": _Source(tuple(names))})
        for part in order.expressions if order else ():
            self._expression(part, inner if _names_output(part, names) else scope)

    def _order_of_set(self, node: exp.Expr, names: Columns, ctes: Mapping[str, Columns]) -> None:
        order = node.args.get("order")
        for part in order.expressions if order else ():
            self._expression(part, _Scope(None, ctes, {"": _Source(names)}))

    # --- relations --------------------------------------------------------------------------------------------------

    def _relation(self, node: exp.Expr, scope: _Scope) -> None:
        """Bind one item of a FROM clause, and what is joined to it inside the same brackets."""
        if isinstance(node, exp.Subquery) and _is_relation(node.this):
            self._bracket(node, scope)
        else:
            self._add(node, self._source(node, scope), scope)
        for join in node.args.get("joins") or ():
            self._join(join, scope)

    def _bracket(self, node: exp.Subquery, scope: _Scope) -> None:
        """`(a JOIN b …)`: its names are seen around it, unless it has a name of its own."""
        inner = _Scope(scope.parent, scope.ctes) if node.alias else scope
        self._relation(node.this, inner)
        if node.alias:
            names = tuple(self._all_columns(inner, used=bool(node.args["alias"].columns)))
            joined = _Source(self._renamed(node, names), None, "", tuple(inner.sources.values()))
            self._add(node, joined, scope)

    def _add(self, node: exp.Expr, source: _Source, scope: _Scope) -> None:
        named = isinstance(node, exp.Table) and isinstance(node.this, exp.Identifier)
        alias = (node.alias_or_name if named else node.alias) or f"#{len(scope.sources)}"
        if alias in scope.sources or alias == MAPPING_ALIAS:
            self._fault(node, f"the name {alias} is taken", "give each table a name of its own with AS")
            alias = f"#{len(scope.sources)}"
        scope.sources[alias] = source

    def _source(self, node: exp.Expr, scope: _Scope) -> _Source:
        if isinstance(node, exp.Table):
            return self._function(node, scope) if isinstance(node.this, exp.Anonymous) else self._table(node, scope)
        if isinstance(node, exp.Subquery):
            return _Source(self._renamed(node, self.query(node.this, scope.parent, self._with_of(node, scope))))
        if isinstance(node, exp.Lateral) and isinstance(node.this, exp.Subquery):
            return _Source(self._renamed(node, self.query(node.this, scope, scope.ctes)))
        if isinstance(node, exp.Values):
            return _Source(self._renamed(node, self._values(node, scope)))
        if isinstance(node, exp.Unnest):
            for part in node.expressions:
                self._expression(part, scope)
            return _Source(_named(node))
        raise NotAllowed("this cannot be read from", hint="name a table or a subquery", **place(self._text, node))

    def _function(self, node: exp.Table, scope: _Scope) -> _Source:
        self._bound.add(id(node))
        self._expression(node.this, _Scope(None, scope.ctes))
        return _Source(_named(node) or ("sequential_number",))

    def _with_of(self, node: exp.Expr, scope: _Scope) -> Mapping[str, Columns]:
        return self._with(node, scope.parent, scope.ctes)

    def _table(self, node: exp.Table, scope: _Scope) -> _Source:
        self._bound.add(id(node))
        if not node.db and node.name in scope.ctes:
            return _Source(self._renamed(node, scope.ctes[node.name]), None, node.name)
        name, ports = self._named(node)
        if name not in self._catalog.tables:
            shown = ".".join(part.name for part in node.parts)
            hint = "`portgate catalog` lists what you may read"
            self._fault(node, f"there is no table {shown}, or no agreement lets you read it", hint)
            return _Source(())
        use = TableUse(self._places[id(node)], name, node.alias_or_name, ports)
        self.uses.append(use)
        columns = tuple(self._catalog.tables[name].columns)
        if _named(node):  # new names go by position, so all columns must stand in the guard
            use.columns.update(columns)
            return _Source(self._renamed(node, columns))
        return _Source(columns, use, "" if node.alias else str(name))

    def _named(self, node: exp.Table) -> tuple[TableName, frozenset[str]]:
        name = TableName(node.catalog or CANONICAL_CATALOG, node.db or CANONICAL_SCHEMA, node.name)
        ports = frozenset({name.catalog})
        if name.schema == CANONICAL_SCHEMA and name.catalog in self._catalog.ports:
            name = name._replace(catalog=CANONICAL_CATALOG)
        elif name.catalog == CANONICAL_CATALOG:
            ports = frozenset(self._catalog.ports)
        return name, ports

    def _renamed(self, node: exp.Expr, names: Columns) -> Columns:
        columns = _named(node)
        if columns and len(columns) != len(names):
            self._fault(node, f"{len(columns)} names for {len(names)} columns", "name each column")
        return columns or names

    def _join(self, join: exp.Join, scope: _Scope) -> None:
        self._relation(join.this, scope)
        for column in join.args.get("using") or ():
            name = column.name.lower()
            holders = [source for source in scope.sources.values() if name in source.columns]
            if len(holders) < 2:
                self._fault(column, f"no column {name} on both sides", "USING needs the column on both sides")
            for source in holders:
                _use(source, name)
            scope.merged.add(name)
        if join.args.get("on"):
            self._expression(join.args["on"], scope)

    # --- names ------------------------------------------------------------------------------------------------------

    def _expression(self, node: exp.Expr, scope: _Scope) -> None:
        if isinstance(node, exp.Column):
            self._column(node, scope)
        elif isinstance(node, exp.Query | exp.Values):
            self.query(node, scope, scope.ctes)
        elif isinstance(node, exp.Lambda):
            variables = tuple(variable.name for variable in node.expressions)
            self._expression(node.this, _Scope(scope, scope.ctes, {"": _Source(variables)}))
        else:
            for child in node.iter_expressions():
                self._expression(child, scope)

    def _column(self, column: exp.Column, scope: _Scope) -> None:
        self._bound.add(id(column))
        found = False
        for level in scope.around():
            for readings in self._readings(column, level):
                name, holders = readings
                if len(holders) > 1 and name not in level.merged:
                    self._fault(column, f"the name {column.sql()} means two columns", "say whose it is: t.column")
                for source in holders:
                    _use(source, name)
                found = found or bool(holders)
                if found and self._strict:
                    self._shorten(column, name)
                    return
        if not found:
            self._fault(column, f"there is no column {column.sql()}, or no agreement lets you use it", _seen(scope))

    def _readings(self, column: exp.Column, scope: _Scope) -> Iterator[tuple[str, list[_Source]]]:
        """What a dotted name may mean: a column with its table before it, or with the fields of a row after it."""
        parts = [part.name.lower() for part in column.parts]
        for cut in range(len(parts) - 1, -1, -1):
            holders = [
                source
                for alias, source in scope.sources.items()
                if parts[cut] in source.columns and _is_called(alias, source, parts[:cut])
            ]
            yield parts[cut], holders

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

    def _source_of(self, star: exp.Column, scope: _Scope) -> _Source | None:
        """The source of `t.*`."""
        qualifier = [part.name for part in star.parts[:-1]]
        star.set("db", None)
        return next((s for alias, s in scope.sources.items() if _is_called(alias, s, qualifier)), None)

    # --- which ports can answer -------------------------------------------------------------------------------------

    def _keep_ports(self, select: exp.Select, scope: _Scope) -> None:
        """Leave out ports whose rows no WHERE or inner ON can let through."""
        clauses = [select.args["where"].this] if select.args.get("where") else []
        joins = select.args.get("joins") or ()
        if all(not join.side for join in joins):
            clauses += [join.args["on"] for join in joins if join.args.get("on")]
        for clause in clauses:
            for fact in clause.flatten() if isinstance(clause, exp.And) else (clause,):
                self._keep_named(fact, scope)

    def _keep_named(self, fact: exp.Expr, scope: _Scope) -> None:
        codes = _codes(fact)
        column = fact.this
        if codes is None or column.name != "port_unlocode":
            return
        holders = next(holders for _, holders in self._readings(column, scope))
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


def _is_called(alias: str, source: _Source, qualifier: list[str]) -> bool:
    """Whether the names before a column's dot mean this source."""
    if len(qualifier) < 2:
        return not qualifier or qualifier == [alias]
    return f".{source.qualified}".endswith("." + ".".join(qualifier))


def _use(source: _Source, column: str) -> None:
    if source.use and column in source.columns:
        source.use.columns.add(column)
    for inner in source.joined:
        _use(inner, column)


def _named(node: exp.Expr) -> tuple[str, ...]:
    """The column names that an alias gives: `AS t (a, b)`, with the last of UNNEST … WITH ORDINALITY."""
    alias = node.args.get("alias")
    names = [column.name.lower() for column in alias.columns] if alias else []
    offset = node.args.get("offset")
    return tuple([*names, offset.name.lower()] if names and isinstance(offset, exp.Identifier) else names)


def _use_all(source: _Source) -> None:
    for column in source.columns:
        if column is not None:
            _use(source, column)


def _names_output(part: exp.Expr, names: list[str | None]) -> bool:
    return any(not column.table and column.name in names for column in part.find_all(exp.Column))


def _seen(scope: _Scope) -> str:
    """Say which names stand at this place, a few at most; only what the partner wrote or may see."""
    names = [f"{alias}" for level in scope.around() for alias in level.sources if alias and not alias.startswith("#")]
    return f"readable here: {', '.join(names[:8])}" if names else "there is no FROM clause here"


def _parts(clause: object) -> list[exp.Expr]:
    if isinstance(clause, list):
        return [part for part in clause if isinstance(part, exp.Expr)]
    return [clause] if isinstance(clause, exp.Expr) else []
