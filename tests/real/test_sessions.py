"""A session as Trino's own Python client keeps it, and what EXPLAIN says, on a real stack."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from trino.exceptions import TrinoUserError

from tests.conftest import Stack
from tests.real.test_protocol import connect

pytestmark = pytest.mark.real

COUNT = "SELECT count(*) FROM vessel_calls WHERE port_unlocode = ? AND loa_m > ?"


@pytest.fixture(scope="module")
def cursor(stack: Stack) -> Iterator[Any]:
    """A cursor of the analyst, in the canonical schema."""
    connection = connect(stack, catalog="california", schema="freight", legacy_primitive_types=True)
    yield connection.cursor()
    connection.close()


def _rows(cursor: Any, sql: str, *values: Any) -> list[list[Any]]:
    rows: list[list[Any]] = cursor.execute(sql, values or None).fetchall()
    return rows


def test_parameters_give_what_the_values_written_out_give(cursor: Any) -> None:
    written = _rows(cursor, COUNT.replace("?", "'USOAK'", 1).replace("?", "100", 1))

    assert _rows(cursor, COUNT, "USOAK", 100) == written
    assert written[0][0] > 0


def test_the_columns_of_a_prepared_query_are_told_with_trinos_types(cursor: Any) -> None:
    _rows(cursor, "PREPARE p FROM SELECT call_id, loa_m AS metres, ata_berth_utc FROM vessel_calls WHERE loa_m > ?")

    assert _rows(cursor, "DESCRIBE OUTPUT p") == [
        ["call_id", "", "", "", "varchar", 0, False],
        ["metres", "", "", "", "double", 8, True],
        ["ata_berth_utc", "", "", "", "timestamp(3)", 8, False],
    ]
    assert _rows(cursor, "DESCRIBE INPUT p") == [[0, "unknown"]]
    _rows(cursor, "DEALLOCATE PREPARE p")


def test_a_time_zone_is_the_partners_own_and_no_rows_are_other_for_it(cursor: Any) -> None:
    times = "SELECT min(ata_berth_utc), max(ata_berth_utc), count(*) FROM vessel_calls"
    before = _rows(cursor, times)

    _rows(cursor, "SET TIME ZONE 'Pacific/Kiritimati'")
    assert _rows(cursor, "SELECT current_timezone()") == [["Pacific/Kiritimati"]]
    assert _rows(cursor, times) == before
    _rows(cursor, "SET TIME ZONE LOCAL")
    assert _rows(cursor, "SELECT current_timezone()") == [["UTC"]]


def test_use_show_and_session_properties_are_kept_by_the_client(cursor: Any) -> None:
    _rows(cursor, "SET SESSION portgate.withheld = 'refuse'")
    (said,) = _rows(cursor, "SHOW SESSION LIKE 'portgate.withheld'")
    assert said[:3] == ["portgate.withheld", "refuse", "null"]
    with pytest.raises(TrinoUserError, match="withheld from you") as told:
        _rows(cursor, "SELECT consignee_name FROM container_moves LIMIT 1")
    assert told.value.error_name == "PERMISSION_DENIED"
    _rows(cursor, "RESET SESSION portgate.withheld")

    with pytest.raises(TrinoUserError, match="is not open") as told:
        _rows(cursor, "SET SESSION los_angeles.complex_expression_pushdown = true")
    assert told.value.error_name == "INVALID_SESSION_PROPERTY"


def test_explain_tells_the_agreements_and_nothing_of_trinos_plan(cursor: Any) -> None:
    ((text,),) = _rows(cursor, "EXPLAIN SELECT consignee_name, event_utc FROM container_moves")
    ((whole,),) = _rows(cursor, "EXPLAIN (FORMAT JSON) SELECT consignee_name, event_utc FROM container_moves")
    ((read,),) = _rows(cursor, "EXPLAIN (TYPE IO, FORMAT JSON) SELECT consignee_name, event_utc FROM container_moves")

    assert "Port long_beach" in text
    assert {port["port"] for port in json.loads(whole)["ports"]} > {"long_beach"}
    (table,) = json.loads(read)["inputTableColumnInfos"]
    assert table["table"] == {"catalog": "california", "schemaTable": {"schema": "freight", "table": "container_moves"}}
    for word in ("Fragment", "TableScan", "Estimates", "polbops", "cargoevent", "hmac", "coalesce", "SELECT", "UNION"):
        assert word not in text + whole + read


def test_validate_is_true_or_what_trino_says_of_the_types(cursor: Any) -> None:
    assert _rows(cursor, "EXPLAIN (TYPE VALIDATE) SELECT loa_m / 0 FROM vessel_calls") == [[True]]
    with pytest.raises(TrinoUserError) as told:
        _rows(cursor, "EXPLAIN (TYPE VALIDATE) SELECT loa_m + call_id FROM vessel_calls")
    assert told.value.error_name == "TYPE_MISMATCH"
    assert "portgate mapping" not in str(told.value)
