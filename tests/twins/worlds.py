"""Makes a second world: equal to the first in all that one partner may see, different wherever it may not.

Each row of the shared tables is followed back to the rows of the ports' own tables that it comes from. A value there is
changed unless something the partner sees comes from it; a value that decides what is shown is changed only for another
that decides the same; hidden rows are taken away and added. Raw values behind a keyed hash are changed by swapping
letters, which the second world's engine undoes inside the very mask and nowhere else (`asking.py`). What came out is
then compared row by row by the evaluator of `agreed.py`, and only an equal view is accepted.
"""

from __future__ import annotations

import hashlib
import hmac
import random
import string
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from sqlglot import exp

from gateway.model import CANONICAL_SCHEMA, Catalog, TableName
from tests.real.reference import Agreement
from tests.twins.agreed import Agreed, columns_of_conditions, form, is_hash
from tests.twins.lineage import Lineage, lineage_of
from tests.twins.loading import Loader
from tests.twins.tables import BENIGN, LOOKUPS, ROW, Row, Tables, columns_in_sums, marker_of, pool_of

_LETTERS = string.ascii_lowercase, string.ascii_uppercase, string.digits
TURN_BACK = "".join(letters[::-1] for letters in _LETTERS), "".join(_LETTERS)
"""The two texts that undo the swap of letters in Trino's `translate`: first for last, so that the order turns too."""
_TURNED = str.maketrans(*TURN_BACK)
NEW_ROWS = 3
MARKED = 0.4
"""How many of the hidden cells that may hold anything hold a value that stands nowhere else."""

Run = Callable[[str], list[list[Any]]]
Hidden = tuple[str, str]
View = dict[tuple[str, str], list[str]]


@dataclass
class Shared:
    """The rows of one shared table at one port, each with the rows that it comes from."""

    lineage: Lineage
    parts: list[Agreement]
    rows: list[tuple[Row, list[bool]]] = field(default_factory=list)
    """Values, and which agreements admit them."""
    made_of: dict[tuple[str, int], list[tuple[Row, list[bool]]]] = field(default_factory=dict)
    """Alias and number of a port's own row -> the shared rows that come from it."""
    conditions: set[str] = field(default_factory=set)


@dataclass
class Twin:
    """The second world of one partner."""

    tables: Tables
    differing: Counter[str]
    """Category -> how many hidden cells or rows differ."""
    hashed: set[tuple[str, str]]
    """Port and column where the raw values behind a keyed hash differ."""


