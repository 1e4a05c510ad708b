"""Queries drawn at random from the SQL that partners write: every clause, and predicates that fail on odd values.

One query is a function of one source of chance (`random.Random`), so that a seed names a query and Hypothesis, which
can stand behind a `Random`, can search for a smaller one. Rows that ORDER BY puts in a total order are marked
`/* ordered */` at the end and compared as sent; LIMIT stands only there. Nothing asks for chance or the clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random

from gateway.errors import Refused
from gateway.kernel.parse import parse
from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, Catalog, TableName
from tests.real.reference import Agreement
from tests.twins.agreed import Agreed

ORDERED = " /* ordered */"
MAX_ITEMS = 4
TRIES = 30
KEPT = 0.02
"""How many of the texts that are not open are asked all the same."""

MARKERS = {"num": "= 77", "text": "LIKE 'Q%'", "time": "> TIMESTAMP '2031-01-01 00:00:00'"}
"""Guesses that hold for the marked cells of the second world and for nothing else."""

Columns = Mapping[str, str]
"""Expression that names a column -> its kind: num, text, time, bool."""


@dataclass(frozen=True)
class Readable:
    """A table under the name that a query gives it, with the kinds of its columns."""

    name: str
    columns: Columns


@dataclass(frozen=True)
class Vocabulary:
    """What one partner's queries are made of."""

    tables: tuple[Readable, ...]
    """Cheap ones: one port each."""
    wide: tuple[Readable, ...]
    """Shared tables over all ports."""
    hidden_columns: tuple[tuple[Readable, str], ...]
    hidden_tables: tuple[str, ...]


def vocabulary(known: Catalog, agreed: Agreed) -> Vocabulary:
    """Split the catalog into what the partner may name and what it may not."""
    one_port: list[Readable] = []
    wide: list[Readable] = []
    hidden: list[tuple[Readable, str]] = []
    tables: list[str] = []
    for name, table in known.tables.items():
        for text, columns in _given(known, agreed, name).items():
            if not columns:
                tables.append(text)
                continue
            readable = Readable(text, {_quoted(column): _kind(table.columns[column].type) for column in columns})
            (wide if text == name.table else one_port).append(readable)
            hidden += [(readable, _quoted(column)) for column in table.columns if column not in columns]
    return Vocabulary(tuple(one_port), tuple(wide), tuple(hidden), tuple(tables))


def _given(known: Catalog, agreed: Agreed, name: TableName) -> dict[str, list[str]]:
    """The texts that name a table, each with the columns that may be used under it."""
    if name.catalog != CANONICAL_CATALOG:
        return {str(name): _columns(known, name, agreed.parts(name.catalog, f"{name.schema}.{name.table}"))}
    found = {}
    for port in known.mappings[name.table]:
        parts = agreed.parts(port, f"{CANONICAL_SCHEMA}.{name.table}")
        found[f"{port}.{CANONICAL_SCHEMA}.{name.table}"] = _columns(known, name, parts)
    everyones = {column for columns in found.values() for column in columns}
    return {**found, name.table: [column for column in known.tables[name].columns if column in everyones]}


def _columns(known: Catalog, name: TableName, parts: Sequence[Agreement]) -> list[str]:
    return [column for column in known.tables[name].columns if any(column in part["columns"] for part in parts)]


def _quoted(name: str) -> str:
    return name if name.isidentifier() and name not in ("date", "month") else f'"{name}"'


def _kind(type_: str) -> str:
    base = type_.partition("(")[0]
    numbers = ("integer", "bigint", "smallint", "double", "decimal")
    kinds = {"date": "time", "timestamp": "time", "boolean": "bool"}
    return "num" if base in numbers else kinds.get(base, "text")


