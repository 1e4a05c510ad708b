"""Chance -> a port's agreements about one table in their normal form, and a query that shows what they give.

All of the agreement language that decides about rows and cells: uses, masks of all kinds, alternatives with every
operator, attributes of the partner, embargoes; over a port's own tables and over its part of a shared one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any, get_args

from gateway.model import USES, Operator, Partner, Use
from tests.prefiltered.agreements import VALUES

PARTNER = Partner(
    "ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",),
    {"carrier_smdg": "A1", "scac": "B2"}, "token-1",
)  # fmt: skip
NOW = "2026-11-22T16:45:06Z"
_HOURS = (1, 24, 14_958, 14_959, 14_966, 24_000, 30_000)
"""Ages that fall between the moments of the rows, and onto a day of them."""
_EXTRA: tuple[Use, ...] = ("filter", "group", "order", "aggregate")

Json = dict[str, Any]


@dataclass(frozen=True)
class Drawn:
    """What a port agreed to about one table, and what is asked of it."""

    port: str
    table: str
    """As agreements name it."""
    document: Json
    sql: str
    columns: tuple[str, ...]


def drawn(chance: Random, port: str, table: str, name: str, columns: Mapping[str, str]) -> Drawn:
    """Draw agreements about a table, and a query for some of what they give."""
    agreements = [_agreement(chance, number, table, columns) for number in range(chance.randint(1, 4))]
    document = _document(port, table, agreements)
    rules = [agreement["tables"][table] for agreement in agreements]
    uses: dict[str, set[Use]] = {
        column: {"select", *((chance.choice(_EXTRA),) if chance.random() < 0.3 else ())} for column in columns
    }
    given = [column for column in columns if any(uses[column] <= _allows(rule, column) for rule in rules)]
    asked = tuple(column for column in given if chance.random() < 0.8) or tuple(given)
    return Drawn(port, table, document, _query(name, asked, uses), asked)


def _allows(rule: Json, column: str) -> set[str]:
    return set(rule["columns"].get(column, {"uses": []})["uses"])


def _query(name: str, columns: tuple[str, ...], uses: Mapping[str, set[Use]]) -> str:
    """Show each row once, whatever else is done with its columns."""
    filtered = [f"({column} IS NULL OR {column} IS NOT NULL)" for column in columns if "filter" in uses[column]]
    ordered = [column for column in columns if "order" in uses[column]]
    grouped = [f"count(*) OVER (PARTITION BY {column})" for column in columns if "group" in uses[column]]
    counted = [f"count({column}) OVER ()" for column in columns if "aggregate" in uses[column]]
    where = f" WHERE {' AND '.join(filtered)}" if filtered else ""
    order = f" ORDER BY {', '.join(ordered)}" if ordered else ""
    return f"SELECT {', '.join([*columns, *grouped, *counted]) or '1'} FROM {name}{where}{order}"


# --- a port's document ----------------------------------------------------------------------------------------------


def _document(port: str, table: str, agreements: list[Json]) -> Json:
    places = list(range(len(agreements)))
    return {
        "version": 1, "port": port, "organisation": f"port_of_{port}", "contact": f"{port}@example.org",
        "suspended": False, "withheld": {}, "revision": f"{'0' * 64}@none", "agreements": agreements,
        "index": {table: {"organisations": {"gobiz": places}, "organisation_classes": {}, "roles": {}}},
    }  # fmt: skip


def _agreement(chance: Random, number: int, table: str, columns: Mapping[str, str]) -> Json:
    reason = f"Words of a{number}."
    rule = {
        "release": "rows", "reason": reason, "columns": _columns(chance, columns), "rows": _rows(chance, columns),
        "embargo": _embargo(chance, columns), "joins": None, "statistics": None,
    }  # fmt: skip
    return {
        "id": f"a{number}", "with": {"organisations": ["gobiz"]}, "purposes": ["freight_resilience"],
        "from": "2026-01-01", "until": "2028-01-01", "reason": reason, "contact": "", "citation": "",
        "suspended": False, "reciprocal": False, "limits": {}, "tables": {table: rule},
    }  # fmt: skip


def _columns(chance: Random, columns: Mapping[str, str]) -> Json:
    given = {name: type_ for name, type_ in columns.items() if chance.random() < 0.8}
    return {name: {"uses": _uses(chance), "mask": _mask(chance, type_)} for name, type_ in given.items()}


def _uses(chance: Random) -> list[Use]:
    if chance.random() < 0.6:
        return list(USES)
    return [use for use in USES if chance.random() < 0.7] or ["select"]


def _mask(chance: Random, type_: str) -> Json | None:
    if chance.random() < 0.4:
        return None
    family = type_.split("(")[0]
    kinds: list[Json] = [{"kind": "null"}, {"kind": "constant", "value": chance.choice(VALUES[type_])}]
    if family == "varchar":
        kinds += [{"kind": "keyed_hash"}, {"kind": "truncate", "value": chance.randint(0, 3)}]
        kinds += [{"kind": "truncate", "value": chance.randint(0, 3), "fill": chance.choice("*'_")}]
    if family in ("timestamp", "date"):
        grains = ["day", "week", "month", "quarter", "year", *(["hour"] if family == "timestamp" else [])]
        kinds += [{"kind": "time_grain", "value": chance.choice(grains)}] * 3
    if family in ("bigint", "integer", "decimal", "double"):
        widths: list[float] = [1, 2, 5, 50, *([0.5, 0.25] if family in ("decimal", "double") else [])]
        kinds += [{"kind": "band", "value": chance.choice(widths)}] * 3
    if family == "double":
        kinds += [{"kind": "geo_grid", "value": chance.choice([0.25, 0.5, 1])}]
    return chance.choice(kinds)


def _rows(chance: Random, columns: Mapping[str, str]) -> list[list[Json]]:
    if chance.random() < 0.25:
        return [[]]
    return [[_condition(chance, columns) for _ in range(chance.randint(1, 2))] for _ in range(chance.randint(1, 3))]


def _condition(chance: Random, columns: Mapping[str, str]) -> Json:
    column = chance.choice(list(columns))
    type_ = columns[column]
    op = chance.choice([op for op in get_args(Operator) if _fits(op, type_)])
    said: Json = {"column": column, "op": op}
    if op in ("is_null", "not_null"):
        return said
    if op in ("in", "not_in"):
        return said | {"value": [_operand(chance, type_) for _ in range(chance.randint(1, 3))]}
    if op == "between":
        return said | {"value": [_operand(chance, type_), _operand(chance, type_)]}
    return said | {"value": _operand(chance, type_, at_least_one=op == "starts_with")}


def _operand(chance: Random, type_: str, *, at_least_one: bool = False) -> Any:
    if type_ == "varchar" and chance.random() < 0.3:
        return {"partner": chance.choice(list(PARTNER.attributes))}
    return chance.choice([value for value in VALUES[type_] if value != "" or not at_least_one])


def _fits(op: str, type_: str) -> bool:
    if type_ == "boolean":
        return op not in ("lt", "le", "gt", "ge", "between", "starts_with")
    return type_ == "varchar" or op != "starts_with"


def _embargo(chance: Random, columns: Mapping[str, str]) -> Json | None:
    moments = [name for name, type_ in columns.items() if type_ in ("date", "timestamp(3)")]
    if not moments or chance.random() < 0.6:
        return None
    column = chance.choice(moments)
    grain = "day" if columns[column] == "date" else "instant"
    return {"column": column, "age_hours": chance.choice(_HOURS), "grain": grain}
