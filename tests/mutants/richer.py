"""A richer world: three ports, every operator, every mask, shared and own tables, columns that a port does not keep."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import sqlglot
from sqlglot import exp

from gateway.kernel.authorise import authorise, grant_of
from gateway.kernel.dialect import DIALECT, emit
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
    Port,
    PortMapping,
    Table,
    TableDecision,
    TableName,
)

VISIT = TableName("los_angeles", "pola", "visit")
BOX = TableName("los_angeles", "pola", "box")
SECRET = TableName("los_angeles", "pola", "secret")
SHIP = TableName("oakland", "tos", "ship")
SHEET = TableName("hueneme", "exports", "sheet")
CALLS = TableName("california", "freight", "calls")
BOXES = TableName("california", "freight", "boxes")

KEYS = {"los_angeles": "aa11", "oakland": "bb22", "hueneme": "cc33", "*": "dd44"}

COLUMNS: dict[TableName, dict[str, str]] = {
    VISIT: {"id": "bigint", "ship": "varchar", "carrier": "varchar", "hrs": "double", "at": "timestamp(3)",
            "docked": "date", "fee": "decimal(9,2)", "live": "boolean", "crew": "varchar"},
    BOX: {"no": "varchar", "visit_id": "bigint", "owner": "varchar", "weight": "double"},
    SECRET: {"id": "bigint", "ship": "varchar", "carrier": "varchar"},
    SHIP: {"vc_id": "varchar", "mmsi": "varchar", "line": "varchar", "pilot": "varchar"},
    SHEET: {"ref": "varchar", "name": "varchar", "kind": "varchar", "hours": "double"},
    CALLS: {"port_unlocode": "varchar", "call_id": "varchar", "ship": "varchar", "carrier": "varchar",
            "hours": "double", "arrived": "timestamp(3)", "crew_id": "varchar"},
    BOXES: {"port_unlocode": "varchar", "box": "varchar", "owner": "varchar", "weight": "double"},
}  # fmt: skip
LABOR = {"crew", "pilot", "crew_id"}

CALLS_FROM: dict[str, tuple[str, dict[str, str]]] = {
    "los_angeles": (
        'SELECT 1 FROM "los_angeles"."pola"."visit" AS "v"',
        {"port_unlocode": "CAST('USLAX' AS VARCHAR)", "call_id": 'CAST("v"."id" AS VARCHAR)', "ship": '"v"."ship"',
         "carrier": '"v"."carrier"', "hours": '"v"."hrs"', "arrived": '"v"."at"', "crew_id": '"v"."crew"'},
    ),
    "oakland": (
        'SELECT 1 FROM "oakland"."tos"."ship" AS "s"',
        {"port_unlocode": "CAST('USOAK' AS VARCHAR)", "call_id": '"s"."vc_id"', "ship": '"s"."mmsi"',
         "crew_id": '"s"."pilot"'},
    ),
    "hueneme": (
        """SELECT 1 FROM "hueneme"."exports"."sheet" AS "x" WHERE "x"."kind" <> 'NAVY'""",
        {"port_unlocode": "CAST('USNTD' AS VARCHAR)", "call_id": '"x"."ref"', "ship": '"x"."name"',
         "carrier": '"x"."kind"', "hours": '"x"."hours"'},
    ),
}  # fmt: skip
BOXES_FROM: dict[str, tuple[str, dict[str, str]]] = {
    "los_angeles": (
        'SELECT 1 FROM "los_angeles"."pola"."box" AS "b"',
        {"port_unlocode": "CAST('USLAX' AS VARCHAR)", "box": '"b"."no"', "owner": '"b"."owner"',
         "weight": '"b"."weight"'},
    ),
}  # fmt: skip


def _table(name: TableName) -> Table:
    columns = {
        column: Column(column, type_, f"what {column} means", sensitivity="labor" if column in LABOR else "public")
        for column, type_ in COLUMNS[name].items()
    }
    return Table(name, columns, f"what {name.table} holds")


def _mappings(table: TableName, filled: dict[str, tuple[str, dict[str, str]]]) -> dict[str, PortMapping]:
    return {port: _mapping(table, port, source, columns) for port, (source, columns) in filled.items()}


def _mapping(table: TableName, port: str, source: str, columns: dict[str, str]) -> PortMapping:
    select = sqlglot.parse_one(source, dialect=DIALECT)
    assert isinstance(select, exp.Select)
    select.set("expressions", [])
    filled = {name: sqlglot.parse_one(sql, dialect=DIALECT) for name, sql in columns.items()}
    absent = dict.fromkeys(set(COLUMNS[table]) - set(columns), "the port does not keep it")
    return PortMapping(port, table.table, select, filled, absent)


def catalog() -> Catalog:
    """All that is known here, made anew: a mutant may have changed the trees of the last one."""
    ports = (("los_angeles", "USLAX"), ("oakland", "USOAK"), ("hueneme", "USNTD"))
    return Catalog(
        ports={port: Port(port, f"Port of {port}", code, f"{port}@example.org", {}) for port, code in ports},
        tables={name: _table(name) for name in COLUMNS},
        mappings={"calls": _mappings(CALLS, CALLS_FROM), "boxes": _mappings(BOXES, BOXES_FROM)},
        revision="richer",
    )


def of(port: str, table: TableName = CALLS) -> TableName:
    """A shared table as a port's agreements name it."""
    return TableName(port, table.schema, table.table)


