"""Puts a world into the five ports' own databases, beside the stack's schemas, through the doors that loaders use."""

from __future__ import annotations

import csv
import math
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from psycopg import sql
from trino.exceptions import TrinoQueryError

from gateway.model import Catalog, TableName
from stack import postgres
from stack.layout import Home
from stack.settings import remembered
from stack.trino_access import connect
from tests.twins.tables import ROW, Row, Tables

READER = "trino_reader"
PATIENCE = 8


class Loader:
    """Lays worlds down in one running stack, and takes them away."""

    def __init__(self, home: Path, catalog: Catalog) -> None:
        self._home, self._catalog = Home(home.absolute()), catalog
        settings = remembered(self._home)
        assert settings is not None, f"no stack in {home}"
        self._postgres_port = settings.tcp.postgres

    def lay_down(self, suffix: str, tables: Tables) -> None:
        """Make the tables of one world anew in schemas that end in `suffix`."""
        ports = sorted({name.catalog for name in tables})
        with ThreadPoolExecutor(len(ports)) as pool:
            done = [pool.submit(self._lay_down_port, port, suffix, tables) for port in ports]
            for each in done:
                each.result()

    def _lay_down_port(self, port: str, suffix: str, tables: Tables) -> None:
        mine = {name: rows for name, rows in tables.items() if name.catalog == port}
        schema = next(iter(mine)).schema + suffix
        loaders: dict[str, Callable[[str, Tables], None]] = {
            "los_angeles": self._by_insert,
            "long_beach": self._by_psycopg,
            "oakland": self._inside_duckdb,
            "hueneme": self._by_csv,
            "san_diego": self._by_ctas,
        }
        self.remove(port, schema)
        loaders[port](schema, mine)

    def remove(self, port: str, schema: str) -> None:
        """Take one schema away, with what is in it."""
        if port == "long_beach":
            with self._long_beach() as session:
                session.execute(sql.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql.Identifier(schema)))
        elif port == "oakland":
            self._in_duckdb(f"DROP SCHEMA IF EXISTS {schema} CASCADE")
        else:
            self._run(f"DROP SCHEMA IF EXISTS {port}.{schema} CASCADE")
            shutil.rmtree(self._home.ports / port / "files" / schema, ignore_errors=True)

    def _run(self, statement: str) -> list[Any]:
        return run_patiently(connect(self._home), statement)

    def _long_beach(self) -> Any:
        return postgres.connect(self._home, self._postgres_port, postgres.LONG_BEACH)

    def _in_duckdb(self, statement: str) -> None:
        self._run(f"CALL oakland.system.execute(query => {_text(statement)})")

    def _types(self, name: TableName) -> dict[str, str]:
        known = {column: each.type for column, each in self._catalog.tables[name].columns.items()}
        return {**known, ROW: "varchar" if name.catalog == "hueneme" else "bigint"}

    # --- one way for each port --------------------------------------------------------------------------------------

    def _by_insert(self, schema: str, tables: Tables) -> None:
        self._run(f"CREATE SCHEMA los_angeles.{schema}")
        for name, rows in tables.items():
            types = self._types(name)
            columns = ", ".join(f'"{column}" {type_}' for column, type_ in types.items())
            self._run(f"CREATE TABLE los_angeles.{schema}.{name.table} ({columns})")
            if rows:
                values = _values(rows, types, trino_literal)
                self._run(f"INSERT INTO los_angeles.{schema}.{name.table} VALUES {values}")

    def _by_ctas(self, schema: str, tables: Tables) -> None:
        self._run(f"CREATE SCHEMA san_diego.{schema}")
        for name, rows in tables.items():
            types = self._types(name)
            names = ", ".join(f'"{column}"' for column in types)
            some = rows or [dict.fromkeys(types)]
            values = f"(VALUES {_values(some, types, trino_literal)}) AS v ({names})"
            only = "" if rows else " WHERE false"
            self._run(f"CREATE TABLE san_diego.{schema}.{name.table} AS SELECT * FROM {values}{only}")

    def _inside_duckdb(self, schema: str, tables: Tables) -> None:
        statements = [f"CREATE SCHEMA {schema}"]
        for name, rows in tables.items():
            types = self._types(name)
            columns = ", ".join(f'"{column}" {type_}' for column, type_ in types.items())
            statements.append(f'CREATE TABLE {schema}."{name.table}" ({columns})')
            if rows:
                values = _values(rows, types, _duckdb_literal)
                statements.append(f'INSERT INTO {schema}."{name.table}" VALUES {values}')
        self._in_duckdb("; ".join(statements))

    def _by_psycopg(self, schema: str, tables: Tables) -> None:
        with self._long_beach() as session, session.transaction():
            session.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(schema)))
            for name, rows in tables.items():
                types = self._types(name)
                table = sql.Identifier(schema, name.table)
                columns = sql.SQL(", ").join(
                    sql.SQL("{} {}").format(
                        sql.Identifier(column), sql.SQL(type_.replace("double", "double precision"))
                    )
                    for column, type_ in types.items()
                )
                session.execute(sql.SQL("CREATE TABLE {} ({})").format(table, columns))
                places = sql.SQL(", ").join([sql.Placeholder()] * len(types))
                with session.cursor() as cursor:
                    insert = sql.SQL("INSERT INTO {} VALUES ({})").format(table, places)
                    cursor.executemany(insert, [[row[column] for column in types] for row in rows])
            reader = sql.Identifier(READER)
            session.execute(sql.SQL("GRANT USAGE ON SCHEMA {} TO {}").format(sql.Identifier(schema), reader))
            grant = sql.SQL("GRANT SELECT ON ALL TABLES IN SCHEMA {} TO {}")
            session.execute(grant.format(sql.Identifier(schema), reader))

    def _by_csv(self, schema: str, tables: Tables) -> None:
        self._run(f"CREATE SCHEMA hueneme.{schema}")
        for name, rows in tables.items():
            types = self._types(name)
            folder = self._home.ports / "hueneme" / "files" / schema / name.table
            folder.mkdir(parents=True)
            with (folder / "rows.csv").open("w", newline="") as file:
                writer = csv.writer(file, quoting=csv.QUOTE_ALL)
                writer.writerow(types)
                writer.writerows([[row[column] for column in types] for row in rows])
            columns = ", ".join(f'"{column}" varchar' for column in types)
            where = f"external_location = 'local:///files/{schema}/{name.table}'"
            options = f"format = 'CSV', skip_header_line_count = 1, {where}"
            self._run(f"CREATE TABLE hueneme.{schema}.{name.table} ({columns}) WITH ({options})")


