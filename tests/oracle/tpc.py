"""The DuckDB extensions in two wheels -> the texts of TPC-H and TPC-DS as they are; they are not kept here."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import duckdb


def texts() -> list[str]:
    """Return all 121 texts."""
    return [text for benchmark in ("tpch", "tpcds") for text in _of(benchmark)]


def _of(benchmark: str) -> list[str]:
    spec = importlib.util.find_spec(f"duckdb_extension_{benchmark}")
    if spec is None or spec.origin is None:
        raise RuntimeError(f"the package duckdb-extension-{benchmark} is not installed: run `make setup`")
    (extension,) = Path(spec.origin).parent.rglob(f"{benchmark}.duckdb_extension")
    with duckdb.connect() as database:
        database.execute(f"LOAD '{extension}'")
        rows = database.execute(f"SELECT query FROM {benchmark}_queries() ORDER BY query_nr").fetchall()
    return [text for (text,) in rows]
