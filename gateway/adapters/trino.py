"""Verified SQL -> pages of rows from Trino; the one place that asks a port for anything.

Each query logs in to Trino with a token of its own, signed by the gateway's key, that names the partner and the audit
receipt. Its values stay as Trino sends them. What Trino says of a failure reaches the partner only where it cannot
depend on data: where Trino says the very same of the statement alone, without a row read.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import time
from collections.abc import Iterable, Mapping
from pathlib import Path

import jwt
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlglot import exp

from gateway.adapters.trino_errors import Said, too_much, translated, unconfirmed
from gateway.adapters.trino_wire import Results, TrinoFailure, Wire, columns_of, count_of, path_of
from gateway.adapters.wall import Wall
from gateway.conversation import Page, Session
from gateway.errors import Broken, EngineUnavailable, Failed, GatewayError, PassedOn, VerificationFailed
from gateway.model import Admission, TableName
from gateway.session.properties import shortest
from gateway.settings import TrinoSettings

PROBE_SECONDS = 2.5
TOKEN_SECONDS = 3_600
CAPABILITIES = ("PARAMETRIC_DATETIME", "NUMBER")
"""What a client may say that it understands; it decides in which form Trino writes types and values."""


class Trino:
    """The engine that all ports' catalogs hang on."""

    def __init__(self, settings: TrinoSettings, wall: Wall) -> None:
        self._settings, self._wall = settings, wall
        self._wire = Wire(settings)
        self._probes = itertools.count(1)
        self._key = load_pem_private_key(Path(settings.key_file).read_bytes(), None)
        self._algorithm = _algorithm_of(self._key)

    async def start(self, sql: str, admission: Admission, session: Session = Session()) -> Running:  # noqa: B008
        """Send a query; nothing of its answer is read yet.

        Raises `EngineUnavailable`. What else can go wrong is raised as it is read: `Failed`, `PortTrouble` when a port
        may be to blame, or `VerificationFailed` when Trino asked the second wall for more than the admission, or did
        not ask it at all.
        """
        headers = self._headers(admission.user, session)
        self._wall.admit(admission)
        sending = asyncio.ensure_future(self._wire.send(sql, headers))
        try:
            results = await asyncio.shield(sending)
            path = path_of(results.nextUri)
        except asyncio.CancelledError:
            await asyncio.shield(self._abandon(sending, admission.user, headers))
            raise
        except GatewayError:
            self._wall.dismiss(admission.user)
            raise
        running = Running(self._wire, self._wall, admission.user, headers, path, self._settings.query_timeout_seconds)
        running.confirm = lambda said: self._confirmed(said, sql, admission, session)
        running.reads_nothing = not admission.reach
        return running

    def resume(self, user: str, path: str) -> Running:
        """Read a query on that another gateway has sent; `path` is where its next page is."""
        seconds = self._settings.query_timeout_seconds
        return Running(self._wire, self._wall, user, self._headers(user, Session()), path_of(path), seconds)

    async def validate(self, sql: str, admission: Admission, session: Session = Session()) -> None:  # noqa: B008
        """Have Trino look at a statement without reading a row; raise `Failed` in its own words if it is wrong."""
        running = await self.start(f"EXPLAIN (TYPE VALIDATE) {sql}", admission, session)
        running.confirm = _at_its_word  # as it is said of the statement alone
        while not (await running.turn()).last:
            pass

    async def _abandon(self, sending: asyncio.Future[Results], user: str, headers: Mapping[str, str]) -> None:
        """Stop a query that Trino may not have a name for yet: wait for the name first."""
        with contextlib.suppress(GatewayError):  # Trino ends a query by itself that nobody reads
            results = await sending
            await self._wire.cancel(path_of(results.nextUri), headers)
        self._wall.dismiss(user)

    async def _confirmed(self, said: Said, sql: str, admission: Admission, session: Session) -> Failed:
        """Let Trino's words pass only if it says them of the statement alone: VALIDATE analyses and reads no row."""
        try:
            await self.validate(sql, admission, session)
        except Said as again:
            if again.message == said.message:
                return _at_its_word_now(said)
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
        admission = Admission(f"{user}:{table.catalog}", {table: frozenset()})
        try:
            await self._try(_one_row_of(table), admission, PROBE_SECONDS)
        except (EngineUnavailable, Broken):
            raise
        except (GatewayError, TimeoutError):
            return False
        return True

    async def probe(self) -> None:
        """Raise `EngineUnavailable` unless Trino answers a query."""
        await self._try("SELECT 1", Admission(f"portgate-probe#{next(self._probes)}:ready", {}), 10)

    async def _try(self, sql: str, admission: Admission, seconds: float) -> None:
        """Run a query to its first rows and stop it."""
        async with asyncio.timeout(seconds):
            running = await self.start(sql, admission)
            try:
                while not (page := await running.turn()).rows and not page.last:
                    pass
            finally:
                await asyncio.shield(running.cancel())

    async def close(self) -> None:
        """Let the connections to Trino go."""
        await self._wire.close()

    def _headers(self, user: str, session: Session) -> dict[str, str]:
        capabilities = [name for name in CAPABILITIES if name in session.capabilities]
        language = {"X-Trino-Language": session.language} if session.language else {}
        return {
            "Authorization": f"Bearer {self._token(user)}",
            "Accept-Encoding": "identity",
            "Content-Type": "text/plain; charset=utf-8",
            "User-Agent": "portgate",
            "X-Trino-User": user,
            "X-Trino-Source": "portgate",
            "X-Trino-Time-Zone": session.time_zone,
            "X-Trino-Client-Capabilities": ",".join(capabilities),
            **_limit(session, self._settings.query_timeout_seconds),
            **language,
        }

    def _token(self, user: str) -> str:
        moment = int(time.time())
        claims = {"iss": "portgate", "sub": user, "iat": moment, "exp": moment + TOKEN_SECONDS}
        return jwt.encode(claims, self._key, algorithm=self._algorithm)  # type: ignore[arg-type]


