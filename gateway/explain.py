"""What the gateway would do with a query: per port and table the agreements, what is masked, filtered or withheld."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.kernel.plan import Plan, Share
from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    Asked,
    Catalog,
    Decision,
    Limited,
    Notice,
    Question,
    Spent,
    TableName,
)


@dataclass(frozen=True, slots=True)
class ExplainedTable:
    """One port's part in one table of the query."""

    port: str
    table: str
    columns: tuple[str, ...]
    masked: dict[str, str]
    withheld: dict[str, str]
    """Columns that read as NULL or cannot be named, with the port's words."""
    partly: dict[str, str]
    """Columns that are shown in some of the rows only, and in which."""
    agreements: tuple[str, ...]
    reasons: tuple[str, ...]
    rows: tuple[str, ...]
    """The rows in words, one for each alternative; empty means all."""


@dataclass(frozen=True, slots=True)
class ExplainedLimit:
    """How much one agreement that takes part gives, and what the partner's organisation has had of it today."""

    port: str
    agreement: str
    rows: int | None
    """Rows in one answer; None here and below where there is no limit."""
    queries_a_day: int | None
    bytes_a_day: int | None
    queries_today: int
    bytes_today: int


@dataclass(frozen=True, slots=True)
class Explanation:
    """The decision on a query, without running it."""

    decision_id: str
    purpose: str
    decided_at: str
    tables: tuple[ExplainedTable, ...]
    notices: tuple[Notice, ...]
    ports_asked: tuple[str, ...]
    revisions: dict[str, str]
    limits: tuple[ExplainedLimit, ...] = ()
    read: tuple[TableName, ...] = ()
    """The tables of the query, by the names that it may have for them."""


def explained(plan: Plan, decision: Decision, question: Question, read: tuple[TableName, ...] = ()) -> Explanation:
    """Put a plan into the words of its reader."""
    tables = tuple(_explained(share, decision) for share in plan.shares)
    revisions = {port: decision.revisions[port] for port in plan.ports}
    limits = tuple(_limit(limited, question) for limited in plan.limited)
    return Explanation(
        decision.id, question.purpose, question.now, tables, plan.notices, plan.ports, revisions, limits, read
    )  # fmt: skip


def tables_read(asked: Asked, catalog: Catalog) -> tuple[TableName, ...]:
    """Name what a query reads: a canonical table once, unless the query names some of its ports only."""
    found: dict[TableName, None] = {}
    for table in asked.tables:
        _, schema, name = table.name
        ports = {other.name.catalog for other in asked.tables if other.name[1:] == (schema, name)}
        is_shared = schema == CANONICAL_SCHEMA and ports == set(catalog.mappings.get(name, ()))
        found[TableName(CANONICAL_CATALOG, schema, name) if is_shared else table.name] = None
    return (*found, *sorted(asked.relations))


def _limit(limited: Limited, question: Question) -> ExplainedLimit:
    most = limited.limits
    spent = question.spent.get(limited.port, {}).get(limited.agreement, Spent())
    return ExplainedLimit(
        limited.port, limited.agreement, most.rows, most.queries_a_day, most.bytes_a_day, spent.queries, spent.bytes
    )


def _explained(share: Share, decision: Decision) -> ExplainedTable:
    schema, table = share.table.split(".")
    answer = decision.tables[TableName(share.port, schema, table)]
    return ExplainedTable(
        share.port, share.table, share.columns, dict(share.masked), dict(answer.withheld), dict(share.partly),
        share.agreements, share.reasons, share.rows,
    )  # fmt: skip
