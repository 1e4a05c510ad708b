"""Parts are found again, never mixed up with a stranger, and stopped with all that belongs to them."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import psutil
import pytest

from stack import processes
from stack.faults import StackFault
from stack.layout import Home
from stack.processes import Running

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(600)",
]
PARENT = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);"
    "print('child', subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)']).pid, flush=True);"
    "time.sleep(600)",
]


def begin(home: Home, command: list[str], part: str = "opa") -> Running:
    return processes.start(home, part, command, address="127.0.0.1:1", made_from="x")


def wait_for(claim: Callable[[], bool]) -> None:
    limit = time.monotonic() + 20
    while not claim():
        assert time.monotonic() < limit, "it never came"
        time.sleep(0.05)


def gone(pid: int) -> bool:
    """Whether a process has ended, though nobody may have fetched its exit code yet."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_part_is_started_anew_only_when_the_last_of_the_one_before_is_gone(home: Home) -> None:
    before = begin(home, [sys.executable, "-c", "import time; time.sleep(1.5)"])

    begin(home, SLEEP)

    assert not psutil.pid_exists(before.pid)


def test_a_part_that_was_started_is_found_again_with_all_that_is_known_of_it(home: Home) -> None:
    started = begin(home, SLEEP)

    assert processes.find(home, "opa") == started


def test_a_part_that_has_ended_is_not_found(home: Home) -> None:
    started = begin(home, [sys.executable, "-c", "pass"])

    wait_for(lambda: processes.has_ended(started))

    assert processes.find(home, "opa") is None


def test_a_stranger_who_has_a_parts_old_pid_is_neither_taken_for_it_nor_stopped(home: Home) -> None:
    stranger = subprocess.Popen(SLEEP)
    try:
        record = dataclasses.asdict(Running("opa", stranger.pid, time.time() - 86_400, "127.0.0.1:1", "x"))
        (home.run / "opa.pid").write_text(json.dumps(record))

        assert processes.find(home, "opa") is None
        processes.stop(home, ("opa",), patience_seconds=1)

        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_part_is_asked_to_end_and_forgotten(home: Home) -> None:
    started = begin(home, SLEEP)

    processes.stop(home, ("opa",), patience_seconds=10)

    assert processes.has_ended(started)
    assert not (home.run / "opa.pid").exists()


def test_a_part_that_does_not_listen_is_killed(home: Home) -> None:
    started = begin(home, DEAF)
    wait_for(lambda: "deaf" in processes.tail(home, "opa"))

    processes.stop(home, ("opa",), patience_seconds=0.2)

    assert processes.has_ended(started)


def test_the_children_of_a_killed_part_go_with_it(home: Home) -> None:
    begin(home, PARENT)
    wait_for(lambda: "child" in processes.tail(home, "opa"))
    child = int(processes.tail(home, "opa").split()[-1])
    assert psutil.pid_exists(child)

    processes.stop(home, ("opa",), patience_seconds=0.2)

    wait_for(lambda: gone(child))


def test_what_a_crash_left_without_a_record_is_found_by_its_mark(home: Home) -> None:
    started = begin(home, SLEEP)
    processes.forget(home, "opa")

    assert processes.sweep(home) == 1

    assert processes.has_ended(started)


def test_the_sweep_of_one_stack_spares_another(home: Home, tmp_path: os.PathLike[str]) -> None:
    other = Home(home.root.with_name("other"))
    other.make()
    begin(home, SLEEP)

    assert processes.sweep(other) == 0

    assert processes.find(home, "opa")


def test_a_part_gets_no_variable_of_the_callers_shell_but_the_ones_it_needs(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/somewhere")

    started = begin(home, [sys.executable, "-c", "import os; print(sorted(os.environ))"])
    wait_for(lambda: processes.has_ended(started))

    assert "PATH" in processes.tail(home, "opa")
    assert "REQUESTS_CA_BUNDLE" not in processes.tail(home, "opa")


def test_half_a_record_is_told_with_what_to_do(home: Home) -> None:
    (home.run / "opa.pid").write_text('{"part": "op')

    with pytest.raises(StackFault) as told:
        processes.find(home, "opa")

    assert "portgate down" in told.value.mend


def test_the_end_of_a_log_is_its_last_lines(home: Home) -> None:
    home.log("opa").write_text("\n".join(str(number) for number in range(100)))

    assert processes.tail(home, "opa", 3) == "97\n98\n99"
