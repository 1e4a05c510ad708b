"""The session properties that a client may set: a listed few, whether by SET SESSION or in its headers.

Trino's own properties are closed: some undo what keeps a row hidden (pushdown, casts), others name the engine's limits.
Open are those of the gateway's own, the time zone, and limits of time, which can only be made narrower.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from gateway.errors import BadProperty
from gateway.session.zones import zone_of

Withheld = Literal["null", "refuse"]

PURPOSE, PARTIAL, WITHHELD, TIME_ZONE = "portgate.purpose", "portgate.partial", "portgate.withheld", "time_zone_id"
TIME_LIMITS = ("query_max_run_time", "query_max_execution_time")
SHOWN: tuple[tuple[str, str], ...] = tuple(
    (name, "varchar") for name in ("Name", "Value", "Default", "Type", "Description")
)
"""Trino's columns of SHOW SESSION."""

_DURATION = re.compile(r"(\d{1,9})(\.\d{1,3})?\s*(ns|us|ms|s|m|h|d)")
_TRUTH = {"true": "true", "false": "false", "1": "true", "0": "false"}


@dataclass(frozen=True, slots=True)
class Property:
    """One session property."""

    name: str
    type: str
    default: str
    meaning: str
    read: Callable[[str], str | None]
    """A value as the gateway understands it, or None."""
    takes: str
    """Which values it can have, for people."""


def _truth(value: str) -> str | None:
    return _TRUTH.get(value.strip().lower())


def _word(value: str) -> str | None:
    word = value.strip().lower()
    return word if re.fullmatch(r"[a-z_]{1,60}", word) else None


def _withheld(value: str) -> str | None:
    word = value.strip().lower()
    return word if word in ("null", "refuse") else None


def _duration(value: str) -> str | None:
    found = _DURATION.fullmatch(value.strip())
    return "".join(part or "" for part in found.groups()) if found else None


_NARROWER = "Ends a query that takes longer; the gateway's own limit holds all the same"

PROPERTIES: Mapping[str, Property] = {
    each.name: each
    for each in (
        Property(
            PURPOSE, "varchar", "", "For which purpose you ask; empty: the first that you may declare", _word,
            "one of your purposes",
        ),
        Property(
            PARTIAL, "boolean", "false", "Whether you take an answer without ports that do not answer", _truth,
            "true or false",
        ),
        Property(
            WITHHELD, "varchar", "null",
            "What becomes of a column that a port withholds: it reads as NULL with a warning, or the query is refused",
            _withheld, "null or refuse",
        ),
        Property(
            TIME_ZONE, "varchar", "", "Time zone of your session; empty: the one that your client names", zone_of,
            "a name such as America/Los_Angeles, or an offset such as -08:00",
        ),
        *(Property(name, "varchar", "", _NARROWER, _duration, "a duration such as 30s or 5m") for name in TIME_LIMITS),
    )
}  # fmt: skip


def property_of(name: str) -> Property:
    """Find one property, or refuse its name."""
    found = PROPERTIES.get(name.lower())
    if found is None:
        known = ", ".join(PROPERTIES)
        raise BadProperty(f"session property {name[:60]} is not open", hint=f"these are: {known}")
    return found


def value_of(name: str, value: str) -> str:
    """Read a value for a property, or refuse it.

    >>> value_of("portgate.partial", "TRUE")
    'true'
    """
    found = property_of(name)
    read = found.read(value)
    if read is None:
        raise BadProperty(f"session property {found.name} cannot be {value[:60]!r}", hint=f"it takes {found.takes}")
    return read


def values_of(properties: Mapping[str, str]) -> Mapping[str, str]:
    """Read all that a client's headers set, or refuse the first that is not open."""
    return {name.lower(): value_of(name, value) for name, value in properties.items()}


_SECONDS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SHORTEST_SECONDS = 0.001


def shortest(properties: Mapping[str, str]) -> float:
    """How many seconds a query may run, as a session's own limits say; without any, for ever.

    >>> shortest({"query_max_run_time": "1.5m"}), shortest({})
    (90.0, inf)
    """
    limits = [_seconds(properties[name]) for name in TIME_LIMITS if name in properties]
    return max(min(limits, default=math.inf), _SHORTEST_SECONDS)


def _seconds(value: str) -> float:
    found = _DURATION.fullmatch(value)
    return float(found[1] + (found[2] or "")) * _SECONDS[found[3]] if found else math.inf


def shown(
    values: Mapping[str, str], defaults: Mapping[str, str], like: str | None, escape: str | None
) -> Iterator[tuple[object, ...]]:
    """The rows of SHOW SESSION: each property with the value that the session gives it."""
    pattern = pattern_of(like, escape) if like is not None else None
    for name, one in sorted(PROPERTIES.items()):
        if pattern is None or is_like(name, pattern):
            default = defaults.get(name, one.default)
            yield name, values.get(name, default), default, one.type, one.meaning


# --- LIKE -----------------------------------------------------------------------------------------------------------

MAX_PATTERN = 200
Pattern = list[tuple[str, bool]]
"""Each character, and whether it stands for itself."""


def pattern_of(like: str, escape: str | None) -> Pattern:
    """Read a pattern of LIKE."""
    if len(like) > MAX_PATTERN:
        raise BadProperty(f"the pattern is longer than {MAX_PATTERN} characters", hint="write a shorter one")
    pattern: Pattern = []
    signs = iter(like)
    for sign in signs:
        if escape and sign == escape:
            after = next(signs, "")
            if after not in (escape, "%", "_") or not after:
                raise BadProperty(
                    "nothing that ESCAPE can stand before follows it", hint="write it before %, _ or itself"
                )
            pattern.append((after, True))
        else:
            pattern.append((sign, sign not in "%_"))
    return pattern


def is_like(text: str, pattern: Pattern) -> bool:
    """Whether a whole text is like a pattern; takes time in proportion to both lengths.

    >>> is_like("query_max_run_time", pattern_of("query$_max%", "$"))
    True
    """
    reached = [True] + [False] * len(text)
    """How much of the text the pattern so far may have used up."""
    for sign, plain in pattern:
        if (sign, plain) == ("%", False):
            first = reached.index(True) if True in reached else len(reached)
            reached = [n >= first for n in range(len(reached))]
        else:
            reached = [False, *(was and (not plain or sign == now) for was, now in zip(reached, text, strict=False))]
    return reached[-1]
