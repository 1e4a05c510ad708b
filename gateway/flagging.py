"""The records of the log -> what an auditor should look at, each with its reason; a flag is a question, not a verdict.

What is looked for: one question in many variants (whose differences single somebody out), far more than a partner is
used to have, the first use of a column, many refusals, and questions at hours that are not the partner's own. All of it
is held against the partner's own past, as the log tells it; nothing but the log is known.

*Invariants*
- The same text again, however often, is no variant and no probing: dashboards ask so.
- What a partner's past must teach first is not flagged until LEARNING days of it are there.
- Memory is bounded: per partner by the numbers below, and in all by MOST_PARTNERS and MOST_FLAGS.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, OrderedDict, deque
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import lru_cache
from statistics import median
from typing import Literal
from zoneinfo import ZoneInfo

from gateway.audit.canonical import Members

ZONE = ZoneInfo("America/Los_Angeles")
"""Where the ports are; a partner's hours and days are counted there."""
MOST_PARTNERS, MOST_FLAGS, MOST_INDEXES = 2_000, 10_000, 50
MOST_FRAMES, MOST_TEXTS, MOST_COLUMNS, MOST_DAYS = 200, 1_000, 20_000, 28
MOST_CHARACTERS = 20_000
"""How much of a text is compared."""

Kind = Literal["near_duplicates", "sudden_volume", "new_column", "many_refusals", "odd_hours"]
Severity = Literal["low", "medium", "high"]
KINDS: Mapping[Kind, Severity] = {
    "near_duplicates": "high", "sudden_volume": "high", "many_refusals": "medium", "odd_hours": "medium",
    "new_column": "low",
}  # fmt: skip
Decided = Callable[[int], Members | None]


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From where on something is flagged; the settings `audit.flags` have the same names."""

    learning_days: int = 14
    """How long a partner's past must be before what is new to it, or at other hours, is flagged."""
    variants: int = 25
    """How many variants of one question within `variants_hours` are flagged."""
    variants_hours: int = 12
    volume_factor: int = 8
    """How many times the median of the partner's own days a day's rows or bytes may be; twice its largest day it may be
    in any case."""
    volume_days: int = 5
    """How many days with answers there must be before."""
    least_rows: int = 100_000
    """A day with fewer rows is not sudden, whatever came before."""
    least_bytes: int = 20_000_000
    refusals: int = 20
    """How many different texts refused within an hour are flagged."""
    odd_share: int = 1
    """Hours in which a partner asks fewer than this many percent of its questions are not its own."""
    odd_questions: int = 3
    """How many questions in one night at such hours are flagged."""


@dataclass(slots=True)
class Flag:
    """One thing to look at."""

    kind: Kind
    partner: str
    organisation: str
    first: str
    """When its first question was asked, as in the log."""
    last: str = ""
    reason: str = ""
    count: int = 0
    """How many records it is about."""
    indexes: list[int] = field(default_factory=list)
    """Where the first of them stand in the log."""
    ports: set[str] = field(default_factory=set)

    @property
    def severity(self) -> Severity:
        """How much it may mean."""
        return KINDS[self.kind]

    def note(self, question: _Question, reason: str) -> None:
        """Take one more record in."""
        self.last, self.reason = question.time, reason
        self.count += 1
        self.ports.update(question.ports)
        if len(self.indexes) < MOST_INDEXES:
            self.indexes.append(question.index)


@dataclass(frozen=True, slots=True)
class _Question:
    """What is looked at of a record."""

    index: int
    time: str
    moment: datetime
    """In the zone of the ports."""
    ports: tuple[str, ...]


Texts = OrderedDict[bytes, _Question]
"""Digest of a text -> the last question that asked it, oldest first."""


@dataclass(slots=True)
class _Run:
    """Variants of one question."""

    tokens: frozenset[str]
    texts: Texts = field(default_factory=OrderedDict)
    flag: Flag | None = None