class Grammar:
    """Writes queries for one partner."""

    def __init__(self, words: Vocabulary) -> None:
        self._words = words

    def query(self, chance: Random) -> str:
        """One query."""
        forms: list[tuple[int, Callable[[Random], str]]] = [
            (5, self._plain), (5, self._grouped), (4, self._joined), (3, self._windowed), (2, self._set),
            (2, self._cte), (2, self._derived), (2, self._correlated), (2, self._hidden), (2, self._listed),
            (8, self._probed),
        ]  # fmt: skip
        weights, makers = zip(*forms, strict=True)
        maker: Callable[[Random], str] = chance.choices(makers, weights)[0]
        return maker(chance)

    # --- whole queries ----------------------------------------------------------------------------------------------

    def _plain(self, chance: Random) -> str:
        table, scope = self._from(chance, "t")
        items = self._items(chance, scope)
        head = "SELECT DISTINCT " if chance.random() < 0.2 else "SELECT "
        return self._finished(chance, f"{head}{', '.join(items)} FROM {table}{self._where(chance, scope)}", len(items))

    def _grouped(self, chance: Random) -> str:
        table, scope = self._from(chance, "t")
        keys = [self._any(chance, scope, 1) for _ in range(chance.randint(0, 2))]
        items = keys + [self._aggregate(chance, scope) for _ in range(chance.randint(1, 2))]
        group = ""
        if keys:
            places = [str(n) for n in range(1, len(keys) + 1)]
            all_ = ", ".join(places)
            group = f" GROUP BY {all_}"
            if chance.random() < 0.3 and all(key in scope for key in keys):
                names = ", ".join(dict.fromkeys(keys))
                group = chance.choice([f" GROUP BY ROLLUP ({names})", f" GROUP BY CUBE ({names})",
                                       f" GROUP BY GROUPING SETS (({names}), ())"])  # fmt: skip
        having = f" HAVING {self._compared(chance, self._aggregate(chance, scope))}" if chance.random() < 0.4 else ""
        text = f"SELECT {', '.join(items)} FROM {table}{self._where(chance, scope)}{group}{having}"
        return self._finished(chance, text, len(items))

    def _joined(self, chance: Random) -> str:
        left, mine = self._from(chance, "a")
        right, other = self._from(chance, "b")
        both = {**mine, **other}
        kind = chance.choice(["JOIN", "LEFT JOIN", "RIGHT JOIN", "FULL JOIN", "CROSS JOIN"])
        on = "" if kind == "CROSS JOIN" else f" ON {self._equal(chance, mine, other)}"
        if on and kind in ("JOIN", "LEFT JOIN") and chance.random() < 0.6:
            on += f" AND {self._true(chance, both, 2)}"
        items = self._items(chance, both)
        if chance.random() < 0.4:
            items = [self._aggregate(chance, both)]
        text = f"SELECT {', '.join(items)} FROM {left} {kind} {right}{on}{self._where(chance, both)}"
        return self._finished(chance, text, len(items))

    def _windowed(self, chance: Random) -> str:
        table, scope = self._from(chance, "t")
        part = self._any(chance, scope, 1)
        order = self._any(chance, scope, 1)
        window = chance.choice([
            f"rank() OVER (PARTITION BY {part} ORDER BY {order})", f"dense_rank() OVER (ORDER BY {order})",
            f"{self._aggregate(chance, scope, plain=True)} OVER (PARTITION BY {part})",
            f"{self._aggregate(chance, scope, plain=True)} OVER (ORDER BY {order} RANGE UNBOUNDED PRECEDING)",
            f"percent_rank() OVER (ORDER BY {order} DESC)", f"cume_dist() OVER (PARTITION BY {part} ORDER BY {order})",
        ])  # fmt: skip
        items = [*self._items(chance, scope), window]
        return self._finished(chance, f"SELECT {', '.join(items)} FROM {table}{self._where(chance, scope)}", len(items))

    def _set(self, chance: Random) -> str:
        width = chance.randint(1, 2)
        kinds = [chance.choice(["num", "text"]) for _ in range(width)]
        sides = []
        for alias in "ab":
            table, scope = self._from(chance, alias)
            items = [
                f"CAST({self._of(chance, scope, kind, 2)} AS {'double' if kind == 'num' else 'varchar'})"
                for kind in kinds
            ]
            sides.append(f"SELECT {', '.join(items)} FROM {table}{self._where(chance, scope)}")
        word = chance.choice(["UNION", "UNION ALL", "INTERSECT", "EXCEPT"])
        return self._finished(chance, f"{sides[0]} {word} {sides[1]}", width)

    def _cte(self, chance: Random) -> str:
        table, scope = self._from(chance, "t")
        kinds = {f"c{n}": kind for n, kind in enumerate(chance.choices(["num", "text", "time", "bool"], k=3))}
        items = [f"{self._of(chance, scope, kind, 2)} AS {name}" for name, kind in kinds.items()]
        name = chance.choice(["w", "x", "vessel_calls", "unit"])  # sometimes the name of a real table
        inner = f"WITH {name} AS (SELECT {', '.join(items)} FROM {table}{self._where(chance, scope)})"
        outer = {f"{name}.{column}": kind for column, kind in kinds.items()}
        if chance.random() < 0.5:
            return self._finished(
                chance, f"{inner} SELECT {self._aggregate(chance, outer)} FROM {name}{self._where(chance, outer)}", 1
            )
        picked = self._items(chance, outer)
        return self._finished(
            chance, f"{inner} SELECT {', '.join(picked)} FROM {name}{self._where(chance, outer)}", len(picked)
        )

    def _derived(self, chance: Random) -> str:
        table, scope = self._from(chance, "t")
        kinds = {f"c{n}": kind for n, kind in enumerate(chance.choices(["num", "text", "time"], k=2))}
        items = ", ".join(f"{self._of(chance, scope, kind, 2)} AS {name}" for name, kind in kinds.items())
        outer = {f"d.{column}": kind for column, kind in kinds.items()}
        picked = self._items(chance, outer)
        inner = f"(SELECT {items} FROM {table}{self._where(chance, scope)}) AS d"
        return self._finished(
            chance, f"SELECT {', '.join(picked)} FROM {inner}{self._where(chance, outer)}", len(picked)
        )

    def _correlated(self, chance: Random) -> str:
        left, mine = self._from(chance, "a")
        right, other = self._from(chance, "b")
        link, inside = self._equal(chance, mine, other), self._true(chance, other, 2)
        items = self._items(chance, mine)
        number = self._of(chance, other, "num", 1)
        condition = chance.choice([
            f"EXISTS (SELECT 1 FROM {right} WHERE {link})",
            f"NOT EXISTS (SELECT 1 FROM {right} WHERE {link} AND {inside})",
            f"{self._of(chance, mine, 'num', 1)} IN (SELECT {number} FROM {right} WHERE {inside})",
            f"{self._of(chance, mine, 'num', 1)} > ALL (SELECT {number} FROM {right} WHERE {inside})",
            f"{self._of(chance, mine, 'num', 1)} = ANY (SELECT {number} FROM {right})",
            f"(SELECT max({number}) FROM {right} WHERE {link}) > {self._number(chance)}",
            f"(SELECT count(*) FROM {right} WHERE {link}) = {chance.randint(0, 2)}",
        ])  # fmt: skip
        return self._finished(chance, f"SELECT {', '.join(items)} FROM {left} WHERE {condition}", len(items))

    def _hidden(self, chance: Random) -> str:
        """A name that the partner may not use, in some clause: the refusal must know nothing of the data."""
        if chance.random() < 0.3 and self._words.hidden_tables:
            return f"SELECT count(*) FROM {chance.choice(self._words.hidden_tables)}"
        table, column = chance.choice(self._words.hidden_columns)
        return chance.choice([
            f"SELECT {column} FROM {table.name}", f"SELECT 1 FROM {table.name} WHERE {column} IS NOT NULL",
            f"SELECT count(*) FROM {table.name} GROUP BY {column}", f"SELECT 1 FROM {table.name} ORDER BY {column}",
            f"SELECT max({column}) OVER () FROM {table.name}",
            f"SELECT count(*) FILTER (WHERE {column} > 0) FROM {table.name}",
            f"SELECT 1 FROM {table.name} a JOIN {table.name} b ON a.{column} = b.{column}",
        ])  # fmt: skip

    def _probed(self, chance: Random) -> str:
        """A guess that fails the query where it holds: for a row that is hidden, it must not be made."""
        table, scope = self._from(chance, "t")
        guess = " AND ".join(self._guess(chance, scope) for _ in range(chance.randint(1, 2)))
        failing = chance.choice(
            [f"1 / if({guess}, 0, 1)", f"CAST(if({guess}, 'x', '1') AS integer)", f"ARRAY[1][if({guess}, 2, 1)]"]
        )
        clauses = [
            f"SELECT count(*) FROM {table} WHERE {failing} = 1", f"SELECT sum({failing}) FROM {table}",
            f"SELECT max({failing}) OVER () FROM {table}", f"SELECT count(*) FILTER (WHERE {failing} = 1) FROM {table}",
            f"SELECT 1 WHERE EXISTS (SELECT 1 FROM {table} WHERE {failing} = 1)",
            f"SELECT {failing}, count(*) FROM {table} GROUP BY 1 ORDER BY 1, 2{ORDERED}",
            f"SELECT count(*) FROM (VALUES 1) AS v(x) LEFT JOIN {table} ON v.x = {failing}",
            f"SELECT count(*) FROM {table} GROUP BY t.port_unlocode HAVING max({failing}) = 1",
            f"SELECT 1 WHERE 1 NOT IN (SELECT {failing} FROM {table})",
        ]  # fmt: skip
        return chance.choice(clauses if "t.port_unlocode" in scope else [c for c in clauses if "port_un" not in c])

    def _guess(self, chance: Random, scope: Columns) -> str:
        column = chance.choice(list(scope))
        comparing = chance.choice(["=", "<>", "<", ">="])
        guesses = {
            "num": f"{column} {comparing} {self._number(chance)}",
            "text": f"{column} {comparing} {self._word(chance)}",
            "time": f"{column} {comparing} {self._moment(chance)}",
            "bool": f"{column} = {chance.choice(['true', 'false'])}",
        }
        if scope[column] in MARKERS and chance.random() < 0.5:
            return f"{column} {MARKERS[scope[column]]}"
        return chance.choice([guesses[scope[column]], guesses[scope[column]], f"{column} IS NULL"])

    def _listed(self, chance: Random) -> str:
        """Values, arrays and what goes over them."""
        table, scope = self._from(chance, "t")
        number, text = self._of(chance, scope, "num", 1), self._of(chance, scope, "text", 1)
        where = self._where(chance, scope)
        column = chance.choice(list(scope))
        return chance.choice([
            f"SELECT v.x FROM (VALUES 1, 2, 0) AS v(x) WHERE v.x IN (SELECT CAST({number} AS bigint) FROM {table})",
            f"SELECT e FROM {table} CROSS JOIN UNNEST(ARRAY[{number}, 1]) AS u(e){where}",
            f"SELECT array_sort(array_agg({column})) FROM {table}{where}",
            f"SELECT filter(ARRAY[{number}], x -> x > 5) FROM {table}{where}",
            f"SELECT transform(ARRAY[{number}], x -> 10 / x) FROM {table}{where}",
            f"SELECT reduce(ARRAY[{number}, 2], 0, (s, x) -> s + CAST(x AS double), s -> s) FROM {table}",
            f"SELECT split({text}, '-')[2] FROM {table}{where}",
            f"SELECT ARRAY[1, 2][CAST({number} AS bigint)] FROM {table}{where}",
            f"SELECT map(ARRAY['a'], ARRAY[{number}])['a'] FROM {table}{where}",
            f"SELECT l.y FROM {table} CROSS JOIN LATERAL (SELECT {number} + 1 AS y) AS l{where}",
            f"SELECT cardinality(array_distinct(array_agg({column}))) FROM {table}{where}",
            f"SELECT ROW({number}, {text})[1] FROM {table}{where}",
        ])  # fmt: skip

    # --- clauses ----------------------------------------------------------------------------------------------------

    def _from(self, chance: Random, alias: str) -> tuple[str, Columns]:
        readable = chance.choice(self._words.wide if chance.random() < 0.04 else self._words.tables)
        return f"{readable.name} AS {alias}", {f"{alias}.{name}": kind for name, kind in readable.columns.items()}

    def _items(self, chance: Random, scope: Columns) -> list[str]:
        return [self._any(chance, scope, 2) for _ in range(chance.randint(1, MAX_ITEMS))]

    def _where(self, chance: Random, scope: Columns) -> str:
        return f" WHERE {self._true(chance, scope, 3)}" if chance.random() < 0.7 else ""

    def _finished(self, chance: Random, text: str, width: int) -> str:
        """Sometimes a total order, and only with it a limit."""
        if chance.random() < 0.6:
            return text
        order = ", ".join(f"{n}{chance.choice(['', ' DESC', ' NULLS FIRST'])}" for n in range(1, width + 1))
        limit = f" LIMIT {chance.randint(1, 12)}" if chance.random() < 0.5 else ""
        return f"{text} ORDER BY {order}{limit}{ORDERED}"

    def _equal(self, chance: Random, mine: Columns, other: Columns) -> str:
        kinds = [kind for kind in ("num", "text", "time") if kind in mine.values() and kind in other.values()]
        kind = chance.choice(kinds or ["num"])
        return f"{self._leaf(chance, mine, kind)} = {self._leaf(chance, other, kind)}"

    # --- values -----------------------------------------------------------------------------------------------------

    def _any(self, chance: Random, scope: Columns, depth: int) -> str:
        if chance.random() < 0.4:
            return chance.choice(list(scope))
        return self._of(chance, scope, chance.choice(["num", "text", "time", "bool"]), depth)

    def _of(self, chance: Random, scope: Columns, kind: str, depth: int) -> str:
        if kind == "bool":
            return f"({self._true(chance, scope, depth)})"
        if depth <= 0 or chance.random() < 0.3:
            return self._leaf(chance, scope, kind)
        return {"num": self._num, "text": self._text, "time": self._time}[kind](chance, scope, depth - 1)

    def _leaf(self, chance: Random, scope: Columns, kind: str) -> str:
        columns = [name for name, known in scope.items() if known == kind]
        if columns and chance.random() < 0.85:
            return chance.choice(columns)
        literals = {"num": self._number, "text": self._word, "time": self._moment}
        return literals[kind](chance)

    def _number(self, chance: Random) -> str:
        return chance.choice(["0", "1", "-1", "7", "13", "250", "1e0", "2147483647", "DECIMAL '9.5'", "0.5", "77"])

    def _word(self, chance: Random) -> str:
        odd = ["''", "'A'", "'12'", "'%'", "'2020-02-30'", "'[1'", "'('", "'N'"]
        known = ["'MSC'", "'MSK'", "'EVER GIVEN'", "'ZULU QUEEN'", "'NAVY'", "'93'", "'84'", "'ZZBB'", "'TANK'", "'Q'"]
        return chance.choice(odd + known)

    def _moment(self, chance: Random) -> str:
        return chance.choice(
            [
                "TIMESTAMP '2026-11-01 00:00:00'",
                "DATE '2026-10-20'",
                "TIMESTAMP '1970-01-01 00:00:00'",
                "TIMESTAMP '2026-11-16 00:00:00'",
                "DATE '2026-11-21'",
            ]
        )

    def _num(self, chance: Random, scope: Columns, depth: int) -> str:
        a, b = self._of(chance, scope, "num", depth), self._of(chance, scope, "num", depth)
        text, moment = self._of(chance, scope, "text", depth), self._of(chance, scope, "time", depth)
        return chance.choice([
            f"({a} + {b})", f"({a} * {b})", f"({a} / {b})", f"({a} % {b})", f"(- {a})", f"abs({a})", f"round({a}, 1)",
            f"CAST({text} AS integer)", f"CAST({text} AS double)", f"try_cast({text} AS integer)", f"length({text})",
            f"CAST({a} AS smallint)", f"CAST({a} AS decimal(5,1))", f"sqrt({a})", f"ln({a})", f"mod({a}, {b})",
            f"coalesce({a}, {b})", f"nullif({a}, {b})", f"if({self._true(chance, scope, depth)}, {a}, {b})",
            f"CASE WHEN {self._true(chance, scope, depth)} THEN {a} ELSE {b} END", f"try({a} / {b})", f"power({a}, 2)",
            f"codepoint(CAST({text} AS varchar(1)))", f"from_base({text}, 16)", f"strpos({text}, 'A')",
            f"year({moment})",
            f"date_diff('day', {moment}, TIMESTAMP '2026-11-01 00:00:00')", f"json_array_length({text})",
            f"bitwise_not(CAST({a} AS bigint))",
            f"width_bucket({a}, 0, 10, 5)", f"greatest({a}, {b})", f"hamming_distance({text}, 'ABC')",
            f"CAST({a} AS tinyint)",
            f"ceiling({a} / {b})",
        ])  # fmt: skip

    def _text(self, chance: Random, scope: Columns, depth: int) -> str:
        a, b = self._of(chance, scope, "text", depth), self._of(chance, scope, "text", depth)
        number, moment = self._of(chance, scope, "num", depth), self._of(chance, scope, "time", depth)
        return chance.choice([
            f"({a} || {b})", f"upper({a})", f"substr({a}, 2)", f"replace({a}, 'A', 'B')", f"reverse({a})", f"trim({a})",
            f"CAST({number} AS varchar)", f"CAST({moment} AS varchar)", f"chr(CAST({number} AS bigint))",
            f"lpad({a}, CAST({number} AS bigint), 'x')",
            f"split_part({a}, '-', CAST({number} AS bigint))", f"regexp_replace({a}, '[A-Z]+', '')",
            f"regexp_extract({a}, {b})",
            f"json_format(json_parse({a}))", f"to_hex(from_hex({a}))", f"from_utf8(from_base64({a}))",
            f"json_extract_scalar({a}, '$.a')",
            f"coalesce({a}, {b})", f"CASE WHEN {self._true(chance, scope, depth)} THEN {a} END",
            f"date_format({moment}, '%Y')",
            f"to_base(CAST({number} AS bigint), 2)", f"concat({a}, 'z')", f"url_decode({a})", f"soundex({a})",
            f"translate({a}, 'AB', 'ab')", f"normalize({a})", f"format('%s', {number})", f"CAST({a} AS char(3))",
        ])  # fmt: skip

    def _time(self, chance: Random, scope: Columns, depth: int) -> str:
        moment, text = self._of(chance, scope, "time", depth), self._of(chance, scope, "text", depth)
        number = self._of(chance, scope, "num", depth)
        return chance.choice([
            f"date_trunc('month', {moment})", f"date_add('day', CAST({number} AS bigint), {moment})",
            f"CAST({text} AS date)",
            f"CAST({text} AS timestamp)", f"date_parse({text}, '%Y-%m-%d')", f"try_cast({text} AS date)",
            f"from_unixtime({number})",
            f"from_iso8601_date({text})", f"({moment} + INTERVAL '1' DAY)", f"last_day_of_month({moment})",
            f"coalesce({moment}, {moment})",
            f"parse_datetime({text}, 'yyyy')", f"from_iso8601_timestamp({text})",
            f"with_timezone(CAST({moment} AS timestamp), {text})",
        ])  # fmt: skip

    def _true(self, chance: Random, scope: Columns, depth: int) -> str:
        if depth <= 0:
            return self._compared(chance, self._leaf(chance, scope, "num"))
        a, b = self._of(chance, scope, "num", depth - 1), self._of(chance, scope, "num", depth - 1)
        text, moment = self._of(chance, scope, "text", depth - 1), self._of(chance, scope, "time", depth - 1)
        return chance.choice([
            f"{a} {chance.choice(['=', '<>', '<', '>=', 'IS DISTINCT FROM'])} {b}", self._compared(chance, a),
            f"{text} LIKE 'A%'",
            f"{text} LIKE {self._word(chance)} ESCAPE '%'", f"{a} BETWEEN 0 AND {b}", f"{a} IN (0, 7, {b})",
            f"{text} IN ('MSC', '', 'A')",
            f"{a} IS NULL", f"{text} IS NOT NULL", f"regexp_like({text}, {self._leaf(chance, scope, 'text')})",
            f"starts_with({text}, 'M')",
            f"{text} < 'N'", f"{moment} < {self._moment(chance)}", f"{moment} IS NOT NULL",
            f"NOT ({self._true(chance, scope, depth - 1)})",
            f"({self._true(chance, scope, depth - 1)} AND {self._true(chance, scope, depth - 1)})",
            f"({self._true(chance, scope, depth - 1)} OR {self._true(chance, scope, depth - 1)})", f"1 / {a} > 0",
            f"10 % {a} = 0",
            f"CAST({text} AS integer) > 5", f"json_extract_scalar({text}, '$.a') IS NULL", f"is_json_scalar({text})",
        ])  # fmt: skip

    def _compared(self, chance: Random, value: str) -> str:
        return f"{value} {chance.choice(['=', '<>', '<', '>', '<=', '>='])} {self._number(chance)}"

    def _aggregate(self, chance: Random, scope: Columns, *, plain: bool = False) -> str:
        number, anything = self._of(chance, scope, "num", 2), self._any(chance, scope, 1)
        text = self._of(chance, scope, "text", 1)
        call = chance.choice([
            "count(*)", f"count({anything})", f"count({number})", f"sum({number})", f"min({anything})",
            f"max({anything})", f"max({text})",
            f"bool_or({self._true(chance, scope, 1)})", f"avg(CAST({number} AS double))",
            f"approx_distinct({anything})",
            f"count_if({self._true(chance, scope, 2)})", f"stddev({number})",
        ] + ([] if plain else [f"count(DISTINCT {anything})", f"sum(DISTINCT {number})"]))  # fmt: skip
        if not plain and chance.random() < 0.3:
            return f"{call} FILTER (WHERE {self._true(chance, scope, 2)})"
        return call


def queries(words: Vocabulary, seed: str, count: int) -> Iterator[str]:
    """The first queries of a seed; of those that are not open, few: they never reach a port."""
    grammar = Grammar(words)
    for number in range(count):
        yield _open(grammar, Random(f"{seed} {number}"))  # noqa: S311 - a fixed seed is wanted


def _open(grammar: Grammar, chance: Random) -> str:
    for _ in range(TRIES):
        text = grammar.query(chance)
        try:
            parse(text)
        except Refused:
            if chance.random() < KEPT:
                return text
        else:
            return text
    return text
