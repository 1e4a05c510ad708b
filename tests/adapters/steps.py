"""Steps that a worker process can be given by a test; little is imported, because each worker imports this anew."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

from gateway.desk import Fault, fault_of


def who(_: object = None) -> int:
    """Say which process this is."""
    return os.getpid()


def hang_in_compiled_code(_: object) -> int:
    """Hold the interpreter's lock for ages, as a compiled parser does: no Python signal handler would ever run."""
    return len(re.findall("(a*)*b", "a" * 60))


def crash(_: object) -> int:
    """Die as compiled code dies that was not careful."""
    os.kill(os.getpid(), signal.SIGSEGV)
    return 0


def take_memory(size: int) -> int | Fault:
    """Take memory, or say that there is not enough."""
    try:
        return len(bytearray(size))
    except MemoryError as error:
        return fault_of(error)


def say_and_wait(names: tuple[str, str]) -> int:
    """Tell through one named pipe that this runs, wait for a word in another, and return the priority."""
    told, heard = names
    Path(told).write_text(str(os.getpid()))
    Path(heard).read_text()
    return os.getpriority(os.PRIO_PROCESS, 0)
