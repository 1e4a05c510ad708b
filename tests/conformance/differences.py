"""Where Portgate differs from Trino on purpose: what a program sees there instead, and why."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.conformance.sides import Raised, Seen


class Difference(NamedTuple):
    """One case that is not the same, on purpose."""

    reason: str
    seen: object
    """What a program sees through Portgate."""


OTHER_TEXT = "It is found in the text that the gateway writes: its place there is none in the partner's own text."
OWN_READER = (
    "The gateway reads the text before Trino does and says in its own words, at its own place, what is not open; to "
    "clients that is NOT_SUPPORTED, as for every statement, clause and function off the allow-list."
)
HIDDEN = (
    "A name that is not there and one that the partner may not see look the same, so no step of a name is told apart; "
    "the place is that of the name's last word."
)
OWN_PLACE = "The place is that of the first word within a bracket, where Trino's is the bracket's own."
READ_ONLY = "Portgate is read-only: it does not look for what it would never change."
SEALED = "Addresses are sealed: none tells the query's id, and none leads to Trino's own pages."
BLUNT = "Stats tell state, progress in steps of ten and time: Trino's own stages and counts would tell of hidden rows."
UNTYPED = "Parameters get their types from the values that are bound, so without values their types are not known."
EMPTY = "A body without a statement is no request: the answer is HTTP 400, before anything is written to the log."


STATS = {
    "analysisTimeMillis": "int",
    "completedSplits": "int",
    "cpuTimeMillis": "int",
    "elapsedTimeMillis": "int",
    "finishingTimeMillis": "int",
    "internalNetworkInputBytes": "int",
    "nodes": "int",
    "peakMemoryBytes": "int",
    "physicalInputBytes": "int",
    "physicalInputTimeMillis": "int",
    "physicalWrittenBytes": "int",
    "planningTimeMillis": "int",
    "processedBytes": "int",
    "processedRows": "int",
    "progressPercentage": "float",
    "queryId": "str",
    "queued": "bool",
    "queuedSplits": "int",
    "queuedTimeMillis": "int",
    "runningSplits": "int",
    "scheduled": "bool",
    "spilledBytes": "int",
    "state": "str",
    "totalSplits": "int",
    "wallTimeMillis": "int",
}


def _user(code: int, name: str, place: tuple[int, int] | None = None) -> Raised:
    return Raised("TrinoUserError", name, "USER_ERROR", code, place)


def _all(reason: str, seen: Mapping[str, object]) -> Iterable[tuple[str, Difference]]:
    return ((case, Difference(reason, what)) for case, what in seen.items())


def _refused(*place: int) -> Raised:
    return _user(13, "NOT_SUPPORTED", place or None)  # type: ignore[arg-type]


DIFFERENCES: dict[str, Difference] = dict(
    [
        *_all(
            OTHER_TEXT,
            {
                "immediate-of_the_wrong_type": _user(6, "FUNCTION_NOT_FOUND"),
                "immediate-too_few": _user(80, "INVALID_PARAMETER_USAGE"),
                "immediate-too_many": _user(80, "INVALID_PARAMETER_USAGE"),
                "prepare-too_few": _user(80, "INVALID_PARAMETER_USAGE"),
                "prepare-too_many": _user(80, "INVALID_PARAMETER_USAGE"),
                "fault-a_wrong_type": _user(58, "TYPE_MISMATCH"),
                "fault-a_wrong_argument": _user(6, "FUNCTION_NOT_FOUND"),
                "fault-not_grouped": _user(73, "EXPRESSION_NOT_AGGREGATE"),
                "fault-an_aggregate_in_where": _user(74, "EXPRESSION_NOT_SCALAR"),
                "fault-a_nested_aggregate": _user(67, "NESTED_AGGREGATION"),
                "fault-columns_do_not_match": _user(58, "TYPE_MISMATCH"),
                "fault-types_do_not_match": _user(58, "TYPE_MISMATCH"),
                "fault-order_by_a_place_beyond": _user(63, "INVALID_COLUMN_REFERENCE"),
                "fault-a_wrong_literal": _user(59, "INVALID_LITERAL"),
                "fault-a_decimal_too_long": _user(59, "INVALID_LITERAL"),
                "fault-an_open_text": _user(1, "SYNTAX_ERROR"),
                "fault-an_empty_name": _user(1, "SYNTAX_ERROR"),
                "fault-a_whole_number_beyond_64_bits": _user(1, "SYNTAX_ERROR"),
                "immediate-int_beyond_64_bits": _user(1, "SYNTAX_ERROR"),
                "fault-set_a_property_that_is_not_there": _user(14, "INVALID_SESSION_PROPERTY"),
            },
        ),
        *_all(
            OWN_READER,
            {
                "immediate-in_a_text_that_is_wrong": _refused(1, 20),
                "prepare-in_a_text_that_is_wrong": _refused(1, 50),
                "fault-no_sql": _refused(1, 1),
                "fault-half_a_statement": _refused(),
                "fault-on_the_second_line": _refused(2, 3),
                "fault-an_open_bracket": _refused(1, 9),
                "fault-two_statements": _refused(1, 9),
                "fault-an_unknown_function": _refused(1, 8),
            },
        ),
        *_all(OWN_PLACE, {"fault-aliases_do_not_match": _user(61, "MISMATCHED_COLUMN_ALIASES", (1, 24))}),
        *_all(
            HIDDEN,
            {
                "fault-an_unknown_table": _user(46, "TABLE_NOT_FOUND", (1, 31)),
                "fault-an_unknown_schema": _user(46, "TABLE_NOT_FOUND", (1, 28)),
                "fault-an_unknown_catalog": _user(46, "TABLE_NOT_FOUND", (1, 25)),
                "fault-use_a_schema_that_is_not_there": _user(45, "SCHEMA_NOT_FOUND"),
            },
        ),
        *_all(
            READ_ONLY,
            {
                "fault-create_a_table": _refused(1, 1),
                "fault-insert": _refused(1, 1),
                "fault-delete": _refused(1, 1),
                "fault-drop_a_table": _refused(1, 1),
            },
        ),
        ("fault-nothing", Difference(EMPTY, Raised("HttpError"))),
        ("program-the_info_uri_is_on_the_server_that_was_asked", Difference(SEALED, [True, False])),
        ("program-stats_have_the_same_fields", Difference(BLUNT, STATS)),
        (
            "program-describe_input",
            Difference(UNTYPED, [["Position", "Type"], [[0, "unknown"], [1, "unknown"], [2, "unknown"]]]),
        ),
        (
            "program-describe_of_a_wrong_text",
            Difference(OWN_READER, [_refused(1, 50), _user(47, "COLUMN_NOT_FOUND", (1, 8))]),
        ),
        (
            "program-execute_immediate",
            Difference(
                OTHER_TEXT,
                [
                    Seen([("a", "integer", None, None, None, None, None)], [[1]]),
                    Seen(
                        [
                            ("a", "array(integer)", None, None, None, None, None),
                            ("b", "varchar(4)", None, 4, None, None, None),
                        ],
                        [[[1, 2], "it's"]],
                    ),
                    _user(80, "INVALID_PARAMETER_USAGE"),
                    _refused(1, 20),
                ],
            ),
        ),
    ]
)  # fmt: skip
