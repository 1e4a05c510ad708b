"""`portgate policy check` and `new`, as a steward types them."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from gateway.model import Catalog
from gateway.policy.check import check
from gateway.policy.reading import read_document
from gateway.policy_cli import app
from tests.policy.test_check import BASE, FAULTS, POLICIES, TODAY, seeded


def run(*words: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(words), input=given)


def a_file(folder: Path, text: str = BASE, port: str = "oakland") -> Path:
    """A policies folder with the file of one port."""
    file = folder / "ports" / port / "data.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    return file


def test_a_fault_is_told_as_a_compiler_tells_it(tmp_path: Path) -> None:
    file = a_file(tmp_path, seeded(FAULTS["a misspelt operator"]))

    done = run("check", "oakland", "--policies", str(tmp_path), "--today", TODAY)

    assert (done.exit_code, done.output) == (
        3,
        f"{file}:57:27: error: `notin` is no key here [unknown_operator]\n"
        "                call_status: {notin: [OMIT, BLNK]}\n"
        "                              ^\n"
        "  mend: write `not_in`\n"
        "1 file: 1 error, 1 note (--notes shows them)\n",
    )


def test_notes_are_told_to_who_asks_for_them(tmp_path: Path) -> None:
    file = a_file(tmp_path, seeded(FAULTS["a misspelt operator"]))

    done = run("check", "oakland", "--policies", str(tmp_path), "--today", TODAY, "--notes")

    assert done.output.endswith(
        f"{file}:102:9: note: statistics are kept for later: this table gives nothing yet [statistics]\n"
        "            release: statistics\n"
        "            ^\n"
        "  mend: nothing to mend\n"
        "1 file: 1 error, 1 note\n"
    )


def test_the_shipped_files_have_nothing_to_mend() -> None:
    done = run("check", "--today", TODAY)

    assert done.exit_code == 0
    assert "error" not in done.output
    assert "warning" not in done.output


def test_warnings_alone_are_no_failure(tmp_path: Path) -> None:
    a_file(tmp_path, seeded(FAULTS["a market share for the public"]))

    done = run("check", "--policies", str(tmp_path), "--today", TODAY, "--json")

    told = json.loads(done.output)
    assert (done.exit_code, told["errors"], told["warnings"]) == (0, 0, 1)
    assert told["files"][0]["findings"][0] == {
        "code": "over_wide",
        "severity": "warning",
        "message": "everyone reads every row of carrier_smdg, which the catalog calls commercial",
        "mend": "name those who need it in `with`, choose `rows`, or write a mask; else the public sees it",
        "line": 21,
        "column": 11,
        "path": "agreements[0].tables.freight.vessel_calls.columns.carrier_smdg",
    }


def test_a_file_in_another_ports_folder_is_an_error(tmp_path: Path) -> None:
    a_file(tmp_path, port="hueneme")

    done = run("check", "hueneme", "--policies", str(tmp_path), "--today", TODAY)

    assert done.exit_code == 3
    assert "the file is of the port oakland, and stands in the folder hueneme [wrong_folder]" in done.output


def test_one_file_can_be_checked_wherever_it_is(tmp_path: Path) -> None:
    file = tmp_path / "draft.yaml"
    file.write_text(BASE)

    assert run("check", str(file), "--today", TODAY).exit_code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("check", "oaklnd"), "write `oakland`"),
        (("check", "nowhere/data.yaml"), "there is no file nowhere/data.yaml"),
        (("check", "--policies", "/nonexistent"), "give the folder with --policies DIR"),
        (("check", "--today", "tomorrow"), "tomorrow is no day"),
        (("new", "oaklnd", "--yes"), "write `oakland`"),
        (("new", "oakland", "--yes"), "is there already"),
    ],
)
def test_a_wrong_command_says_what_would_be_right(words: tuple[str, ...], told: str) -> None:
    done = run(*words)

    assert done.exit_code == 2
    assert told in done.output


@pytest.mark.parametrize("port", ["los_angeles", "long_beach", "oakland", "hueneme", "san_diego"])
def test_a_new_file_is_valid_and_says_what_each_part_is(port: str, tmp_path: Path, catalog: Catalog) -> None:
    file = tmp_path / "data.yaml"

    done = run("new", port, "--yes", "--output", str(file))

    text = file.read_text()
    assert done.exit_code == 0
    assert text.count("#") > 10
    assert [one for one in check(read_document(text), catalog, "2100-01-01") if one.code != "expired"] == []


def test_every_table_of_every_port_makes_a_file_that_passes(catalog: Catalog) -> None:
    from gateway.policy.new import Answers, tables_to_share, write

    for port in catalog.ports:
        tables = tables_to_share(port, catalog)
        answers = Answers(port, f"port_of_{port}", "a@b.example", "a", ("public",), ("freight_resilience",),
                          "2026-01-01", "2028-01-01", 'A sentence: with "signs" #1.', tables)  # fmt: skip
        reading = read_document(write(answers, catalog))
        assert check(reading, catalog, TODAY) == ()
        assert reading.document
        assert tuple(reading.document.agreements[0].tables) == tables


def test_answers_are_taken_one_by_one(tmp_path: Path) -> None:
    answers = [
        "port_of_oakland", "desk@oakland.example", "oak-first", "university, auditor", "emissions_reduction",
        "2026-01-01", "2027-01-01", "We begin with the trains.", "freight.rail_moves",
    ]  # fmt: skip

    file = tmp_path / "data.yaml"
    done = run("new", "oakland", "--output", str(file), given="".join(f"{answer}\n" for answer in answers))

    document = read_document(file.read_text()).document
    assert done.exit_code == 0
    assert document
    (agreement,) = document.agreements
    assert (document.contact, agreement.id, agreement.party.organisation_classes) == (
        "desk@oakland.example", "oak-first", ("university", "auditor"),
    )  # fmt: skip
    assert (agreement.purposes, agreement.from_day, agreement.reason, list(agreement.tables)) == (
        ("emissions_reduction",), "2026-01-01", "We begin with the trains.", ["freight.rail_moves"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--reason", "because"), "no sentence for partners"),
        (("--class", "states"), "`states` may not stand here"),
        (("--from", "2026-02-30"), "is no day"),
        (("--from", "2028-01-01", "--until", "2027-01-01"), "it never holds"),
        (("--table", "freight.vessel_call"), "write `freight.vessel_calls`"),
        (("--id", "a b: c"), "mend:"),
    ],
)
def test_an_answer_that_cannot_stand_writes_no_file(words: tuple[str, ...], told: str, tmp_path: Path) -> None:
    file = tmp_path / "data.yaml"

    done = run("new", "oakland", "--yes", "--output", str(file), *words)

    assert done.exit_code == 3
    assert told in done.output
    assert not file.exists()


def test_a_new_file_goes_where_the_port_keeps_it(tmp_path: Path) -> None:
    shutil.copytree(POLICIES / "gateway", tmp_path / "gateway")

    written = run("new", "oakland", "--yes", "--policies", str(tmp_path))
    checked = run("check", "oakland", "--policies", str(tmp_path))

    assert (written.exit_code, checked.exit_code) == (0, 0)
    assert "1 file: nothing to mend" in checked.output
