"""The emitted SQL + Grant -> Verified: reads our own text again and trusts nothing that wrote it.

It shares no code with `rewrite`: it takes each guard apart, back into the values of the grant, and compares.
(0) it is one query of allowed nodes and functions, and a fixpoint: what we read in the text is what it says
(1) every table with a catalog stands in a guard, and every other table is a CTE of a level around it, or a sequence
(2) a guard is one plain SELECT for each port, joined by UNION ALL, with the same columns and one port each
(3) a guard reads the port's own table as it is, or the port's mapping with just the columns that guard and rules need
(4) a guard lists granted columns only, each once, by its own name, no star
(5) a guard lets through only rows that an agreement admits
(6) each value is raw only where an agreement shows it, else masked by the first that masks it, else NULL; over a
    mapping it carries its rule, and no choice between values can be moved out of the guard
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from sqlglot import exp
from sqlglot.errors import SqlglotError

from gateway.errors import GatewayError, VerificationFailed
from gateway.kernel.allowed import NODES, parts_of
from gateway.kernel.dialect import DIALECT, emit, read_back
from gateway.kernel.functions import FUNCTIONS, TABLE_FUNCTIONS
from gateway.kernel.lexer import ARRAY, INTERVAL, LITERAL
from gateway.model import AgreementGrant, Branch, Condition, Grant, Mask, PortMapping, Scalar, Table, TableName

Fact = tuple[str, str, tuple[str, ...]]
"""A condition in a comparable form: column, operator, values as text."""
Rules = frozenset[frozenset[Fact]]

_OPERATORS: dict[type[exp.Expr], str] = {
    exp.EQ: "eq", exp.NEQ: "ne", exp.LT: "lt", exp.LTE: "le", exp.GT: "gt", exp.GTE: "ge",
}  # fmt: skip
_EVERYTHING: Rules = frozenset({frozenset()})
_NOTHING: Rules = frozenset()
_ZONE = re.compile(r"(UTC|[-+][0-9]{2}:[0-9]{2})$")
_CONSTANTS = (exp.false(), exp.Not(this=exp.false()))


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
    # (0) one query of allowed nodes
    try:
        tree = read_back(sql)
    except (GatewayError, SqlglotError, RecursionError) as error:
        raise VerificationFailed("the rewritten query broke rule (0) not one query") from error
    _demand(isinstance(tree, exp.Query | exp.Values), "(0) not one query")
    for node in tree.walk():
        _demand(type(node) in NODES and parts_of(node) <= NODES[type(node)], "(0) a node that is not open")
        _demand(not isinstance(node, exp.Anonymous) or _is_open(node), "(0) a function that is not open")
        _demand(type(node) is not exp.Dot or isinstance(node.expression, exp.Identifier), "(0) a name that is none")
    # (1) every table in a guard
    read: list[tuple[TableName, str]] = []
    _walk(tree, frozenset(), grant, read)
    physical = {TableName(t.catalog, t.db, t.name) for t in tree.find_all(exp.Table) if t.catalog}
    ports = {port for _, port in read}
    _demand({table.catalog for table in physical} == ports, "(3) a port that was not granted")
    # (0) a fixpoint; last, for writing uses the tree up
    _demand(emit(tree) == sql, "(0) not a fixpoint")
    return Verified(sql, tuple(sorted(ports)), tuple(dict.fromkeys(read)), tuple(sorted(physical)))


def _demand(holds: bool, rule: str) -> None:
    if not holds:
        raise VerificationFailed(f"the rewritten query broke rule {rule}")


def _is_open(node: exp.Anonymous) -> bool:
    found = FUNCTIONS.get(node.name.lower())
    if node.name.lower() == "table":
        return isinstance(node.parent, exp.Table)
    return node.this in (LITERAL, INTERVAL, ARRAY) or (found is not None and found.verdict in ("allowed", "fallible"))


# --- (1) every table in a guard -------------------------------------------------------------------------------------


def _walk(node: exp.Expr, ctes: frozenset[str], grant: Grant, read: list[tuple[TableName, str]]) -> None:
    """Walk from the root; check each guard met, note what it reads, go past it, and refuse any other table."""
    clause = node.args.get("with_")
    for cte in clause.expressions if clause else ():
        within = ctes | {cte.alias} if clause and clause.args.get("recursive") else ctes
        _walk(cte.this, within, grant, read)
        ctes |= {cte.alias}
    done: list[object] = [clause]
    if isinstance(node, exp.Table):
        _demand(_is_cte(node, ctes) or _is_sequence(node), "(1) a table outside a guard")
    elif isinstance(node, exp.Subquery) and _claims_to_guard(node):
        read.extend(_check_guard(node, grant))
        done.append(node.this)
    for child in node.iter_expressions():
        if all(child is not known for known in done):
            _walk(child, ctes, grant, read)


def _is_cte(node: exp.Table, ctes: frozenset[str]) -> bool:
    return isinstance(node.this, exp.Identifier) and not node.db and not node.catalog and node.name in ctes


def _is_sequence(node: exp.Table) -> bool:
    call = node.this
    if not isinstance(call, exp.Anonymous) or call.name.lower() != "table" or node.args.get("db"):
        return False
    inner = call.expressions[0]
    found = TABLE_FUNCTIONS.get(inner.name.lower()) if isinstance(inner, exp.Anonymous) else None
    named = found is not None and found.verdict != "refused"
    return len(call.expressions) == 1 and named and call.find(exp.Column, exp.Query) is None


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
    _demand(parts_of(guard) <= {"this", "alias", "joins", "sample"}, "(2) a guard with more than an alias")
    _demand(bool(guard.alias), "(2) a guard without a name")
    selects = list(_selects(guard.this))
    sets = [node for node in guard.this.walk(prune=_is_select) if isinstance(node, exp.SetOperation)]
    _demand(len(sets) == len(selects) - 1, "(2) a guard that is no UNION ALL")
    _demand(all(parts_of(node) <= {"this", "expression"} for node in sets), "(2) a union with more than its sides")
    _demand(len({tuple(select.named_selects) for select in selects}) == 1, "(2) branches with other columns")
    seen: set[tuple[TableName, str]] = set()
    for select in selects:
        _demand(parts_of(select) <= {"expressions", "from_", "where"}, "(2) a guard with more than FROM and WHERE")
        name, port = _check_select(select, grant)
        _demand((name, port) not in seen, "(2) a port read twice in one guard")
        seen.add((name, port))
    _demand(len({name for name, _ in seen}) == 1, "(2) two tables in one guard")
    yield from sorted(seen)


def _is_select(node: exp.Expr) -> bool:
    return isinstance(node, exp.Select)


# --- (3) the source -------------------------------------------------------------------------------------------------


def _check_select(select: exp.Select, grant: Grant) -> tuple[TableName, str]:
    """Check one branch of a guard against the tables that it may stand for; one that it is right for is enough."""
    fault = VerificationFailed("the rewritten query broke rule (3) a source that was not granted")
    for name, branch in _meant(select, grant):
        try:
            _check_branch(select, name, branch, grant)
        except VerificationFailed as error:
            fault = error
        else:
            return name, branch.port
    raise fault


def _meant(select: exp.Select, grant: Grant) -> Iterator[tuple[TableName, Branch]]:
    source = select.args["from_"].this if select.args.get("from_") else None
    if isinstance(source, exp.Table):
        plain = parts_of(source) == {"this", "db", "catalog"} and isinstance(source.this, exp.Identifier)
        _demand(plain, "(3) a table with more than its name")
        name = TableName(source.catalog, source.db, source.name)
        yield from ((name, branch) for branch in grant.tables.get(name, ()) if branch.mapping is None)
        return
    mapped = isinstance(source, exp.Subquery) and parts_of(source) == {"this", "alias"}
    _demand(mapped, "(3) no mapping in a guard")
    inner = source.this if mapped and source else None
    first = inner.find(exp.Table) if isinstance(inner, exp.Select) else None
    for name, branches in grant.tables.items():
        for branch in branches:
            if first and branch.port == first.catalog and _fills(inner, branch, grant.known.revision):
                yield name, branch


def _check_branch(select: exp.Select, name: TableName, branch: Branch, grant: Grant) -> None:
    table, known = grant.granted.tables[name], grant.known.tables[name]
    if branch.mapping is not None:
        _check_inner(select, branch)
    # (4) granted columns only, each once
    names = [item.alias for item in select.expressions]
    _demand(all(type(item) is exp.Alias for item in select.expressions), "(4) a column without its name")
    _demand(len(set(names)) == len(names) > 0, "(4) a column twice")
    if names == ["_"]:
        _demand(select.expressions[0].this == exp.true(), "(4) a value in the empty column")
    else:
        _demand(set(names) <= set(table.columns), "(4) a column that was not granted")
        for item in select.expressions:
            _check_cell(item.this, item.alias, known, branch, grant)
    # (5) admitted rows only
    where = select.args.get("where")
    admitted = _where_read(where.this, known) if where else _EVERYTHING
    _demand(admitted == _rules_granted(branch.agreements, branch), "(5) rows that no agreement admits")


def _check_inner(select: exp.Select, branch: Branch) -> None:
    """A name that the mapping's own SELECT lacks could be bound to a partner's column around the guard."""
    listed = select.args["from_"].this.this.named_selects
    parts = [*select.expressions, *filter(None, [select.args.get("where")])]
    used = {column.name for part in parts for column in part.find_all(exp.Column)}
    ruled = {condition.column for a in branch.agreements for rule in a.rows for condition in rule}
    kept = set(branch.mapping.columns) if branch.mapping else set()
    _demand(len(set(listed)) == len(listed), "(3) a column of a mapping twice")
    _demand(used <= set(listed), "(3) a column that the mapping does not list")
    allowed = (set(select.named_selects) | ruled) & kept
    _demand(listed == ["_"] or set(listed) <= allowed, "(3) a column that nothing needs")


def _fills(inner: exp.Expr | None, branch: Branch, revision: str) -> bool:
    """Whether `inner` is the port's mapping with some of its columns, each filled as the catalog says."""
    mapping = branch.mapping
    if mapping is None or not isinstance(inner, exp.Select):
        return False
    source, columns = _mapping_texts(_ByKey((revision, branch.port, mapping.table), mapping))
    items = inner.expressions
    inner.set("expressions", [])
    same_source = _text(inner) == source
    inner.set("expressions", items)
    return same_source and all(
        isinstance(item, exp.Alias) and (_is_empty(item) or _text(item.this) == columns.get(item.alias))
        for item in items
    )


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
    return emit(node)


