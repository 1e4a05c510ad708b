"""A record of the log, and who looks -> what they may see of it, and by what it is found.

*Invariants*
- A record is found only by what its reader may see: by its own view, and by the view of its query's decision, of which
  outcomes, executions and alarms take over who asked, for what, in which words, and which tables and columns.
- What is told port by port (tables, columns, agreements) is found port by port: a steward's word meets only their own
  port's part, and with `port` so does everybody's.
- The SQL that was sent is never searched.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

import orjson

from gateway.audit.canonical import Members
from gateway.audit.views import view
from gateway.model import CANONICAL_CATALOG

Role = Literal["auditor", "steward", "witness", "partner"]
Asker = tuple[str, str]
"""Organisation and id of who asked a query."""
NOBODY: Asker = ("", "")

OF_A_PORT = frozenset({"steward", "witness"})
"""They read their port's view of what concerns it."""

ASKING = frozenset({"decision", "refusal"})
"""The kinds that hold a question."""
OWN_KINDS = frozenset({"decision", "outcome", "refusal"})
"""What a partner may read of their own questions; what Trino really read would count rows that were hidden."""
_NOT_OWN = frozenset({"sent_sql"})

MOST_WORDS = 20_000
"""How many words of a text can be searched."""
MOST_OF_A_WORD = 64
SHORTENED = 8
"""How many characters of an id are enough to find it by: as many as lists show."""

_WORD = re.compile(r"[^\W_]+")
_PIECE = re.compile(r'"([^"]*)"?|(\S+)')
_MOMENT = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d(:\d\d(:\d\d(\.\d{1,3})?)?)?)?)?)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Scope:
    """As what somebody reads the log."""

    role: Role
    port: str = ""
    """A steward's, or a witness's."""
    organisation: str = ""
    """A partner's, as is `id`."""
    id: str = ""

    def may_see(self, kind: str, concerns: Iterable[str], asker: Asker) -> bool:
        """Say whether a record is theirs to read; `asker` is who asked its query."""
        if self.role == "auditor":
            return True
        if self.role in OF_A_PORT:
            return self.port in concerns
        return kind in OWN_KINDS and self.asked(asker)

    def asked(self, asker: Asker) -> bool:
        """Say whether it was they who asked."""
        return asker == (self.organisation, self.id) != NOBODY

    def seen(self, members: Members) -> Members:
        """Return what is shown of a record that `may_see` admits."""
        if self.role == "auditor":
            return members
        if self.role in OF_A_PORT:
            shown: Members = orjson.loads(view(members, self.port))
            return shown
        return {name: value for name, value in members.items() if name not in _NOT_OWN}


AUDITOR = Scope("auditor")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records are looked for: all that is given must hold. Case counts nowhere."""

    kind: str = ""
    partner: str = ""
    """Who asked, by id."""
    organisation: str = ""
    port: str = ""
    table: str = ""
    """`table`, `schema.table` or `port.schema.table`."""
    column: str = ""
    purpose: str = ""
    verdict: str = ""
    """What became of it: see `verdict_of`."""
    agreement: str = ""
    code: str = ""
    """Of an error or refusal."""
    query: str = ""
    """A query's id, or the first eight or more characters of it."""
    decision: str = ""
    """The id of the policy's decision, in the same way."""
    client: str = ""
    """Words of what the client's program calls itself."""
    text: str = ""
    """Words of the SQL as it was asked; those between quotes, or joined by signs, next to each other."""
    since: str = ""
    """The first moment at which it was written, or the beginning of one: `2026-11-22`."""
    until: str = ""
    """The first moment at which it was written too late."""

    def __post_init__(self) -> None:
        """Raise ValueError for a moment that is none."""
        for name in ("since", "until"):
            said = getattr(self, name).removesuffix("Z")
            if said and not _MOMENT.fullmatch(said):
                raise ValueError(f"{name} is no moment such as 2026-11-22 or 2026-11-22T16:45")
            object.__setattr__(self, name, said)

    def holds_at(self, logged: str) -> bool:
        """Say whether a record that was written at this moment is one of them."""
        return logged >= self.since and (not self.until or logged < self.until)

    def given(self) -> dict[str, str]:
        """Return what is given."""
        return {name: getattr(self, name) for name in FILTERS if getattr(self, name)}


FILTERS = tuple(each.name for each in fields(Wanted))


