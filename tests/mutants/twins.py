"""The judge of a release: two databases that differ only in what a grant hides must give one text the same answer.

What a row may show is read here from the agreements, row by row in Python, and shares nothing with rewrite or verify.
A keyed hash tells only which values are equal: the twin renames values under it, and its hash undoes the renaming.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import Literal

import duckdb
from sqlglot import exp

from gateway.kernel.dialect import DIALECT, read_text
from gateway.kernel.lexer import ARRAY, LITERAL
from gateway.model import AgreementGrant, Branch, Condition, Grant, Mask, TableName
from tests.mutants.richer import BOX, BOXES_FROM, CALLS_FROM, COLUMNS, KEYS, SECRET, SHEET, SHIP, VISIT, Pair

Row = dict[str, object]
World = dict[TableName, list[Row]]
Verdict = Literal["same answer", "within the grant", "fails", "releases more"]

PHYSICAL = (VISIT, BOX, SECRET, SHIP, SHEET)
READS = {"los_angeles": {"calls": VISIT, "boxes": BOX}, "oakland": {"calls": SHIP}, "hueneme": {"calls": SHEET}}
FILLED = {"calls": CALLS_FROM, "boxes": BOXES_FROM}
ROWS = 14
SEEDS = (1, 2)


# --- what a row may show ----------------------------------------------------------------------------------------------


def shown(physical: TableName, row: Row, grant: Grant) -> list[object]:
    """All that the grant shows of one row of a port: for each table that reads it the cells, or None."""
    return [
        _cells(_as(name, branch, row), name, branch, grant)
        for name, branches in grant.tables.items()
        for branch in branches
        if _reads(name, branch) == physical
    ]


def _reads(name: TableName, branch: Branch) -> TableName:
    return name if branch.mapping is None else READS[branch.port][name.table]


def _as(name: TableName, branch: Branch, row: Row) -> Row | None:
    """The row as the table has it; None if the port's mapping leaves it out."""
    if branch.mapping is None:
        return row
    if branch.port == "hueneme" and row["kind"] in (None, "NAVY"):
        return None
    filled = FILLED[name.table][branch.port][1]
    return {column: _read(filled[column], row) if column in filled else None for column in COLUMNS[name]}


def _read(expression: str, row: Row) -> object:
    found = re.search(r'"\w"\."(\w+)"', expression)
    if found is None:
        return expression.split("'")[1]
    value = row[found[1]]
    return str(value) if "CAST" in expression and value is not None else value


def _cells(row: Row | None, name: TableName, branch: Branch, grant: Grant) -> object:
    if row is None or not any(_admits(agreement, row, name) for agreement in branch.agreements):
        return None
    return tuple((column, _cell(column, row, name, branch)) for column in grant.granted.tables[name].columns)


def _cell(column: str, row: Row, name: TableName, branch: Branch) -> object:
    givers = [a for a in branch.agreements if column in a.columns and _admits(a, row, name)]
    masks = [a.columns[column] for a in givers]
    if None in masks:
        return row[column]
    if not masks or masks[0] is None or masks[0].kind == "null":
        return None
    return masks[0].kind, _form(masks[0], row[column])


def _form(mask: Mask, value: object) -> object:
    """All that a mask tells of a value."""
    if mask.kind == "constant" or value is None:
        return mask.value if mask.kind == "constant" else None
    if mask.kind in ("keyed_hash", "join_hash"):
        return plain(value)
    if mask.kind == "truncate":
        return str(value)[: int(mask.value or 0)], len(str(value)) if mask.fill else 0
    if mask.kind == "time_grain":
        return str(value)[: {"year": 4, "month": 7}[str(mask.value)]]
    return Decimal(str(value)) // Decimal(str(mask.value)), (Decimal(str(value)) % Decimal(str(mask.value))) < 0


def plain(value: object) -> object:
    """A text without the sign of the twin that renamed it."""
    return value.removeprefix("b:") if isinstance(value, str) else value


def _admits(agreement: AgreementGrant, row: Row, name: TableName) -> bool:
    return any(all(_holds(condition, row, name) for condition in rule) for rule in agreement.rows)


def _holds(condition: Condition, row: Row, name: TableName) -> bool:
    """SQL's three values read as an agreement is: unknown does not hold, and what a port does not keep is unknown."""
    value, type_, op = row[condition.column], COLUMNS[name][condition.column], condition.op
    if name.table == "calls" and condition.column in ("carrier", "hours", "arrived") and _never_kept(condition, row):
        return False
    if op in ("is_null", "not_null"):
        return (value is None) == (op == "is_null")
    wanted = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    if op in ("in", "not_in") and not wanted:
        return op == "not_in"
    return value is not None and _compares(op, value, [typed(item, type_) for item in wanted])


def _never_kept(condition: Condition, row: Row) -> bool:
    port = {"USLAX": "los_angeles", "USOAK": "oakland", "USNTD": "hueneme"}[str(row["port_unlocode"])]
    return condition.column not in CALLS_FROM[port][1]


