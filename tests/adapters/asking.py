"""What Trino's OPA plugin sends, for tests."""

from __future__ import annotations

from typing import Any

import orjson

from gateway.model import Admission, TableName

VISIT = TableName("los_angeles", "pola", "visit")
ANA = "ana#7"
ADMISSION = Admission(ANA, {VISIT: frozenset({"ship", "hrs"})}, "q-1", 7)


def body(operation: str, resource: object = None, user: str = ANA, **more: object) -> bytes:
    """One question, as the plugin of Trino 476 writes it."""
    action: dict[str, Any] = {"operation": operation, **more}
    if resource is not None:
        action["resource"] = resource
    context = {"identity": {"user": user, "groups": []}, "softwareStack": {"trinoVersion": "476"}}
    return orjson.dumps({"input": {"context": context, "action": action}})


def select(*columns: object, table: TableName = VISIT, user: str = ANA) -> bytes:
    """A question for columns of a table."""
    return body("SelectFromColumns", {"table": {**named(table), "columns": list(columns)}}, user)


def named(table: TableName) -> dict[str, object]:
    """A table as the plugin names it."""
    return {"catalogName": table.catalog, "schemaName": table.schema, "tableName": table.table}
