"""The adapter refuses every answer that is malformed, late, odd or for another question, and takes its twin."""

from __future__ import annotations

import asyncio
import copy
import gzip
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.adapters.opa import LIBRARY, OpaPolicy
from gateway.errors import Broken, PolicyUnavailable
from gateway.model import (
    AgreementGrant,
    AskedTable,
    Condition,
    Decision,
    JoinRule,
    Limits,
    Mask,
    Partner,
    Question,
    Spent,
    TableDecision,
    TableName,
)

CALLS = TableName("oakland", "freight", "vessel_calls")
DWELL = TableName("hueneme", "freight", "container_dwell")
PARTNER = Partner("msc-planner", "msc", "ocean_carrier", ("planner",), (), {"carrier_smdg": "MSC"}, "token-1")
QUESTION = Question(
    PARTNER,
    "freight_resilience",
    "2026-11-22T16:45:06Z",
    (
        AskedTable(
            CALLS,
            ("at", "call_id", "container_no", "draft", "lat", "note", "ship", "x"),
            {"call_id": frozenset({"join", "select"}), "note": frozenset(), "ship": frozenset({"filter"})},
        ),
        AskedTable(DWELL, ("stay_id",)),
    ),
    {"oakland": {"oak-1": Spent(3, 1200)}},
)
EVERY_USE = ["select", "filter", "group", "join", "aggregate", "order"]
OAKLAND, HUENEME = f"{'a' * 64}@{'0' * 40}", f"{'b' * 64}@none"
GOOD: dict[str, Any] = {
    "result": {
        "library": LIBRARY,
        "purpose": "freight_resilience",
        "now": "2026-11-22T16:45:06Z",
        "revisions": {"oakland": OAKLAND, "hueneme": HUENEME},
        "tables": [
            {
                "port": "oakland",
                "schema": "freight",
                "table": "vessel_calls",
                "agreements": [
                    {
                        "id": "oak-1",
                        "columns": {
                            "call_id": None,
                            "container_no": {"kind": "keyed_hash"},
                            "draft": {"kind": "band", "value": 2.5},
                            "note": {"kind": "constant", "value": "withheld"},
                            "at": {"kind": "time_grain", "value": "week"},
                            "lat": {"kind": "geo_grid", "value": 1},
                            "ship": {"kind": "truncate", "value": 4, "fill": "*"},
                        },
                        "uses": {"call_id": ["join", "aggregate"], "note": ["group"]},
                        "rows": [
                            [
                                {"column": "carrier_smdg", "op": "eq", "value": "MSC"},
                                {"column": "teu", "op": "in", "value": [1, 2.5]},
                                {"column": "eta", "op": "not_null"},
                            ],
                            [],
                        ],
                        "reason": "A carrier sees its own.",
                        "contact": "desk@oakland.example",
                        "citation": "OAK-2026-014",
                        "limits": {"rows": 10, "bytes_a_day": 5000},
                        "joins": [
                            {
                                "table": "freight.container_moves",
                                "ports": ["oakland", "hueneme"],
                                "on": [["call_id", "call_id"]],
                                "values": "hashed",
                            }
                        ],
                    }
                ],
                "withheld": {"x": "Not yet."},
            },
            {
                "port": "hueneme",
                "schema": "freight",
                "table": "container_dwell",
                "agreements": [],
                "withheld": {"stay_id": "Never."},
            },
        ],
    }
}


def test_a_well_formed_answer_becomes_a_decision() -> None:
    decision = ask(json_answer(GOOD))

    assert decision == Decision(
        decision.id,
        {"oakland": OAKLAND, "hueneme": HUENEME},
        {
            CALLS: TableDecision(
                (
                    AgreementGrant(
                        "oak-1",
                        {
                            "call_id": None,
                            "container_no": Mask("keyed_hash"),
                            "draft": Mask("band", 2.5),
                            "note": Mask("constant", "withheld"),
                            "at": Mask("time_grain", "week"),
                            "lat": Mask("geo_grid", 1),
                            "ship": Mask("truncate", 4, "*"),
                        },
                        (
                            (
                                Condition("carrier_smdg", "eq", "MSC"),
                                Condition("teu", "in", (1, 2.5)),
                                Condition("eta", "not_null"),
                            ),
                            (),
                        ),
                        "A carrier sees its own.",
                        {"call_id": frozenset({"join", "aggregate"}), "note": frozenset({"group"})},
                        (
                            JoinRule(
                                "freight.container_moves",
                                frozenset({"oakland", "hueneme"}),
                                (("call_id", "call_id"),),
                                "hashed",
                            ),
                        ),
                        Limits(rows=10, bytes_a_day=5000),
                        "desk@oakland.example",
                        "OAK-2026-014",
                    ),
                ),
                {"x": "Not yet."},
            ),
            DWELL: TableDecision((), {"stay_id": "Never."}),
        },
    )


