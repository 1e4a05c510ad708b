"""A document and its normal form say the same; what is not in normal form is refused."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from gateway.errors import PolicyFault
from gateway.policy.language import PortDocument, from_data, index_of, revision_of, to_data
from gateway.policy.reading import read_document
from tests.policy.documents import documents

BASE = (Path(__file__).parent / "base.yaml").read_text()
SLOW = (HealthCheck.too_slow, HealthCheck.data_too_large)


def base() -> PortDocument:
    document = read_document(BASE).document
    assert document
    return document


def data() -> dict[str, Any]:
    return to_data(base())


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(document=documents())
def test_what_is_written_is_read_back(document: PortDocument) -> None:
    assert from_data(to_data(document)) == document


@settings(max_examples=50, deadline=None, suppress_health_check=SLOW)
@given(document=documents())
def test_json_loses_nothing(document: PortDocument) -> None:
    written = to_data(document, "a" * 40)

    assert from_data(json.loads(json.dumps(written))) == document
    assert to_data(from_data(written), "a" * 40) == written


def test_the_normal_form_says_all_that_a_steward_left_out() -> None:
    yard = data()["agreements"][2]
    plain = yard["tables"]["tos.vsl_call"]

    assert {key: value for key, value in yard.items() if key != "tables"} == {
        "id": "oak-yard-days",
        "with": {"organisations": ["bts"]},
        "purposes": ["goods_movement_efficiency"],
        "from": "2026-01-01",
        "until": "2028-01-01",
        "reason": "The statistics office reads the days of the yard.",
        "contact": "",
        "citation": "",
        "suspended": False,
        "reciprocal": False,
        "limits": {},
    }
    assert plain == {
        "release": "rows",
        "reason": "The statistics office reads the days of the yard.",
        "columns": {
            name: {"uses": ["select", "filter", "group", "join", "aggregate", "order"], "mask": None}
            for name in ("vc_id", "eta_ms")
        },
        "rows": [[{"column": "eta_ms", "op": "ge", "value": 1767225600000}, {"column": "dly_cd", "op": "not_null"}]],
        "embargo": None,
        "joins": None,
        "statistics": None,
    }


def test_the_normal_form_of_a_whole_table() -> None:
    table = data()["agreements"][1]["tables"]["freight.vessel_calls"]
    all_six = ["select", "filter", "group", "join", "aggregate", "order"]

    assert table == {
        "release": "rows",
        "reason": "Own calls come thirty days after the ship has berthed.",
        "columns": {
            "carrier_smdg": {"uses": all_six, "mask": None},
            "planned_moves": {"uses": all_six, "mask": None},
            "vessel_imo": {"uses": ["group", "join", "aggregate"], "mask": None},
            "berth_code": {"uses": all_six, "mask": {"kind": "constant", "value": "withheld"}},
            "next_port_unlocode": {"uses": all_six, "mask": {"kind": "null"}},
            "vessel_name": {"uses": all_six, "mask": {"kind": "truncate", "value": 4, "fill": "*"}},
            "service_code": {"uses": ["select", "group"], "mask": {"kind": "keyed_hash"}},
        },
        "rows": [
            [
                {"column": "carrier_smdg", "op": "eq", "value": {"partner": "carrier_smdg"}},
                {"column": "call_status", "op": "not_in", "value": ["OMIT", "BLNK"]},
            ],
            [
                {"column": "carrier_smdg", "op": "is_null"},
                {"column": "teu_capacity", "op": "gt", "value": 500},
                {"column": "teu_capacity", "op": "lt", "value": 1000},
                {"column": "loa_m", "op": "between", "value": [100, 200.5]},
            ],
        ],
        "embargo": {"column": "ata_berth_utc", "age_hours": 720, "grain": "instant"},
        "joins": [
            {
                "table": "freight.container_moves",
                "ports": ["long_beach", "oakland"],
                "on": [["vessel_imo", "call_id"]],
                "values": "clear",
            },
            {
                "table": "freight.vessel_calls",
                "ports": ["los_angeles"],
                "on": [["vessel_imo", "vessel_imo"]],
                "values": "hashed",
            },
        ],
        "statistics": None,
    }


def test_an_agreement_stands_in_the_index_once_for_each_table_under_its_most_telling_key() -> None:
    assert index_of(base())["freight.vessel_calls"] == {
        "organisations": {},
        "organisation_classes": {
            "state_agency": [0],
            "federal_agency": [0],
            "university": [0],
            "public": [0],
            "ocean_carrier": [1],
        },
        "roles": {},
    }


def test_a_revision_is_of_all_but_itself() -> None:
    document = base()

    one, other = to_data(document, "a" * 40)["revision"], to_data(document)["revision"]

    assert (one.split("@")[0], one.split("@")[1], other.split("@")[1]) == (other.split("@")[0], "a" * 40, "none")


def set_(*path: str | int, to: Any) -> Callable[[dict[str, Any]], None]:
    """Change one value of the normal form."""

    def change(said: Any) -> None:
        for step in path[:-1]:
            said = said[step]
        said[path[-1]] = to

    return change


TABLE = ("agreements", 1, "tables", "freight.vessel_calls")
WRONG: dict[str, Callable[[dict[str, Any]], None]] = {
    "another version": set_("version", to=2),
    "a version that is true": set_("version", to=True),
    "a key of its own": set_("narrow", to={}),
    "suspended by a word": set_("suspended", to="false"),
    "a port that is none": set_("port", to="Oakland"),
    "agreements by name": set_("agreements", to={}),
    "one id twice": set_("agreements", 1, "id", to="oak-everyone"),
    "with nobody": set_("agreements", 1, "with", to={}),
    "with a class that is none": set_("agreements", 1, "with", to={"organisation_classes": ["carriers"]}),
    "with someone twice": set_("agreements", 1, "with", to={"roles": ["planner", "planner"]}),
    "no purpose": set_("agreements", 1, "purposes", to=[]),
    "a purpose that is none": set_("agreements", 1, "purposes", to=["marketing"]),
    "a day that never was": set_("agreements", 1, "until", to="2027-02-30"),
    "a limit of nothing": set_("agreements", 1, "limits", to={"rows": 0}),
    "a limit that is true": set_("agreements", 1, "limits", to={"rows": True}),
    "a limit nobody knows": set_("agreements", 1, "limits", to={"columns": 1}),
    "a release of all": set_(*TABLE, "release", to="all"),
    "statistics without terms": set_(*TABLE, "release", to="statistics"),
    "no columns": set_(*TABLE, "columns", to={}),
    "a column without uses": set_(*TABLE, "columns", "call_id", to={"mask": None}),
    "a column for nothing": set_(*TABLE, "columns", "vessel_imo", "uses", to=[]),
    "uses in another order": set_(*TABLE, "columns", "vessel_imo", "uses", to=["join", "group", "aggregate"]),
    "a use that is none": set_(*TABLE, "columns", "vessel_imo", "uses", to=["look"]),
    "a mask of the gateway's own": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "join_hash"}),
    "a mask without its value": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "constant"}),
    "a mask with a value of its own": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "null", "value": 1}),
    "a mask that keeps too much": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "truncate", "value": 65}),
    "a band of no width": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "band", "value": 0}),
    "a fill where none goes": set_(
        *TABLE, "columns", "vessel_imo", "mask", to={"kind": "band", "value": 1, "fill": "x"}
    ),
    "a fill of nothing": set_(*TABLE, "columns", "vessel_imo", "mask", to={"kind": "truncate", "value": 1, "fill": ""}),
    "rows by a word": set_(*TABLE, "rows", to="all"),
    "no rows": set_(*TABLE, "rows", to=[]),
    "an operator that is none": set_(*TABLE, "rows", to=[[{"column": "a", "op": "like", "value": "x"}]]),
    "a condition without a value": set_(*TABLE, "rows", to=[[{"column": "a", "op": "eq"}]]),
    "a null with a value": set_(*TABLE, "rows", to=[[{"column": "a", "op": "is_null", "value": True}]]),
    "nothing for a value": set_(*TABLE, "rows", to=[[{"column": "a", "op": "eq", "value": None}]]),
    "in nothing": set_(*TABLE, "rows", to=[[{"column": "a", "op": "in", "value": []}]]),
    "between one": set_(*TABLE, "rows", to=[[{"column": "a", "op": "between", "value": [1]}]]),
    "a prefix of a number": set_(*TABLE, "rows", to=[[{"column": "a", "op": "starts_with", "value": 1}]]),
    "an attribute and more": set_(
        *TABLE, "rows", to=[[{"column": "a", "op": "eq", "value": {"partner": "a", "or": 1}}]]
    ),
    "an embargo of no age": set_(*TABLE, "embargo", "age_hours", to=0),
    "an embargo by the month": set_(*TABLE, "embargo", "grain", to="month"),
    "a join with no port": set_(*TABLE, "joins", 0, "ports", to=[]),
    "ports in another order": set_(*TABLE, "joins", 0, "ports", to=["oakland", "long_beach"]),
    "a join on one side": set_(*TABLE, "joins", 0, "on", to=[["vessel_imo"]]),
    "a join in secret": set_(*TABLE, "joins", 0, "values", to="secret"),
    "words that are no sentence": set_("withheld", "freight.vessel_calls", "*", to="no"),
    "one contributor": set_(
        "agreements", 2, "tables", "freight.rail_moves", "statistics", "contributors", 0, "at_least", to=1
    ),
    "a revision that is none": set_("revision", to="1"),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG)
def test_what_is_not_in_normal_form_is_refused(change: Callable[[dict[str, Any]], None]) -> None:
    said = copy.deepcopy(data())
    change(said)
    if said["revision"] == data()["revision"]:  # whoever writes it can count
        said["revision"] = revision_of(said)

    with pytest.raises(PolicyFault):
        from_data(said)


def test_a_document_that_was_changed_afterwards_is_refused() -> None:
    said = data()
    said["agreements"][0]["until"] = "2029-01-01"

    with pytest.raises(PolicyFault, match="not the digest"):
        from_data(said)


def test_an_index_of_another_document_is_refused() -> None:
    said = data()
    said["index"]["freight.vessel_calls"]["organisation_classes"]["shipper"] = [1]
    said["revision"] = revision_of(said)

    with pytest.raises(PolicyFault, match="not the index"):
        from_data(said)


@pytest.mark.parametrize("what", [None, [], "x", 1, {}])
def test_what_is_no_document_is_refused(what: object) -> None:
    with pytest.raises(PolicyFault):
        from_data(what)
