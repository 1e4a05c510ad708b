"""The SQL that passes: kinds of node and, for each, the parts it may have. What is not listed is refused by name.

A reviewer checks: no entry can change anything or read what is not a table of its own name, and each means to Trino
what it means to sqlglot (`tests/oracle` holds every form against Trino's own parser). Functions: `functions.py`.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

_PARTS: dict[type[exp.Expr], str] = {
    # a query and its clauses
    exp.Select: "expressions from_ joins where group having order limit offset distinct with_ windows",
    exp.Union: "this expression distinct with_ order limit offset",
    exp.Except: "this expression distinct with_ order limit offset",
    exp.Intersect: "this expression distinct with_ order limit offset",
    exp.Subquery: "this alias with_ order limit offset sample joins",
    exp.Values: "expressions alias order limit offset",
    exp.With: "expressions recursive",
    exp.CTE: "this alias",
    exp.From: "this",
    exp.Join: "this on using side kind",
    exp.Lateral: "this alias",
    exp.Unnest: "expressions alias offset",
    exp.Table: "this db catalog alias sample joins",
    exp.TableAlias: "this columns",
    exp.TableSample: "method percent",
    exp.Where: "this",
    exp.Having: "this",
    exp.Group: "expressions grouping_sets cube rollup all distinct",
    exp.GroupingSets: "expressions",
    exp.Cube: "expressions",
    exp.Rollup: "expressions",
    exp.Order: "this expressions",
    exp.Ordered: "this desc nulls_first explicit",
    exp.Limit: "expression offset",
    exp.Offset: "expression",
    exp.Fetch: "direction count limit_options",
    exp.LimitOptions: "rows with_ties",
    exp.Distinct: "expressions",
    exp.Alias: "this alias",
    exp.Column: "this table db catalog",
    exp.Identifier: "this quoted",
    exp.Star: "",
    exp.Dot: "this expression",
    # windows
    exp.Window: "this partition_by order spec alias over",
    exp.WindowSpec: "kind start start_side end end_side",
    exp.Filter: "this expression",
    exp.IgnoreNulls: "this",
    exp.RespectNulls: "this",
    exp.WithinGroup: "this expression",
    # values, types and calls
    exp.Literal: "this is_string",
    exp.HexString: "this",
    exp.Boolean: "this",
    exp.Null: "",
    exp.Var: "this",
    exp.Paren: "this",
    exp.Tuple: "expressions",
    exp.Bracket: "this expressions",
    exp.Lambda: "this expressions",
    exp.Kwarg: "this expression",
    exp.Anonymous: "this expressions",
    exp.Cast: "this to",
    exp.TryCast: "this to safe",
    exp.DataType: "this expressions nested",
    exp.DataTypeParam: "this",
    exp.Interval: "unit",
    exp.IntervalSpan: "this expression",
    exp.ColumnDef: "this kind",
    exp.Case: "this ifs default",
    exp.If: "this true",
    exp.Extract: "this expression",
    exp.Trim: "this expression position",
    exp.AtTimeZone: "this zone",
    exp.CurrentDate: "",
    exp.CurrentTime: "",
    exp.CurrentTimestamp: "",
    exp.Localtime: "",
    exp.Localtimestamp: "",
    exp.JSONValue: "this path",
    exp.JSONExtract: "this expression option json_query",
    exp.JSONObject: "expressions",
    exp.JSONKeyValue: "this expression",
    # predicates and arithmetic
    exp.Exists: "this",
    exp.Any: "this",
    exp.All: "this",
    exp.In: "this expressions query",
    exp.Between: "this low high",
    exp.Is: "this expression",
    exp.Not: "this",
    exp.Neg: "this",
    exp.Like: "this expression negate",
    exp.Escape: "this expression",
    exp.Div: "this expression typed",
    exp.DPipe: "this expression",
    **dict.fromkeys(
        (exp.And, exp.Or, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ,
         exp.Add, exp.Sub, exp.Mul, exp.Mod),
        "this expression",
    ),
}  # fmt: skip

NODES: Mapping[type[exp.Expr], frozenset[str]] = {kind: frozenset(parts.split()) for kind, parts in _PARTS.items()}
"""Every kind of node that may stand in a query, and the parts that it may have."""

PREDICATES = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Between,
    exp.Like, exp.Escape, exp.Not, exp.And, exp.Or,
)  # fmt: skip
OPERATORS = (
    exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ, exp.Is, exp.In, exp.Like,
    exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.DPipe, exp.Neg, exp.AtTimeZone, exp.Bracket,
)  # fmt: skip
"""Nodes whose operands may be no predicate without brackets."""

RECKONING = (exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.Cast)
"""What may stand between a column and a figure of it: `sum(hours * 60)`."""
COMPUTING = (
    exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeNEQ, exp.And, exp.Or, exp.Not, exp.Is, exp.Between, exp.Like,
    exp.Escape, exp.DPipe, exp.Case, exp.If, exp.TryCast, exp.Extract, exp.Trim, exp.AtTimeZone, exp.Bracket, exp.Tuple,
    exp.JSONValue, exp.JSONExtract, exp.JSONObject, exp.JSONKeyValue, exp.Kwarg,
)  # fmt: skip
"""What makes something else of the values in it."""
CONSTANTS = (
    exp.Literal, exp.HexString, exp.Boolean, exp.Null, exp.Var, exp.DataType, exp.Interval, exp.Star, exp.CurrentDate,
    exp.CurrentTime, exp.CurrentTimestamp, exp.Localtime, exp.Localtimestamp,
)  # fmt: skip
"""What no column's value is in; a star is read where it stands."""

TYPES = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "CHAR", "VARBINARY",
        "DATE", "TIME", "TIMETZ", "TIMESTAMP", "TIMESTAMPTZ", "INTERVAL", "JSON", "UUID", "IPADDRESS",
        "ARRAY", "MAP", "STRUCT",
    }
)  # fmt: skip
"""Types that a cast may name, in sqlglot's words."""

EXTRACT_FIELDS = frozenset(
    (
        "YEAR QUARTER MONTH WEEK DAY DAY_OF_MONTH DAY_OF_WEEK DOW DAY_OF_YEAR DOY YEAR_OF_WEEK YOW HOUR MINUTE SECOND "
        "TIMEZONE_HOUR TIMEZONE_MINUTE"
    ).split()
)

STATEMENT_STARTS = frozenset({"SELECT", "WITH", "VALUES", "TABLE", "("})
"""How a statement may begin: everything else is not a query."""


def parts_of(node: exp.Expr) -> set[str]:
    """Name the parts that a node has."""
    return {key for key, value in node.args.items() if value}
