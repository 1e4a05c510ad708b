"""Every mapping of every port on the real Trino: rows as the port keeps them in, canonical rows out, by value.

The port's tables in a mapping are replaced by the rows of the test, column by column in the port's own types; all else
is the mapping as it is sent. The last tests read the loaded tables themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from sqlglot import exp

from gateway import model
from gateway.adapters.catalog_files import read_catalog

PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
CATALOG = read_catalog(Path(__file__).parents[2] / "catalog", PORTS)
MAPPINGS = [(port, table) for table, by_port in CATALOG.mappings.items() for port in by_port]

Cursor = Any
"""A DB-API cursor of Trino; the client's own is not typed."""
Row = Mapping[str, Any]
Given = Mapping[str, Sequence[Row]]

# --- rows of a test in place of the port's tables -------------------------------------------------------------------


def _rows_as_query(table: model.Table, rows: Sequence[Row]) -> exp.Query:
    queries = [_row_as_query(table, row) for row in rows] or [_row_as_query(table, {}).where("FALSE")]
    whole: exp.Query = queries[0]
    for query in queries[1:]:
        whole = whole.union(query, distinct=False)
    return whole


def _row_as_query(table: model.Table, row: Row) -> exp.Select:
    unknown = set(row) - set(table.columns)
    assert not unknown, f"{table.name} has no column {unknown}"
    return exp.select(*(_value(row.get(name), c.type).as_(name, quoted=True) for name, c in table.columns.items()))


def _value(value: Any, kind: str) -> exp.Expression:
    literal = exp.Null() if value is None else exp.Literal.string(str(value))
    return exp.Cast(this=literal, to=exp.DataType.build(kind, dialect="trino"))


def _filled(cursor: Cursor, port: str, table: str, given: Given) -> list[dict[str, Any]]:
    """Run one mapping over the given rows: canonical column -> value, for each row, sorted."""
    mapping = CATALOG.mappings[table][port]
    query = mapping.source.copy()
    for physical in list(query.find_all(exp.Table)):
        known = CATALOG.tables[model.TableName(physical.catalog, physical.db, physical.name)]
        rows = given.get(f"{physical.db}.{physical.name}", [])
        physical.replace(_rows_as_query(known, rows).subquery(physical.alias))
    query = query.select(*(expression.as_(name, quoted=True) for name, expression in mapping.columns.items()))
    cursor.execute(query.sql("trino"))
    names = list(mapping.columns)
    answer = [dict(zip(names, map(_plain, row), strict=True)) for row in cursor.fetchall()]
    return sorted(answer, key=lambda row: [str(value) for value in row.values()])


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat(" ", "milliseconds")
    if isinstance(value, date):
        return value.isoformat()
    return round(value, 9) if isinstance(value, float) else value


def _one(cursor: Cursor, port: str, table: str, given: Given, *columns: str) -> list[Any]:
    """Run one mapping that gives one row, and give these columns of it."""
    (row,) = _filled(cursor, port, table, given)
    return [row[column] for column in columns]


# --- one whole row of every mapping ---------------------------------------------------------------------------------

WHOLE_ROWS: dict[tuple[str, str], dict[str, Any]] = {
    (file.stem, table): case
    for file in (Path(__file__).parents[1] / "cases" / "mappings").glob("*.yaml")
    for table, case in yaml.safe_load(file.read_text()).items()
}


def test_every_mapping_has_a_row_by_value() -> None:
    assert set(WHOLE_ROWS) == set(MAPPINGS)


@pytest.mark.parametrize(("port", "table"), MAPPINGS)
def test_a_row_of_a_port_becomes_the_canonical_row(trino_cursor: Cursor, port: str, table: str) -> None:
    case = WHOLE_ROWS[port, table]

    filled = _filled(trino_cursor, port, table, case["given"])

    assert filled == case["filled"]


@pytest.mark.parametrize(("port", "table"), MAPPINGS)
def test_a_row_of_nothing_but_nulls_fails_no_query(trino_cursor: Cursor, port: str, table: str) -> None:
    given: Given = {name: [{}] for name in WHOLE_ROWS[port, table]["given"]}

    filled = _filled(trino_cursor, port, table, given)

    assert all(row["port_unlocode"] == CATALOG.ports[port].unlocode for row in filled)


