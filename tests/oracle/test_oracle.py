"""What a partner wrote and what is sent for it are one thing to Trino's own parser, or the text is refused."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.oracle.compare import HARMLESS, Kind, Verdict, compare, sorts
from tests.oracle.corpus import corpus
from tests.oracle.mutants import mutants
from tests.oracle.tpc import texts
from tests.oracle.trino import read

AT_LEAST_LET_THROUGH = 0.85
"""Of what Trino takes as a query; the corpus is full of oddities, and a few things are refused on purpose."""

MUTANTS, SEED = 6_000, 476

ONE_MEANING = (
    ("SELECT a FROM T", 'SELECT a FROM "t"'),
    ("SELECT f(X) y FROM t", 'SELECT "F"("x") AS y FROM t'),
    ("SELECT 0xFF, 1_000, .5", "SELECT 255, 1000, 0.5"),
    ("SELECT a IS NOT NULL", "SELECT NOT a IS NULL"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a ASC NULLS LAST"),
    ("SELECT a FROM t ORDER BY a DESC", "SELECT a FROM t ORDER BY a DESC NULLS LAST"),
    ("SELECT f(a) OVER (ROWS 1 PRECEDING)", "SELECT f(a) OVER (ROWS BETWEEN 1 PRECEDING AND CURRENT ROW)"),
    ("SELECT f(a) OVER W FROM t WINDOW w AS ()", 'SELECT f(a) OVER "w" FROM t WINDOW "w" AS ()'),
    ("SELECT Teu, t.Teu FROM t", 'SELECT teu AS "Teu", t.teu AS "Teu" FROM t'),
    ("SELECT a = SOME (SELECT 1)", "SELECT a = ANY (SELECT 1)"),
    ("SELECT CAST(a AS int)", "SELECT CAST(a AS INTEGER)"),
    ("SELECT CAST(a AS row(X int))", 'SELECT CAST(a AS ROW("x" integer))'),
    ("TABLE t ORDER BY a LIMIT 1", "SELECT * FROM t ORDER BY a LIMIT 1"),
    ("SELECT 1 UNION VALUES 1", "SELECT 1 UNION SELECT * FROM (VALUES (1)) AS v"),
    ("SELECT 1 UNION SELECT 2 INTERSECT SELECT 3", "SELECT 1 UNION (SELECT 2 INTERSECT SELECT 3)"),
    ("SELECT date '2026-01-01' -- x", "SELECT DATE '2026-01-01' /* y */"),
    ("SELECT ((a + b)) * c", "SELECT (a + b) * c"),
)  # fmt: skip
"""Pairs of texts that mean the same."""

TWO_MEANINGS = (
    ("SELECT a AS x FROM t", "SELECT a AS X FROM t"),
    ("SELECT a FROM t", "SELECT A FROM t"),
    ("SELECT (A).b FROM t", "SELECT (a).B FROM t"),
    ("SELECT VALUES_1 LIMIT 1", "SELECT VALUES_1"),
    ("SELECT 1.50", "SELECT 1.5"),
    ("SELECT DECIMAL '1.25'", "SELECT CAST('1.25' AS DECIMAL)"),
    ("SELECT CHAR 'abc'", "SELECT CAST('abc' AS CHAR)"),
    ("SELECT current_timestamp(9)", "SELECT current_timestamp"),
    ("SELECT 0x1F", "SELECT X'1F'"),
    ("SELECT listagg(v) WITHIN GROUP (ORDER BY v)", "SELECT listagg(v, ',') WITHIN GROUP (ORDER BY v)"),
    ("SELECT random(5, 6)", "SELECT random(5)"),
    ("SELECT a FROM t ORDER BY a", "SELECT a FROM t ORDER BY a NULLS FIRST"),
    ("SELECT a FROM t ORDER BY +1", "SELECT a FROM t ORDER BY 1"),
    ("SELECT a FROM t NATURAL JOIN u", "SELECT a FROM t AS natural_join, u"),
    ("SELECT a AND b OR c", "SELECT a AND (b OR c)"),
    ("SELECT -a AT TIME ZONE 'UTC'", "SELECT (-a) AT TIME ZONE 'UTC'"),
    ("SELECT count(a) FROM t", "SELECT count(DISTINCT a) FROM t"),
    ("SELECT 1 UNION SELECT 2", "SELECT 1 UNION ALL SELECT 2"),
    ("(SELECT a FROM t ORDER BY a) LIMIT 1", "SELECT a FROM t ORDER BY a LIMIT 1"),
    ("SELECT u.a FROM (TABLE u)", "SELECT u.a FROM (SELECT * FROM u)"),
    ("SELECT sum(a) OVER (ORDER BY b ROWS 1 PRECEDING)", "SELECT sum(a) OVER (ORDER BY b RANGE 1 PRECEDING)"),
    (
        'SELECT sum(a) OVER w FROM t WINDOW w AS (), "w" AS (ORDER BY b)',
        'SELECT sum(a) OVER "w" FROM t WINDOW w AS (), "w" AS (ORDER BY b)',
    ),
    ("SELECT CAST(a AS row(Aa integer))", 'SELECT CAST(a AS row("Aa" integer))'),
    ("SELECT * FROM TABLE(sequence(1, 2)) s (n)", 'SELECT * FROM TABLE(sequence(1, 2)) s ("n")'),
    ("SELECT t.* AS (n) FROM t", 'SELECT t.* AS ("n") FROM t'),
    ("SELECT json_value(a, 'lax $x' PASSING 1 AS x)", "SELECT json_value(a, 'lax $x' PASSING 1 AS \"x\")"),
    ("SELECT lag(a) IGNORE NULLS OVER w", "SELECT lag(a) OVER w"),
    ("SELECT INTERVAL '1' DAY", "SELECT INTERVAL '1' HOUR"),
    ("SELECT a FROM t FETCH FIRST 1 ROWS ONLY", "SELECT a FROM t FETCH FIRST 1 ROWS WITH TIES"),
    ("SELECT a FROM t GROUP BY AUTO", 'SELECT a FROM t GROUP BY "auto"'),
)  # fmt: skip
"""Pairs of texts that the oracle must tell apart."""


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """The whole corpus, held once against Trino's parser."""
    return compare(corpus())


