"""The audit log in a PostgreSQL database: several gateways write it, one turn after the other.

*Invariants*
- A turn holds the head's row; nobody else extends the tree before it is committed or gone.
- A server that does not fsync what it commits is refused.
- A connection that is lost while a turn is committed leaves open whether it was: the log itself is asked, once nothing
  of that turn can be under way any more, before its writer hears anything. Nothing is written a second time.
- Each gateway has a name that no other has at the same time (a lock of its session), and says once in BEAT_SECONDS that
  it lives, by the database's clock; whose last word is LEASE_SECONDS old is dead, and others close what it left open.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import Any, NoReturn, TypeVar, cast

import psycopg
from psycopg import sql

from gateway.adapters.audit_storage import SCHEMA, TABLES, AuditLost, Reader, Storage, Turn
from gateway.errors import AuditUnavailable

T = TypeVar("T")
Session = psycopg.Connection[tuple[Any, ...]]

PLACE = "portgate_audit"
"""The schema of the database that holds the tables."""
BEAT_SECONDS, LEASE_SECONDS = 5.0, 20.0
CONNECT_SECONDS = 3
NAME_SECONDS = 3.0
"""How long a session of ours that has died may hold our name."""
RESOLVE_SECONDS = 10.0
"""How long a writer waits to hear whether a turn was committed whose connection was lost."""
AGAIN_SECONDS = 0.2

_SESSION = {
    "lock_timeout": "8s",
    "statement_timeout": "30s",
    "idle_in_transaction_session_timeout": "8s",  # a gateway that hangs in its turn lets go of the head
    "tcp_keepalives_idle": "10",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
    "search_path": PLACE,
    "application_name": "portgate",
}
_MUST_BE_ON = ("fsync", "full_page_writes")
_DURABLE = ("on", "remote_apply")
"""Of synchronous_commit: what is committed is on the disk, here and on the standbys that the server waits for."""
_CORRUPT = ("XX001", "XX002", "58030")
"""The states of SQL for damaged data, a damaged index, and a disk that failed."""

_TABLES = (
    TABLES.replace("INTEGER", "BIGINT").replace("BLOB", "BYTEA")
    + "CREATE TABLE gateways (name TEXT PRIMARY KEY, seen TIMESTAMPTZ NOT NULL);\n"
    + "CREATE UNIQUE INDEX one_head ON head ((true));\n"
)
_HINT = "Nothing is answered while the audit log cannot be written; the gateway tries again by itself."
_LOST = "The gateway has stopped. Look at the database: what was acknowledged before must be in it."


class PostgresStorage(Storage):
    """The log in a database."""

    tends_seconds = BEAT_SECONDS
    _faulty = (psycopg.Error,)

    def __init__(self, conninfo: str, origin: str, ports: tuple[str, ...], gateway: str) -> None:
        """Connect, and make the tables if there are none; raises AuditUnavailable."""
        self._conninfo, self._origin, self._ports, self._gateway = conninfo, origin, ports, gateway
        self._session: Session | None = None
        self._backend = 0
        """The server's process behind the last session."""
        self._beat_at: float | None = None
        with self._faults():
            self._open()

    def commit(self, write: Callable[[Turn], T]) -> T:
        """Have something written in one turn, durable on return."""
        with self._faults():
            session = self._checked()
            with session.pipeline():  # what is written is sent on without waiting for each statement's answer
                turn = _begin(session)
                self._beat(session)
                done = write(turn)
                turn.put_head()
            try:
                _commit(session)
            except psycopg.OperationalError as error:
                if not session.closed:
                    raise
                self._resolve(turn, error)
            self._size = turn.frontier.size
            return done

    @contextlib.contextmanager
    def reading(self) -> Iterator[Reader]:
        """Open the log to be read, as it is now."""
        with reading(self._conninfo) as reader:
            yield reader

    def probe(self) -> None:
        """Check that the database answers; a lost connection is made anew."""
        with self._faults():
            if self._session is None:
                self._open()
            else:
                self._session.execute("SELECT 1")

    def gateways_alive(self) -> frozenset[str]:
        """Return the other gateways that write this log now; asked within a turn."""
        with self._faults():
            found = self._checked().execute(
                "SELECT name FROM gateways WHERE name <> %s AND seen > clock_timestamp() - make_interval(secs => %s)",
                (self._gateway, LEASE_SECONDS),
            )
            return frozenset(str(name) for (name,) in found.fetchall())

    def close(self) -> None:
        """Say goodbye, and let go of the connection."""
        if self._session is not None:
            with contextlib.suppress(psycopg.Error):
                self._session.execute("DELETE FROM gateways WHERE name = %s", (self._gateway,))
        self._let_go()

    # --- opening ----------------------------------------------------------------------------------------------------

    def _open(self) -> None:
        self._check_not_lost()
        session = _connect(self._conninfo)
        self._session = session
        _check_server(session)
        self._take_name(session)
        _make_tables(session, self._origin, self._ports)
        turn = _begin(session)
        if turn.meta("origin") != self._origin:
            _unavailable(f"the database holds the log {turn.meta('origin')}, and audit.origin says {self._origin}")
        self._take_size(turn.frontier.size)
        self._beat_at = None
        self._beat(session)
        _commit(session)

    def _take_name(self, session: Session) -> None:
        """Hold the gateway's name for as long as the session lives; a session of ours that hangs is ended."""
        until = time.monotonic() + NAME_SECONDS
        question = "SELECT pg_try_advisory_lock(hashtextextended(%s, 0))"
        while session.execute(question, (f"{PLACE} {self._gateway}",)).fetchall() != [(True,)]:
            if self._backend:
                with contextlib.suppress(psycopg.errors.InsufficientPrivilege):
                    session.execute("SELECT pg_terminate_backend(%s)", (self._backend,))
            if time.monotonic() > until:
                _unavailable(f"another gateway writes the log as {self._gateway}; give each its own audit.gateway")
            time.sleep(AGAIN_SECONDS)
        self._backend = session.info.backend_pid

    def _beat(self, session: Session) -> None:
        """Say that this gateway lives, unless it said so a moment ago; durable with the turn."""
        now = time.monotonic()
        if self._beat_at is None or now - self._beat_at >= BEAT_SECONDS / 2:
            session.execute(
                "INSERT INTO gateways (name, seen) VALUES (%s, clock_timestamp())"
                " ON CONFLICT (name) DO UPDATE SET seen = clock_timestamp()",
                (self._gateway,),
            )
            self._beat_at = now

    # --- faults -----------------------------------------------------------------------------------------------------

    def _resolve(self, turn: Turn, error: psycopg.Error) -> None:
        """Find out whether a turn was committed whose connection was lost; return if it was, else raise.

        Whoever holds the head's row knows that the server has done with that turn, one way or the other.
        """
        until = time.monotonic() + RESOLVE_SECONDS
        self._let_go()
        while True:
            try:
                self._open()
                if self._is_there(turn):
                    return
            except (psycopg.OperationalError, AuditUnavailable) as fault:
                self._let_go()
                if isinstance(fault, AuditLost):
                    raise
                if time.monotonic() > until:
                    _unavailable("it cannot be known whether the last records were written", error)
                time.sleep(AGAIN_SECONDS)
            else:
                _unavailable("the connection to the audit log was lost before anything was written", error)

    def _is_there(self, turn: Turn) -> bool:
        """Say whether what a turn appended is in the log; one that appended nothing is done again by its writer."""
        if turn.last is None:
            return False
        session = self._checked()
        now = _begin(session)
        found = now.run("SELECT leaf FROM records WHERE idx = ?", turn.last.index)
        session.execute("ROLLBACK")
        return bool(found) and bytes(found[0][0]) == turn.last.leaf

    def _told(self, error: Exception) -> AuditUnavailable:
        if isinstance(error, psycopg.Error) and error.sqlstate in _CORRUPT:
            return AuditLost(f"the database under the audit log failed: {_words(error)}", hint=_LOST)
        return fault(error)

    def _let_go(self) -> None:
        if self._session is not None:
            with contextlib.suppress(psycopg.Error):
                self._session.close()
        self._session = None

    def _checked(self) -> Session:
        self._check_not_lost()
        if self._session is None:
            _unavailable("the audit log was closed after a fault and is not open yet")
        return self._session