def run_patiently(connection: Any, statement: str) -> list[list[Any]]:
    """Run a statement, and again if the catalog's database took longer to answer than a busy machine allows."""
    for left in reversed(range(PATIENCE)):
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return [list(row) for row in cursor.fetchall()]
        except TrinoQueryError as error:
            if not left or "timed out" not in str(error):
                raise
    raise AssertionError("unreachable")


def _values(rows: list[Row], types: dict[str, str], literal: Callable[[Any, str], str]) -> str:
    return ", ".join(f"({', '.join(literal(row[column], type_) for column, type_ in types.items())})" for row in rows)


def trino_literal(value: Any, type_: str) -> str:
    """A value as Trino reads it, typed.

    >>> trino_literal("it's", "varchar")
    "CAST('it''s' AS varchar)"
    """
    return f"CAST({'NULL' if value is None else _text(_spelled(value))} AS {type_})"


def _duckdb_literal(value: Any, type_: str) -> str:
    return f"CAST({'NULL' if value is None else _text(_spelled(value))} AS {type_})"


def _spelled(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and math.isnan(value):
        return "NaN"
    if isinstance(value, datetime):
        zone = " UTC" if value.tzinfo else ""
        return value.strftime("%Y-%m-%d %H:%M:%S") + zone
    if isinstance(value, date):
        return value.isoformat()
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _text(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
