"""Which session properties are open, what they can be, and how SHOW SESSION lists them."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.conversation import QueryRequest, Session
from gateway.errors import BadProperty
from gateway.session.properties import PROPERTIES, is_like, pattern_of, property_of, shortest, value_of, values_of
from gateway.session.settled import settled
from gateway.session.zones import names, zone_of
from tests.world import PARTNER

CLOSED = (
    "complex_expression_pushdown", "los_angeles.complex_expression_pushdown", "oakland.aggregation_pushdown_enabled",
    "join_distribution_type", "query_max_memory", "query_max_scan_physical_bytes", "redistribute_writes",
    "allow_pushdown_into_connectors", "filter_and_project_min_output_page_size", "portgate.mask", "", "portgate",
    "spill_enabled", "legacy_timestamp", "retry_policy", "query_max_cpu_time",
)  # fmt: skip


@pytest.mark.parametrize("name", CLOSED)
def test_a_property_that_nobody_listed_is_refused_in_a_header_and_in_a_statement(name: str) -> None:
    with pytest.raises(BadProperty, match="is not open"):
        property_of(name)
    with pytest.raises(BadProperty, match="is not open"):
        values_of({"portgate.partial": "true", name: "1"})


@pytest.mark.parametrize(
    ("name", "value", "read"),
    [
        ("portgate.purpose", "Freight_Resilience", "freight_resilience"),
        ("PORTGATE.partial", "TRUE", "true"),
        ("portgate.withheld", "Refuse", "refuse"),
        ("query_max_run_time", "1.5h", "1.5h"),
        ("query_max_execution_time", "30 s", "30s"),
        ("time_zone_id", "america/los_angeles", "America/Los_Angeles"),
    ],
)
def test_a_value_is_read_as_it_is_meant(name: str, value: str, read: str) -> None:
    assert value_of(name, value) == read


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("portgate.purpose", "a b"),
        ("portgate.partial", "yes"),
        ("portgate.withheld", ""),
        ("query_max_run_time", "10"),
        ("query_max_run_time", "-1s"),
        ("query_max_run_time", "99999999999d"),
        ("time_zone_id", "Mars/Base"),
        ("time_zone_id", "+15:00"),
    ],
)
def test_a_value_that_means_nothing_is_refused(name: str, value: str) -> None:
    with pytest.raises(BadProperty, match="cannot be"):
        value_of(name, value)


def test_a_limit_of_time_can_only_be_made_narrower() -> None:
    assert shortest({"query_max_run_time": "5m", "query_max_execution_time": "20s"}) == 20
    assert shortest({"query_max_run_time": "1ns"}) == 0.001
    assert shortest({"portgate.partial": "true"}) == float("inf")


def test_what_a_session_says_is_what_a_request_means() -> None:
    said = {"portgate.withheld": "refuse", "portgate.partial": "true", "time_zone_id": "Asia/Kolkata"}
    request = QueryRequest("SELECT 1", "freight_resilience", session=Session(properties=said))

    meant = settled(PARTNER, request)

    assert (meant.refuses_withheld, meant.partial, meant.session.time_zone) == (True, True, "Asia/Kolkata")
    assert settled(PARTNER, replace(request, session=Session())) == replace(request, session=Session())


def test_without_any_purpose_the_partners_first_is_meant() -> None:
    assert settled(PARTNER, QueryRequest("SELECT 1", "")).purpose == PARTNER.purposes[0]
    assert settled(replace(PARTNER, purposes=()), QueryRequest("SELECT 1", "")).purpose == ""


@given(st.text("a_%$b", max_size=6), st.text("a_%$b", max_size=8))
def test_like_means_what_trino_means_by_it(text: str, like: str) -> None:
    form = "".join(".*" if sign == "%" else "." if sign == "_" else re.escape(sign) for sign in like)

    assert is_like(text, pattern_of(like, None)) == bool(re.fullmatch(form, text))


def test_a_pattern_that_would_take_for_ever_takes_no_time() -> None:
    assert not is_like("a" * 60, pattern_of("%a" * 99 + "b", None))
    with pytest.raises(BadProperty, match="longer than"):
        pattern_of("%a" * 5_000, None)


def test_an_escape_stands_before_a_sign() -> None:
    assert is_like("a_b", pattern_of("a$_b", "$"))
    assert not is_like("axb", pattern_of("a$_b", "$"))
    for like in ("a$", "a$b"):
        with pytest.raises(BadProperty, match="ESCAPE"):
            pattern_of(like, "$")


def test_a_zone_is_one_that_trino_knows() -> None:
    assert [zone_of(each) for each in ("utc", "Z", "GMT+2", "-0830", "Europe/Paris")] == [
        "UTC", "UTC", "+02:00", "-08:30", "Europe/Paris",
    ]  # fmt: skip
    assert [zone_of(each) for each in ("", "EST", "localtime", "+14:01", "UTC+", "Europe/Paris\n x")] == [None] * 6
    assert all(zone_of(name) for name in names())


def test_every_property_says_what_it_is_for() -> None:
    assert all(one.meaning and one.takes for one in PROPERTIES.values())
