"""Each red line of the doctor, and its green twin."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from stack import doctor, processes
from stack.doctor import Finding
from stack.keys import make_keys
from stack.layout import Home

NOW = datetime.now(UTC)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("red", "green", "mend"),
    [
        (doctor.python_version((3, 10)), doctor.python_version((3, 11)), "make PYTHON="),
        (doctor.privileges(0, None), doctor.privileges(0, "/usr/bin/setpriv"), "util-linux"),
        (doctor.privileges(0, None), doctor.privileges(1000, None), "ordinary user"),
        (doctor.disk(Path("/"), 10**9), doctor.disk(Path("/"), 10**10), "--home"),
        (doctor.memory(10**9, is_up=False), doctor.memory(10**10, is_up=False), "end other programs"),
        (doctor.memory(10**9, is_up=False), doctor.memory(10**9, is_up=True), "end other programs"),
    ],
)
def test_a_red_line_says_how_to_mend_it_and_a_green_one_says_nothing(red: Finding, green: Finding, mend: str) -> None:
    assert not red.is_well
    assert mend in red.mend
    assert green.is_well
    assert green.mend == ""


def test_a_tcp_port_that_a_stranger_has_is_red_and_names_its_option(home: Home) -> None:
    found = list(doctor.tcp_ports(home, lambda number: number == 8181))

    assert [finding.subject for finding in found if not finding.is_well] == ["TCP port 8181 (--opa-port)"]
    assert [finding.mend for finding in found if not finding.is_well] == [
        "stop that process, or: portgate up --opa-port N"
    ]


def test_a_tcp_port_that_our_own_part_has_is_green(home: Home) -> None:
    processes.start(home, "opa", ["sleep", "600"], address="a", made_from="x")

    found = list(doctor.tcp_ports(home, lambda number: number == 8181))

    assert all(finding.is_well for finding in found)


def test_a_clock_behind_the_files_is_red(tmp_path: Path) -> None:
    assert not doctor.clock(LONG_AGO, NOW, tmp_path / "none").is_well
    assert doctor.clock(NOW, LONG_AGO, tmp_path / "none").is_well


def test_a_clock_outside_the_certificates_time_is_red(home: Home) -> None:
    make_keys(home)
    certificate = home.tls / "gateway.pem"

    assert doctor.clock(NOW, LONG_AGO, certificate).is_well
    assert not doctor.clock(NOW + timedelta(days=400), LONG_AGO, certificate).is_well


def test_the_doctor_of_a_machine_without_a_stack_finds_it_down_and_changes_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "never-made")

    found = {finding.subject: finding for finding in doctor.examine(home)}

    assert found["stack"].seen == "down"
    assert found["PostgreSQL"].seen.startswith("postgres (PostgreSQL) 18")
    assert not home.root.exists()
