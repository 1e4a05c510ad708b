"""YAML text -> a tree of maps, lists and scalars, each with its line and column, and what is wrong with the YAML.

Read is the part of YAML on which all readers agree. The rest is a finding, because two readers may take it for two
different things: a key that stands twice, an anchor, an alias, a tag, a second document, and a plain scalar such as
`NO`, `0123`, `12:30` or `2026-01-01` that is a text to one reader and something else to the next.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from typing import Any, Literal

import yaml

from gateway.policy.findings import Finding, Path, written

# libyaml where PyYAML was built with it: ten times as fast, the same events
LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 24
MAX_CHARACTERS = 8_000_000

Kind = Literal["map", "list", "text", "number", "truth", "nothing"]
Value = str | int | float | bool | None

_NOTHING = frozenset(("", "~", "null", "Null", "NULL"))
_TRUTHS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_WHOLE = re.compile(r"[-+]?(0|[1-9][0-9]{0,17})")
_NUMBER = re.compile(r"[-+]?(0|[1-9][0-9]*)?\.?[0-9]+([eE][-+]?[0-9]+)?|[-+]?(0|[1-9][0-9]*)\.?([eE][-+]?[0-9]+)?")
_LOOKS_ODD = re.compile(r"[-+.0-9]")
_UNCLEAR = (
    (re.compile(r"[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([Tt ].*)?"), "a date to some readers and a text to others"),
    (re.compile(r"[-+]?[0-9][0-9_]*(:[0-5]?[0-9])+(\.[0-9_]*)?"), "a number of seconds to some readers"),
    (re.compile(r"[-+]?0[0-9_]+(\.[0-9_]*)?"), "a number to some readers, and not the same one to each"),
    (re.compile(r"[-+]?0[xXbBoO][0-9a-fA-F_]+"), "a number to some readers and a text to others"),
    (re.compile(r"[-+]?[0-9]+_[0-9_]*(\.[0-9_]*)?"), "a number to some readers and a text to others"),
    (re.compile(r"[-+]?([0-9]+[eE][-+]?|[0-9]*\.[0-9]*[eE])[0-9]{1,2}"), "a number to some and a text to others"),
    (re.compile(r"[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)"), "no number that can be compared"),
    (re.compile(r"[-+]?([0-9]{19,}|[0-9.]+[eE][+]?[0-9]{3,})"), "a number too large to compare exactly"),
)  # fmt: skip
_YES_OR_NO = frozenset(form for word in ("yes", "no", "on", "off") for form in (word, word.capitalize(), word.upper()))


class Node:
    """One map, list or scalar of the text."""

    __slots__ = ("column", "entries", "items", "kind", "line", "raw", "value")

    def __init__(self, kind: Kind, line: int, column: int, value: Value = None, raw: str = "") -> None:
        self.kind = kind
        self.line = line
        self.column = column
        self.value = value
        """Of a scalar: what it means."""
        self.raw = raw
        """Of a scalar: what is written, without quotes."""
        # most nodes are scalars: one empty list and one empty map do for all of them
        self.items: list[Node] = [] if kind == "list" else _NO_ITEMS
        self.entries: dict[str, tuple[Node, Node]] = {} if kind == "map" else _NO_ENTRIES
        """Of a map: key -> the key's own node, the value's node."""


_NO_ITEMS: list[Node] = []
_NO_ENTRIES: dict[str, tuple[Node, Node]] = {}


def read_tree(text: str, *, loader: Any = LOADER) -> tuple[Node | None, list[Finding]]:
    """Read one document; None where it cannot be read at all."""
    findings: list[Finding] = []
    if len(text) > MAX_CHARACTERS:
        return None, [Finding("yaml", "error", "the file is longer than 8 million characters", "split it", 1, 1, "")]
    try:
        events = yaml.parse(text, Loader=loader)
        root = _Builder(events, findings).document()
    except yaml.MarkedYAMLError as error:
        place = _place(error.problem_mark or error.context_mark)
        return None, [*findings, _yaml_fault(error.problem or "it ends too soon", *place)]
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1 if isinstance(error.position, int) else 1
        return None, [*findings, _yaml_fault("it holds a character that no YAML text may hold", line, 1)]
    except UnicodeEncodeError as error:
        line = text.count("\n", 0, error.start) + 1
        return None, [*findings, _yaml_fault("it holds a character that no YAML text may hold", line, 1)]
    except _TooDeep as error:
        return None, [*findings, _yaml_fault("maps and lists stand too deep in one another", *error.args)]
    if root is None:
        return None, [*findings, _yaml_fault("the file is empty", 1, 1)]
    return root, findings


def _place(mark: Any) -> tuple[int, int]:
    return (mark.line + 1, mark.column + 1) if mark else (1, 1)


def _yaml_fault(problem: str, line: int, column: int) -> Finding:
    mend = "look at the indentation (spaces, never tabs), the quotes and the brackets here and in the line above"
    return Finding("yaml", "error", f"this is not YAML: {problem}", mend, line, column, "")


class _TooDeep(Exception):
    """Maps and lists stand too deep in one another."""


class _Builder:
    """Builds the tree from the parser's events."""

    def __init__(self, events: Iterator[Any], findings: list[Finding]) -> None:
        self._events = events
        self._findings = findings

    def document(self) -> Node | None:
        root: Node | None = None
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent) and root is not None:
                self._add("second_document", "a second document begins here", "leave out the line `---`", event, ())
                break
            if isinstance(event, yaml.NodeEvent) and root is None:
                root = self._node(event, (), 0)
        return root

    def _node(self, event: Any, path: Path, depth: int) -> Node:
        line, column = _place(event.start_mark)
        if depth > MAX_DEPTH:
            raise _TooDeep(line, column)
        if isinstance(event, yaml.AliasEvent):
            self._add("alias", "this repeats what stands elsewhere", "write it out", event, path)
            return Node("nothing", line, column)
        if event.anchor is not None:
            self._add("anchor", f"`&{event.anchor}` names what follows", "leave the name out", event, path)
        if event.tag is not None:
            self._add("tag", f"`{event.tag}` gives what follows a type", "leave the type out", event, path)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, line, column, path)
        if isinstance(event, yaml.SequenceStartEvent):
            return self._list(Node("list", line, column), path, depth)
        return self._map(Node("map", line, column), path, depth)

    def _list(self, node: Node, path: Path, depth: int) -> Node:
        for event in self._events:
            if isinstance(event, yaml.SequenceEndEvent):
                break
            node.items.append(self._node(event, (*path, len(node.items)), depth + 1))
        return node

    def _map(self, node: Node, path: Path, depth: int) -> Node:
        for event in self._events:
            if isinstance(event, yaml.MappingEndEvent):
                break
            key = self._key(event, path, depth)
            value = self._node(next(self._events), (*path, key.raw), depth + 1)
            if key.raw in node.entries:
                message, mend = f"the key `{key.raw}` stands here twice", "keep one of the two"
                self._add("duplicate_key", message, mend, event, (*path, key.raw))
            else:
                node.entries[key.raw] = (key, value)
        return node

    def _key(self, event: Any, path: Path, depth: int) -> Node:
        if isinstance(event, yaml.ScalarEvent) and event.anchor is None and event.tag is None:
            return Node("text", *_place(event.start_mark), event.value, event.value)
        self._add("key", "a key is one word or text", "write a plain key", event, path)
        return self._node(event, path, depth + 1)

    def _scalar(self, event: Any, line: int, column: int, path: Path) -> Node:
        raw: str = event.value
        if event.style:  # nothing or None where there are no quotes
            return Node("text", line, column, raw, raw)
        kind, value = meaning(raw)
        if kind == "text" and (why := unclear(raw)):
            mend = f'put it in quotes: "{raw}"'
            self._add("quotes", f"`{raw}` without quotes is {why}", mend, event, path)
        return Node(kind, line, column, value, raw)

    def _add(self, code: str, message: str, mend: str, event: Any, path: Path) -> None:
        self._findings.append(Finding(code, "error", message, mend, *_place(event.start_mark), written(path)))


