"""What the README shows is what happens."""

from __future__ import annotations

import re
import shlex
import subprocess

import pytest

from tests.conftest import CHECKOUT, Stack

README = (CHECKOUT / "README.md").read_text()
SHOWN = re.findall(r"^\$ (portgate .*)\n((?:(?!```).*\n)*)", README, re.MULTILINE)


@pytest.mark.real
@pytest.mark.parametrize(("command", "shown"), SHOWN, ids=[command[:60] for command, _ in SHOWN])
def test_a_command_of_the_readme_gives_the_output_that_it_shows(stack: Stack, command: str, shown: str) -> None:
    done = stack.portgate(*shlex.split(command)[1:], check=False)

    said = _plain(done.stdout + done.stderr)
    for line in shown.rstrip().splitlines():
        assert _plain(line).rstrip("… ") in said, said
    assert done.returncode == (3 if "refused" in shown else 0)


def _plain(text: str) -> str:
    """Leave out how wide the terminal was, and the numbers of ship calls, which grow with the days."""
    return re.sub(r"\s+", " ", re.sub(r"\d+", "#", text))


def test_the_readme_shows_commands() -> None:
    assert len(SHOWN) == 2


def test_make_alone_lists_the_targets_that_the_readme_names() -> None:
    listed = subprocess.run(["make"], cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout

    named = set(re.findall(r"\bmake ([a-z]+)", README))
    assert {"setup", "demo", "down", "test", "check"} <= named
    assert named <= set(re.findall(r"make ([a-z]+)", listed))


def test_every_page_that_the_readme_names_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("https:"):
            assert (CHECKOUT / target).exists(), target


def test_the_readme_is_short() -> None:
    assert len(README.splitlines()) <= 80
