"""Verified SQL -> pages of rows from Trino, through trino-python-client; the one place that asks a port for anything.

Each query logs in to Trino with a token of its own, signed by the gateway's key, that names the partner and the audit
receipt. Values come as Trino sends them (exact decimals and times as text). What Trino says of a failure reaches the
partner only where it cannot depend on data: where Trino says the very same of the statement alone, without a row read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import time
from collections.abc import AsyncIterator, Awaitable, Iterable
from pathlib import Path
from typing import Any, TypeVar

import jwt
import requests
import trino
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlglot import exp
from trino.auth import JWTAuthentication
from trino.exceptions import TrinoConnectionError, TrinoQueryError, TrinoUserError

from gateway.adapters.wall import Wall
from gateway.errors import Broken, EngineUnavailable, Failed, GatewayError, PortTrouble, VerificationFailed
from gateway.model import Admission, TableName
from gateway.settings import TrinoSettings

Rows = list[list[object]]
T = TypeVar("T")

PAGE_ROWS = 2_000
PROBE_SECONDS = 2.5
TOKEN_SECONDS = 3_600
MAX_CONNECTIONS = 64
"""How many connections to Trino are kept open for the next query."""

SAFE_ERRORS = frozenset(
    {
        "AMBIGUOUS_NAME", "COLUMN_TYPE_UNKNOWN", "EXPRESSION_NOT_AGGREGATE", "EXPRESSION_NOT_CONSTANT",
        "EXPRESSION_NOT_IN_DISTINCT", "EXPRESSION_NOT_SCALAR", "FUNCTION_NOT_AGGREGATE", "FUNCTION_NOT_FOUND",
        "FUNCTION_NOT_WINDOW", "INVALID_ORDER_BY", "INVALID_WINDOW_FRAME", "MISMATCHED_COLUMN_ALIASES",
        "MISSING_GROUP_BY", "MISSING_OVER", "NESTED_AGGREGATION", "NESTED_WINDOW", "NOT_SUPPORTED",
        "TOO_MANY_ARGUMENTS", "TYPE_MISMATCH", "UNEXPECTED_PARAMETERS", "INVALID_COLUMN_REFERENCE", "INVALID_LITERAL",
        "DUPLICATE_COLUMN_NAME",
    }
)  # fmt: skip
"""Errors that Trino finds in a statement. Some of these names come from running queries too, so that a name proves
nothing: `Trino._confirmed` does."""
OUR_OBJECTS = frozenset({"CATALOG_NOT_FOUND", "SCHEMA_NOT_FOUND", "TABLE_NOT_FOUND", "COLUMN_NOT_FOUND"})
"""Errors about a port's own objects: the partner cannot cause them, a port that lost a table can."""
VALUE_FAULTS = frozenset(
    {
        "java.lang.ArithmeticException", "java.lang.ArrayIndexOutOfBoundsException",
        "java.lang.IndexOutOfBoundsException", "java.lang.NegativeArraySizeException",
        "java.lang.NumberFormatException", "java.lang.StringIndexOutOfBoundsException", "java.time.DateTimeException",
    }
)  # fmt: skip
"""What Trino's own functions let fall on odd values (`mod(250, 0)`) and calls internal: no port has failed."""
DATA_ERROR = "the query failed on a value it met (a division by zero, a cast, an overflow or the like)"
NOT_POSSIBLE = "the query asks for something that the engine cannot do, in its form or on a value it met"


class Said(Failed):
    """A failure in Trino's own words, of which nobody knows yet whether they depend on data."""


_POSITION = re.compile(r"^line \d+:\d+: ")


