"""Brings the files that `generator.make` wrote into each port's own database, through Trino and PostgreSQL.

Loading again replaces what is there. Each port's tables carry a comment that tells whether they are invented.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from generator.shape import Shape
from generator.tables import SCHEMAS, shapes_of

READER = "trino_reader"
LOGINS = 6
"""How often a statement is tried where Trino could not log in to a database."""
Report = Callable[[str], None]
Connect = Callable[[], Any]

_INDEXES: tuple[tuple[str, str], ...] = (
    ("VesselCall", "CallNo"),
    ("VesselCall", "BerthedLocal"),
    ("CargoEvent", "EventLocal"),
    ("CargoEvent", "CallNo"),
    ("YardStay", "OutLocal"),
    ("TruckVisit", "InLocal"),
)


class LoadFault(Exception):
    """A port's data could not be loaded; the message says which table, why, and what to do."""


def load(directory: Path, ports: tuple[str, ...], trino: Connect, postgres: Connect, report: Report) -> None:
    """Load `ports` from the files below `directory`, the folder that `generate` was given.

    `trino` opens a DB-API connection as a user who may write, `postgres` a psycopg session with Long Beach's own
    database as its owner; each is called once for each port that needs it.
    """
    for port in ports:
        started = time.monotonic()
        with closing(postgres() if port == "long_beach" else trino()) as session:
            _LOADERS[port](directory / port, session)
        report(f"{port}: {len(shapes_of(port))} tables loaded in {time.monotonic() - started:.1f} s")


def _load_los_angeles(folder: Path, trino: Any) -> None:
    """Hand the Parquet files over to Iceberg as they are.

    Dropping a table deletes its files, so Iceberg gets links of its own and the staged files stay for the next load.
    """
    schema = f"los_angeles.{SCHEMAS['los_angeles']}"
    _run(trino, f"CREATE SCHEMA IF NOT EXISTS {schema}")
    landing = f"landed-{time.time_ns()}"
    for shape in shapes_of("los_angeles"):
        _link(_made(folder / "staged" / shape.name), folder / landing / shape.name)
        _run(trino, f"DROP TABLE IF EXISTS {shape.trino_name}")
        _run(trino, _create(shape, "format = 'PARQUET'"))
        location = f"local:///{landing}/{shape.name}"
        _run(trino, f"ALTER TABLE {shape.trino_name} EXECUTE add_files(location => '{location}', format => 'PARQUET')")
    for old in folder.glob("landed-*"):
        if old.name != landing:
            shutil.rmtree(old)


def _load_long_beach(folder: Path, session: psycopg.Connection) -> None:
    """Copy the CSV files into PostgreSQL in one transaction: readers see the old tables or the new ones."""
    schema = sql.Identifier(SCHEMAS["long_beach"])
    with session.transaction():
        session.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(schema))
        session.execute(sql.SQL("CREATE SCHEMA {}").format(schema))
        for shape in shapes_of("long_beach"):
            _copy(session, shape, _made(folder / "files" / shape.name) / f"{shape.name}.csv")
        for table, column in _INDEXES:
            target = sql.Identifier(SCHEMAS["long_beach"], table)
            session.execute(sql.SQL("CREATE INDEX ON {} ({})").format(target, sql.Identifier(column)))
        reader = sql.Identifier(READER)
        session.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(schema, reader))
        session.execute(sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}").format(schema, reader))
        session.execute("ANALYZE")


def _copy(session: psycopg.Connection, shape: Shape, file: Path) -> None:
    table = sql.Identifier(shape.schema, shape.name)
    columns = sql.SQL(", ").join(
        sql.SQL("{} {}").format(sql.Identifier(column.name), sql.SQL(_postgres_type(column.type)))
        for column in shape.columns
    )
    session.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
    session.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(table, sql.Literal(shape.comment)))
    with (
        session.cursor() as cursor,
        file.open("rb") as rows,
        cursor.copy(sql.SQL("COPY {} FROM STDIN (FORMAT csv, HEADER)").format(table)) as copy,
    ):
        while block := rows.read(1 << 20):
            copy.write(block)


