"""A record is one canonical line: equal records are equal bytes, and nothing in a query can break it."""

from __future__ import annotations

import json
import re

import pytest

from gateway.audit.canonical import encode as encode_at
from gateway.audit.record import (
    AlarmRecord,
    DecisionRecord,
    OutcomeRecord,
    Record,
    RecordedPartner,
    RecordedTable,
    RefusalRecord,
)

ASKER = RecordedPartner("gobiz-analyst", "gobiz", "state_agency", ("analyst",), "t-1", {"state": "CA"})
NOON = "2026-11-22T12:00:00.000Z"


def encode(record: Record) -> bytes:
    return encode_at(record, 8, NOON)[1]


def _decision(sql: str = "SELECT 1") -> DecisionRecord:
    table = RecordedTable(
        port="oakland",
        table="freight.vessel_calls",
        columns=("call_id", "vessel_name"),
        masks={"vessel_name": "constant"},
        conditions=("carrier_smdg = 'MSC'",),
        agreements=("oak-public-2026",),
    )
    return DecisionRecord(
        query="q1",
        time=NOON,
        partner=ASKER,
        purpose="freight_resilience",
        client="portgate",
        sql=sql,
        sent_sql="SELECT 1",
        tables=(table,),
        revisions={"oakland": "ab", "hueneme": "cd"},
        decision="d1",
        build="0.1.0",
        asked={"oakland.freight.vessel_calls": {"call_id": "all", "vessel_name": "select group"}},
    )


def test_a_decision_says_who_saw_what_under_which_agreement() -> None:
    assert encode(_decision()).decode() == (
        '{"asked":{"oakland.freight.vessel_calls":{"call_id":"all","vessel_name":"select group"}},'
        '"build":"0.1.0","client":"portgate","concerns":[],"decision":"d1","index":8,"kind":"decision","logged":"2026-11-22T12:00:00.000Z","notices":[],"partial":false,'
        '"partner":{"attributes":{"state":"CA"},"id":"gobiz-analyst","organisation":"gobiz","organisation_class":"state_agency",'
        '"roles":["analyst"],"token_id":"t-1"},"place":"","purpose":"freight_resilience","query":"q1","reach":{},'
        '"revisions":{"hueneme":"cd","oakland":"ab"},"schema":2,"seen_as":null,"sent_sql":"SELECT 1","sql":"SELECT 1",'
        '"tables":[{"agreements":["oak-public-2026"],"columns":["call_id","vessel_name"],'
        '"conditions":["carrier_smdg = \'MSC\'"],"masks":{"vessel_name":"constant"},"port":"oakland",'
        '"table":"freight.vessel_calls"}],"time":"2026-11-22T12:00:00.000Z"}'
    )


def test_an_outcome_points_at_its_decision() -> None:
    outcome = OutcomeRecord("q1", NOON, 7, "failed", rows=2, bytes=10, ports=("oakland",), code="query_failed")

    assert encode(outcome).decode() == (
        '{"bytes":10,"code":"query_failed","concerns":[],"decision_index":7,"duration_ms":0,"index":8,"kind":"outcome",'
        '"logged":"2026-11-22T12:00:00.000Z","missing":[],"ports":["oakland"],"query":"q1","result":"","rows":2,"schema":2,'
        '"state":"failed","time":"2026-11-22T12:00:00.000Z","withheld":[]}'
    )


def test_a_refusal_says_what_was_refused_and_why() -> None:
    refusal = RefusalRecord("q1", NOON, ASKER, "freight_resilience", "curl", "DROP TABLE x", "not_allowed", "no DROP")

    read = json.loads(encode(refusal))

    assert (read["kind"], read["code"], read["sql"], read["message"]) == (
        "refusal",
        "not_allowed",
        "DROP TABLE x",
        "no DROP",
    )


@pytest.mark.parametrize(
    "sql",
    ['"a"\\b', "a\nb\r\u2028c", "\x00\x1f\x7f", "Hafen Düsseldorf 港", "\ud800", "x\udfff", '","kind":"outcome', "🚢"],
)
def test_no_text_of_a_partner_breaks_the_line(sql: str) -> None:
    line = encode(_decision(sql))

    assert b"\n" not in line
    read = json.loads(line)
    assert (read["sql"], read["kind"]) == (re.sub("[\ud800-\udfff]", "\ufffd" * 3, sql), "decision")


def test_equal_records_are_equal_bytes_and_others_are_not() -> None:
    assert encode(_decision()) == encode(_decision())
    assert encode(_decision()) != encode(_decision("SELECT 2"))


def test_a_number_that_two_readers_could_print_differently_is_refused() -> None:
    outcome = OutcomeRecord("q1", NOON, 1, "finished", duration_ms=1.5)  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="whole numbers only"):
        encode(outcome)


def test_an_alarm_says_what_went_beyond_the_grant() -> None:
    alarm = AlarmRecord("q1", NOON, "gobiz-analyst#7", 7, "SelectFromColumns", "oakland.tos.vsl_call", ("drv_id",))

    assert encode(alarm).decode() == (
        '{"build":"","columns":["drv_id"],"concerns":[],"count":1,"decision_index":7,"index":8,"kind":"alarm",'
        '"logged":"2026-11-22T12:00:00.000Z","operation":"SelectFromColumns","query":"q1","schema":2,"target":"oakland.tos.vsl_call",'
        '"time":"2026-11-22T12:00:00.000Z","user":"gobiz-analyst#7"}'
    )
