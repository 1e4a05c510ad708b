"""A port's file, as YAML text -> its document, and whatever is wrong with its shape, each with line and column.

Only shape is looked at here: keys, types, words of a list, what goes with what. Whether names exist and values fit
is for check.py. An agreement with a fault is left out of the draft, so that the rest can still be checked.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from gateway.model import PURPOSES, USES, JoinRule, JoinValues, Limits, Mask, MaskKind, Operator, Scalar, Use
from gateway.policy import language, schema
from gateway.policy.findings import Finding, Path, instead, nearest, written
from gateway.policy.language import (
    Agreement,
    ColumnRule,
    Condition,
    Contributor,
    Embargo,
    Operand,
    PartnerAttribute,
    Party,
    PortDocument,
    Release,
    Statistics,
    TableRule,
)
from gateway.policy.yaml_tree import LOADER, Node, read_tree

__all__ = ["Finding", "Reading", "read_document"]

_T = TypeVar("_T")
_BYTES = re.compile(r"([1-9][0-9]{0,5}) (kB|MB|GB)")
_POWERS = {"kB": 10**3, "MB": 10**6, "GB": 10**9}
_AGE = re.compile(r"([1-9][0-9]{0,3})([hd])")
_KINDS = {
    "map": "keys with values", "list": "a list", "text": "a text", "number": "a number", "truth": "true or false",
    "nothing": "nothing",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Reading:
    """What a file says."""

    document: PortDocument | None
    """None where any finding is an error."""
    findings: tuple[Finding, ...]
    draft: PortDocument | None
    """The document without the agreements that have faults; None where it cannot be told whose it is. Only for
    checking: it is not what the file says."""
    kept: tuple[int, ...]
    """For each agreement of the draft, its place in the file."""
    root: Node | None

    def place(self, path: Path, *, of_value: bool = False) -> tuple[int, int]:
        """Return line and column of what stands at a path: its key, or its value; else of the nearest thing above.

        >>> read_document("version: 1\\nport: oakland\\n").place(("port",))
        (2, 1)
        """
        found = node = self.root or Node("nothing", 1, 1)
        for step in path:
            if isinstance(step, int):
                if step >= len(node.items):
                    break
                found = node = node.items[step]
            elif step in node.entries:
                key, node = node.entries[step]
                found = node if of_value else key
            else:
                break
        return found.line, found.column


def read_document(text: str, *, loader: Any = LOADER) -> Reading:
    """Read a port's file."""
    root, findings = read_tree(text, loader=loader)
    if root is None:
        return Reading(None, tuple(findings), None, (), None)
    reader = _Reader(findings)
    draft, kept = reader.document(root)
    found = tuple(sorted(findings, key=lambda finding: (finding.line, finding.column)))
    return Reading(None if found else draft, found, draft, kept, root)


