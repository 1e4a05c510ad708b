"""What Trino reads in a text and in what we emit for it.

`python -m tests.oracle 'SELECT …'` shows one text, `python -m tests.oracle` the sorts of differences in the corpus,
`python -m tests.oracle --mutants 20000 7` those in so many mutants of it, made from that seed.
"""

from __future__ import annotations

import sys

from tests.oracle.compare import Kind, Verdict, compare, sorts
from tests.oracle.corpus import corpus
from tests.oracle.mutants import mutants

EXAMPLES = 3


def main(words: list[str]) -> int:
    """Show one text, or the sorts of differences in the corpus or in mutants of it."""
    texts = corpus()
    if words[:1] == ["--mutants"]:
        count, seed = map(int, words[1:])
        texts = mutants(texts, count, seed)
    elif words:
        show(compare([" ".join(words)])[0])
        return 0
    verdicts = compare(texts)
    for kind in Kind:
        print(f"{sum(verdict.kind is kind for verdict in verdicts):6} {kind}")
    for kind, sort, several in sorts(verdicts):
        if kind not in (Kind.SAME, Kind.BOTH_REFUSE, Kind.USELESS):
            print(f"\n{len(several)} × {kind}: {sort}")
            for verdict in several[:EXAMPLES]:
                print(f"    {verdict.text!r}")
                if verdict.ours.sql:
                    print(f"      emits {verdict.ours.sql!r}")
    return 0


def show(verdict: Verdict) -> None:
    """Print all that is known of one text."""
    print(f"{verdict.kind}: {verdict.sort}\n\nto Trino\n  {verdict.theirs.tree or verdict.theirs.fault}")
    if verdict.ours.sql:
        print(f"\nwe emit\n  {verdict.ours.sql}\nto Trino\n  {verdict.emitted.tree or verdict.emitted.fault}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
