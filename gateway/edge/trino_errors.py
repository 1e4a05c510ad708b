"""An error of the gateway -> the error that Trino's clients know; the only file that knows Trino's numbers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from gateway.edge.problems import problem_of
from gateway.errors import (
    AuditUnavailable,
    BadParameters,
    BadProperty,
    Broken,
    Denied,
    EngineUnavailable,
    Failed,
    GatewayError,
    IdentityUnavailable,
    KernelUnavailable,
    NoSuchStatement,
    NotAllowed,
    NotParsed,
    NoTransaction,
    PolicyUnavailable,
    PortTrouble,
    PortUnavailable,
    Refused,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class TrinoError(NamedTuple):
    """One error code: clients make their exceptions of the type."""

    number: int
    name: str
    type: str


class Cancelled(Refused):
    """The client itself has stopped the query."""

    code = "cancelled"


def _user(number: int, name: str) -> TrinoError:
    return TrinoError(number, name, "USER_ERROR")


GENERIC = _user(0, "GENERIC_USER_ERROR")
_OWN = 0x0506_0000
"""Where the numbers begin of what Trino itself has no name for; connectors have theirs from 0x0100_0000."""


def _external(offset: int, name: str) -> TrinoError:
    return TrinoError(_OWN + offset, name, "EXTERNAL")


KINDS: tuple[tuple[type[GatewayError], TrinoError], ...] = (
    (Cancelled, _user(3, "USER_CANCELED")),
    (Unauthenticated, _user(4, "PERMISSION_DENIED")),
    (Denied, _user(4, "PERMISSION_DENIED")),
    (NotParsed, _user(1, "SYNTAX_ERROR")),
    (NotAllowed, _user(13, "NOT_SUPPORTED")),
    (BadParameters, _user(80, "INVALID_PARAMETER_USAGE")),
    (BadProperty, _user(14, "INVALID_SESSION_PROPERTY")),
    (NoSuchStatement, _user(5, "NOT_FOUND")),
    (NoTransaction, _user(21, "NOT_IN_TRANSACTION")),
    (Refused, GENERIC),
    (Failed, GENERIC),
    (TooMany, TrinoError(131074, "QUERY_QUEUE_FULL", "INSUFFICIENT_RESOURCES")),
    (PolicyUnavailable, _external(1, "POLICY_UNAVAILABLE")),
    (EngineUnavailable, _external(2, "ENGINE_UNAVAILABLE")),
    (PortUnavailable, _external(3, "PORT_UNAVAILABLE")),
    (PortTrouble, _external(4, "PORT_TROUBLE")),
    (AuditUnavailable, _external(5, "AUDIT_UNAVAILABLE")),
    (IdentityUnavailable, _external(6, "IDENTITY_UNAVAILABLE")),
    (KernelUnavailable, _external(7, "KERNEL_UNAVAILABLE")),
    (Unavailable, _external(0, "UNAVAILABLE")),
    (Broken, TrinoError(65536, "GENERIC_INTERNAL_ERROR", "INTERNAL_ERROR")),
)
"""The first that fits; an error that carries one of Trino's names is told by that."""

_BY_NAME = {
    name: _user(number, name)
    for number, name in (
        (1, "SYNTAX_ERROR"), (5, "NOT_FOUND"), (44, "CATALOG_NOT_FOUND"), (45, "SCHEMA_NOT_FOUND"),
        (46, "TABLE_NOT_FOUND"),
        (47, "COLUMN_NOT_FOUND"), (56, "MISSING_CATALOG_NAME"), (6, "FUNCTION_NOT_FOUND"),
        (7, "INVALID_FUNCTION_ARGUMENT"), (8, "DIVISION_BY_ZERO"),
        (9, "INVALID_CAST_ARGUMENT"), (10, "OPERATOR_NOT_FOUND"), (13, "NOT_SUPPORTED"),
        (14, "INVALID_SESSION_PROPERTY"), (15, "INVALID_WINDOW_FRAME"), (19, "NUMERIC_VALUE_OUT_OF_RANGE"),
        (28, "SUBQUERY_MULTIPLE_ROWS"), (43, "TYPE_NOT_FOUND"), (54, "DUPLICATE_COLUMN_NAME"), (58, "TYPE_MISMATCH"),
        (59, "INVALID_LITERAL"), (60, "COLUMN_TYPE_UNKNOWN"), (61, "MISMATCHED_COLUMN_ALIASES"),
        (62, "AMBIGUOUS_NAME"), (63, "INVALID_COLUMN_REFERENCE"), (64, "MISSING_GROUP_BY"), (66, "MISSING_OVER"),
        (67, "NESTED_AGGREGATION"), (68, "NESTED_WINDOW"), (69, "EXPRESSION_NOT_IN_DISTINCT"),
        (71, "FUNCTION_NOT_WINDOW"), (72, "FUNCTION_NOT_AGGREGATE"), (73, "EXPRESSION_NOT_AGGREGATE"),
        (74, "EXPRESSION_NOT_SCALAR"), (75, "EXPRESSION_NOT_CONSTANT"), (77, "TOO_MANY_ARGUMENTS"),
        (91, "INVALID_ORDER_BY"),
    )
} | {
    name: TrinoError(number, name, "INSUFFICIENT_RESOURCES")
    for number, name in ((131072, "GENERIC_INSUFFICIENT_RESOURCES"), (131075, "EXCEEDED_TIME_LIMIT"))
}  # fmt: skip
"""The names of Trino's that an error of ours may carry (`GatewayError.trino_name`)."""


def trino_error_of(error: GatewayError) -> TrinoError:
    """Return the error code."""
    return _BY_NAME.get(error.trino_name) or next((known for kind, known in KINDS if isinstance(error, kind)), GENERIC)


def error_of(error: GatewayError) -> Mapping[str, object]:
    """Return the member `error` of an answer; what broke inside stays inside."""
    told = problem_of(error)
    known = trino_error_of(error)
    hint = told.get("hint")
    message = f"{told['detail']} ({hint})" if hint else str(told["detail"])
    place: dict[str, object] = {}
    if "line" in told:
        place["errorLocation"] = {"lineNumber": told["line"], "columnNumber": told.get("column", 1)}
    info = {"code": known.number, "name": known.name, "type": known.type}
    failure = {"type": f"portgate.{error.code}", "message": message, "suppressed": [], "stack": [], "errorInfo": info}
    return {
        "message": message,
        "errorCode": known.number,
        "errorName": known.name,
        "errorType": known.type,
        **place,
        "failureInfo": {**failure, **place},
    }
