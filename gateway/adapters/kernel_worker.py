"""The half of the pool that runs inside a worker process: it starts, then takes one step of the kernel after another.

Hostile text is read here and nowhere else. What a reviewer must check:
- A worker cannot outlive the gateway, and cannot take more memory than it was given.
- SIGTERM and SIGKILL end it at any moment, in the middle of compiled code too.
- Nothing leaves but plain data: an answer of the kernel, or a `Fault`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import pickle
import resource
import signal
import sys
from collections.abc import Callable
from typing import TypeVar, TypeVarTuple

from gateway.desk import Desk, Fault, Job, Planned, fault_of
from gateway.model import Asked, Catalog, Place
from gateway.session.binding import Bound, bind
from gateway.session.commands import Command
from gateway.session.prepared import Described, command_in, describe
from gateway.session.stand_in import stand_in

STACK_BYTES = 120 * 1024 * 1024
"""What the main thread's stack may grow to; Linux leaves at least 128 MiB free below it."""
RECURSION_LIMIT = 100_000
"""Out of the way: the stack is the bound, and the caps on the text come long before it."""
GARBAGE = (10_000, 10, 10)
"""How many new objects may be there before garbage is collected: trees are many small ones that live for one step."""
_PR_SET_PDEATHSIG = 1

Given = TypeVarTuple("Given")
Done = TypeVar("Done")

_desks: list[Desk] = []


def start(catalog: bytes, memory_bytes: int) -> None:
    """Prepare this process for work: bounds first, then the (pickled) catalog."""
    _die_with_the_gateway()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_STACK, STACK_BYTES)
    _limit(resource.RLIMIT_AS, memory_bytes)
    sys.setrecursionlimit(RECURSION_LIMIT)
    known: Catalog = pickle.loads(catalog)  # noqa: S301 - from the gateway itself, over a pipe that only it holds
    desk = Desk(known, stand_in)
    desk.warm_up()
    _desks.append(desk)
    gc.freeze()  # what is here for good need not be looked at each time garbage is collected
    gc.set_threshold(*GARBAGE)


def ready() -> int:
    """Say that the catalog is read, and which process this is."""
    return os.getpid()


def tables_asked(text: str, place: Place) -> Asked | Fault:
    """Take the first hop of one query."""
    return _step(Desk.tables_asked, text, place)


def plan(job: Job) -> Planned | Fault:
    """Take the second hop of one query."""
    return _step(Desk.plan, job)


def command(text: str) -> Command | Fault:
    """Read a statement that is no query."""
    return _pure(command_in, text)


def bound(text: str, parameters: tuple[str, ...]) -> Bound | Fault:
    """Put the parameters of a prepared statement in place."""
    return _pure(bind, text, parameters)


def described(text: str) -> Described | Fault:
    """Say what a prepared query takes and gives."""
    return _pure(describe, text)


def _pure(step: Callable[[*Given], Done], *given: *Given) -> Done | Fault:
    try:
        return step(*given)
    except Exception as error:
        return fault_of(error)


def _step(step: Callable[[Desk, *Given], Done], *given: *Given) -> Done | Fault:
    try:
        return step(_desks[0], *given)
    except Exception as error:
        return fault_of(error)


def _limit(what: int, soft: int) -> None:
    """Bound a resource, within what this process may have at all."""
    _, hard = resource.getrlimit(what)
    resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _die_with_the_gateway() -> None:
    """Have Linux kill this process once its parent is gone, which itself ends with the gateway."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