# --- the two odd hours ----------------------------------------------------------------------------------------------

ODD_HOURS = [
    (
        "2025-11-02 00:59:59",
        "2025-11-02 07:59:59",
    ),  # the last second of daylight time that comes once
    ("2025-11-02 01:00:00", "2025-11-02 08:00:00"),  # comes twice: read as the first
    ("2025-11-02 01:59:59", "2025-11-02 08:59:59"),
    ("2025-11-02 02:00:00", "2025-11-02 10:00:00"),
    ("2025-03-09 01:59:59", "2025-03-09 09:59:59"),
    (
        "2025-03-09 02:00:00",
        "2025-03-09 10:00:00",
    ),  # never was: read as if the clock had not been put forward
    ("2025-03-09 02:59:59", "2025-03-09 10:59:59"),
    ("2025-03-09 03:00:00", "2025-03-09 10:00:00"),
]


def test_the_odd_hours_at_long_beach_are_read_as_stated(trino_cursor: Cursor) -> None:
    locals_, utcs = zip(*ODD_HOURS, strict=True)
    events = [{"eventid": number, "eventlocal": local} for number, local in enumerate(locals_)]
    calls = [{"callno": number, "berthedlocal": local} for number, local in enumerate(locals_)]

    moved = _filled(trino_cursor, "long_beach", "container_moves", {"polbops.cargoevent": events})
    called = _filled(trino_cursor, "long_beach", "vessel_calls", {"polbops.vesselcall": calls})

    assert [row["event_utc"] for row in moved] == [f"{utc}.000" for utc in utcs]
    assert [row["ata_berth_utc"] for row in called] == [f"{utc}.000" for utc in utcs]


def test_the_odd_hours_at_hueneme_are_read_as_stated(trino_cursor: Cursor) -> None:
    whole_minutes = [(datetime.fromisoformat(local), utc) for local, utc in ODD_HOURS if local.endswith(":00")]
    logged = [
        {
            "call no": number,
            "arrival date": f"{local:%m/%d/%Y}",
            "arrival time": f"{local:%H:%M}",
        }
        for number, (local, _) in enumerate(whole_minutes)
    ]
    weighed = [
        {"ticket": number, "date": f"{local:%m/%d/%Y}", "time in": f"{local:%H:%M}"}
        for number, (local, _) in enumerate(whole_minutes)
    ]

    called = _filled(trino_cursor, "hueneme", "vessel_calls", {"exports.vessel_log": logged})
    entered = _filled(trino_cursor, "hueneme", "gate_transactions", {"exports.truck_scale": weighed})

    assert [row["ata_berth_utc"] for row in called] == [f"{utc}.000" for _, utc in whole_minutes]
    assert [row["gate_in_utc"] for row in entered] == [f"{utc}.000" for _, utc in whole_minutes]


def test_the_zone_of_the_session_changes_no_time(trino_cursor: Cursor) -> None:
    case = WHOLE_ROWS["oakland", "vessel_calls"]
    trino_cursor.execute("SET TIME ZONE 'Asia/Kolkata'")

    filled = _filled(trino_cursor, "oakland", "vessel_calls", case["given"])

    trino_cursor.execute("SET TIME ZONE LOCAL")
    assert filled == case["filled"]


# --- years, months, units -------------------------------------------------------------------------------------------


def test_the_fiscal_months_of_los_angeles_are_counted_from_july(
    trino_cursor: Cursor,
) -> None:
    given = {"pola.monthly_teu": [{"fiscal_year": 2026, "month_no": number} for number in (1, 6, 7, 12)]}

    filled = _filled(trino_cursor, "los_angeles", "cargo_throughput", given)

    assert {row["month_start"] for row in filled} == {
        "2025-07-01",
        "2025-12-01",
        "2026-01-01",
        "2026-06-01",
    }


