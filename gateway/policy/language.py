"""A port's document as values, and its normal form: the JSON that is signed, loaded by OPA and read by every tool.

`to_data` writes the normal form with its revision and its index; `from_data` reads it back and believes nothing: a
key, a type, an order, a revision or an index that is not as `to_data` writes it is a `PolicyFault`.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Literal, TypeVar, cast, get_args

from gateway.errors import PolicyFault
from gateway.model import PURPOSES, USES, JoinRule, JoinValues, Limits, Mask, MaskKind, Operator, Scalar, Use

VERSION = 1
NO_COMMIT = "none"
NO_LIMITS = Limits()

ORGANISATION_CLASSES = (
    "state_agency", "federal_agency", "university", "ocean_carrier", "shipper", "motor_carrier", "port_authority",
    "auditor", "public",
)  # fmt: skip
OPERATORS: tuple[Operator, ...] = get_args(Operator)
GRAINS = ("hour", "day", "week", "month", "quarter", "year")
WRITTEN_MASKS: tuple[MaskKind, ...] = ("null", "constant", "keyed_hash", "truncate", "time_grain", "band", "geo_grid")
"""What a steward can write; `join_hash` is the gateway's own."""
FIGURES = ("count", "count_distinct", "sum", "avg", "median", "min", "max", "stddev", "share")
"""What a release of statistics may be asked for."""
MAX_KEEP = 64
MOST = 2**53
"""The largest limit: what every reader of JSON reads exactly."""
PARTY_KEYS = ("organisations", "organisation_classes", "roles")
"""The keys of `with`, the most telling first."""

LIMIT_KEYS = ("rows", "queries_a_day", "bytes_a_day")

Release = Literal["rows", "statistics"]
EmbargoGrain = Literal["instant", "day"]

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
NAME = re.compile(r"[a-z][a-z0-9_]*")
PORT = re.compile(r"[a-z][a-z_]*")
TABLE = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")
SENTENCE = re.compile(r"(?=.{10,200}\Z)[A-Z].*\.")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
CITATION = re.compile(r"\S(.{0,198}\S)?")
REVISION = re.compile(r"[0-9a-f]{64}@([0-9a-f]{40}|none)")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


# --- a document -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class PartnerAttribute:
    """Stands where a literal would stand: what the partner's token says of it, such as `carrier_smdg`."""

    name: str


Operand = Scalar | PartnerAttribute


@dataclass(frozen=True, slots=True)
class Condition:
    """`column` `op` `value`, as a steward wrote it; `is_null` and `not_null` have no value."""

    column: str
    op: Operator
    value: Operand | tuple[Operand, ...] | None = None


@dataclass(frozen=True, slots=True)
class ColumnRule:
    """What partners may do with a column, and what stands in its place; no mask shows the value itself."""

    uses: frozenset[Use] = frozenset(USES)
    mask: Mask | None = None


@dataclass(frozen=True, slots=True)
class Embargo:
    """Rows whose column is younger than so many hours are hidden; `day`: the day must be over in California first."""

    column: str
    age_hours: int
    grain: EmbargoGrain = "instant"


@dataclass(frozen=True, slots=True)
class Contributor:
    """Who must be behind a figure: at least so many different values of a column, none with more than a share."""

    column: str
    at_least: int
    max_share: float | None = None


@dataclass(frozen=True, slots=True)
class Statistics:
    """On which terms figures may leave where rows may not."""

    contributors: tuple[Contributor, ...]
    functions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TableRule:
    """What one agreement gives of one table."""

    release: Release
    reason: str
    """The table's own words, else the agreement's."""
    columns: Mapping[str, ColumnRule]
    rows: tuple[tuple[Condition, ...], ...] = ((),)
    """Alternatives of conditions that all must hold; `((),)` is all rows."""
    embargo: Embargo | None = None
    joins: tuple[JoinRule, ...] | None = None
    """The tables it may be joined with; None: any."""
    statistics: Statistics | None = None


@dataclass(frozen=True, slots=True)
class Party:
    """Who: each of the three that is not empty must match the partner, and at least one is not empty."""

    organisations: tuple[str, ...] = ()
    organisation_classes: tuple[str, ...] = ()
    roles: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Agreement:
    """With whom, for what, from when until when, and which tables."""

    id: str
    party: Party
    purposes: tuple[str, ...]
    from_day: str
    """The first day on which it holds, UTC."""
    until_day: str
    """The first day on which it no longer holds."""
    reason: str
    tables: Mapping[str, TableRule]
    contact: str = ""
    """Empty: the port's."""
    citation: str = ""
    suspended: bool = False
    reciprocal: bool = False
    limits: Limits = NO_LIMITS


