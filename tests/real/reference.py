"""What a partner may see, worked out row by row in Python from the agreement files: the other side of a comparison.

It shares nothing with the gateway's kernel, OPA or the policy library. Rows come from Trino through the catalog's
mappings (tested by value elsewhere), are filtered and masked here, and are laid down again as Parquet beside Hueneme's
files, so that the partner's own text can be run over them. A column that may not be used in all six ways is empty in
the copy: no text may be compared over it that would be allowed to use it.
"""

from __future__ import annotations

import hashlib
import hmac
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from sqlglot import exp

from gateway.adapters.catalog_files import read_catalog
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, PortMapping, Table, TableName
from tests.plain_yaml import read_yaml

CHECKOUT = Path(__file__).resolve().parents[2]
PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")

ARROW = {
    "varchar": pa.string(),
    "integer": pa.int32(),
    "bigint": pa.int64(),
    "double": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "timestamp(3)": pa.timestamp("ms"),
}

Row = dict[str, Any]
Agreement = dict[str, Any]
Documents = Mapping[str, dict[str, Any]]
USES = {"select", "filter", "group", "join", "aggregate", "order"}


def the_catalog() -> Catalog:
    """The shipped catalog."""
    return read_catalog(CHECKOUT / "catalog", PORTS)


@dataclass(frozen=True)
class Asker:
    """A partner as deploy/local/partners.yaml describes it."""

    name: str
    organisation: str
    organisation_class: str
    roles: tuple[str, ...]
    attributes: dict[str, str]

    @staticmethod
    def called(name: str) -> Asker:
        """Read one partner."""
        known = yaml.safe_load((CHECKOUT / "deploy/local/partners.yaml").read_text())["partners"][name]
        return Asker(
            name, known["organisation"], known["organisation_class"], tuple(known["roles"]), known.get("attributes", {})
        )


@cache
def shipped_documents() -> Documents:
    """Each port's file, read once."""
    return {port: read_yaml((CHECKOUT / f"policies/ports/{port}/data.yaml").read_text()) for port in PORTS}


def live_agreements(
    port: str, table: str, asker: Asker, purpose: str, now: datetime, documents: Documents | None = None
) -> list[Agreement]:
    """The parts about `table` of the port's agreements that hold for this asker, purpose and day."""
    documents = documents or shipped_documents()
    return [
        agreement["tables"][table]
        for agreement in _agreements(documents[port], table, purpose, now)
        if _is_party(agreement["with"], asker)
        and (not agreement.get("reciprocal") or _shares_too(documents, port, table, asker, purpose, now))
    ]


def _agreements(document: dict[str, Any], table: str, purpose: str, now: datetime) -> list[dict[str, Any]]:
    """The agreements of one port that give rows of `table` to somebody, for this purpose on this day."""
    return [
        agreement
        for agreement in document["agreements"]
        if not document.get("suspended")
        and not agreement.get("suspended")
        and agreement["tables"].get(table, {}).get("release") == "rows"
        and purpose in agreement["purposes"]
        and str(agreement["from"]) <= now.date().isoformat() < str(agreement["until"])
    ]


def _shares_too(documents: Documents, port: str, table: str, asker: Asker, purpose: str, now: datetime) -> bool:
    """Whether the asker's own port gives this port the same table, and not for a return only."""
    theirs = documents.get(asker.attributes.get("port", ""))
    us = {"organisations": documents[port].get("organisation"), "organisation_classes": "port_authority"}
    return theirs is not None and any(
        not agreement.get("reciprocal")
        and all(us[key] in values for key, values in agreement["with"].items() if key != "roles")
        for agreement in _agreements(theirs, table, purpose, now)
    )


def _is_party(with_: dict[str, list[str]], asker: Asker) -> bool:
    mine = {
        "organisations": {asker.organisation},
        "organisation_classes": {asker.organisation_class},
        "roles": set(asker.roles),
    }
    return bool(with_) and all(mine[key] & set(values) for key, values in with_.items())