@dataclass(slots=True)
class _Past:
    """What is known of one partner."""

    partner: str
    organisation: str
    since: datetime
    runs: OrderedDict[bytes, _Run] = field(default_factory=OrderedDict)
    columns: set[str] = field(default_factory=set)
    new: list[str] = field(default_factory=list)
    """The columns used for the first time on the day `new_on`."""
    new_on: date | None = None
    questions: int = 0
    days: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MOST_DAYS))
    """Rows and bytes of each past day that had any."""
    day: date | None = None
    rows: int = 0
    bytes: int = 0
    refused: Texts = field(default_factory=OrderedDict)
    hours: Counter[int] = field(default_factory=Counter)
    night: date | None = None
    tonight: Counter[int] = field(default_factory=Counter)
    odd: list[_Question] = field(default_factory=list)
    flags: dict[Kind, tuple[object, Flag]] = field(default_factory=dict)
    """Kind -> what the newest flag of it is about (a day, a night), and the flag."""


class Flags:
    """Looks at record after record, in the order of the log."""

    def __init__(self, thresholds: Thresholds = Thresholds()) -> None:
        self._limits = thresholds
        self._pasts: OrderedDict[tuple[str, str], _Past] = OrderedDict()
        self._flags: deque[Flag] = deque(maxlen=MOST_FLAGS)

    def found(self, since: str = "") -> list[Flag]:
        """Return the flags that something was added to since a moment, the newest last."""
        return sorted((flag for flag in self._flags if flag.last >= since), key=lambda flag: (flag.last, flag.first))

    def add(self, record: Members, decided: Decided) -> None:
        """Look at one record."""
        look = _LOOKED_AT.get(record["kind"])
        if look is not None:
            look(self, record, decided)

    def _decision(self, record: Members, decided: Decided) -> None:
        past, question = self._past(record), _question(record)
        self._variant(past, question, record["sql"])
        self._columns(past, question, record["tables"])
        self._hour(past, question)
        past.questions += 1

    def _refusal(self, record: Members, decided: Decided) -> None:
        past, question = self._past(record), _question(record)
        self._hour(past, question)
        past.questions += 1
        if record["code"] in _NOT_OF_THE_PARTNER:
            return
        _recent(past.refused, question, _digest(record["sql"].split()), timedelta(hours=1))
        count = len(past.refused)
        if count > self._limits.refusals:
            words = f"{past.partner} was refused {count} different texts within an hour, the last as {record['code']}"
            self._flag(past, "many_refusals", question.moment.date(), list(past.refused.values()), question, words)

    def _outcome(self, record: Members, decided: Decided) -> None:
        decision = decided(record["decision_index"])
        if decision is None or not record["rows"]:
            return
        past, question = self._past(decision), _question({**record, "concerns": decision["concerns"]})
        today = question.moment.date()
        if past.day != today:
            if past.day is not None and past.rows:
                past.days.append((past.rows, past.bytes))
            past.day, past.rows, past.bytes = today, 0, 0
        past.rows += record["rows"]
        past.bytes += record["bytes"]
        words = self._too_much(past)
        if words:
            self._flag(past, "sudden_volume", today, [], question, words)

    # --- what is looked for -----------------------------------------------------------------------------------------

    def _variant(self, past: _Past, question: _Question, sql: str) -> None:
        """Flag many variants of one question within some hours."""
        digest, name, words_of_frame = _shape(sql[:MOST_CHARACTERS])
        run = _run_of(past.runs, name, words_of_frame)
        _recent(run.texts, question, digest, timedelta(hours=self._limits.variants_hours))
        if len(run.texts) <= self._limits.variants:
            run.flag = None
            return
        words = (
            f"{past.partner} asked {len(run.texts)} variants of one question within {self._limits.variants_hours} "
            "hours: what differs is its conditions. Two answers that differ by one case tell that case."
        )
        if run.flag is None:
            run.flag = self._new(past, "near_duplicates", question)
            for each in list(run.texts.values())[:-1]:
                run.flag.note(each, words)
        run.flag.note(question, words)

    def _columns(self, past: _Past, question: _Question, tables: Iterable[Members]) -> None:
        """Flag columns that a partner with a past has not used before."""
        used = {f"{table['port']}.{table['table']}.{column}" for table in tables for column in table["columns"]}
        new = sorted(used - past.columns)
        if new and self._has_learnt(past, question) and len(past.columns) < MOST_COLUMNS:
            past.new = new if past.new_on != (today := question.moment.date()) else sorted({*past.new, *new})
            past.new_on = today
            words = f"{past.partner} used for the first time, in {self._days(past, question)} days: {_few(past.new)}"
            self._flag(past, "new_column", today, [], question, words)
        if len(past.columns) < MOST_COLUMNS:
            past.columns |= used

    def _hour(self, past: _Past, question: _Question) -> None:
        """Flag questions of one night at hours that are not the partner's own."""
        night = (question.moment - timedelta(hours=12)).date()
        if night != past.night:
            past.hours.update(past.tonight)
            past.night, past.tonight, past.odd = night, Counter(), []
        hour = question.moment.hour
        past.tonight[hour] += 1
        total = past.hours.total()
        near = sum(past.hours[(hour + step) % 24] for step in (-1, 0, 1))
        if not self._has_learnt(past, question) or near * 100 >= self._limits.odd_share * total:
            return
        past.odd.append(question)
        if len(past.odd) >= self._limits.odd_questions:
            words = (
                f"{past.partner} asked {len(past.odd)} questions at hours that are not its own, around {hour}:00 in "
                f"Los Angeles: of its {total} before, {near} were asked then"
            )
            self._flag(past, "odd_hours", night, past.odd, question, words)

    def _too_much(self, past: _Past) -> str:
        if len(past.days) < self._limits.volume_days:
            return ""
        for what, had, least, days in (
            ("rows", past.rows, self._limits.least_rows, [rows for rows, _ in past.days]),
            ("bytes", past.bytes, self._limits.least_bytes, [size for _, size in past.days]),
        ):
            usual, most = int(median(days)), max(days)
            if had > max(self._limits.volume_factor * usual, 2 * most, least):
                return (
                    f"{past.partner} was given {had:,} {what} in one day; the median of {len(days)} days before is "
                    f"{usual:,}, and the most {most:,}"
                )
        return ""

    # --- the partners' pasts ----------------------------------------------------------------------------------------

    def _past(self, record: Members) -> _Past:
        asker = record["partner"]
        who = asker["organisation"], asker["id"]
        past = self._pasts.get(who)
        if past is None:
            past = self._pasts[who] = _Past(asker["id"], asker["organisation"], _local(record["time"]))
            if len(self._pasts) > MOST_PARTNERS:
                self._pasts.popitem(last=False)
        self._pasts.move_to_end(who)
        return past

    def _has_learnt(self, past: _Past, question: _Question) -> bool:
        return self._days(past, question) >= self._limits.learning_days and past.questions >= _LEAST_QUESTIONS

    def _days(self, past: _Past, question: _Question) -> int:
        return (question.moment - past.since).days

    def _new(self, past: _Past, kind: Kind, question: _Question) -> Flag:
        flag = Flag(kind, past.partner, past.organisation, question.time)
        self._flags.append(flag)
        return flag

    def _flag(
        self, past: _Past, kind: Kind, about: object, before: list[_Question], question: _Question, words: str
    ) -> None:
        """Add to the flag about the same day or night, or make one of all that led to it."""
        known = past.flags.get(kind)
        if known is None or known[0] != about:
            flag = self._new(past, kind, question)
            past.flags[kind] = (about, flag)
            for each in before:
                if each is not question:
                    flag.note(each, words)
        past.flags[kind][1].note(question, words)