@dataclass(frozen=True, slots=True)
class PortDocument:
    """All that one port lets its partners read."""

    port: str
    organisation: str
    """Who the port itself is, as a partner of the others."""
    contact: str
    suspended: bool = False
    agreements: tuple[Agreement, ...] = ()
    withheld: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    """Table -> column or `*` -> what a partner reads where no agreement gives the column."""


def is_day(text: str) -> bool:
    """Say whether this is a day that was or will be, as `2026-01-31`."""
    if not _DAY.fullmatch(text):
        return False
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def is_scalar(value: object) -> bool:
    """Say whether this is a text, a truth or a finite number."""
    return isinstance(value, str | bool | int) or (isinstance(value, float) and math.isfinite(value))


def is_whole(value: object, least: int, most: int) -> bool:
    """Say whether this is a whole number, no truth, between two others."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def is_positive(value: object) -> bool:
    """Say whether this is a finite number above zero, and no truth."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value) and value > 0


MASK_VALUES: Mapping[str, Callable[[object], bool]] = {
    "constant": is_scalar,
    "truncate": lambda value: is_whole(value, 0, MAX_KEEP),
    "time_grain": lambda value: value in GRAINS,
    "band": is_positive,
    "geo_grid": is_positive,
}
"""Which value a mask takes; one that is not named here takes none."""


# --- writing the normal form ----------------------------------------------------------------------------------------


def to_data(document: PortDocument, commit: str = "") -> dict[str, Any]:
    """Write the normal form; `commit` is the git commit that it was read from, if there is one.

    >>> data = to_data(PortDocument("oakland", "port_of_oakland", "data-desk@oakland.example"))
    >>> data["revision"].endswith("@none"), from_data(data).port
    (True, 'oakland')
    """
    data: dict[str, Any] = {
        "version": VERSION,
        "port": document.port,
        "organisation": document.organisation,
        "contact": document.contact,
        "suspended": document.suspended,
        "agreements": [_agreement_data(agreement) for agreement in document.agreements],
        "withheld": {table: dict(words) for table, words in document.withheld.items()},
        "index": index_of(document),
    }
    return data | {"revision": revision_of(data, commit)}


def revision_of(data: Mapping[str, Any], commit: str = "") -> str:
    """Make the revision of a normal form: the digest of all of it but the revision itself, and the commit."""
    return f"{digest_of(data)}@{commit or NO_COMMIT}"


def digest_of(data: Mapping[str, Any]) -> str:
    """Digest the canonical JSON of a normal form without its revision."""
    said = {key: value for key, value in data.items() if key != "revision"}
    return hashlib.sha256(canonical(said)).hexdigest()


def canonical(data: object) -> bytes:
    """Write JSON in the one way that is digested: keys sorted, no spaces, UTF-8."""
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return text.encode()


def index_of(document: PortDocument) -> dict[str, dict[str, dict[str, list[int]]]]:
    """Say for each table which agreements (by place) can concern whom, each under its most telling key alone."""
    index: dict[str, dict[str, dict[str, list[int]]]] = {}
    for place, agreement in enumerate(document.agreements):
        key = next((key for key in PARTY_KEYS if getattr(agreement.party, key)), PARTY_KEYS[0])
        for table in agreement.tables:
            of_key = index.setdefault(table, {key: {} for key in PARTY_KEYS})[key]
            for name in getattr(agreement.party, key):
                of_key.setdefault(name, []).append(place)
    return index


def _agreement_data(agreement: Agreement) -> dict[str, Any]:
    return {
        "id": agreement.id,
        "with": {key: list(getattr(agreement.party, key)) for key in PARTY_KEYS if getattr(agreement.party, key)},
        "purposes": list(agreement.purposes),
        "from": agreement.from_day,
        "until": agreement.until_day,
        "reason": agreement.reason,
        "contact": agreement.contact,
        "citation": agreement.citation,
        "suspended": agreement.suspended,
        "reciprocal": agreement.reciprocal,
        "limits": {key: value for key in LIMIT_KEYS if (value := getattr(agreement.limits, key)) is not None},
        "tables": {name: _table_data(rule) for name, rule in agreement.tables.items()},
    }


