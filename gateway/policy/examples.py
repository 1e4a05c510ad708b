"""A steward's examples, as YAML text -> questions to the rules, what came of them, and which agreements none touches.

An example says who asks, for which purpose and of which table, and then one of three things: rows as the port holds
them and what is seen of each; columns that are refused; columns with the uses that they are given for. The rules
themselves answer (policies/gateway/access and cells); nothing of their meaning is written here a second time.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from gateway.model import (
    CANONICAL_CATALOG,
    CANONICAL_SCHEMA,
    PURPOSES,
    USES,
    Catalog,
    Partner,
    TableName,
)
from gateway.policy.findings import Finding, instead
from gateway.policy.language import ORGANISATION_CLASSES, PortDocument, is_day
from gateway.policy.question import partner_data
from gateway.policy.yaml_tree import Node, plain, read_tree

HASH_LENGTH = 32
KEYS = {
    "port": hashlib.sha256(b"an example's port").hexdigest(),
    "*": hashlib.sha256(b"an example's joins").hexdigest(),
}
"""Keys of hashes in examples: a cell `{hash: VALUE}` is what the rules make of VALUE under them."""

_HEAD = ("version", "port", "examples")
_NEEDED = ("name", "as", "purpose", "table")
_KEYS = (*_NEEDED, "on", "rows", "sees", "refused", "gives")
_PARTNER = ("organisation", "organisation_class", "roles", "attributes")
_MOMENT = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]Z")

Cells = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Example:
    """One example, understood."""

    name: str
    line: int
    column: int
    question: Mapping[str, Any]
    """What is asked of the rules."""
    types: Mapping[str, str]
    """The columns of the table that the port keeps."""
    rows: tuple[Cells, ...] = ()
    sees: tuple[Cells | None, ...] = ()
    """What is seen, row by row; None: nothing. Where none is None, hidden rows have no line of their own."""
    lines: tuple[tuple[int, int], ...] = ()
    """Where each of `sees` stands."""
    refused: tuple[str, ...] = ()
    gives: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def input(self) -> dict[str, Any]:
        """What OPA is given."""
        port = self.question["tables"][0]["port"]
        keys = {port: KEYS["port"], "*": KEYS["*"]}
        return {"question": self.question, "types": self.types, "rows": list(self.rows), "mask_keys": keys}

    @property
    def table(self) -> str:
        """The table as agreements name it."""
        asked = self.question["tables"][0]
        return f"{asked['schema']}.{asked['table']}"


@dataclass(frozen=True, slots=True)
class Coverage:
    """Which tables of which agreements an example touches."""

    touched: int
    missing: tuple[tuple[str, str], ...]
    """Agreement, table."""

    @property
    def percent(self) -> float:
        """How much is touched, in percent."""
        total = self.touched + len(self.missing)
        return 100.0 * self.touched / total if total else 100.0


# --- reading --------------------------------------------------------------------------------------------------------


def read_examples(
    text: str, port: str, catalog: Catalog, partners: Mapping[str, Partner], now: str
) -> tuple[list[Example], list[Finding]]:
    """Read the examples of one port; `now` is the moment of those that name none."""
    root, findings = read_tree(text)
    if root is None or findings:
        return [], findings
    reader = _Reader(port, catalog, partners, now)
    return list(reader.examples(root)), reader.findings


class _Fault(Exception):
    """An example that cannot be understood."""


class _Reader:
    def __init__(self, port: str, catalog: Catalog, partners: Mapping[str, Partner], now: str) -> None:
        self._port, self._catalog, self._partners, self._now = port, catalog, partners, now
        self.findings: list[Finding] = []

    def examples(self, root: Node) -> Iterator[Example]:
        try:
            self._keys(root, _HEAD, _HEAD[:1] + _HEAD[2:])
            self._demand(_value(root, "version") == 1, root, "the version is not 1", "write `version: 1`")
            port = _value(root, "port") or self._port
            self._demand(port == self._port, root, f"these are examples of {port}", f"write `port: {self._port}`")
            listed = root.entries["examples"][1]
            self._demand(listed.kind == "list", listed, "examples are a list", "begin each with `- name:`")
        except _Fault:
            return
        for node in listed.items:
            try:
                yield self._example(node)
            except _Fault:
                continue

    def _example(self, node: Node) -> Example:
        self._keys(node, _KEYS, _NEEDED)
        said = {key: value for key, (_, value) in node.entries.items()}
        kinds = [key for key in ("sees", "refused", "gives") if key in said]
        self._demand(
            len(kinds) == 1 and ("rows" in said) == ("sees" in said),
            node,
            "an example says one thing: rows and what is seen of them, or what is refused, or what is given",
            "keep `rows` with `sees`, or `refused`, or `gives`",
        )
        schema, name, types = self._table(said["table"])
        wanted = self._wanted(said, types)
        question = {
            "partner": self._partner(said["as"]),
            "purpose": self._one_of(said["purpose"], PURPOSES, "purpose"),
            "now": self._moment(said.get("on")),
            "spent": {},
            "tables": [{"port": self._port, "schema": schema, "table": name, "columns": wanted}],
        }
        title = str(said["name"].value)
        if kinds == ["sees"]:
            rows, sees = said["rows"].items, said["sees"].items
            seen = tuple(self._seen(item) for item in sees)
            right = len(rows) == len(sees) if None in seen else len(rows) >= len(sees)
            self._demand(
                right,
                said["sees"],
                "the lines do not fit the rows",
                "write one for each row, or leave out all that are `hidden`",
            )
            lines = tuple((item.line, item.column) for item in sees)
            return Example(title, node.line, node.column, question, types, tuple(map(plain, rows)), seen, lines)
        if kinds == ["refused"]:
            return Example(title, node.line, node.column, question, types, refused=tuple(wanted))
        gives = {column: frozenset(uses) for column, uses in plain(said["gives"]).items()}
        return Example(title, node.line, node.column, question, types, gives=gives)

    def _wanted(self, said: Mapping[str, Node], types: Mapping[str, str]) -> dict[str, list[str]]:
        """Say which columns are asked for, and what for: what is seen is selected."""
        if "sees" in said:
            maps = [*self._list(said["rows"]), *(item for item in self._list(said["sees"]) if item.kind == "map")]
            columns = {name: key for item in maps for name, (key, _) in self._map(item).items()}
            wanted = {name: ["select"] for name in columns}
        elif "gives" in said:
            columns = {name: key for name, (key, _) in self._map(said["gives"]).items()}
            for _, value in said["gives"].entries.values():
                self._uses(value)
            wanted = {name: list(USES) for name in columns}
        elif said["refused"].kind == "map":
            columns = {name: key for name, (key, _) in said["refused"].entries.items()}
            wanted = {name: self._uses(value) for name, (_, value) in said["refused"].entries.items()}
        else:
            columns = {str(item.value): item for item in self._list(said["refused"])}
            wanted = {name: list(USES) for name in columns}
        for name, key in columns.items():
            self._demand(name in types, key, f"the port keeps no column {name} here", instead(name, types))
        return wanted

    def _table(self, node: Node) -> tuple[str, str, dict[str, str]]:
        schema, _, name = str(node.value).partition(".")
        found = TableName(CANONICAL_CATALOG if schema == CANONICAL_SCHEMA else self._port, schema, name)
        table = self._catalog.tables.get(found)
        mapping = self._catalog.mappings.get(name, {}).get(self._port) if schema == CANONICAL_SCHEMA else None
        if table is None or (schema == CANONICAL_SCHEMA and mapping is None):
            known = {
                f"{one.schema}.{one.table}"
                for one in self._catalog.tables
                if one.catalog in (self._port, CANONICAL_CATALOG)
            }
            self._demand(False, node, f"{self._port} has no table {node.value}", instead(str(node.value), known))
            raise AssertionError
        kept = table.columns if mapping is None else mapping.columns
        return schema, name, {column: table.columns[column].type for column in table.columns if column in kept}

    def _partner(self, node: Node) -> dict[str, Any]:
        if node.kind == "map":
            self._keys(node, _PARTNER, _PARTNER[:2])
            said = plain(node)
            self._one_of(node.entries["organisation_class"][1], ORGANISATION_CLASSES, "organisation class")
            roles, attributes = said.get("roles") or [], said.get("attributes") or {}
            texts = isinstance(roles, list) and isinstance(attributes, dict)
            texts = texts and all(isinstance(value, str) for value in (*roles, *attributes.values()))
            self._demand(
                texts, node, "roles and attributes are texts", "write roles: [planner], attributes: {port: oakland}"
            )
            return {**said, "id": "example", "roles": roles, "attributes": attributes}
        partner = self._partners.get(str(node.value))
        if partner is None:
            self._demand(False, node, f"there is no partner {node.value}", instead(str(node.value), self._partners))
            raise AssertionError
        return partner_data(partner)

    def _moment(self, node: Node | None) -> str:
        if node is None:
            return self._now
        text = str(node.value)
        if is_day(text):
            return f"{text}T00:00:00Z"
        found = _MOMENT.fullmatch(text)
        right = found is not None and is_day(found[1])
        self._demand(right, node, "this is no day or moment", 'write "2026-11-22" or "2026-11-22T16:45:06Z"')
        return text

    def _seen(self, node: Node) -> Cells | None:
        hidden = node.kind == "text" and node.value == "hidden"
        self._demand(
            hidden or node.kind == "map", node, "not cells, and not `hidden`", "write {column: value} or hidden"
        )
        return None if hidden else plain(node)

    def _uses(self, node: Node) -> list[str]:
        return [self._one_of(item, USES, "use") for item in self._list(node)]

    def _one_of(self, node: Node, known: tuple[str, ...], what: str) -> str:
        self._demand(node.value in known, node, f"there is no {what} {node.value}", instead(str(node.value), known))
        return str(node.value)

    def _list(self, node: Node) -> list[Node]:
        self._demand(
            node.kind == "list" and bool(node.items), node, "this is no list of anything", "write [one, other]"
        )
        return node.items

    def _map(self, node: Node) -> dict[str, tuple[Node, Node]]:
        self._demand(node.kind == "map", node, "these are no columns with values", "write {column: value}")
        return node.entries

    def _keys(self, node: Node, known: tuple[str, ...], needed: tuple[str, ...]) -> None:
        for name, (key, _) in self._map(node).items():
            self._demand(name in known, key, f"the key `{name}` is unknown", instead(name, known))
        for name in needed:
            self._demand(name in node.entries, node, f"`{name}` is missing", f"add `{name}:`")

    def _demand(self, holds: bool, node: Node, message: str, mend: str) -> None:
        if not holds:
            self.findings.append(Finding("example", "error", message, mend, node.line, node.column, ""))
            raise _Fault


def _value(node: Node, key: str) -> Any:
    return node.entries[key][1].value if key in node.entries else None


# --- judging --------------------------------------------------------------------------------------------------------


def judge(example: Example, answer: Mapping[str, Any]) -> Iterator[Finding]:
    """Compare an example with what the rules said: `decision`, and `shown` for each row."""
    table = answer["decision"]["tables"][0]
    for column in example.refused:
        givers = [agreement["id"] for agreement in table["agreements"] if column in agreement["columns"]]
        if givers:
            message = f"{column} is to be refused, and {' and '.join(givers)} gives it"
            yield _wrong(example, message, (example.line, example.column))
    for column, uses in example.gives.items():
        given = _uses_given(table, column)
        if given != uses:
            message = f"{column} is to be given for {_listed(uses)}, and is given for {_listed(given)}"
            yield _wrong(example, message, (example.line, example.column))
    if example.rows:
        yield from _rows_judged(example, answer["shown"])


def _rows_judged(example: Example, shown: list[Cells | None]) -> Iterator[Finding]:
    if None not in example.sees:
        shown = [cells for cells in shown if cells is not None]
    if len(shown) != len(example.sees):
        message = f"expected {len(example.sees)} rows to be seen, and {len(shown)} are"
        yield _wrong(example, message, (example.line, example.column))
        return
    for place, (expected, got) in enumerate(zip(example.sees, shown, strict=True)):
        for message in _differences(example, expected, got):
            yield _wrong(example, f"line {place + 1} of what is seen: {message}", example.lines[place])


def _uses_given(table: Mapping[str, Any], column: str) -> frozenset[str]:
    giving = [agreement for agreement in table["agreements"] if column in agreement["columns"]]
    return frozenset(use for agreement in giving for use in agreement["uses"].get(column, USES))


def _differences(example: Example, expected: Cells | None, got: Cells | None) -> Iterator[str]:
    if expected is None or got is None:
        if expected is not None:
            yield f"expected {_row(expected)}, and the row is hidden"
        if got is not None:
            yield f"expected the row to be hidden, and {_row(got)} is seen"
        return
    for column in got:
        wanted, found = expected.get(column), got[column]
        if not _is_same(wanted, found, example.types[column]):
            yield f"{column}: expected {_said(wanted)}, and {_said(found)} came"


def _is_same(wanted: Any, found: Any, type_: str) -> bool:
    if isinstance(wanted, dict):
        return set(wanted) == {"hash"} and found == _hash(str(wanted["hash"]))
    if isinstance(wanted, str) and isinstance(found, str) and type_.startswith("timestamp"):
        return _moment(wanted) == _moment(found)
    return wanted == found and (type(wanted) is type(found) or _are_numbers(wanted, found))


def _are_numbers(*values: Any) -> bool:
    return all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)


def _moment(text: str) -> str:
    """Write a moment in one way: no zeros at the end of the fraction.

    >>> _moment("2026-11-22 08:00:00.500"), _moment("2026-11-22 08:00:00.000"), _moment("2026-11-22 08:00:00")
    ('2026-11-22 08:00:00.5', '2026-11-22 08:00:00', '2026-11-22 08:00:00')
    """
    moment = text.replace("T", " ").removesuffix("Z").removesuffix(" UTC")
    return moment.rstrip("0").rstrip(".") if "." in moment else moment


def _hash(value: str) -> str:
    digest = hmac.new(bytes.fromhex(KEYS["port"]), value.encode(), "sha256").hexdigest()
    return digest.upper()[:HASH_LENGTH]


def _wrong(example: Example, message: str, place: tuple[int, int]) -> Finding:
    mend = f"mend the agreements over {example.table}, or the example if it is what is wrong"
    return Finding("example_fails", "error", f"{example.name}: {message}", mend, *place, "")


def _row(cells: Cells) -> str:
    shown = {column: value for column, value in cells.items() if value is not None}
    return "{" + ", ".join(f"{column}: {_said(value)}" for column, value in shown.items()) + "}"


def _said(value: Any) -> str:
    return "nothing" if value is None else repr(value) if isinstance(value, str) else str(value)


def _listed(uses: Iterable[str]) -> str:
    return ", ".join(use for use in USES if use in uses) or "nothing"


# --- coverage -------------------------------------------------------------------------------------------------------


def coverage(document: PortDocument, tried: Iterable[tuple[Example, Mapping[str, Any]]]) -> Coverage:
    """Say which tables of agreements gave something to an example; statistics, which give nothing yet, do not count."""
    touched = {
        (agreement["id"], example.table)
        for example, answer in tried
        for agreement in answer["decision"]["tables"][0]["agreements"]
        if agreement["columns"]
    }
    there = [
        (agreement.id, table)
        for agreement in document.agreements
        for table, rule in agreement.tables.items()
        if rule.release == "rows"
    ]
    missing = tuple(one for one in there if one not in touched)
    return Coverage(len(there) - len(missing), missing)
