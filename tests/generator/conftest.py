"""Makes the five ports' files once, and opens them in DuckDB under the names that Trino gives them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import duckdb
import pytest
from deltalake import DeltaTable

from generator.make import UNLOCODES, duckdb_type, generate
from generator.shape import Shape
from generator.tables import shapes_of

SCALE = 0.01
AS_OF = date(2026, 11, 22)
PORTS = tuple(UNLOCODES)


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All ports' files at a small scale."""
    directory = tmp_path_factory.mktemp("ports")
    generate(directory, SCALE, AS_OF, PORTS, lambda _: None)
    return directory


@pytest.fixture(scope="session")
def ports(files: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """DuckDB over those files: `los_angeles.vessel_visit`, `oakland.UNIT`, ...; published ones are `real_NAME`."""
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        open_files(db, files)
        for file in (Path(__file__).parents[2] / "data").glob("*.csv"):
            db.execute(f"CREATE VIEW real_{file.stem} AS FROM read_csv('{file}', header = true)")
        db.execute((Path(__file__).parent / "calls.sql").read_text())
        yield db


def open_files(db: duckdb.DuckDBPyConnection, files: Path) -> None:
    """Make a schema for each port with a table for each of its shapes, as found in the files."""
    db.execute(f"ATTACH '{files}/oakland/oakland.duckdb' AS oakland_file (READ_ONLY)")
    for port in PORTS:
        db.execute(f"CREATE SCHEMA {port}")
        for shape in shapes_of(port):
            db.execute(f'CREATE TABLE {port}."{shape.name}" AS FROM {_source(db, files, shape)}')
    db.execute("DETACH oakland_file")


def _source(db: duckdb.DuckDBPyConnection, files: Path, shape: Shape) -> str:
    folder = files / shape.port
    if shape.port == "los_angeles":
        return f"'{folder}/staged/{shape.name}/{shape.name}.parquet'"
    if shape.port == "oakland":
        return f'oakland_file.tos."{shape.name}"'
    if shape.port == "san_diego":
        db.register("delta", DeltaTable(folder / "cargo" / shape.name).to_pyarrow_table())
        return "delta"
    types = ", ".join(f"'{c.name}': '{duckdb_type(c)}'" for c in shape.columns)
    blank = "" if shape.port == "long_beach" else ", nullstr = 'no such text'"
    return f"read_csv('{folder}/files/{shape.name}/{shape.name}.csv', header = true, columns = {{{types}}}{blank})"
