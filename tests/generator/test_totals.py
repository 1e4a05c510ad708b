"""The generated rows add up to the figures that the ports published."""

from __future__ import annotations

import duckdb
import pytest

REAL = """
    SELECT CAST(year_month || '-01' AS DATE) AS month, total_teu, loaded_import_teu, loaded_export_teu
    FROM real_teu_monthly
    WHERE port_unlocode = '{port}' AND total_teu IS NOT NULL AND year_month >= '2025-01'"""
FEET = "CASE iso_type[1] WHEN '2' THEN 1.0 WHEN '4' THEN 2.0 ELSE 2.25 END"
BOXES = {
    "USLAX": f"SELECT event_at AS at, {FEET} AS teu, event_code = 'DISC' AS inbound, is_laden AS laden"
    " FROM los_angeles.container_event WHERE event_code IN ('DISC', 'LOAD')",
    "USLGB": "SELECT from_pacific(EventLocal) AS at, LengthFt / 20.0 AS teu, EventKind = 'Discharge' AS inbound,"
    " FE = 'F' AS laden FROM long_beach.CargoEvent WHERE EventKind IN ('Discharge', 'Load')",
    "USOAK": f"SELECT from_ms(CASE WHEN IN_MODE = 'V' THEN IN_MS ELSE OUT_MS END) AS at,"
    f" {FEET.replace('iso_type', 'ISO_TYP')} AS teu, IN_MODE = 'V' AS inbound, STS = 'FULL' AS laden FROM oakland.UNIT",
}


@pytest.mark.parametrize("zone", ["UTC", "America/Los_Angeles"])
@pytest.mark.parametrize("port", BOXES)
def test_boxes_times_the_sampling_are_the_published_teu_of_each_month(
    ports: duckdb.DuckDBPyConnection, port: str, zone: str
) -> None:
    rows = ports.execute(f"""
        SELECT r.month, sum(b.teu) * any_value(one_box_stands_for) / r.total_teu FROM ({BOXES[port]}) AS b,
               los_angeles.sample_note, ({REAL.format(port=port)}) AS r
        WHERE date_trunc('month', timezone('{zone}', b.at)) = r.month GROUP BY r.month, r.total_teu""").fetchall()
    assert len(rows) >= (6 if port == "USOAK" else 11)
    assert [row for row in rows if not 0.99 <= row[1] <= 1.01] == []


@pytest.mark.parametrize("port", BOXES)
def test_loaded_imports_and_exports_keep_their_published_shares(ports: duckdb.DuckDBPyConnection, port: str) -> None:
    made = ports.execute(f"""
        SELECT sum(teu) FILTER (inbound AND laden) / sum(teu), sum(teu) FILTER (NOT inbound AND laden) / sum(teu)
        FROM ({BOXES[port]})""").fetchall()[0]
    real = ports.execute(f"""
        SELECT sum(loaded_import_teu) / sum(total_teu), sum(loaded_export_teu) / sum(total_teu)
        FROM ({REAL.format(port=port)}) WHERE loaded_import_teu IS NOT NULL""").fetchall()[0]
    assert made == pytest.approx(real, abs=0.02)


@pytest.mark.parametrize(
    ("port", "totals"),
    [
        (
            "USLAX",
            "SELECT make_date(fiscal_year, month_no, 1) - INTERVAL 6 MONTH AS month, is_synthetic,"
            " loaded_in + empty_in + loaded_out + empty_out AS teu FROM los_angeles.monthly_teu",
        ),
        (
            "USLGB",
            "SELECT strptime('1 ' || MonthName || ' ' || FiscalYear, '%d %B %Y')"
            " - to_years(CASE WHEN MonthName IN ('October', 'November', 'December') THEN 1 ELSE 0 END) AS month,"
            " IsSynthetic = 1 AS is_synthetic, sum(Boxes * LenFt / 20.0) AS teu"
            " FROM long_beach.BoxCountMonthly GROUP BY 1, 2",
        ),
        (
            "USOAK",
            "SELECT make_date(YR, MTH, 1) AS month, SYN AS is_synthetic,"
            " sum(LIFTS_20 + 2 * LIFTS_40 + 2.25 * LIFTS_45) AS teu"
            " FROM oakland.MTH_LIFTS GROUP BY 1, 2",
        ),
    ],
)
def test_the_ports_own_monthly_tables_give_the_published_teu(
    ports: duckdb.DuckDBPyConnection, port: str, totals: str
) -> None:
    rows = ports.execute(f"""
        SELECT t.month, t.is_synthetic, abs(t.teu / r.total_teu - 1) FROM ({totals}) AS t
        JOIN ({REAL.format(port=port)}) AS r ON r.month = t.month""").fetchall()
    assert len(rows) >= 6
    assert [row for row in rows if row[1] or row[2] > 0.001] == []


def test_months_without_a_published_figure_are_marked_as_invented(ports: duckdb.DuckDBPyConnection) -> None:
    late = "SELECT bool_and(is_synthetic) FROM los_angeles.monthly_teu WHERE fiscal_year = 2026 AND month_no >= 6"
    assert ports.execute(late).fetchall() == [(True,)]


