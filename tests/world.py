"""A small world for unit tests: two ports, one shared table, tables of their own, and what a policy may say."""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from gateway.kernel.authorise import ask, authorise, grant_of
from gateway.kernel.dialect import emit, read_text
from gateway.kernel.parse import parse
from gateway.kernel.resolve import Resolved, survey
from gateway.kernel.rewrite import guard_tables
from gateway.model import (
    AgreementGrant,
    Catalog,
    Column,
    Condition,
    Decision,
    Grant,
    Mask,
    Partner,
    Port,
    PortMapping,
    Table,
    TableDecision,
    TableName,
)

CALLS = TableName("california", "freight", "calls")
VISIT = TableName("los_angeles", "pola", "visit")
SHIP = TableName("oakland", "tos", "ship")

PARTNER = Partner("ana", "gobiz", "state_agency", ("analyst",), ("freight_resilience",), {}, "token-1")
KEYS = {"los_angeles": "aa11", "oakland": "bb22", "*": "dd44"}
NOW = "2026-11-22T16:45:06Z"


def _table(name: TableName, columns: dict[str, str], labor: Iterable[str] = ()) -> Table:
    return Table(
        name,
        {
            column: Column(column, type_, f"what {column} means", sensitivity="labor" if column in labor else "public")
            for column, type_ in columns.items()
        },
        f"what {name.table} holds",
    )


def _mapping(port: str, source: str, columns: dict[str, str], not_kept: dict[str, str]) -> PortMapping:
    select = read_text(source)
    assert isinstance(select, exp.Select)
    select.set("expressions", [])
    filled = {name: read_text(sql) for name, sql in columns.items()}
    return PortMapping(port, "calls", select, filled, not_kept)


CALL_COLUMNS = {
    "port_unlocode": "varchar",
    "call_id": "varchar",
    "ship": "varchar",
    "carrier": "varchar",
    "hours": "double",
    "arrived": "timestamp(3)",
    "crew_id": "varchar",
}
CATALOG = Catalog(
    ports={
        "los_angeles": Port("los_angeles", "Port of Los Angeles", "USLAX", "la@example.org", {}),
        "oakland": Port("oakland", "Port of Oakland", "USOAK", "oak@example.org", {}),
    },
    tables={
        CALLS: _table(CALLS, CALL_COLUMNS, labor=("crew_id",)),
        VISIT: _table(
            VISIT,
            {"id": "bigint", "ship": "varchar", "carrier": "varchar", "hrs": "double", "at": "timestamp(3)",
             "crew": "varchar", "docked": "date"},
            labor=("crew",),
        ),
        SHIP: _table(SHIP, {"vc_id": "varchar", "mmsi": "bigint"}),
    },
    mappings={
        "calls": {
            "los_angeles": _mapping(
                "los_angeles",
                'SELECT 1 FROM "los_angeles"."pola"."visit" AS "v"',
                {
                    "port_unlocode": "CAST('USLAX' AS VARCHAR)",
                    "call_id": 'CAST(CAST("v"."id" AS VARCHAR) AS VARCHAR)',
                    "ship": 'CAST("v"."ship" AS VARCHAR)',
                    "carrier": 'CAST("v"."carrier" AS VARCHAR)',
                    "hours": 'CAST("v"."hrs" AS DOUBLE)',
                    "arrived": 'CAST("v"."at" AS TIMESTAMP(3))',
                    "crew_id": 'CAST("v"."crew" AS VARCHAR)',
                },
                {},
            ),
            "oakland": _mapping(
                "oakland",
                'SELECT 1 FROM "oakland"."tos"."ship" AS "s"',
                {
                    "port_unlocode": "CAST('USOAK' AS VARCHAR)",
                    "call_id": 'CAST("s"."vc_id" AS VARCHAR)',
                    "ship": 'CAST(CAST("s"."mmsi" AS VARCHAR) AS VARCHAR)',
                },
                dict.fromkeys(("carrier", "hours", "arrived", "crew_id"), "Oakland does not keep it."),
            ),
        }
    },
    revision="c0ffee",
)  # fmt: skip

ALL: tuple[tuple[Condition, ...], ...] = ((),)


def gives(
    *columns: str, rows: tuple[tuple[Condition, ...], ...] = ALL, id: str = "a1", **masks: Mask | None
) -> AgreementGrant:
    """One agreement that shows `columns`, and masks those named with a mask."""
    return AgreementGrant(id, {**dict.fromkeys(columns), **masks}, rows, f"words of {id}")


def says(answers: dict[TableName, Iterable[AgreementGrant]], withheld: dict[str, str] | None = None) -> Decision:
    """A decision with these agreements, and one reason for every port."""
    tables = {name: TableDecision(tuple(agreements), withheld or {}) for name, agreements in answers.items()}
    return Decision("d1", {"los_angeles": "r1", "oakland": "r2"}, tables)


LA_CALLS = TableName("los_angeles", "freight", "calls")
OAK_CALLS = TableName("oakland", "freight", "calls")
EVERYTHING = says(
    {
        LA_CALLS: [gives(*CALL_COLUMNS)],
        OAK_CALLS: [gives("port_unlocode", "call_id", "ship")],
        VISIT: [gives("id", "ship", "carrier", "hrs", "at", "docked")],
        SHIP: [gives("vc_id", "mmsi")],
    }
)


def decided(sql: str, decision: Decision = EVERYTHING) -> tuple[Resolved, Grant]:
    """Take a text up to its grant."""
    statement = parse(sql)
    surveyed = survey(statement, CATALOG)
    ask(PARTNER, "freight_resilience", NOW, surveyed, CATALOG)
    grant = grant_of(decision, CATALOG, KEYS)
    return authorise(statement, surveyed, decision, grant)


def rewritten(sql: str, decision: Decision = EVERYTHING) -> str:
    """Take a text up to the SQL that would be sent."""
    resolved, grant = decided(sql, decision)
    return emit(guard_tables(resolved, grant))
