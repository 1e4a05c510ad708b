"""No time zone and no language that a partner's client names moves a time of the ports' data, a row rule or a mask."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import requests
import trino
from trino.auth import JWTAuthentication

from gateway.adapters.catalog_files import read_catalog
from gateway.adapters.mapping_sql import FUNCTIONS
from gateway.adapters.mapping_zones import OFFSET_SAID
from gateway.desk import Desk, Job
from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    AgreementGrant,
    AskedTable,
    Condition,
    Decision,
    Mask,
    Table,
    TableDecision,
    TableName,
)
from gateway.session.zones import names
from stack.layout import Home
from stack.settings import remembered
from stack.trino_access import LOADER, token
from tests.conftest import Stack

pytestmark = pytest.mark.real

PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
CATALOG = read_catalog(Path(__file__).parents[2] / "catalog", PORTS)
UTC = ("UTC", "en-US")
SESSIONS = (
    ("America/Los_Angeles", "de"),
    ("Asia/Kolkata", "tr"),
    ("Pacific/Kiritimati", "ar-EG"),
)
"""Zone and language: hours behind, hours before, and a day before; languages with other months and other digits."""
EARLY, LATE = "2025-11-02 09:30:00.000", "2026-02-01 00:30:00.000"
KEYS = dict.fromkeys([*PORTS, "*"], "00" * 32)


def _connect(stack: Stack, zone: str, language: str) -> Any:
    home = Home(stack.home)
    settings = remembered(home)
    assert settings
    session = requests.Session()
    session.verify = str(home.ca_file)
    session.trust_env = False
    return trino.dbapi.connect(  # type: ignore[no-untyped-call]
        host="127.0.0.1", port=settings.tcp.trino, http_scheme="https", user=LOADER, http_session=session,
        auth=JWTAuthentication(token(home, LOADER)), timezone=zone, http_headers={"X-Trino-Language": language},
        legacy_primitive_types=True,
    )  # fmt: skip


@pytest.fixture(scope="module")
def cursors(stack: Stack) -> Mapping[tuple[str, str], Any]:
    """A cursor for each session."""
    return {each: _connect(stack, *each).cursor() for each in (UTC, *SESSIONS)}


def _rows(cursor: Any, sql: str) -> list[list[Any]]:
    cursor.execute(sql)
    rows: list[list[Any]] = cursor.fetchall()
    return sorted(rows, key=str)


def _is_moment(type_: str) -> bool:
    return type_.startswith("timestamp") or type_ == "date"


def _table(name: TableName) -> Table:
    canonical = name.schema == CANONICAL_SCHEMA
    return CATALOG.tables[TableName(CANONICAL_CATALOG, *name[1:]) if canonical else name]


def _agreements(asked: AskedTable) -> tuple[AgreementGrant, ...]:
    """A table's times as they are up to one moment, as months up to a later one, and not at all after that."""
    columns = {name: c for name, c in _table(asked.name).columns.items() if c.sensitivity != "labor"}
    moments = [name for name, column in columns.items() if _is_moment(column.type)]
    until = [
        tuple(Condition(name, "le", moment[:10] if columns[name].type == "date" else moment) for name in moments[:1])
        for moment in (EARLY, LATE)
    ]
    months = {name: Mask("time_grain", "month") if name in moments else None for name in columns}
    clear = AgreementGrant("clear", dict.fromkeys(columns), (until[0],), "words")
    return clear, AgreementGrant("months", months, (until[1],), "words")


def _sent(names: list[TableName]) -> str:
    """What would be sent for one row a table: how many rows there are, and a checksum of their times."""
    queries = []
    for name in names:
        times = [c.name for c in CATALOG.tables[name].columns.values() if _is_moment(c.type)]
        shown = ", ".join(f"coalesce(CAST(\"{column}\" AS varchar), 'NULL')" for column in times)
        whole = f"concat_ws('|', {shown})" if len(times) > 1 else shown
        table = ".".join(f'"{part}"' for part in name)
        queries.append(f"SELECT '{name}', count(*), to_hex(checksum({whole})) FROM {table}")
    text = " UNION ALL ".join(queries)
    desk = Desk(CATALOG)
    asked = desk.tables_asked(text).tables
    decision = Decision("d", {}, {each.name: TableDecision(_agreements(each)) for each in asked})
    return desk.plan(Job(text, decision, KEYS)).plan.sql


WITH_TIMES = [
    name for name, table in CATALOG.tables.items() if any(_is_moment(column.type) for column in table.columns.values())
]
CANONICAL_TABLES = [name for name in WITH_TIMES if name.catalog == CANONICAL_CATALOG]
OWN_TABLES = [name for name in WITH_TIMES if name.catalog != CANONICAL_CATALOG]


@pytest.mark.parametrize("names", [CANONICAL_TABLES, OWN_TABLES], ids=["canonical", "own"])
def test_every_table_shows_the_same_rows_and_times_in_every_session(
    cursors: Mapping[tuple[str, str], Any], names: list[TableName]
) -> None:
    sql = _sent(names)
    in_utc = _rows(cursors[UTC], sql)

    assert len(in_utc) == len(names)
    for session in SESSIONS:
        assert _rows(cursors[session], sql) == in_utc


def test_a_rule_that_said_no_zone_would_show_other_rows(cursors: Mapping[tuple[str, str], Any]) -> None:
    names = [name for name in OWN_TABLES if name.catalog == "los_angeles"]
    sql = _sent(names)
    without = sql.replace(f"{EARLY} UTC", EARLY).replace(f"{LATE} UTC", LATE)

    assert without != sql
    assert any(_rows(cursors[session], without) != _rows(cursors[UTC], without) for session in SESSIONS)


