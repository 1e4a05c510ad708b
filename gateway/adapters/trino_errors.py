"""What Trino says of a failure -> what the partner is told of it, without a value, a host or a place in our SQL.

Trino's words reach the partner only where they cannot depend on data: where Trino says the very same of the statement
alone, without a row read (`trino.py` asks it).
"""

from __future__ import annotations

import re

from gateway.adapters.trino_wire import TrinoFailure
from gateway.errors import Failed, GatewayError, PortTrouble, VerificationFailed

SAFE_ERRORS = frozenset(
    {
        "AMBIGUOUS_NAME", "COLUMN_TYPE_UNKNOWN", "EXPRESSION_NOT_AGGREGATE", "EXPRESSION_NOT_CONSTANT",
        "EXPRESSION_NOT_IN_DISTINCT", "EXPRESSION_NOT_SCALAR", "FUNCTION_NOT_AGGREGATE", "FUNCTION_NOT_FOUND",
        "FUNCTION_NOT_WINDOW", "INVALID_ORDER_BY", "INVALID_WINDOW_FRAME", "MISMATCHED_COLUMN_ALIASES",
        "MISSING_GROUP_BY", "MISSING_OVER", "NESTED_AGGREGATION", "NESTED_WINDOW", "NOT_SUPPORTED",
        "TOO_MANY_ARGUMENTS", "TYPE_MISMATCH", "UNEXPECTED_PARAMETERS", "INVALID_COLUMN_REFERENCE", "INVALID_LITERAL",
        "DUPLICATE_COLUMN_NAME",
    }
)  # fmt: skip
"""Errors that Trino finds in a statement. Some of these names come from running queries too, so that a name proves
nothing: `Trino.confirmed` does."""
OUR_OBJECTS = frozenset({"CATALOG_NOT_FOUND", "SCHEMA_NOT_FOUND", "TABLE_NOT_FOUND", "COLUMN_NOT_FOUND"})
"""Errors about a port's own objects: the partner cannot cause them, a port that lost a table can."""
NEVER_TOLD = OUR_OBJECTS | {"PERMISSION_DENIED", "USER_CANCELED"}
"""What no query of a partner's causes, whatever it reads."""
VALUE_FAULTS = frozenset(
    {
        "java.lang.ArithmeticException", "java.lang.ArrayIndexOutOfBoundsException",
        "java.lang.IndexOutOfBoundsException", "java.lang.NegativeArraySizeException",
        "java.lang.NumberFormatException", "java.lang.StringIndexOutOfBoundsException", "java.time.DateTimeException",
    }
)  # fmt: skip
"""What Trino's own functions let fall on odd values (`mod(250, 0)`) and calls internal: no port has failed."""
DATA_ERROR = "the query failed on a value it met (a division by zero, a cast, an overflow or the like)"
NOT_POSSIBLE = "the query asks for something that the engine cannot do, in its form or on a value it met"


class Said(Failed):
    """A failure in Trino's own words, of which nobody knows yet whether they depend on data."""


_POSITION = re.compile(r"^line \d+:\d+: ")


def translated(failure: TrinoFailure, *, reads_nothing: bool = False) -> GatewayError:
    """Turn a failure into one of our errors; that of a query which reads no table can tell of nothing hidden."""
    if failure.kind == "USER_ERROR" and reads_nothing and failure.name not in NEVER_TOLD:
        return _told(Failed, failure)
    if failure.kind == "USER_ERROR":
        return _of_the_query(failure)
    if failure.kind == "INSUFFICIENT_RESOURCES":
        return too_much(failure.name)
    if failure.cause in VALUE_FAULTS:
        return _data_error()
    return PortTrouble("Trino could not read a port's data")


def _of_the_query(failure: TrinoFailure) -> GatewayError:
    if failure.name == "PERMISSION_DENIED":
        return VerificationFailed("Trino refused what the gateway had admitted")
    if failure.name in OUR_OBJECTS:
        return PortTrouble("a port's table is not where the catalog says")
    if failure.name in SAFE_ERRORS:
        return _told(Said, failure)
    if failure.name == "USER_CANCELED":
        return Failed("the query was cancelled")
    return _data_error()


def _told(kind: type[Failed], failure: TrinoFailure) -> Failed:
    hint = "mend the expression and ask again"
    return kind(_POSITION.sub("", failure.message), hint=hint).named(failure.name)


def unconfirmed(failure: BaseException | None) -> Failed:
    """What a partner is told in place of Trino's own words once rows may have been read: one of two fixed texts."""
    if isinstance(failure, TrinoFailure) and failure.name == "NOT_SUPPORTED":
        return Failed(NOT_POSSIBLE, hint="write it another way: a correlated subquery as a join, NULLs out of arrays")
    return _data_error()


def too_much(name: str) -> Failed:
    """Say that a query took more than one may take."""
    told = name if name == "EXCEEDED_TIME_LIMIT" else "GENERIC_INSUFFICIENT_RESOURCES"
    message = "the query needs more time or memory than one query may take"
    return Failed(message, hint="ask for less at once").named(told)


def _data_error() -> Failed:
    return Failed(DATA_ERROR, hint="guard the expression: nullif(x, 0), try_cast(…), try(…)")
