"""No time zone that a partner chooses moves a row rule, an embargo or a mask."""

from __future__ import annotations

from dataclasses import replace

import pytest

from gateway.errors import VerificationFailed
from gateway.kernel.authorise import authorise, grant_of
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from gateway.kernel.resolve import survey
from gateway.kernel.rewrite import guard_tables
from gateway.kernel.verify import verify
from gateway.model import Condition, Grant, Mask, Scalar
from tests.world import CATALOG, KEYS, VISIT, gives, says

ZONED = "timestamp(6) with time zone"
VISITS = CATALOG.tables[VISIT]
COLUMNS = {**VISITS.columns, "at": replace(VISITS.columns["at"], type=ZONED)}
KNOWN = replace(CATALOG, tables={**CATALOG.tables, VISIT: replace(VISITS, columns=COLUMNS)})


def _sent(value: Scalar | tuple[Scalar, ...] | None, op: str = "le", mask: Mask | None = None) -> tuple[str, Grant]:
    rule = ((Condition("at", op, value), Condition("carrier", "eq", "MSC")),)  # type: ignore[arg-type]
    decision = says({VISIT: [gives("ship", rows=rule, at=mask)]})
    statement = parse("SELECT ship, at FROM los_angeles.pola.visit")
    grant = grant_of(decision, KNOWN, KEYS)
    resolved, grant = authorise(statement, survey(statement, KNOWN), decision, grant)
    return emit(guard_tables(resolved, grant)), grant


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("2026-11-20 16:45:06.000", "2026-11-20 16:45:06.000 UTC"),
        ("2026-11-20", "2026-11-20 UTC"),
        ("2026-11-20 16:45:06 UTC", "2026-11-20 16:45:06 UTC"),
        ("2026-11-20 16:45:06-08:00", "2026-11-20 16:45:06-08:00"),
        ("2026-11-20 16:45 +01:00", "2026-11-20 16:45 +01:00"),
    ],
)
def test_a_moment_in_a_rule_over_a_column_with_a_zone_says_its_own(value: str, said: str) -> None:
    sql, grant = _sent(value)

    assert f"\"at\" <= CAST('{said}' AS TIMESTAMP(6) WITH TIME ZONE)" in sql
    verify(sql, grant)


def test_each_moment_of_a_list_says_its_zone() -> None:
    sql, grant = _sent(("2026-11-20 10:00:00", "2026-11-21 10:00:00 UTC"), "in")

    assert sql.count(" UTC' AS TIMESTAMP(6) WITH TIME ZONE") == 4
    verify(sql, grant)


def test_a_condition_without_a_value_stays_as_it_is() -> None:
    sql, grant = _sent(None, "not_null")

    assert 'NOT "at" IS NULL' in sql
    verify(sql, grant)


def test_a_moment_without_a_zone_is_caught_on_its_way_out() -> None:
    sql, grant = _sent("2026-11-20 16:45:06")

    with pytest.raises(VerificationFailed, match="a moment of no zone"):
        verify(sql.replace("16:45:06 UTC", "16:45:06"), grant)


def test_another_zone_than_the_agreed_one_is_caught_on_its_way_out() -> None:
    sql, grant = _sent("2026-11-20 16:45:06")

    with pytest.raises(VerificationFailed, match="rows that no agreement admits"):
        verify(sql.replace("16:45:06 UTC", "16:45:06-08:00"), grant)


def test_a_day_that_a_mask_leaves_begins_at_midnight_utc() -> None:
    sql, grant = _sent("2026-11-20 16:45:06", mask=Mask("time_grain", "day"))

    assert "date_trunc('day', \"at\" AT TIME ZONE 'UTC') AS \"at\"" in sql
    verify(sql, grant)


def test_a_mask_that_lost_its_zone_is_caught_on_its_way_out() -> None:
    sql, grant = _sent("2026-11-20 16:45:06", mask=Mask("time_grain", "day"))

    with pytest.raises(VerificationFailed, match="a value not given"):
        verify(sql.replace(" AT TIME ZONE 'UTC'", ""), grant)
