"""What agreements say of one table -> formulas for z3 over who asks, when, and a row.

A point of the space is a partner (organisation, class, roles, attributes), a purpose, a moment and one row. A condition
of a row holds only where it is true: a missing value (NULL) meets `is_null` alone.

How values become numbers, without loss for what agreements can tell apart:
- Texts are points on one line, in the order of their code points: each text that an agreement names is a whole number,
  every other one lies between two of them. `starts_with` is an interval. An attribute of the partner is a point on the
  same line.
- Whole numbers are whole numbers, other numbers are reals, moments are seconds since 1970, days are days since 1970.
- A condition that fits the column's type in no way is a riddle of its own: it may be met or not, and is met by a row
  under both sets of agreements or under neither.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise
from typing import Any, Literal

import z3

from gateway.model import PURPOSES, Scalar
from gateway.policy.language import Condition, Embargo, PartnerAttribute, Party, TableRule

Kind = Literal["text", "whole", "number", "truth", "moment", "day", "other"]
Formula = Any
"""A z3 expression; the package says little of its types."""

DAY_SECONDS = 86_400
ELSEWHERE = "someone else"
"""An organisation or a class that no agreement names."""
_WHOLE = ("tinyint", "smallint", "integer", "bigint")
_NUMBER = ("decimal", "double", "real")
_SURROGATES = range(0xD800, 0xE000)


def kind_of(type_: str) -> Kind:
    """Sort a Trino type by how its values are compared.

    >>> kind_of("timestamp(6) with time zone"), kind_of("varchar(20)"), kind_of("decimal(14,2)")
    ('moment', 'text', 'number')
    """
    name = type_.lower().split("(")[0].split(" ")[0]
    if name in ("varchar", "char"):
        return "text"
    if name in _WHOLE:
        return "whole"
    if name in _NUMBER:
        return "number"
    named: dict[str, Kind] = {"boolean": "truth", "timestamp": "moment", "date": "day"}
    return named.get(name, "other")


def after_prefix(prefix: str) -> str | None:
    """The first text, in the order of code points, behind all that begin with `prefix`; None if there is none.

    >>> after_prefix("ab")
    'ac'
    """
    for place in reversed(range(len(prefix))):
        code = ord(prefix[place]) + 1
        code = _SURROGATES.stop if code in _SURROGATES else code
        if code <= 0x10FFFF:
            return prefix[:place] + chr(code)
    return None


@dataclass(frozen=True, slots=True)
class _Starts:
    """A column begins with an attribute of the partner."""

    column: str
    attribute: str


@dataclass(frozen=True, slots=True)
class Cell:
    """One column of the row."""

    kind: Kind
    missing: Formula
    value: Formula


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute of the partner."""

    absent: Formula
    value: Formula


