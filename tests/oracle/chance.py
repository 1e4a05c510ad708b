"""A seed -> queries put together by chance, deep and with as few brackets as Trino's grammar lets one write."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import TypeVar

Kind = TypeVar("Kind")

SEED = 20_476
COUNT = 1_500

VALUES = (
    "1", "-1", "1.5", ".5", "1e3", "'x'", "''", "'it''s'", "NULL", "TRUE", "a", "t.a", '"B c"', "u.b", "current_date",
    "DATE '2026-01-31'", "TIMESTAMP '2026-01-31 10:00:00.123'", "INTERVAL '2' DAY", "INTERVAL -'3' MONTH", "X'ab'",
    "DECIMAL '1.25'", "CHAR 'x '", "0x1F", "1_000", "ARRAY[1, 2]", "ROW(1, 'x')", "count(*)",
    "row_number() OVER (ORDER BY a)",
)  # fmt: skip
CALLS = (
    "abs({})",
    "coalesce({}, {})",
    "lower({})",
    "concat({}, {})",
    "nullif({}, {})",
    "if({}, {}, {})",
    "round({}, 2)",
)
CASTS = (
    "bigint",
    "varchar(10)",
    "decimal(12, 2)",
    "timestamp(3)",
    "double",
    "date",
    "array(integer)",
    "row(x integer)",
)
AGGREGATES = (
    "sum({})", "max(DISTINCT {})", "count({}) FILTER (WHERE {})", "array_agg({} ORDER BY {} DESC)",
    "avg({}) OVER (PARTITION BY {})", "lag({}, 1) IGNORE NULLS OVER (ORDER BY {} DESC NULLS FIRST)",
    "listagg({}, ',') WITHIN GROUP (ORDER BY {})",
    "sum({}) OVER (ORDER BY {} ROWS BETWEEN 2 PRECEDING AND CURRENT ROW)",
)  # fmt: skip
ALIASES = ("x", "X", '"Y z"', "y1")
GROUPS = ("a", "1, 2", "ROLLUP (a, t.b)", "GROUPING SETS ((a), ())", "a, CUBE (b, c)")
JOINS = ("JOIN", "LEFT JOIN", "RIGHT OUTER JOIN", "FULL JOIN", "INNER JOIN")
SET_OPERATIONS = ("UNION", "UNION ALL", "INTERSECT", "EXCEPT", "EXCEPT ALL", "INTERSECT ALL")
COMPARISONS = ("=", "<>", "<", "<=", ">", ">=", "IS DISTINCT FROM", "IS NOT DISTINCT FROM")


def queries() -> Iterator[str]:
    """Return the same queries every time."""
    writer = _Writer(random.Random(SEED))  # noqa: S311 - chance here is to be repeated, not kept secret
    for number in range(COUNT):
        yield writer.query(1 + number % 3)


class _Writer:
    def __init__(self, chance: random.Random) -> None:
        self._chance = chance

    def query(self, depth: int) -> str:
        """A whole query, with a WITH and an end now and then."""
        text = self._set_operations(depth)
        if self._happens(15):
            text = f"WITH w{self._maybe(30, ' (x, y)')} AS ({self.query(depth - 1)}) {text}"
        if self._happens(35):
            keys = ", ".join(
                self._value(1) + self._pick(("", " DESC", " ASC NULLS FIRST", " DESC NULLS LAST"))
                for _ in range(self._chance.randint(1, 2))
            )
            text += f" ORDER BY {keys}"
        return text + self._maybe(20, " OFFSET 2 ROWS") + self._maybe(30, " LIMIT 10") if depth else text

    def _set_operations(self, depth: int) -> str:
        parts = [self._select(depth)]
        while self._happens(20):
            part = self._select(depth) if self._happens(60) else f"({self.query(max(0, depth - 2))})"
            parts.append(f"{self._pick(SET_OPERATIONS)} {part}")
        return " ".join(parts)

    def _select(self, depth: int) -> str:
        items = ", ".join(
            self._predicate(depth) + self._maybe(40, f" AS {self._pick(ALIASES)}")
            for _ in range(self._chance.randint(1, 3))
        )
        text = f"SELECT {self._maybe(15, 'DISTINCT ')}{items} FROM {self._relation(depth)}"
        text += self._maybe(60, f" WHERE {self._condition(depth)}")
        if self._happens(25):
            text += f" GROUP BY {self._pick(GROUPS)}"
            text += self._maybe(40, f" HAVING {self._condition(1)}")
        return text

    def _relation(self, depth: int) -> str:
        simple = (
            "t", "c.s.t", "t AS u", '"T" x (a, "B c")', "UNNEST(ARRAY[1, 2]) WITH ORDINALITY AS v (a, n)", "w",
            "(VALUES (1, 'x'), (2, 'y')) AS u (a, b)", "t TABLESAMPLE BERNOULLI (10)",
        )  # fmt: skip
        if depth < 1:
            return self._pick(simple)
        how = self._chance.randint(0, 9)
        if how < 5:
            return self._pick(simple)
        if how < 6:
            return f"({self.query(depth - 1)}) AS u"
        if how < 7:
            return f"{self._relation(depth - 1)} CROSS JOIN {self._relation(0)}"
        left, right = self._relation(depth - 1), self._relation(0)
        if how < 8:
            return f"{left}, {right}"
        condition = f"ON {self._condition(1)}" if self._happens(70) else "USING (a, b)"
        return f"{left} {self._pick(JOINS)} {right} {condition}"

    def _condition(self, depth: int) -> str:
        """AND, OR and NOT without brackets, as they bind."""
        text = self._maybe(20, "NOT ") + self._predicate(depth)
        while self._happens(35):
            text += f" {self._pick(('AND', 'OR'))} {self._maybe(20, 'NOT ')}{self._predicate(depth)}"
        return f"({text})" if self._happens(10) else text

    def _predicate(self, depth: int) -> str:
        if depth < 1 or self._happens(30):
            return self._value(depth)
        left, inner = self._value(depth - 1), depth - 1
        forms: tuple[Callable[[], str], ...] = (
            lambda: f"{left} {self._pick(COMPARISONS)} {self._value(inner)}",
            lambda: f"{left} IS {self._maybe(50, 'NOT ')}NULL",
            lambda: f"{left} {self._maybe(40, 'NOT ')}BETWEEN {self._value(inner)} AND {self._value(inner)}",
            lambda: f"{left} {self._maybe(40, 'NOT ')}IN ({self._value(inner)}, {self._value(inner)})",
            lambda: f"{left} {self._maybe(40, 'NOT ')}LIKE {self._value(0)}" + self._maybe(30, " ESCAPE '!'"),
            lambda: f"{left} {self._maybe(40, 'NOT ')}IN ({self.query(depth - 2)})",
            lambda: f"{left} {self._pick(COMPARISONS[:6])} {self._pick(('ALL', 'ANY'))} ({self.query(depth - 2)})",
            lambda: f"EXISTS ({self.query(depth - 2)})",
        )
        return self._pick(forms)() if depth > 1 else self._pick(forms[:5])()

    def _value(self, depth: int) -> str:
        """Arithmetic without brackets, as it binds."""
        if depth < 1:
            return self._pick(VALUES)
        inner = depth - 1
        forms: tuple[Callable[[], str], ...] = (
            lambda: self._pick(VALUES),
            lambda: f"{self._value(inner)} {self._pick(('+', '-', '*', '/', '%', '||'))} {self._value(inner)}",
            lambda: f"{self._value(inner)} {self._pick(('+', '-', '*', '/', '%', '||'))} {self._value(inner)}",
            lambda: f"-{self._value(inner).lstrip('-')}",
            lambda: f"({self._condition(inner)})",
            lambda: self._filled(self._pick(CALLS), inner),
            lambda: self._filled(self._pick(AGGREGATES), inner),
            lambda: f"{self._pick(('CAST', 'TRY_CAST'))}({self._value(inner)} AS {self._pick(CASTS)})",
            lambda: f"CASE WHEN {self._condition(inner)} THEN {self._value(inner)} ELSE {self._value(inner)} END",
            lambda: f"CASE {self._value(inner)} WHEN {self._value(inner)} THEN {self._value(inner)} END",
            lambda: f"{self._value(0)} AT TIME ZONE 'America/Los_Angeles'",
            lambda: f"EXTRACT({self._pick(('YEAR', 'DOW', 'HOUR'))} FROM {self._value(inner)})",
            lambda: f"a[{self._value(inner)}]",
            lambda: f"transform(a, x -> {self._value(inner)})",
            lambda: f"({self.query(depth - 2)})" if depth > 1 else "b",
        )
        return self._pick(forms)()

    def _filled(self, template: str, depth: int) -> str:
        return template.format(*(self._value(depth) for _ in range(template.count("{}"))))

    def _happens(self, percent: int) -> bool:
        return self._chance.randrange(100) < percent

    def _maybe(self, percent: int, text: str) -> str:
        return text if self._happens(percent) else ""

    def _pick(self, kinds: tuple[Kind, ...]) -> Kind:
        return self._chance.choice(kinds)
