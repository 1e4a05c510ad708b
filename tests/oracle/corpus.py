"""The corpus: each template filled with what its words stand for, and queries put together by a seeded chance."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping, Sequence

from tests.oracle import clauses, forms

COMBINATIONS = 60
"""A template with several lists is filled with so many of their combinations, evenly spread over all of them."""


def corpus() -> list[str]:
    """Return all statements, each once, in the same order every time."""
    return list(dict.fromkeys([*statements(), *(f"SELECT {each} FROM t" for each in expressions())]))


def statements() -> Iterator[str]:
    """Every clause, filled."""
    yield from clauses.WHOLE
    yield from filled(clauses.CLAUSES, clauses.LISTS)


def expressions() -> Iterator[str]:
    """Every form of expression, filled."""
    yield from filled(forms.FORMS, forms.LISTS)


def filled(templates: Sequence[str], lists: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Fill each template: one list in full, several in evenly spread combinations."""
    for number, template in enumerate(templates):
        parts = re.split(r"<(\w+)>", template)
        slots = [lists[name] for name in parts[1::2]]
        every = max(1, _size(slots) // COMBINATIONS) | 1 if len(slots) > 1 else 1
        for chosen in itertools.islice(itertools.product(*slots), number % every, None, every):
            yield "".join(itertools.chain(*itertools.zip_longest(parts[::2], chosen, fillvalue="")))


def _size(slots: Sequence[Sequence[str]]) -> int:
    size = 1
    for slot in slots:
        size *= len(slot)
    return size
