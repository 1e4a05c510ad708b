"""The benchmark of the check makes a log that is whole, and measures its check."""

from __future__ import annotations

from pathlib import Path

from stack.bench_verify import make_log, measure


def test_a_made_log_is_whole_and_its_check_is_measured(tmp_path: Path) -> None:
    file = tmp_path / "audit.sqlite"
    make_log(file, 600)

    figures = measure(file, 600)

    assert (figures.records, figures.damage) == (600, "")
    assert figures.cpu_seconds > 0
    assert 10 < figures.megabytes < 300
