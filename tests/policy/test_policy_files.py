"""Ports' files come from disk as documents, and go to OPA in their normal form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.adapters.policy_files import ports_of, read_port, read_ports, write_open_bundle
from gateway.errors import PolicyFault
from gateway.policy.language import from_data
from tests.policy.test_check import BASE, POLICIES

PORTS = ("hueneme", "long_beach", "los_angeles", "oakland", "san_diego")


def test_the_five_ports_have_files() -> None:
    assert ports_of(POLICIES) == PORTS
    assert tuple(read_ports(POLICIES)) == PORTS


def test_the_open_form_is_what_the_ports_wrote(tmp_path: Path) -> None:
    write_open_bundle(POLICIES, tmp_path, commit="b" * 40)

    said = {port: json.loads((tmp_path / f"ports/{port}/data.json").read_text()) for port in PORTS}
    assert {port: from_data(data) for port, data in said.items()} == read_ports(POLICIES)
    assert {data["revision"].split("@")[1] for data in said.values()} == {"b" * 40}
    assert (tmp_path / "gateway/access/access.rego").exists()
    assert list(tmp_path.rglob("*_test.rego")) == []


def test_the_open_form_holds_the_ports_asked_for_and_their_rego(tmp_path: Path) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    (source / "gateway").mkdir(parents=True)
    for port in ("oakland", "hueneme"):
        (source / "ports" / port).mkdir(parents=True)
        (source / "ports" / port / "data.yaml").write_text(BASE.replace("port: oakland", f"port: {port}"))
        (source / "ports" / port / "narrow.rego").write_text(f"package ports.{port}.narrow\n")

    write_open_bundle(source, target, ["oakland"])

    assert sorted(str(file.relative_to(target)) for file in target.rglob("*") if file.is_file()) == [
        "ports/oakland/data.json", "ports/oakland/narrow.rego",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (BASE.replace("    citation:", "    citaton:"), r"oakland/data.yaml:41:5: `citaton` is no key here"),
        (BASE.replace("port: oakland", "port: hueneme"), r"oakland/data.yaml:3:1: the file is of the port hueneme"),
        (b"\xff\xfe", "is not written in UTF-8"),
        (None, "there is no file"),
    ],
)
def test_a_file_with_a_fault_is_refused_with_its_place(text: str | bytes | None, told: str, tmp_path: Path) -> None:
    folder = tmp_path / "oakland"
    folder.mkdir()
    if text is not None:
        (folder / "data.yaml").write_bytes(text.encode() if isinstance(text, str) else text)

    with pytest.raises(PolicyFault, match=told):
        read_port(folder)
