"""One machine and one stack -> findings: what is well, what is not, and how to mend it."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import psutil
from cryptography import x509

from stack import components, lifecycle, processes
from stack.components import OPA_VERSION, TRINO_VERSION
from stack.faults import StackFault
from stack.layout import CHECKOUT, WITNESSES, Home
from stack.settings import TcpPorts, remembered, tcp_option

OLDEST_PYTHON = (3, 11)
FREE_DISK_BYTES = 3_000_000_000
FREE_MEMORY_BYTES = 3_500_000_000
"""Trino takes up to 2.6 GB, the rest under one."""
_OWNERS = {
    "gateway": "gateway",
    "plain": "gateway",
    "wall": "gateway",
    "trino": "trino",
    "opa": "opa",
    "postgres": "postgres",
}
"""Which part listens on the TCP port of a setting."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    subject: str
    is_well: bool
    seen: str
    mend: str = ""


def examine(home: Home) -> list[Finding]:
    """Look at everything; nothing is changed."""
    now = datetime.now(UTC)
    return [
        python_version(sys.version_info[:2]),
        *_components(),
        privileges(os.geteuid(), shutil.which("setpriv")),
        *tcp_ports(home, lifecycle.is_taken),
        disk(_nearest(home.root), shutil.disk_usage(_nearest(home.root)).free),
        memory(psutil.virtual_memory().available, is_up=processes.find(home, "trino") is not None),
        clock(now, _newest_file(), home.tls / "gateway.pem"),
        *_parts(home),
    ]


def python_version(version: tuple[int, ...]) -> Finding:
    """Check the running Python."""
    seen = f"{'.'.join(map(str, version))} on {platform.machine()}"
    if version >= OLDEST_PYTHON:
        return Finding("Python", True, seen)
    return Finding("Python", False, seen, "name a newer one: make PYTHON=python3.11 setup")


def privileges(user_id: int, setpriv: str | None) -> Finding:
    """Check that PostgreSQL can run as somebody else than root."""
    if user_id != 0:
        return Finding("user", True, "an ordinary user")
    if setpriv:
        return Finding("user", True, "root; PostgreSQL runs as nobody")
    return Finding("user", False, "root, without setpriv", "install the package util-linux, or use an ordinary user")


def tcp_ports(home: Home, is_taken: Callable[[int], bool]) -> Iterator[Finding]:
    """Check each TCP port: free, or ours."""
    settings = remembered(home)
    tcp = settings.tcp if settings else TcpPorts()
    for setting, number in tcp.numbers():
        owner = WITNESSES[number - tcp.witness] if setting == "witness" else _OWNERS[setting]
        subject = f"TCP port {number} ({tcp_option(setting)})"
        if not is_taken(number):
            yield Finding(subject, True, "free")
        elif processes.find(home, owner):
            yield Finding(subject, True, f"{owner} of this stack listens")
        else:
            mend = f"stop that process, or: portgate up {tcp_option(setting)} N"
            yield Finding(subject, False, f"{processes.who_listens(number)} listens", mend)


def disk(folder: Path, free_bytes: int) -> Finding:
    """Check the free space where the stack writes."""
    seen = f"{free_bytes / 1e9:.1f} GB free in {folder}"
    if free_bytes >= FREE_DISK_BYTES:
        return Finding("disk", True, seen)
    return Finding("disk", False, seen, f"free {FREE_DISK_BYTES / 1e9:.0f} GB, or use another folder: --home DIR")


def memory(available_bytes: int, *, is_up: bool) -> Finding:
    """Check the free memory; a stack that runs has already taken its share."""
    seen = f"{available_bytes / 1e9:.1f} GB available"
    if is_up or available_bytes >= FREE_MEMORY_BYTES:
        return Finding("memory", True, seen)
    return Finding(
        "memory", False, seen, f"end other programs: Trino needs {FREE_MEMORY_BYTES / 1e9:.1f} GB to be safe"
    )


def clock(now: datetime, newest_file: datetime, certificate: Path) -> Finding:
    """Check that this machine's clock is not behind its own files, and stands within the certificate's time."""
    seen = now.strftime("%Y-%m-%d %H:%M:%S UTC")
    if now < newest_file:
        return Finding("clock", False, f"{seen}, but files are from {newest_file:%Y-%m-%d %H:%M}", "set the clock")
    if not certificate.exists():
        return Finding("clock", True, seen)
    read = x509.load_pem_x509_certificate(certificate.read_bytes())
    if read.not_valid_before_utc <= now <= read.not_valid_after_utc:
        return Finding("clock", True, f"{seen}; certificate valid until {read.not_valid_after_utc:%Y-%m-%d}")
    mend = "set the clock, or let `portgate up` make a new certificate"
    return Finding("clock", False, f"{seen} is outside the certificate's time", mend)


def _components() -> Iterator[Finding]:
    yield _component(f"Trino {TRINO_VERSION}", lambda: _existing(components.trino_folder() / "bin" / "launcher"))
    yield _component("Java", lambda: _said(components.java_home() / "bin" / "java", "--version"))
    yield _component("PostgreSQL", lambda: _said(components.postgres_bin() / "postgres", "--version"))
    yield _component(f"OPA {'.'.join(map(str, OPA_VERSION))} or newer", _opa)


def _component(subject: str, look: Callable[[], str]) -> Finding:
    try:
        return Finding(subject, True, look())
    except StackFault as fault:
        return Finding(subject, False, fault.message, fault.mend)
    except (OSError, subprocess.SubprocessError) as error:
        return Finding(subject, False, str(error), "run `make setup`")


def _existing(file: Path) -> str:
    if not file.exists():
        raise StackFault(f"{file} is not there", mend="run `make setup`")
    return str(file.parent.parent)


def _said(program: Path, question: str) -> str:
    done = subprocess.run([str(program), question], capture_output=True, text=True, timeout=30, check=True)  # noqa: S603
    return done.stdout.splitlines()[0]


def _opa() -> str:
    found = components.find_opa()
    if found is None:
        raise StackFault("not there", mend="run `make setup`, or put a newer opa on PATH")
    return f"{'.'.join(map(str, components.opa_version(found)))} in {found}"


def _parts(home: Home) -> Iterator[Finding]:
    """Check what should be running; a stack that is down as a whole is well."""
    parts = lifecycle.status(home)
    if all(part.state == "stopped" for part in parts):
        yield Finding("stack", True, "down")
        return
    for part in parts:
        mend = "" if part.state == "ready" else f"portgate logs {part.part}; portgate up starts what is missing"
        yield Finding(part.part, part.state == "ready", f"{part.state} on {part.address}", mend)


def _nearest(folder: Path) -> Path:
    return next(place for place in (folder, *folder.parents) if place.exists())


def _newest_file() -> datetime:
    return datetime.fromtimestamp((CHECKOUT / "pyproject.toml").stat().st_mtime, UTC)