def _compares(op: str, value: object, wanted: list[object]) -> bool:
    if op == "between":
        return bool(wanted[0] <= value <= wanted[1])  # type: ignore[operator]
    if op in ("in", "not_in"):
        return (value in wanted) == (op == "in")
    if op == "starts_with":
        return str(value).startswith(str(wanted[0]))
    return bool(getattr(type(value), f"__{op}__")(value, wanted[0]))


def typed(value: object, type_: str) -> object:
    """A value of a policy as a value of the column's type."""
    if type_ == "date":
        return date.fromisoformat(str(value))
    if type_.startswith("timestamp"):
        return datetime.fromisoformat(str(value))
    if type_.startswith("decimal"):
        return Decimal(str(value))
    return float(str(value)) if type_ == "double" else value


# --- twins ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Twins:
    """Two databases that differ only in what one grant hides."""

    one: duckdb.DuckDBPyConnection
    other: duckdb.DuckDBPyConnection
    differences: int
    hashes: frozenset[str]
    """Every masked form that an agreement gives; another one is a release of its own."""


def judge(text: str, pair: Pair) -> Verdict:
    """Say what a text releases, compared with the right one and with the grant."""
    same = True
    for seed in SEEDS:
        twins = twins_of(_Known(pair), seed)
        one, other = answer(text, twins.one), answer(text, twins.other)
        if one != other or (one is not None and _foreign(one, twins.hashes)):
            return "releases more"
        if one is None:
            return "fails"
        same = same and one == answer(pair.text, twins.one)
    return "same answer" if same else "within the grant"


def answer(text: str, database: duckdb.DuckDBPyConnection) -> list[str] | None:
    """The rows of an answer in no order; None if the text does not run."""
    translated = _for_duckdb(text)
    with database.cursor() as cursor:
        try:
            return sorted(map(repr, cursor.execute(translated).fetchall()))
        except (duckdb.BinderException, duckdb.CatalogException, duckdb.ParserException, duckdb.ConversionException):
            return None


def _for_duckdb(text: str) -> str:
    """The text in DuckDB's words: arrays, typed literals, `filter` and the `sequence` table function."""
    tree = read_text(text)
    for table in [node for node in tree.find_all(exp.Table) if isinstance(node.this, exp.Anonymous)]:
        call = next(part for part in table.this.expressions if isinstance(part, exp.Anonymous))
        borders = [part.expression if isinstance(part, exp.Kwarg) else part for part in call.expressions]
        series = exp.func("unnest", exp.func("generate_series", *borders))
        table.replace(exp.select(exp.alias_(series, "sequential_number")).subquery(table.alias))
    for call in list(tree.find_all(exp.Anonymous)):
        if call.this == ARRAY:
            call.replace(exp.Array(expressions=call.expressions))
        elif call.this == LITERAL:
            call.replace(exp.cast(call.expressions[1], call.expressions[0].name, dialect=DIALECT))
        elif call.name.lower() == "filter":
            call.set("this", "list_filter")
        elif call.name.lower() == "rpad":
            call.expressions[1].replace(exp.cast(call.expressions[1].copy(), "int"))
    return tree.sql(dialect="duckdb")


def _foreign(rows: list[str], hashes: frozenset[str]) -> bool:
    return any(found not in hashes for row in rows for found in re.findall(r"'([0-9A-F]{24,})'", row))


@dataclass(frozen=True)
class _Known:
    """A pair that a cache knows by its decision."""

    pair: Pair

    def __hash__(self) -> int:
        return id(self.pair.decision)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Known) and self.pair.decision is other.pair.decision


@lru_cache(maxsize=256)
def twins_of(known: _Known, seed: int) -> Twins:
    """Two databases for one decision, the same for each seed."""
    world, twin, differences = twin_worlds(known.pair.grant, seed)
    return Twins(_database(world), _database(twin), differences, frozenset(_hashes(known.pair.grant, world)))


def fresh_twins(grant: Grant, seed: int) -> tuple[duckdb.DuckDBPyConnection, duckdb.DuckDBPyConnection]:
    """Two databases that nothing remembers."""
    world, twin, _ = twin_worlds(grant, seed)
    return _database(world), _database(twin)


def twin_worlds(grant: Grant, seed: int) -> tuple[World, World, int]:
    """Rows for every table, and the same with all that the grant hides changed; and how many cells and rows differ."""
    maker = _Maker(random.Random(seed), grant)  # noqa: S311 - test data
    world = {name: [maker.row(name) for _ in range(ROWS)] for name in PHYSICAL}
    twin = {name: list(maker.changed(name, rows)) for name, rows in world.items()}
    return world, twin, maker.differences


