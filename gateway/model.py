"""Every value that passes between the steps of a query: frozen, and no behaviour beyond looking things up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from sqlglot import exp

PURPOSES = ("freight_resilience", "goods_movement_efficiency", "emissions_reduction", "economic_competitiveness")
"""The four goals of the ports' memorandum of understanding (April 2023); a query declares one."""

CANONICAL_CATALOG, CANONICAL_SCHEMA = "california", "freight"

Use = Literal["select", "filter", "group", "join", "aggregate", "order"]
"""What a query does with a column: its value comes back, it chooses rows, makes groups, is set equal to a column of
another table, goes into a figure over many rows, or puts rows in order."""
USES: tuple[Use, ...] = ("select", "filter", "group", "join", "aggregate", "order")

Sensitivity = Literal["public", "restricted", "commercial", "confidential", "labor"]
Scalar = str | int | float | bool


class TableName(NamedTuple):
    """A table as Trino names it: for a port's own table the catalog is the port's id."""

    catalog: str
    schema: str
    table: str

    def __str__(self) -> str:
        return ".".join(self)


class Place(NamedTuple):
    """Where a session looks for names that are not written in full; empty parts mean the canonical schema."""

    catalog: str = ""
    schema: str = ""

    def full(self, catalog: str, schema: str, table: str) -> TableName:
        """A name with the parts that its text leaves out.

        >>> str(Place("oakland").full("", "", "vessel_calls"))
        'oakland.freight.vessel_calls'
        """
        catalog = catalog or self.catalog.lower() or CANONICAL_CATALOG
        return TableName(catalog, schema or self.schema.lower() or CANONICAL_SCHEMA, table)


CANONICAL = Place()


# --- who asks -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Partner:
    """Who asks, as a trusted token says it."""

    id: str
    organisation: str
    organisation_class: str
    roles: tuple[str, ...]
    purposes: tuple[str, ...]
    """The purposes this partner may declare."""
    attributes: Mapping[str, str]
    """What row conditions may refer to, such as `carrier_smdg` or `port`."""
    token_id: str


# --- what there is --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Term:
    """One shared definition that columns are tied to."""

    id: str
    title: str
    meaning: str
    type: str
    group: str
    unit: str = ""
    standard: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a table, tied to a shared definition."""

    name: str
    type: str
    """A Trino type, in Trino's own spelling."""
    meaning: str
    unit: str = ""
    standard: str = ""
    sensitivity: Sensitivity = "restricted"
    term: str = ""
    uses: frozenset[Use] = frozenset(USES)
    """In the catalog as a partner sees it: what the partner may do with the column."""


@dataclass(frozen=True, slots=True)
class Table:
    """A port's own table, or one of the canonical tables of `california.freight`."""

    name: TableName
    columns: Mapping[str, Column]
    meaning: str
    synthetic: bool = False
    freshness: str = ""
    """The column that tells how fresh the data is, or nothing."""


@dataclass(frozen=True, slots=True)
class PortMapping:
    """How one port fills one canonical table."""

    port: str
    table: str
    source: exp.Select
    """A SELECT without projections: FROM, joins, WHERE and GROUP BY over the port's own tables, catalog included."""
    columns: Mapping[str, exp.Expr]
    """For each canonical column that the port fills, the Trino expression over `source`."""
    not_kept: Mapping[str, str]
    """For each canonical column that the port cannot fill, why."""


@dataclass(frozen=True, slots=True)
class Port:
    """A seaport that keeps its data."""

    id: str
    title: str
    unlocode: str
    contact: str
    not_part: Mapping[str, str]
    """Canonical tables that the port cannot take part in, and why."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """All that is known of the ports' data; the same for every partner."""

    ports: Mapping[str, Port]
    tables: Mapping[TableName, Table]
    mappings: Mapping[str, Mapping[str, PortMapping]]
    """Canonical table -> port -> mapping."""
    revision: str
    """SHA-256 over the files it was read from."""
    terms: Mapping[str, Term] = field(default_factory=dict)
    """Term id -> shared definition."""


# --- what the policy says -------------------------------------------------------------------------------------------

Operator = Literal["eq", "ne", "lt", "le", "gt", "ge", "in", "not_in", "between", "is_null", "not_null", "starts_with"]
MaskKind = Literal["null", "constant", "keyed_hash", "truncate", "time_grain", "band", "geo_grid", "join_hash"]


@dataclass(frozen=True, slots=True)
class Condition:
    """`column` `op` `value`; partner attributes and embargoes are literals by now."""

    column: str
    op: Operator
    value: Scalar | tuple[Scalar, ...] | None = None


@dataclass(frozen=True, slots=True)
class Mask:
    """What stands where the value would stand; the type stays."""

    kind: MaskKind
    value: Scalar | None = None
    """constant: the value. truncate: how many characters stay. time_grain: `hour` to `year`. band: the width, in the
    column's unit. geo_grid: the width in degrees."""
    fill: str = ""
    """truncate: the character that stands for each one taken away; empty for none."""


JoinValues = Literal["clear", "hashed"]