@dataclass(frozen=True)
class Space:
    """The points that the agreements of one table can tell apart; made by `space_of`."""

    types: Mapping[str, str]
    texts: tuple[str, ...]
    """Every text that is named, in order; the empty one first."""
    organisations: tuple[str, ...]
    classes: tuple[str, ...]
    cells: dict[str, Cell] = field(default_factory=dict)
    attributes: dict[str, Attribute] = field(default_factory=dict)
    laws: list[Formula] = field(default_factory=list)
    """What holds at every point."""
    roles: dict[str, Formula] = field(default_factory=dict)
    organisation: Formula = field(default_factory=lambda: z3.Int("organisation"))
    class_: Formula = field(default_factory=lambda: z3.Int("class"))
    purpose: Formula = field(default_factory=lambda: z3.Int("purpose"))
    day: Formula = field(default_factory=lambda: z3.Int("day"))
    now: Formula = field(default_factory=lambda: z3.Int("now"))
    riddles: dict[object, Formula] = field(default_factory=dict)

    # --- who and when -----------------------------------------------------------------------------------------------

    def is_organisation(self, name: str) -> Formula:
        """The partner is of this organisation."""
        return self.organisation == _index(self.organisations, name)

    def is_class(self, name: str) -> Formula:
        """The partner's organisation is of this class."""
        return self.class_ == _index(self.classes, name)

    def has_role(self, name: str) -> Formula:
        """The partner has this role."""
        if name not in self.roles:
            self.roles[name] = z3.Bool(f"role {name}")
        return self.roles[name]

    def is_purpose(self, name: str) -> Formula:
        """The partner asks for this purpose."""
        return self.purpose == _index(PURPOSES, name)

    def is_with(self, party: Party) -> Formula:
        """Each key that the party gives names the partner."""
        named = [
            z3.Or([is_one(name) for name in names])
            for names, is_one in (
                (party.organisations, self.is_organisation),
                (party.organisation_classes, self.is_class),
                (party.roles, self.has_role),
            )
            if names
        ]
        return z3.And(named) if named else z3.BoolVal(False)

    def is_between(self, first: str, end: str) -> Formula:
        """The day is `first` or later, and before `end`."""
        return z3.And(self.day >= day_number(first), self.day < day_number(end))

    def attribute(self, name: str) -> Attribute:
        """An attribute of the partner: absent, or a text that is not empty."""
        if name not in self.attributes:
            found = Attribute(z3.Bool(f"no attribute {name}"), z3.Real(f"attribute {name}"))
            self.attributes[name] = found
            self.laws.append(found.value > 0)
            self.laws.append(self._is_text(found.value))
        return self.attributes[name]

    def attribute_is(self, name: str, value: str) -> Formula:
        """The partner has the attribute with this value, which must be one of the texts."""
        found = self.attribute(name)
        return z3.And(z3.Not(found.absent), found.value == self.point(value))

    # --- a row ------------------------------------------------------------------------------------------------------

    def admits(self, rule: TableRule) -> Formula:
        """The row meets one of the rule's alternatives, and its embargo is over."""
        late = [] if rule.embargo is None else [self._is_over(rule.embargo)]
        return z3.Or([z3.And([*map(self.holds, alternative), *late]) for alternative in rule.rows])

    def holds(self, condition: Condition) -> Formula:
        """The condition is true of the row."""
        cell = self.cell(condition.column)
        if condition.op == "is_null":
            return cell.missing
        there = z3.Not(cell.missing)
        if condition.op == "not_null":
            return there
        values = _listed(condition.value)
        attributes = [self.attribute(value.name) for value in values if isinstance(value, PartnerAttribute)]
        present = [z3.Not(attribute.absent) for attribute in attributes]
        return z3.And([there, *present, self._compares(cell, condition, values)])

    def cell(self, column: str) -> Cell:
        """The row's value of a column."""
        if column not in self.cells:
            kind = kind_of(self.types.get(column, ""))
            self.cells[column] = Cell(kind, z3.Bool(f"missing {column}"), _variable(kind, column))
            if kind == "text":
                self.laws.append(self._is_text(self.cells[column].value))
        return self.cells[column]

    def _compares(self, cell: Cell, condition: Condition, values: tuple[object, ...]) -> Formula:
        if condition.op == "starts_with":
            return self._starts_with(cell, condition, values[0])
        points = [self._operand(cell.kind, value) for value in values]
        is_ordered = cell.kind != "truth" or condition.op in ("eq", "ne", "in", "not_in")
        if not is_ordered or any(point is None for point in points):
            return self._riddle(condition)
        return _COMPARISONS[condition.op](cell.value, points)

    def _operand(self, kind: Kind, value: object) -> Formula | None:
        if isinstance(value, PartnerAttribute):
            return self.attribute(value.name).value if kind == "text" else None
        return self._literal(kind, value)

    def _literal(self, kind: Kind, value: object) -> Formula | None:
        if kind == "truth":
            return z3.BoolVal(value) if isinstance(value, bool) else None
        if kind in ("whole", "number"):
            is_number = isinstance(value, int | float) and not isinstance(value, bool)
            return z3.RealVal(str(Fraction(Decimal(str(value))))) if is_number else None
        if not isinstance(value, str):
            return None
        if kind == "text":
            return self.point(value)
        return _time_literal(kind, value)

    def _riddle(self, condition: object) -> Formula:
        if condition not in self.riddles:
            self.riddles[condition] = z3.Bool(f"riddle {len(self.riddles)}")
        return self.riddles[condition]

    def _is_over(self, embargo: Embargo) -> Formula:
        cell = self.cell(embargo.column)
        moment = self.now - embargo.age_hours * 3600
        if cell.kind not in ("moment", "day"):
            return z3.And(z3.Not(cell.missing), self._riddle(embargo))
        self.laws.append(z3.And(self.now >= self.day * DAY_SECONDS, self.now < (self.day + 1) * DAY_SECONDS))
        seconds = cell.value if cell.kind == "moment" else cell.value * DAY_SECONDS
        if embargo.grain == "day":
            # over in California at the latest eight hours after it is over in UTC
            last = z3.FreshInt("last day")
            start = moment - 8 * 3600
            self.laws.append(z3.And(last * DAY_SECONDS <= start, start < (last + 1) * DAY_SECONDS))
            return z3.And(z3.Not(cell.missing), seconds < last * DAY_SECONDS)
        return z3.And(z3.Not(cell.missing), seconds <= moment)

    # --- texts ------------------------------------------------------------------------------------------------------

    def point(self, text: str) -> Formula:
        """Where a named text lies on the line."""
        return z3.RealVal(bisect_left(self.texts, text))

    def _is_text(self, value: Formula) -> Formula:
        """There is a text at this point: none lies before the empty one, nor between a text and its next."""
        gaps = [
            z3.Not(z3.And(value > place, value < place + 1))
            for place, (text, following) in enumerate(pairwise(self.texts))
            if following == text + "\0"
        ]
        return z3.And([value >= 0, *gaps])

    def _starts_with(self, cell: Cell, condition: Condition, value: object) -> Formula:
        if cell.kind != "text" or not isinstance(value, str | PartnerAttribute):
            return self._riddle(condition)
        if isinstance(value, str):
            return self._in_prefix(cell.value, value)
        key = _Starts(condition.column, value.name)
        known = key in self.riddles
        starts = self._riddle(key)
        if not known:
            self.laws.extend(self._laws_of_prefix(starts, cell.value, self.attribute(value.name).value))
        return starts

    def _in_prefix(self, value: Formula, prefix: str) -> Formula:
        end = after_prefix(prefix)
        from_here = value >= self.point(prefix)
        return from_here if end is None else z3.And(from_here, value < self.point(end))

    def _laws_of_prefix(self, starts: Formula, value: Formula, prefix: Formula) -> Iterator[Formula]:
        """`starts` says whether the text at `value` begins with the one at `prefix`, of which neither need be named."""
        yield z3.Implies(starts, prefix <= value)
        yield z3.Implies(value == prefix, starts)
        for text in self.texts[1:]:
            point = self.point(text)
            yield z3.Implies(prefix == point, starts == self._in_prefix(value, text))
            # a text between a prefix and what begins with it begins with it too, so the prefix is one of its own
            shorter = [prefix == self.point(text[:length]) for length in range(1, len(text))]
            yield z3.Implies(z3.And(starts, prefix < point, point <= value), z3.Or(shorter))

    # --- a point, told ----------------------------------------------------------------------------------------------

    def told(self, model: z3.ModelRef) -> Witness:
        """The point that a model found, as values."""
        names = _Named(self.texts, self._points(model), self._prefixes(model))
        row: dict[str, Scalar | None] = {}
        for column, cell in sorted(self.cells.items()):
            missing = _is_true(model, cell.missing)
            row[column] = None if missing else _value_of(model, cell, names)
        attributes = {
            name: names.text_at(_fraction(model, found.value))
            for name, found in sorted(self.attributes.items())
            if not _is_true(model, found.absent)
        }
        roles = tuple(name for name, role in sorted(self.roles.items()) if z3.is_true(model.eval(role)))
        return Witness(
            _name_at(self.organisations, model, self.organisation),
            _name_at(self.classes, model, self.class_),
            roles,
            attributes,
            PURPOSES[int(str(model.eval(self.purpose, model_completion=True)))],
            self._moment(model),
            row,
        )

    def _points(self, model: z3.ModelRef) -> set[Fraction]:
        values = [cell.value for cell in self.cells.values() if cell.kind == "text"]
        return {_fraction(model, value) for value in (*values, *(found.value for found in self.attributes.values()))}

    def _prefixes(self, model: z3.ModelRef) -> dict[Fraction, Fraction]:
        """The text at a point -> the longest attribute that it begins with."""
        starts = [key for key, riddle in self.riddles.items() if isinstance(key, _Starts) and _is_true(model, riddle)]
        pairs = [
            (_fraction(model, self.cells[key.column].value), _fraction(model, self.attributes[key.attribute].value))
            for key in starts
        ]
        return dict(sorted(pairs))

    def _moment(self, model: z3.ModelRef) -> str:
        day = int(str(model.eval(self.day, model_completion=True)))
        now = model.eval(self.now)
        seconds = int(str(now)) % DAY_SECONDS if z3.is_int_value(now) else DAY_SECONDS // 2
        return f"{day_at(day)}T{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}Z"


