"""`portgate audit verify`, `prove` and `export`: over a gateway and from a file; what is printed, and how they end."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import apsw
import pytest
from typer.testing import CliRunner, Result

from gateway.audit.note import Signer, checkpoint_in, signatures_of
from gateway.cli import app
from tests.audit.logs import SIGNER
from tests.audit.tampering import WITNESSES, build, known_of, read_tables
from tests.edge.test_audit_cli import DECIDED, Served
from tests.edge.test_audit_cli import served as served

KEY = ("--key", str(SIGNER.verifier))
WITNESSED = tuple(word for each in WITNESSES for word in ("--witness", str(each.verifier)))


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["audit", *words])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "audit.sqlite"
    build(file)
    return file


def changed(file: Path, statement: str) -> Path:
    database = apsw.Connection(str(file))
    database.execute(statement)
    database.close()
    return file


def kept_checkpoint(file: Path, tmp_path: Path, at: int = -1) -> Path:
    kept = tmp_path / "kept.txt"
    kept.write_text(read_tables(file).checkpoints_()[at][1])
    return kept


# --- verify ---------------------------------------------------------------------------------------------------------


def test_a_whole_file_is_told_to_be_whole(file: Path, tmp_path: Path) -> None:
    kept = kept_checkpoint(file, tmp_path, 0)

    done = run("verify", "--file", str(file), *KEY, *WITNESSED, "--checkpoint", str(kept))

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == f"whole: 16 records of {SIGNER.name}"
    assert f"held against: {kept}" in done.stdout


def test_damage_is_named_in_plain_words_with_what_to_do(file: Path) -> None:
    changed(file, "UPDATE records SET line = replace(line, 'SELECT 9', 'SELECT 8') WHERE idx = 9")
    changed(file, "UPDATE records SET line = replace(line, 'gobiz', 'goby') WHERE idx = 11")

    done = run("verify", "--file", str(file), *KEY)
    told = json.loads(run("verify", "--file", str(file), *KEY, "--json").stdout)

    assert done.exit_code == 1
    assert "damaged: record " in done.stdout
    assert "record_changed: the record is not what its entry commits to" in done.stdout
    assert "Keep the file as it is" in done.stdout
    assert (told["state"], told["kind"]) == ("damaged", "record_changed")
    assert told["index"] in (9, 11)


def test_it_is_told_which_witnesses_have_seen_how_much_of_the_log(file: Path) -> None:
    done = run("verify", "--file", str(file), *KEY, *WITNESSED)
    told = json.loads(run("verify", "--file", str(file), *KEY, *WITNESSED, "--range", "2:9", "--json").stdout)

    names = sorted(each.name for each in WITNESSES)
    listed = "".join(f"  {name}\n" for name in names)
    assert f"seen so by {len(names)} witnesses, the first 16 records:\n{listed}" in done.stdout
    assert told["cosigned"] == {"records": 16, "by": names}
    alone = json.loads(run("verify", "--file", str(file), *KEY, "--json").stdout)
    assert alone["cosigned"] == {"records": 0, "by": []}


def test_a_range_is_checked_alone(file: Path) -> None:
    changed(file, "UPDATE records SET seed = zeroblob(32) WHERE idx = 0")

    # whatever is in one tile is read together
    assert run("verify", "--file", str(file), *KEY, "--range", "2:9").exit_code == 1
    assert run("verify", "--file", str(file), *KEY, "--range", "9:2").exit_code == 2
    assert (
        run("verify", "--file", str(file), *KEY, "--range", "16:20").stderr == "--range 16:20: the log has 16 records\n"
    )
    assert run("verify", "--file", str(file), *KEY, "--range", "x").exit_code == 2


def test_an_old_copy_is_found_by_the_checkpoint_that_somebody_kept(file: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.sqlite"
    build(later, 20)
    kept = kept_checkpoint(later, tmp_path)

    done = run("verify", "--file", str(file), *KEY, "--checkpoint", str(kept), "--json")

    assert done.exit_code == 1
    # both were made with the same seeds up to record 15, whose outcome is another
    assert json.loads(done.stdout)["kind"] in ("old_copy", "rewritten")


def test_another_key_or_a_foreign_checkpoint_is_told(file: Path, tmp_path: Path) -> None:
    other = Signer("another.test/audit", SIGNER.private).verifier
    kept = kept_checkpoint(file, tmp_path)

    assert run("verify", "--file", str(file), "--key", "nonsense").exit_code == 2
    assert run("verify", "--file", str(file), "--key", str(other), "--checkpoint", str(kept)).exit_code == 2
    assert "checkpoint_changed" in run("verify", "--file", str(file), "--key", str(other)).stdout
    assert run("verify", "--file", str(tmp_path / "none.sqlite"), *KEY).exit_code == 4


def once_signed(served: Served) -> dict[str, Any]:
    """What is found of the gateway's log, once its first query is signed: within a second, on a quiet machine."""
    told: dict[str, Any] = {"records": 0}
    until = time.monotonic() + 20
    while told["records"] < 5 and time.monotonic() < until:
        told = json.loads("\n".join(served.lines("verify", *KEY, "--json")))
    return told


