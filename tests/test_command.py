"""What a command shows of a long task: on a terminal how far it is, into a file or a pipe nothing."""

from __future__ import annotations

import sys
import time

import pytest

from gateway.command import progress


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """What time it is, to be changed."""
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    return now


def test_a_pipe_hears_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    progress("records checked")(5, 5)

    assert capsys.readouterr() == ("", "")


def test_a_terminal_hears_now_and_then_and_of_the_end(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = progress("records checked")

    for done in range(1, 1_501):
        clock[0] += 0.05
        show(done, 1_500)

    said = capsys.readouterr().err
    assert said.startswith("\r1 of 1,500 records checked\r")
    assert 300 <= said.count("\r") <= 400
    assert said.endswith("\r1,500 of 1,500 records checked\n")


def test_a_task_of_unknown_length_says_what_is_done(
    clock: list[float], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    show = progress("bytes written")

    show(70_000, 0)
    show(90_000, 90_000)

    assert capsys.readouterr().err == "\r70,000 bytes written\r90,000 of 90,000 bytes written\n"
