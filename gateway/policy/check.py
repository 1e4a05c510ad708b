"""A port's file and the catalog -> what is wrong with the file, or worth knowing, each with its place and its mend.

error: a rule that cannot hold, or does not say what it seems to. warning: holds, and is most likely not meant.
note: worth knowing. What a file with an error would do is not told: the gateway does not take it.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from gateway.model import CANONICAL_CATALOG, CANONICAL_SCHEMA, PURPOSES, Catalog, Column, JoinRule, TableName
from gateway.policy import fits, floor
from gateway.policy.findings import Finding, Path, Severity, instead, written
from gateway.policy.language import (
    ORGANISATION_CLASSES,
    Agreement,
    ColumnRule,
    Condition,
    Embargo,
    PartnerAttribute,
    Party,
    PortDocument,
    TableRule,
)
from gateway.policy.ranges import Values, narrowed
from gateway.policy.reading import Reading, read_document
from gateway.policy.shadow import is_within, shadowed

_FLOOR_MEND = "leave it out; no port can lift the floor"


def check(
    reading: Reading, catalog: Catalog, today: str, others: Mapping[str, PortDocument] | None = None
) -> tuple[Finding, ...]:
    """Find all that can be found without running anything; `today` is a day, UTC.

    With the documents of the other ports, `reciprocal` agreements are compared with what those share.
    """
    found = list(reading.findings)
    if reading.draft is not None and reading.root is not None:
        checker = _Checker(reading, reading.draft, catalog, today, others, found)
        checker.document()
    return tuple(sorted(found, key=lambda finding: (finding.line, finding.column)))


def seconds_for(text: str, catalog: Catalog, today: str) -> float:
    """Time the reading and checking of one file, for benchmarks."""
    begin = time.perf_counter()
    check(read_document(text), catalog, today)
    return time.perf_counter() - begin


@dataclass(frozen=True, slots=True)
class _Table:
    """One table as the port has it."""

    name: str
    columns: Mapping[str, Column]
    not_kept: Mapping[str, str] = field(default_factory=dict)
    """Columns of a shared table that the port does not fill, and why."""


@dataclass(frozen=True, slots=True)
class _Where:
    """One rule of the file: where it stands, and over which table."""

    path: Path
    table: _Table
    agreement: Agreement


class _Checker:
    """Goes through one document and writes down what it finds."""

    def __init__(
        self,
        reading: Reading,
        document: PortDocument,
        catalog: Catalog,
        today: str,
        others: Mapping[str, PortDocument] | None,
        found: list[Finding],
    ) -> None:
        self._reading = reading
        self._document = document
        self._catalog = catalog
        self._today = today
        self._others = others
        self._found = found
        self._tables: dict[tuple[str, str], _Table | None] = {}

    def _add(
        self, severity: Severity, code: str, message: str, mend: str, path: Path, *, of_value: bool = False
    ) -> None:
        line, column = self._reading.place(path, of_value=of_value)
        self._found.append(Finding(code, severity, message, mend, line, column, written(path)))

    def _misfit(self, misfit: fits.Misfit | None, path: Path, severity: Severity = "error") -> bool:
        if misfit:
            self._add(severity, misfit.code, misfit.message, misfit.mend, path, of_value=True)
        return misfit is not None

    # --- the file ---------------------------------------------------------------------------------------------------

    def document(self) -> None:
        port = self._document.port
        if port not in self._catalog.ports:
            mend = instead(port, self._catalog.ports)
            self._add("error", "unknown_port", f"there is no port {port}", mend, ("port",), of_value=True)
            return
        if self._document.suspended:
            message = "the port has suspended all its agreements: no partner reads anything of it"
            self._add("note", "suspended", message, "write `suspended: false` to resume", ("suspended",))
        for place, agreement in zip(self._reading.kept, self._document.agreements, strict=True):
            self._agreement(agreement, ("agreements", place))
        self._withheld()
        self._not_yet_open()
        for place, others in shadowed(self._document.agreements, self._today):
            names = ", ".join(self._document.agreements[other].id for other in others)
            message = f"all that {self._document.agreements[place].id} gives, {names} gives as well"
            mend = "leave it out, or let it give something more"
            self._add("warning", "shadowed", message, mend, ("agreements", self._reading.kept[place], "id"))

    def _not_yet_open(self) -> None:
        """Say once, at the first of them, how many tables come as statistics."""
        places = [
            ("agreements", place, "tables", name, "release")
            for place, agreement in zip(self._reading.kept, self._document.agreements, strict=True)
            for name, rule in agreement.tables.items()
            if rule.release == "statistics"
        ]
        if places:
            others = f" (and {len(places) - 1} more below)" if len(places) > 1 else ""
            message = f"statistics are kept for later: this table gives nothing yet{others}"
            self._add("note", "statistics", message, "nothing to mend", places[0])

    def _withheld(self) -> None:
        for name, words in self._document.withheld.items():
            path: Path = ("withheld", name)
            table = self._table(name, path)
            if table is None:
                continue
            for column in words:
                if column != "*" and column not in table.columns:
                    self._unknown_column(column, table, (*path, column))
                elif column in table.columns and (giver := self._shown_to_everyone(name, column)):
                    message = f"nobody reads this: {giver} shows {column} to everyone"
                    self._add("note", "withheld_shown", message, "leave it out", (*path, column))

    def _shown_to_everyone(self, table: str, column: str) -> str:
        """Name an agreement that shows every row of a column to everyone for every purpose today."""
        for agreement in self._document.agreements:
            rule = agreement.tables.get(table)
            given = rule and rule.columns.get(column)
            if (
                rule
                and given == ColumnRule()
                and _is_all_rows(rule)
                and rule.embargo is None
                and rule.release == "rows"
                and _is_for_everyone(agreement.party)
                and self._is_live(agreement)
                and set(agreement.purposes) == set(PURPOSES)
            ):
                return agreement.id
        return ""

    def _is_live(self, agreement: Agreement) -> bool:
        dates = agreement.from_day <= self._today < agreement.until_day
        return dates and not (agreement.suspended or self._document.suspended or agreement.reciprocal)

    # --- an agreement -----------------------------------------------------------------------------------------------

    def _agreement(self, agreement: Agreement, path: Path) -> None:
        self._days(agreement, path)
        if agreement.suspended:
            message = f"{agreement.id} is suspended: it gives nothing"
            self._add("note", "suspended", message, "write `suspended: false` to resume", (*path, "suspended"))
        alive = False
        for name, rule in agreement.tables.items():
            at: Path = (*path, "tables", name)
            table = self._table(name, at)
            if table is not None:
                alive |= self._rule(rule, _Where(at, table, agreement))
        if not alive:
            message = f"{agreement.id} gives nothing: none of its tables gives a row or a column"
            self._add("error", "dead", message, "mend its tables, or leave the agreement out", (*path, "id"))
        if agreement.reciprocal:
            self._reciprocal(agreement, path)

    def _days(self, agreement: Agreement, path: Path) -> None:
        if agreement.from_day >= agreement.until_day:
            message = f"{agreement.id} ends on {agreement.until_day}, before it begins: it never holds"
            self._add("error", "never_live", message, "write an `until` after `from`", (*path, "until"), of_value=True)
        elif agreement.until_day <= self._today:
            message = f"{agreement.id} ended on {agreement.until_day}: it gives nothing"
            mend = "leave it out, or write a later `until`"
            self._add("warning", "expired", message, mend, (*path, "until"), of_value=True)
        elif self._today < agreement.from_day:
            message = f"{agreement.id} does not hold before {agreement.from_day}"
            self._add("note", "not_yet", message, "nothing to mend", (*path, "from"), of_value=True)

    def _reciprocal(self, agreement: Agreement, path: Path) -> None:
        for name in agreement.tables:
            at = (*path, "tables", name)
            if not name.startswith(f"{CANONICAL_SCHEMA}."):
                message = f"no other port has {name}, so that nobody can share it in return"
                mend = "give it in an agreement that is not reciprocal"
                self._add("error", "reciprocal", message, mend, at)
            elif self._others is not None and not any(self._gives_us(name)):
                message = f"no other port shares {name} with {self._document.organisation} today: this gives nothing"
                self._add("note", "reciprocal_unmet", message, "ask the ports that you mean it for", at)

    def _gives_us(self, table: str) -> Iterator[bool]:
        for port, document in (self._others or {}).items():
            if port == self._document.port or document.suspended:
                continue
            for agreement in document.agreements:
                rule = agreement.tables.get(table)
                yield bool(
                    rule
                    and rule.release == "rows"
                    and not (agreement.reciprocal or agreement.suspended)
                    and agreement.from_day <= self._today < agreement.until_day
                    and _fits_port(agreement.party, self._document.organisation)
                )

    # --- a table ----------------------------------------------------------------------------------------------------

    def _table(self, name: str, path: Path) -> _Table | None:
        found = self._table_of(self._document.port, name)
        if found is None:
            message, mend = self._no_table(self._document.port, name)
            self._add("error", "unknown_table", message, mend, path)
        return found

    def _table_of(self, port: str, name: str) -> _Table | None:
        if (port, name) not in self._tables:
            self._tables[port, name] = self._find_table(port, name)
        return self._tables[port, name]

    def _find_table(self, port: str, name: str) -> _Table | None:
        schema, _, table = name.partition(".")
        if schema != CANONICAL_SCHEMA:
            own = self._catalog.tables.get(TableName(port, schema, table))
            return _Table(name, own.columns) if own else None
        shared = self._catalog.tables.get(TableName(CANONICAL_CATALOG, schema, table))
        mapping = self._catalog.mappings.get(table, {}).get(port)
        return _Table(name, shared.columns, mapping.not_kept) if shared and mapping else None

    def _no_table(self, port: str, name: str) -> tuple[str, str]:
        schema, _, table = name.partition(".")
        why = self._catalog.ports[port].not_part.get(table) if schema == CANONICAL_SCHEMA else None
        if why:
            return f"{port} takes no part in {name}: {why}", "leave it out"
        return f"{port} has no table {name}", instead(name, self._names_of(port))

    def _names_of(self, port: str) -> Iterator[str]:
        for table, ports in self._catalog.mappings.items():
            if port in ports:
                yield f"{CANONICAL_SCHEMA}.{table}"
        for name in self._catalog.tables:
            if name.catalog == port:
                yield f"{name.schema}.{name.table}"

    def _rule(self, rule: TableRule, where: _Where) -> bool:
        """Check one table of an agreement; say whether it can give anything."""
        columns = [self._column(name, given, rule, where) for name, given in rule.columns.items()]
        rows = [
            self._alternative(alternative, (*where.path, "rows", at), where) for at, alternative in enumerate(rule.rows)
        ]
        self._swallowed(rule, where.path)
        if rule.embargo:
            self._embargo(rule.embargo, where)
        for at, join in enumerate(rule.joins or ()):
            self._join(join, rule, (*where.path, "joins", at), where)
        self._statistics(rule, where)
        return any(columns) and any(rows)

    def _named(self, column: str, where: _Where, path: Path, *, as_value: bool = False) -> Column | None:
        """Return a column of the rule's table that a rule may name; None where it may not."""
        found = where.table.columns.get(column)
        if floor.is_labor(column) or (found and found.sensitivity == "labor"):
            message = (
                f"{column} identifies a worker: {floor.LAW} keeps it from every partner, shown, masked or compared"
            )
            self._add("error", "floor", message, _FLOOR_MEND, path, of_value=as_value)
            return None
        if found is None:
            self._unknown_column(column, where.table, path, as_value=as_value)
        return found

    def _unknown_column(self, column: str, table: _Table, path: Path, *, as_value: bool = False) -> None:
        message, mend = f"{table.name} has no column {column}", instead(column, table.columns)
        self._add("error", "unknown_column", message, mend, path, of_value=as_value)

    def _kept(self, column: str, where: _Where, path: Path, what: str, *, as_value: bool = False) -> None:
        """Find what would be asked of a column that the port does not fill."""
        why = where.table.not_kept.get(column)
        if why is not None:
            message = f"{what} {column} can be told for no row: {self._document.port} does not keep it ({_bare(why)})"
            mend = "take a column that the port keeps"
            self._add("error", "not_kept", message, mend, path, of_value=as_value)

    # --- a column ---------------------------------------------------------------------------------------------------

    def _column(self, name: str, given: ColumnRule, rule: TableRule, where: _Where) -> bool:
        path = (*where.path, "columns", name)
        column = self._named(name, where, path)
        if column is None:
            return False
        if name in where.table.not_kept:
            message = f"{name} reads as empty: {self._document.port} does not keep it"
            self._add("note", "reads_empty", message, "leave it out, or keep it for later", path)
        self._mask(given, column, path)
        if _is_for_everyone(where.agreement.party) and rule.release == "rows":
            self._over_wide(given, column, rule, path)
        return True

    def _mask(self, given: ColumnRule, column: Column, path: Path) -> None:
        mask = given.mask
        if mask is None or self._misfit(fits.odd_mask(mask, column), (*path, _MASK_KEY.get(mask.kind, "mask"))):
            return
        idle = fits.idle_mask(mask, column)
        if idle:
            message = f"the mask hides nothing: {idle}"
            self._add("warning", "idle_mask", message, "write `show`, or a coarser mask", (*path, "mask"))
        if mask.kind in ("null", "constant") and "select" not in given.uses:
            message = f"{mask.kind} is the same in every row, and these uses show nothing of it"
            self._add("warning", "gives_nothing", message, "leave the column out, or add select", (*path, "uses"))
        elif mask.kind == "truncate" and mask.value == 0 and not mask.fill:
            message, mend = "no character stays: this is the empty text in every row", "write mask: null"
            self._add("warning", "gives_nothing", message, mend, (*path, "keep"))

    def _over_wide(self, given: ColumnRule, column: Column, rule: TableRule, path: Path) -> None:
        wide = column.sensitivity in ("commercial", "confidential") and given.mask is None and "select" in given.uses
        if wide and _is_all_rows(rule):
            message = f"everyone reads every row of {column.name}, which the catalog calls {column.sensitivity}"
            mend = "name those who need it in `with`, choose `rows`, or write a mask; else the public sees it"
            self._add("warning", "over_wide", message, mend, path)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _alternative(self, alternative: tuple[Condition, ...], path: Path, where: _Where) -> bool:
        """Check one alternative; say whether a row can meet it."""
        left: dict[str, Values] = {}
        for condition in alternative:
            at = (*path, condition.column, condition.op)
            known = self._condition(condition, where, path)
            before = left.get(condition.column, Values(whole=_is_whole(known)))
            left[condition.column] = after = narrowed(before, condition)
            if after.is_empty and not before.is_empty:
                message = f"no {condition.column} meets {_condition_words(alternative, condition.column)}"
                mend = "make one of them wider, or write two alternatives"
                if condition.op == "between" and before == Values(whole=before.whole):
                    mend = "write the lower value first"
                self._add("error", "contradiction", message, mend, at)
        return not any(values.is_empty for values in left.values())

    def _condition(self, condition: Condition, where: _Where, path: Path) -> Column | None:
        at = (*path, condition.column)
        column = self._named(condition.column, where, at)
        if column is None:
            return None
        self._kept(condition.column, where, at, "a condition on")
        if not self._misfit(fits.odd_operator(condition, column), (*at, condition.op)):
            for place, value in _placed(condition, (*at, condition.op)):
                self._value(condition, value, column, place)
        return column

    def _value(self, condition: Condition, value: object, column: Column, path: Path) -> None:
        if isinstance(value, PartnerAttribute):
            self._misfit(fits.odd_attribute(value, column), path)
            return
        if not isinstance(value, str | int | float) or self._misfit(fits.misfit(value, column), path):
            return
        if condition.op in ("eq", "ne", "in", "not_in") or not isinstance(value, str):
            self._misfit(fits.odd_unit(value, column), path, "warning")

    def _swallowed(self, rule: TableRule, path: Path) -> None:
        for at, alternative in enumerate(rule.rows):
            for other, wider in enumerate(rule.rows):
                if other != at and is_within(alternative, wider) and (other < at or not is_within(wider, alternative)):
                    message = f"alternative {other + 1} admits all rows that this one admits"
                    self._add("note", "swallowed", message, "leave this one out", (*path, "rows", at))
                    break

    def _embargo(self, embargo: Embargo, where: _Where) -> None:
        path = (*where.path, "embargo", "column")
        column = self._named(embargo.column, where, path, as_value=True)
        if column is None:
            return
        self._kept(embargo.column, where, path, "the age by", as_value=True)
        family = fits.type_of(column.type).family
        if family not in ("date", "timestamp"):
            message = f"{column.name} ({column.type}) tells no time, so that no row has an age by it"
            times = [
                n for n, one in where.table.columns.items() if fits.type_of(one.type).family in ("date", "timestamp")
            ]
            mend = (
                f"take one of {', '.join(sorted(times))}" if times else "leave the embargo out; choose rows otherwise"
            )
            self._add("error", "embargo_type", message, mend, path, of_value=True)
        elif family == "date" and embargo.grain == "instant":
            message, mend = f"{column.name} holds days, and an age in hours needs a moment", "add `grain: day`"
            self._add("error", "embargo_type", message, mend, path, of_value=True)
        elif family == "timestamp" and embargo.grain == "day":
            message, mend = f"{column.name} holds moments, and `grain: day` is for days", "leave `grain` out"
            self._add("error", "embargo_type", message, mend, path, of_value=True)

    # --- joins and statistics ---------------------------------------------------------------------------------------

    def _join(self, join: JoinRule, rule: TableRule, path: Path, where: _Where) -> None:
        for port in sorted(join.ports):
            if port not in self._catalog.ports:
                mend = instead(port, self._catalog.ports)
                self._add("error", "join_port", f"there is no port {port}", mend, (*path, "ports"), of_value=True)
            elif self._table_of(port, join.table) is None:
                message, mend = self._no_table(port, join.table)
                self._add("error", "join_table", message, mend, (*path, "with"), of_value=True)
        other = next((found for port in sorted(join.ports) if (found := self._other(port, join.table))), None)
        for at, (own, theirs) in enumerate(join.on):
            mapped = self._reading.place((*path, "on", at)) == self._reading.place((*path, "on"))
            place: Path = (*path, "on", own) if mapped else (*path, "on", at)
            self._join_pair(own, theirs, join, rule, place, where, other)

    def _other(self, port: str, table: str) -> _Table | None:
        return self._table_of(port, table) if port in self._catalog.ports else None

    def _join_pair(
        self, own: str, theirs: str, join: JoinRule, rule: TableRule, path: Path, where: _Where, other: _Table | None
    ) -> None:
        mine = self._named(own, where, path)
        if mine is not None:
            self._own_side(mine, join, rule, path, where)
        if other is None:
            return
        yours = self._named(theirs, _Where(where.path, other, where.agreement), path)
        if mine is None or yours is None:
            return
        if fits.type_of(mine.type).family != fits.type_of(yours.type).family:
            message = f"{own} is {mine.type} and {theirs} of {join.table} is {yours.type}: they are never equal"
            self._add("error", "join_type", message, "take two columns of one type", path)

    def _own_side(self, column: Column, join: JoinRule, rule: TableRule, path: Path, where: _Where) -> None:
        self._kept(column.name, where, path, "what is equal to")
        given = rule.columns.get(column.name)
        if given is None or "join" not in given.uses:
            message = f"the agreement does not give {column.name} for a join"
            mend = f"add `{column.name}` to `columns`" if given is None else f"add `join` to the uses of {column.name}"
            self._add("error", "join_use", message, mend, path)
        if join.values == "hashed" and not fits.can_be_hashed(column):
            message = f"{column.name} is {column.type}, and only text of any length (varchar) can be hashed"
            self._add("error", "join_type", message, "write values: clear, or join by a text", path)

    def _statistics(self, rule: TableRule, where: _Where) -> None:
        for at, contributor in enumerate(rule.statistics.contributors if rule.statistics else ()):
            path = (*where.path, "statistics", "contributors", at, "column")
            if self._named(contributor.column, where, path, as_value=True):
                self._kept(contributor.column, where, path, "who is behind a figure by", as_value=True)