# --- (5) the rows ---------------------------------------------------------------------------------------------------


def _rules_granted(agreements: Iterable[AgreementGrant], branch: Branch) -> Rules:
    rules = _alternatives(agreements, branch)
    return _EVERYTHING if frozenset() in rules else rules


def _alternatives(agreements: Iterable[AgreementGrant], branch: Branch) -> Rules:
    """Each set of facts that admits a row, those that can hold for no row left out."""
    rules = set()
    for agreement in agreements:
        for rule in agreement.rows:
            facts = frozenset(_fact_granted(condition) for condition in rule)
            kept = branch.mapping is None or all(c.column in branch.mapping.columns for c in rule)
            if kept and not any(fact[1] == "in" and not fact[2] for fact in facts):
                rules.add(frozenset(fact for fact in facts if not (fact[1] == "not_in" and not fact[2])))
    return frozenset(rules)


def _fact_granted(condition: Condition) -> Fact:
    value = condition.value
    values: tuple[Scalar, ...] = value if isinstance(value, tuple) else () if value is None else (value,)
    return condition.column, condition.op, tuple(_spelled(item) for item in values)


def _spelled(value: Scalar) -> str:
    if isinstance(value, bool):
        return f"b:{value}"
    if isinstance(value, (int, float)):
        return _number(str(value))
    return f"s:{value}"