def _table_data(rule: TableRule) -> dict[str, Any]:
    return {
        "release": rule.release,
        "reason": rule.reason,
        "columns": {
            name: {"uses": [use for use in USES if use in column.uses], "mask": mask_data(column.mask)}
            for name, column in rule.columns.items()
        },
        "rows": [[_condition_data(condition) for condition in alternative] for alternative in rule.rows],
        "embargo": _embargo_data(rule.embargo),
        "joins": None if rule.joins is None else [_join_data(join) for join in rule.joins],
        "statistics": _statistics_data(rule.statistics),
    }


def mask_data(mask: Mask | None) -> dict[str, Any] | None:
    """Write a mask: its kind, its value where it takes one, and for `truncate` the character that fills."""
    if mask is None:
        return None
    value = {} if mask.value is None else {"value": mask.value}
    fill = {"fill": mask.fill} if mask.fill else {}
    return {"kind": mask.kind, **value, **fill}


def _condition_data(condition: Condition) -> dict[str, Any]:
    said: dict[str, Any] = {"column": condition.column, "op": condition.op}
    if isinstance(condition.value, tuple):
        return said | {"value": [_operand_data(value) for value in condition.value]}
    return said if condition.value is None else said | {"value": _operand_data(condition.value)}


def _operand_data(value: Operand) -> object:
    return {"partner": value.name} if isinstance(value, PartnerAttribute) else value


def _embargo_data(embargo: Embargo | None) -> dict[str, Any] | None:
    if embargo is None:
        return None
    return {"column": embargo.column, "age_hours": embargo.age_hours, "grain": embargo.grain}


def _join_data(join: JoinRule) -> dict[str, Any]:
    return {
        "table": join.table,
        "ports": sorted(join.ports),
        "on": [list(pair) for pair in join.on],
        "values": join.values,
    }


def _statistics_data(statistics: Statistics | None) -> dict[str, Any] | None:
    if statistics is None:
        return None
    return {
        "contributors": [
            {"column": one.column, "at_least": one.at_least, "max_share": one.max_share}
            for one in statistics.contributors
        ],
        "functions": list(statistics.functions),
    }


# --- reading the normal form ----------------------------------------------------------------------------------------

_T = TypeVar("_T")


def from_data(data: object) -> PortDocument:
    """Read the normal form, or raise `PolicyFault` with the place of the first fault.

    Invariants
    - What this reads, `to_data` writes again: same digest, same index.
    """
    said = _object(data, "", "version port organisation contact suspended agreements withheld revision index")
    _demand(said["version"] is not True and said["version"] == VERSION, "version", f"is not {VERSION}")
    document = PortDocument(
        _match(said["port"], PORT, "port"),
        _match(said["organisation"], NAME, "organisation"),
        _match(said["contact"], EMAIL, "contact"),
        _truth(said["suspended"], "suspended"),
        tuple(_each(said["agreements"], "agreements", _agreement)),
        {
            _match(table, TABLE, "withheld"): _members(words, f"withheld.{table}", _sentence)
            for table, words in _members(said["withheld"], "withheld", lambda words, _: words, least=0).items()
        },
    )
    ids = [agreement.id for agreement in document.agreements]
    _demand(len(set(ids)) == len(ids), "agreements", "hold one id twice")
    _demand(bool(REVISION.fullmatch(_text(said["revision"], "revision"))), "revision", "is not <digest>@<commit>")
    _demand(said["index"] == index_of(document), "index", "is not the index of these agreements")
    _demand(said["revision"].startswith(digest_of(said)), "revision", "is not the digest of this document")
    _demand(digest_of(to_data(document)) == digest_of(said), "", "is not in normal form")
    return document


def _agreement(data: object, at: str) -> Agreement:
    said = _object(data, at, "id with purposes from until reason contact citation suspended reciprocal limits tables")
    days = (_text(said["from"], f"{at}.from"), _text(said["until"], f"{at}.until"))
    _demand(is_day(days[0]) and is_day(days[1]), at, "runs between days that are none")
    return Agreement(
        _match(said["id"], ID, f"{at}.id"),
        _party(said["with"], f"{at}.with"),
        _words(said["purposes"], f"{at}.purposes", PURPOSES),
        *days,
        _sentence(said["reason"], f"{at}.reason"),
        {
            _match(name, TABLE, f"{at}.tables"): rule
            for name, rule in _members(said["tables"], f"{at}.tables", _table).items()
        },
        _match(said["contact"], EMAIL, f"{at}.contact", empty=True),
        _match(said["citation"], CITATION, f"{at}.citation", empty=True),
        _truth(said["suspended"], f"{at}.suspended"),
        _truth(said["reciprocal"], f"{at}.reciprocal"),
        _limits(said["limits"], f"{at}.limits"),
    )


