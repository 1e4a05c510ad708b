"""Makes the five ports' data from a seed, a scale and a last day, and writes them in the form of each port's engine.

The rules of what is made stand in `sql/`, in the order of their numbers; one more file for each port gives its tables.
Layout below the given directory: `los_angeles/staged/TABLE.parquet`, `long_beach/TABLE.csv`, `oakland/oakland.duckdb`,
`hueneme/files/TABLE/TABLE.csv`, `san_diego/cargo/TABLE/` (Delta).
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import duckdb
from deltalake import write_deltalake

from generator.published import HELD_BY
from generator.shape import Column, Shape
from generator.tables import SCHEMAS, shapes_of

SEED = 20230426
FIRST_DAY = date(2025, 1, 1)
BOXES_PER_ROW = 20.0
"""At scale 1 one generated box stands for this many real ones: about a million events at Los Angeles."""
UNLOCODES = {
    "los_angeles": "USLAX",
    "long_beach": "USLGB",
    "oakland": "USOAK",
    "hueneme": "USNTD",
    "san_diego": "USSAN",
}

_SQL = Path(__file__).parent / "sql"
_DATA = Path(__file__).parent.parent / "data"
_WORLD = ("1_months", "2_ships", "3_calls", "4_boxes", "5_days")
Report = Callable[[str], None]


def generate(directory: Path, scale: float, as_of: date, ports: tuple[str, ...], report: Report) -> None:
    """Write the files of `ports` below `directory`; the same arguments give the same rows.

    A port's old files are removed only when its new ones are about to be written. `generator.load` brings them into
    the engines; Trino must not run while Oakland's file is replaced, or that catalog must be restarted afterwards.
    """
    _check(scale, as_of, ports)
    started = time.monotonic()
    with _database(directory) as db:
        make_world(db, scale, as_of, ports, report)
        for port in ports:
            report(f"{port}: writing its files")
            target = directory / port
            target.mkdir(parents=True, exist_ok=True)
            _WRITERS[port](db, target, shapes_of(port))
    report(f"ports made in {time.monotonic() - started:.0f} s")


def make_world(
    db: duckdb.DuckDBPyConnection, scale: float, as_of: date, ports: tuple[str, ...], report: Report
) -> None:
    """Run the rules in `db`; afterwards schema `PORT` holds each of that port's tables."""
    values = {
        "seed": str(SEED),
        "scale": f"{scale!r}::DOUBLE",
        "one_box": f"{BOXES_PER_ROW / scale!r}::DOUBLE",
        "first_day": f"DATE '{FIRST_DAY}'",
        "as_of": f"DATE '{as_of}'",
        "data": _text(str(_DATA)),
        "chosen": "[" + ", ".join(_text(UNLOCODES[port]) for port in ports) + "]",
    }
    for name, value in values.items():
        db.execute(f"SET VARIABLE {name} = {value}")
    for step in _WORLD:
        report(f"rules {step[2:]}")
        db.execute((_SQL / f"{step}.sql").read_text())
    for port in ports:
        report(f"{port}: its tables")
        db.execute(f"CREATE SCHEMA {port}")
        db.execute((_SQL / f"{port}.sql").read_text())
        for table in HELD_BY[port]:
            _take_published(db, port, table)


def select_table(shape: Shape) -> str:
    """The SELECT that gives a generated table with exactly the columns and types of its shape."""
    columns = ", ".join(f"CAST({_name(c.name)} AS {duckdb_type(c)}) AS {_name(c.name)}" for c in shape.columns)
    return f"SELECT {columns} FROM {shape.port}.{_name(shape.name)}"  # noqa: S608 - the names are our own


def duckdb_type(column: Column) -> str:
    """DuckDB's name of a Trino type.

    >>> duckdb_type(Column("x", "timestamp(0)", "", ""))
    'TIMESTAMP_S'
    """
    return {
        "timestamp(6) with time zone": "TIMESTAMPTZ",
        "timestamp(0)": "TIMESTAMP_S",
    }.get(column.type, column.type.upper())


