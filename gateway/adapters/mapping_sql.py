"""Turns the SQL texts of one port's mapping into checked sqlglot trees that Trino and we read alike.

1. Only the nodes and functions of the lists below; everything else is refused by name.
2. Every column is written `alias.column`, and is a listed column of a table of this port.
3. A column that holds labor or confidential data fills only a canonical column at least as guarded, and labor data
   stands in no FROM, WHERE or GROUP BY.
4. Every filled column is CAST to the canonical type, so that the ports' branches of a union fit together.
5. The finished query is emitted and read again, and that reading is what is kept: its text is a fixpoint.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from sqlglot import exp
from sqlglot.errors import SqlglotError

from gateway.errors import GatewayError
from gateway.kernel.dialect import DIALECT, read_text
from gateway.kernel.lexer import ARRAY, INTERVAL, LITERAL

LITERALS_AND_NAMES = {exp.Column, exp.Identifier, exp.Literal, exp.Null, exp.Boolean, exp.Var, exp.Star}
TYPES = {exp.Cast, exp.TryCast, exp.DataType, exp.DataTypeParam}
LOGIC = {
    exp.And, exp.Or, exp.Not, exp.Paren, exp.Is, exp.In, exp.Between, exp.Like, exp.Case, exp.If,
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
}  # fmt: skip
ARITHMETIC = {exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe}
CALLS = {exp.Anonymous, exp.Trim, exp.AtTimeZone, exp.Distinct, exp.Filter, exp.Where}
QUERY = {exp.Select, exp.From, exp.Join, exp.Table, exp.TableAlias, exp.Subquery, exp.Group, exp.Alias, exp.Unnest}
SCALAR_NODES = frozenset(LITERALS_AND_NAMES | TYPES | LOGIC | ARITHMETIC | CALLS)
SOURCE_NODES = SCALAR_NODES | QUERY
FUNCTIONS = frozenset(
    (
        "if coalesce nullif try abs round floor greatest least concat lower upper lpad rpad replace substr substring "
        "length split_part strpos starts_with regexp_extract regexp_replace regexp_like date date_add date_diff "
        "date_trunc date_parse from_iso8601_timestamp last_day_of_month year month to_unixtime "
        "with_timezone from_unixtime_nanos count sum min max avg max_by min_by bool_or count_if"
    ).split()
) | {INTERVAL, LITERAL, ARRAY}
"""Functions that a mapping may use: each gives one value a row, or one a group, and none can fail on a port's data."""

GUARDED = {"labor": 2, "confidential": 1}
"""Sensitivities that may not flow into a column that is guarded less; all others count 0."""

Reach = Mapping[str, frozenset[str]]
"""Output column -> the sensitivities of the port's columns that it is made of."""


class MappingFault(Exception):
    """What is wrong with one text of a mapping, and its mend."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.what = what
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Source:
    """The FROM, WHERE and GROUP BY of one mapping, and what each of its aliases offers."""

    select: exp.Select
    aliases: Mapping[str, Reach]


def nearest(word: str, known: Mapping[str, object] | list[str]) -> str:
    """Say which known word is meant, or which there are."""
    close = get_close_matches(word, list(known), n=1, cutoff=0.6)
    if close:
        return f"did you mean `{close[0]}`?"
    return "known here: " + ", ".join(sorted(known)[:40])


def read_source(port: str, texts: tuple[str, str, list[str]], tables: Mapping[str, Mapping[str, str]]) -> Source:
    """Read FROM, WHERE and GROUP BY (`texts`) over `tables` (schema.table -> column -> sensitivity)."""
    text_from, text_where, group_by = texts
    select = _parse(
        f"SELECT 1 FROM {text_from}"  # noqa: S608, text of a port's own file, checked node by node below
        + (f" WHERE {text_where}" if text_where else "")
        + (f" GROUP BY {', '.join(group_by)}" if group_by else "")
    )
    if not isinstance(select, exp.Select):
        raise MappingFault("`from` is not one FROM clause", "write: schema.table AS alias [JOIN ...]")
    _allow(select, SOURCE_NODES)
    _hide_what_is_unknown(select)
    select.set("expressions", [])
    return Source(select, _aliases(port, select, tables))


def _hide_what_is_unknown(select: exp.Select) -> None:
    """`WHERE w` becomes `WHERE (w) AND coalesce(w, FALSE)`: after NULL, Trino would run a partner's condition."""
    where = select.args.get("where")
    if where:
        known = exp.Anonymous(this="coalesce", expressions=[where.this.copy(), exp.false()])
        where.set("this", exp.And(this=exp.paren(where.this.copy()), expression=known))


