"""The emitted SQL + Grant -> Verified: reads our own text again and trusts nothing that wrote it.

It shares no code with `rewrite`: it takes each guard apart, back into the values of the grant, and compares.
(0) the text is a fixpoint: what we read in it is what it says, and it is one query
(1) every table with a catalog stands in a guard, and every other table is a CTE of a level around it
(2) a guard is one plain SELECT for each port, joined by UNION ALL, and reads one port each
(3) a guard reads the port's own table as it is, or exactly the port's mapping
(4) a guard lists granted columns only, each once, by its own name, no star
(5) a guard lets through only rows that an agreement admits
(6) each value is raw only where an agreement shows it, masked as agreed, or NULL
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

import sqlglot
from sqlglot import exp

from gateway.errors import VerificationFailed
from gateway.kernel.allowed import DIALECT
from gateway.model import AgreementGrant, Branch, Condition, Grant, Mask, PortMapping, Scalar, Table, TableName

Fact = tuple[str, str, tuple[str, ...]]
"""A condition in a comparable form: column, operator, values as text."""
Rules = frozenset[frozenset[Fact]]

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "eq", exp.NEQ: "ne", exp.LT: "lt", exp.LTE: "le", exp.GT: "gt", exp.GTE: "ge",
}  # fmt: skip
_EVERYTHING: Rules = frozenset({frozenset()})
_NOTHING: Rules = frozenset()


@dataclass(frozen=True, slots=True)
class Verified:
    """SQL that may be sent; only `verify` makes one."""

    sql: str
    ports: tuple[str, ...]
    """The ports that it reads."""
    guarded: tuple[tuple[TableName, str], ...]
    """Each table that it reads through a guard, with the port whose rows come."""
    physical: tuple[TableName, ...]
    """Every table of a port that it reads, those of mappings included."""


def verify(sql: str, grant: Grant) -> Verified:
    """Check our own SQL against the grant, or raise `VerificationFailed`; nothing is ever mended here."""
    # (0) a fixpoint, one query
    trees = sqlglot.parse(sql, dialect=DIALECT)
    _demand(len(trees) == 1 and isinstance(trees[0], exp.Query), "(0) not one query")
    tree = trees[0]
    if tree is None:
        raise VerificationFailed("the rewritten query is empty")
    _demand(_text(tree) == sql, "(0) not a fixpoint")
    # (1) every table in a guard
    read = tuple(_guards(tree, frozenset(), grant))
    physical = {TableName(t.catalog, t.db, t.name) for t in tree.find_all(exp.Table) if t.catalog}
    ports = {port for _, port in read}
    _demand({table.catalog for table in physical} == ports, "(3) a port that was not granted")
    return Verified(sql, tuple(sorted(ports)), tuple(dict.fromkeys(read)), tuple(sorted(physical)))


def _demand(holds: bool, rule: str) -> None:
    if not holds:
        raise VerificationFailed(f"the rewritten query broke rule {rule}")


# --- (1) every table in a guard -------------------------------------------------------------------------------------


def _guards(node: exp.Expr, ctes: frozenset[str], grant: Grant) -> Iterator[tuple[TableName, str]]:
    """Walk from the root; check each guard met, go past it, and refuse any other table."""
    clause = node.args.get("with_")
    for cte in clause.expressions if clause else ():
        yield from _guards(cte.this, ctes, grant)
        ctes |= {cte.alias}
    if isinstance(node, exp.Table):
        _demand(not node.db and not node.catalog and node.name in ctes, "(1) a table outside a guard")
    elif isinstance(node, exp.Subquery) and _claims_to_guard(node):
        yield from _check_guard(node, grant)
    else:
        for child in node.iter_expressions():
            if child is not clause:
                yield from _guards(child, ctes, grant)


def _claims_to_guard(node: exp.Subquery) -> bool:
    first = next(_selects(node.this), None)
    source = first.args["from_"].this if first and first.args.get("from_") else None
    if isinstance(source, exp.Table):
        return bool(source.catalog)
    return isinstance(source, exp.Subquery) and source.alias == "portgate mapping"


def _selects(union: exp.Expr) -> Iterator[exp.Select]:
    # (2) joined by UNION ALL
    if isinstance(union, exp.Union) and union.args.get("distinct") is False:
        yield from _selects(union.this)
        yield from _selects(union.expression)
    elif isinstance(union, exp.Select):
        yield union


def _check_guard(guard: exp.Subquery, grant: Grant) -> Iterator[tuple[TableName, str]]:
    plain = _keys(guard) == {"this", "alias"} and not guard.args["alias"].columns
    _demand(plain, "(2) a guard with more than an alias")
    selects = list(_selects(guard.this))
    sets = [node for node in guard.this.walk(prune=_is_select) if isinstance(node, exp.SetOperation)]
    _demand(len(sets) == len(selects) - 1, "(2) a guard that is no UNION ALL")
    _demand(all(_keys(node) <= {"this", "expression"} for node in sets), "(2) a union with more than its sides")
    seen: set[tuple[TableName, str]] = set()
    for select in selects:
        _demand(_keys(select) <= {"expressions", "from_", "where"}, "(2) a guard with more than FROM and WHERE")
        name, port = _check_select(select, grant)
        _demand((name, port) not in seen, "(2) a port read twice in one guard")
        seen.add((name, port))
    _demand(len({name for name, _ in seen}) == 1, "(2) two tables in one guard")
    yield from sorted(seen)


def _is_select(node: exp.Expr) -> bool:
    return isinstance(node, exp.Select)


def _keys(node: exp.Expr) -> set[str]:
    return {key for key, value in node.args.items() if value}


# --- (3) the source -------------------------------------------------------------------------------------------------


def _check_select(select: exp.Select, grant: Grant) -> tuple[TableName, str]:
    source = select.args["from_"].this
    names = [item.alias for item in select.expressions]
    if isinstance(source, exp.Table):
        name = TableName(source.catalog, source.db, source.name)
        _demand(_keys(source) == {"this", "db", "catalog"}, "(3) a table with more than its name")
        branch = _branch(grant, name, name.catalog)
        _demand(branch.mapping is None, "(3) a canonical table read as it is")
    else:
        name, branch = _check_mapping(source, grant)
    table = grant.granted.tables[name]
    # (4) granted columns only, each once
    _demand(all(isinstance(item, exp.Alias) for item in select.expressions), "(4) a column without its name")
    _demand(len(set(names)) == len(names), "(4) a column twice")
    if names == ["_"]:
        _demand(select.expressions[0].this == exp.true(), "(4) a value in the empty column")
    else:
        _demand(set(names) <= set(table.columns), "(4) a column that was not granted")
        for item in select.expressions:
            _check_cell(item.this, item.alias, table, branch, grant)
    # (5) admitted rows only
    where = select.args.get("where")
    admitted = _rules_read(where.this, branch) if where else _EVERYTHING
    _demand(admitted == _rules_granted(branch.agreements, branch), "(5) rows that no agreement admits")
    return name, branch.port


def _branch(grant: Grant, name: TableName, port: str) -> Branch:
    found = [branch for branch in grant.tables.get(name, ()) if branch.port == port]
    _demand(len(found) == 1, "(3) a table that was not granted")
    return found[0]


def _check_mapping(source: exp.Expr, grant: Grant) -> tuple[TableName, Branch]:
    _demand(isinstance(source, exp.Subquery) and _keys(source) == {"this", "alias"}, "(3) no mapping in a guard")
    inner = source.this
    first = inner.find(exp.Table)
    port = first.catalog if first else ""
    for name, branches in grant.tables.items():
        for branch in branches:
            if branch.mapping is not None and branch.port == port and _fills(inner, branch, grant.known.revision):
                return name, branch
    raise VerificationFailed("the rewritten query broke rule (3) a mapping that was not granted")


def _fills(inner: exp.Expr, branch: Branch, revision: str) -> bool:
    """Whether `inner` is the port's mapping with some of its columns, each filled as the catalog says."""
    mapping = branch.mapping
    if mapping is None or not isinstance(inner, exp.Select):
        return False
    source, columns = _mapping_texts(_ByKey((revision, branch.port, mapping.table), mapping))
    items = inner.expressions
    bare = exp.Select(**{**inner.args, "expressions": []}, copy=False)
    same_source = _text(bare) == source
    for item in items:
        if not isinstance(item, exp.Alias) or not (_is_empty(item) or _text(item.this) == columns.get(item.alias)):
            return False
    return same_source