class Maker:
    """Makes second worlds of one first world, which is loaded already in schemas that end in `suffix`."""

    def __init__(self, catalog: Catalog, tables: Tables, run: Run, loader: Loader, mask_secret: bytes) -> None:
        self._catalog, self._tables, self._run, self._loader = catalog, tables, run, loader
        self._secret = mask_secret

    def twin(self, agreed: Agreed, first: str, second: str, *, bare: bool = False) -> Twin:
        """Make and load the twin of `first` for this asker; its view is proven equal."""
        shared = self._shared(agreed, first, self._catalog)
        made = _Changes(self._catalog, self._tables, agreed, shared)
        twin = made.bare_twin() if bare else made.twin()
        self._loader.lay_down(second, twin.tables)
        mine = self._view(agreed, shared, self._tables, set())
        other = self._view(agreed, self._shared(agreed, second, self._catalog), twin.tables, twin.hashed)
        for key in mine:
            assert mine[key] == other[key], (
                f"{agreed.asker.name} sees a difference in {key}: {_differing(mine[key], other[key])}"
            )
        return twin

    def _view(
        self, agreed: Agreed, shared: dict[tuple[str, str], Shared], tables: Tables, hashed: set[tuple[str, str]]
    ) -> View:
        """All that the asker may see, by port and table, in the order of its text."""
        seen: View = {}
        for (port, name), one in shared.items():
            rows = [row for row, _ in one.rows]
            columns = list(one.lineage.mapping.columns)
            seen[port, name] = sorted(self._seen(agreed, port, one.parts, columns, rows, hashed))
        for table, rows in tables.items():
            parts = agreed.parts(table.catalog, f"{table.schema}.{table.table}")
            columns = list(self._catalog.tables[table].columns)
            if parts:
                found = self._seen(agreed, table.catalog, parts, columns, rows, hashed)
                seen[table.catalog, table.table] = sorted(found)
        return seen

    def _seen(
        self, agreed: Agreed, port: str, parts: list[Agreement], columns: list[str], rows: Sequence[Row],
        hashed: set[tuple[str, str]],
    ) -> Iterator[str]:  # fmt: skip
        key = hmac.new(self._secret, f"{port}\0{agreed.asker.organisation}".encode(), hashlib.sha256).digest()
        for row in rows:
            admitted = agreed.admitted(parts, row)
            if any(admitted):
                yield repr([self._cell(form(parts, c, admitted), row[c], key, (port, c) in hashed) for c in columns])

    def _cell(self, how: Any, value: Any, key: bytes, turned: bool) -> Any:
        if how == "show":
            return value
        if is_hash(how) and value is not None:
            raw = value.translate(_TURNED) if turned else value
            return hmac.new(key, raw.encode(), hashlib.sha256).hexdigest()
        return how["value"] if isinstance(how, dict) and how["mask"] == "constant" else None

    def _shared(self, agreed: Agreed, suffix: str, catalog: Catalog) -> dict[tuple[str, str], Shared]:
        found = {}
        for name, mappings in catalog.mappings.items():
            for port, mapping in mappings.items():
                parts = agreed.parts(port, f"{CANONICAL_SCHEMA}.{name}")
                if parts:
                    found[port, name] = self._rows(agreed, Shared(lineage_of(mapping), parts), suffix)
        return found

    def _rows(self, agreed: Agreed, one: Shared, suffix: str) -> Shared:
        one.conditions = columns_of_conditions(one.parts)
        mapping, aliases = one.lineage.mapping, list(one.lineage.aliases)
        items = [exp.alias_(value.copy(), f"c{n}") for n, value in enumerate(mapping.columns.values())]
        for alias in aliases:
            number: exp.Expr = exp.column(ROW, alias)
            items.append(exp.Anonymous(this="array_agg", expressions=[number]) if one.lineage.grouped else number)
        query = mapping.source.copy().select(*items)
        for table in query.find_all(exp.Table):
            table.set("db", exp.to_identifier(table.db + suffix, quoted=True))
        for values in self._run(query.sql("trino", identify=True)):
            width = len(mapping.columns)
            row = dict(zip(mapping.columns, values[:width], strict=True))
            one.rows.append((row, agreed.admitted(one.parts, row)))
            for alias, behind in zip(aliases, values[width:], strict=True):
                for row_number in {n for n in (behind if isinstance(behind, list) else [behind]) if n is not None}:
                    one.made_of.setdefault((alias, int(row_number)), []).append(one.rows[-1])
        return one


