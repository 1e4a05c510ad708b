"""The mutations of emitted trees, role by role, each entered with the rules of `verify` that it breaks."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from tests.mutants.trees import MAPPING, breaks, has_rule, read, value

RAW = '"los_angeles"."pola"."visit"'
OTHER = '(SELECT "vc_id" AS "vc_id" FROM "oakland"."tos"."ship") AS "more"'


def _table(name: str = RAW, alias: str = "") -> Any:
    return read(f"SELECT 1 FROM {name}{f' AS {alias}' if alias else ''}").args["from_"].this


def _joined(select: Any, sql: str) -> bool:
    select.append("joins", read(f"SELECT 1 FROM x {sql}").args["joins"][0])
    return True


def _with(select: Any, clause: str) -> bool:
    """Give a SELECT the clauses that stand behind FROM in `clause`."""
    for key, part in read(f"SELECT 1 FROM x {clause}").args.items():
        if part and key not in ("expressions", "from_"):
            select.set(key, part)
    return True


# --- the guard --------------------------------------------------------------------------------------------------------


@breaks("guard", 1, 2, 3)
def unwrap_the_guard(guard: Any) -> bool:
    """Read the port's table itself."""
    table = next(table for table in guard.find_all(exp.Table) if table.catalog).copy()
    table.set("alias", guard.args["alias"].copy())
    guard.replace(table)
    return True


@breaks("guard", 2, harmless=True)
def rename_the_columns_of_a_guard(guard: Any) -> bool:
    """A guard with a list of new names."""
    guard.args["alias"].set(
        "columns", [exp.to_identifier(f"c{n}", quoted=True) for n in range(len(guard.this.selects))]
    )
    return True


@breaks("guard", 2)
def take_the_alias_of_a_guard(guard: Any) -> bool:
    """A guard without a name."""
    guard.set("alias", None)
    return True


@breaks("guard", 1, 2, 3)
def limit_the_guard(guard: Any) -> bool:
    """LIMIT behind the last branch."""
    guard.this.set("limit", exp.Limit(expression=exp.Literal.number(1)))
    return True


@breaks("guard", 1, 2)
def order_the_guard(guard: Any) -> bool:
    """ORDER BY behind the last branch."""
    guard.this.set("order", exp.Order(expressions=[exp.Ordered(this=exp.Literal.number(1), nulls_first=False)]))
    return True


@breaks("guard", 1, 2)
def give_the_guard_a_with(guard: Any) -> bool:
    """A CTE inside of the guard."""
    guard.this.set("with_", read('WITH "visit" AS (SELECT 1 AS "x") SELECT 1').args["with_"])
    return True


@breaks("guard", 0, 1, 2, harmless=True)
def sample_the_guard(guard: Any) -> bool:
    """A sample of what the guard shows; of all of it, so that two answers can be compared."""
    guard.set("sample", _table("x TABLESAMPLE BERNOULLI (100)").args["sample"])
    return True


@breaks("guard", harmless=True)
def give_a_guard_another_alias(guard: Any) -> bool:
    """The names of another guard: the answer is wrong or none, but nothing hidden comes."""
    guard.args["alias"].set("this", exp.to_identifier("other", quoted=True))
    return True


@breaks("guard", 1)
def put_a_raw_table_beside_the_guard(guard: Any) -> bool:
    """A join in the FROM that the guard stands in."""
    select = guard.find_ancestor(exp.Select)
    return select is not None and _joined(select, f'CROSS JOIN {RAW} AS "beside"')


# --- one port's branch ------------------------------------------------------------------------------------------------


@breaks("branch", 5)
def drop_the_where(branch: Any) -> bool:
    """All rows."""
    if not has_rule(branch):
        return False
    branch.set("where", None)
    return True


@breaks("branch", 5)
def move_the_where_outside(branch: Any) -> bool:
    """The rule on the query round the guard, where the partner's own predicates run first."""
    guard = branch.find_ancestor(exp.Subquery)
    outer = guard.find_ancestor(exp.Select) if guard else None
    if not has_rule(branch) or outer is None:
        return False
    outer.where(branch.args["where"].this.copy(), copy=False)
    branch.set("where", None)
    return True


@breaks("branch", 5, 6)
def add_a_condition_that_nobody_made(branch: Any) -> bool:
    """One condition more: fewer rows, but not the rows of an agreement."""
    if branch.args.get("where") and not has_rule(branch):
        return False
    branch.where(exp.EQ(this=value('"id"'), expression=value("7")), copy=False)
    return True