# --- what is found --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Entry:
    """One record as its reader sees it."""

    index: int
    partner: str
    """Who it is about, as far as the reader may know: who asked, or whose user string Trino was given."""
    record: Members
    """Of a record that was pruned or spoilt, nothing."""
    logged: str = ""
    """When it was written."""

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it outside."""
        return {"index": self.index, "logged": self.logged, "partner": self.partner, "record": dict(self.record)}


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, the newest first."""

    entries: Sequence[Entry]
    next: int | None
    """Where the next page begins: it holds records before this index. None if there are no more."""


@dataclass(frozen=True, slots=True)
class Shown:
    """One record with all that belongs to it."""

    entry: Entry
    leaf: bytes
    """The hash of its leaf."""
    checkpoint: str
    """The newest checkpoint; empty if it does not cover the record yet."""
    same_query: Sequence[Entry] = ()
    """The other records of its query that the reader may see, the oldest first."""

    def beside(self, newest_first: Sequence[Entry]) -> Shown:
        """Return it with the others of its query among these."""
        query, index = self.entry.record["query"], self.entry.index
        others = [each for each in newest_first[::-1] if each.index != index and each.record["query"] == query]
        return replace(self, same_query=others)

    def told(self) -> dict[str, Any]:
        """Return it as JSON holds it outside."""
        others = [each.told() for each in self.same_query]
        return {**self.entry.told(), "same_query": others, "leaf": self.leaf.hex(), "checkpoint": self.checkpoint}


# --- marks: what a record is found by --------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Marks:
    """What one record is found by."""

    marks: frozenset[str]
    words: tuple[str, ...] = ()

    def and_those_of(self, decision: Marks | None) -> Marks:
        """Add what it takes over from its query's decision."""
        if decision is None:
            return self
        return Marks(self.marks | decision.marks, self.words or decision.words)


@dataclass(frozen=True, slots=True)
class Needed:
    """What a record must have to be found."""

    marks: tuple[str, ...]
    phrases: tuple[tuple[str, ...], ...]

    def met_by(self, found: Marks) -> bool:
        """Say whether a record has it."""
        if not found.marks.issuperset(self.marks):
            return False
        text = f" {' '.join(found.words)} " if self.phrases else ""
        return all(f" {' '.join(phrase)} " in text for phrase in self.phrases)


def mark(name: str, value: str, port: str = "") -> str:
    """Return a short word, letters and digits only, that stands for one fact; with a port, for what it is there."""
    return "m" + blake2b(f"{name}\0{port}\0{value}".casefold().encode(), digest_size=9).hexdigest()


_known_mark = lru_cache(maxsize=20_000)(mark)
"""For what many records share."""


def words_of(text: str) -> tuple[str, ...]:
    """Return the words of a text as they are compared; what joins words, such as `_`, is between them.

    >>> words_of("SELECT teu FROM Container_Moves WHERE ship = 'CMA CGM'")
    ('select', 'teu', 'from', 'container', 'moves', 'where', 'ship', 'cma', 'cgm')
    """
    return tuple(word[:MOST_OF_A_WORD] for word in _WORD.findall(text.casefold())[:MOST_WORDS])


def phrases_of(text: str) -> tuple[tuple[str, ...], ...]:
    """Return the words that must stand next to each other, group by group.

    >>> phrases_of('berth_calls "CMA CGM" teu')
    (('berth', 'calls'), ('cma', 'cgm'), ('teu',))
    """
    pieces = (words_of(quoted or plain) for quoted, plain in _PIECE.findall(text))
    return tuple(piece for piece in pieces if piece)


def own_marks(members: Members) -> Marks:
    """Return what a record is found by that no other record of its query takes over."""
    named = [("kind", str(members["kind"])), ("verdict", verdict_of(members)), ("code", str(members.get("code", "")))]
    marks = {_known_mark(name, value) for name, value in named if value}
    if members.get("query"):
        marks.add(mark("query", str(members["query"])[:SHORTENED]))
    marks.update(_known_mark("port", str(port)) for port in members.get("concerns", ()))
    if members["kind"] not in ASKING:  # otherwise they are among those that are taken over
        marks.update(_marks_of_tables(members))
        marks.update(_marks_of_who(members))
    return Marks(frozenset(marks))


def asked_marks(members: Members) -> Marks:
    """Return what a decision or refusal is found by, and the other records of its query too."""
    if members["kind"] not in ASKING:
        return Marks(frozenset())
    marks = {*_marks_of_tables(members), *_marks_of_who(members)}
    if members.get("purpose"):
        marks.add(_known_mark("purpose", str(members["purpose"])))
    if members.get("decision"):
        marks.add(mark("decision", str(members["decision"])[:SHORTENED]))
    marks.update(_known_mark("client", word) for word in words_of(str(members.get("client", ""))))
    return Marks(frozenset(marks), words_of(str(members.get("sql", ""))))


