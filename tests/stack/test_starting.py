"""A stack comes up as a whole, or what was started is stopped again and the reason is told."""

from __future__ import annotations

import socket
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial

import pytest

from stack import processes
from stack.faults import PartFailed, TcpPortTaken
from stack.layout import Home
from stack.lifecycle import Starting, check_free, down
from stack.parts import Part

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]


def part(name: str, command: list[str], *, ready: bool = True, tcp: dict[str, int] | None = None) -> Part:
    return Part(name, command, tcp or {}, "127.0.0.1:1", "x", lambda: ready, 30)


def start(home: Home, report: Callable[[str], None], *parts: Part) -> None:
    with Starting(home, report) as starting:
        for each in parts:
            starting.bring_up(each)


def start_at_once(home: Home, *parts: Part) -> None:
    with Starting(home, lambda _: None) as starting:
        starting.at_once([partial(starting.bring_up, each) for each in parts])


def interrupt_after(words: str) -> Callable[[str], None]:
    """Press Ctrl-C when something is reported."""

    def report(text: str) -> None:
        if text.startswith(words):
            raise KeyboardInterrupt

    return report


@pytest.fixture
def taken() -> Iterator[int]:
    """A TCP port that somebody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_taken_tcp_port_is_told_with_who_has_it_and_the_option_that_chooses_another(taken: int) -> None:
    with pytest.raises(TcpPortTaken) as told:
        check_free(part("opa", SLEEP, tcp={"opa": taken}))

    assert str(taken) in told.value.message
    assert "pid" in told.value.message
    assert "portgate up --opa-port N" in told.value.mend


def test_a_free_tcp_port_is_let_through(taken: int) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        free = probe.getsockname()[1]

    check_free(part("opa", SLEEP, tcp={"opa": free}))


def test_a_part_that_ends_is_told_with_the_end_of_its_log_and_the_others_are_stopped(home: Home) -> None:
    said: list[str] = []
    dies = part("trino", [sys.executable, "-c", "print('no memory'); raise SystemExit(3)"], ready=False)

    with pytest.raises(PartFailed) as told:
        start(home, said.append, part("opa", SLEEP), dies)

    assert told.value.tail.endswith("no memory")
    assert processes.find(home, "opa") is None
    assert said[-1] == "stopping what was started: opa, trino"


def test_a_part_that_fails_ends_the_wait_for_those_beside_it(home: Home) -> None:
    dies = part("trino", [sys.executable, "-c", "raise SystemExit(3)"], ready=False)
    never_ready = part("opa", SLEEP, ready=False)

    with pytest.raises(PartFailed, match="trino did not come up"):
        start_at_once(home, never_ready, dies)

    assert processes.find(home, "opa") is None


def test_an_interrupt_stops_what_this_run_started_and_spares_what_ran_before(home: Home) -> None:
    before = processes.start(home, "postgres", SLEEP, address="a", made_from="x")

    with pytest.raises(KeyboardInterrupt):
        start(home, interrupt_after("opa is ready"), part("postgres", SLEEP), part("opa", SLEEP))

    assert processes.find(home, "opa") is None
    assert processes.find(home, "postgres") == before


def test_a_part_that_runs_already_is_left_alone(home: Home) -> None:
    with Starting(home, lambda _: None) as starting:
        starting.bring_up(part("opa", SLEEP))
        first = processes.find(home, "opa")
        starting.bring_up(part("opa", SLEEP))

    assert first
    assert processes.find(home, "opa") == first


def test_a_part_made_from_something_else_is_started_anew(home: Home) -> None:
    old = processes.start(home, "opa", SLEEP, address="a", made_from="an older configuration")

    with Starting(home, lambda _: None) as starting:
        starting.bring_up(part("opa", SLEEP))

    assert processes.has_ended(old)
    assert processes.find(home, "opa")


def test_down_leaves_nothing_running(home: Home) -> None:
    for name in ("postgres", "opa", "trino", "gateway"):
        processes.start(home, name, SLEEP, address="a", made_from="x")
    processes.forget(home, "trino")

    assert down(home) == 1

    assert processes.sweep(home) == 0


def test_down_of_a_stack_that_never_was_does_nothing(home: Home) -> None:
    assert down(Home(home.root / "nowhere")) == 0


def _noted(looks: list[str], what: str) -> bool:
    looks.append(what)
    return True


def test_a_part_is_launched_when_it_answers_and_ready_when_it_has_all_it_needs(home: Home) -> None:
    said: list[str] = []
    looks: list[str] = []
    gateway = replace(
        part("gateway", SLEEP), answers=lambda: _noted(looks, "answers"), is_ready=lambda: _noted(looks, "ready")
    )

    with Starting(home, said.append) as starting:
        starting.launch(gateway)
        looks.append("Trino may ask")
        starting.await_ready(gateway)

    assert looks == ["answers", "Trino may ask", "ready"]
    assert [text.split(" (")[0] for text in said] == ["gateway is ready on 127.0.0.1:1"]


def test_a_part_that_answers_already_is_not_started_anew_while_it_is_not_ready_yet(home: Home) -> None:
    gateway = replace(part("gateway", SLEEP, ready=False), answers=lambda: True)

    with Starting(home, lambda _: None) as starting:
        starting.launch(gateway)
        first = processes.find(home, "gateway")
        starting.launch(gateway)

    assert first
    assert processes.find(home, "gateway") == first


def test_a_part_that_ended_after_it_was_launched_is_told(home: Home) -> None:
    gateway = replace(part("gateway", SLEEP), answers=lambda: True)

    def launch_and_lose() -> None:
        with Starting(home, lambda _: None) as starting:
            starting.launch(gateway)
            processes.stop(home, ("gateway",), patience_seconds=5)
            starting.await_ready(gateway)

    with pytest.raises(PartFailed, match="gateway did not come up"):
        launch_and_lose()