@breaks("branch", 4)
def add_a_column_that_was_not_granted(branch: Any) -> bool:
    """A worker's name."""
    branch.append("expressions", value('"crew" AS "crew"'))
    return True


@breaks("branch", 4, 6)
def add_a_value_beside_the_empty_column(branch: Any) -> bool:
    """A guard that shows nothing, and yet something."""
    branch.append("expressions", value('"crew" AS "_"'))
    return True


@breaks("branch", 4)
def list_a_column_twice(branch: Any) -> bool:
    """Two columns of one name."""
    branch.append("expressions", branch.expressions[0].copy())
    return True


@breaks("branch", 4)
def show_the_star(branch: Any) -> bool:
    """Every column."""
    branch.set("expressions", [exp.Star()])
    return True


@breaks("branch", 6)
def swap_two_values(branch: Any) -> bool:
    """Each under the other's name."""
    cells = branch.expressions
    if len(cells) < 2 or cells[0].this == cells[1].this:
        return False
    first, second = cells[0].this.copy(), cells[1].this.copy()
    cells[0].set("this", second)
    cells[1].set("this", first)
    return True


@breaks("branch", 2, 4, harmless=True)
def turn_the_columns_of_one_branch_round(branch: Any) -> bool:
    """UNION ALL goes by position: another order in one branch shows one column as another."""
    cells = branch.expressions
    if len(cells) < 2 or not isinstance(branch.parent, exp.Union):
        return False
    branch.set("expressions", [cell.copy() for cell in reversed(cells)])
    return True


def _clause(name: str, sql: str, *rules: int) -> None:
    """Enter a mutation that gives a branch one clause more."""

    def change(branch: Any) -> bool:
        return _with(branch, sql)

    change.__name__ = name
    breaks("branch", *rules)(change)


_clause("order_in_a_guard", "ORDER BY 1", 1, 2)
_clause("limit_in_a_guard", "LIMIT 1", 1, 2)
_clause("offset_in_a_guard", "OFFSET 1", 1, 2)
_clause("fetch_in_a_guard", "FETCH FIRST 1 ROWS ONLY", 1, 2)
_clause("group_in_a_guard", "GROUP BY 1", 2)
_clause("having_in_a_guard", "HAVING 1 = 1", 2)
_clause("named_window_in_a_guard", 'WINDOW "w" AS (ORDER BY 1)', 2)


@breaks("branch", 2)
def distinct_in_a_guard(branch: Any) -> bool:
    """SELECT DISTINCT."""
    branch.set("distinct", exp.Distinct())
    return True


@breaks("branch", 2)
def join_a_raw_table_in_a_guard(branch: Any) -> bool:
    """A join inside of the guard."""
    return _joined(branch, 'CROSS JOIN "los_angeles"."pola"."secret"')


@breaks("branch", 2)
def join_a_guard_in_a_guard(branch: Any) -> bool:
    """A guard inside of a guard."""
    return _joined(branch, f"CROSS JOIN {OTHER}")


@breaks("branch", 2)
def list_a_second_table_in_a_guard(branch: Any) -> bool:
    """A comma in FROM."""
    return _joined(branch, ', "los_angeles"."pola"."secret"')


@breaks("branch", 2)
def unnest_in_a_guard(branch: Any) -> bool:
    """Rows made of a column."""
    return _joined(branch, 'CROSS JOIN UNNEST(SPLIT("crew", \',\')) AS "u"("letter")')


@breaks("branch", 1, 2)
def lateral_in_a_guard(branch: Any) -> bool:
    """A subquery that sees the port's row."""
    return _joined(branch, 'CROSS JOIN LATERAL (SELECT "crew" AS "x") AS "u"')


@breaks("branch", 5, 6)
def a_subquery_in_the_rule(branch: Any) -> bool:
    """A predicate that reads a raw table."""
    branch.where(value(f"EXISTS(SELECT 1 FROM {RAW})"), copy=False)
    return True


# --- one value --------------------------------------------------------------------------------------------------------


@breaks("cell", 6, harmless=True)
def show_the_raw_value(cell: Any) -> bool:
    """The column itself."""
    if cell.alias == "_" or isinstance(cell.this, exp.Column):
        return False
    cell.set("this", value(f'"{cell.alias}"'))
    return True


