"""What goes wrong on a command line -> words on standard error and an exit code; and how commands reach a stack."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from gateway.options import FAULT, REFUSED, UNAVAILABLE, USAGE

if TYPE_CHECKING:
    from gateway.edge.client import Home

PROGRESS_SECONDS = 0.2
"""How often a long task is heard of."""


def home_at(directory: Path) -> Home:
    """Return the local stack in a folder."""
    from gateway.edge.client import Home

    return Home(directory.expanduser().absolute())


def token_of(home: Home, name: str, purposes: tuple[str, ...] = (), ttl_seconds: int = 3600) -> str:
    """Return a token of the local stack's issuer for one of its partners."""
    from gateway.adapters.issuer import issue_token

    try:
        return issue_token(home.identity, name, purposes, ttl_seconds)
    except KeyError:
        _unknown_partner(name)
    except ValueError as error:
        fail(USAGE, [str(error)])
    except FileNotFoundError:
        fail(UNAVAILABLE, [f"there is no stack in {home.directory}; start one with: portgate up"])


def purpose_of(name: str, declared: str) -> str:
    """Return the purpose that was declared, or the partner's first."""
    from gateway.adapters.issuer import read_partners

    if declared:
        return declared
    partners = read_partners()
    if name not in partners:
        _unknown_partner(name)
    return (*partners[name].purposes, "")[0]


def _unknown_partner(name: str) -> NoReturn:
    from gateway.adapters.issuer import read_partners

    fail(USAGE, [f"there is no partner {name}; there are: {', '.join(read_partners())}"])


def print_told(document: dict[str, Any], as_json: bool, lines: Any) -> None:
    """Print one document, as JSON or as lines."""
    if as_json:
        import json

        print(json.dumps(document, ensure_ascii=False, indent=2))
    else:
        print_lines(lines(document))


def print_lines(lines: Iterable[str]) -> None:
    """Print lines."""
    for line in lines:
        print(line)


def progress(what: str) -> Callable[[int, int], None]:
    """Return what shows how far a long task is, on a terminal alone: so much done, of how much; 0 if nobody knows."""
    if not sys.stderr.isatty():
        return lambda done, total: None
    shown_at = 0.0

    def show(done: int, total: int) -> None:
        nonlocal shown_at
        is_over = done == total
        if is_over or time.monotonic() - shown_at >= PROGRESS_SECONDS:
            shown_at = time.monotonic()
            of = f" of {total:,}" if total else ""
            print(f"\r{done:,}{of} {what}", end="\n" if is_over else "", file=sys.stderr, flush=True)

    return show


@contextmanager
def told(sql: str = "") -> Iterator[None]:
    """Turn what goes wrong into its words on standard error and its exit code."""
    from gateway.edge.client import NoStack, Problem
    from gateway.edge.problems import problem_of
    from gateway.edge.terminal import problem_lines
    from gateway.errors import GatewayError

    try:
        yield
    except Problem as problem:
        fail(_exit_code(problem.members), problem_lines(problem.members, sql))
    except GatewayError as error:
        fail(_exit_code(problem_of(error)), problem_lines(problem_of(error), sql))
    except NoStack as error:
        fail(UNAVAILABLE, [f"unavailable: {error}"])


def _exit_code(problem: dict[str, Any]) -> int:
    status = int(problem.get("status", 500))
    return UNAVAILABLE if status in (429, 503) else REFUSED if status < 500 else FAULT


def fail(code: int, lines: Iterable[str]) -> NoReturn:
    """Say what is wrong on standard error, and end with an exit code."""
    sys.stdout.flush()
    for line in lines:
        print(line, file=sys.stderr)
    raise typer.Exit(code)
