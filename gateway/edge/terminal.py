"""Rows, notices, problems and catalogs -> text that a person reads in a terminal.

No character of a port's data reaches the terminal unless it is printable: an escape sequence in a row stays text.
"""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len

Members = Mapping[str, Any]

SAMPLE_ROWS = 500
"""How many rows decide how wide the columns of a table are; those after them are written as they come."""
CARET_WINDOW = 100

NUMERIC_TYPES = ("bigint", "integer", "smallint", "tinyint", "double", "real", "decimal")

NOTICE_TITLES = {
    "port_missing": "Did not answer; the answer is without it",
    "port_not_sharing": "Not shared with you for this purpose",
    "port_not_in_table": "Not kept by the port",
    "column_withheld": "Withheld, reads as NULL",
    "column_not_kept": "Not kept by the port, reads as NULL",
    "column_masked": "Masked",
    "column_partly_shown": "Shown in some of the rows, NULL or masked in the others",
    "rows_filtered": "Only some of the rows",
    "synthetic": "Generated data",
}
"""Code of a notice -> the heading it stands under, in this order."""

PROBLEM_WORDS = {400: "refused", 401: "refused", 403: "refused", 404: "refused", 422: "failed", 503: "unavailable"}


class Table:
    """Lines up rows in columns, a sample first and the rest as it comes."""

    def __init__(self, columns: Sequence[tuple[str, str]]) -> None:
        self._names = [printable(name) for name, _ in columns]
        self._right = [type_.split("(")[0] in NUMERIC_TYPES for _, type_ in columns]
        self._sample: list[list[str]] = []
        self._widths: list[int] = []

    def add(self, row: Sequence[object]) -> Iterator[str]:
        """Take one row; yield the lines that can be written by now."""
        cells = [show(value) for value in row]
        if self._widths:
            yield self._line(cells)
            return
        self._sample.append(cells)
        if len(self._sample) == SAMPLE_ROWS:
            yield from self.flush()

    def flush(self) -> Iterator[str]:
        """Yield the head and the sample, if they were not written yet."""
        if self._widths:
            return
        columns = zip(self._names, *self._sample, strict=True)
        self._widths = [max(cell_len(cell) for cell in column) for column in columns]
        yield self._line(self._names)
        yield "  ".join("─" * width for width in self._widths)
        yield from map(self._line, self._sample)

    def _line(self, cells: Sequence[str]) -> str:
        padded = [_pad(*one) for one in zip(cells, self._widths, self._right, strict=True)]
        return "  ".join(padded).rstrip()


def show(value: object) -> str:
    """Write one value; NULL is written as `NULL`."""
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return str(value).lower()
    return printable(str(value))


def printable(text: str) -> str:
    r"""Escape what a terminal would act on.

    >>> printable("a\x1b[2Jb\n")
    'a\\x1b[2Jb\\n'
    """
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _pad(cell: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(cell))
    return space + cell if right else cell + space


def summary(stats: Members, query_id: str) -> str:
    """Say in one line how much came from whom."""
    rows = int(stats.get("rows", 0))
    ports = ", ".join(map(str, stats.get("ports", []))) or "no port"
    seconds = float(stats.get("elapsed_ms", 0)) / 1000
    return f"{rows:,} row{'' if rows == 1 else 's'} from {ports} in {seconds:.1f} s · query {query_id}"


def notice_lines(notices: Iterable[Members]) -> Iterator[str]:
    """Yield the notices by heading, with those that say the same of several ports or columns drawn together."""
    by_code: dict[str, list[Members]] = {code: [] for code in NOTICE_TITLES}
    for notice in notices:
        by_code.setdefault(str(notice["code"]), []).append(notice)
    width = max(60, min(shutil.get_terminal_size((120, 0)).columns, 140))
    for code, group in by_code.items():
        if group:
            yield ""
            yield printable(NOTICE_TITLES.get(code, code))
            for text in _together(group):
                yield from textwrap.wrap(text, width, initial_indent="  ", subsequent_indent="      ")


def _together(group: Sequence[Members]) -> Iterator[str]:
    """Yield one text for each thing said: where it holds, then what it is."""
    told: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    ports_of: dict[tuple[str, str], list[str]] = {}
    for notice in group:
        place = " ".join(filter(None, (_bare(notice["table"]), notice["column"])))
        ports_of.setdefault((notice["message"], place), []).append(notice["port"])
    for (message, place), named in ports_of.items():
        told.setdefault((message, tuple(dict.fromkeys(named))), []).append(place)
    for (message, ports), places in told.items():
        where = " · ".join(filter(None, (", ".join(filter(None, ports)), _draw_together(places))))
        yield printable(f"{where}: {message}" if where else message)


def _draw_together(places: Sequence[str]) -> str:
    """Write `t a`, `t b` as `t a, b`."""
    columns: dict[str, list[str]] = {}
    for place in places:
        table, _, column = place.partition(" ")
        columns.setdefault(table, []).append(column)
    return "; ".join(f"{table} {', '.join(filter(None, names))}".strip() for table, names in columns.items())


def _bare(table: str) -> str:
    return table.removeprefix("california.").removeprefix("freight.")