@breaks("cell", 6)
def show_nothing(cell: Any) -> bool:
    """NULL in the column's own type: less than was granted."""
    if cell.alias == "_" or not isinstance(cell.this, exp.Column):
        return False
    types = {"hours": "DOUBLE", "hrs": "DOUBLE", "id": "BIGINT", "weight": "DOUBLE", "fee": "DECIMAL(9, 2)"}
    cell.set("this", value(f"CAST(NULL AS {types.get(cell.alias, 'VARCHAR')})"))
    return True


def _value(name: str, sql: str, *rules: int) -> None:
    """Enter a mutation that puts another value into a cell; `{0}` is the cell's own name."""

    def change(cell: Any) -> bool:
        if cell.alias == "_":
            return False
        cell.set("this", value(sql.format(cell.alias)))
        return True

    change.__name__ = name
    breaks("cell", *rules)(change)


_value("another_columns_value", '"crew"', 6)
_value("a_function_of_the_value", 'UPPER("{0}")', 6)
_value("the_value_and_something", "\"{0}\" || 'x'", 6)
_value("a_cast_of_the_value", 'CAST("{0}" AS VARCHAR(3))', 5, 6)
_value("a_try_cast_of_the_value", 'TRY_CAST("{0}" AS VARCHAR)', 5, 6)
_value("a_coalesce_of_the_value", 'COALESCE("{0}", "crew")', 6)
_value("a_qualified_column", '"o"."{0}"', 6)
_value("a_window_over_the_value", 'MAX("{0}") OVER ()', 6)
_value("a_subquery_for_the_value", f'(SELECT MAX("crew") FROM {RAW})', 6)
_value("a_constant_that_nobody_agreed", "CAST('zzz' AS VARCHAR)", 6)
_value("a_text_that_nobody_agreed", "'zzz'", 6)
_value("a_hash_without_a_key", 'SUBSTR(TO_HEX(SHA256(TO_UTF8("{0}"))), 1, 32)', 6)
_value("a_choice_by_what_is_hidden", 'CASE WHEN "crew" = \'x\' THEN "{0}" ELSE CAST(NULL AS VARCHAR) END', 5, 6)
_value("a_choice_that_always_shows", 'CASE WHEN TRUE THEN "{0}" ELSE CAST(NULL AS VARCHAR) END', 6)
_value("a_simple_case", "CASE \"{0}\" WHEN 'x' THEN 'y' ELSE \"{0}\" END", 5, 6)
_value("an_if", 'IF("crew" = \'x\', "{0}", NULL)', 6)


@breaks("cell", 4)
def name_a_value_as_something_not_granted(cell: Any) -> bool:
    """A name that no agreement gives."""
    cell.set("alias", exp.to_identifier("crew", quoted=True))
    return True


@breaks("cell", 4)
def leave_a_value_without_its_name(cell: Any) -> bool:
    """A bare value."""
    cell.replace(cell.this.copy())
    return True


@breaks("case", 6, harmless=True)
def show_the_raw_value_in_all_other_rows(case: Any) -> bool:
    """The column itself as the last resort."""
    case.set("default", value(f'"{case.parent.alias}"'))
    return True


@breaks("case", 6)
def let_a_choice_be_moved(case: Any) -> bool:
    """The rule without what keeps Trino from moving it."""
    for arm in case.args["ifs"]:
        arm.set("this", arm.this.this.copy())
    return True


@breaks("case", 6)
def show_the_raw_value_under_a_masks_rule(case: Any) -> bool:
    """The column itself where only a mask was agreed."""
    masked = [arm for arm in case.args["ifs"] if not isinstance(arm.args["true"], exp.Column)]
    for arm in masked:
        arm.set("true", value(f'"{case.parent.alias}"'))
    return bool(masked)


@breaks("case", 5, 6, harmless=True)
def turn_a_choice_round(case: Any) -> bool:
    """Each value where it should not be."""
    arm = case.args["ifs"][0]
    if not isinstance(arm.args["true"], exp.Column):
        return False
    shown = arm.args["true"].copy()
    arm.set("true", case.args["default"].copy())
    case.set("default", shown)
    return True


@breaks("case", 6)
def show_the_raw_value_where_another_rule_holds(case: Any) -> bool:
    """A rule that nobody made."""
    arm = case.args["ifs"][0]
    arm.set("this", value('"id" = 77'))
    return True


