"""Two ways to ask the same thing through the official Python client: Trino itself, and Portgate as a partner."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
import trino
from trino.auth import JWTAuthentication


@dataclass(frozen=True)
class Side:
    """One server, and a login to it."""

    name: str
    tcp_port: int
    user: str
    token: str
    authority: Path

    def connect(self, **more: Any) -> Any:
        """A connection as the client's documentation shows it; `more` goes to `trino.dbapi.connect`."""
        session = requests.Session()
        session.verify = str(self.authority)
        session.trust_env = False  # REQUESTS_CA_BUNDLE would replace the stack's own authority
        settings: dict[str, Any] = {
            "host": "127.0.0.1",
            "port": self.tcp_port,
            "http_scheme": "https",
            "user": self.user,
            "auth": JWTAuthentication(self.token),
            "http_session": session,
            "timezone": "UTC",
        }
        return trino.dbapi.connect(**(settings | more))  # type: ignore[no-untyped-call]


Play = Callable[[Side], object]
"""What one program does; it gives what it saw, in plain values."""


@dataclass(frozen=True)
class Seen:
    """What one statement gave."""

    columns: list[tuple[Any, ...]] | None = None
    rows: list[Any] = field(default_factory=list)


@dataclass(frozen=True)
class Raised:
    """How one statement ended without rows."""

    kind: str
    error_name: str | None = None
    error_type: str | None = None
    error_code: int | None = None
    place: tuple[int, int] | None = None


def raised(error: Exception) -> Raised:
    """What a program can tell of an exception, without the words of its message."""
    if isinstance(error, trino.exceptions.TrinoQueryError):
        return Raised(type(error).__name__, error.error_name, error.error_type, error.error_code, error.error_location)
    return Raised(type(error).__name__)


def ask(side: Side, sql: str, params: object = None, **more: Any) -> Seen | Raised:
    """Ask one statement over a connection of its own."""
    connection = side.connect(**more)
    try:
        return run(connection.cursor(), sql, params)
    finally:
        connection.close()


def run(cursor: Any, sql: str, params: object = None) -> Seen | Raised:
    """Ask one statement."""
    try:
        cursor.execute(sql, params)
        rows = cursor.fetchall()
    except (trino.exceptions.Error, trino.exceptions.HttpError, ValueError) as error:
        return raised(error)
    columns = [tuple(column) for column in cursor.description] if cursor.description is not None else None
    return Seen(columns, rows)
