"""Settings -> a running stack, and back to nothing.

Keys and data first, then PostgreSQL, OPA, the ports' witnesses and the gateway at once, to which the ports' agreements
are published; then Trino, which asks the gateway's second wall before it does anything, then what must be loaded; last
of all the gateway must find all that it needs. What this run started is stopped again if this run fails or is
interrupted: a stack is up as a whole or as it was before.
"""

from __future__ import annotations

import fcntl
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from gateway.adapters.issuer import make_issuer
from gateway.policy.bundle import LIBRARY
from stack import components, data, engine, front, policy, postgres, processes, witnessing
from stack.faults import PartFailed, StackFault, TcpPortTaken
from stack.keys import make_bundle_keys, make_keys
from stack.layout import NAMES, PORTS, WITNESSES, Home, witness_part
from stack.parts import (
    Part,
    addresses,
    describe_gateway,
    describe_opa,
    describe_postgres,
    describe_trino,
    describe_witness,
)
from stack.publishing import publish_changed
from stack.settings import StackSettings, TcpPorts, remember, remembered, tcp_option

Report = Callable[[str], None]

LOCK_PATIENCE_SECONDS = 300
GATEWAY_PATIENCE_SECONDS = 4.0
PATIENCE_SECONDS = 4.0
"""How long parts have to end by themselves; the two add up to less than the ten seconds that `down` may take."""


@dataclass(frozen=True, slots=True)
class PartStatus:
    """One part, seen from outside."""

    part: str
    state: str
    """`ready`, `not ready` (the process runs but does not answer), `stopped`."""
    address: str
    pid: int | None


def up(home: Home, settings: StackSettings, report: Report, *, without: tuple[str, ...] = ()) -> None:
    """Bring the stack up and return when every part is ready; nothing is done twice."""
    found = components.find()
    home.make()
    with _locked(home), Starting(home, report) as starting:
        if _must_move(home, settings):
            stop_parts(home, NAMES)
        remember(home, settings)
        make_keys(home)
        make_bundle_keys(home, (LIBRARY, *settings.ports))
        must_load = not data.is_loaded(home, settings)
        if must_load:
            stop_parts(home, (front.PART, engine.PART))
        postgres.prepare(home, found)
        described = [
            describe_postgres(home, found, settings),
            describe_opa(home, found, settings),
            describe_trino(home, found, settings),
        ]
        if not (front.PART in without and _runs_elsewhere(home, settings)):
            described.append(describe_gateway(home, found, settings))
        make_issuer(home.identity)
        witnesses = [describe_witness(home, settings, port) for port in settings.ports]
        starting.check_tcp_ports([*described, *witnesses])
        _make_data(home, settings, report)
        _start_all(home, settings, starting, described, witnesses, must_load=must_load)
        if front.PART in without:
            stop_parts(home, (front.PART,))


def down(home: Home) -> int:
    """Stop the stack; return how many processes had to be found by their mark."""
    if not home.run.exists():
        return 0
    with _locked(home):
        stop_parts(home, NAMES)
        return processes.sweep(home)


def stop_parts(home: Home, names: tuple[str, ...]) -> None:
    """Stop parts, the gateway before what it stands on."""
    if front.PART in names:
        processes.stop(home, (front.PART,), patience_seconds=GATEWAY_PATIENCE_SECONDS)
    behind = tuple(name for name in names if name != front.PART)
    processes.stop(home, behind, patience_seconds=PATIENCE_SECONDS)


def status(home: Home) -> list[PartStatus]:
    """Look at each part."""
    settings = remembered(home)
    tcp = settings.tcp if settings else TcpPorts()
    ports = settings.ports if settings else PORTS
    names = [name for name in NAMES if name not in WITNESSES or name in map(witness_part, ports)]
    with ThreadPoolExecutor(len(names)) as pool:
        return list(pool.map(lambda name: _status_of(home, name, tcp), names))


def _status_of(home: Home, name: str, tcp: TcpPorts) -> PartStatus:
    running = processes.find(home, name)
    if running is None:
        return PartStatus(name, "stopped", addresses(tcp)[name], None)
    answers: dict[str, Callable[[], bool]] = {
        "postgres": lambda: postgres.is_ready(home, tcp.postgres),
        "opa": lambda: policy.is_ready(tcp.opa),
        "trino": lambda: engine.has_started(home, tcp.trino),
        "gateway": lambda: front.is_ready(tcp.plain),
        **{witness_part(port): partial(witnessing.answers, tcp, port) for port in PORTS},
    }
    state = "ready" if answers[name]() else "not ready"
    return PartStatus(name, state, running.address, running.pid)


def _must_move(home: Home, settings: StackSettings) -> bool:
    """Say whether a running stack has other TCP ports or seaports than it is to have: then all of it starts anew."""
    before = remembered(home)
    return before is not None and (before.tcp, before.ports) != (settings.tcp, settings.ports)


def _runs_elsewhere(home: Home, settings: StackSettings) -> bool:
    """Say whether somebody else's gateway answers Trino, such as one under a debugger."""
    return processes.find(home, front.PART) is None and is_taken(settings.tcp.wall)


def _make_data(home: Home, settings: StackSettings, report: Report) -> None:
    if data.is_generated(home, settings):
        return
    began = time.monotonic()
    report(f"making the data of {len(settings.ports)} ports at scale {settings.scale:g}")
    data.make(home, settings, report)
    report(f"data made ({time.monotonic() - began:.0f} s)")


