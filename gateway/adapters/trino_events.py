"""What Trino's event listener tells of a query that has ended -> which tables it read, and what of it goes beyond.

The event is Trino 476's `QueryCompletedEvent` as `http-event-listener` writes it: read is what stands here, the rest
may be whatever it likes. Of each table Trino says the columns that its analysis resolved (`metadata.tables`: the very
ones that access control was asked about), and of each scan the rows that the port gave (`ioMetadata.inputs`).

1. A table or a column of the analysis must be of the reach.
2. A scan must be of a table of the reach. What a port worked out itself has no name of its own (`_generated`); it
   counts for the port, and is beyond where the analysis names no table of that port: a table function ran.

How many bytes a port gave stands in neither: connectors of databases tell Trino of none. It is what the operators that
scan took in (`statistics.operatorSummaries`), each a port's by the node of the plan (`metadata.jsonPlan`) that it runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from gateway.audit.record import ReadTable
from gateway.model import Beyond, Reach, TableName

GENERATED = "_generated"
"""Trino's schema for what a port's database worked out itself: joins, aggregates, texts of table functions."""
MAX_TEXT = 200
"""How much of a name is kept for the log, in characters."""
MAX_TABLES = 1_000
MAX_COLUMNS = 2_000
"""How much of one event is kept."""
MAX_COUNT = 2**53
UNRECORDED_QUERY, BEYOND_GRANT = "unrecorded_query", "beyond_grant"
NO_EXECUTION, MALFORMED_EVENT = "no_execution", "malformed_event"
"""What an alarm calls what was found."""


class _Column(msgspec.Struct):
    column: str


class _Table(msgspec.Struct):
    catalog: str
    schema: str
    table: str
    columns: list[_Column]


class _Metadata(msgspec.Struct):
    queryId: str
    queryState: str
    tables: list[_Table]
    jsonPlan: str | None = None


class _Context(msgspec.Struct):
    user: str


class _Input(msgspec.Struct):
    catalogName: str
    schema: str
    table: str
    physicalInputRows: int | None = None
    physicalInputBytes: int | None = None


class _Statistics(msgspec.Struct):
    operatorSummaries: list[str] = []


class _Node(msgspec.Struct):
    """One node of a plan."""

    id: str
    descriptor: dict[str, str] = {}
    children: list[_Node] = []


class _Operator(msgspec.Struct):
    planNodeId: str
    operatorType: str
    inputDataSize: str


class _InputsOutputs(msgspec.Struct):
    inputs: list[_Input]


class _ErrorCode(msgspec.Struct):
    name: str


class _Failure(msgspec.Struct):
    errorCode: _ErrorCode


class _Completed(msgspec.Struct):
    metadata: _Metadata
    context: _Context
    ioMetadata: _InputsOutputs
    createTime: datetime
    statistics: _Statistics
    failureInfo: _Failure | None = None


_completed = msgspec.json.Decoder(_Completed)
_plan = msgspec.json.Decoder(dict[str, _Node])
_operator = msgspec.json.Decoder(_Operator)
_SIZE = re.compile(r"([0-9]{1,16})B", re.ASCII)


@dataclass(slots=True)
class _Read:
    """One table as it is added up."""

    columns: set[str] = field(default_factory=set)
    rows: int = 0
    bytes: int = 0
    is_analysed: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """One query that Trino ran, or tried to."""

    trino: str
    """Trino's id of the query."""
    user: str
    state: str
    code: str
    """Trino's name of the error; empty if there was none."""
    created: datetime
    tables: Mapping[TableName, ReadTable]
    unanalysed: frozenset[TableName]
    """Of `tables` those that were read without the analysis naming them."""
    given: Mapping[str, int]
    """Catalog -> bytes of the rows that it gave to Trino; without those of which Trino does not say."""

    @property
    def catalogs(self) -> tuple[str, ...]:
        """Whose tables it was about."""
        return tuple(sorted({name.catalog for name in self.tables}))


