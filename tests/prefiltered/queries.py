"""Chance + the tables that a partner may read -> queries over them whose answer is one multiset of rows.

Every clause is drawn by type, so that Trino takes the text; nothing in it can fail on a value, and nothing in it
depends on the order of rows: LIMIT comes after an ORDER BY of all columns, and windows only rank or count.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from random import Random

from tests.prefiltered.agreements import VALUES
from tests.prefiltered.world import Readable

NUMBERS = ("bigint", "integer", "double", "decimal(10,2)")
_CAN_JOIN = ("varchar", "bigint", "integer", "date", "boolean")
Names = Mapping[str, str]
"""What an expression can name (`t1.ship`) -> its type."""
Written = tuple[str, dict[str, str]]
"""A query, and its columns with their types."""


@dataclass(frozen=True)
class Query:
    """A text whose tables are marks."""

    text: str
    tables: tuple[Readable, ...]

    def over(self, names: Sequence[str]) -> str:
        """The text over these names, one for each table."""
        text = self.text
        for number, name in enumerate(names):
            text = text.replace(_mark(number), name)
        return text

    def __repr__(self) -> str:
        """As the partner would write it."""
        return self.over([table.name for table in self.tables])


def _mark(number: int) -> str:
    return f"«{number}»"


def some_query(chance: Random, tables: Sequence[Readable]) -> Query:
    """Draw one query."""
    return Query(_Writer(chance, tables).statement(), tuple(tables))


def _select(items: Sequence[tuple[str, str]], rest: str, distinct: str = "") -> Written:
    """Name the items x0, x1, … in a SELECT."""
    listed = ", ".join(f"{sql} AS x{number}" for number, (sql, _) in enumerate(items))
    return f"SELECT {distinct}{listed} {rest}", {f"x{number}": type_ for number, (_, type_) in enumerate(items)}


def _pairs(names: Names, more: Names) -> list[tuple[str, str]]:
    """What can be compared: one name of each side, of one type."""
    return [(a, b) for a in names for b in more if names[a] == more[b] and names[a] in _CAN_JOIN]


class _Writer:
    """Writes one query; each method draws one part of it."""

    def __init__(self, chance: Random, tables: Sequence[Readable]) -> None:
        self._chance, self._tables = chance, tables
        self._aliases = 0
        self._ctes: dict[str, dict[str, str]] = {}

    def statement(self) -> str:
        """Draw a whole statement."""
        clause = ""
        if self._maybe(0.25):
            text, columns = self._plain(depth=1)
            clause, self._ctes = f"WITH c1 AS ({text}) ", {"c1": columns}
        kinds = [
            self._plain, self._star, self._grouped, self._grouped, self._windowed, self._set_operation, self._total,
            self._using,
        ]  # fmt: skip
        text, columns = self._chance.choice(kinds)(2)
        return clause + text + (self._ordered(len(columns)) if self._maybe(0.3) else "")

    def _ordered(self, width: int) -> str:
        kinds = ("ASC", "DESC NULLS FIRST", "NULLS FIRST")
        order = ", ".join(f"{number} {self._chance.choice(kinds)}" for number in range(1, width + 1))
        cut = ("", " LIMIT 3", " OFFSET 2", " OFFSET 1 LIMIT 4", " FETCH FIRST 2 ROWS WITH TIES")
        return f" ORDER BY {order}{self._chance.choice(cut)}"

    # --- queries ----------------------------------------------------------------------------------------------------

    def _plain(self, depth: int) -> Written:
        source, names = self._from(depth)
        items = [self._expression(names) for _ in range(self._chance.randint(1, 4))]
        return _select(items, source + self._where(names, depth), "DISTINCT " if self._maybe(0.2) else "")

    def _star(self, depth: int) -> Written:
        source, names = self._relation(depth)
        alias = next(iter(names)).split(".")[0]
        star = self._chance.choice(["*", f"{alias}.*"])
        columns = {name.split(".")[1]: type_ for name, type_ in names.items()}
        return f"SELECT {star} FROM {source}{self._where(names, depth)}", columns

    def _grouped(self, depth: int) -> Written:
        source, names = self._from(depth)
        keys = [self._expression(names, plain=True) for _ in range(self._chance.randint(1, 2))]
        items = [*keys, *(self._aggregate(names) for _ in range(self._chance.randint(1, 3)))]
        form = self._chance.choice(["{}", "{}", "{}", "ROLLUP ({})", "CUBE ({})", "GROUPING SETS (({}), ())"])
        by = form.format(", ".join(dict.fromkeys(sql for sql, _ in keys)))
        having = f" HAVING count(*) > {self._chance.randint(0, 2)}" if self._maybe(0.3) else ""
        return _select(items, f"{source}{self._where(names, depth)} GROUP BY {by}{having}")

    def _total(self, depth: int) -> Written:
        source, names = self._from(depth)
        items = [self._aggregate(names) for _ in range(self._chance.randint(1, 3))]
        return _select(items, source + self._where(names, depth))

    def _windowed(self, depth: int) -> Written:
        source, names = self._from(depth)
        parts = f"PARTITION BY {self._name(names)}" if self._maybe(0.7) else ""
        over = f"{parts} ORDER BY {self._name(names)}{self._chance.choice(['', ' DESC', ' NULLS FIRST'])}".strip()
        value = self._name(names)
        windows = [
            (f"rank() OVER ({over})", "bigint"),
            (f"dense_rank() OVER ({over})", "bigint"),
            (f"count({value}) OVER ({over})", "bigint"),
            (f"count(*) OVER ({parts})", "bigint"),
            (f"max({value}) OVER ({parts})", names[value]),
        ]
        items = [self._expression(names, plain=True), self._chance.choice(windows)]
        return _select(items, source + self._where(names, depth))

    def _set_operation(self, depth: int) -> Written:
        left, left_names = self._from(depth)
        right, right_names = self._from(depth)
        both = sorted(set(left_names.values()) & set(right_names.values())) or ["bigint", "varchar"]
        types = [self._chance.choice(both) for _ in range(2)]
        sides = [
            _select([(self._of_type(names, type_), type_) for type_ in types], source + self._where(names, 0))
            for source, names in ((left, left_names), (right, right_names))
        ]
        operation = self._chance.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        return f"{sides[0][0]} {operation} {sides[1][0]}", sides[0][1]

    def _using(self, depth: int) -> Written:
        left, right = (self._chance.choice(self._tables) for _ in range(2))
        both = [name for name in left.columns if name in right.columns and left.columns[name] in _CAN_JOIN]
        if not both:
            return self._plain(depth)
        (one, names), (other, more) = self._table(left), self._table(right)
        merged = self._chance.choice(both)
        rest = {name: type_ for name, type_ in (names | more).items() if not name.endswith(f".{merged}")}
        items = [(merged, left.columns[merged])] + [self._expression(rest) for _ in range(2) if rest]
        kind = self._chance.choice(["JOIN", "LEFT JOIN", "FULL JOIN"])
        return _select(items, f"FROM {one} {kind} {other} USING ({merged})")

    # --- what is read from ------------------------------------------------------------------------------------------

    def _from(self, depth: int) -> tuple[str, dict[str, str]]:
        source, names = self._relation(depth)
        if self._maybe(0.4):
            other, more = self._lateral(names) if depth and self._maybe(0.2) else self._relation(depth)
            source, names = self._joined(source, names, other, more), names | more
        return f"FROM {source}", names

    def _joined(self, source: str, names: Names, other: str, more: Names) -> str:
        pairs = _pairs(names, more)
        if not pairs or "LATERAL" in other or "UNNEST" in other:
            return f"{source} CROSS JOIN {other}"
        left, right = self._chance.choice(pairs)
        kind = self._chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN"])
        return f"{source} {kind} {other} ON {left} = {right}"

    def _lateral(self, names: Names) -> tuple[str, dict[str, str]]:
        """A relation that looks at the one before it."""
        name = self._name(names)
        if self._maybe(0.5):
            values = f"UNNEST(ARRAY[{name}, {self._of_type(names, names[name])}])"
            return self._called(values, {"u": names[name]}, listed=True)
        source, inner = self._relation(0)
        pairs = _pairs(names, inner)
        where = "{1} = {0}".format(*self._chance.choice(pairs)) if pairs else "true"
        return self._called(f"LATERAL (SELECT count(*) AS n FROM {source} WHERE {where})", {"n": "bigint"})

    def _relation(self, depth: int) -> tuple[str, dict[str, str]]:
        if depth > 1 and self._maybe(0.25):
            text, columns = self._chance.choice([self._plain, self._grouped, self._star])(depth - 1)
            return self._called(f"({text})", columns)
        if self._ctes and self._maybe(0.5):
            return self._called("c1", self._ctes["c1"])
        if self._maybe(0.05):
            rows = ", ".join(f"({self._value('bigint')}, {self._value('varchar')})" for _ in range(3))
            return self._called(f"(VALUES {rows})", {"n": "bigint", "v": "varchar"}, listed=True)
        return self._table(self._chance.choice(self._tables))

    def _table(self, table: Readable) -> tuple[str, dict[str, str]]:
        return self._called(_mark(self._tables.index(table)), table.columns)

    def _called(self, source: str, columns: Names, *, listed: bool = False) -> tuple[str, dict[str, str]]:
        self._aliases += 1
        alias = f"t{self._aliases}"
        names = f" ({', '.join(columns)})" if listed else ""
        return f"{source} AS {alias}{names}", {f"{alias}.{name}": type_ for name, type_ in columns.items()}

    # --- conditions -------------------------------------------------------------------------------------------------

    def _where(self, names: Names, depth: int) -> str:
        return f" WHERE {self._predicate(names, depth)}" if self._maybe(0.6) else ""

    def _predicate(self, names: Names, depth: int) -> str:
        kind = self._chance.choice(["compare", "compare", "null", "list", "between", "logic", "exists", "in", "scalar"])
        if kind == "logic" and depth:
            left, right = self._predicate(names, depth - 1), self._predicate(names, depth - 1)
            return self._chance.choice([f"({left} AND {right})", f"({left} OR {right})", f"NOT ({left})"])
        if kind in ("exists", "in", "scalar") and depth:
            return self._subquery(kind, names)
        return self._simple(kind, names)

    def _simple(self, kind: str, names: Names) -> str:
        name = self._name(names)
        type_ = names[name]
        values = [self._value(type_) for _ in range(3)]
        if kind == "null":
            return f"{name} IS {self._chance.choice(['', 'NOT '])}NULL"
        if kind == "list":
            return f"{name} {self._chance.choice(['IN', 'NOT IN'])} ({', '.join(values)})"
        if kind == "between" and type_ != "boolean":
            return f"{name} BETWEEN {values[0]} AND {values[1]}"
        if type_ == "varchar" and self._maybe(0.3):
            return f"{name} LIKE '{self._chance.choice(['%2%', 'B_', '_%', 'O%'])}'"
        operator = self._chance.choice(["=", "<>", "<", ">=", "IS DISTINCT FROM"])
        return f"{name} {operator} {self._chance.choice([values[0], self._of_type(names, type_)])}"

    def _subquery(self, kind: str, names: Names) -> str:
        source, inner = self._relation(0)
        pairs = _pairs(names, inner)
        if not pairs:
            return f"EXISTS (SELECT 1 FROM {source})"
        outer, mine = self._chance.choice(pairs)
        negated = self._chance.choice(["", "NOT "])
        if kind == "exists":
            return f"{negated}EXISTS (SELECT 1 FROM {source} WHERE {mine} = {outer})"
        if kind == "in":
            return f"{outer} {negated}IN (SELECT {mine} FROM {source})"
        return self._chance.choice(
            [
                f"{outer} <= (SELECT max({mine}) FROM {source})",
                f"{outer} = ANY (SELECT {mine} FROM {source})",
                f"{outer} <> ALL (SELECT {mine} FROM {source})",
            ]
        )

    # --- values -----------------------------------------------------------------------------------------------------

    def _expression(self, names: Names, *, plain: bool = False) -> tuple[str, str]:
        name = self._name(names)
        type_ = names[name]
        if plain or self._maybe(0.5):
            return name, type_
        same = self._of_type(names, type_)
        forms = [
            (f"coalesce({name}, {same})", type_),
            (f"nullif({name}, {self._value(type_)})", type_),
            (f"CASE WHEN {self._predicate(names, 0)} THEN {name} ELSE {same} END", type_),
            (f"({name} IS NULL)", "boolean"),
            (f"cardinality(filter(ARRAY[{name}, {same}], x -> x IS NOT NULL))", "bigint"),
        ]
        if type_ == "varchar":
            forms += [(f"{name} || '-' || {same}", type_), (f"lower({name})", type_), (f"length({name})", "bigint")]
        if type_ in NUMBERS:
            forms += [(f"abs({name})", type_)]
        if type_ == "date":
            forms += [(f"year({name})", "bigint")]
        return self._chance.choice(forms)

    def _aggregate(self, names: Names) -> tuple[str, str]:
        name = self._name(names)
        type_ = names[name]
        forms = [
            ("count(*)", "bigint"),
            (f"count({name})", "bigint"),
            (f"count(DISTINCT {name})", "bigint"),
            (f"min({name})", type_),
            (f"max({name})", type_),
            (f"cardinality(array_agg({name}))", "bigint"),
        ]
        if type_ in ("integer", "bigint"):
            forms += [(f"sum({name})", "bigint"), (f"avg({name})", "double")]
        if type_ == "double":
            forms += [(f"sum({name})", "double")]
        if type_ == "varchar":
            forms += [(f"array_join(array_sort(array_agg({name})), ',', '?')", "varchar")]
        if type_ == "boolean":
            forms += [(f"every({name})", "boolean")]
        sql, answer = self._chance.choice(forms)
        filtered = self._maybe(0.2) and "array_agg" not in sql
        return (f"{sql} FILTER (WHERE {self._predicate(names, 0)})" if filtered else sql), answer

    def _name(self, names: Names) -> str:
        return self._chance.choice(list(names))

    def _of_type(self, names: Names, type_: str) -> str:
        """Name something of this type, or write a value of it."""
        fitting = [name for name in names if names[name] == type_]
        return self._chance.choice(fitting) if fitting else self._value(type_)

    def _value(self, type_: str) -> str:
        value = self._chance.choice(VALUES[type_])
        if type_ in ("varchar", "date", "timestamp(3)"):
            text = "'" + value.replace("'", "''") + "'"
            return text if type_ == "varchar" else f"{type_.split('(')[0].upper()} {text}"
        written = str(value).lower()
        return f"{written}e0" if type_ == "double" else f"CAST({written} AS {type_})"

    def _maybe(self, share: float) -> bool:
        return self._chance.random() < share
