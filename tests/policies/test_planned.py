"""The fifteen questions and some of what is sensitive, up to the plan: a real OPA decides, the real kernel plans."""

from __future__ import annotations

import asyncio
import re

import pytest

from gateway.desk import Desk, Job, Planned
from gateway.errors import Denied
from gateway.kernel.authorise import grant_of
from gateway.kernel.keys import mask_keys
from gateway.model import Catalog, Question
from tests.policies.conftest import NOW, REPOSITORY, Oracle

FILES = sorted((REPOSITORY / "docs/questions").glob("*.sql"))
REFUSED: dict[str, set[int]] = {
    "gobiz-analyst": set(),
    "bts-analyst": set(),
    "oakland-analyst": set(),
    "los-angeles-steward": set(),
    "university-researcher": {4},
    "msc-planner": {5, 9, 11},
    "auditor": {4, 5, 7, 8, 9, 11, 14},
    "public": {4, 5, 7, 8, 9, 11, 14},
}
"""Partner -> the questions that no port answers; every other one is planned."""


@pytest.fixture(scope="module")
def desk(catalog: Catalog) -> Desk:
    return Desk(catalog)


def planned(oracle: Oracle, catalog: Catalog, desk: Desk, partner: str, purpose: str, sql: str) -> Planned:
    """Take a text to its plan as the pipeline does."""
    who = oracle.partners[partner]
    question = Question(who, purpose, NOW, desk.tables_asked(sql).tables)
    decision = asyncio.run(oracle.decide_question(question))
    grant = grant_of(decision, catalog, mask_keys(b"secret", who.organisation, catalog.ports))
    return desk.plan(Job(sql, decision, grant.mask_keys, frozenset()))


@pytest.mark.parametrize("partner", REFUSED)
def test_the_fifteen_questions_are_planned_for_whom_they_are_answerable(
    oracle: Oracle, catalog: Catalog, desk: Desk, partner: str
) -> None:
    refused = set()
    for file in FILES:
        sql = file.read_text()
        found = re.search(r"-- purpose: (\w+)", sql)
        assert found
        try:
            planned(oracle, catalog, desk, partner, found[1], sql)
        except Denied:
            refused.add(int(file.name[:2]))

    assert refused == REFUSED[partner]


COUNTED = "SELECT count(DISTINCT container_no) FROM container_dwell WHERE port_unlocode = 'USLGB'"


def test_long_beachs_containers_may_be_counted(oracle: Oracle, catalog: Catalog, desk: Desk) -> None:
    plan = planned(oracle, catalog, desk, "gobiz-analyst", "goods_movement_efficiency", COUNTED).plan

    assert [(share.port, share.columns) for share in plan.shares] == [("long_beach", ("container_no", "port_unlocode"))]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT container_no FROM container_dwell WHERE port_unlocode = 'USLGB'",
        COUNTED + " AND container_no = 'MSKU1234567'",
        "SELECT count(*) FROM container_dwell WHERE port_unlocode = 'USLGB' GROUP BY container_no",
        "SELECT max(container_no) FROM container_dwell WHERE port_unlocode = 'USLGB'",
        "SELECT dwell_days FROM container_dwell WHERE port_unlocode = 'USLGB' ORDER BY container_no",
        "SELECT a.dwell_days FROM container_dwell a JOIN container_moves b USING (container_no)"
        " WHERE a.port_unlocode = 'USLGB'",
        "SELECT (SELECT container_no) FROM container_dwell WHERE port_unlocode = 'USLGB'",
    ],
)
def test_long_beachs_containers_may_not_be_used_otherwise(
    oracle: Oracle, catalog: Catalog, desk: Desk, sql: str
) -> None:
    with pytest.raises(Denied, match="container_no"):
        planned(oracle, catalog, desk, "gobiz-analyst", "goods_movement_efficiency", sql)


def test_a_university_is_held_to_its_rows_where_its_agreement_gives_something(
    oracle: Oracle, catalog: Catalog, desk: Desk
) -> None:
    hours = "SELECT gate_in_utc FROM gate_transactions WHERE port_unlocode = 'USLAX'"
    turns = "SELECT turn_minutes FROM gate_transactions WHERE port_unlocode = 'USLAX'"
    limited = {
        sql: [one.agreement for one in planned(
            oracle, catalog, desk, "university-researcher", "goods_movement_efficiency", sql
        ).plan.limited]
        for sql in (hours, turns)
    }  # fmt: skip

    assert limited == {hours: ["la-universities"], turns: []}