def _number(digits: str) -> str:
    """A number by its value, whatever its spelling: `1.50` and `1.5` are one, and nothing is rounded."""
    sign, figures, exponent = Decimal(digits).as_tuple()
    text = "".join(map(str, figures)).lstrip("0")
    bare = text.rstrip("0")
    return f"n:{'-' * sign}{bare}e{int(exponent) + len(text) - len(bare)}" if bare else "n:0"


def _where_read(node: exp.Expr, known: Table) -> Rules:
    """Read `rule AND coalesce(rule, FALSE)`: where the rule is unknown, nothing after it may run on the row."""
    if node == exp.false():
        return _NOTHING
    last = node.expression if type(node) is exp.And else None
    whole = isinstance(last, exp.Anonymous) and last.name == "coalesce" and len(last.expressions) == 2
    _demand(whole and last is not None and last.expressions[1] == exp.false(), "(5) a rule that may be unknown")
    again = last.expressions[0] if last else node
    _demand(_text(again.unnest()) == _text(node.this.unnest()), "(5) a rule that may be unknown")
    return _rules_read(node.this, known)


def _rules_read(node: exp.Expr, known: Table) -> Rules:
    """Read a predicate back into alternatives of facts."""
    node = node.unnest()
    if isinstance(node, exp.Or):
        joined = frozenset().union(*(_rules_read(part, known) for part in node.flatten()))
        return _EVERYTHING if frozenset() in joined else joined
    parts = [part.unnest() for part in (node.flatten() if isinstance(node, exp.And) else (node,))]
    facts = frozenset(_fact_read(part, known) for part in parts if part not in _CONSTANTS)
    return _NOTHING if exp.false() in parts else frozenset({facts})