def meaning(raw: str) -> tuple[Kind, Value]:
    """Say what a scalar without quotes means.

    >>> meaning("12"), meaning("0.5"), meaning("true"), meaning("MSC"), meaning("0123")
    (('number', 12), ('number', 0.5), ('truth', True), ('text', 'MSC'), ('text', '0123'))
    """
    if raw in _NOTHING:
        return "nothing", None
    if raw in _TRUTHS:
        return "truth", _TRUTHS[raw]
    if _LOOKS_ODD.match(raw) and not unclear(raw):
        if _WHOLE.fullmatch(raw):
            return "number", int(raw)
        if _NUMBER.fullmatch(raw) and math.isfinite(number := float(raw)):
            return "number", number
    return "text", raw


def unclear(raw: str) -> str:
    """Say why readers of YAML disagree on a scalar without quotes; nothing where they agree."""
    if raw in _YES_OR_NO:
        return "a truth to some readers and a text to others"
    if _LOOKS_ODD.match(raw):
        return next((why for pattern, why in _UNCLEAR if pattern.fullmatch(raw)), "")
    return ""


def plain(node: Node) -> Any:
    """Return what the tree says, as JSON would say it."""
    if node.kind == "map":
        return {key: plain(value) for key, (_, value) in node.entries.items()}
    if node.kind == "list":
        return [plain(item) for item in node.items]
    return node.value
