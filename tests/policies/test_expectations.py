"""Who may ask which of the fifteen questions of which port, decided by a real OPA over the real agreements."""

from __future__ import annotations

import pytest

from gateway.model import (
    CANONICAL_SCHEMA,
    PURPOSES,
    USES,
    AgreementGrant,
    Catalog,
    Condition,
    Limits,
    Mask,
    Spent,
    TableDecision,
    TableName,
)
from tests.policies.conftest import Oracle
from tests.policies.questions import QUESTIONS

LA, LB, OAK, HUE, SD = ("los_angeles", "long_beach", "oakland", "hueneme", "san_diego")

Expected = dict[int, dict[str, str]]
"""Question -> port -> the columns withheld, of those that the port keeps; what is not here is allowed in full."""

_LATE = "delay_reason_code"
_STAYS_AT_HUENEME = {
    7: "direction dwell_days empty_indicator mode_out out_utc port_unlocode",
    8: "direction dwell_days mode_out out_utc port_unlocode",
    12: "direction mode_out port_unlocode teu",
    14: "direction in_utc out_utc port_unlocode terminal_code",
}
_GATES_AT_HUENEME = {
    9: "gate_in_utc port_unlocode terminal_code turn_minutes",
    10: "port_unlocode turn_minutes",
}

AGENCY: Expected = {11: {LA: "quay_moves", LB: "quay_moves"}}
PUBLIC: Expected = {
    4: dict.fromkeys((LA, LB, OAK, SD), _LATE),
    5: dict.fromkeys((LA, LB, OAK), "yard_utilization_pct"),
    7: dict.fromkeys((LA, LB, OAK), "out_utc") | {HUE: _STAYS_AT_HUENEME[7]},
    8: dict.fromkeys((LA, LB, OAK), "out_utc") | {HUE: _STAYS_AT_HUENEME[8]},
    9: dict.fromkeys((LA, LB), "gate_in_utc") | {HUE: _GATES_AT_HUENEME[9]},
    10: {HUE: _GATES_AT_HUENEME[10]},
    11: dict.fromkeys((LA, LB, OAK), "quay_moves"),
    12: {HUE: _STAYS_AT_HUENEME[12]},
    14: dict.fromkeys((LA, LB, OAK), "available_utc in_utc out_utc") | {HUE: _STAYS_AT_HUENEME[14]},
}
UNIVERSITY: Expected = PUBLIC | {
    5: dict.fromkeys((LA, LB), "yard_utilization_pct"),  # Oakland is open towards universities
    # Los Angeles shows universities its times by the hour or day
    7: dict.fromkeys((LB, OAK), "out_utc") | {HUE: _STAYS_AT_HUENEME[7]},
    8: dict.fromkeys((LB, OAK), "out_utc") | {HUE: _STAYS_AT_HUENEME[8]},
    9: {LB: "gate_in_utc", HUE: _GATES_AT_HUENEME[9]},
    11: {LA: "quay_moves", LB: "quay_moves"},
    14: dict.fromkeys((LB, OAK), "available_utc in_utc out_utc") | {HUE: _STAYS_AT_HUENEME[14]},
}
CARRIER: Expected = {  # its own rows stand behind what these leave open
    4: {SD: _LATE},
    5: dict.fromkeys((LA, LB, OAK), "yard_utilization_pct"),
    7: {HUE: _STAYS_AT_HUENEME[7]},
    8: {HUE: _STAYS_AT_HUENEME[8]},
    9: dict.fromkeys((LA, LB), "gate_in_utc") | {HUE: _GATES_AT_HUENEME[9]},
    10: {HUE: _GATES_AT_HUENEME[10]},
    11: dict.fromkeys((LA, LB, OAK), "quay_moves"),
    12: {HUE: _STAYS_AT_HUENEME[12]},
    14: {HUE: _STAYS_AT_HUENEME[14]},
}