class Trino:
    """The engine that all ports' catalogs hang on."""

    def __init__(self, settings: TrinoSettings, wall: Wall) -> None:
        self._settings, self._wall = settings, wall
        self._probes = itertools.count(1)
        self._key = Path(settings.key_file).read_bytes()
        self._algorithm = _algorithm_of(self._key)
        self._connections = requests.adapters.HTTPAdapter(pool_connections=1, pool_maxsize=MAX_CONNECTIONS)

    async def start(self, sql: str, admission: Admission) -> Running:
        """Send a query and wait until it has columns; its rows come with `Running.pages`.

        Raises `Failed`, `EngineUnavailable`, `PortTrouble` when a port may be to blame, or `VerificationFailed` when
        Trino asked the second wall for more than the admission, or did not ask it at all.
        """
        try:
            return await self._begin(sql, admission)
        except Said as said:
            raise await self._confirmed(said, sql, admission) from said.__cause__

    async def _begin(self, sql: str, admission: Admission) -> Running:
        running = Running(self._connect(admission.user).cursor(), self._wall, admission.user)
        self._wall.admit(admission)
        await running.ask(sql)
        return running

    async def _confirmed(self, said: Said, sql: str, admission: Admission) -> Failed:
        """Let Trino's words pass only if it says them of the statement alone: VALIDATE analyses and reads no row."""
        try:
            valid = await self._begin(f"EXPLAIN (TYPE VALIDATE) {sql}", admission)
            await valid.cancel()
        except Said as again:
            if again.message == said.message:
                return Failed(said.message, hint=said.hint)
        except GatewayError:
            pass  # Trino cannot say; the partner is told the less
        return unconfirmed(said.__cause__)

    async def silent_ports(self, tables: Iterable[TableName], user: str) -> tuple[str, ...]:
        """Name the ports among `tables` whose database gives no sign of life within `PROBE_SECONDS`."""
        first: dict[str, TableName] = {}
        for table in tables:
            first.setdefault(table.catalog, table)
        alive = await asyncio.gather(*(self._is_alive(table, user) for table in first.values()))
        return tuple(port for port, lives in zip(first, alive, strict=True) if not lives)

    async def _is_alive(self, table: TableName, user: str) -> bool:
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                admission = Admission(f"{user}:{table.catalog}", {table: frozenset()})
                running = await self.start(_one_row_of(table), admission)
                await running.cancel()
        except (EngineUnavailable, Broken):
            raise
        except (GatewayError, TimeoutError):
            return False
        return True

    async def probe(self) -> None:
        """Raise `EngineUnavailable` unless Trino answers a query."""
        async with asyncio.timeout(10):
            running = await self.start("SELECT 1", Admission(f"portgate-probe#{next(self._probes)}:ready", {}))
            await running.cancel()

    def _connect(self, user: str) -> Any:
        settings = self._settings
        return trino.dbapi.connect(  # type: ignore[no-untyped-call]
            host=settings.host,
            port=settings.port,
            http_scheme="https",
            http_session=self._session(),
            user=user,
            source="portgate",
            auth=JWTAuthentication(self._token(user)),
            timezone="UTC",
            request_timeout=(settings.connect_timeout_seconds, 30),
            max_attempts=1,
            legacy_primitive_types=True,
            session_properties={"query_max_run_time": f"{int(settings.query_timeout_seconds)}s"},
            http_headers={"Accept-Encoding": "identity"},
        )

    def _session(self) -> requests.Session:
        """A login of its own over connections that all queries share."""
        session = requests.Session()
        session.mount("https://", self._connections)
        session.verify = str(self._settings.ca_file) if self._settings.ca_file else True
        session.trust_env = False  # REQUESTS_CA_BUNDLE would replace our authority, a proxy would see the rows
        return session

    def _token(self, user: str) -> str:
        moment = int(time.time())
        claims = {"iss": "portgate", "sub": user, "iat": moment, "exp": moment + TOKEN_SECONDS}
        return jwt.encode(claims, self._key, algorithm=self._algorithm)


