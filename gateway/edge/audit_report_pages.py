"""A report -> a page that prints well, and CSV with the same numbers.

*Invariants*
- Whatever comes from tokens, agreements or records is text: the page has no script and loads nothing, and no cell of
  the CSV is a formula.
- Each cell of the page's body holds what the CSV has in its place: `<data value>`, beside what people read.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from html import escape

from gateway.edge.formats.csv import csv_line, escape_formula

Cell = str | int

TITLES = {
    "port": "Port", "partner": "Partner", "organisation": "Organisation", "purpose": "Purpose", "quarter": "Quarter",
    "asked": "Asked", "answered": "Answered", "partial": "of them partial", "refused": "Refused", "failed": "Failed",
    "cancelled": "Cancelled", "under_way": "Under way", "rows_let_out": "Rows let out",
    "bytes_let_out": "Bytes let out", "rows_from_ports": "Rows read at ports",
    "bytes_from_ports": "Bytes read at ports", "alarms": "Alarms", "agreements": "Agreements used",
}  # fmt: skip
_STYLE = (
    "body{font:15px/1.45 system-ui,sans-serif;margin:2rem;color:#1a1a1a;background:#fff}"
    "h1{font-size:1.5rem;margin:0 0 .25rem}p{margin:.25rem 0;max-width:46rem}"
    ".wide{overflow-x:auto;margin:1rem 0}table{border-collapse:collapse;font-variant-numeric:tabular-nums}"
    "caption{text-align:left;padding:0 0 .5rem;color:#444}"
    "th,td{padding:.3rem .6rem;border-bottom:1px solid #c8c8c8;text-align:left;vertical-align:top}"
    "thead th{border-bottom:2px solid #1a1a1a;vertical-align:bottom}tbody th{font-weight:normal}"
    "tfoot th,tfoot td{border-top:2px solid #1a1a1a;font-weight:bold}.n{text-align:right;white-space:nowrap}"
    "tbody tr:nth-child(even){background:#f4f6f8}"
    "@media print{@page{size:A4 landscape;margin:12mm}body{margin:0;font-size:8pt}.wide{overflow:visible}"
    "thead{display:table-header-group}tfoot{display:table-row-group}tr{break-inside:avoid}th,td{padding:.15rem .35rem}}"
)
_POLICY = "default-src 'none'; style-src 'unsafe-inline'"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A report, ready to be written."""

    names: list[str]
    lines: list[list[Cell]]
    total: list[Cell]
    by: int
    """How many of the columns, from the left, say which group it is."""
    period: str
    """In words."""
    whose: str
    """Whose questions it counts, in words."""
    made: str
    """When, UTC."""
    log: str
    size: int
    """How many records the log had."""


def csv_report(sheet: Sheet) -> bytes:
    """Write the names and the lines; the line of all is left out, for who sums up the file."""
    rows: list[list[Cell]] = [list(sheet.names), *sheet.lines]
    return b"".join(csv_line([_unformed(cell) for cell in row]) for row in rows)


def _unformed(cell: Cell) -> Cell:
    return escape_formula(cell) if isinstance(cell, str) else cell


def html_report(sheet: Sheet) -> bytes:
    """Write the page."""
    head = "".join(f'<th scope="col"{_right(name, sheet)}>{escape(TITLES[name])}</th>' for name in sheet.names)
    body = "".join(f"<tr>{_line(line, sheet)}</tr>\n" for line in sheet.lines)
    title = f"What was asked and answered: {sheet.period}"
    notes = [
        f"{sheet.whose} Made {sheet.made} from the first {sheet.size:,} records of the log {sheet.log}.",
        "A question counts once, in the period and quarter (UTC) in which it was asked.",
    ]
    if "port" in sheet.names:
        notes.append(
            "A question about several ports counts at each of them, with its whole answer: the columns do not add up "
            "to the line of all, which counts it once."
        )
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="content-security-policy" content="{escape(_POLICY)}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{escape(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{escape(title)}</h1>\n"
        + "".join(f"<p>{escape(note)}</p>\n" for note in notes)
        + f'<div class="wide" tabindex="0" role="region" aria-label="The report">\n<table>\n'
        f"<caption>By {escape(_and(TITLES[name].lower() for name in sheet.names[: sheet.by]))}; "
        f"{len(sheet.lines):,} {'group' if len(sheet.lines) == 1 else 'groups'}</caption>\n"
        f"<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n"
        f"<tfoot><tr>{_line(sheet.total, sheet)}</tr></tfoot>\n</table>\n</div>\n</main>\n</body>\n</html>\n"
    ).encode()


def _line(line: list[Cell], sheet: Sheet) -> str:
    return "".join(
        f'<th scope="row">{escape(str(cell))}</th>' if place < sheet.by else _cell(cell)
        for place, cell in enumerate(line)
    )


def _cell(cell: Cell) -> str:
    if isinstance(cell, int):
        return f'<td class="n"><data value="{cell}">{cell:,}</data></td>'
    return f"<td>{escape(cell)}</td>"


def _right(name: str, sheet: Sheet) -> str:
    is_number = name not in sheet.names[: sheet.by] and name != "agreements"
    return ' class="n"' if is_number else ""


def _and(words: Iterable[str]) -> str:
    """Join words.

    >>> _and(["port", "partner", "quarter"]), _and(["port"])
    ('port, partner and quarter', 'port')
    """
    *before, last = words
    return f"{', '.join(before)} and {last}" if before else last
