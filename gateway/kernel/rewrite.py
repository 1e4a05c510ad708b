"""Resolved + Grant -> the query with a guard in front of each table.

A guard is a derived table that lists the granted columns that the query uses, and the rows that an agreement admits:
for a port's own table one SELECT, for a canonical table one SELECT a port, joined by UNION ALL. Values from a policy
become typed literals here; nothing is ever pasted into text.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from sqlglot import exp

from gateway.errors import Denied
from gateway.kernel.dialect import DIALECT
from gateway.kernel.keys import ALL_PORTS
from gateway.kernel.resolve import MAPPING_ALIAS, Resolved
from gateway.kernel.scope import TableUse
from gateway.model import AgreementGrant, Branch, Condition, Grant, Mask, Scalar, Table

Arm = tuple[exp.Expr | None, exp.Expr]
"""A condition (None: always) and the value that stands where it holds."""
NO_COLUMN = "_"
"""The one column of a guard that shows none, as for `SELECT count(*)`; the resolver binds no name to it."""
HASH_LENGTH = 32

_COMPARISONS: dict[str, type[exp.Binary]] = {
    "eq": exp.EQ, "ne": exp.NEQ, "lt": exp.LT, "le": exp.LTE, "gt": exp.GT, "ge": exp.GTE,
}  # fmt: skip


def guard_tables(resolved: Resolved, grant: Grant) -> exp.Query | exp.Values:
    """Stand a guard in front of each table of the query.

    Invariants
    - `resolved` is left as it was: the answer is a copy.
    - Every table use is replaced by exactly one guard with the alias that the partner knows it by.
    - What is joined to the table in the same brackets, and a sample of it, stand at the guard instead.
    """
    guarded = resolved.tree.copy()
    nodes = list(guarded.find_all(exp.Table))
    for use in resolved.uses:
        node = nodes[use.place]
        guard = _guard(use, grant)
        for part in ("joins", "sample"):
            guard.set(part, node.args.get(part))
        if node.args.get("alias"):
            guard.args["alias"].set("columns", [name.copy() for name in node.args["alias"].columns])
        node.replace(guard)
    return guarded


def _guard(use: TableUse, grant: Grant) -> exp.Subquery:
    table = grant.granted.tables[use.name]
    branches = [branch for branch in grant.tables[use.name] if branch.port in use.ports]
    if not branches:
        raise Denied(f"no port that may answer is left for {use.name}")
    columns = [name for name in table.columns if name in use.columns]
    union: exp.Expr = _branch(table, columns, branches[0], grant)
    for branch in branches[1:]:
        union = exp.Union(this=union, expression=_branch(table, columns, branch, grant), distinct=False)
    return exp.Subquery(this=union, alias=exp.TableAlias(this=exp.to_identifier(use.alias, quoted=True)))


def _branch(table: Table, columns: list[str], branch: Branch, grant: Grant) -> exp.Select:
    cells = [_named(_cell(table, name, branch, grant), name) for name in columns]
    cells = cells or [_named(exp.true(), NO_COLUMN)]
    select = exp.Select(expressions=cells).from_(_source(table, columns, branch), copy=False)
    admitted = _any_of(branch.agreements, branch, grant.known.tables[table.name])
    return select if admitted is None else select.where(_true_or_nothing(admitted), copy=False)


def _true_or_nothing(rule: exp.Expr) -> exp.Expr:
    """A rule that stops at once where it is unknown.

    Trino goes on from `NULL AND …` to what a partner asked of the row, and an error would tell of a row that is hidden.
    The bare rule stays in front of it, for only that is pushed down to the port.
    """
    if rule == exp.false():
        return rule
    first = exp.paren(rule, copy=False) if isinstance(rule, exp.Connector) else rule
    return exp.And(this=first, expression=_call("coalesce", first.unnest().copy(), exp.false()))


def _source(table: Table, columns: list[str], branch: Branch) -> exp.Expr:
    """What the guard reads: the port's own table, or the port's mapping with the columns that guard and rules need."""
    mapping = branch.mapping
    if mapping is None:
        return exp.table_(table.name.table, table.name.schema, table.name.catalog, quoted=True)
    conditions = [c.column for a in branch.agreements for rule in a.rows for c in rule]
    shown = [name for name in columns if any(_shows(agreement, name) for agreement in branch.agreements)]
    needed = [name for name in dict.fromkeys([*shown, *conditions]) if name in mapping.columns]
    filled = [_named(mapping.columns[name].copy(), name) for name in needed]
    inner = mapping.source.copy()
    inner.set("expressions", filled or [_named(exp.true(), NO_COLUMN)])
    return inner.subquery(exp.to_identifier(MAPPING_ALIAS, quoted=True), copy=False)


def _shows(agreement: AgreementGrant, name: str) -> bool:
    """Whether the agreement needs the value itself: what is masked to NULL or a constant is not read at all."""
    if name not in agreement.columns:
        return False
    mask = agreement.columns[name]
    return mask is None or mask.kind not in ("null", "constant")


def _cell(table: Table, name: str, branch: Branch, grant: Grant) -> exp.Expr:
    """One value of a guard: raw where an agreement that shows the column admits the row, else masked, else NULL."""
    type_ = table.columns[name].type
    kept = branch.mapping is None or name in branch.mapping.columns
    givers = [agreement for agreement in branch.agreements if name in agreement.columns]
    if not kept or not givers:
        return _null(type_)
    showing = [agreement for agreement in givers if agreement.columns[name] is None]
    known = grant.known.tables[table.name]
    arms: list[Arm] = [(_where(showing, branch, known), _column(name))] if showing else []
    for agreement in givers:
        mask = agreement.columns[name]
        if mask is not None:
            arms.append((_where([agreement], branch, known), _masked(name, type_, mask, branch.port, grant)))
    return _first_that_holds(arms, type_)


def _where(agreements: list[AgreementGrant], branch: Branch, known: Table) -> exp.Expr | None:
    """The rows of the guard that the agreements admit; None if that is every row which the guard lets through.

    Over a mapping each value carries its rule all the same: Trino may take what a partner asks of a value below the
    mapping's joins, where the guard's own rule has not run yet. There it then meets NULL in a row that is hidden.
    """
    if branch.mapping is not None:
        return _any_of(agreements, branch, known)
    mine = {rule for agreement in agreements for rule in agreement.rows}
    everyones = {rule for agreement in branch.agreements for rule in agreement.rows}
    return None if everyones <= mine else _any_of(agreements, branch, known)


def _first_that_holds(arms: list[Arm], type_: str) -> exp.Expr:
    case = exp.Case()
    for condition, value in arms:
        if condition is None:  # all rows: nothing after it can be reached
            return case.else_(value, copy=False) if case.args.get("ifs") else value
        case = case.when(_where_it_stands(condition), value, copy=False)
    return case.else_(_null(type_), copy=False)


def _where_it_stands(rule: exp.Expr) -> exp.And:
    """A choice that Trino makes in the guard and nowhere else.

    Where it knows that a column equals a constant, it puts the constant into whatever else is asked of the row: a rule
    over that column becomes TRUE, and what it stood before runs on rows that are hidden. It never moves chance.
    """
    return exp.And(this=rule, expression=exp.GTE(this=_call("random"), expression=exp.Literal.number("0e0")))


# --- masks ----------------------------------------------------------------------------------------------------------


def _masked(name: str, type_: str, mask: Mask, port: str, grant: Grant) -> exp.Expr:
    """What stands in place of a value: of the column's own type, NULL where the value is NULL, and never a failure."""
    if mask.kind == "null":
        return _null(type_)
    if mask.kind == "constant":
        constant = exp.null() if mask.value is None else _literal(mask.value, "varchar")
        return exp.Cast(this=constant, to=_type(type_))
    family = type_.partition("(")[0]
    if family not in MASKABLE[mask.kind] or (family, mask.value) == ("date", "hour"):
        raise Denied(f"{port} masks {name} in a way ({mask.kind.replace('_', ' ')}) that its type cannot take")
    if mask.kind in ("keyed_hash", "join_hash"):
        return _hash(name, type_, grant.mask_keys[port if mask.kind == "keyed_hash" else ALL_PORTS], port)
    if mask.kind == "truncate":
        return _truncated(name, type_, mask)
    if mask.kind == "time_grain":
        moment: exp.Expr = _column(name)
        if type_.endswith("with time zone"):  # the start of a day is the same for everybody
            moment = exp.AtTimeZone(this=moment, zone=exp.Literal.string("UTC"))
        return _call("date_trunc", exp.Literal.string(str(mask.value)), moment)
    return _band(name, type_, _whole(mask.value), is_float=family in FLOATS)