class Running:
    """One query that Trino runs, known to the wall until it ends; rows are read page by page, one page ahead."""

    def __init__(self, cursor: Any, wall: Wall, user: str) -> None:
        self._cursor, self._wall, self._user = cursor, wall, user
        self._page: Rows = []

    @property
    def columns(self) -> tuple[tuple[str, str], ...]:
        """Name and Trino type of each column."""
        return tuple((column[0], column[1]) for column in self._cursor.description or ())

    async def ask(self, sql: str) -> None:
        """Send the query, and wait for its first page."""
        asking = asyncio.ensure_future(asyncio.to_thread(_ask, self._cursor, sql))
        try:
            await self._heard(asyncio.shield(asking))
            await self.fill()
        except asyncio.CancelledError:
            await asyncio.shield(self.abandon(asking))
            raise

    async def fill(self) -> None:
        """Read the next page; it is empty when there is none."""
        page = await self._heard(asyncio.to_thread(_fetch, self._cursor))
        try:
            self._wall.check(self._user)
        except VerificationFailed:
            await self._cancel_if_reached()
            raise
        self._page = page
        if not page:
            self._wall.dismiss(self._user)

    async def _heard(self, answer: Awaitable[T]) -> T:
        """Wait for Trino's answer; how it words a breach of the wall is not for the partner."""
        try:
            return await answer
        except GatewayError as fault:
            if self._wall.dismiss(self._user):
                raise VerificationFailed("Trino asked for more than the query's grant") from fault
            raise

    async def pages(self) -> AsyncIterator[tuple[Rows, bool]]:
        """Each page, and whether it is the last; there is always a last one, even an empty one."""
        while True:
            page = self._page
            if page:
                await self.fill()
            last = not self._page
            yield page, last
            if last:
                return

    async def cancel(self) -> None:
        """Stop the query in Trino; nothing happens if it has ended."""
        try:
            await asyncio.to_thread(_cancel, self._cursor)
        finally:
            self._wall.dismiss(self._user)

    async def abandon(self, asking: asyncio.Future[None]) -> None:
        """Stop a query that Trino may not have a name for yet: cancel until the one who asks has come back."""
        while not asking.done():
            await self._cancel_if_reached()
            await asyncio.wait({asking}, timeout=0.1)
        asking.exception()  # nobody waits for it any more
        await self._cancel_if_reached()

    async def _cancel_if_reached(self) -> None:
        with contextlib.suppress(EngineUnavailable):  # Trino ends a query by itself that nobody reads
            await self.cancel()


def _one_row_of(table: TableName) -> str:
    source = exp.table_(table.table, table.schema, table.catalog, quoted=True)
    return exp.select("1").from_(source).limit(1).sql("trino")


def _ask(cursor: Any, sql: str) -> None:
    try:
        cursor.execute(sql)
    except Exception as error:
        raise translated(error) from error


def _fetch(cursor: Any) -> Rows:
    try:
        rows: Rows = cursor.fetchmany(PAGE_ROWS)
    except Exception as error:
        fault = translated(error)
        raise (unconfirmed(error) if isinstance(fault, Said) else fault) from error
    return rows


def _cancel(cursor: Any) -> None:
    try:
        cursor.cancel()
    except (requests.RequestException, trino.exceptions.Error) as error:
        raise EngineUnavailable("Trino did not take the cancellation") from error


def translated(error: Exception) -> GatewayError:
    """Turn what trino-python-client raised into one of ours, without a value, a host or a place in our SQL."""
    if isinstance(error, TrinoUserError):
        return _of_the_query(error)
    if isinstance(error, TrinoQueryError):
        if error.error_type == "INSUFFICIENT_RESOURCES":
            return Failed("the query needs more time or memory than one query may take", hint="ask for less at once")
        if (error.failure_info or {}).get("type") in VALUE_FAULTS:
            return _data_error()
        return PortTrouble("Trino could not read a port's data")
    if isinstance(error, (requests.RequestException, TrinoConnectionError, trino.exceptions.Error)):
        return EngineUnavailable("Trino, the query engine, does not answer", hint="try again in a minute")
    return EngineUnavailable("the query engine failed in a way that nobody foresaw", hint="tell the operator")


def _of_the_query(error: TrinoUserError) -> GatewayError:
    if error.error_name == "PERMISSION_DENIED":
        return VerificationFailed("Trino refused what the gateway had admitted")
    if error.error_name in OUR_OBJECTS:
        return PortTrouble("a port's table is not where the catalog says")
    if error.error_name in SAFE_ERRORS:
        return Said(_POSITION.sub("", error.message), hint="mend the expression and ask again")
    if error.error_name == "USER_CANCELED":
        return Failed("the query was cancelled")
    return _data_error()


def unconfirmed(error: BaseException | None) -> Failed:
    """What a partner is told in place of Trino's own words once rows may have been read: one of two fixed texts."""
    if isinstance(error, TrinoUserError) and error.error_name == "NOT_SUPPORTED":
        return Failed(NOT_POSSIBLE, hint="write it another way: a correlated subquery as a join, NULLs out of arrays")
    return _data_error()


def _data_error() -> Failed:
    return Failed(DATA_ERROR, hint="guard the expression: nullif(x, 0), try_cast(…), try(…)")


def _algorithm_of(key: bytes) -> str:
    loaded = load_pem_private_key(key, None)
    if isinstance(loaded, RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(loaded, EllipticCurvePrivateKey) else "EdDSA"
