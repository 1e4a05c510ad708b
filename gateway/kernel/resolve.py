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
    tree: exp.Query
    uses: tuple[TableUse, ...]


@dataclass(slots=True)
class _Source:
    """What one alias of a FROM clause stands for."""

    columns: Columns
    use: TableUse | None = None
    qualified: str = ""


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
    _lower_names(tree)
    walker = _Walker(statement.text, catalog, strict, {id(t): n for n, t in enumerate(tree.find_all(exp.Table))})
    walker.query(tree, None, {})
    walker.check_all_bound(tree)
    return Resolved(statement, tree, tuple(walker.uses))


def _lower_names(tree: exp.Expr) -> None:
    """Make every name lower case, as Trino compares them; output columns keep the partner's spelling."""
    for select in list(tree.find_all(exp.Select)):
        for item in list(select.expressions):
            if isinstance(item, exp.Column) and item.name != item.name.lower():
                item.replace(exp.alias_(item.copy(), item.name, quoted=True))
    for name in list(tree.find_all(exp.Identifier)):
        if not (isinstance(name.parent, exp.Alias) and name.arg_key == "alias"):
            name.set("this", name.name.lower())


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
        if isinstance(node, exp.Subquery):
            names = self.query(node.this, outer, ctes)
            self._order_of_set(node, names, ctes)
            return names
        if isinstance(node, exp.SetOperation):
            names = self.query(node.this, outer, ctes)
            self.query(node.expression, outer, ctes)
            self._order_of_set(node, names, ctes)
            return names
        if isinstance(node, exp.Select):
            return self._select(node, outer, ctes)
        raise NotAllowed("this form of query is not open", hint="write a SELECT", **place(self._text, node))

    def _with(self, node: exp.Expr, outer: _Scope | None, ctes: Mapping[str, Columns]) -> Mapping[str, Columns]:
        clause = node.args.get("with_")
        if not clause:
            return ctes
        known = dict(ctes)
        for cte in clause.expressions:
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

    def _all_columns(self, scope: _Scope) -> Iterator[str | None]:
        yield from scope.merged
        for source in scope.sources.values():
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
        alias = node.alias_or_name
        if isinstance(node, exp.Table):
            source = self._table(node, scope)
        elif isinstance(node, exp.Subquery):
            alias = alias or f"#{len(scope.sources)}"
            source = _Source(self._renamed(node, self.query(node.this, scope.parent, self._with_of(node, scope))))
        else:
            raise NotAllowed("this cannot be read from", hint="name a table or a subquery", **place(self._text, node))
        if alias in scope.sources or alias == MAPPING_ALIAS:
            self._fault(node, f"the name {alias} is taken", "give each table a name of its own with AS")
            alias = f"#{len(scope.sources)}"
        scope.sources[alias] = source

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
        if node.args.get("alias") and node.args["alias"].columns:
            hint = "rename columns in a SELECT list"
            raise NotAllowed("a list of new column names on a table is not open", hint=hint, **place(self._text, node))
        use = TableUse(self._places[id(node)], name, node.alias_or_name, ports)
        self.uses.append(use)
        return _Source(tuple(self._catalog.tables[name].columns), use, "" if node.alias else str(name))

    def _named(self, node: exp.Table) -> tuple[TableName, frozenset[str]]:
        name = TableName(node.catalog or CANONICAL_CATALOG, node.db or CANONICAL_SCHEMA, node.name)
        ports = frozenset({name.catalog})
        if name.schema == CANONICAL_SCHEMA and name.catalog in self._catalog.ports:
            name = name._replace(catalog=CANONICAL_CATALOG)
        elif name.catalog == CANONICAL_CATALOG:
            ports = frozenset(self._catalog.ports)
        return name, ports

    def _renamed(self, node: exp.Expr, names: Columns) -> Columns:
        alias = node.args.get("alias")
        columns = alias.columns if alias else ()
        if columns and len(columns) != len(names):
            self._fault(node, f"{len(columns)} names for {len(names)} columns", "name each column")
        return tuple(column.name for column in columns) or names

    def _join(self, join: exp.Join, scope: _Scope) -> None:
        self._relation(join.this, scope)
        for column in join.args.get("using") or ():
            holders = [source for source in scope.sources.values() if column.name in source.columns]
            if len(holders) < 2:
                self._fault(column, f"no column {column.name} on both sides", "USING needs the column on both sides")
            for source in holders:
                _use(source, column.name)
            scope.merged.add(column.name)
        if join.args.get("on"):
            self._expression(join.args["on"], scope)

    # --- names ------------------------------------------------------------------------------------------------------

    def _expression(self, node: exp.Expr, scope: _Scope) -> None:
        if isinstance(node, exp.Column):
            self._column(node, scope)
        elif isinstance(node, exp.Query):
            self.query(node, scope, scope.ctes)
        else:
            for child in node.iter_expressions():
                self._expression(child, scope)

    def _column(self, column: exp.Column, scope: _Scope) -> None:
        self._bound.add(id(column))
        found = False
        for level in scope.around():
            holders = self._holders(column, level)
            if len(holders) > 1 and column.name not in level.merged:
                self._fault(column, f"the name {column.sql()} means two columns", "say whose column it is: t.column")
            for source in holders:
                _use(source, column.name)
            found = found or bool(holders)
            if found and self._strict:
                break
        if not found:
            self._fault(column, f"there is no column {column.sql()}, or no agreement lets you use it", _seen(scope))
        column.set("db", None)
        column.set("catalog", None)

    def _holders(self, column: exp.Column, scope: _Scope) -> list[_Source]:
        if not column.table:
            return [source for source in scope.sources.values() if column.name in source.columns]
        source = self._source_of(column, scope)
        return [source] if source and column.name in source.columns else []

    def _source_of(self, column: exp.Column, scope: _Scope) -> _Source | None:
        source = scope.sources.get(column.table)
        if source and column.args.get("db"):
            written = ".".join(part.name for part in column.parts[:-1])
            return source if f".{source.qualified}".endswith(f".{written}") else None
        return source

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
        holders = self._holders(column, scope)
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


def _use(source: _Source, column: str) -> None:
    if source.use:
        source.use.columns.add(column)


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