@dataclass(frozen=True, slots=True)
class JoinRule:
    """One table that an agreement lets its own be joined with."""

    table: str
    """As agreements name it: `freight.vessel_calls`."""
    ports: frozenset[str]
    on: tuple[tuple[str, str], ...]
    """Column of the agreement's table, column of the other."""
    values: JoinValues
    """hashed: both sides show the column as a hash that all ports make alike for one organisation."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may leave under one agreement for one organisation; None where there is no limit."""

    rows: int | None = None
    """Rows in one answer."""
    queries_a_day: int | None = None
    """Queries in one UTC day."""
    bytes_a_day: int | None = None
    """Bytes of answers in one UTC day."""


class Limited(NamedTuple):
    """One agreement with limits that a query takes part of."""

    port: str
    agreement: str
    limits: Limits


@dataclass(frozen=True, slots=True)
class AgreementGrant:
    """What one live agreement gives of one table."""

    id: str
    columns: Mapping[str, Mask | None]
    """Granted columns; None shows the value itself."""
    rows: tuple[tuple[Condition, ...], ...]
    """Alternatives of conditions that all must hold; `((),)` is all rows, `()` is none."""
    reason: str
    """The port's own words."""
    uses: Mapping[str, frozenset[Use]] = field(default_factory=dict)
    """For each column that may not be used in all six ways, the ways it may."""
    joins: tuple[JoinRule, ...] | None = None
    """The tables it may be joined with; None: any."""
    limits: Limits = Limits()
    contact: str = ""
    """Whom to ask about this agreement; empty: the port's contact."""
    citation: str = ""
    """Where the agreement is written down, such as a contract's number."""


@dataclass(frozen=True, slots=True)
class TableDecision:
    """What the live agreements of a port give of one table, and what it says about the rest."""

    agreements: tuple[AgreementGrant, ...]
    withheld: Mapping[str, str] = field(default_factory=dict)
    """Columns that the port withholds from this partner, with the port's words where it has some."""


@dataclass(frozen=True, slots=True)
class AskedTable:
    """One table of a question; `name.catalog` is the port, and a canonical table is `<port>.freight.<table>`."""

    name: TableName
    columns: tuple[str, ...]
    uses: Mapping[str, frozenset[Use]] = field(default_factory=dict)
    """What the query may do with each column; one that is not named here is used in all six ways."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a text needs before it can be planned."""

    tables: tuple[AskedTable, ...] = ()
    """What the policy must be asked about."""
    relations: Mapping[TableName, frozenset[str]] = field(default_factory=dict)
    """The metadata relations that it reads, and which of their columns it may use."""


@dataclass(frozen=True, slots=True)
class Content:
    """What a metadata relation holds for one partner, column by column; a column that is absent is all NULL."""

    rows: int
    columns: Mapping[str, tuple[object, ...]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Facts:
    """What a text is told in place of what Trino knows: who asks, and what there is to see."""

    user: str = ""
    relations: Mapping[TableName, Content] = field(default_factory=dict)
    """A relation that is absent is none that this partner knows of."""


NO_FACTS = Facts()


@dataclass(frozen=True, slots=True)
class Spent:
    """What one organisation has had under one agreement on this UTC day."""

    queries: int = 0
    bytes: int = 0


@dataclass(frozen=True, slots=True)
class Question:
    """The one question to the policy: may this partner read these tables for this purpose?"""

    partner: Partner
    purpose: str
    now: str
    """The moment of the question, UTC, as `2026-11-22T16:45:06Z`: sent, so that an auditor can replay the decision."""
    tables: tuple[AskedTable, ...]
    spent: Mapping[str, Mapping[str, Spent]] = field(default_factory=dict)
    """Port -> agreement -> what the partner's organisation has had of it today; only agreements with limits."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The policy's answer, well formed."""

    id: str
    revisions: Mapping[str, str]
    """Port -> revision of the bundle whose agreements were in force."""
    tables: Mapping[TableName, TableDecision]


# --- what Trino may touch -------------------------------------------------------------------------------------------

Reach = Mapping[TableName, frozenset[str]]
"""The columns of the ports' own tables that one query may read; a table with none may be counted only."""


@dataclass(frozen=True, slots=True)
class Admission:
    """One query that is sent to Trino, as the second wall knows it."""

    user: str
    """The user string under which Trino runs it: no two queries share one."""
    reach: Reach
    query: str = ""
    decision_index: int = 0
    """Where in the log its decision stands; 0 for a probe of the gateway's own."""


@dataclass(frozen=True, slots=True)
class Beyond:
    """What Trino asked for beyond what was admitted."""

    operation: str
    target: str
    columns: tuple[str, ...] = ()


# --- what may come back ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that the partner is told about an answer; empty strings where a field does not apply."""

    code: str
    message: str
    port: str = ""
    table: str = ""
    column: str = ""


@dataclass(frozen=True, slots=True)
class Branch:
    """What one port gives of one table: its agreements, and for a canonical table how the port fills it."""

    port: str
    agreements: tuple[AgreementGrant, ...]
    mapping: PortMapping | None = None


@dataclass(frozen=True, slots=True)
class Grant:
    """What the policy allowed this query, table by table; a table that is absent may not be read."""

    tables: Mapping[TableName, tuple[Branch, ...]]
    known: Catalog
    """The whole catalog: rules may look at columns that the partner may not."""
    granted: Catalog
    """The catalog as this partner sees it for this purpose: granted tables and columns only."""
    mask_keys: Mapping[str, str]
    """Port -> hexadecimal key of its keyed-hash masks for this partner's organisation."""
