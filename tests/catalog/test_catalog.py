"""The catalog that is shipped: every definition complete, every port's tables as they are made, labor data marked."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from sqlglot import exp

from gateway import model
from gateway.adapters.catalog_files import CANONICAL_TYPES, read_catalog
from gateway.kernel.dialect import emit, read_text
from generator.tables import shapes_of

CHECKOUT = Path(__file__).parents[2]
PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
CATALOG = read_catalog(CHECKOUT / "catalog", PORTS)
MAPPINGS = [mapping for by_port in CATALOG.mappings.values() for mapping in by_port.values()]
CANONICAL = {name.table: table for name, table in CATALOG.tables.items() if name.catalog == "california"}

COLUMNS = {
    "vessel_calls": 30,
    "container_moves": 23,
    "container_dwell": 14,
    "gate_transactions": 18,
    "berth_occupancy": 11,
    "cargo_throughput": 11,
    "emissions": 8,
    "rail_moves": 12,
    "chassis_status": 9,
    "port_status": 8,
}

FILLED_BY = {
    "vessel_calls": PORTS,
    "container_moves": ("los_angeles", "long_beach", "oakland"),
    "container_dwell": ("los_angeles", "long_beach", "oakland", "hueneme"),
    "gate_transactions": ("los_angeles", "long_beach", "hueneme"),
    "berth_occupancy": ("los_angeles", "long_beach", "oakland", "san_diego"),
    "cargo_throughput": PORTS,
    "emissions": ("los_angeles", "long_beach", "san_diego"),
    "rail_moves": ("los_angeles", "long_beach", "oakland"),
    "chassis_status": ("los_angeles", "long_beach"),
    "port_status": ("los_angeles", "long_beach", "oakland"),
}


def test_there_are_ten_canonical_tables_with_their_columns() -> None:
    assert {name: len(table.columns) for name, table in CANONICAL.items()} == COLUMNS


def test_every_canonical_table_begins_with_the_port() -> None:
    assert {next(iter(table.columns)) for table in CANONICAL.values()} == {"port_unlocode"}


def test_every_port_fills_the_tables_that_it_can() -> None:
    assert {table: tuple(by_port) for table, by_port in CATALOG.mappings.items()} == FILLED_BY


def test_a_port_that_takes_no_part_says_why() -> None:
    left_out = {(port.id, table) for port in CATALOG.ports.values() for table in port.not_part}

    assert left_out == {(port, table) for table, ports in FILLED_BY.items() for port in PORTS if port not in ports}


def test_every_data_element_of_the_list_is_a_term() -> None:
    with (CHECKOUT / "data" / "catalog_data_elements.csv").open() as file:
        elements = {row["element"] for row in csv.DictReader(file)}

    assert elements - set(CATALOG.terms) == set()


@pytest.mark.parametrize("name", CATALOG.terms)
def test_a_term_is_complete(name: str) -> None:
    term = CATALOG.terms[name]

    assert term.type in CANONICAL_TYPES
    assert term.title
    assert term.group
    assert term.meaning.endswith(".")


def test_every_term_is_told_once() -> None:
    titles = [term.title.lower() for term in CATALOG.terms.values()]

    assert len(titles) == len(set(titles))


@pytest.mark.parametrize("name", CANONICAL)
def test_a_canonical_table_is_complete(name: str) -> None:
    table = CANONICAL[name]

    assert table.meaning.startswith("One row per ")
    for column in table.columns.values():
        assert column.type in CANONICAL_TYPES
        assert column.term in CATALOG.terms
        assert column.meaning[-1] == "."


def test_every_time_is_utc_and_every_day_is_local() -> None:
    columns = [column for table in CANONICAL.values() for column in table.columns.values()]

    assert {c.name for c in columns if c.type == "timestamp(3)"} == {c.name for c in columns if c.name.endswith("_utc")}
    assert {c.unit for c in columns if c.type == "timestamp(3)"} == {"UTC"}
    assert {c.unit for c in columns if c.type == "date"} <= {"local day", "first day of month"}


def test_the_columns_that_hold_labor_data_are_these() -> None:
    labor = {
        f"{name}.{column.name}"
        for name, table in CATALOG.tables.items()
        for column in table.columns.values()
        if column.sensitivity == "labor"
    }

    assert labor == {
        "california.freight.gate_transactions.driver_id",
        "los_angeles.pola.gate_visit.twic_hash",
        "long_beach.polbops.truckvisit.driverbadge",
    }


def test_no_column_that_names_a_worker_goes_unmarked() -> None:
    worker = re.compile(r"driver|operator_id|gang|shift|badge|twic|worker|longshore|employee")

    unmarked = [
        f"{name}.{column.name}"
        for name, table in CATALOG.tables.items()
        for column in table.columns.values()
        if worker.search(column.name) and column.sensitivity != "labor"
    ]

    assert unmarked == []


@pytest.mark.parametrize("port", PORTS)
def test_the_tables_of_a_port_are_listed_as_they_are_made(port: str) -> None:
    listed = {
        str(name): [(column.name, column.type) for column in table.columns.values()]
        for name, table in CATALOG.tables.items()
        if name.catalog == port
    }

    made = {shape.trino_name: [(c.name.lower(), c.type) for c in shape.columns] for shape in shapes_of(port)}
    assert listed == made


@pytest.mark.parametrize("port", PORTS)
def test_a_table_with_invented_rows_is_marked_synthetic(port: str) -> None:
    marked = {str(name) for name, table in CATALOG.tables.items() if name.catalog == port and table.synthetic}

    assert marked == {shape.trino_name for shape in shapes_of(port) if shape.origin in {"synthetic", "mixed"}}


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda m: f"{m.port}-{m.table}")
def test_a_mapping_gives_each_column_once_and_in_its_canonical_type(mapping: model.PortMapping) -> None:
    canonical = CANONICAL[mapping.table].columns

    assert set(mapping.columns) | set(mapping.not_kept) == set(canonical)
    assert set(mapping.columns) & set(mapping.not_kept) == set()
    for name, expression in mapping.columns.items():
        assert isinstance(expression, exp.Cast)
        assert expression.to == exp.DataType.build(canonical[name].type, dialect="trino")


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda m: f"{m.port}-{m.table}")
def test_a_mapping_reads_only_tables_of_its_own_port(mapping: model.PortMapping) -> None:
    read = {model.TableName(t.catalog, t.db, t.name) for t in mapping.source.find_all(exp.Table)}

    assert {name.catalog for name in read} == {mapping.port}
    assert read <= set(CATALOG.tables)
    assert all(identifier.args["quoted"] for identifier in mapping.source.find_all(exp.Identifier))


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda m: f"{m.port}-{m.table}")
def test_a_mapping_is_a_fixpoint_of_its_own_text(mapping: model.PortMapping) -> None:
    columns = [expression.as_(name, quoted=True) for name, expression in mapping.columns.items()]
    whole = mapping.source.select(*columns)

    assert read_text(emit(whole.copy())) == whole


@pytest.mark.parametrize("mapping", MAPPINGS, ids=lambda m: f"{m.port}-{m.table}")
def test_the_port_of_a_mapping_is_a_literal_so_that_a_question_for_one_port_prunes_the_others(
    mapping: model.PortMapping,
) -> None:
    unlocode = CATALOG.ports[mapping.port].unlocode

    assert mapping.columns["port_unlocode"].sql("trino") == f"CAST('{unlocode}' AS VARCHAR)"


def test_the_revision_tells_one_state_of_the_files_from_another(tmp_path: Path) -> None:
    for file in (CHECKOUT / "catalog").rglob("*.yaml"):
        copy = tmp_path / file.relative_to(CHECKOUT / "catalog")
        copy.parent.mkdir(exist_ok=True)
        copy.write_text(file.read_text())
    same = read_catalog(tmp_path, PORTS).revision
    edited = tmp_path / "ports" / "oakland.yaml"
    edited.write_text(edited.read_text() + "# another state\n")

    assert same == CATALOG.revision != read_catalog(tmp_path, PORTS).revision