FLOATS = ("double", "real")
_WHOLE = ("tinyint", "smallint", "integer", "bigint")
MASKABLE: dict[str, tuple[str, ...]] = {
    "keyed_hash": ("varchar",), "join_hash": ("varchar",), "truncate": ("varchar",),
    "time_grain": ("timestamp", "date"), "band": (*_WHOLE, "decimal", *FLOATS), "geo_grid": ("double",),
}  # fmt: skip
"""Which types a mask can take, by the first word of their names."""


def _hash(name: str, type_: str, hexadecimal: str, port: str) -> exp.Expr:
    if type_ != "varchar":
        raise Denied(f"{port} masks {name} by a hash, for which its texts are too short")
    key = _call("from_hex", exp.Literal.string(hexadecimal))
    digest = _call("hmac_sha256", _call("to_utf8", _column(name)), key)
    return _call("substr", _call("to_hex", digest), exp.Literal.number(1), exp.Literal.number(HASH_LENGTH))


def _truncated(name: str, type_: str, mask: Mask) -> exp.Expr:
    kept = _call("substr", _column(name), exp.Literal.number(1), exp.Literal.number(mask.value))
    if mask.fill:
        kept = _call("rpad", kept, _call("length", _column(name)), exp.Literal.string(mask.fill))
    return kept if type_ == "varchar" else exp.Cast(this=kept, to=_type(type_))