Rows = tuple[tuple[Condition, ...], ...]
ALL: Rows = ((),)


def gives(*columns: str, rows: Rows = ALL, id: str = "a1", **masks: Mask | None) -> AgreementGrant:
    """One agreement that shows `columns`, and masks those named with a mask."""
    return AgreementGrant(id, {**dict.fromkeys(columns), **masks}, rows, f"words of {id}")


def says(answers: dict[TableName, Iterable[AgreementGrant]]) -> Decision:
    """A decision with these agreements."""
    return Decision("d1", {}, {name: TableDecision(tuple(agreements)) for name, agreements in answers.items()})


@dataclass(frozen=True)
class Pair:
    """A query and what the policy said of it."""

    sql: str
    decision: Decision
    catalog: Catalog

    @cached_property
    def granted(self) -> Grant:
        """What may come back of all that there is."""
        return grant_of(self.decision, self.catalog, KEYS)

    @cached_property
    def _authorised(self) -> tuple[Resolved, Grant]:
        statement = parse(self.sql)
        return authorise(statement, survey(statement, self.catalog), self.decision, self.granted)

    @property
    def grant(self) -> Grant:
        """What may come back for this query."""
        return self._authorised[1]

    @property
    def resolved(self) -> Resolved:
        """The query bound to what was granted."""
        return self._authorised[0]

    @cached_property
    def text(self) -> str:
        """What the rewriter makes of it."""
        return emit(guard_tables(self.resolved, self.grant))


def when(column: str, op: str, value: object = None) -> Condition:
    """One condition."""
    return Condition(column, op, value)  # type: ignore[arg-type]


# --- what the policy says ---------------------------------------------------------------------------------------------