@contextlib.contextmanager
def reading(conninfo: str) -> Iterator[Reader]:
    """Open a log to be read, as it is now, beside running gateways; raises AuditUnavailable."""
    try:
        session = _connect(conninfo)
        try:
            session.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
            if session.execute("SELECT to_regclass('meta')").fetchall() == [(None,)]:
                _unavailable("there is no audit log in this database")
            reader = Reader(_runs(session))
            if reader.meta("schema") != str(SCHEMA):
                _unavailable("the database holds tables of another version, which this gateway cannot read")
            yield reader
        finally:
            session.close()
    except psycopg.Error as error:
        raise fault(error) from error


def _connect(conninfo: str) -> Session:
    try:
        session = psycopg.connect(
            conninfo, autocommit=True, connect_timeout=CONNECT_SECONDS, keepalives_idle=10, keepalives_interval=5,
            keepalives_count=3, tcp_user_timeout=10_000,
        )  # fmt: skip
    except psycopg.ProgrammingError as error:  # what the file holds is not connection info, and may hold a password
        raise AuditUnavailable("audit.postgres.conninfo_file does not say how to reach a database") from error
    settings = sql.SQL(", ").join(sql.SQL("set_config(%s, %s, false)") for _ in _SESSION)
    session.execute(sql.SQL("SELECT {}").format(settings), [word for item in _SESSION.items() for word in item])
    return session


