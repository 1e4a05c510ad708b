"""Each command that a page shows is one that there is, with options that it has."""

from __future__ import annotations

import inspect
import re
import shlex

import pytest
from typer.testing import CliRunner

from gateway.cli import app
from gateway.options import DEFAULT_HOME
from gateway.policy_cli import app as policy
from tests.conftest import CHECKOUT

PAGES = [CHECKOUT / "README.md", *sorted((CHECKOUT / "docs").glob("*.md"))]
COMMAND = re.compile(r"(?m)^(?:\$ |    )?portgate ([a-z].*(?:\n(?!portgate|```|\n|    portgate).*)*)$")


def shown() -> list[tuple[str, str]]:
    """Each page's commands that stand on a line of their own; text between quotes may go over several lines."""
    texts = {page.name: page.read_text().replace("\\\n", " ") for page in PAGES}
    return [(page, found.split("\n")[0]) for page, text in texts.items() for found in COMMAND.findall(text)]


def is_known(line: str) -> bool:
    """Say whether the program knows the command and its options; nothing is run, for it is asked for help."""
    words = shlex.split(line if line.count('"') % 2 == 0 else line + '"', comments=True)
    return CliRunner().invoke(app, [*words, "--help"]).exit_code == 0


@pytest.mark.parametrize(("page", "line"), shown(), ids=[f"{page}: {line[:50]}" for page, line in shown()])
def test_a_command_that_a_page_shows_can_be_given(page: str, line: str) -> None:
    assert is_known(line), page


def test_every_tool_of_the_stewards_is_on_their_page() -> None:
    text = (CHECKOUT / "docs/stewards.md").read_text()
    tools = [tool.name for tool in policy.registered_commands]

    assert len(tools) > 10
    assert [name for name in tools if not re.search(rf"portgate policy {name}\b", text)] == []


@pytest.mark.parametrize("line", ["policy check --strict", "policy chek", "nothing"])
def test_a_command_that_cannot_be_given_is_found(line: str) -> None:
    assert not is_known(line)


def test_every_command_finds_the_same_stack_wherever_it_is_given() -> None:
    commands = [*app.registered_commands, *policy.registered_commands]
    given = [inspect.signature(one.callback).parameters for one in commands if one.callback]
    homes = [parameters["home"].default for parameters in given if "home" in parameters]

    assert len(homes) > 10
    assert {home for home in homes if home is not None} == {DEFAULT_HOME}