_LOOKED_AT: Mapping[str, Callable[[Flags, Members, Decided], None]] = {
    "decision": Flags._decision,
    "refusal": Flags._refusal,
    "outcome": Flags._outcome,
}
_LEAST_QUESTIONS = 50
"""A past of fewer questions teaches nothing."""
_NOT_OF_THE_PARTNER = frozenset(
    {
        "unavailable", "policy_unavailable", "engine_unavailable", "port_unavailable", "audit_unavailable",
        "identity_unavailable", "kernel_unavailable", "too_many", "broken", "catalog_fault", "policy_fault",
    }
)  # fmt: skip
"""Codes of refusals that say nothing of who asked."""


def flags(
    records: Iterable[Members],
    decided: Decided,
    thresholds: Thresholds = Thresholds(),
    since: str = "",
) -> list[Flag]:
    """Look at all records, and return what was flagged since a moment."""
    found = Flags(thresholds)
    for record in records:
        found.add(record, decided)
    return found.found(since)


# --- variants of a text -----------------------------------------------------------------------------------------------

_TOKEN = re.compile(
    r"(?P<blank>(?:--[^\n]*|/\*(?:.*?\*/|.*)|\s)+)|(?P<literal>'(?:[^']|'')*'?|\d[\w.]*|\.\d\w*)"
    r'|(?P<name>"(?:[^"]|"")*"?|\w+)|.',
    re.DOTALL,
)
_LITERAL = re.compile(r"'|\.?\d")
_CONDITIONS = frozenset({"where", "having", "on", "when"})
_CONDITION_ENDS = frozenset(
    {"group", "order", "having", "limit", "offset", "fetch", "union", "except", "intersect", "window", "join", "left",
     "right", "inner", "full", "cross", "where", ";"}
)  # fmt: skip


