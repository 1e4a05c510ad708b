"""The judge of a release is no rubber stamp: it passes what the rewriter makes, and finds leaks planted on purpose."""

from __future__ import annotations

import pytest

from tests.mutants.richer import Pair, catalog, pairs
from tests.mutants.twins import SEEDS, judge, twin_worlds

PAIRS = {pair.sql: pair for pair in reversed(pairs())}
OWN = PAIRS["SELECT count(*) FROM los_angeles.pola.visit WHERE ship = 'MSC'"]
ROWS = PAIRS["SELECT v.ship, s.mmsi FROM los_angeles.pola.visit v LEFT JOIN oakland.tos.ship s ON s.vc_id = v.ship"]
MASKED = PAIRS["SELECT id, ship, fee FROM los_angeles.pola.visit"]
SHARED = PAIRS["SELECT ship, hours FROM calls"]
HASHED = PAIRS["SELECT carrier, hours FROM calls"]

RAW = '"los_angeles"."pola"."visit"'
SHOWN = f"""(SELECT "ship" AS "ship" FROM {RAW} WHERE "carrier" = 'MSC') AS "visit" """
LEAKS = {
    "the rule dropped": (ROWS, f"SELECT ship FROM {RAW}"),
    "a count of hidden rows": (OWN, f"SELECT count(*) FROM {RAW}"),
    "an aggregate of a worker's name": (OWN, f"SELECT max(crew) FROM {RAW} WHERE carrier = 'MSC'"),
    "an unguarded EXISTS": (
        OWN, f"SELECT ship FROM {SHOWN} WHERE EXISTS (SELECT 1 FROM {RAW} v WHERE v.crew = 'secret 4')",
    ),
    "order by what is hidden": (
        OWN, f"SELECT ship FROM {RAW} WHERE carrier = 'MSC' AND crew < 'secret 4'",
    ),
    "a table that nobody granted": (OWN, 'SELECT ship FROM "los_angeles"."pola"."secret"'),
    "the raw value of a mask": (MASKED, f"SELECT ship FROM {RAW}"),
    "a predicate on the raw value of a mask": (MASKED, f"SELECT count(*) FROM {RAW} WHERE ship > 'secret 3'"),
    "a raw value under a hash": (HASHED, f"SELECT carrier FROM {RAW}"),
    "a hash with another key": (HASHED, f"SELECT substr(to_hex(hmac_sha256(carrier, 'zz')), 1, 32) FROM {RAW}"),
    "a longer hash": (HASHED, f"SELECT to_hex(hmac_sha256(carrier, 'aa11')) FROM {RAW}"),
    "a border moved": (SHARED, 'SELECT hours FROM "hueneme"."exports"."sheet" WHERE kind <> \'NAVY\' AND hours <= 5'),
    "what a mapping leaves out": (SHARED, 'SELECT name FROM "hueneme"."exports"."sheet" WHERE hours < 5'),
}  # fmt: skip


@pytest.mark.parametrize("pair", pairs(), ids=lambda pair: pair.sql[:60])
def test_the_text_of_the_rewriter_releases_what_was_granted(pair: Pair) -> None:
    assert judge(pair.text, pair) == "same answer"


@pytest.mark.parametrize("seed", SEEDS)
def test_twins_differ_in_much(seed: int) -> None:
    for pair in pairs():
        _, _, differences = twin_worlds(pair.grant, seed)

        assert differences > 100


@pytest.mark.parametrize("leak", LEAKS)
def test_a_leak_planted_on_purpose_is_found(leak: str) -> None:
    pair, text = LEAKS[leak]

    assert judge(text, pair) == "releases more"


def test_less_than_was_granted_is_within_the_grant() -> None:
    assert judge(f"SELECT count(*) FROM {SHOWN} WHERE ship = 'MAEU'", OWN) == "within the grant"


def test_a_text_that_does_not_run_releases_nothing() -> None:
    assert judge(f"SELECT nothing FROM {SHOWN}", Pair(OWN.sql, OWN.decision, catalog())) == "fails"