def test_a_fiscal_year_of_long_beach_begins_in_october(trino_cursor: Cursor) -> None:
    months = ("October", "December", "January", "September", "Octember")
    rows = [{"fiscalyear": 2026, "monthname": name, "lenft": 20, "boxes": n} for n, name in enumerate(months)]

    filled = _filled(
        trino_cursor,
        "long_beach",
        "cargo_throughput",
        {"polbops.boxcountmonthly": rows},
    )

    by_boxes = {row["containers"]: row["month_start"] for row in filled}
    assert [by_boxes[n] for n in range(5)] == [
        "2025-10-01",
        "2025-12-01",
        "2026-01-01",
        "2026-09-01",
        None,
    ]


def test_a_fiscal_year_of_hueneme_begins_in_october(trino_cursor: Cursor) -> None:
    months = (
        ("FY2026", "Oct"),
        ("FY2026", "Jan"),
        ("FY2026", "Sep"),
        ("26", "Oct"),
        ("", ""),
    )
    rows = [{"fy": year, "month": name, "autos": n} for n, (year, name) in enumerate(months)]

    filled = _filled(trino_cursor, "hueneme", "cargo_throughput", {"exports.cargo_log": rows})

    by_autos = {row["vehicle_units"]: row["month_start"] for row in filled}
    assert [by_autos[n] for n in range(5)] == [
        "2025-10-01",
        "2026-01-01",
        "2026-09-01",
        None,
        None,
    ]


def test_the_first_character_of_a_size_type_is_its_length(trino_cursor: Cursor) -> None:
    types = ("22G1", "42R1", "L5G1", "M5G1", None)
    rows = [{"event_id": number, "iso_type": iso_type} for number, iso_type in enumerate(types)]

    filled = _filled(trino_cursor, "los_angeles", "container_moves", {"pola.container_event": rows})

    assert [row["teu"] for row in filled] == [1.0, 2.0, 2.25, None, None]
    assert [row["is_reefer"] for row in filled] == [False, True, False, False, None]


def test_feet_and_inches_become_metres(trino_cursor: Cursor) -> None:
    texts = ("623-04", "0-11", "623", "", "six-two")
    rows = [{"call no": number, "loa (ft-in)": text} for number, text in enumerate(texts)]

    filled = _filled(trino_cursor, "hueneme", "vessel_calls", {"exports.vessel_log": rows})

    assert [row["loa_m"] for row in filled] == [189.992, 0.2794, None, None, None]


def test_restows_are_lifts_but_not_boxes(trino_cursor: Cursor) -> None:
    given = {"tos.vsl_call": [{"vc_id": "1", "disc_lifts": 10, "load_lifts": 20, "restow_lifts": 5}]}

    assert _one(trino_cursor, "oakland", "vessel_calls", given, "actual_moves") == [30]


# --- what a crosswalk does not know stays empty ---------------------------------------------------------------------


def test_an_unknown_name_of_a_line_is_never_guessed(trino_cursor: Cursor) -> None:
    given = {
        "tos.vsl_call": [{"vc_id": "1", "line_nm": "M.S.C."}],
        "tos.ref_line": [{"line_nm": "MSC", "smdg": "MSC"}],
    }

    assert _one(trino_cursor, "oakland", "vessel_calls", given, "carrier_smdg") == [None]


def test_a_pier_outside_the_list_has_no_terminal(trino_cursor: Cursor) -> None:
    given = {
        "polbops.vesselcall": [
            {
                "callno": "1",
                "piercode": "B",
                "scac": "XXXX",
                "holdreason": "Other, see log",
            }
        ],
        "polbops.refpier": [{"piercode": "T", "smdgcode": "TTI"}],
    }
    columns = ("terminal_code", "carrier_smdg", "delay_reason_code")

    assert _one(trino_cursor, "long_beach", "vessel_calls", given, *columns) == [
        None,
        None,
        None,
    ]


def test_a_lloyds_number_gives_an_imo_number_or_none(trino_cursor: Cursor) -> None:
    numbers = ("IMO0100003", "0100003", "IMO010000", "IMO")
    rows = [{"callno": n, "lloydsno": number} for n, number in enumerate(numbers)]

    filled = _filled(trino_cursor, "long_beach", "vessel_calls", {"polbops.vesselcall": rows})

    assert [row["vessel_imo"] for row in filled] == ["0100003", None, None, None]


