"""What Trino's event listener posts, for tests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import orjson

from gateway.model import TableName

CREATED = "2026-11-22T16:45:00.123Z"
Scan = tuple[TableName, int, int]
"""Table, rows, bytes."""


def completed(
    user: str,
    analysed: Iterable[tuple[TableName, Iterable[str]]] = (),
    scans: Iterable[Scan] = (),
    *,
    trino: str = "20261122_164500_00001_abcde",
    state: str = "FINISHED",
    code: str = "",
    created: str = CREATED,
    operators: Iterable[tuple[str, str, str]] = (),
    plan: str | None = None,
) -> bytes:
    """One event, as Trino 476 writes it; of what is not looked at, a little. Operators: plan node, type, size."""
    failure = {"errorCode": {"code": 1, "name": code, "type": "USER_ERROR", "fatal": True}} if code else None
    event: dict[str, Any] = {
        "metadata": {
            "queryId": trino,
            "query": "SELECT 'a key of a mask'",
            "queryState": state,
            "tables": [
                {**_named(name, "catalog"), "columns": [{"column": column, "mask": None} for column in columns]}
                for name, columns in analysed
            ],
            "routines": [],
            "plan": "Fragment 0 …",
            "jsonPlan": plan,
        },
        "statistics": {
            "cpuTime": 0.1,
            "operatorSummaries": [
                orjson.dumps({"planNodeId": node, "operatorType": kind, "inputDataSize": size}).decode()
                for node, kind, size in operators
            ],
        },
        "context": {"user": user, "principal": user, "source": "portgate"},
        "ioMetadata": {
            "inputs": [
                {
                    **_named(name, "catalogName"),
                    "columns": [{"name": "c", "type": "bigint"}],
                    "connectorInfo": {"any": 1},
                    "physicalInputRows": rows,
                    "physicalInputBytes": size,
                }
                for name, rows, size in scans
            ],
            "output": None,
        },
        "failureInfo": failure,
        "createTime": created,
        "endTime": created,
    }
    return orjson.dumps(event)


def plan_of(tables: Mapping[str, str]) -> str:
    """A plan whose nodes scan tables: node -> table, as Trino prints it."""
    nodes = [{"id": node, "name": "TableScan", "descriptor": {"table": table}} for node, table in tables.items()]
    return orjson.dumps({"0": {"id": "99", "name": "Output", "descriptor": {}, "children": nodes}}).decode()


def _named(table: TableName, catalog: str) -> dict[str, str]:
    return {catalog: table.catalog, "schema": table.schema, "table": table.table}
