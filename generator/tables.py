"""Gathers the shapes of all five ports and writes `tables.md` from them: `python -m generator.tables`."""

from __future__ import annotations

from pathlib import Path

from generator.published import published_shapes
from generator.shape import ENGINES, Shape, read_shapes, render

HERE = Path(__file__).parent
SCHEMAS = {"los_angeles": "pola", "long_beach": "PolbOps", "oakland": "tos", "hueneme": "exports", "san_diego": "cargo"}

NOTES = {
    "": (
        "Written by `python -m generator.tables`; a test compares it with what is generated and loaded.\n"
        "Every table carries a comment that begins with its origin: `Synthetic.` (all rows invented), `Published.` (real\n"
        "figures, taken over as they are), `Mixed.` (a column marks the synthetic rows), `Code list.`.\n"
        "Ships are invented: IMO numbers 0100000 to 0999999 with a valid check digit (no real ship has such a number),\n"
        "MMSI begin with 200 and call signs with QZ, which no state uses. Boxes, trucks and trains are a sample\n"
        "(`one_box_stands_for`); ship calls, berths, cargo by month and quay moves are whole. Times after the last day of the\n"
        "window are NULL where they would be actual ones.\n"
        "Ships of naval charter have the local type NAVY; naval and military cargo has HS chapter 93; project cargo is\n"
        "named in the port's own words. DCSA status for `omitted` is OMIT, for `blanked` BLNK, for an extra call ADHO;\n"
        "`expected` calls have no actual times."
    ),
    "los_angeles": "Times are `timestamp(6) with time zone` in UTC.",
    "long_beach": (
        "Times are the Pacific wall clock without a zone. 2025-11-02 01:00 to 02:00 came twice; 2025-03-09 02:00 to 03:00\n"
        "never was, yet a few rows keep such a time (typing errors). `char(n)` columns arrive in Trino as `char(n)`."
    ),
    "oakland": "Times are epoch milliseconds in UTC.",
    "hueneme": (
        "All columns are varchar; an empty cell is an empty string, not NULL. Titles keep their blanks and signs, so they\n"
        "need double quotes: `\"arrival date\"`, `\"loa (ft-in)\"`, `\"in/out\"`, `\"20s\"`."
    ),
    "san_diego": "Times are ISO 8601 text with the local offset; `from_iso8601_timestamp` reads them.",
}


def shapes_of(port: str) -> tuple[Shape, ...]:
    """All tables of one port: its own first, then the published ones."""
    own = read_shapes(port, SCHEMAS[port], (HERE / "columns" / f"{port}.txt").read_text())
    return (*own, *published_shapes(port, SCHEMAS[port]))


def tables_page() -> str:
    """The text of `tables.md`."""
    return render(tuple(shape for port in ENGINES for shape in shapes_of(port)), NOTES)


if __name__ == "__main__":
    (HERE / "tables.md").write_text(tables_page())