def _postgres_type(trino_type: str) -> Any:
    """PostgreSQL's name of a Trino type; it comes from our own column lists, so it may stand in a statement."""
    return trino_type.replace("double", "double precision")


def _load_oakland(folder: Path, trino: Any) -> None:
    """Oakland's file needs no loading, only that Trino reads this very file and not one it opened before."""
    if not (folder / "oakland.duckdb").exists():
        raise LoadFault(f"{folder / 'oakland.duckdb'} is not there; make the ports' data first")
    for shape in shapes_of("oakland"):
        _run(trino, f"SELECT 1 FROM {shape.trino_name} LIMIT 1")  # noqa: S608 - the name is our own


def _load_hueneme(folder: Path, trino: Any) -> None:
    """Stand a table in front of each CSV file; dropping it leaves the file."""
    _run(trino, f"CREATE SCHEMA IF NOT EXISTS hueneme.{SCHEMAS['hueneme']}")
    for shape in shapes_of("hueneme"):
        _made(folder / "files" / shape.name)
        _run(trino, f"DROP TABLE IF EXISTS {shape.trino_name}")
        location = f"external_location = 'local:///files/{shape.name}'"
        _run(trino, _create(shape, f"format = 'CSV', {location}, skip_header_line_count = 1"))


def _load_san_diego(folder: Path, trino: Any) -> None:
    """Tell Trino of each Delta table; taking one out of the list leaves its files."""
    schema = SCHEMAS["san_diego"]
    _run(trino, f"CREATE SCHEMA IF NOT EXISTS san_diego.{schema}")
    known = {row[0] for row in _run(trino, f"SHOW TABLES FROM san_diego.{schema}")}
    for shape in shapes_of("san_diego"):
        _made(folder / schema / shape.name)
        names = f"schema_name => '{schema}', table_name => '{shape.name}'"
        if shape.name in known:
            _run(trino, f"CALL san_diego.system.unregister_table({names})")
        location = f"local:///{schema}/{shape.name}"
        _run(trino, f"CALL san_diego.system.register_table({names}, table_location => '{location}')")


def _create(shape: Shape, properties: str) -> str:
    columns = ", ".join(f'"{column.name.lower()}" {column.type}' for column in shape.columns)
    comment = shape.comment.replace("'", "''")
    return f"CREATE TABLE {shape.trino_name} ({columns}) COMMENT '{comment}' WITH ({properties})"


def _run(trino: Any, statement: str) -> list[Any]:
    """Run one statement; once more where a busy machine did not let Trino log in to a database in its short time."""
    for _ in range(LOGINS - 1):
        try:
            return _run_once(trino, statement)
        except LoadFault as fault:
            if "Failed to connect" not in str(fault):  # then nothing was done
                raise
            time.sleep(1)
    return _run_once(trino, statement)


def _run_once(trino: Any, statement: str) -> list[Any]:
    cursor = trino.cursor()
    try:
        cursor.execute(statement)
        return list(cursor.fetchall())
    except Exception as error:
        raise LoadFault(f"Trino refused `{statement[:200]}`: {error}") from error
    finally:
        cursor.close()


def _made(folder: Path) -> Path:
    if not folder.is_dir():
        raise LoadFault(f"{folder} is not there; make the ports' data first")
    return folder


def _link(source: Path, target: Path) -> None:
    target.mkdir(parents=True)
    for file in source.iterdir():
        os.link(file, target / file.name)


_LOADERS: dict[str, Callable[[Path, Any], None]] = {
    "los_angeles": _load_los_angeles,
    "long_beach": _load_long_beach,
    "oakland": _load_oakland,
    "hueneme": _load_hueneme,
    "san_diego": _load_san_diego,
}
