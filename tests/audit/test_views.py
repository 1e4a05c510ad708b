"""What a port may read of a record, and what the log's tree says of it to those who may not."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from gateway.audit.canonical import canonical, members
from gateway.audit.canonical import encode as encode_at
from gateway.audit.record import (
    DecisionRecord,
    OutcomeRecord,
    RecordedNotice,
    RecordedPartner,
    RecordedTable,
    ServiceRecord,
)
from gateway.audit.views import NOTHING, WHOLE, commitment, entry, salt, view

PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")
ASKER = RecordedPartner("ana", "gobiz", "state_agency", ("analyst",), "t-1")
SEED = bytes(range(32))


def encode(record: DecisionRecord) -> bytes:
    return encode_at(record, 7, "2026-11-28T12:00:00.001Z")[1]


DECISION = DecisionRecord(
    query="q1",
    time="2026-11-28T12:00:00.000Z",
    partner=ASKER,
    purpose="freight_resilience",
    client="portgate",
    sql="SELECT moves FROM vessel_calls",
    sent_sql="SELECT secret_of_hueneme, secret_of_oakland",
    tables=tuple(
        RecordedTable(
            port, f"freight.{port}_t", (f"{port}_c",), {f"{port}_c": "null"}, (f"{port} rows",), (f"{port}-1",)
        )
        for port in ("hueneme", "oakland")
    ),
    revisions={"hueneme": "hueneme-rev", "oakland": "oakland-rev"},
    decision="d1",
    build="1",
    notices=tuple(RecordedNotice("column_masked", port, f"{port}_t", "c") for port in ("hueneme", "oakland")),
    asked={f"{port}.x.{port}_table": {f"{port}_column": "all"} for port in ("hueneme", "oakland")},
    concerns=("hueneme", "oakland"),
)  # fmt: skip


@pytest.mark.parametrize(("port", "other"), [("oakland", "hueneme"), ("hueneme", "oakland")])
def test_a_port_reads_its_own_part_and_nothing_of_another(port: str, other: str) -> None:
    read = view(members(DECISION), port)

    assert other.encode() not in read
    assert b"secret" not in read
    told = json.loads(read)
    assert told["partner"]["organisation"] == "gobiz"
    assert told["sql"] == DECISION.sql
    assert [table["agreements"] for table in told["tables"]] == [[f"{port}-1"]]
    assert [notice["table"] for notice in told["notices"]] == [f"{port}_t"]
    assert told["revisions"] == {port: f"{port}-rev"}
    assert list(told["asked"]) == [f"{port}.x.{port}_table"]


def test_what_does_not_concern_a_port_is_nothing_to_it() -> None:
    assert view(members(DECISION), "san_diego") == NOTHING
    outcome = OutcomeRecord("q", "t", 1, "finished", ports=("oakland",), missing=("hueneme",), concerns=("oakland",))
    assert json.loads(view(members(outcome), "oakland"))["missing"] == []


def test_all_ports_read_that_a_gateway_started() -> None:
    started = members(ServiceRecord("", "t", "started", "gateway-1", "1", PORTS))

    assert all(json.loads(view(started, port))["event"] == "started" for port in PORTS)


def test_an_entry_commits_to_what_each_reader_is_given() -> None:
    line, plain = encode(DECISION), members(DECISION)

    said = json.loads(entry(SEED, line, plain, PORTS))

    assert sorted(said) == sorted((*PORTS, WHOLE))
    assert said[WHOLE] == commitment(salt(SEED, WHOLE), line)
    assert said["oakland"] == commitment(salt(SEED, "oakland"), view(plain, "oakland"))
    assert said["san_diego"] == commitment(salt(SEED, "san_diego"), NOTHING)


def test_what_is_nothing_to_two_ports_looks_like_anything_else() -> None:
    said = json.loads(entry(SEED, encode(DECISION), members(DECISION), PORTS))
    again = json.loads(entry(SEED[::-1], encode(DECISION), members(DECISION), PORTS))

    assert len({*said.values(), *again.values()}) == 2 * len(said)
    assert len(entry(SEED, b"x" * 60_000, members(DECISION), PORTS)) == len(entry(SEED, b"", members(DECISION), PORTS))


def test_a_record_is_guessed_by_nobody_without_its_salt() -> None:
    line = encode(DECISION)
    said = json.loads(entry(SEED, line, members(DECISION), PORTS))

    assert commitment(salt(SEED, "oakland"), line) not in said.values()
    assert commitment(b"", line) not in said.values()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)


@given(JSON)
def test_canonical_text_is_that_of_the_standard(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)  # type: ignore[arg-type]
    assert orjson.loads(canonical(value)) == value


def test_names_are_sorted_as_the_standard_sorts_them() -> None:
    assert canonical({"\ufb33": 1, "\U0001f600": 2, "a": 3}) == '{"a":3,"\U0001f600":2,"\ufb33":1}'.encode()


LOST = "\ufffd" * 3


def test_half_a_surrogate_pair_is_written_as_replaced() -> None:
    line = encode(replace(DECISION, sql="SELECT '\ud800'", place=("x\udfff", {"y": "z"}, ASKER)))  # type: ignore[arg-type]

    assert f"SELECT '{LOST}'" in line.decode()
    assert json.loads(line)["place"][:2] == [f"x{LOST}", {"y": "z"}]


@pytest.mark.parametrize("asked", [{"t": {"c": 0.5}}, {"t": [1, [0.5]]}])
def test_a_number_that_is_not_whole_is_refused(asked: Mapping[str, Mapping[str, str]]) -> None:
    with pytest.raises(TypeError):
        encode(replace(DECISION, asked=asked))
