"""Logged queries + the agreements before and after an edit -> what the edit does to each query.

A query is decided anew under both, as its record says it was asked. Like questions get the same answers, so each kind
is compared once: by forms alone where both give the same, by z3 for this one partner where they do not.

A column that a query names itself must be given; one that came in by `*` may fall away. Which is which is told by
whether the text of the query holds the name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from gateway.model import CANONICAL_SCHEMA, USES, AskedTable, JoinRule, Limits, Partner, Question, TableName, Use
from gateway.policy.compare import LIMIT_KINDS, Documents, Types, Verdict, held_comparison
from gateway.policy.decide import Asker, Decider, Held

Outcome = Literal["newly refused", "newly allowed", "narrowed", "widened", "mask changed", "unchanged"]
OUTCOMES: tuple[Outcome, ...] = (
    "newly refused", "newly allowed", "narrowed", "widened", "mask changed", "unchanged",
)  # fmt: skip
Kept = Mapping[TableName, frozenset[str]]
"""A port's part of a shared table -> the columns that the port fills."""
_TEXT = 100


@dataclass(frozen=True, slots=True)
class Logged:
    """One query of the log, as far as the policy was asked about it."""

    id: str
    time: str
    partner: Partner
    purpose: str
    sql: str
    tables: tuple[AskedTable, ...]


@dataclass(frozen=True, slots=True)
class Replayed:
    """What an edit does to one query."""

    id: str
    time: str
    partner: str
    purpose: str
    sql: str
    outcome: Outcome
    what: tuple[str, ...]
    """What changes, in words."""


@dataclass(frozen=True, slots=True)
class _Effect:
    """What an edit does to all queries of one kind; what they name themselves is looked at for each."""

    outcome: Outcome
    what: tuple[str, ...]


_UNCHANGED = _Effect("unchanged", ())


