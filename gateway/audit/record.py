"""What happened to a query -> the lines of the audit log: one canonical JSON text each, versioned.

A query leaves two records: a decision before any port is asked and an outcome before its last page leaves, or a single
refusal; an alarm comes beside them. A line is UTF-8 JSON with sorted keys and no blanks, and its numbers are integers,
so that equal records are equal bytes for every reader. `sent_sql` comes in with the keys of keyed masks already
redacted.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

SCHEMA = 1
"""The version of the record's shape; a reader refuses one that it does not know."""

ALL_USES = "all"
"""Stands for the six uses of a column in `asked`."""
Asked = Mapping[str, Mapping[str, str]]
"""`port.schema.table` -> column -> its uses, separated by blanks; so that an edit of agreements can be tried on it."""

State = Literal["finished", "failed", "cancelled", "interrupted", "refused"]


@dataclass(frozen=True, slots=True)
class RecordedPartner:
    """Who asked; of the token only its id."""

    id: str
    organisation: str
    organisation_class: str
    roles: tuple[str, ...]
    token_id: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    """What agreements could refer to."""


@dataclass(frozen=True, slots=True)
class RecordedTable:
    """What one query was let to see of one port's table."""

    port: str
    table: str
    """Such as `pola.vessel_visit`, or `freight.vessel_calls` for the port's part of a canonical table."""
    columns: tuple[str, ...]
    masks: Mapping[str, str]
    """Column -> kind of mask."""
    conditions: tuple[str, ...]
    """Row conditions in words, one for each alternative; none means all rows."""
    agreements: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DecisionRecord:
    """A query that was admitted: written before any port is asked."""

    query: str
    time: str
    """UTC, as `2026-11-22T16:45:06.123Z`."""
    partner: RecordedPartner
    purpose: str
    client: str
    sql: str
    sent_sql: str
    tables: tuple[RecordedTable, ...]
    revisions: Mapping[str, str]
    """Port -> digest of its agreements in force."""
    decision: str
    """The id of OPA's decision."""
    build: str
    """Which gateway decided."""
    partial: bool = False
    asked: Asked = field(default_factory=dict)
    seen_as: RecordedPartner | None = None
    """For a preview: the partner as whom a port's steward, who stands in `partner`, looked."""
    place: str = ""
    """`catalog.schema` of the session, where its names were looked for; empty for the canonical schema."""


@dataclass(frozen=True, slots=True)
class OutcomeRecord:
    """How an admitted query ended: written before its last page leaves."""

    query: str
    time: str
    decision_index: int
    """Where in the log the query's decision stands."""
    state: State
    rows: int = 0
    bytes: int = 0
    ports: tuple[str, ...] = ()
    """The ports that gave to the answer."""
    code: str = ""
    duration_ms: int = 0


@dataclass(frozen=True, slots=True)
class RefusalRecord:
    """A query that no port was asked for."""

    query: str
    time: str
    partner: RecordedPartner
    purpose: str
    client: str
    sql: str
    code: str
    message: str
    tables: tuple[str, ...] = ()
    revisions: Mapping[str, str] | None = None
    decision: str = ""
    build: str = ""
    asked: Asked | None = None
    """None if the policy was not asked either."""
    seen_as: RecordedPartner | None = None
    place: str = ""


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """An access that the second wall refused: beyond what was admitted, or of a query that nobody admitted."""

    query: str
    """The query that Trino asked for; empty if no admitted query has its user string."""
    time: str
    user: str
    """Trino's user string, such as `gobiz-analyst#17`."""
    decision_index: int
    """Where in the log the query's decision stands; 0 if there is none."""
    operation: str
    """In the words of Trino's access control, such as `SelectFromColumns`; `malformed` if the question has no form."""
    target: str
    """The table, catalog, function or property that was asked for."""
    columns: tuple[str, ...]
    """The columns beyond what was granted."""
    count: int = 1
    """How many refusals this record stands for: those without a query are written once a second."""
    build: str = ""


@dataclass(frozen=True, slots=True)
class PublicationRecord:
    """A port's agreements that came into force."""

    query: str
    """Empty: it belongs to no query."""
    time: str
    port: str
    user: str
    """Who published them, such as `oakland-steward#publish`; `portgate#start` when a gateway starts with them."""
    revision: str
    serial: int
    made: str
    """When they were signed."""
    digest: str
    """SHA-256 of the bundle."""
    build: str = ""


Record = DecisionRecord | OutcomeRecord | RefusalRecord | AlarmRecord | PublicationRecord

KINDS: Mapping[type, str] = {
    DecisionRecord: "decision",
    OutcomeRecord: "outcome",
    RefusalRecord: "refusal",
    AlarmRecord: "alarm",
    PublicationRecord: "publication",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the caller that a record is durable."""

    index: int
    """Its place in the log, from 1, without gaps."""
    digest: str
    """SHA-256 of its line, in hexadecimal."""


def encode(record: Record) -> bytes:
    r"""Return the record's canonical line, without a line end.

    >>> encode(OutcomeRecord("q1", "2026-11-22T16:45:06.123Z", 7, "finished", rows=2, ports=("oakland",)))[:60]
    b'{"bytes":0,"code":"","decision_index":7,"duration_ms":0,"kin'
    """
    members = {"schema": SCHEMA, "kind": KINDS[type(record)], **asdict(record)}
    _check_numbers(members)
    text = json.dumps(members, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # half a surrogate pair has no UTF-8 form, but its JSON escape does
    return text.encode("utf-8", "backslashreplace")


def digest(line: bytes) -> str:
    """Return the SHA-256 of a line, in hexadecimal."""
    return hashlib.sha256(line).hexdigest()


def _check_numbers(value: object) -> None:
    """Refuse a number that two readers could print differently."""
    if isinstance(value, float):
        raise TypeError("an audit record holds whole numbers only")
    members = value.values() if isinstance(value, Mapping) else value if isinstance(value, list | tuple) else ()
    for member in members:
        _check_numbers(member)
