"""Records of the audit log -> text that a person reads in a terminal: a list, one record whole, a watch line by line.

No character of a record reaches the terminal unless it is printable.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.cells import cell_len, chop_cells

from gateway.edge.terminal import Members, Table, printable, show

NARROW, WIDE = 60, 200
"""Fewer and more columns than these a terminal is not taken to have."""
SIDE_BY_SIDE = 100
"""In how many columns two texts stand beside each other."""
ID_CHARACTERS = 8
SHORTEST_DETAIL = 24
WATCH_WIDTHS = (8, 19, 11, 20, 8)
_NAMES = ("index", "time", "what", "partner", "query", "detail")


def width() -> int:
    """Return how many columns the terminal has."""
    return max(NARROW, min(shutil.get_terminal_size((120, 0)).columns, WIDE))


# --- a list ---------------------------------------------------------------------------------------------------------


def log_lines(entries: Iterable[Members]) -> Iterator[str]:
    """Yield one line for each record, cut at the terminal's width; an entry has `index`, `partner` and `record`."""
    told = [_row(entry) for entry in entries]
    before = [max(cell_len(each[at]) for each in (_NAMES, *told)) for at in range(5)]
    room = max(SHORTEST_DETAIL, width() - sum(before) - 2 * len(before))
    table = Table([(name, "bigint" if name == "index" else "varchar") for name in _NAMES])
    for row in told:
        yield from table.add([*row[:5], _cut(row[5], room)])
    yield from table.flush()


def watch_line(entry: Members) -> str:
    """Return the line of one record in a watch, whose columns have their widths beforehand."""
    *row, detail = _row(entry)
    cells = [_cut(cell, wide).ljust(wide) for cell, wide in zip(row, WATCH_WIDTHS, strict=True)]
    cells[0] = row[0].rjust(WATCH_WIDTHS[0])
    room = max(SHORTEST_DETAIL, width() - sum(WATCH_WIDTHS) - 2 * len(WATCH_WIDTHS))
    return "  ".join((*cells, _cut(detail, room))).rstrip()


def watch_head() -> str:
    """Return the names over a watch."""
    names = [name.ljust(wide) for name, wide in zip(_NAMES, WATCH_WIDTHS, strict=False)]
    names[0] = _NAMES[0].rjust(WATCH_WIDTHS[0])
    return "  ".join((*names, _NAMES[-1]))


def _row(entry: Members) -> tuple[str, ...]:
    record = entry["record"]
    if not record:
        return (str(entry["index"]), "", "", "", "", _GONE)
    told = (
        str(entry["index"]), str(record["time"])[:19].replace("T", " "), record["kind"], entry.get("partner", ""),
        str(record.get("query", ""))[:ID_CHARACTERS], _detail(record),
    )  # fmt: skip
    return tuple(printable(" ".join(str(each).split())) for each in told)


_GONE = "its text is gone: it was pruned, or cannot be read; its entry is still in the tree"


def _cut(text: str, wide: int) -> str:
    return text if cell_len(text) <= wide else chop_cells(text, wide - 1)[0] + "…"


def _detail(record: Members) -> str:
    if record["kind"] in _DETAILS:
        return _DETAILS[record["kind"]](record)
    said = record["purpose"] if record["kind"] == "decision" else record["code"]
    return f"{said}: {' '.join(str(record['sql']).split())}"


def _of_alarm(record: Members) -> str:
    times = f" ({record['count']} times)" if record["count"] > 1 else ""
    return f"{record['operation']} {record['target']} {', '.join(record['columns'])}".strip() + times


def _of_outcome(record: Members) -> str:
    code = f" {record['code']}" if record["code"] else ""
    return f"{record['state']}{code}, {_count(record['rows'], 'row')}, {record['duration_ms']:,} ms"


def _of_execution(record: Members) -> str:
    read = ", ".join(f"{each['port']}.{each['table']} {_count(each['rows'], 'row')}" for each in record["tables"])
    return f"{record['state']}: {read or 'no table'}"


def _of_reading(record: Members) -> str:
    wanted = " ".join(f"{name}={value}" for name, value in record["wanted"].items())
    found = _count(record["found"], "record")
    return f"{record['reader']['id']} as {record['role']}: {record['way']} {wanted or 'all'}, {found}"


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}{'' if number == 1 else 's'}"


_DETAILS: Mapping[str, Callable[[Members], str]] = {
    "alarm": _of_alarm,
    "outcome": _of_outcome,
    "execution": _of_execution,
    "publication": lambda r: f"{r['port']}: {r['revision'][:12]}, serial {r['serial']}, made {r['made']}",
    "login": lambda r: f"{r['code']}: {r['claimed'] or 'nobody'}, {_count(r['count'], 'time')}",
    "service": lambda r: f"{r['gateway']} {r['event']}, build {r['build']}",
    "reading": _of_reading,
}
"""Kind of record -> what a line of a list says of it; of a question, its text."""

# --- one record -----------------------------------------------------------------------------------------------------


