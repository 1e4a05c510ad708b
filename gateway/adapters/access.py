"""What Trino's access control asks of one access -> what of it goes beyond an admitted query, if anything.

The question is that of Trino's OPA plugin: who (`input.context.identity.user`) does what (`input.action`).
1. A query that was admitted may run.
2. It may open the catalogs of its reach and read the columns of its reach.
3. It may set the session properties that the gateway itself sends.
4. Everything else is beyond it: an operation, a shape or a key that nobody listed here too. Of functions, Trino asks
   only about those that are not its own: none is open.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from gateway.model import Admission, Beyond, TableName

SESSION_PROPERTIES = frozenset({"query_max_run_time"})
"""What the gateway sends with each query; partners can set none."""
MALFORMED = "malformed"
MAX_TEXT = 200
"""How much of a name is kept for the log, in characters."""
MAX_COLUMNS = 100


@dataclass(frozen=True, slots=True)
class Asked:
    """One question of Trino's."""

    user: str
    operation: str
    resource: object
    """What it is asked about; None where the operation has no object."""
    more: bool
    """Whether the question holds more than user, operation and resource: a target, a grantee, a list to filter."""


def read_question(body: bytes) -> Asked:
    """Read a question; one without a proper form is an operation that nothing allows."""
    try:
        match orjson.loads(body):
            case {
                "input": {
                    "context": {"identity": {"user": str(user)}},
                    "action": {"operation": str(operation), **more},
                }
            }:
                resource = more.pop("resource", None)
                return Asked(user, operation, resource, bool(more))
    except orjson.JSONDecodeError:
        pass  # answered like any other question without a form
    return Asked("", MALFORMED, None, more=True)


def beyond(asked: Asked, admission: Admission) -> Beyond | None:
    """Say what of the question goes beyond the admission; None if all of it was admitted."""
    if not asked.more and _is_admitted(asked.operation, asked.resource, admission):
        return None
    return described(asked, admission)


def _is_admitted(operation: str, resource: object, admission: Admission) -> bool:
    if operation == "ExecuteQuery":
        return resource is None
    if not isinstance(resource, dict) or len(resource) != 1:
        return False
    match operation, resource:
        case "SelectFromColumns", {"table": table}:
            return _columns_beyond(table, admission) == ()
        case "AccessCatalog", {"catalog": {"name": catalog, **more}} if not more:
            return any(table.catalog == catalog for table in admission.reach)
        case "SetSystemSessionProperty", {"systemSessionProperty": {"name": str(name), **more}} if not more:
            return name in SESSION_PROPERTIES
    return False


def _columns_beyond(table: object, admission: Admission) -> tuple[str, ...] | None:
    """The columns that the admission does not hold; None if it does not hold the table."""
    match table:
        case {
            "catalogName": str(catalog),
            "schemaName": str(schema),
            "tableName": str(name),
            "columns": [*columns],
            **more,
        } if not more:
            granted = admission.reach.get(TableName(catalog, schema, name))
            return None if granted is None else tuple(c for c in map(str, columns) if c not in granted)
    return None


# --- for the log ----------------------------------------------------------------------------------------------------


def described(asked: Asked, admission: Admission | None = None) -> Beyond:
    """Describe a refused question in bounded words."""
    resource = asked.resource if isinstance(asked.resource, dict) else {}
    target = ".".join(_names(resource))[:MAX_TEXT]
    columns = _columns_beyond(resource.get("table"), admission) if admission else None
    if columns is None:
        columns = _named_columns(resource.get("table"))
    return Beyond(asked.operation[:MAX_TEXT], target, tuple(c[:MAX_TEXT] for c in columns[:MAX_COLUMNS]))


def _named_columns(table: object) -> tuple[str, ...]:
    match table:
        case {"columns": [*columns]}:
            return tuple(map(str, columns))
    return ()


_NAMES = (
    "catalogName", "schemaName", "tableName", "columnName", "functionName", "propertyName", "name",
    "user", "catalog", "schema", "table", "column", "function", "systemSessionProperty", "catalogSessionProperty",
)  # fmt: skip
"""The keys under which the plugin names a thing, from the whole to its part."""


def _names(resource: Mapping[object, object]) -> list[str]:
    names: list[str] = []
    for key in _NAMES:
        value = resource.get(key)
        if isinstance(value, str):
            names.append(value)
        elif isinstance(value, dict):
            names.extend(_names(value))
    return names
