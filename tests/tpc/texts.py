"""The DuckDB extensions in two locked wheels -> the texts of TPC-H and TPC-DS, in Trino's words.

The texts belong to the TPC and are not kept here: they are read from the wheels when a test runs. Each difference
between DuckDB's SQL and Trino's is one replacement below.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import duckdb
import sqlglot
from sqlglot import exp

COUNTS = {"tpch": 22, "tpcds": 99}

_IN_TRINO: dict[str, dict[int, list[tuple[str, str]]]] = {
    "tpch": {
        15: [("GROUP BY\n        supplier_no", "GROUP BY\n        l_suppkey")],  # no output name in GROUP BY
    },
    "tpcds": {
        # at this scale a class without sales divides by zero
        12: [("/sum(sum(ws_ext_sales_price)) OVER (PARTITION BY i_class)",
              "/nullif(sum(sum(ws_ext_sales_price)) OVER (PARTITION BY i_class), 0)")],
        # text is no date
        16: [("BETWEEN '2002-02-01'", "BETWEEN DATE '2002-02-01'")],
        32: [("BETWEEN '2000-01-27'", "BETWEEN DATE '2000-01-27'")],
        58: [("d_date = '2000-01-03'", "d_date = DATE '2000-01-03'")],
        83: [(f"'{day}'", f"DATE '{day}'") for day in ("2000-06-30", "2000-09-27", "2000-11-17")],
        92: [("BETWEEN '2000-01-27'", "BETWEEN DATE '2000-01-27'")],
        94: [("BETWEEN '1999-02-01'", "BETWEEN DATE '1999-02-01'")],
        95: [("BETWEEN '1999-02-01'", "BETWEEN DATE '1999-02-01'")],
        # a date and a number make no date
        72: [("d1.d_date + 5", "d1.d_date + INTERVAL '5' DAY")],
        # ORDER BY calls grouping() by its output name
        70: [("WHEN grouping(s_state)+grouping(s_county) = 0", "WHEN lochierarchy = 0")],
        86: [("WHEN grouping(i_category)+grouping(i_class) = 0", "WHEN lochierarchy = 0")],
    },
}  # fmt: skip
"""Benchmark -> query -> what DuckDB says, and what Trino says."""


@cache
def raw_texts(benchmark: str) -> dict[int, str]:
    """Ask the extension in the wheel for its texts: number -> text."""
    with duckdb.connect() as database:
        database.execute(f"LOAD '{_extension(benchmark)}'")
        rows = database.execute(f"SELECT query_nr, query FROM {benchmark}_queries()").fetchall()
    return dict(rows)


def _extension(benchmark: str) -> Path:
    spec = importlib.util.find_spec(f"duckdb_extension_{benchmark}")
    assert spec is not None, "run `make setup`"
    assert spec.origin is not None
    (found,) = Path(spec.origin).parent.rglob(f"{benchmark}.duckdb_extension")
    return found


def in_trino(benchmark: str, number: int) -> str:
    """One query in Trino's words; its tables are still named as the TPC names them."""
    text = raw_texts(benchmark)[number]
    for said, meant in _IN_TRINO[benchmark].get(number, ()):
        assert said in text, f"{benchmark} {number} does not say {said}"
        text = text.replace(said, meant)
    return text.strip().removesuffix(";").rstrip()


def qualified(text: str, place: str, tables: Iterable[str]) -> str:
    """Write `place.` before each table of `tables` where a query reads it, and change nothing else."""
    known = frozenset(tables)
    tree = sqlglot.parse_one(text, dialect="trino")
    named = {cte.alias.lower() for cte in tree.find_all(exp.CTE)}
    assert not named & known, "a CTE hides a table"
    starts = [table.this.meta["start"] for table in tree.find_all(exp.Table) if table.name.lower() in known]
    for start in sorted(starts, reverse=True):
        text = f"{text[:start]}{place}.{text[start:]}"
    return text