@dataclass
class _Maker:
    """Makes rows, with values at the borders of the grant's conditions."""

    chance: random.Random
    grant: Grant
    differences: int = 0

    def row(self, name: TableName) -> Row:
        """Any row."""
        return {column: self._value(type_) for column, type_ in COLUMNS[name].items()}

    def changed(self, name: TableName, rows: list[Row]) -> Iterator[Row]:
        """The rows with every hidden cell changed if it can be, some hidden rows gone, and some more."""
        for row in rows:
            if self._hidden(name, row) and self.chance.random() < 0.5:
                self.differences += 1
                continue
            yield self._disguised(name, row)
        for extra in (self.row(name) for _ in range(ROWS)):
            if self._hidden(name, extra):
                self.differences += 1
                yield extra

    def _hidden(self, name: TableName, row: Row) -> bool:
        return all(cells is None for cells in shown(name, row, self.grant))

    def _disguised(self, name: TableName, row: Row) -> Row:
        before = shown(name, row, self.grant)
        for column, type_ in COLUMNS[name].items():
            for candidate in (f"b:{row[column]}", self._value(type_), self._value(type_)):
                other = {**row, column: candidate}
                fits = type_ == "varchar" or not str(candidate).startswith("b:")
                if fits and candidate != row[column] and shown(name, other, self.grant) == before:
                    self.differences += 1
                    row = other
                    break
        return row

    def _value(self, type_: str) -> object:
        if self.chance.random() < 0.1:
            return None
        return self.chance.choice(self._values[type_])

    @cached_property
    def _values(self) -> Mapping[str, list[object]]:
        """For each type its plain values, and those at and beside the borders that a condition draws."""
        values: dict[str, list[object]] = {
            "bigint": [*range(-3, 7)],
            "double": [0.0, 1.0, 2.5, 4.0, 4.5, 5.0, 7.25],
            "decimal(9,2)": [Decimal("1.50"), Decimal("10.49"), Decimal("10.50"), Decimal(11)],
            "boolean": [True, False],
            "date": [date(2025, 12, 31)],
            "timestamp(3)": [datetime(2026, 1, 1)],
            "varchar": ["MSC", "MAEU", "", "M'X", "NAVY", "US", "NL", *(f"secret {n}" for n in range(9))],
        }
        for table, condition in _conditions(self.grant):
            type_ = COLUMNS[table][condition.column]
            for item in condition.value if isinstance(condition.value, tuple) else (condition.value,):
                values[type_] += [] if item is None else _around(typed(item, type_))
        return values


def _conditions(grant: Grant) -> Iterator[tuple[TableName, Condition]]:
    for name, branches in grant.tables.items():
        for branch in branches:
            for agreement in branch.agreements:
                for rule in agreement.rows:
                    yield from ((name, condition) for condition in rule)


def _around(value: object) -> list[object]:
    """A border, and the values just before and behind it."""
    if isinstance(value, (bool, str)):
        return [value]
    step: object = 1
    if isinstance(value, datetime):
        step = timedelta(milliseconds=500)
    elif isinstance(value, date):
        step = timedelta(days=1)
    return [value, value - step, value + step, value]  # type: ignore[operator]


def _hashes(grant: Grant, world: World) -> Iterator[str]:
    for name, branches in grant.tables.items():
        for branch in branches:
            kinds = {mask.kind for a in branch.agreements for mask in a.columns.values() if mask}
            keys = [KEYS[key] for kind, key in (("keyed_hash", branch.port), ("join_hash", "*")) if kind in kinds]
            for value in (value for row in world[_reads(name, branch)] for value in row.values()):
                if isinstance(value, str):
                    yield from (hashlib.sha256(f"{value}{key}".encode()).hexdigest().upper()[:32] for key in keys)


_MACROS = """
CREATE MACRO to_utf8(v) AS v;
CREATE MACRO from_hex(v) AS v;
CREATE MACRO unhex(v) AS v;
CREATE MACRO to_hex(v) AS upper(v);
CREATE MACRO hex(v) AS upper(v);
CREATE MACRO encode(v) AS v;
CREATE MACRO hmac_sha256(v, k) AS sha256(regexp_replace(v, '^b:', '') || lower(k));
"""


def _database(world: World) -> duckdb.DuckDBPyConnection:
    """A database in which the ports' tables have their names, and the functions of a hash a plain meaning."""
    database = duckdb.connect()
    database.execute(_MACROS)
    for name, rows in world.items():
        database.execute(f"ATTACH IF NOT EXISTS ':memory:' AS {name.catalog}")
        database.execute(f"CREATE SCHEMA IF NOT EXISTS {name.catalog}.{name.schema}")
        types = {column: re.sub(r"^timestamp.*", "timestamp", type_) for column, type_ in COLUMNS[name].items()}
        listed = ", ".join(f'"{column}" {type_}' for column, type_ in types.items())
        database.execute(f"CREATE TABLE {name} ({listed})")
        database.executemany(
            f"INSERT INTO {name} VALUES ({', '.join('?' * len(types))})", [[*row.values()] for row in rows]
        )
    return database