@breaks("case", 6)
def ask_the_arms_in_another_order(case: Any) -> bool:
    """A row that two agreements admit gets the poorer value."""
    arms = case.args["ifs"]
    case.set("ifs", [arm.copy() for arm in reversed(arms)])
    return len(arms) > 1


@breaks("hash", 6)
def another_key(hash_: Any) -> bool:
    """The key of another port or organisation: partners could join."""
    for literal in hash_.find_all(exp.Literal):
        if literal.name == "aa11":
            literal.set("this", "dd44")
            return True
    return False


@breaks("hash", 6)
def a_longer_hash(hash_: Any) -> bool:
    """More digits than agreed."""
    last = [literal for literal in hash_.find_all(exp.Literal) if literal.name == "32"]
    for literal in last:
        literal.set("this", "64")
    return bool(last)


@breaks("hash", 6)
def a_hash_of_another_column(hash_: Any) -> bool:
    """A hash that a worker's name can be joined by."""
    for column in hash_.find_all(exp.Column):
        column.replace(value('"crew"'))
        return True
    return False


@breaks("constant", 6)
def another_constant(cast: Any) -> bool:
    """A constant that nobody agreed."""
    if not isinstance(cast.this, exp.Literal):
        return False
    cast.set("this", exp.Literal.string("zzz"))
    return True


@breaks("constant", 5, 6)
def a_constant_of_another_type(cast: Any) -> bool:
    """The agreed value, cut by its type."""
    cast.set("to", exp.DataType.build("CHAR(1)", dialect="trino"))
    return True


# --- the table and the mapping ----------------------------------------------------------------------------------------


@breaks("own table", 3)
def name_the_table_in_a_guard(table: Any) -> bool:
    """An alias inside of the guard."""
    table.set("alias", exp.TableAlias(this=exp.to_identifier("t", quoted=True)))
    return True


def _named(name: str, part: str, other: str, *rules: int) -> None:
    """Enter a mutation that changes one part of a table's name."""

    def change(table: Any) -> bool:
        if table.args[part].name == other:
            return False
        table.set(part, exp.to_identifier(other, quoted=True))
        return True

    change.__name__ = name
    breaks("table", *rules)(change)


_named("another_table", "this", "secret", 3, 4)
_named("the_partitions_of_a_table", "this", "visit$partitions", 3)
_named("another_schema", "db", "information_schema", 3)
_named("another_port", "catalog", "hueneme", 3)
_named("the_system_catalog", "catalog", "system", 3)
_named("the_shared_catalog", "catalog", "california", 3)


@breaks("own table", 3, 4, 5, 6, harmless=True)
def another_granted_table(table: Any) -> bool:
    """A table that the partner may read as well, under the wrong rules."""
    replaced = "ship" if table.name == "visit" else "visit"
    table.replace(_table('"oakland"."tos"."ship"' if replaced == "ship" else RAW))
    return True


@breaks("own table", 0, 3)
def travel_in_time(table: Any) -> bool:
    """Rows that were deleted."""
    table.set("version", _table("x FOR VERSION AS OF 1").args["version"])
    return True


@breaks("own table", 2, 3)
def sample_the_table_in_a_guard(table: Any) -> bool:
    """TABLESAMPLE before the rule."""
    table.set("sample", _table("x TABLESAMPLE BERNOULLI (50)").args["sample"])
    return True


@breaks("own table", 0, 1, 3)
def four_parts_of_a_name(table: Any) -> bool:
    """A name that Trino does not know."""
    table.set("this", exp.Dot(this=exp.to_identifier("x", quoted=True), expression=table.this.copy()))
    return True


@breaks("own table", 1, 3, 4)
def a_subquery_for_the_table(table: Any) -> bool:
    """One level more."""
    table.replace(read(f'SELECT 1 FROM (SELECT * FROM {table.sql("trino")}) AS "t"').args["from_"].this)
    return True


@breaks("own table", 0, 1, 2, 3)
def a_table_function_for_the_table(table: Any) -> bool:
    """The port's own database, asked directly."""
    table.replace(_table('TABLE("los_angeles"."system"."query"("query" => \'SELECT 1\'))'))
    return True


@breaks("mapping", 1, 3, harmless=True)
def another_name_for_the_mapping(mapping: Any) -> bool:
    """A guard that does not look like one, if it is the first branch."""
    mapping.args["alias"].set("this", exp.to_identifier("m", quoted=True))
    return True