class _Changes:
    """Works out, cell by cell, what may differ."""

    def __init__(self, catalog: Catalog, tables: Tables, agreed: Agreed, shared: dict[tuple[str, str], Shared]) -> None:
        self._catalog, self._tables, self._agreed, self._shared = catalog, tables, agreed, shared
        self._uses: dict[TableName, list[tuple[str, str, Shared]]] = {}
        self._buried: set[TableName] = set()
        self._keys: set[tuple[TableName, str]] = set()
        for (port, _), one in shared.items():
            self._buried |= one.lineage.buried
            self._keys |= {(one.lineage.aliases[alias], column) for alias, column in one.lineage.keys}
            for alias, table in one.lineage.aliases.items():
                self._uses.setdefault(table, []).append((port, alias, one))
        calm = columns_in_sums(catalog)
        self._pools = {
            name: {c: list(pool_of(name, c, known.type, calm=c in calm.get(name, ()))) for c, known in columns.items()}
            for name, columns in ((name, catalog.tables[name].columns) for name in tables)
        }
        self._signatures: dict[tuple[TableName, int, str], str] = {}
        self._hashed: set[tuple[str, str]] = set()
        self._sound_hashes()

    def twin(self) -> Twin:
        """The second world's tables."""
        twin = Twin(deepcopy(self._tables), Counter(), self._hashed)
        for name, rows in twin.tables.items():
            chance = random.Random(f"twin of {name}")  # noqa: S311 - a fixed seed is wanted
            for place, row in enumerate(rows):
                self._change_row(name, self._tables[name][place], row, chance, twin.differing)
            self._change_number(name, rows, chance, twin.differing)
        return twin

    def bare_twin(self) -> Twin:
        """The second world's tables without what is hidden: no hidden row, and nothing in a hidden cell."""
        twin = Twin({}, Counter(), set())
        for name, rows in self._tables.items():
            kept = [row for row in rows if self._is_buried(name) or not self._is_hidden(name, row)]
            twin.tables[name] = [self._bared(name, row, twin.differing) for row in kept]
            twin.differing["row taken away"] += len(rows) - len(kept)
        return twin

    def _bared(self, name: TableName, row: Row, differing: Counter[str]) -> Row:
        bare = dict(row)
        for column in self._catalog.tables[name].columns:
            category, donors = self._verdict(name, row, column)
            if category and donors is None and category != "masked by a keyed hash" and row[column] is not None:
                bare[column] = None
                differing[category] += 1
        return bare

    def _is_buried(self, name: TableName) -> bool:
        return name in self._buried or any(table == name for table, _ in self._keys)

    # --- what is seen of one cell ---------------------------------------------------------------------------------

    def _change_row(self, name: TableName, old: Row, row: Row, chance: random.Random, differing: Counter[str]) -> None:
        for column in self._catalog.tables[name].columns:
            category, donors = self._verdict(name, old, column)
            if category is None:
                continue
            if category == "masked by a keyed hash":
                changed = old[column].translate(_TURNED) if old[column] else old[column]
            else:
                changed = self._other(name, old, column, donors, chance)
            if changed != old[column]:
                row[column] = changed
                differing[category] += 1

    def _verdict(self, name: TableName, row: Row, column: str) -> tuple[str | None, list[Any] | None]:
        """Why the cell is hidden (None: it is seen), and the values it may take if only some are as good."""
        if name in self._buried or (name, column) in self._keys:
            return None, None
        reasons: list[str | None] = []
        guards: list[tuple[Any, ...]] = []
        for reason, guard in (*self._direct(name, row, column), *self._through(name, row, column)):
            reasons.append(reason)
            guards += [guard] if guard else []
        if None in reasons:
            return None, None
        category = _strongest([reason for reason in reasons if reason]) if reasons else "table denied"
        return category, self._donors(name, row, column, guards) if guards else None

    def _direct(self, name: TableName, row: Row, column: str) -> Iterator[tuple[str | None, Any]]:
        parts = self._agreed.parts(name.catalog, f"{name.schema}.{name.table}")
        if parts:
            admitted = self._agreed.admitted(parts, row)
            how = form(parts, column, admitted)
            sound = (name.catalog, column) in self._hashed
            deciding = column in columns_of_conditions(parts)
            yield _reason(parts, column, admitted, how, sound), ("direct",) if deciding else None

    def _through(self, name: TableName, row: Row, column: str) -> Iterator[tuple[str | None, Any]]:
        for port, alias, one in self._uses.get(name, ()):
            fed = one.lineage.feeds.get((alias, column), frozenset())
            for _, admitted in one.made_of.get((alias, row[ROW]), ()):
                if (alias, column) in one.lineage.decides:
                    yield (None if any(admitted) else "row hidden"), ("exists",)
                for target in fed:
                    how = form(one.parts, target, admitted)
                    sound = (port, target) in self._hashed
                    yield _reason(one.parts, target, admitted, how, sound), None
                if fed & one.conditions:
                    leading = min(self._beside(one, name, fed & one.conditions))
                    yield ("row hidden" if column == leading else None), (port, alias, id(one))

    def _beside(self, one: Shared, name: TableName, targets: frozenset[str]) -> set[str]:
        """The columns of a table that decide together; of these only the first may change."""
        feeds = one.lineage.feeds.items()
        return {place[1] for place, fed in feeds if one.lineage.aliases[place[0]] == name and fed & targets}

    def _donors(self, name: TableName, row: Row, column: str, guards: list[tuple[Any, ...]]) -> list[Any]:
        """Values of other rows under which every condition that looks at this column says what it says here."""
        wanted = self._signature(name, row, column)
        if ("exists",) in guards:
            return [row[column]] if row[column] is None else [
                other[column] for other in self._tables[name]
                if other[column] is not None and self._signature(name, other, column) == wanted
            ]  # fmt: skip
        return [other[column] for other in self._tables[name] if self._signature(name, other, column) == wanted]

    def _signature(self, name: TableName, row: Row, column: str) -> str:
        key = name, row[ROW], column
        if key not in self._signatures:
            self._signatures[key] = self._signed(name, row, column)
        return self._signatures[key]

    def _signed(self, name: TableName, row: Row, column: str) -> str:
        found: list[Any] = []
        parts = self._agreed.parts(name.catalog, f"{name.schema}.{name.table}")
        found.append(self._agreed.truths(parts, row, {column}))
        for _, alias, one in self._uses.get(name, ()):
            looked_at = one.lineage.feeds.get((alias, column), frozenset()) & one.conditions
            beside = self._beside(one, name, looked_at) - {column}
            truths = {
                str(self._agreed.truths(one.parts, values, set(looked_at)))
                for values, _ in (one.made_of.get((alias, row[ROW]), ()) if looked_at else ())
            }
            found.append([sorted(truths), [repr(row[other]) for other in sorted(beside)]] if looked_at else [])
        return repr(found)

    def _other(self, name: TableName, row: Row, column: str, donors: list[Any] | None, chance: random.Random) -> Any:
        """Another value; where there is a choice, one of those that are the second world's own."""
        now = row[column]
        if donors is None and self._is_key(name, column):
            return _renewed(now)
        mark = marker_of(column, self._catalog.tables[name].columns[column].type)
        if donors is None and mark is not None and column not in BENIGN.get(str(name), ()) and chance.random() < MARKED:
            return mark
        pool = donors if donors is not None else self._pools[name][column]
        others = [value for value in pool if value != now and value == value]
        if others and column in BENIGN.get(str(name), ()):
            return others[row[ROW] % len(others)]  # each of the worst values stands in some row
        own = [value for value in others if _is_of_the_second_world(name, column, value)]
        return chance.choice(own or others) if others else now

    def _is_key(self, name: TableName, column: str) -> bool:
        known = [row[column] for row in self._tables[name]]
        return column == next(iter(self._catalog.tables[name].columns)) and len(set(known)) == len(known)

    # --- how many rows there are ----------------------------------------------------------------------------------

    def _change_number(self, name: TableName, rows: list[Row], chance: random.Random, differing: Counter[str]) -> None:
        """Take a hidden row away and add some that are like hidden ones; to a look-up table, one that nothing finds."""
        if str(name) in LOOKUPS:
            if not self._agreed.parts(name.catalog, f"{name.schema}.{name.table}"):
                types = {column: known.type for column, known in self._catalog.tables[name].columns.items()}
                rows.append({**{c: marker_of(c, type_) for c, type_ in types.items()}, ROW: 1001})
                differing["row added"] += 1
            return
        hidden = [number for number, row in enumerate(self._tables[name]) if self._is_hidden(name, row)]
        if not hidden or name in self._buried or len(rows) < 10:
            return
        added = [dict(rows[number]) for number in (hidden * NEW_ROWS)[:NEW_ROWS]]
        first = next(iter(self._catalog.tables[name].columns))
        for number, row in enumerate(added, 1):
            row[ROW] = 1000 + number
            row[first] = _fresh(row[first], number)
        differing["row added"] += len(added)
        if len(hidden) > 3:
            rows.pop(hidden[chance.randrange(len(hidden))])
            differing["row taken away"] += 1
        rows.extend(added)

    def _is_hidden(self, name: TableName, row: Row) -> bool:
        parts = self._agreed.parts(name.catalog, f"{name.schema}.{name.table}")
        if parts and any(self._agreed.admitted(parts, row)):
            return False
        return not any(
            any(admitted)
            for _, alias, one in self._uses.get(name, ())
            for _, admitted in one.made_of.get((alias, row[ROW]), ())
        )

    # --- keyed hashes ---------------------------------------------------------------------------------------------

    def _sound_hashes(self) -> None:
        """Find the hashed columns whose every raw value may change: nothing else that is seen comes from it."""
        places = list(self._hashed_places())
        names = {(port, shown) for port, shown, _, _ in places}
        self._hashed = names
        while True:
            unsound = set()
            for port, shown, table, column in places:
                verdicts = [self._verdict(table, row, column)[0] for row in self._tables[table] if row[column]]
                touched = self._hash_rows(port, shown, table, column)
                bad = [v for v, hit in zip(verdicts, touched, strict=True) if hit and v != "masked by a keyed hash"]
                if bad or (table, column) in self._keys:
                    unsound.add((port, shown))
            if not unsound & self._hashed:
                return
            self._hashed = self._hashed - unsound

    def _hashed_places(self) -> Iterator[tuple[str, str, TableName, str]]:
        for (port, _), one in self._shared.items():
            for shown in {c for part in one.parts for c, how in part["columns"].items() if is_hash(how)}:
                alias, column = one.lineage.plain.get(shown, ("", ""))
                if alias:
                    yield port, shown, one.lineage.aliases[alias], column
        for name in self._tables:
            parts = self._agreed.parts(name.catalog, f"{name.schema}.{name.table}")
            for shown in {c for part in parts for c, how in part["columns"].items() if is_hash(how)}:
                yield name.catalog, shown, name, shown

    def _hash_rows(self, port: str, shown: str, table: TableName, column: str) -> list[bool]:
        """For each row with a value: whether this column of it is seen as a hash."""
        found = []
        for row in self._tables[table]:
            if row[column]:
                hows = [how for how in self._forms(port, shown, table, row, column)]
                found.append(any(is_hash(how) for how in hows))
        return found

    def _forms(self, port: str, shown: str, table: TableName, row: Row, column: str) -> Iterator[Any]:
        if shown == column:
            parts = self._agreed.parts(table.catalog, f"{table.schema}.{table.table}")
            if parts:
                yield form(parts, column, self._agreed.admitted(parts, row))
        for at, alias, one in self._uses.get(table, ()):
            if at == port and one.lineage.plain.get(shown) == (alias, column):
                for _, admitted in one.made_of.get((alias, row[ROW]), ()):
                    yield form(one.parts, shown, admitted)


