"""What a steward names is found: a file, a port's folder, a folder of ports, a commit."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import typer

from gateway.options import CHECKOUT
from gateway.policy.language import to_data
from gateway.policy_cli.sources import PORTS, in_force, read_source
from tests.policy.written import OWN, PUBLIC, document, file

ALL = {"hueneme", "long_beach", "los_angeles", "oakland", "san_diego"}


def test_a_file_is_one_port_and_says_nothing_of_the_others(tmp_path: Path) -> None:
    found = read_source(file(tmp_path, "edit.yaml", PUBLIC))

    assert (dict(found.documents), found.is_whole) == ({"oakland": document(PUBLIC)}, False)
    assert set(found.over(in_force()).documents) == ALL


@pytest.mark.parametrize("place", ["policies/ports", "ports", ""])
def test_a_folder_of_ports_is_all_of_them_wherever_it_stands(tmp_path: Path, place: str) -> None:
    shutil.copytree(CHECKOUT / PORTS, tmp_path / place, dirs_exist_ok=True)
    shutil.rmtree(tmp_path / place / "hueneme")

    found = read_source(str(tmp_path))

    assert (set(found.documents), found.is_whole) == (ALL - {"hueneme"}, True)
    assert found.over(in_force()) == found


def test_a_ports_folder_is_that_port_with_its_own_rules(tmp_path: Path) -> None:
    file(tmp_path, "data.yaml", PUBLIC, OWN)
    (tmp_path / "narrow.rego").write_text("package ports.oakland.narrow\n")

    found = read_source(str(tmp_path))

    assert (set(found.documents), found.is_whole, set(found.narrow)) == ({"oakland"}, False, {tmp_path.name})


def test_the_normal_form_is_read_as_the_file_it_was_made_of(tmp_path: Path) -> None:

    (tmp_path / "data.json").write_text(json.dumps(to_data(document(PUBLIC))))

    assert dict(read_source(str(tmp_path / "data.json")).documents) == {"oakland": document(PUBLIC)}


@pytest.mark.parametrize("name", ["nowhere", "HEAD:nowhere", "0123456789abcdef0123"])
def test_what_is_none_of_them_is_a_wrong_command(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as stopped:
        read_source(name)

    assert stopped.value.exit_code == 2
    assert capsys.readouterr().err != ""


def test_a_file_with_faults_is_told_with_line_and_column(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("version: 1\nport: oakland\nagreemnts: []\n")

    with pytest.raises(typer.Exit) as stopped:
        read_source(str(tmp_path / "bad.yaml"))

    assert stopped.value.exit_code == 3
    assert "bad.yaml:3:1: " in capsys.readouterr().err