EXPECTED: dict[str, Expected] = {
    "gobiz-analyst": AGENCY,
    "carb-analyst": AGENCY,
    "bts-analyst": AGENCY,
    "oakland-analyst": AGENCY,
    "los-angeles-steward": {11: {LB: "quay_moves"}},
    "long-beach-steward": {11: {LA: "quay_moves"}},
    "hueneme-steward": AGENCY,
    "san-diego-steward": AGENCY,
    "university-researcher": UNIVERSITY,
    "msc-planner": CARRIER,
    "maersk-planner": CARRIER,
    "auditor": PUBLIC,
    "public": PUBLIC,
}


@pytest.mark.parametrize("partner", EXPECTED)
@pytest.mark.parametrize("number", QUESTIONS, ids=lambda number: f"question {number}")
def test_each_partner_is_withheld_exactly_what_the_table_says(
    oracle: Oracle, catalog: Catalog, partner: str, number: int
) -> None:
    question = QUESTIONS[number]
    asked = question.of(catalog)

    withheld: dict[str, set[str]] = {}
    for name, answer in oracle.decide(partner, question.purpose, asked).items():
        withheld.setdefault(name.split(".")[0], set()).update(answer.withheld)

    found = {port: " ".join(sorted(columns)) for port, columns in withheld.items() if columns}
    assert found == EXPECTED[partner].get(number, {})


@pytest.mark.parametrize("number", [7, 8, 9, 14])
def test_single_events_are_not_for_economic_competitiveness(oracle: Oracle, catalog: Catalog, number: int) -> None:
    question = QUESTIONS[number]
    asked = question.of(catalog)

    answers = oracle.decide("gobiz-analyst", "economic_competitiveness", asked)

    assert all(answer.withheld for answer in answers.values())


@pytest.mark.parametrize("purpose", PURPOSES)
def test_volumes_are_open_to_everyone_for_every_purpose(oracle: Oracle, catalog: Catalog, purpose: str) -> None:
    for partner in oracle.partners:
        asked = QUESTIONS[15].of(catalog)
        assert [answer.withheld for answer in oracle.decide(partner, purpose, asked).values()] == [{}] * 5


# --- rows, masks and embargoes --------------------------------------------------------------------------------------


def of(decision: TableDecision, agreement: str) -> AgreementGrant:
    return next(grant for grant in decision.agreements if grant.id == agreement)


def giving(decision: TableDecision) -> list[AgreementGrant]:
    """The agreements that give a column, not rows alone."""
    return [grant for grant in decision.agreements if grant.columns]


def test_two_carriers_see_their_own_calls_only(oracle: Oracle) -> None:
    name = "los_angeles.freight.vessel_calls"
    own = {
        partner: of(oracle.decide(partner, "freight_resilience", {name: ["carrier_smdg"]})[name], "la-carriers-own")
        for partner in ("msc-planner", "maersk-planner")
    }

    assert own["msc-planner"].rows == ((Condition("carrier_smdg", "eq", "MSC"),),)
    assert own["maersk-planner"].rows == ((Condition("carrier_smdg", "eq", "MSK"),),)


def test_long_beach_gives_a_carrier_its_own_calls_thirty_days_later(oracle: Oracle) -> None:
    name = "long_beach.freight.vessel_calls"
    decision = oracle.decide("msc-planner", "freight_resilience", {name: ["carrier_smdg"]})[name]

    assert of(decision, "lb-carriers-own").rows == (
        (Condition("carrier_smdg", "eq", "MSC"), Condition("ata_berth_utc", "le", "2026-10-23 16:45:06.000")),
    )


@pytest.mark.parametrize(
    ("port", "agreement", "moment"),
    [(LA, "la-schedules-late", "2026-11-21 16:45:06.000"), (LB, "lb-schedules-late", "2026-11-15 16:45:06.000")],
)
def test_next_ports_come_late(oracle: Oracle, port: str, agreement: str, moment: str) -> None:
    name = f"{port}.freight.vessel_calls"
    decision = oracle.decide("bts-analyst", "freight_resilience", {name: ["next_port_unlocode"]})[name]

    assert of(decision, agreement).rows == ((Condition("ata_berth_utc", "le", moment),),)