def test_a_decision_is_named_by_what_was_asked_and_answered() -> None:
    other = changed(lambda result: result["tables"][1]["withheld"].update(stay_id="Not today."))

    first, again, different = ask(json_answer(GOOD)), ask(json_answer(GOOD)), ask(json_answer(other))

    assert first.id == again.id
    assert first.id != different.id


def test_the_question_goes_out_once_and_as_agreed() -> None:
    seen: list[tuple[str, bytes]] = []

    ask(json_answer(GOOD), seen=seen)

    ((head, body),) = seen
    assert head.startswith("POST /v1/data/gateway/access/decision HTTP/1.1")
    assert json.loads(body) == {
        "input": {
            "partner": {
                "id": "msc-planner",
                "organisation": "msc",
                "organisation_class": "ocean_carrier",
                "roles": ["planner"],
                "attributes": {"carrier_smdg": "MSC"},
            },
            "purpose": "freight_resilience",
            "now": "2026-11-22T16:45:06Z",
            "tables": [
                {
                    "port": "oakland",
                    "schema": "freight",
                    "table": "vessel_calls",
                    "columns": {
                        "at": EVERY_USE,
                        "call_id": ["select", "join"],
                        "container_no": EVERY_USE,
                        "draft": EVERY_USE,
                        "lat": EVERY_USE,
                        "note": [],
                        "ship": ["filter"],
                        "x": EVERY_USE,
                    },
                },
                {
                    "port": "hueneme",
                    "schema": "freight",
                    "table": "container_dwell",
                    "columns": {"stay_id": EVERY_USE},
                },
            ],
            "spent": {"oakland": {"oak-1": {"queries": 3, "bytes": 1200}}},
        }
    }


def test_a_question_that_names_a_table_twice_is_never_sent() -> None:
    twice = Question(PARTNER, "freight_resilience", QUESTION.now, (QUESTION.tables[0], QUESTION.tables[0]))

    with pytest.raises(Broken):
        asyncio.run(OpaPolicy("http://127.0.0.1:9", 0.25).decide(twice))


# --- answers that are refused ---------------------------------------------------------------------------------------