def test_a_name_that_two_ships_bear_leads_to_neither(trino_cursor: Cursor) -> None:
    given = {
        "exports.vessel_log": [{"call no": "1", "vessel": "Twin", "remarks": ""}],
        "exports.ref_ship": [
            {"vessel": "Twin", "imo": "0100003", "kind": "GECA"},
            {"vessel": "Twin", "imo": "0100015", "kind": "GECA"},
        ],
    }

    assert _one(trino_cursor, "hueneme", "vessel_calls", given, "vessel_imo", "vessel_type") == [None, "GECA"]


def test_a_ship_that_is_on_no_list_keeps_its_call(trino_cursor: Cursor) -> None:
    given = {"tos.vsl_call": [{"vc_id": "1", "mmsi": 200000999}]}

    assert _one(trino_cursor, "oakland", "vessel_calls", given, "vessel_mmsi", "vessel_imo") == ["200000999", None]


def test_naval_and_project_calls_carry_a_local_type_that_agreements_can_filter(
    trino_cursor: Cursor,
) -> None:
    remarks = ("NAVAL CHARTER", "PROJECT CARGO, permit", "")
    given: Given = {
        "exports.vessel_log": [{"call no": n, "vessel": "A", "remarks": text} for n, text in enumerate(remarks)],
        "exports.ref_ship": [{"vessel": "A", "imo": "0100003", "kind": "CARC"}],
    }

    filled = _filled(trino_cursor, "hueneme", "vessel_calls", given)

    assert [row["vessel_type"] for row in filled] == ["NAVY", "PROJ", "CARC"]


# --- what cannot be read is empty, and fails no query ---------------------------------------------------------------


def test_cells_of_a_spreadsheet_that_are_empty_or_wrong_become_null(
    trino_cursor: Cursor,
) -> None:
    given = {
        "exports.vessel_log": [
            {
                "call no": "1", "vessel": "", "agent": "", "wharf": "", "arrival date": "31/31/2025",
                "arrival time": "25:00", "sail date": "", "sail time": "", "loa (ft-in)": "?", "remarks": "",
            }
        ]
    }  # fmt: skip

    (row,) = _filled(trino_cursor, "hueneme", "vessel_calls", given)

    known = {name: value for name, value in row.items() if value is not None}
    assert known == {"port_unlocode": "USNTD", "call_id": "USNTD-1"}


def test_a_moment_that_no_calendar_holds_becomes_null(trino_cursor: Cursor) -> None:
    moments = (9223372036854775807, -9223372036854775808, None)
    rows = [{"vc_id": number, "ata_ms": moment} for number, moment in enumerate(moments)]

    filled = _filled(trino_cursor, "oakland", "vessel_calls", {"tos.vsl_call": rows})

    assert [row["ata_berth_utc"] for row in filled] == [None, None, None]


def test_a_text_that_is_no_moment_becomes_null(trino_cursor: Cursor) -> None:
    texts = ("", "yesterday", "2025-13-01T00:00:00-08:00", None)
    rows = [{"call_ref": number, "arrived": text} for number, text in enumerate(texts)]

    filled = _filled(trino_cursor, "san_diego", "vessel_calls", {"cargo.ship_call": rows})

    assert [row["ata_berth_utc"] for row in filled] == [None, None, None, None]


# --- the loaded tables ----------------------------------------------------------------------------------------------

GRAIN = {
    "vessel_calls": "call_id",
    "container_moves": "move_id",
    "container_dwell": "stay_id",
    "gate_transactions": "gate_txn_id",
    "rail_moves": "rail_move_id",
    "port_status": "day_local",
}

ALWAYS_THERE = {
    "vessel_calls": ("call_id", "loa_m", "shore_power_capable"),
    "container_moves": ("teu", "empty_indicator", "event_type", "event_utc", "direction", "transport_mode"),
    "container_dwell": ("teu", "empty_indicator", "direction", "mode_in", "in_utc"),
    "gate_transactions": ("txn_type", "fuel_type", "is_zero_emission", "gate_in_utc"),
    "berth_occupancy": ("day_local", "berth_length_m", "occupied_hours"),
    "cargo_throughput": ("month_start", "cargo_class", "direction"),
    "emissions": ("period_start", "period_end", "source_category", "pollutant", "mass_tonnes", "method"),
    "rail_moves": ("ramp_type", "direction", "containers", "teu", "rail_dwell_days"),
}


