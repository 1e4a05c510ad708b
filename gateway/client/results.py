"""The Arrow stream of an answer -> tables of Arrow, polars and pandas, with its notices."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

import requests
from trino.exceptions import TrinoConnectionError

from gateway.client.errors import error_of
from gateway.client.rest import CHUNK_BYTES, whole_or_nothing
from gateway.client.showing import Moved, Notice, progress

if TYPE_CHECKING:
    import pyarrow as pa

MEDIA_TYPE = "application/vnd.apache.arrow.stream"
_QUERY, _NOTICES, _ERROR = b"portgate.query", b"portgate.notices", b"portgate.error"


class Result:
    """The rows of one query: read once, page by page or as one table, which is then kept here."""

    def __init__(
        self, response: requests.Response, is_shown: bool = True, text_at: Callable[[str], str] | None = None
    ) -> None:
        """Take an answer; `text_at` gets a text from a path of the gateway that gave it."""
        arrow = _library("pyarrow")
        self._text_at = text_at
        self._response = response
        self._is_shown = is_shown
        self._body = _Body(response)
        with whole_or_nothing(), _spoilt(arrow):
            self._reader = arrow.ipc.open_stream(arrow.PythonFile(self._body, "r"))
        metadata = self._reader.schema.metadata or {}
        self._table: pa.Table | None = None
        self._is_read = False
        self.schema: pa.Schema = self._reader.schema
        self.query_id: str = metadata.get(_QUERY, b"").decode()
        self.notices: Sequence[Notice] = json.loads(metadata.get(_NOTICES, b"[]"))
        """What to know of this answer: what is masked, withheld, filtered, missing."""

    @property
    def links(self) -> dict[str, str]:
        """Media type -> address at which the same question is answered anew in it."""
        found = requests.utils.parse_header_links(self._response.headers.get("Link", ""))
        origin = self._response.url.removesuffix("/api/queries")
        return {link["type"]: origin + link["url"] for link in found if link.get("rel") == "alternate"}

    def receipt(self) -> str:
        """Return the signed receipt of the answer; it is there once all rows have come. Keep it beside them."""
        found = requests.utils.parse_header_links(self._response.headers.get("Link", ""))
        path = next((link["url"] for link in found if link.get("rel") == "describedby"), "")
        if not path or self._text_at is None:
            raise ValueError("this answer has no receipt")
        return self._text_at(path)

    def batches(self) -> Iterator[pa.RecordBatch]:
        """Yield the pages as they come, and keep none of them."""
        if self._is_read:
            raise ValueError("the rows of this answer were read already; ask again")
        self._is_read = True
        with self._response, progress(self._is_shown) as moved:
            yield from self._read(moved)

    def _read(self, moved: Moved) -> Iterator[pa.RecordBatch]:
        arrow = _library("pyarrow")
        before = self._body.size
        while True:
            try:
                with whole_or_nothing(), _spoilt(arrow):
                    batch, metadata = self._reader.read_next_batch_with_custom_metadata()
            except StopIteration:
                self._body.expect_end()
                return
            if metadata is not None and _ERROR in metadata:
                raise error_of(json.loads(metadata[_ERROR]))
            moved(batch.num_rows, self._body.size - before)
            before = self._body.size
            yield batch

    def to_arrow(self) -> pa.Table:
        """Return all rows as an Arrow table."""
        if self._table is None:
            self._table = _library("pyarrow").Table.from_batches(list(self.batches()), schema=self.schema)
        return self._table

    def to_polars(self) -> Any:
        """Return all rows as a polars DataFrame."""
        return _library("polars").from_arrow(self.to_arrow())

    def to_pandas(self) -> Any:
        """Return all rows as a pandas DataFrame, in Arrow's types: whole numbers stay whole beside NULL."""
        pandas = _library("pandas")
        return self.to_arrow().to_pandas(types_mapper=pandas.ArrowDtype)

    def close(self) -> None:
        """Stop the query, if its rows have not all come."""
        self._response.close()

    def __enter__(self) -> Result:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<answer {self.query_id}: to_arrow(), to_polars(), to_pandas(), {len(self.notices)} notices>"


class _Body:
    """The body of an answer as a file that is read once."""

    closed = False

    def __init__(self, response: requests.Response) -> None:
        self._chunks = response.iter_content(CHUNK_BYTES)
        self._rest = b""
        self.size = 0

    def read(self, size: int) -> bytes:
        """Read so many bytes; fewer at the end only."""
        parts = [self._rest]
        length = len(self._rest)
        while length < size and (chunk := next(self._chunks, b"")):
            parts.append(chunk)
            length += len(chunk)
            self.size += len(chunk)
        whole = b"".join(parts)
        self._rest = whole[size:]
        return whole[:size]

    def expect_end(self) -> None:
        """Read on to where the server says that the answer is whole; raises if it never does."""
        with whole_or_nothing():
            while self.read(CHUNK_BYTES):
                pass

    def readable(self) -> bool:
        """It can be read."""
        return True

    def close(self) -> None:
        """Do nothing."""


@contextmanager
def _spoilt(arrow: ModuleType) -> Iterator[None]:
    """Say of a stream that Arrow cannot read on that it is not whole."""
    try:
        yield
    except arrow.ArrowInvalid as error:
        raise TrinoConnectionError("the answer broke off; what came so far is not whole") from error


def _library(name: str) -> ModuleType:
    """Import what is needed only for this, or say how to get it."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f"this needs {name}: pip install {name}") from error
