"""One query -> one HTTP answer, written while its rows arrive, and cancelled when its reader goes away.

*Invariants*
- Nothing is sent before the first page is there, so what fails early is a problem document with its own status.
- Whatever happens after that, an answer without its proper end is not a good answer in any format.
- Every way out of here ends in `answer.cancel()`, which does nothing after a good end.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from gateway.conversation import Page
from gateway.edge.audit_receipts import Receipts, receipt_headers
from gateway.edge.encode import notice_headers
from gateway.edge.formats.format import Format
from gateway.edge.front import Answered
from gateway.edge.problems import broken, problem_of, problem_response
from gateway.errors import GatewayError

STALLED_READER_SECONDS = 300.0
"""How long a page may wait for its reader to take it."""

_log = logging.getLogger("portgate.edge")

Headers = Sequence[tuple[bytes, bytes]]


class QueryResponse(Response):
    """Runs the query and writes its answer; made by the endpoint, called by the server."""

    def __init__(
        self,
        start: Callable[[], Awaitable[Answered]],
        format_: Format,
        headers: Headers = (),
        receipts: Receipts | None = None,
    ) -> None:
        super().__init__()
        self._receipts = receipts
        self._page_rows: list[int] = []
        self._start = start
        self._format = format_
        self._more_headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until the end or until the reader goes away, whichever comes first."""
        work = asyncio.ensure_future(self._run(scope, receive, send))
        gone = asyncio.ensure_future(until_gone(receive))
        try:
            await asyncio.wait({work, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            gone.cancel()
            if not work.done():
                work.cancel()
            await asyncio.gather(work, gone, return_exceptions=True)
        if not work.cancelled() and (error := work.exception()):
            raise error

    async def _run(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._start()
        except Exception as error:
            await _tell(error)(scope, receive, send)
            return
        try:
            await self._stream(answer, scope, receive, send)
        finally:
            await answer.cancel()

    async def _stream(self, answer: Answered, scope: Scope, receive: Receive, send: Send) -> None:
        pages = answer.pages()
        try:
            first = await anext(pages, Page())
            beginning = self._format.head(answer) + await self._written(first)
        except Exception as error:
            if isinstance(error, GatewayError):
                error.query_id = error.query_id or answer.id
            await _tell(error)(scope, receive, send)
            return
        await _take(send, self._head(answer))
        try:
            await _write(send, beginning)
            async for page in pages:
                await _write(send, await self._written(page))
            end, is_whole = self._format.tail(answer, await self._receipt(answer)), True
        except _ReaderStalled:
            return  # without a last chunk, so that whoever wakes up sees that it is not whole
        except Exception as error:
            note_unforeseen(error)
            end, is_whole = self._format.broken(problem_of(broken(error))), self._format.ends_when_broken
        if is_whole:
            await _take(send, {"type": "http.response.body", "body": end, "more_body": False})
        else:
            await _write(send, end)  # and no last chunk: the connection is cut

    async def _written(self, page: Page) -> bytes:
        """Write a page, in a thread where that takes long, so that others are answered meanwhile."""
        if page.rows:
            self._page_rows.append(page.rows)
        if self._format.is_heavy and page.rows:
            return await asyncio.to_thread(self._format.page, page)
        return self._format.page(page)

    async def _receipt(self, answer: Answered) -> dict[str, object] | None:
        """Return the receipt of an answer that has ended, for a format that has room for one."""
        if self._receipts is None or not self._format.tells_notices:
            return None
        return await self._receipts.of(answer, self._page_rows)

    def _head(self, answer: Answered) -> Message:
        headers = [
            (b"content-type", self._format.media_type.encode()),
            (b"portgate-query", answer.id.encode()),
            *self._more_headers,
        ]
        if self._receipts is not None:
            headers += receipt_headers(answer)
        if not self._format.tells_notices:
            headers += notice_headers(answer.notices)
        return {"type": "http.response.start", "status": 200, "headers": headers}


class _ReaderStalled(Exception):
    """The reader took nothing for too long."""


async def until_gone(receive: Receive) -> None:
    """Return once the client has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(send: Send, body: bytes) -> None:
    if body:
        await _take(send, {"type": "http.response.body", "body": body, "more_body": True})
        await asyncio.sleep(0)  # the server takes at once what nobody reads any more; let it tell us so


async def _take(send: Send, message: Message) -> None:
    try:
        async with asyncio.timeout(STALLED_READER_SECONDS):
            await send(message)
    except TimeoutError:
        raise _ReaderStalled from None


def _tell(error: Exception) -> Response:
    note_unforeseen(error)
    return problem_response(broken(error))


def note_unforeseen(error: Exception) -> None:
    """Log the kind of an unforeseen error and where it rose, never its text: that may hold a partner's data."""
    if isinstance(error, GatewayError):
        return
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f"{trace.tb_frame.f_code.co_filename}:{trace.tb_lineno}" if trace is not None else "?"
    _log.error("unforeseen %s at %s", type(error).__name__, place)