def shown_lines(told: Members) -> Iterator[str]:
    """Yield a record whole: who and why, both texts, each port's part, the others of its query, and its proof."""
    record: Members = told["record"]
    if not record:
        yield f"record {told['index']}: {_GONE}"
    else:
        yield f"record {told['index']} · {record['kind']} · written {_moment(told['logged'])}"
        yield ""
        yield from _SHOWN.get(record["kind"], _plainly)(record)
        yield from _rest_of_query(told["same_query"])
    yield ""
    yield from _members(("leaf", [told["leaf"]]), ("checkpoint", [_checkpoint(told["checkpoint"])]))


def _question(record: Members) -> Iterator[str]:
    seen_as = record.get("seen_as")
    told = record.get("decision")
    yield from _members(
        ("who", [_person(record["partner"])]),
        ("seen as", [_person(seen_as)] if seen_as else []),
        ("purpose", [record["purpose"]]),
        ("client", [record["client"]]),
        ("session", [record.get("place", "")]),
        ("query", [record["query"]]),
        ("decision", [f"{told}, by {record['build']}"] if told else []),
        ("partial", ["an answer without ports that do not answer was taken"] if record.get("partial") else []),
        ("refused", [f"{record['code']}: {record['message']}"] if "message" in record else []),
    )
    yield ""
    yield from _texts(record["sql"], record.get("sent_sql"))
    yield from _asked(record) if "tables" not in record else _granted(record)


def _granted(record: Members) -> Iterator[str]:
    asked = record.get("asked") or {}
    for table in record["tables"]:
        uses = asked.get(f"{table['port']}.{table['table']}", {})
        masks = table["masks"]
        yield ""
        yield printable(f"{table['port']} · {table['table']}")
        yield from _members(
            ("by", [", ".join(table["agreements"])]),
            ("revision", [record["revisions"].get(table["port"], "")]),
            ("columns", [", ".join(_used(column, uses) for column in table["columns"])]),
            ("masked", [", ".join(f"{column} ({kind.replace('_', ' ')})" for column, kind in masks.items())]),
            ("rows", table["conditions"] or ["all"]),
        )


def _asked(record: Members) -> Iterator[str]:
    for name, uses in (record.get("asked") or {}).items():
        port, _, table = name.partition(".")
        yield ""
        yield printable(f"{port} · {table}")
        yield from _members(("asked for", [", ".join(_used(column, uses) for column in uses)]))


def _used(column: str, uses: Mapping[str, str]) -> str:
    return f"{column} ({uses[column].replace(' ', ', ')})" if uses.get(column) else column


def _outcome(record: Members) -> Iterator[str]:
    code = f" ({record['code']})" if record["code"] else ""
    yield from _members(
        ("state", [record["state"] + code]),
        ("answer", [f"{_count(record['rows'], 'row')}, {record['bytes']:,} bytes in {record['duration_ms']:,} ms"]),
        ("ports", [", ".join(record["ports"])]),
        ("missing", [", ".join(record["missing"])]),
        ("withheld", [", ".join(record["withheld"])]),
        ("result", [record["result"]]),
        ("query", [record["query"]]),
        ("decision", [f"record {record['decision_index']}"]),
    )


def _execution(record: Members) -> Iterator[str]:
    code = f" ({record['code']})" if record["code"] else ""
    yield from _members(
        ("state", [record["state"] + code]),
        ("Trino's id", [record["trino"]]),
        ("user", [record["user"]]),
        ("query", [record["query"]]),
        ("decision", [f"record {record['decision_index']}"] if record["decision_index"] else []),
    )
    for table in record["tables"]:
        yield ""
        yield printable(f"{table['port']} · {table['table']}")
        read = f"{_count(table['rows'], 'row')}, {table['bytes']:,} bytes"
        yield from _members(("read", [read]), ("columns", [", ".join(table["columns"])]))


def _alarm(record: Members) -> Iterator[str]:
    yield from _members(
        ("refused", [f"{record['operation']} {record['target']}"]),
        ("columns", [", ".join(record["columns"])]),
        ("user", [record["user"]]),
        ("times", [f"{record['count']:,}"] if record["count"] > 1 else []),
        ("query", [record["query"] or "none that was admitted"]),
        ("decision", [f"record {record['decision_index']}"] if record["decision_index"] else []),
        ("build", [record["build"]]),
    )


def _plainly(record: Members) -> Iterator[str]:
    """Yield the members of a record as they are."""
    yield from _members(*((name, [_written(value)]) for name, value in record.items() if name not in _ELSEWHERE))


_ELSEWHERE = frozenset({"index", "logged", "kind", "schema"})


