"""TPC-H and TPC-DS through the kernel, under an agreement that gives everything, answer as Trino answers by itself."""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import Stack
from tests.tpc.texts import COUNTS, in_trino, qualified
from tests.tpc.world import PORT, World, everything, sent

pytestmark = pytest.mark.real

QUERIES = [(benchmark, number) for benchmark, count in COUNTS.items() for number in range(1, count + 1)]
AT_ONCE = 3


@dataclass(frozen=True)
class Answer:
    """What Trino gave: name and type of each column, and the rows in order."""

    columns: list[tuple[str, str]]
    rows: list[list[Any]]


@dataclass
class BothWays:
    """Asks each query twice, straight and through the kernel, a few queries at once."""

    connection: Any
    world: World
    pool: ThreadPoolExecutor
    asked: dict[tuple[str, int], Future[tuple[Answer, Answer]]] = field(default_factory=dict)

    def ask(self, benchmark: str, number: int) -> Future[tuple[Answer, Answer]]:
        """Begin with a query unless that is done."""
        if (benchmark, number) not in self.asked:
            self.asked[benchmark, number] = self.pool.submit(self._both, benchmark, number)
        return self.asked[benchmark, number]

    def _both(self, benchmark: str, number: int) -> tuple[Answer, Answer]:
        text = text_of(self.world, benchmark, number)
        through_the_kernel = sent(text, self.world)
        return self._run(text), self._run(through_the_kernel)

    def _run(self, sql: str) -> Answer:
        cursor = self.connection.cursor(legacy_primitive_types=True)
        cursor.execute(sql)
        rows = cursor.fetchall()
        return Answer([(column[0], column[1]) for column in cursor.description], rows)


def _is_same(one: Any, other: Any) -> bool:
    """Whether two values are equal; floats to nine digits, for a sum of them depends on their order."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9) or (math.isnan(one) and math.isnan(other))
    return bool(one == other)


def text_of(world: World, benchmark: str, number: int) -> str:
    """One query as a partner would send it."""
    return qualified(in_trino(benchmark, number), f"{PORT}.{benchmark}", world.tables_of(benchmark))


@pytest.fixture(scope="module")
def both_ways(stack: Stack, request: pytest.FixtureRequest) -> Iterator[BothWays]:
    """Every query that this run is to test, already on its way."""
    connection = stack.trino()
    with everything(connection) as world, ThreadPoolExecutor(AT_ONCE) as pool:
        asking = BothWays(connection, world, pool)
        for item in request.session.items:
            if isinstance(item, pytest.Function) and item.originalname == _PER_QUERY:
                params: dict[str, Any] = item.callspec.params
                asking.ask(params["benchmark"], params["number"])
        yield asking


@pytest.mark.parametrize(("benchmark", "number"), QUERIES)
def test_a_query_answers_through_the_kernel_as_trino_answers_by_itself(
    both_ways: BothWays, benchmark: str, number: int
) -> None:
    straight, through_the_kernel = both_ways.ask(benchmark, number).result()

    assert through_the_kernel.columns == straight.columns
    pairs = zip(through_the_kernel.rows, straight.rows, strict=True)
    assert [pair for pair in pairs if not all(map(_is_same, *pair))] == []


_PER_QUERY = test_a_query_answers_through_the_kernel_as_trino_answers_by_itself.__name__


@pytest.mark.parametrize(("benchmark", "at_least"), [("tpch", 22), ("tpcds", 80)])
def test_most_answers_have_rows(both_ways: BothWays, benchmark: str, at_least: int) -> None:
    asked = [both_ways.ask(benchmark, number) for number in range(1, COUNTS[benchmark] + 1)]

    assert sum(1 for query in asked if query.result()[0].rows) >= at_least
