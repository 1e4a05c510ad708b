"""`portgate policy sign | publish | rollback | suspend | status`, as far as they go without a stack."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from typer.testing import CliRunner

from gateway.adapters.signing import FileFault, files_at, read_files, suspended_text
from gateway.policy.bundle import read_port
from gateway.policy_cli import app
from tests.bundles.signing import KEYS, NARROW

TEXT = """\
# Oakland's own words
version: 1
port: oakland   # the folder's name
organisation: port_of_oakland
contact: data-desk@oakland.example
suspended: false   # true stops everything

agreements:
  - id: oak-analysts
    with: {organisation_classes: [state_agency]}
    purposes: [freight_resilience]
    from: "2026-01-01"
    until: "2028-01-01"
    reason: State agencies plan with these calls.
    suspended: false
    tables:
      freight.vessel_calls:
        release: rows
        columns: {call_id: show}
        rows: all

withheld:
  freight.vessel_calls:
    "*": Ask us about the rest of this table.
"""


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    """A folder of policies in a git repository of its own, and a key beside it."""
    folder = tmp_path / "policies"
    (folder / "ports" / "oakland").mkdir(parents=True)
    (folder / "ports" / "oakland" / "data.yaml").write_text(TEXT)
    pem = KEYS["oakland"].private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "oakland.key").write_bytes(pem)
    git(folder, "init", "--quiet")
    commit(folder, "first")
    return folder


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Steward", "-c", "user.email=steward@oakland.example"]
    command = ["git", "-C", str(folder), *identity, *words]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(folder: Path, words: str) -> str:
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", words)
    return git(folder, "rev-parse", "HEAD")


def edit(policies: Path, old: str, new: str) -> None:
    file = policies / "ports" / "oakland" / "data.yaml"
    assert old in file.read_text()
    file.write_text(file.read_text().replace(old, new, 1))


def run(policies: Path, *words: str) -> tuple[int, str]:
    options = ["--policies", str(policies), "--key", str(policies.parent / "oakland.key")]
    done = CliRunner().invoke(app, [*words, *options, "--home", str(policies.parent / "nowhere")])
    return done.exit_code, done.output


def test_sign_writes_a_bundle_of_the_files_and_the_commit_they_belong_to(policies: Path, tmp_path: Path) -> None:
    (policies / "ports" / "oakland" / "narrow.rego").write_bytes(NARROW)
    at = commit(policies, "rules")

    code, said = run(policies, "sign", "oakland", "--output", str(tmp_path / "out.tar.gz"), "--json")

    bundle = read_port((tmp_path / "out.tar.gz").read_bytes(), "oakland", KEYS["oakland"].public_key())
    assert code == 0
    assert json.loads(said) == {
        "port": "oakland",
        "file": str(tmp_path / "out.tar.gz"),
        "revision": bundle.revision,
        "serial": bundle.manifest.serial,
    }
    assert bundle.revision.partition("@")[2] == at
    assert bundle.narrow == NARROW


def test_outside_of_git_a_revision_names_no_commit(policies: Path, tmp_path: Path) -> None:
    git(policies, "checkout", "--quiet", "--orphan", "empty")

    assert read_files(policies, "oakland").revision().endswith("@none")


def test_a_file_with_errors_is_not_signed_and_the_line_is_named(policies: Path, tmp_path: Path) -> None:
    edit(policies, "contact:", "contakt:")

    code, said = run(policies, "sign", "oakland", "--output", str(tmp_path / "out.tar.gz"))

    assert code == 3
    assert "line 5" in said
    assert "contact" in said
    assert not (tmp_path / "out.tar.gz").exists()


def test_a_column_that_the_catalog_does_not_know_is_not_published(policies: Path) -> None:
    edit(policies, "call_id: show", "call_idd: show")

    code, said = run(policies, "publish", "oakland", "--as", "oakland-steward")

    assert (code, "call_idd" in said) == (3, True)


@pytest.mark.parametrize("command", ["sign", "publish", "suspend"])
def test_a_port_without_a_file_is_told_how_to_begin(policies: Path, command: str) -> None:
    who = [] if command == "sign" else ["--as", "oakland-steward"]

    code, said = run(policies, command, "seattle", *who)

    assert (code, "portgate policy new seattle" in said) == (3, True)


def test_without_a_stack_there_is_nowhere_to_publish_to(policies: Path) -> None:
    code, said = run(policies, "publish", "oakland", "--as", "oakland-steward")

    assert (code, "portgate up" in said) == (4, True)


def test_an_older_state_is_found_by_what_git_calls_it_and_by_its_revision(policies: Path) -> None:
    first = read_files(policies, "oakland").revision()
    edit(policies, "call_id: show", "call_id: show, vessel_name: show")
    second_commit = commit(policies, "wider")
    second = read_files(policies, "oakland").revision()
    edit(policies, "vessel_name: show", "vessel_name: {mask: null}")
    commit(policies, "masked")

    found = {to: files_at(policies, "oakland", to).revision() for to in ("HEAD~1", second_commit, second, first)}

    assert found == {"HEAD~1": second, second_commit: second, second: second, first: first}
    assert files_at(policies, "oakland", first.partition("@")[0]).revision() == first


@pytest.mark.parametrize("to", ["no-such-branch", "0" * 64 + "@none", "--output=/tmp/x", "HEAD~99"])
def test_a_state_that_git_does_not_know_is_refused(policies: Path, to: str) -> None:
    with pytest.raises(FileFault):
        files_at(policies, "oakland", to)


def test_suspend_changes_one_word_and_resume_gives_the_file_back(policies: Path) -> None:
    files = read_files(policies, "oakland")

    stopped = suspended_text(files, suspended=True)

    assert stopped.text == TEXT.replace("suspended: false   # true", "suspended: true   # true", 1)
    assert stopped.document().suspended is True
    assert suspended_text(stopped, suspended=False) == files


def test_suspend_leaves_a_file_alone_that_writes_the_word_in_an_odd_way(policies: Path) -> None:
    edit(policies, "suspended: false   # true", '"suspended": false   # true')

    with pytest.raises(FileFault, match="cannot be changed here"):
        suspended_text(read_files(policies, "oakland"), suspended=True)


def test_a_file_is_left_alone_where_suspend_cannot_be_published(policies: Path) -> None:
    before = (policies / "ports" / "oakland" / "data.yaml").read_text()

    code, _ = run(policies, "suspend", "oakland", "--as", "oakland-steward")

    assert code == 4
    assert (policies / "ports" / "oakland" / "data.yaml").read_text() == before