def _band(name: str, type_: str, width: int | float, *, is_float: bool) -> exp.Expr:
    """The lower edge of the band that a number lies in; NULL where the type cannot hold the edge."""
    if is_float:
        steps = _call("floor", exp.Div(this=_column(name), expression=_number(width), typed=True, safe=False))
        return exp.Cast(this=exp.Mul(this=steps, expression=_number(width)), to=_type(type_))
    over = exp.Mod(this=_column(name), expression=_number(width))  # of the number's own sign
    raised = exp.Add(this=exp.Paren(this=over), expression=_number(width))
    above = exp.Mod(this=exp.Paren(this=raised), expression=_number(width))
    edge = exp.Sub(this=_column(name), expression=exp.Paren(this=above))
    return _call("try", exp.Cast(this=edge, to=_type(type_)))


def _whole(width: Scalar | None) -> int | float:
    """A width as it is written: without a point where it is whole."""
    if isinstance(width, bool) or not isinstance(width, (int, float)):
        raise Denied("a port masks by bands of no width")
    return int(width) if width == int(width) else width


def _number(value: int | float) -> exp.Expr:
    return exp.Literal.number(value)


# --- rows -----------------------------------------------------------------------------------------------------------


def _any_of(agreements: Iterable[AgreementGrant], branch: Branch, known: Table) -> exp.Expr | None:
    """The rows that one of the agreements admits; None means all of them."""
    alternatives = [rule for agreement in agreements for rule in agreement.rows]
    if () in alternatives:
        return None
    if not alternatives:
        return exp.false()
    rules = [exp.and_(*(_holds(condition, branch, known) for condition in rule), copy=False) for rule in alternatives]
    return exp.paren(exp.or_(*rules, copy=False), copy=False) if len(rules) > 1 else rules[0]


def _holds(condition: Condition, branch: Branch, known: Table) -> exp.Expr:
    """One condition as a predicate; on a column that the port does not keep, it holds for no row."""
    if branch.mapping is not None and condition.column not in branch.mapping.columns:
        return exp.false()
    column, type_ = _column(condition.column), known.columns[condition.column].type
    values = [_literal(value, type_) for value in _listed(condition.value)]
    if condition.op in _COMPARISONS:
        return _COMPARISONS[condition.op](this=column, expression=values[0])
    if condition.op in ("in", "not_in"):
        found = exp.In(this=column, expressions=values) if values else exp.false()
        return found if condition.op == "in" else exp.not_(found, copy=False)
    if condition.op == "between":
        return exp.Between(this=column, low=values[0], high=values[1])
    if condition.op == "starts_with":
        return _call("starts_with", column, values[0])
    missing = exp.Is(this=column, expression=exp.null())
    return missing if condition.op == "is_null" else exp.not_(missing, copy=False)


def _listed(value: Scalar | tuple[Scalar, ...] | None) -> tuple[Scalar, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _literal(value: Scalar, type_: str) -> exp.Expr:
    if isinstance(value, bool):
        return exp.Boolean(this=value)
    if isinstance(value, (int, float)):
        return exp.Literal.number(value)
    text = exp.Literal.string(value)
    return text if type_.startswith("varchar") else exp.Cast(this=text, to=_type(type_))


def _call(name: str, *arguments: exp.Expr) -> exp.Anonymous:
    return exp.Anonymous(this=name, expressions=list(arguments))


def _named(value: exp.Expr, name: str) -> exp.Alias:
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def _column(name: str) -> exp.Column:
    return exp.column(exp.to_identifier(name, quoted=True))


def _null(type_: str) -> exp.Cast:
    return exp.Cast(this=exp.null(), to=_type(type_))


def _type(type_: str) -> exp.DataType:
    return _built(type_).copy()


@lru_cache(maxsize=512)
def _built(type_: str) -> exp.DataType:
    return exp.DataType.build(type_, dialect=DIALECT)
