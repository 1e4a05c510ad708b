"""An address, a token and a purpose -> connections of trino's client, SQLAlchemy engines, and answers."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from trino.auth import Authentication, JWTAuthentication
from trino.dbapi import Connection

from gateway.client.place import Place, read_place
from gateway.client.rest import Line, Members, Rest, session_for
from gateway.client.results import MEDIA_TYPE, Result
from gateway.client.showing import show_notices

CATALOG, SCHEMA = "california", "freight"
PROGRAM = "portgate-python"


@dataclass(frozen=True, slots=True)
class Portgate:
    """One gateway, as one partner asks it for one purpose."""

    place: Place
    auth: Authentication | None = field(repr=False)
    purpose: str = ""
    """May be left out where the token names a single purpose."""
    partial: bool = False
    """Whether an answer may be without the ports that do not answer."""
    verify: bool | str = True
    program: str = PROGRAM

    @classmethod
    def at(
        cls,
        address: str,
        *,
        token: str | None = None,
        auth: Authentication | None = None,
        purpose: str = "",
        partial: bool = False,
        verify: bool | str = True,
    ) -> Portgate:
        """Take an address (`https://HOST:PORT`, or a host), and a token or one of trino's authentications.

        `verify` names the file of the authority to trust, if it is not one that the system knows.
        """
        if token is not None and auth is not None:
            raise ValueError("give a token or auth, not both")
        return cls(read_place(address), JWTAuthentication(token) if token else auth, purpose, partial, verify)

    def connect(self, catalog: str = CATALOG, schema: str = SCHEMA, **more: Any) -> Connection:
        """Return a connection of trino's DB-API; `more` is what `trino.dbapi.connect` takes."""
        arguments: dict[str, Any] = {
            "host": self.place.host,
            "port": self.place.tcp_port,
            "http_scheme": self.place.scheme,
            "http_session": session_for(self.place, self.verify),
            "auth": self.auth,
            "verify": self.verify,
            "source": self.program,
            "session_properties": self._properties(),
            "allow_insecure_auth": self.place.is_loopback,
        }
        return Connection(catalog=catalog, schema=schema, **{**arguments, **more})

    def engine(self, catalog: str = CATALOG, schema: str = SCHEMA, *, quiet: bool = False, **more: Any) -> Any:
        """Return a SQLAlchemy engine that shows notices; `more` is what `sqlalchemy.create_engine` takes."""
        sqlalchemy = _sqlalchemy()
        host = f"[{self.place.host}]" if ":" in self.place.host else self.place.host
        address = f"trino://{host}:{self.place.tcp_port}/{catalog}/{schema}"
        engine = sqlalchemy.create_engine(address, **{"creator": lambda: self.connect(catalog, schema), **more})
        if not quiet:
            sqlalchemy.event.listen(engine, "after_cursor_execute", _show_warnings)
        return engine

    def sqlalchemy_url(self, catalog: str = CATALOG, schema: str = SCHEMA) -> str:
        """Return a URL for tools that take no engine; it holds the token.

        A URL cannot say that it is for HTTPS, and trino's dialect takes it for that at TCP port 443 only; at another,
        give the tool `connect_args={"http_scheme": "https"}` too.
        """
        if not isinstance(self.auth, JWTAuthentication) or self.place.scheme != "https":
            raise ValueError("a URL can hold a token only, for https only; use engine()")
        query = {
            "access_token": self.auth.token,
            "session_properties": json.dumps(self._properties()),
            "source": self.program,
            "verify": json.dumps(self.verify),
        }
        made = _sqlalchemy().URL.create(
            "trino", host=self.place.host, port=self.place.tcp_port, database=f"{catalog}/{schema}", query=query
        )
        return str(made.render_as_string(hide_password=False))

    def query(self, sql: str, *, quiet: bool = False) -> Result:
        """Ask a query: its notices are shown, and while rows come, how many; the rows are Arrow's, of exact types."""
        rest = self._rest()
        result = Result(rest.ask(self._question(sql), MEDIA_TYPE), not quiet, rest.text)
        if not quiet:
            show_notices(result.notices)
        return result

    def lines(self, sql: str) -> Iterator[Line]:
        """Ask a query and yield each line of its NDJSON answer: columns, rows, then notices and stats."""
        return self._rest().lines(self._question(sql))

    def _rest(self) -> Rest:
        return Rest(self.place, self.auth, self.verify, self.program)

    def _question(self, sql: str) -> Members:
        return {"sql": sql, "purpose": self.purpose, "partial": self.partial}

    def _properties(self) -> dict[str, str]:
        properties = {"portgate.purpose": self.purpose, "portgate.partial": "true" if self.partial else ""}
        return {name: value for name, value in properties.items() if value}


def connect(address: str, *, catalog: str = CATALOG, schema: str = SCHEMA, **who: Any) -> Connection:
    """Return a connection of trino's DB-API; `who` is what `Portgate.at` takes."""
    return Portgate.at(address, **who).connect(catalog, schema)


def engine(address: str, *, catalog: str = CATALOG, schema: str = SCHEMA, **who: Any) -> Any:
    """Return a SQLAlchemy engine; `who` is what `Portgate.at` takes."""
    return Portgate.at(address, **who).engine(catalog, schema)


def sqlalchemy_url(address: str, *, catalog: str = CATALOG, schema: str = SCHEMA, **who: Any) -> str:
    """Return a SQLAlchemy URL, which holds the token; `who` is what `Portgate.at` takes."""
    return Portgate.at(address, **who).sqlalchemy_url(catalog, schema)


def query(sql: str, address: str, *, quiet: bool = False, **who: Any) -> Result:
    """Ask a query; `who` is what `Portgate.at` takes."""
    return Portgate.at(address, **who).query(sql, quiet=quiet)


def _show_warnings(_connection: object, cursor: Any, *_: object) -> None:
    """Show the notices of a statement, which Trino's protocol carries as warnings."""
    show_notices([{"message": warning["message"]} for warning in cursor.warnings or ()])


def _sqlalchemy() -> Any:
    try:
        import sqlalchemy
        import trino.sqlalchemy  # noqa: F401  (registers the dialect)
    except ImportError as error:
        raise ImportError("this needs sqlalchemy: pip install sqlalchemy") from error
    return sqlalchemy
