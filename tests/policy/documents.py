"""Any document that the language can say, for property tests."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from gateway.model import PURPOSES, USES, JoinRule, Limits, Mask
from gateway.policy.language import (
    FIGURES,
    GRAINS,
    MOST,
    ORGANISATION_CLASSES,
    Agreement,
    ColumnRule,
    Condition,
    Contributor,
    Embargo,
    PartnerAttribute,
    Party,
    PortDocument,
    Statistics,
    TableRule,
)

PORTS = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")
names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
ids = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,6}){0,2}", fullmatch=True)
columns = st.one_of(names, st.sampled_from(("crane gang", "Größe", "a:b", '"', "#1")))
table_names = st.from_regex(r"[a-z][a-z0-9_]{0,8}\.[a-z][a-z0-9_]{0,8}", fullmatch=True)
sentences = st.from_regex(r"[A-Z][a-zé'\": §#,]{8,40}\.", fullmatch=True)
emails = st.sampled_from(("data-desk@oakland.example", "a@b.example"))
days = st.dates().map(str)
numbers = st.one_of(
    st.integers(-(10**17), 10**17), st.floats(allow_nan=False, allow_infinity=False, min_value=-1e9, max_value=1e9)
)
scalars = st.one_of(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=8), st.booleans(),
                    numbers)  # fmt: skip
operands = st.one_of(scalars, names.map(PartnerAttribute))
positive = st.one_of(st.integers(1, 10**6), st.floats(min_value=0.001, max_value=1e6))


def some(of: Any, most: int = 3, **more: Any) -> Any:
    return st.lists(of, min_size=1, max_size=most, **more).map(tuple)


def words(known: tuple[str, ...]) -> Any:
    return some(st.sampled_from(known), unique=True)


masks = st.one_of(
    st.sampled_from((Mask("null"), Mask("keyed_hash"))),
    scalars.map(lambda value: Mask("constant", value)),
    st.builds(
        lambda keep, fill: Mask("truncate", keep, fill), st.integers(0, 64), st.sampled_from(("", "*", "é", " "))
    ),
    st.sampled_from(GRAINS).map(lambda grain: Mask("time_grain", grain)),
    positive.map(lambda width: Mask("band", width)),
    positive.map(lambda width: Mask("geo_grid", width)),
)
column_rules = st.builds(ColumnRule, words(USES).map(frozenset), st.none() | masks)
conditions = st.one_of(
    st.builds(Condition, columns, st.sampled_from(("eq", "ne", "lt", "le", "gt", "ge")), operands),
    st.builds(Condition, columns, st.sampled_from(("in", "not_in")), some(operands)),
    st.builds(Condition, columns, st.just("between"), st.tuples(operands, operands)),
    st.builds(Condition, columns, st.sampled_from(("is_null", "not_null"))),
    st.builds(Condition, columns, st.just("starts_with"), names | names.map(PartnerAttribute)),
)
alternatives = some(conditions, unique_by=lambda condition: (condition.column, condition.op)).map(
    lambda found: tuple(sorted(found, key=lambda condition: condition.column))  # a file says each column once
)
joins = st.builds(
    JoinRule, table_names, words(PORTS).map(frozenset),
    some(st.tuples(columns, columns), unique_by=lambda pair: pair[0]), st.sampled_from(("clear", "hashed")),
)  # fmt: skip
statistics = st.builds(
    Statistics,
    some(st.builds(Contributor, columns, st.integers(2, 99), st.none() | st.floats(0.01, 1))),
    words(FIGURES),
)


@st.composite
def table_rules(draw: Any, reason: str) -> TableRule:
    terms = draw(st.none() | statistics)
    embargo = st.builds(Embargo, columns, st.integers(1, 9999), st.sampled_from(("instant", "day")))
    return TableRule(
        "statistics" if terms else "rows",
        draw(st.just(reason) | sentences),
        draw(st.dictionaries(columns, column_rules, min_size=1, max_size=3)),
        draw(st.just(((),)) | some(alternatives)),
        draw(st.none() | embargo),
        draw(st.none() | st.lists(joins, max_size=2).map(tuple)),
        terms,
    )


limits = st.builds(Limits, *[st.none() | st.integers(1, MOST)] * 3)


@st.composite
def agreements(draw: Any, name: str) -> Agreement:
    key = draw(words(("organisations", "organisation_classes", "roles")))
    parties = {
        one: draw(words(ORGANISATION_CLASSES) if one == "organisation_classes" else some(names, unique=True))
        for one in key
    }
    reason = draw(sentences)
    return Agreement(
        name, Party(**parties), draw(words(PURPOSES)), draw(days), draw(days), reason,
        draw(st.dictionaries(table_names, table_rules(reason), min_size=1, max_size=2)),
        draw(st.just("") | emails), draw(st.just("") | st.just("MOU 2023; § 4")), draw(st.booleans()),
        draw(st.booleans()), draw(limits),
    )  # fmt: skip


@st.composite
def documents(draw: Any) -> PortDocument:
    """Draw a document."""
    names_ = draw(st.lists(ids, max_size=3, unique=True))
    withheld = st.dictionaries(
        table_names, st.dictionaries(columns | st.just("*"), sentences, min_size=1, max_size=2), max_size=2
    )
    return PortDocument(
        draw(st.sampled_from(PORTS)), draw(names), draw(emails), draw(st.booleans()),
        tuple(draw(agreements(name)) for name in names_), draw(withheld),
    )  # fmt: skip
