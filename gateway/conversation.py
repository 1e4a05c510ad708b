"""What passes between a client and the gateway: a question with its session, and the answer's pages; frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from gateway.model import Limited, Notice, Partner


@dataclass(frozen=True, slots=True)
class Session:
    """What a Trino client says of its session with each statement, checked; nobody but the client keeps any of it."""

    catalog: str = ""
    """Where names without a catalog are looked for; empty: the canonical catalog."""
    schema: str = ""
    time_zone: str = "UTC"
    """An IANA name or an offset such as `-08:00`."""
    language: str = ""
    """A BCP 47 tag."""
    source: str = ""
    tags: tuple[str, ...] = ()
    capabilities: frozenset[str] = frozenset({"PARAMETRIC_DATETIME"})
    properties: Mapping[str, str] = field(default_factory=dict)
    """Session properties by name, allow-listed ones only; those of ours begin with `portgate.`."""
    prepared: Mapping[str, str] = field(default_factory=dict)
    """Name -> the partner's own text of a prepared statement."""
    transaction: str | None = None
    """None: the client knows no transactions; empty: it has none open."""


@dataclass(frozen=True, slots=True)
class Change:
    """What a statement changes in the client's own session: Trino's response headers of the same names."""

    set_catalog: str = ""
    set_schema: str = ""
    set_session: Mapping[str, str] = field(default_factory=dict)
    clear_session: tuple[str, ...] = ()
    added_prepare: Mapping[str, str] = field(default_factory=dict)
    deallocated_prepare: tuple[str, ...] = ()
    started_transaction: str = ""
    clear_transaction: bool = False


@dataclass(frozen=True, slots=True)
class Preview:
    """A steward looks at their own port's data as a partner would see it."""

    steward: Partner
    """Who really asks."""
    port: str


@dataclass(frozen=True, slots=True)
class QueryRequest:
    """One question as it came in."""

    sql: str
    purpose: str
    partial: bool = False
    """Whether the partner takes an answer without the ports that do not answer."""
    client: str = ""
    """What the partner's program calls itself; for the audit log only, never trusted."""
    preview: Preview | None = None
    session: Session = Session()
    said: str = ""
    """The partner's own statement, where `sql` is the query that it means; empty: they are one."""
    refuses_withheld: bool = False
    """Whether the partner rather has no answer than NULL for a column that a port withholds."""


@dataclass(frozen=True, slots=True)
class Page:
    """Some rows of an answer, as Trino sent them."""

    data: bytes = b""
    """A JSON array of rows, each an array of values; empty where there are no rows."""
    rows: int = 0
    last: bool = False


@dataclass(frozen=True, slots=True)
class Position:
    """How far an answer has been read, and all that a gateway needs to read on: it goes out sealed, to the client."""

    query: str
    organisation: str
    partner: str
    user: str
    """The user string under which Trino runs the query."""
    decision_index: int
    began: str
    """When its decision was written, UTC, as in the log."""
    page: int
    """The number of the page that comes next, from 1."""
    next: str
    """Where Trino has it: the path of its own URI."""
    rows: int = 0
    bytes: int = 0
    """What came before that page."""
    ports: tuple[str, ...] = ()
    stands_on: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Port -> the agreements that the answer uses."""
    day: str = ""
    limited: tuple[Limited, ...] = ()
    missing: tuple[str, ...] = ()
    withheld: tuple[str, ...] = ()
    result: str = ""
    """The digest of what came before that page, as the outcome will have it."""


@dataclass(frozen=True, slots=True)
class Told:
    """An answer of the gateway's own: no query runs in Trino for it."""

    update_type: str = ""
    """Trino's word for a statement that gives no rows, such as `SET SESSION`."""
    columns: tuple[tuple[str, str], ...] = ()
    """Name and Trino type of each column."""
    rows: tuple[tuple[object, ...], ...] = ()
    change: Change = Change()
    notices: tuple[Notice, ...] = ()
    stops: str = ""
    """The id of a query that the statement asks to stop; it is the partner's own, or there is none."""
