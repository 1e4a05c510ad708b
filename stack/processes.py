"""Commands -> running parts that are found again, never confused with another process, and stopped together.

- A part is known by its pid *and* its start time, so a pid that the system gave to somebody else is never touched.
- Every process of a part carries the stack's folder in its environment: what a crash left behind is found by it.
- Each part is the leader of its own session, so the terminal's signals do not reach it and its children go with it.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import psutil

from stack.faults import StackFault
from stack.layout import Home, write_private

MARK = "PORTGATE_STACK"
"""Environment variable of every process of a stack: the folder of the stack."""
START_TIME_SLACK_SECONDS = 0.5
GONE_PATIENCE_SECONDS = 15.0

_children: list[subprocess.Popen[bytes]] = []
"""What this process started, so that it can take note when one of them ends."""


@dataclass(frozen=True, slots=True)
class Running:
    """One part that was started."""

    part: str
    pid: int
    started: float
    """Start time of the process, seconds since the epoch."""
    address: str
    made_from: str
    """Digest of what the part was started from: another digest means that it must be started anew."""


def start(
    home: Home,
    part: str,
    command: Sequence[str],
    *,
    address: str,
    made_from: str,
    environment: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> Running:
    """Start a part in a session of its own and write down who it is, once the one before it is wholly gone."""
    _wait_until_gone(home, part)
    with home.log(part).open("ab") as log:
        log.write(f"--- {part} started {time.strftime('%Y-%m-%dT%H:%M:%S%z')}\n".encode())
        log.flush()
        child = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            env={**_plain_environment(), **(environment or {}), MARK: str(home.root)},
            cwd=folder or home.root,
            start_new_session=True,
        )
    _children.append(child)
    try:
        started = psutil.Process(child.pid).create_time()
    except psutil.NoSuchProcess:
        started = time.time()
    running = Running(part, child.pid, started, address, made_from)
    write_private(_record(home, part), json.dumps(asdict(running)) + "\n")
    return running


def find(home: Home, part: str) -> Running | None:
    """Find a part that runs; None if it does not, whoever has its old pid now."""
    running = _read(home, part)
    return running if running and _process(running) else None


def has_ended(running: Running) -> bool:
    """Say whether a part that was started is gone."""
    _take_note()
    return _process(running) is None


def forget(home: Home, part: str) -> None:
    """Drop the record of a part."""
    _record(home, part).unlink(missing_ok=True)


def stop(home: Home, parts: Sequence[str], *, patience_seconds: float) -> None:
    """Ask parts to end, all at once; kill with their children what has not ended in time."""
    found = [(part, running) for part in parts if (running := find(home, part))]
    for part, running in found:
        _signal(running.pid, _polite_signal(part))
    processes = [process for _, running in found if (process := _process(running))]
    _, stubborn = psutil.wait_procs(processes, timeout=patience_seconds)
    for process in stubborn:
        _signal_group(process.pid, signal.SIGKILL)
    psutil.wait_procs(stubborn, timeout=3)
    _take_note()
    for part in parts:
        forget(home, part)


def sweep(home: Home) -> int:
    """Kill whatever of this stack still runs, recorded or not; return how many there were."""
    left = [process for process in psutil.process_iter() if _is_of(process, home)]
    for process in left:
        _signal(process.pid, signal.SIGKILL)
    psutil.wait_procs(left, timeout=3)
    _take_note()
    return len(left)


def tail(home: Home, part: str, lines: int = 20) -> str:
    """Return the end of a part's log."""
    file = home.newest_log(part)
    if not file.exists():
        return "(no log)"
    with file.open("rb") as stream:
        stream.seek(max(0, file.stat().st_size - 64_000))
        return "\n".join(stream.read().decode(errors="replace").splitlines()[-lines:])


def who_listens(number: int) -> str:
    """Say which process listens on a TCP port of this machine, as far as we may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:
        return "another process"
    for connection in connections:
        if connection.status == psutil.CONN_LISTEN and connection.laddr[1:2] == (number,) and connection.pid:
            try:
                return f"{psutil.Process(connection.pid).name()} (pid {connection.pid})"
            except psutil.NoSuchProcess:
                continue
    return "another process"


def _take_note() -> None:
    """Let go of our own children that have ended, so that none stays a zombie."""
    _children[:] = [child for child in _children if child.poll() is None]


def _record(home: Home, part: str) -> Path:
    return home.run / f"{part}.pid"


def _read(home: Home, part: str) -> Running | None:
    try:
        return Running(**json.loads(_record(home, part).read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, TypeError) as error:
        raise StackFault(
            f"{_record(home, part)} cannot be read", mend="run `portgate down`, which stops the part by its mark"
        ) from error


def _wait_until_gone(home: Home, part: str) -> None:
    """Wait for the last of a part that was killed: a big process counts as ended while its threads still hold locks."""
    before = _read(home, part)
    limit = time.monotonic() + GONE_PATIENCE_SECONDS
    while before and _still_known(before) and time.monotonic() < limit:
        _take_note()
        time.sleep(0.05)


def _still_known(running: Running) -> bool:
    try:
        return abs(psutil.Process(running.pid).create_time() - running.started) < START_TIME_SLACK_SECONDS
    except psutil.NoSuchProcess:
        return False


def _process(running: Running) -> psutil.Process | None:
    try:
        process = psutil.Process(running.pid)
        same = abs(process.create_time() - running.started) < START_TIME_SLACK_SECONDS
        return process if same and process.status() != psutil.STATUS_ZOMBIE else None
    except psutil.NoSuchProcess:
        return None


def _is_of(process: psutil.Process, home: Home) -> bool:
    if process.pid == os.getpid():
        return False
    try:
        return process.environ().get(MARK) == str(home.root)
    except (psutil.NoSuchProcess, psutil.AccessDenied, psutil.ZombieProcess):
        return False


def _polite_signal(part: str) -> signal.Signals:
    # PostgreSQL waits for its clients on SIGTERM; SIGINT ends their sessions and stops it cleanly
    return signal.SIGINT if part == "postgres" else signal.SIGTERM


def _signal(pid: int, number: signal.Signals) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return


def _signal_group(leader: int, number: signal.Signals) -> None:
    try:
        os.killpg(leader, number)
    except ProcessLookupError:
        return


def _plain_environment() -> dict[str, str]:
    """Pass on only what a program needs to find itself: a part must not depend on the caller's shell."""
    wanted = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "SSL_CERT_FILE", "XDG_CACHE_HOME")
    return {name: os.environ[name] for name in wanted if name in os.environ}