class _Reader:
    """Reads values out of nodes and writes down what is wrong; None stands for what could not be read."""

    def __init__(self, findings: list[Finding]) -> None:
        self._findings = findings

    def _fault(self, node: Node, path: Path, code: str, message: str, mend: str) -> None:
        self._findings.append(Finding(code, "error", message, mend, node.line, node.column, written(path)))

    # --- the file ---------------------------------------------------------------------------------------------------

    def document(self, root: Node) -> tuple[PortDocument | None, tuple[int, ...]]:
        keys = self._keys(root, schema.DOCUMENT, ())
        self._read(keys, "version", (), self._version)
        port = self._read(keys, "port", (), self._matching(language.PORT, "lower-case words and _, such as oakland"))
        organisation = self._read(keys, "organisation", (), self._name)
        contact = self._read(keys, "contact", (), self._email)
        suspended = self._read(keys, "suspended", (), self._truth)
        agreements = dict(self._agreements(keys))
        withheld = self._read(keys, "withheld", (), self._withheld)
        if port is None:
            return None, ()
        draft = PortDocument(
            port, organisation or "", contact or "", bool(suspended), tuple(agreements.values()), withheld or {}
        )
        return draft, tuple(agreements)

    def _agreements(self, keys: Mapping[str, Node]) -> Iterator[tuple[int, Agreement]]:
        node = keys.get("agreements")
        ids: set[str] = set()
        for place, item in enumerate(self._items(node, ("agreements",), least=0) if node else ()):
            before = len(self._findings)
            agreement = self._agreement(item, ("agreements", place))
            if agreement is None:
                continue
            if agreement.id in ids:
                path = ("agreements", place, "id")
                message = f"the id {agreement.id} stands in this file twice, so that neither agreement holds"
                self._fault(
                    item.entries["id"][1], path, "duplicate_id", message, "give each agreement a name of its own"
                )
            ids.add(agreement.id)
            if len(self._findings) == before and not self._faulty(item):
                yield place, agreement

    def _faulty(self, item: Node) -> bool:
        """Say whether the YAML of an agreement was found faulty before it was read."""
        last = _last_line(item)
        return any(item.line <= finding.line <= last for finding in self._findings)

    def _agreement(self, node: Node, path: Path) -> Agreement | None:
        keys = self._keys(node, schema.AGREEMENT, path)
        name = self._read(keys, "id", path, self._matching(language.ID, "lower-case words and -, such as oak-public"))
        party = self._read(keys, "with", path, self._party)
        purposes = self._read(keys, "purposes", path, self._set_of(PURPOSES, "unknown_purpose"))
        first = self._read(keys, "from", path, self._day)
        last = self._read(keys, "until", path, self._day)
        reason = self._read(keys, "reason", path, self._sentence)
        contact = self._read(keys, "contact", path, self._email)
        citation = self._read(keys, "citation", path, self._matching(language.CITATION, "one line of 1 to 200 signs"))
        suspended = self._read(keys, "suspended", path, self._truth)
        reciprocal = self._read(keys, "reciprocal", path, self._truth)
        limits = self._read(keys, "limits", path, self._limits)
        tables = self._read(keys, "tables", path, self._tables(reason or ""))
        if name is None:
            return None
        return Agreement(
            name, party or Party(), purposes or (), first or "", last or "", reason or "", tables or {},
            contact or "", citation or "", bool(suspended), bool(reciprocal), limits or Limits(),
        )  # fmt: skip

    def _party(self, node: Node, path: Path) -> Party | None:
        keys = self._keys(node, schema.WITH, path)
        classes = self._set_of(language.ORGANISATION_CLASSES, "unknown_class")
        return Party(
            self._read(keys, "organisations", path, self._names) or (),
            self._read(keys, "organisation_classes", path, classes) or (),
            self._read(keys, "roles", path, self._names) or (),
        )

    def _limits(self, node: Node, path: Path) -> Limits | None:
        keys = self._keys(node, schema.LIMITS, path)
        return Limits(
            self._read(keys, "rows", path, self._limit),
            self._read(keys, "queries_a_day", path, self._limit),
            self._read(keys, "bytes_a_day", path, self._bytes),
        )

    def _limit(self, node: Node, path: Path) -> int | None:
        if node.kind == "number" and language.is_whole(node.value, 1, language.MOST):
            return cast(int, node.value)
        mend = "write a whole number from 1; to stop the agreement, write `suspended: true`"
        self._fault(node, path, "limit", f"`{_said(node)}` is no limit", mend)
        return None

    def _bytes(self, node: Node, path: Path) -> int | None:
        found = _BYTES.fullmatch(node.raw) if node.kind == "text" else None
        if found:
            return int(found[1]) * _POWERS[found[2]]
        if node.kind == "number" and language.is_whole(node.value, 1, language.MOST):
            return cast(int, node.value)
        mend = "write a whole number of bytes from 1, or such as 50 MB (kB, MB, GB)"
        self._fault(node, path, "limit", f"`{_said(node)}` is no limit", mend)
        return None

    def _withheld(self, node: Node, path: Path) -> Mapping[str, Mapping[str, str]]:
        return self._named(
            node, path, self._words_of_table, name=self._table_name, least=0, what="tables with their words"
        )

    def _words_of_table(self, node: Node, path: Path) -> Mapping[str, str]:
        return self._named(node, path, self._sentence, what="columns with a sentence each")

    # --- a table ----------------------------------------------------------------------------------------------------

    def _tables(self, reason: str) -> Callable[[Node, Path], Mapping[str, TableRule]]:
        def read(node: Node, path: Path) -> Mapping[str, TableRule]:
            return self._named(
                node, path, lambda one, at: self._table(one, at, reason), name=self._table_name, what="tables"
            )

        return read

    def _table(self, node: Node, path: Path, reason: str) -> TableRule:
        keys = self._keys(node, schema.TABLE, path)
        release = self._read(keys, "release", path, self._word(("rows", "statistics"), "release"))
        rule = TableRule(
            cast(Release, release or "rows"),
            self._read(keys, "reason", path, self._sentence) or reason,
            self._read(keys, "columns", path, self._columns) or {},
            self._read(keys, "rows", path, self._rows) or ((),),
            self._read(keys, "embargo", path, self._embargo),
            self._read(keys, "joins", path, self._joins),
            self._read(keys, "statistics", path, self._statistics),
        )
        self._release(keys, release, path)
        return rule

    def _release(self, keys: Mapping[str, Node], release: str | None, path: Path) -> None:
        if release == "statistics" and "statistics" not in keys:
            mend = "add statistics: {contributors: [{column: …, at_least: 5}], functions: [count]}"
            message = "`release: statistics` needs the terms on which figures may leave"
            self._fault(keys["release"], (*path, "release"), "missing_key", message, mend)
        if release == "rows" and "statistics" in keys:
            message = "`statistics` stands beside `release: rows`"
            mend = "leave it out, or write `release: statistics`"
            self._fault(keys["statistics"], (*path, "statistics"), "wrong_key", message, mend)

    def _columns(self, node: Node, path: Path) -> Mapping[str, ColumnRule]:
        return self._named(node, path, self._column, what="columns, such as call_id: show")

    def _column(self, node: Node, path: Path) -> ColumnRule | None:
        if node.kind != "map":
            if node.raw == "show" and node.kind == "text":
                return ColumnRule()
            mend = "write `show`, {uses: […]} or {mask: …}; to hide the column leave it out"
            self._fault(node, path, "wrong_value", f"`{_said(node)}` says nothing about a column", mend)
            return None
        keys = self._keys(node, schema.COLUMN, path)
        uses = self._read(keys, "uses", path, self._set_of(USES, "unknown_use")) or USES
        mask = self._read(keys, "mask", path, self._mask_of(keys))
        if "mask" not in keys:
            self._no_mask_keys(keys, "", path)
        return ColumnRule(cast(frozenset[Use], frozenset(uses)), mask)

    def _mask_of(self, keys: Mapping[str, Node]) -> Callable[[Node, Path], Mask | None]:
        def read(node: Node, path: Path) -> Mask | None:
            kind = "null" if node.kind == "nothing" else node.raw
            if node.kind not in ("nothing", "text") or kind not in language.WRITTEN_MASKS:
                mend = instead(_said(node), language.WRITTEN_MASKS)
                self._fault(node, path, "unknown_mask", f"`{_said(node)}` is no mask", mend)
                return None
            return self._mask(kind, node, keys, path[:-1])

        return read

    def _mask(self, kind: MaskKind, node: Node, keys: Mapping[str, Node], path: Path) -> Mask | None:
        self._no_mask_keys(keys, kind, path)
        wanted = schema.MASK_KEYS[kind]
        if not wanted:
            return Mask(kind)
        key = wanted[0]
        if key not in keys:
            mend = f"add `{key}`: {_says(schema.COLUMN, key)}"
            self._fault(node, (*path, "mask"), "missing_key", f"the mask {kind} needs `{key}`", mend)
            return None
        value = keys[key]
        if value.kind in ("map", "list", "nothing") or not language.MASK_VALUES[kind](value.value):
            mend = f"it is so written: {_says(schema.COLUMN, key)}"
            self._fault(value, (*path, key), "mask_value", f"`{_said(value)}` is no `{key}` of the mask {kind}", mend)
            return None
        return Mask(kind, value.value, self._fill(keys, path) if "fill" in wanted else "")

    def _fill(self, keys: Mapping[str, Node], path: Path) -> str:
        node = keys.get("fill")
        if node is None:
            return ""
        if node.kind != "text" or len(node.raw) != 1:
            mend = 'write one character in quotes, such as "*", or leave it out'
            self._fault(node, (*path, "fill"), "mask_value", f"`{_said(node)}` is not one character", mend)
            return ""
        return node.raw

    def _no_mask_keys(self, keys: Mapping[str, Node], kind: str, path: Path) -> None:
        """Find the keys of other masks."""
        for key in keys:
            if key not in ("uses", "mask", *schema.MASK_KEYS.get(kind, ())):
                of = [one for one, wanted in schema.MASK_KEYS.items() if key in wanted]
                message = f"`{key}` does not go with the mask {kind}" if kind else f"`{key}` stands without a mask"
                mend = f"leave it out, or write mask: {' or '.join(of)}"
                self._fault(keys[key], (*path, key), "wrong_key", message, mend)

    # --- rows -------------------------------------------------------------------------------------------------------

    def _rows(self, node: Node, path: Path) -> tuple[tuple[Condition, ...], ...] | None:
        if node.kind == "text" and node.raw == "all":
            return ((),)
        if node.kind != "list":
            mend = "write `all`, or a list of alternatives: - column: {eq: value}"
            self._fault(node, path, "wrong_type", f"rows are `all` or a list, not {_KINDS[node.kind]}", mend)
            return None
        alternatives = [self._alternative(item, (*path, at)) for at, item in enumerate(self._items(node, path))]
        return tuple(alternatives) or None

    def _alternative(self, node: Node, path: Path) -> tuple[Condition, ...]:
        found = self._named(node, path, self._operations, what="columns with conditions, such as teu: {gt: 2}")
        return tuple(
            Condition(column, cast(Operator, op), value)
            for column, operations in found.items()
            for op, value in operations.items()
        )

    def _operations(self, node: Node, path: Path) -> Mapping[str, Operand | tuple[Operand, ...] | None] | None:
        if node.kind in ("text", "number", "truth"):
            mend = f"write {{eq: {node.raw}}}"
            self._fault(node, path, "wrong_type", f"`{node.raw}` stands without a comparison", mend)
            return None
        keys = self._keys(node, schema.OPERATIONS, path, "unknown_operator")
        return {op: self._operand_of(op, value, (*path, op)) for op, value in keys.items()}

    def _operand_of(self, op: str, node: Node, path: Path) -> Operand | tuple[Operand, ...] | None:
        if op in ("is_null", "not_null"):
            if node.value is not True:
                other = "not_null" if op == "is_null" else "is_null"
                self._fault(node, path, "wrong_value", f"`{op}` is true or left out", f"write `{other}: true` for no")
            return None
        if op in ("in", "not_in", "between"):
            return self._operands(op, node, path)
        value = self._operand(node, path)
        if op == "starts_with" and value is not None and not _is_prefix(value):
            mend = "write a text of at least one character, in quotes if it is a number"
            self._fault(node, path, "wrong_value", f"a text cannot begin with `{_said(node)}`", mend)
        return value

    def _operands(self, op: str, node: Node, path: Path) -> tuple[Operand, ...]:
        items = self._items(node, path)
        if op == "between" and items and len(items) != 2:
            message = f"`between` takes two values, and here are {len(items)}"
            self._fault(node, path, "wrong_value", message, "write [lowest, highest]")
        found = [self._operand(item, (*path, at)) for at, item in enumerate(items)]
        return tuple(value for value in found if value is not None)

    def _operand(self, node: Node, path: Path) -> Operand | None:
        if node.kind == "map":
            keys = self._keys(node, schema.ATTRIBUTE, path)
            name = self._read(keys, "partner", path, self._name)
            return None if name is None else PartnerAttribute(name)
        if node.kind == "nothing":
            message, mend = "nothing can be compared with nothing", "write `is_null: true` for an empty column"
            self._fault(node, path, "wrong_type", message, mend)
            return None
        if node.kind == "list":
            self._fault(node, path, "wrong_type", "a list stands where one value would", "write `in` for a list")
            return None
        return cast(Scalar, node.value)

    def _embargo(self, node: Node, path: Path) -> Embargo | None:
        keys = self._keys(node, schema.EMBARGO, path)
        column = self._read(keys, "column", path, self._column_name)
        hours = self._read(keys, "age", path, self._age)
        grain = self._read(keys, "grain", path, self._word(("day",), "wrong_value"))
        if column is None or hours is None:
            return None
        return Embargo(column, hours, "day" if grain else "instant")

    def _age(self, node: Node, path: Path) -> int | None:
        found = _AGE.fullmatch(node.raw)
        if node.kind != "text" or not found:
            mend = "write hours or days, such as 24h or 30d (at most four digits)"
            self._fault(node, path, "wrong_value", f"`{_said(node)}` is no age", mend)
            return None
        return int(found[1]) * (24 if found[2] == "d" else 1)

    # --- joins and statistics ---------------------------------------------------------------------------------------

    def _joins(self, node: Node, path: Path) -> tuple[JoinRule, ...]:
        items = self._items(node, path, least=0)
        found = [self._join(item, (*path, at)) for at, item in enumerate(items)]
        return tuple(join for join in found if join)

    def _join(self, node: Node, path: Path) -> JoinRule | None:
        keys = self._keys(node, schema.JOIN, path)
        table = self._read(keys, "with", path, self._table_name)
        ports = self._read(keys, "ports", path, self._ports)
        pairs = self._read(keys, "on", path, self._pairs)
        values = self._read(keys, "values", path, self._word(("clear", "hashed"), "wrong_value"))
        if table is None or not ports or not pairs or values is None:
            return None
        return JoinRule(table, frozenset(ports), pairs, cast(JoinValues, values))

    def _ports(self, node: Node, path: Path) -> tuple[str, ...]:
        return self._each(node, path, self._matching(language.PORT, "a port's id, such as oakland"))

    def _pairs(self, node: Node, path: Path) -> tuple[tuple[str, str], ...]:
        if node.kind == "map":
            found = self._named(node, path, self._column_name, what="columns, such as vessel_imo: imo")
            return tuple(found.items())
        return tuple((name, name) for name in self._each(node, path, self._column_name))

    def _statistics(self, node: Node, path: Path) -> Statistics | None:
        keys = self._keys(node, schema.STATISTICS, path)
        contributors = self._read(keys, "contributors", path, self._contributors)
        functions = self._read(keys, "functions", path, self._set_of(language.FIGURES, "unknown_figure"))
        return Statistics(contributors, functions) if contributors and functions else None

    def _contributors(self, node: Node, path: Path) -> tuple[Contributor, ...]:
        items = self._items(node, path)
        found = [self._contributor(item, (*path, at)) for at, item in enumerate(items)]
        return tuple(one for one in found if one)

    def _contributor(self, node: Node, path: Path) -> Contributor | None:
        keys = self._keys(node, schema.CONTRIBUTOR, path)
        column = self._read(keys, "column", path, self._column_name)
        least = self._read(keys, "at_least", path, self._at_least)
        share = self._read(keys, "max_share", path, self._share)
        return Contributor(column, least, share) if column and least else None

    def _at_least(self, node: Node, path: Path) -> int | None:
        if node.kind == "number" and language.is_whole(node.value, 2, 10**6):
            return cast(int, node.value)
        message = f"`{_said(node)}` is no number of contributors"
        self._fault(node, path, "wrong_value", message, "write a whole number from 2; one alone is no crowd")
        return None

    def _share(self, node: Node, path: Path) -> float | None:
        if node.kind == "number" and language.is_positive(node.value) and cast(float, node.value) <= 1:
            return cast(float, node.value)
        self._fault(node, path, "wrong_value", f"`{_said(node)}` is no part of one", "write such as 0.25 for a quarter")
        return None

    # --- single values ----------------------------------------------------------------------------------------------

    def _version(self, node: Node, path: Path) -> int | None:
        if node.kind != "number" or node.value != language.VERSION:
            message, mend = f"`{_said(node)}` is no version of this format", f"write {language.VERSION}"
            self._fault(node, path, "version", message, mend)
            return None
        return language.VERSION

    def _text(self, node: Node, path: Path) -> str | None:
        if node.kind != "text":
            quoted = f'; in quotes: "{node.raw}"' if node.kind in ("number", "truth") else ""
            message = f"here is {_KINDS[node.kind]} where a text is wanted"
            self._fault(node, path, "wrong_type", message, f"write a text{quoted}")
            return None
        return node.raw

    def _truth(self, node: Node, path: Path) -> bool | None:
        if node.kind != "truth":
            self._fault(node, path, "wrong_type", f"`{_said(node)}` is neither true nor false", "write true or false")
            return None
        return bool(node.value)

    def _matching(self, pattern: re.Pattern[str], wanted: str) -> Callable[[Node, Path], str | None]:
        def read(node: Node, path: Path) -> str | None:
            text = self._text(node, path)
            if text is not None and not pattern.fullmatch(text):
                self._fault(node, path, "wrong_value", f"`{text}` may not stand here", f"write {wanted}")
                return None
            return text

        return read

    def _name(self, node: Node, path: Path) -> str | None:
        return self._matching(language.NAME, "lower-case words and _, such as state_agency")(node, path)

    def _names(self, node: Node, path: Path) -> tuple[str, ...]:
        return self._each(node, path, self._name)

    def _email(self, node: Node, path: Path) -> str | None:
        return self._matching(language.EMAIL, "an address, such as data-desk@oakland.example")(node, path)

    def _column_name(self, node: Node, path: Path) -> str | None:
        return self._matching(_NOT_EMPTY, "the name of a column")(node, path)

    def _table_name(self, node: Node, path: Path) -> str | None:
        wanted = "schema.table in lower case, such as freight.vessel_calls"
        return self._matching(language.TABLE, wanted)(node, path)

    def _day(self, node: Node, path: Path) -> str | None:
        text = self._text(node, path)
        if text is not None and not language.is_day(text):
            message, mend = f"`{text}` is no day", 'write year, month and day in quotes: "2028-01-01"'
            self._fault(node, path, "day", message, mend)
            return None
        return text

    def _sentence(self, node: Node, path: Path) -> str | None:
        text = self._text(node, path)
        if text is not None and not language.SENTENCE.fullmatch(text):
            mend = "write one line of 10 to 200 characters that begins with a capital and ends with a full stop"
            self._fault(node, path, "sentence", f"`{_short(text)}` is no sentence for partners", mend)
            return None
        return text

    def _word(self, known: tuple[str, ...], code: str) -> Callable[[Node, Path], str | None]:
        def read(node: Node, path: Path) -> str | None:
            if node.kind != "text" or node.raw not in known:
                mend = instead(_said(node), known)
                self._fault(node, path, code, f"`{_said(node)}` may not stand here", mend)
                return None
            return node.raw

        return read

    def _set_of(self, known: tuple[str, ...], code: str) -> Callable[[Node, Path], tuple[str, ...]]:
        return lambda node, path: self._each(node, path, self._word(known, code))

    # --- shapes -----------------------------------------------------------------------------------------------------

    def _keys(self, node: Node, place: schema.Place, path: Path, code: str = "unknown_key") -> Mapping[str, Node]:
        """Return the values by key, known keys only."""
        if node.kind != "map":
            mend = f"write keys with values: {', '.join(place.needed or place.names)}"
            message = f"{place.title[0].lower()}{place.title[1:]} is written with keys, and here is {_KINDS[node.kind]}"
            self._fault(node, path, "wrong_type", message, mend)
            return {}
        known, meant = place.names, set()
        for name, (key, _) in node.entries.items():
            if name not in known:
                meant.add(nearest(name, known))
                self._fault(key, (*path, name), code, f"`{name}` is no key here", instead(name, known))
        for name in place.needed:
            if name not in node.entries and name not in meant:
                mend = f"add `{name}`: {_says(place, name)}"
                self._fault(node, path, "missing_key", f"`{name}` is missing", mend)
        if len(node.entries) < place.least:
            self._fault(node, path, "missing_key", "nothing stands here", f"give one of: {', '.join(known)}")
        return {name: value for name, (_, value) in node.entries.items() if name in known}

    def _read(
        self, keys: Mapping[str, Node], name: str, path: Path, read: Callable[[Node, Path], _T | None]
    ) -> _T | None:
        return read(keys[name], (*path, name)) if name in keys else None

    def _named(
        self,
        node: Node,
        path: Path,
        read: Callable[[Node, Path], _T | None],
        *,
        what: str,
        name: Callable[[Node, Path], str | None] | None = None,
        least: int = 1,
    ) -> dict[str, _T]:
        """Read a map whose keys are names of the steward's own."""
        if node.kind != "map":
            message = f"here is {_KINDS[node.kind]} where {what} are wanted"
            self._fault(node, path, "wrong_type", message, f"write {what}")
            return {}
        if len(node.entries) < least:
            self._fault(node, path, "empty", "nothing stands here", f"write {what}, or leave the whole out")
        found = {}
        for key, (own, value) in node.entries.items():
            at = (*path, key)
            text = (name or self._column_name)(own, at)
            one = read(value, at)
            if text is not None and one is not None:
                found[text] = one
        return found

    def _items(self, node: Node, path: Path, least: int = 1) -> list[Node]:
        if node.kind != "list":
            message = f"here is {_KINDS[node.kind]} where a list is wanted"
            mend = f"write [{node.raw}]" if node.raw else "write each one on its own line, with - before it"
            self._fault(node, path, "wrong_type", message, mend)
            return []
        if len(node.items) < least:
            self._fault(node, path, "empty", "the list is empty", "write at least one, or leave the whole out")
        return node.items

    def _each(self, node: Node, path: Path, read: Callable[[Node, Path], str | None]) -> tuple[str, ...]:
        """Read a list of words, each of them once."""
        found: list[str] = []
        for place, item in enumerate(self._items(node, path)):
            word = read(item, (*path, place))
            if word in found:
                self._fault(item, (*path, place), "said_twice", f"`{word}` stands in this list twice", "keep one")
            elif word is not None:
                found.append(word)
        return tuple(found)


_NOT_EMPTY = re.compile(r"(?s).+")


def _is_prefix(value: Operand) -> bool:
    return isinstance(value, PartnerAttribute) or (isinstance(value, str) and value != "")


def _says(place: schema.Place, name: str) -> str:
    said = next(key.says for key in place.keys if key.name == name)
    return said[0].lower() + said[1:].removesuffix(".")


def _said(node: Node) -> str:
    return _short(node.raw) if node.raw else _KINDS[node.kind]


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def _last_line(node: Node) -> int:
    """Return the line of the last thing in a tree."""
    while node.items or node.entries:
        node = node.items[-1] if node.items else next(reversed(node.entries.values()))[1]
    return node.line