@dataclass(frozen=True, slots=True)
class Witness:
    """One partner, moment and row for which something changes."""

    organisation: str
    organisation_class: str
    roles: tuple[str, ...]
    attributes: Mapping[str, str]
    purpose: str
    now: str
    """UTC, as `2026-11-22T16:45:06Z`."""
    row: Mapping[str, Scalar | None]


def space_of(
    types: Mapping[str, str], parties: Iterable[Party], rules: Iterable[TableRule], texts: Iterable[str] = ()
) -> Space:
    """Make the space in which these parties, rules and further texts can be told apart."""
    known = tuple(parties)
    organisations = {name for party in known for name in party.organisations}
    classes = {name for party in known for name in party.organisation_classes}
    named = _texts(tuple(rules)) | {"", *texts}
    space = Space(types, tuple(sorted(named)), tuple(sorted(organisations)), tuple(sorted(classes)))
    space.laws.append(z3.And(space.organisation >= 0, space.organisation <= len(space.organisations)))
    space.laws.append(z3.And(space.class_ >= 0, space.class_ <= len(space.classes)))
    space.laws.append(z3.And(space.purpose >= 0, space.purpose < len(PURPOSES)))
    return space


def day_number(day: str) -> int:
    """Count the days since 1970."""
    return date.fromisoformat(day).toordinal() - date(1970, 1, 1).toordinal()