def _is_empty(item: exp.Alias) -> bool:
    return item.alias == "_" and bool(item.this == exp.true())


class _ByKey:
    """A mapping that a cache knows by the catalog it came from."""

    def __init__(self, key: tuple[str, str, str], mapping: PortMapping) -> None:
        self.key, self.mapping = key, mapping

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByKey) and self.key == other.key


@lru_cache(maxsize=512)
def _mapping_texts(known: _ByKey) -> tuple[str, Mapping[str, str]]:
    """The mapping as text: its source, and each of its columns."""
    mapping = known.mapping
    return _text(mapping.source.copy()), {name: _text(value.copy()) for name, value in mapping.columns.items()}


def _text(node: exp.Expr) -> str:
    return str(node.sql(dialect=DIALECT, comments=False, identify=True, copy=False))


# --- (5) the rows ---------------------------------------------------------------------------------------------------


def _rules_granted(agreements: Iterable[AgreementGrant], branch: Branch) -> Rules:
    rules = set()
    for agreement in agreements:
        for rule in agreement.rows:
            facts = frozenset(_fact_granted(condition) for condition in rule)
            kept = branch.mapping is None or all(c.column in branch.mapping.columns for c in rule)
            if kept and not any(fact[1] == "in" and not fact[2] for fact in facts):
                rules.add(frozenset(fact for fact in facts if not (fact[1] == "not_in" and not fact[2])))
    return _EVERYTHING if frozenset() in rules else frozenset(rules)


