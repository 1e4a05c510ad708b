"""The data tells what the fifteen questions ask for, and holds the traps that a mapping must not fall into."""

from __future__ import annotations

import duckdb
import pytest


def one(db: duckdb.DuckDBPyConnection, query: str) -> int:
    """The only value of a query."""
    (row,) = db.execute(query).fetchall()
    return int(row[0])


def test_some_ships_were_late_at_two_ports_in_the_last_ninety_days(ports: duckdb.DuckDBPyConnection) -> None:
    late = """
        SELECT count(*) FROM (SELECT imo FROM calls WHERE ata >= TIMESTAMPTZ '2026-08-24 00:00:00+00'
        AND date_diff('hour', eta_first, ata) > 12 GROUP BY imo HAVING count(DISTINCT port) > 1)"""
    assert one(ports, late) >= 5


def test_a_third_of_oaklands_calls_follow_one_in_san_pedro_bay(ports: duckdb.DuckDBPyConnection) -> None:
    share = """
        SELECT 1000 * count(DISTINCT CASE WHEN a.imo IS NOT NULL THEN (b.imo, b.ata) END)
               / count(DISTINCT (b.imo, b.ata)) FROM calls b
        LEFT JOIN calls a ON a.imo = b.imo AND a.port <> 'USOAK' AND b.ata > a.atd AND b.ata < a.atd + INTERVAL 5 DAY
        WHERE b.port = 'USOAK' AND b.ata IS NOT NULL"""
    assert 280 <= one(ports, share) <= 390


def test_a_late_departure_from_the_bay_carries_on_to_oakland(ports: duckdb.DuckDBPyConnection) -> None:
    link = """
        SELECT 100 * corr(date_diff('hour', a.eta_first, a.atd), date_diff('hour', b.eta_first, b.ata)) FROM calls a
        JOIN calls b ON b.imo = a.imo AND a.port <> 'USOAK' AND b.port = 'USOAK'
             AND b.ata > a.atd AND b.ata < a.atd + INTERVAL 5 DAY"""
    assert one(ports, link) > 50


def test_dropped_calls_have_no_times_and_another_port_takes_the_next_one(ports: duckdb.DuckDBPyConnection) -> None:
    dropped = "SELECT count(*), count(ata), count(atd) FROM calls WHERE status IN ('omitted', 'blanked')"
    ((rows, *times),) = ports.execute(dropped).fetchall()
    assert rows > 30
    assert times == [0, 0]
    pairs = """
        SELECT count(DISTINCT (o.port, n.port)) FROM calls o JOIN calls n ON n.imo = o.imo
        AND n.ata BETWEEN o.eta_latest AND o.eta_latest + INTERVAL 7 DAY WHERE o.status IN ('omitted', 'blanked')"""
    assert one(ports, pairs) >= 4


def test_delays_have_many_reasons(ports: duckdb.DuckDBPyConnection) -> None:
    for port in ("USLAX", "USLGB", "USOAK"):
        reasons = f"SELECT count(DISTINCT reason) FROM calls WHERE port = '{port}' AND ata > eta_latest"
        assert one(ports, reasons) >= 8


def test_on_some_days_three_ports_are_under_stress_and_on_most_they_are_not(ports: duckdb.DuckDBPyConnection) -> None:
    stressed = """
        SELECT count(*) FROM (SELECT day FROM (
            SELECT day_local AS day, yard_pct AS yard, at_anchor AS anchor FROM los_angeles.port_day
            UNION ALL SELECT DayLocal, YardPct, AtAnchor FROM long_beach.PortDay
            UNION ALL SELECT DAY_LCL, YARD_PCT, VSL_ANCH FROM oakland.DAY_STATUS)
        WHERE yard > 85 OR anchor > 10 GROUP BY day HAVING count(*) = 3)"""
    assert 10 <= one(ports, stressed) <= 120


@pytest.mark.parametrize(("short", "plenty"), [("la", "lb"), ("lb", "la")])
def test_chassis_are_short_at_one_port_while_the_other_has_plenty(
    ports: duckdb.DuckDBPyConnection, short: str, plenty: str
) -> None:
    days = f"""
        WITH la AS (SELECT day_local AS day, size_ft AS ft, sum(ready) AS n, sum(ready + on_street + bad_order) AS fleet
                    FROM los_angeles.chassis_day GROUP BY ALL),
             lb AS (SELECT DayLocal AS day, LenFt AS ft, sum(Ready) AS n, sum(Ready + OnStreet + BadOrder) AS fleet
                    FROM long_beach.ChassisDaily GROUP BY ALL)
        SELECT count(*) FROM {short} AS a JOIN {plenty} AS b USING (day, ft)
        WHERE a.n < 0.05 * a.fleet AND b.n > 0.25 * b.fleet"""
    assert one(ports, days) >= 10


