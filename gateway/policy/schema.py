"""The keys of a port's file, each with what it says: the one source of the reader's keys, of the JSON Schema that
editors complete and check with, and of the stewards' reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import PURPOSES, USES
from gateway.policy.language import FIGURES, GRAINS, MAX_KEEP, MOST, ORGANISATION_CLASSES

Schema = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Key:
    """One key of one place of the file."""

    name: str
    says: str
    """What it says, in one or two sentences: what an editor shows when the mouse rests on it."""
    shape: Schema
    """What may stand behind it, as JSON Schema."""
    example: str
    """A value, as YAML."""
    needed: bool = True


@dataclass(frozen=True, slots=True)
class Place:
    """One place of the file, and the keys that may stand there."""

    id: str
    title: str
    says: str
    keys: tuple[Key, ...]
    least: int = 0
    """How many of the keys there must be, where none is needed by itself."""

    names: tuple[str, ...] = field(init=False)
    """Of all keys."""
    needed: tuple[str, ...] = field(init=False)
    """Of the keys that must be there."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "names", tuple(key.name for key in self.keys))
        object.__setattr__(self, "needed", tuple(key.name for key in self.keys if key.needed))


def _ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def _list(items: Schema, **more: object) -> Schema:
    return {"type": "array", "minItems": 1, "items": items, **more}


def _set(words: tuple[str, ...]) -> Schema:
    return _list({"enum": list(words)}, uniqueItems=True)


def _whole(least: int, most: int | None = None) -> Schema:
    return {"type": "integer", "minimum": least} | ({} if most is None else {"maximum": most})


def _named(names: Schema, values: Schema) -> Schema:
    return {"type": "object", "minProperties": 1, "propertyNames": names, "additionalProperties": values}


_TRUTH: Schema = {"type": "boolean"}
_COLUMN_NAME: Schema = {"type": "string", "minLength": 1}
_POSITIVE: Schema = {"type": "number", "exclusiveMinimum": 0}
_USES = Key(
    "uses",
    "What partners may do with the column: select (its value comes back), filter (it chooses rows), group, join (it is "
    "set equal to a column of another table), aggregate (it goes into a count, sum or average), order. Left out: all "
    "six.",
    _set(USES),
    "[group, aggregate]",
    needed=False,
)

DOCUMENT = Place(
    "document",
    "The file",
    "`policies/ports/<port>/data.yaml`: what one port lets its partners read. What is not granted here is denied.",
    (
        Key("version", "The version of this format.", {"const": 1}, "1"),
        Key(
            "port",
            "The port's id, the name of the file's folder.",
            {"type": "string", "pattern": "^[a-z][a-z_]*$"},
            "oakland",
        ),
        Key(
            "organisation",
            "Who the port itself is as a partner of the others; `reciprocal` agreements of other ports look for it.",
            _ref("name"),
            "port_of_oakland",
        ),
        Key("contact", "Where partners write to ask for an agreement.", _ref("email"), "data-desk@oakland.example"),
        Key("suspended", "true stops every agreement of the port at once, running queries too.", _TRUTH, "false"),
        Key(
            "agreements",
            "Each agreement stands alone; a partner sees what any of them shows.",
            {"type": "array", "items": _ref("agreement")},
            "see *An agreement*",
        ),
        Key(
            "withheld",
            "Per table and column, what a partner reads where no agreement shows the column; `*` stands for every "
            "other column of the table. It takes nothing away.",
            {
                "type": "object",
                "propertyNames": _ref("table_name"),
                "additionalProperties": _named({"minLength": 1}, _ref("sentence")),
            },
            '{freight.vessel_calls: {"*": Ask us about the rest.}}',
        ),
    ),
)

