"""Texts -> the trees that Trino's own parser makes of them, asked of `Oracle.java` in one run of Java for all."""

from __future__ import annotations

import hashlib
import struct
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from stack import components

PROGRAM = sorted(Path(__file__).parent.glob("*.java"))
JARS = (
    "com.google.guava_failureaccess-*.jar",
    "com.google.guava_guava-*.jar",
    "io.trino_trino-grammar-*.jar",
    "io.trino_trino-parser-*.jar",
    "org.antlr_antlr4-runtime-*.jar",
)
JAVA_OPTIONS = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xshare:auto", "-Xmx1g")


@dataclass(frozen=True, slots=True)
class Reading:
    """What Trino made of one text: its tree as one line, or why it refused."""

    tree: str | None
    fault: str = ""
    unsorted: int = 0
    """Sort keys of a SELECT DISTINCT that name no column of it, for one of the two is quoted in another case."""


def read(texts: Sequence[str]) -> list[Reading]:
    """Ask Trino's parser for the tree of each text."""
    asked = b"".join([_number(len(texts)), *(_number(len(each)) + each for each in map(str.encode, texts))])
    answers = _run([_java(), *JAVA_OPTIONS, "-cp", f"{_compiled()}:{_jars()}", "Oracle"], asked)
    readings = list(_readings(answers))
    if len(readings) != len(texts):
        raise RuntimeError(f"Oracle.java answered {len(readings)} of {len(texts)} texts")
    return readings


def _readings(answers: bytes) -> Iterator[Reading]:
    at = 0
    while at < len(answers):
        is_tree, length = struct.unpack_from(">?i", answers, at)
        at += 5 + length
        said = answers[at - length : at].decode()
        if is_tree:
            tree, _, unsorted = said.rpartition("\n")
            yield Reading(tree, unsorted=int(unsorted))
        else:
            yield Reading(None, said)


def _compiled() -> Path:
    """Return the folder of the translated program, translated when the program or a version has changed."""
    versions = f"{components.COMPILER.version} {components.TRINO_VERSION}"
    sources = b"".join(file.read_bytes() for file in PROGRAM)
    digest = hashlib.sha256(sources + versions.encode()).hexdigest()[:16]
    target = components.cache() / f"oracle-{digest}"
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="oracle-", dir=components.cache()) as work:
            fresh = Path(work) / "classes"
            compiler = [_java(), "-jar", str(components.java_compiler()), "-25", "-d", str(fresh), "-cp", _jars()]
            _run([*compiler, *map(str, PROGRAM)], b"")
            if not target.exists():  # another run may have been faster
                fresh.rename(target)
    return target


def _jars() -> str:
    library = components.trino_folder() / "lib"
    return ":".join(str(jar) for pattern in JARS for jar in library.glob(pattern))


def _java() -> str:
    return str(components.java_home() / "bin" / "java")


def _run(command: list[str], said: bytes) -> bytes:
    done = subprocess.run(command, input=said, capture_output=True, timeout=600, check=False)
    if done.returncode:
        raise RuntimeError(f"{command[0]} ended with {done.returncode}: {done.stderr.decode()}")
    return done.stdout


def _number(number: int) -> bytes:
    return struct.pack(">i", number)