@dataclass
class Simulation:
    """Replays queries; like ones are compared once."""

    old: Documents
    new: Documents
    types: Types
    kept: Kept
    counts: Counter[str] = field(default_factory=Counter)
    _known: dict[object, _Effect] = field(default_factory=dict)
    _tables: dict[object, tuple[tuple[Outcome, str], ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._before, self._after = Decider(self.old), Decider(self.new)

    def replay(self, query: Logged) -> Replayed | None:
        """Say what the edit does to a query; None if it does nothing."""
        effect = self._effect(query)
        self.counts[effect.outcome] += 1
        if effect.outcome == "unchanged":
            return None
        text = " ".join(query.sql.split())
        short = text if len(text) <= _TEXT else text[: _TEXT - 1] + "…"
        return Replayed(query.id, query.time, query.partner.id, query.purpose, short, effect.outcome, effect.what)

    def _effect(self, query: Logged) -> _Effect:
        named = frozenset(re.findall(r"\w+", query.sql.lower()))
        columns = frozenset(column for table in query.tables for column in table.columns)
        day = query.time[:10]
        key = (
            Asker.of(query.partner), query.purpose, self._before.alike(day), self._after.alike(day), named & columns,
            tuple((table.name, table.columns, tuple(table.uses.items())) for table in query.tables),
        )  # fmt: skip
        effect = self._known.get(key)
        if effect is None:
            effect = self._known[key] = self._work_out(query, named)
        return effect

    def _work_out(self, query: Logged, named: frozenset[str]) -> _Effect:
        question = Question(query.partner, query.purpose, f"{query.time[:19]}Z", query.tables)
        before, after = self._before.held(question), self._after.held(question)
        if before == after:
            return _UNCHANGED
        lacking = self._lacking(query.tables, before, named), self._lacking(query.tables, after, named)
        if lacking[1] and not lacking[0]:
            return _Effect("newly refused", tuple(f"nobody gives {what} any more" for what in lacking[1]))
        if lacking[0]:
            given = tuple(f"{what} is given now" for what in lacking[0])
            return _UNCHANGED if lacking[1] else _Effect("newly allowed", given)
        return self._compared(query.tables, before, after)

    def _lacking(
        self, tables: tuple[AskedTable, ...], held: Mapping[TableName, tuple[Held, ...]], named: frozenset[str]
    ) -> list[str]:
        """What the query cannot do without and no port gives: a table, or a column in the uses that it makes."""
        groups: dict[tuple[str, str, str], list[AskedTable]] = {}
        for table in tables:
            port = "" if table.name.schema == CANONICAL_SCHEMA else table.name.catalog
            groups.setdefault((port, table.name.schema, table.name.table), []).append(table)
        return [lack for group, parts in groups.items() for lack in self._group_lacks(group, parts, held, named)]

    def _group_lacks(
        self, group: tuple[str, str, str], parts: list[AskedTable], held: Mapping[TableName, tuple[Held, ...]],
        named: frozenset[str],
    ) -> Iterator[str]:  # fmt: skip
        name = ".".join(filter(None, group))
        sharing = [part for part in parts if held[part.name]]
        if not sharing:
            yield name
            return
        for column in parts[0].columns:
            keeping = [part for part in sharing if column in self.kept.get(part.name, (column,))]
            is_given = any(_gives(held[part.name], column, part.uses.get(column, _ALL)) for part in sharing)
            if column in named and keeping and not is_given:
                yield f"{column} of {name}"

    def _compared(
        self, tables: tuple[AskedTable, ...], before: Mapping[TableName, tuple[Held, ...]],
        after: Mapping[TableName, tuple[Held, ...]],
    ) -> _Effect:  # fmt: skip
        outcomes: dict[Outcome, list[str]] = {}
        for table in tables:
            if before[table.name] != after[table.name]:
                for outcome, words in self._table(table, before[table.name], after[table.name]):
                    outcomes.setdefault(outcome, []).append(words)
        what = tuple(dict.fromkeys(words for found in outcomes.values() for words in found))
        order: tuple[Outcome, ...] = ("widened", "mask changed", "narrowed")
        return next((_Effect(outcome, what) for outcome in order if outcome in outcomes), _UNCHANGED)

    def _table(
        self, asked: AskedTable, before: tuple[Held, ...], after: tuple[Held, ...]
    ) -> tuple[tuple[Outcome, str], ...]:
        """What changes in one port's part of a table for one kind of partner; looked at once."""
        key = (asked.name, asked.columns, tuple(asked.uses.items()), repr(before), repr(after))
        if key not in self._tables:
            self._tables[key] = tuple(self._table_compared(asked, before, after))
        return self._tables[key]

    def _table_compared(
        self, asked: AskedTable, before: tuple[Held, ...], after: tuple[Held, ...]
    ) -> Iterator[tuple[Outcome, str]]:
        name = f"{asked.name.schema}.{asked.name.table}"
        comparison = held_comparison(asked.name.catalog, name, self.types(asked.name.catalog, name), before, after)
        found: dict[Outcome, list[str]] = {}
        for column in asked.columns:
            outcome = _outcome_of(comparison.verdict(column, asked.uses.get(column, _ALL)))
            if outcome != "unchanged":
                found.setdefault(outcome, []).append(column)
        rows = _outcome_of(comparison.rows_verdict())
        if rows != "unchanged" and rows not in found:
            found[rows] = ["rows"]
        pairs = _terms(before, after)
        if not found and any(then != now for then, now in pairs):
            found["narrowed" if all(_is_less(*pair) for pair in pairs) else "widened"] = ["limits or joins"]
        for outcome, columns in found.items():
            yield outcome, f"{asked.name.catalog} {name} {', '.join(columns)}: {_WORDS[outcome]}"


_ALL = frozenset(USES)
_WORDS: Mapping[str, str] = {
    "narrowed": "less is seen",
    "widened": "more is seen",
    "mask changed": "seen under another mask, or more in some rows and less in others",
}


def _outcome_of(verdict: Verdict) -> Outcome:
    if verdict.gains:
        return "mask changed" if verdict.loses else "widened"
    return "narrowed" if verdict.loses else "unchanged"


def _gives(held: tuple[Held, ...], column: str, uses: frozenset[Use]) -> bool:
    return any(column in found.grant.columns and uses <= found.grant.uses.get(column, _ALL) for found in held)


_Terms = tuple[Limits, tuple[JoinRule, ...] | None]


def _terms(before: tuple[Held, ...], after: tuple[Held, ...]) -> list[tuple[_Terms, _Terms]]:
    """Limits and joins of the agreements that hold before and after."""
    known = {found.grant.id: (found.grant.limits, found.grant.joins) for found in before}
    return [(known[f.grant.id], (f.grant.limits, f.grant.joins)) for f in after if f.grant.id in known]


def _is_less(before: _Terms, after: _Terms) -> bool:
    """Whether no limit is wider after, and no join that was not listed before may be made."""
    limits = all(_at_most(getattr(after[0], kind), getattr(before[0], kind)) for kind in LIMIT_KINDS)
    return limits and (before[1] is None or (after[1] is not None and set(after[1]) <= set(before[1])))


def _at_most(limit: int | None, other: int | None) -> bool:
    return other is None or (limit is not None and limit <= other)


# --- the log --------------------------------------------------------------------------------------------------------


class TooOld(Exception):
    """A record that does not say what was asked."""


class NotAsked(Exception):
    """No partner's question to the policy: refused before it was asked, or a steward's preview."""


class LogReader:
    """Records of the log -> logged queries; what many records share is built once."""

    def __init__(self) -> None:
        self._tables: dict[object, AskedTable] = {}
        self._partners: dict[object, Partner] = {}

    def read(self, record: Mapping[str, Any]) -> Logged:
        """Read a decision or a refusal; raises TooOld and NotAsked."""
        if "asked" not in record or "attributes" not in record["partner"]:
            raise TooOld
        if record["asked"] is None or record.get("seen_as") is not None:
            raise NotAsked
        tables = tuple(self._table(name, columns) for name, columns in record["asked"].items())
        return Logged(
            record["query"], record["time"], self._partner(record["partner"]), record["purpose"], record["sql"], tables
        )

    def _table(self, name: str, columns: Mapping[str, str]) -> AskedTable:
        key = (name, *columns, None, *columns.values())
        table = self._tables.get(key)
        if table is None:
            uses = {
                column: frozenset(use for use in USES if use in said.split())
                for column, said in columns.items()
                if said != "all"
            }
            table = self._tables[key] = AskedTable(TableName(*name.split(".")), tuple(columns), uses)
        return table

    def _partner(self, said: Mapping[str, Any]) -> Partner:
        key = (said["id"], said["organisation"], said["organisation_class"], *said["roles"], None,
               *sorted(said["attributes"].items()))  # fmt: skip
        partner = self._partners.get(key)
        if partner is None:
            partner = self._partners[key] = Partner(
                said["id"], said["organisation"], said["organisation_class"], tuple(said["roles"]), (),
                said["attributes"], "",
            )  # fmt: skip
        return partner


@dataclass
class Replay:
    """What came of a whole log."""

    counts: Counter[str] = field(default_factory=Counter)
    too_old: int = 0
    not_asked: int = 0
    changed: list[Replayed] = field(default_factory=list)

    @property
    def widens(self) -> bool:
        """Whether any query would have seen more."""
        return any(self.counts[outcome] for outcome in ("newly allowed", "widened", "mask changed"))


def replay(simulation: Simulation, records: Iterable[Mapping[str, Any]]) -> Iterator[Replay]:
    """Replay records one after the other; yields the same, growing result after each."""
    result, reader = Replay(simulation.counts), LogReader()
    for record in records:
        try:
            changed = simulation.replay(reader.read(record))
        except TooOld:
            result.too_old += 1
        except NotAsked:
            result.not_asked += 1
        else:
            if changed is not None:
                result.changed.append(changed)
        yield result
