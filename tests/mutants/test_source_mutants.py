"""Each mutant of the rewriter that changes what is released is caught by `verify`, or fails by itself."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from types import FrameType
from typing import Any

import pytest
from sqlglot import exp

from gateway.errors import VerificationFailed
from gateway.kernel import rewrite
from gateway.kernel.dialect import emit
from gateway.kernel.resolve import Resolved
from gateway.kernel.verify import verify
from gateway.model import Grant
from tests.mutants.richer import Pair, pairs
from tests.mutants.source import Mutant, mutants, run
from tests.mutants.twins import judge

AT_LEAST = 200


FATES = (
    "releases more",  # verify let it pass, and the answer depends on what is hidden
    "caught by verify",
    "breaks verify",  # an error that is not verify's own: nothing is sent, but no rule was named
    "fails by itself",  # the rewriter stops
    "within the grant",
    "same answer",
    "fails",  # the text does not run in any database
    "equivalent",
)
"""What becomes of a mutant on one pair, the worst first."""


@dataclass
class Bench:
    """Runs mutants over all pairs, and remembers what became of each text."""

    pairs: tuple[Pair, ...] = field(default_factory=pairs)
    fate_of: dict[tuple[int, str], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.texts = [pair.text for pair in self.pairs]
        self.lines = [_lines_run(pair) for pair in self.pairs]
        self.mappings = self._mappings()

    def fates(self, mutant: Mutant) -> set[str]:
        """All that became of a mutant, pair by pair."""
        guard_tables = run(mutant, rewrite)["guard_tables"]
        inside = any(not lines.isdisjoint(mutant.lines) for lines in self.lines)  # else a table of the module
        touched = [n for n, lines in enumerate(self.lines) if not inside or not lines.isdisjoint(mutant.lines)]
        fates = {self._fate(number, guard_tables) for number in touched}
        if self._mappings() != self.mappings:  # the mutant changed the catalog under all queries that follow
            self.pairs = pairs()
        return fates

    def _mappings(self) -> str:
        return repr([self.pairs[0].catalog.mappings[name] for name in ("calls", "boxes")])

    def _fate(self, number: int, guard_tables: Callable[[Resolved, Grant], exp.Expr]) -> str:
        pair = self.pairs[number]
        try:
            text = emit(guard_tables(replace(pair.resolved, tree=pair.resolved.tree.copy()), pair.grant))
        except Exception:  # a rewriter that stops releases nothing, whatever stopped it
            return "fails by itself"
        if text == self.texts[number]:
            return "equivalent"
        if (number, text) not in self.fate_of:
            self.fate_of[number, text] = _fate_of(text, pair)
        return self.fate_of[number, text]


def _lines_run(pair: Pair) -> set[int]:
    """The lines of the rewriter that this pair runs through."""
    lines: set[int] = set()

    def note(frame: FrameType, event: str, argument: object) -> Any:
        if frame.f_code.co_filename != rewrite.__file__:
            return None
        lines.add(frame.f_lineno)
        return note

    before = sys.gettrace()
    sys.settrace(note)
    try:
        rewrite.guard_tables(pair.resolved, pair.grant)
    finally:
        sys.settrace(before)
    return lines


def _fate_of(text: str, pair: Pair) -> str:
    try:
        verify(text, pair.grant)
    except VerificationFailed:
        return "caught by verify"
    except Exception:  # counted, so that it is seen
        return "breaks verify"
    return judge(text, pair)


def test_every_mutant_of_the_rewriter_that_releases_anything_else_is_caught(capsys: pytest.CaptureFixture[str]) -> None:
    bench = Bench()
    made = mutants(rewrite)

    fates = [(mutant, bench.fates(mutant)) for mutant in made]

    counts = Counter((mutant.kind, min(fate, key=FATES.index)) for mutant, fate in fates)
    with capsys.disabled():
        print(_table(counts))
    assert sum(number for (_, fate), number in counts.items() if fate == "caught by verify") >= AT_LEAST
    assert [str(mutant) for mutant, fate in fates if "releases more" in fate] == []
    assert [str(mutant) for mutant, fate in fates if "breaks verify" in fate] == []


def _table(counts: Counter[tuple[str, str]]) -> str:
    kinds = sorted({kind for kind, _ in counts})
    lines = [f"{kind:28}" + "".join(f"{counts[kind, fate]:18}" for fate in FATES) for kind in kinds]
    sums = [sum(counts[kind, fate] for kind in kinds) for fate in FATES]
    head = " " * 28 + "".join(f"{fate:>18}" for fate in FATES)
    return "\n".join(["", head, *lines, f"{'all':28}" + "".join(f"{number:18}" for number in sums)])
