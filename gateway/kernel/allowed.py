"""The SQL that passes: node kinds and functions by name. What is not listed here is refused by name.

A reviewer checks: each entry can neither read a table, nor change anything, nor mean something else to Trino than to
sqlglot. What sqlglot changes in silence (DECIMAL and CHAR literals, `log10`, `random(m, n)`, `listagg`, TIME AT TIME
ZONE, numbers such as `0x1F` or `1_000`) is absent on purpose.
"""

from __future__ import annotations

from sqlglot import exp
from sqlglot.dialects.trino import Trino
from sqlglot.tokenizer_core import TokenType

DIALECT = Trino()

STRUCTURE: frozenset[type[exp.Expr]] = frozenset(
    {
        # a query and its clauses
        exp.Select, exp.Union, exp.Except, exp.Intersect, exp.Subquery, exp.With, exp.CTE,
        exp.From, exp.Join, exp.Where, exp.Group, exp.GroupingSets, exp.Rollup, exp.Cube, exp.Having,
        exp.Order, exp.Ordered, exp.Limit, exp.Offset, exp.Fetch, exp.LimitOptions, exp.Distinct,
        exp.Table, exp.TableAlias, exp.Alias, exp.Column, exp.Identifier, exp.Star,
        # windows
        exp.Window, exp.WindowSpec, exp.Filter, exp.IgnoreNulls, exp.RespectNulls,
        # values
        exp.Literal, exp.Boolean, exp.Null, exp.Interval, exp.IntervalSpan, exp.Var, exp.DataType, exp.DataTypeParam,
        exp.Paren, exp.Tuple,
        # predicates and arithmetic
        exp.And, exp.Or, exp.Not, exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Is, exp.Between, exp.In,
        exp.Like, exp.Escape, exp.Exists, exp.Any, exp.All, exp.NullSafeEQ, exp.NullSafeNEQ,
        exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod, exp.Neg, exp.DPipe,
    }
)  # fmt: skip
"""Node kinds that are not functions."""

FUNCTIONS: frozenset[type[exp.Expr]] = frozenset(
    {
        # aggregates
        exp.Count, exp.CountIf, exp.Sum, exp.Avg, exp.Min, exp.Max, exp.ArgMin, exp.ArgMax, exp.ApproxDistinct,
        exp.ApproxQuantile, exp.Stddev, exp.StddevPop, exp.StddevSamp, exp.Variance, exp.VariancePop, exp.Corr,
        exp.CovarSamp, exp.LogicalAnd, exp.LogicalOr, exp.AnyValue, exp.Grouping,
        # windows
        exp.RowNumber, exp.Rank, exp.DenseRank, exp.PercentRank, exp.CumeDist, exp.Ntile, exp.Lag, exp.Lead,
        exp.FirstValue, exp.LastValue, exp.NthValue,
        # conditionals and casts
        exp.Case, exp.If, exp.Coalesce, exp.Nullif, exp.Greatest, exp.Least, exp.Cast, exp.TryCast, exp.Try,
        # numbers
        exp.Abs, exp.Ceil, exp.Floor, exp.Round, exp.Trunc, exp.Sign, exp.Sqrt, exp.Cbrt, exp.Pow, exp.Exp, exp.Ln,
        exp.WidthBucket, exp.IsNan,
        # text
        exp.Concat, exp.Length, exp.Lower, exp.Upper, exp.Trim, exp.Substring, exp.Replace, exp.Reverse, exp.Pad,
        exp.SplitPart, exp.StrPosition, exp.StartsWith, exp.Translate, exp.RegexpLike, exp.RegexpExtract,
        exp.RegexpReplace,
        # dates and times
        exp.CurrentDate, exp.CurrentTimestamp, exp.Localtimestamp, exp.Date, exp.DateAdd, exp.DateDiff,
        exp.TimestampTrunc, exp.DateTrunc,
        exp.Extract, exp.AtTimeZone, exp.Year, exp.Quarter, exp.Month, exp.WeekOfYear, exp.Day,
        exp.DayOfWeekIso, exp.DayOfYear, exp.YearOfWeek, exp.Hour, exp.Minute, exp.Second, exp.LastDay,
        exp.UnixToTime, exp.TimeToUnix, exp.TimeToStr, exp.FromISO8601Timestamp,
    }
)  # fmt: skip
"""Functions that sqlglot knows by a class of their own."""

NAMED_FUNCTIONS = frozenset(
    {"with_timezone", "at_timezone", "to_iso8601", "format_datetime", "every", "geometric_mean", "nan", "infinity"}
)
"""Functions that sqlglot keeps by name."""

PLAIN_TYPES = frozenset(
    {
        "BOOLEAN", "TINYINT", "SMALLINT", "INT", "BIGINT", "FLOAT", "DOUBLE", "DECIMAL", "VARCHAR", "CHAR", "DATE",
        "TIME", "TIMESTAMP", "TIMESTAMPTZ",
    }
)  # fmt: skip
"""Types that a cast may name, in sqlglot's words."""

ALLOWED_NODES = STRUCTURE | FUNCTIONS | {exp.Anonymous}

STATEMENT_STARTS = frozenset({TokenType.SELECT, TokenType.WITH, TokenType.L_PAREN})
"""How a statement may begin: everything else is not a query."""


def emit(tree: exp.Expr) -> str:
    """Write a tree as the one text that is sent: comments gone, every name quoted. The tree is used up by it."""
    return str(tree.sql(dialect=DIALECT, comments=False, identify=True, copy=False))