def _fact_granted(condition: Condition) -> Fact:
    value = condition.value
    values: tuple[Scalar, ...] = value if isinstance(value, tuple) else () if value is None else (value,)
    return condition.column, condition.op, tuple(_spelled(item) for item in values)


def _spelled(value: Scalar) -> str:
    if isinstance(value, bool):
        return f"b:{value}"
    if isinstance(value, (int, float)):
        return f"n:{Decimal(str(value)).normalize()}"
    return f"s:{value}"


def _rules_read(node: exp.Expr, branch: Branch) -> Rules:
    """Read a predicate back into alternatives of facts."""
    node = node.unnest()
    if isinstance(node, exp.Or):
        parts = [_rules_read(part, branch) for part in node.flatten()]
        joined = frozenset().union(*parts)
        return _EVERYTHING if frozenset() in joined else joined
    facts: set[Fact] = set()
    for part in node.flatten() if isinstance(node, exp.And) else (node,):
        part = part.unnest()
        if part == exp.false():
            return _NOTHING
        if part != exp.Not(this=exp.false()):
            facts.add(_fact_read(part))
    return frozenset({frozenset(facts)})


def _fact_read(node: exp.Expr) -> Fact:
    if isinstance(node, exp.Not):
        column, op, values = _fact_read(node.this.unnest())
        _demand(op in ("in", "is_null"), "(5) a condition that no agreement can have")
        return column, {"in": "not_in", "is_null": "not_null"}[op], values
    column = _plain_name(node.this)
    if type(node) in _OPERATORS:
        return column, _OPERATORS[type(node)], (_value_read(node.expression),)
    if isinstance(node, exp.In) and _keys(node) == {"this", "expressions"}:
        return column, "in", tuple(_value_read(item) for item in node.expressions)
    if isinstance(node, exp.Between) and _keys(node) == {"this", "low", "high"}:
        return column, "between", (_value_read(node.args["low"]), _value_read(node.args["high"]))
    if isinstance(node, exp.Is) and node.expression == exp.null():
        return column, "is_null", ()
    _demand(isinstance(node, exp.StartsWith), "(5) a condition that no agreement can have")
    return column, "starts_with", (_value_read(node.expression),)


def _plain_name(node: exp.Expr) -> str:
    _demand(isinstance(node, exp.Column) and not node.table, "(6) a value that is not a plain column")
    return node.name


def _value_read(node: exp.Expr) -> str:
    if isinstance(node, exp.Cast):
        node = node.this
    if isinstance(node, exp.Boolean):
        return _spelled(bool(node.this))
    negative = isinstance(node, exp.Neg)
    node = node.this if negative else node
    _demand(isinstance(node, exp.Literal), "(5) a condition on something else than a value")
    if node.is_string:
        return _spelled(node.name)
    number = Decimal(node.name)
    return f"n:{(-number if negative else number).normalize()}"


# --- (6) the values -------------------------------------------------------------------------------------------------


def _check_cell(value: exp.Expr, name: str, table: Table, branch: Branch, grant: Grant) -> None:
    _demand(table.columns[name].sensitivity != "labor" or _is_null(value), "(6) a worker's data")
    if not isinstance(value, exp.Case):
        _check_arm(value, _EVERYTHING, name, branch, grant)
        return
    _demand(_keys(value) <= {"ifs", "default"}, "(6) a CASE of another shape")
    for arm in value.args["ifs"]:
        _check_arm(arm.args["true"], _rules_read(arm.this, branch), name, branch, grant)
    _check_arm(value.args["default"], _EVERYTHING, name, branch, grant)


def _check_arm(value: exp.Expr, rows: Rules, name: str, branch: Branch, grant: Grant) -> None:
    """Accept a value for `rows` if the agreements that give it admit those rows, or all that the guard lets through."""
    if _is_null(value):
        return
    mask = _mask_read(value, name, branch, grant)
    givers = [a for a in branch.agreements if name in a.columns and a.columns[name] == mask]
    admitted = _rules_granted(givers, branch)
    whole = admitted == _EVERYTHING or _rules_granted(branch.agreements, branch) <= admitted
    _demand(bool(givers) and (rows <= admitted or whole), "(6) a value that is not given")


def _is_null(value: exp.Expr) -> bool:
    return isinstance(value, exp.Cast) and value.this == exp.null()


def _mask_read(value: exp.Expr, name: str, branch: Branch, grant: Grant) -> Mask | None:
    if isinstance(value, exp.Column):
        _demand(_plain_name(value) == name, "(6) another column's value")
        return None
    if isinstance(value, exp.Cast):
        given = [a.columns.get(name) for a in branch.agreements]
        text = _value_read(value)
        for mask in given:
            if mask is not None and mask.kind == "constant" and mask.value is not None and _spelled(mask.value) == text:
                return mask
        raise VerificationFailed("the rewritten query broke rule (6) a constant that was not agreed")
    expected = f"SUBSTR(TO_HEX(HMAC_SHA256(TO_UTF8(\"{name}\"), FROM_HEX('{grant.mask_keys[branch.port]}'))), 1, 32)"
    _demand(_text(value) == expected, "(6) a value of another shape")
    return Mask("keyed_hash")