def tokens_of(sql: str) -> list[str]:
    """Return the words, literals and signs of a text, without blanks and comments; what is no SQL has tokens too.

    >>> tokens_of("SELECT a --x\\n FROM T WHERE b = 'it''s' AND c<=1.5")
    ['select', 'a', 'from', 't', 'where', 'b', '=', "'it''s'", 'and', 'c', '<', '=', '1.5']
    """
    found = []
    for match in _TOKEN.finditer(sql[:MOST_CHARACTERS]):
        word = match[0]
        if match.lastgroup != "blank":
            found.append(word if match.lastgroup == "literal" else word.strip('"').lower())
    return found


def frame_of(tokens: Iterable[str]) -> tuple[str, ...]:
    """Return what is left of a question without its conditions and literals: what variants of it have in common.

    >>> " ".join(frame_of(tokens_of("SELECT a, 1 FROM t WHERE b = 2 AND f(c) > 3 GROUP BY a")))
    'select a , ? from t where group by a'
    >>> " ".join(frame_of(tokens_of("SELECT a FROM (SELECT a FROM t WHERE b IN (1, 2)) JOIN u ON x = y")))
    'select a from ( select a from t where ) join u on'
    """
    frame: list[str] = []
    depth, within, ends = 0, -1, _CONDITION_ENDS
    """Brackets open; how many of them stood around the condition that is being left out, -1 outside of one; its end."""
    for word in tokens:
        if within == depth and (word in ends or word == ")"):
            within = -1
        depth += {"(": 1, ")": -1}.get(word, 0)
        if within < 0:
            frame.append("?" if _LITERAL.match(word) else word)
            if word in _CONDITIONS:
                within, ends = depth, frozenset({"then"}) if word == "when" else _CONDITION_ENDS
    return tuple(frame)


@lru_cache(maxsize=1_000)
def _shape(sql: str) -> tuple[bytes, bytes, frozenset[str]]:
    """Return the digest of a text's words, that of its frame, and the words of the frame; most texts come often."""
    tokens = tokens_of(sql)
    frame = frame_of(tokens)
    return _digest(tokens), _digest(frame), frozenset(frame)


def _run_of(runs: OrderedDict[bytes, _Run], name: bytes, tokens: frozenset[str]) -> _Run:
    """Return the run that a question belongs to: that of its frame, or of one made of the same words but one."""
    run = runs.get(name)
    if run is None:
        like = (known for known in reversed(runs.values()) if len(known.tokens ^ tokens) <= 1)
        run = runs[name] = next(like, None) or _Run(tokens)
        if len(runs) > MOST_FRAMES:
            runs.popitem(last=False)
    runs.move_to_end(name)
    return run


def _recent(texts: Texts, question: _Question, digest: bytes, span: timedelta) -> None:
    """Keep each text once, with the last time that it was asked, and none that is older than the span."""
    texts[digest] = question
    texts.move_to_end(digest)
    while question.moment - next(iter(texts.values())).moment > span or len(texts) > MOST_TEXTS:
        texts.popitem(last=False)


def _digest(tokens: Iterable[str]) -> bytes:
    return hashlib.sha256("\0".join(tokens).encode("utf-8", "surrogatepass")).digest()[:16]


def _question(record: Members) -> _Question:
    return _Question(record["index"], record["time"], _local(record["time"]), tuple(record["concerns"]))


def _local(time: str) -> datetime:
    return datetime.fromisoformat(time).astimezone(ZONE)


def _few(names: list[str]) -> str:
    more = len(names) - 5
    return ", ".join(names[:5]) + (f" and {more} more" if more > 0 else "")
