"""An answer -> a Parquet file of exact types; one that failed has no footer, and no reader takes it."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.parquet as pq

from gateway.conversation import Page
from gateway.edge.formats.arrow import Columns, Sink
from gateway.edge.formats.format import Options, Problem, Receipt
from gateway.edge.front import Answered
from gateway.errors import Broken

ROW_GROUP_BYTES = 8 * 1024 * 1024
"""How much is gathered before it is written: small groups compress badly, and large ones fill the memory."""


class Parquet:
    """Row groups of some megabytes, compressed with zstd."""

    media_type = "application/vnd.apache.parquet"
    is_heavy = True
    tells_notices = False
    ends_when_broken = False

    def __init__(self, options: Options) -> None:
        self._sink = Sink()
        self._columns: Columns | None = None
        self._writer: pq.ParquetWriter | None = None
        self._gathered: list[pa.RecordBatch] = []

    def head(self, answer: Answered) -> bytes:
        """Write the first bytes of the file."""
        self._columns = Columns(answer)
        sink = pa.PythonFile(self._sink, "w")
        self._writer = pq.ParquetWriter(sink, self._columns.schema, compression="zstd", compression_level=1)
        return self._sink.drain()

    def page(self, page: Page) -> bytes:
        """Gather rows; write them once they are enough."""
        if self._columns is None:
            raise Broken("rows came before their columns")
        if page.rows:
            self._gathered.append(self._columns.batch(page))
        if sum(batch.nbytes for batch in self._gathered) >= ROW_GROUP_BYTES:
            self._write_group()
        return self._sink.drain()

    def _write_group(self) -> None:
        gathered, self._gathered = self._gathered, []
        if gathered and self._writer is not None:
            table = pa.Table.from_batches(gathered)
            self._writer.write_table(table, row_group_size=table.num_rows)

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """Write the last row group and the footer."""
        self._write_group()
        if self._writer is not None:
            self._writer.close()
        return self._sink.drain()

    def broken(self, problem: Problem) -> bytes:
        """Write nothing more: without its footer it is no file."""
        return b""
