"""What happened in the gateway -> the lines of the audit log: one canonical JSON text each (RFC 8785), versioned.

A query leaves a decision before any port is asked and an outcome before its last page leaves, or a single refusal; what
Trino then really ran follows as an execution. Alarms, logins that failed, policies that came into force, the gateway's
own starts and stops and each reading of the log are records too. `sent_sql` comes in with the keys of keyed masks
already redacted. Numbers are whole and at most 2^53, so that every reader of JSON reads them alike.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SCHEMA = 2
"""The version of the records' shape; a reader refuses one that it does not know."""

ALL_USES = "all"
"""Stands for the six uses of a column in `asked`."""
Asked = Mapping[str, Mapping[str, str]]
"""`port.schema.table` -> column -> its uses, separated by blanks; so that an edit of agreements can be tried on it."""

State = Literal["finished", "failed", "cancelled", "interrupted"]


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
class RecordedNotice:
    """What the partner is told of an answer, without its words: that a column is masked, a port missing."""

    code: str
    """Such as `column_masked`."""
    port: str
    table: str = ""
    column: str = ""


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
    reach: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """`port.schema.table`, as Trino names it -> the columns of it that Trino was let to read for the query."""
    notices: tuple[RecordedNotice, ...] = ()
    concerns: tuple[str, ...] = ()
    """The ports whose data it is about; they can read their part of it."""


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
    missing: tuple[str, ...] = ()
    """The ports that the answer came without."""
    withheld: tuple[str, ...] = ()
    """The ports that did not give all that was asked of them: columns, rows or groups."""
    result: str = ""
    """What was let out, in hexadecimal: page by page, SHA-256 over what it was before the page (32 zero bytes at first)
    and the SHA-256 of the page's rows as JSON; empty if nothing was."""
    concerns: tuple[str, ...] = ()


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
    build: str = ""
    asked: Asked | None = None
    """None if the policy was not asked either."""
    seen_as: RecordedPartner | None = None
    place: str = ""
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class AlarmRecord:
    """What should not have happened: an access that the second wall refused, a query that Trino ran beyond what was
    admitted or without it, a query of which Trino told nothing, a bundle that was refused."""

    query: str
    """The query that Trino asked for; empty if no admitted query has its user string."""
    time: str
    user: str
    """Trino's user string, such as `gobiz-analyst#17`."""
    decision_index: int
    """Where in the log the query's decision stands; 0 if there is none."""
    operation: str
    """In the words of Trino's access control, such as `SelectFromColumns`; `malformed` if the question has no form. Of
    what Trino ran: `unrecorded_query`, `beyond_grant`, `no_execution`, `malformed_event`. Of a bundle: `PublishBundle`.
    """
    target: str
    """The table, catalog, function or property that was asked for; of an unrecorded query that read nothing, Trino's
    id; of a bundle, the port."""
    columns: tuple[str, ...]
    """The columns beyond what was granted; of a bundle, why it was refused."""
    count: int = 1
    """How many this record stands for: what belongs to no query is written once a second; of `beyond_grant`, how many
    tables of the port were read beyond it."""
    build: str = ""
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PublicationRecord:
    """A port's agreements that came into force, new ones, suspended ones or old ones again; or the shared rules."""

    query: str
    """Empty: it belongs to no query."""
    time: str
    port: str
    """Whose agreements; `gateway` for the shared rules of the partnership."""
    user: str
    """Who published them, such as `oakland-steward#publish`; `portgate#start` when a gateway starts with them."""
    revision: str
    serial: int
    made: str
    """When they were signed."""
    digest: str
    """SHA-256 of the bundle."""
    build: str = ""
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReadTable:
    """What Trino says that it read of one port's table."""

    port: str
    table: str
    """As Trino names it, such as `pola.vessel_visit`; `_generated._generated_query` for what the port's own database
    made of its tables: joins, aggregates."""
    columns: tuple[str, ...]
    """What Trino's analysis found to be read of it; none of what a port made, whose tables stand beside it."""
    rows: int
    """How many rows the port gave to Trino, all reads of the table together."""
    bytes: int
    """How many bytes Trino read of the port's files; 0 where its connector does not say, as with databases."""


