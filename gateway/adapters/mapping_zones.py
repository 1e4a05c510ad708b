"""Refuses mapping SQL whose values depend on the session of whoever asks: its time zone or its language.

A partner chooses both, so that neither may move a time of a port's data, nor with it a row rule or an embargo.
1. A moment with a zone comes only from a column of that type, `with_timezone(x, 'zone')`, `from_unixtime_nanos(n) AT
   TIME ZONE 'zone'`, for its own is the session's, or `from_iso8601_timestamp` of a text that `OFFSET_SAID` took out: a
   text without an offset is read in the session's zone.
2. It stands only in the shapes below, beside moments that have a zone as well: beside any other, Trino reads that one
   in the session's zone. Nothing is cast to a type with a zone, and no literal has one.
3. What fills a column without a zone says which wall clock it means: `… AT TIME ZONE 'UTC'`.
4. `date_parse` has a written format without names of months or days, which differ from language to language.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping

from sqlglot import exp

from gateway.adapters.mapping_sql import MappingFault
from gateway.kernel.lexer import LITERAL

OFFSET_SAID = "^.*T[0-9:.,]*(Z|[+-][0-9]{2}:?[0-9]{2})$"
"""What `regexp_extract` takes out of a text: all of it if it ends in an offset from UTC, else NULL."""

Zoned = Mapping[str, Mapping[str, bool]]
"""Alias -> column -> whether it holds moments with a zone."""

_PARTS_OF_DATES = re.compile(r"(%[YymcdeHkhIilsSfT%]|[^%])*")
_PLAIN_MOMENT = re.compile(r"[0-9 :.-]*")
_ALIKE = frozenset("coalesce if nullif greatest least try min max max_by min_by".split())
"""Functions that give one of their arguments back: those with values are alike, or none has a zone."""
_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Between, exp.In)
_MIXED = "moments with and without a zone stand side by side"
_WITH_ZONE = "write with_timezone(x, 'America/Los_Angeles') for a wall clock, then AT TIME ZONE 'UTC'"
_AS_UTC = "write … AT TIME ZONE 'UTC'"


def zones_of(select: exp.Select, types: Mapping[str, Mapping[str, str]]) -> Zoned:
    """Check what a mapping reads (`types`: schema.table -> column -> type); say which of its columns have a zone."""
    found: dict[str, Mapping[str, bool]] = {}
    for clause in (select.args["from_"].this, *(join.this for join in _joins(select))):
        found[clause.alias_or_name] = _offered(clause, types, found)
    group = select.args.get("group")
    conditions = [select.args.get("where"), *(join.args.get("on") for join in _joins(select))]
    for part in [*filter(None, conditions), *(group.expressions if group else ())]:
        _is_zoned(part, found)
    return found


def check_column(expression: exp.Expr, zoned: Zoned, type_: str) -> None:
    """Refuse an expression that would fill a column of this type with another moment in another session."""
    has_zone = _is_zoned(expression, zoned)
    if has_zone and not _has_zone(type_) and not _is_in_utc(expression.unnest()):
        raise MappingFault("a moment with a zone fills a column that has none", _AS_UTC)
    if not has_zone and _has_zone(type_):
        raise MappingFault("a moment without a zone fills a column that has one", _WITH_ZONE)


def _joins(select: exp.Select) -> list[exp.Join]:
    return select.args.get("joins") or []


def _offered(clause: exp.Expr, types: Mapping[str, Mapping[str, str]], before: Zoned) -> Mapping[str, bool]:
    if isinstance(clause, exp.Table):
        return {column: _has_zone(type_) for column, type_ in types[f"{clause.db}.{clause.name}"].items()}
    if isinstance(clause, exp.Subquery):
        inner = zones_of(clause.this, types)
        return {item.alias_or_name: _is_zoned(item, inner) for item in clause.this.expressions}
    for array in clause.expressions:  # of UNNEST
        _without_zone(array, before)
    return {column.name: False for column in clause.args["alias"].columns}


def _has_zone(type_: str) -> bool:
    return type_.endswith("with time zone")


def _arguments(call: exp.Expr, count: int) -> list[exp.Expr]:
    if len(call.expressions) != count:
        raise MappingFault(f"{call.name} has {len(call.expressions)} arguments", f"write it with {count}")
    return list(call.expressions)


def _is_in_utc(expression: exp.Expr) -> bool:
    return isinstance(expression, exp.AtTimeZone) and bool(expression.args["zone"] == exp.Literal.string("UTC"))


# --- whether a value has a zone -------------------------------------------------------------------------------------


def _is_zoned(node: exp.Expr, zoned: Zoned) -> bool:
    """Whether a value is a moment with a zone; refuses what depends on the session's."""
    if isinstance(node, exp.Column):
        return zoned[node.table][node.name]
    if isinstance(node, exp.Anonymous):
        return _CALLS.get(node.name, _other_call)(node, zoned)
    if isinstance(node, _COMPARISONS):
        _alike(node.iter_expressions(), zoned)
        return False
    return _NODES.get(type(node), _without_zones_within)(node, zoned)