@pytest.mark.parametrize(
    ("port", "agreement", "day"), [(LA, "la-yard-late", "2026-11-22"), (LB, "lb-yard-late", "2026-11-21")]
)
def test_full_yards_are_told_when_the_day_is_over(oracle: Oracle, port: str, agreement: str, day: str) -> None:
    name = f"{port}.freight.port_status"
    decision = oracle.decide("gobiz-analyst", "freight_resilience", {name: ["yard_utilization_pct"]})[name]

    assert of(decision, agreement).rows == ((Condition("day_local", "lt", day),),)


@pytest.mark.parametrize("port", [HUE, SD])
def test_naval_ships_are_in_nobodys_rows(oracle: Oracle, port: str) -> None:
    name = f"{port}.freight.vessel_calls"
    columns = ["vessel_name", "draft_arrival_m", "service_code"]
    for partner in (
        "gobiz-analyst",
        "bts-analyst",
        "university-researcher",
        "msc-planner",
        "oakland-steward",
        "public",
    ):
        for grant in oracle.decide(partner, "freight_resilience", {name: columns})[name].agreements:
            ((condition,),) = grant.rows
            assert (condition.column, condition.op) == ("vessel_type", "in")
            assert isinstance(condition.value, tuple)
            assert "NAVY" not in condition.value


@pytest.mark.parametrize("port", [HUE, SD])
def test_naval_cargo_is_in_nobodys_rows(oracle: Oracle, port: str) -> None:
    name = f"{port}.freight.cargo_throughput"
    for partner in ("gobiz-analyst", "oakland-steward", "public"):
        for grant in oracle.decide(partner, "economic_competitiveness", {name: ["teu"]})[name].agreements:
            ((condition,),) = grant.rows
            assert (condition.column, condition.op) == ("hs_chapter", "not_in")
            assert isinstance(condition.value, tuple)
            assert "93" in condition.value


def test_los_angeles_shows_agencies_who_owns_a_container_and_no_more(oracle: Oracle) -> None:
    for table in ("container_moves", "container_dwell"):
        name = f"los_angeles.freight.{table}"
        decision = oracle.decide("gobiz-analyst", "freight_resilience", {name: ["container_no"]})[name]

        assert [grant.columns for grant in giving(decision)] == [{"container_no": Mask("truncate", 4, "*")}]


@pytest.mark.parametrize("table", ["container_moves", "container_dwell", "gate_transactions"])
def test_long_beachs_containers_may_be_counted_and_nothing_else(oracle: Oracle, table: str) -> None:
    name = f"long_beach.freight.{table}"
    told = {}
    for use in USES:
        asked = {name: {"container_no": frozenset((use,))}}
        decision = oracle.decide("gobiz-analyst", "freight_resilience", {name: ["container_no"]}, uses=asked)[name]
        told[use] = decision.withheld.get("container_no", "")

    words = "A container number follows one shipment; agencies may count containers, never name one."
    assert told == dict.fromkeys(USES, words) | {"aggregate": ""}


def test_boxes_and_customers_of_oakland_come_as_hashes(oracle: Oracle) -> None:
    name = "oakland.freight.container_moves"
    columns = ["container_no", "consignee_name", "shipper_name", "bill_of_lading"]
    decision = oracle.decide("gobiz-analyst", "freight_resilience", {name: columns})[name]

    assert of(decision, "oak-agencies").columns == dict.fromkeys(columns[:3], Mask("keyed_hash"))
    assert set(decision.withheld) == {"bill_of_lading"}


