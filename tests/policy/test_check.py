"""The check finds what is wrong, on its line, and says nothing where nothing is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from gateway.model import Catalog
from gateway.policy import floor
from gateway.policy.check import check
from gateway.policy.findings import Finding
from gateway.policy.language import PortDocument
from gateway.policy.reading import read_document
from tests.policy.good_files import texts
from tests.policy.large import many

HERE = Path(__file__).parent
POLICIES = HERE.parents[1] / "policies"
TODAY = "2026-11-25"
BASE = (HERE / "base.yaml").read_text()
FAULTS: Mapping[str, Mapping[str, Any]] = {
    fault["name"]: fault for fault in yaml.safe_load((HERE / "faults.yaml").read_text())
}
GOOD = {
    **dict(texts()),
    "the base of the faults": BASE,
    **{file.parent.name: file.read_text() for file in sorted(POLICIES.glob("ports/*/data.yaml"))},
}
BESIDE: Mapping[str, frozenset[str]] = {
    "an anchor and its alias": frozenset(("anchor", "wrong_type")),
    "no number at all": frozenset(("mask_value",)),
    "a second document": frozenset(("missing_key",)),
    "a misspelt key of a column": frozenset(("missing_key",)),
    "names for the public": frozenset(("unknown_column",)),
    "nothing left of an agreement": frozenset(("contradiction",)),
    "no column left of an agreement": frozenset(("floor",)),
    "a return that nobody can make": frozenset(("reciprocal_unmet",)),
}
"""What else is found of a fault, rightly."""


def seeded(fault: Mapping[str, Any]) -> str:
    """The base with a fault in it."""
    text = BASE
    for find, put in ((fault["find"], fault["put"]), *fault.get("also", ())):
        assert text.count(find) == 1, f"{find!r} stands {text.count(find)} times in the base"
        text = text.replace(find, put)
    return text


def line_of(fault: Mapping[str, Any], text: str) -> int:
    """The line that a fault is to be found on."""
    at = fault.get("at") or fault["put"].strip("\n").splitlines()[0]
    lines: list[int] = [number for number, line in enumerate(text.splitlines(), 1) if at in line]
    nth: int = fault.get("nth", 1)
    return lines[nth - 1]


def find(text: str, catalog: Catalog, others: Mapping[str, PortDocument] | None = None) -> list[Finding]:
    """All findings but the note that statistics are for later."""
    found = check(read_document(text), catalog, TODAY, {} if others is None else others)
    return [finding for finding in found if finding.code != "statistics"]


def test_there_are_a_hundred_faults_and_thirty_good_files() -> None:
    assert (len(FAULTS) >= 100, len(GOOD) >= 30) == (True, True)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_found_on_its_line_and_nothing_else_is(name: str, catalog: Catalog) -> None:
    fault = FAULTS[name]
    text = seeded(fault)

    found = {(finding.code, finding.line) for finding in find(text, catalog)}

    assert (fault["code"], line_of(fault, text)) in found
    assert {code for code, _ in found} - {fault["code"]} == BESIDE.get(name, frozenset())


@pytest.mark.parametrize("name", FAULTS)
def test_a_finding_says_what_and_how_to_mend_it(name: str, catalog: Catalog) -> None:
    lines = seeded(FAULTS[name]).splitlines()
    for finding in find(seeded(FAULTS[name]), catalog):
        assert finding.message
        assert finding.mend
        assert 1 <= finding.line <= len(lines) + 1
        assert finding.column >= 1


@pytest.mark.parametrize("title", GOOD)
def test_there_is_no_false_alarm(title: str, catalog: Catalog) -> None:
    assert [finding for finding in find(GOOD[title], catalog) if finding.severity != "note"] == []


def test_a_misspelt_name_comes_with_the_right_one(catalog: Catalog) -> None:
    names = ["a misspelt key of an agreement", "a misspelt operator", "a table that is not there",
             "a column that is not there", "a class that nobody has", "a join with no port"]  # fmt: skip

    assert [find(seeded(FAULTS[name]), catalog)[0].mend for name in names] == [
        "write `citation`", "write `not_in`", "write `freight.berth_occupancy`", "write `vessel_type`",
        "write `ocean_carrier`", "write `los_angeles`",
    ]  # fmt: skip


def test_an_agreement_with_a_fault_of_shape_does_not_hide_the_faults_of_the_others(catalog: Catalog) -> None:
    text = BASE.replace("    citation:", "    citaton:").replace("vessel_type: show", "vessel_typ: show")

    found = {(finding.code, finding.path) for finding in find(text, catalog)}

    assert found == {
        ("unknown_column", "agreements[0].tables.freight.vessel_calls.columns.vessel_typ"),
        ("unknown_key", "agreements[1].citaton"),
    }


def test_a_return_that_another_port_makes_is_met(catalog: Catalog) -> None:
    text = dict(texts())["reciprocal over shared tables"]
    other = BASE.replace("organisations: [bts]", "organisations: [port_of_long_beach]")
    document = read_document(other).document
    assert document

    unmet = find(text, catalog, {})
    met = find(text, catalog, {"oakland": document})

    assert ([finding.code for finding in unmet], met) == (["reciprocal_unmet"], [])


def test_of_two_agreements_that_give_the_same_the_later_is_needless(catalog: Catalog) -> None:
    head, body = BASE.split("agreements:\n")
    first, rest = body.split("\n\n  - id: oak-carriers-own")
    again = first.replace("oak-everyone", "oak-again")
    text = f"{head}agreements:\n{first}\n\n{again}\n\n  - id: oak-carriers-own{rest}"

    found = [(one.code, one.path, one.message) for one in find(text, catalog)]

    assert found == [
        ("shadowed", "agreements[1].id", "all that oak-again gives, oak-everyone gives as well")
    ]  # fmt: skip


def test_the_floor_of_the_tools_is_the_floor_of_the_library() -> None:
    rego = (POLICIES / "gateway/floor/floor.rego").read_text()
    columns = re.search(r"^columns := \{(.*)\}", rego, re.MULTILINE)
    patterns = re.findall(r"^\t`(.*)`,$", rego, re.MULTILINE)
    assert columns

    assert frozenset(re.findall(r'"(\w+)"', columns[1])) == floor.COLUMNS
    assert "|".join(patterns) == floor.PATTERN.pattern


def test_many_agreements_are_read_whole_and_each_is_checked(catalog: Catalog) -> None:
    text = many(500)
    last = text.rindex("          eta_ms: show")
    text = f"{text[:last]}          eta: show{text[last + len('          eta_ms: show') :]}"

    reading = read_document(text)
    found = [finding for finding in check(reading, catalog, TODAY) if finding.severity == "error"]

    assert reading.document
    assert len(reading.document.agreements) == 500
    assert [(finding.code, finding.line) for finding in found] == [
        ("unknown_column", text[:last].count("\n") + 1)
    ]  # fmt: skip
