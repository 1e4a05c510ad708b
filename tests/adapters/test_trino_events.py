"""An event of Trino's is read as far as it is needed, and what goes beyond a reach is found in it."""

from __future__ import annotations

from typing import Any

import orjson
import pytest

from gateway.adapters.trino_events import MAX_TABLES, beyond_reach, read_event
from gateway.audit.record import ReadTable
from gateway.model import Beyond, Reach, TableName
from tests.adapters.events import completed, plan_of

VISIT = TableName("los_angeles", "pola", "visit")
BERTH = TableName("los_angeles", "pola", "berth")
CALL = TableName("oakland", "tos", "vsl_call")
MADE = TableName("oakland", "_generated", "_generated_query")
REACH: Reach = {VISIT: frozenset({"ship", "hrs"}), CALL: frozenset()}


def test_what_stands_of_one_table_in_several_places_is_added_up() -> None:
    body = completed(
        "ana#7",
        [(VISIT, ["hrs"]), (CALL, []), (VISIT, ["ship"])],
        [(VISIT, 5, 10), (CALL, 7, 0), (VISIT, 1, 2), (MADE, 3, 0)],
        code="DIVISION_BY_ZERO",
        state="FAILED",
    )

    event = read_event(body)

    assert event is not None
    assert (event.trino, event.user, event.state) == ("20261122_164500_00001_abcde", "ana#7", "FAILED")
    assert (event.code, event.catalogs) == ("DIVISION_BY_ZERO", ("los_angeles", "oakland"))
    assert event.unanalysed == frozenset({MADE})
    assert list(event.tables.values()) == [
        ReadTable("los_angeles", "pola.visit", ("hrs", "ship"), 6, 12),
        ReadTable("oakland", "_generated._generated_query", (), 3, 0),
        ReadTable("oakland", "tos.vsl_call", (), 7, 0),
    ]


def test_the_bytes_that_a_port_gave_are_what_its_scans_took_in() -> None:
    plan = plan_of({"1": "los_angeles:pola.visit$data@1", "2": "oakland:Query[SELECT 1]", "3": "oakland:tos.x"})
    operators = [
        ("1", "ScanFilterAndProjectOperator", "10B"),
        ("1", "TaskOutputOperator", "10B"),
        ("2", "TableScanOperator", "5B"),
        ("3", "TableScanOperator", "7B"),
        ("3", "TableScanOperator", "1kB"),
        ("9", "TableScanOperator", "100B"),
    ]
    scans = [(VISIT, 1, 0), (CALL, 1, 0)]

    event = read_event(completed("ana#7", [], scans, operators=operators, plan=plan))
    without_plan = read_event(completed("ana#7", [], scans, operators=operators, plan="{"))

    assert event is not None
    assert without_plan is not None
    assert event.given == {"los_angeles": 10, "oakland": 12}
    assert without_plan.given == {}


def changed(**members: object) -> bytes:
    event: dict[str, Any] = orjson.loads(completed("ana#7", [(VISIT, ["ship"])]))
    event.update(members)
    return orjson.dumps(event)


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"{}",
    b'{"metadata":{}}',
    b"\xff\xfe",
    b"[" * 100_000,
    changed(metadata=None),
    changed(context={}),
    changed(context={"user": 7}),
    changed(context={"user": "a" * 201}),
    changed(ioMetadata={"inputs": [{"catalogName": "x"}]}),
    changed(ioMetadata={"inputs": "x"}),
    changed(failureInfo={"errorCode": None}),
    changed(createTime="yesterday"),
    changed(createTime="2026-11-22T16:45:00.123"),
    changed(createTime=None),
    changed(statistics={"operatorSummaries": 7}),
    changed(metadata={"queryId": "", "queryState": "FINISHED", "tables": []}),
    completed("ana#7", [(TableName("x", "y", str(number)), []) for number in range(MAX_TABLES + 1)]),
]


@pytest.mark.parametrize("body", MALFORMED, ids=range(len(MALFORMED)))
def test_what_has_no_proper_form_is_no_event(body: bytes) -> None:
    assert read_event(body) is None


def test_members_that_nobody_reads_may_be_anything() -> None:
    assert read_event(changed(warnings=[{"new": 1}], somethingNew={"a": [None]})) is not None


WITHIN = [
    ([(VISIT, ["ship", "hrs"])], [(VISIT, 1, 1)]),
    ([(CALL, [])], [(CALL, 1, 1)]),
    ([(CALL, [])], [(MADE, 1, 0)]),
    ([], []),
]


@pytest.mark.parametrize(("analysed", "scans"), WITHIN, ids=range(len(WITHIN)))
def test_what_was_granted_is_not_beyond(analysed: Any, scans: Any) -> None:
    event = read_event(completed("ana#7", analysed, scans))

    assert event is not None
    assert beyond_reach(event, REACH) == {}


def beyond(table: TableName, *columns: str) -> Beyond:
    return Beyond("beyond_grant", str(table), columns)


BEYOND = [
    ([(VISIT, ["crew", "ship"])], [], {"los_angeles": (beyond(VISIT, "crew"), 1)}),
    ([(CALL, ["mmsi"])], [], {"oakland": (beyond(CALL, "mmsi"), 1)}),
    ([(BERTH, ["no"]), (VISIT, ["crew"])], [], {"los_angeles": (beyond(BERTH, "no"), 2)}),
    ([(BERTH, [])], [], {"los_angeles": (beyond(BERTH), 1)}),
    ([], [(BERTH, 1, 1)], {"los_angeles": (beyond(BERTH), 1)}),
    ([(VISIT, ["ship"])], [(MADE, 1, 0)], {"oakland": (beyond(MADE), 1)}),
    ([(VISIT, ["crew"]), (CALL, ["mmsi"])], [], {
        "los_angeles": (beyond(VISIT, "crew"), 1), "oakland": (beyond(CALL, "mmsi"), 1),
    }),
]  # fmt: skip


@pytest.mark.parametrize(("analysed", "scans", "found"), BEYOND, ids=range(len(BEYOND)))
def test_what_was_not_granted_is_beyond(analysed: Any, scans: Any, found: object) -> None:
    event = read_event(completed("ana#7", analysed, scans))

    assert event is not None
    assert beyond_reach(event, REACH) == found
