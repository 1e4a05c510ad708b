"""How a short program is listed under its name, to be run on both sides; what it sees must be the same."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conformance.sides import Play, Side, raised

PROGRAMS: dict[str, Play] = {}

THREE = "SELECT v FROM (VALUES 1, 2, 3) AS t (v) ORDER BY v"
MANY = "SELECT n, rpad('', 100, 'x') AS t FROM TABLE(sequence(1, 30000)) AS s (n)"
ENDLESS = "SELECT count(*) FROM TABLE(sequence(1, 1000000000)) AS a (x) CROSS JOIN UNNEST(sequence(1, 1000)) AS b (y)"


def program(play: Play) -> Play:
    """List a program under its name."""
    PROGRAMS[play.__name__] = play
    return play


def with_cursor(body: Callable[[Any], object]) -> Play:
    def play(side: Side) -> object:
        with side.connect() as connection:
            return body(connection.cursor())

    play.__name__ = body.__name__
    return program(play)


def attempt(act: Callable[[], object]) -> object:
    try:
        return act()
    except Exception as error:
        return raised(error)