@breaks("mapping", 3)
def drop_the_mappings_own_where(mapping: Any) -> bool:
    """Rows that the port leaves out of the shared table."""
    return mapping.this.args.get("where") is not None and bool(mapping.this.set("where", None) or True)


@breaks("mapping", 3)
def add_to_the_mappings_where(mapping: Any) -> bool:
    """A mapping that the catalog does not hold."""
    mapping.this.where(value("1 = 1"), copy=False)
    return True


@breaks("mapping", 3)
def fill_a_column_of_the_mapping_from_elsewhere(mapping: Any) -> bool:
    """A worker's name as the ship's."""
    first = mapping.this.expressions[0]
    if not isinstance(first, exp.Alias) or first.alias == "_":
        return False
    first.set("this", value('"v"."crew"'))
    return True


@breaks("mapping", 3)
def rename_a_column_of_the_mapping(mapping: Any) -> bool:
    """A value under a name that a rule looks at."""
    names = [item.alias for item in mapping.this.expressions]
    if len(names) < 2:
        return False
    for item, name in zip(mapping.this.expressions, [*names[1:], names[0]], strict=True):
        item.set("alias", exp.to_identifier(name, quoted=True))
    return True


@breaks("mapping", 3)
def leave_a_column_out_of_the_mapping(mapping: Any) -> bool:
    """A column that the guard or its rule looks at: Trino would look for it in the partner's own query."""
    guard = mapping.find_ancestor(exp.Select)
    used = {column.name for column in guard.find_all(exp.Column) if not column.table}
    items = mapping.this.expressions
    dropped = next((item for item in items if item.alias in used), None)
    rest = [item for item in items if item is not dropped]
    mapping.this.set("expressions", rest or [value('TRUE AS "_"')])
    return dropped is not None


@breaks("mapping", 3)
def list_a_column_that_nothing_needs(mapping: Any) -> bool:
    """A worker's name, read from the port for nothing."""
    if 'AS "v"' not in mapping.sql("trino"):
        return False
    mapping.this.append("expressions", value('"v"."crew" AS "crew_id"'))
    return True


@breaks("mapping", 3)
def join_in_the_mapping(mapping: Any) -> bool:
    """A table more in the mapping."""
    return _joined(mapping.this, 'CROSS JOIN "los_angeles"."pola"."secret" AS "s2"')


@breaks("mapping", 3)
def distinct_in_the_mapping(mapping: Any) -> bool:
    """SELECT DISTINCT in the mapping."""
    mapping.this.set("distinct", exp.Distinct())
    return True


# --- the rows ---------------------------------------------------------------------------------------------------------


@breaks("where", 5, 6)
def a_rule_or_true(where: Any) -> bool:
    """A rule that always holds."""
    where.set("this", exp.or_(where.this.copy(), exp.true()))
    return True


@breaks("where", 5, 6)
def the_opposite_of_a_rule(where: Any) -> bool:
    """NOT."""
    where.set("this", exp.not_(where.this.copy()))
    return True


@breaks("where", 5, 6)
def a_rule_that_unknown_passes(where: Any) -> bool:
    """A rule with IS DISTINCT FROM FALSE."""
    where.set("this", exp.NullSafeNEQ(this=exp.paren(where.this.copy()), expression=exp.false()))
    return True


@breaks("where", 5, 6)
def a_rule_in_coalesce(where: Any) -> bool:
    """A rule where unknown holds."""
    where.set("this", exp.Coalesce(this=where.this.copy(), expressions=[exp.true()]))
    return True


@breaks("junction", 5, 6)
def and_for_or(junction: Any) -> bool:
    """The other junction."""
    other = exp.Or if isinstance(junction, exp.And) else exp.And
    junction.replace(exp.paren(other(this=junction.this.copy(), expression=junction.expression.copy())))
    return True


@breaks("junction", 5, 6)
def drop_the_left_side(junction: Any) -> bool:
    """One condition or alternative less."""
    if junction.this.unnest() == exp.false():
        return False
    junction.replace(junction.expression.copy())
    return True


@breaks("junction", 5, 6)
def drop_the_right_side(junction: Any) -> bool:
    """One condition or alternative less."""
    if junction.expression.unnest() == exp.false():
        return False
    junction.replace(junction.this.copy())
    return True


_OTHER_COMPARISONS: dict[type[exp.Expr], type[exp.Binary]] = {
    exp.LT: exp.LTE, exp.LTE: exp.LT, exp.GT: exp.GTE, exp.GTE: exp.GT, exp.EQ: exp.NEQ, exp.NEQ: exp.EQ,
}  # fmt: skip