class Running:
    """One query that Trino runs, known to the wall until it ends; its rows are read page by page."""

    def __init__(
        self, wire: Wire, wall: Wall, user: str, headers: Mapping[str, str], path: str, seconds: float
    ) -> None:
        self._ends_at = time.monotonic() + seconds
        self._wire, self._wall, self._user, self._headers = wire, wall, user, headers
        self._asked = ""
        self._gave_rows = False
        self.next = path
        """Where Trino has the page that comes next; empty once it has ended."""
        self.columns: tuple[tuple[str, str], ...] = ()
        self.signature = b""
        self.progress = 0
        """How much of the work is done, in percent, rounded down to tens."""
        self.reads_nothing = False
        """Whether the query reads no table: what goes wrong in it tells of the partner's own values alone."""
        self.confirm = _unsure

    async def turn(self) -> Page:
        """Ask Trino once for what comes next; there may be no rows in it."""
        if not self.next:
            raise Broken("an answer was read past its end")
        if time.monotonic() > self._ends_at:
            await self._cancel_if_reached()
            raise too_much("EXCEEDED_TIME_LIMIT")
        self._asked = self.next
        try:
            return await self._read(self._asked)
        except Said as said:
            raise (unconfirmed(said.__cause__) if self._gave_rows else await self.confirm(said)) from said.__cause__

    async def again(self) -> Page:
        """Ask for the last page once more."""
        if not self._asked:
            raise Broken("no page was read yet")
        return await self._read(self._asked)

    async def _read(self, path: str) -> Page:
        try:
            results = await self._wire.page(path, self._headers)
            if results.error is not None:
                self.next = ""
                failure = TrinoFailure(results.error)
                raise translated(failure, reads_nothing=self.reads_nothing) from failure
            self.next = path_of(results.nextUri, path)
            return self._taken(results)
        except PassedOn:
            raise  # who reads it on has the last word
        except VerificationFailed:
            self._wall.dismiss(self._user)
            await self._cancel_if_reached()
            raise
        except GatewayError as fault:
            if self._wall.dismiss(self._user):  # how Trino words a breach of the wall is not for the partner
                raise VerificationFailed("Trino asked for more than the query's grant") from fault
            raise

    def _taken(self, results: Results) -> Page:
        if results.columns and not self.columns:
            self.columns, self.signature = columns_of(results), bytes(results.columns)
        rows = count_of(results.data)
        if rows or self.columns or not self.next:
            self._wall.check(self._user)
        if not self.next:
            self._wall.dismiss(self._user)
        self._gave_rows = self._gave_rows or rows > 0
        self.progress = 100 if not self.next else int(results.stats.progressPercentage or 0) // 10 * 10
        return Page(bytes(results.data) if rows else b"", rows, not self.next)

    async def cancel(self) -> None:
        """Stop the query in Trino; nothing happens if it has ended."""
        path, self.next = self.next, ""
        try:
            if path:
                await self._wire.cancel(path, self._headers)
        finally:
            self._wall.dismiss(self._user)

    async def _cancel_if_reached(self) -> None:
        with contextlib.suppress(EngineUnavailable):  # Trino ends a query by itself that nobody reads
            await self.cancel()


def _limit(session: Session, ours: float) -> dict[str, str]:
    """Have Trino hold a client's own, shorter limit; ours is held here, for Trino asks the wall for each property."""
    seconds = shortest(session.properties)
    return {"X-Trino-Session": f"query_max_run_time={seconds:.3f}s"} if seconds < ours else {}


async def _unsure(said: Said) -> Failed:
    return unconfirmed(said.__cause__)


async def _at_its_word(said: Said) -> Failed:
    return said


def _at_its_word_now(said: Said) -> Failed:
    return Failed(said.message, hint=said.hint).named(said.trino_name)


def _one_row_of(table: TableName) -> str:
    source = exp.table_(table.table, table.schema, table.catalog, quoted=True)
    return exp.select("1").from_(source).limit(1).sql("trino")


def _algorithm_of(key: object) -> str:
    if isinstance(key, RSAPrivateKey):
        return "RS256"
    return "ES256" if isinstance(key, EllipticCurvePrivateKey) else "EdDSA"