def problem_lines(problem: Members, sql: str = "") -> Iterator[str]:
    """Yield what went wrong, where in the query, and what to do."""
    word = PROBLEM_WORDS.get(int(problem.get("status", 500)), "error")
    line, column = problem.get("line"), problem.get("column")
    where = f" (line {line}, column {column})" if line and column else ""
    yield f"{word} [{problem.get('code', 'error')}]: {printable(str(problem.get('detail', '')))}{where}"
    if line and column and 0 < line <= len(sql.split("\n")):
        yield from _caret(sql.split("\n")[line - 1], column)
    if problem.get("hint"):
        yield f"hint: {printable(str(problem['hint']))}"
    if problem.get("query_id"):
        yield f"query: {problem['query_id']}"


def _caret(line: str, column: int) -> Iterator[str]:
    shown = "".join(c if c.isprintable() else " " for c in line)
    start = max(0, column - CARET_WINDOW // 2)
    yield "  " + shown[start : start + CARET_WINDOW]
    yield "  " + " " * cell_len(shown[start : column - 1]) + "^"


def explanation_lines(told: Members) -> Iterator[str]:
    """Yield what an explanation says, port by port."""
    yield f"purpose   {told['purpose']}"
    yield f"decision  {told['decision_id']}"
    yield f"ports     {', '.join(told['ports_asked']) or 'none'}"
    for table in told["tables"]:
        yield ""
        yield f"{table['port']} · {table['table']}"
        yield from _members(
            ("by", [f"{name}: {reason}" for name, reason in zip(table["agreements"], table["reasons"], strict=False)]),
            ("shows", [", ".join(_whole(table))]),
            ("partly", [f"{name}: where {words}" for name, words in table["partly"].items()]),
            ("masked", [f"{name} ({kind.replace('_', ' ')})" for name, kind in table["masked"].items()]),
            ("withheld", [f"{name}: {reason}" for name, reason in table["withheld"].items()]),
            ("rows", table["rows"] or ["all"]),
        )
    yield from _limit_lines(told["limits"])
    yield from notice_lines(told["notices"])


def _limit_lines(limits: Iterable[Members]) -> Iterator[str]:
    for limit in limits:
        yield ""
        yield f"{limit['port']} · {limit['agreement']}"
        yield from _members(
            ("rows", [f"at most {limit['rows']:,} an answer"] if limit["rows"] else []),
            ("queries", [_share_of(limit["queries_today"], limit["queries_a_day"])] if limit["queries_a_day"] else []),
            ("bytes", [_share_of(limit["bytes_today"], limit["bytes_a_day"])] if limit["bytes_a_day"] else []),
        )


def _share_of(today: int, a_day: int) -> str:
    return f"{today:,} of {a_day:,} a day"


def _whole(table: Members) -> list[str]:
    return [name for name in table["columns"] if name not in table["masked"] and name not in table["partly"]]


def catalog_lines(told: Members) -> Iterator[str]:
    """Yield the list of tables, or the columns of the tables that were asked for."""
    if "ports" in told:
        rows = [[table["name"], table["column_count"], ", ".join(table["ports"])] for table in told["tables"]]
        table = Table((("table", "varchar"), ("columns", "bigint"), ("ports", "varchar")))
        for row in rows:
            yield from table.add(row)
        yield from table.flush()
        yield ""
        yield "One table with its definitions and units: portgate catalog TABLE"
        return
    for position, one in enumerate(told["tables"]):
        yield from [""] * bool(position)
        yield from _table_lines(one)


def _table_lines(table: Members) -> Iterator[str]:
    yield f"{table['name']}{' (generated data)' if table['synthetic'] else ''}"
    yield from textwrap.wrap(printable(table["meaning"]), 110, initial_indent="  ", subsequent_indent="  ")
    yield f"  ports: {', '.join(table['ports']) or 'none'}"
    for column in table["columns"]:
        unit = f" [{column['unit']}]" if column["unit"] else ""
        yield ""
        yield f"  {column['name']}  {column['type']}{unit}  {column['sensitivity']}"
        told = [column["meaning"], f"Standard: {column['standard']}." if column["standard"] else ""]
        told += [f"Not kept by {port}: {reason}" for port, reason in column["not_kept"].items()]
        for text in filter(None, told):
            yield from textwrap.wrap(printable(text), 110, initial_indent="      ", subsequent_indent="      ")


def _members(*members: tuple[str, Sequence[str]]) -> Iterator[str]:
    for name, values in members:
        for position, value in enumerate(filter(None, values)):
            head = f"  {name if position == 0 else '':<9} "
            yield from textwrap.wrap(printable(value), 118, initial_indent=head, subsequent_indent=" " * 12)


def flag_lines(told: Members) -> Iterator[str]:
    """Yield what should be looked at, the newest last; then how much was read."""
    for flag in told["flags"]:
        indexes = ", ".join(map(str, flag["records"][:10])) + (" …" if flag["count"] > 10 else "")
        span = f"{flag['first'][:16].replace('T', ' ')} to {flag['last'][:16].replace('T', ' ')} UTC"
        yield printable(f"{flag['severity']:<6}  {flag['kind'].replace('_', ' ')}, {span}")
        yield printable(f"        {flag['reason']}")
        ports = f"; {', '.join(flag['ports'])}" if flag["ports"] else ""
        yield printable(f"        of {flag['organisation']}{ports}; {flag['count']} records: {indexes}")
        yield ""
    yield f"{len(told['flags'])} flags in {told['records']:,} records"