def _canonical(port: str, table: str) -> exp.Select:
    mapping = CATALOG.mappings[table][port]
    return mapping.source.select(*(e.as_(name, quoted=True) for name, e in mapping.columns.items()))


@pytest.mark.parametrize(("port", "table"), MAPPINGS)
def test_every_mapping_reads_the_loaded_tables(trino_cursor: Cursor, port: str, table: str) -> None:
    counts = [f'count("{column}")' for column in CATALOG.mappings[table][port].columns]
    query = exp.select("count(*)", *counts, dialect="trino").from_(_canonical(port, table).subquery("t"))

    trino_cursor.execute(query.sql("trino"))

    rows, *filled = trino_cursor.fetchall()[0]
    assert rows > 0
    columns = list(CATALOG.mappings[table][port].columns)
    assert [column for column, n in zip(columns, filled, strict=True) if n == 0] == []


@pytest.mark.parametrize(("port", "table"), [(p, t) for p, t in MAPPINGS if t in ALWAYS_THERE])
def test_no_code_that_a_port_uses_goes_unread(trino_cursor: Cursor, port: str, table: str) -> None:
    columns = [c for c in ALWAYS_THERE[table] if c in CATALOG.mappings[table][port].columns]
    query = exp.select("count(*)", *(f"count({column})" for column in columns), dialect="trino")

    trino_cursor.execute(query.from_(_canonical(port, table).subquery("t")).sql("trino"))

    rows, *filled = trino_cursor.fetchall()[0]
    assert dict(zip(columns, filled, strict=True)) == dict.fromkeys(columns, rows)


@pytest.mark.parametrize(("port", "table"), [(p, t) for p, t in MAPPINGS if t in GRAIN])
def test_no_crosswalk_multiplies_the_rows_of_a_port(trino_cursor: Cursor, port: str, table: str) -> None:
    query = exp.select("count(*)", f"count(DISTINCT {GRAIN[table]})", dialect="trino")

    trino_cursor.execute(query.from_(_canonical(port, table).subquery("t")).sql("trino"))

    rows, distinct = trino_cursor.fetchall()[0]
    assert rows == distinct


@pytest.mark.parametrize("port", PORTS)
def test_the_catalog_lists_each_table_as_trino_shows_it(trino_cursor: Cursor, port: str) -> None:
    listed = [table for name, table in CATALOG.tables.items() if name.catalog == port]
    (schema,) = {table.name.schema for table in listed}
    query = (
        exp.select("table_name", "column_name", "data_type", dialect="trino")
        .from_(exp.table_("columns", db="information_schema", catalog=port, quoted=True))
        .where(exp.column("table_schema").eq(schema))
        .order_by("table_name", "ordinal_position")
    )

    trino_cursor.execute(query.sql("trino"))

    shown: dict[str, list[tuple[str, str]]] = {}
    for table, column, kind in trino_cursor.fetchall():
        shown.setdefault(table, []).append((column, kind))
    assert shown == {t.name.table: [(c.name, c.type) for c in t.columns.values()] for t in listed}


@pytest.mark.parametrize("port", ["los_angeles", "long_beach", "oakland"])
def test_the_months_of_a_port_give_the_published_teu(trino_cursor: Cursor, port: str) -> None:
    (name,) = [name for name in CATALOG.tables if name.catalog == port and name.table == "teu_monthly"]
    published = exp.table_(name.table, db=name.schema, catalog=port, quoted=True)
    per_month = exp.select("month_start", "sum(teu) AS teu", dialect="trino").group_by("month_start")
    query = (
        exp.select("count(*)", "max(abs(m.teu - p.total_teu) / p.total_teu)", dialect="trino")
        .from_(per_month.from_(_canonical(port, "cargo_throughput").subquery("t")).subquery("m"))
        .join(published.as_("p"), on="substr(CAST(m.month_start AS varchar), 1, 7) = p.year_month")
    )

    trino_cursor.execute(query.sql("trino"))

    months, worst = trino_cursor.fetchall()[0]
    assert months >= 6
    assert worst < 0.01
