"""What stands in `tables.md` is what is made: tables, columns, types, and what marks the invented ones."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

import generator.tables
from generator.make import duckdb_type, generate
from generator.tables import shapes_of, tables_page
from tests.generator.conftest import AS_OF, PORTS, SCALE, open_files


def test_the_page_of_tables_is_up_to_date() -> None:
    page = Path(generator.tables.__file__).with_name("tables.md")
    assert page.read_text() == tables_page(), "run `python -m generator.tables`"


@pytest.mark.parametrize("port", PORTS)
def test_every_table_has_the_columns_and_types_of_its_shape(ports: duckdb.DuckDBPyConnection, port: str) -> None:
    for shape in shapes_of(port):
        made = ports.execute(f'DESCRIBE {port}."{shape.name}"').fetchall()
        wanted = [
            (c.name, ports.execute(f"SELECT typeof(NULL::{duckdb_type(c)})").fetchall()[0][0]) for c in shape.columns
        ]
        assert [(name, kind) for name, kind, *_ in made] == wanted, shape.trino_name


@pytest.mark.parametrize("port", PORTS)
def test_no_table_is_empty(ports: duckdb.DuckDBPyConnection, port: str) -> None:
    empty = [
        s.name for s in shapes_of(port) if not ports.execute(f'SELECT 1 FROM {port}."{s.name}" LIMIT 1').fetchall()
    ]
    assert empty == []


def test_the_files_of_a_port_hold_no_other_tables(files: Path) -> None:
    for port, folder in (
        ("los_angeles", "staged"),
        ("long_beach", "files"),
        ("hueneme", "files"),
        ("san_diego", "cargo"),
    ):
        assert {f.name for f in (files / port / folder).iterdir()} == {s.name for s in shapes_of(port)}


def test_every_table_says_in_its_comment_whether_it_is_invented(files: Path) -> None:
    for port in PORTS:
        for shape in shapes_of(port):
            assert shape.comment.split(".")[0] in {"Synthetic", "Published", "Mixed", "Code list"}
    with duckdb.connect(str(files / "oakland" / "oakland.duckdb"), read_only=True) as db:
        found = dict(db.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall())
    assert found == {s.name: s.comment for s in shapes_of("oakland")}
    for shape in shapes_of("san_diego"):
        assert DeltaTable(files / "san_diego" / "cargo" / shape.name).metadata().description == shape.comment


@pytest.mark.parametrize(
    ("table", "key"),
    [
        ("long_beach.RefPier", "PierCode"),
        ("long_beach.RefLineCode", "Scac"),
        ("long_beach.RefHoldReason", "HoldReason"),
        ("long_beach.RefPort", "PortName"),
        ("oakland.REF_SHIP", "MMSI"),
        ("oakland.REF_LINE", "LINE_NM"),
        ("oakland.REF_BERTH", "BERTH_RNG"),
        ("hueneme.ref_agent", "Agent"),
        ("hueneme.ref_line", "Line"),
        ("hueneme.ref_wharf", "Wharf"),
        ("hueneme.ref_commodity", "Commodity"),
        ("hueneme.ref_country", "Origin"),
        ("san_diego.ref_ship", "vessel_call_sign"),
        ("san_diego.ref_operator", "operator"),
        ("san_diego.ref_country", "alpha3"),
        ("los_angeles.vessel_visit", "visit_id"),
        ("los_angeles.container_event", "event_id"),
        ("los_angeles.container_stay", "stay_id"),
        ("los_angeles.gate_visit", "gate_id"),
        ("long_beach.VesselCall", "CallNo"),
        ("long_beach.CargoEvent", "EventId"),
        ("long_beach.TruckVisit", "VisitNo"),
        ("oakland.VSL_CALL", "VC_ID"),
        ("oakland.UNIT", "UNIT_ID"),
        ("hueneme.vessel_log", '"Call No"'),
        ("hueneme.truck_scale", '"Ticket"'),
        ("hueneme.reefer_yard", '"Stay No"'),
        ("san_diego.ship_call", "call_ref"),
        ("san_diego.cargo_ledger", "ledger_id"),
    ],
)
def test_a_key_is_there_once(ports: duckdb.DuckDBPyConnection, table: str, key: str) -> None:
    assert ports.execute(f"SELECT {key} FROM {table} GROUP BY 1 HAVING count(*) > 1 OR {key} IS NULL").fetchall() == []


def test_the_same_seed_scale_and_day_give_the_same_rows(ports: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    generate(tmp_path, SCALE, AS_OF, PORTS, lambda _: None)
    with duckdb.connect() as again:
        again.execute("SET TimeZone = 'UTC'")
        open_files(again, tmp_path)
        for port in PORTS:
            for shape in shapes_of(port):
                digest = f'SELECT count(*), sum(hash(t)) FROM {port}."{shape.name}" AS t'
                assert again.execute(digest).fetchall() == ports.execute(digest).fetchall(), shape.trino_name


def test_a_port_made_alone_has_the_same_rows(ports: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    generate(tmp_path, SCALE, AS_OF, ("los_angeles",), lambda _: None)
    alone = f"'{tmp_path}/los_angeles/staged/container_event/container_event.parquet'"
    digest = "SELECT count(*), sum(hash(event_id, cntr, event_at)) FROM "
    assert ports.execute(digest + alone).fetchall() == ports.execute(digest + "los_angeles.container_event").fetchall()


@pytest.mark.parametrize(
    ("scale", "as_of", "ports", "words"),
    [
        (0.0, AS_OF, PORTS, "scale"),
        (1.0, date(2025, 1, 3), PORTS, "2025-02-01"),
        (1.0, AS_OF, ("stockton",), "unknown port 'stockton'"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(
    tmp_path: Path, scale: float, as_of: date, ports: tuple[str, ...], words: str
) -> None:
    with pytest.raises(ValueError, match=words):
        generate(tmp_path, scale, as_of, ports, lambda _: None)