def _fact_read(node: exp.Expr, known: Table) -> Fact:
    if isinstance(node, exp.Not):
        column, op, values = _fact_read(node.this.unnest(), known)
        _demand(op in ("in", "is_null"), "(5) a condition that no agreement can have")
        return column, {"in": "not_in", "is_null": "not_null"}[op], values
    if isinstance(node, exp.Anonymous):
        _demand(node.name == "starts_with" and len(node.expressions) == 2, "(5) a condition that no agreement can have")
        first, second = node.expressions
        return _plain_name(first), "starts_with", (_value_read(second, _type_of(first, known)),)
    column, type_ = _plain_name(node.this), _type_of(node.this, known)
    if type(node) in _OPERATORS:
        return column, _OPERATORS[type(node)], (_value_read(node.expression, type_),)
    if isinstance(node, exp.In) and parts_of(node) == {"this", "expressions"}:
        return column, "in", tuple(_value_read(item, type_) for item in node.expressions)
    if isinstance(node, exp.Between) and parts_of(node) == {"this", "low", "high"}:
        return column, "between", (_value_read(node.args["low"], type_), _value_read(node.args["high"], type_))
    _demand(type(node) is exp.Is and node.expression == exp.null(), "(5) a condition that no agreement can have")
    return column, "is_null", ()


def _plain_name(node: exp.Expr) -> str:
    _demand(isinstance(node, exp.Column) and not node.table, "(6) a value that is not a plain column")
    return node.name


def _type_of(column: exp.Expr, known: Table) -> str:
    _demand(column.name in known.columns, "(5) a condition on an unknown column")
    return known.columns[column.name].type


def _value_read(node: exp.Expr, type_: str) -> str:
    """Read a literal of the column's own type: text of another type is cast to exactly that type."""
    if isinstance(node, exp.Cast):
        _demand(_is_cast_to(node, type_) and _is_text(node.this), "(5) a value of another type")
        _demand("zone" not in type_ or bool(_ZONE.search(node.this.name)), "(5) a moment of no zone")
        return _spelled(node.this.name)
    if isinstance(node, exp.Boolean):
        return _spelled(bool(node.this))
    if _is_text(node):
        _demand(type_.startswith("varchar"), "(5) a text for a column that is none")
        return _spelled(node.name)
    number = node.this if isinstance(node, exp.Neg) else node
    _demand(isinstance(number, exp.Literal) and not number.is_string, "(5) a condition on something else than a value")
    return _number(f"-{number.name}" if number is not node else number.name)


def _is_text(node: exp.Expr) -> bool:
    return isinstance(node, exp.Literal) and bool(node.is_string)


def _is_cast_to(node: exp.Expr, type_: str) -> bool:
    return type(node) is exp.Cast and parts_of(node) == {"this", "to"} and _text(node.args["to"]) == _type_text(type_)


@lru_cache(maxsize=512)
def _type_text(type_: str) -> str:
    return _text(exp.DataType.build(type_, dialect=DIALECT))


# --- (6) the values -------------------------------------------------------------------------------------------------


def _check_cell(value: exp.Expr, name: str, known: Table, branch: Branch, grant: Grant) -> None:
    """Demand the agreed forms in their order: the value itself first, then each mask as the agreements come."""
    type_ = known.columns[name].type
    _demand(known.columns[name].sensitivity != "labor" or _is_null(value, type_), "(6) a worker's data")
    arms, last = _arms_read(value, known)
    for place, (mask, givers) in enumerate(_arms_agreed(name, branch)):
        if _is_whole(givers, branch):  # over a mapping, a value may run where the guard's rule has not
            _demand(len(arms) == place and _is_form(last, mask, name, type_, branch, grant), "(6) a value not given")
            return
        rows, shown = arms[place] if place < len(arms) else (None, last)
        _demand(rows == _rules_granted(givers, branch), "(6) a choice that nobody agreed to")
        _demand(_is_form(shown, mask, name, type_, branch, grant), "(6) a value not given")
    _demand(len(arms) == len(_arms_agreed(name, branch)) and _is_null(last, type_), "(6) a value not given")