@pytest.mark.parametrize("port", [LA, LB])
def test_customers_never_leave_the_two_big_ports(oracle: Oracle, port: str) -> None:
    name = f"{port}.freight.container_moves"
    columns = ["shipper_name", "consignee_name", "bill_of_lading"]
    for partner, who in oracle.partners.items():
        for purpose in who.purposes:
            assert set(oracle.decide(partner, purpose, {name: columns})[name].withheld) == set(columns)


def test_a_shipper_sees_its_own_boxes_at_oakland(oracle: Oracle) -> None:
    name = "oakland.freight.container_moves"
    decision = oracle.decide("shipper-analyst", "goods_movement_efficiency", {name: ["container_no"]})[name]
    customer = oracle.partners["shipper-analyst"].attributes["customer_name"]

    assert of(decision, "oak-shippers-own").rows == (
        (Condition("shipper_name", "eq", customer),),
        (Condition("consignee_name", "eq", customer),),
    )


def test_a_haulier_sees_its_own_gate_visits(oracle: Oracle) -> None:
    name = "los_angeles.freight.gate_transactions"
    decision = oracle.decide("drayage-dispatcher", "goods_movement_efficiency", {name: ["gate_in_utc"]})[name]
    scac = oracle.partners["drayage-dispatcher"].attributes["scac"]

    assert of(decision, "la-drayage-own").rows == ((Condition("motor_carrier_scac", "eq", scac),),)


def test_dangerous_goods_are_for_safety_officers_alone(oracle: Oracle) -> None:
    name = "los_angeles.freight.container_moves"
    told = {
        partner
        for partner in oracle.partners
        if not oracle.decide(partner, "freight_resilience", {name: ["is_dangerous"]})[name].withheld
    }

    assert told == {"coast-guard-safety", "los-angeles-steward"}


SEEN: dict[tuple[str, str], dict[str, str]] = {
    ("freight.container_moves", "shipper_name"): {OAK: "agency"},
    ("freight.container_moves", "consignee_name"): {OAK: "agency"},
    ("freight.container_moves", "bill_of_lading"): {},
    ("freight.container_moves", "gross_mass_kg"): {OAK: "shipper"},
    ("freight.container_moves", "hs_chapter"): {OAK: "shipper"},
    ("freight.container_moves", "is_dangerous"): {LA: "safety", LB: "safety", OAK: "safety"},
    ("freight.container_moves", "carrier_smdg"): {LA: "carrier", LB: "carrier", OAK: "carrier shipper"},
    ("freight.vessel_calls", "carrier_smdg"): {LA: "carrier", LB: "carrier", OAK: "carrier"},
    ("freight.vessel_calls", "planned_moves"): {LA: "carrier", LB: "carrier", OAK: "agency university carrier"},
    ("freight.vessel_calls", "next_port_unlocode"): {
        LA: "agency carrier", LB: "agency carrier", OAK: "agency university carrier",
    },
    ("freight.gate_transactions", "truck_plate"): {},
    ("freight.gate_transactions", "driver_id"): {},
    ("freight.gate_transactions", "motor_carrier_scac"): {LA: "haulier", LB: "haulier"},
    ("freight.gate_transactions", "turn_minutes"): {
        LA: "everyone", LB: "everyone", HUE: "agency",
    },
    ("freight.berth_occupancy", "quay_moves"): {OAK: "agency university"},
    ("freight.berth_occupancy", "crane_hours"): {OAK: "agency university"},
    ("freight.port_status", "yard_utilization_pct"): {LA: "agency", LB: "agency", OAK: "agency university"},
    ("freight.port_status", "vessels_at_berth"): dict.fromkeys((LA, LB, OAK), "everyone"),
    ("freight.cargo_throughput", "partner_country"): {},
    ("freight.cargo_throughput", "teu"): dict.fromkeys((LA, LB, OAK, HUE, SD), "everyone"),
    ("freight.emissions", "mass_tonnes"): dict.fromkeys((LA, LB, SD), "everyone"),
    ("cargo.cargo_ledger", "customer_name"): {},
    ("cargo.cargo_ledger", "origin_country"): {},
}  # fmt: skip
"""Table and column of what is sensitive -> port -> who sees it in some form, whatever the purpose. Nobody at all sees
what comes as statistics. A port's own staff is left out."""

