"""Flags: quiet on a normal month, and each attack is seen, with its reason and where it stands in the log."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from datetime import datetime, timedelta
from functools import cache
from time import perf_counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import Members
from gateway.flagging import KINDS, Flag, Flags, Thresholds, flags, frame_of, tokens_of
from gateway.settings import FlagSettings
from tests.audit.months import COLUMNS, FIRST, TEMPLATES, Month, decided, normal

SEED = 20_261_128
QUIET = 3
"""How many flags a normal month may have."""
AFTER = FIRST + timedelta(days=27)
"""A Wednesday within the month, after the learning."""
WHO = "analyst3-3"


def found(month: Month, thresholds: Thresholds | None = None) -> list[Flag]:
    records = month.records()
    return flags(records, decided(records), thresholds or Thresholds())


@cache
def usual() -> frozenset[tuple[str, str, str]]:
    return frozenset((flag.kind, flag.partner, flag.first) for flag in found(normal(SEED)))


@pytest.mark.parametrize("seed", [SEED, 1])
def test_a_normal_month_of_fifteen_partners_is_quiet(seed: int) -> None:
    month = normal(seed)

    assert len({record["partner"]["id"] for record in month.records() if "partner" in record}) == 15
    assert [(flag.kind, flag.reason) for flag in found(month)][QUIET:] == []


def differencing(month: Month) -> None:
    """Sixty nearly equal questions in ten hours, each without one carrier or another."""
    for number in range(60):
        at = AFTER + timedelta(hours=9, minutes=10 * number)
        text = f"SELECT sum(teu) FROM vessel_calls WHERE carrier_smdg <> 'C{number // 2}'"
        month.ask(WHO, at, text + (f" AND hours > {number}" if number % 2 else ""), ("teu", "carrier_smdg"))


def bulk_download(month: Month) -> None:
    for number in range(30):
        month.ask(WHO, AFTER + timedelta(hours=11, minutes=number), "SELECT * FROM vessel_calls", ("teu",), 100_000)


def probing(month: Month) -> None:
    for number in range(40):
        at = AFTER + timedelta(hours=13, minutes=number)
        month.ask(WHO, at, f"SELECT crew_{number} FROM vessel_calls", code="unresolved" if number % 3 else "denied")


def night_access(month: Month) -> None:
    for number in range(5):
        month.ask(WHO, AFTER + timedelta(days=1, hours=2, minutes=7 * number), TEMPLATES[2], ("teu",))


def new_column(month: Month) -> None:
    month.ask(WHO, AFTER + timedelta(hours=11), "SELECT consignee FROM vessel_calls", ("consignee_name",))


ATTACKS: dict[str, tuple[Callable[[Month], None], str, int]] = {
    "near_duplicates": (differencing, "variants of one question", 60),
    "sudden_volume": (bulk_download, "rows in one day", 1),
    "many_refusals": (probing, "different texts", 40),
    "odd_hours": (night_access, "at hours that are not its own", 5),
    "new_column": (new_column, "oakland.freight.vessel_calls.consignee_name", 1),
}


def test_there_is_an_attack_for_each_kind() -> None:
    assert ATTACKS.keys() == KINDS.keys()


@pytest.mark.parametrize("kind", ATTACKS)
def test_each_attack_in_a_normal_month_is_flagged_once_with_its_reason(kind: str) -> None:
    attack, words, count = ATTACKS[kind]
    month = normal(SEED)
    attack(month)
    records = month.records()

    new = [flag for flag in flags(records, decided(records)) if (flag.kind, flag.partner, flag.first) not in usual()]

    [flag] = [flag for flag in new if flag.kind == kind and flag.partner == WHO]
    assert words in flag.reason
    assert flag.reason.startswith(WHO)
    assert flag.count >= count
    assert flag.severity == KINDS[flag.kind]
    assert flag.first <= flag.last
    assert flag.indexes == sorted(set(flag.indexes))
    assert {_asker(records, index) for index in flag.indexes} == {WHO}
    assert {flag.partner for flag in new} == {WHO}


def _asker(records: list[Members], index: int) -> str:
    record = records[index]
    about = records[record["decision_index"]] if record["kind"] == "outcome" else record
    who: str = about["partner"]["id"]
    return who


def test_the_same_text_again_and_again_is_a_dashboard() -> None:
    month = normal(SEED)
    for number in range(500):
        text = f"SELECT sum(teu)  FROM vessel_calls -- {number}\nWHERE carrier_smdg = 'MSC'"
        month.ask(WHO, AFTER + timedelta(hours=9, minutes=number), text, ("teu",))

    assert not [flag for flag in found(month) if flag.kind == "near_duplicates"]


def test_refusals_for_our_own_faults_are_nobodys() -> None:
    month = normal(SEED)
    for number in range(60):
        at = AFTER + timedelta(hours=11, seconds=number)
        month.ask(WHO, at, f"SELECT {number} FROM vessel_calls", code="policy_unavailable")

    assert not [flag for flag in found(month) if flag.kind == "many_refusals"]


def test_a_partner_without_a_past_is_not_held_against_one() -> None:
    month = Month(normal(SEED).chance)
    for hour in (3, 12, 23):
        for number in range(20):
            month.ask("new-1", AFTER + timedelta(hours=hour, minutes=number), "SELECT 1", (f"c{number}",), 900_000)

    assert found(month) == []


def test_thresholds_are_the_settings() -> None:
    assert {each.name: each.default for each in fields(Thresholds)} == FlagSettings().model_dump()


def test_a_lower_threshold_flags_earlier() -> None:
    month = Month(normal(SEED).chance)
    for number in range(5):
        month.ask(WHO, AFTER + timedelta(minutes=number), f"SELECT teu FROM t WHERE a = {number}")

    assert [flag.kind for flag in found(month, Thresholds(variants=4))] == ["near_duplicates"]
    assert found(month, Thresholds(variants=5)) == []


def test_only_what_went_on_since_a_moment_is_told() -> None:
    month = normal(SEED)
    night_access(month)
    records = month.records()

    assert flags(records, decided(records), since="2026-12-01") == []
    assert [f.kind for f in flags(records, decided(records), since="2026-10-29") if f.partner == WHO][:1]


def test_a_steward_sees_what_their_views_tell() -> None:
    """Of a view that leaves columns and texts out, nothing is invented."""
    month = Month(normal(SEED).chance)
    month.ask(WHO, AFTER, "SELECT 1", (), 0, ports=())
    records = [{**record, "tables": []} if record["kind"] == "decision" else record for record in month.records()]

    assert flags(records, decided(records)) == []


@pytest.mark.parametrize(
    ("one", "other", "are_alike"),
    [
        ("SELECT a FROM t WHERE b = 1", "select A from t where c > 2 and d = '1'", True),
        ("SELECT a FROM t WHERE 1 = 1", "SELECT a FROM t WHERE b = 1", True),
        ("SELECT a FROM t WHERE b IN (1, 2)", "SELECT a FROM t WHERE b IN (1)", True),
        ("SELECT sum(x) FILTER (WHERE b = 1) FROM t", "SELECT sum(x) FILTER (WHERE c = 1) FROM t", True),
        ("SELECT sum(CASE WHEN b = 1 THEN x END) FROM t", "SELECT sum(CASE WHEN b > 1 THEN x END) FROM t", True),
        ("SELECT a FROM t WHERE b = 1 GROUP BY a", "SELECT a FROM t WHERE c = 1 GROUP BY a", True),
        ("SELECT a FROM t /* x */ WHERE b=1", "SELECT a FROM t WHERE b > 1 -- y", True),
        ("SELECT a FROM t WHERE b = CASE WHEN c THEN 1 END", "SELECT a FROM t WHERE q > 1", True),
        ("SELECT a FROM t WHERE b = 1", "SELECT z FROM t WHERE b = 1", False),
        ("SELECT a FROM t WHERE b = 1", "SELECT a FROM u WHERE b = 1", False),
        ("SELECT a FROM t WHERE b = 1 GROUP BY a", "SELECT a FROM t WHERE b = 1 GROUP BY p, q", False),
    ],
)
def test_variants_of_a_question_have_one_frame(one: str, other: str, are_alike: bool) -> None:
    month = Month(normal(SEED).chance)
    for number in range(6):
        month.ask(WHO, AFTER + timedelta(minutes=number), (one if number % 2 else other).replace("1", str(number)))

    assert [flag.count for flag in found(month, Thresholds(variants=4))] == ([6] if are_alike else [])


@given(st.text(max_size=400))
def test_every_text_has_tokens_and_a_frame(sql: str) -> None:
    assert all(tokens_of(sql)) or '""' in sql or '"' in sql
    frame_of(tokens_of(sql))


@pytest.mark.parametrize("piece", ["/*", "'", '"', "(", "--", "where ", "''", "1", "\n", "/**/", "'\"", "a'", "$", "é"])
def test_no_text_takes_long(piece: str) -> None:
    began = perf_counter()
    frame_of(tokens_of(piece * (1_000_000 // len(piece))))

    assert perf_counter() - began < 1.0


def test_memory_is_bounded_whatever_is_asked() -> None:
    watched = Flags(Thresholds(variants=10, refusals=10))
    month = Month(normal(SEED).chance)
    moment = datetime(2026, 10, 5, 12, tzinfo=FIRST.tzinfo)
    for number in range(1_500):
        at = moment + timedelta(seconds=number)
        month.ask(WHO, at, f"SELECT {'x' * (number % 7)}{number}z FROM t WHERE a = {number}", (f"c{number}",))
        month.ask(WHO, at, f"SELECT {number} FROM u", code="denied")
    records = month.records()
    find = decided(records)
    for record in records:
        watched.add(record, find)

    past = watched._pasts["org_analyst3", WHO]
    assert len(past.runs) <= 200
    assert max(len(run.texts) for run in past.runs.values()) <= 1_000
    assert len(past.refused) <= 1_000
    assert all(len(flag.indexes) <= 50 for flag in watched.found())


def test_months_have_the_columns_they_say() -> None:
    assert len(COLUMNS) == 8
