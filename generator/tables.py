"""Gathers the shapes of all five ports and writes `tables.md` from them: `python -m generator.tables`."""

from __future__ import annotations

from pathlib import Path

from generator.published import published_shapes
from generator.shape import ENGINES, Shape, read_shapes, render

HERE = Path(__file__).parent
SCHEMAS = {"los_angeles": "pola", "long_beach": "PolbOps", "oakland": "tos", "hueneme": "exports", "san_diego": "cargo"}


def shapes_of(port: str) -> tuple[Shape, ...]:
    """All tables of one port: its own first, then the published ones."""
    own = read_shapes(port, SCHEMAS[port], (HERE / "columns" / f"{port}.txt").read_text())
    return (*own, *published_shapes(port, SCHEMAS[port]))


def tables_page() -> str:
    """The text of `tables.md`."""
    notes = {name: (HERE / "columns" / f"notes-{name}.txt").read_text().strip() for name in ("all", *ENGINES)}
    return render(tuple(shape for port in ENGINES for shape in shapes_of(port)), notes)


if __name__ == "__main__":
    (HERE / "tables.md").write_text(tables_page())