AGREEMENT = Place(
    "agreement",
    "An agreement",
    "With whom, for what, from when until when, and which tables.",
    (
        Key(
            "id",
            "A name, once in this file; it stands in notices and in the audit log.",
            {"type": "string", "pattern": "^[a-z0-9]+(-[a-z0-9]+)*$"},
            "oak-carriers-own",
        ),
        Key(
            "with",
            "Who. Each key given must match the partner, and at least one must be given.",
            _ref("with"),
            "{organisation_classes: [ocean_carrier], roles: [planner]}",
        ),
        Key(
            "purposes",
            "For which of the four goals of the ports' memorandum a query may use this agreement.",
            _set(PURPOSES),
            "[freight_resilience]",
        ),
        Key("from", "The first day (UTC) on which it holds, in quotes.", _ref("day"), '"2026-01-01"'),
        Key("until", "The first day (UTC) on which it no longer holds, in quotes.", _ref("day"), '"2028-01-01"'),
        Key(
            "reason",
            "Your own words to the partner, who reads them beside each answer.",
            _ref("sentence"),
            "A carrier sees its own calls.",
        ),
        Key(
            "contact",
            "Whom a partner asks about this agreement. Left out: the port's contact.",
            _ref("email"),
            "line-desk@oakland.example",
            needed=False,
        ),
        Key(
            "citation",
            "Where the agreement is written down; partners read it beside the reason.",
            {"type": "string", "minLength": 1, "maxLength": 200, "pattern": "^\\S(.*\\S)?$"},
            '"MOU 2023; agreement OAK-2026-014"',
            needed=False,
        ),
        Key("suspended", "true stops this agreement alone. Left out: false.", _TRUTH, "true", needed=False),
        Key(
            "reciprocal",
            "true: only for partners of a port that itself shares the same table with this port. Left out: false.",
            _TRUTH,
            "true",
            needed=False,
        ),
        Key(
            "limits",
            "How much may leave under this agreement for one organisation. Left out: no limit.",
            _ref("limits"),
            "{rows: 10000, queries_a_day: 200, bytes_a_day: 50 MB}",
            needed=False,
        ),
        Key(
            "tables",
            "schema.table: `freight.<table>` is your part of a shared table, any other a table of your own.",
            _named(_ref("table_name"), _ref("table")),
            "{freight.vessel_calls: …}",
        ),
    ),
)

WITH = Place(
    "with",
    "With whom",
    "Each key given must match the partner, and at least one must be given.",
    (
        Key("organisations", "Any of these organisations.", _ref("names"), "[msc]", needed=False),
        Key(
            "organisation_classes",
            "Any organisation of these classes.",
            _set(ORGANISATION_CLASSES),
            "[ocean_carrier]",
            needed=False,
        ),
        Key("roles", "Anyone with one of these roles.", _ref("names"), "[planner, analyst]", needed=False),
    ),
    least=1,
)

LIMITS = Place(
    "limits",
    "Limits",
    "For one organisation, under this agreement; a day is a UTC day. At least one must be given.",
    (
        Key("rows", "How many rows one answer may have.", _whole(1, MOST), "10000", needed=False),
        Key("queries_a_day", "How many queries a day may use this agreement.", _whole(1, MOST), "200", needed=False),
        Key(
            "bytes_a_day",
            "How much a day may leave: a number of bytes, or kB, MB, GB (powers of a thousand).",
            {"oneOf": [_whole(1, MOST), {"type": "string", "pattern": "^[1-9][0-9]{0,5} (kB|MB|GB)$"}]},
            "50 MB",
            needed=False,
        ),
    ),
    least=1,
)