def _alike(values: Iterable[exp.Expr], zoned: Zoned) -> bool:
    found = {_is_zoned(value, zoned) for value in values if not isinstance(value.unnest(), exp.Null)}
    if len(found) > 1:
        raise MappingFault(_MIXED, _WITH_ZONE)
    return True in found


def _without_zone(node: exp.Expr, zoned: Zoned) -> None:
    if _is_zoned(node, zoned):
        raise MappingFault("a moment with a zone stands where its wall clock is read", _AS_UTC)


def _without_zones_within(node: exp.Expr, zoned: Zoned) -> bool:
    for part in node.iter_expressions():
        _without_zone(part, zoned)
    return False


def _inner(node: exp.Expr, zoned: Zoned) -> bool:
    return _is_zoned(node.this, zoned)


def _filter(node: exp.Expr, zoned: Zoned) -> bool:
    _without_zone(node.expression, zoned)
    return _is_zoned(node.this, zoned)


def _cast(node: exp.Expr, zoned: Zoned) -> bool:
    if _has_zone(node.args["to"].sql("trino").lower()):
        raise MappingFault("a cast to a type with a zone reads it in the session's", _WITH_ZONE)
    if not _is_in_utc(node.this.unnest()):
        _without_zone(node.this, zoned)
    return False


def _case(node: exp.Expr, zoned: Zoned) -> bool:
    arms = node.args["ifs"]
    conditions = [arm.this for arm in arms]
    if node.args.get("this"):
        _alike([node.this, *conditions], zoned)
    for condition in conditions if not node.args.get("this") else ():
        _without_zone(condition, zoned)
    default = node.args.get("default")
    return _alike([*(arm.args["true"] for arm in arms), *([default] if default else [])], zoned)


def _is_null(node: exp.Expr, zoned: Zoned) -> bool:
    _is_zoned(node.this, zoned)
    return False


def _at_time_zone(node: exp.Expr, zoned: Zoned) -> bool:
    _written(node.args["zone"])
    moment = node.this.unnest()
    if isinstance(moment, exp.Anonymous) and moment.name == "try" and len(moment.expressions) == 1:
        moment = moment.expressions[0].unnest()
    if isinstance(moment, exp.Anonymous) and moment.name == "from_unixtime_nanos":
        _without_zones_within(moment, zoned)
        return True
    if not _is_zoned(node.this, zoned):
        raise MappingFault("AT TIME ZONE of a moment without a zone reads it in the session's", _WITH_ZONE)
    return True


def _written(zone: exp.Expr) -> str:
    if not isinstance(zone, exp.Literal) or not zone.is_string:
        raise MappingFault("a zone or a format is not written out", "write it as a text: 'America/Los_Angeles'")
    return str(zone.name)


