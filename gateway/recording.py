"""Question, plan and ending of a query -> the records of the audit log."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from gateway.audit.record import (
    ALL_USES,
    AlarmRecord,
    DecisionRecord,
    OutcomeRecord,
    RecordedNotice,
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
    State,
)
from gateway.conversation import Position, QueryRequest
from gateway.errors import GatewayError
from gateway.kernel.plan import Plan
from gateway.model import USES, Admission, AskedTable, Beyond, Decision, Grant, Partner, Reach, Use
from gateway.moments import utc

MOST_QUOTED = 2_000
"""How long a text in quotes may be in a record; metadata of thousands of columns stands in one."""
_QUOTED = re.compile(r"'(?:[^']++|'')*+'")


def redacted(sql: str, grant: Grant) -> str:
    """The SQL that was sent, without the keys of its masks, and with the length alone of very long texts."""
    for port, key in grant.mask_keys.items():
        sql = sql.replace(key, f"<key of {port}>")
    return _QUOTED.sub(_shortened, sql) if len(sql) > MOST_QUOTED else sql


def _shortened(found: re.Match[str]) -> str:
    size = len(found[0]) - 2
    return found[0] if size <= MOST_QUOTED else f"'<{size} characters>'"


def recorded_partner(partner: Partner) -> RecordedPartner:
    return RecordedPartner(
        partner.id, partner.organisation, partner.organisation_class, partner.roles, partner.token_id,
        dict(partner.attributes),
    )  # fmt: skip


def _asking(partner: Partner, request: QueryRequest) -> tuple[RecordedPartner, RecordedPartner | None]:
    """Who really asks, and for a preview the partner as whom."""
    if request.preview is None:
        return recorded_partner(partner), None
    return recorded_partner(request.preview.steward), recorded_partner(partner)


def _place(request: QueryRequest) -> str:
    return ".".join(filter(None, (request.session.catalog, request.session.schema)))


def recorded_asked(tables: Iterable[AskedTable]) -> Mapping[str, Mapping[str, str]]:
    """Write what was asked, as short as it can be read back."""
    return {str(table.name): {c: _uses(table.uses.get(c, frozenset(USES))) for c in table.columns} for table in tables}


def recorded_reach(reach: Reach) -> Mapping[str, tuple[str, ...]]:
    """Write what Trino is let to read."""
    return {str(name): tuple(sorted(columns)) for name, columns in reach.items()}


def _uses(uses: frozenset[Use]) -> str:
    return ALL_USES if len(uses) == len(USES) else " ".join(use for use in USES if use in uses)


def decision_record(
    query: str, moment: datetime, partner: Partner, request: QueryRequest, decision: Decision, plan: Plan, grant: Grant,
    build: str, asked: tuple[AskedTable, ...] = (),
) -> DecisionRecord:  # fmt: skip
    """What is written before any port is asked."""
    tables = tuple(RecordedTable(s.port, s.table, s.columns, dict(s.masked), s.rows, s.agreements) for s in plan.shares)
    notices = tuple(RecordedNotice(n.code, n.port, n.table, n.column) for n in plan.notices if n.port)
    asker, seen_as = _asking(partner, request)
    return DecisionRecord(
        query, utc(moment), asker, request.purpose, request.client, request.said or request.sql,
        redacted(plan.sql, grant), tables, dict(decision.revisions), decision.id, build, request.partial,
        recorded_asked(asked), seen_as, _place(request), recorded_reach(plan.reach), notices,
        tuple(sorted({table.port for table in tables})),
    )  # fmt: skip


def refusal_record(
    query: str, moment: datetime, partner: Partner, request: QueryRequest, error: GatewayError, build: str,
    asked: tuple[AskedTable, ...] | None = None,
) -> RefusalRecord:  # fmt: skip
    """What is written when no port is asked; `asked` is None if the policy was not either."""
    asker, seen_as = _asking(partner, request)
    return RefusalRecord(
        query, utc(moment), asker, request.purpose, request.client, request.said or request.sql, error.code,
        error.message, build=build, asked=None if asked is None else recorded_asked(asked),
        seen_as=seen_as, place=_place(request), concerns=tuple(sorted({table.name.catalog for table in asked or ()})),
    )  # fmt: skip


def outcome_record(position: Position, moment: datetime, state: State, code: str, duration_ms: int) -> OutcomeRecord:
    """What is written before the last page leaves; the position is that behind all that was let out."""
    is_whole = state == "finished"
    return OutcomeRecord(
        position.query, utc(moment), position.decision_index, state, position.rows, position.bytes,
        position.ports if is_whole else (), code, duration_ms, position.missing if is_whole else (),
        position.withheld if is_whole else (), position.result, tuple(sorted(position.stands_on)),
    )  # fmt: skip


def per_port(executions: Iterable[Mapping[str, Any]]) -> dict[str, tuple[int, int]]:
    """Add up the rows and bytes that each port gave; the records are executions as JSON holds them.

    >>> a = {"trino": "a", "tables": [{"port": "oakland", "rows": 7}], "given": {"oakland": 90}}
    >>> b = {"trino": "b", "tables": [{"port": "oakland", "rows": 1}, {"port": "hueneme", "rows": 2}], "given": {}}
    >>> per_port([a, b, a])
    {'hueneme': (2, 0), 'oakland': (8, 90)}
    """
    rows: dict[str, int] = {}
    size: dict[str, int] = {}
    for record in {record["trino"]: record for record in executions}.values():
        for table in record["tables"]:
            rows[table["port"]] = rows.get(table["port"], 0) + table["rows"]
        for port, given in record["given"].items():
            size[port] = size.get(port, 0) + given
    return {port: (rows[port], size.get(port, 0)) for port in sorted(rows)}


def alarm_record(
    moment: datetime, user: str, admission: Admission | None, refused: Beyond, count: int, build: str
) -> AlarmRecord:
    """What is written when Trino asks for more than was admitted, or for a query that nobody admitted."""
    query, index = (admission.query, admission.decision_index) if admission else ("", 0)
    catalog, dot, _ = refused.target.partition(".")
    concerns = (catalog,) if dot else ()
    return AlarmRecord(
        query,
        utc(moment),
        user[:200],
        index,
        refused.operation,
        refused.target,
        refused.columns,
        count,
        build,
        concerns,
    )