MSC: Rows = ((when("carrier", "eq", "MSC"),),)
SHORT: Rows = ((when("hours", "lt", 5),),)
CONDITIONS: tuple[Condition, ...] = (
    when("carrier", "eq", "MSC"),
    when("carrier", "ne", "MSC"),
    when("hrs", "lt", 5),
    when("hrs", "le", 5),
    when("id", "gt", 3),
    when("fee", "ge", 10.5),
    when("id", "eq", -3),
    when("hrs", "ne", 2.5),
    when("carrier", "in", ("MSC", "M'X")),
    when("id", "in", (1, 2)),
    when("carrier", "not_in", ("MSC", "")),
    when("carrier", "in", ()),
    when("carrier", "not_in", ()),
    when("hrs", "between", (1, 4)),
    when("docked", "between", ("2026-01-02", "2026-02-01")),
    when("carrier", "is_null"),
    when("hrs", "not_null"),
    when("carrier", "starts_with", "M"),
    when("at", "lt", "2026-11-01 00:00:00.5"),
    when("live", "eq", True),
)
OWN = {
    "one rule": says({VISIT: [gives("id", "ship", "hrs", rows=MSC)], SHIP: [gives("vc_id", "mmsi")]}),
    "alternatives": says(
        {
            VISIT: [
                gives(
                    "ship",
                    rows=(
                        (when("carrier", "eq", "MSC"), when("hrs", "lt", 5)),
                        (when("id", "ge", 2), when("hrs", "not_null"), when("live", "eq", True)),
                    ),
                ),
                gives("hrs", "id", rows=((when("docked", "lt", "2026-02-01"),),), id="a2"),
            ]
        }
    ),
    "masks": says(
        {
            VISIT: [
                gives("id", rows=MSC, ship=Mask("keyed_hash"), hrs=Mask("null"), docked=Mask("constant", "2020-01-01")),
                gives(
                    "ship",
                    rows=((when("hrs", "ge", 3),),),
                    id="a2",
                    carrier=Mask("constant", "withheld"),
                    hrs=Mask("constant", 0),
                ),
                gives("carrier", rows=((when("id", "lt", 2),),), id="a3", ship=Mask("constant", "a ship"), hrs=None),
            ]
        }
    ),
    "all rows, one column masked in some": says(
        {
            VISIT: [
                gives("id", ship=Mask("keyed_hash"), fee=Mask("constant", 1.5)),
                gives("ship", "fee", rows=MSC, id="a2"),
                gives("hrs", rows=(), id="a3"),
            ]
        }
    ),
    "no rows": says({VISIT: [gives("id", "ship", rows=())]}),
    "shown in part": says(
        {
            VISIT: [
                gives(
                    "id",
                    rows=MSC,
                    ship=Mask("truncate", 2, "*"),
                    carrier=Mask("truncate", 1),
                    hrs=Mask("band", 2),
                    at=Mask("time_grain", "month"),
                    docked=Mask("time_grain", "year"),
                    fee=Mask("band", 0.25),
                ),
                gives(
                    rows=((when("hrs", "ge", 3),),),
                    id="a2",
                    ship=Mask("join_hash"),
                    hrs=Mask("geo_grid", 0.5),
                    docked=Mask("time_grain", "month"),
                    fee=Mask("band", 5),
                ),
                gives(id="a3", rows=((when("id", "lt", 2),),), ship=Mask("keyed_hash"), hrs=None),
            ]
        }
    ),
}
SHARED = {
    "three ports": says(
        {
            of("los_angeles"): [
                gives("port_unlocode", "call_id", "ship", rows=MSC),
                gives("port_unlocode", "hours", rows=SHORT, id="a2", ship=Mask("keyed_hash")),
            ],
            of("oakland"): [gives("port_unlocode", "ship"), gives("call_id", rows=MSC, id="a2")],
            of("hueneme"): [gives("port_unlocode", "ship", "hours", "carrier", rows=SHORT)],
            of("los_angeles", BOXES): [gives("port_unlocode", "box", "weight", rows=((when("owner", "ne", "US"),),))],
            VISIT: [gives("id", "ship", rows=((when("live", "eq", True),),))],
            SHIP: [gives("vc_id")],
        }
    ),
    "two ports, masks": says(
        {
            of("los_angeles"): [
                gives(
                    "ship",
                    carrier=Mask("keyed_hash"),
                    hours=Mask("constant", 24.5),
                    arrived=Mask("constant", "2020-01-01 00:00:00"),
                )
            ],
            of("hueneme"): [
                gives("ship", rows=((when("ship", "starts_with", "M"),),), carrier=Mask("null")),
                gives("carrier", rows=((when("arrived", "lt", "2026-11-01 00:00:00"),),), id="a2"),
            ],
        }
    ),
}
OPERATORS = tuple(says({VISIT: [gives("ship", rows=((condition,),))]}) for condition in CONDITIONS)
QUERIES = {
    "one rule": (
        "SELECT ship FROM los_angeles.pola.visit",
        "SELECT count(*) FROM los_angeles.pola.visit WHERE ship = 'MSC'",
        "SELECT count(*) FROM los_angeles.pola.visit",
        "SELECT v.ship, s.mmsi FROM los_angeles.pola.visit v LEFT JOIN oakland.tos.ship s ON s.vc_id = v.ship",
        "SELECT a.id, b.id FROM los_angeles.pola.visit a, los_angeles.pola.visit b WHERE a.ship = b.ship",
        "SELECT vc_id FROM oakland.tos.ship s WHERE EXISTS (SELECT 1 FROM los_angeles.pola.visit v WHERE ship = mmsi)",
        "WITH a AS (SELECT ship, hrs FROM los_angeles.pola.visit) SELECT ship, sum(hrs) FROM a GROUP BY ship",
        "SELECT ship FROM los_angeles.pola.visit EXCEPT SELECT mmsi FROM oakland.tos.ship ORDER BY 1",
        "SELECT ship FROM los_angeles.pola.visit WHERE id IN (SELECT max(id) FROM los_angeles.pola.visit)",
        "SELECT id FROM los_angeles.pola.visit v WHERE v.ship = ANY (SELECT mmsi FROM oakland.tos.ship)",
        "SELECT v.ship, u.letter, u.n FROM los_angeles.pola.visit v "
        "CROSS JOIN UNNEST(split(v.ship, 'E')) WITH ORDINALITY AS u(letter, n)",
        "SELECT v.ship, l.n FROM los_angeles.pola.visit v "
        "CROSS JOIN LATERAL (SELECT count(*) AS n FROM oakland.tos.ship s WHERE s.vc_id = v.ship) AS l",
        "SELECT x.n, v.ship FROM (VALUES 1, 2) AS x(n) LEFT JOIN los_angeles.pola.visit v ON v.id = x.n",
        "SELECT ship FROM los_angeles.pola.visit TABLESAMPLE BERNOULLI (100)",
        "WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r WHERE n < 3) "
        "SELECT r.n, v.ship FROM r LEFT JOIN los_angeles.pola.visit v ON v.id = r.n",
        "SELECT s.sequential_number, v.ship FROM TABLE(sequence(start => 1, stop => 3)) s "
        "LEFT JOIN los_angeles.pola.visit v ON v.id = s.sequential_number",
        "SELECT filter(ARRAY[v.ship, 'x'], x -> x > 'M') FROM los_angeles.pola.visit v",
        "SELECT a.ship FROM (los_angeles.pola.visit a JOIN oakland.tos.ship b ON a.ship = b.vc_id)",
        "SELECT x FROM los_angeles.pola.visit AS v(x, y, z)",
        "SELECT ship, count(*) FILTER (WHERE hrs > 2) FROM los_angeles.pola.visit GROUP BY GROUPING SETS ((ship), ())",
        "TABLE los_angeles.pola.visit",
    ),
    "alternatives": ("SELECT id, ship, hrs FROM los_angeles.pola.visit",),
    "masks": (
        "SELECT ship FROM los_angeles.pola.visit",
        "SELECT hrs, docked FROM los_angeles.pola.visit",
        "SELECT id, carrier FROM los_angeles.pola.visit",
    ),
    "all rows, one column masked in some": ("SELECT id, ship, fee FROM los_angeles.pola.visit",),
    "shown in part": (
        "SELECT ship, hrs FROM los_angeles.pola.visit",
        "SELECT carrier, at FROM los_angeles.pola.visit",
        "SELECT docked, fee FROM los_angeles.pola.visit",
        "SELECT count(*) FROM los_angeles.pola.visit WHERE fee > 10 AND ship = 'MSC'",
    ),
    "no rows": ("SELECT ship FROM los_angeles.pola.visit", "SELECT count(*) FROM los_angeles.pola.visit"),
    "three ports": (
        "SELECT ship, hours FROM calls",
        "SELECT call_id FROM calls",
        "SELECT hours FROM calls WHERE port_unlocode = 'USLAX'",
        "SELECT carrier, ship FROM calls WHERE port_unlocode IN ('USOAK', 'USNTD')",
        "SELECT count(*) FROM calls",
        "SELECT ship FROM oakland.freight.calls UNION ALL SELECT ship FROM los_angeles.pola.visit",
        "SELECT c.ship, b.box FROM calls c JOIN boxes b ON b.port_unlocode = c.port_unlocode WHERE b.weight > 2",
        "SELECT vc_id FROM oakland.tos.ship s WHERE 2 > (SELECT count(*) FROM calls c WHERE c.call_id = s.vc_id)",
    ),
    "two ports, masks": (
        "SELECT carrier, hours FROM calls",
        "SELECT ship, arrived FROM calls",
        "SELECT ship FROM calls WHERE carrier IS NULL",
    ),
}
_CAPTURED = (
    "SELECT o.vc_id, (SELECT count(*) FROM los_angeles.freight.calls c) "
    "FROM (SELECT vc_id, 'MSC' AS carrier, 1e0 AS hours FROM oakland.tos.ship) o"
)
"""A partner who hopes that a rule's column binds to a column of his own."""
_CAPTURED_BESIDE = (
    "SELECT o.vc_id, l.n FROM (SELECT vc_id, 'MSC' AS carrier, 1e0 AS hours FROM oakland.tos.ship) o "
    "CROSS JOIN LATERAL (SELECT count(*) AS n FROM los_angeles.freight.calls) l"
)


def pairs() -> tuple[Pair, ...]:
    """All pairs, over a catalog of their own."""
    decisions, known = {**OWN, **SHARED}, catalog()
    asked = [(sql, decisions[name]) for name, queries in QUERIES.items() for sql in queries]
    asked += [(sql, SHARED["three ports"]) for sql in (_CAPTURED, _CAPTURED_BESIDE)]
    asked += [("SELECT ship FROM los_angeles.pola.visit", decision) for decision in OPERATORS]
    return tuple(Pair(sql, decision, known) for sql, decision in asked)