TABLE = Place(
    "table",
    "A table of an agreement",
    "What the agreement gives of one table.",
    (
        Key(
            "release",
            "rows: single rows leave the port. statistics: only figures over many rows do (kept for later; it gives "
            "nothing yet).",
            {"enum": ["rows", "statistics"]},
            "rows",
        ),
        Key(
            "reason",
            "Your own words for this table. Left out: the agreement's.",
            _ref("sentence"),
            "Calls are published with the tide tables.",
            needed=False,
        ),
        Key(
            "columns",
            "The columns given; all others stay hidden.",
            _named({"minLength": 1}, _ref("column")),
            "{call_id: show, vessel_name: {mask: keyed_hash}}",
        ),
        Key(
            "rows",
            "`all`, or a list of alternatives: a row is shown if it meets any one of them.",
            {"oneOf": [{"const": "all"}, _list(_ref("alternative"))]},
            "[{carrier_smdg: {eq: {partner: carrier_smdg}}}]",
        ),
        Key(
            "embargo",
            "Rows younger than this are hidden; so are rows where the column is empty.",
            _ref("embargo"),
            "{column: ata_berth_utc, age: 30d}",
            needed=False,
        ),
        Key(
            "joins",
            "The tables that a query may join this one with. Left out: any; `[]`: none.",
            {"type": "array", "items": _ref("join")},
            "[{with: freight.container_moves, ports: [oakland], on: [vessel_imo], values: clear}]",
            needed=False,
        ),
        Key(
            "statistics",
            "On which terms figures may leave; with `release: statistics`, and only there.",
            _ref("statistics"),
            "{contributors: [{column: carrier_smdg, at_least: 5}], functions: [count]}",
            needed=False,
        ),
    ),
)

COLUMN = Place(
    "column",
    "A column",
    "`show` gives the value itself, for all six uses. Else a mapping of these keys; a mask stands in the value's place "
    "and keeps its type, in conditions, groups and joins too.",
    (
        _USES,
        Key(
            "mask",
            "What stands in place of the value: null (nothing), constant, keyed_hash (text; the same for one "
            "organisation, another for the next), truncate (text), time_grain, band (numbers), geo_grid (degrees).",
            {"enum": [None, "null", "constant", "keyed_hash", "truncate", "time_grain", "band", "geo_grid"]},
            "keyed_hash",
            needed=False,
        ),
        Key(
            "value",
            "constant: the one value in place of every value, of the column's type.",
            _ref("scalar"),
            "withheld",
            needed=False,
        ),
        Key("keep", "truncate: how many characters stay, from the first.", _whole(0, MAX_KEEP), "4", needed=False),
        Key(
            "fill",
            "truncate: one character that stands for each one taken away. Left out: the text gets shorter.",
            {"type": "string", "minLength": 1, "maxLength": 1},
            '"*"',
            needed=False,
        ),
        Key(
            "grain",
            "time_grain: the moment is set back to the beginning of its hour, day, week (Monday), month, quarter or "
            "year.",
            {"enum": list(GRAINS)},
            "day",
            needed=False,
        ),
        Key(
            "width",
            "band: the number is set down to the lower edge of its band, which is so wide, in the column's unit.",
            _POSITIVE,
            "50",
            needed=False,
        ),
        Key(
            "degrees",
            "geo_grid: the coordinate is set down to the edge of its cell, which is so many degrees wide.",
            _POSITIVE,
            "0.1",
            needed=False,
        ),
    ),
    least=1,
)

MASK_KEYS: Mapping[str, tuple[str, ...]] = {
    "null": (),
    "constant": ("value",),
    "keyed_hash": (),
    "truncate": ("keep", "fill"),
    "time_grain": ("grain",),
    "band": ("width",),
    "geo_grid": ("degrees",),
}
"""For each mask, the keys that go with it; all but `fill` must be there."""

_VALUE_SAYS: Mapping[str, tuple[str, str]] = {
    "eq": ("equal to", "MSC"),
    "ne": ("not equal to", "MSC"),
    "lt": ("less than", "1000"),
    "le": ("at most", "1000"),
    "gt": ("more than", "1000"),
    "ge": ("at least", "1000"),
}