def _start_all(
    home: Home,
    settings: StackSettings,
    starting: Starting,
    described: list[Part],
    witnesses: list[Part],
    *,
    must_load: bool,
) -> None:
    database, opa, trino, *gateway = described

    def ready_databases() -> None:
        starting.bring_up(database)
        if must_load:
            data.clear(home, settings)
        else:
            postgres.make_databases(home, settings.tcp.postgres)

    starting.at_once(
        [
            ready_databases,
            lambda: starting.bring_up(opa),
            *(partial(starting.launch, part) for part in gateway),
            *(partial(starting.bring_up, part) for part in witnesses),
        ]
    )
    publish_changed(home, settings, starting.report)
    starting.bring_up(trino)
    if must_load:
        began = time.monotonic()
        starting.report("loading the ports' data")
        data.put_in_place(home, settings, starting.report)
        starting.report(f"data loaded ({time.monotonic() - began:.0f} s)")
    for part in gateway:
        starting.await_ready(part)


class Starting:
    """What one run of `up` has started; all of it is stopped if the run does not end well."""

    def __init__(self, home: Home, report: Report) -> None:
        self.report = report
        self._home = home
        self._started: list[str] = []
        self._given_up = threading.Event()

    def __enter__(self) -> Starting:
        return self

    def __exit__(self, kind: type[BaseException] | None, _value: object, _trace: object) -> None:
        if kind is None:
            return
        self._given_up.set()
        if self._started:
            self.report(f"stopping what was started: {', '.join(self._started)}")
            stop_parts(self._home, tuple(self._started))

    def check_tcp_ports(self, parts: list[Part]) -> None:
        """Find a TCP port that somebody else has before anything is started."""
        for part in parts:
            if processes.find(self._home, part.name) is None:
                check_free(part)

    def at_once(self, jobs: list[Callable[[], None]]) -> None:
        """Do jobs side by side; the first to fail makes the others give up."""
        with ThreadPoolExecutor(len(jobs)) as pool:
            futures = [pool.submit(self._or_give_up, job) for job in jobs]
            try:
                faults = [fault for future in futures if (fault := future.exception())]
            except BaseException:
                self._given_up.set()
                raise
        for fault in sorted(faults, key=lambda fault: isinstance(fault, _GivenUp)):
            raise fault

    def bring_up(self, part: Part) -> None:
        """Start a part unless it runs already as it should, and wait until it is ready."""
        began = time.monotonic()
        if self._start(part, part.is_ready):
            self.report(f"{part.name} is ready on {part.address} ({time.monotonic() - began:.1f} s)")

    def launch(self, part: Part) -> None:
        """Start a part unless it runs already as it should, and wait until it answers: `await_ready` does the rest."""
        self._start(part, part.answers or part.is_ready)

    def await_ready(self, part: Part) -> None:
        """Wait until a part that was launched is ready."""
        running = processes.find(self._home, part.name)
        if running is None:
            raise self._failed(part, "it ended")
        began = time.monotonic()
        self._wait(part, running, part.is_ready)
        if part.name in self._started:
            self.report(f"{part.name} is ready on {part.address} ({time.monotonic() - began:.1f} s)")

    def _start(self, part: Part, is_up: Callable[[], bool]) -> bool:
        """Start a part and wait for it; False if it runs already as it should."""
        running = processes.find(self._home, part.name)
        if running and running.made_from == part.made_from and is_up():
            self.report(f"{part.name} runs already on {part.address}")
            return False
        if running:
            stop_parts(self._home, (part.name,))
        check_free(part)
        self._started.append(part.name)
        child = processes.start(
            self._home,
            part.name,
            part.command,
            address=part.address,
            made_from=part.made_from,
            environment=part.environment,
        )
        self._wait(part, child, is_up)
        return True

    def _wait(self, part: Part, child: processes.Running, is_up: Callable[[], bool]) -> None:
        limit = time.monotonic() + part.patience_seconds
        while not is_up():
            if self._given_up.is_set():
                raise _GivenUp(f"{part.name}: another part failed")
            if processes.has_ended(child):
                raise self._failed(part, "it ended")
            if time.monotonic() > limit:
                raise self._failed(part, f"not ready after {part.patience_seconds} seconds")
            time.sleep(0.1)

    def _failed(self, part: Part, reason: str) -> PartFailed:
        tail = processes.tail(self._home, part.name)
        return PartFailed(
            part.name, reason, tail, mend=f"the whole log: {self._home.log(part.name)}; or run `portgate doctor`"
        )

    def _or_give_up(self, job: Callable[[], None]) -> None:
        try:
            job()
        except BaseException:
            self._given_up.set()
            raise


class _GivenUp(StackFault):
    """A part was not waited for any longer because another one failed."""


def check_free(part: Part) -> None:
    """Raise TcpPortTaken if one of a part's TCP ports is in use."""
    for setting, number in part.tcp.items():
        if is_taken(number):
            raise TcpPortTaken(
                f"{part.name} cannot listen on TCP port {number}: {processes.who_listens(number)} does",
                mend=f"stop that process, or choose another: portgate up {tcp_option(setting)} N",
            )


def is_taken(number: int) -> bool:
    """Say whether somebody listens on a TCP port of this machine."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # a port in TIME_WAIT is free for a server
        try:
            probe.bind(("127.0.0.1", number))
        except OSError:
            return True
    return False


@contextmanager
def _locked(home: Home) -> Iterator[None]:
    """Let one `up` or `down` at a time work on a stack; the lock goes with the process that holds it."""
    with (home.run / "lock").open("w") as lock:
        limit = time.monotonic() + LOCK_PATIENCE_SECONDS
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > limit:
                    raise StackFault(
                        f"another `portgate up` or `down` works on {home.root}", mend="wait for it, or stop it"
                    ) from error
                time.sleep(0.2)
        yield
