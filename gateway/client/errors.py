"""A problem document of the gateway -> the exception that trino's client raises for the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trino.exceptions import (
    TrinoConnectionError,
    TrinoExternalError,
    TrinoInternalError,
    TrinoQueryError,
    TrinoUserError,
)

__all__ = ["TrinoConnectionError", "TrinoQueryError", "error_of", "problem_of"]

Problem = Mapping[str, Any]

_USER_ERRORS = {
    "denied": (4, "PERMISSION_DENIED"),
    "port_suspended": (4, "PERMISSION_DENIED"),
    "unauthenticated": (4, "PERMISSION_DENIED"),
    "not_parsed": (1, "SYNTAX_ERROR"),
    "not_allowed": (13, "NOT_SUPPORTED"),
}
"""Code of a problem -> Trino's number and name; the others are GENERIC_USER_ERROR."""


def error_of(problem: Problem) -> TrinoQueryError:
    """Return the exception; its message says what happened and what to do, `failure_info["problem"]` is the rest."""
    code, status = str(problem.get("code", "error")), int(problem.get("status", 500))
    message = " ".join(filter(None, (str(problem.get("detail", "")), _in_brackets(problem.get("hint")))))
    kind, number, name = _kind(code, status)
    error: dict[str, Any] = {
        "message": message,
        "errorCode": number,
        "errorName": name,
        "errorType": _TYPES[kind],
        "failureInfo": {"type": f"portgate.{code}", "message": message, "problem": dict(problem)},
    }
    if "line" in problem:
        error["errorLocation"] = {"lineNumber": problem["line"], "columnNumber": problem.get("column", 1)}
    return kind(error, problem.get("query_id"))


def problem_of(error: TrinoQueryError) -> Problem:
    """Return the problem document that an exception was made of."""
    told: Problem = (error.failure_info or {}).get("problem", {})
    return told


def _kind(code: str, status: int) -> tuple[type[TrinoQueryError], int, str]:
    if status in (429, 503):
        return TrinoExternalError, 0x0506_0000, code.upper()
    if status >= 500:
        return TrinoInternalError, 65536, "GENERIC_INTERNAL_ERROR"
    return TrinoUserError, *_USER_ERRORS.get(code, (0, "GENERIC_USER_ERROR"))


_TYPES: dict[type[TrinoQueryError], str] = {
    TrinoUserError: "USER_ERROR",
    TrinoInternalError: "INTERNAL_ERROR",
    TrinoExternalError: "EXTERNAL",
}


def _in_brackets(hint: object) -> str:
    return f"({hint})" if hint else ""