@contextmanager
def _database(directory: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    directory.mkdir(parents=True, exist_ok=True)
    scratch = directory / "making.tmp"
    shutil.rmtree(scratch, ignore_errors=True)
    with duckdb.connect() as db:
        db.execute("SET TimeZone = 'UTC'")
        db.execute(f"SET temp_directory = {_text(str(scratch))}")
        yield db
    shutil.rmtree(scratch, ignore_errors=True)


def _check(scale: float, as_of: date, ports: tuple[str, ...]) -> None:
    unknown = [port for port in ports if port not in UNLOCODES]
    if unknown:
        raise ValueError(f"unknown port {unknown[0]!r}; known are {', '.join(UNLOCODES)}")
    if not 0.001 <= scale <= 100:
        raise ValueError(f"scale {scale} is outside 0.001 to 100")
    if as_of < date(2025, 2, 1):
        raise ValueError(f"the last day {as_of} must not be before 2025-02-01: the window begins on {FIRST_DAY}")


def _take_published(db: duckdb.DuckDBPyConnection, port: str, table: str) -> None:
    source = f"read_csv({_text(str(_DATA / table))} || '.csv', all_varchar = true)"
    held = {name for name, *_ in db.execute(f"DESCRIBE FROM {source}").fetchall()}
    only = f" WHERE port_unlocode = '{UNLOCODES[port]}'" if "port_unlocode" in held else ""
    db.execute(f"CREATE TABLE {port}.{table} AS FROM {source}{only}")


def _write_parquet(db: duckdb.DuckDBPyConnection, target: Path, shapes: tuple[Shape, ...]) -> None:
    staged = _fresh(target / "staged")
    for shape in shapes:
        # Iceberg finds columns by number, not by name: those that Trino gives, 1 to n.
        ids = ", ".join(f"{_name(c.name)}: {n}" for n, c in enumerate(shape.columns, 1))
        folder = _fresh(staged / shape.name)
        file = _text(str(folder / f"{shape.name}.parquet"))
        db.execute(f"COPY ({select_table(shape)}) TO {file} (FORMAT parquet, COMPRESSION zstd, FIELD_IDS {{{ids}}})")


def _write_csv(db: duckdb.DuckDBPyConnection, target: Path, shapes: tuple[Shape, ...]) -> None:
    files = _fresh(target / "files")
    for shape in shapes:
        file = _text(str(_fresh(files / shape.name) / f"{shape.name}.csv"))
        db.execute(f"COPY ({select_table(shape)}) TO {file} (FORMAT csv, HEADER)")


def _write_duckdb(db: duckdb.DuckDBPyConnection, target: Path, shapes: tuple[Shape, ...]) -> None:
    """Write beside the old file and move: Trino may hold the old one open until its catalog restarts."""
    new = target / "oakland.new"
    new.unlink(missing_ok=True)
    # v1.0.0 is what the DuckDB inside Trino 476 (1.3) reads.
    db.execute(f"ATTACH {_text(str(new))} AS oakland_file (STORAGE_VERSION 'v1.0.0')")
    db.execute("CREATE SCHEMA oakland_file.tos")
    for shape in shapes:
        table = f"oakland_file.tos.{_name(shape.name)}"
        db.execute(f"CREATE TABLE {table} AS {select_table(shape)}")
        db.execute(f"COMMENT ON TABLE {table} IS {_text(shape.comment)}")
    db.execute("DETACH oakland_file")
    new.replace(target / "oakland.duckdb")


def _write_delta(db: duckdb.DuckDBPyConnection, target: Path, shapes: tuple[Shape, ...]) -> None:
    schema = _fresh(target / SCHEMAS["san_diego"])
    for shape in shapes:
        rows = db.sql(select_table(shape)).to_arrow_table()
        write_deltalake(schema / shape.name, rows, name=shape.name, description=shape.comment)


def _fresh(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _name(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


_WRITERS: dict[str, Callable[[duckdb.DuckDBPyConnection, Path, tuple[Shape, ...]], None]] = {
    "los_angeles": _write_parquet,
    "long_beach": _write_csv,
    "oakland": _write_duckdb,
    "hueneme": _write_csv,
    "san_diego": _write_delta,
}