def read_event(body: bytes) -> Execution | None:
    """Read an event; None if it has no proper form."""
    try:
        event = _completed.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return None
    if event.createTime.tzinfo is None or len(event.context.user) > MAX_TEXT or not event.metadata.queryId:
        return None
    found = _added_up(event)
    if found is None:
        return None
    return Execution(
        event.metadata.queryId[:MAX_TEXT],
        event.context.user,
        event.metadata.queryState[:MAX_TEXT],
        event.failureInfo.errorCode.name[:MAX_TEXT] if event.failureInfo else "",
        event.createTime,
        {name: _told(name, read) for name, read in sorted(found.items(), key=lambda item: str(item[0]))},
        frozenset(name for name, read in found.items() if not read.is_analysed),
        _given(event, {name.catalog for name in found}),
    )


def _added_up(event: _Completed) -> dict[TableName, _Read] | None:
    """Put together what stands of one table in several places; None if that is more than a query can be about."""
    found: dict[TableName, _Read] = {}
    for table in event.metadata.tables:
        read = found.setdefault(_name(table.catalog, table.schema, table.table), _Read())
        read.columns.update(column.column[:MAX_TEXT] for column in table.columns)
        read.is_analysed = True
    for given in event.ioMetadata.inputs:
        read = found.setdefault(_name(given.catalogName, given.schema, given.table), _Read())
        read.rows += given.physicalInputRows or 0
        read.bytes += given.physicalInputBytes or 0
    is_too_much = len(found) > MAX_TABLES or any(len(read.columns) > MAX_COLUMNS for read in found.values())
    return None if is_too_much else found


def _name(catalog: str, schema: str, table: str) -> TableName:
    return TableName(catalog[:MAX_TEXT], schema[:MAX_TEXT], table[:MAX_TEXT])


def _told(name: TableName, read: _Read) -> ReadTable:
    rows, size = (max(0, min(count, MAX_COUNT)) for count in (read.rows, read.bytes))
    return ReadTable(name.catalog, f"{name.schema}.{name.table}", tuple(sorted(read.columns)), rows, size)


def _given(event: _Completed, catalogs: set[str]) -> dict[str, int]:
    """Add up what the scans of each catalog took in; nothing if plan or operators have another form than they had."""
    given: dict[str, int] = {}
    try:
        catalog_of = dict(_scanned(_plan.decode(event.metadata.jsonPlan or "{}").values()))
        for operator in map(_operator.decode, event.statistics.operatorSummaries):
            size = _SIZE.fullmatch(operator.inputDataSize)
            catalog = catalog_of.get(operator.planNodeId)
            if size and catalog in catalogs and "Scan" in operator.operatorType:
                given[catalog] = min(given.get(catalog, 0) + int(size[1]), MAX_COUNT)
    except (msgspec.MsgspecError, RecursionError):
        return {}
    return dict(sorted(given.items()))


def _scanned(nodes: Iterable[_Node]) -> Iterator[tuple[str, str]]:
    """Yield each node of a plan that scans a table, and whose: `oakland:tos.vsl_call …`."""
    waiting = list(nodes)
    while waiting:
        node = waiting.pop()
        waiting.extend(node.children)
        if "table" in node.descriptor:
            yield node.id, node.descriptor["table"].partition(":")[0]


def beyond_reach(execution: Execution, reach: Reach) -> dict[str, tuple[Beyond, int]]:
    """Say for each port what was read of it beyond the reach: the first table with its columns, and of how many."""
    found: dict[str, list[Beyond]] = {}
    analysed = {name.catalog for name in execution.tables if name not in execution.unanalysed}
    for name, read in execution.tables.items():
        granted = reach.get(name)
        if name in execution.unanalysed and name.schema == GENERATED:
            is_beyond = name.catalog not in analysed
            columns: Iterable[str] = ()
        else:
            columns = read.columns if granted is None else [c for c in read.columns if c not in granted]
            is_beyond = granted is None or bool(columns)
        if is_beyond:
            found.setdefault(name.catalog, []).append(Beyond(BEYOND_GRANT, str(name), tuple(columns)))
    return {catalog: (tables[0], len(tables)) for catalog, tables in found.items()}