@breaks("fact", 5, 6)
def move_a_border(fact: Any) -> bool:
    """< for <=, = for <>."""
    other = _OTHER_COMPARISONS.get(type(fact))
    if other is None:
        return False
    fact.replace(other(this=fact.this.copy(), expression=fact.expression.copy()))
    return True


@breaks("fact", 5, 6)
def turn_a_comparison_round(fact: Any) -> bool:
    """The value before the column: the same rows, but no rule is written so."""
    if type(fact) not in _OTHER_COMPARISONS:
        return False
    fact.replace(type(fact)(this=fact.expression.copy(), expression=fact.this.copy()))
    return True


@breaks("fact", 5, 6)
def null_safe_equality(fact: Any) -> bool:
    """IS NOT DISTINCT FROM, IS DISTINCT FROM."""
    safe = {exp.EQ: exp.NullSafeEQ, exp.NEQ: exp.NullSafeNEQ}.get(type(fact))
    if safe is None:
        return False
    fact.replace(safe(this=fact.this.copy(), expression=fact.expression.copy()))
    return True


@breaks("fact", 5, 6)
def not_a_fact(fact: Any) -> bool:
    """The opposite of one condition."""
    fact.replace(exp.not_(fact.copy()))
    return True


@breaks("fact", 5, 6)
def a_rule_on_another_column(fact: Any) -> bool:
    """The right value, the wrong column."""
    fact.set("this", value('"ship"'))
    return True


@breaks("fact", 5, 6)
def a_rule_on_a_function_of_the_column(fact: Any) -> bool:
    """UPPER(column)."""
    fact.set("this", exp.Upper(this=fact.this.copy()))
    return True


@breaks("fact", 5, 6)
def a_rule_on_a_qualified_column(fact: Any) -> bool:
    """A column of the query round the guard."""
    fact.set("this", value('"o"."carrier"'))
    return True


@breaks("fact", 5, 6)
def another_value_in_a_rule(fact: Any) -> bool:
    """One literal changed."""
    for literal in fact.find_all(exp.Literal):
        literal.set("this", f"{literal.this}1")
        return True
    return False


@breaks("fact", 5, 6)
def the_negative_of_a_value(fact: Any) -> bool:
    """Minus the number."""
    for literal in fact.find_all(exp.Literal):
        if not literal.is_string and not isinstance(literal.parent, (exp.Neg, exp.DataTypeParam)):
            literal.replace(exp.Neg(this=literal.copy()))
            return True
    return False


@breaks("fact", 5, 6)
def a_value_cut_by_its_type(fact: Any) -> bool:
    """'MSC' as varchar(1), a timestamp without its fraction."""
    for literal in fact.find_all(exp.Literal):
        if literal.is_string and literal.name:
            cut = "TIMESTAMP(0)" if "." in literal.name else "VARCHAR(1)"
            target = literal.parent if isinstance(literal.parent, exp.Cast) else literal
            target.replace(exp.Cast(this=literal.copy(), to=exp.DataType.build(cut, dialect="trino")))
            return True
    return False


@breaks("fact", 5, 6)
def a_column_for_a_value(fact: Any) -> bool:
    """A comparison of a column with itself."""
    if type(fact) not in _OTHER_COMPARISONS:
        return False
    fact.set("expression", fact.this.copy())
    return True


@breaks("fact", 5, 6)
def a_subquery_for_a_value(fact: Any) -> bool:
    """A value read from somewhere."""
    if type(fact) not in _OTHER_COMPARISONS:
        return False
    fact.set("expression", value("(SELECT 'MSC')"))
    return True


@breaks("fact", 5, 6)
def one_value_more_in_a_list(fact: Any) -> bool:
    """IN with a value that no agreement has."""
    if not isinstance(fact, exp.In):
        return False
    fact.append("expressions", value("'more'"))
    return True


@breaks("fact", 5, 6)
def borders_exchanged(fact: Any) -> bool:
    """BETWEEN turned round."""
    if not isinstance(fact, exp.Between):
        return False
    low, high = fact.args["low"].copy(), fact.args["high"].copy()
    fact.set("low", high)
    fact.set("high", low)
    return True


@breaks("fact", 5, 6)
def like_for_a_fact(fact: Any) -> bool:
    """LIKE '%'."""
    fact.replace(exp.Like(this=fact.this.copy(), expression=exp.Literal.string("%")))
    return True