@dataclass(frozen=True, slots=True)
class ExecutionRecord:
    """What Trino really ran for a query, as its own event listener tells it; a decision may have several."""

    query: str
    """Empty for the gateway's question whether a port answers, and for what nobody admitted."""
    time: str
    decision_index: int
    """Where in the log the query's decision stands; 0 if there is none."""
    trino: str
    """Trino's id of the query; what is told twice of one counts once."""
    user: str
    """Trino's user string, such as `gobiz-analyst#17`; `portgate-probe#17:oakland` for the gateway's question whether
    the port answers, after query 17 failed."""
    state: str
    """In Trino's words, such as `FINISHED`."""
    tables: tuple[ReadTable, ...]
    code: str = ""
    """Trino's name of the error; empty if there was none."""
    given: Mapping[str, int] = field(default_factory=dict)
    """Port -> bytes of the rows that it gave to Trino, as Trino holds them; none of a port of which Trino does not say.
    """
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LoginRecord:
    """Somebody who was not let in; of the token only what it claimed about itself."""

    query: str
    """Empty: it belongs to no query."""
    time: str
    code: str
    claimed: str
    """The subject that the token named, unproven; empty if it could not be read."""
    count: int = 1
    """How many tries this record stands for: they are written once a second, and less often while they go on."""
    message: str = ""
    """What they were told."""
    build: str = ""
    concerns: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ServiceRecord:
    """The log was opened, or a gateway started or stopped: every port may know."""

    query: str
    """Empty: it belongs to no query."""
    time: str
    event: Literal["opened", "started", "stopped"]
    gateway: str
    """Which gateway, such as `gateway-1`; a log may have several."""
    build: str
    concerns: tuple[str, ...] = ()
    """All ports: what an entry of the log holds a value for."""
    origin: str = ""
    """The log's name; with the first record of a log, which is its record 0."""


@dataclass(frozen=True, slots=True)
class PruningRecord:
    """What records said was forgotten, for they were older than records are kept; that they were there stays proven.

    Whatever else is empty in a log was emptied by somebody else.
    """

    query: str
    """Empty: it belongs to no query."""
    time: str
    gateway: str
    """Which gateway did it, or `portgate audit prune`."""
    before: str
    """A moment: only records were pruned that are older."""
    low: int
    high: int
    """The records from `low` to `high`, which is not one of them."""
    concerns: tuple[str, ...] = ()
    """All ports."""


@dataclass(frozen=True, slots=True)
class ReadingRecord:
    """Somebody read the log."""

    query: str
    """Empty: it belongs to no query."""
    time: str
    reader: RecordedPartner
    role: str
    """As what: `auditor`, `steward`, `witness` or `partner`."""
    way: str
    """What was asked for, such as `search` or `export`."""
    wanted: Mapping[str, str]
    """The conditions."""
    found: int
    """How many records were shown."""
    concerns: tuple[str, ...] = ()


Record = (
    DecisionRecord | OutcomeRecord | RefusalRecord | AlarmRecord | PublicationRecord | ExecutionRecord | LoginRecord
    | ServiceRecord | ReadingRecord | PruningRecord
)  # fmt: skip

KINDS: Mapping[type, str] = {
    DecisionRecord: "decision",
    OutcomeRecord: "outcome",
    RefusalRecord: "refusal",
    AlarmRecord: "alarm",
    PublicationRecord: "publication",
    ExecutionRecord: "execution",
    LoginRecord: "login",
    ServiceRecord: "service",
    ReadingRecord: "reading",
    PruningRecord: "pruning",
}


@dataclass(frozen=True, slots=True)
class Receipt:
    """Proof for the caller that a record is durable."""

    index: int
    """Its place in the log, from 0, without gaps: the index of its leaf."""
    leaf: str
    """The hash of its leaf, in hexadecimal."""
