"""Small random documents, the partners and rows that can tell them apart, and what a row looks like to a partner.

Nothing here is shared with `gateway/policy/compare.py`: forms and rows are told apart by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import product
from typing import Any

from hypothesis import strategies as st

from gateway.model import (
    USES,
    AgreementGrant,
    AskedTable,
    Condition,
    JoinRule,
    Limits,
    Mask,
    Partner,
    Question,
    TableName,
    Use,
)
from gateway.policy import language
from gateway.policy.decide import decide
from gateway.policy.language import (
    Agreement,
    ColumnRule,
    Embargo,
    PartnerAttribute,
    Party,
    PortDocument,
    TableRule,
)

TABLE = "freight.calls"
TYPES = {"line": "varchar", "length": "integer", "at": "timestamp(3)", "day": "date", "open": "boolean"}
COLUMNS = ("line", "length", "at")
PURPOSES = ("freight_resilience", "emissions_reduction")
DAYS = ("2026-03-01", "2026-03-11", "2026-03-21")
NOON = "T12:00:00Z"
ORGANISATIONS = ("msc", "hapag")
CLASSES = ("ocean_carrier", "port_authority")

_TEXTS = ("b", "bx", "d")
_LINES = (None, "", "a", "b", "ba", "bx", "bxa", "by", "c", "d", "da", "e")
_LENGTHS = (None, 0, 1, 2, 3, 4)
_AGES = (24, 48)
Row = dict[str, Any]


# --- documents ------------------------------------------------------------------------------------------------------

_operand = st.sampled_from([*_TEXTS, PartnerAttribute("line")])
_line_conditions = st.one_of(
    st.builds(language.Condition, st.just("line"), st.sampled_from(["eq", "ne", "lt", "ge", "starts_with"]), _operand),
    st.builds(
        language.Condition,
        st.just("line"),
        st.sampled_from(["in", "not_in"]),
        st.lists(_operand, min_size=1, max_size=2).map(tuple),
    ),
    st.builds(language.Condition, st.just("line"), st.sampled_from(["is_null", "not_null"])),
)
_length_conditions = st.one_of(
    st.builds(
        language.Condition, st.just("length"), st.sampled_from(["eq", "ne", "lt", "le", "gt"]), st.integers(1, 3)
    ),
    st.builds(
        language.Condition, st.just("length"), st.just("between"), st.tuples(st.integers(1, 2), st.integers(2, 3))
    ),
    st.just(language.Condition("length", "is_null")),
    st.just(language.Condition("driver_id", "is_null")),
)
_alternatives = st.lists(st.one_of(_line_conditions, _length_conditions), min_size=1, max_size=2).map(tuple)
_rows = st.one_of(st.just(((),)), st.lists(_alternatives, min_size=1, max_size=2).map(tuple))
_uses = st.one_of(
    st.just(frozenset(USES)),
    st.sets(st.sampled_from(["select", "group", "join"]), min_size=1).map(frozenset),
)
_text_masks = st.sampled_from([Mask("null"), Mask("keyed_hash"), Mask("truncate", 1), Mask("truncate", 2)])
_masks = {
    "line": _text_masks,
    "length": st.sampled_from([Mask("constant", 7), Mask("band", 2), Mask("band", 3), Mask("band", 6)]),
    "at": st.sampled_from([Mask("time_grain", "day"), Mask("time_grain", "week"), Mask("time_grain", "month")]),
}


def _column_rule(column: str) -> st.SearchStrategy[ColumnRule]:
    return st.builds(ColumnRule, _uses, st.one_of(st.none(), _masks[column], _masks[column]))


_columns = st.fixed_dictionaries(
    {"line": _column_rule("line")},
    optional={column: _column_rule(column) for column in COLUMNS[1:]} | {"driver_id": st.just(ColumnRule())},
)
_embargoes = st.one_of(
    st.none(), st.none(), st.builds(Embargo, st.just("at"), st.sampled_from(_AGES), st.just("instant"))
)
_joins = st.sampled_from(
    [None, None, None, (), (JoinRule("freight.moves", frozenset({"hueneme"}), (("line", "carrier"),), "hashed"),)]
)
rules = st.builds(
    TableRule,
    st.sampled_from(["rows"] * 6 + ["statistics"]),
    st.just("A reason."),
    _columns,
    _rows,
    embargo=_embargoes,
    joins=_joins,
)
parties = st.builds(
    Party,
    st.sampled_from([(), (), (), (), ("msc",), ORGANISATIONS]),
    st.sampled_from([CLASSES, CLASSES, ("ocean_carrier",)]),
    st.sampled_from([(), (), (), (), ("planner",)]),
)
_dates = st.sampled_from([("2026-01-01", "2027-01-01"), ("2026-03-10", "2027-01-01"), ("2026-01-01", "2026-03-20")])


@st.composite
def agreements(draw: st.DrawFn, name: str) -> Agreement:
    """One agreement over the one table."""
    first, end = draw(_dates)
    return Agreement(
        id=name,
        party=draw(parties),
        purposes=draw(st.sampled_from([PURPOSES, PURPOSES[:1]])),
        from_day=first,
        until_day=end,
        reason="A reason.",
        tables={TABLE: draw(rules)},
        suspended=draw(st.sampled_from([False] * 6 + [True])),
        reciprocal=draw(st.sampled_from([False] * 6 + [True])),
        limits=Limits(queries_a_day=draw(st.sampled_from([None, None, 3]))),
    )


@st.composite
def documents(draw: st.DrawFn) -> dict[str, PortDocument]:
    """Two ports' documents."""
    return {
        port: PortDocument(
            port=port,
            organisation=f"port_of_{port}",
            contact="",
            suspended=draw(st.sampled_from([False] * 8 + [True])),
            withheld=draw(
                st.sampled_from([{}, {TABLE: {"line": "Lines are secret."}}, {TABLE: {"*": "Ask us first."}}])
            ),
            agreements=tuple(draw(agreements(f"{port}-{place}")) for place in range(draw(st.integers(least, most)))),
        )
        for port, least, most in (("oakland", 1, 3), ("hueneme", 0, 1))
    }


