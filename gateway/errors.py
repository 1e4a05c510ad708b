"""Every way a query can end without rows.

GatewayError
├── Refused              the partner can fix it; no port was contacted
│   ├── Unauthenticated    the token says nothing we can trust
│   ├── BadRequest         the request itself is malformed
│   ├── NotParsed          the text is not one statement of Trino SQL
│   ├── NotAllowed         a statement, function or clause off the allow-list
│   ├── Unresolved         a name that the catalog does not know
│   ├── BadParameters, NoSuchStatement, BadProperty, NoTransaction    of a client's own session
│   └── Denied             the policy granted nothing here
│       └── PortSuspended    a port stopped its agreements while the answer was under way
├── Failed               Trino ran the query and it failed on the partner's own doing
├── Unavailable          try later; we stay closed meanwhile
│   ├── PolicyUnavailable, PortUnavailable, PortTrouble, EngineUnavailable, AuditUnavailable, IdentityUnavailable
│   ├── KernelUnavailable, TooMany, PassedOn
└── Broken               an invariant of ours failed; the query is never sent
    ├── VerificationFailed
    ├── CatalogFault       a catalog file is wrong; found at load
    └── PolicyFault        a port's document is not in the normal form of the agreement language; found at load
"""

from __future__ import annotations

from typing import Self


class GatewayError(Exception):
    """A query that ended without rows.

    `code` is stable once released. `hint` says what to do. `line` and `column` (both from 1) point into the
    partner's own text where the fault can be placed. `trino_name` is Trino's own name of the error, such as
    `TABLE_NOT_FOUND`, where it has one that tells nothing hidden. `query_id` is set by the pipeline once the query has
    one.
    """

    code = "error"
    trino_name = ""

    def __init__(self, message: str, *, hint: str = "", line: int | None = None, column: int | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.line = line
        self.column = column
        self.query_id = ""

    def named(self, trino_name: str) -> Self:
        """The same error, with Trino's own name of it."""
        self.trino_name = trino_name
        return self


class Refused(GatewayError):
    """The partner can fix it; no port was contacted."""

    code = "refused"


class Unauthenticated(Refused):
    """No token, or a token that no configured issuer stands behind."""

    code = "unauthenticated"


class BadRequest(Refused):
    """The request is malformed: not JSON, an unknown key, an unknown purpose."""

    code = "bad_request"


class NotParsed(Refused):
    """The text is not one statement of Trino SQL."""

    code = "not_parsed"


class NotAllowed(Refused):
    """A statement, function or clause that is not on the allow-list."""

    code = "not_allowed"


class Unresolved(Refused):
    """A name that the catalog does not know, or that the partner may not know of: the two look the same."""

    code = "unresolved"


class BadParameters(Refused):
    """The values for a prepared statement do not fit it."""

    code = "bad_parameters"


class NoSuchStatement(Refused):
    """The client's session holds no prepared statement of this name."""

    code = "no_such_statement"


class BadProperty(Refused):
    """A session property that is not open, or a value that it cannot have."""

    code = "bad_property"


class NoTransaction(Refused):
    """There is no transaction to end, or one is open already."""

    code = "no_transaction"


class Denied(Refused):
    """No agreement grants what the query needs."""

    code = "denied"


class PortSuspended(Denied):
    """A port has suspended the agreements that an answer under way stands on."""

    code = "port_suspended"

    def __init__(self, port: str) -> None:
        super().__init__(
            f"the port of {port} has suspended its agreements", hint="what came is not whole; ask the port"
        )
        self.port = port


class Failed(GatewayError):
    """Trino refused or failed the query because of what the partner wrote (a type error, a division by zero)."""

    code = "query_failed"


class Unavailable(GatewayError):
    """A part that the answer needs does not answer; nothing was released. Try again later."""

    code = "unavailable"


class PolicyUnavailable(Unavailable):
    """OPA gave no well-formed decision in time."""

    code = "policy_unavailable"


class EngineUnavailable(Unavailable):
    """Trino does not answer."""

    code = "engine_unavailable"


class PassedOn(Unavailable):
    """Trino has gone on from this page: another gateway reads the query on, or has read it to its end."""

    code = "passed_on"


class PortUnavailable(Unavailable):
    """A port's own database does not answer; `ports` names each."""

    code = "port_unavailable"

    def __init__(self, ports: tuple[str, ...], *, hint: str = "") -> None:
        names = ", ".join(ports)
        super().__init__(f"no answer from the database of: {names}", hint=hint)
        self.ports = ports


class PortTrouble(Unavailable):
    """Trino failed in a way that a port's database may have caused; the pipeline finds out which."""

    code = "port_trouble"


class AuditUnavailable(Unavailable):
    """The audit log cannot be written, so nothing may leave."""

    code = "audit_unavailable"


class IdentityUnavailable(Unavailable):
    """The issuer's keys cannot be read, so no token can be checked."""

    code = "identity_unavailable"


class KernelUnavailable(Unavailable):
    """No worker process is free to read the statement."""

    code = "kernel_unavailable"


class TooMany(Unavailable):
    """The partner's organisation has as many statements waiting to be read as it may have."""

    code = "too_many"


class Broken(GatewayError):
    """An invariant of the gateway failed; the query is never sent."""

    code = "broken"


class VerificationFailed(Broken):
    """The rewritten SQL is not what the grant allows."""

    code = "verification_failed"


class CatalogFault(Broken):
    """A catalog file is wrong: the message names file, key and mend."""

    code = "catalog_fault"


class PolicyFault(Broken):
    """A port's document is not in the normal form of the agreement language: the message names the place."""

    code = "policy_fault"
