"""Texts -> what became of each: the same tree to Trino after `parse` and `emit`, refused, or a fault of ours."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import Refused
from gateway.kernel.dialect import emit
from gateway.kernel.parse import parse
from tests.oracle.trino import Reading, read


class Kind(StrEnum):
    """What became of a text."""

    SAME = "same tree"
    REFUSED = "refused by us"
    BOTH_REFUSE = "refused by us and by Trino"
    USELESS = "refused by Trino, as is what we emit"
    DIFFERENT = "DIFFERENT TREE"
    INVALID = "WE EMIT WHAT TRINO REFUSES"
    UNSORTED = "ORDER BY FINDS NO COLUMN OF SELECT DISTINCT"
    WIDER = "TRINO REFUSES IT, WE EMIT WHAT IT ACCEPTS"
    UNSTABLE = "EMIT, PARSE, EMIT IS NO FIXPOINT"
    CRASHED = "NO REFUSAL BUT A CRASH"


HARMLESS = frozenset({Kind.SAME, Kind.REFUSED, Kind.BOTH_REFUSE, Kind.USELESS})


@dataclass(frozen=True, slots=True)
class Emitted:
    """What our side made of a text: what it emits, and emits again after reading that; or why not."""

    sql: str = ""
    again: str = ""
    refusal: str = ""
    crash: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one text, and what stands behind that."""

    kind: Kind
    text: str
    ours: Emitted
    theirs: Reading
    emitted: Reading

    @property
    def is_query(self) -> bool:
        """Whether Trino takes the text as a query."""
        return self.theirs.tree is not None and self.theirs.tree.startswith("Query{")

    @property
    def sort(self) -> str:
        """Say in one line what sort of verdict this is, so that equal faults stand together."""
        if self.kind is Kind.DIFFERENT:
            return _first_difference(self.theirs.tree or "", self.emitted.tree or "")
        if self.kind is Kind.INVALID:
            return re.sub(r"line \d+:\d+: |'[^']*'", "", self.emitted.fault)[:90]
        if self.kind is Kind.UNSTABLE:
            return (
                re.sub(r"'[^']*'|\d+", "…", self.ours.again) if self.ours.again.startswith("refused") else "other text"
            )
        return self.ours.refusal or self.ours.crash or re.sub(r"line \d+:\d+: |'[^']*'", "", self.theirs.fault)[:60]


def compare(texts: Sequence[str]) -> list[Verdict]:
    """Hold each text against what we emit for it."""
    emitted = [_emitted(text) for text in texts]
    bare = [_without_semicolon(text) for text in texts]
    asked = list(dict.fromkeys([*texts, *bare, *(each.sql for each in emitted)]))
    readings = dict(zip(asked, read(asked), strict=True))
    theirs = [
        readings[text] if readings[text].tree else readings[other] for text, other in zip(texts, bare, strict=True)
    ]
    ours = [readings[each.sql] for each in emitted]
    return [
        Verdict(_kind(each, before, after), text, each, before, after)
        for text, each, before, after in zip(texts, emitted, theirs, ours, strict=True)
    ]


def sorts(verdicts: Iterable[Verdict]) -> Iterator[tuple[Kind, str, list[Verdict]]]:
    """Put equal sorts together, the shortest text first."""
    found: dict[tuple[Kind, str], list[Verdict]] = defaultdict(list)
    for verdict in verdicts:
        found[verdict.kind, verdict.sort].append(verdict)
    for (kind, sort), several in sorted(found.items(), key=lambda item: (list(Kind).index(item[0][0]), -len(item[1]))):
        yield kind, sort, sorted(several, key=lambda verdict: len(verdict.text))


def _emitted(text: str) -> Emitted:
    try:
        sql = emit(parse(text).tree)
    except Refused as refusal:
        return Emitted(refusal=f"{refusal.code}: {refusal.message}")
    except Exception as crash:  # whatever it is, it is what this test looks for
        return Emitted(crash=f"{type(crash).__name__}: {crash}"[:200])
    try:
        return Emitted(sql, emit(parse(sql).tree))
    except Refused as refusal:
        return Emitted(sql, f"refused: {refusal.message}")
    except Exception as crash:
        return Emitted(sql, crash=f"the second time {type(crash).__name__}: {crash}"[:200])


def _kind(ours: Emitted, theirs: Reading, emitted: Reading) -> Kind:
    if ours.crash:
        return Kind.CRASHED
    if ours.refusal:
        return Kind.REFUSED if theirs.tree else Kind.BOTH_REFUSE
    if theirs.tree is None or emitted.tree is None:
        return {
            (True, True): Kind.USELESS,
            (False, True): Kind.INVALID,
            (True, False): Kind.WIDER,
        }[theirs.tree is None, emitted.tree is None]
    if theirs.tree != emitted.tree:
        return Kind.DIFFERENT
    if theirs.unsorted < emitted.unsorted:
        return Kind.UNSORTED
    return Kind.SAME if ours.sql == ours.again else Kind.UNSTABLE


def _without_semicolon(text: str) -> str:
    """Leave the last semicolon out: Trino refuses it, the clients that people use take it away."""
    return text.rstrip().removesuffix(";")


def _first_difference(left: str, right: str) -> str:
    same = sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], zip(left, right, strict=False)))
    around = re.findall(r"\w+(?=\{)", left[:same])[-2:]
    start = max(left.rfind(" ", 0, same), left.rfind("{", 0, same), left.rfind("[", 0, same)) + 1
    return f"in {' > '.join(around)}: {_shape(left[start:])} becomes {_shape(right[start:])}"


def _shape(rest: str) -> str:
    found = re.match(r"\w+(=\w+)?", rest)
    return found[0] if found else re.sub(r'"[^"]*"', '"…"', rest[:24])
