"""Trino's JSON: what clients need stands in it, and every error of ours has one of Trino's codes."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import orjson
import pytest

from gateway import errors
from gateway.conversation import QueryRequest
from gateway.dialogue import Dialogue
from gateway.edge.trino_errors import KINDS, error_of, trino_error_of
from gateway.edge.trino_results import Addresses, Shown, columns_json, page_parts, warnings_of
from gateway.errors import Broken, Failed, GatewayError, NotParsed
from gateway.model import Notice
from tests.simulator import FakeEngine, Log, gate
from tests.world import PARTNER


def every_kind(kind: type[GatewayError] = GatewayError) -> Iterator[type[GatewayError]]:
    """Each error that there is, wherever it is defined."""
    for below in kind.__subclasses__():
        yield below
        yield from every_kind(below)


def test_every_error_has_a_code_that_says_whose_fault_it_is() -> None:
    types = {"Refused": "USER_ERROR", "Failed": "USER_ERROR", "Broken": "INTERNAL_ERROR"}
    for kind in every_kind():
        error = kind.__new__(kind)
        error.message = ""
        known = trino_error_of(error)
        branch = next(each.__name__ for each in kind.__mro__ if each.__bases__ == (GatewayError,))

        assert known.type in (types.get(branch), "EXTERNAL", "INSUFFICIENT_RESOURCES"), kind
        assert any(issubclass(kind, each) for each, _ in KINDS), kind

    assert issubclass(errors.Broken, tuple(each for each, _ in KINDS))


def test_names_are_of_one_number_each() -> None:
    numbers = {known.number: known.name for _, known in KINDS}

    assert len({known.name for _, known in KINDS}) == len(numbers)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT 1 FROM nowhere", "TABLE_NOT_FOUND"),
        ("SELECT 1 FROM california.information_schema.nothing", "TABLE_NOT_FOUND"),
        ("SELECT nothing FROM calls", "COLUMN_NOT_FOUND"),
        ("SELECT x.* FROM calls", "TABLE_NOT_FOUND"),
        ("SELECT 1 FROM calls JOIN (VALUES 1) AS v (n) USING (n)", "COLUMN_NOT_FOUND"),
        ("SELECT ship FROM calls a CROSS JOIN calls b", "AMBIGUOUS_NAME"),
        ("SELECT 1 FROM (VALUES 1) AS t (a, b)", "MISMATCHED_COLUMN_ALIASES"),
        ("USE nowhere.freight", "CATALOG_NOT_FOUND"),
        ("USE california.nowhere", "SCHEMA_NOT_FOUND"),
        ("SHOW TABLES FROM california.nowhere", "SCHEMA_NOT_FOUND"),
        ("DESCRIBE nowhere", "TABLE_NOT_FOUND"),
    ],
)
def test_what_is_not_there_has_trinos_name(sql: str, name: str) -> None:
    async def ask() -> None:
        log = Log()
        await Dialogue(gate(log, FakeEngine(log))).speak(PARTNER, QueryRequest(sql, "freight_resilience"))

    with pytest.raises(GatewayError) as refused:
        asyncio.run(ask())

    assert error_of(refused.value)["errorName"] == name


def test_what_trino_may_be_quoted_with_keeps_its_name() -> None:
    failed = Failed("cannot apply operator").named("TYPE_MISMATCH")

    assert (error_of(failed)["errorName"], error_of(failed)["errorCode"]) == ("TYPE_MISMATCH", 58)
    assert error_of(Failed("on a value"))["errorName"] == "GENERIC_USER_ERROR"


def test_an_error_points_into_the_partners_own_text() -> None:
    told = error_of(NotParsed("mismatched input", hint="mend it", line=2, column=7))

    assert told == {
        "message": "mismatched input (mend it)",
        "errorCode": 1,
        "errorName": "SYNTAX_ERROR",
        "errorType": "USER_ERROR",
        "errorLocation": {"lineNumber": 2, "columnNumber": 7},
        "failureInfo": {
            "type": "portgate.not_parsed",
            "message": "mismatched input (mend it)",
            "suppressed": [],
            "stack": [],
            "errorInfo": {"code": 1, "name": "SYNTAX_ERROR", "type": "USER_ERROR"},
            "errorLocation": {"lineNumber": 2, "columnNumber": 7},
        },
    }


def test_a_page_has_all_that_clients_need_and_counts_nothing() -> None:
    shown = Shown("q", "RUNNING", 0.141, 37, b"[1]", b"[[2]]", warnings=warnings_of([Notice("new_code", "text")]))

    page = orjson.loads(b"".join(page_parts(shown, Addresses("http://i", "http://s", "http://n"))))

    stats = page.pop("stats")
    assert page == {
        "id": "q",
        "infoUri": "http://i",
        "partialCancelUri": "http://s",
        "nextUri": "http://n",
        "columns": [1],
        "data": [[2]],
        "warnings": [{"warningCode": {"code": 0x05060000, "name": "PORTGATE_NEW_CODE"}, "message": "text"}],
    }
    assert {name: value for name, value in stats.items() if value} == {
        "state": "RUNNING",
        "scheduled": True,
        "progressPercentage": 30.0,
        "nodes": 1,
        "elapsedTimeMillis": 200,
    }
    assert len(stats) == 24


@pytest.mark.parametrize(
    ("type_", "raw", "arguments"),
    [
        ("bigint", "bigint", []),
        ("varchar", "varchar", [2147483647]),
        ("varchar(5)", "varchar", [5]),
        ("decimal(38, 2)", "decimal", [38, 2]),
        ("timestamp(3) with time zone", "timestamp with time zone", [3]),
        ("timestamp with time zone", "timestamp with time zone", []),
    ],
)
def test_columns_of_our_own_have_the_signatures_of_their_types(type_: str, raw: str, arguments: list[int]) -> None:
    [column] = orjson.loads(columns_json([("n", type_)]))

    assert column["typeSignature"]["rawType"] == raw
    assert [argument["value"] for argument in column["typeSignature"]["arguments"]] == arguments


def test_a_type_that_we_never_answer_with_is_our_own_fault() -> None:
    with pytest.raises(Broken):
        columns_json([("n", "row(a bigint)")])