def test_no_text_becomes_another_one_to_trino(verdicts: list[Verdict]) -> None:
    faults = [
        f"{len(several)} × {kind}: {sort}: {several[0].text!r} -> {several[0].ours.sql!r}"
        for kind, sort, several in sorts(verdict for verdict in verdicts if verdict.kind not in HARMLESS)
    ]

    assert faults == []


def test_no_text_with_a_few_tokens_changed_becomes_another_one_to_trino() -> None:
    found = compare(mutants(corpus(), MUTANTS, SEED))

    faults = [verdict.text for verdict in found if verdict.kind not in {*HARMLESS, Kind.WIDER}]
    assert faults == []
    assert Counter(verdict.kind for verdict in found)[Kind.SAME] > MUTANTS / 20


def test_the_corpus_is_large_and_most_of_it_is_let_through(verdicts: list[Verdict]) -> None:
    queries = Counter(verdict.kind for verdict in verdicts if verdict.is_query)

    assert queries.total() > 3_000
    assert queries[Kind.SAME] > AT_LEAST_LET_THROUGH * queries.total()


def test_every_text_of_tpc_h_and_tpc_ds_is_let_through_unchanged() -> None:
    found = compare(texts())

    assert [verdict.text for verdict in found if verdict.kind is not Kind.SAME] == []
    assert len(found) == 22 + 99


def test_texts_of_one_meaning_are_one_tree() -> None:
    left, right = (read([pair[side] for pair in ONE_MEANING]) for side in (0, 1))

    assert [pair for pair, one, other in zip(ONE_MEANING, left, right, strict=True) if one.tree != other.tree] == []
    assert all(reading.tree for reading in left)


def test_texts_of_two_meanings_are_two_trees() -> None:
    left, right = (read([pair[side] for pair in TWO_MEANINGS]) for side in (0, 1))

    assert [pair for pair, one, other in zip(TWO_MEANINGS, left, right, strict=True) if one.tree == other.tree] == []
    assert all(reading.tree for reading in [*left, *right])


def test_what_trino_cannot_read_is_no_tree() -> None:
    (reading,) = read(["SELECT FROM WHERE"])

    assert reading.tree is None
    assert reading.fault.startswith("line 1:8: mismatched input 'FROM'")
