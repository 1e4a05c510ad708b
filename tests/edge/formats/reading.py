"""What was written in each format -> the values that it holds, as `chance` draws them."""

from __future__ import annotations

import asyncio
import csv
import io
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from gateway.edge.encode import NAMES
from gateway.edge.formats.csv import NEVER_FORMULAS, unescape_formula
from gateway.edge.formats.format import Options
from gateway.edge.formats.types import read_type
from tests.edge.stand_in import StandInAnswer

_PICOSECONDS = {"s": 10**12, "ms": 10**9, "us": 10**6, "ns": 10**3}


def written(answer: StandInAnswer, name: str, options: Options | None = None) -> bytes:
    """Write an answer in the format of this name."""
    format_ = NAMES[name](options or Options())

    async def story() -> bytes:
        parts = [format_.head(answer)] + [format_.page(page) async for page in answer.pages()]
        return b"".join([*parts, format_.tail(answer)])

    return asyncio.run(story())


def read_arrow(body: bytes) -> pa.Table:
    """Read a whole stream."""
    return pa.ipc.open_stream(body).read_all()


def read_parquet(body: bytes) -> pa.Table:
    """Read a file."""
    return pq.read_table(io.BytesIO(body))


def values(column: Any) -> list[Any]:
    """Return the values of an Arrow column; moments in picoseconds."""
    if isinstance(column, pa.ChunkedArray):
        return [value for chunk in column.chunks for value in values(chunk)]
    type_ = column.type
    if pa.types.is_list(type_):
        return [_slice(column, position) for position in range(len(column))]
    if pa.types.is_map(type_):
        return [_entries(column, position) for position in range(len(column))]
    if pa.types.is_struct(type_):
        return _rows(column)
    if pa.types.is_date(type_):
        return _scaled(column.cast(pa.int32()), 86_400 * 10**12)
    if pa.types.is_temporal(type_):
        width = pa.int32() if type_.bit_width == 32 else pa.int64()
        return _scaled(column.view(width), _PICOSECONDS[type_.unit])
    return list(column.to_pylist())


def _scaled(counts: Any, factor: int) -> list[int | None]:
    return [None if count is None else count * factor for count in counts.to_pylist()]


def _slice(column: Any, position: int) -> list[Any] | None:
    if not column[position].is_valid:
        return None
    first, last = (column.offsets[at].as_py() for at in (position, position + 1))
    return values(column.values[first:last])


def _entries(column: Any, position: int) -> list[tuple[Any, Any]] | None:
    if not column[position].is_valid:
        return None
    first, last = (column.offsets[at].as_py() for at in (position, position + 1))
    return list(zip(values(column.keys[first:last]), values(column.items[first:last]), strict=True))


def _rows(column: Any) -> list[dict[str, Any] | None]:
    names = [field.name for field in column.type]
    parts = [values(column.field(position)) for position in range(len(names))]
    return [
        {name: part[position] for name, part in zip(names, parts, strict=True)} if column[position].is_valid else None
        for position in range(len(column))
    ]


def read_csv(body: bytes, types: list[str]) -> list[list[str]]:
    """Read the rows, and take back what was escaped."""
    rows = list(csv.reader(io.StringIO(body.decode(), newline="")))[1:]
    texts = [read_type(type_).name not in NEVER_FORMULAS for type_ in types]
    return [[unescape_formula(cell) if text else cell for text, cell in zip(texts, row, strict=True)] for row in rows]


def csv_cell(value: Any) -> str:
    """What a cell must be for a value of Trino's JSON."""
    if value is None:
        return ""
    return (
        value if isinstance(value, str) else repr(value) if isinstance(value, float) else orjson.dumps(value).decode()
    )
