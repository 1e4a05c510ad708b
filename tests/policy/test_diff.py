"""`portgate policy diff`: who gains and loses what, in sentences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from gateway.model import Mask
from gateway.policy.compare import compare
from gateway.policy.diff import difference, lines
from gateway.policy.forms import says_at_least
from gateway.policy.language import PortDocument
from gateway.policy_cli import app
from tests.policy.written import OWN, PUBLIC, document, file

TYPES = {"call_id": "varchar", "loa_m": "double", "carrier_smdg": "varchar", "berth": "varchar"}
TODAY = "2026-11-25"


def _told(old: PortDocument, new: PortDocument) -> list[str]:
    before, after = {"oakland": old}, {"oakland": new}
    changes = compare(before, after, lambda _port, _table: TYPES, TODAY)
    return [line.strip() for line in lines(difference(before, after, changes))]


def test_a_new_agreement_is_told_with_who_what_where_for_what_and_when() -> None:
    assert _told(document(PUBLIC), document(PUBLIC, OWN)) == [
        "oakland",
        "gained",
        "Ocean carriers gain carrier_smdg of freight.vessel_calls, in all uses, in rows where carrier_smdg is their "
        "own, for freight resilience, from 2026-11-25 until the day before 2028-01-01 (oak-carriers-own).",
    ]


def test_the_same_file_differs_in_nothing_and_other_words_give_nothing() -> None:
    other = document(PUBLIC.replace("Everybody may know", "All who ask may know"), OWN)

    assert _told(document(PUBLIC, OWN), other) == ["Nobody sees more or less than before."]


def test_an_agreement_that_another_one_covers_already_changes_nothing() -> None:
    again = OWN.replace("carrier_smdg: show", "call_id: show")

    assert _told(document(PUBLIC), document(PUBLIC, again)) == ["Nobody sees more or less than before."]


def test_a_mask_put_on_and_an_earlier_end_are_losses_with_what_is_left() -> None:
    masked = PUBLIC.replace("loa_m: show", "loa_m: {mask: band, width: 50}")

    assert _told(document(PUBLIC), document(masked)) == [
        "oakland",
        "lost",
        "Ocean carriers and universities lose loa_m of freight.vessel_calls, in all uses, in all rows, for freight "
        "resilience and emissions reduction, from 2026-11-25 until the day before 2028-01-01 (oak-public). Still: in "
        "bands of 50, in all uses, all rows (oak-public).",
    ]
    assert _told(document(PUBLIC), document(PUBLIC.replace("2028-01-01", "2027-06-01"))) == [
        "oakland",
        "lost",
        "Ocean carriers and universities lose call_id and loa_m of freight.vessel_calls, in all uses, in all rows, for "
        "freight resilience and emissions reduction, from 2027-06-01 until the day before 2028-01-01 (oak-public).",
    ]


def test_one_mask_for_another_that_cannot_be_worked_out_from_it_counts_as_widening() -> None:
    bands = [PUBLIC.replace("loa_m: show", f"loa_m: {{mask: band, width: {width}}}") for width in (40, 60)]
    before, after = ({"oakland": document(one)} for one in bands)

    found = difference(before, after, compare(before, after, lambda _port, _table: TYPES, TODAY))

    assert {(change.direction, change.columns) for change in found.changes} == {("changes", ("loa_m",))}
    assert found.widens


def test_a_use_that_is_added_is_a_gain_of_that_use_alone() -> None:
    grouped = PUBLIC.replace("loa_m: show", "loa_m: {uses: [group]}")
    joined = PUBLIC.replace("loa_m: show", "loa_m: {uses: [group, join]}")

    told = _told(document(grouped), document(joined))

    assert told[:2] == ["oakland", "gained"]
    assert "gain loa_m of freight.vessel_calls, to be joined on only" in told[2]


def test_two_uses_that_one_agreement_gives_together_are_more_than_two_that_two_give_apart() -> None:
    group, join, both = (
        PUBLIC.replace("loa_m: show", f"loa_m: {{uses: [{uses}]}}").replace("oak-public", name)
        for uses, name in (("group", "oak-one"), ("join", "oak-two"), ("group, join", "oak-both"))
    )

    told = _told(document(group, join), document(group, join, both))

    assert "to be grouped by and be joined on only in one query" in told[2]


def test_a_limit_that_is_raised_and_a_join_that_is_opened_are_told() -> None:
    limits = [PUBLIC.replace("    tables:", f"    limits: {{rows: {rows}}}\n    tables:") for rows in (100, 5000)]
    joins = [
        PUBLIC.replace("        rows: all\n", f"        rows: all\n        joins: {joins}\n")
        for joins in ("[]", "[{with: freight.container_moves, ports: [long_beach], on: [call_id], values: clear}]")
    ]

    raised, opened = (_told(document(old), document(new)) for old, new in (limits, joins))

    assert "may take more of call_id and loa_m of freight.vessel_calls, now up to 5,000 rows an answer" in raised[2]
    assert (
        "may now join call_id and loa_m of freight.vessel_calls with freight.container_moves of long_beach on call_id"
        in opened[2]
    )


def test_a_shorter_embargo_is_a_gain_of_rows_that_are_younger() -> None:
    embargo = "        embargo: {{column: ata_berth_utc, age: {age}}}\n"
    old, new = (PUBLIC + embargo.format(age=age) for age in ("30d", "10d"))
    before, after = {"oakland": document(old)}, {"oakland": document(new)}
    types = {**TYPES, "ata_berth_utc": "timestamp(3)"}

    found = list(compare(before, after, lambda _port, _table: types, TODAY))
    back = list(compare(after, before, lambda _port, _table: types, TODAY))

    assert [change.direction for change in found] == ["gains"]
    assert [change.direction for change in back] == ["loses"]


def test_a_port_that_suspends_everything_is_one_sentence() -> None:
    stopped = document(PUBLIC, OWN)
    stopped = PortDocument(stopped.port, stopped.organisation, stopped.contact, True, stopped.agreements)

    assert _told(document(PUBLIC, OWN), stopped) == [
        "oakland",
        "lost",
        "All that it shared: the port suspends its agreements.",
        "note: oakland: suspends all its agreements.",
    ]


def test_the_command_exits_with_3_when_anything_widens_and_says_so_as_json(tmp_path: Path) -> None:
    old, new = file(tmp_path, "old.yaml", PUBLIC), file(tmp_path, "new.yaml", PUBLIC, OWN)

    wider, narrower, odd = (
        CliRunner().invoke(app, ["diff", *arguments])
        for arguments in ([old, new, "--json"], [new, old], [old, "nowhere:x"])
    )

    assert (wider.exit_code, narrower.exit_code, odd.exit_code) == (3, 0, 2)
    told = json.loads(wider.stdout)
    assert told["widens"]
    assert [(one["direction"], one["agreement"], one["with"]) for one in told["changes"]] == [
        ("gains", "oak-carriers-own", {"organisation_classes": ["ocean_carrier"]})
    ]


@pytest.mark.parametrize(
    ("finer", "coarser"),
    [
        (Mask("truncate", 4), Mask("truncate", 2)),
        (Mask("truncate", 4, "*"), Mask("truncate", 4)),
        (Mask("time_grain", "day"), Mask("time_grain", "week")),
        (Mask("band", 0.5), Mask("band", 2)),
        (Mask("geo_grid", 0.1), Mask("geo_grid", 0.3)),
    ],
)
def test_a_mask_says_less_than_another_from_which_it_can_be_worked_out(finer: Mask, coarser: Mask) -> None:
    assert (says_at_least(finer, coarser), says_at_least(coarser, finer)) == (True, False)


@pytest.mark.parametrize(
    ("mask", "other"),
    [
        (Mask("time_grain", "week"), Mask("time_grain", "month")),
        (Mask("band", 40), Mask("band", 60)),
        (Mask("constant", "a"), Mask("constant", "b")),
        (Mask("keyed_hash"), Mask("truncate", 2)),
        (Mask("truncate", 2, "*"), Mask("truncate", 2, "#")),
    ],
)
def test_masks_of_which_neither_can_be_worked_out_are_not_compared(mask: Mask, other: Mask) -> None:
    assert (says_at_least(mask, other), says_at_least(other, mask)) == (False, False)