KINDS = {
    "gobiz-analyst": "agency", "coast-guard-safety": "agency safety", "university-researcher": "university",
    "msc-planner": "carrier", "shipper-analyst": "shipper", "drayage-dispatcher": "haulier", "auditor": "auditor",
    "public": "public",
}  # fmt: skip


@pytest.mark.parametrize(("table", "column"), SEEN)
def test_what_is_sensitive_is_seen_by_whom_its_port_named(
    oracle: Oracle, catalog: Catalog, table: str, column: str
) -> None:
    schema, name = table.split(".")
    filled = [port for port in (LA, LB, OAK, HUE, SD) if _keeps(catalog, port, schema, name, column)]

    seen: dict[str, set[str]] = {}
    for partner in KINDS:
        for purpose in oracle.partners[partner].purposes:
            answers = oracle.decide(partner, purpose, {f"{port}.{table}": [column] for port in filled})
            for where, answer in answers.items():
                if not answer.withheld:
                    seen.setdefault(where.split(".")[0], set()).add(partner)

    assert seen == {port: _named(who) for port, who in SEEN[table, column].items()}


def _keeps(catalog: Catalog, port: str, schema: str, name: str, column: str) -> bool:
    if schema == CANONICAL_SCHEMA:
        mapping = catalog.mappings[name].get(port)
        return mapping is not None and column in mapping.columns
    return TableName(port, schema, name) in catalog.tables


def _named(who: str) -> set[str]:
    wanted = set(who.split())
    return {partner for partner, kinds in KINDS.items() if who == "everyone" or wanted & set(kinds.split())}


def test_ports_that_share_their_trains_see_whose_trains_the_others_are(oracle: Oracle) -> None:
    asked = {f"{port}.freight.rail_moves": ["railroad_scac"] for port in (LA, LB, OAK)}
    seen = {
        partner: {
            name.split(".")[0]
            for name, a in oracle.decide(partner, "freight_resilience", asked).items()
            if not a.withheld
        }
        for partner in ("los-angeles-steward", "oakland-analyst", "hueneme-steward", "gobiz-analyst")
    }

    assert seen == {
        "los-angeles-steward": {LA, LB, OAK},
        "oakland-analyst": {LA, LB, OAK},
        "hueneme-steward": set(),  # no trains are loaded at Hueneme, so it shares none
        "gobiz-analyst": set(),
    }


def test_oakland_shares_no_chassis_and_sees_nobody_elses_pools(oracle: Oracle) -> None:
    asked = {f"{port}.freight.chassis_status": ["pool_operator"] for port in (LA, LB)}

    long_beach = oracle.decide("long-beach-steward", "goods_movement_efficiency", asked)
    oakland = oracle.decide("oakland-steward", "goods_movement_efficiency", asked)

    assert [bool(answer.withheld) for answer in long_beach.values()] == [False, False]
    assert [bool(answer.withheld) for answer in oakland.values()] == [True, True]


@pytest.mark.parametrize(
    ("port", "table", "others"),
    [
        (LA, "container_moves", {"freight.vessel_calls": (("call_id", "call_id"),)}),
        (OAK, "container_moves", {
            "freight.vessel_calls": (("call_id", "call_id"),),
            "freight.container_dwell": (("container_no", "container_no"),),
        }),
    ],
)  # fmt: skip
def test_single_moves_are_joined_with_what_the_port_named(
    oracle: Oracle, port: str, table: str, others: dict[str, object]
) -> None:
    name = f"{port}.freight.{table}"
    (grant,) = giving(oracle.decide("gobiz-analyst", "freight_resilience", {name: ["move_id"]})[name])

    assert grant.joins is not None
    assert {rule.table: rule.on for rule in grant.joins} == others
    assert {(rule.ports, rule.values) for rule in grant.joins} == {(frozenset((port,)), "clear")}


