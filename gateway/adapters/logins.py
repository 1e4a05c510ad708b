"""Tries to log in that failed -> login records, few however many they are.

Nothing of a token is kept but the subject that it claims, which nobody has proved. A record that cannot be written
changes nothing for who was turned away: they are.
"""

from __future__ import annotations

import base64
import logging

import orjson

from gateway.adapters.tally import Tally
from gateway.audit.record import LoginRecord
from gateway.errors import AuditUnavailable, Broken, GatewayError
from gateway.moments import utc
from gateway.parts import AuditLog, Clock

MAX_CLAIMED = 200
"""How much of a claimed subject is kept, in characters."""
MAX_MESSAGE = 200
MAX_TOKEN_CHARACTERS = 16_384
LONGEST_SECONDS = 60.0
"""How far apart the records of tries come that do not stop."""
OTHERS = "others at the same time"
"""What the record says that stands for the tries which found no place of their own."""

_Failed = tuple[str, str, str]
"""Code, claimed subject, message."""
_log = logging.getLogger("portgate.logins")


class Logins:
    """The failed logins of one gateway; belongs to one event loop."""

    def __init__(self, audit: AuditLog, clock: Clock, build: str, *, every_seconds: float = 1.0) -> None:
        self._audit, self._clock, self._build = audit, clock, build
        rest = ("unauthenticated", "", OTHERS)
        self._tally: Tally[_Failed, _Failed] = Tally(
            self._write, (rest, rest), every_seconds=every_seconds, longest_seconds=LONGEST_SECONDS
        )

    def note(self, error: GatewayError, token: str) -> None:
        """Somebody was turned away; `token` is what they showed, or nothing."""
        failed = (error.code, claimed_subject(token), error.message[:MAX_MESSAGE])
        self._tally.note(failed, failed)

    async def close(self) -> None:
        """Write what waits to be written."""
        await self._tally.close()

    async def _write(self, failed: _Failed, count: int) -> None:
        code, claimed, message = failed
        record = LoginRecord("", utc(self._clock()), code, claimed, count, message, self._build)
        try:
            await self._audit.append(record)
        except (AuditUnavailable, Broken) as error:
            _log.error("%d failed logins could not be written to the audit log: %s", count, error.code)


def claimed_subject(token: str) -> str:
    """Return what a token says of its subject, unproven and printable; empty if it says nothing.

    >>> claimed_subject("e30.eyJzdWIiOiJtYWxsb3J5XHUwMDA3In0.x"), claimed_subject("no token")
    ('mallory?', '')
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > MAX_TOKEN_CHARACTERS:
        return ""
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except ValueError:
        return ""
    subject = claims.get("sub") if isinstance(claims, dict) else None
    if not isinstance(subject, str):
        return ""
    return "".join(each if each.isprintable() else "?" for each in subject[:MAX_CLAIMED])