@st.composite
def edits(draw: st.DrawFn) -> tuple[dict[str, PortDocument], dict[str, PortDocument]]:
    """Documents before and after an edit: one agreement is another, stands elsewhere, or all is new."""
    old, new = draw(documents()), draw(documents())
    kind = draw(st.sampled_from(["one", "order", "all"]))
    mine = list(old["oakland"].agreements)
    if kind == "order":
        new = {**old, "oakland": replace(old["oakland"], agreements=tuple(reversed(mine)))}
    if kind == "one" and mine:
        place = draw(st.integers(0, len(mine) - 1))
        mine[place] = draw(agreements(mine[place].id))
        new = {**old, "oakland": replace(old["oakland"], agreements=tuple(mine))}
    return old, new


# --- partners and rows ----------------------------------------------------------------------------------------------


def partners() -> Iterator[Partner]:
    """Every partner that the documents can tell apart."""
    attributes: list[dict[str, str]] = [{}, {"line": "b"}, {"line": "bx"}, {"line": "c"}, {"port": "hueneme"}]
    for organisation, class_, roles, more in product(ORGANISATIONS, CLASSES, ((), ("planner",)), attributes):
        yield Partner("somebody", organisation, class_, roles, PURPOSES, more, "")


def rows(now: str) -> Iterator[Row]:
    """Every row that the documents can tell apart."""
    moment = datetime.fromisoformat(now).replace(tzinfo=None)
    edges = [moment - timedelta(hours=age) for age in _AGES]
    moments = [None, moment, *edges, *(edge - timedelta(seconds=1) for edge in edges)]
    for line, length, at in product(_LINES, _LENGTHS, moments):
        yield {"line": line, "length": length, "at": at}


# --- what a partner sees --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Seen:
    """The form in which one value is seen: 3 itself, 2 under `mask`, 1 as NULL, 0 without its row."""

    rank: int
    mask: Mask | None = None

    def tells_all_of(self, other: Seen) -> bool:
        """Whether the other form can be worked out from this one."""
        if self.rank != other.rank or self.mask == other.mask:
            return self.rank >= other.rank
        return _coarser(self.mask, other.mask)


def _coarser(mask: Mask | None, other: Mask | None) -> bool:
    assert mask is not None
    assert other is not None
    allowed: dict[tuple[str, object], list[tuple[str, object]]] = {
        ("truncate", 2): [("truncate", 1)],
        ("band", 2): [("band", 6)],
        ("band", 3): [("band", 6)],
        ("time_grain", "day"): [("time_grain", "week"), ("time_grain", "month")],
    }
    return (other.kind, other.value) in allowed.get((mask.kind, mask.value), [])


def grants(known: dict[str, PortDocument], partner: Partner, purpose: str, now: str) -> tuple[AgreementGrant, ...]:
    """What the live agreements of Oakland give."""
    name = TableName("oakland", *TABLE.split("."))
    asked = AskedTable(name, COLUMNS, {column: frozenset() for column in COLUMNS})
    return decide(known, Question(partner, purpose, now, (asked,))).tables[name].agreements


def seen(given: tuple[AgreementGrant, ...], column: str, uses: frozenset[Use], row: Row) -> Seen:
    """The form in which a partner sees one value of one row."""
    admitting = [grant for grant in given if any(all(_is_met(c, row) for c in one) for one in grant.rows)]
    giving = [g for g in admitting if column in g.columns and uses <= g.uses.get(column, frozenset(USES))]
    if any(grant.columns[column] is None for grant in giving):
        return Seen(3)
    for grant in giving:
        mask = grant.columns[column]
        return Seen(1) if mask is None or mask.kind == "null" else Seen(2, mask)
    return Seen(1 if admitting else 0)


def _is_met(condition: Condition, row: Row) -> bool:
    found, value = row[condition.column], condition.value
    if condition.op in ("is_null", "not_null"):
        return (found is None) == (condition.op == "is_null")
    if found is None:
        return False
    if isinstance(found, datetime):
        value = datetime.fromisoformat(str(value))  # type: ignore[assignment]
    return bool(_OPERATORS[condition.op](found, value))


_OPERATORS: dict[str, Any] = {
    "eq": lambda found, value: found == value,
    "ne": lambda found, value: found != value,
    "lt": lambda found, value: found < value,
    "le": lambda found, value: found <= value,
    "gt": lambda found, value: found > value,
    "ge": lambda found, value: found >= value,
    "in": lambda found, values: found in values,
    "not_in": lambda found, values: found not in values,
    "between": lambda found, values: values[0] <= found <= values[1],
    "starts_with": lambda found, value: found.startswith(value),
}