OPERATIONS = Place(
    "operations",
    "A condition",
    "Comparisons of one column; all must hold. A value is a literal, or `{partner: NAME}`: what the partner's token "
    "says of it, such as carrier_smdg; a partner without it meets no alternative that names it. A row where the column "
    "is empty meets only `is_null`.",
    (
        *(Key(op, f"The column is {said}.", _ref("value"), value, needed=False)
          for op, (said, value) in _VALUE_SAYS.items()),
        Key("in", "The column is one of these.", _ref("values"), "[ARRI, DEPA]", needed=False),
        Key("not_in", "The column is none of these.", _ref("values"), "[OMIT, BLNK]", needed=False),
        Key(
            "between",
            "From the first to the second, both included.",
            {"type": "array", "minItems": 2, "maxItems": 2, "items": _ref("value")},
            "[100, 200]",
            needed=False,
        ),
        Key("is_null", "The column is empty.", {"const": True}, "true", needed=False),
        Key("not_null", "The column is not empty.", {"const": True}, "true", needed=False),
        Key(
            "starts_with",
            "The text begins with this.",
            {"oneOf": [{"type": "string", "minLength": 1}, _ref("attribute")]},
            "US",
            needed=False,
        ),
    ),
    least=1,
)  # fmt: skip

ATTRIBUTE = Place(
    "attribute",
    "An attribute of the partner",
    "Stands where a value would stand.",
    (Key("partner", "The name of the attribute in the partner's token.", _ref("name"), "carrier_smdg"),),
)

EMBARGO = Place(
    "embargo",
    "An embargo",
    "Rows younger than this are hidden; so are rows where the column is empty.",
    (
        Key("column", "The column that tells a row's age.", _COLUMN_NAME, "ata_berth_utc"),
        Key(
            "age",
            "In hours or days.",
            {"type": "string", "pattern": "^[1-9][0-9]{0,3}[hd]$"},
            "30d",
        ),
        Key(
            "grain",
            "Give `day` where the column is a date; the day must be over in California before the age counts.",
            {"const": "day"},
            "day",
            needed=False,
        ),
    ),
)

JOIN = Place(
    "join",
    "A join",
    "One table that a query may join this one with, on these columns and no others.",
    (
        Key("with", "The other table.", _ref("table_name"), "freight.container_moves"),
        Key("ports", "Whose table it may be.", _ref("ports"), "[long_beach, oakland]"),
        Key(
            "on",
            "The columns that may be set equal: names that both tables have, or this table's column: the other's.",
            {
                "oneOf": [
                    _list(_COLUMN_NAME, uniqueItems=True),
                    _named({"minLength": 1}, _COLUMN_NAME),
                ]
            },
            "[vessel_imo]",
        ),
        Key(
            "values",
            "clear: the values themselves. hashed: both sides show a hash, which all ports make alike for one "
            "organisation.",
            {"enum": ["clear", "hashed"]},
            "clear",
        ),
    ),
)

STATISTICS = Place(
    "statistics",
    "Statistics",
    "On which terms figures may leave where rows may not.",
    (
        Key(
            "contributors",
            "Who must be behind each figure; all must hold.",
            _list(_ref("contributor")),
            "[{column: carrier_smdg, at_least: 5, max_share: 0.25}]",
        ),
        Key("functions", "The figures that may be asked for.", _set(FIGURES), "[count, sum]"),
    ),
)

CONTRIBUTOR = Place(
    "contributor",
    "A contributor",
    "How many must be behind a figure, and how much of it one may be.",
    (
        Key("column", "The column that names the contributor.", _COLUMN_NAME, "carrier_smdg"),
        Key("at_least", "So many different ones must be behind each figure.", _whole(2, 10**6), "5"),
        Key(
            "max_share",
            "None of them may have more than this part of it. Left out: no such limit.",
            {"type": "number", "exclusiveMinimum": 0, "maximum": 1},
            "0.25",
            needed=False,
        ),
    ),
)

PLACES = (
    DOCUMENT, AGREEMENT, WITH, LIMITS, TABLE, COLUMN, OPERATIONS, ATTRIBUTE, EMBARGO, JOIN, STATISTICS, CONTRIBUTOR,
)  # fmt: skip


# --- for editors ----------------------------------------------------------------------------------------------------