def test_oaklands_year_is_the_published_one(ports: duckdb.DuckDBPyConnection) -> None:
    teu = "SELECT sum(LIFTS_20 + 2 * LIFTS_40 + 2.25 * LIFTS_45)::DOUBLE FROM oakland.MTH_LIFTS WHERE YR = 2025"
    real = "SELECT total_teu FROM real_teu_annual WHERE port_unlocode = 'USOAK' AND year = 2025"
    published = ports.execute(real).fetchall()[0][0]
    assert ports.execute(teu).fetchall()[0][0] == pytest.approx(published, rel=0.001)


def test_calls_and_hours_at_berth_are_those_of_the_inventories(ports: duckdb.DuckDBPyConnection) -> None:
    rows = ports.execute("""
        WITH made AS (SELECT port, type, count(*) AS n, sum(date_diff('minute', ata, atd)) / 60 AS h FROM calls
                      WHERE year(ata) = 2025 GROUP BY ALL),
        kinds(port, type, class) AS (VALUES ('USLAX', 'CONT', 'containership'), ('USLAX', 'TANK', 'tanker'),
          ('USLAX', 'CARC', 'auto_carrier'), ('USLGB', 'CONT', 'containership'), ('USLGB', 'Tanker', 'tanker'),
          ('USLGB', 'Auto', 'auto_carrier'), ('USLGB', 'Bulk', 'bulk_carrier'))
        SELECT port, class, n / arrivals, h / berth_hours FROM kinds JOIN made USING (port, type)
        JOIN real_vessel_activity_spb_annual r ON r.port_unlocode = port AND r.vessel_class = class AND r.year = 2024
    """).fetchall()
    assert len(rows) == 7
    assert [row for row in rows if not (0.95 <= row[2] <= 1.05 and 0.95 <= row[3] <= 1.05)] == []


def test_oakland_has_the_calls_a_month_that_the_port_named(ports: duckdb.DuckDBPyConnection) -> None:
    calls = "SELECT count(*) / 12 FROM calls WHERE port = 'USOAK' AND year(ata) = 2025"
    assert 82 <= ports.execute(calls).fetchall()[0][0] <= 92


def test_hueneme_and_san_diego_move_their_yearly_tonnage(ports: duckdb.DuckDBPyConnection) -> None:
    hueneme = """
        SELECT sum(replace("Short Tons", ',', '')::DOUBLE), sum(nullif("Autos", '')::DOUBLE) FROM hueneme.cargo_log
        WHERE ("FY" = 'FY2025' AND "Month" NOT IN ('Oct', 'Nov', 'Dec'))
              OR ("FY" = 'FY2026' AND "Month" IN ('Oct', 'Nov', 'Dec'))"""
    tons = "SELECT total_short_tons FROM real_usace_port_tonnage_2022 WHERE port_unlocode = 'USNTD'"
    published = ports.execute(tons).fetchall()[0][0]
    assert ports.execute(hueneme).fetchall()[0] == pytest.approx((published, 320_000), rel=0.01)
    san_diego = """
        SELECT sum(coalesce(metric_tonnes, 0) + coalesce(weight_kg, 0) / 1000) FROM san_diego.cargo_ledger
        WHERE posted_at[:4] = '2025'"""
    assert ports.execute(san_diego).fetchall()[0][0] == pytest.approx(1_942_436, rel=0.02)


def test_boxes_stay_as_long_as_the_terminals_report(ports: duckdb.DuckDBPyConnection) -> None:
    rows = ports.execute("""
        SELECT out_mode, avg(date_diff('minute', in_at, out_at)) / 1440 FROM los_angeles.container_stay
        WHERE trade = 'I' AND out_at IS NOT NULL GROUP BY out_mode""").fetchall()
    assert dict(rows) == {"TRUCK": pytest.approx(2.75, abs=0.25), "RAIL": pytest.approx(4.75, abs=0.5)}


def test_trucks_take_as_long_as_the_truckers_report(ports: duckdb.DuckDBPyConnection) -> None:
    rows = ports.execute("""
        SELECT avg(date_diff('second', in_at, out_at)) / 60, avg(date_diff('second', queue_in, out_at)) / 60
        FROM los_angeles.gate_visit""").fetchall()
    assert 40 <= rows[0][0] <= 60
    assert 60 <= rows[0][1] <= 90


def test_published_tables_hold_the_files_rows_of_that_port_unchanged(ports: duckdb.DuckDBPyConnection) -> None:
    columns = "port_unlocode, year_month, loaded_import_teu::DOUBLE, total_teu::DOUBLE, quality"
    for port, code in (("los_angeles", "USLAX"), ("long_beach", "USLGB"), ("oakland", "USOAK")):
        made = ports.execute(f"SELECT {columns} FROM {port}.teu_monthly ORDER BY 2").fetchall()
        real = f"SELECT {columns} FROM real_teu_monthly WHERE port_unlocode = '{code}' ORDER BY 2"
        assert len(made) > 30
        assert made == ports.execute(real).fetchall()