def _arms_read(value: exp.Expr, known: Table) -> tuple[list[tuple[Rules, exp.Expr]], exp.Expr]:
    """Each choice of a value with its rows, and what stands where none of them holds."""
    if not isinstance(value, exp.Case):
        return [], value
    _demand(parts_of(value) == {"ifs", "default"}, "(6) a CASE of another shape")
    arms = [(_rules_read(_choice_read(arm.this), known), arm.args["true"]) for arm in value.args["ifs"]]
    return arms, value.args["default"]


def _arms_agreed(name: str, branch: Branch) -> list[tuple[Mask | None, list[AgreementGrant]]]:
    """How a column may be shown, and by whom: as it is, then by each mask in its turn."""
    if branch.mapping is not None and name not in branch.mapping.columns:
        return []
    givers = [agreement for agreement in branch.agreements if name in agreement.columns]
    showing = [agreement for agreement in givers if agreement.columns[name] is None]
    masked = [(mask, [agreement]) for agreement in givers if (mask := agreement.columns[name]) is not None]
    return [*([(None, showing)] if showing else []), *masked]


def _is_whole(givers: list[AgreementGrant], branch: Branch) -> bool:
    """Whether agreements admit all rows, or in a port's own table all that the guard lets through."""
    mine = {rule for agreement in givers for rule in agreement.rows}
    return () in mine or (branch.mapping is None and {r for a in branch.agreements for r in a.rows} <= mine)


def _choice_read(node: exp.Expr) -> exp.Expr:
    """Read `rule AND random() >= 0e0`: Trino moves no expression with chance in it to where the rule has not run."""
    fixed = type(node) is exp.And and _text(node.expression) == "random() >= 0e0"
    _demand(fixed, "(6) a choice that may be moved")
    choice: exp.Expr = node.this
    return choice


def _is_null(value: exp.Expr, type_: str) -> bool:
    return _is_cast_to(value, type_) and bool(value.this == exp.null())


def _is_form(value: exp.Expr, mask: Mask | None, name: str, type_: str, branch: Branch, grant: Grant) -> bool:
    """Whether a value is what an agreement shows: the column itself, a constant, or the mask to the letter."""
    if mask is not None and (mask.kind == "null" or (mask.kind, mask.value) == ("constant", None)):
        return _is_null(value, type_)
    if mask is None:
        return isinstance(value, exp.Column) and _plain_name(value) == name
    if mask.kind == "constant":
        return _is_constant(value, mask.value, type_)
    return _text(value) == _mask_text(mask, name, type_, branch.port, grant)


def _mask_text(mask: Mask, name: str, type_: str, port: str, grant: Grant) -> str:
    """What a masked value is to the letter; nothing for a mask that is no expression over the value."""
    column, said = f'"{name}"', _text_of(mask.value)
    if mask.kind in ("keyed_hash", "join_hash"):
        key = grant.mask_keys[port if mask.kind == "keyed_hash" else "*"]
        return f"substr(to_hex(hmac_sha256(to_utf8({column}), from_hex('{key}'))), 1, 32)"
    if mask.kind == "truncate":
        kept = f"substr({column}, 1, {said})"
        filled = f"rpad({kept}, length({column}), '{mask.fill.replace(chr(39), chr(39) * 2)}')" if mask.fill else kept
        return filled if type_ == "varchar" else f"CAST({filled} AS {_type_text(type_)})"
    if mask.kind == "time_grain":
        zone = " AT TIME ZONE 'UTC'" if "with time zone" in type_ else ""
        return f"date_trunc('{said}', {column}{zone})"
    if mask.kind in ("band", "geo_grid"):
        if type_ in ("double", "real"):
            return f"CAST(floor({column} / {said}) * {said} AS {_type_text(type_)})"
        return f"try(CAST({column} - ((({column} % {said}) + {said}) % {said}) AS {_type_text(type_)}))"
    return ""


def _text_of(value: Scalar | None) -> str:
    return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)


def _is_constant(value: exp.Expr, agreed: Scalar | None, type_: str) -> bool:
    is_value = _is_cast_to(value, type_) and isinstance(value.this, exp.Literal | exp.Boolean | exp.Neg)
    return is_value and agreed is not None and _value_read(value.this, "varchar") == _spelled(agreed)
