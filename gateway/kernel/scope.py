"""What a name can mean at one place of a query: the sources of its FROM clause, and the levels around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from sqlglot import exp

from gateway.kernel.lineage import CONSTANT, Reading, Value, made_of
from gateway.model import TableName, Use

Columns = tuple[str | None, ...]


@dataclass(slots=True)
class TableUse:
    """One place where the query reads a table; `place` counts the table nodes of the tree in walking order."""

    place: int
    name: TableName
    alias: str
    ports: frozenset[str]
    """The ports whose rows can come back here."""
    columns: set[str] = field(default_factory=set)
    uses: dict[str, set[Use]] = field(default_factory=dict)
    """What the query does with each column; one that is only in reach of a star may have no use."""


@dataclass(frozen=True, slots=True)
class Output:
    """The columns of a relation, in order: their names, None for one without, and their values."""

    names: Columns = ()
    values: tuple[Value, ...] = ()
    loose: bool = False
    """In a survey, behind a star: nobody knows yet at which position a column will stand."""
    reading: Reading | None = None
    """For a CTE, how often it is read."""

    def at(self, position: int) -> Value:
        """The value at a position, or whatever may stand there."""
        if self.loose or not 0 <= position < len(self.values):
            return made_of(self.values)
        return self.values[position]

    def renamed(self, names: Columns) -> Output:
        """The same columns by other names."""
        return Output(names, tuple(self.at(position) for position in range(len(names))))

    def read(self) -> Output:
        """The columns of a CTE at one place that reads it."""
        if self.reading is None:
            return self
        self.reading.times += 1
        values = tuple(Value() for _ in self.values)
        for seen, value in zip(values, self.values, strict=True):
            seen.add(value, reading=self.reading)
        return Output(self.names, values, self.loose)


@dataclass(slots=True)
class Source:
    """What one alias of a FROM clause stands for."""

    output: Output
    use: TableUse | None = None
    qualified: str = ""
    joined: tuple[Source, ...] = ()
    """The sources that stand in brackets behind this one name."""
    hidden: frozenset[str] = frozenset()
    """Columns that a star leaves out: the partner may use them, but not select them."""
    unseen: Value = CONSTANT
    """What columns without names hold, as those of UNNEST: a star shows them."""

    @property
    def columns(self) -> Columns:
        """The names of its columns."""
        return self.output.names

    def value(self, name: str) -> Value:
        """What a name means here."""
        found = [value for column, value in zip(self.columns, self.output.values, strict=True) if column == name]
        return made_of(found)

    def starred(self, *, whole: bool = False) -> Iterator[tuple[str | None, Value]]:
        """The columns that a star shows, or the `whole` of them."""
        for name, value in zip(self.columns, self.output.values, strict=True):
            if whole or name not in self.hidden:
                yield name, value

    def mark(self, column: str | None) -> None:
        """Note that a column is read."""
        if self.use and column in self.columns and column is not None:
            self.use.columns.add(column)
        for inner in self.joined:
            inner.mark(column)

    def mark_starred(self) -> None:
        """Note that all columns are read which a star shows."""
        for name, _ in self.starred():
            self.mark(name)

    def holds_back(self) -> bool:
        """Whether a column is read here that a star must not show."""
        mine = self.use is not None and not self.hidden.isdisjoint(self.use.columns)
        return mine or any(inner.holds_back() for inner in self.joined)


@dataclass(slots=True)
class Scope:
    """The names one query level can see, and the level around it."""

    parent: Scope | None
    ctes: Mapping[str, Output]
    sources: dict[str, Source] = field(default_factory=dict)
    merged: list[str] = field(default_factory=list)
    """Columns that a JOIN … USING made one, those of the last join first, as a star shows them."""

    def around(self) -> Iterator[Scope]:
        """This scope, then each one around it."""
        scope: Scope | None = self
        while scope is not None:
            yield scope
            scope = scope.parent

    def starred(self, *, whole: bool = False) -> Iterator[tuple[str | None, Value]]:
        """The columns that a star shows, or the `whole` of them: first those that USING made one."""
        hidden = () if whole else {name for source in self.sources.values() for name in source.hidden}
        for name in self.merged:
            if name not in hidden:
                yield name, made_of(source.value(name) for source in self.sources.values())
        for source in self.sources.values():
            yield from (column for column in source.starred(whole=whole) if column[0] not in self.merged)

    def readings(self, column: exp.Column) -> Iterator[tuple[int, str, list[Source]]]:
        """What a dotted name may mean: how many names stand before the column's, its name, and who has it.

        A column may have its table before it, or the fields of a row after it.
        """
        parts = [part.name.lower() for part in column.parts]
        for cut in range(len(parts) - 1, -1, -1):
            holders = [
                source
                for alias, source in self.sources.items()
                if parts[cut] in source.columns and is_called(alias, source, parts[:cut])
            ]
            yield cut, parts[cut], holders

    def source_of(self, star: exp.Column) -> Source | None:
        """The source of `t.*`."""
        qualifier = [part.name for part in star.parts[:-1]]
        return next((s for alias, s in self.sources.items() if is_called(alias, s, qualifier)), None)

    def seen(self) -> str:
        """Say which names stand at this place, a few at most; only what the partner wrote or may see."""
        names = [alias for level in self.around() for alias in level.sources if alias and not alias.startswith("#")]
        return f"readable here: {', '.join(names[:8])}" if names else "there is no FROM clause here"


def is_called(alias: str, source: Source, qualifier: list[str]) -> bool:
    """Whether the names before a column's dot mean this source."""
    if len(qualifier) < 2:
        return not qualifier or qualifier == [alias]
    return f".{source.qualified}".endswith("." + ".".join(qualifier))
