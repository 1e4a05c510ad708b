"""An answer -> an Arrow IPC stream of exact types, a record batch for each page.

A stream that failed ends in a batch without rows whose metadata holds the problem, and then in the beginning of a
message that never comes: no reader takes it for whole, wherever it was saved.
"""

from __future__ import annotations

import orjson
import pyarrow as pa

from gateway.conversation import Page
from gateway.edge.formats.columns import arrow_array, arrow_type
from gateway.edge.formats.format import Options, Problem, Receipt, all_notices
from gateway.edge.formats.types import ColumnType, column_types, unique
from gateway.edge.formats.zones import AmbiguousTime
from gateway.edge.front import Answered
from gateway.errors import Broken, Failed

NEVER_COMES = b"\xff\xff\xff\xff" + (1 << 20).to_bytes(4, "little")
"""How a message of 1 MiB begins."""

TYPE_KEY, NAME_KEY = "trino.type", "trino.name"
QUERY_KEY, NOTICES_KEY, ERROR_KEY = "portgate.query", "portgate.notices", "portgate.error"


class Sink:
    """A file that is read while it is written, and keeps nothing of what was read."""

    closed = False

    def __init__(self) -> None:
        self._parts: list[bytes] = []
        self._at = 0

    def write(self, data: bytes) -> int:
        """Take bytes."""
        self._parts.append(bytes(data))
        self._at += len(data)
        return len(data)

    def tell(self) -> int:
        """Say how much was written in all."""
        return self._at

    def flush(self) -> None:
        """Do nothing."""

    def close(self) -> None:
        """Do nothing."""

    def drain(self) -> bytes:
        """Give what came since the last time."""
        parts, self._parts = self._parts, []
        return b"".join(parts)


class Columns:
    """The columns of one answer in Arrow's types."""

    def __init__(self, answer: Answered) -> None:
        self._types = column_types(answer.columns, answer.signature)
        names = unique([column.name for column in self._types])
        metadata = {QUERY_KEY: answer.id, NOTICES_KEY: orjson.dumps(all_notices(answer))}
        self.schema = pa.schema(
            [_field(name, column) for name, column in zip(names, self._types, strict=True)], metadata
        )

    def batch(self, page: Page) -> pa.RecordBatch:
        """Return a page as a record batch; raises Failed."""
        rows = orjson.loads(page.data)
        values = zip(*rows, strict=True)
        arrays = [_array(column, one) for column, one in zip(self._types, values, strict=True)]
        return pa.record_batch(arrays, schema=self.schema)


def _field(name: str, column: ColumnType) -> pa.Field:
    told = {TYPE_KEY: column.text} if name == column.name else {TYPE_KEY: column.text, NAME_KEY: column.name}
    return pa.field(name, arrow_type(column.type), metadata=told)


def _array(column: ColumnType, values: tuple[object, ...]) -> pa.Array:
    where = f"a value of column {column.name}, {column.text},"
    try:
        return arrow_array(values, column.type)
    except AmbiguousTime:
        raise Failed(
            f"{where} is a local time that came twice, when the clocks were put back",
            hint="ask for the column AT TIME ZONE 'UTC'",
        ) from None
    except (pa.ArrowException, ValueError, TypeError, OverflowError):
        raise Failed(
            f"{where} has no place in this format", hint="cast the column to varchar, or ask for CSV"
        ) from None


class Arrow:
    """An IPC stream: the schema, then a record batch for each page."""

    media_type = "application/vnd.apache.arrow.stream"
    is_heavy = True
    tells_notices = False
    ends_when_broken = False

    def __init__(self, options: Options) -> None:
        self._sink = Sink()
        self._columns: Columns | None = None
        self._writer: pa.ipc.RecordBatchStreamWriter | None = None

    def head(self, answer: Answered) -> bytes:
        """Write the schema, with the notices in its metadata."""
        self._columns = Columns(answer)
        self._writer = pa.ipc.new_stream(pa.PythonFile(self._sink, "w"), self._columns.schema)
        return self._sink.drain()

    def page(self, page: Page) -> bytes:
        """Write a page as a record batch."""
        if self._columns is None or self._writer is None:
            raise Broken("rows came before their columns")
        if page.rows:
            self._writer.write_batch(self._columns.batch(page))
        return self._sink.drain()

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """Write the mark of the end."""
        if self._writer is not None:
            self._writer.close()
        return self._sink.drain()

    def broken(self, problem: Problem) -> bytes:
        """Write what went wrong, and spoil the stream."""
        if self._columns is None or self._writer is None:
            return b""
        nothing = self._columns.schema.empty_table().to_batches() or [
            pa.RecordBatch.from_pylist([], schema=self._columns.schema)
        ]
        self._writer.write_batch(nothing[0], custom_metadata={ERROR_KEY: orjson.dumps(problem)})
        return self._sink.drain() + NEVER_COMES
