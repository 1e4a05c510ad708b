"""Turns a port's column list, one line a column, into table shapes, and prints them as `tables.md`."""

from __future__ import annotations

from dataclasses import dataclass

ENGINES = {
    "los_angeles": "Iceberg (Parquet)",
    "long_beach": "PostgreSQL (quoted CamelCase names; Trino shows them in lower case)",
    "oakland": "DuckDB (upper-case names; Trino shows them in lower case)",
    "hueneme": "Hive over CSV (every column is text; titles as in the spreadsheet, Trino shows them in lower case)",
    "san_diego": "Delta Lake",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the port's own spelling, its exact type in Trino, unit and meaning."""

    name: str
    type: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Shape:
    """One table of one port. `origin` is `synthetic`, `published`, `mixed` (see its marking column) or `code list`."""

    port: str
    schema: str
    name: str
    origin: str
    meaning: str
    columns: tuple[Column, ...]

    @property
    def trino_name(self) -> str:
        """The name as Trino shows it: catalog.schema.table in lower case."""
        return f"{self.port}.{self.schema}.{self.name}".lower()

    @property
    def comment(self) -> str:
        """The table comment, which begins with the origin so that every reader sees what is invented."""
        return f"{self.origin.capitalize()}. {self.meaning}"


def read_shape(port: str, schema: str, text: str) -> Shape:
    """Read `name | origin | meaning` and below it one `column | type | unit | meaning` a line.

    >>> read_shape("oakland", "tos", "A | synthetic | All.\\nX | bigint | ms | Time.").columns[0].type
    'bigint'
    """
    head, *lines = [line.strip() for line in text.strip().splitlines() if line.strip()]
    name, origin, meaning = (part.strip() for part in head.split("|", 2))
    columns = tuple(Column(*(part.strip() for part in line.split("|", 3))) for line in lines)
    return Shape(port, schema, name, origin, meaning, columns)


def read_shapes(port: str, schema: str, text: str) -> tuple[Shape, ...]:
    """Read every table of a port; a blank line stands between two tables."""
    return tuple(read_shape(port, schema, block) for block in text.strip().split("\n\n"))


def render(shapes: tuple[Shape, ...], notes: dict[str, str]) -> str:
    """Give the text of `tables.md`: all tables of all ports, with the notes that a mapping has to heed."""
    parts = ["# Every table of every port, as Trino shows it\n", notes["all"], ""]
    for port, engine in ENGINES.items():
        parts += [f"## {port}: {engine}\n", notes[port], ""]
        for shape in (s for s in shapes if s.port == port):
            parts += [f"### `{shape.trino_name}`\n", f"{shape.origin}. {shape.meaning}\n"]
            parts += ["| column | type | unit | meaning |", "| --- | --- | --- | --- |"]
            parts += [f"| `{c.name.lower()}` | {c.type} | {c.unit} | {c.meaning} |" for c in shape.columns]
            parts.append("")
    return "\n".join(parts)