# --- ports together ---------------------------------------------------------------------------------------------------


@breaks("union", 1, 2, 3)
def union_without_all(union: Any) -> bool:
    """Equal rows of two ports become one."""
    union.set("distinct", True)
    return True


def _set_operation(name: str, other: type[exp.SetOperation]) -> None:
    def change(union: Any) -> bool:
        union.replace(other(this=union.this.copy(), expression=union.expression.copy(), distinct=True))
        return True

    change.__name__ = name
    breaks("union", 0, 1, 2, 3)(change)


_set_operation("intersect_for_union", exp.Intersect)
_set_operation("except_for_union", exp.Except)


@breaks("union", 2)
def read_a_port_twice(union: Any) -> bool:
    """The same branch on both sides: every figure doubles."""
    union.set("expression", union.expression.copy())
    first = next(node for node in union.this.walk() if isinstance(node, exp.Select))
    union.set("expression", first.copy())
    return True


@breaks("union", harmless=True)
def lose_a_branch(union: Any) -> bool:
    """One port less: less than was granted."""
    union.replace(union.this.copy())
    return True


@breaks("union", 2, 3)
def a_branch_without_a_table(union: Any) -> bool:
    """Rows made of nothing."""
    first = next(node for node in union.this.walk() if isinstance(node, exp.Select))
    columns = ", ".join(f'NULL AS "{item.alias}"' for item in first.expressions)
    union.set("expression", read(f"SELECT {columns}"))
    return True


@breaks("union", 3)
def a_branch_of_a_table_that_nobody_granted(union: Any) -> bool:
    """A raw table among the ports."""
    union.set("expression", read('SELECT "ship" AS "ship" FROM "los_angeles"."pola"."secret"'))
    return True


@breaks("union", 2, 3, 4, 5, harmless=True)
def a_branch_of_another_granted_table(union: Any) -> bool:
    """Two tables in one guard."""
    union.set("expression", read('SELECT "vc_id" AS "vc_id" FROM "oakland"."tos"."ship"'))
    return True


@breaks("union", 1, 2)
def a_branch_in_brackets(union: Any) -> bool:
    """Brackets round one side, where clauses could stand."""
    union.set("expression", union.expression.copy().subquery())
    return True


# --- the whole query --------------------------------------------------------------------------------------------------


def _read_beside(name: str, sql: str, *rules: int) -> None:
    """Enter a mutation that joins something to the whole query."""

    def change(query: Any) -> bool:
        return query.args.get("from_") is not None and _joined(query, sql)

    change.__name__ = name
    breaks("query", *rules)(change)


_read_beside("join_a_raw_table", f'CROSS JOIN {RAW} AS "more"', 1)
_read_beside("join_a_table_without_a_catalog", 'CROSS JOIN "pola"."visit" AS "more"', 1)
_read_beside("join_a_name_that_is_no_cte", 'CROSS JOIN "visit" AS "more"', 1)
_read_beside("join_the_system_tables", 'CROSS JOIN "system"."runtime"."queries" AS "more"', 1, 3)
_read_beside("join_a_lateral_raw_table", f'CROSS JOIN LATERAL (SELECT * FROM {RAW}) AS "more"', 0, 1, 2, 3, 4)
_read_beside("join_a_raw_table_in_brackets", f'CROSS JOIN ({RAW} AS "x" CROSS JOIN {RAW} AS "y")', 1)
_read_beside("join_a_table_function", 'CROSS JOIN TABLE("la"."system"."query"("query" => \'SELECT 1\'))', 0, 1)
_read_beside(
    "join_a_table_function_over_a_table",
    f'CROSS JOIN TABLE(EXCLUDE_COLUMNS(input => TABLE({RAW}), columns => DESCRIPTOR("crew")))', 0, 1,
)  # fmt: skip
_read_beside("join_an_ungranted_guard", 'CROSS JOIN (SELECT "id" AS "id" FROM "los_angeles"."pola"."secret") AS "m"', 3)