def _check_server(session: Session) -> None:
    """Refuse a server that loses what it has committed when its power is cut."""
    for name in _MUST_BE_ON:
        if _shown(session, name) != "on":
            _unavailable(f"the database runs with {name} off, and would lose records when its power is cut")
    if _shown(session, "synchronous_commit") not in _DURABLE:
        session.execute("SET synchronous_commit = on")
    if session.execute("SELECT pg_is_in_recovery()").fetchall() != [(False,)]:
        _unavailable("the database is a standby, and cannot be written")


def _shown(session: Session, name: str) -> str:
    return str(session.execute("SELECT current_setting(%s)", (name,)).fetchall()[0][0])


def _make_tables(session: Session, origin: str, ports: tuple[str, ...]) -> None:
    """Make the tables if there are none: one gateway at a time looks."""
    session.execute("BEGIN ISOLATION LEVEL READ COMMITTED")
    session.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (PLACE,))
    if session.execute("SELECT to_regclass('meta')").fetchall() == [(None,)]:
        session.execute(sql.SQL("CREATE SCHEMA IF NOT EXISTS {}").format(sql.Identifier(PLACE)))
        session.execute(sql.SQL(cast(Any, _TABLES)))
    reader = Reader(_runs(session))
    if not reader.meta("schema"):
        session.execute("INSERT INTO head (size, peaks, logged) VALUES (0, '', '')")
        turn = Turn(_runs(session))
        for name, value in (("schema", str(SCHEMA)), ("origin", origin), ("ports", ",".join(ports))):
            turn.put_meta(name, value)
    elif reader.meta("schema") != str(SCHEMA):
        _unavailable("the database holds tables of another version, which this gateway cannot read")
    _commit(session)


def _begin(session: Session) -> Turn:
    """Begin a turn: wait for the head."""
    session.execute("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE")
    session.execute("SELECT size FROM head FOR UPDATE")
    return Turn(_runs(session))


def _commit(session: Session) -> None:
    if session.execute("COMMIT", prepare=False).statusmessage != "COMMIT":
        _unavailable("the database did not take what was written")


def _runs(session: Session) -> Callable[..., list[tuple[Any, ...]]]:
    def run(text: str, *values: Any) -> list[tuple[Any, ...]]:
        cursor = session.execute(cast(Any, _percented(text)), values)
        return cursor.fetchall() if text.startswith("SELECT") else []

    return run


@lru_cache
def _percented(text: str) -> str:
    """Write places for values as psycopg does; our texts have no question mark of another meaning."""
    return text.replace("?", "%s")


def _unavailable(message: str, cause: Exception | None = None) -> NoReturn:
    raise AuditUnavailable(message, hint=_HINT) from cause


def fault(error: Exception) -> AuditUnavailable:
    """Say what happened in words fit for a partner: no address and no value is in them."""
    return AuditUnavailable(f"the audit log's database cannot be used: {_words(error)}", hint=_HINT)


def _words(error: Exception) -> str:
    state = error.sqlstate if isinstance(error, psycopg.Error) else None
    return f"{type(error).__name__} ({state})" if state else "it does not answer"
