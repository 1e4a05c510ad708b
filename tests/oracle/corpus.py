"""The corpus: templates filled with what their words stand for, queries put together by chance, TPC-H and TPC-DS."""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator
from pathlib import Path

from tests.oracle import chance, tpc

HERE = Path(__file__).parent
COMBINATIONS = 60
"""A template with several lists is filled with about so many of their combinations, evenly spread over all of them."""


def corpus() -> list[str]:
    """Return all statements, each once, in the same order every time."""
    expressions = (f"SELECT {each} FROM t" for each in filled("expressions"))
    return list(dict.fromkeys([*filled("statements"), *expressions, *chance.queries(), *tpc.texts()]))


def filled(name: str) -> Iterator[str]:
    """Fill each template of a file: one list in full, several in evenly spread combinations."""
    lists = _lists(HERE / f"{name}.lists")
    for number, template in enumerate(_lines(HERE / f"{name}.sql")):
        parts = re.split(rf"<({'|'.join(lists)})>", _decoded(template))
        slots = [lists[slot] for slot in parts[1::2]]
        step = max(1, math.prod(map(len, slots)) // COMBINATIONS) | 1 if len(slots) > 1 else 1
        for chosen in itertools.islice(itertools.product(*slots), number % step, None, step):
            yield "".join(itertools.chain(*itertools.zip_longest(parts[::2], chosen, fillvalue="")))


def _lists(file: Path) -> dict[str, list[str]]:
    lists: dict[str, list[str]] = {}
    for line in _lines(file):
        if heading := re.fullmatch(r"\[(\w+)\]", line):
            entries = lists.setdefault(heading[1], [])
        else:
            entries.append(_decoded(line))
    return lists


def _lines(file: Path) -> Iterator[str]:
    return (line for line in file.read_text("utf-8").split("\n") if line and not line.startswith("##"))


def _decoded(line: str) -> str:
    """Read `\\u{2028}` as that character, `\\u{}` as none."""
    return re.sub(r"\\u\{([0-9a-f]*)\}", lambda code: chr(int(code[1], 16)) if code[1] else "", line)