def test_a_gateway_is_verified_over_http(served: Served) -> None:
    told = once_signed(served)

    assert told["state"] == "whole"
    assert told["records"] == told["signed"]
    assert told["records"] >= 5
    assert served.run("verify", *KEY, "--range", f"{DECIDED}:4").exit_code == 0
    assert served.run("verify", *KEY, "--as", "oakland-steward").exit_code == 3


# --- prove ----------------------------------------------------------------------------------------------------------


def test_a_record_is_proved_far_from_the_log(file: Path, tmp_path: Path) -> None:
    proof = tmp_path / "record-5.tlog-proof"

    assert run("prove", "5", "--file", str(file), "-o", str(proof)).exit_code == 0
    file.unlink()
    done = run("prove", "--check", str(proof), *KEY, *WITNESSED)

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[0] == f"proven: record 5 of {SIGNER.name}, in its tree of 16 records"
    assert f"seen so by {WITNESSES[0].name} at 2023-11-14 22:13:20 UTC" in done.stdout


def test_a_changed_proof_is_not_proven(file: Path, tmp_path: Path) -> None:
    text = run("prove", "5", "--file", str(file)).stdout
    proof = tmp_path / "record.tlog-proof"
    proof.write_text(text.replace("index 5", "index 6"))

    done = run("prove", "--check", str(proof), *KEY)

    assert done.exit_code == 1
    assert done.stderr.startswith("not proven: ")
    assert run("prove", "--check", str(tmp_path / "none"), *KEY).exit_code == 2
    assert run("prove").exit_code == 2
    assert run("prove", "99", "--file", str(file)).exit_code == 1


def test_a_witness_that_has_not_signed_is_named(file: Path, tmp_path: Path) -> None:
    proof = tmp_path / "record.tlog-proof"
    proof.write_text(run("prove", "5", "--file", str(file)).stdout)
    absent = Signer("hueneme.other/witness", WITNESSES[0].private, WITNESSES[0].kind).verifier

    done = run("prove", "--check", str(proof), *KEY, "--witness", str(absent))

    assert (done.exit_code, done.stderr) == (1, f"not proven: the checkpoint is not signed by {absent.name}\n")


@pytest.mark.parametrize(("name", "reader"), [("auditor", "whole"), ("oakland-steward", "oakland")])
def test_each_reader_has_their_own_proof(served: Served, tmp_path: Path, name: str, reader: str) -> None:
    proof = tmp_path / "record.tlog-proof"
    once_signed(served)

    served.lines("prove", str(DECIDED), "--as", name, "-o", str(proof))
    told = json.loads("\n".join(served.lines("prove", "--check", str(proof), *KEY, "--json")))

    assert (told["state"], told["index"], told["reader"]) == ("proven", DECIDED, reader)


# --- export ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("format_", ["jsonl", "csv", "parquet"])
def test_an_export_comes_with_its_manifest(served: Served, tmp_path: Path, format_: str) -> None:
    out = tmp_path / f"log.{format_}"
    once_signed(served)

    head, *_ = served.lines("export", "-o", str(out), "--format", format_, "--where", "kind=decision", *KEY)
    again = served.lines("export", "--check", str(out), *KEY)

    assert head == again[0] == f"proven: {out} is what {SIGNER.name} has exported"
    assert again[2] == 'as read by: auditor; only: {"kind":"decision"}'
    out.write_bytes(out.read_bytes()[:-1])
    done = served.run("export", "--check", str(out), *KEY)
    assert done.exit_code == 1
    assert done.stderr.startswith(f"not proven: {out} is not the file that was exported")


def test_an_export_that_cannot_be_is_refused(served: Served, tmp_path: Path) -> None:
    out = str(tmp_path / "log.x")

    assert served.run("export", *KEY).exit_code == 2
    assert served.run("export", "-o", out, "--format", "xml", *KEY).exit_code == 3
    assert served.run("export", "-o", out, "--where", "kind", *KEY).exit_code == 2
    assert served.run("export", "--check", out, *KEY).exit_code == 2
    assert not Path(out).exists()


def test_the_kept_checkpoints_are_those_that_witnesses_know(file: Path) -> None:
    tables = read_tables(file)

    notes = [checkpoint_in(signatures_of(note)[0]) for _, note, _ in tables.checkpoints_()]
    assert [each.size for each in known_of(tables)] == [each.size for each in notes] == [4, 8, 12, 16]