@pytest.mark.parametrize(
    ("partner", "name", "limits"),
    [
        ("university-researcher", "los_angeles.freight.container_dwell", Limits(rows=100_000)),
        ("university-researcher", "oakland.freight.port_status", Limits(rows=100_000)),
        ("public", "hueneme.freight.vessel_calls", Limits(queries_a_day=5000, bytes_a_day=500_000_000)),
        ("public", "san_diego.freight.vessel_calls", Limits(queries_a_day=5000, bytes_a_day=500_000_000)),
        ("gobiz-analyst", "hueneme.freight.vessel_calls", Limits()),
    ],
)
def test_limits_are_for_universities_and_the_public(oracle: Oracle, partner: str, name: str, limits: Limits) -> None:
    columns = {"container_dwell": "out_utc", "port_status": "yard_utilization_pct", "vessel_calls": "vessel_name"}
    decision = oracle.decide(partner, "freight_resilience", {name: [columns[name.split(".")[2]]]})[name]

    assert [grant.limits for grant in giving(decision)] == [limits]


def test_a_public_that_had_its_share_of_hueneme_is_told_when_it_opens_again(oracle: Oracle) -> None:
    name = "hueneme.freight.vessel_calls"
    spent = {HUE: {"hue-anyone": Spent(5000, 1)}}
    decision = oracle.decide("public", "freight_resilience", {name: ["vessel_name"]}, spent=spent)[name]

    assert decision == TableDecision(
        (),
        {"vessel_name": "Your organisation has used up today's share under hue-anyone; it opens again at 00:00 UTC."},
    )


def test_every_agreement_says_where_it_is_written_down_and_whom_to_ask(oracle: Oracle) -> None:
    name = "los_angeles.freight.vessel_calls"
    decision = oracle.decide("msc-planner", "freight_resilience", {name: ["carrier_smdg"]})[name]
    (grant,) = giving(decision)

    assert (grant.contact, grant.citation) == ("line-desk@losangeles.example", "POLA Tariff 4, data annex")


def test_a_steward_sees_the_ports_own_tables_and_a_fellow_steward_does_not(oracle: Oracle) -> None:
    asked = {"long_beach.polbops.truckvisit": ["visitno", "truckerscac", "driverbadge"]}

    own = oracle.decide("long-beach-steward", "goods_movement_efficiency", asked)["long_beach.polbops.truckvisit"]
    other = oracle.decide("oakland-steward", "goods_movement_efficiency", asked)["long_beach.polbops.truckvisit"]

    assert of(own, "lb-own-staff").columns == {"visitno": None, "truckerscac": None}
    assert "12100.131(b)(3)" in own.withheld["driverbadge"]
    assert other.agreements == ()


def test_published_figures_are_open_to_the_public(oracle: Oracle) -> None:
    asked = {
        "los_angeles.pola.teu_monthly": ["year_month", "total_teu"],
        "long_beach.polbops.teu_monthly": ["year_month", "total_teu"],
        "oakland.tos.teu_annual": ["year", "total_teu"],
        "hueneme.exports.usace_port_tonnage_2022": ["total_short_tons"],
        "san_diego.cargo.cargo_small_ports_annual": ["measure", "value"],
    }

    answers = oracle.decide("public", "economic_competitiveness", asked)

    assert all(answer.withheld == {} and answer.agreements[0].rows == ((),) for answer in answers.values())


def test_agreements_end_on_their_last_day(oracle: Oracle) -> None:
    name = "oakland.freight.cargo_throughput"

    last = oracle.decide("public", "economic_competitiveness", {name: ["teu"]}, now="2027-12-31T23:59:59Z")[name]
    after = oracle.decide("public", "economic_competitiveness", {name: ["teu"]}, now="2028-01-01T00:00:00Z")[name]

    assert last.agreements
    assert after == TableDecision((), {"teu": after.withheld["teu"]})
