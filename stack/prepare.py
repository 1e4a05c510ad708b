"""`python -m stack.prepare`: fetch and check every component, with progress, and say where each one is."""

from __future__ import annotations

import sys
import threading
import time
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn

from stack import components
from stack.faults import ComponentFault

LINE_EVERY_SECONDS = 10.0
"""How often a log that is no terminal gets a line about each job."""


class ConsoleMeter:
    """Shows jobs as bars on a terminal, as a line now and then in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lock = threading.Lock()
        self._bars = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            DownloadColumn(),
            TimeElapsedColumn(),
            TextColumn("[dim]{task.fields[note]}", justify="left"),
            console=console,
            disable=not console.is_terminal,
        )
        self._tasks: dict[str, TaskID] = {}
        self._done: dict[str, int] = {}
        self._total: dict[str, int | None] = {}
        self._said: dict[str, float] = {}

    def __enter__(self) -> ConsoleMeter:
        self._bars.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _value: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self._bars.stop()

    def begin(self, job: str, total: int | None) -> None:
        """Show a job, or what has become known of it."""
        with self._lock:
            if job not in self._tasks:
                self._tasks[job] = self._bars.add_task(job, total=total, note="")
                self._line(f"{job} …")
            self._bars.update(self._tasks[job], total=total)
            self._done.setdefault(job, 0)
            self._total[job] = total
            self._said[job] = time.monotonic()

    def advance(self, job: str, amount: int, note: str = "") -> None:
        """Show that more is done."""
        with self._lock:
            self._done[job] += amount
            self._bars.update(self._tasks[job], completed=self._done[job], note=note[-48:])
            if time.monotonic() - self._said[job] > LINE_EVERY_SECONDS:
                self._said[job] = time.monotonic()
                self._line(f"{job}: {self._how_far(job)} {note}")

    def end(self, job: str) -> None:
        """Show that a job is done."""
        with self._lock:
            self._bars.update(self._tasks[job], total=self._done[job], completed=self._done[job], note="done")
            self._line(f"{job}: done")

    def _how_far(self, job: str) -> str:
        done, total = self._done[job], self._total[job]
        return f"{100 * done // total} %" if total else f"{done} steps"

    def _line(self, text: str) -> None:
        if not self._console.is_terminal:
            self._console.print(text, highlight=False, markup=False, soft_wrap=True)


def main() -> int:
    """Fetch what is missing; 0 if all is there, 1 if something could not be had."""
    console = Console(stderr=True)
    try:
        with ConsoleMeter(console) as meter:
            found = components.fetch(meter)
    except ComponentFault as fault:
        console.print(f"error: {fault.message}", style="red", markup=False, highlight=False)
        console.print(f"what to do: {fault.mend}", markup=False, highlight=False)
        return 1
    for name, place in (
        ("Trino", found.trino),
        ("Java", found.java_home),
        ("PostgreSQL", found.postgres_bin),
        ("OPA", found.opa),
    ):
        console.print(f"{name}: {place}", highlight=False, soft_wrap=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
