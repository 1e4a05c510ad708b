"""An explanation -> what EXPLAIN answers: a text, a JSON object, or Trino's own shape of what a query reads.

Nothing of the SQL that is sent, or of Trino's plan of it, is in any of the three: only the agreements' own words.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

import orjson

from gateway.explain import ExplainedLimit, ExplainedTable, Explanation
from gateway.model import CANONICAL_SCHEMA, Notice

_ESTIMATE = ("outputRowCount", "outputSizeInBytes", "cpuCost", "maxMemory", "networkCost")


def as_text(explanation: Explanation) -> str:
    """Write an explanation for people, port by port."""
    return "\n".join(_lines(explanation))


def as_json(explanation: Explanation) -> str:
    """Write the same as one object."""
    ports = [
        {"port": port, "revision": explanation.revisions.get(port, ""), "tables": [_table(each) for each in tables]}
        for port, tables in _by_port(explanation.tables).items()
    ]
    limits = [_limit(each) for each in explanation.limits]
    said = {
        "purpose": explanation.purpose,
        "ports": ports,
        "limits": limits,
        "notices": [_notice(each) for each in explanation.notices],
        "reads": [str(name) for name in explanation.read],
    }
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()


def tables_read_as_json(explanation: Explanation) -> str:
    """Write what a query reads as Trino's EXPLAIN (TYPE IO) does; what Trino would estimate is not told."""
    tables = [
        {
            "table": {"catalog": name.catalog, "schemaTable": {"schema": name.schema, "table": name.table}},
            "constraint": {"none": False, "columnConstraints": []},
            "estimate": dict.fromkeys(_ESTIMATE, "NaN"),
        }
        for name in explanation.read
    ]
    said = {"inputTableColumnInfos": tables, "estimate": dict.fromkeys(_ESTIMATE, "NaN")}
    return orjson.dumps(said, option=orjson.OPT_INDENT_2).decode()


def _by_port(tables: Iterable[ExplainedTable]) -> Mapping[str, list[ExplainedTable]]:
    found: dict[str, list[ExplainedTable]] = {}
    for table in tables:
        found.setdefault(table.port, []).append(table)
    return found


def _table(table: ExplainedTable) -> dict[str, object]:
    return {
        "table": table.table,
        "agreements": list(table.agreements),
        "reasons": list(dict.fromkeys(table.reasons)),
        "columns": list(table.columns),
        "masked": dict(table.masked),
        "partly": dict(table.partly),
        "withheld": _withheld(table),
        "rows": list(table.rows),
    }


def _withheld(table: ExplainedTable) -> dict[str, str]:
    """The published columns that a port withholds; that a port's own table has others is not told."""
    return dict(table.withheld) if table.table.startswith(f"{CANONICAL_SCHEMA}.") else {}


def _limit(limit: ExplainedLimit) -> dict[str, object]:
    return {
        "port": limit.port,
        "agreement": limit.agreement,
        "rows": limit.rows,
        "queries_a_day": limit.queries_a_day,
        "bytes_a_day": limit.bytes_a_day,
        "queries_today": limit.queries_today,
        "bytes_today": limit.bytes_today,
    }


def _notice(notice: Notice) -> dict[str, str]:
    said = {"code": notice.code, "port": notice.port, "table": notice.table, "column": notice.column}
    return {**{key: value for key, value in said.items() if value}, "message": notice.message}


# --- for people -----------------------------------------------------------------------------------------------------


def _lines(explanation: Explanation) -> Iterator[str]:
    yield f"Purpose: {explanation.purpose}"
    for port, tables in _by_port(explanation.tables).items():
        yield f"Port {port}"
        for table in tables:
            yield from _table_lines(table)
    if not explanation.tables:
        yield "No port is asked."
    else:
        yield from _PUSHED
    for limit in explanation.limits:
        yield f"Limit of {limit.port}, {limit.agreement}: {_limit_said(limit)}"
    for notice in explanation.notices:
        where = ".".join(filter(None, (notice.port, notice.table, notice.column)))
        yield f"Notice {notice.code}{f' {where}' if where else ''}: {notice.message}"


_PUSHED = (
    "What each port is asked for: the columns and rows above. Conditions of your own on single columns may be taken",
    "over by the port's database, where its rule already holds; joins, sums and all else is done after that, by Trino.",
)


def _table_lines(table: ExplainedTable) -> Iterator[str]:
    yield f"  {table.table} under {', '.join(table.agreements)}"
    for reason in dict.fromkeys(table.reasons):
        yield f"    in the port's words: {reason}"
    yield f"    columns: {', '.join(table.columns) or 'none; its rows are counted'}"
    for column, kind in table.masked.items():
        yield f"    masked: {column} ({kind.replace('_', ' ')})"
    for column, where in table.partly.items():
        yield f"    shown in part: {column}, where {where}"
    for column, why in _withheld(table).items():
        yield f"    withheld: {column}{f' ({why})' if why else ''}"
    yield f"    rows: {' or '.join(table.rows) or 'all'}"


def _limit_said(limit: ExplainedLimit) -> str:
    said = [f"at most {limit.rows:,} rows in one answer"] if limit.rows is not None else []
    if limit.queries_a_day is not None:
        said.append(f"{limit.queries_today:,} of {limit.queries_a_day:,} queries today")
    if limit.bytes_a_day is not None:
        said.append(f"{limit.bytes_today:,} of {limit.bytes_a_day:,} bytes today")
    return ", ".join(said)