def marks_of(members: Members, decision: Members | None) -> Marks:
    """Return what a record is found by, as far as both are shown."""
    found = own_marks(members)
    if members["kind"] in ASKING:
        return found.and_those_of(asked_marks(members))
    return found.and_those_of(asked_marks(decision) if decision is not None else None)


def verdict_of(members: Members) -> str:
    """Return what became of it, in one word; an execution's is Trino's own.

    >>> verdict_of({"kind": "decision"}), verdict_of({"kind": "outcome", "state": "cancelled"})
    ('admitted', 'cancelled')
    """
    kind = str(members["kind"])
    if kind in ("outcome", "service"):
        return str(members.get("state") or members.get("event", ""))
    return VERDICTS.get(kind, "")


VERDICTS: Mapping[str, str] = {
    "decision": "admitted",
    "refusal": "refused",
    "alarm": "alarm",
    "publication": "published",
    "execution": "executed",
    "login": "turned_away",
    "reading": "read",
}
"""Kind of record -> its verdict; outcomes say it themselves (finished, failed, cancelled, interrupted, refused), and so
do records of the service (opened, started, stopped)."""


def asker_of(members: Members) -> Asker:
    """Return who asks in a record, by organisation and id; of a user of Trino, the id alone."""
    who = members.get("partner") or members.get("reader") or {}
    named = who.get("id") or str(members.get("user", "")).rpartition("#")[0] or members.get("claimed", "")
    return str(who.get("organisation", "")), str(named)


def _marks_of_who(members: Members) -> Iterator[str]:
    organisation, name = asker_of(members)
    if name:
        yield _known_mark("partner", name)
    if organisation:
        yield _known_mark("organisation", organisation)


def _marks_of_tables(members: Members) -> Iterator[str]:
    for port, table, columns, agreements in _tables(members):
        for there in (port, ""):
            yield _known_mark("table", table, there)
            yield _known_mark("table", table.rpartition(".")[2], there)
            yield from (_known_mark("column", column, there) for column in columns)
            yield from (_known_mark("agreement", agreement, there) for agreement in agreements)


def _tables(members: Members) -> Iterator[tuple[str, str, Iterable[str], Iterable[str]]]:
    """Yield port, table, columns and agreements, wherever a record speaks of them."""
    for name, columns in (members.get("asked") or {}).items():
        port, _, table = name.partition(".")
        yield port, table, columns, ()
    for each in members.get("tables", ()):
        yield each["port"], each["table"], each["columns"], each.get("agreements", ())
    if members["kind"] == "alarm":
        port, _, table = members["target"].partition(".")
        if table:
            yield port, table, members["columns"], ()


# --- what is needed -------------------------------------------------------------------------------------------------

_ALIKE = ("kind", "partner", "organisation", "purpose", "verdict", "code")


def needed(wanted: Wanted, scope: Scope) -> Needed | None:
    """Return what a record must have to be found by this reader; None if none can be."""
    port = scope.port if scope.role == "steward" else wanted.port
    if wanted.port and port.casefold() != wanted.port.casefold():
        return None
    marks = [mark(name, getattr(wanted, name)) for name in _ALIKE if getattr(wanted, name)]
    marks += [mark(name, getattr(wanted, name)[:SHORTENED]) for name in ("query", "decision") if getattr(wanted, name)]
    marks += [mark(name, getattr(wanted, name), port) for name in ("column", "agreement") if getattr(wanted, name)]
    marks += [mark("client", word) for word in words_of(wanted.client)]
    if wanted.port:
        marks.append(mark("port", port))
    if wanted.table:
        its_port, table = _place(wanted.table, port)
        if port and its_port.casefold() != port.casefold():
            return None
        marks.append(mark("table", table, its_port))
    return Needed(tuple(marks), phrases_of(wanted.text))


def _place(table: str, port: str) -> tuple[str, str]:
    """Return port and table: `port` unless the table's name begins with one."""
    first, _, rest = table.partition(".")
    if "." not in rest:
        return port, table
    return port if first.casefold() == CANONICAL_CATALOG else first, rest


def is_named(wanted: Wanted, members: Members, decision: Members | None) -> bool:
    """Say whether the ids are the right ones, of which marks hold the beginning alone."""
    of_decision = members.get("decision") or (decision or {}).get("decision", "")
    return _begins(wanted.query, str(members.get("query", ""))) and _begins(wanted.decision, str(of_decision))


def _begins(said: str, whole: str) -> bool:
    if len(said) < SHORTENED:
        return said.casefold() in ("", whole.casefold())
    return whole.casefold().startswith(said.casefold())