_NAME: Schema = {"type": "string", "pattern": "^[a-z][a-z0-9_]*$"}
_MASK_SAYS: Mapping[str, str] = {
    "null": "Nothing in place of the value.",
    "constant": "One fixed value in place of every value, of the column's type.",
    "keyed_hash": "A hash in place of a text: the same value gives one organisation the same hash, and two "
    "organisations different ones.",
    "truncate": "The first characters of a text.",
    "time_grain": "The moment, set back to the beginning of its hour, day, week, month, quarter or year.",
    "band": "The number, set down to the lower edge of its band.",
    "geo_grid": "The coordinate, set down to the edge of its cell.",
}


def json_schema() -> dict[str, Any]:
    """Write the JSON Schema of a port's file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$comment": "written by `make docs` from gateway/policy/schema.py; change that, not this file",
        "title": "What one port lets its partners read",
        "description": "The file policies/ports/<port>/data.yaml. What is not granted here is denied.",
        **_object(DOCUMENT),
        "$defs": {
            "agreement": _object(AGREEMENT),
            "with": _object(WITH),
            "limits": _object(LIMITS),
            "table": _table(),
            "column": {"description": COLUMN.says, "oneOf": list(_columns())},
            "alternative": {
                "description": "Conditions by column; all must hold.",
                **_named({"minLength": 1}, _ref("operations")),
            },
            "operations": _object(OPERATIONS),
            "attribute": {"description": "What the partner's token says of it.", **_object(ATTRIBUTE)},
            "embargo": _object(EMBARGO),
            "join": _object(JOIN),
            "statistics": _object(STATISTICS),
            "contributor": _object(CONTRIBUTOR),
            "scalar": {"type": ["string", "number", "boolean"]},
            "value": {"oneOf": [_ref("scalar"), _ref("attribute")]},
            "values": _list(_ref("value")),
            "name": _NAME,
            "names": _list(_NAME, uniqueItems=True),
            "ports": _list({"type": "string", "pattern": "^[a-z][a-z_]*$"}, uniqueItems=True),
            "email": {"type": "string", "pattern": "^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$"},
            "day": {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$", "format": "date"},
            "table_name": {"type": "string", "pattern": "^[a-z][a-z0-9_]*\\.[a-z][a-z0-9_]*$"},
            "sentence": {"type": "string", "minLength": 10, "maxLength": 200, "pattern": "^[A-Z].*\\.$"},
        },
    }


def _object(place: Place) -> dict[str, Any]:
    return {
        "type": "object",
        "additionalProperties": False,
        **({"required": list(place.needed)} if place.needed else {}),
        **({"minProperties": place.least} if place.least else {}),
        "properties": {key.name: _property(key) for key in place.keys},
    }


def _property(key: Key) -> dict[str, Any]:
    return {"description": f"{key.says} Example: {key.example}", **key.shape}


def _table() -> dict[str, Any]:
    """Write a table: figures need their terms, and rows have none."""
    figures = {"properties": {"release": {"const": "statistics"}}, "required": ["release"]}
    return _object(TABLE) | {
        "if": figures,
        "then": {"required": ["statistics"]},
        "else": {"not": {"required": ["statistics"]}},
    }


def _columns() -> list[dict[str, Any]]:
    """Write each form of a column: shown, shown for some uses, and under each mask."""
    keys = {key.name: _property(key) for key in COLUMN.keys}
    shown: list[dict[str, Any]] = [
        {"description": "The value itself, for all six uses.", "const": "show"},
        {
            "description": "The value itself, for these uses.",
            "type": "object",
            "additionalProperties": False,
            "required": ["uses"],
            "properties": {"uses": keys["uses"]},
        },
    ]
    masked = [
        {
            "description": _MASK_SAYS[mask],
            "type": "object",
            "additionalProperties": False,
            "required": ["mask", *(key for key in wanted if key != "fill")],
            "properties": {
                "mask": {
                    "description": _MASK_SAYS[mask],
                    **({"enum": [None, "null"]} if mask == "null" else {"const": mask}),
                },
                **{key: keys[key] for key in wanted},
                "uses": keys["uses"],
            },
        }
        for mask, wanted in MASK_KEYS.items()
    ]
    return shown + masked
