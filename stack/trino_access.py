"""A login to a stack's Trino with the gateway's own key: for loading data and for tests, never for partners."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import jwt
import requests
import trino
from trino.auth import JWTAuthentication

from stack.faults import StackFault
from stack.layout import Home
from stack.settings import remembered

LOADER = "portgate-loader"
"""The only user that may write; everybody else may only SELECT."""


def connect(home: Home | Path, user: str = LOADER) -> Any:
    """Return a DB-API connection of trino-python-client to the stack's Trino as any user."""
    where = home if isinstance(home, Home) else Home(home.absolute())
    settings = remembered(where)
    if settings is None:
        raise StackFault(f"there is no stack in {where.root}", mend="run `portgate up` first")
    return trino.dbapi.connect(  # type: ignore[no-untyped-call]
        host="127.0.0.1",
        port=settings.tcp.trino,
        http_scheme="https",
        user=user,
        source="portgate-stack",
        auth=JWTAuthentication(token(where, user)),
        http_session=_session(where),
        timezone="UTC",
        http_headers={"Accept-Encoding": "identity"},
    )


def _session(home: Home) -> requests.Session:
    session = requests.Session()
    session.verify = str(home.ca_file)
    session.trust_env = False  # REQUESTS_CA_BUNDLE would replace the stack's own authority
    return session


def token(home: Home, user: str) -> str:
    """Return a login to Trino for any user, signed by the gateway's key."""
    now = int(time.time())
    claims = {"iss": "portgate", "sub": user, "iat": now, "exp": now + 12 * 3600}
    return jwt.encode(claims, home.trino_key.read_bytes(), algorithm="ES256")