def read_column(text: str, source: Source, sensitivity: str) -> exp.Expression:
    """Read one expression over `source` that fills a canonical column of this sensitivity."""
    expression = _parse(text)
    _allow(expression, SCALAR_NODES)
    for reached in _reach(expression, source.aliases):
        if GUARDED.get(reached, 0) > GUARDED.get(sensitivity, 0):
            raise MappingFault(
                f"{reached} data would fill a column that is only {sensitivity}",
                "fill it from another column, or list the canonical column under `not_kept`",
            )
    return expression


def assemble(
    source: Source, columns: Mapping[str, tuple[exp.Expression, str]]
) -> tuple[exp.Select, dict[str, exp.Expression]]:
    """Cast every column to its type and give the whole as Trino will read it: the source, and each expression."""
    select = source.select.copy()
    select.set("expressions", [_cast(e, kind).as_(name) for name, (e, kind) in columns.items()])
    for identifier in select.find_all(exp.Identifier):
        identifier.set("quoted", True)
    read = _parse(select.sql(DIALECT, comments=False))
    emitted = read.copy().sql(DIALECT, comments=False)
    if not isinstance(read, exp.Select) or _parse(emitted) != read:
        raise MappingFault("the text changes each time that it is written out", "write the expression another way")
    for node in read.walk():
        node._meta = None  # places in this text mean nothing later, and copying them is most of the cost of a copy
    filled = {alias.alias: alias.this.copy() for alias in read.expressions}
    read.set("expressions", [])
    return read, filled


def _cast(expression: exp.Expression, kind: str) -> exp.Expression:
    return exp.Cast(this=expression.copy(), to=exp.DataType.build(kind, dialect=DIALECT))


def _parse(text: str) -> exp.Expression:
    try:
        parsed = read_text(text)
    except (GatewayError, SqlglotError, RecursionError) as error:
        first = str(error).splitlines()[0]
        raise MappingFault(f"this is not Trino SQL ({first})", "mend the text; try it in Trino first") from error
    if not isinstance(parsed, exp.Expression):
        raise MappingFault("this is not one expression", "write exactly one, without a semicolon")
    return parsed


def _allow(tree: exp.Expression, nodes: frozenset[type]) -> None:
    for node in tree.walk():
        _allow_node(node, nodes)
        if isinstance(node, exp.Subquery) and not isinstance(node.parent, exp.From | exp.Join):
            raise MappingFault("a subquery stands outside FROM", "join it in `from` with an alias")
        if isinstance(node, exp.Star) and not (isinstance(node.parent, exp.Anonymous) and node.parent.name == "count"):
            raise MappingFault("a star stands outside count(*)", "name the columns")
        if isinstance(node, exp.Join) and (node.args.get("using") or node.method):
            raise MappingFault("a join names no condition", "write JOIN ... ON a.x = b.y")
        if isinstance(node, exp.Identifier):
            node.set("this", node.name.lower())
            node.set("quoted", True)


