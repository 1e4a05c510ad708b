"""For any agreements and any query that they allow, the answer equals the same query on tables filtered beforehand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from gateway.model import AgreementGrant, Condition, Mask, TableName
from tests.conftest import Stack
from tests.prefiltered.evaluator import Row
from tests.prefiltered.queries import Query, some_query
from tests.prefiltered.world import VISIT, Agreed, Readable, agreed, agreed_by, lay_down, make_tables

pytestmark = pytest.mark.real

MANY = settings.get_current_profile_name() == "many"
"""With `--hypothesis-profile=many` other agreements are drawn each time, and many more."""
WORLDS = 1_000 if MANY else 26
"""How often agreements are drawn."""
QUERIES = 6
"""How many queries are asked under the same agreements."""
AT_ONCE = 4

Answer = tuple[list[tuple[str, str]], list[str]]


@dataclass
class Engine:
    """Trino, several statements at once."""

    connection: Any
    pool: ThreadPoolExecutor
    raw: dict[TableName, list[Row]] = field(default_factory=dict)
    compared: int = 0
    with_rows: int = 0

    def run(self, sql: str) -> Answer:
        """Columns with types, and the rows as a multiset; the doubles here are exact."""
        cursor = self.connection.cursor(legacy_primitive_types=True)
        cursor.execute(sql)
        rows = sorted(repr(row) for row in cursor.fetchall())
        return [(column[0], column[1]) for column in cursor.description], rows

    def lay_down(self, tables: Sequence[Readable]) -> list[str]:
        """Make the tables as they may be seen; answer their names."""
        names = [f"memory.raw.seen_{number}" for number in range(len(tables))]
        list(self.pool.map(self._lay_one_down, names, tables))
        return names

    def _lay_one_down(self, name: str, table: Readable) -> None:
        lay_down(self.connection.cursor(), name, table.columns, table.rows)

    def differences(self, sharing: Agreed, queries: Sequence[Query], filtered: Sequence[str]) -> list[str]:
        """Ask the queries through the kernel, and over the filtered tables; tell each difference."""
        found = self.pool.map(lambda query: self._difference(sharing, query, filtered), queries)
        return [text for text in found if text]

    def _difference(self, sharing: Agreed, query: Query, filtered: Sequence[str]) -> str:
        answer = self.run(sharing.sent(repr(query)))
        expected = self.run(query.over(filtered))
        self.compared += 1
        self.with_rows += bool(expected[1])
        return "" if answer == expected else f"{query!r}\ngives {answer}\nnot   {expected}\nunder {sharing!r}"


@pytest.fixture(scope="module")
def engine(stack: Stack) -> Iterator[Engine]:
    """Trino with the raw tables in it."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        connection = stack.trino()
        yield Engine(connection, pool, make_tables(connection.cursor()))


@settings(
    max_examples=WORLDS,
    derandomize=not MANY,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
    phases=(Phase.generate, Phase.shrink),
)
@given(chance=st.randoms(use_true_random=False))
def _compare(engine: Engine, chance: Random) -> None:
    sharing = agreed(chance, engine.raw)
    assume(sharing.tables)
    queries = [some_query(chance, sharing.tables) for _ in range(QUERIES)]

    assert engine.differences(sharing, queries, engine.lay_down(sharing.tables)) == []


def test_the_answer_equals_the_same_query_on_tables_filtered_beforehand(engine: Engine) -> None:
    _compare(engine)

    assert engine.compared >= WORLDS * QUERIES >= 150
    assert engine.with_rows >= engine.compared // 3, "empty answers prove little"


SOME_ROWS = ((Condition("teu", "gt", 0),),)
NARROW = AgreementGrant("a0", {"id": None, "ship": Mask("null")}, SOME_ROWS, "some rows, and no ship")


@pytest.mark.parametrize(
    "wider",
    [
        AgreementGrant("a0", NARROW.columns, ((),), "a row too many"),
        AgreementGrant("a0", {"id": None, "ship": None}, SOME_ROWS, "a value that should be masked"),
        AgreementGrant("a0", {"id": None, "ship": Mask("constant", "A1")}, SOME_ROWS, "another mask"),
        AgreementGrant("a0", NARROW.columns, ((Condition("teu", "ge", 0),),), "another condition"),
    ],
    ids=lambda wider: wider.reason,
)
def test_a_kernel_that_shows_something_else_is_found(engine: Engine, wider: AgreementGrant) -> None:
    right = agreed_by({VISIT: (NARROW,)}, engine.raw)
    wrong = agreed_by({VISIT: (wider,)}, engine.raw)
    everything = [Query("SELECT * FROM «0» AS t", right.tables)]
    filtered = engine.lay_down(right.tables)

    assert engine.differences(right, everything, filtered) == []
    assert len(engine.differences(wrong, everything, filtered)) == 1