def changed(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    answer = copy.deepcopy(GOOD)
    change(answer["result"])
    return answer


def on_calls(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return changed(lambda result: change(result["tables"][0]))


def on_agreement(change: Callable[[dict[str, Any]], object]) -> dict[str, Any]:
    return on_calls(lambda table: change(table["agreements"][0]))


def with_condition(condition: object) -> dict[str, Any]:
    return on_agreement(lambda agreement: agreement.update(rows=[[condition]]))


def with_mask(mask: object) -> dict[str, Any]:
    return on_agreement(lambda agreement: agreement["columns"].update(draft=mask))


def with_join(**change: object) -> dict[str, Any]:
    return on_agreement(lambda agreement: agreement["joins"][0].update(change))


REFUSED_JSON: dict[str, object] = {
    "undefined": {},
    "null result": {"result": None},
    "true": {"result": True},
    "allow all": {"result": {"allow": True}},
    "a list": [GOOD],
    "a string": "ok",
    "an unknown key at the top": {**GOOD, "warning": {"code": "api_usage_warning"}},
    "an unknown key in the result": changed(lambda r: r.update(allow_all=True)),
    "another library": changed(lambda r: r.update(library="1")),
    "library as a number": changed(lambda r: r.update(library=2)),
    "another purpose": changed(lambda r: r.update(purpose="emissions_reduction")),
    "another moment": changed(lambda r: r.update(now="2026-11-22T16:45:07Z")),
    "no revisions": changed(lambda r: r.pop("revisions")),
    "the revision of one port missing": changed(lambda r: r["revisions"].pop("oakland")),
    "the revision of a port not asked": changed(lambda r: r["revisions"].update(san_diego=HUENEME)),
    "a revision that is no digest": changed(lambda r: r["revisions"].update(oakland="latest")),
    "a revision without commit": changed(lambda r: r["revisions"].update(oakland="a" * 64)),
    "a revision with more behind it": changed(lambda r: r["revisions"].update(oakland=OAKLAND + "\n")),
    "a revision null": changed(lambda r: r["revisions"].update(oakland=None)),
    "a table missing": changed(lambda r: r["tables"].pop()),
    "a table too many": changed(lambda r: r["tables"].append(copy.deepcopy(r["tables"][0]))),
    "tables in another order": changed(lambda r: r["tables"].reverse()),
    "another port's table": on_calls(lambda t: t.update(port="los_angeles")),
    "tables as an object": changed(lambda r: r.update(tables={"0": r["tables"][0], "1": r["tables"][1]})),
    "an unknown key in a table": on_calls(lambda t: t.update(sql="1=1")),
    "no agreements key": on_calls(lambda t: t.pop("agreements")),
    "agreements null": on_calls(lambda t: t.update(agreements=None)),
    "a column nobody asked for": on_agreement(lambda a: a["columns"].update(consignee_name=None)),
    "a column asked for and unmentioned": on_calls(lambda t: t["withheld"].clear()),
    "a column granted and withheld": on_calls(lambda t: t["withheld"].update(call_id="No.")),
    "a withheld column nobody asked for": on_calls(lambda t: t["withheld"].update(y="No.")),
    "a withheld column without words": on_calls(lambda t: t["withheld"].update(x="")),
    "one agreement twice": on_calls(lambda t: t["agreements"].append(copy.deepcopy(t["agreements"][0]))),
    "an agreement without a name": on_agreement(lambda a: a.update(id="")),
    "an agreement without reason": on_agreement(lambda a: a.pop("reason")),
    "an unknown key in an agreement": on_agreement(lambda a: a.update(limit=10)),
    "columns as a list": on_agreement(lambda a: a.update(columns=["call_id"])),
    "rows missing": on_agreement(lambda a: a.pop("rows")),
    "rows as the word all": on_agreement(lambda a: a.update(rows="all")),
    "rows as SQL": on_agreement(lambda a: a.update(rows=["1=1"])),
    "rows one level short": on_agreement(lambda a: a.update(rows=[{"column": "a", "op": "eq", "value": 1}])),
    "a mask unknown": with_mask({"kind": "reverse"}),
    "a mask of ours that no port writes": with_mask({"kind": "join_hash"}),
    "a mask in the words of library 1": with_mask({"mask": "null"}),
    "a mask as a string": with_mask("show"),
    "a mask as true": with_mask(True),
    "a mask empty": with_mask({}),
    "a mask with a kind too many": with_mask({"kind": ["null", "keyed_hash"]}),
    "a null mask with a value": with_mask({"kind": "null", "value": 1}),
    "a keyed hash with a value": with_mask({"kind": "keyed_hash", "value": "k"}),
    "a constant without value": with_mask({"kind": "constant"}),
    "a constant null": with_mask({"kind": "constant", "value": None}),
    "a constant list": with_mask({"kind": "constant", "value": [1]}),
    "truncate without keep": with_mask({"kind": "truncate"}),
    "truncate keeping fewer than none": with_mask({"kind": "truncate", "value": -1}),
    "truncate keeping 65": with_mask({"kind": "truncate", "value": 65}),
    "truncate keeping half a character": with_mask({"kind": "truncate", "value": 2.5}),
    "truncate keeping true": with_mask({"kind": "truncate", "value": True}),
    "truncate keeping a text": with_mask({"kind": "truncate", "value": "4"}),
    "truncate filled with two": with_mask({"kind": "truncate", "value": 4, "fill": "**"}),
    "truncate filled with nothing": with_mask({"kind": "truncate", "value": 4, "fill": ""}),
    "truncate filled with a number": with_mask({"kind": "truncate", "value": 4, "fill": 0}),
    "a grain unknown": with_mask({"kind": "time_grain", "value": "minute"}),
    "a grain filled": with_mask({"kind": "time_grain", "value": "day", "fill": "*"}),
    "a band of nothing": with_mask({"kind": "band", "value": 0}),
    "a band below nothing": with_mask({"kind": "band", "value": -5}),
    "a band of true": with_mask({"kind": "band", "value": True}),
    "a band as text": with_mask({"kind": "band", "value": "50"}),
    "a grid of nothing": with_mask({"kind": "geo_grid", "value": 0.0}),
    "a grid without degrees": with_mask({"kind": "geo_grid"}),
    "no uses": on_agreement(lambda a: a.pop("uses")),
    "uses as a list": on_agreement(lambda a: a.update(uses=["select"])),
    "uses of a column that is not given": on_agreement(lambda a: a["uses"].update(x=["select"])),
    "uses of a column that are none": on_agreement(lambda a: a["uses"].update(at=[])),
    "uses of a column that are all": on_agreement(lambda a: a["uses"].update(at=EVERY_USE)),
    "a use unknown": on_agreement(lambda a: a["uses"].update(at=["select", "export"])),
    "a use in capitals": on_agreement(lambda a: a["uses"].update(at=["SELECT"])),
    "a use twice": on_agreement(lambda a: a["uses"].update(at=["select", "select"])),
    "a use as a text": on_agreement(lambda a: a["uses"].update(at="select")),
    "a column given in no use that was asked": on_agreement(lambda a: a["uses"].update(ship=["select"])),
    "no limits": on_agreement(lambda a: a.pop("limits")),
    "limits null": on_agreement(lambda a: a.update(limits=None)),
    "a limit unknown": on_agreement(lambda a: a["limits"].update(queries=1)),
    "a limit of nothing": on_agreement(lambda a: a["limits"].update(rows=0)),
    "a limit as a fraction": on_agreement(lambda a: a["limits"].update(rows=1.5)),
    "a limit as true": on_agreement(lambda a: a["limits"].update(rows=True)),
    "a limit as text": on_agreement(lambda a: a["limits"].update(rows="10")),
    "no joins": on_agreement(lambda a: a.pop("joins")),
    "joins as a text": on_agreement(lambda a: a.update(joins="any")),
    "a join without ports": with_join(ports=[]),
    "a join on nothing": with_join(on=[]),
    "a join on one column": with_join(on=[["call_id"]]),
    "a join on three columns": with_join(on=[["a", "b", "c"]]),
    "a join on a number": with_join(on=[["a", 1]]),
    "a join with nameless": with_join(table=""),
    "a join in other values": with_join(values="raw"),
    "a join with an unknown key": with_join(kind="left"),
    "no contact": on_agreement(lambda a: a.pop("contact")),
    "a contact null": on_agreement(lambda a: a.update(contact=None)),
    "a citation as a list": on_agreement(lambda a: a.update(citation=["MOU"])),
    "an agreement without words": on_agreement(lambda a: a.update(reason="")),
    "an operator unknown": with_condition({"column": "a", "op": "like", "value": "%"}),
    "an operator in capitals": with_condition({"column": "a", "op": "EQ", "value": 1}),
    "a condition without column": with_condition({"op": "eq", "value": 1}),
    "a condition on a number": with_condition({"column": 1, "op": "eq", "value": 1}),
    "a condition on nothing": with_condition({"column": "", "op": "eq", "value": 1}),
    "eq without value": with_condition({"column": "a", "op": "eq"}),
    "eq null": with_condition({"column": "a", "op": "eq", "value": None}),
    "eq with a list": with_condition({"column": "a", "op": "eq", "value": [1]}),
    "eq with an object": with_condition({"column": "a", "op": "eq", "value": {"partner": "carrier_smdg"}}),
    "in with a scalar": with_condition({"column": "a", "op": "in", "value": "x"}),
    "in with nothing": with_condition({"column": "a", "op": "in", "value": []}),
    "in with mixed types": with_condition({"column": "a", "op": "in", "value": ["x", 1]}),
    "in with true and one": with_condition({"column": "a", "op": "in", "value": [True, 1]}),
    "in with null": with_condition({"column": "a", "op": "in", "value": ["x", None]}),
    "not_in with nothing": with_condition({"column": "a", "op": "not_in", "value": []}),
    "between one": with_condition({"column": "a", "op": "between", "value": [1]}),
    "between three": with_condition({"column": "a", "op": "between", "value": [1, 2, 3]}),
    "starts_with nothing": with_condition({"column": "a", "op": "starts_with", "value": ""}),
    "starts_with a number": with_condition({"column": "a", "op": "starts_with", "value": 1}),
    "is_null with a value": with_condition({"column": "a", "op": "is_null", "value": True}),
    "an unknown key in a condition": with_condition({"column": "a", "op": "eq", "value": 1, "or": True}),
    "a condition as text": with_condition("a = 1"),
}


@pytest.mark.parametrize("answer", REFUSED_JSON.values(), ids=REFUSED_JSON.keys())
def test_a_malformed_answer_is_refused(answer: object) -> None:
    with pytest.raises(PolicyUnavailable, match=r"^the policy's answer "):
        ask(json_answer(answer))


BODY = json.dumps(GOOD)
NESTED = "[" * 100_000 + "]" * 100_000


def http(body: bytes | str, *, status: str = "200 OK", kind: str = "application/json", more: str = "") -> bytes:
    data = body.encode() if isinstance(body, str) else body
    return f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{more}Content-Length: {len(data)}\r\n\r\n".encode() + data


def json_answer(answer: object) -> bytes:
    return http(json.dumps(answer))


REFUSED_BYTES = {
    "nothing": b"",
    "noise": b"\x00\xffnot http\r\n\r\n",
    "an empty body": http(""),
    "a page": http("<html>ok</html>", kind="text/html"),
    "the right answer as text": http(BODY, kind="text/plain"),
    "JSON cut short": http(BODY[:-20]),
    "JSON and more": http(BODY + BODY),
    "a body shorter than announced": http(BODY)[:-20],
    "bytes that are no UTF-8": http(BODY.replace("Not yet.", "\udcff").encode(errors="surrogateescape")),
    "a lone surrogate": http(BODY.replace("Not yet.", "\\ud800")),
    "a key given twice": http(BODY.replace('"result": {', '"result": {"library": "2", ', 1)),
    "NaN": http(BODY.replace("2.5", "NaN")),
    "infinity": http(BODY.replace("2.5", "1e999")),
    "a width that is NaN": http(BODY.replace('"value": 1}', '"value": NaN}')),
    "a width without end": http(BODY.replace('"value": 1}', '"value": 1e999}')),
    "a number of a million digits": http(BODY.replace('"value": 1}', f'"value": {"9" * 1_000_000}}}')),
    "JSON nested without end": http(f'{{"result": {NESTED}}}'),
    "the right answer with status 500": http(BODY, status="500 Internal Server Error"),
    "the right answer with status 201": http(BODY, status="201 Created"),
    "the right answer with status 404": http(BODY, status="404 Not Found"),
    "no content": b"HTTP/1.1 204 No Content\r\n\r\n",
    "the right answer with status 503": http(BODY, status="503 Service Unavailable"),
    "the right answer with status 401": http(BODY, status="401 Unauthorized"),
    "a mark in front of the answer": http(b"\xef\xbb\xbf" + BODY.encode()),
    "the right answer in UTF-16": http(BODY.encode("utf-16"), kind="application/json; charset=utf-16"),
    "an answer packed that is not": http(BODY, more="Content-Encoding: gzip\r\n"),
    "an answer of 5 MB": http(BODY.replace("Not yet.", "N" * 5_000_000)),
    "an answer of 100 MB": http(BODY.replace("Not yet.", "N" * 100_000_000)),
    "5 MB packed into 5 kB": http(
        gzip.compress(BODY.replace("Not yet.", "N" * 5_000_000).encode()), more="Content-Encoding: gzip\r\n"
    ),
}


@pytest.mark.parametrize("raw", REFUSED_BYTES.values(), ids=REFUSED_BYTES.keys())
def test_an_odd_answer_is_refused(raw: bytes) -> None:
    with pytest.raises(PolicyUnavailable, match=r"^the policy's answer "):
        ask(raw, timeout_seconds=2.0)


def test_a_redirect_is_not_followed() -> None:
    seen: list[tuple[str, bytes]] = []
    redirect = http("", status="307 Temporary Redirect", more="Location: /v1/data/gateway/access/decision\r\n")

    with pytest.raises(PolicyUnavailable, match="HTTP status 307"):
        ask(redirect, seen=seen)

    assert len(seen) == 1


def test_a_failed_request_is_not_tried_again() -> None:
    seen: list[tuple[str, bytes]] = []

    with pytest.raises(PolicyUnavailable):
        ask(http("", status="502 Bad Gateway"), seen=seen)

    assert len(seen) == 1


def test_an_answer_that_never_comes_is_refused() -> None:
    with pytest.raises(PolicyUnavailable, match="did not come within 100 ms"):
        ask(json_answer(GOOD), pause_before=30.0, timeout_seconds=0.1)


def test_an_answer_that_drips_in_is_refused() -> None:
    with pytest.raises(PolicyUnavailable, match="did not come within 100 ms"):
        ask(json_answer(GOOD), pause_inside=30.0, timeout_seconds=0.1)


def test_no_server_is_a_refusal() -> None:
    async def scenario() -> None:
        async with serving(b"", [], 0, 0) as url:
            policy = OpaPolicy(url, 1.0)
        try:
            await policy.decide(QUESTION)
        finally:
            await policy.close()

    with pytest.raises(PolicyUnavailable, match="did not come"):
        asyncio.run(scenario())


def test_a_refusal_carries_no_value_of_the_answer() -> None:
    with pytest.raises(PolicyUnavailable) as caught:
        ask(json_answer(with_mask({"kind": "secret-of-the-port"})))

    assert "secret-of-the-port" not in caught.value.message + caught.value.hint


# --- probe and close ------------------------------------------------------------------------------------------------

NOBODYS: dict[str, Any] = {
    "result": {
        "library": LIBRARY,
        "purpose": "freight_resilience",
        "now": "2026-01-01T00:00:00Z",
        "revisions": {"nowhere": "none"},
        "tables": [
            {
                "port": "nowhere",
                "schema": "freight",
                "table": "vessel_calls",
                "agreements": [],
                "withheld": {"call_id": "No."},
            }
        ],
    }
}


EVERYTHING: dict[str, Any] = {
    "id": "all",
    "columns": {"call_id": None},
    "uses": {},
    "rows": [[]],
    "reason": "All.",
    "contact": "",
    "citation": "",
    "limits": {},
    "joins": None,
}


def test_a_probe_that_is_denied_passes() -> None:
    talk(json_answer(NOBODYS), lambda policy: policy.probe())


def test_a_probe_that_is_granted_anything_fails() -> None:
    open_to_all = copy.deepcopy(NOBODYS)
    open_to_all["result"]["tables"][0].update(agreements=[EVERYTHING], withheld={})

    with pytest.raises(PolicyUnavailable, match="grants a table to nobody"):
        talk(json_answer(open_to_all), lambda policy: policy.probe())


def test_a_closed_policy_opens_again_when_asked() -> None:
    async def twice(policy: OpaPolicy) -> None:
        first = await policy.decide(QUESTION)
        await policy.close()
        assert await policy.decide(QUESTION) == first
        await policy.close()
        await policy.close()

    talk(json_answer(GOOD), twice)


def test_many_questions_at_once_are_each_answered() -> None:
    async def many(policy: OpaPolicy) -> None:
        answers = await asyncio.gather(*(policy.decide(QUESTION) for _ in range(50)))
        assert len({answer.id for answer in answers}) == 1

    talk(json_answer(GOOD), many, timeout_seconds=10.0)


@pytest.mark.parametrize("url", ["ftp://opa:8181", "http://", "http://opa:8181/v1", "opa:8181", "http://opa?x=1"])
def test_an_address_that_the_client_would_bend_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="the OPA address must be"):
        OpaPolicy(url, 0.25)


# --- a server that says what it is told -----------------------------------------------------------------------------


def ask(
    raw: bytes,
    *,
    seen: list[tuple[str, bytes]] | None = None,
    pause_before: float = 0,
    pause_inside: float = 0,
    timeout_seconds: float = 2.0,
) -> Decision:
    """Put the question to a server that answers these bytes."""
    decisions: list[Decision] = []

    async def once(policy: OpaPolicy) -> None:
        decisions.append(await policy.decide(QUESTION))

    talk(raw, once, seen=seen, pauses=(pause_before, pause_inside), timeout_seconds=timeout_seconds)
    return decisions[0]


def talk(
    raw: bytes,
    what: Callable[[OpaPolicy], Awaitable[None]],
    *,
    seen: list[tuple[str, bytes]] | None = None,
    pauses: tuple[float, float] = (0, 0),
    timeout_seconds: float = 2.0,
) -> None:
    async def scenario() -> None:
        async with serving(raw, [] if seen is None else seen, *pauses) as url:
            policy = OpaPolicy(url, timeout_seconds)
            try:
                await what(policy)
            finally:
                await policy.close()

    asyncio.run(scenario())


@asynccontextmanager
async def serving(
    raw: bytes, seen: list[tuple[str, bytes]], pause_before: float, pause_inside: float
) -> AsyncIterator[str]:
    """A server on a free loopback port that gives the same bytes to every request."""
    open_writers: set[asyncio.StreamWriter] = set()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        open_writers.add(writer)
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            length = next(int(line[15:]) for line in head.splitlines() if line.lower().startswith("content-length:"))
            seen.append((head, await reader.readexactly(length)))
            await asyncio.sleep(pause_before)
            writer.write(raw[: len(raw) // 2])
            await writer.drain()
            await asyncio.sleep(pause_inside)
            writer.write(raw[len(raw) // 2 :])
            await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            seen.append(("the client hung up", b""))
        finally:
            open_writers.discard(writer)
            writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for writer in list(open_writers):
            writer.close()
