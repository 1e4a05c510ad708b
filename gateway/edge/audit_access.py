"""Who asks about the audit log -> as what they read it, and what of each record they may see.

*Invariants*
- An auditor sees whole records; a port's steward their port's view of those that concern it; everybody else their own
  questions and how they ended, without the SQL that was sent and without what Trino counted.
- Whatever is shown was first written to the log as read: who cannot be recorded is shown nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import Request

from gateway.audit.canonical import Members
from gateway.audit.record import ReadingRecord
from gateway.edge.bundles import is_steward
from gateway.errors import Denied
from gateway.log_search import OF_A_PORT, Asker, Role, Scope
from gateway.model import Partner
from gateway.moments import utc
from gateway.parts import AuditLog, Clock
from gateway.recording import recorded_partner

AUDITOR = "auditor"
WITNESS = "witness"
Identify = Callable[[Request], Awaitable[Partner]]


@dataclass(frozen=True, slots=True)
class LogReader:
    """Somebody who reads the log."""

    partner: Partner
    role: Role
    port: str = ""
    """A steward's or a witness's."""

    @property
    def scope(self) -> Scope:
        """What that lets them see."""
        return Scope(self.role, self.port, self.partner.organisation, self.partner.id)

    def may_see(self, kind: str, concerns: tuple[str, ...], asker: Asker) -> bool:
        """Say whether a record is theirs to read; `asker` is the organisation and id of who asked the query."""
        return self.scope.may_see(kind, concerns, asker)

    def seen(self, members: Members) -> Members:
        """Return what is shown of a record that `may_see` admits."""
        return self.scope.seen(members)


@dataclass(frozen=True)
class LogAccess:
    """How the log is read over HTTP: who may, and the record of it."""

    identify: Identify
    audit: AuditLog
    clock: Clock
    organisation: Callable[[str], str]
    """Port -> its own organisation, as far as it is known."""
    ports: tuple[str, ...]

    async def reader(self, request: Request) -> LogReader:
        """Say as what somebody reads the log; raises Unauthenticated."""
        partner = await self.identify(request)
        if AUDITOR in partner.roles:
            return LogReader(partner, "auditor")
        named_first = sorted(self.ports, key=lambda port: port != partner.attributes.get("port"))
        port = next((port for port in named_first if is_steward(partner, port, self.organisation(port))), "")
        return LogReader(partner, "steward", port) if port else LogReader(partner, "partner")

    async def auditor(self, request: Request) -> LogReader:
        """Say who reads what only auditors may; raises Unauthenticated, Denied."""
        reader = await self.reader(request)
        if reader.role != "auditor":
            raise Denied(f"{reader.partner.id} is no auditor", hint="an auditor can ask for it")
        return reader

    async def follower(self, request: Request, port: str) -> LogReader:
        """Say as what somebody copies a port's views; raises Unauthenticated, Denied."""
        reader = await self.reader(request)
        partner = reader.partner
        if reader.role == "auditor" or (reader.role, reader.port) == ("steward", port):
            return LogReader(partner, reader.role, port)
        if WITNESS in partner.roles and partner.attributes.get("port") == port:
            return LogReader(partner, "witness", port)
        raise Denied(f"{partner.id} may not copy what concerns {port[:60]}", hint="the port's witness and steward may")

    async def note(self, reader: LogReader, way: str, wanted: Mapping[str, str], found: int) -> None:
        """Write that somebody reads the log, before they are shown anything; raises AuditUnavailable."""
        concerns = (reader.port,) if reader.role in OF_A_PORT else ()
        record = ReadingRecord(
            "", utc(self.clock()), recorded_partner(reader.partner), reader.role, way, dict(wanted), found, concerns
        )
        await self.audit.append(record)