def test_the_hour_that_came_twice_and_the_hour_that_never_was_are_in_the_data(ports: duckdb.DuckDBPyConnection) -> None:
    twice = "date_trunc('hour', {c}) = '2025-11-02 01:00:00'"
    never = "date_trunc('hour', {c}) = '2025-03-09 02:00:00'"
    assert one(ports, f"SELECT count(*) FROM long_beach.CargoEvent WHERE {twice.format(c='EventLocal')}") >= 4
    assert one(ports, f"SELECT count(*) FROM long_beach.CargoEvent WHERE {never.format(c='EventLocal')}") == 3
    assert one(ports, f"SELECT count(*) FROM long_beach.YardStay WHERE {never.format(c='InLocal')}") == 3
    assert one(ports, f"SELECT count(*) FROM long_beach.VesselCall WHERE {never.format(c='SailedLocal')}") == 1
    for table, day, clock in (("vessel_log", "Arrival Date", "Arrival Time"), ("truck_scale", "Date", "Time In")):
        where = f"""SELECT count(*) FROM hueneme.{table} WHERE "{day}" = '{{}}' AND "{clock}" LIKE '{{}}:%'"""
        assert one(ports, where.format("11/02/2025", "01")) >= 2
        assert one(ports, where.format("03/09/2025", "02")) == 1


def test_one_name_at_hueneme_stands_for_two_ships(ports: duckdb.DuckDBPyConnection) -> None:
    doubled = 'SELECT "Vessel" FROM hueneme.ref_ship GROUP BY 1 HAVING count(DISTINCT "IMO") = 2'
    ((name,),) = ports.execute(doubled).fetchall()
    assert one(ports, f"""SELECT count(*) FROM hueneme.vessel_log WHERE "Vessel" = '{name}'""") >= 2


def test_some_names_and_codes_are_in_no_crosswalk(ports: duckdb.DuckDBPyConnection) -> None:
    assert one(ports, "SELECT count(*) FROM oakland.VSL_CALL ANTI JOIN oakland.REF_LINE USING (LINE_NM)") > 0
    assert one(ports, "SELECT count(*) FROM oakland.VSL_CALL ANTI JOIN oakland.REF_SHIP USING (MMSI)") > 0
    assert one(ports, "SELECT count(*) FROM long_beach.VesselCall ANTI JOIN long_beach.RefPier USING (PierCode)") > 0
    assert one(ports, 'SELECT count(*) FROM hueneme.vessel_log ANTI JOIN hueneme.ref_agent USING ("Agent")') > 0


def test_naval_and_project_cargo_are_there_to_be_held_back(ports: duckdb.DuckDBPyConnection) -> None:
    assert one(ports, """SELECT count(DISTINCT "Remarks") FROM hueneme.vessel_log WHERE "Remarks" <> ''""") == 2
    assert (
        one(ports, "SELECT count(*) FROM hueneme.cargo_log WHERE \"Commodity\" IN ('Naval cargo', 'Project cargo')")
        > 20
    )
    assert one(ports, "SELECT count(*) FROM san_diego.ship_call WHERE vessel_kind = 'naval'") > 10
    assert one(ports, "SELECT count(*) FROM san_diego.cargo_ledger WHERE hs4 = '9306'") > 10
    assert one(ports, "SELECT count(*) FROM san_diego.cargo_ledger WHERE commodity_group LIKE 'project cargo%'") > 10


def test_hueneme_has_few_lines_and_one_importer_that_dominates(ports: duckdb.DuckDBPyConnection) -> None:
    assert one(ports, 'SELECT count(DISTINCT "Line") FROM hueneme.reefer_yard') == 3
    top = 'SELECT max(n) * 100 / sum(n) FROM (SELECT count(*) AS n FROM hueneme.reefer_yard GROUP BY "Consignee")'
    assert one(ports, top) > 60


def test_nothing_actual_lies_in_the_future(ports: duckdb.DuckDBPyConnection) -> None:
    last = "TIMESTAMPTZ '2026-11-22 12:00:00+00'"
    assert one(ports, f"SELECT count(*) FROM calls WHERE greatest(ata, atd, anchor_down, anchor_up) > {last}") == 0
    assert (
        one(ports, f"SELECT count(*) FROM los_angeles.container_event WHERE classifier = 'ACT' AND event_at > {last}")
        == 0
    )
    assert (
        one(ports, f"SELECT count(*) FROM los_angeles.container_event WHERE classifier = 'PLN' AND event_at < {last}")
        == 0
    )
    assert one(ports, f"SELECT count(*) FROM calls WHERE ata IS NULL AND eta_first > {last}") > 30


def test_times_of_a_call_follow_each_other(ports: duckdb.DuckDBPyConnection) -> None:
    odd = "SELECT count(*) FROM calls WHERE anchor_up < anchor_down OR ata < anchor_up OR atd < ata"
    assert one(ports, odd) == 0
    odd = """
        SELECT count(*) FROM los_angeles.vessel_visit
        WHERE ops_start < first_line OR ops_end < ops_start OR last_line < ops_end"""
    assert one(ports, odd) == 0
    assert (
        one(ports, "SELECT count(*) FROM los_angeles.container_stay WHERE out_at < in_at OR out_at < available_at") == 0
    )
    assert (
        one(ports, "SELECT count(*) FROM los_angeles.gate_visit WHERE NOT (queue_in <= in_at AND in_at <= out_at)") == 0
    )
    assert one(ports, "SELECT count(*) FROM oakland.UNIT WHERE OUT_MS < IN_MS") == 0


def test_berths_are_never_fuller_than_the_day(ports: duckdb.DuckDBPyConnection) -> None:
    assert one(ports, "SELECT count(*) FROM los_angeles.berth_day WHERE occupied_min > available_min") == 0
    assert one(ports, "SELECT count(*) FROM long_beach.BerthDay WHERE OccupiedHrs > AvailableHrs") == 0
    assert one(ports, "SELECT count(*) FROM oakland.BERTH_DAY WHERE OCC_MIN > AVL_MIN") == 0
