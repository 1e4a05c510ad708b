"""For any agreements and any query that they allow, the answer equals the same query on tables filtered beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from gateway.model import TableName
from tests.conftest import Stack
from tests.prefiltered.evaluator import Row
from tests.prefiltered.queries import Query, some_query
from tests.prefiltered.world import Agreed, Readable, agreed, lay_down, make_tables

pytestmark = pytest.mark.real

WORLDS = {"many": 1_000}.get(settings.get_current_profile_name(), 30)
"""How often agreements are drawn; `--hypothesis-profile=many` draws more, and others each time."""
QUERIES = 6
"""How many queries are asked under the same agreements."""
AT_ONCE = 4

Answer = tuple[list[tuple[str, str]], list[str]]


@dataclass
class Engine:
    """Trino, several statements at once."""

    stack: Stack
    pool: ThreadPoolExecutor
    raw: dict[TableName, list[Row]] = field(default_factory=dict)
    compared: int = 0

    def run(self, sql: str) -> Answer:
        """Columns with types, and the rows as a multiset; doubles are exact here."""
        cursor = self.stack.trino().cursor(legacy_primitive_types=True)
        cursor.execute(sql)
        rows = sorted(repr(row) for row in cursor.fetchall())
        return [(column[0], column[1]) for column in cursor.description], rows

    def lay_down(self, tables: Sequence[Readable]) -> list[str]:
        """Make the tables as they may be seen; answer their names."""
        names = [f"memory.raw.seen_{number}" for number in range(len(tables))]
        list(
            self.pool.map(
                lambda name, table: lay_down(self.stack.trino().cursor(), name, table.columns, table.rows),
                names,
                tables,
            )
        )
        return names


@pytest.fixture(scope="module")
def engine(stack: Stack) -> Iterator[Engine]:
    """Trino with the raw tables in it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield Engine(stack, pool, make_tables(stack.trino().cursor()))


@settings(
    max_examples=WORLDS,
    derandomize=WORLDS == 30,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
@given(chance=st.randoms(use_true_random=False))
def _compare(engine: Engine, chance: Random) -> None:
    given_here = agreed(chance, engine.raw)
    assume(given_here.tables)
    queries = [some_query(chance, given_here.tables) for _ in range(QUERIES)]
    seen = engine.lay_down(given_here.tables)

    differences = list(engine.pool.map(lambda query: _difference(engine, given_here, query, seen), queries))

    engine.compared += len(queries)
    assert [text for text in differences if text] == []


def _difference(engine: Engine, given_here: Agreed, query: Query, seen: Sequence[str]) -> str:
    answer = engine.run(given_here.sent(repr(query)))
    expected = engine.run(query.over(seen))
    return "" if answer == expected else f"{query!r}\ngives {answer}\nnot   {expected}\nunder {given_here!r}"


def test_the_answer_equals_the_same_query_on_tables_filtered_beforehand(engine: Engine) -> None:
    _compare(engine)

    assert engine.compared >= WORLDS * QUERIES * 0.8
