"""values.sql -> the statements whose columns and rows must be the same."""

from __future__ import annotations

from pathlib import Path


def _read() -> dict[str, str]:
    _, *cases = Path(__file__).with_name("values.sql").read_text(encoding="utf-8").rstrip().split("\n\n-- ")
    return dict(case.split("\n", 1) for case in cases)


VALUES = _read() | {"many_columns": "SELECT " + ", ".join(f"{number} AS c{number}" for number in range(300))}