_read_beside(
    "join_a_raw_count_of_values", f'CROSS JOIN (VALUES (1, (SELECT MAX("id") FROM {RAW}))) AS "m"("n", "o")', 1, 2
)
_read_beside(
    "unnest_what_is_hidden", f'CROSS JOIN UNNEST(SPLIT((SELECT MAX("crew") FROM {RAW}), "x")) AS "m"("n")', 1, 2
)
_read_beside("a_sequence_as_long_as_a_table", f'CROSS JOIN TABLE(sequence(1, (SELECT MAX("id") FROM {RAW})))', 0, 1, 2)
_read_beside("a_sequence_and_a_table", f"CROSS JOIN TABLE(sequence(1, 2), {RAW})", 0, 1)
_read_beside("the_sequence_of_a_port", 'CROSS JOIN TABLE("los_angeles"."system"."sequence"(1, 2))', 0, 1)


def _predicate(name: str, sql: str, *rules: int) -> None:
    """Enter a mutation that adds a predicate to the whole query."""

    def change(query: Any) -> bool:
        query.where(value(sql), copy=False)
        return True

    change.__name__ = name
    breaks("query", *rules)(change)


_predicate("an_unguarded_exists", f"EXISTS(SELECT 1 FROM {RAW})", 1)
_predicate("an_unguarded_in", f'1 IN (SELECT "id" FROM {RAW})', 1, 2)
_predicate("an_unguarded_any", f'1 = ANY (SELECT "id" FROM {RAW})', 1, 2)
_predicate("an_unguarded_scalar", f'1 = (SELECT MAX("id") FROM {RAW})', 1, 2)
_predicate("an_unguarded_subquery_in_a_function", f'COALESCE((SELECT MAX("id") FROM {RAW}), 1) = 1', 1, 2)
_predicate("a_guard_look_alike", f'EXISTS(SELECT 1 FROM (SELECT "crew" AS "crew" FROM {RAW}) AS "visit")', 3, 4)
_predicate("a_mapping_look_alike", f'EXISTS(SELECT 1 FROM (SELECT 1 FROM {RAW} AS "v") AS "{MAPPING}")', 1, 3)
_predicate("in_a_tables_name", f"1 IN {RAW}", 0, 1)
_predicate("a_table_as_an_argument", f"F({RAW}) = 1", 0, 1)


_predicate("a_function_of_a_catalog", '"los_angeles"."system"."lower"(\'x\') = \'x\'', 0)
_predicate("a_function_that_is_not_open", "query('SELECT 1') = 1", 0)
_predicate("a_lambda_over_what_is_hidden", f'any_match(ARRAY[1], "x" -> EXISTS(SELECT 1 FROM {RAW}))', 1)


@breaks("query", 1, 2)
def order_by_what_is_hidden(query: Any) -> bool:
    """A subquery in ORDER BY."""
    query.set("order", read(f'SELECT 1 ORDER BY (SELECT MAX("id") FROM {RAW})').args["order"])
    return True


@breaks("query", 1)
def a_cte_that_reads_a_raw_table(query: Any) -> bool:
    """A CTE beside the others."""
    query.set("with_", read(f'WITH "more" AS (SELECT * FROM {RAW}) SELECT 1').args["with_"])
    return True


@breaks("query", 1)
def a_cte_that_reads_itself(query: Any) -> bool:
    """A CTE's own name inside of it means another table, unless it is recursive."""
    query.set("with_", read('WITH "visit" AS (SELECT * FROM "visit") SELECT 1').args["with_"])
    return True


@breaks("query", 1)
def a_recursive_cte_that_reads_a_raw_table(query: Any) -> bool:
    """A CTE that may read itself, and reads more."""
    clause = read(f'WITH RECURSIVE "m"("n") AS (SELECT 1 UNION ALL SELECT "id" FROM "m", {RAW}) SELECT 1').args["with_"]
    query.set("with_", clause)
    return True


@breaks("query", 1)
def a_raw_table_behind_the_name_of_a_cte(query: Any) -> bool:
    """Brackets round a join that begins with a CTE."""
    if query.args.get("from_") is None or query.args.get("with_"):
        return False
    query.set("with_", read('WITH "a" AS (SELECT 1 AS "x") SELECT 1').args["with_"])
    return _joined(query, f'CROSS JOIN ("a" CROSS JOIN {RAW} AS "more")')


@breaks("query", 0, 1)
def travel_in_time_behind_a_cte(query: Any) -> bool:
    """FOR VERSION AS OF on a CTE's name."""
    if query.args.get("from_") is None or query.args.get("with_"):
        return False
    query.set("with_", read('WITH "a" AS (SELECT 1 AS "x") SELECT 1').args["with_"])
    return _joined(query, 'CROSS JOIN "a" FOR VERSION AS OF 1')