_NODES: dict[type[exp.Expr], Callable[[exp.Expr, Zoned], bool]] = {
    exp.Paren: _inner,
    exp.Alias: _inner,
    exp.Filter: _filter,
    exp.Cast: _cast,
    exp.TryCast: _cast,
    exp.Case: _case,
    exp.Is: _is_null,
    exp.AtTimeZone: _at_time_zone,
}


# --- functions ------------------------------------------------------------------------------------------------------


def _other_call(call: exp.Expr, zoned: Zoned) -> bool:
    if call.name in _ALIKE:
        return _giving_back(call, zoned)
    return _without_zones_within(call, zoned)


def _giving_back(call: exp.Expr, zoned: Zoned) -> bool:
    values = list(call.expressions)
    if call.name == "if":
        _without_zone(values.pop(0), zoned)
    if call.name in ("max_by", "min_by"):
        _is_zoned(values.pop(), zoned)
    return _alike(values, zoned)


def _with_timezone(call: exp.Expr, zoned: Zoned) -> bool:
    moment, zone = _arguments(call, 2)
    _written(zone)
    _without_zone(moment, zoned)
    return True


def _from_number(call: exp.Expr, zoned: Zoned) -> bool:
    raise MappingFault("from_unixtime_nanos gives a moment in the session's zone", _AS_UTC)


def _from_text(call: exp.Expr, zoned: Zoned) -> bool:
    (text,) = _arguments(call, 1)
    taken = isinstance(text, exp.Anonymous) and text.name == "regexp_extract" and len(text.expressions) == 2
    if not taken or text.expressions[1] != exp.Literal.string(OFFSET_SAID):
        mend = f"write from_iso8601_timestamp(regexp_extract(x, '{OFFSET_SAID}'))"
        raise MappingFault("a text without an offset would be read in the session's zone", mend)
    _without_zones_within(text, zoned)
    return True


def _unit_first(call: exp.Expr, zoned: Zoned) -> bool:
    """`date_add('day', 1, x)` and `date_trunc('day', x)` have the zone of x."""
    *before, moment = _arguments(call, 3 if call.name == "date_add" else 2)
    for part in before:
        _without_zone(part, zoned)
    return _is_zoned(moment, zoned)


def _difference(call: exp.Expr, zoned: Zoned) -> bool:
    _alike(call.expressions[1:], zoned)
    return False


def _parse(call: exp.Expr, zoned: Zoned) -> bool:
    text, form = _arguments(call, 2)
    _without_zone(text, zoned)
    if not _PARTS_OF_DATES.fullmatch(_written(form)):
        raise MappingFault(
            "a format of date_parse holds names, which differ from language to language",
            "write CASE x WHEN 'Jan' THEN … for the names, and the format in numbers",
        )
    return False


def _literal(call: exp.Expr, zoned: Zoned) -> bool:
    kind, text = (part.name for part in call.expressions)
    if kind in ("TIMESTAMP", "TIME") and not _PLAIN_MOMENT.fullmatch(text):
        raise MappingFault("a literal has a zone", _WITH_ZONE)
    return False


def _seconds(call: exp.Expr, zoned: Zoned) -> bool:
    (moment,) = _arguments(call, 1)
    if not _is_zoned(moment, zoned):
        raise MappingFault("to_unixtime of a moment without a zone", _WITH_ZONE)
    return False


def _counted(call: exp.Expr, zoned: Zoned) -> bool:
    for value in call.expressions:
        _is_zoned(value, zoned)
    return False


_CALLS: dict[str, Callable[[exp.Expr, Zoned], bool]] = {
    "with_timezone": _with_timezone,
    "from_unixtime_nanos": _from_number,
    "from_iso8601_timestamp": _from_text,
    "date_add": _unit_first,
    "date_trunc": _unit_first,
    "date_diff": _difference,
    "date_parse": _parse,
    "to_unixtime": _seconds,
    "count": _counted,
    LITERAL: _literal,
}
