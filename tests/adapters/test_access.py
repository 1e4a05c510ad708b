"""Of all that Trino can ask, an admitted query gets what it was granted, and nothing else in any form."""

from __future__ import annotations

import re
import struct
import zipfile
from collections.abc import Iterator

import pytest

from gateway.adapters.access import beyond, read_question
from gateway.model import Beyond, TableName
from stack import components
from tests.adapters.asking import ADMISSION, VISIT, body, named, select

ALLOWED = ("AccessCatalog", "ExecuteQuery", "SelectFromColumns", "SetSystemSessionProperty")
REFUSED = (
    "AddColumn", "AlterColumn", "CreateCatalog", "CreateFunction", "CreateMaterializedView", "CreateSchema",
    "CreateTable", "CreateView", "CreateViewWithExecuteFunction", "CreateViewWithSelectFromColumns", "DeleteFromTable",
    "DropCatalog", "DropColumn", "DropFunction", "DropMaterializedView", "DropSchema", "DropTable", "DropView",
    "ExecuteFunction", "ExecuteProcedure", "ExecuteTableProcedure", "FilterCatalogs", "FilterColumns",
    "FilterFunctions", "FilterSchemas", "FilterTables", "FilterViewQueryOwnedBy", "GetColumnMask", "GetRowFilters",
    "ImpersonateUser", "InsertIntoTable", "KillQueryOwnedBy", "ReadSystemInformation", "RefreshMaterializedView",
    "RenameColumn", "RenameMaterializedView", "RenameSchema", "RenameTable", "RenameView", "SetCatalogSessionProperty",
    "SetColumnComment", "SetMaterializedViewProperties", "SetSchemaAuthorization", "SetTableAuthorization",
    "SetTableComment", "SetTableProperties", "SetViewAuthorization", "SetViewComment", "ShowColumns",
    "ShowCreateFunction", "ShowCreateSchema", "ShowCreateTable", "ShowFunctions", "ShowSchemas", "ShowTables",
    "TruncateTable", "UpdateTableColumns", "ViewQueryOwnedBy", "WriteSystemInformation",
)  # fmt: skip
"""Every other operation that the plugin of Trino 476 can name; a test reads them from the plugin itself."""


def admitted(question: bytes) -> bool:
    return beyond(read_question(question), ADMISSION) is None


# --- what is let through --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        body("ExecuteQuery"),
        body("AccessCatalog", {"catalog": {"name": "los_angeles"}}),
        select("ship"),
        select("hrs", "ship"),
        select(),
        body("SetSystemSessionProperty", {"systemSessionProperty": {"name": "query_max_run_time"}}),
    ],
)
def test_what_was_admitted_is_let_through(question: bytes) -> None:
    assert admitted(question)


# --- what is not ----------------------------------------------------------------------------------------------------

RESOURCES: tuple[object, ...] = (
    None,
    {"catalog": {"name": "los_angeles"}},
    {"schema": {"catalogName": "los_angeles", "schemaName": "pola"}},
    {"table": named(VISIT)},
    {"table": {**named(VISIT), "columns": ["ship"]}},
    {"table": {**named(VISIT), "columns": []}},
    {"column": {**named(VISIT), "columnName": "ship", "columnType": "varchar"}},
    {"systemSessionProperty": {"name": "query_max_run_time"}},
    {"catalogSessionProperty": {"catalogName": "los_angeles", "propertyName": "query_max_run_time"}},
    {"function": {"catalogName": "los_angeles", "schemaName": "pola", "functionName": "ship"}},
    {"function": {"catalogName": "system", "schemaName": "builtin", "functionName": "sequence"}},
    {"user": {"user": "ana#7"}},
)


@pytest.mark.parametrize("operation", [*REFUSED, "", "executequery", "SelectFromColumns ", "SomethingNew"])
def test_every_other_operation_is_refused_whatever_it_is_about(operation: str) -> None:
    assert not [resource for resource in RESOURCES if admitted(body(operation, resource))]


@pytest.mark.parametrize(
    "question",
    [
        select("ship", "crew"),
        select("Ship"),
        select("$path"),
        select(None),
        select(["ship"]),
        select({"ship": 1}),
        select("ship", table=VISIT._replace(table="visit$files")),
        select(table=VISIT._replace(table="stay")),
        select(table=TableName("los_angeles", "information_schema", "tables")),
        select("ship", table=VISIT._replace(catalog="oakland")),
        select("ship", table=VISIT._replace(schema="other")),
        select("ship", table=VISIT._replace(table="Visit")),
        body("SelectFromColumns"),
        body("SelectFromColumns", {"table": named(VISIT)}),
        body("SelectFromColumns", {"table": {**named(VISIT), "columns": "ship"}}),
        body("SelectFromColumns", {"table": {**named(VISIT), "columns": None}}),
        body("SelectFromColumns", {"table": {**named(VISIT), "columns": ["ship"], "properties": {}}}),
        body("SelectFromColumns", {"table": {**named(VISIT), "columns": ["ship"]}, "catalog": {"name": "oakland"}}),
        body("SelectFromColumns", [{"table": {**named(VISIT), "columns": ["ship"]}}]),
        body("SelectFromColumns", {"table": {**named(VISIT), "columns": ["ship"]}}, filterResources=[]),
        body("ExecuteQuery", {}),
        body("ExecuteQuery", {"user": {"user": "ana#7"}}),
        body("ExecuteQuery", targetResource={}),
        body("AccessCatalog", {"catalog": {"name": "oakland"}}),
        body("AccessCatalog", {"catalog": {"name": "system"}}),
        body("AccessCatalog", {"catalog": {"name": None}}),
        body("AccessCatalog", {"catalog": {"name": ["los_angeles"]}}),
        body("AccessCatalog", {"catalog": {"name": "los_angeles", "more": 1}}),
        body("AccessCatalog", {"catalog": "los_angeles"}),
        body("AccessCatalog", {"catalog": {"name": "los_angeles"}}, grantee={}),
        body("SetSystemSessionProperty", {"systemSessionProperty": {"name": "query_max_memory"}}),
        body("SetSystemSessionProperty", {"systemSessionProperty": {"name": "query_max_run_time", "more": 1}}),
        body("SetSystemSessionProperty"),
    ],
)
def test_what_goes_beyond_the_admission_is_refused_in_every_form(question: bytes) -> None:
    assert not admitted(question)