def admits(part: Agreement, row: Row, asker: Asker, now: datetime) -> bool:
    """Whether one agreement shows this row."""
    if part.get("embargo") and not _is_old_enough(part["embargo"], row, now):
        return False
    rows = part.get("rows", [])
    return rows == "all" or any(
        all(_holds(row[column], op, value, asker) for column, test in rule.items() for op, value in test.items())
        for rule in rows
    )


def _is_old_enough(embargo: dict[str, str], row: Row, now: datetime) -> bool:
    value = row[embargo["column"]]
    unit = {"d": "days", "h": "hours"}[embargo["age"][-1]]
    moment = now.replace(tzinfo=None, microsecond=0) - timedelta(**{unit: int(embargo["age"][:-1])})
    if value is None:
        return False
    if embargo.get("grain") == "day":  # over in California, eight hours after it is over in UTC
        return bool(value < (moment - timedelta(hours=8)).date())
    return bool(value <= moment)


def _holds(value: Any, op: str, wanted: Any, asker: Asker) -> bool:
    if isinstance(wanted, dict):
        wanted = asker.attributes.get(wanted["partner"])
        if wanted is None:
            return False
    if op == "is_null":
        return (value is None) == bool(wanted)
    if op == "not_null":
        return (value is not None) == bool(wanted)
    if value is None:
        return False
    tests: dict[str, Callable[[], Any]] = {
        "eq": lambda: value == wanted,
        "ne": lambda: value != wanted,
        "lt": lambda: value < wanted,
        "le": lambda: value <= wanted,
        "gt": lambda: value > wanted,
        "ge": lambda: value >= wanted,
        "in": lambda: value in wanted,
        "not_in": lambda: value not in wanted,
        "between": lambda: wanted[0] <= value <= wanted[1],
        "starts_with": lambda: str(value).startswith(wanted),
    }
    return bool(tests[op]())


def shown(parts: list[Agreement], column: str, row: Row, admitted: list[bool], key: str) -> Any:
    """The value that the agreements give of one cell: the value itself if one gives it, else the first mask."""
    forms = [p["columns"][column] for p, yes in zip(parts, admitted, strict=True) if yes and column in p["columns"]]
    whole = [form for form in forms if form == "show" or set(form.get("uses", USES)) == USES]
    if any(form == "show" or "mask" not in form for form in whole):
        return row[column]
    return masked(whole[0], row[column], key) if whole else None


def masked(form: dict[str, Any], value: Any, key: str) -> Any:
    """What stands where the value would stand."""
    if form["mask"] == "constant":
        return form["value"]
    if value is None or form["mask"] in (None, "null"):
        return None
    return _MASKS[form["mask"]](form, value, key)


def _keyed_hash(form: dict[str, Any], value: str, key: str) -> str:
    return hmac.new(bytes.fromhex(key), value.encode(), hashlib.sha256).hexdigest().upper()[:32]


def _truncated(form: dict[str, Any], value: str, key: str) -> str:
    keep: int = form["keep"]
    fill: str = form.get("fill", "")
    return value[:keep] + fill * len(value[keep:])


def _of_band(form: dict[str, Any], value: Any, key: str) -> Any:
    return type(value)(math.floor(value / form["width"]) * form["width"])


def _of_grid(form: dict[str, Any], value: float, key: str) -> float:
    width = float(form["degrees"])
    return math.floor(value / width) * width


def _of_grain(form: dict[str, Any], value: date, key: str) -> date:
    """The beginning of the hour, day, week (Monday), month, quarter or year."""
    grain = form["grain"]
    if grain == "week":
        value -= timedelta(days=value.weekday())
    first = {"month": value.month, "quarter": value.month - (value.month - 1) % 3, "year": 1}.get(grain)
    if first:
        value = value.replace(month=first, day=1)
    if not isinstance(value, datetime):
        return value
    return value.replace(hour=value.hour if grain == "hour" else 0, minute=0, second=0, microsecond=0)


_MASKS: dict[str, Callable[[dict[str, Any], Any, str], Any]] = {
    "keyed_hash": _keyed_hash, "truncate": _truncated, "band": _of_band, "geo_grid": _of_grid, "time_grain": _of_grain,
}  # fmt: skip