def _allow_node(node: exp.Expr, nodes: frozenset[type]) -> None:
    call = isinstance(node, exp.Anonymous)
    if type(node) not in nodes or (call and node.name not in FUNCTIONS):
        name = node.name if call else type(node).__name__
        raise MappingFault(
            f"`{name}` is not on the list of what a mapping may use",
            "write it, in small letters, with the functions listed in gateway/adapters/mapping_sql.py",
        )
    if isinstance(node, exp.DataType) and node.this in {exp.DType.DECIMAL, exp.DType.CHAR} and not node.expressions:
        raise MappingFault(f"{node.this.value} without a size means another value in Trino", "write decimal(p, s)")


def _clauses(select: exp.Select) -> Iterator[exp.Expression]:
    yield select.args["from_"].this
    for join in _joins(select):
        yield join.this


def _joins(select: exp.Select) -> list[exp.Join]:
    return select.args.get("joins") or []


def _aliases(port: str, select: exp.Select, tables: Mapping[str, Mapping[str, str]]) -> dict[str, Reach]:
    found: dict[str, Reach] = {}
    for clause in _clauses(select):
        if clause.alias_column_names and not isinstance(clause, exp.Unnest):
            raise MappingFault(f"`{clause.alias}` renames its columns", "name them inside the subquery, with AS")
        alias = clause.alias_or_name
        if alias in found:
            raise MappingFault(f"two tables are called `{alias}`", "give each table its own alias")
        found[alias] = _offers(port, clause, tables, found)
    conditions = [select.args.get("where"), select.args.get("group"), *(j.args.get("on") for j in _joins(select))]
    if any("labor" in _reach(condition, found) for condition in conditions if condition):
        raise MappingFault("labor data stands in FROM, WHERE or GROUP BY", "leave that column out of the clause")
    return found


def _offers(
    port: str, clause: exp.Expression, tables: Mapping[str, Mapping[str, str]], before: Mapping[str, Reach]
) -> Reach:
    """Give the columns that one item of a FROM clause offers."""
    if isinstance(clause, exp.Table):
        return _table_offers(port, clause, tables)
    if isinstance(clause, exp.Subquery) and isinstance(clause.this, exp.Select):
        inner = _aliases(port, clause.this, tables)
        return {e.alias_or_name: _reach(e, inner) for e in clause.this.expressions}
    if isinstance(clause, exp.Unnest):
        reached = _reach(clause, before)
        return {column.name: reached for column in clause.args["alias"].columns}
    raise MappingFault(f"`{clause.sql(DIALECT)}` stands in FROM", "use tables, subqueries and UNNEST with an alias")


def _table_offers(port: str, table: exp.Table, tables: Mapping[str, Mapping[str, str]]) -> Reach:
    if table.catalog or not table.db:
        raise MappingFault(f"table `{table.sql(DIALECT)}`", "name it schema.table, without a catalog")
    name = f"{table.db}.{table.name}"
    if name not in tables:
        raise MappingFault(f"no table `{name}` is listed under `tables` of this port", nearest(name, list(tables)))
    table.set("catalog", exp.to_identifier(port, quoted=True))
    return {column: frozenset({sensitivity}) for column, sensitivity in tables[name].items()}


def _reach(tree: exp.Expression, aliases: Mapping[str, Reach]) -> frozenset[str]:
    """Resolve each column of `tree` outside its subqueries, and give the sensitivities that it touches."""
    reached: frozenset[str] = frozenset()
    for node in tree.walk(prune=lambda n: isinstance(n, exp.Subquery)):
        if isinstance(node, exp.Column):
            reached |= _column_reach(node, aliases)
    return reached


def _column_reach(column: exp.Column, aliases: Mapping[str, Reach]) -> frozenset[str]:
    if column.args.get("db") or not column.table:
        raise MappingFault(f"column `{column.name}` has no alias", f"write one of: {', '.join(aliases)} before it")
    if column.table not in aliases:
        raise MappingFault(f"alias `{column.table}` is not in `from`", nearest(column.table, list(aliases)))
    offered = aliases[column.table]
    if column.name not in offered:
        raise MappingFault(
            f"`{column.table}` has no column `{column.name}` under `tables` of this port",
            nearest(column.name, list(offered)),
        )
    return offered[column.name]