_MASK_KEY = {"constant": "value", "time_grain": "grain", "band": "width", "geo_grid": "degrees"}


def _is_for_everyone(party: Party) -> bool:
    if party.organisations or party.roles:
        return party.organisations == ("public",)
    classes = set(party.organisation_classes)
    return "public" in classes or classes == set(ORGANISATION_CLASSES)


def _fits_port(party: Party, organisation: str) -> bool:
    named = not party.organisations or organisation in party.organisations
    return named and (not party.organisation_classes or "port_authority" in party.organisation_classes)


def _is_all_rows(rule: TableRule) -> bool:
    return any(not alternative for alternative in rule.rows)


def _is_whole(column: Column | None) -> bool:
    return column is not None and fits.type_of(column.type).family == "whole"


def _placed(condition: Condition, path: Path) -> Iterable[tuple[Path, object]]:
    if isinstance(condition.value, tuple):
        return [((*path, at), value) for at, value in enumerate(condition.value)]
    return [] if condition.value is None else [(path, condition.value)]


def _condition_words(alternative: tuple[Condition, ...], column: str) -> str:
    """Write the conditions of a column as they stand in the file."""
    said = [f"{one.op} {_operand_words(one.value)}" for one in alternative if one.column == column]
    return " and ".join(said)


def _operand_words(value: object) -> str:
    if isinstance(value, tuple):
        return "[" + ", ".join(_operand_words(one) for one in value) + "]"
    if isinstance(value, PartnerAttribute):
        return f"the partner's {value.name}"
    return "true" if value is None else str(value)


def _bare(sentence: str) -> str:
    return sentence.strip().rstrip(".")
