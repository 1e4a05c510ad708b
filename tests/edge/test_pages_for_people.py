"""The pages for analysts and auditors say what is so: every code, command, option, state and kind of record."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from sqlglot import exp
from typer.core import TyperGroup

from gateway.audit.record import KINDS, State
from gateway.cli import app
from gateway.edge import problems
from gateway.edge.encode import FORMATS
from gateway.errors import GatewayError, NotAllowed, NotParsed
from gateway.kernel.allowed import FUNCTIONS, NAMED_FUNCTIONS
from gateway.kernel.parse import parse
from gateway.model import PURPOSES

DOCS = Path(__file__).parents[2] / "docs"
ANALYSTS = (DOCS / "analysts.md").read_text(encoding="utf-8")
AUDITORS = (DOCS / "auditors.md").read_text(encoding="utf-8")

CATEGORIES = {"error", "refused"}
"""Codes of branches of the tree that nobody raises."""


def _codes(kind: type[GatewayError]) -> set[str]:
    return {kind.code}.union(*(_codes(below) for below in kind.__subclasses__()))


def _status(code: str) -> int:
    kind = next(kind for kind in _kinds(GatewayError) if kind.code == code)
    status = problems.problem_of(_made(kind))["status"]
    assert isinstance(status, int)
    return status


def _kinds(kind: type[GatewayError]) -> list[type[GatewayError]]:
    return [kind, *(one for below in kind.__subclasses__() for one in _kinds(below))]


def _made(kind: type[GatewayError]) -> GatewayError:
    return kind(("oakland",)) if kind.code == "port_unavailable" else kind("text")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", sorted(_codes(GatewayError) - CATEGORIES))
def test_each_code_stands_in_the_row_of_its_status(code: str) -> None:
    rows = [line for line in ANALYSTS.splitlines() if line.startswith("| ") and f"`{code}`" in line]

    assert len(rows) == 1
    assert str(_status(code)) in rows[0].split("|")[1]


@pytest.mark.parametrize("word", [*PURPOSES, *FORMATS])
def test_each_purpose_and_format_is_named(word: str) -> None:
    assert f"`{word}`" in ANALYSTS


@pytest.mark.parametrize("word", [*KINDS.values(), *(state for state in get_args(State) if state != "refused")])
def test_each_kind_of_record_and_each_state_is_named(word: str) -> None:
    assert f"`{word}`" in AUDITORS


# --- what SQL is open -----------------------------------------------------------------------------------------------

OTHERWISE = {
    "count": ["count(*)"],
    "case": ["CASE WHEN a THEN 1 END"],
    "cast": ["CAST(a AS varchar)"],
    "try_cast": ["TRY_CAST(a AS bigint)"],
    "position": ["position('x' IN a)"],
    "extract": ["EXTRACT(YEAR FROM a)"],
    "current_date": ["current_date"],
    "current_timestamp": ["current_timestamp"],
    "localtimestamp": ["localtimestamp"],
    "date_trunc": ["date_trunc('month', a)", "date_trunc('month', CAST(a AS date))"],
    "date_add": ["date_add('day', 1, a)"],
    "date_diff": ["date_diff('day', a, b)"],
    "width_bucket": ["width_bucket(a, 0, 1, 4)"],
}
"""How a function is called that is not called with one, two or three plain arguments."""


def _open_functions() -> list[str]:
    rows = re.findall(r"^\| [a-z ]+ \| ((?:`\w+` ?)+) \|$", ANALYSTS, re.MULTILINE)
    return [name for row in rows for name in re.findall(r"`(\w+)`", row)]


def _calls(name: str) -> list[str]:
    arguments = ["", "a", "a, b", "a, 'x'", "a, b, 'x'"]
    over = ["", " OVER (ORDER BY a)"]
    return OTHERWISE[name] if name in OTHERWISE else [f"{name}({one}){then}" for one in arguments for then in over]


def _nodes(call: str) -> set[type[exp.Expr]]:
    try:
        return {type(node) for node in parse(f"SELECT {call}").tree.walk()}
    except (NotAllowed, NotParsed):
        return set()


@pytest.mark.parametrize("name", _open_functions())
def test_each_function_on_the_page_is_open(name: str) -> None:
    assert any(_nodes(call) for call in _calls(name))


def test_each_open_function_is_on_the_page() -> None:
    named = _open_functions()

    seen = set().union(*(_nodes(call) for name in named for call in _calls(name)))

    assert {kind.__name__ for kind in FUNCTIONS - seen - {exp.AtTimeZone}} == set()
    assert set(named) >= NAMED_FUNCTIONS


# --- commands -------------------------------------------------------------------------------------------------------


def _commands() -> list[list[str]]:
    text = (ANALYSTS + AUDITORS).replace("\\\n", " ")
    found = [line.split("#")[0] for line in text.splitlines() if line.startswith("portgate ")]
    return [shlex.split(line.split(" > ")[0].split(" < ")[0])[1:] for line in found]


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_each_command_on_the_pages_is_one_that_we_have(words: list[str]) -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    command = group.commands[words[0]]

    with command.make_context(words[0], words[1:], resilient_parsing=False) as context:
        assert context.params


def test_the_pages_hold_commands_at_all() -> None:
    assert len(_commands()) > 6
    assert re.search(r"portgate token --as NAME", ANALYSTS)
