"""Texts -> texts with a few tokens lost, doubled, exchanged or spliced in: what a parser may forgive too easily."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence

TOKEN = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*"|\w+|\s+|[^\w\s]""")
LONGEST = 260
"""Longer texts are left alone: one odd token in them tells nothing new and takes long."""


def mutants(texts: Sequence[str], count: int, seed: int) -> list[str]:
    """Return so many mutants, the same for the same seed."""
    return list(dict.fromkeys(_Breeder(texts, random.Random(seed)).breed(count)))  # noqa: S311 - to be repeated


class _Breeder:
    def __init__(self, texts: Sequence[str], chance: random.Random) -> None:
        self._texts = [text for text in texts if 0 < len(text) <= LONGEST]
        self._words = [word for text in self._texts for word in TOKEN.findall(text) if not word.isspace()]
        self._chance = chance

    def breed(self, count: int) -> Iterator[str]:
        """Make mutants."""
        for _ in range(count):
            tokens = TOKEN.findall(self._chance.choice(self._texts))
            for _ in range(self._chance.choice((1, 1, 2, 3))):
                tokens = self._changed(tokens)
            yield "".join(tokens)

    def _changed(self, tokens: list[str]) -> list[str]:
        if not tokens:
            return tokens
        place = self._chance.randrange(len(tokens))
        before, here, after = tokens[:place], tokens[place], tokens[place + 1 :]
        return self._chance.choice(
            (
                [*before, *after],
                [*before, here, " ", self._chance.choice(self._words), " ", *after],
                [*before, self._chance.choice(self._words), *after],
                [*before, self._chance.choice(tokens), here, *after],
                [*before, " ", *self._piece(), " ", here, *after],
            )
        )

    def _piece(self) -> list[str]:
        tokens = TOKEN.findall(self._chance.choice(self._texts))
        start = self._chance.randrange(len(tokens))
        return tokens[start : start + self._chance.randrange(1, 8)]