class Reference:
    """Copies of the canonical tables as one partner may see them, in a schema of their own."""

    def __init__(self, connection: Any, home: Path) -> None:
        self._connection = connection
        self._folder = home / "ports" / "hueneme" / "reference"
        self._secret = next((home / "secrets").glob("*mask*")).read_bytes()
        self._catalog = the_catalog()
        self._raw: dict[tuple[str, str], list[Row]] = {}
        self._made = 0

    def of(self, asker: Asker, purpose: str, tables: Iterable[str], now: datetime | None = None) -> str:
        """Lay down the tables; answer the schema that holds them (catalog `hueneme`)."""
        self._made += 1
        schema = f"reference_{self._made}"
        self._run(f"CREATE SCHEMA hueneme.{schema}")
        for table in tables:
            rows = list(self.rows(asker, purpose, table, now or datetime.now(UTC)))
            self._lay_down(schema, table, rows)
        return schema

    def run(self, sql: str, schema: str) -> list[list[Any]]:
        """Run a partner's text over a schema of references, straight on Trino."""
        return [list(row) for row in self._execute(sql, schema).fetchall()]

    def describe(self, sql: str, schema: str) -> list[tuple[str, str]]:
        """Name and type of each column of a text, as Trino gives them."""
        cursor = self._execute(sql, schema)
        return [(column[0], column[1]) for column in cursor.description]

    def _execute(self, sql: str, schema: str) -> Any:
        cursor = self._connection.cursor(legacy_primitive_types=True)
        cursor.execute(f"USE hueneme.{schema}")
        cursor.fetchall()
        cursor.execute(sql)
        return cursor

    def rows(self, asker: Asker, purpose: str, table: str, now: datetime) -> Iterator[Row]:
        """Every row that some port's agreement admits, each cell as it may be shown."""
        columns = self._catalog.tables[TableName(CANONICAL_CATALOG, CANONICAL_SCHEMA, table)].columns
        for port, mapping in self._catalog.mappings[table].items():
            parts = live_agreements(port, f"{CANONICAL_SCHEMA}.{table}", asker, purpose, now)
            key = hmac.new(self._secret, f"{port}\0{asker.organisation}".encode(), hashlib.sha256).hexdigest()
            for row in self._all_rows(port, table, mapping) if parts else ():
                admitted = [admits(part, row, asker, now) for part in parts]
                if any(admitted):
                    yield {column: shown(parts, column, row, admitted, key) for column in columns}

    def _all_rows(self, port: str, table: str, mapping: PortMapping) -> list[Row]:
        if (port, table) not in self._raw:
            known = self._catalog.tables[TableName(CANONICAL_CATALOG, CANONICAL_SCHEMA, table)]
            items = [exp.alias_(value.copy(), name, quoted=True) for name, value in mapping.columns.items()]
            query = mapping.source.copy().select(*items)
            cursor = self._connection.cursor()
            cursor.execute(query.sql("trino", identify=True))
            nothing = dict.fromkeys(known.columns)
            rows = [dict(zip(mapping.columns, row, strict=True)) for row in cursor.fetchall()]
            self._raw[port, table] = [nothing | row for row in rows]
        return self._raw[port, table]

    def _lay_down(self, schema: str, table: str, rows: list[Row]) -> None:
        known: Table = self._catalog.tables[TableName(CANONICAL_CATALOG, CANONICAL_SCHEMA, table)]
        arrow = pa.table(
            {name: pa.array([row[name] for row in rows], ARROW[column.type]) for name, column in known.columns.items()}
        )
        folder = self._folder / schema / table
        folder.mkdir(parents=True)
        pq.write_table(arrow, folder / "rows.parquet")
        columns = ", ".join(f'"{name}" {column.type}' for name, column in known.columns.items())
        where = f"local:///reference/{schema}/{table}"
        options = f"format = 'PARQUET', external_location = '{where}'"
        self._run(f"CREATE TABLE hueneme.{schema}.{table} ({columns}) WITH ({options})")

    def _run(self, sql: str) -> None:
        cursor = self._connection.cursor()
        cursor.execute(sql)
        cursor.fetchall()
