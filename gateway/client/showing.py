"""Notices and progress -> what a person sees: on standard error of a terminal, or under the cell of a notebook."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

Notice = Mapping[str, str]
Moved = Callable[[int, int], None]
"""Takes how many rows and bytes came since the last time."""


def notice_text(notice: Notice) -> str:
    """Write one notice in a line.

    >>> notice_text({"code": "port_missing", "port": "oakland", "table": "", "column": "", "message": "no answer"})
    'oakland: no answer'
    """
    where = " ".join(filter(None, (notice.get("port"), notice.get("table"), notice.get("column"))))
    message = _printable(notice.get("message", ""))
    return f"{_printable(where)}: {message}" if where else message


def show_notices(notices: Sequence[Notice]) -> None:
    """Show the notices, if there are any, where rows do not come."""
    lines = [notice_text(notice) for notice in notices]
    if not lines:
        return
    if _in_notebook():
        from IPython.display import Markdown, display

        display(Markdown("\n".join(["**Notices**", "", *(f"- {_marked(line)}" for line in lines)])))
    else:
        print(*(f"notice: {line}" for line in lines), sep="\n", file=sys.stderr)


@contextmanager
def progress(is_shown: bool) -> Iterator[Moved]:
    """Show how much has come, on a terminal or in a notebook only."""
    if not is_shown or not (sys.stderr.isatty() or _in_notebook()):
        yield lambda rows, size: None
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.fields[rows]:,} rows, {task.fields[size]}"), TimeElapsedColumn())
    came = [0, 0]
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=None, rows=0, size=_size(0))

        def moved(rows: int, size: int) -> None:
            came[0] += rows
            came[1] += size
            bar.update(task, rows=came[0], size=_size(came[1]))

        yield moved


def _size(count: int) -> str:
    return f"{count / 1_000_000:,.1f} MB"


def _in_notebook() -> bool:
    ipython: Any = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and type(shell).__name__ == "ZMQInteractiveShell"


def _printable(text: str) -> str:
    """A terminal acts on no character of what a port says."""
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def _marked(text: str) -> str:
    """A notebook takes no character of it for markup."""
    return "".join("\\" + c if c in "\\`*_{}[]()<>#+-!|&$" else c for c in text)