TAKEN = f"from_iso8601_timestamp(regexp_extract(x, '{OFFSET_SAID}'))"
TEXTS = (
    "2026-03-08T02:30:00-08:00", "2026-03-08T02:30:00Z", "2026-03-08T02:30+0530", "2026-03-08T02:30:00", "2026-03-08",
    "2026-03-08T02-08:00", "2026-W10-7T10:00Z", "T10:00", "", "2026-03-08 02:30:00", "2026-03-08T02:30:00 UTC",
)  # fmt: skip
EXPRESSIONS = {
    "from_iso8601_timestamp": f"SELECT CAST(try({TAKEN}) AT TIME ZONE 'UTC' AS varchar) FROM (VALUES "
    + ", ".join(f"'{text}'" for text in TEXTS)
    + ") AS t (x)",
    "date_parse": "SELECT try(date_parse(x, y)) FROM (VALUES ('03/08/2026 02:30', '%m/%d/%Y %H:%i'), "
    "('2026-03-08 02:30:01', '%Y-%m-%d %T'), ('٠٣/٠٨/٢٠٢٦', '%m/%d/%Y'), ('x', '%Y')) AS t (x, y)",
    "from_unixtime_nanos": "SELECT CAST(try(from_unixtime_nanos(x)) AT TIME ZONE 'UTC' AS varchar) "
    "FROM (VALUES BIGINT '0', BIGINT '1772962200000000000', BIGINT '-1') AS t (x)",
    "with_timezone": "SELECT CAST(with_timezone(x, 'America/Los_Angeles') AT TIME ZONE 'UTC' AS varchar) FROM "
    "(VALUES TIMESTAMP '2026-03-08 02:30:00', TIMESTAMP '2026-11-01 01:30:00', CAST(DATE '2026-03-08' AS timestamp(3)))"
    " AS t (x)",
    "date_add": "SELECT date_add('hour', 24, x), CAST(date_add('day', 1, with_timezone(x, 'America/Los_Angeles')) AS "
    "varchar) FROM (VALUES TIMESTAMP '2026-03-07 23:30:00', TIMESTAMP '2026-10-31 23:30:00') AS t (x)",
    "date_diff": "SELECT date_diff('hour', x, y), date_diff('day', with_timezone(x, 'UTC'), with_timezone(y, 'UTC')) "
    "FROM (VALUES (TIMESTAMP '2026-03-08 00:00:00', TIMESTAMP '2026-03-09 00:00:00')) AS t (x, y)",
    "date_trunc": "SELECT date_trunc('day', x), CAST(date_trunc('day', with_timezone(x, 'UTC') AT TIME ZONE 'UTC') AS "
    "varchar) FROM (VALUES TIMESTAMP '2026-03-08 05:00:00') AS t (x)",
    "date": "SELECT date(x), date(substr(CAST(x AS varchar), 1, 10)) FROM (VALUES TIMESTAMP '2026-03-08 23:59:59')"
    " AS t (x)",
    "last_day_of_month": "SELECT last_day_of_month(x), month(x), year(x) FROM (VALUES TIMESTAMP '2026-03-31 23:59:59')"
    " AS t (x)",
    "to_unixtime": "SELECT to_unixtime(with_timezone(x, 'UTC')) FROM (VALUES TIMESTAMP '2026-03-08 02:30:00') AS t (x)",
    "upper": "SELECT upper(x), lower(upper(x)), try_cast('1,5' AS double), try_cast('٣' AS bigint), "
    "regexp_like('ı', '(?i)I') FROM (VALUES 'istanbul', 'ıß') AS t (x)",
    "cast": "SELECT TRY_CAST(x AS date), TRY_CAST(x AS timestamp(3)), CAST(1234.5e0 AS varchar), "
    "CAST(CAST(x AS timestamp(3)) AS varchar) FROM (VALUES '2026-03-08 02:30:00') AS t (x)",
}
"""For functions of time and of text that a mapping may use, what depends on a session if anything does."""


@pytest.mark.parametrize("name", EXPRESSIONS)
def test_what_a_mapping_may_use_gives_one_value_in_every_session(
    cursors: Mapping[tuple[str, str], Any], name: str
) -> None:
    in_utc = _rows(cursors[UTC], EXPRESSIONS[name])

    assert in_utc
    for session in SESSIONS:
        assert _rows(cursors[session], EXPRESSIONS[name]) == in_utc


def test_every_function_of_time_that_a_mapping_may_use_is_tried() -> None:
    of_time = {name for name in FUNCTIONS if any(part in name for part in ("date", "time", "day"))}

    assert of_time <= set(EXPRESSIONS)


def test_a_text_without_an_offset_would_be_another_moment_for_others(cursors: Mapping[tuple[str, str], Any]) -> None:
    sql = "SELECT CAST(from_iso8601_timestamp('2026-01-08T02:30:00') AT TIME ZONE 'UTC' AS varchar)"

    assert len({str(_rows(cursor, sql)) for cursor in cursors.values()}) == 4


def test_every_zone_that_may_be_named_is_one_of_trinos(cursors: Mapping[tuple[str, str], Any]) -> None:
    said = ", ".join(f"'{name}'" for name in names())
    moment = "TIMESTAMP '2026-01-08 02:30:00 UTC'"
    sql = f"SELECT x FROM (VALUES {said}) AS t (x) WHERE try(CAST(at_timezone({moment}, x) AS varchar)) IS NULL"

    assert len(names()) > 500
    assert _rows(cursors[UTC], sql) == []
