"""What every format of results is, and what all of them say of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from gateway.conversation import Page
from gateway.edge.front import Answered
from gateway.model import Notice

Problem = dict[str, object]
Receipt = dict[str, object]
"""`note`, and how many rows each of the `pages` had: what the digest of the rows is computed by."""


@dataclass(frozen=True, slots=True)
class Options:
    """What a reader may choose of a format."""

    escapes_formulas: bool = True
    """Whether CSV keeps a spreadsheet from taking a text for a formula."""
    links: Mapping[str, str] = field(default_factory=dict)
    """Name of a format -> address at which the same question is answered in it; told in JSON and NDJSON."""


class Format(Protocol):
    """How one answer is written; used for one answer only."""

    media_type: str
    is_heavy: bool
    """Whether a page takes so long to write that it is done in a thread."""
    tells_notices: bool
    """Whether the notices stand in the answer where any reader finds them; else they go ahead in headers."""
    ends_when_broken: bool
    """Whether an answer that failed ends in good order, after `broken`; else its connection is cut."""

    def __init__(self, options: Options) -> None: ...

    def head(self, answer: Answered) -> bytes:
        """What stands before the rows."""

    def page(self, page: Page) -> bytes:
        """One page of rows; raises Failed if a value has no place in this format."""

    def tail(self, answer: Answered, receipt: Receipt | None = None) -> bytes:
        """What stands after the last row of a good answer: its receipt too, where there is room for one."""

    def broken(self, problem: Problem) -> bytes:
        """What stands after the last row of an answer that failed."""


def column_members(answer: Answered) -> list[dict[str, str]]:
    """Return the columns as the interface promises them."""
    return [{"name": name, "type": type_} for name, type_ in answer.columns]


def notice_members(notice: Notice) -> dict[str, str]:
    """Return a notice with its members in the order that the interface promises."""
    return {
        "code": notice.code,
        "port": notice.port,
        "table": notice.table,
        "column": notice.column,
        "message": notice.message,
    }


def all_notices(answer: Answered) -> list[dict[str, str]]:
    """Return the notices of an answer."""
    return [notice_members(notice) for notice in answer.notices]


def ending(answer: Answered, receipt: Receipt | None, links: Mapping[str, str]) -> dict[str, object]:
    """Return what JSON and NDJSON say behind the rows."""
    told: dict[str, object] = {"notices": all_notices(answer), "stats": answer.stats}
    return told | ({"receipt": receipt} if receipt else {}) | ({"links": links} if links else {})
