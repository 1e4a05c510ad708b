"""The pages for analysts and auditors say what is so: every code, command, option, state and kind of record."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import get_args

import pytest
import typer.main
from typer.core import TyperGroup

from gateway.audit.record import KINDS, State
from gateway.cli import app
from gateway.edge import problems
from gateway.edge.encode import FORMATS
from gateway.errors import GatewayError
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


# --- commands -------------------------------------------------------------------------------------------------------


def _commands() -> list[list[str]]:
    text = (ANALYSTS + AUDITORS).replace("\\\n", " ")
    found = [line.split("#")[0] for line in text.splitlines() if line.startswith("portgate ")]
    return [shlex.split(line.split(" > ")[0].split(" < ")[0])[1:] for line in found]


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_each_command_on_the_pages_is_one_that_we_have(words: list[str]) -> None:
    command, *rest = typer.main.get_command(app), *words
    while isinstance(command, TyperGroup):
        command, rest = command.commands[rest[0]], rest[1:]

    with command.make_context("portgate", rest, resilient_parsing=False) as context:
        assert context.params


def test_the_pages_hold_commands_at_all() -> None:
    assert len(_commands()) > 6
    assert re.search(r"portgate token --as NAME", ANALYSTS)