@pytest.mark.parametrize(
    "question",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"ExecuteQuery"',
        b"\xff\xfe",
        b'{"input": {}}',
        b'{"input": {"context": {"identity": {"user": 7}}, "action": {"operation": "ExecuteQuery"}}}',
        b'{"input": {"context": {"identity": {"user": "ana#7"}}, "action": {"operation": ["ExecuteQuery"]}}}',
        b'{"input": {"context": {"identity": {"user": "ana#7"}}, "action": "ExecuteQuery"}}',
        b'{"input": [{"context": {"identity": {"user": "ana#7"}}, "action": {"operation": "ExecuteQuery"}}]}',
        body("ExecuteQuery")[:-1],
        body("ExecuteQuery") + b"{}",
        b"[" * 100_000,
    ],
)
def test_a_question_without_a_form_has_no_user_and_nothing_allows_it(question: bytes) -> None:
    asked = read_question(question)

    assert (asked.user, asked.operation) == ("", "malformed")
    assert beyond(asked, ADMISSION) == Beyond("malformed", "")


# --- what the log is told -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("question", "told"),
    [
        (select("ship", "crew", "$path"), Beyond("SelectFromColumns", "los_angeles.pola.visit", ("crew", "$path"))),
        (
            select("ship", table=VISIT._replace(table="stay")),
            Beyond("SelectFromColumns", "los_angeles.pola.stay", ("ship",)),
        ),
        (body("AccessCatalog", {"catalog": {"name": "oakland"}}), Beyond("AccessCatalog", "oakland")),
        (
            body(
                "SetCatalogSessionProperty",
                {"catalogSessionProperty": {"catalogName": "oakland", "propertyName": "complex_expression_pushdown"}},
            ),
            Beyond("SetCatalogSessionProperty", "oakland.complex_expression_pushdown"),
        ),
        (
            body(
                "ExecuteFunction",
                {"function": {"catalogName": "oakland", "schemaName": "system", "functionName": "query"}},
            ),
            Beyond("ExecuteFunction", "oakland.system.query"),
        ),
        (body("ImpersonateUser", {"user": {"user": "msc#9", "groups": []}}), Beyond("ImpersonateUser", "msc#9")),
        (body("x" * 999, {"catalog": {"name": "y" * 999}}), Beyond("x" * 200, "y" * 200)),
        (
            select(*map(str, range(999))),
            Beyond("SelectFromColumns", "los_angeles.pola.visit", tuple(map(str, range(100)))),
        ),
        (body("ExecuteQuery", "a text"), Beyond("ExecuteQuery", "")),
    ],
)
def test_the_log_is_told_what_was_beyond_the_grant_in_bounded_words(question: bytes, told: Beyond) -> None:
    assert beyond(read_question(question), ADMISSION) == told


# --- the plugin itself ----------------------------------------------------------------------------------------------

_SIZES = {3: 4, 4: 4, 5: 8, 6: 8, 7: 2, 8: 2, 9: 4, 10: 4, 11: 4, 12: 4, 15: 3, 16: 2, 17: 4, 18: 4, 19: 2, 20: 2}
"""How long each kind of constant is; the Java Virtual Machine Specification, 4.4."""


def strings_of(java_class: bytes) -> Iterator[str]:
    """The string constants of a Java class file."""
    count, place, index = struct.unpack_from(">H", java_class, 8)[0], 10, 1
    texts: dict[int, str] = {}
    strings: list[int] = []
    while index < count:
        kind = java_class[place]
        if kind == 1:
            length = struct.unpack_from(">H", java_class, place + 1)[0]
            texts[index] = java_class[place + 3 : place + 3 + length].decode("utf-8", "replace")
            place += 3 + length
        else:
            if kind == 8:
                strings.append(struct.unpack_from(">H", java_class, place + 1)[0])
            place += 1 + _SIZES[kind]
        index += 2 if kind in (5, 6) else 1
    return (texts[string] for string in strings)


@pytest.mark.real
def test_the_lists_above_name_every_operation_of_the_plugin_and_no_other() -> None:
    jar = components.trino_folder() / "plugin" / "opa" / f"io.trino_trino-opa-{components.TRINO_VERSION}.jar"
    with zipfile.ZipFile(jar) as plugin:
        classes = [name for name in plugin.namelist() if re.fullmatch(r"io/trino/plugin/opa/Opa\w*\.class", name)]
        strings = {text for name in classes for text in strings_of(plugin.read(name))}

    operations = {text for text in strings if re.fullmatch(r"(?:[A-Z][a-z]+){2,}", text)}

    assert operations == {*ALLOWED, *REFUSED}