def day_at(number: int) -> date:
    """The day that `day_number` counts so."""
    return date.fromordinal(min(max(1, number + date(1970, 1, 1).toordinal()), date.max.toordinal()))


def _texts(rules: tuple[TableRule, ...]) -> set[str]:
    """Every text that a condition names, and where prefixes end; if an attribute is a prefix, every beginning too."""
    conditions = [condition for rule in rules for alternative in rule.rows for condition in alternative]
    texts = {value for condition in conditions for value in _listed(condition.value) if isinstance(value, str)}
    prefixes = {str(c.value) for c in conditions if c.op == "starts_with" and isinstance(c.value, str)}
    if any(c.op == "starts_with" and isinstance(c.value, PartnerAttribute) for c in conditions):
        prefixes |= {text[:length] for text in texts for length in range(1, len(text) + 1)}
    return texts | prefixes | {end for prefix in prefixes if (end := after_prefix(prefix)) is not None}


def _listed(value: object) -> tuple[object, ...]:
    if value is None:
        return ()
    return value if isinstance(value, tuple) else (value,)


def _index(names: tuple[str, ...], name: str) -> int:
    return names.index(name)


_COMPARISONS: Mapping[str, Any] = {
    "eq": lambda value, points: value == points[0],
    "ne": lambda value, points: value != points[0],
    "lt": lambda value, points: value < points[0],
    "le": lambda value, points: value <= points[0],
    "gt": lambda value, points: value > points[0],
    "ge": lambda value, points: value >= points[0],
    "in": lambda value, points: z3.Or([value == point for point in points]),
    "not_in": lambda value, points: z3.And([value != point for point in points]),
    "between": lambda value, points: z3.And(value >= points[0], value <= points[1]),
}


def _variable(kind: Kind, column: str) -> Formula:
    if kind in ("whole", "day"):
        return z3.Int(f"value {column}")
    return z3.Bool(f"value {column}") if kind == "truth" else z3.Real(f"value {column}")


def _time_literal(kind: Kind, value: str) -> Formula | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    seconds = Fraction(int((moment - _EPOCH).total_seconds() // 1)) + Fraction(moment.microsecond, 1_000_000)
    if kind == "day":
        return z3.IntVal(seconds // DAY_SECONDS) if seconds % DAY_SECONDS == 0 and len(value) == 10 else None
    return z3.RealVal(str(seconds)) if kind == "moment" else None


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


# --- a model's values -----------------------------------------------------------------------------------------------


class _Named:
    """Points on the line of texts -> texts, each point that no agreement names with a text made up for it, in order."""

    def __init__(
        self, texts: tuple[str, ...], points: Iterable[Fraction], prefixes: Mapping[Fraction, Fraction]
    ) -> None:
        self._known = {Fraction(place): text for place, text in enumerate(texts)}
        for count, point in enumerate(sorted(points)):
            if point not in self._known:
                place = min(int(point), len(texts) - 1)
                start = self._known.get(prefixes.get(point, point), texts[place])
                end = texts[place + 1] if place + 1 < len(texts) else None
                self._known[point] = _text_between(start, end, chr(ord("a") + count % 26))

    def text_at(self, point: Fraction) -> str:
        """The text at a point."""
        return self._known[point]


def _text_between(start: str, end: str | None, tail: str) -> str:
    """A text behind `start` and before `end`, if there is room for the tail."""
    tries = (start + gap + tail for gap in ("", " ", "\x01", "\0"))
    return next((text for text in tries if end is None or text < end), start + "\0")


def _is_true(model: z3.ModelRef, formula: Formula) -> bool:
    return bool(z3.is_true(model.eval(formula, model_completion=True)))


def _value_of(model: z3.ModelRef, cell: Cell, names: _Named) -> Scalar:
    if cell.kind == "truth":
        return _is_true(model, cell.value)
    number = _fraction(model, cell.value)
    if cell.kind == "text":
        return names.text_at(number)
    if cell.kind == "day":
        return str(day_at(int(number)))
    if cell.kind == "moment":
        return str((_EPOCH + timedelta(microseconds=int(number * 1_000_000))).replace(tzinfo=None))
    return int(number) if number.denominator == 1 else float(number)


def _fraction(model: z3.ModelRef, value: Formula) -> Fraction:
    found = model.eval(value, model_completion=True)
    return Fraction(str(found.as_fraction() if z3.is_rational_value(found) else found.as_long()))


def _name_at(names: tuple[str, ...], model: z3.ModelRef, variable: Formula) -> str:
    place = int(str(model.eval(variable, model_completion=True)))
    return names[place] if place < len(names) else ELSEWHERE