def _written(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name}={_written(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return show(value)


_SHOWN: Mapping[str, Callable[[Members], Iterator[str]]] = {
    "decision": _question,
    "refusal": _question,
    "outcome": _outcome,
    "execution": _execution,
    "alarm": _alarm,
}


def _rest_of_query(others: Sequence[Members]) -> Iterator[str]:
    if not others:
        return
    yield ""
    yield "the same query"
    for row in map(_row, others):
        head = f"  {row[0]}  {row[1]}  {row[2]:<9}  "
        yield head + _cut(row[5], max(SHORTEST_DETAIL, width() - cell_len(head)))


def _person(who: Members) -> str:
    kind = who.get("organisation_class", "").replace("_", " ")
    roles = f"; {', '.join(who['roles'])}" if who.get("roles") else ""
    attributes = "".join(f"; {name}={value}" for name, value in who.get("attributes", {}).items())
    return f"{who['id']} of {who['organisation']} ({kind}{roles}{attributes}), token {who['token_id']}"


def _moment(written: str) -> str:
    return printable(written.replace("T", " ").replace("Z", " UTC"))


def _checkpoint(note: str) -> str:
    if not note:
        return "none covers it yet: one is signed each second"
    origin, size, *_ = note.split("\n")
    others = [line.split(" ")[1] for line in note.split("\n") if line.startswith("— ") and line.count(" ") >= 2]
    cosigned = [name for name in others if name != origin]
    more = f", cosigned by {', '.join(cosigned)}" if cosigned else ", cosigned by nobody yet"
    return f"over {int(size):,} records, signed by {origin}{more}"


def _members(*members: tuple[str, Sequence[str]]) -> Iterator[str]:
    wide = max(10, *(cell_len(name) for name, _ in members))
    for name, values in members:
        for position, value in enumerate(filter(None, values)):
            head = f"  {name if position == 0 else '':<{wide}}  "
            yield from textwrap.wrap(
                printable(value), width(), initial_indent=head, subsequent_indent=" " * len(head),
                break_on_hyphens=False,
            )  # fmt: skip


# --- two texts ------------------------------------------------------------------------------------------------------


def _texts(asked: str, sent: str | None) -> Iterator[str]:
    """Yield the text as it was asked and as it was sent, beside each other where there is room."""
    whole = width()
    if sent is None or whole < SIDE_BY_SIDE:
        yield "  as asked"
        yield from (f"    {line}".rstrip() for line in _wrapped(asked, whole - 4))
        if sent is not None:
            yield ""
            yield "  as sent"
            yield from (f"    {line}".rstrip() for line in _wrapped(sent, whole - 4))
        return
    wide = (whole - 5) // 2
    left, right = ["as asked", *_wrapped(asked, wide)], ["as sent", *_wrapped(sent, wide)]
    for at in range(max(len(left), len(right))):
        one, other = (side[at] if at < len(side) else "" for side in (left, right))
        yield f"  {one}{' ' * (wide - cell_len(one))} │ {other}".rstrip()


def _wrapped(sql: str, wide: int) -> Iterator[str]:
    for line in laid_out(sql) if "\n" not in sql.strip() and cell_len(sql) > wide else sql.strip().split("\n"):
        shown = printable(line.replace("\t", "    "))
        indent = len(shown) - len(shown.lstrip())
        more = " " * min(indent + 4, wide // 2)
        for part in textwrap.wrap(
            shown, wide, subsequent_indent=more, break_on_hyphens=False, drop_whitespace=True, initial_indent=""
        ) or [""]:
            yield from chop_cells(part, wide) if cell_len(part) > wide else [part]


_TOKEN = re.compile(
    r"""'(?:[^']|'')*'?|"(?:[^"]|"")*"?|\(|\)|\b(?:SELECT|FROM|WHERE|GROUP\s+BY|HAVING|ORDER\s+BY|LIMIT|OFFSET|"""
    r"""UNION|INTERSECT|EXCEPT|WITH|(?:LEFT|RIGHT|FULL|INNER|CROSS)\s+JOIN|JOIN)\b""",
    re.IGNORECASE,
)
_MOST_INDENT = 12


def laid_out(sql: str) -> Iterator[str]:
    """Yield the lines of an SQL text with each clause on its own, indented as deep as it is nested.

    >>> list(laid_out("SELECT a FROM (SELECT 'FROM x' AS a FROM t) AS q WHERE a > 1"))
    ['SELECT a', 'FROM (', "  SELECT 'FROM x' AS a", '  FROM t) AS q', 'WHERE a > 1']
    """
    line, depths, start, plain = "", [0], 0, 0
    for found in _TOKEN.finditer(sql):
        word = found[0]
        line += sql[start : found.start()]
        start = found.end()
        if word == "(":
            is_query = bool(re.match(r"\s*(SELECT|WITH)\b", sql[start:], re.IGNORECASE))
            depths.append(depths[-1] + 2 if is_query else -1)
            plain += not is_query
        elif word == ")" and len(depths) > 1:
            plain -= depths.pop() == -1
        elif word[0].isalpha() and not plain and line.strip():
            yield line.rstrip()
            line = " " * min(depths[-1], _MOST_INDENT)
        line += word
    rest = (line + sql[start:]).rstrip()
    if rest:
        yield rest