def _party(data: object, at: str) -> Party:
    said = _object(data, at, "", " ".join(PARTY_KEYS))
    _demand(bool(said), at, "names nobody")
    return Party(
        _names(said.get("organisations"), f"{at}.organisations"),
        _words(said["organisation_classes"], f"{at}.organisation_classes", ORGANISATION_CLASSES)
        if "organisation_classes" in said
        else (),
        _names(said.get("roles"), f"{at}.roles"),
    )


def _names(data: object, at: str) -> tuple[str, ...]:
    if data is None:
        return ()
    return _once(_each(data, at, lambda name, where: _match(name, NAME, where)), at)


def _words(data: object, at: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return _once(_each(data, at, lambda word, where: _one_of(word, known, where)), at)


def _once(found: list[str], at: str) -> tuple[str, ...]:
    _demand(bool(found), at, "is empty")
    _demand(len(set(found)) == len(found), at, "says something twice")
    return tuple(found)


def _limits(data: object, at: str) -> Limits:
    said = _object(data, at, "", " ".join(LIMIT_KEYS))
    for key, value in said.items():
        _demand(is_whole(value, 1, MOST), f"{at}.{key}", "is no whole number above zero")
    return Limits(**said)


def _table(data: object, at: str) -> TableRule:
    said = _object(data, at, "release reason columns rows embargo joins statistics")
    release = _one_of(said["release"], get_args(Release), f"{at}.release")
    statistics = _optional(said["statistics"], f"{at}.statistics", _statistics)
    _demand((statistics is not None) == (release == "statistics"), at, "has statistics without their release")
    return TableRule(
        cast(Release, release),
        _sentence(said["reason"], f"{at}.reason"),
        _members(said["columns"], f"{at}.columns", _column),
        tuple(_some(said["rows"], f"{at}.rows", _alternative)),
        _optional(said["embargo"], f"{at}.embargo", _embargo),
        _optional(said["joins"], f"{at}.joins", lambda joins, where: tuple(_each(joins, where, _join))),
        statistics,
    )


def _column(data: object, at: str) -> ColumnRule:
    said = _object(data, at, "uses mask")
    uses = _words(said["uses"], f"{at}.uses", USES)
    return ColumnRule(cast(frozenset[Use], frozenset(uses)), _optional(said["mask"], f"{at}.mask", _mask))


def _mask(data: object, at: str) -> Mask:
    said = _object(data, at, "kind", "value fill")
    kind = cast(MaskKind, _one_of(said["kind"], WRITTEN_MASKS, at))
    takes = MASK_VALUES.get(kind)
    fits = takes(said.get("value")) if takes else "value" not in said
    _demand(fits, at, "has a value that its kind does not take")
    fill = said.get("fill", "")
    _demand("fill" not in said or (kind == "truncate" and _is_sign(fill)), at, "has a fill that is no one sign")
    return Mask(kind, said.get("value"), fill)


def _is_sign(fill: object) -> bool:
    return isinstance(fill, str) and len(fill) == 1


def _alternative(data: object, at: str) -> tuple[Condition, ...]:
    return tuple(_each(data, at, _condition))


def _condition(data: object, at: str) -> Condition:
    said = _object(data, at, "column op", "value")
    op = cast(Operator, _one_of(said["op"], OPERATORS, at))
    column = _text(said["column"], at)
    if op in ("is_null", "not_null"):
        _demand("value" not in said, at, f"has a value beside {op}")
        return Condition(column, op)
    _demand("value" in said, at, "has no value")
    if op in ("in", "not_in", "between"):
        values = tuple(_some(said["value"], at, _operand))
        _demand(op != "between" or len(values) == 2, at, "is between other than two values")
        return Condition(column, op, values)
    value = _operand(said["value"], at)
    prefix = isinstance(value, PartnerAttribute) or (isinstance(value, str) and value != "")
    _demand(op != "starts_with" or prefix, at, "starts with what is no text")
    return Condition(column, op, value)


def _operand(data: object, at: str) -> Operand:
    if isinstance(data, dict):
        return PartnerAttribute(_match(_object(data, at, "partner")["partner"], NAME, at))
    _demand(is_scalar(data), at, "is no text, number or truth")
    return cast(Scalar, data)


def _embargo(data: object, at: str) -> Embargo:
    said = _object(data, at, "column age_hours grain")
    _demand(is_whole(said["age_hours"], 1, 24 * 9999), at, "has an age that is no number of hours")
    grain = _one_of(said["grain"], get_args(EmbargoGrain), at)
    return Embargo(_text(said["column"], at), said["age_hours"], cast(EmbargoGrain, grain))


def _join(data: object, at: str) -> JoinRule:
    said = _object(data, at, "table ports on values")
    ports = _once(_each(said["ports"], at, lambda port, where: _match(port, PORT, where)), at)
    pairs = tuple(_some(said["on"], f"{at}.on", _pair))
    values = _one_of(said["values"], get_args(JoinValues), at)
    return JoinRule(_match(said["table"], TABLE, at), frozenset(ports), pairs, cast(JoinValues, values))


def _pair(data: object, at: str) -> tuple[str, str]:
    found = _each(data, at, _text)
    _demand(len(found) == 2, at, "is no pair of columns")
    return found[0], found[1]


def _statistics(data: object, at: str) -> Statistics:
    said = _object(data, at, "contributors functions")
    contributors = tuple(_some(said["contributors"], f"{at}.contributors", _contributor))
    return Statistics(contributors, _words(said["functions"], f"{at}.functions", FIGURES))


def _contributor(data: object, at: str) -> Contributor:
    said = _object(data, at, "column at_least max_share")
    share = said["max_share"]
    _demand(is_whole(said["at_least"], 2, 10**6), at, "asks for fewer than two")
    _demand(share is None or (is_positive(share) and share <= 1), at, "has a share that is no part of one")
    return Contributor(_text(said["column"], at), said["at_least"], share)


# --- shapes ---------------------------------------------------------------------------------------------------------


def _demand(holds: bool, at: str, fault: str) -> None:
    if not holds:
        raise PolicyFault(f"{at or 'the document'} {fault}", hint="write the normal form with portgate policy sign")


def _object(data: object, at: str, needed: str, allowed: str = "") -> dict[str, Any]:
    _demand(isinstance(data, dict), at, "is no object")
    said = cast(dict[str, Any], data)
    wanted = set(needed.split())
    _demand(wanted <= said.keys(), at, f"lacks {', '.join(sorted(wanted - said.keys()))}")
    odd = said.keys() - wanted - set(allowed.split())
    _demand(not odd, at, f"has a key that is unknown: {', '.join(sorted(map(str, odd)))}")
    return said


def _members(data: object, at: str, read: Callable[[Any, str], _T], least: int = 1) -> dict[str, _T]:
    _demand(isinstance(data, dict), at, "is no object")
    said = cast(dict[str, Any], data)
    _demand(len(said) >= least, at, "is empty")
    return {_text(name, at): read(value, f"{at}.{name}") for name, value in said.items()}


def _each(data: object, at: str, read: Callable[[Any, str], _T]) -> list[_T]:
    _demand(isinstance(data, list), at, "is no list")
    return [read(value, f"{at}[{place}]") for place, value in enumerate(cast(list[Any], data))]


def _some(data: object, at: str, read: Callable[[Any, str], _T]) -> list[_T]:
    found = _each(data, at, read)
    _demand(bool(found), at, "is empty")
    return found


def _optional(data: object, at: str, read: Callable[[Any, str], _T]) -> _T | None:
    return None if data is None else read(data, at)


def _text(data: object, at: str) -> str:
    _demand(isinstance(data, str) and data != "", at, "is no text")
    return cast(str, data)


def _match(data: object, pattern: re.Pattern[str], at: str, *, empty: bool = False) -> str:
    if empty and data == "":
        return ""
    _demand(isinstance(data, str) and bool(pattern.fullmatch(data)), at, "is not what may stand there")
    return cast(str, data)


def _sentence(data: object, at: str) -> str:
    return _match(data, SENTENCE, at)


def _one_of(data: object, known: tuple[str, ...], at: str) -> str:
    _demand(isinstance(data, str) and data in known, at, f"is none of {', '.join(known)}")
    return cast(str, data)


def _truth(data: object, at: str) -> bool:
    _demand(isinstance(data, bool), at, "is neither true nor false")
    return cast(bool, data)