_ORDER = (
    "masked by a keyed hash", "masked by a constant", "masked by null", "shown in other rows", "row under embargo",
    "row hidden", "column denied",
)  # fmt: skip


def _strongest(reasons: list[str]) -> str:
    return min(reasons, key=_ORDER.index)


def _reason(parts: list[Agreement], column: str, admitted: list[bool], how: Any, sound: bool) -> str | None:
    """Why a cell is hidden; None if it is seen."""
    if how == "show" or (is_hash(how) and not sound):
        return None
    if is_hash(how):
        return "masked by a keyed hash"
    if isinstance(how, dict):
        return "masked by a constant" if how["mask"] == "constant" else "masked by null"
    given = any(column in part["columns"] for part in parts)
    if any(admitted):
        return "shown in other rows" if given else "column denied"
    if not given:
        return "column denied"
    return "row under embargo" if any(part.get("embargo") for part in parts) else "row hidden"


def _is_of_the_second_world(name: TableName, column: str, value: Any) -> bool:
    """Half of the values that a hidden cell may take: so that whether a value is there at all differs too."""
    return hashlib.sha256(f"{name} {column} {value!r}".encode()).digest()[0] % 2 == 0


def _renewed(key: Any) -> Any:
    if isinstance(key, int):
        return key + 5000
    return f"{key}x"[-12:] if isinstance(key, str) else key


def _fresh(value: Any, number: int) -> Any:
    if isinstance(value, int) and not isinstance(value, bool):
        return 90_000 + number
    return f"N{number}" if isinstance(value, str) else value


def _differing(mine: list[str], other: list[str]) -> str:
    only = [row for row in mine if row not in other][:2], [row for row in other if row not in mine][:2]
    return f"{len(mine)} and {len(other)} rows; only in the first: {only[0]}; only in the second: {only[1]}"
