"""Trino's JDBC driver, in four versions: one program of java.sql, one run of Java for each."""

from __future__ import annotations

import json
from functools import partial

from stack.fetching import Jar
from tests.clients import made
from tests.clients.cli import JAVA_OPTIONS
from tests.clients.contract import Client, Place, Report, environment, task

PROGRAM = made.PROGRAMS / "Jdbc.java"
FIXED = (
    "host",
    "port",
    "ca",
    "user",
    "token",
    "catalog",
    "schema",
    "table",
    "parameters",
    "endless",
    "masked",
    "million",
)


def _version(version: str, sha256: str) -> Jar:
    return Jar("Trino's JDBC driver", "io.trino", "trino-jdbc", version, sha256)


VERSIONS = (
    _version("484", "46476af2968e6f3234e8b22d7e29c26e6d7213ce88ab546a29c4c318c921cd34"),
    _version("476", "a3736d21609a5a317d2ce88b3835e312e9b6f41393c1d4b09f2ad6e7aeb3bb90"),
    _version("442", "00722c8f720b7ec8a39f0a617d6f04a85904dcace4d260767eb2139678f642bd"),
    _version("368", "b072c54b1d22160bba7a382a0b752b482c459b90b90d7a0e17ace2ac67132340"),
)


def clients() -> list[Client]:
    """One client for each version."""
    return [Client(f"Trino JDBC {jar.version}", partial(_run, jar)) for jar in VERSIONS]


def _run(jar: Jar, place: Place, mark: int) -> Report:
    classes = made.java_program(PROGRAM)
    command = [str(made.java()), *JAVA_OPTIONS, "-cp", f"{classes}:{made.jar(jar)}", "Jdbc"]
    given = task(place, mark)
    said = "\0".join([*(str(given[name]) for name in FIXED), *given["statements"]])
    report: Report = json.loads(made.run(command, environment=environment(), said=said).stdout)
    return report
